//! Common ROS 2 message types, for recordings that hold no definitions: bags of the storage `sqlite3` before Iron.
//!
//! The file beside this one has the fields of the types of ROS 2 Humble's `common_interfaces`, `rcl_interfaces`, `geometry2` and a
//! few packages that come with every installation, without comments, constants and defaults. A type that is another in Foxy or
//! Galactic is left out: a definition that may be wrong is worse than none. `service_msgs` is that of Jazzy.

use super::ros2_types::definition_of;

/// `= pkg/msg/Type`, and the lines of its fields.
const TYPES: &str = include_str!("ros2_common.msgs");

/// The fields of the type called `name`, as lines.
fn fields(name: &str) -> Option<&'static str> {
    TYPES.split("= ").find_map(|part| part.strip_prefix(name)?.strip_prefix('\n'))
}

/// The types that fields name, as `pkg/msg/Type`.
fn uses(fields: &str) -> Vec<String> {
    let named = |line: &str| {
        let kind = line.split([' ', '[']).next()?;
        kind.contains('/').then(|| kind.replacen('/', "/msg/", 1))
    };
    fields.lines().filter_map(named).collect()
}

/// The schema of the type called `name` (`sensor_msgs/msg/LaserScan`), followed by the types that it needs, as `ros2msg`; `None`
/// for a type that is not known here.
pub(crate) fn definition(name: &str) -> Option<String> {
    definition_of(name, |name| fields(name).map(|fields| (fields, uses(fields))))
}

#[cfg(test)]
mod tests {
    use super::super::ros2_types;
    use super::super::{SchemaBytes, decoder};
    use super::*;
    use prairie_model::MessageEncoding;

    fn names() -> impl Iterator<Item = &'static str> {
        TYPES.split("= ").skip(1).filter_map(|part| part.lines().next())
    }

    fn parsed(name: &str, text: &str) -> arrow::datatypes::Fields {
        let schema = SchemaBytes { name, encoding: "ros2msg", data: text.as_bytes() };
        let decoder = decoder(Some(schema), &MessageEncoding::Cdr, |_, _| false);
        decoder.unwrap_or_else(|error| panic!("{name}: {error}")).fields().clone()
    }

    #[test]
    fn every_type_is_listed_once_in_order_and_can_be_decoded() {
        let all: Vec<_> = names().collect();
        assert!(all.len() > 100 && all.is_sorted_by(|one, other| one < other));
        for name in all {
            let text = definition(name).expect("it is listed");
            let here = parsed(name, &text);
            if let Some(other) = ros2_types::definition(name) {
                assert_eq!(here, parsed(name, &other), "`{name}` is written in the same way as it is read");
            }
        }
        assert_eq!(definition("sensor_msgs/msg/Nothing"), None);
        assert_eq!(definition("sensor_msgs/msg/Laser"), None, "a name is whole");
    }
}

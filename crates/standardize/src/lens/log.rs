//! Logs: `rosgraph_msgs/Log`, `rcl_interfaces/Log`, `foxglove/Log`.

use arrow::array::{Array, StringArray};
use prairie_model::StreamKind;

use super::{Input, Lens};
use crate::part::Part;

/// Events with a level; the name of the node stands before the message.
#[derive(Debug)]
pub(crate) struct Log;

impl Lens for Log {
    fn name(&self) -> &'static str {
        "log"
    }

    fn schemas(&self) -> &'static [&'static str] {
        &["foxglove/Log", "rcl_interfaces/Log", "rosgraph_msgs/Log"]
    }

    fn convert(&self, input: &Input<'_>) -> Vec<Part> {
        let Some(message) = input.texts("msg").or_else(|| input.texts("message")) else { return Vec::new() };
        let name_of: fn(u8) -> Option<&'static str> = match input.schema {
            "rosgraph_msgs/Log" => ros1_level,
            "rcl_interfaces/Log" => ros2_level,
            _ => foxglove_level,
        };
        let level: Option<StringArray> = input.numbers("level").map(|level| {
            // OK to cast: levels are small integers, and others have no name.
            level.iter().map(|level| level.and_then(|level| name_of(level as u8))).collect()
        });
        let names = input.texts("name");
        let text = StringArray::from_iter_values(message.iter().enumerate().map(|(row, message)| {
            let name = names.as_ref().filter(|names| names.is_valid(row)).map(|names| names.value(row));
            match (name, message.unwrap_or_default()) {
                (Some(name), message) if !name.is_empty() => format!("{name}: {message}"),
                (_, message) => message.to_owned(),
            }
        }));
        vec![input.part(StreamKind::Event).with("level", level).with("text", Some(text))]
    }
}

fn ros1_level(level: u8) -> Option<&'static str> {
    Some(match level {
        1 => "debug",
        2 => "info",
        4 => "warning",
        8 => "error",
        16 => "fatal",
        _ => return None,
    })
}

fn ros2_level(level: u8) -> Option<&'static str> {
    Some(match level {
        10 => "debug",
        20 => "info",
        30 => "warning",
        40 => "error",
        50 => "fatal",
        _ => return None,
    })
}

fn foxglove_level(level: u8) -> Option<&'static str> {
    Some(match level {
        1 => "debug",
        2 => "info",
        3 => "warning",
        4 => "error",
        5 => "fatal",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::lens;
    use serde_json::json;

    #[test]
    fn levels_of_three_dialects() {
        for (schema, message, shown) in [
            (
                "rosgraph_msgs/Log",
                json!({"level": 8, "name": "/node", "msg": "broke"}),
                "level=\"error\" text=\"/node: broke\"",
            ),
            ("rcl_interfaces/msg/Log", json!({"level": 30, "name": "", "msg": "hm"}), "level=\"warning\" text=\"hm\""),
            ("foxglove.Log", json!({"level": 2, "name": "n", "message": "hi"}), "level=\"info\" text=\"n: hi\""),
            ("foxglove.Log", json!({"level": 77, "message": "?"}), "text=\"?\""),
        ] {
            assert_eq!(
                lens(schema, "/rosout", json!([message])),
                format!("/rosout event\n  0 {shown}\n1 = 1 + 0 + 0\n")
            );
        }
    }
}

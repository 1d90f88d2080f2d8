//! Taxels: the tactile messages of a few drivers, and what a topic's name says.

use prairie_model::StreamKind;

use super::{Input, Lens, has_word};
use crate::part::Part;

/// Taxel values, in the source's units.
#[derive(Debug)]
pub(crate) struct Tactile;

impl Lens for Tactile {
    fn name(&self) -> &'static str {
        "tactile"
    }

    fn schemas(&self) -> &'static [&'static str] {
        &[
            "prairie_msgs/TactileArray",
            "sr_robot_msgs/BiotacAll",
            "tactile_msgs/TactileState",
            "xela_server_ros/SensStream",
        ]
    }

    fn convert(&self, input: &Input<'_>) -> Vec<Part> {
        // (where the values are, which stream they are): a taxel of Xela has three axes.
        let streams: &[(&str, &str)] = match input.schema {
            "prairie_msgs/TactileArray" => &[("pressure_pa", "")],
            "sr_robot_msgs/BiotacAll" => &[("tactiles.electrodes", "")],
            "xela_server_ros/SensStream" => {
                &[("sensors.taxels.x", "x"), ("sensors.taxels.y", "y"), ("sensors.taxels.z", "z")]
            }
            _ => &[("sensors.values", "")],
        };
        let stream = |(path, suffix): &(&str, &str)| {
            let part = input.part(StreamKind::Tactile).suffix(*suffix).frame(input.first_frame());
            let mut part = part.with("value", Some(input.lists(path)?));
            if let (Some(rows), Some(columns)) = (first(input, "rows"), first(input, "cols")) {
                part.facts.shape = vec![rows, columns];
            }
            Some(if path.ends_with("_pa") { part.unit("Pa") } else { part })
        };
        streams.iter().filter_map(stream).collect()
    }
}

/// A size, as the first message has it.
fn first(input: &Input<'_>, path: &str) -> Option<u64> {
    let size = input.numbers(path)?.iter().next()??;
    // OK to cast: a float becomes the nearest u64.
    (size >= 1.0).then_some(size as u64)
}

/// Whether a topic or feature is about touch.
pub(super) fn is_tactile(name: &str) -> bool {
    has_word(name, &["tactile", "taxel", "taxels", "touch", "skin"])
}

#[cfg(test)]
mod tests {
    use crate::testing::lens;
    use serde_json::json;

    #[test]
    fn taxels_of_three_drivers() {
        let message = json!({"rows": 1, "cols": 2, "pressure_pa": [1.0, 2.0]});
        assert_eq!(
            lens("prairie_msgs/msg/TactileArray", "/t", json!([message])),
            "/t tactile unit=Pa shape=[1, 2]\n  0 value=[1,2]\n1 = 1 + 0 + 0\n"
        );
        let message = json!({"sensors": [{"name": "a", "values": [1.0]}, {"name": "b", "values": [2.0, 3.0]}]});
        assert_eq!(
            lens("tactile_msgs/TactileState", "/t", json!([message])),
            "/t tactile\n  0 value=[1,2,3]\n1 = 1 + 0 + 0\n"
        );
        let taxel = json!({"x": 1, "y": 2, "z": 3});
        assert_eq!(
            lens("xela_server_ros/msg/SensStream", "/t", json!([{"sensors": [{"taxels": [taxel, taxel]}]}])),
            "/t#x tactile\n  0 value=[1,1]\n/t#y tactile\n  0 value=[2,2]\n/t#z tactile\n  0 value=[3,3]\n1 = 1 + 0 + 0\n"
        );
    }
}

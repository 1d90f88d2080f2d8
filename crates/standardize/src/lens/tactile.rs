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
        &["sr_robot_msgs/BiotacAll", "tactile_msgs/TactileState", "xela_server_ros/SensStream"]
    }

    fn convert(&self, input: &Input<'_>) -> Vec<Part> {
        // (where the values are, which stream they are): a taxel of Xela has three axes.
        let streams: &[(&str, &str)] = match input.schema {
            "sr_robot_msgs/BiotacAll" => &[("tactiles.electrodes", "")],
            "xela_server_ros/SensStream" => {
                &[("sensors.taxels.x", "x"), ("sensors.taxels.y", "y"), ("sensors.taxels.z", "z")]
            }
            _ => &[("sensors.values", "")],
        };
        let stream = |(path, suffix): &(&str, &str)| {
            let part = input.part(StreamKind::Tactile).suffix(*suffix).frame(input.first_frame());
            Some(part.with("value", Some(input.lists(path)?)))
        };
        streams.iter().filter_map(stream).collect()
    }
}

/// Whether a topic or feature is about touch.
pub(super) fn is_tactile(name: &str) -> bool {
    has_word(name, &["tactile", "taxel", "taxels", "touch", "skin"])
}

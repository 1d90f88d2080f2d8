//! One number per message: `std_msgs` and `example_interfaces`.

use prairie_model::StreamKind;

use super::{Input, Lens};
use crate::part::Part;

/// The number in `data`. Truth values are 0 and 1, times and durations are seconds.
#[derive(Debug)]
pub(crate) struct Scalar;

impl Lens for Scalar {
    fn name(&self) -> &'static str {
        "scalar"
    }

    fn schemas(&self) -> &'static [&'static str] {
        &[
            "example_interfaces/Bool",
            "example_interfaces/Float32",
            "example_interfaces/Float64",
            "example_interfaces/Int32",
            "example_interfaces/Int64",
            "std_msgs/Bool",
            "std_msgs/Byte",
            "std_msgs/Char",
            "std_msgs/Duration",
            "std_msgs/Float32",
            "std_msgs/Float64",
            "std_msgs/Int16",
            "std_msgs/Int32",
            "std_msgs/Int64",
            "std_msgs/Int8",
            "std_msgs/Time",
            "std_msgs/UInt16",
            "std_msgs/UInt32",
            "std_msgs/UInt64",
            "std_msgs/UInt8",
        ]
    }

    fn convert(&self, input: &Input<'_>) -> Vec<Part> {
        let Some(value) = input.numbers("data") else { return Vec::new() };
        let part = input.part(StreamKind::Scalar).with("value", Some(value));
        let is_seconds = matches!(input.schema, "std_msgs/Duration" | "std_msgs/Time");
        vec![if is_seconds { part.unit("s") } else { part }]
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::lens;
    use serde_json::json;

    #[test]
    fn numbers_and_truth_values() {
        for (value, shown) in [(json!(1.5), "1.5"), (json!(7), "7"), (json!(true), "1")] {
            let text = lens("std_msgs/msg/Float64", "/x", json!([{ "data": value }]));
            assert_eq!(text, format!("/x scalar\n  0 value={shown}\n1 = 1 + 0 + 0\n"));
        }
        let text = lens("std_msgs/msg/Float64", "/gripper/command", json!([{ "data": 0.04 }]));
        assert_eq!(text, "/gripper/command action\n  0 value=[0.04]\n1 = 1 + 0 + 0\n");
    }
}

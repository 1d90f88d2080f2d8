//! `std_msgs/*MultiArray`: numbers whose meaning only the topic tells.

use arrow::array::{Array, Float64Array};
use prairie_model::StreamKind;

use super::tactile::is_tactile;
use super::{Input, Lens};
use crate::columns::bounds;
use crate::part::Part;

/// A vector, or taxels where the topic says so. The shape is that of the first message's layout.
#[derive(Debug)]
pub(crate) struct MultiArray;

impl Lens for MultiArray {
    fn name(&self) -> &'static str {
        "multi_array"
    }

    fn schemas(&self) -> &'static [&'static str] {
        &[
            "std_msgs/ByteMultiArray",
            "std_msgs/Float32MultiArray",
            "std_msgs/Float64MultiArray",
            "std_msgs/Int16MultiArray",
            "std_msgs/Int32MultiArray",
            "std_msgs/Int64MultiArray",
            "std_msgs/Int8MultiArray",
            "std_msgs/UInt16MultiArray",
            "std_msgs/UInt32MultiArray",
            "std_msgs/UInt64MultiArray",
            "std_msgs/UInt8MultiArray",
        ]
    }

    fn inline(&self) -> &'static [(&'static str, &'static str)] {
        // Arrays of bytes, of which a decoder would only tell the place.
        &[
            ("std_msgs/ByteMultiArray", "data"),
            ("std_msgs/Int8MultiArray", "data"),
            ("std_msgs/UInt8MultiArray", "data"),
        ]
    }

    fn convert(&self, input: &Input<'_>) -> Vec<Part> {
        let Some(value) = input.lists("data") else { return Vec::new() };
        let kind = if is_tactile(&input.channel.topic) { StreamKind::Tactile } else { StreamKind::Vector };
        let length = if value.is_empty() { 0 } else { value.value_length(0) };
        let mut part = input.part(kind).with("value", Some(value));
        part.facts.shape =
            shape(input).filter(|shape| shape.iter().product::<u64>() == length as u64).unwrap_or_default();
        vec![part]
    }
}

/// The sizes in the layout of the first message.
fn shape(input: &Input<'_>) -> Option<Vec<u64>> {
    let sizes = input.lists("layout.dim.size")?;
    if sizes.is_empty() {
        return None;
    }
    let (from, to) = bounds(&sizes, 0);
    let values = sizes.values().as_any().downcast_ref::<Float64Array>()?;
    // OK to cast: the sizes were 32-bit integers.
    let shape: Vec<u64> = (from..to).map(|at| values.value(at) as u64).collect();
    // A product that does not fit is no shape of anything in memory.
    shape.iter().try_fold(1_u64, |product, size| product.checked_mul(*size))?;
    (shape.len() > 1).then_some(shape)
}

#[cfg(test)]
mod tests {
    use crate::testing::lens;
    use serde_json::json;

    #[test]
    fn numbers_and_their_shape() {
        let dim = json!([{"label": "rows", "size": 2, "stride": 4}, {"label": "columns", "size": 2, "stride": 2}]);
        let message = json!({"layout": {"dim": dim, "data_offset": 0}, "data": [1.0, 2.0, 3.0, 4.0]});
        assert_eq!(
            lens("std_msgs/msg/Float32MultiArray", "/left_tactile", json!([message])),
            "/left_tactile tactile shape=[2, 2]\n  0 value=[1,2,3,4]\n1 = 1 + 0 + 0\n"
        );
        let message = json!({"layout": {"dim": [], "data_offset": 0}, "data": {"$u": [1, 255]}});
        assert_eq!(
            lens("std_msgs/UInt8MultiArray", "/bytes", json!([message])),
            "/bytes vector\n  0 value=[1,255]\n1 = 1 + 0 + 0\n"
        );
        for name in ["ByteMultiArray", "Int8MultiArray", "UInt8MultiArray"] {
            assert!(crate::inline()(&format!("std_msgs/msg/{name}"), "data"), "{name}");
            assert!(crate::inline()(&format!("std_msgs/{name}"), "data"), "{name}");
        }
        assert!(!crate::inline()("sensor_msgs/msg/Image", "data"));
    }
}

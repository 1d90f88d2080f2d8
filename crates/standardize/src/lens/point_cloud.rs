//! `sensor_msgs/PointCloud2`, `foxglove/PointCloud`: the bytes stay where they are, their layout goes into the names.

use arrow::array::{Array, Float64Array, StringArray, UInt32Array};
use prairie_model::StreamKind;

use super::image::frames;
use super::{Input, Lens};
use crate::columns::bounds;
use crate::part::Part;

/// One frame per cloud. Names are `field:type@offset`; the shape is the bytes from one point to the next.
#[derive(Debug)]
pub(crate) struct PointCloud;

impl Lens for PointCloud {
    fn name(&self) -> &'static str {
        "point_cloud"
    }

    fn schemas(&self) -> &'static [&'static str] {
        &["foxglove/PointCloud", "sensor_msgs/PointCloud2"]
    }

    fn convert(&self, input: &Input<'_>) -> Vec<Part> {
        let Some(blobs) = input.blobs("data") else { return Vec::new() };
        let is_ros = input.schema == "sensor_msgs/PointCloud2";
        let codec = if is_ros { "pointcloud2" } else { "foxglove_pointcloud" };
        let codec = StringArray::from_iter_values(std::iter::repeat_n(codec, blobs.len()));
        // OK to cast: the sizes were 32-bit integers; a float that is none becomes the nearest.
        let size =
            |path| input.numbers(path).map(|size| size.unary::<_, arrow::datatypes::UInt32Type>(|size| size as u32));
        let (width, height): (Option<UInt32Array>, Option<UInt32Array>) = (size("width"), size("height"));
        let mut part = frames(StreamKind::PointCloud, &blobs, codec)
            .header(input.stamp())
            .frame(input.first_frame())
            .unit("m")
            .names(layout(input, is_ros))
            .with("width", width)
            .with("height", height);
        let stride = input.numbers(if is_ros { "point_step" } else { "point_stride" });
        part.facts.shape = stride.iter().flatten().flatten().take(1).map(|stride| stride as u64).collect();
        vec![part]
    }
}

/// The layout of a point in the first cloud.
fn layout(input: &Input<'_>, is_ros: bool) -> Vec<String> {
    let type_path = if is_ros { "fields.datatype" } else { "fields.type" };
    let (Some((names, texts)), Some(offsets), Some(types)) =
        (input.text_lists("fields.name"), input.lists("fields.offset"), input.lists(type_path))
    else {
        return Vec::new();
    };
    if names.is_empty() {
        return Vec::new();
    }
    let number = |list: &arrow::array::ListArray, at: usize| {
        let values = list.values().as_any().downcast_ref::<Float64Array>()?;
        let (from, to) = bounds(list, 0);
        (from + at < to).then(|| values.value(from + at))
    };
    let (from, to) = bounds(&names, 0);
    let field = |at: usize| {
        let kind = number(&types, at).map_or("?", |kind| type_name(kind, is_ros));
        format!("{}:{kind}@{}", texts.value(from + at), number(&offsets, at).unwrap_or(0.0))
    };
    (0..to - from).map(field).collect()
}

fn type_name(kind: f64, is_ros: bool) -> &'static str {
    const ROS: [&str; 9] = ["?", "i8", "u8", "i16", "u16", "i32", "u32", "f32", "f64"];
    const FOXGLOVE: [&str; 9] = ["?", "u8", "i8", "u16", "i16", "u32", "i32", "f32", "f64"];
    // OK to cast: what is no small integer has no name.
    let names = if is_ros { ROS } else { FOXGLOVE };
    names.get(kind as usize).copied().unwrap_or("?")
}

#[cfg(test)]
mod tests {
    use crate::testing::lens;
    use serde_json::json;

    #[test]
    fn clouds_stay_and_their_layout_is_told() {
        let message = json!({"header": {"frame_id": "lidar"}, "height": 1, "width": 9, "point_step": 16,
            "fields": [{"name": "x", "offset": 0, "datatype": 7}, {"name": "ring", "offset": 12, "datatype": 4}], "data": {"$b": 144}});
        assert_eq!(
            lens("sensor_msgs/msg/PointCloud2", "/cloud", json!([message])),
            "/cloud point_cloud unit=m frame=lidar names=x:f32@0,ring:u16@12 shape=[16]
  0 codec=\"pointcloud2\" width=9 height=1 inner_offset=0 length=144
1 = 1 + 0 + 0
"
        );
    }
}

//! Trees of frames: `tf2_msgs/TFMessage`, `geometry_msgs/TransformStamped`, Foxglove's frame transforms.

use arrow::array::{Array, AsArray, Int64Array, StringArray, StructArray, UInt32Array};

use super::pose::pose_at;
use super::{FRAMES, Input, Lens, STAMPS};
use crate::columns;
use crate::part::{Part, split_by_text};

/// One pose stream for each pair of frames, named after the child (`/tf#gripper`).
#[derive(Debug)]
pub(crate) struct Transform;

impl Lens for Transform {
    fn name(&self) -> &'static str {
        "transform"
    }

    fn schemas(&self) -> &'static [&'static str] {
        &[
            "foxglove/FrameTransform",
            "foxglove/FrameTransforms",
            "geometry_msgs/TransformStamped",
            "tf/tfMessage",
            "tf2_msgs/TFMessage",
        ]
    }

    fn convert(&self, input: &Input<'_>) -> Vec<Part> {
        let Some(list) = input.at("transforms") else { return transforms(input.rows, None) };
        let Some(list) = columns::to_list(&list) else { return Vec::new() };
        let (mut items, mut rows) = (Vec::new(), Vec::new());
        for row in (0..list.len()).filter(|row| list.is_valid(*row)) {
            let (from, to) = columns::bounds(&list, row);
            // OK to cast: Arrow's lists of rows stay below 2^31.
            items.extend((from..to).map(|item| item as u32));
            rows.extend(std::iter::repeat_n(row as u32, to - from));
        }
        let picked = columns::pick(list.values(), &UInt32Array::from(items));
        let Some(picked) = picked else { return Vec::new() };
        let parts = picked.as_struct_opt().map(|picked| transforms(picked, Some(UInt32Array::from(rows))));
        parts.unwrap_or_default()
    }
}

/// The transforms of `items`, each from the message in `rows`.
fn transforms(items: &StructArray, rows: Option<UInt32Array>) -> Vec<Part> {
    let nested = pose_at(items, "transform.translation", "transform.rotation");
    let Some(mut part) = nested.or_else(|| pose_at(items, "translation", "rotation")) else { return Vec::new() };
    part.header = stamp(items);
    part.rows = rows;
    let text = |paths: &[&str]| -> Option<StringArray> {
        paths.iter().find_map(|path| columns::texts(&columns::at(items, path)?))
    };
    let parents = text(&[FRAMES[0], "parent_frame_id", FRAMES[1]]);
    let Some(children) = text(&["child_frame_id"]) else { return part.by_frame(parents.as_ref()) };
    // One key for both frames, so that one pass over the rows tells them apart.
    let parent =
        |row: usize| parents.as_ref().filter(|parents| parents.is_valid(row)).map(|parents| parents.value(row));
    let keys: StringArray = (0..part.samples)
        .map(|row| {
            let child = if children.is_valid(row) { children.value(row) } else { "" };
            Some(format!("{child}\0{}", parent(row).unwrap_or_default()))
        })
        .collect();
    split_by_text(&part, &keys, |part, key| {
        let (child, parent) = key.split_once('\0').unwrap_or((key, ""));
        let known = |text: &str| (!text.is_empty()).then(|| text.trim_start_matches('/').to_owned());
        (part.facts.child_frame, part.facts.frame) = (known(child), known(parent));
        part.suffix = known(child).unwrap_or_default();
    })
}

fn stamp(items: &StructArray) -> Option<Int64Array> {
    STAMPS.iter().find_map(|path| columns::nanos(&columns::at(items, path)?))
}

#[cfg(test)]
mod tests {
    use crate::testing::lens;
    use serde_json::{Value, json};

    fn transform(parent: &str, child: &str, x: f64) -> Value {
        json!({"header": {"stamp": {"$t": 999_999_000_000_i64}, "frame_id": parent}, "child_frame_id": child,
            "transform": {"translation": {"x": x, "y": 0.0, "z": 0.0}, "rotation": {"x": 0.0, "y": 0.0, "z": 0.0, "w": 1.0}}})
    }

    #[test]
    fn a_tree_is_one_stream_for_each_pair_of_frames() {
        let messages = json!([
            {"transforms": [transform("base", "arm", 1.0), transform("arm", "/hand", 2.0)]},
            {"transforms": []},
            {"transforms": [transform("base", "arm", 3.0)]},
        ]);
        for schema in ["tf2_msgs/msg/TFMessage", "tf/tfMessage", "tf2_msgs/TFMessage"] {
            assert_eq!(
                lens(schema, "/tf", messages.clone()),
                "/tf#arm pose unit=m frame=base child=arm
  -1 x_m=1 y_m=0 z_m=0 qx=0 qy=0 qz=0 qw=1
  -1 x_m=3 y_m=0 z_m=0 qx=0 qy=0 qz=0 qw=1
/tf#hand pose unit=m frame=arm child=hand
  -1 x_m=2 y_m=0 z_m=0 qx=0 qy=0 qz=0 qw=1
3 = 2 + 1 + 0
"
            );
        }
    }

    #[test]
    fn foxglove_names_the_parent_otherwise() {
        let message = json!({"timestamp": {"sec": 1000, "nsec": 0}, "parent_frame_id": "a", "child_frame_id": "b",
            "translation": {"x": 1.0, "y": 0.0, "z": 0.0}, "rotation": {"x": 0.0, "y": 0.0, "z": 0.0, "w": 1.0}});
        let expect = "/t#b pose unit=m frame=a child=b\n  0 x_m=1 y_m=0 z_m=0 qx=0 qy=0 qz=0 qw=1\n1 = 1 + 0 + 0\n";
        assert_eq!(lens("foxglove.FrameTransform", "/t", json!([message])), expect);
        assert_eq!(lens("foxglove.FrameTransforms", "/t", json!([{ "transforms": [message] }])), expect);
    }
}

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

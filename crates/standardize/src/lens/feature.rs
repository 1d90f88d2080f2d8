//! Features of tables: LeRobot, HDF5, RLDS, Zarr and others. Their names are all that says what they are.
//!
//! | feature | kind |
//! |---|---|
//! | video, image | `image`, or `depth` where the metadata says so |
//! | `action`, `action.*`, `actions` | `action` |
//! | names of joints, or `qpos`, `qvel`, `joint*` in its own name | `joint_state`; the unit is unknown |
//! | `eef_pos` and the like of 3, `eef_quat` of 4 numbers (x, y, z, w) | `pose`; the unit is unknown |
//! | `wrench`, `force`, `force_torque`, `ft` of 3 or 6 numbers | `wrench` |
//! | `gripper` of one number | `gripper`, not normalised |
//! | `tactile`, `touch` | `tactile` |
//! | one number | `scalar` |
//! | text | `event`, when it changes |
//! | anything else | `vector` |

use arrow::array::{Array, ListArray, StringArray};
use prairie_model::{BlobRef, PictureInfo, StreamKind, words};

use super::image::frames;
use super::structure::only_column;
use super::tactile::is_tactile;
use super::{Input, Lens, has_word};
use crate::part::{Part, element};

/// One column of a table.
#[derive(Debug)]
pub(crate) struct Feature;

impl Lens for Feature {
    fn name(&self) -> &'static str {
        "feature"
    }

    fn schemas(&self) -> &'static [&'static str] {
        &[
            "hdf5/feature",
            "lerobot/feature",
            "rlds/feature",
            "table/feature",
            "ulog/feature",
            "xr_teleoperate/feature",
            "zarr/feature",
        ]
    }

    fn convert(&self, input: &Input<'_>) -> Vec<Part> {
        let Some(column) = only_column(input.rows) else { return Vec::new() };
        let blobs = input.blobs(column).or_else(|| input.blobs(&format!("{column}.bytes")));
        if let Some(blobs) = blobs {
            return pictures(input, &blobs).into_iter().collect();
        }
        if let Some(texts) = input.texts(column) {
            let mut part = Part::new(StreamKind::Event, input.len()).with("text", Some(super::string::not_null(texts)));
            part.on_change = true;
            return vec![part];
        }
        input.lists(column).map(|list| numbers(input, list)).into_iter().collect()
    }
}

fn pictures(input: &Input<'_>, blobs: &[BlobRef]) -> Option<Part> {
    let picture: &PictureInfo = input.channel.picture.as_ref()?;
    let says_depth =
        |(key, value): (&String, &String)| key.ends_with("is_depth_map") && value.eq_ignore_ascii_case("true");
    let kind = if input.channel.metadata.iter().any(says_depth) { StreamKind::Depth } else { StreamKind::Image };
    let codec = StringArray::from_iter_values(std::iter::repeat_n(picture.codec.name(), blobs.len()));
    let size = |size: Option<u32>| Some(arrow::array::UInt32Array::from_iter(std::iter::repeat_n(size, blobs.len())));
    let mut part = frames(kind, blobs, codec).with("width", size(picture.width)).with("height", size(picture.height));
    part.facts.picture = Some(picture.clone());
    Some(part)
}

fn numbers(input: &Input<'_>, list: ListArray) -> Part {
    let feature = &input.channel.topic;
    let about = |any: &[&str]| has_word(feature, any);
    let width = match &input.channel.shape[..] {
        [] => (0..list.len())
            .find(|row| list.is_valid(*row))
            .map_or(0, |row| u64::from(list.value_length(row).unsigned_abs())),
        shape => shape.iter().fold(1, |product: u64, size| product.saturating_mul(*size)),
    };
    let leaf = words(feature);
    let first = leaf.first().map(String::as_str).unwrap_or_default();
    let part = if matches!(first, "action" | "actions") {
        action(feature, list)
    } else if about(&["wrench", "force", "ft", "forces"]) && matches!(width, 3 | 6) && !about(&["gripper"]) {
        wrench(&list)
    } else if about(&["gripper"]) && width == 1 {
        gripper(&list)
    } else if let Some(pose) = pose(feature, width, &list) {
        pose
    } else if is_tactile(feature) {
        Part::new(StreamKind::Tactile, list.len()).with("value", Some(list))
    } else if let Some(column) = joint_column(input) {
        let mut part = Part::new(StreamKind::JointState, list.len()).with(column, Some(list));
        part.unit_assumed = true;
        part
    } else if width == 1 && input.channel.names.len() <= 1 {
        Part::new(StreamKind::Scalar, list.len()).with("value", element(&list, 0))
    } else {
        Part::new(StreamKind::Vector, list.len()).with("value", Some(list))
    };
    let mut part = part;
    if part.kind.numbers().first().is_some_and(|(_, list, _)| *list) {
        part.facts.names.clone_from(&input.channel.names);
        if input.channel.shape.len() > 1 {
            part.facts.shape.clone_from(&input.channel.shape);
        }
    }
    part
}

fn action(feature: &str, list: ListArray) -> Part {
    let part = Part::new(StreamKind::Action, list.len()).with("value", Some(list));
    if has_word(feature, &["delta", "rel", "relative"]) {
        part.representation("delta")
    } else if has_word(feature, &["velocity", "vel", "qvel"]) {
        part.representation("velocity")
    } else if has_word(feature, &["absolute", "abs"]) {
        part.representation("absolute")
    } else {
        part
    }
}

fn wrench(list: &ListArray) -> Part {
    let mut part = Part::new(StreamKind::Wrench, list.len());
    for (at, column) in ["fx_n", "fy_n", "fz_n", "tx_nm", "ty_nm", "tz_nm"].into_iter().enumerate() {
        part = part.with(column, element(list, at));
    }
    part.unit_assumed = true;
    part
}

/// Where a hand is, or how it is turned: one of the two is null, since they come as features of their own.
fn pose(feature: &str, width: u64, list: &ListArray) -> Option<Part> {
    let hand = has_word(feature, &["eef", "ee", "tcp", "end", "effector"]);
    let columns: &[&str] = if hand && width == 3 && has_word(feature, &["pos", "position", "xyz"]) {
        &["x_m", "y_m", "z_m"]
    } else if width == 4 && has_word(feature, &["quat", "quaternion"]) {
        &["qx", "qy", "qz", "qw"]
    } else {
        return None;
    };
    let mut part = Part::new(StreamKind::Pose, list.len());
    for (at, column) in columns.iter().enumerate() {
        part = part.with(column, element(list, at));
    }
    part.unit_assumed = true;
    Some(part)
}

fn gripper(list: &ListArray) -> Part {
    Part::new(StreamKind::Gripper, list.len()).with("raw_position", element(list, 0))
}

/// The column of `joint_state` that the feature is, or `None` when it is not about joints.
fn joint_column(input: &Input<'_>) -> Option<&'static str> {
    let feature = &input.channel.topic;
    let names = &input.channel.names;
    let joints = names.iter().filter(|name| is_joint(name)).count();
    let says = has_word(feature, &["qpos", "qvel", "joint", "joints"]);
    // A sine of an angle is no angle.
    if has_word(feature, &["cos", "sin"]) {
        return None;
    }
    // Names win over the feature's name: `observation.state` may be a pose.
    let about_joints = if names.is_empty() { says } else { says || joints * 2 > names.len() };
    if !about_joints {
        return None;
    }
    Some(if has_word(feature, &["qvel", "velocity", "velocities", "vel"]) {
        "velocity"
    } else if has_word(feature, &["effort", "efforts", "torque", "torques", "current"]) {
        "effort"
    } else {
        "position"
    })
}

/// Whether a name is that of a joint.
fn is_joint(name: &str) -> bool {
    const PARTS: [&str; 27] = [
        "joint", "shoulder", "elbow", "wrist", "hip", "knee", "ankle", "waist", "finger", "thumb", "gripper", "pinky",
        "ring", "middle", "hand", "motor", "head", "neck", "forearm", "flex", "arm", "leg", "torso", "knuckle", "jaw",
        "servo", "lift",
    ];
    // `right_arm_x` is where the hand is, not how a joint stands.
    const AXES: [&str; 10] = ["x", "y", "z", "qx", "qy", "qz", "qw", "ee", "eef", "tcp"];
    let lower = name.to_lowercase();
    PARTS.iter().any(|part| lower.contains(part)) && !has_word(name, &AXES)
}

#[cfg(test)]
mod tests {
    use crate::testing::feature;
    use prairie_model::{Channel, Codec, PictureInfo};
    use serde_json::json;

    fn named(names: &[&str]) -> impl Fn(&mut Channel) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        move |channel| channel.names.clone_from(&names)
    }

    #[test]
    fn features_by_their_names() {
        for (topic, values, names, expect) in [
            (
                "action",
                json!([[1.0, 2.0]]),
                vec!["kLeftElbow", "kLeftHandPinky"],
                "action names=kLeftElbow,kLeftHandPinky\n  row 0 value=[1,2]",
            ),
            ("action.delta_ee", json!([[1.0, 2.0]]), vec![], "action as=delta\n  row 0 value=[1,2]"),
            (
                "observation.state",
                json!([[1.0, 2.0]]),
                vec!["kLeftElbow", "kLeftHandPinky"],
                "joint_state names=kLeftElbow,kLeftHandPinky\n  row 0 position=[1,2]",
            ),
            ("observation.state", json!([[1.0, 2.0]]), vec!["x", "y"], "vector names=x,y\n  row 0 value=[1,2]"),
            ("observation.state", json!([[1.0, 2.0]]), vec![], "vector\n  row 0 value=[1,2]"),
            ("observation.state", json!([[1.0]]), vec!["joint1"], "joint_state names=joint1\n  row 0 position=[1]"),
            ("observation.qvel", json!([[1.0, 2.0]]), vec![], "joint_state\n  row 0 velocity=[1,2]"),
            (
                "observation.wrench",
                json!([[1, 2, 3, 4, 5, 6]]),
                vec![],
                "wrench\n  row 0 fx_n=1 fy_n=2 fz_n=3 tx_nm=4 ty_nm=5 tz_nm=6",
            ),
            ("observation.force", json!([[1.0, 2.0, 3.0]]), vec![], "wrench\n  row 0 fx_n=1 fy_n=2 fz_n=3"),
            ("observation.gripper", json!([[0.5]]), vec![], "gripper\n  row 0 raw_position=0.5"),
            ("obs/robot0_eef_pos", json!([[1.0, 2.0, 3.0]]), vec![], "pose\n  row 0 x_m=1 y_m=2 z_m=3"),
            ("obs/robot0_eef_quat", json!([[0.0, 0.0, 0.0, 1.0]]), vec![], "pose\n  row 0 qx=0 qy=0 qz=0 qw=1"),
            ("obs/robot0_joint_pos_cos", json!([[1.0, 0.5]]), vec![], "vector\n  row 0 value=[1,0.5]"),
            ("observation.tactile.left", json!([[1.0, 2.0]]), vec![], "tactile\n  row 0 value=[1,2]"),
            ("next.reward", json!([0.25, 1.0]), vec![], "scalar\n  row 0 value=0.25\n  row 100 value=1"),
            ("subtask", json!(["a", "a", "b"]), vec![], "event\n  row 0 text=\"a\"\n  row 200 text=\"b\""),
        ] {
            let rows = values.as_array().unwrap().len();
            let text = feature(topic, values, named(&names));
            assert_eq!(text, format!("{topic} {expect}\n{rows} = {rows} + 0 + 0\n"));
        }
    }

    #[test]
    fn videos_are_frames_of_the_container() {
        let video = |channel: &mut Channel| {
            channel.picture = Some(PictureInfo {
                codec: Codec::Av1,
                width: Some(640),
                height: Some(480),
                config: vec![1],
                fps: Some(30.0),
            });
        };
        let text = feature("observation.images.top", json!([{"$b": 10}]), video);
        let frame = "row 0 codec=\"av1\" width=640 height=480 inner_offset=0 length=10";
        assert_eq!(text, format!("observation.images.top image\n  {frame}\n1 = 1 + 0 + 0\n"));
        let depth = |channel: &mut Channel| {
            video(channel);
            channel.metadata.insert("video.is_depth_map".to_owned(), "true".to_owned());
        };
        assert!(feature("observation.images.depth", json!([{"$b": 10}]), depth).contains(" depth\n"));
    }
}

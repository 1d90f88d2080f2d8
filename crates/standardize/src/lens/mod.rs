//! What messages mean: one file per family of message types.
//!
//! A lens takes types by their canonical name ([`canonical`]): ROS 1, ROS 2, DDS and Protobuf spell the same type differently.
//! It finds fields by path and gives [`Part`]s; a type that lacks the fields of its name gives none, and is taken by its
//! structure instead.
//!
//! **Invariant:** a lens is a pure function of one batch. It keeps nothing from batch to batch.

mod audio;
mod controller_state;
mod diagnostics;
mod dynamic_joint_state;
mod feature;
mod geo;
mod gripper;
mod image;
mod imu;
mod joint_state;
mod laser_scan;
mod log;
mod marker;
mod measurement;
mod multi_array;
mod odometry;
mod point_cloud;
mod pose;
mod scalar;
mod string;
mod structure;
mod tactile;
mod trajectory;
mod transform;
mod twist;
mod unitree;
mod wrench;

use std::borrow::Cow;

pub(crate) use string::not_null;

use arrow::array::{Array, ArrayRef, Float64Array, Int64Array, ListArray, StringArray, StructArray};
use prairie_model::{BlobColumns, BlobRef, Channel, StreamKind};

use crate::columns;
use crate::part::Part;

/// One family of message types.
pub(crate) trait Lens: Sync {
    /// Name of the family, and of the file.
    fn name(&self) -> &'static str;

    /// Canonical names of the types it takes.
    fn schemas(&self) -> &'static [&'static str];

    /// Byte sequences that it wants as values: (canonical type, path).
    fn inline(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// What the messages are; empty when they lack the fields of their type.
    fn convert(&self, input: &Input<'_>) -> Vec<Part>;
}

/// Every lens, by name.
pub(crate) const LENSES: &[&dyn Lens] = &[
    &audio::Audio,
    &controller_state::ControllerState,
    &diagnostics::Diagnostics,
    &dynamic_joint_state::DynamicJointState,
    &feature::Feature,
    &geo::Geo,
    &gripper::Gripper,
    &image::Image,
    &imu::Imu,
    &joint_state::JointState,
    &laser_scan::LaserScan,
    &log::Log,
    &marker::Marker,
    &measurement::Measurement,
    &multi_array::MultiArray,
    &odometry::Odometry,
    &point_cloud::PointCloud,
    &pose::Pose,
    &scalar::Scalar,
    &string::Text,
    &tactile::Tactile,
    &trajectory::Trajectory,
    &transform::Transform,
    &twist::Twist,
    &unitree::Unitree,
    &wrench::Wrench,
];

/// A batch of decoded messages.
#[derive(Debug)]
pub(crate) struct Input<'a> {
    pub(crate) channel: &'a Channel,
    /// Canonical name of the type.
    pub(crate) schema: &'a str,
    pub(crate) rows: &'a StructArray,
    /// Where the samples' own stamps are, if the mapping says so.
    pub(crate) header_path: Option<&'a str>,
}

impl Input<'_> {
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn at(&self, path: &str) -> Option<ArrayRef> {
        columns::at(self.rows, path)
    }

    pub(crate) fn numbers(&self, path: &str) -> Option<Float64Array> {
        columns::numbers(&self.at(path)?)
    }

    pub(crate) fn lists(&self, path: &str) -> Option<ListArray> {
        columns::lists(&self.at(path)?)
    }

    pub(crate) fn texts(&self, path: &str) -> Option<StringArray> {
        columns::texts(&self.at(path)?)
    }

    pub(crate) fn text_lists(&self, path: &str) -> Option<(ListArray, StringArray)> {
        columns::text_lists(&self.at(path)?)
    }

    pub(crate) fn nanos(&self, path: &str) -> Option<Int64Array> {
        columns::nanos(&self.at(path)?)
    }

    pub(crate) fn blobs(&self, path: &str) -> Option<Vec<BlobRef>> {
        BlobColumns::read(&*self.at(path)?)
    }

    /// Each message's own stamp: where the mapping says, else in the usual places.
    pub(crate) fn stamp(&self) -> Option<Int64Array> {
        match self.header_path {
            Some(path) => self.nanos(path),
            None => STAMPS.iter().find_map(|path| self.at(path).and_then(|array| columns::nanos(&array))),
        }
    }

    /// The frame that each message is given in.
    pub(crate) fn frames(&self) -> Option<StringArray> {
        FRAMES.iter().find_map(|path| self.texts(path))
    }

    /// The frame of the first message, for streams that are not told apart by frame.
    pub(crate) fn first_frame(&self) -> Option<String> {
        let frames = self.frames()?;
        frames.iter().flatten().find(|frame| !frame.is_empty()).map(str::to_owned)
    }

    /// A part with one sample per message, stamped.
    pub(crate) fn part(&self, kind: StreamKind) -> Part {
        Part::new(kind, self.len()).header(self.stamp())
    }
}

/// Where messages keep their stamps.
pub(crate) const STAMPS: [&str; 4] = ["header.stamp", "timestamp", "stamp", "header.timestamp"];
/// Where messages name their frame.
pub(crate) const FRAMES: [&str; 3] = ["header.frame_id", "frame_id", "frame"];

/// Name of the lens that takes a type.
pub(crate) fn lens_of(schema: &str) -> Option<&'static str> {
    let schema = canonical(schema);
    LENSES.iter().find(|lens| lens.schemas().contains(&&*schema)).map(|lens| lens.name())
}

/// What the messages are: by the lens of their type, else by the structure of the type.
pub(crate) fn convert(input: &Input<'_>) -> Vec<Part> {
    let lens = LENSES.iter().find(|lens| lens.schemas().contains(&input.schema));
    let parts = lens.map(|lens| lens.convert(input)).unwrap_or_default();
    if parts.is_empty() { structure::convert(input) } else { parts }
}

/// The name of a type, the same in every dialect: `sensor_msgs/msg/JointState`, `sensor_msgs/JointState` and
/// `sensor_msgs::msg::dds_::JointState_` are `sensor_msgs/JointState`; `foxglove.Log` and `foxglove_msgs/msg/Log` are
/// `foxglove/Log`. Names of one part stay as they are.
pub(crate) fn canonical(schema: &str) -> Cow<'_, str> {
    let dialect = schema.contains("::") || schema.contains('.') || schema.matches('/').count() > 1;
    if !dialect && !schema.starts_with("foxglove_msgs/") {
        return Cow::Borrowed(schema);
    }
    let mut parts: Vec<&str> = schema.split(['/', '.', ':']).filter(|part| !part.is_empty()).collect();
    let is_dds = parts.contains(&"dds_");
    parts.retain(|part| !matches!(*part, "msg" | "dds_" | "action" | "srv"));
    if parts.len() < 2 {
        return Cow::Borrowed(schema);
    }
    let name = parts[parts.len() - 1];
    let name = if is_dds { name.strip_suffix('_').unwrap_or(name) } else { name };
    let package = match parts[parts.len() - 2] {
        "foxglove_msgs" => "foxglove",
        package => package,
    };
    Cow::Owned(format!("{package}/{name}"))
}

/// Whether a lens wants the bytes at `path` of this type as values.
pub(crate) fn wants_inline(schema: &str, path: &str) -> bool {
    let schema = canonical(schema);
    LENSES.iter().any(|lens| lens.inline().contains(&(&*schema, path)))
}

/// Whether one of the words of `name` is among `any`.
pub(crate) fn has_word(name: &str, any: &[&str]) -> bool {
    prairie_model::words(name).iter().any(|word| any.contains(&word.as_str()))
}

/// Whether a topic carries commands rather than measurements: its last part has a word for it (`/arm/joint_cmd`), or a part
/// of it is one (`/left/command/joints`).
pub(crate) fn is_command(topic: &str) -> bool {
    const WORDS: [&str; 11] =
        ["action", "actions", "cmd", "cmds", "command", "commands", "desired", "goal", "setpoint", "target", "targets"];
    let last = topic.rsplit('/').find(|part| !part.is_empty()).unwrap_or_default();
    has_word(last, &WORDS) || topic.split('/').any(|part| WORDS.contains(&part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lenses_are_sorted_and_take_different_types() {
        assert!(LENSES.is_sorted_by_key(|lens| lens.name()));
        let mut schemas: Vec<_> = LENSES.iter().flat_map(|lens| lens.schemas()).collect();
        let all = schemas.len();
        schemas.sort();
        schemas.dedup();
        assert_eq!(schemas.len(), all, "a type has two lenses");
        for schema in schemas {
            assert_eq!(canonical(schema), **schema, "lenses are asked by canonical names");
        }
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test may look at its own sources")]
    fn every_file_is_registered() {
        let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/lens")).unwrap();
        let mut names: Vec<String> =
            files.map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect();
        names.retain(|name| name != "mod" && name != "structure");
        names.sort();
        let lenses: Vec<_> = LENSES.iter().map(|lens| lens.name()).collect();
        assert_eq!(names, lenses);
    }

    #[test]
    fn dialects_are_one_name() {
        for name in [
            "sensor_msgs/JointState",
            "sensor_msgs/msg/JointState",
            "sensor_msgs::msg::JointState",
            "sensor_msgs::msg::dds_::JointState_",
        ] {
            assert_eq!(canonical(name), "sensor_msgs/JointState");
        }
        for name in ["foxglove.Log", "foxglove_msgs/msg/Log", "foxglove_msgs/Log", "foxglove::Log"] {
            assert_eq!(canonical(name), "foxglove/Log");
        }
        assert_eq!(canonical("control_msgs/action/X_FeedbackMessage"), "control_msgs/X_FeedbackMessage");
        assert_eq!(canonical("lerobot.feature"), "lerobot/feature");
        assert_eq!(canonical("MouseEvent"), "MouseEvent");
        assert_eq!(canonical("a.b.msg.Image"), "b/Image");
        assert_eq!(canonical("..."), "...");
    }

    #[test]
    fn commands_are_known_by_their_topic() {
        for topic in
            ["io_teleop/joint_cmd", "/arm/command", "/io/target_ee_poses", "/left/jointCommand", "/action/joints"]
        {
            assert!(is_command(topic), "{topic}");
        }
        for topic in ["/joint_states", "/follow/_action/feedback", "/commander/state", ""] {
            assert!(!is_command(topic), "{topic}");
        }
    }
}

//! Positions and orientations: `geometry_msgs` points, quaternions, poses and transforms, and Foxglove's poses in frames.

use arrow::array::{Array, AsArray, Int64Array, ListArray, StructArray, UInt32Array};
use prairie_model::StreamKind;

use super::twist::covariance_part;
use super::{Input, Lens, Part};
use crate::columns::{self, bounds};

/// One pose per message, or several in an array.
#[derive(Debug)]
pub(crate) struct Pose;

impl Lens for Pose {
    fn name(&self) -> &'static str {
        "pose"
    }

    fn schemas(&self) -> &'static [&'static str] {
        &[
            "foxglove/PoseInFrame",
            "foxglove/PosesInFrame",
            "geometry_msgs/Point",
            "geometry_msgs/PointStamped",
            "geometry_msgs/Pose",
            "geometry_msgs/PoseArray",
            "geometry_msgs/PoseStamped",
            "geometry_msgs/PoseWithCovariance",
            "geometry_msgs/PoseWithCovarianceStamped",
            "geometry_msgs/Quaternion",
            "geometry_msgs/QuaternionStamped",
            "geometry_msgs/Transform",
        ]
    }

    fn convert(&self, input: &Input<'_>) -> Vec<Part> {
        let frames = input.frames();
        let one = |position: &str, orientation: &str| {
            let pose = pose_at(input.rows, position, orientation).map(|part| part.header(input.stamp()));
            pose.map_or_else(Vec::new, |part| part.by_frame(frames.as_ref()))
        };
        match input.schema {
            "geometry_msgs/Point" => one("", "-"),
            "geometry_msgs/PointStamped" => one("point", "-"),
            "geometry_msgs/Quaternion" => one("-", ""),
            "geometry_msgs/QuaternionStamped" => one("-", "quaternion"),
            "geometry_msgs/Pose" => one("position", "orientation"),
            "geometry_msgs/Transform" => one("translation", "rotation"),
            "geometry_msgs/PoseArray" | "foxglove/PosesInFrame" => array(input),
            "geometry_msgs/PoseWithCovarianceStamped" => {
                let mut parts = one("pose.pose.position", "pose.pose.orientation");
                if !parts.is_empty() {
                    parts.extend(covariance_part(input, "pose."));
                }
                parts
            }
            "geometry_msgs/PoseWithCovariance" => {
                let mut parts = one("pose.position", "pose.orientation");
                if !parts.is_empty() {
                    parts.extend(covariance_part(input, ""));
                }
                parts
            }
            _ => one("pose.position", "pose.orientation"),
        }
    }
}

/// Poses of which position and orientation are at these paths; an empty path is the message itself, `-` is nowhere. `None`
/// where neither is there.
pub(super) fn pose_at(rows: &StructArray, position: &str, orientation: &str) -> Option<Part> {
    let number = |prefix: &str, name: &str| match prefix {
        "-" => None,
        "" => columns::numbers(&columns::at(rows, name)?),
        prefix => columns::numbers(&columns::at(rows, &format!("{prefix}.{name}"))?),
    };
    let (x, qw) = (number(position, "x"), number(orientation, "w"));
    if x.is_none() && qw.is_none() {
        return None;
    }
    let part = Part::new(StreamKind::Pose, rows.len())
        .unit("m")
        .with("x_m", x)
        .with("y_m", number(position, "y"))
        .with("z_m", number(position, "z"))
        .with("qx", number(orientation, "x"))
        .with("qy", number(orientation, "y"))
        .with("qz", number(orientation, "z"))
        .with("qw", qw);
    Some(part)
}

/// Each place in the array is a stream: in practice the poses of an array are bodies, not a path.
fn array(input: &Input<'_>) -> Vec<Part> {
    let Some(list) = input.at("poses").and_then(|poses| columns::to_list(&poses)) else { return Vec::new() };
    let longest = (0..list.len()).map(|row| bounds(&list, row)).map(|(from, to)| to - from).max().unwrap_or(0);
    if longest > MOST_BODIES {
        return path(input, &list);
    }
    let stamp = input.stamp();
    let frame = input.first_frame();
    let body = |place: usize| {
        let rows: Vec<u32> = (0..list.len())
            .filter(|row| list.is_valid(*row) && bounds(&list, *row).1 - bounds(&list, *row).0 > place)
            // OK to cast, here and below: Arrow's lists of rows stay below 2^31.
            .map(|row| row as u32)
            .collect();
        let items: UInt32Array = rows.iter().map(|row| (bounds(&list, *row as usize).0 + place) as u32).collect();
        let poses = columns::pick(list.values(), &items)?;
        let rows = UInt32Array::from(rows);
        let header = stamp.as_ref().and_then(|stamp| columns::pick(stamp, &rows));
        let header = header.map(|header| -> Int64Array { header.as_primitive().clone() });
        let part = pose_at(poses.as_struct_opt()?, "position", "orientation")?;
        Some(part.rows(rows).header(header).frame(frame.clone()).suffix(place.to_string()))
    };
    (0..longest).filter_map(body).collect()
}

/// More poses than this in one message are a path or a cloud, not bodies.
const MOST_BODIES: usize = 32;

/// A path: all its numbers in one vector per message.
fn path(input: &Input<'_>, list: &ListArray) -> Vec<Part> {
    let Some(poses) = list.values().as_struct_opt().and_then(|poses| pose_at(poses, "position", "orientation")) else {
        return Vec::new();
    };
    let Some((numbers, names)) = poses.as_lists() else { return Vec::new() };
    let ends: Vec<i32> = list.offsets().iter().map(|at| numbers.value_offsets()[*at as usize]).collect();
    let (item, _, values, _) = numbers.into_parts();
    let offsets = arrow::buffer::OffsetBuffer::new(ends.into());
    let value = ListArray::new(item, offsets, values, list.nulls().cloned());
    let mut part = input.part(StreamKind::Vector).frame(input.first_frame()).with("value", Some(value));
    part.facts.shape = vec![0, names.len() as u64];
    vec![part]
}

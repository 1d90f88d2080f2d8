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

#[cfg(test)]
mod tests {
    use crate::testing::lens;
    use serde_json::{Value, json};

    fn pose(x: f64) -> Value {
        json!({"position": {"x": x, "y": 0.0, "z": 0.0}, "orientation": {"x": 0.0, "y": 0.0, "z": 0.0, "w": 1.0}})
    }

    #[test]
    fn poses_in_all_forms() {
        for (schema, message) in [
            ("geometry_msgs/msg/Pose", pose(1.0)),
            ("geometry_msgs/msg/PoseStamped", json!({"pose": pose(1.0)})),
            ("foxglove.PoseInFrame", json!({"pose": pose(1.0)})),
            ("geometry_msgs/msg/PoseWithCovarianceStamped", json!({"pose": {"pose": pose(1.0)}})),
            (
                "geometry_msgs/msg/Transform",
                json!({"translation": pose(1.0)["position"], "rotation": pose(1.0)["orientation"]}),
            ),
        ] {
            let expect = "/p pose unit=m\n  0 x_m=1 y_m=0 z_m=0 qx=0 qy=0 qz=0 qw=1\n1 = 1 + 0 + 0\n";
            assert_eq!(lens(schema, "/p", json!([message])), expect, "{schema}");
        }
        assert_eq!(
            lens(
                "geometry_msgs/PointStamped",
                "/p",
                json!([{"header": {"frame_id": "map"}, "point": pose(2.0)["position"]}])
            ),
            "/p pose unit=m frame=map\n  0 x_m=2 y_m=0 z_m=0\n1 = 1 + 0 + 0\n"
        );
    }

    #[test]
    fn each_place_in_an_array_is_a_body() {
        let messages = json!([{"poses": [pose(1.0), pose(2.0)]}, {"poses": [pose(3.0)]}, {"poses": []}]);
        assert_eq!(
            lens("geometry_msgs/PoseArray", "/bodies", messages),
            "/bodies#0 pose unit=m
  0 x_m=1 y_m=0 z_m=0 qx=0 qy=0 qz=0 qw=1
  10 x_m=3 y_m=0 z_m=0 qx=0 qy=0 qz=0 qw=1
/bodies#1 pose unit=m
  0 x_m=2 y_m=0 z_m=0 qx=0 qy=0 qz=0 qw=1
3 = 2 + 1 + 0
"
        );
    }

    #[test]
    fn many_poses_are_a_path() {
        let many: Vec<_> = (0..40).map(|x| pose(f64::from(x))).collect();
        let text = lens("geometry_msgs/PoseArray", "/path", json!([{ "poses": many }]));
        assert!(text.starts_with("/path vector shape=[0, 7]\n  0 value=[0,0,0,0,0,0,1,1,0,"), "{text}");
    }
}

//! Trajectories: `trajectory_msgs/JointTrajectory` and the goals that carry one.

use arrow::array::{Array, AsArray, Int64Array, UInt32Array};
use prairie_model::StreamKind;

use super::joint_state::by_names;
use super::{Input, Lens};
use crate::columns::{self, bounds};
use crate::part::{Part, without_empty};

/// Commands: one sample per point, at the time of the message plus `time_from_start`.
#[derive(Debug)]
pub(crate) struct Trajectory;

impl Lens for Trajectory {
    fn name(&self) -> &'static str {
        "trajectory"
    }

    fn schemas(&self) -> &'static [&'static str] {
        &[
            "control_msgs/FollowJointTrajectoryActionGoal",
            "control_msgs/FollowJointTrajectoryGoal",
            "trajectory_msgs/JointTrajectory",
            "trajectory_msgs/JointTrajectoryPoint",
        ]
    }

    fn convert(&self, input: &Input<'_>) -> Vec<Part> {
        if input.schema == "trajectory_msgs/JointTrajectoryPoint" {
            return point(input, "", "");
        }
        let prefix = ["", "trajectory.", "goal.trajectory."]
            .into_iter()
            .find(|prefix| input.at(&format!("{prefix}points")).is_some());
        prefix.map_or_else(Vec::new, |prefix| points(input, prefix))
    }
}

/// (field of a point, suffix of its stream, representation, unit)
const COLUMNS: [(&str, &str, Option<&str>, &str); 4] = [
    ("positions", "", Some("absolute"), "rad"),
    ("velocities", "velocity", Some("velocity"), "rad/s"),
    ("accelerations", "acceleration", None, "rad/s²"),
    ("effort", "effort", None, "N·m"),
];

/// The one point at `prefix`, as commands in streams whose suffix begins with `name`.
pub(super) fn point(input: &Input<'_>, prefix: &str, name: &str) -> Vec<Part> {
    let column = |(field, suffix, representation, unit): (&str, &str, Option<&str>, &str)| {
        let value = input.lists(&format!("{prefix}{field}")).and_then(without_empty)?;
        let suffix = [name, suffix].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(".");
        let part = input.part(StreamKind::Action).unit(unit).suffix(suffix).with("value", Some(value));
        Some(match representation {
            Some(representation) => part.representation(representation),
            None => part,
        })
    };
    COLUMNS.into_iter().filter_map(column).collect()
}

fn points(input: &Input<'_>, prefix: &str) -> Vec<Part> {
    let Some(list) = input.at(&format!("{prefix}points")).and_then(|points| columns::to_list(&points)) else {
        return Vec::new();
    };
    let (mut items, mut rows) = (Vec::new(), Vec::new());
    for row in (0..list.len()).filter(|row| list.is_valid(*row)) {
        let (from, to) = bounds(&list, row);
        // OK to cast: Arrow's lists of rows stay below 2^31.
        items.extend((from..to).map(|item| item as u32));
        rows.extend(std::iter::repeat_n(row as u32, to - from));
    }
    let rows = UInt32Array::from(rows);
    let Some(points) = columns::pick(list.values(), &UInt32Array::from(items)) else { return Vec::new() };
    let Some(points) = points.as_struct_opt() else { return Vec::new() };
    let shift = columns::at(points, "time_from_start").and_then(|time| columns::nanos(&time));
    let header = input
        .nanos(&format!("{prefix}header.stamp"))
        .or_else(|| input.stamp())
        .and_then(|stamp| columns::pick(&stamp, &rows))
        .map(|stamp| -> Int64Array { stamp.as_primitive().clone() });
    // The names of each point's message, so that points of different joints become different streams.
    let names = input.at(&format!("{prefix}joint_names")).and_then(|names| {
        let names = columns::pick(&names, &rows)?;
        columns::text_lists(&names)
    });
    let mut parts = Vec::new();
    for (field, suffix, representation, unit) in COLUMNS {
        let value = columns::at(points, field).and_then(|value| columns::lists(&value)).and_then(without_empty);
        let Some(value) = value else { continue };
        let mut part = Part::new(StreamKind::Action, value.len())
            .suffix(suffix)
            .unit(unit)
            .header(header.clone())
            .frame(input.first_frame())
            .with("value", Some(value))
            .rows(rows.clone());
        part.shift.clone_from(&shift);
        part.facts.representation = representation.map(str::to_owned);
        parts.extend(by_names(part, names.clone()));
    }
    parts
}

#[cfg(test)]
mod tests {
    use crate::testing::lens;
    use serde_json::json;

    #[test]
    fn points_lie_after_their_message() {
        let point = |s: i64, ns: i64, at: f64| json!({"positions": [at, at], "velocities": [], "time_from_start": {"sec": s, "nanosec": ns}});
        let messages = json!([
            {"joint_names": ["a", "b"], "points": [point(0, 20_000_000, 1.0), point(1, 0, 2.0)]},
            {"joint_names": ["a", "b"], "points": []},
        ]);
        assert_eq!(
            lens("trajectory_msgs/msg/JointTrajectory", "/traj", messages.clone()),
            "/traj action unit=rad as=absolute names=a,b
  20 value=[1,1]
  1000 value=[2,2]
2 = 1 + 1 + 0
"
        );
        let goal = json!([{"goal": {"trajectory": messages[0]}}]);
        let text = lens("control_msgs/FollowJointTrajectoryActionGoal", "/arm/goal", goal);
        assert!(text.starts_with("/arm/goal action unit=rad as=absolute names=a,b\n  20 value=[1,1]\n"), "{text}");
    }
}

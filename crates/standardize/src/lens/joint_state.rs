//! Joints: `sensor_msgs/JointState`, `foxglove/JointStates`.

use std::collections::HashMap;

use arrow::array::{Array, ListArray, StringArray, UInt32Array};
use prairie_model::StreamKind;

use super::{Input, Lens, has_word, is_command};
use crate::columns::bounds;
use crate::part::{MOST_GROUPS, Part, element, names_of, without_empty};

/// Positions, velocities and efforts, one stream for each set of names on the topic: several drivers may share one.
#[derive(Debug)]
pub(crate) struct JointState;

impl Lens for JointState {
    fn name(&self) -> &'static str {
        "joint_state"
    }

    fn schemas(&self) -> &'static [&'static str] {
        &["foxglove/JointStates", "sensor_msgs/JointState"]
    }

    fn convert(&self, input: &Input<'_>) -> Vec<Part> {
        let paths = match input.schema {
            "foxglove/JointStates" => ["joints.name", "joints.position", "joints.velocity", "joints.effort"],
            _ => ["name", "position", "velocity", "effort"],
        };
        let Some(part) = joints(input, paths) else { return Vec::new() };
        let part = gripper(&part, &input.channel.topic).unwrap_or(part);
        by_names(part, input.text_lists(paths[0]))
    }
}

/// One joint on the topic of a gripper is its opening. Its range is unknown, so it stays raw, in metres or radians.
fn gripper(part: &Part, topic: &str) -> Option<Part> {
    let alone = |list: &ListArray| (0..list.len()).all(|row| list.is_null(row) || list.value_length(row) == 1);
    let lists = ["position", "velocity", "effort"].map(|column| part.list(column));
    if !has_word(topic, &["gripper"]) || is_command(topic) || !lists.iter().flatten().all(|list| alone(list)) {
        return None;
    }
    let [position, velocity, effort] = lists.map(|list| list.and_then(|list| element(list, 0)));
    let mut gripper = Part::new(StreamKind::Gripper, part.samples)
        .with("raw_position", Some(position?))
        .with("velocity", velocity)
        .with("effort", effort)
        .with_meta_of(part.clone());
    gripper.facts.unit = None;
    Some(gripper)
}

/// The part of joints whose names, positions, velocities and efforts are at `paths`; `None` when none of the numbers is there.
pub(super) fn joints(input: &Input<'_>, paths: [&str; 4]) -> Option<Part> {
    let [_, position, velocity, effort] = paths.map(|path| input.lists(path));
    if position.is_none() && velocity.is_none() && effort.is_none() {
        return None;
    }
    let part = input
        .part(StreamKind::JointState)
        .unit("rad")
        .frame(input.first_frame())
        .with("position", position.and_then(without_empty))
        .with("velocity", velocity.and_then(without_empty))
        .with("effort", effort.and_then(without_empty));
    Some(part)
}

/// One part for each list of names, in the order of their appearance.
pub(super) fn by_names(part: Part, names: Option<(ListArray, StringArray)>) -> Vec<Part> {
    let Some((list, texts)) = names else { return vec![part] };
    let mut groups: Vec<(usize, Vec<u32>)> = Vec::new();
    let mut index: HashMap<Vec<String>, usize> = HashMap::new();
    let mut last: Option<usize> = None;
    for row in 0..list.len().min(part.samples) {
        // Names hardly ever change, so most rows are told by comparing them with the group of the row before.
        let group = match last.filter(|last| same_texts(&list, &texts, groups[*last].0, row)) {
            Some(group) => group,
            None => {
                let names = names_of(&list, &texts, row);
                if groups.len() >= MOST_GROUPS && !index.contains_key(&names) {
                    continue;
                }
                *index.entry(names).or_insert_with(|| {
                    groups.push((row, Vec::new()));
                    groups.len() - 1
                })
            }
        };
        // OK to cast: Arrow's lists of rows stay below 2^31.
        groups[group].1.push(row as u32);
        last = Some(group);
    }
    let alone = groups.len() == 1;
    let split = groups.into_iter().map(|(first, rows)| {
        let split = if alone { part.clone() } else { part.select(&UInt32Array::from(rows)) };
        split.prune().names(names_of(&list, &texts, first))
    });
    split.collect()
}

fn same_texts(list: &ListArray, texts: &StringArray, one: usize, other: usize) -> bool {
    let ends = |row| {
        let (from, to) = bounds(list, row);
        &texts.value_offsets()[from..=to]
    };
    let (ends, other_ends) = (ends(one), ends(other));
    // The bytes of neighbours lie next to each other, so that one comparison does for all. OK to index and to cast: an array of
    // texts has one more offset than texts, none of which is negative or beyond its bytes.
    let bytes = |ends: &[i32]| &texts.value_data()[ends[0] as usize..ends[ends.len() - 1] as usize];
    ends.len() == other_ends.len()
        && ends.iter().zip(other_ends).all(|(end, other)| end - ends[0] == other - other_ends[0])
        && bytes(ends) == bytes(other_ends)
}

#[cfg(test)]
mod tests {
    use crate::testing::lens;
    use serde_json::json;

    #[test]
    fn joints_of_any_dialect() {
        for schema in ["sensor_msgs/JointState", "sensor_msgs/msg/JointState", "sensor_msgs::msg::dds_::JointState_"] {
            let messages = json!([
                {"header": {"stamp": {"$t": 999_998_000_000_i64}, "frame_id": "base"},
                 "name": ["a", "b"], "position": [1.0, 2.5], "velocity": [], "effort": [0.5, 0.25]},
                {"header": {"stamp": {"$t": 1_000_008_000_000_i64}, "frame_id": "base"},
                 "name": ["a", "b"], "position": [1.5, 2.0], "velocity": [], "effort": [0.5, 0.5]},
            ]);
            assert_eq!(
                lens(schema, "/joint_states", messages),
                "/joint_states joint_state unit=rad frame=base names=a,b
  -2 position=[1,2.5] effort=[0.5,0.25]
  8 position=[1.5,2] effort=[0.5,0.5]
2 = 2 + 0 + 0
"
            );
        }
    }

    #[test]
    fn several_drivers_on_one_topic_are_several_streams() {
        let message = |names: [&str; 2], position: [f64; 2]| json!({"name": names, "position": position});
        let messages = json!([
            message(["a", "b"], [1.0, 2.0]),
            message(["c", "d"], [3.0, 4.0]),
            message(["b", "a"], [2.5, 1.5]),
            message(["a", "b"], [1.7, 2.7]),
        ]);
        // The same joints in another order are the same stream.
        assert_eq!(
            lens("sensor_msgs/JointState", "/js", messages),
            "/js joint_state unit=rad names=a,b
  0 position=[1,2]
  30 position=[1.7,2.7]
  20 position=[1.5,2.5]
/js#2 joint_state unit=rad names=c,d
  10 position=[3,4]
4 = 4 + 0 + 0
"
        );
    }

    #[test]
    fn positions_without_names_are_kept() {
        let messages = json!([{"name": [], "position": [0.1], "velocity": [], "effort": []}]);
        assert_eq!(
            lens("sensor_msgs/JointState", "/hand", messages),
            "/hand joint_state unit=rad\n  0 position=[0.1]\n1 = 1 + 0 + 0\n"
        );
    }

    #[test]
    fn one_joint_of_a_gripper_is_a_gripper() {
        let messages = json!([{"name": ["finger"], "position": [0.04], "velocity": [0.1], "effort": [5.0]}]);
        assert_eq!(
            lens("sensor_msgs/JointState", "/gripper/state", messages),
            "/gripper/state gripper names=finger\n  0 velocity=0.1 effort=5 raw_position=0.04\n1 = 1 + 0 + 0\n"
        );
    }

    #[test]
    fn what_comes_on_a_command_topic_is_an_action() {
        let messages = json!([{"name": ["a"], "position": [0.1], "velocity": [0.2], "effort": []}]);
        assert_eq!(
            lens("sensor_msgs/JointState", "/arm/joint_cmd", messages),
            "/arm/joint_cmd action unit=rad as=absolute names=a
  0 value=[0.1]
/arm/joint_cmd#velocity action unit=rad/s as=velocity names=a
  0 value=[0.2]
1 = 1 + 0 + 0
"
        );
    }
}

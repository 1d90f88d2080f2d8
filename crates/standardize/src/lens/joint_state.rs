//! Joints: `sensor_msgs/JointState`, `foxglove/JointStates`.

use std::collections::HashMap;

use arrow::array::{Array, ListArray, StringArray, UInt32Array};
use prairie_model::StreamKind;

use super::{Input, Lens};
use crate::columns::bounds;
use crate::part::{Part, names_of, without_empty};

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
        joints(input, paths).map_or_else(Vec::new, |part| by_names(part, input.text_lists(paths[0])))
    }
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
            None => *index.entry(names_of(&list, &texts, row)).or_insert_with(|| {
                groups.push((row, Vec::new()));
                groups.len() - 1
            }),
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
    let ((from, to), (other_from, other_to)) = (bounds(list, one), bounds(list, other));
    to - from == other_to - other_from
        && (0..to - from).all(|at| texts.value(from + at) == texts.value(other_from + at))
}

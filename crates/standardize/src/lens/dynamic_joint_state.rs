//! `control_msgs/DynamicJointState`: a list of interfaces and their values for each joint.

use arrow::array::{Array, AsArray, Float64Array, ListArray, StringArray};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field};
use prairie_model::StreamKind;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::joint_state::by_names;
use super::{Input, Lens};
use crate::columns::{self, bounds};
use crate::part::Part;

/// The interfaces `position`, `velocity` and `effort` are the joints' main stream, every other one is a vector beside it.
#[derive(Debug)]
pub(crate) struct DynamicJointState;

impl Lens for DynamicJointState {
    fn name(&self) -> &'static str {
        "dynamic_joint_state"
    }

    fn schemas(&self) -> &'static [&'static str] {
        &["control_msgs/DynamicJointState"]
    }

    fn convert(&self, input: &Input<'_>) -> Vec<Part> {
        let Some(names) = input.text_lists("joint_names") else { return Vec::new() };
        let Some(mut interfaces) = interfaces(input) else { return Vec::new() };
        let mut part = input.part(StreamKind::JointState).unit("rad").frame(input.first_frame());
        for column in ["position", "velocity", "effort"] {
            part = part.with(column, interfaces.remove(column));
        }
        let mut parts = by_names(part, Some(names.clone()));
        for (interface, list) in interfaces {
            let part = input.part(StreamKind::Vector).suffix(interface).with("value", Some(list));
            parts.extend(by_names(part, Some(names.clone())));
        }
        parts
    }
}

/// For each interface the values of all joints, null for joints without it.
fn interfaces(input: &Input<'_>) -> Option<BTreeMap<String, ListArray>> {
    let joints = input.at("interface_values").and_then(|values| columns::to_list(&values))?;
    let items = joints.values().as_struct_opt()?;
    let (list, texts): (ListArray, StringArray) = columns::text_lists(&columns::at(items, "interface_names")?)?;
    let values = columns::lists(&columns::at(items, "values")?)?;
    let numbers: &Float64Array = values.values().as_primitive_opt()?;
    let cells = items.len();
    let mut found: BTreeMap<&str, (Vec<f64>, Vec<bool>)> = BTreeMap::new();
    for joint in 0..cells {
        let ((from, to), (first, end)) = (bounds(&list, joint), bounds(&values, joint));
        for at in 0..(to - from).min(end - first) {
            let known = found.len();
            let name = texts.value(from + at);
            let full = known >= MOST_INTERFACES || (known + 1) * cells > MOST_CELLS;
            if full && !found.contains_key(name) {
                continue;
            }
            let (column, valid) = found.entry(name).or_insert_with(|| (vec![0.0; cells], vec![false; cells]));
            column[joint] = numbers.value(first + at);
            valid[joint] = numbers.is_valid(first + at);
        }
    }
    let lists = found.into_iter().map(|(name, (column, valid))| {
        let item = Arc::new(Field::new_list_field(DataType::Float64, true));
        let column = Float64Array::new(column.into(), Some(NullBuffer::from(valid)));
        let offsets: OffsetBuffer<i32> = joints.offsets().clone();
        (name.to_owned(), ListArray::new(item, offsets, Arc::new(column), joints.nulls().cloned()))
    });
    Some(lists.collect())
}

/// Interfaces of one message type; real ones have three to ten.
const MOST_INTERFACES: usize = 256;
/// Cells of all columns together, so that names that change with every joint fill no memory.
const MOST_CELLS: usize = 1 << 24;

#[cfg(test)]
mod tests {
    use crate::testing::lens;
    use serde_json::json;

    #[test]
    fn interfaces_become_columns() {
        let values = json!([
            {"interface_names": ["position", "effort"], "values": [1.0, 2.0]},
            {"interface_names": ["position", "voltage"], "values": [3.0, 24.0]},
        ]);
        assert_eq!(
            lens(
                "control_msgs/msg/DynamicJointState",
                "/d",
                json!([{"joint_names": ["a", "b"], "interface_values": values}])
            ),
            "/d joint_state unit=rad names=a,b
  0 position=[1,3] effort=[2,null]
/d#voltage vector names=a,b
  0 value=[null,24]
1 = 1 + 0 + 0
"
        );
    }
}

//! The mapping's last word on what a lens made, and the kinds that topics imply.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, ListArray, StringArray};
use prairie_model::{NoteKind, StreamKind};

use crate::columns;
use crate::lens::{Input, is_command};
use crate::mapping::{ColumnPath, Rule};
use crate::part::{Part, element, interleave, names_of};
use crate::robot::Robot;
use crate::unit::to_si;

/// What one rule, or none, made of a batch.
#[derive(Debug)]
pub(crate) struct Made<'a> {
    pub(crate) rule: Option<&'a Rule>,
    pub(crate) parts: Vec<Part>,
    /// What was converted, assumed or renamed.
    pub(crate) notes: Vec<(NoteKind, String)>,
}

/// The parts of a batch: by the rule's own columns, or by a lens and then as the rule says.
pub(crate) fn convert<'a>(input: &Input<'_>, rule: Option<&'a Rule>, robot: Option<&Robot>) -> Made<'a> {
    let mut made = match rule {
        Some(rule) => by_rule(input, rule),
        None => Made { rule: None, parts: commands(input, crate::lens::convert(input)), notes: Vec::new() },
    };
    if let Some(robot) = robot {
        made.parts.iter_mut().for_each(|part| made.notes.extend(reconcile(part, robot)));
    }
    made
}

/// Names of joints as the robot's description has them.
fn reconcile(part: &mut Part, robot: &Robot) -> Vec<(NoteKind, String)> {
    let columns: &[&str] = match part.kind {
        StreamKind::JointState => &["position", "velocity", "effort"],
        StreamKind::Action => &["value"],
        _ => return Vec::new(),
    };
    let lists = columns.iter().filter_map(|column| part.list(column));
    // OK to cast: lengths of lists are not negative.
    let width = lists.filter(|list| !list.is_empty()).map(|list| list.value_length(0) as usize).max().unwrap_or(0);
    robot.reconcile(&mut part.facts.names, width)
}

fn by_rule<'a>(input: &Input<'_>, rule: &'a Rule) -> Made<'a> {
    let mut parts = match rule.kind {
        Some(kind) if !rule.columns.is_empty() => own_columns(input, rule, kind).into_iter().collect(),
        Some(kind) => crate::lens::convert(input).into_iter().flat_map(|part| into_kind(part, kind)).collect(),
        None => commands(input, crate::lens::convert(input)),
    };
    let mut notes = Vec::new();
    for part in &mut parts {
        state(part, input, rule);
        convert_units(part, rule, &mut notes);
        rotate(part, input, rule, &mut notes);
        normalise_gripper(part, rule);
    }
    Made { rule: Some(rule), parts, notes }
}

/// What comes on a command topic is an action, whatever the type of the message.
fn commands(input: &Input<'_>, parts: Vec<Part>) -> Vec<Part> {
    if !is_command(&input.channel.topic) {
        return parts;
    }
    parts.into_iter().flat_map(|part| into_kind(part, StreamKind::Action)).collect()
}

/// `part` as another kind, where its numbers allow that; else as it is. Joints that become actions are one stream for each
/// of position, velocity and effort.
fn into_kind(part: Part, kind: StreamKind) -> Vec<Part> {
    if part.kind == kind || part.kind.is_frames() != kind.is_frames() || part.on_change {
        return vec![part];
    }
    if kind.is_frames() {
        let mut part = part;
        part.kind = kind;
        return vec![part];
    }
    if (part.kind, kind) == (StreamKind::JointState, StreamKind::Action) {
        return joint_commands(&part);
    }
    let Some((list, names)) = part.as_lists() else { return vec![part] };
    let mut new = Part::new(kind, part.samples);
    match kind.numbers() {
        [] => return vec![part],
        [(first, true, _), ..] => new.set(first, Arc::new(list)),
        [(first, false, _), ..] if kind == StreamKind::Gripper => {
            // The range is unknown unless the rule gives it, so nothing is normalised here.
            debug_assert_eq!(*first, "position");
            new = new.with("raw_position", element(&list, 0));
        }
        singles => {
            for (at, (name, ..)) in singles.iter().enumerate() {
                new = new.with(name, element(&list, at));
            }
        }
    }
    let representation = match part.kind {
        StreamKind::Pose => Some("absolute".to_owned()),
        StreamKind::Twist => Some("velocity".to_owned()),
        _ => part.facts.representation.clone(),
    };
    let mut new = new.with_meta_of(part);
    new.facts.names = names;
    if kind == StreamKind::Action {
        new.facts.representation = representation;
    }
    vec![new]
}

fn joint_commands(part: &Part) -> Vec<Part> {
    let columns = [
        ("position", "", Some("absolute"), "rad"),
        ("velocity", "velocity", Some("velocity"), "rad/s"),
        ("effort", "effort", None, "N·m"),
    ];
    let there: Vec<_> = columns.into_iter().filter_map(|column| Some((column, part.list(column.0)?))).collect();
    let alone = there.len() == 1;
    let command = |((_, suffix, representation, unit), list): ((&str, &str, Option<&str>, &str), &ListArray)| {
        let mut new =
            Part::new(StreamKind::Action, part.samples).with("value", Some(list.clone())).with_meta_of(part.clone());
        if !suffix.is_empty() && !alone {
            new.suffix =
                [part.suffix.as_str(), suffix].into_iter().filter(|s| !s.is_empty()).collect::<Vec<_>>().join(".");
        }
        new.facts.representation = representation.map(str::to_owned);
        new.facts.unit = part.facts.unit.is_some().then(|| unit.to_owned());
        new
    };
    if there.is_empty() { vec![part.clone()] } else { there.into_iter().map(command).collect() }
}

/// A part whose columns are where the rule says.
fn own_columns(input: &Input<'_>, rule: &Rule, kind: StreamKind) -> Option<Part> {
    let mut part = input.part(kind).frame(input.first_frame());
    let mut found = false;
    for (column, path) in &rule.columns {
        let is_list = kind.numbers().iter().any(|(name, list, _)| name == column && *list);
        let array: Option<ArrayRef> = match path {
            ColumnPath::One(path) if kind == StreamKind::Event => {
                let texts = input.texts(path).or_else(|| number_texts(input, path));
                let is_text = column == "text";
                texts.map(|texts| Arc::new(if is_text { crate::lens::not_null(texts) } else { texts }) as _)
            }
            path if is_list => list_of(input, path).and_then(|list| Some(Arc::new(chosen(input, rule, list)?) as _)),
            ColumnPath::One(path) if !rule.elements.is_empty() => {
                let list = input.lists(path).and_then(|list| chosen(input, rule, list));
                list.and_then(|list| element(&list, 0)).map(|numbers| Arc::new(numbers) as _)
            }
            ColumnPath::One(path) => input.numbers(path).map(|numbers| Arc::new(numbers) as _),
            ColumnPath::Several(_) => None,
        };
        found |= array.is_some();
        if let Some(array) = array {
            part.set(column, array);
        }
    }
    found.then_some(part)
}

/// The names that elements have before a rule chooses among them.
fn names_before<'a>(input: &'a Input<'_>, rule: &'a Rule) -> &'a [String] {
    if rule.names.is_empty() { &input.channel.names } else { &rule.names }
}

/// The elements that the rule takes; `None` where there is none of them.
fn chosen(input: &Input<'_>, rule: &Rule, list: ListArray) -> Option<ListArray> {
    if rule.elements.is_empty() {
        return Some(list);
    }
    let places = rule.chosen(names_before(input, rule));
    let elements: Option<Vec<Float64Array>> = places.into_iter().map(|at| element(&list, at)).collect();
    let elements = elements.filter(|elements| !elements.is_empty())?;
    Some(interleave(&elements.iter().collect::<Vec<_>>()))
}

fn number_texts(input: &Input<'_>, path: &str) -> Option<StringArray> {
    let numbers = input.numbers(path)?;
    Some(numbers.iter().map(|number| number.map(|number| number.to_string())).collect())
}

/// Writes what the rule states.
fn state(part: &mut Part, input: &Input<'_>, rule: &Rule) {
    let facts = &mut part.facts;
    if !rule.elements.is_empty() {
        let names = names_before(input, rule);
        facts.names = rule.chosen(names).into_iter().map(|at| names[at].clone()).collect();
    } else if !rule.names.is_empty() {
        facts.names.clone_from(&rule.names);
    } else if let Some((list, texts)) = rule.names_path.as_ref().and_then(|path| input.text_lists(path))
        && !list.is_empty()
    {
        facts.names = names_of(&list, &texts, 0);
    }
    if !rule.shape.is_empty() {
        facts.shape.clone_from(&rule.shape);
    }
    for (fact, stated) in [
        (&mut facts.frame, &rule.frame),
        (&mut facts.child_frame, &rule.child_frame),
        (&mut facts.representation, &rule.representation),
    ] {
        if stated.is_some() {
            fact.clone_from(stated);
        }
    }
}

fn convert_units(part: &mut Part, rule: &Rule, notes: &mut Vec<(NoteKind, String)>) {
    let kind = part.kind;
    for (at, (column, ..)) in kind.numbers().iter().enumerate() {
        let Some((unit, (factor, si))) = rule.unit_of(kind, column).and_then(|unit| Some((unit, to_si(unit)?))) else {
            continue;
        };
        part.unit_assumed = false;
        if at == 0 || *column == "raw_position" {
            part.facts.unit = Some(si.to_owned());
        }
        if factor == 1.0 {
            continue;
        }
        let scaled: Option<ArrayRef> = part.get(column).and_then(|array| {
            if let Some(list) = array.as_list_opt::<i32>() {
                return scale_list(list, factor).map(|list| Arc::new(list) as _);
            }
            let numbers: &Float64Array = array.as_primitive_opt()?;
            Some(Arc::new(numbers.unary::<_, arrow::datatypes::Float64Type>(|number| number * factor)) as _)
        });
        if let Some(scaled) = scaled {
            part.set(column, scaled);
            notes.push((NoteKind::UnitAssumed, format!("`{column}` was converted from {unit} to {si}")));
        }
    }
}

/// The quaternion of a pose, from what the rule says its rotation is. A row without all three numbers has none.
fn rotate(part: &mut Part, input: &Input<'_>, rule: &Rule, notes: &mut Vec<(NoteKind, String)>) {
    let (StreamKind::Pose, Some(rotation)) = (part.kind, &rule.rotation) else { return };
    let (Some(list), Some(factor)) = (list_of(input, &rotation.path), rotation.factor()) else { return };
    let [a, b, c] = [0, 1, 2].map(|at| element(&list, at));
    let (Some(a), Some(b), Some(c)) = (a, b, c) else { return };
    let row = |row: usize| -> Option<[f64; 4]> {
        let angles = [&a, &b, &c];
        if angles.iter().any(|angle| angle.is_null(row)) {
            return None;
        }
        Some(rotation.form.quaternion(angles.map(|angle| angle.value(row) * factor)))
    };
    let quaternions: Vec<Option<[f64; 4]>> = (0..list.len()).map(row).collect();
    for (at, column) in ["qx", "qy", "qz", "qw"].into_iter().enumerate() {
        let numbers: Float64Array = quaternions.iter().map(|row| row.map(|row| row[at])).collect();
        part.set(column, Arc::new(numbers));
    }
    notes.push((NoteKind::UnitAssumed, rotation.told()));
}

/// The numbers at a path, or at several, as lists.
fn list_of(input: &Input<'_>, path: &ColumnPath) -> Option<ListArray> {
    match path {
        ColumnPath::One(path) => input.lists(path),
        ColumnPath::Several(paths) => {
            let columns: Option<Vec<_>> = paths.iter().map(|path| input.numbers(path)).collect();
            Some(interleave(&columns?.iter().collect::<Vec<_>>()))
        }
    }
}

fn scale_list(list: &ListArray, factor: f64) -> Option<ListArray> {
    let values: &Float64Array = list.values().as_primitive_opt()?;
    let scaled: Float64Array = values.unary(|value| value * factor);
    let (item, offsets, _, nulls) = list.clone().into_parts();
    ListArray::try_new(item, offsets, Arc::new(scaled), nulls).ok()
}

/// Position from 0 (closed) to 1 (open), where the rule gives the range; the range is in the source's numbers, before any
/// conversion of units.
fn normalise_gripper(part: &mut Part, rule: &Rule) {
    let (StreamKind::Gripper, Some(range)) = (part.kind, rule.gripper) else { return };
    let factor = rule.unit_of(part.kind, "raw_position").and_then(to_si).map_or(1.0, |(factor, _)| factor);
    let raw = part.get("raw_position").and_then(columns::numbers);
    let normal = raw.map(|raw| {
        let (closed, open) = (range.closed * factor, range.open * factor);
        raw.unary::<_, arrow::datatypes::Float64Type>(|raw| (raw - closed) / (open - closed))
    });
    if let Some(normal) = normal {
        part.set("position", Arc::new(normal));
    }
}

#[cfg(test)]
mod tests {
    use crate::Overrides;
    use crate::testing::{batch, channel, lens_with, rows, run};
    use serde_json::json;
    use std::sync::Arc;

    #[test]
    fn own_columns_units_and_names() {
        let mapping = "
[[stream]]
schema = 'my/*'
kind = 'joint_state'
name = 'left_arm'
columns = { position = 'motors.deg', velocity = ['v.a', 'v.b'] }
unit = { position = 'deg', velocity = 'deg/s' }
names = ['a', 'b']
frame = 'base'
header = 'at'
";
        let message = json!({"at": {"$t": 999_999_000_000_i64}, "motors": [{"deg": 180.0}, {"deg": 0.0}], "v": {"a": 180.0, "b": 90.0}});
        assert_eq!(
            lens_with("my/Arm", "/x", json!([message]), mapping),
            "left_arm joint_state unit=rad frame=base names=a,b
  -1 position=[3.141593,0] velocity=[3.141593,1.570796]
1 = 1 + 0 + 0
"
        );
        let rows = rows(&json!([message]));
        let channel = Arc::new(channel(1, "/x", "my/Arm", &rows));
        let result = run(vec![batch(&channel, vec![1_000_000_000_000], rows)], mapping, Overrides::default());
        let notes: Vec<_> = result.drafts[0].notes.iter().map(|note| note.text.as_str()).collect();
        assert_eq!(notes, ["`position` was converted from deg to rad", "`velocity` was converted from deg/s to rad/s"]);
    }

    #[test]
    fn a_kind_takes_what_a_lens_found() {
        let rule = |kind: &str| format!("[[stream]]\ntopic = '*'\nkind = '{kind}'\nunit = '1'");
        let numbers = json!([{"data": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]}]);
        for (kind, expect) in [
            ("wrench", "/x wrench unit=1\n  0 fx_n=1 fy_n=2 fz_n=3 tx_nm=4 ty_nm=5 tz_nm=6\n"),
            ("joint_state", "/x joint_state unit=1\n  0 position=[1,2,3,4,5,6]\n"),
            ("tactile", "/x tactile unit=1\n  0 value=[1,2,3,4,5,6]\n"),
        ] {
            let text = lens_with("std_msgs/Float64MultiArray", "/x", numbers.clone(), &rule(kind));
            assert_eq!(text, format!("{expect}1 = 1 + 0 + 0\n"));
        }
        let depth = lens_with(
            "sensor_msgs/CompressedImage",
            "/x",
            json!([{"format": "jpeg", "data": {"$b": 5}}]),
            "[[stream]]\ntopic = '/x'\nkind = 'depth'",
        );
        assert!(depth.starts_with("/x depth\n"), "{depth}");
    }

    #[test]
    fn rules_that_let_others_follow_make_several_streams() {
        let mapping = "
[[stream]]
topic = '/x'
name = 'arm'
kind = 'joint_state'
columns = { position = 'data[0:2]' }
names = ['a', 'b']
also = true
[[stream]]
topic = '/x'
name = 'hand'
kind = 'gripper'
columns = { raw_position = 'data[2]' }
gripper = { closed = 10, open = 0 }
also = true
[[stream]]
topic = '/x'
name = 'rest'
kind = 'vector'
columns = { value = 'data[3:]' }
";
        let messages = json!([{"data": [1.0, 2.0, 5.0, 7.0, 8.0]}, {"data": [1.0]}]);
        assert_eq!(
            lens_with("std_msgs/Float64MultiArray", "/x", messages, mapping),
            "arm joint_state names=a,b
  0 position=[1,2]
  10
hand gripper
  0 position=0.5 raw_position=5
  10
rest vector
  0 value=[7,8]
  10
2 = 2 + 0 + 0
"
        );
    }

    #[test]
    fn elements_are_taken_by_their_names() {
        let mapping = "
[[stream]]
topic = '/x'
name = 'arm'
kind = 'joint_state'
columns = { position = 'data' }
names = ['l_elbow', 'l_gripper', 'r_elbow', 'base.vx']
elements = ['?_elbow']
unit = 'deg'
also = true
[[stream]]
topic = '/x'
name = 'left_gripper'
kind = 'gripper'
columns = { raw_position = 'data' }
names = ['l_elbow', 'l_gripper', 'r_elbow', 'base.vx']
elements = ['l_gripper*']
gripper = { closed = 0, open = 100 }
also = true
[[stream]]
topic = '/x'
name = 'nothing'
kind = 'vector'
columns = { value = 'data' }
names = ['l_elbow', 'l_gripper', 'r_elbow', 'base.vx']
elements = ['head*']
";
        let messages = json!([{"data": [180.0, 50.0, 90.0, 0.5]}]);
        assert_eq!(
            lens_with("std_msgs/Float64MultiArray", "/x", messages, mapping),
            "arm joint_state unit=rad names=l_elbow,r_elbow
  0 position=[3.141593,1.570796]
left_gripper gripper names=l_gripper
  0 position=0.5 raw_position=50
1 = 1 + 0 + 0
"
        );
    }

    #[test]
    fn rotations_become_unit_quaternions() {
        let rule = |form: &str| {
            format!(
                "[[stream]]\ntopic = '/x'\nkind = 'pose'\ncolumns = {{ x_m = 'data[0]' }}\n\
                 rotation = {{ form = '{form}', path = 'data[1:4]', unit = 'deg' }}"
            )
        };
        let messages = json!([{"data": [1.0, 0.0, 0.0, 180.0]}, {"data": [2.0]}]);
        for form in ["roll_pitch_yaw", "rotation_vector"] {
            let text = lens_with("std_msgs/Float64MultiArray", "/x", messages.clone(), &rule(form));
            let rows: Vec<&str> = text.lines().collect();
            assert_eq!(rows[1].trim(), "0 x_m=1 qx=0 qy=0 qz=1 qw=0", "{text}");
            assert_eq!(rows[2].trim(), "10 x_m=2", "a row without three angles has no rotation: {text}");
        }
    }

    #[test]
    fn joints_are_called_as_the_robot_calls_them() {
        let mapping = "
[robot]
joints = [{ name = 'left_elbow_joint', lower = -1.0, upper = 2.0 }, { name = 'right_elbow_joint' }]
";
        let message = json!({"name": ["kRightElbow", "kLeftElbow"], "position": [1.0, 2.0]});
        let rows = rows(&json!([message]));
        let channel = Arc::new(channel(1, "/joint_states", "sensor_msgs/JointState", &rows));
        let result = run(vec![batch(&channel, vec![1_000_000_000_000], rows)], mapping, Overrides::default());
        assert_eq!(result.drafts[0].streams[0].names, ["right_elbow_joint", "left_elbow_joint"]);
        let notes: Vec<_> = result.drafts[0].notes.iter().map(|note| note.text.as_str()).collect();
        assert!(notes.iter().any(|text| text.contains("`kRightElbow` is `right_elbow_joint`")), "{notes:?}");
    }

    #[test]
    fn what_is_ignored_is_counted() {
        let text =
            lens_with("std_msgs/Float64", "/x", json!([{"data": 1.0}]), "[[stream]]\ntopic = '/x'\nignore = true");
        assert_eq!(text, "1 = 0 + 1 + 0\n");
    }

    #[test]
    fn a_rule_chooses_the_clock() {
        let messages = json!([{"stamp": {"$t": 5_000_000_000_i64}, "v": 1.0}]);
        let clock = |clock: &str| {
            lens_with("x/Y", "/x", messages.clone(), &format!("[[stream]]\ntopic = '/x'\nclock = '{clock}'"))
        };
        assert_eq!(clock("log"), "/x scalar\n  0 value=1\n1 = 1 + 0 + 0\n");
        assert_eq!(clock("header"), "/x scalar\n  -995000 value=1\n1 = 1 + 0 + 0\n");
    }
}

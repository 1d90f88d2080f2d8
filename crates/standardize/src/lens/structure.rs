//! Types that no lens takes, by their structure.
//!
//! ```text
//!   position + orientation, force + torque, linear + angular ─▶ pose, wrench, twist
//!   names beside positions, velocities, efforts              ─▶ joint_state
//!   rows, columns and one list of numbers                    ─▶ tactile
//!   bytes beside `format` or `encoding`                      ─▶ image, depth
//!   single numbers                                           ─▶ one vector, named by their paths
//!   each list of numbers, also of numbers in lists of structs ─▶ a vector of its own, `#path`
//!   texts                                                    ─▶ events, when they change
//! ```

use arrow::array::{Array, Float64Array, ListArray, StringArray, StructArray};
use arrow::datatypes::{DataType, Fields};
use prairie_model::{BlobRef, StreamKind, is_blob};

use super::joint_state::{by_names, joints};
use super::pose::pose_at;
use super::tactile::is_tactile;
use super::twist::twist;
use super::wrench::wrench;
use super::{FRAMES, Input, STAMPS, image};
use crate::columns::{is_number, is_time};
use crate::part::{Part, interleave, names_of, without_empty};

/// Types nest no deeper than this, whatever a decoder lets through.
const MAX_DEPTH: usize = 48;

/// The parts of messages of a type that nobody knows.
pub(super) fn convert(input: &Input<'_>) -> Vec<Part> {
    let mut found = Found::default();
    found.walk(input, input.rows.fields(), "", 0);
    found.parts(input)
}

/// What a type holds.
#[derive(Debug, Default)]
struct Found {
    parts: Vec<Part>,
    numbers: Vec<(String, Float64Array)>,
    lists: Vec<(String, ListArray)>,
    texts: Vec<(String, StringArray)>,
    blobs: Vec<(String, Vec<BlobRef>)>,
}

impl Found {
    fn walk(&mut self, input: &Input<'_>, fields: &Fields, prefix: &str, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        let taken = self.take_known(input, fields, prefix);
        for field in fields {
            let path = format!("{prefix}{}", field.name());
            if taken.contains(&field.name().as_str()) || is_about_the_message(input, &path) {
                continue;
            }
            match field.data_type() {
                DataType::Struct(_) if is_blob(field) => {
                    self.blobs.extend(input.blobs(&path).map(|blobs| (path, blobs)));
                }
                kind if is_time(kind) => {
                    let seconds = input.nanos(&path).map(|nanos| nanos.unary(|nanos| nanos as f64 / 1e9));
                    self.numbers.extend(seconds.map(|seconds| (path, seconds)));
                }
                DataType::Struct(inner) => self.walk(input, inner, &format!("{path}."), depth + 1),
                kind if is_number(kind) => self.numbers.extend(input.numbers(&path).map(|numbers| (path, numbers))),
                DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
                    self.texts.extend(input.texts(&path).map(|texts| (path, texts)));
                }
                DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
                    self.walk_list(input, item.data_type(), &path, depth + 1);
                }
                DataType::Map(entries, _) => self.walk_list(input, entries.data_type(), &path, depth + 1),
                _ => {}
            }
        }
    }

    /// The numbers and texts in lists at `path` whose items are `item`.
    fn walk_list(&mut self, input: &Input<'_>, item: &DataType, path: &str, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        match item {
            DataType::Struct(fields) if !is_time(item) => {
                for field in fields.iter().filter(|field| !is_blob(field)) {
                    self.walk_list(input, field.data_type(), &format!("{path}.{}", field.name()), depth + 1);
                }
            }
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
                self.texts.extend(input.text_lists(path).map(|(list, texts)| (path.to_owned(), joined(&list, &texts))));
            }
            _ => self.lists.extend(input.lists(path).map(|list| (path.to_owned(), list))),
        }
    }

    /// Takes fields that together are something known, and says which.
    fn take_known(&mut self, input: &Input<'_>, fields: &Fields, prefix: &str) -> Vec<&'static str> {
        let has = |name: &str, inner: &str| {
            fields.iter().any(|field| match field.data_type() {
                DataType::Struct(parts) => field.name() == name && parts.iter().any(|part| part.name() == inner),
                _ => false,
            })
        };
        let has_list = |names: &[&'static str]| {
            let field = fields.iter().find(|field| names.contains(&field.name().as_str()))?;
            let is_list = matches!(field.data_type(), DataType::List(_) | DataType::FixedSizeList(..));
            names.iter().copied().find(|name| is_list && name == field.name())
        };
        let at = |name: &str| format!("{prefix}{name}");
        let frames = input.frames();
        let suffix = prefix.trim_end_matches('.');
        let mut taken = Vec::new();
        for [one, other] in [["position", "orientation"], ["translation", "rotation"]] {
            if has(one, "z") && has(other, "w") {
                let pose = pose_at(input.rows, &at(one), &at(other)).map(|pose| pose.header(input.stamp()));
                self.parts.extend(pose.into_iter().flat_map(|pose| pose.suffix(suffix).by_frame(frames.as_ref())));
                taken.extend([one, other]);
            }
        }
        if has("force", "z") && has("torque", "z") {
            let parts = wrench(input, prefix).map(|part| part.suffix(suffix).by_frame(frames.as_ref()));
            self.parts.extend(parts.into_iter().flatten());
            taken.extend(["force", "torque"]);
        }
        if has("linear", "z") && has("angular", "z") && !prefix.to_ascii_lowercase().contains("acc") {
            let parts = twist(input, prefix).map(|part| part.suffix(suffix).by_frame(frames.as_ref()));
            self.parts.extend(parts.into_iter().flatten());
            taken.extend(["linear", "angular"]);
        }
        let names = has_list(&["joint_names", "joint_name", "names", "name"]);
        let [position, velocity, effort] = [
            has_list(&["position", "positions", "q", "pos"]),
            has_list(&["velocity", "velocities", "dq", "qd", "vel"]),
            has_list(&["effort", "efforts", "torque", "torques", "tau", "tau_est"]),
        ];
        let at_list = |name: Option<&str>| name.map_or_else(|| "-".to_owned(), at);
        let paths = [at_list(names), at_list(position), at_list(velocity), at_list(effort)];
        if names.is_some()
            && position.is_some()
            && let Some(mut part) = joints(input, [&paths[0], &paths[1], &paths[2], &paths[3]])
        {
            part.unit_assumed = true;
            part.facts.unit = None;
            self.parts.extend(by_names(part.suffix(suffix), input.text_lists(&paths[0])));
            taken.extend([names, position, velocity, effort].into_iter().flatten());
        }
        taken
    }

    fn parts(mut self, input: &Input<'_>) -> Vec<Part> {
        self.take_pictures(input);
        if let Some(tactile) = self.take_tactile(input) {
            self.parts.push(tactile);
        }
        let mut vectors = Vec::new();
        if !self.numbers.is_empty() {
            let columns: Vec<_> = self.numbers.iter().map(|(_, numbers)| numbers).collect();
            let alone = columns.len() == 1;
            let part = if alone {
                input.part(StreamKind::Scalar).with("value", Some(columns[0].clone()))
            } else {
                let names = self.numbers.iter().map(|(path, _)| path.clone()).collect();
                input.part(StreamKind::Vector).names(names).with("value", Some(interleave(&columns)))
            };
            // A number alone beside something larger is named; the numbers of a message are its main stream.
            let suffix = if alone && !self.parts.is_empty() { self.numbers[0].0.as_str() } else { "" };
            vectors.push(part.suffix(suffix).frame(input.first_frame()));
        }
        let only_list = self.lists.len() == 1 && vectors.is_empty() && self.parts.is_empty();
        for (path, list) in self.lists {
            let kind = if is_tactile(&input.channel.topic) { StreamKind::Tactile } else { StreamKind::Vector };
            let Some(list) = without_empty(list) else { continue };
            let suffix = if only_list { "" } else { path.as_str() };
            vectors.push(input.part(kind).suffix(suffix).frame(input.first_frame()).with("value", Some(list)));
        }
        let mut parts = self.parts;
        // Poses and the like may leave the main name to the numbers beside them.
        if parts.iter().any(|part| part.suffix.is_empty()) {
            for vector in vectors.iter_mut().filter(|vector| vector.suffix.is_empty()) {
                vector.suffix = "values".to_owned();
            }
        }
        parts.extend(vectors);
        if !self.texts.is_empty() {
            let beside = !parts.is_empty();
            let text = match &self.texts[..] {
                [(_, texts)] => super::string::not_null(texts.clone()),
                texts => StringArray::from_iter_values(json_rows(texts, input.len())),
            };
            let mut part = input.part(StreamKind::Event).with("text", Some(text));
            if beside {
                part = part.suffix("text");
            }
            part.on_change = beside;
            parts.push(part);
        }
        parts
    }

    /// Bytes beside a `format` or an `encoding`.
    fn take_pictures(&mut self, input: &Input<'_>) {
        for (path, _) in &self.blobs {
            let Some(prefix) = path.strip_suffix("data") else { continue };
            if !(prefix.is_empty() || prefix.ends_with('.')) {
                continue;
            }
            let pictures = image::pictures(input, prefix);
            let suffix = prefix.trim_end_matches('.');
            let about = |path: &String| {
                ["format", "encoding", "width", "height", "step", "is_bigendian", "rows", "cols", "channels", "type"]
                    .iter()
                    .any(|name| path.strip_suffix(name).is_some_and(|rest| rest == prefix))
            };
            if !pictures.is_empty() {
                self.texts.retain(|(path, _)| !about(path));
                self.numbers.retain(|(path, _)| !about(path));
            }
            self.parts.extend(pictures.into_iter().map(|part| {
                let suffix = [suffix, &part.suffix].into_iter().filter(|s| !s.is_empty()).collect::<Vec<_>>().join(".");
                part.suffix(suffix)
            }));
        }
    }

    /// Rows, columns, and one list of as many numbers.
    fn take_tactile(&mut self, input: &Input<'_>) -> Option<Part> {
        let [(_, list)] = &self.lists[..] else { return None };
        let find = |names: &[&str]| {
            let found = |(path, _): &&(String, Float64Array)| names.contains(&path.as_str());
            self.numbers.iter().find(found).filter(|(_, numbers)| !numbers.is_empty() && numbers.is_valid(0))
        };
        let (rows_path, rows) = find(&["rows", "nrows", "num_rows", "height"])?;
        let (columns_path, columns) = find(&["cols", "ncols", "num_cols", "columns", "width"])?;
        let (rows, columns) = (rows.value(0), columns.value(0));
        if list.is_empty() || rows * columns != f64::from(list.value_length(0)) || rows < 1.0 || columns < 1.0 {
            return None;
        }
        let mut part = input.part(StreamKind::Tactile).frame(input.first_frame()).with("value", Some(list.clone()));
        // OK to cast: their product is the length of a list.
        part.facts.shape = vec![rows as u64, columns as u64];
        let sizes = [rows_path.clone(), columns_path.clone()];
        self.numbers.retain(|(path, _)| !sizes.contains(path));
        self.lists.clear();
        Some(part)
    }
}

/// Stamps and frames are facts about a sample, not samples.
fn is_about_the_message(input: &Input<'_>, path: &str) -> bool {
    let stamp = match input.header_path {
        Some(header) => path == header,
        None => STAMPS.contains(&path) && input.nanos(path).is_some(),
    };
    stamp || FRAMES.contains(&path) || path == "header.seq"
}

/// The texts of each list, as a JSON array.
fn joined(list: &ListArray, texts: &StringArray) -> StringArray {
    let row = |row: usize| match list.is_valid(row) {
        true => serde_json::to_string(&names_of(list, texts, row)).ok(),
        false => None,
    };
    (0..list.len()).map(row).collect()
}

/// One JSON object per row, of the texts that are there.
pub(super) fn json_rows(columns: &[(String, StringArray)], rows: usize) -> impl Iterator<Item = String> {
    (0..rows).map(move |row| {
        let there = columns.iter().filter(|(_, texts)| texts.is_valid(row) && !texts.value(row).is_empty());
        let object: serde_json::Map<String, serde_json::Value> =
            there.map(|(name, texts)| (name.clone(), texts.value(row).into())).collect();
        serde_json::Value::Object(object).to_string()
    })
}

/// The single column of a table feature.
pub(super) fn only_column(rows: &StructArray) -> Option<&str> {
    let names = rows.column_names();
    names.iter().find(|name| **name == "value").or_else(|| names.first()).copied()
}

#[cfg(test)]
mod tests {
    use crate::testing::lens;
    use serde_json::json;

    #[test]
    fn numbers_are_a_vector_named_by_their_paths() {
        let message = json!({"header": {"stamp": {"$t": 999_995_000_000_i64}, "frame_id": "f", "seq": 7}, "a": 1, "b": {"c": 2.5, "d": true},
            "list": [1.0, 2.0], "motors": [{"q": 0.1, "t": [20, 21]}, {"q": 0.2, "t": [22, 23]}], "mode": "idle"});
        assert_eq!(
            lens("my_msgs/msg/State", "/state", json!([message, message])),
            "/state vector frame=f names=a,b.c,b.d
  -5 value=[1,2.5,1]
  -5 value=[1,2.5,1]
/state#list vector frame=f
  -5 value=[1,2]
  -5 value=[1,2]
/state#motors.q vector frame=f
  -5 value=[0.1,0.2]
  -5 value=[0.1,0.2]
/state#motors.t vector frame=f
  -5 value=[20,21,22,23]
  -5 value=[20,21,22,23]
/state#text event
  -5 text=\"idle\"
2 = 2 + 0 + 0
"
        );
    }

    #[test]
    fn known_shapes_are_known() {
        let pose = json!({"position": {"x": 1.0, "y": 2.0, "z": 3.0}, "orientation": {"x": 0.0, "y": 0.0, "z": 0.0, "w": 1.0}});
        let message = json!({"id": 7, "tcp": pose, "ft": {"force": {"x": 1.0, "y": 0.0, "z": 0.0}, "torque": {"x": 0.0, "y": 0.0, "z": 2.0}}});
        assert_eq!(
            lens("x/ArmState", "/arm", json!([message])),
            "/arm#tcp pose unit=m
  0 x_m=1 y_m=2 z_m=3 qx=0 qy=0 qz=0 qw=1
/arm#ft wrench unit=N, N·m
  0 fx_n=1 fy_n=0 fz_n=0 tx_nm=0 ty_nm=0 tz_nm=2
/arm#id scalar
  0 value=7
1 = 1 + 0 + 0
"
        );
        let message = json!({"joint_names": ["a", "b"], "q": [1.0, 2.0], "dq": [0.1, 0.2]});
        assert_eq!(
            lens("x/Joints", "/j", json!([message])),
            "/j joint_state names=a,b\n  0 position=[1,2] velocity=[0.1,0.2]\n1 = 1 + 0 + 0\n"
        );
        let message = json!({"rows": 2, "cols": 2, "pressure": [1.0, 2.0, 3.0, 4.0]});
        assert_eq!(
            lens("x/Pad", "/pad", json!([message])),
            "/pad tactile shape=[2, 2]\n  0 value=[1,2,3,4]\n1 = 1 + 0 + 0\n"
        );
        let message =
            json!({"stamp": {"$t": 1_000_000_000_000_i64}, "format": "jpeg", "data": {"$b": 9}, "exposure": 0.5});
        assert_eq!(
            lens("x/Photo", "/photo", json!([message])),
            "/photo image
  0 codec=\"jpeg\" key_frame=true inner_offset=0 length=9
/photo#exposure scalar
  0 value=0.5
1 = 1 + 0 + 0
"
        );
    }

    #[test]
    fn what_has_nothing_usable_is_unmapped() {
        assert_eq!(lens("x/Bytes", "/b", json!([{"payload": {"$b": 9}}])), "1 = 0 + 1 + 0\n");
        assert_eq!(lens("x/Nothing", "/n", json!([{"items": []}])), "1 = 0 + 1 + 0\n");
    }

    #[test]
    fn texts_alone_are_events_each() {
        let messages = json!([{"label": "a", "who": "x"}, {"label": "a", "who": "x"}]);
        assert_eq!(
            lens("x/Label", "/l", messages),
            "/l event
  0 text=\"{\\\"label\\\":\\\"a\\\",\\\"who\\\":\\\"x\\\"}\"
  10 text=\"{\\\"label\\\":\\\"a\\\",\\\"who\\\":\\\"x\\\"}\"
2 = 2 + 0 + 0
"
        );
    }

    #[test]
    fn a_type_that_lacks_the_fields_of_its_name_is_taken_by_structure() {
        assert_eq!(
            lens("sensor_msgs/JointState", "/js", json!([{"angle": 1.0}])),
            "/js scalar\n  0 value=1\n1 = 1 + 0 + 0\n"
        );
    }
}

//! What a row holds: values by the way to them.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Builder, ListBuilder, StringArray, StructArray};
use arrow::datatypes::{DataType, Field, Fields};
use prairie_model::{BlobColumns, BlobRef, blob_field};
use serde_json::{Map, Value};

/// Numbers of one value. A hand has a thousand tactile points at most.
const NUMBERS_MAX: usize = 1 << 20;

/// What the values of a channel are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Numbers,
    Text,
    /// A file of a picture.
    Picture,
    /// A file of something else.
    File,
}

/// One value of a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    /// Null is for what is no number.
    Numbers(Vec<Option<f64>>),
    Text(String),
    /// The path of a file, from the folder of the episode on.
    Path(String),
    /// Something that nobody expects here.
    Odd,
}

/// Parts of a row that hold paths of files, and of what.
const FILES: [(&str, Kind); 3] = [("colors", Kind::Picture), ("depths", Kind::Picture), ("audios", Kind::File)];

/// Parts of a row that are kept as text.
const TEXTS: [&str; 1] = ["sim_state"];

/// The row of these bytes; `None` where they are none. What Python writes and JSON has not becomes null.
pub(super) fn parse(bytes: &[u8]) -> Option<Map<String, Value>> {
    let value = match serde_json::from_slice(bytes) {
        Ok(value) => value,
        Err(_) => serde_json::from_slice(&without_nan(bytes)).ok()?,
    };
    match value {
        Value::Object(row) => Some(row),
        _ => None,
    }
}

/// The text with null for `NaN`, `Infinity` and `-Infinity`, where they stand by themselves.
pub(super) fn without_nan(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let (mut in_text, mut escaped) = (false, false);
    let mut rest = bytes;
    while let Some((byte, after)) = rest.split_first() {
        if in_text {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_text = false,
                _ => {}
            }
        } else if let Some(word) =
            [&b"NaN"[..], b"Infinity", b"-Infinity"].into_iter().find(|word| rest.starts_with(word))
        {
            out.extend_from_slice(b"null");
            // OK to index: it begins with the word.
            rest = &rest[word.len()..];
            continue;
        } else if *byte == b'"' {
            in_text = true;
        }
        out.push(*byte);
        rest = after;
    }
    out
}

/// Calls `take` with each value of a row, by the way to it.
pub(super) fn cells(row: Map<String, Value>, take: &mut dyn FnMut(String, Kind, Cell)) {
    for (part, value) in row {
        if part == "idx" {
            continue;
        }
        if TEXTS.contains(&part.as_str()) {
            match value {
                Value::Null => {}
                Value::String(text) if text.is_empty() => {}
                Value::String(text) => take(part, Kind::Text, Cell::Text(text)),
                other => take(part, Kind::Text, Cell::Text(other.to_string())),
            }
            continue;
        }
        let file = FILES.iter().find(|(name, _)| *name == part).map(|(_, kind)| *kind);
        walk(part, value, file, take);
    }
}

// The nesting is bounded, since serde_json refuses more than 128 levels.
fn walk(path: String, value: Value, file: Option<Kind>, take: &mut dyn FnMut(String, Kind, Cell)) {
    match value {
        Value::Null => {}
        Value::Object(members) => {
            members.into_iter().for_each(|(name, value)| walk(format!("{path}.{name}"), value, file, take));
        }
        Value::String(text) if text.is_empty() => {}
        Value::String(text) => match file {
            Some(kind) => take(path, kind, Cell::Path(text.replace('\\', "/"))),
            None => take(path, Kind::Text, Cell::Text(text)),
        },
        Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
            let mut numbers = Vec::new();
            let plain = flatten(&value, &mut numbers);
            let kind = file.unwrap_or(Kind::Numbers);
            match plain && file.is_none() {
                // A part that the robot does not have.
                true if numbers.is_empty() => {}
                true => take(path, kind, Cell::Numbers(numbers)),
                false => take(path, kind, Cell::Odd),
            }
        }
    }
}

/// Appends numbers however they are nested; false where there is something else.
fn flatten(value: &Value, out: &mut Vec<Option<f64>>) -> bool {
    match value {
        Value::Array(items) => items.iter().all(|item| flatten(item, out)),
        Value::Null => {
            out.push(None);
            true
        }
        Value::Bool(flag) => {
            out.push(Some(f64::from(u8::from(*flag))));
            true
        }
        Value::Number(number) => {
            out.push(number.as_f64());
            out.len() <= NUMBERS_MAX
        }
        Value::String(_) | Value::Object(_) => false,
    }
}

/// The columns of the messages of a channel.
pub(super) fn fields(kind: Kind) -> Fields {
    match kind {
        Kind::Numbers => {
            let item = Arc::new(Field::new_list_field(DataType::Float64, true));
            Fields::from(vec![Field::new("value", DataType::List(item), true)])
        }
        Kind::Text => Fields::from(vec![Field::new("text", DataType::Utf8, true)]),
        Kind::Picture | Kind::File => Fields::from(vec![blob_field("data")]),
    }
}

/// Rows of one channel that wait to be delivered.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    pub(super) times: Vec<i64>,
    numbers: Vec<Vec<Option<f64>>>,
    texts: Vec<String>,
    blobs: BlobColumns,
    weight: usize,
}

impl Waiting {
    /// Bytes that wait, about.
    pub(super) fn weight(&self) -> usize {
        self.weight
    }

    pub(super) fn numbers(&mut self, time: i64, numbers: Vec<Option<f64>>) {
        self.weight += 16 * numbers.len();
        self.numbers.push(numbers);
        self.times.push(time);
    }

    pub(super) fn text(&mut self, time: i64, text: String) {
        self.weight += text.len();
        self.texts.push(text);
        self.times.push(time);
    }

    pub(super) fn blob(&mut self, time: i64, blob: BlobRef) {
        self.blobs.push(blob);
        self.times.push(time);
    }

    /// Takes the rows and their times out.
    pub(super) fn finish(self, kind: Kind) -> Option<(Vec<i64>, StructArray)> {
        let column: ArrayRef = match kind {
            Kind::Numbers => {
                let mut lists = ListBuilder::new(Float64Builder::new());
                for row in self.numbers {
                    row.into_iter().for_each(|number| lists.values().append_option(number));
                    lists.append(true);
                }
                Arc::new(lists.finish())
            }
            Kind::Text => Arc::new(StringArray::from(self.texts)),
            Kind::Picture | Kind::File => {
                let mut blobs = self.blobs;
                Arc::new(blobs.finish())
            }
        };
        Some((self.times, StructArray::try_new(fields(kind), vec![column], None).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_by_the_way_to_them() {
        let text = br#"{"idx": 3, "colors": {"color_0": "colors\\a.jpg", "color_1": null}, "depths": null,
            "states": {"left_arm": {"qpos": [1, NaN, -Infinity], "qvel": []}, "body": null, "gripper": 0.5},
            "tactiles": {"left_ee": [[1, 2], [3, 4]]}, "sim_state": {"NaN": 1}, "odd": [{"a": 1}], "note": "NaN"}"#;
        let mut found = Vec::new();
        cells(parse(text).unwrap(), &mut |path, kind, cell| found.push((path, kind, cell)));
        let numbers = |numbers: &[f64]| Cell::Numbers(numbers.iter().map(|number| Some(*number)).collect());
        let expected = [
            ("colors.color_0", Kind::Picture, Cell::Path("colors/a.jpg".to_owned())),
            ("states.left_arm.qpos", Kind::Numbers, Cell::Numbers(vec![Some(1.0), None, None])),
            ("states.gripper", Kind::Numbers, numbers(&[0.5])),
            ("tactiles.left_ee", Kind::Numbers, numbers(&[1.0, 2.0, 3.0, 4.0])),
            ("sim_state", Kind::Text, Cell::Text(r#"{"NaN":1}"#.to_owned())),
            ("odd", Kind::Numbers, Cell::Odd),
            ("note", Kind::Text, Cell::Text("NaN".to_owned())),
        ];
        assert_eq!(found, expected.map(|(path, kind, cell)| (path.to_owned(), kind, cell)));
        assert_eq!(parse(b"[1]"), None);
        assert_eq!(parse(b"{\"a\": nan}"), None);
    }
}

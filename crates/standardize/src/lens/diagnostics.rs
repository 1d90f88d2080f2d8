//! `diagnostic_msgs`: one event per component.

use arrow::array::{Array, AsArray, Int64Array, StringArray, UInt32Array};
use prairie_model::StreamKind;
use serde_json::{Map, Value};

use super::{Input, Lens};
use crate::columns::{self, bounds};
use crate::part::Part;

/// The level, and name, message, hardware and values as JSON.
#[derive(Debug)]
pub(crate) struct Diagnostics;

impl Lens for Diagnostics {
    fn name(&self) -> &'static str {
        "diagnostics"
    }

    fn schemas(&self) -> &'static [&'static str] {
        &["diagnostic_msgs/DiagnosticArray"]
    }

    fn convert(&self, input: &Input<'_>) -> Vec<Part> {
        let Some(list) = input.at("status").and_then(|status| columns::to_list(&status)) else { return Vec::new() };
        let Some(status) = list.values().as_struct_opt() else { return Vec::new() };
        let text = |path: &str| columns::texts(&columns::at(status, path)?);
        let (names, messages, hardware) = (text("name"), text("message"), text("hardware_id"));
        let level = columns::at(status, "level").and_then(|level| columns::numbers(&level));
        let keys = columns::at(status, "values.key").and_then(|keys| columns::text_lists(&keys));
        let values = columns::at(status, "values.value").and_then(|values| columns::text_lists(&values));
        let (mut rows, mut levels, mut texts) = (Vec::new(), Vec::new(), Vec::new());
        for row in (0..list.len()).filter(|row| list.is_valid(*row)) {
            let (from, to) = bounds(&list, row);
            for item in from..to {
                let mut object = Map::new();
                let mut put = |key: &str, texts: &Option<StringArray>| {
                    let text = texts.as_ref().filter(|texts| texts.is_valid(item)).map(|texts| texts.value(item));
                    if let Some(text) = text.filter(|text| !text.is_empty()) {
                        object.insert(key.to_owned(), text.into());
                    }
                };
                put("name", &names);
                put("message", &messages);
                put("hardware_id", &hardware);
                if let (Some((list, keys)), Some((_, values))) = (&keys, &values) {
                    let (from, to) = bounds(list, item);
                    let pairs = (from..to).map(|at| (keys.value(at).to_owned(), Value::from(values.value(at))));
                    object.insert("values".to_owned(), Value::Object(pairs.collect()));
                }
                // OK to cast: Arrow's lists of rows stay below 2^31.
                rows.push(row as u32);
                levels.push(
                    level.as_ref().filter(|level| level.is_valid(item)).and_then(|level| name(level.value(item))),
                );
                texts.push(Value::Object(object).to_string());
            }
        }
        let rows = UInt32Array::from(rows);
        let header = input.stamp().and_then(|stamp| columns::pick(&stamp, &rows));
        let part = Part::new(StreamKind::Event, texts.len())
            .header(header.map(|header| -> Int64Array { header.as_primitive().clone() }))
            .with("level", Some(StringArray::from(levels)))
            .with("text", Some(StringArray::from(texts)))
            .rows(rows);
        vec![part]
    }
}

fn name(level: f64) -> Option<&'static str> {
    match level {
        0.0 => Some("info"),
        1.0 => Some("warning"),
        2.0 => Some("error"),
        3.0 => Some("stale"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::lens;
    use serde_json::json;

    #[test]
    fn one_event_per_component() {
        let status = |level: u8, name: &str| json!({"level": level, "name": name, "message": "m", "hardware_id": "", "values": [{"key": "k", "value": "v"}]});
        let messages = json!([{"status": [status(2, "motor"), status(0, "fan")]}, {"status": []}]);
        assert_eq!(
            lens("diagnostic_msgs/msg/DiagnosticArray", "/diagnostics", messages),
            "/diagnostics event
  0 level=\"error\" text=\"{\\\"name\\\":\\\"motor\\\",\\\"message\\\":\\\"m\\\",\\\"values\\\":{\\\"k\\\":\\\"v\\\"}}\"
  0 level=\"info\" text=\"{\\\"name\\\":\\\"fan\\\",\\\"message\\\":\\\"m\\\",\\\"values\\\":{\\\"k\\\":\\\"v\\\"}}\"
2 = 1 + 1 + 0
"
        );
    }
}

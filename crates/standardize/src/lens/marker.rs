//! Marks of episodes and of their parts: `prairie_msgs/EpisodeMarker` and `prairie_msgs/Segment`.
//!
//! What they mean is in `segment.rs`; here they become events like any other text, so that no message is lost.

use arrow::array::StringArray;
use prairie_model::StreamKind;

use super::structure::json_rows;
use super::{Input, Lens};
use crate::part::Part;

/// One event per mark: its fields as JSON.
#[derive(Debug)]
pub(crate) struct Marker;

impl Lens for Marker {
    fn name(&self) -> &'static str {
        "marker"
    }

    fn schemas(&self) -> &'static [&'static str] {
        &["prairie_msgs/EpisodeMarker", "prairie_msgs/Segment"]
    }

    fn convert(&self, input: &Input<'_>) -> Vec<Part> {
        let fields =
            ["event", "label", "name", "task", "outcome", "mode", "operator", "robot", "station", "cause", "annotator"];
        let columns: Vec<_> =
            fields.into_iter().filter_map(|name| Some((name.to_owned(), input.texts(name)?))).collect();
        if columns.is_empty() {
            return Vec::new();
        }
        let header = input.stamp().or_else(|| input.nanos("start"));
        let text = StringArray::from_iter_values(json_rows(&columns, input.len()));
        vec![input.part(StreamKind::Event).header(header).with("text", Some(text))]
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::lens;
    use serde_json::json;

    #[test]
    fn a_mark_is_an_event_too() {
        let message =
            json!({"stamp": {"$t": 1_000_000_000_000_i64}, "event": "start", "task": "insert", "outcome": ""});
        assert_eq!(
            lens("prairie_msgs/msg/EpisodeMarker", "/marks", json!([message])),
            "/marks event\n  0 text=\"{\\\"event\\\":\\\"start\\\",\\\"task\\\":\\\"insert\\\"}\"\n1 = 1 + 0 + 0\n"
        );
    }
}

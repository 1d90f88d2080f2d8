//! Texts: `std_msgs/String`, and `std_msgs/Empty`, whose arrival is all it says.

use arrow::array::StringArray;
use prairie_model::StreamKind;

use super::{Input, Lens};
use crate::part::Part;

/// One event per message.
#[derive(Debug)]
pub(crate) struct Text;

impl Lens for Text {
    fn name(&self) -> &'static str {
        "string"
    }

    fn schemas(&self) -> &'static [&'static str] {
        &["example_interfaces/String", "std_msgs/Empty", "std_msgs/String"]
    }

    fn convert(&self, input: &Input<'_>) -> Vec<Part> {
        let texts = match input.schema {
            "std_msgs/Empty" => Some(StringArray::from_iter_values(std::iter::repeat_n("", input.len()))),
            _ => input.texts("data").map(not_null),
        };
        texts.map(|texts| input.part(StreamKind::Event).with("text", Some(texts))).into_iter().collect()
    }
}

/// Texts in which a missing one is empty: an event without words is still an event.
pub(crate) fn not_null(texts: StringArray) -> StringArray {
    use arrow::array::Array;
    if texts.null_count() == 0 {
        return texts;
    }
    StringArray::from_iter_values(texts.iter().map(Option::unwrap_or_default))
}

#[cfg(test)]
mod tests {
    use crate::testing::lens;
    use serde_json::json;

    #[test]
    fn every_message_is_an_event() {
        assert_eq!(
            lens("std_msgs/msg/String", "/note", json!([{"data": "a"}, {"data": "a"}, {"data": null}])),
            "/note event\n  0 text=\"a\"\n  10 text=\"a\"\n  20 text=\"\"\n3 = 3 + 0 + 0\n"
        );
        assert_eq!(
            lens("std_msgs/Empty", "/beat", json!([{"structure_needs_at_least_one_member": 0}])),
            "/beat event\n  0 text=\"\"\n1 = 1 + 0 + 0\n"
        );
    }
}

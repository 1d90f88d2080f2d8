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

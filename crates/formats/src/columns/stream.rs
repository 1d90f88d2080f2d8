//! Streams of a recording, and the rows of them that wait to be delivered.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Builder, ListBuilder, StringArray, StructArray};
use arrow::datatypes::{DataType, Field, Fields};
use prairie_model::{BlobColumns, BlobRef, PictureInfo, blob_field};

use super::config::StreamConfig;

/// What the rows of a stream are.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Numbers,
    Texts,
    /// Pictures that lie in the file as they are.
    Pictures(PictureInfo),
}

/// A stream: one channel.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stream {
    pub(super) config: StreamConfig,
    pub(super) kind: Kind,
    /// Elements per axis of a row; empty where the first file does not say.
    pub(super) shape: Vec<u64>,
}

impl Stream {
    /// The one column of its messages.
    pub(super) fn fields(&self) -> Fields {
        let field = match self.kind {
            Kind::Numbers => {
                let item = Arc::new(Field::new_list_field(DataType::Float64, true));
                Field::new("value", DataType::List(item), true)
            }
            Kind::Texts => Field::new("text", DataType::Utf8, true),
            Kind::Pictures(_) => blob_field("data"),
        };
        Fields::from(vec![field])
    }
}

/// Rows that wait.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    pub(super) times: Vec<i64>,
    /// Elements of each row, and of all of them.
    lengths: Vec<usize>,
    ended: usize,
    pub(super) numbers: Vec<Option<f64>>,
    pub(super) texts: Vec<String>,
    pub(super) places: Vec<BlobRef>,
}

impl Waiting {
    /// Ends a row of numbers, whose elements were pushed since the last.
    pub(super) fn end_row(&mut self, time: i64) {
        self.lengths.push(self.numbers.len() - self.ended);
        self.ended = self.numbers.len();
        self.times.push(time);
    }

    pub(super) fn text(&mut self, time: i64, text: String) {
        self.texts.push(text);
        self.times.push(time);
    }

    pub(super) fn place(&mut self, time: i64, place: BlobRef) {
        self.places.push(place);
        self.times.push(time);
    }

    /// Takes the rows out: their times, and their messages.
    pub(super) fn take(&mut self, stream: &Stream) -> Option<(Vec<i64>, StructArray)> {
        let waiting = std::mem::take(self);
        if waiting.times.is_empty() {
            return None;
        }
        let column: ArrayRef = match stream.kind {
            Kind::Numbers => {
                let mut lists = ListBuilder::new(Float64Builder::with_capacity(waiting.numbers.len()));
                let mut numbers = waiting.numbers.into_iter();
                for length in waiting.lengths {
                    numbers.by_ref().take(length).for_each(|number| lists.values().append_option(number));
                    lists.append(true);
                }
                Arc::new(lists.finish())
            }
            Kind::Texts => Arc::new(StringArray::from_iter_values(waiting.texts)),
            Kind::Pictures(_) => {
                let mut places = BlobColumns::default();
                waiting.places.into_iter().for_each(|place| places.push(place));
                Arc::new(places.finish())
            }
        };
        let messages = StructArray::try_new(stream.fields(), vec![column], None).ok()?;
        Some((waiting.times, messages))
    }
}

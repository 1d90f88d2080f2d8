//! Which columns the table of a stream has, over all episodes.
//!
//! A list of numbers becomes a column per element where the elements have names (`position.elbow`), or are few and always as
//! many (`value.0`); otherwise it stays a list. Elements are found by name, so that episodes in which joints come in another
//! order, or not at all, share their columns. A column that no sample fills is not there.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, ArrayRef, AsArray, ListArray};
use arrow::datatypes::{DataType, Field, Float64Type};
use prairie_model::{Stream, StreamBatch, StreamKind};

/// Columns that a list without names may become, and those that one with names may.
const NUMBERED_MAX: usize = 64;
const NAMED_MAX: usize = 4096;

/// What one table is about. Numbers of two units are never in one column.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Subject {
    pub(super) stream: String,
    pub(super) kind: StreamKind,
    pub(super) unit: Option<String>,
    /// Of commands.
    pub(super) representation: Option<String>,
}

impl Subject {
    /// `None` where samples stay in the recording, or are of no known kind.
    pub(super) fn of(stream: &Stream) -> Option<Self> {
        let kind = stream.kind.filter(|kind| !kind.is_frames())?;
        Some(Self {
            stream: stream.name.clone(),
            kind,
            unit: stream.unit.clone(),
            representation: stream.representation.clone(),
        })
    }
}

/// One column of numbers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Column {
    /// Its name in the file.
    pub(super) name: String,
    /// SI, as far as it is known.
    pub(super) unit: Option<String>,
    /// The column of the stream's kind that it is taken from.
    pub(super) source: &'static str,
    pub(super) take: Take,
}

/// What of its source a column holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Take {
    /// All of it: one number a sample.
    Number,
    /// The element that has this label.
    Element(String),
    /// All of it: a list a sample.
    List,
}

impl Column {
    pub(super) fn field(&self) -> Field {
        let item = Field::new_list_field(DataType::Float64, true);
        let kind = if self.take == Take::List { DataType::List(item.into()) } else { DataType::Float64 };
        let unit = self.unit.iter().map(|unit| ("unit".to_owned(), unit.clone()));
        Field::new(&self.name, kind, true).with_metadata(unit.collect())
    }

    /// The values of a batch. `labels` are those of its stream.
    pub(super) fn values(&self, batch: &StreamBatch, labels: &[String]) -> ArrayRef {
        let rows = batch.len();
        let Some(source) = batch.samples.column_by_name(self.source) else {
            return arrow::array::new_null_array(self.field().data_type(), rows);
        };
        let Take::Element(label) = &self.take else { return source.clone() };
        let place = match labels.is_empty() {
            true => label.parse().ok(),
            false => labels.iter().position(|known| known == label),
        };
        let (Some(place), Some(list)) = (place, source.as_list_opt::<i32>()) else {
            return arrow::array::new_null_array(&DataType::Float64, rows);
        };
        element(list, place)
    }
}

/// Element `place` of every list; null where the list has none.
fn element(list: &ListArray, place: usize) -> ArrayRef {
    let values = list.values().as_primitive_opt::<Float64Type>();
    let one = |row: usize| {
        let values = values.filter(|_| list.is_valid(row))?;
        // OK to cast: offsets of a list are never negative.
        let (from, to) = (list.value_offsets()[row] as usize, list.value_offsets()[row + 1] as usize);
        let at = from.checked_add(place).filter(|at| *at < to && values.is_valid(*at))?;
        Some(values.value(at))
    };
    std::sync::Arc::new((0..list.len()).map(one).collect::<arrow::array::Float64Array>())
}

/// The names of a stream's elements, each unique: the second `joint` is `joint#2`.
pub(super) fn labels(stream: &Stream) -> Vec<String> {
    let mut uses: BTreeMap<&str, usize> = BTreeMap::new();
    let unique = stream.names.iter().map(|name| {
        let uses = uses.entry(name).or_default();
        *uses += 1;
        if *uses == 1 { name.clone() } else { format!("{name}#{uses}") }
    });
    unique.collect()
}

/// What was seen of the numbers of a table.
#[derive(Debug, Default)]
pub(super) struct Shape {
    /// Every label, in the order in which they first came.
    labels: Vec<String>,
    known: BTreeSet<String>,
    /// Whether each list was as long as its stream has names.
    named: bool,
    begun: bool,
    /// By column of the kind: the shortest and the longest list; (1, 1) for numbers. Only those with any value.
    lengths: BTreeMap<&'static str, (usize, usize)>,
}

impl Shape {
    /// Looks at the samples of one episode.
    pub(super) fn see(&mut self, batch: &StreamBatch, labels: &[String]) {
        if !self.begun {
            (self.begun, self.named) = (true, true);
        }
        for label in labels {
            if self.known.insert(label.clone()) {
                self.labels.push(label.clone());
            }
        }
        for (name, is_list, _) in batch.kind().map(StreamKind::numbers).unwrap_or_default() {
            let Some(column) = batch.samples.column_by_name(name) else { continue };
            if column.null_count() == column.len() {
                continue;
            }
            let Some(list) = column.as_list_opt::<i32>().filter(|_| *is_list) else {
                self.lengths.insert(name, (1, 1));
                continue;
            };
            for row in (0..list.len()).filter(|row| list.is_valid(*row)) {
                // OK to cast: the length of a list is never negative.
                let length = list.value_length(row) as usize;
                let (least, most) = self.lengths.entry(name).or_insert((length, length));
                (*least, *most) = ((*least).min(length), (*most).max(length));
                // An empty list of a message is one that it does not have.
                self.named &= length == labels.len() || length == 0;
            }
        }
    }

    /// The columns of the table.
    pub(super) fn columns(&self, subject: &Subject) -> Vec<Column> {
        let mut columns = Vec::new();
        for (source, is_list, unit) in subject.kind.numbers() {
            let Some((least, most)) = self.lengths.get(source).filter(|(_, most)| *most > 0) else { continue };
            let unit = if unit.is_empty() { subject.unit.clone() } else { Some((*unit).to_owned()) };
            let mut add = |name: String, take: Take| columns.push(Column { name, unit: unit.clone(), source, take });
            if !is_list {
                add((*source).to_owned(), Take::Number);
            } else if self.named && (1..=NAMED_MAX).contains(&self.labels.len()) {
                for label in &self.labels {
                    add(format!("{source}.{label}"), Take::Element(label.clone()));
                }
            } else if self.labels.is_empty() && least == most && *most <= NUMBERED_MAX {
                (0..*most).for_each(|at| add(format!("{source}.{at}"), Take::Element(at.to_string())));
            } else {
                add((*source).to_owned(), Take::List);
            }
        }
        columns
    }
}

/// Names of files: one for each text, alike to it, also where case does not tell names apart.
#[derive(Debug, Default)]
pub(super) struct FileNames(Vec<String>);

/// Letters of a file's name.
const NAME_MAX: usize = 100;

impl FileNames {
    /// A name that no other has.
    pub(super) fn take(&mut self, text: &str) -> String {
        let plain = |letter: char| if letter.is_ascii_alphanumeric() || "-.".contains(letter) { letter } else { '_' };
        let name: String = text.chars().map(plain).take(NAME_MAX).collect();
        let name = name.trim_matches(['_', '.']);
        let name = if name.is_empty() { "stream" } else { name };
        let mut unique = name.to_owned();
        let mut number = 1;
        while self.0.contains(&unique.to_lowercase()) {
            number += 1;
            unique = format!("{name}_{number}");
        }
        self.0.push(unique.to_lowercase());
        unique
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Float64Array, Float64Builder, Int64Array, ListBuilder, RecordBatch};

    use super::*;

    /// Rows of lists as a batch of a stream of commands.
    fn batch(names: &[&str], rows: &[Option<&[f64]>]) -> StreamBatch {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let stream = Stream { kind: Some(StreamKind::Action), names, ..Stream::default() };
        let mut list = ListBuilder::new(Float64Builder::new());
        for row in rows {
            row.iter().for_each(|row| list.values().append_slice(row));
            list.append(row.is_some());
        }
        let times: ArrayRef = Arc::new(Int64Array::from_iter_values(0..rows.len() as i64));
        let nulls = arrow::array::new_null_array(&DataType::Int64, rows.len());
        let schema = Arc::new(arrow::datatypes::Schema::new(StreamKind::Action.fields()));
        let columns = vec![times, nulls.clone(), nulls, Arc::new(list.finish()) as ArrayRef];
        let samples = RecordBatch::try_new(schema, columns).unwrap();
        StreamBatch { episode: 0, index: 0, stream: Arc::new(stream), samples }
    }

    fn columns(batches: &[&StreamBatch]) -> Vec<Column> {
        let mut shape = Shape::default();
        batches.iter().for_each(|batch| shape.see(batch, &labels(&batch.stream)));
        shape.columns(&Subject::of(&batches[0].stream).unwrap())
    }

    fn values(column: &Column, batch: &StreamBatch) -> Vec<Option<f64>> {
        let values = column.values(batch, &labels(&batch.stream));
        values.as_any().downcast_ref::<Float64Array>().unwrap().iter().collect()
    }

    #[test]
    fn elements_are_found_by_name_in_every_episode() {
        let (one, two) = (batch(&["a", "b"], &[Some(&[1.0, 2.0]), None]), batch(&["b", "c"], &[Some(&[3.0, 4.0])]));
        let columns = columns(&[&one, &two]);
        let names: Vec<_> = columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["value.a", "value.b", "value.c"]);
        assert_eq!(values(&columns[1], &one), [Some(2.0), None]);
        assert_eq!(values(&columns[1], &two), [Some(3.0)]);
        assert_eq!(values(&columns[0], &two), [None]);
    }

    #[test]
    fn lists_without_names_are_numbered_where_they_are_even() {
        let even = batch(&[], &[Some(&[1.0, 2.0]), Some(&[3.0, 4.0])]);
        let columns_of_even = columns(&[&even]);
        assert_eq!(columns_of_even.len(), 2);
        assert_eq!(values(&columns_of_even[1], &even), [Some(2.0), Some(4.0)]);
        let ragged = batch(&[], &[Some(&[1.0, 2.0]), Some(&[3.0])]);
        assert_eq!(columns(&[&ragged])[0].take, Take::List);
        let beyond = batch(&["a"], &[Some(&[1.0, 2.0])]);
        assert_eq!(columns(&[&beyond])[0].take, Take::List, "no number may be lost for want of a name");
        assert!(columns(&[&batch(&["a"], &[None])]).is_empty());
    }

    #[test]
    fn names_stay_apart() {
        let stream = Stream { names: ["j", "j", "k"].map(str::to_owned).to_vec(), ..Stream::default() };
        assert_eq!(labels(&stream), ["j", "j#2", "k"]);
        let mut names = FileNames::default();
        let files = ["/camera/front", "camera front", "/Camera/Front", "///", "../x"].map(|text| names.take(text));
        assert_eq!(files, ["camera_front", "camera_front_2", "Camera_Front_3", "stream", "x"]);
    }
}

//! What a lens makes of a batch of messages: samples of one stream, before their times are settled.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};

use arrow::array::{
    Array, ArrayRef, AsArray, Float64Array, Int64Array, ListArray, StringArray, UInt32Array, new_null_array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, Float64Type, Schema, SchemaRef};
use prairie_model::{PictureInfo, StreamKind, TIME_FIELDS};

use crate::columns::{bounds, pick};

/// The columns of a kind. Made once: parts ask for them with every column they set.
pub(crate) fn schema_of(kind: StreamKind) -> SchemaRef {
    static SCHEMAS: LazyLock<BTreeMap<StreamKind, SchemaRef>> = LazyLock::new(|| {
        StreamKind::ALL.into_iter().map(|kind| (kind, Arc::new(Schema::new(kind.fields())))).collect()
    });
    SCHEMAS.get(&kind).cloned().expect("`ALL` holds every kind")
}

/// What is known of a stream, beyond its samples.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Facts {
    pub(crate) unit: Option<String>,
    pub(crate) frame: Option<String>,
    pub(crate) child_frame: Option<String>,
    pub(crate) names: Vec<String>,
    pub(crate) shape: Vec<u64>,
    pub(crate) representation: Option<String>,
    pub(crate) picture: Option<PictureInfo>,
}

/// Samples of one stream, from one batch of messages.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    /// Tells apart the streams of one channel: `twist` of `/odom#twist`. Empty for the channel's main stream.
    pub(crate) suffix: String,
    pub(crate) kind: StreamKind,
    pub(crate) samples: usize,
    /// The message that each sample came from; `None` when sample `i` came from message `i`.
    pub(crate) rows: Option<UInt32Array>,
    /// Each sample's own stamp.
    pub(crate) header: Option<Int64Array>,
    /// Nanoseconds by which each sample lies after its message (the points of a trajectory).
    pub(crate) shift: Option<Int64Array>,
    /// The kind's own columns, in its order; `None` is null throughout.
    columns: Vec<Option<ArrayRef>>,
    pub(crate) facts: Facts,
    /// Whether samples that repeat the one before them are left out: texts that are sent with every message.
    pub(crate) on_change: bool,
    /// Whether the source says nothing about units, so that those of the kind are a guess.
    pub(crate) unit_assumed: bool,
}

impl Part {
    /// One sample per message, all columns null.
    pub(crate) fn new(kind: StreamKind, samples: usize) -> Self {
        Self {
            suffix: String::new(),
            kind,
            samples,
            rows: None,
            header: None,
            shift: None,
            columns: vec![None; schema_of(kind).fields().len() - TIME_FIELDS.len()],
            facts: Facts::default(),
            on_change: false,
            unit_assumed: false,
        }
    }

    pub(crate) fn suffix(mut self, suffix: impl Into<String>) -> Self {
        self.suffix = suffix.into();
        self
    }

    pub(crate) fn header(mut self, header: Option<Int64Array>) -> Self {
        self.header = header;
        self
    }

    pub(crate) fn rows(mut self, rows: UInt32Array) -> Self {
        self.rows = Some(rows);
        self
    }

    pub(crate) fn unit(mut self, unit: &str) -> Self {
        self.facts.unit = Some(unit.to_owned());
        self
    }

    pub(crate) fn names(mut self, names: Vec<String>) -> Self {
        self.facts.names = names;
        self
    }

    pub(crate) fn frame(mut self, frame: Option<String>) -> Self {
        self.facts.frame = frame;
        self
    }

    pub(crate) fn representation(mut self, representation: &str) -> Self {
        self.facts.representation = Some(representation.to_owned());
        self
    }

    /// Sets the column `name`; one that the kind does not have, or of another type, is a mistake of the lens.
    pub(crate) fn with(mut self, name: &str, column: Option<impl Array + 'static>) -> Self {
        if let Some(column) = column {
            self.set(name, Arc::new(column));
        }
        self
    }

    pub(crate) fn set(&mut self, name: &str, column: ArrayRef) {
        let schema = schema_of(self.kind);
        let fields = schema.fields();
        let at = fields.iter().position(|field| field.name() == name).filter(|at| *at >= TIME_FIELDS.len());
        let at = at.expect("lenses name columns of the kind they make");
        debug_assert_eq!(fields[at].data_type(), column.data_type(), "column `{name}` of {}", self.kind.name());
        debug_assert_eq!(column.len(), self.samples, "column `{name}` of {}", self.kind.name());
        self.columns[at - TIME_FIELDS.len()] = Some(column);
    }

    pub(crate) fn get(&self, name: &str) -> Option<&ArrayRef> {
        let at = schema_of(self.kind).fields().iter().position(|field| field.name() == name)?;
        self.columns.get(at.checked_sub(TIME_FIELDS.len())?)?.as_ref()
    }

    /// The column `name`, if it holds lists of numbers.
    pub(crate) fn list(&self, name: &str) -> Option<&ListArray> {
        self.get(name)?.as_list_opt()
    }

    /// This part's columns, with everything else as in `other`: rows, stamps, facts.
    pub(crate) fn with_meta_of(self, other: Self) -> Self {
        Self { kind: self.kind, samples: self.samples, columns: self.columns, ..other }
    }

    /// Forgets columns that are null throughout, as a choice of rows may leave them.
    pub(crate) fn prune(mut self) -> Self {
        for column in &mut self.columns {
            column.take_if(|column| column.null_count() == column.len());
        }
        self
    }

    /// The kind's own columns, null ones filled in.
    pub(crate) fn finish(&self) -> Vec<ArrayRef> {
        let schema = schema_of(self.kind);
        let fields = schema.fields();
        let fields = fields[TIME_FIELDS.len()..].iter();
        let filled = fields.zip(&self.columns).map(|(field, column)| match column {
            Some(column) => column.clone(),
            None if field.is_nullable() => new_null_array(field.data_type(), self.samples),
            None => empty_column(field.data_type(), self.samples),
        });
        filled.collect()
    }

    /// The samples `picks`.
    pub(crate) fn select(&self, picks: &UInt32Array) -> Self {
        // OK because `picks` are indices of samples, and `take` of such indices does not fail.
        let taken = |array: &dyn Array| pick(array, picks).expect("the samples are there");
        let rows = match &self.rows {
            Some(rows) => taken(rows).as_primitive().clone(),
            None => picks.clone(),
        };
        Self {
            suffix: self.suffix.clone(),
            kind: self.kind,
            samples: picks.len(),
            rows: Some(rows),
            header: self.header.as_ref().map(|header| taken(header).as_primitive().clone()),
            shift: self.shift.as_ref().map(|shift| taken(shift).as_primitive().clone()),
            columns: self.columns.iter().map(|column| column.as_ref().map(|column| taken(column))).collect(),
            facts: self.facts.clone(),
            on_change: self.on_change,
            unit_assumed: self.unit_assumed,
        }
    }

    /// One part for each frame that samples are given in, in the order of their appearance.
    pub(crate) fn by_frame(self, frames: Option<&StringArray>) -> Vec<Self> {
        let Some(frames) = frames else { return vec![self] };
        split_by_text(&self, frames, |part, frame| part.facts.frame = Some(frame.to_owned()))
    }

    /// The numbers of each sample as one list, with names for its elements: the first list that is not null, else all single
    /// columns.
    pub(crate) fn as_lists(&self) -> Option<(ListArray, Vec<String>)> {
        let numbers = self.kind.numbers();
        if let Some(list) = numbers.iter().filter(|(_, list, _)| *list).find_map(|(name, ..)| self.list(name)) {
            return Some((list.clone(), self.facts.names.clone()));
        }
        let single: Vec<(&str, &Float64Array)> = numbers
            .iter()
            .filter_map(|(name, ..)| Some((*name, self.get(name)?.as_primitive_opt::<Float64Type>()?)))
            .collect();
        if single.is_empty() {
            return None;
        }
        let columns: Vec<_> = single.iter().map(|(_, column)| *column).collect();
        // A number alone needs no name: the stream has one.
        let named = if single.len() > 1 { &single[..] } else { &[] };
        Some((interleave(&columns), named.iter().map(|(name, _)| (*name).to_owned()).collect()))
    }
}

/// A column for a field that may not be null and that the lens left out: codec names and texts are empty, numbers zero. Only
/// [`StreamKind::Event`] texts come here; frames always set theirs.
fn empty_column(kind: &DataType, samples: usize) -> ArrayRef {
    match kind {
        DataType::Utf8 => Arc::new(StringArray::from_iter_values(std::iter::repeat_n("", samples))),
        kind => new_null_array(kind, samples),
    }
}

/// Columns side by side as one list per row.
pub(crate) fn interleave(columns: &[&Float64Array]) -> ListArray {
    let rows = columns.first().map_or(0, |column| column.len());
    let width = columns.len();
    let mut values = vec![0.0; rows * width];
    for (at, column) in columns.iter().enumerate() {
        for (row, value) in column.values().iter().enumerate().take(rows) {
            values[row * width + at] = *value;
        }
    }
    let any_null = columns.iter().any(|column| column.null_count() > 0);
    let nulls =
        any_null.then(|| NullBuffer::from_iter((0..rows * width).map(|at| columns[at % width].is_valid(at / width))));
    let item = Arc::new(Field::new_list_field(DataType::Float64, true));
    let offsets = OffsetBuffer::from_lengths(std::iter::repeat_n(width, rows));
    ListArray::new(item, offsets, Arc::new(Float64Array::new(values.into(), nulls)), None)
}

/// Element `at` of each list, null where the list is shorter; `None` where all are.
pub(crate) fn element(list: &ListArray, at: usize) -> Option<Float64Array> {
    let values: &Float64Array = list.values().as_primitive_opt()?;
    let column: Float64Array = (0..list.len())
        .map(|row| {
            let (from, to) = bounds(list, row);
            (list.is_valid(row) && at < to - from && values.is_valid(from + at)).then(|| values.value(from + at))
        })
        .collect();
    (column.null_count() < column.len()).then_some(column)
}

/// Streams that one batch may be split into. Samples beyond are left out, and their messages are unmapped.
pub(crate) const MOST_GROUPS: usize = 4096;

/// One part for each text of `keys`, in the order of their appearance; `mark` writes the text into the part. A null or
/// empty text marks nothing.
pub(crate) fn split_by_text(part: &Part, keys: &StringArray, mark: impl Fn(&mut Part, &str)) -> Vec<Part> {
    let text = |row: usize| if keys.is_valid(row) { keys.value(row) } else { "" };
    let mut groups: Vec<(&str, Vec<u32>)> = Vec::new();
    let mut index = HashMap::new();
    let mut last = 0;
    for row in 0..part.samples.min(keys.len()) {
        let key = text(row);
        if groups.get(last).is_none_or(|(seen, _)| *seen != key) {
            if groups.len() >= MOST_GROUPS && !index.contains_key(key) {
                continue;
            }
            last = *index.entry(key).or_insert_with(|| {
                groups.push((key, Vec::new()));
                groups.len() - 1
            });
        }
        // OK to cast: Arrow's lists of rows stay below 2^31.
        groups[last].1.push(row as u32);
    }
    let alone = groups.len() == 1;
    let split = groups.into_iter().map(|(key, rows)| {
        let mut split = if alone { part.clone() } else { part.select(&UInt32Array::from(rows)) };
        if !key.is_empty() {
            mark(&mut split, key);
        }
        split
    });
    split.collect()
}

/// The texts of a row, as names.
pub(crate) fn names_of(list: &ListArray, texts: &StringArray, row: usize) -> Vec<String> {
    let (from, to) = bounds(list, row);
    (from..to).map(|at| texts.value(at).to_owned()).collect()
}

/// Lists whose empty rows are null, or `None` when nothing is left: ROS sends empty lists for what a driver does not measure.
pub(crate) fn without_empty(list: ListArray) -> Option<ListArray> {
    if list.value_offsets().windows(2).all(|pair| pair[1] > pair[0]) {
        return (!list.is_empty()).then_some(list);
    }
    let full = |row: usize| list.is_valid(row) && list.value_length(row) > 0;
    if !(0..list.len()).any(full) {
        return None;
    }
    let nulls = NullBuffer::from_iter((0..list.len()).map(full));
    let (item, offsets, values, _) = list.into_parts();
    // OK because only the validity changed.
    Some(ListArray::new(item, offsets, values, Some(nulls)))
}

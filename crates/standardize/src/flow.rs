//! One stream of an open episode: samples wait until the clock is decided, then pass.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, ListArray, RecordBatch, UInt32Array};
use arrow::datatypes::DataType;
use prairie_model::{Clock, Note, NoteKind, Stream, StreamBatch, StreamKind};

use crate::StandardizeError;
use crate::clock::{self, Choice, Pair, Watch};
use crate::columns::{bounds, pick};
use crate::part::{Part, schema_of};

/// Values that wait for a decision. Streams of very long vectors are decided on fewer samples.
const WAITING_MAX_BYTES: usize = 64 << 20;

/// A stream under way.
#[derive(Debug)]
pub(crate) struct Flow {
    pub(crate) stream: Stream,
    /// What batches carry; made when the clock is decided.
    shared: Option<Arc<Stream>>,
    choice: Option<Choice>,
    pairs: Vec<Pair>,
    waiting: Vec<Waiting>,
    waiting_bytes: usize,
    watch: Watch,
    notes: Vec<Note>,
    /// Stamps that are no times.
    invalid: u64,
    /// Lists of another length than the first.
    ragged: u64,
    width: Option<usize>,
    /// The last sample that passed, for streams whose repetitions are left out.
    last: Option<Vec<ArrayRef>>,
}

/// Samples whose clock is undecided.
#[derive(Debug)]
struct Waiting {
    pairs: Vec<Pair>,
    shift: Option<Int64Array>,
    columns: Vec<ArrayRef>,
}

/// Which clock the mapping asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Decide by the rule.
    Rule,
    Header,
    Log,
    /// The container gives one time per row.
    Row,
}

impl Flow {
    pub(crate) fn new(stream: Stream, wish: Wish) -> Self {
        let choice = match wish {
            Wish::Rule => None,
            Wish::Header => Some(Choice::Header(0)),
            Wish::Log | Wish::Row => Some(Choice::Log),
        };
        let mut flow = Self {
            stream,
            shared: None,
            choice: None,
            pairs: Vec::new(),
            waiting: Vec::new(),
            waiting_bytes: 0,
            watch: Watch::default(),
            notes: Vec::new(),
            invalid: 0,
            ragged: 0,
            width: None,
            last: None,
        };
        if wish == Wish::Row {
            flow.stream.clock = Clock::Row;
        }
        if let Some(choice) = choice {
            flow.decide(choice);
        }
        flow
    }

    /// Tells something about the stream when the episode ends.
    pub(crate) fn note(&mut self, kind: NoteKind, text: impl Into<String>) {
        self.notes.push(Note::new(kind, text));
    }

    /// Takes samples, with the log time of each, and gives those whose time is settled.
    pub(crate) fn push(
        &mut self,
        part: &Part,
        log: &[i64],
        out: &mut dyn FnMut(Arc<Stream>, RecordBatch),
    ) -> Result<(), StandardizeError> {
        let mut columns = part.finish();
        let mut pairs = self.pair(part, log);
        let mut shift = part.shift.clone();
        self.reorder(part, &mut columns);
        if part.on_change {
            let changed = self.changed(&columns);
            if changed.is_empty() {
                return Ok(());
            }
            if changed.len() < pairs.len() {
                // OK because these are indices of samples.
                pairs = changed.values().iter().map(|row| pairs[*row as usize]).collect();
                let taken = |array: &dyn Array| pick(array, &changed).expect("the samples are there");
                columns = columns.iter().map(|column| taken(column)).collect();
                shift = shift.map(|shift| taken(&shift).as_primitive().clone());
            }
        }
        self.count_ragged(&columns);
        if let Some(choice) = self.choice {
            return self.emit(choice, Waiting { pairs, shift, columns }, out);
        }
        let known = self.pairs.len();
        self.pairs.extend_from_slice(&pairs);
        self.waiting_bytes +=
            columns.iter().map(|column| column.to_data().get_slice_memory_size().unwrap_or(0)).sum::<usize>();
        self.waiting.push(Waiting { pairs, shift, columns });
        let enough = self.waiting_bytes > WAITING_MAX_BYTES || clock::window(&self.pairs, known).is_some();
        if enough { self.settle(out) } else { Ok(()) }
    }

    /// Decides on what there is, and gives what waits.
    pub(crate) fn settle(&mut self, out: &mut dyn FnMut(Arc<Stream>, RecordBatch)) -> Result<(), StandardizeError> {
        let choice = match self.choice {
            Some(choice) => choice,
            None => {
                let pairs = std::mem::take(&mut self.pairs);
                let (choice, note) = clock::judge(&pairs[..clock::window(&pairs, 0).unwrap_or(pairs.len())]);
                self.notes.extend(note);
                self.decide(choice);
                choice
            }
        };
        for waiting in std::mem::take(&mut self.waiting) {
            self.emit(choice, waiting, out)?;
        }
        Ok(())
    }

    /// What was noticed, once no more samples come.
    pub(crate) fn notes(&mut self) -> Vec<Note> {
        let mut notes = std::mem::take(&mut self.notes);
        if self.invalid > 0 {
            let text = format!("{} stamps are zero or negative", self.invalid);
            notes.push(Note::new(NoteKind::TimeInvalid, text).numbers(self.invalid as f64, Some(0.0)));
        }
        if matches!(self.choice, Some(Choice::Header(_))) {
            notes.extend(self.watch.drift());
        }
        if self.ragged > 0 {
            let text = format!(
                "{} samples have another length than the {} of the stream",
                self.ragged,
                self.width.unwrap_or(0)
            );
            notes.push(Note::new(NoteKind::Ragged, text).numbers(self.ragged as f64, Some(0.0)));
        }
        notes.into_iter().map(|note| note.stream(&self.stream.name)).collect()
    }

    fn decide(&mut self, choice: Choice) {
        self.choice = Some(choice);
        match choice {
            Choice::Header(offset) => {
                self.stream.clock = Clock::Header;
                self.stream.clock_offset_ns = Some(offset);
            }
            Choice::Log if self.stream.clock == Clock::Row => {}
            Choice::Log => self.stream.clock = Clock::Log,
        }
    }

    /// The stamp and log time of each sample.
    fn pair(&mut self, part: &Part, log: &[i64]) -> Vec<Pair> {
        // OK because rows of parts are indices of messages, each of which has a log time.
        let log_of = |sample: usize| match &part.rows {
            Some(rows) => log[rows.value(sample) as usize],
            None => log[sample],
        };
        let mut invalid = 0;
        let pairs = (0..part.samples).map(|sample| {
            let stamp =
                part.header.as_ref().filter(|header| header.is_valid(sample)).map(|header| header.value(sample));
            let known = stamp.filter(|stamp| clock::is_time(*stamp));
            invalid += u64::from(stamp.is_some() && known.is_none());
            (known, log_of(sample))
        });
        let pairs = pairs.collect();
        self.invalid += invalid;
        pairs
    }

    fn emit(
        &mut self,
        choice: Choice,
        samples: Waiting,
        out: &mut dyn FnMut(Arc<Stream>, RecordBatch),
    ) -> Result<(), StandardizeError> {
        if matches!(choice, Choice::Header(_)) {
            samples.pairs.iter().for_each(|pair| self.watch.observe(*pair));
        }
        let shift = |sample: usize| match &samples.shift {
            Some(shift) if shift.is_valid(sample) => shift.value(sample),
            _ => 0,
        };
        let times: Vec<i64> = samples
            .pairs
            .iter()
            .enumerate()
            .map(|(sample, pair)| choice.time(*pair).saturating_add(shift(sample)))
            .collect();
        self.stream.observe(&times);
        let log = match self.stream.clock {
            Clock::Row => Int64Array::new_null(times.len()),
            _ => Int64Array::from_iter_values(samples.pairs.iter().map(|pair| pair.1)),
        };
        let header: Int64Array = samples.pairs.iter().map(|pair| pair.0).collect();
        let mut columns: Vec<ArrayRef> = vec![Arc::new(Int64Array::from(times)), Arc::new(log), Arc::new(header)];
        columns.extend(samples.columns);
        // OK because streams are only made with a kind.
        let kind = self.stream.kind.expect("a flow has a kind");
        let batch = RecordBatch::try_new(schema_of(kind), columns)
            .map_err(|source| StandardizeError::Columns { stream: self.stream.name.clone(), source })?;
        let shared = self.shared.get_or_insert_with(|| Arc::new(self.stream.clone()));
        out(shared.clone(), batch);
        Ok(())
    }

    /// Puts list elements into the order of the stream's names, when the part has the same names in another order.
    fn reorder(&self, part: &Part, columns: &mut [ArrayRef]) {
        let (ours, theirs) = (&self.stream.names, &part.facts.names);
        if ours == theirs || ours.len() != theirs.len() {
            return;
        }
        let mut used = vec![false; theirs.len()];
        let mut order = Vec::with_capacity(ours.len());
        for name in ours {
            let Some(at) = (0..theirs.len()).find(|at| !used[*at] && theirs[*at] == *name) else { return };
            used[at] = true;
            order.push(at);
        }
        for column in columns.iter_mut() {
            if let Some(list) = column.as_list_opt::<i32>() {
                *column = Arc::new(permute(list, &order));
            }
        }
    }

    /// The samples that differ from the one before them.
    fn changed(&mut self, columns: &[ArrayRef]) -> UInt32Array {
        let rows = columns.first().map_or(0, |column| column.len());
        let mut changed = Vec::new();
        for row in 0..rows {
            let same = match row.checked_sub(1) {
                Some(before) => columns.iter().all(|column| same_value(column, before, column, row)),
                None => self.last.as_ref().is_some_and(|last| {
                    last.iter().zip(columns).all(|(last, column)| same_value(last, 0, column, row))
                }),
            };
            if !same {
                // OK to cast: Arrow's lists of rows stay below 2^31.
                changed.push(row as u32);
            }
        }
        if let Some(end) = rows.checked_sub(1) {
            // Copied out, so that the whole batch is not kept for one row.
            let end = UInt32Array::from(vec![end as u32]);
            self.last = columns.iter().map(|column| pick(column, &end)).collect();
        }
        UInt32Array::from(changed)
    }

    fn count_ragged(&mut self, columns: &[ArrayRef]) {
        let named = !self.stream.names.is_empty();
        let fixed = match self.stream.kind {
            Some(StreamKind::Action | StreamKind::JointState | StreamKind::Tactile) => true,
            Some(StreamKind::Vector) => named,
            _ => false,
        };
        let list =
            columns.iter().find_map(|column| column.as_list_opt::<i32>().filter(|list| list.null_count() < list.len()));
        let (true, Some(list)) = (fixed, list) else { return };
        let names = self.stream.names.len();
        let first = (0..list.len()).find(|row| list.is_valid(*row)).map(|row| bounds(list, row));
        let width = *self.width.get_or_insert(if named { names } else { first.map_or(0, |(from, to)| to - from) });
        let ragged =
            (0..list.len()).filter(|row| list.is_valid(*row) && bounds(list, *row).1 - bounds(list, *row).0 != width);
        self.ragged += ragged.count() as u64;
    }
}

/// Each list with element `order[i]` at place `i`; lists of another length stay as they are.
fn permute(list: &ListArray, order: &[usize]) -> ListArray {
    let items: UInt32Array = (0..list.len())
        .flat_map(|row| {
            let (from, to) = bounds(list, row);
            let whole = to - from == order.len();
            // OK to cast: Arrow's lists of items stay below 2^31.
            (0..to - from).map(move |at| (from + if whole { order[at] } else { at }) as u32)
        })
        .collect();
    // OK because these are indices of items, in as many as the lists had.
    let values = pick(list.values(), &items).expect("the items are there");
    let lengths = (0..list.len()).map(|row| bounds(list, row).1 - bounds(list, row).0);
    let DataType::List(item) = list.data_type() else { return list.clone() };
    let offsets = arrow::buffer::OffsetBuffer::from_lengths(lengths);
    ListArray::new(item.clone(), offsets, values, list.nulls().cloned())
}

/// Whether two rows hold the same. Floats are compared by their bits, so that a repeated NaN is a repetition.
fn same_value(one: &ArrayRef, row: usize, other: &ArrayRef, other_row: usize) -> bool {
    if one.is_null(row) || other.is_null(other_row) {
        return one.is_null(row) && other.is_null(other_row);
    }
    let same_floats = |one: &Float64Array, at: usize, other: &Float64Array, other_at: usize| {
        one.is_valid(at) == other.is_valid(other_at)
            && (one.is_null(at) || one.value(at).to_bits() == other.value(other_at).to_bits())
    };
    if let (Some(one), Some(other)) = (one.as_string_opt::<i32>(), other.as_string_opt::<i32>()) {
        return one.value(row) == other.value(other_row);
    }
    if let (Some(one), Some(other)) = (one.as_primitive_opt(), other.as_primitive_opt()) {
        return same_floats(one, row, other, other_row);
    }
    if let (Some(one), Some(other)) = (one.as_list_opt::<i32>(), other.as_list_opt::<i32>()) {
        let ((from, to), (other_from, other_to)) = (bounds(one, row), bounds(other, other_row));
        let (Some(values), Some(others)) = (one.values().as_primitive_opt(), other.values().as_primitive_opt()) else {
            return false;
        };
        return to - from == other_to - other_from
            && (0..to - from).all(|at| same_floats(values, from + at, others, other_from + at));
    }
    false
}

/// A batch of this stream of that episode.
pub(crate) fn batch(episode: u32, index: usize, stream: Arc<Stream>, samples: RecordBatch) -> StreamBatch {
    // OK to cast: an episode has fewer than 2^32 streams, since `MAX_STREAMS` bounds them.
    StreamBatch { episode, index: index as u32, stream, samples }
}

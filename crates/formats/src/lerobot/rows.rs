//! The rows of one episode: their times, their values, and what is odd about them.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, RecordBatch, StructArray};
use arrow::buffer::OffsetBuffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field};
use prairie_model::{Note, NoteKind};

use super::dataset::fields_of;
use super::info::FeatureKind;
use super::table::{floats, integers};

/// Seconds that a row may be off its place on the grid: LeRobot's own tolerance.
const GRID_TOLERANCE_S: f64 = 1e-4;

/// Tasks of one episode that are told apart.
const MAX_TASKS: usize = 1000;

/// What was seen of one episode so far.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) rows: u64,
    pub(super) tasks: BTreeSet<i64>,
    next_frame: Option<i64>,
    frame_jumps: u64,
    off_grid: u64,
    worst_s: f64,
    bad_times: u64,
    derived: u64,
    foreign: u64,
}

/// The time of each row of a batch, in nanoseconds; `None` where it has none.
pub(super) fn times(batch: &RecordBatch, fps: Option<f64>, seen: &mut Seen) -> Vec<Option<i64>> {
    let rows = batch.num_rows();
    let single = batch.column_by_name("timestamp").is_some_and(|column| *column.data_type() == DataType::Float32);
    let stamps = floats(batch, "timestamp").unwrap_or_else(|| vec![None; rows]);
    let frames = integers(batch, "frame_index").unwrap_or_else(|| vec![None; rows]);
    let place = |(stamp, frame): (Option<f64>, Option<i64>)| {
        if let Some(frame) = frame {
            seen.frame_jumps += u64::from(frame != seen.next_frame.unwrap_or(0));
            seen.next_frame = frame.checked_add(1);
        }
        let grid = frame.zip(fps).map(|(frame, fps)| frame as f64 / fps);
        match (stamp.filter(|stamp| stamp.is_finite()), grid) {
            (Some(stamp), grid) => {
                seen.bad_times += u64::from(stamp < 0.0);
                let Some(grid) = grid else { return nanos(stamp) };
                let off = (stamp - grid).abs();
                if off > GRID_TOLERANCE_S.max(4.0 * f64::from(f32::EPSILON) * grid.abs()) {
                    seen.off_grid += 1;
                    seen.worst_s = seen.worst_s.max(off);
                }
                // A time in 32 bits that is the nearest one to a place on the grid stands for that place: at 1,000 s such
                // times are 0.06 ms apart. OK to cast: that is the comparison.
                nanos(if single && stamp as f32 == grid as f32 { grid } else { stamp })
            }
            (None, grid) => {
                seen.bad_times += 1;
                seen.derived += u64::from(grid.is_some());
                grid.and_then(nanos)
            }
        }
    };
    stamps.into_iter().zip(frames).map(place).collect()
}

fn nanos(seconds: f64) -> Option<i64> {
    let nanos = (seconds * 1e9).round();
    // OK to cast: checked to lie within i64.
    (nanos.abs() < 9.2e18).then_some(nanos as i64)
}

impl Seen {
    /// Counts the rows of a batch and the tasks they name.
    pub(super) fn count(&mut self, batch: &RecordBatch, index: u64) {
        self.rows += batch.num_rows() as u64;
        for task in integers(batch, "task_index").into_iter().flatten().flatten() {
            if self.tasks.len() < MAX_TASKS {
                self.tasks.insert(task);
            }
        }
        let foreign = integers(batch, "episode_index").into_iter().flatten().flatten();
        self.foreign += foreign.filter(|row| u64::try_from(*row) != Ok(index)).count() as u64;
    }

    /// What is odd about the rows, to be told when the episode ends.
    pub(super) fn notes(&self, claimed: Option<u64>, fps: Option<f64>) -> Vec<Note> {
        let mut notes = Vec::new();
        let mut tell = |kind, text, measured: u64, limit: u64| {
            notes.push(Note::new(kind, text).numbers(measured as f64, Some(limit as f64)));
        };
        let rows = self.rows;
        if let Some(claimed) = claimed.filter(|claimed| *claimed != rows) {
            tell(
                NoteKind::CountMismatch,
                format!("the metadata claims {claimed} rows, {rows} are there"),
                rows,
                claimed,
            );
        }
        if self.frame_jumps > 0 {
            let text = format!("`frame_index` does not go on by one at {} of {rows} rows", self.frame_jumps);
            tell(NoteKind::IndexWrong, text, self.frame_jumps, 0);
        }
        if self.off_grid > 0 {
            let (n, worst, fps) = (self.off_grid, self.worst_s, fps.unwrap_or(0.0));
            let text = format!("{n} of {rows} timestamps are off the grid of {fps} fps, the worst by {worst:.6} s");
            tell(NoteKind::IndexWrong, text, n, 0);
        }
        if self.bad_times > 0 {
            let (n, derived) = (self.bad_times, self.derived);
            let text =
                format!("{n} of {rows} timestamps are missing or negative; {derived} were taken from `frame_index`");
            tell(NoteKind::TimeInvalid, text, n, 0);
        }
        if self.foreign > 0 {
            let text = format!("{} of {rows} rows name another episode in `episode_index`", self.foreign);
            tell(NoteKind::IndexWrong, text, self.foreign, 0);
        }
        notes
    }
}

/// The messages of a feature of numbers or texts, one per row. `None` when the column has another kind of type.
pub(super) fn messages(column: &ArrayRef, kind: &FeatureKind) -> Option<StructArray> {
    let values: ArrayRef = match kind {
        FeatureKind::Numbers(numbers) => Arc::new(lists(column, numbers)?),
        FeatureKind::Text => cast(column, &DataType::Utf8).ok()?,
        FeatureKind::Video | FeatureKind::Image => return None,
    };
    StructArray::try_new(fields_of(kind), vec![values], None).ok()
}

/// One list of numbers per row, however deep they are nested; a single number is a list of one.
fn lists(column: &ArrayRef, numbers: &DataType) -> Option<ListArray> {
    let column = match column.data_type() {
        DataType::LargeList(item) => cast(column, &DataType::List(item.clone())).ok()?,
        _ => column.clone(),
    };
    let (offsets, values) = match column.as_list_opt::<i32>() {
        Some(outer) => {
            let mut offsets: Vec<i32> = outer.value_offsets().to_vec();
            let mut values = outer.values().clone();
            while let Some(inner) = values.clone().as_list_opt::<i32>() {
                for offset in &mut offsets {
                    *offset = *inner.value_offsets().get(usize::try_from(*offset).ok()?)?;
                }
                values = inner.values().clone();
            }
            (offsets, values)
        }
        None => ((0..=i32::try_from(column.len()).ok()?).collect(), column.clone()),
    };
    let values = cast(&values, numbers).ok()?;
    let item = Arc::new(Field::new_list_field(numbers.clone(), true));
    ListArray::try_new(item, OffsetBuffer::new(offsets.into()), values, column.nulls().cloned()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Float32Array, Float64Array, Int64Array};
    use arrow::datatypes::{Float32Type, Schema};

    fn batch(stamps: ArrayRef, frames: Vec<i64>) -> RecordBatch {
        let fields = vec![
            Field::new("timestamp", stamps.data_type().clone(), true),
            Field::new("frame_index", DataType::Int64, true),
        ];
        RecordBatch::try_new(Arc::new(Schema::new(fields)), vec![stamps, Arc::new(Int64Array::from(frames))]).unwrap()
    }

    #[test]
    fn short_floats_stand_for_the_grid() {
        let stamps: ArrayRef =
            Arc::new(Float32Array::from_iter_values((0..3000).map(|k| (f64::from(k) / 30.0) as f32)));
        let mut seen = Seen::default();
        let times = times(&batch(stamps, (0..3000).collect()), Some(30.0), &mut seen);
        assert_eq!(times[2999], Some(99_966_666_667));
        assert!(seen.notes(None, Some(30.0)).is_empty());
    }

    #[test]
    fn odd_rows_are_counted() {
        let stamps: ArrayRef = Arc::new(Float64Array::from(vec![Some(0.0), Some(0.15), None, Some(f64::NAN)]));
        let mut seen = Seen { rows: 4, ..Seen::default() };
        let times = times(&batch(stamps, vec![0, 1, 2, 4]), Some(10.0), &mut seen);
        assert_eq!(times, [Some(0), Some(150_000_000), Some(200_000_000), Some(400_000_000)]);
        let notes = seen.notes(Some(5), Some(10.0));
        let kinds: Vec<_> = notes.iter().map(|note| (note.kind, note.measured)).collect();
        assert_eq!(
            kinds,
            [
                (NoteKind::CountMismatch, Some(4.0)),
                (NoteKind::IndexWrong, Some(1.0)),
                (NoteKind::IndexWrong, Some(1.0)),
                (NoteKind::TimeInvalid, Some(2.0)),
            ]
        );
    }

    #[test]
    fn tensors_are_flattened() {
        let inner = ListArray::from_iter_primitive::<Float32Type, _, _>([
            Some(vec![Some(1.0), Some(2.0)]),
            Some(vec![Some(3.0), Some(4.0)]),
            Some(vec![Some(5.0)]),
        ]);
        let field = Arc::new(Field::new_list_field(inner.data_type().clone(), true));
        let outer = ListArray::try_new(field, OffsetBuffer::new(vec![0, 2, 3].into()), Arc::new(inner), None).unwrap();
        let flat = lists(&(Arc::new(outer) as ArrayRef), &DataType::Float64).unwrap();
        assert_eq!((flat.len(), flat.value_length(0), flat.value_length(1)), (2, 4, 1));
    }
}

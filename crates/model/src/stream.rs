//! Streams: one typed time series of an episode at its own rate.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{Array, Float64Array, Int64Array, ListArray, RecordBatch};
use serde::{Deserialize, Serialize};

use crate::{Nanos, PictureInfo, StreamKind};

/// Which clock the canonical axis of a stream follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clock {
    /// The samples' own stamps, plus [`Stream::clock_offset_ns`].
    Header,
    /// The time of recording.
    #[default]
    Log,
    /// Neither: the container gives one time per row (LeRobot's `timestamp`).
    Row,
}

/// What is known of one stream of an episode.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Stream {
    /// Unique in the episode. The topic or feature, with a suffix where one message holds several streams
    /// (`/odom#twist`, `/tf#gripper`).
    pub name: String,
    /// What it measures. Its table has the kind's name.
    pub kind: Option<StreamKind>,
    /// Topic or feature in the source.
    pub source: String,
    /// Name of the message type in the source.
    pub schema: String,
    /// Unit of the values where the kind does not fix it; `None` is unknown.
    pub unit: Option<String>,
    /// Coordinate frame that the values are given in.
    pub frame: Option<String>,
    /// The frame whose pose or motion is described, where there is one.
    pub child_frame: Option<String>,
    /// Names of the elements of list columns: joints, taxels, action axes.
    pub names: Vec<String>,
    /// Elements per axis of a tensor (`[16, 16]` taxels), empty where there is none.
    pub shape: Vec<u64>,
    /// For actions: `absolute`, `delta` or `velocity`; `None` is unknown.
    pub representation: Option<String>,
    /// Pictures: codec, size and decoder configuration.
    pub picture: Option<PictureInfo>,
    /// Which clock `t_ns` follows.
    pub clock: Clock,
    /// What was added to header stamps to get `t_ns`; `None` where log time is used.
    pub clock_offset_ns: Option<i64>,
    /// Rate that the source declares.
    pub nominal_rate_hz: Option<f64>,
    /// Rate that was measured: (samples − 1) / (last − first), `None` below two samples.
    pub rate_hz: Option<f64>,
    /// Samples.
    pub samples: u64,
    /// First `t_ns`.
    pub start: Option<Nanos>,
    /// Last `t_ns`.
    pub end: Option<Nanos>,
}

impl Stream {
    /// Counts `t_ns` into samples, start and end.
    pub fn observe(&mut self, t_ns: &[i64]) {
        self.samples += t_ns.len() as u64;
        for &t in t_ns {
            self.start = Some(self.start.map_or(Nanos(t), |start| start.min(Nanos(t))));
            self.end = Some(self.end.map_or(Nanos(t), |end| end.max(Nanos(t))));
        }
        self.rate_hz = match (self.start, self.end) {
            (Some(start), Some(end)) if self.samples > 1 && end > start => {
                Some((self.samples - 1) as f64 / end.seconds_since(start))
            }
            _ => None,
        };
    }
}

/// Consecutive samples of one stream.
#[derive(Debug, Clone)]
pub struct StreamBatch {
    /// The episode, by its order in the recording.
    pub episode: u32,
    /// The stream, by its order in the episode: index into [`crate::EpisodeDraft::streams`].
    pub index: u32,
    /// What is known of the stream so far: its name, kind, names, unit. Counts and times are not final.
    pub stream: Arc<Stream>,
    /// Columns as [`StreamKind::fields`] says.
    pub samples: RecordBatch,
}

impl StreamBatch {
    /// The kind of the stream.
    pub fn kind(&self) -> Option<StreamKind> {
        self.stream.kind
    }

    /// Samples in the batch.
    pub fn len(&self) -> usize {
        self.samples.num_rows()
    }

    /// Whether it has no sample.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn integers(&self, name: &str) -> Option<&Int64Array> {
        self.samples.column_by_name(name)?.as_any().downcast_ref()
    }

    /// The canonical times, one per sample.
    pub fn t_ns(&self) -> &[i64] {
        self.integers("t_ns").map_or(&[], |column| column.values())
    }

    /// When each sample was recorded; null where unknown.
    pub fn log_time_ns(&self) -> Option<&Int64Array> {
        self.integers("log_time_ns")
    }

    /// What each sample's own stamp says; null where it has none.
    pub fn header_time_ns(&self) -> Option<&Int64Array> {
        self.integers("header_time_ns")
    }

    /// The numbers of the batch. Columns of single numbers form one series of all of them (a wrench is a series of six); each
    /// list column is a series of its own (`position`, `velocity` and `effort` of joints). Columns that are null throughout
    /// are left out.
    pub fn series(&self) -> Vec<Series<'_>> {
        let Some(kind) = self.kind() else {
            return Vec::new();
        };
        let mut all = Vec::new();
        let mut single: Vec<(&'static str, &'static str, &Float64Array)> = Vec::new();
        for &(name, is_list, unit) in kind.numbers() {
            let Some(column) = self.samples.column_by_name(name) else {
                continue;
            };
            if column.null_count() == column.len() {
                continue;
            }
            if is_list {
                if let Some(list) = column.as_any().downcast_ref::<ListArray>() {
                    all.extend(Series::of_list(name, unit, list, self.stream.names.len()));
                }
            } else if let Some(column) = column.as_any().downcast_ref::<Float64Array>() {
                single.push((name, unit, column));
            }
        }
        if !single.is_empty() {
            let width = single.len();
            let mut values = vec![f64::NAN; self.len() * width];
            let mut missing = 0;
            for (at, (_, _, column)) in single.iter().enumerate() {
                let places = values.iter_mut().skip(at).step_by(width);
                match column.nulls() {
                    None => places.zip(column.values()).for_each(|(place, value)| *place = *value),
                    Some(nulls) => {
                        let there = places.zip(column.values()).zip(nulls).filter(|(_, valid)| *valid);
                        there.for_each(|((place, value), _)| *place = *value);
                        missing += nulls.null_count();
                    }
                }
            }
            all.push(Series {
                name: kind.name(),
                unit: single[0].1,
                columns: single.iter().map(|(name, _, _)| *name).collect(),
                width,
                values: values.into(),
                missing,
                ragged: 0,
            });
        }
        all
    }
}

/// Numbers of consecutive samples, row by row.
#[derive(Debug, Clone)]
pub struct Series<'a> {
    /// The list column, or the kind where single columns were put together.
    pub name: &'static str,
    /// Unit that the kind fixes; of the first column where they differ; empty where it fixes none.
    pub unit: &'static str,
    /// Names of the columns that were put together; empty for a list column, whose names the stream has.
    pub columns: Vec<&'static str>,
    /// Numbers per sample.
    pub width: usize,
    /// `samples × width` numbers. NaN where missing.
    pub values: Cow<'a, [f64]>,
    /// How many of the NaN are missing values rather than NaN in the source.
    pub missing: usize,
    /// Samples whose list was longer or shorter than `width`; all their values are missing.
    pub ragged: usize,
}

impl<'a> Series<'a> {
    /// `width` numbers per row; zero means as many as the first row has.
    fn of_list(name: &'static str, unit: &'static str, list: &'a ListArray, width: usize) -> Option<Self> {
        let child = list.values().as_any().downcast_ref::<Float64Array>()?;
        let offsets = list.value_offsets();
        // OK to cast: offsets of a ListArray are never negative.
        let bounds = |row: usize| (offsets[row] as usize, offsets[row + 1] as usize);
        let width = match width {
            0 => (0..list.len()).map(bounds).map(|(from, to)| to - from).find(|width| *width > 0)?,
            width => width,
        };
        let whole = list.null_count() == 0 && child.null_count() == 0;
        if whole && (0..list.len()).map(bounds).all(|(from, to)| to - from == width) {
            let (from, to) = (bounds(0).0, offsets[list.len()] as usize);
            let values = Cow::Borrowed(&child.values()[from..to]);
            return Some(Self { name, unit, columns: Vec::new(), width, values, missing: 0, ragged: 0 });
        }
        let mut values = vec![f64::NAN; list.len() * width];
        let (mut missing, mut ragged) = (0, 0);
        for row in 0..list.len() {
            let (from, to) = bounds(row);
            if list.is_null(row) || to - from != width {
                missing += width;
                ragged += usize::from(list.is_valid(row));
                continue;
            }
            for at in 0..width {
                if child.is_valid(from + at) {
                    values[row * width + at] = child.value(from + at);
                } else {
                    missing += 1;
                }
            }
        }
        Some(Self { name, unit, columns: Vec::new(), width, values: values.into(), missing, ragged })
    }

    /// The samples, each a slice of `width` numbers.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f64]> {
        self.values.chunks_exact(self.width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, new_null_array};
    use arrow::datatypes::{Float64Type, Schema};

    fn joints(rows: Vec<Option<Vec<Option<f64>>>>) -> StreamBatch {
        let times: ArrayRef = Arc::new(Int64Array::from_iter_values(0..rows.len() as i64));
        let position: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Float64Type, _, _>(rows));
        let fields = StreamKind::JointState.fields();
        let empty = new_null_array(fields[4].data_type(), times.len());
        let samples = RecordBatch::try_new(
            Arc::new(Schema::new(fields)),
            vec![times.clone(), times.clone(), times, position, empty.clone(), empty],
        )
        .expect("the columns have the types of the kind");
        let stream = Stream { kind: Some(StreamKind::JointState), ..Stream::default() };
        StreamBatch { episode: 0, index: 0, stream: Arc::new(stream), samples }
    }

    #[test]
    fn even_lists_are_borrowed() {
        let batch = joints(vec![Some(vec![Some(1.0), Some(2.0)]), Some(vec![Some(3.0), Some(4.0)])]);
        let series = batch.series();
        assert_eq!(series.len(), 1, "velocity and effort are null throughout");
        assert!(matches!(series[0].values, Cow::Borrowed(_)));
        assert_eq!(series[0].rows().collect::<Vec<_>>(), [[1.0, 2.0], [3.0, 4.0]]);
    }

    #[test]
    fn ragged_and_missing_values_are_counted() {
        let batch = joints(vec![Some(vec![Some(1.0), None]), Some(vec![Some(3.0)]), None]);
        let series = batch.series();
        assert_eq!((series[0].missing, series[0].ragged, series[0].width), (5, 1, 2));
        assert_eq!(series[0].values[0], 1.0);
        assert!(series[0].values[1..].iter().all(|value| value.is_nan()));
    }

    #[test]
    fn the_rate_is_measured_over_intervals() {
        let mut stream = Stream::default();
        stream.observe(&[0]);
        assert_eq!(stream.rate_hz, None);
        stream.observe(&[500_000_000, 1_000_000_000]);
        assert_eq!((stream.rate_hz, stream.samples), (Some(2.0), 3));
    }
}

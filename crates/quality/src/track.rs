//! A thinned copy of one stream, for checks that compare streams at the end.

use prairie_model::{Series, StreamKind};

/// Rows are at least this far apart, unless the stream itself is slower.
const STEP_MIN_NS: u64 = 5_000_000;

/// Rows that are kept at most: then every second one is given up, and the step doubles.
const ROWS_MAX: usize = 65_536;

/// Numbers that are kept at most.
const VALUES_MAX: usize = 524_288;

/// Columns that are kept: the first.
const WIDTH_MAX: usize = 256;

/// Between two signs of movement farther apart than this lies a rest, unless the stream itself is slower.
const REST_NS: u64 = 1_000_000_000;

/// Rows of one stream at least a step apart, in the order of time. Samples that jump back in time are left out.
#[derive(Debug, Clone)]
pub struct Track {
    /// What the stream measures.
    pub kind: StreamKind,
    /// Numbers per row.
    pub width: usize,
    /// Names of the columns: those of the stream's elements or of the kind's columns; may be fewer than `width`.
    pub names: Vec<String>,
    /// When each row is.
    pub t_ns: Vec<i64>,
    values: Vec<f64>,
    step_ns: u64,
}

/// The columns of single numbers that a kind has.
fn single_columns(kind: StreamKind) -> Vec<&'static str> {
    kind.numbers().iter().filter(|(_, list, _)| !list).map(|(name, _, _)| *name).collect()
}

/// The series that a kind is compared by.
const fn main_series(kind: StreamKind) -> &'static str {
    match kind {
        StreamKind::JointState => "position",
        StreamKind::Action | StreamKind::Tactile | StreamKind::Vector => "value",
        _ => kind.name(),
    }
}

impl Track {
    /// The series of a batch that tracks of this kind follow.
    pub(crate) fn choose<'a, 'b>(kind: StreamKind, series: &'b [Series<'a>]) -> Option<&'b Series<'a>> {
        series.iter().find(|series| series.name == main_series(kind))
    }

    /// An empty track that fits the series.
    pub(crate) fn new(kind: StreamKind, series: &Series<'_>, names: &[String]) -> Self {
        let columns = single_columns(kind);
        let names = if series.columns.is_empty() {
            names.iter().take(WIDTH_MAX).cloned().collect()
        } else {
            columns.iter().map(|name| (*name).to_owned()).collect()
        };
        let width = if series.columns.is_empty() { series.width.clamp(1, WIDTH_MAX) } else { columns.len() };
        Self { kind, width, names, t_ns: Vec::new(), values: Vec::new(), step_ns: STEP_MIN_NS }
    }

    /// Takes the rows that are a step apart.
    pub(crate) fn observe(&mut self, t_ns: &[i64], series: &Series<'_>) {
        // Where each column of the track is in the series. Columns that are null throughout a batch are missing in it.
        let places: Vec<Option<usize>> = if series.columns.is_empty() {
            (0..self.width).map(|at| (at < series.width).then_some(at)).collect()
        } else {
            self.names.iter().map(|name| series.columns.iter().position(|column| column == name)).collect()
        };
        for (&t, row) in t_ns.iter().zip(series.rows()) {
            if let Some(&last) = self.t_ns.last()
                && (t <= last || t.abs_diff(last) < self.step_ns)
            {
                continue;
            }
            if self.t_ns.len() >= ROWS_MAX.min(VALUES_MAX / self.width) {
                self.thin();
                continue;
            }
            self.t_ns.push(t);
            // OK to index: places lie inside the row.
            self.values.extend(places.iter().map(|place| place.map_or(f64::NAN, |at| row[at])));
        }
    }

    /// Gives up every second row.
    fn thin(&mut self) {
        let rows = self.t_ns.len().div_ceil(2);
        for at in 0..rows {
            self.t_ns[at] = self.t_ns[at * 2];
            let (to, from) = (at * self.width, at * 2 * self.width);
            self.values.copy_within(from..from + self.width, to);
        }
        self.t_ns.truncate(rows);
        self.values.truncate(rows * self.width);
        // At least doubled, and at least what lies between the rows that are left, so that a slow stream is thinned evenly.
        let span = match (self.t_ns.first(), self.t_ns.last()) {
            (Some(first), Some(last)) => last.abs_diff(*first),
            _ => 0,
        };
        let apart = span / (rows.max(2) as u64 - 1) / 4 * 3;
        self.step_ns = self.step_ns.saturating_mul(2).max(apart);
    }

    /// Rows that were kept.
    pub fn len(&self) -> usize {
        self.t_ns.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.t_ns.is_empty()
    }

    /// The numbers of a row.
    pub fn row(&self, at: usize) -> &[f64] {
        &self.values[at * self.width..(at + 1) * self.width]
    }

    /// The rows with their times.
    pub fn rows(&self) -> impl DoubleEndedIterator<Item = (i64, &[f64])> {
        self.t_ns.iter().copied().zip(self.values.chunks_exact(self.width))
    }

    /// One column.
    pub fn column(&self, at: usize) -> impl Iterator<Item = f64> {
        self.values.chunks_exact(self.width).map(move |row| row[at])
    }

    /// The column called `name`.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|other| other == name).filter(|at| *at < self.width)
    }

    /// Typical seconds between rows; `None` below two rows.
    pub fn period_s(&self) -> Option<f64> {
        let span = self.t_ns.last()?.abs_diff(*self.t_ns.first()?) as f64 / 1e9;
        (self.len() > 1).then(|| span / (self.len() - 1) as f64)
    }

    /// The indexes of the rows from `start` to `end`, both included.
    pub fn between(&self, start: i64, end: i64) -> std::ops::Range<usize> {
        let from = self.t_ns.partition_point(|t| *t < start);
        from..self.t_ns.partition_point(|t| *t <= end).max(from)
    }

    /// The last row at or before `t`.
    pub fn at(&self, t: i64) -> Option<usize> {
        self.t_ns.partition_point(|other| *other <= t).checked_sub(1)
    }

    /// The value of column `at` at `t`, on the line between its neighbours; `None` outside the track.
    pub fn linear(&self, at: usize, t: i64) -> Option<f64> {
        let left = self.at(t)?;
        let value = |row: usize| self.row(row)[at];
        if self.t_ns[left] == t {
            return Some(value(left));
        }
        let right = *self.t_ns.get(left + 1)?;
        let part = t.abs_diff(self.t_ns[left]) as f64 / right.abs_diff(self.t_ns[left]) as f64;
        Some(value(left) + part * (value(left + 1) - value(left)))
    }

    /// Least and greatest of each column over some rows; NaN where a column has no number there.
    pub fn ranges(&self, rows: std::ops::Range<usize>) -> Vec<(f64, f64)> {
        let mut ranges = vec![(f64::NAN, f64::NAN); self.width];
        for at in rows {
            for (range, value) in ranges.iter_mut().zip(self.row(at)) {
                // f64::min and max pass over NaN.
                *range = (range.0.min(*value), range.1.max(*value));
            }
        }
        ranges
    }

    /// Greatest less least of one column over some rows; NaN where it has no number there.
    pub fn ranges_of(&self, column: usize, rows: std::ops::Range<usize>) -> f64 {
        let values = rows.map(|at| self.row(at)[column]);
        let (least, greatest) =
            values.fold((f64::NAN, f64::NAN), |(least, greatest), v| (least.min(v), greatest.max(v)));
        greatest - least
    }

    /// How far a column must go to count as movement, per kind. A twist or a gyroscope moves by being non-zero instead.
    pub fn threshold(&self) -> f64 {
        match self.kind {
            StreamKind::JointState | StreamKind::Action | StreamKind::Gripper => 0.02,
            StreamKind::Pose => 0.01,
            StreamKind::Twist => 0.05,
            StreamKind::Imu => 0.1,
            _ => f64::INFINITY,
        }
    }

    /// The columns in which movement shows.
    pub fn motion_columns(&self) -> std::ops::Range<usize> {
        match self.kind {
            StreamKind::Imu => 3..6.min(self.width),
            // The closing of a gripper is its first column; its velocity and effort are noise at rest.
            StreamKind::Gripper => 0..1,
            _ => 0..self.width,
        }
    }

    /// Whether something moved between two times: a column went further than [`Self::threshold`], or, for speeds, was greater.
    pub fn moves(&self, start: i64, end: i64) -> bool {
        let rows = self.between(start, end);
        let threshold = self.threshold();
        if !threshold.is_finite() || rows.is_empty() {
            return false;
        }
        let ranges = self.ranges(rows);
        let speeds = matches!(self.kind, StreamKind::Twist | StreamKind::Imu);
        ranges[self.motion_columns()].iter().any(|(least, greatest)| {
            if speeds { least.abs().max(greatest.abs()) > threshold } else { greatest - least > threshold }
        })
    }

    /// When something moved: spans that begin and end with a sign of movement, without a rest of a second between signs. Each
    /// sign is a row that went further than [`Self::threshold`] from where the last sign left it, or, for speeds, is greater.
    pub fn movements(&self) -> Vec<(i64, i64)> {
        let threshold = self.threshold();
        if !threshold.is_finite() || self.is_empty() {
            return Vec::new();
        }
        let columns = self.motion_columns();
        let speeds = matches!(self.kind, StreamKind::Twist | StreamKind::Imu);
        // A stream that is slower than a rest is long shows it by more than its own pace.
        let rest = self.period_s().map_or(REST_NS, |period| REST_NS.max((period * 3e9) as u64));
        let mut last = if speeds { vec![0.0; columns.len()] } else { self.row(0)[columns.clone()].to_vec() };
        let mut spans: Vec<(i64, i64)> = Vec::new();
        for (t, row) in self.rows() {
            let row = &row[columns.clone()];
            if !row.iter().zip(&last).any(|(one, other)| (one - other).abs() > threshold) {
                // What was not known where the last sign was begins where it is first known.
                last.iter_mut().zip(row).filter(|(last, _)| last.is_nan()).for_each(|(last, now)| *last = *now);
                continue;
            }
            if !speeds {
                last.copy_from_slice(row);
            }
            match spans.last_mut() {
                Some(span) if t.abs_diff(span.1) <= rest => span.1 = t,
                _ => spans.push((t, t)),
            }
        }
        spans.retain(|(start, end)| start < end);
        spans
    }

    /// When movement begins and ends: the first time that the track has left its first row by the threshold, and the last time
    /// at which it is still that far from its last row. `None` where nothing moves.
    pub fn movement(&self) -> Option<(i64, i64)> {
        let threshold = self.threshold();
        if !threshold.is_finite() || self.is_empty() {
            return None;
        }
        let columns = self.motion_columns();
        let speeds = matches!(self.kind, StreamKind::Twist | StreamKind::Imu);
        let zero = vec![0.0; self.width];
        let far = |row: &[f64], from: &[f64]| {
            row[columns.clone()].iter().zip(&from[columns.clone()]).any(|(one, other)| (one - other).abs() > threshold)
        };
        let first = if speeds { &zero[..] } else { self.row(0) };
        let last = if speeds { &zero[..] } else { self.row(self.len() - 1) };
        let begins = self.rows().find(|(_, row)| far(row, first)).map(|(t, _)| t)?;
        let ends = self.rows().rev().find(|(_, row)| far(row, last)).map_or(begins, |(t, _)| t);
        Some((begins.min(ends), begins.max(ends)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::borrow::Cow;

    fn series(values: &[f64], width: usize) -> Series<'_> {
        let values = Cow::Borrowed(values);
        Series { name: "position", unit: "rad", columns: Vec::new(), width, values, missing: 0, ragged: 0 }
    }

    #[test]
    fn a_long_stream_is_thinned_evenly() {
        let values: Vec<f64> = (0..1000).map(f64::from).collect();
        let mut track = Track::new(StreamKind::JointState, &series(&values, 1), &[]);
        for batch in 0..2000_i64 {
            let t: Vec<i64> = (0..1000).map(|i| (batch * 1000 + i) * 1_000_000).collect();
            track.observe(&t, &series(&values, 1));
        }
        assert!(track.len() <= ROWS_MAX && track.len() > ROWS_MAX / 4, "{}", track.len());
        assert!((track.t_ns.last().unwrap() - 2_000_000_000_000_i64).abs() < 1_000_000_000);
        assert!(track.t_ns.is_sorted());
        let apart: Vec<_> = track.t_ns.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(apart.iter().max().unwrap() <= &(4 * apart.iter().min().unwrap()), "even");
    }

    #[test]
    fn movement_has_a_beginning_and_an_end() {
        let values: Vec<f64> = (0..100).map(|i| f64::from((i - 30).clamp(0, 40)) * 0.05).collect();
        let t: Vec<i64> = (0..100).map(|i| i * 100_000_000).collect();
        let mut track = Track::new(StreamKind::JointState, &series(&values, 1), &[]);
        track.observe(&t, &series(&values, 1));
        assert_eq!(track.movement(), Some((3_100_000_000, 6_900_000_000)));
        assert!(track.moves(3_000_000_000, 3_200_000_000) && !track.moves(0, 3_000_000_000));
        assert_eq!(track.linear(0, 3_150_000_000), Some(0.05 + 0.025));
        assert_eq!(track.linear(0, -1), None);
    }

    #[test]
    fn rests_divide_movements() {
        // Moves from 1 s to 3 s, rests for 4 s but for a tremor, and moves from 7 s to 9 s.
        let at = |t: f64| (t - 1.0).clamp(0.0, 2.0) + (t - 7.0).clamp(0.0, 2.0) + 0.001 * (t * 50.0).sin();
        let times: Vec<f64> = (0..1000).map(|i| f64::from(i) * 0.01).collect();
        let t: Vec<i64> = times.iter().map(|t| (t * 1e9).round() as i64).collect();
        let spans = |kind, values: &[f64]| {
            let mut track = Track::new(kind, &series(values, 1), &[]);
            track.observe(&t, &series(values, 1));
            let seconds = |t: i64| (t as f64 / 1e7).round() / 100.0;
            track.movements().into_iter().map(|(from, to)| (seconds(from), seconds(to))).collect::<Vec<_>>()
        };
        let mut values: Vec<f64> = times.iter().map(|t| at(*t)).collect();
        let near = |found: Vec<(f64, f64)>| {
            let close = |one: f64, other: f64| (one - other).abs() < 0.1;
            assert!(
                matches!(found[..], [(a, b), (c, d)] if close(a, 1.0) && close(b, 3.0) && close(c, 7.0) && close(d, 9.0)),
                "{found:?}"
            );
        };
        near(spans(StreamKind::JointState, &values));
        values[..50].fill(f64::NAN);
        near(spans(StreamKind::JointState, &values));
        let still: Vec<f64> = times.iter().map(|t| 0.001 * (t * 50.0).sin()).collect();
        assert_eq!(spans(StreamKind::JointState, &still), []);
        assert_eq!(spans(StreamKind::Scalar, &values), [], "a number says nothing of movement");
    }
}

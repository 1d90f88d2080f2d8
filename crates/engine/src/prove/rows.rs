//! Which samples of the source make each row of the export.
//!
//! ```text
//!   the export says how it took its rows ─▶ the grid of its rows ─ align ─▶ a pick per row
//!   both have as many                    ─▶ one by one, and then their times are compared
//!   else                                 ─▶ by time: the nearest within the tolerance
//! ```

use prairie_model::Clock;

use super::said::Taken;
use super::side::Loaded;
use crate::export::align::{Align, Pick, align};
use crate::export::grid::{Camera, Grid, frames};

/// Half a unit in the last place of a 32-bit float, as a share of the number: LeRobot keeps times so.
const TIME_ROUNDING: f64 = 6e-8;

/// How far apart the beginnings of two episodes may be for their clocks, neither of which counts from 1970, to be the same.
const SAME_ZERO_NS: u64 = 1_000_000_000;

/// How the rows of one episode are paired.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pairing {
    /// As the export says, if it does.
    pub(super) taken: Option<Taken>,
    /// What the export's clock shows more than the source's, where rows are compared one by one.
    pub(super) offset_ns: i64,
    pub(super) tolerance_ns: i64,
}

/// Which samples make each row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rows {
    /// A pick per row; `None` where the source has no sample.
    pub(super) picks: Vec<Option<Pick>>,
    /// What is wrong with the times of the rows.
    pub(super) wrong_times: Option<String>,
    /// The largest difference of two times that count as the same.
    pub(super) largest_shift_ns: u64,
}

impl Rows {
    /// Samples of the source that make no row, of `samples`, and the first of them.
    pub(super) fn unused(&self, samples: usize) -> (u64, Option<usize>) {
        let mut used = vec![false; samples];
        for pick in self.picks.iter().flatten() {
            used[pick.from] = true;
            used[pick.to] = true;
        }
        let unused = || used.iter().enumerate().filter(|(_, used)| !**used);
        (unused().count() as u64, unused().map(|(at, _)| at).next())
    }
}

impl Pairing {
    /// How the rows of an episode are paired. Two clocks that count from 1970 are one clock; other clocks begin with the
    /// episode.
    pub(super) fn of(from: &Loaded<'_>, to: &Loaded<'_>, taken: Option<Taken>, tolerance_s: f64) -> Self {
        // OK to cast: a float saturates.
        let tolerance_ns = (tolerance_s * 1e9) as i64;
        let begin = |loaded: &Loaded<'_>| loaded.streams.iter().filter_map(|it| it.t_ns().first().copied()).min();
        let dated = (from.draft.episode.dated, to.draft.episode.dated);
        let offset_ns = match (begin(from), begin(to)) {
            _ if dated == (true, true) => 0,
            (Some(one), Some(two)) if dated == (false, false) && one.abs_diff(two) < SAME_ZERO_NS => 0,
            (Some(_), Some(_)) => offset(from, to),
            _ => 0,
        };
        Self { taken, offset_ns, tolerance_ns }
    }

    /// The rows with the times `rows`, out of samples with the times `samples` on `clock`. `discrete` numbers are not
    /// interpolated.
    pub(super) fn numbers(&self, rows: &[i64], samples: &[i64], clock: Clock, discrete: bool) -> Rows {
        let Some(taken) = self.taken else { return self.one_by_one(rows, samples) };
        let grid = grid(taken, rows.len());
        let rule = if discrete && taken.align == Align::Linear { Align::Latest } else { taken.align };
        let picks = align(rule, samples, &grid.times(), i64::MAX, slack_ns(taken, clock));
        Rows { picks, wrong_times: off_grid(rows, &grid, self.tolerance_ns), largest_shift_ns: 0 }
    }

    /// As [`Pairing::numbers`], of pictures: where a camera runs at the rate of the rows, they take one after the other.
    pub(super) fn pictures(&self, rows: &[i64], samples: &[i64], clock: Clock) -> Rows {
        let Some(taken) = self.taken else { return self.one_by_one(rows, samples) };
        let grid = grid(taken, rows.len());
        let camera = Camera { t_ns: samples.to_vec(), key: vec![false; samples.len()] };
        let plan = frames(&camera, &grid, taken.align, i64::MAX, slack_ns(taken, clock));
        let one = |at: usize| Some(Pick { from: at, to: at, share: 0.0, distance_ns: 0 });
        let picks = plan.map_or_else(|| vec![None; rows.len()], |plan| plan.picks.into_iter().map(one).collect());
        Rows { picks, wrong_times: off_grid(rows, &grid, self.tolerance_ns), largest_shift_ns: 0 }
    }

    fn one_by_one(&self, rows: &[i64], samples: &[i64]) -> Rows {
        let apart = |row: i64, sample: i64| row.saturating_sub(self.offset_ns).abs_diff(sample);
        let one = |at: usize, distance: u64| {
            let distance_ns = i64::try_from(distance).unwrap_or(i64::MAX);
            Pick { from: at, to: at, share: 0.0, distance_ns }
        };
        let tolerance = self.tolerance_ns.unsigned_abs();
        let mut shift = 0;
        if rows.len() == samples.len() {
            let (mut moved, mut first) = (0_u64, None);
            for (at, (row, sample)) in rows.iter().zip(samples).enumerate() {
                let apart = apart(*row, *sample);
                if apart <= tolerance {
                    shift = shift.max(apart);
                } else {
                    moved += 1;
                    first.get_or_insert((at, apart));
                }
            }
            let wrong_times = first.map(|(at, apart)| {
                format!("{moved} of {} times differ: row {at} is {:.6} s off", rows.len(), apart as f64 / 1e9)
            });
            let picks = (0..rows.len()).map(|at| Some(one(at, 0))).collect();
            return Rows { picks, wrong_times, largest_shift_ns: shift };
        }
        let mut next = 0;
        let mut pick = |row: &i64| {
            // Both ascend, and a sample is used once.
            while next + 1 < samples.len() && apart(*row, samples[next + 1]) <= apart(*row, samples[next]) {
                next += 1;
            }
            let distance = apart(*row, *samples.get(next)?);
            if distance > tolerance {
                return None;
            }
            shift = shift.max(distance);
            next += 1;
            Some(one(next - 1, distance))
        };
        let picks = rows.iter().map(&mut pick).collect();
        Rows { picks, wrong_times: None, largest_shift_ns: shift }
    }
}

/// The middle of how much later the streams of one name begin in the export; of the whole episodes where no name is shared.
fn offset(from: &Loaded<'_>, to: &Loaded<'_>) -> i64 {
    let firsts = |loaded: &Loaded<'_>| -> Vec<(String, i64)> {
        let named = loaded
            .streams
            .iter()
            .filter_map(|it| Some((super::plain(&it.stream.name).to_owned(), it.t_ns().first().copied()?)));
        named.collect()
    };
    let (ours, theirs) = (firsts(from), firsts(to));
    let mut shared: Vec<i64> = theirs
        .iter()
        .filter_map(|(name, t)| Some(t.saturating_sub(ours.iter().find(|(other, _)| other == name)?.1)))
        .collect();
    let least = |all: &[(String, i64)]| all.iter().map(|(_, t)| *t).min().unwrap_or(0);
    if shared.is_empty() {
        return least(&theirs).saturating_sub(least(&ours));
    }
    let middle = shared.len() / 2;
    *shared.select_nth_unstable(middle).1
}

fn grid(taken: Taken, rows: usize) -> Grid {
    Grid { start_ns: taken.start_ns, fps: taken.fps, rows }
}

/// Times of a container's rows are rounded, and a little later is not the future.
fn slack_ns(taken: Taken, clock: Clock) -> i64 {
    // OK to cast: a float saturates.
    if clock == Clock::Row { (1e7 / taken.fps) as i64 } else { 0 }
}

/// What is wrong with the times of rows that should lie on a grid, counted from the first.
fn off_grid(rows: &[i64], grid: &Grid, tolerance_ns: i64) -> Option<String> {
    let first = rows.first()?;
    let off = |row: usize| {
        let (should, is) = (grid.time(row).saturating_sub(grid.start_ns), rows[row].saturating_sub(*first));
        let rounding = should as f64 * TIME_ROUNDING;
        // OK to cast: a float saturates.
        is.abs_diff(should).saturating_sub(rounding as u64)
    };
    let wrong = || (0..rows.len()).filter(|row| off(*row) > tolerance_ns.unsigned_abs());
    let at = wrong().next()?;
    Some(format!(
        "{} of {} times are off the rows' own rate of {} a second: row {at} is {:.6} s off",
        wrong().count(),
        rows.len(),
        grid.fps,
        off(at) as f64 / 1e9
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: i64 = 1_000_000;

    fn pairing(taken: Option<Taken>) -> Pairing {
        Pairing { taken, offset_ns: 0, tolerance_ns: MS }
    }

    fn picked(rows: &Rows) -> Vec<Option<usize>> {
        rows.picks.iter().map(|pick| pick.map(|pick| pick.from)).collect()
    }

    #[test]
    fn a_dropped_row_leaves_one_sample_without_a_row() {
        let samples: Vec<i64> = (0..6).map(|at| at * 10 * MS).collect();
        let mut rows = samples.clone();
        rows.remove(3);
        let paired = pairing(None).numbers(&rows, &samples, Clock::Log, false);
        assert_eq!(picked(&paired), [Some(0), Some(1), Some(2), Some(4), Some(5)]);
        assert_eq!(paired.unused(6), (1, Some(3)));
    }

    #[test]
    fn a_shifted_time_is_named() {
        let samples: Vec<i64> = (0..6).map(|at| at * 10 * MS).collect();
        let mut rows = samples.clone();
        rows[4] += 3 * MS;
        let paired = pairing(None).numbers(&rows, &samples, Clock::Log, false);
        assert_eq!(paired.wrong_times.unwrap(), "1 of 6 times differ: row 4 is 0.003000 s off");
        let taken = Taken { align: Align::Latest, fps: 100.0, start_ns: 0 };
        let paired = pairing(Some(taken)).numbers(&rows, &samples, Clock::Log, false);
        assert_eq!(picked(&paired), (0..6).map(Some).collect::<Vec<_>>(), "the grid stands");
        assert!(paired.wrong_times.unwrap().contains("row 4 is 0.003000 s off"));
    }

    #[test]
    fn a_row_without_a_sample_has_no_pick() {
        let samples = [0, 10 * MS];
        let paired = pairing(None).numbers(&[0, 5 * MS, 10 * MS], &samples, Clock::Log, false);
        assert_eq!(picked(&paired), [Some(0), None, Some(1)]);
        assert_eq!(picked(&pairing(None).numbers(&[0], &[], Clock::Log, false)), [None]);
    }
}

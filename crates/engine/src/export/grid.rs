//! The times of rows, and which frame of each camera belongs to which row.
//!
//! Where a camera runs at the rate of the rows, its frames are re-timed to the grid one after the other: the grid begins late
//! enough that no frame comes from the future of its row, and the largest shift is told. Otherwise frames are picked by the rule,
//! and some are repeated or dropped.

use crate::export::align::{Align, align};
use crate::export::rows::period_ns;

/// Times of rows: `start + i / fps`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Grid {
    pub(crate) start_ns: i64,
    pub(crate) fps: f64,
    pub(crate) rows: usize,
}

impl Grid {
    /// The time of row `row`.
    pub(crate) fn time(&self, row: usize) -> i64 {
        self.start_ns.saturating_add((row as f64 * 1e9 / self.fps).round() as i64)
    }

    /// All times.
    pub(crate) fn times(&self) -> Vec<i64> {
        (0..self.rows).map(|row| self.time(row)).collect()
    }

    /// Seconds from the first row to where the next after the last would be.
    pub(crate) fn duration_s(&self) -> f64 {
        self.rows as f64 / self.fps
    }

    /// Seconds by which it begins later than `other`; zero where it begins before.
    pub(crate) fn late_s(&self, other: &Self) -> f64 {
        self.start_ns.saturating_sub(other.start_ns).max(0) as f64 / 1e9
    }

    fn period_ns(&self) -> f64 {
        1e9 / self.fps
    }
}

/// When each frame of a camera was taken, and which can start a decoder.
#[derive(Debug, Clone, Default)]
pub(crate) struct Camera {
    /// In the order of time.
    pub(crate) t_ns: Vec<i64>,
    /// As many as there are times.
    pub(crate) key: Vec<bool>,
}

/// Which frame belongs to which row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FramePlan {
    /// A frame per row.
    pub(crate) picks: Vec<usize>,
    /// Whether rows take consecutive frames, each once.
    pub(crate) one_for_one: bool,
    /// Frames in the episode: exported + repeated + dropped.
    pub(crate) source: u64,
    /// Frames that make one row.
    pub(crate) exported: u64,
    /// Frames that make several rows.
    pub(crate) repeated: u64,
    /// Frames that make none.
    pub(crate) dropped: u64,
    /// Those of them that rows would have taken, had they been decodable.
    pub(crate) undecodable: u64,
    /// Largest distance of a frame from its row.
    pub(crate) largest_shift_ns: i64,
    /// The time of each row.
    times: Vec<i64>,
    tolerance_ns: i64,
}

impl FramePlan {
    /// The plan of these picks; `None` where a frame is farther from its row than the tolerance.
    fn of(camera: &Camera, picks: Vec<usize>, times: Vec<i64>, tolerance_ns: i64) -> Option<Self> {
        let mut uses = vec![0_u64; camera.t_ns.len()];
        let mut largest = 0;
        for (pick, time) in picks.iter().zip(&times) {
            uses[*pick] += 1;
            largest = largest.max(age(camera, *pick, *time));
        }
        if largest > tolerance_ns {
            return None;
        }
        let count = |wanted: fn(u64) -> bool| uses.iter().filter(|n| wanted(**n)).count() as u64;
        Some(Self {
            one_for_one: picks.windows(2).all(|pair| pair[1] == pair[0] + 1),
            source: uses.len() as u64,
            exported: count(|n| n == 1),
            repeated: count(|n| n > 1),
            dropped: count(|n| n == 0),
            undecodable: 0,
            largest_shift_ns: largest,
            picks,
            times,
            tolerance_ns,
        })
    }

    /// The plan in which every frame is a row at its own time, from the first that a decoder can start with; `None` without
    /// frames.
    pub(crate) fn all(camera: &Camera) -> Option<Self> {
        let first = camera.key.iter().position(|is_key| *is_key).unwrap_or(0);
        let times = camera.t_ns.get(first..).filter(|times| !times.is_empty())?;
        Self::of(camera, (first..camera.t_ns.len()).collect(), times.to_vec(), i64::MAX)
    }

    /// Whether a row may show this frame.
    pub(crate) fn is_near(&self, camera: &Camera, row: usize, frame: usize) -> bool {
        age(camera, frame, self.times[row]) <= self.tolerance_ns
    }

    /// The plan with other picks, because the frames that rows would have taken cannot be decoded. Every pick is near its row.
    pub(crate) fn shown_as(&self, camera: &Camera, picks: Vec<usize>, undecodable: u64) -> Option<Self> {
        let plan = Self::of(camera, picks, self.times.clone(), self.tolerance_ns)?;
        Some(Self { undecodable, ..plan })
    }
}

/// The grid of an episode whose values are known from `from` to `to`. `cameras` come in the order in which they may lead:
/// the grid follows the first that runs at `fps`.
pub(crate) fn grid(from: i64, to: i64, fps: f64, cameras: &[&Camera]) -> Grid {
    let period = 1e9 / fps;
    for camera in cameras {
        let Some(grid) = follow(camera, from, to, fps) else { continue };
        return grid;
    }
    let rows = if to < from { 0 } else { (to.abs_diff(from) as f64 / period + 1e-6).floor() as usize + 1 };
    Grid { start_ns: from, fps, rows }
}

/// The grid that takes the camera's frames one for one; `None` where its rate is another, or frames are missing.
fn follow(camera: &Camera, from: i64, to: i64, fps: f64) -> Option<Grid> {
    let period = 1e9 / fps;
    let first = camera.t_ns.iter().position(|t| *t >= from)?;
    let end = camera.t_ns.iter().rposition(|t| *t <= to)? + 1;
    // A copied stream begins with a key frame. Waiting for one may cost a twentieth of the episode, no more.
    let key = (first..end).find(|at| camera.key[*at])?;
    let first = if (key - first) * 20 <= end - first { key } else { first };
    let times = camera.t_ns.get(first..end).filter(|times| times.len() > 1)?;
    let late = |at: usize| times[at].abs_diff(times[0]) as f64 - at as f64 * period;
    let (mut least, mut most) = (0.0_f64, 0.0_f64);
    for at in 0..times.len() {
        least = least.min(late(at));
        most = most.max(late(at));
    }
    (most - least < period).then(|| Grid {
        start_ns: times[0].saturating_add(most.ceil() as i64),
        fps,
        rows: times.len(),
    })
}

/// Which frame each row takes; `None` where some row has none within the tolerance.
pub(crate) fn frames(camera: &Camera, grid: &Grid, rule: Align, tolerance_ns: i64, slack_ns: i64) -> Option<FramePlan> {
    let times = grid.times();
    // A picture cannot be interpolated.
    let rule = if rule == Align::Linear { Align::Nearest } else { rule };
    let fresh = align(rule, &camera.t_ns, &times, i64::MAX, slack_ns);
    let fresh: Vec<usize> = fresh.into_iter().map(|pick| Some(pick?.from)).collect::<Option<_>>()?;
    let picks = retimed(camera, grid, &times, &fresh, tolerance_ns).unwrap_or(fresh);
    FramePlan::of(camera, picks, times, tolerance_ns)
}

/// Nanoseconds between a frame and a row.
fn age(camera: &Camera, frame: usize, time: i64) -> i64 {
    // OK to saturate: nothing is as far away.
    i64::try_from(camera.t_ns[frame].abs_diff(time)).unwrap_or(i64::MAX)
}

/// How much the rate of a camera may differ from that of the rows for its frames to be taken one after the other.
const SAME_RATE: f64 = 0.05;

/// Frames one after the other, where the camera runs at about the rate of the rows: a frame that jitter moves to the other side
/// of its row is shown one row later, rather than never, and its neighbour twice. Rows never take a frame later than their
/// `fresh` one, nor one that is two periods old where there is a fresher one. `None` where the rate is another, or where this
/// uses no more frames than the rule alone.
fn retimed(camera: &Camera, grid: &Grid, times: &[i64], fresh: &[usize], tolerance_ns: i64) -> Option<Vec<usize>> {
    let period = period_ns(&camera.t_ns)? as f64;
    if (period / grid.period_ns() - 1.0).abs() > SAME_RATE {
        return None;
    }
    // OK to cast: a float saturates.
    let oldest_ns = tolerance_ns.min((2.0 * period.max(grid.period_ns())) as i64 + 1);
    let walk = |first: usize| -> Vec<usize> {
        let mut next = first;
        let mut picks = Vec::with_capacity(times.len());
        for (time, fresh) in times.iter().zip(fresh) {
            let due = next.min(*fresh);
            let pick = if age(camera, due, *time) <= oldest_ns { due } else { *fresh };
            picks.push(pick);
            next = pick + 1;
        }
        picks
    };
    let first = *fresh.first()?;
    let used = |picks: &[usize]| picks.windows(2).filter(|pair| pair[0] != pair[1]).count();
    let mut best = None;
    let mut most = used(fresh);
    // The first row may hold its frame back, so that a later one need not come from the future.
    for first in [Some(first), first.checked_sub(1)].into_iter().flatten() {
        let picks = walk(first);
        if used(&picks) > most {
            most = used(&picks);
            best = Some(picks);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MS: i64 = 1_000_000;

    fn camera(times_ms: impl IntoIterator<Item = i64>) -> Camera {
        let t_ns: Vec<_> = times_ms.into_iter().map(|t| t * MS).collect();
        let key = vec![true; t_ns.len()];
        Camera { t_ns, key }
    }

    #[test]
    fn jitter_is_retimed_and_never_from_the_future() {
        let jittered = camera((0..50).map(|at| at * 100 + [0, 7, -5, 3, -9][at as usize % 5]));
        let grid = grid(0, 4900 * MS, 10.0, &[&jittered]);
        let plan = frames(&jittered, &grid, Align::Latest, i64::MAX, 0).unwrap();
        assert!(plan.one_for_one);
        assert_eq!((plan.exported, plan.repeated, plan.source), (grid.rows as u64, 0, 50));
        for (row, pick) in plan.picks.iter().enumerate() {
            assert!(jittered.t_ns[*pick] <= grid.time(row), "row {row} shows the future");
        }
        assert!(plan.largest_shift_ns <= 16 * MS, "{}", plan.largest_shift_ns);
    }

    #[test]
    fn a_missing_frame_is_repeated_and_told() {
        let gap = camera((0..20).filter(|at| *at != 10).map(|at| at * 100));
        let grid = grid(0, 1900 * MS, 10.0, &[&gap]);
        let plan = frames(&gap, &grid, Align::Latest, i64::MAX, 0).unwrap();
        assert!(!plan.one_for_one);
        assert_eq!((plan.source, plan.exported, plan.repeated, plan.dropped), (19, 18, 1, 0));
        assert_eq!(grid.rows, 20);
    }

    #[test]
    fn a_faster_camera_loses_frames_that_are_counted() {
        let fast = camera((0..60).map(|at| at * 50));
        let grid = grid(0, 2950 * MS, 10.0, &[]);
        let plan = frames(&fast, &grid, Align::Latest, i64::MAX, 0).unwrap();
        assert_eq!(plan.exported + plan.repeated + plan.dropped, 60);
        assert_eq!((plan.exported, plan.dropped), (30, 30));
    }

    #[test]
    fn the_grid_waits_for_a_key_frame_unless_that_costs_too_much() {
        let mut late = camera((0..100).map(|at| at * 100));
        late.key = (0..100).map(|at| at % 30 == 3).collect();
        assert_eq!(grid(0, 9900 * MS, 10.0, &[&late]).start_ns, 300 * MS);
        late.key = (0..100).map(|at| at == 50).collect();
        assert_eq!(grid(0, 9900 * MS, 10.0, &[&late]).start_ns, 0);
    }

    #[test]
    fn a_second_camera_of_another_phase_is_taken_one_for_one() {
        let lead = camera((0..20).map(|at| at * 100));
        let other = camera((0..20).map(|at| at * 100 + 95 + (at % 3)));
        let grid = grid(200 * MS, 1900 * MS, 10.0, &[&lead, &other]);
        let plan = frames(&other, &grid, Align::Latest, i64::MAX, 0).unwrap();
        assert!(plan.one_for_one);
        assert_eq!(plan.picks[0], 1);
    }

    #[test]
    fn jitter_around_a_missing_frame_loses_no_other() {
        // Every other frame is late by 2 ms, and frame 25 is missing: picking alone would repeat and drop all along.
        let jittered = camera((0..50).filter(|at| *at != 25).map(|at| at * 100 + 2 * (at % 2)));
        let grid = Grid { start_ns: 0, fps: 10.0, rows: 51 };
        let plan = frames(&jittered, &grid, Align::Latest, i64::MAX, 0).unwrap();
        assert_eq!((plan.source, plan.dropped), (49, 0), "{:?}", plan.picks);
        assert!(plan.repeated <= 2, "{:?}", plan.picks);
        assert!(plan.largest_shift_ns <= 200 * MS);
    }

    #[test]
    fn a_tolerance_holds_for_retimed_frames_too() {
        let late = camera((0..20).map(|at| at * 100 - 60));
        let grid = Grid { start_ns: 0, fps: 10.0, rows: 20 };
        assert!(frames(&late, &grid, Align::Latest, 60 * MS, 0).is_some());
        assert!(frames(&late, &grid, Align::Latest, 59 * MS, 0).is_none());
    }

    proptest! {
        /// Whatever the camera does: the counts add up, no row goes back in time, none looks ahead unless it may, and no frame
        /// is farther away than the tolerance.
        #[test]
        fn plans_keep_their_promises(
            gaps in proptest::collection::vec(1_i64..250, 1..60),
            rows in 1_usize..60,
            fps in prop_oneof![Just(10.0), Just(30.0), Just(9.7), 1.0..100.0],
            start_ms in -50_i64..400,
            rule in prop_oneof![Just(Align::Latest), Just(Align::Nearest), Just(Align::Linear)],
            tolerance_ms in prop_oneof![Just(i64::MAX / MS), 1_i64..300],
        ) {
            let mut at = 0;
            let times: Vec<i64> = gaps.iter().map(|gap| { at += gap; at }).collect();
            let camera = camera(times);
            let grid = Grid { start_ns: start_ms * MS, fps, rows };
            let tolerance_ns = tolerance_ms * MS;
            let plan = frames(&camera, &grid, rule, tolerance_ns, 0);
            if let Some(plan) = &plan {
                prop_assert_eq!(plan.picks.len(), rows);
                prop_assert_eq!(plan.exported + plan.repeated + plan.dropped, plan.source);
                prop_assert_eq!(plan.source, camera.t_ns.len() as u64);
                let times = |frame: usize| plan.picks.iter().filter(|pick| **pick == frame).count();
                let once = (0..camera.t_ns.len()).filter(|frame| times(*frame) == 1).count();
                prop_assert_eq!(plan.exported, once as u64);
                prop_assert!(plan.picks.is_sorted());
                let shift = plan.picks.iter().enumerate().map(|(row, pick)| camera.t_ns[*pick].abs_diff(grid.time(row)));
                prop_assert_eq!(shift.max().unwrap() as i64, plan.largest_shift_ns);
                prop_assert!(plan.largest_shift_ns <= tolerance_ns);
                for (row, pick) in plan.picks.iter().enumerate() {
                    prop_assert!(rule != Align::Latest || camera.t_ns[*pick] <= grid.time(row));
                }
            } else {
                // There is a plan wherever the rule alone finds a frame for every row.
                let rule = if rule == Align::Linear { Align::Nearest } else { rule };
                let picks = align(rule, &camera.t_ns, &grid.times(), tolerance_ns, 0);
                prop_assert!(picks.iter().any(Option::is_none));
            }
        }
    }
}

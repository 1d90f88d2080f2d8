//! Which commands belong to which states.

use prairie_model::StreamKind;

use crate::scene::{Scene, StreamScene};
use crate::track::Track;

/// The commands and the states of one joint on one grid; NaN where unknown.
type Course = (Vec<f64>, Vec<f64>);

/// Commands, and the joints that they command.
pub(crate) struct Pair<'a> {
    pub(crate) action: &'a StreamScene,
    pub(crate) commands: &'a Track,
    pub(crate) state: &'a StreamScene,
    pub(crate) states: &'a Track,
    /// Columns of the command, and of the state, that are the same joint.
    pub(crate) columns: Vec<(usize, usize)>,
}

/// Every pair of a stream of absolute commands with the stream of joints that shares most of its names; without names, with the
/// one joint stream that is as wide. Deltas and velocities are no positions, so they have no pair.
pub(crate) fn pairs(scene: &Scene) -> Vec<Pair<'_>> {
    let mut pairs = all_pairs(scene);
    pairs.retain(|pair| pair.action.stream.representation.as_deref().is_none_or(|what| what == "absolute"));
    pairs
}

/// As [`pairs`], of whatever commands are said to be.
pub(crate) fn all_pairs(scene: &Scene) -> Vec<Pair<'_>> {
    let mut pairs = Vec::new();
    for (_, action, commands) in scene.tracks(StreamKind::Action) {
        let candidates = scene.tracks(StreamKind::JointState).map(|(_, state, states)| {
            let columns = columns(commands, states);
            Pair { action, commands, state, states, columns }
        });
        let best = candidates.filter(|pair| !pair.columns.is_empty()).max_by(|one, other| {
            // Of two that share as many names the first by name, so that the order of the streams does not matter.
            (one.columns.len(), &other.state.name).cmp(&(other.columns.len(), &one.state.name))
        });
        pairs.extend(best);
    }
    pairs
}

fn columns(commands: &Track, states: &Track) -> Vec<(usize, usize)> {
    if commands.names.is_empty() || states.names.is_empty() {
        let same = commands.width == states.width;
        return if same { (0..commands.width).map(|at| (at, at)).collect() } else { Vec::new() };
    }
    let of_state: Vec<_> = states.names.iter().map(|name| joint_name(name)).collect();
    let places = commands.names.iter().take(commands.width).enumerate().filter_map(|(at, name)| {
        let name = joint_name(name);
        let state = of_state.iter().position(|other| *other == name).filter(|state| *state < states.width)?;
        Some((at, state))
    });
    places.collect()
}

/// A joint's name without what sources add to it: `left_elbow.pos` is `left_elbow`.
pub fn joint_name(name: &str) -> &str {
    [".pos", ".position", "_position", "_target", ".target"].iter().fold(name, |name, end| name.trim_end_matches(end))
}

impl Pair<'_> {
    /// The name of a column of the command, for messages.
    pub(crate) fn name(&self, column: usize) -> String {
        self.action.column(column)
    }

    /// Whether the joint grips: it may be told to close further than what it holds lets it.
    pub(crate) fn grips(&self, column: usize) -> bool {
        let marks = ["gripper", "finger", "thumb", "hand", "index", "middle", "ring", "pinky", "little", "jaw"];
        self.commands.names.get(column).is_some_and(|name| {
            let name = name.to_lowercase();
            marks.iter().any(|mark| name.contains(mark))
        })
    }

    /// Both resampled to one grid where they overlap: the step in seconds, and per column the commands and the states.
    pub(crate) fn resampled(&self) -> Option<(f64, Vec<Course>)> {
        const STEP_MIN_NS: u64 = 20_000_000;
        const POINTS_MAX: u64 = 4096;
        let start = *self.commands.t_ns.first()?.max(self.states.t_ns.first()?);
        let end = *self.commands.t_ns.last()?.min(self.states.t_ns.last()?);
        if end <= start {
            return None;
        }
        let span = end.abs_diff(start);
        // OK to cast: periods are positive and far below 2^63 ns.
        let period_ns = (self.commands.period_s()?.max(self.states.period_s()?) * 1e9) as u64;
        let step = STEP_MIN_NS.max(period_ns).max(span / POINTS_MAX);
        let grid: Vec<i64> = (0..=span / step).map(|i| start.saturating_add_unsigned(i * step)).collect();
        let resample = |track: &Track, at: usize| -> Vec<f64> {
            grid.iter().map(|t| track.linear(at, *t).unwrap_or(f64::NAN)).collect()
        };
        let columns =
            self.columns.iter().map(|(a, s)| (resample(self.commands, *a), resample(self.states, *s))).collect();
        Some((step as f64 / 1e9, columns))
    }

    /// Whole steps by which the states follow the commands, with the correlation there and the step in seconds: the argmax of the
    /// cross-correlation of their changes, summed over the columns that move. `None` where nothing moves, or too briefly.
    pub(crate) fn lag(&self) -> Option<(i64, f64, f64)> {
        const MOVES: f64 = 0.05;
        const POINTS_MIN: usize = 50;
        let (step_s, columns) = self.resampled()?;
        let changes = |values: &[f64]| -> Vec<f64> {
            // What is unknown does not change.
            values.windows(2).map(|pair| pair[1] - pair[0]).map(|d| if d.is_finite() { d } else { 0.0 }).collect()
        };
        let moving: Vec<_> = columns
            .iter()
            .filter(|(commands, states)| range(commands) > MOVES && range(states) > MOVES)
            .map(|(commands, states)| (changes(commands), changes(states)))
            .collect();
        let points = moving.first().map(|(commands, _)| commands.len()).filter(|points| *points >= POINTS_MIN)?;
        // OK to cast: a few dozen steps.
        let (back, ahead) = ((0.5 / step_s) as i64, (1.0 / step_s) as i64);
        let longest = (points / 3) as i64;
        let lags = (-back).max(-longest)..=ahead.min(longest);
        let best = lags.map(|lag| (lag, correlation(&moving, lag))).fold(None, |best: Option<(i64, f64)>, (lag, r)| {
            if best.is_some_and(|best| best.1 >= r) || !r.is_finite() { best } else { Some((lag, r)) }
        });
        best.map(|(lag, correlation)| (lag, correlation, step_s))
    }
}

/// Greatest less least, as far as they are numbers.
pub(crate) fn range(values: &[f64]) -> f64 {
    let least = values.iter().copied().fold(f64::NAN, f64::min);
    let greatest = values.iter().copied().fold(f64::NAN, f64::max);
    greatest - least
}

/// Correlation of the commands' changes with those of the states `lag` steps later, summed over columns.
fn correlation(columns: &[Course], lag: i64) -> f64 {
    let (mut product, mut commands, mut states) = (0.0, 0.0, 0.0);
    for (one, other) in columns {
        // OK to cast: lags are at most a third of the points.
        let (skip, shift) = ((-lag).max(0) as usize, lag.max(0) as usize);
        for (a, s) in one.iter().skip(skip).zip(other.iter().skip(shift)) {
            product += a * s;
            commands += a * a;
            states += s * s;
        }
    }
    product / libm::sqrt(commands * states)
}

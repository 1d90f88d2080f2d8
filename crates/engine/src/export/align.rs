//! Samples of one stream at the times of a grid.
//!
//! `latest` takes the last sample that is not later than the row: causal, never a value from the future. `nearest` takes the
//! closest. `linear` interpolates between the two around the row, and quaternions on the sphere (slerp); it uses the next
//! sample, so it is not causal.

use std::str::FromStr;

use serde::Serialize;

use crate::error::EngineError;

/// How samples are taken at each row's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Align {
    /// The last sample that is not later than the row.
    #[default]
    Latest,
    /// Between the samples before and after.
    Linear,
    /// The closest sample.
    Nearest,
}

impl Align {
    /// Whether no row depends on a later sample.
    pub const fn is_causal(self) -> bool {
        matches!(self, Self::Latest)
    }
}

impl FromStr for Align {
    type Err = EngineError;

    fn from_str(text: &str) -> Result<Self, EngineError> {
        match text {
            "latest" => Ok(Self::Latest),
            "linear" => Ok(Self::Linear),
            "nearest" => Ok(Self::Nearest),
            _ => Err(EngineError::invalid(format!("alignment `{text}`"), "it is one of latest, linear, nearest")),
        }
    }
}

/// Which samples make a row, and how far in time the farther of them lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pick {
    /// The sample before, or the only one.
    pub(crate) from: usize,
    /// The sample after; `from` where only one counts.
    pub(crate) to: usize,
    /// Share of `to`, from 0 to 1.
    pub(crate) share: f64,
    /// Nanoseconds from the row to the sample that is used; the larger of two.
    pub(crate) distance_ns: i64,
}

/// The pick for each row; `None` where there is no sample, or it is farther away than `tolerance_ns`.
///
/// `times` and `grid` ascend. A sample up to `slack_ns` later than a row counts as being at the row: the grid of a container
/// with rounded row times is not the future.
pub(crate) fn align(rule: Align, times: &[i64], grid: &[i64], tolerance_ns: i64, slack_ns: i64) -> Vec<Option<Pick>> {
    let mut before = 0;
    let one = |at: usize, t: i64| Pick { from: at, to: at, share: 0.0, distance_ns: times[at].abs_diff(t) as i64 };
    grid.iter()
        .map(|&t| {
            // `before` counts the samples that are not later than the row.
            while before < times.len() && times[before] <= t.saturating_add(slack_ns) {
                before += 1;
            }
            let last = before.checked_sub(1);
            let next = (before < times.len()).then_some(before);
            let pick = match (rule, last, next) {
                (Align::Latest, Some(last), _) => one(last, t),
                (Align::Latest, None, _) | (_, None, None) => return None,
                (Align::Nearest | Align::Linear, Some(last), None) => one(last, t),
                (Align::Nearest | Align::Linear, None, Some(next)) => one(next, t),
                (Align::Nearest, Some(last), Some(next)) => {
                    if times[next].abs_diff(t) < times[last].abs_diff(t) {
                        one(next, t)
                    } else {
                        one(last, t)
                    }
                }
                (Align::Linear, Some(last), Some(next)) => {
                    if times[last] >= t {
                        one(last, t)
                    } else {
                        let whole = times[next].abs_diff(times[last]) as f64;
                        Pick {
                            from: last,
                            to: next,
                            share: t.abs_diff(times[last]) as f64 / whole,
                            distance_ns: times[last].abs_diff(t).max(times[next].abs_diff(t)) as i64,
                        }
                    }
                }
            };
            (pick.distance_ns <= tolerance_ns).then_some(pick)
        })
        .collect()
}

/// The row of a pick: `values` holds `width` numbers per sample; `quaternions` says where in a row x, y, z, w of an
/// orientation begin.
pub(crate) fn blend(values: &[f64], width: usize, pick: Pick, quaternions: &[usize]) -> Vec<f64> {
    let row = |at: usize| &values[at * width..(at + 1) * width];
    let (one, two) = (row(pick.from), row(pick.to));
    if pick.from == pick.to || pick.share == 0.0 {
        return one.to_vec();
    }
    let mut out: Vec<f64> = one.iter().zip(two).map(|(a, b)| a + (b - a) * pick.share).collect();
    for &at in quaternions {
        if let (Some(a), Some(b)) = (one.get(at..at + 4), two.get(at..at + 4)) {
            out[at..at + 4].copy_from_slice(&slerp(a, b, pick.share));
        }
    }
    out
}

/// Spherical interpolation between unit quaternions, the short way round (Shoemake 1985).
fn slerp(a: &[f64], b: &[f64], share: f64) -> [f64; 4] {
    let dot: f64 = a.iter().zip(b).map(|(a, b)| a * b).sum();
    let sign = if dot < 0.0 { -1.0 } else { 1.0 };
    let cosine = (dot * sign).min(1.0);
    let (wa, wb) = if cosine > 0.9995 {
        // The sine of the angle is lost to rounding here, and the straight line is as good.
        (1.0 - share, share)
    } else {
        let angle = cosine.acos();
        (((1.0 - share) * angle).sin() / angle.sin(), (share * angle).sin() / angle.sin())
    };
    let mut out = [0.0; 4];
    for (at, value) in out.iter_mut().enumerate() {
        *value = wa * a[at] + wb * sign * b[at];
    }
    let norm = out.iter().map(|value| value * value).sum::<f64>().sqrt();
    if norm > 0.0 { out.map(|value| value / norm) } else { out }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FAR: i64 = i64::MAX;

    fn picks(rule: Align, times: &[i64], grid: &[i64]) -> Vec<Option<(usize, usize)>> {
        align(rule, times, grid, FAR, 0).into_iter().map(|pick| pick.map(|pick| (pick.from, pick.to))).collect()
    }

    #[test]
    fn latest_never_looks_ahead() {
        let times = [0, 10, 20, 30];
        assert_eq!(
            picks(Align::Latest, &times, &[-1, 0, 9, 10, 35]),
            [None, Some((0, 0)), Some((0, 0)), Some((1, 1)), Some((3, 3))]
        );
        for (row, pick) in (0..40).zip(align(Align::Latest, &times, &(0..40).collect::<Vec<_>>(), FAR, 0)) {
            assert!(times[pick.unwrap().from] <= row);
        }
    }

    #[test]
    fn nearest_takes_the_closer_one() {
        assert_eq!(
            picks(Align::Nearest, &[0, 10], &[-5, 4, 5, 6, 50]),
            [Some((0, 0)), Some((0, 0)), Some((0, 0)), Some((1, 1)), Some((1, 1))]
        );
    }

    #[test]
    fn linear_lies_between() {
        let pick = align(Align::Linear, &[0, 10], &[4], FAR, 0)[0].unwrap();
        assert_eq!((pick.from, pick.to, pick.share, pick.distance_ns), (0, 1, 0.4, 6));
        assert_eq!(blend(&[0.0, 100.0, 10.0, 200.0], 2, pick, &[]), [4.0, 140.0]);
    }

    #[test]
    fn the_tolerance_counts_from_the_row() {
        let found: Vec<_> = align(Align::Latest, &[0], &[5, 6], 5, 0).iter().map(Option::is_some).collect();
        assert_eq!(found, [true, false]);
    }

    #[test]
    fn a_rounded_row_time_is_not_the_future() {
        assert_eq!(align(Align::Latest, &[0, 1001], &[1000], FAR, 0)[0].unwrap().from, 0);
        assert_eq!(align(Align::Latest, &[0, 1001], &[1000], FAR, 5)[0].unwrap().from, 1);
    }

    #[test]
    fn orientations_turn_the_short_way() {
        // A quarter turn about z, given with the opposite sign: half of it is an eighth turn.
        let half = std::f64::consts::FRAC_PI_8;
        let quarter = [0.0, 0.0, -std::f64::consts::FRAC_PI_4.sin(), -std::f64::consts::FRAC_PI_4.cos()];
        let middle = slerp(&[0.0, 0.0, 0.0, 1.0], &quarter, 0.5);
        assert!((middle[2] - half.sin()).abs() < 1e-12 && (middle[3] - half.cos()).abs() < 1e-12, "{middle:?}");
    }

    /// What the rules say, one row at a time, without remembering where the last row was.
    fn slowly(rule: Align, times: &[i64], row: i64) -> Option<(usize, usize)> {
        let before = times.iter().rposition(|t| *t <= row);
        let after = times.iter().position(|t| *t > row);
        match (rule, before, after) {
            (Align::Latest, before, _) => before.map(|at| (at, at)),
            (_, None, at) | (_, at, None) => at.map(|at| (at, at)),
            (Align::Nearest, Some(one), Some(two)) => {
                let at = if times[two] - row < row - times[one] { two } else { one };
                Some((at, at))
            }
            (Align::Linear, Some(one), Some(_)) if times[one] == row => Some((one, one)),
            (Align::Linear, Some(one), Some(two)) => Some((one, two)),
        }
    }

    proptest! {
        #[test]
        fn every_row_is_what_the_rule_says(
            mut times in proptest::collection::vec(-500_i64..500, 0..40),
            mut grid in proptest::collection::vec(-600_i64..600, 1..40),
            tolerance in prop_oneof![Just(FAR), 0_i64..100],
            rule in prop_oneof![Just(Align::Latest), Just(Align::Nearest), Just(Align::Linear)],
        ) {
            times.sort_unstable();
            grid.sort_unstable();
            let picks = align(rule, &times, &grid, tolerance, 0);
            for (pick, row) in picks.into_iter().zip(grid) {
                let wanted = slowly(rule, &times, row);
                let distance = wanted.map(|(one, two)| (row - times[one]).abs().max((row - times[two]).abs()));
                let wanted = wanted.filter(|_| distance.is_some_and(|distance| distance <= tolerance));
                prop_assert_eq!(pick.map(|pick| (pick.from, pick.to)), wanted);
                if let Some(pick) = pick {
                    prop_assert_eq!(Some(pick.distance_ns), distance);
                    let at = times[pick.from] as f64 + pick.share * (times[pick.to] - times[pick.from]) as f64;
                    prop_assert!(pick.from == pick.to || (at - row as f64).abs() < 1e-6);
                }
            }
        }
    }
}

//! The slow end of the rhythm: quantiles of takt, and their ratio with a bound from a bootstrap of whole shifts.
//!
//! ```text
//!   takts of a shift -> histogram of ln takt -> (all shifts) cumulative counts per bin -> bootstrap of shifts
//! ```
//!
//! Units of one shift are alike, so the bootstrap draws shifts, never units. It works on histograms, which is what makes
//! 10,000 replicates over 20,000 shifts a matter of seconds: a replicate is a vector of weights, and each step of its
//! search for the quantile is one product of whole numbers.
//!
//! **Discretisation.** Bins are [`BIN_WIDTH`] = 0.002 wide in ln takt. A quantile is known to its bin: the midpoint that is
//! reported is off by at most 0.1 %, and a ratio by at most 0.2 %. Bounds take the unfavourable edges of both bins, so they
//! are at most 0.4 % too wide and never too narrow.

use libm::{ceil, exp, floor, log, sqrt};

use serde::Serialize;

use crate::bound::{Confidence, Interval, Side, StatError, within};
use crate::math::distribution::student_quantile;
use crate::math::random::Random;
use crate::math::special::normal_cdf;
use crate::stats::sample::{at_most, enough};

/// The width of a bin of ln takt.
pub const BIN_WIDTH: f64 = 0.002;

/// The shortest takt that a histogram takes, in seconds.
pub const TAKT_MIN_S: f64 = 0.01;

/// The longest takt that a histogram takes, in seconds.
pub const TAKT_MAX_S: f64 = 1e6;

/// Units that one shift may hold.
const UNITS_MAX: usize = 1_000_000;

/// Draws that one bootstrap may need: replicates by shifts.
const DRAWS_MAX: f64 = 1e9;

/// Cumulative counts that are kept, over all bins and shifts (64 MiB).
const CACHE_MAX: usize = 16 << 20;

/// How often each bin of ln takt occurs in one shift.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaktHistogram {
    /// Bins in ascending order, each with how many takts are in it or in bins before it.
    cumulative: Vec<(u16, u32)>,
}

impl TaktHistogram {
    /// The histogram of one shift's takts in seconds.
    ///
    /// # Errors
    /// No takts, more than 1,000,000, or one outside of 0.01 s to 1e6 s.
    pub fn new(takt_s: &[f64]) -> Result<Self, StatError> {
        enough("takts of a shift", takt_s, 1)?;
        at_most("takts of a shift", takt_s.len(), UNITS_MAX, "at most 1,000,000")?;
        let mut bins = Vec::with_capacity(takt_s.len());
        for &takt in takt_s {
            within("takt", takt, TAKT_MIN_S..=TAKT_MAX_S, "from 0.01 s to 1e6 s")?;
            // OK: from 0 to ln(1e8)/0.002 = 9,211.
            bins.push(floor((log(takt) - log(TAKT_MIN_S)) / BIN_WIDTH).max(0.0) as u16);
        }
        bins.sort_unstable();
        let mut seen = 0;
        let cumulative = bins
            .chunk_by(|a, b| a == b)
            .map(|group| {
                // OK: at most 1,000,000 takts.
                seen += group.len() as u32;
                (group[0], seen)
            })
            .collect();
        Ok(Self { cumulative })
    }

    /// How many takts are in this bin or in bins before it.
    fn up_to(&self, bin: u16) -> u32 {
        match self.cumulative.partition_point(|entry| entry.0 <= bin) {
            0 => 0,
            after => self.cumulative[after - 1].1,
        }
    }

    /// How many takts there are.
    pub fn units(&self) -> u32 {
        self.cumulative.last().map_or(0, |entry| entry.1)
    }
}

/// One side's shifts, ready for weighted quantiles.
struct Shifts<'a> {
    shifts: &'a [TaktHistogram],
    /// Units of each shift.
    units: Vec<u32>,
    /// All bins that occur, ascending.
    bins: Vec<u16>,
    /// Cumulative counts of every shift for a bin, made when first needed.
    columns: Vec<Option<Vec<u32>>>,
    /// How many more columns may be kept.
    columns_left: usize,
    /// Where the search starts: the place of the last quantile among `bins`.
    place: usize,
}

impl<'a> Shifts<'a> {
    fn new(shifts: &'a [TaktHistogram]) -> Self {
        let mut bins: Vec<u16> = shifts.iter().flat_map(|shift| shift.cumulative.iter().map(|entry| entry.0)).collect();
        bins.sort_unstable();
        bins.dedup();
        let columns = vec![None; bins.len()];
        let units = shifts.iter().map(TaktHistogram::units).collect();
        Self { shifts, units, bins, columns, columns_left: CACHE_MAX / shifts.len().max(1), place: 0 }
    }

    /// The weighted count of takts in bins up to the one at `place`.
    fn count_to(&mut self, place: usize, weights: &[u32]) -> u64 {
        if let Some(column) = &self.columns[place] {
            return product(column, weights);
        }
        let bin = self.bins[place];
        let column: Vec<u32> = self.shifts.iter().map(|shift| shift.up_to(bin)).collect();
        let found = product(&column, weights);
        if self.columns_left > 0 {
            self.columns_left -= 1;
            self.columns[place] = Some(column);
        }
        found
    }

    /// The bin of the weighted quantile: the first with at least `ceil(quantile · N)` takts in it and before it.
    fn quantile_bin(&mut self, quantile: f64, weights: &[u32]) -> u16 {
        // OK: fewer than 2^53 units.
        let needed = ceil(quantile * product(&self.units, weights) as f64).max(1.0) as u64;
        let last = self.bins.len() - 1;
        // A gallop from the last quantile, which is rarely far away, then halving.
        let (mut low, mut high) = (self.place, self.place);
        let mut step = 1;
        while high < last && self.count_to(high, weights) < needed {
            low = (high + 1).min(last);
            high = (high + step).min(last);
            step *= 2;
        }
        step = 1;
        while low > 0 && low == high && self.count_to(low - 1, weights) >= needed {
            high = low - 1;
            low = low.saturating_sub(step);
            step *= 2;
            while low > 0 && self.count_to(low - 1, weights) >= needed {
                high = low - 1;
                low = low.saturating_sub(step);
                step *= 2;
            }
        }
        while low < high {
            let middle = low + (high - low) / 2;
            if self.count_to(middle, weights) >= needed { high = middle } else { low = middle + 1 }
        }
        self.place = low;
        self.bins[low]
    }
}

/// The sum of products; whole numbers, so the order of summation does not matter.
fn product(counts: &[u32], weights: &[u32]) -> u64 {
    counts.iter().zip(weights).map(|(&count, &weight)| u64::from(count) * u64::from(weight)).sum()
}

/// ln takt at an edge of a bin: 0 for the lower one, 0.5 for the middle, 1 for the upper one.
fn ln_takt(bin: u16, part: f64) -> f64 {
    log(TAKT_MIN_S) + BIN_WIDTH * (f64::from(bin) + part)
}

/// The ratio of a quantile of takt between two sides.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct QuantileRatio {
    /// Robot by human; above 1 the robot's slow end is slower.
    pub ratio: f64,
    /// Its interval. An end is `None` where there are too few replicates for the confidence.
    #[serde(flatten)]
    pub interval: Interval,
    /// The robot's quantile over all units, in seconds.
    pub robot_s: f64,
    /// The human's quantile over all units, in seconds.
    pub human_s: f64,
}

/// The ratio of a quantile of takt (0.95 for the slow end), with a bound from a bootstrap that draws whole shifts of each
/// side with replacement.
///
/// The interval is the expanded percentile interval (Hesterberg, The American Statistician 69, 2015): the percentile is
/// taken at `Φ(sqrt(K/(K−1)) · t_(α, K−1))` with `K` the smaller number of shifts, because plain percentiles are too
/// narrow for few shifts. Replicate `i` draws from part `i` of the seed, the robot's shifts first.
///
/// # Errors
/// Fewer than 2 shifts on a side, a quantile outside of 0 to 1, fewer than 100 replicates, or replicates by shifts
/// beyond 1e9.
pub fn quantile_ratio(
    robot: &[TaktHistogram],
    human: &[TaktHistogram],
    quantile: f64,
    replicates: u32,
    seed: u64,
    confidence: Confidence,
    side: Side,
) -> Result<QuantileRatio, StatError> {
    enough("robot", robot, 2)?;
    enough("human", human, 2)?;
    if !(quantile > 0.0 && quantile < 1.0) {
        return Err(StatError::OutOfRange { what: "quantile", found: quantile, allowed: "above 0 and below 1" });
    }
    let replicates_found = f64::from(replicates);
    within("replicates", replicates_found, 100.0..=1e6, "from 100 to 1,000,000")?;
    // OK: counts in memory are exact as doubles.
    let shifts = (robot.len() + human.len()) as f64;
    within("replicates by shifts", replicates_found * shifts, 0.0..=DRAWS_MAX, "at most 1e9")?;
    let (mut robot_side, mut human_side) = (Shifts::new(robot), Shifts::new(human));
    let robot_bin = robot_side.quantile_bin(quantile, &vec![1; robot.len()]);
    let human_bin = human_side.quantile_bin(quantile, &vec![1; human.len()]);
    // Differences of bins, which are ln ratios in units of the bin's width.
    // OK: at most 1,000,000.
    let mut differences = Vec::with_capacity(replicates as usize);
    let (mut robot_weights, mut human_weights) = (vec![0; robot.len()], vec![0; human.len()]);
    for replicate in 0..replicates {
        let mut random = Random::part(seed, u64::from(replicate));
        draw(&mut random, &mut robot_weights);
        draw(&mut random, &mut human_weights);
        let robot_bin = robot_side.quantile_bin(quantile, &robot_weights);
        let human_bin = human_side.quantile_bin(quantile, &human_weights);
        differences.push(i32::from(robot_bin) - i32::from(human_bin));
    }
    differences.sort_unstable();
    // OK: the numbers of shifts are exact as doubles.
    let k = robot.len().min(human.len()) as f64;
    let tail = normal_cdf(sqrt(k / (k - 1.0)) * student_quantile(side.alpha_each(confidence), k - 1.0));
    // The order statistic of rank ceil((1 − tail)(B + 1)), counted from 1, or none beyond B. OK: from 1 to 1,000,001.
    let rank = ceil((1.0 - tail) * (replicates_found + 1.0)) as usize;
    let end = |rank: Option<usize>, edge: f64| {
        rank.and_then(|rank| differences.get(rank)).map(|&bins| exp(BIN_WIDTH * (f64::from(bins) + edge)))
    };
    let upper = end(rank.checked_sub(1), 1.0);
    let lower = end(differences.len().checked_sub(rank), -1.0);
    Ok(QuantileRatio {
        ratio: exp(ln_takt(robot_bin, 0.5) - ln_takt(human_bin, 0.5)),
        interval: Interval {
            lower: lower.filter(|_| side != Side::Upper),
            upper: upper.filter(|_| side != Side::Lower),
        },
        robot_s: exp(ln_takt(robot_bin, 0.5)),
        human_s: exp(ln_takt(human_bin, 0.5)),
    })
}

/// How often each shift is drawn, when as many as there are are drawn with replacement.
fn draw(random: &mut Random, weights: &mut [u32]) {
    weights.fill(0);
    for _ in 0..weights.len() {
        // OK: below the number of shifts.
        let shift = random.below(weights.len() as u64) as usize;
        weights[shift] += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shifts(seed: u64, number: usize, units: usize, ln_mean: f64) -> (Vec<Vec<f64>>, Vec<TaktHistogram>) {
        let mut random = Random::new(seed);
        let takts: Vec<Vec<f64>> = (0..number)
            .map(|_| {
                let centre = ln_mean + 0.08 * random.normal();
                (0..units).map(|_| random.log_normal(centre, 0.25)).collect()
            })
            .collect();
        let histograms = takts.iter().map(|takts| TaktHistogram::new(takts).expect("takts")).collect();
        (takts, histograms)
    }

    #[test]
    fn histograms_agree_with_sorting() {
        let (takts, histograms) = shifts(3, 12, 90, log(40.0));
        let mut side = Shifts::new(&histograms);
        let mut random = Random::new(9);
        let mut weights = vec![0; 12];
        for quantile in [0.001, 0.3, 0.5, 0.95, 0.999, 0.02, 0.98] {
            draw(&mut random, &mut weights);
            let mut all: Vec<f64> = takts
                .iter()
                .zip(&weights)
                .flat_map(|(takts, &weight)| (0..weight).flat_map(move |_| takts.iter().copied()))
                .collect();
            all.sort_by(f64::total_cmp);
            let exact = all[ceil(quantile * all.len() as f64) as usize - 1];
            let bin = side.quantile_bin(quantile, &weights);
            assert!(ln_takt(bin, 0.0) <= log(exact) + 1e-12 && log(exact) <= ln_takt(bin, 1.0), "{quantile}");
        }
    }

    #[test]
    fn a_slower_robot_is_seen() {
        let (_, robot) = shifts(1, 15, 100, log(44.0));
        let (_, human) = shifts(2, 15, 100, log(40.0));
        let found = quantile_ratio(&robot, &human, 0.95, 1_000, 7, Confidence::USUAL, Side::Two).expect("an answer");
        let (lower, upper) = (found.interval.lower.expect("a bound"), found.interval.upper.expect("a bound"));
        assert!(lower < found.ratio && found.ratio < upper && upper > 1.1 && lower > 0.9, "{found:?}");
        let again = quantile_ratio(&robot, &human, 0.95, 1_000, 7, Confidence::USUAL, Side::Two).expect("an answer");
        assert_eq!(found, again);
    }

    #[test]
    fn equal_shifts_have_a_bound_of_two_bins() {
        let histogram = TaktHistogram::new(&[40.0; 50]).expect("takts");
        let side = vec![histogram; 5];
        let found = quantile_ratio(&side, &side, 0.95, 200, 1, Confidence::USUAL, Side::Upper).expect("an answer");
        assert_eq!((found.ratio, found.interval.upper, found.interval.lower), (1.0, Some(exp(BIN_WIDTH)), None));
        assert!((found.robot_s / 40.0 - 1.0).abs() <= 0.001);
    }

    #[test]
    fn refuses_what_has_no_answer() {
        assert!(TaktHistogram::new(&[]).is_err() && TaktHistogram::new(&[f64::NAN]).is_err());
        let one = vec![TaktHistogram::new(&[40.0]).expect("takts")];
        assert!(quantile_ratio(&one, &one, 0.95, 200, 1, Confidence::USUAL, Side::Upper).is_err());
        let many = vec![one[0].clone(); 2];
        assert!(quantile_ratio(&many, &many, 1.0, 200, 1, Confidence::USUAL, Side::Upper).is_err());
        assert!(quantile_ratio(&many, &many, 0.95, 10, 1, Confidence::USUAL, Side::Upper).is_err());
    }

    /// Ten thousand replicates over 20,000 shifts of 500 units a side; takes seconds with optimisation, so it is asked for.
    #[test]
    #[ignore = "a measurement of speed"]
    fn speed() {
        let (_, robot) = shifts(1, 20_000, 500, log(44.0));
        let (_, human) = shifts(2, 20_000, 500, log(40.0));
        let found = quantile_ratio(&robot, &human, 0.95, 10_000, 7, Confidence::USUAL, Side::Two).expect("an answer");
        assert!(found.interval.upper.is_some());
    }
}

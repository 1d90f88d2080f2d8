//! How sure the cost and the return are: whole shifts drawn again, assumptions drawn from their range.

use libm::{exp, expm1, log1p, sqrt};
use serde::{Deserialize, Serialize};

use super::finance::{discount, life};
use super::{amount, rate};
use crate::bound::{StatError, within};
use crate::math::random::Random;

/// The most shifts times replicates; about ten nanoseconds each, so that 10,000 replicates of 20,000 shifts take about two
/// seconds, and the most about twenty.
pub const DRAWS_MAX: u64 = 2_000_000_000;

/// The most replicates.
pub const REPLICATES_MAX: u32 = 1_000_000;

/// What a gate needs of one shift: measured.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shift {
    /// Units that are good.
    pub good: f64,
    /// All units.
    pub produced: f64,
    /// Seconds for which the robot was scheduled (of people: paid).
    pub scheduled_s: f64,
    /// Minutes that people spent on it; of a human's shift 0, since the time is paid already.
    #[serde(default)]
    pub human_min: f64,
}

/// A number that is not measured.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Assumption {
    /// One number.
    Fixed(f64),
    /// A triangular distribution.
    Triangular {
        /// The least.
        low: f64,
        /// The likeliest.
        mode: f64,
        /// The most.
        high: f64,
    },
}

impl Assumption {
    /// Checks that the numbers are in order and each may stand where it is to.
    fn checked(
        self,
        what: &'static str,
        check: fn(&'static str, f64) -> Result<f64, StatError>,
    ) -> Result<Self, StatError> {
        match self {
            Self::Fixed(value) => check(what, value).map(Self::Fixed),
            Self::Triangular { low, mode, high } => {
                check(what, low)?;
                check(what, high)?;
                if low <= mode && mode <= high {
                    Ok(self)
                } else {
                    Err(StatError::Mismatch("a triangular assumption needs low <= mode <= high"))
                }
            }
        }
    }

    /// One draw, by inversion; a fixed number draws nothing.
    fn draw(self, random: &mut Random) -> f64 {
        match self {
            Self::Fixed(value) => value,
            Self::Triangular { low, mode, high } => {
                let (u, width) = (random.uniform(), high - low);
                if u * width < mode - low {
                    low + sqrt(u * width * (mode - low))
                } else {
                    high - sqrt((1.0 - u) * width * (high - mode))
                }
            }
        }
    }
}

/// All that is assumed.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assumptions {
    /// The loaded wage per paid hour.
    pub wage: Assumption,
    /// What is paid once.
    pub investment: Assumption,
    /// What is left of it after the last year.
    pub salvage: Assumption,
    /// What is paid per year beside people and scrap.
    pub running: Assumption,
    /// The cost of a unit that is not good.
    pub scrap_per_unit: Assumption,
    /// Scheduled hours per year.
    pub hours: Assumption,
    /// The discount rate per year.
    pub rate: Assumption,
    /// The lives in years, each as likely as the others.
    pub years: Vec<u32>,
}

impl Assumptions {
    /// Whether money can be resampled with these.
    ///
    /// # Errors
    /// The first that is out of order, or may not stand where it is.
    pub fn check(&self) -> Result<(), StatError> {
        checked(self).map(|_| ())
    }
}

/// Quantiles and mean of a distribution. `None` where it is infinite.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// The mean.
    pub mean: Option<f64>,
    /// The 5 % quantile.
    pub q05: Option<f64>,
    /// The 10 % quantile.
    pub q10: Option<f64>,
    /// The 20 % quantile.
    pub q20: Option<f64>,
    /// The median.
    pub q50: Option<f64>,
    /// The 80 % quantile.
    pub q80: Option<f64>,
    /// The 90 % quantile.
    pub q90: Option<f64>,
    /// The 95 % quantile.
    pub q95: Option<f64>,
}

/// How strongly an input moves the net present value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Influence {
    /// The input.
    pub input: &'static str,
    /// Whether it is measured.
    pub measured: bool,
    /// Spearman's rank correlation with the net present value; `None` where the input does not vary.
    pub rank_correlation: Option<f64>,
}

/// The distribution of cost and return.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// The cost of a good unit by robot.
    pub cost_robot: Spread,
    /// The cost of a good unit by human.
    pub cost_human: Spread,
    /// The difference.
    pub saving_per_unit: Spread,
    /// The net present value.
    pub npv: Spread,
    /// Years until the benefit has paid the investment.
    pub payback_years: Spread,
    /// The share of replicates whose net present value is above zero.
    pub npv_positive: f64,
    /// The standard error of that share from drawing no more replicates.
    pub npv_positive_error: f64,
    /// The inputs, the strongest first.
    pub influences: Vec<Influence>,
}

/// Sums over shifts, in the units of the log, so that whole numbers add up exactly in any order.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    good: f64,
    produced: f64,
    scheduled_s: f64,
    human_min: f64,
}

impl Sums {
    fn hours(&self) -> f64 {
        self.scheduled_s / 3_600.0
    }

    fn add(&mut self, other: &Self) {
        self.good += other.good;
        self.produced += other.produced;
        self.scheduled_s += other.scheduled_s;
        self.human_min += other.human_min;
    }
}

/// Checks shifts and turns them into hours.
fn sums(what: &'static str, shifts: &[Shift]) -> Result<Vec<Sums>, StatError> {
    if shifts.len() < 2 {
        return Err(StatError::TooFew { what, found: shifts.len(), needed: 2 });
    }
    shifts
        .iter()
        .map(|shift| {
            let (good, produced) = (amount("good", shift.good)?, amount("produced", shift.produced)?);
            if good > produced {
                return Err(StatError::Mismatch("a shift has more good units than units"));
            }
            let (scheduled_s, human_min) =
                (rate("scheduled_s", shift.scheduled_s)?, amount("human_min", shift.human_min)?);
            Ok(Sums { good, produced, scheduled_s, human_min })
        })
        .collect()
}

/// As many shifts as there are, each drawn from all of them.
fn resampled(shifts: &[Sums], random: &mut Random) -> Sums {
    let mut sum = Sums::default();
    // OK: a length fits 64 bits.
    let count = shifts.len() as u64;
    for _ in 0..count {
        // OK: below the length.
        if let Some(shift) = shifts.get(random.below(count) as usize) {
            sum.add(shift);
        }
    }
    sum
}

/// One replicate: the inputs in the order of [`INPUTS`], and what follows from them.
struct Replicate {
    inputs: [f64; INPUTS.len()],
    cost_robot: f64,
    cost_human: f64,
    npv: f64,
    payback: f64,
}

/// The inputs whose influence is reported, and whether they are measured.
const INPUTS: [(&str, bool); 13] = [
    ("good_per_hour", true),
    ("human_minutes_per_unit", true),
    ("good_share", true),
    ("human_good_per_hour", true),
    ("human_good_share", true),
    ("wage", false),
    ("investment", false),
    ("salvage", false),
    ("running", false),
    ("scrap_per_unit", false),
    ("hours", false),
    ("rate", false),
    ("years", false),
];

fn replicate(robot: &[Sums], human: &[Sums], assumed: &Assumptions, random: &mut Random) -> Replicate {
    let (robot, human) = (resampled(robot, random), resampled(human, random));
    let wage = assumed.wage.draw(random);
    let investment = assumed.investment.draw(random);
    let salvage = assumed.salvage.draw(random);
    let running = assumed.running.draw(random);
    let scrap_per_unit = assumed.scrap_per_unit.draw(random);
    let hours = assumed.hours.draw(random);
    let rate = assumed.rate.draw(random);
    // OK: below the length, and checked not to be empty.
    let chosen = random.below(assumed.years.len() as u64) as usize;
    let years = f64::from(assumed.years.get(chosen).copied().unwrap_or(1));

    let units = hours * robot.good / robot.hours();
    let scrapped = hours * (robot.produced - robot.good) / robot.hours();
    let human_h = hours * (robot.human_min / 60.0) / robot.hours();
    let operating = running + human_h * wage + scrapped * scrap_per_unit;
    let worth_of_unit = (human.hours() * wage + (human.produced - human.good) * scrap_per_unit) / human.good;
    let growth = years * log1p(rate);
    let (recovery, fund) =
        if rate == 0.0 { (1.0 / years, 1.0 / years) } else { (rate / -expm1(-growth), rate / expm1(growth)) };
    let benefit = units * worth_of_unit - operating;
    Replicate {
        inputs: [
            robot.good / robot.hours(),
            robot.human_min / robot.good,
            robot.good / robot.produced,
            human.good / human.hours(),
            human.good / human.produced,
            wage,
            investment,
            salvage,
            running,
            scrap_per_unit,
            hours,
            rate,
            years,
        ],
        cost_robot: (investment * recovery - salvage * fund + operating) / units,
        cost_human: worth_of_unit,
        npv: benefit / recovery - investment + salvage * exp(-growth),
        payback: if benefit > 0.0 { investment / benefit } else { f64::INFINITY },
    }
}

/// The distribution of the cost of a good unit, of the net present value and of the payback. Each replicate draws as many
/// whole shifts as there are, with replacement (Davison and Hinkley, Bootstrap Methods and their Application, 1997, section
/// 3.8: resampling of clusters), so that availability, interventions and supervision stay as dependent as they are, and draws each
/// assumption from its triangle. Replicate `i` uses the generator of part `i` of the seed.
///
/// It does not see what no shift has seen. With fewer than about 20 shifts it is too sure; with fewer than 8 it must not decide.
///
/// # Errors
/// Where there are fewer than two shifts of either, one without time, human shifts without a good unit, an assumption out of
/// order, fewer than 100 replicates, or more than two billion draws.
pub fn cost_distribution(
    robot: &[Shift],
    human: &[Shift],
    assumed: &Assumptions,
    replicates: u32,
    seed: u64,
) -> Result<Outcome, StatError> {
    let count = f64::from(replicates);
    within("replicates", count, 100.0..=f64::from(REPLICATES_MAX), "from 100 to 1000000")?;
    // OK: lengths and products for a comparison.
    let draws = count * (robot.len() as f64 + human.len() as f64);
    within("replicates times shifts", draws, 0.0..=DRAWS_MAX as f64, "at most 2e9")?;
    let (robot, human) = (sums("robot shifts", robot)?, sums("human shifts", human)?);
    // One good unit in every human shift, so that no replicate divides by zero.
    if human.iter().any(|shift| shift.good <= 0.0) {
        return Err(StatError::Mismatch("a human shift has no good unit"));
    }
    let assumed = checked(assumed)?;
    let outcomes: Vec<Replicate> = (0..u64::from(replicates))
        .map(|part| replicate(&robot, &human, &assumed, &mut Random::part(seed, part)))
        .collect();
    let positive = outcomes.iter().filter(|outcome| outcome.npv > 0.0).count();
    // OK: a count up to a million.
    let npv_positive = positive as f64 / count;
    Ok(Outcome {
        cost_robot: spread(outcomes.iter().map(|outcome| outcome.cost_robot)),
        cost_human: spread(outcomes.iter().map(|outcome| outcome.cost_human)),
        saving_per_unit: spread(outcomes.iter().map(|outcome| outcome.cost_human - outcome.cost_robot)),
        npv: spread(outcomes.iter().map(|outcome| outcome.npv)),
        payback_years: spread(outcomes.iter().map(|outcome| outcome.payback)),
        npv_positive,
        npv_positive_error: sqrt(npv_positive * (1.0 - npv_positive) / count),
        influences: influences(&outcomes),
    })
}

fn checked(assumed: &Assumptions) -> Result<Assumptions, StatError> {
    if assumed.years.is_empty() || assumed.years.len() > 1_000 {
        return Err(StatError::Mismatch("`years` must list between 1 and 1000 lives"));
    }
    for years in &assumed.years {
        life(*years)?;
    }
    Ok(Assumptions {
        wage: assumed.wage.checked("wage", amount)?,
        investment: assumed.investment.checked("investment", amount)?,
        salvage: assumed.salvage.checked("salvage", amount)?,
        running: assumed.running.checked("running", amount)?,
        scrap_per_unit: assumed.scrap_per_unit.checked("scrap_per_unit", amount)?,
        hours: assumed.hours.checked("hours", rate)?,
        rate: assumed.rate.checked("rate", |_, rate| discount(rate))?,
        years: assumed.years.clone(),
    })
}

/// The quantiles of numbers, by linear interpolation of the order statistics (Hyndman and Fan, The American Statistician
/// 50, 1996, type 7).
fn spread(values: impl Iterator<Item = f64>) -> Spread {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    // OK: a length up to a million.
    let count = sorted.len() as f64;
    let at = |share: f64| {
        let place = share * (count - 1.0);
        let whole = place.floor();
        // OK: below the length.
        let low = sorted.get(whole as usize).copied()?;
        let part = place - whole;
        let value = if part == 0.0 { low } else { low + part * (sorted.get(whole as usize + 1).copied()? - low) };
        value.is_finite().then_some(value)
    };
    let mean = sorted.iter().sum::<f64>() / count;
    Spread {
        mean: mean.is_finite().then_some(mean),
        q05: at(0.05),
        q10: at(0.1),
        q20: at(0.2),
        q50: at(0.5),
        q80: at(0.8),
        q90: at(0.9),
        q95: at(0.95),
    }
}

/// The rank of each number, less the mean rank; numbers that are equal share theirs.
fn centred_ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    let value = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
    order.sort_by(|a, b| value(*a).total_cmp(&value(*b)));
    let mut ranks = vec![0.0; values.len()];
    // OK: lengths up to a million.
    let middle = 0.5 * (values.len() as f64 - 1.0);
    let mut start = 0;
    while let Some(first) = order.get(start) {
        let rest = order.get(start..).unwrap_or_default();
        let same = rest.partition_point(|index| value(*index).total_cmp(&value(*first)).is_eq());
        for index in rest.iter().take(same) {
            if let Some(rank) = ranks.get_mut(*index) {
                *rank = start as f64 + 0.5 * (same as f64 - 1.0) - middle;
            }
        }
        start += same;
    }
    ranks
}

/// Spearman's rank correlation of each input with the net present value, the strongest first.
fn influences(outcomes: &[Replicate]) -> Vec<Influence> {
    let npv = centred_ranks(&outcomes.iter().map(|outcome| outcome.npv).collect::<Vec<_>>());
    let npv_squares: f64 = npv.iter().map(|rank| rank * rank).sum();
    let mut found: Vec<Influence> = INPUTS
        .iter()
        .enumerate()
        .map(|(place, (input, measured))| {
            let values: Vec<f64> = outcomes.iter().filter_map(|outcome| outcome.inputs.get(place).copied()).collect();
            let ranks = centred_ranks(&values);
            let squares: f64 = ranks.iter().map(|rank| rank * rank).sum();
            let product: f64 = ranks.iter().zip(&npv).map(|(a, b)| a * b).sum();
            // Ratios of sums that differ only by their rounding do not vary.
            let (low, high) = values
                .iter()
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(*value), high.max(*value)));
            let varies = squares > 0.0 && npv_squares > 0.0 && high - low > 1e-12 * high.abs();
            let rank_correlation = varies.then(|| product / sqrt(squares * npv_squares));
            Influence { input, measured: *measured, rank_correlation }
        })
        .collect();
    let strength = |influence: &Influence| influence.rank_correlation.map_or(-1.0, f64::abs);
    found.sort_by(|a, b| strength(b).total_cmp(&strength(a)));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(found: f64, expected: f64, error: f64) {
        assert!((found - expected).abs() <= error, "{found} is not {expected}");
    }

    /// The worked example of [`super::super::cost`], as shifts that are all alike.
    fn alike(count: usize) -> (Vec<Shift>, Vec<Shift>) {
        let produced = 8.0 * 0.93 * 40.0 * 0.95;
        let human_min = 60.0 * 8.0 * 0.1 + 4.0 * 8.0 * 0.93 / 8.0;
        let robot = Shift { good: produced * 0.985, produced, scheduled_s: 28_800.0, human_min };
        let human_produced = 8.0 * 38.0 * 0.87;
        let human =
            Shift { good: human_produced * 0.99, produced: human_produced, scheduled_s: 28_800.0, human_min: 0.0 };
        (vec![robot; count], vec![human; count])
    }

    fn assumed() -> Assumptions {
        Assumptions {
            wage: Assumption::Fixed(32.0),
            investment: Assumption::Fixed(180_000.0),
            salvage: Assumption::Fixed(12_000.0),
            running: Assumption::Fixed(28_000.0),
            scrap_per_unit: Assumption::Fixed(1.5),
            hours: Assumption::Fixed(3_400.0),
            rate: Assumption::Fixed(0.1),
            years: vec![5],
        }
    }

    #[test]
    fn shifts_that_are_alike_give_the_worked_oracle() {
        let (robot, human) = alike(10);
        let found = cost_distribution(&robot, &human, &assumed(), 100, 1).expect("an outcome");
        for value in [found.npv.q05, found.npv.mean, found.npv.q95] {
            near(value.expect("a value"), 112_073.12, 0.0051);
        }
        near(found.cost_robot.q50.expect("a cost"), 0.743_066_9, 5.1e-8);
        near(found.cost_human.q50.expect("a cost"), 0.992_865_7, 5.1e-8);
        near(found.payback_years.q80.expect("years"), 2.397_36, 5.1e-6);
        near(found.npv_positive, 1.0, 0.0);
    }

    #[test]
    fn spread_as_the_variance_of_a_mean() {
        // Good units 200 or 300 by shift: the mean of 100 shifts has a standard deviation of 5.
        let (_, human) = alike(2);
        let robot: Vec<Shift> = (0..100)
            .map(|i| {
                let good = if i % 2 == 0 { 200.0 } else { 300.0 };
                Shift { good, produced: good, scheduled_s: 28_800.0, human_min: 0.0 }
            })
            .collect();
        let found = cost_distribution(&robot, &human, &assumed(), 4_000, 7).expect("an outcome");
        // Only units vary: the benefit is 425 shifts times units times the worth of one, over 3.790787 years' worth.
        let worth = found.cost_human.q50.expect("a cost") * 425.0 / 0.263_797_480_8;
        let (low, high) = (found.npv.q05.expect("a value"), found.npv.q95.expect("a value"));
        near((high - low) / worth, 2.0 * 1.645 * 5.0, 0.6);
        let strongest = found.influences.first().expect("an influence");
        assert_eq!(strongest.input, "good_per_hour");
        near(strongest.rank_correlation.expect("it varies"), 1.0, 1e-12);
        assert_eq!(found, cost_distribution(&robot, &human, &assumed(), 4_000, 7).expect("an outcome"));
    }

    #[test]
    fn triangular_draws() {
        let triangle = Assumption::Triangular { low: 1.0, mode: 2.0, high: 5.0 };
        let mut random = Random::new(3);
        let draws: Vec<f64> = (0..100_000).map(|_| triangle.draw(&mut random)).collect();
        let mean = draws.iter().sum::<f64>() / 1e5;
        near(mean, 8.0 / 3.0, 0.015);
        // A quarter lies below the mode.
        near(draws.iter().filter(|draw| **draw < 2.0).count() as f64 / 1e5, 0.25, 0.006);
        assert!(draws.iter().all(|draw| (1.0..=5.0).contains(draw)));
    }

    #[test]
    fn a_robot_without_good_units_has_no_cost_per_unit() {
        let (mut robot, human) = alike(3);
        for shift in &mut robot {
            shift.good = 0.0;
        }
        let found = cost_distribution(&robot, &human, &assumed(), 100, 1).expect("an outcome");
        assert_eq!((found.cost_robot.q50, found.payback_years.q50), (None, None));
        near(found.npv_positive, 0.0, 0.0);
    }

    #[test]
    fn refuses() {
        let (robot, human) = alike(3);
        let of = |robot: &[Shift], assumed: &Assumptions, replicates| {
            cost_distribution(robot, &human, assumed, replicates, 1).is_err()
        };
        assert!(of(&robot[..1], &assumed(), 100));
        assert!(of(&robot, &assumed(), 1));
        assert!(of(&robot, &assumed(), u32::MAX));
        assert!(of(&robot, &Assumptions { years: vec![], ..assumed() }, 100));
        let odd = Assumption::Triangular { low: 3.0, mode: 2.0, high: 5.0 };
        assert!(of(&robot, &Assumptions { wage: odd, ..assumed() }, 100));
        let mut broken = robot.clone();
        broken[0].scheduled_s = 0.0;
        assert!(of(&broken, &assumed(), 100));
    }
}

//! # What it asks
//!
//! Whether the robot pays: the share of replicates whose net present value is above zero must reach
//! `npv_positive_at_least`; where asked, a good unit must be cheaper than by people in 90 of 100 replicates, and the
//! investment paid back within `payback_months` in 80. With `measured_only`, availability, interventions, good units and
//! people's minutes must come from the log.
//!
//! # Why
//!
//! A calculator of the vendor's leaves out supervision, scrap and financing. Here every minute of people counts, shifts
//! that went badly are drawn as often as they occurred, and what is assumed is named beside what is measured.
//!
//! # Formula and source
//!
//! Each replicate draws as many whole shifts as there are, with replacement (Davison and Hinkley, Bootstrap Methods and
//! their Application, 1997, section 3.8), so that availability, interventions and supervision stay as dependent as they
//! are; and each assumption from its triangle. `cost = (C·CRF − S·r/((1+r)^n − 1) + running + people·wage + scrap)/U`, `NPV
//! = Σ CF_t/(1+r)^t` (IEC 60300-3-3). The tornado table has Spearman's rank correlation of each input with the net present
//! value. The seed is the protocol's hash.
//!
//! # Example
//!
//! ```text
//! economics   0.743 EUR by robot and 0.993 by people per good unit in the median; net present value above zero in 98.7 % of 10000 replicates
//! ```

use super::{Case, Endpoint, Measured, float, hold_for, measured, numbers, percent, unknown};
use crate::bound::{Confidence, Side, StatError};
use crate::evidence::ShiftSums;
use crate::protocol::{Economics as Asked, Prices};
use crate::stats::economics::finance::{Return, internal_return};
use crate::stats::economics::resample::{Assumption, Outcome, Shift, cost_distribution};
use crate::verdict::{EndpointResult, State};

/// Fewer shifts than this must not decide about money.
const SHIFTS_LEAST: usize = 8;

/// What a good unit costs, and whether the robot pays.
#[derive(Debug)]
pub(super) struct Economics;

impl Endpoint for Economics {
    fn name(&self) -> &'static str {
        "economics"
    }

    fn judge(&self, case: &Case<'_>) -> Option<EndpointResult> {
        let asked = case.frozen.protocol.endpoints.economics.as_ref()?;
        let Some(prices) = &case.frozen.protocol.prices else {
            return Some(unknown(self, "share", "the task book names no prices"));
        };
        if !case.provenance.events {
            let reason = "the log keeps no events, so that nobody knows people's minutes";
            return Some(unknown(self, "share", reason));
        }
        let robot = shifts(case.robot, |sums| robot_shift(sums, prices));
        let human = shifts(case.human, |sums| human_shift(sums, prices));
        let assumed = prices.assumptions();
        match cost_distribution(&robot, &human, &assumed, asked.replicates, case.seed()) {
            Ok(outcome) => Some(self.result(case, asked, prices, (&robot, &human), &outcome)),
            Err(error) => Some(unknown(self, "share", format!("money cannot be resampled: {error}"))),
        }
    }

    fn source(&self) -> &'static str {
        include_str!("economics.rs")
    }
}

/// Shifts for resampling; those without a scheduled second have nothing to draw.
fn shifts(sums: &[ShiftSums], shift: impl Fn(&ShiftSums) -> Shift) -> Vec<Shift> {
    sums.iter().map(shift).filter(|shift| shift.scheduled_s > 0.0).collect()
}

/// A shift of robots: people's minutes are those of help, repair and intervention, and of whoever looks after the station.
fn robot_shift(sums: &ShiftSums, prices: &Prices) -> Shift {
    let scheduled_s = sums.shift.scheduled_s();
    let human_min = (sums.work.people_s + prices.supervision.value() * scheduled_s) / 60.0;
    Shift { good: float(sums.good()), produced: float(sums.units()), scheduled_s, human_min }
}

/// A shift of people, who are paid for all of it, breaks too.
fn human_shift(sums: &ShiftSums, prices: &Prices) -> Shift {
    let scheduled_s = sums.shift.span.seconds() * prices.people;
    Shift { good: float(sums.good()), produced: float(sums.units()), scheduled_s, human_min: 0.0 }
}

impl Economics {
    fn result(
        &self,
        case: &Case<'_>,
        asked: &Asked,
        prices: &Prices,
        shifts: (&[Shift], &[Shift]),
        outcome: &Outcome,
    ) -> EndpointResult {
        let money = |value: Option<f64>| value.map_or("an endless cost".to_owned(), |value| format!("{value:.3}"));
        let reason = format!(
            "{} {} by robot and {} by people per good unit in the median; net present value above zero in {} of {} replicates",
            money(outcome.cost_robot.q50),
            prices.currency,
            money(outcome.cost_human.q50),
            percent(outcome.npv_positive),
            asked.replicates
        );
        // What is decided is a probability over shifts and assumptions; its own error is that of drawing no more replicates.
        let error = 3.0 * outcome.npv_positive_error;
        let ends = Measured {
            estimate: Some(outcome.npv_positive),
            lower: outcome.npv_positive,
            upper: (outcome.npv_positive + error).min(1.0),
            threshold: asked.npv_positive_at_least,
            side: Side::Lower,
        };
        // Replicates are no looks: what is decided is a share of them, and its alpha is what is left of it.
        let confidence = Confidence::new(asked.npv_positive_at_least.clamp(0.5, 1.0 - 1e-9)).unwrap_or_default();
        let level = super::Level { confidence, alpha: 0.0 };
        let mut result = measured(self, "share", case, level, ends, reason);
        (result.confidence, result.alpha) = (None, None);
        if shifts.0.len().min(shifts.1.len()) < SHIFTS_LEAST && result.state != State::Hold {
            result.state = State::Hold;
            result.missing = Some(format!("{} and {} shifts are too few to draw from", shifts.0.len(), shifts.1.len()));
        }
        tell(&mut result, outcome, shifts);
        point(&mut result, outcome, prices, shifts);
        if asked.saving && outcome.saving_per_unit.q10.is_none_or(|saving| saving <= 0.0) {
            let saving = money(outcome.saving_per_unit.q10);
            hold_for(
                &mut result,
                format!("a saving of {saving} per good unit at the 10 % quantile, and above 0 is asked"),
            );
        }
        if let Some(months) = asked.payback_months {
            let found = outcome.payback_years.q80.map(|years| 12.0 * years);
            if found.is_none_or(|found| found > months) {
                let found = found.map_or("never".to_owned(), |found| format!("after {found:.1} months"));
                hold_for(&mut result, format!("paid back {found} in 80 of 100 replicates, and {months:.0} are asked"));
            }
        }
        if asked.measured_only {
            measured_only(&mut result, case, prices);
        }
        result
    }
}

/// The numbers that the page shows: quantiles, measured inputs, and the tornado table.
fn tell(result: &mut EndpointResult, outcome: &Outcome, (robot, human): (&[Shift], &[Shift])) {
    let quantiles = [
        ("cost_robot", &outcome.cost_robot),
        ("cost_human", &outcome.cost_human),
        ("saving_per_unit", &outcome.saving_per_unit),
        ("npv", &outcome.npv),
        ("payback_years", &outcome.payback_years),
    ];
    result.numbers = numbers(&[("npv_positive_error", outcome.npv_positive_error)]);
    for (name, spread) in quantiles {
        for (at, value) in [("q10", spread.q10), ("q50", spread.q50), ("q80", spread.q80), ("q90", spread.q90)] {
            if let Some(value) = value {
                result.numbers.insert(format!("{name}.{at}"), value);
            }
        }
    }
    for influence in &outcome.influences {
        if let Some(correlation) = influence.rank_correlation {
            let origin = if influence.measured { "measured" } else { "assumed" };
            result.numbers.insert(format!("tornado.{origin}.{}", influence.input), correlation);
        }
    }
    let sum = |shifts: &[Shift], of: fn(&Shift) -> f64| shifts.iter().map(of).sum::<f64>();
    let (good, hours) = (sum(robot, |it| it.good), sum(robot, |it| it.scheduled_s) / 3600.0);
    let (human_good, human_hours) = (sum(human, |it| it.good), sum(human, |it| it.scheduled_s) / 3600.0);
    let measured = [
        ("measured.good_per_hour", good / hours),
        ("measured.good_share", good / sum(robot, |it| it.produced)),
        ("measured.human_minutes_per_unit", sum(robot, |it| it.human_min) / good),
        ("measured.human_good_per_hour", human_good / human_hours),
        ("measured.human_good_share", human_good / sum(human, |it| it.produced)),
    ];
    result.numbers.extend(numbers(&measured));
}

/// The likeliest of an assumption.
fn likeliest(assumption: Assumption) -> f64 {
    match assumption {
        Assumption::Fixed(value) => value,
        Assumption::Triangular { mode, .. } => mode,
    }
}

/// One calculation with the means of the shifts and the likeliest assumptions: the bars of the cost waterfall, human
/// equivalents, and the internal rate of return.
fn point(result: &mut EndpointResult, outcome: &Outcome, prices: &Prices, (robot, human): (&[Shift], &[Shift])) {
    let waterfall = || -> Result<Vec<(&'static str, f64)>, StatError> {
        let sum = |shifts: &[Shift], of: fn(&Shift) -> f64| shifts.iter().map(of).sum::<f64>();
        let per_hour = likeliest(prices.hours_per_year) / (sum(robot, |it| it.scheduled_s) / 3600.0);
        let (good, produced) = (sum(robot, |it| it.good) * per_hour, sum(robot, |it| it.produced) * per_hour);
        let people_h = sum(robot, |it| it.human_min) / 60.0 * per_hour;
        let rate = likeliest(prices.rate);
        let years = prices.years.get(prices.years.len() / 2).copied().unwrap_or(1);
        let capital = likeliest(prices.investment) * crate::stats::economics::finance::capital_recovery(rate, years)?
            - likeliest(prices.salvage) * crate::stats::economics::finance::sinking_fund(rate, years)?;
        let (wage, scrap) = (likeliest(prices.wage_per_h), likeliest(prices.scrap_per_unit));
        let human_rate = sum(human, |it| it.good) / (sum(human, |it| it.scheduled_s) / 3600.0);
        let mut bars = vec![
            ("waterfall.capital", capital / good),
            ("waterfall.running", likeliest(prices.running_per_year) / good),
            ("waterfall.people", people_h * wage / good),
            ("waterfall.scrap", (produced - good) * scrap / good),
        ];
        let operating = likeliest(prices.running_per_year) + people_h * wage + (produced - good) * scrap;
        let benefit = good * outcome.cost_human.q50.unwrap_or(f64::NAN) - operating;
        bars.push(("benefit_per_year", benefit));
        if let Some(hours) = prices.person_hours_per_year {
            bars.push(("human_equivalents", good / (human_rate * hours)));
        }
        let mut flows = vec![-likeliest(prices.investment)];
        flows.extend((0..years).map(|_| benefit));
        if let Some(last) = flows.last_mut() {
            *last += likeliest(prices.salvage);
        }
        if let Ok(Return { irr: Some(irr), .. }) = internal_return(&flows, rate, rate) {
            bars.push(("irr", irr));
        }
        Ok(bars)
    };
    if let Ok(bars) = waterfall() {
        result.numbers.extend(numbers(&bars));
    }
}

/// What a gate beyond a pilot may not take on trust.
fn measured_only(result: &mut EndpointResult, case: &Case<'_>, prices: &Prices) {
    if !prices.supervision.is_measured() {
        hold_for(
            result,
            "`prices.supervision` is assumed: people's minutes must be measured at this gate, by a new attempt"
                .to_owned(),
        );
    }
    let open: u64 = case.robot.iter().map(|sums| sums.work.open_events).sum();
    if open > 0 {
        hold_for(result, format!("{open} events have no end in the log: nobody knows how long people were at it"));
    }
}

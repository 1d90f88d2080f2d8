//! What a protocol asks and what that takes, before anyone's time is spent.

use crate::bound::Confidence;
use crate::math::random::Random;
use crate::protocol::{Protocol, Success};
use crate::stats::cluster::Rule;
use crate::stats::spending::{self, Spending};
use crate::stats::strata::{Cell, success_bound};

/// Simulated runs per line of the power table. Enough for a power within 0.04.
const RUNS: u32 = 400;

/// Correlation of units of one shift that the power table assumes.
const ICC_ASSUMED: f64 = 0.02;

/// Units of a shift where the protocol does not say how many it expects.
const UNITS_USUAL: u64 = 100;

/// The plan in sentences: alpha of each look, power at some true shares, hours that no failure may fall into.
pub fn sentences(protocol: &Protocol, attempt: u32) -> Vec<String> {
    let mut plan = Vec::new();
    let endpoints = &protocol.endpoints;
    if let Some(success) = &endpoints.success {
        let per_shift = endpoints
            .exposure
            .as_ref()
            .map_or(UNITS_USUAL, |exposure| (exposure.units_min / u64::from(exposure.shifts_min.max(1))).max(1));
        plan.extend(of_success(success, attempt, per_shift));
    }
    if let Some(rhythm) = &endpoints.rhythm {
        plan.push(format!(
            "rhythm: at least {} shifts of robots and of people; robots may take {:.0} % longer per good unit",
            rhythm.shifts_min,
            rhythm.margin * 100.0
        ));
    }
    for (what, hours) in [("interventions", &endpoints.interventions), ("hardware", &endpoints.hardware)] {
        if let Some(hours) = hours {
            let without = hours.at_least_h * -libm::log(hours.confidence.alpha());
            plan.push(format!(
                "{what}: at least {} h between them at {:.0} %, which takes {without:.0} station hours without one",
                hours.at_least_h,
                hours.confidence.level() * 100.0
            ));
        }
    }
    plan
}

fn of_success(success: &Success, attempt: u32, per_shift: u64) -> Vec<String> {
    let Some(last) = success.looks.last().copied() else { return Vec::new() };
    let information: Vec<f64> = success.looks.iter().map(|look| f64::from(*look) / f64::from(last)).collect();
    let spent = spending::attempt(u64::from(attempt), success.confidence.alpha())
        .and_then(|alpha| spending::looks(&information, alpha, Spending::ObrienFleming));
    let Ok(spent) = spent else { return Vec::new() };
    let mut plan: Vec<String> = success
        .looks
        .iter()
        .zip(&spent.increments)
        .map(|(look, alpha)| format!("success: look at {look} shifts with alpha {alpha:.5}"))
        .collect();
    for share in [0.25, 0.5, 0.75] {
        let truth = success.at_least + (1.0 - success.at_least) * share;
        let power = power(success, &spent.increments, truth, per_shift);
        plan.push(format!(
            "success: a true share of {:.1} % is shown by {last} shifts of {per_shift} units in {:.0} of 100 runs (ICC {ICC_ASSUMED}, {RUNS} simulated)",
            truth * 100.0,
            power * 100.0
        ));
    }
    plan
}

/// The share of simulated runs in which some look shows the threshold.
fn power(success: &Success, alphas: &[f64], truth: f64, per_shift: u64) -> f64 {
    let size = 1.0 / ICC_ASSUMED - 1.0;
    let last = success.looks.last().copied().unwrap_or(0);
    let mut shown = 0;
    for run in 0..RUNS {
        let mut random = Random::part(20_261_121, u64::from(run));
        let cells: Vec<Cell> = (0..last as usize)
            .map(|shift| {
                let share = random.beta(truth * size, (1.0 - truth) * size);
                Cell { shift, stratum: 0, good: random.binomial(per_shift, share), units: per_shift }
            })
            .collect();
        let passes = success.looks.iter().zip(alphas).any(|(look, alpha)| {
            let Ok(confidence) = Confidence::new(1.0 - alpha) else { return false };
            success_bound(&cells[..*look as usize], None, confidence, Rule::Decision)
                .is_ok_and(|bound| bound.lower >= success.at_least)
        });
        shown += u32::from(passes);
    }
    f64::from(shown) / f64::from(RUNS)
}

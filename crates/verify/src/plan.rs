//! What a protocol asks and what that takes, before anyone's time is spent.

use crate::bound::Confidence;
use crate::math::random::Random;
use crate::protocol::{Endpoints, Hours, Protocol, Quality, Rhythm, Success, Trials};
use crate::stats::cluster::Rule;
use crate::stats::proportion::trials_needed;
use crate::stats::reliability::demonstration::{Risks, fixed_duration, sequential};
use crate::stats::spending::{self, Spending};
use crate::stats::strata::{Cell, success_bound};
use crate::stats::takt_plan::{ShiftPlan, power as power_of_takts};
use crate::stats::two_proportions::non_inferiority_trials;

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
        plan.extend(of_rhythm(rhythm));
    }
    plan.extend(of_trials(protocol));
    for (what, hours) in [
        ("interventions", &endpoints.interventions),
        ("hardware", &endpoints.hardware),
        ("software", &endpoints.software),
        ("safety", &endpoints.safety),
    ] {
        if let Some(hours) = hours {
            plan.extend(of_hours(what, hours, last_alpha(endpoints, attempt, hours.confidence)));
        }
    }
    if let Some(quality) = &endpoints.quality {
        plan.extend(of_quality(quality, endpoints.success.as_ref()));
    }
    if endpoints.transfer.is_some() || endpoints.sites.is_some() {
        plan.push(format!("sites: {} are declared; five at least say how much sites differ", protocol.sites().len()));
    }
    if let Some(economics) = &endpoints.economics {
        plan.push(format!(
            "economics: net present value above zero in {:.0} of 100 of {} replicates of whole shifts, {}",
            100.0 * economics.npv_positive_at_least,
            economics.replicates,
            if economics.measured_only { "from measured minutes only" } else { "assumed minutes allowed" }
        ));
    }
    for without in &protocol.without {
        plan.push(format!("without `{}`: {}", without.endpoint, without.reason));
    }
    plan
}

/// Between-shift and within-shift spreads of ln takt that the plan assumes.
const SPREADS: (f64, f64) = (0.08, 0.25);

fn of_rhythm(rhythm: &Rhythm) -> Vec<String> {
    let mut plan = vec![format!(
        "rhythm: at least {} shifts of robots and of people; robots may take {:.0} % longer per good unit",
        rhythm.shifts_min,
        rhythm.margin * 100.0
    )];
    let usual = ShiftPlan { between: SPREADS.0, within: SPREADS.1, units: 100.0, margin: rhythm.margin, ratio: 1.0 };
    for ratio in [1.0, 1.0 + 0.5 * rhythm.margin] {
        if let Ok(power) = power_of_takts(&ShiftPlan { ratio, ..usual }, rhythm.shifts_min, rhythm.confidence) {
            plan.push(format!(
                "rhythm: robots that really take {ratio:.2} times as long are shown by {} shifts a side in {:.0} of 100 runs (spread {:.2} between shifts)",
                rhythm.shifts_min,
                100.0 * power,
                SPREADS.0
            ));
        }
    }
    plan
}

fn of_trials(protocol: &Protocol) -> Vec<String> {
    let endpoints = &protocol.endpoints;
    let asked = [("trials", &endpoints.trials), ("drills", &endpoints.drills)];
    let of = |(what, asked): (&str, &Option<Trials>)| {
        let asked = asked.as_ref()?;
        let needed: Vec<String> = (0..4)
            .filter_map(|failures| trials_needed(asked.at_least, failures, asked.confidence).ok())
            .map(|trials| trials.to_string())
            .collect();
        Some(format!(
            "{what}: a share of {:.1} % at {:.0} % takes {} with 0, 1, 2, 3 that fail, if all are looked at once",
            100.0 * asked.at_least,
            100.0 * asked.confidence.level(),
            needed.join(", ")
        ))
    };
    asked.into_iter().filter_map(of).collect()
}

/// What an endpoint may spend at the last look.
fn last_alpha(endpoints: &Endpoints, attempt: u32, confidence: Confidence) -> f64 {
    let looks = endpoints.looks().unwrap_or_default();
    let last = looks.last().copied().map_or(1.0, f64::from);
    let information: Vec<f64> = looks.iter().map(|look| f64::from(*look) / last).collect();
    let spent = spending::attempt(u64::from(attempt), confidence.alpha())
        .and_then(|alpha| spending::looks(&information, alpha, Spending::ObrienFleming));
    spent.ok().and_then(|spent| spent.increments.last().copied()).unwrap_or(confidence.alpha())
}

/// Plans for a time between events: without any at the last look, and where the true time is three times what is asked.
fn of_hours(what: &str, hours: &Hours, alpha: f64) -> Vec<String> {
    let risk = hours.confidence.alpha();
    let without = hours.at_least_h * -libm::log(alpha);
    let mut plan = vec![format!(
        "{what}: at least {} h between them at {:.0} % over all looks, which takes {without:.0} station hours without one at the last",
        hours.at_least_h,
        hours.confidence.level() * 100.0
    )];
    let (good, bad) = (3.0 * hours.at_least_h, hours.at_least_h);
    let risks = Risks { alpha: risk, beta: risk };
    if let Ok(fixed) = fixed_duration(good, bad, risks) {
        plan.push(format!(
            "{what}: fixed plan for a true {good:.0} h: {:.0} station hours with at most {} events; true risks {:.3} (good one held back) and {:.3} (bad one passed)",
            fixed.duration,
            fixed.reject_at.saturating_sub(1),
            fixed.alpha,
            fixed.beta
        ));
    }
    if let Ok(plan_of) = sequential(good, bad, risks, true) {
        plan.push(format!(
            "{what}: sequential plan of the same risks: {:.0} station hours on average where it is good, {:.0} at most; true risks {:.3} and {:.3}",
            plan_of.duration_good, plan_of.duration_max, plan_of.alpha, plan_of.beta
        ));
    }
    plan
}

/// Design effect that the plan of a comparison with people assumes.
const EFFECT_ASSUMED: f64 = 3.0;

fn of_quality(quality: &Quality, success: Option<&Success>) -> Vec<String> {
    let share = success.map_or(0.98, |success| 0.5 * (1.0 + success.at_least));
    let trials = non_inferiority_trials((share, share), quality.margin, 0.9, EFFECT_ASSUMED, quality.confidence).ok();
    trials
        .map(|trials| {
            format!(
                "quality: {trials} units a side show {:.1} points less than people at most, in 90 of 100 runs, where both are good in {:.1} % (design effect {EFFECT_ASSUMED})",
                100.0 * quality.margin,
                100.0 * share
            )
        })
        .into_iter()
        .collect()
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

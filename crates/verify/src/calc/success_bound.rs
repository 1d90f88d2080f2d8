//! `success-bound`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Method, answer};
use crate::bound::{Confidence, StatError};
use crate::stats::cluster::Rule;
use crate::stats::labels::{self, FalseSuccess};
use crate::stats::strata::{self, Cell, StratumBound, SuccessBound};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    shifts: Vec<Entry>,
    #[serde(default)]
    weights: Option<BTreeMap<String, f64>>,
    #[serde(default)]
    confidence: Confidence,
    #[serde(default)]
    rule: Rule,
    /// That of the strata's own bounds.
    #[serde(default)]
    stratum_confidence: Option<Confidence>,
    #[serde(default)]
    reinspection: Option<Reinspection>,
}

/// One shift, or the part of it that belongs to one stratum.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(default)]
    shift: Option<String>,
    #[serde(default)]
    stratum: Option<String>,
    good: u64,
    units: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reinspection {
    inspected: u64,
    false_successes: u64,
}

#[derive(Serialize)]
struct Output {
    #[serde(flatten)]
    bound: SuccessBound,
    undecided_because: Option<&'static str>,
    strata: BTreeMap<String, StratumBound>,
    worst_stratum: Option<String>,
    false_success: Option<FalseSuccess>,
}

pub(super) const METHOD: Method = Method {
    name: "success-bound",
    about: "The lower bound of success over shifts and strata; that of rule `decision` decides.",
    formula: "n* = min(N, n_w / max(1, 1 + (n0-1) icc_used)) (z/t)^2, n_w = 1 / sum (W^2/n); lower = BetaInv(alpha; n* p, n*(1-p) + 1); t has K-1 degrees of freedom; icc_used = max(icc_upper, icc_min), icc_min = 0.05 until there are 10 failures in 5 shifts, then 0; rule decision: then icc_min = min(0.035, 1.2 / shifts with a failure), and sum n^2/N in place of n0; with reinspection lower is multiplied by 1 - upper(false), each at alpha/2",
    source: "Korn and Graubard, Survey Methodology 24 (1998), with Searle's upper bound of the ICC; Kish, Survey Sampling (1965), for sum n^2/N",
    input: "shifts: list of {good: count, units: count, stratum: name (optional), shift: name (optional)}; entries of the same shift are one cluster, an entry without is its own\nweights: share of each stratum, by name; sum 1; absent: units are pooled\nconfidence: share, default 0.95\nrule: amended (default) or decision, the stricter one of the gates\nstratum_confidence: share, default that of confidence\nreinspection: {inspected: count, false_successes: count}, optional",
    output: "rule: as given\nestimate: share\nlower: share\nicc: null where it cannot be estimated\nicc_upper: at 80 %\nicc_used: as in the formula\nreason: why this icc was used\ndesign_effect: factor\neffective_units: n*\nshifts: count with units\nunits: count\nfailures: count\ndecidable: whether there are at least 8 shifts\nundecided_because: text, null where decidable\nstrata: each stratum's own estimate, lower, shifts, units, icc_used, effective_units\nworst_stratum: the name of the stratum with the least lower bound\nfalse_success: {estimate, upper}, null without reinspection",
    example: (
        r#"{"shifts": [{"good": 98, "units": 100}, {"good": 95, "units": 100}, {"good": 99, "units": 100}, {"good": 90, "units": 100}, {"good": 97, "units": 100}, {"good": 100, "units": 100}, {"good": 85, "units": 100}, {"good": 96, "units": 100}], "confidence": 0.95}"#,
        r#"{"rule": "amended", "estimate": 0.95, "lower": 0.8790374170310561, "icc": 0.04421360732040343, "icc_upper": 0.0851755747509344, "icc_used": 0.0851755747509344, "reason": "the upper bound of the ICC in this log, at 80 %", "design_effect": 9.432381900342506, "effective_units": 63.928993515440794, "shifts": 8, "units": 800, "failures": 40, "decidable": true, "undecided_because": null, "strata": {}, "worst_stratum": null, "false_success": null}"#,
    ),
    run: |input| answer(input, calculate),
};

fn calculate(input: Input) -> Result<Output, StatError> {
    let (names, shares) = named(&input)?;
    let cells = cells(&input.shifts, &names)?;
    let weights = input.weights.as_ref().map(|_| shares.as_slice());
    let bound_at = |confidence| strata::success_bound(&cells, weights, confidence, input.rule);
    let (bound, false_success) = match &input.reinspection {
        None => (bound_at(input.confidence)?, None),
        Some(Reinspection { inspected, false_successes }) => {
            let found = labels::reinspected(bound_at, *false_successes, *inspected, input.confidence)?;
            let bound = SuccessBound { estimate: found.estimate, lower: found.lower, ..found.reported };
            (bound, Some(found.false_success))
        }
    };
    let stratum_confidence = input.stratum_confidence.unwrap_or(input.confidence);
    let own = strata::stratum_bounds(&cells, names.len().max(1), stratum_confidence, input.rule)?;
    let strata: BTreeMap<String, StratumBound> = names.into_keys().zip(own).collect();
    let worst_stratum = strata.iter().min_by(|a, b| a.1.lower.total_cmp(&b.1.lower)).map(|(name, _)| name.clone());
    let undecided_because = (!bound.decidable).then_some("there are fewer than 8 shifts");
    Ok(Output { bound, undecided_because, strata, worst_stratum, false_success })
}

/// The strata's positions by name, in the order of names, and their weights.
fn named(input: &Input) -> Result<(BTreeMap<String, usize>, Vec<f64>), StatError> {
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    for entry in &input.shifts {
        if let Some(stratum) = &entry.stratum {
            names.entry(stratum.clone()).or_default();
        }
    }
    if let Some(weights) = &input.weights {
        if names.keys().any(|name| !weights.contains_key(name)) {
            return Err(StatError::Mismatch("a shift's stratum has no weight"));
        }
        names = weights.keys().map(|name| (name.clone(), 0)).collect();
    }
    if !names.is_empty() && input.shifts.iter().any(|entry| entry.stratum.is_none()) {
        return Err(StatError::Mismatch("a shift names no stratum, and others or the weights do"));
    }
    for (index, position) in names.values_mut().enumerate() {
        *position = index;
    }
    let shares = input.weights.as_ref().map_or_else(Vec::new, |weights| weights.values().copied().collect());
    Ok((names, shares))
}

/// The entries with shifts and strata as positions.
fn cells(entries: &[Entry], strata: &BTreeMap<String, usize>) -> Result<Vec<Cell>, StatError> {
    let mut shifts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut next = 0;
    let mut fresh = || {
        next += 1;
        next - 1
    };
    let mut cells = Vec::with_capacity(entries.len());
    for entry in entries {
        let shift = match &entry.shift {
            None => fresh(),
            Some(name) => *shifts.entry(name).or_insert_with(&mut fresh),
        };
        let stratum = match &entry.stratum {
            None => 0,
            Some(name) => *strata.get(name).ok_or(StatError::Mismatch("a shift's stratum has no weight"))?,
        };
        cells.push(Cell { shift, stratum, good: entry.good, units: entry.units });
    }
    Ok(cells)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    fn run(input: Value) -> Option<Value> {
        (super::METHOD.run)(input).ok()
    }

    fn shift(day: u64, stratum: &str, good: u64, units: u64) -> Value {
        json!({"shift": format!("day {day}"), "stratum": stratum, "good": good, "units": units})
    }

    #[test]
    fn parts_of_a_shift_are_one_cluster() {
        let parts: Vec<Value> =
            (0..10).flat_map(|day| [shift(day, "box", 60, 60), shift(day, "bag", 36 + day % 5, 40)]).collect();
        let found = run(json!({"shifts": parts, "weights": {"bag": 0.5, "box": 0.5}})).expect("an answer");
        assert_eq!((&found["shifts"], &found["units"], &found["decidable"]), (&json!(10), &json!(1000), &json!(true)));
        assert_eq!(found["worst_stratum"], json!("bag"));
        assert_eq!(found["strata"]["bag"]["shifts"], json!(10));
        let pooled = run(json!({"shifts": parts})).expect("an answer");
        assert!(pooled["estimate"].as_f64() > found["estimate"].as_f64());
        let unseen =
            run(json!({"shifts": parts, "weights": {"bag": 0.4, "box": 0.5, "tube": 0.1}})).expect("an answer");
        assert_eq!(unseen["strata"]["tube"]["lower"], json!(0.0));
        assert!(unseen["estimate"].as_f64() < found["estimate"].as_f64());
    }

    #[test]
    fn the_rule_of_decisions_is_stricter() {
        let parts: Vec<Value> = (0..10).map(|day| shift(day, "box", 98, 100)).collect();
        let given = |rule: &str| run(json!({"shifts": parts, "rule": rule}));
        let (amended, decision) = (given("amended").expect("an answer"), given("decision").expect("an answer"));
        assert_eq!(run(json!({"shifts": parts})), Some(amended.clone()));
        assert_eq!((&amended["icc_used"], &decision["icc_used"]), (&json!(0.0), &json!(0.035)));
        assert!(decision["lower"].as_f64() < amended["lower"].as_f64());
        assert!(decision["strata"]["box"]["lower"].as_f64() < amended["strata"]["box"]["lower"].as_f64());
        assert_eq!(given("other"), None);
    }

    #[test]
    fn reinspection_lowers_the_bound() {
        let parts: Vec<Value> = (0..10).map(|day| shift(day, "box", 99, 100)).collect();
        let plain = run(json!({"shifts": parts})).expect("an answer");
        let found =
            run(json!({"shifts": parts, "reinspection": {"inspected": 299, "false_successes": 1}})).expect("an answer");
        assert!(found["lower"].as_f64() < plain["lower"].as_f64());
        assert!(found["false_success"]["upper"].as_f64() > Some(0.01));
    }

    #[test]
    fn few_shifts_decide_nothing() {
        let found = run(json!({"shifts": [{"good": 1000, "units": 1000}]})).expect("an answer");
        assert_eq!((&found["decidable"], &found["lower"]), (&json!(false), &json!(0.0)));
        assert!(found["undecided_because"].is_string());
        assert_eq!(found["strata"], json!({}));
    }

    #[test]
    fn refuses_unlisted_strata() {
        let listed = json!({"box": 1.0});
        assert_eq!(run(json!({"shifts": [shift(1, "bag", 1, 1)], "weights": listed})), None);
        assert_eq!(run(json!({"shifts": [{"good": 1, "units": 1}], "weights": listed})), None);
        assert_eq!(run(json!({"shifts": []})), None);
    }
}

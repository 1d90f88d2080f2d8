//! Each family of work with its worked example: a task book, a simulated truth, and the verdict that they give.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests read the bundled task books")]

use std::path::Path;

use prairie_model::{Hash256, Nanos, StationLog};
use prairie_verify::control::ControlState;
use prairie_verify::evidence::{Evidence, Registered, of_log};
use prairie_verify::protocol::{Frozen, Protocol, ProtocolError};
use prairie_verify::simulate::Truth;
use prairie_verify::verdict::{Decision, EndpointResult, Provenance, State, Verdict, judge};

fn sample(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/task-books").join(name)).unwrap()
}

/// Frozen at the beginning of time: all shifts of a simulation come after.
fn frozen(book: &str) -> Frozen {
    let protocol = Protocol::from_toml(book).unwrap().complete().unwrap();
    Frozen { protocol, frozen: Nanos(0), attempt: 1, hash: Hash256::from_bytes([7; 32]) }
}

fn evidence(frozen: &Frozen, log: &StationLog) -> Evidence {
    let mut evidence = of_log(frozen, log).unwrap();
    // What the store tells of protocols: this one alone was ever frozen.
    evidence.witness.registered = Some(vec![Registered {
        frozen: frozen.frozen,
        scenario: frozen.protocol.scenario.clone(),
        gate: frozen.protocol.gate.name().to_owned(),
        attempt: frozen.attempt,
        hash: frozen.hash,
    }]);
    evidence
}

fn verdict(book: &str, truth: &str) -> Verdict {
    let frozen = frozen(book);
    let log = Truth::from_toml(truth).unwrap().log();
    let provenance = Provenance { simulated: true, events: true, readings: true, ..Provenance::default() };
    let evidence = evidence(&frozen, &log);
    assert!(evidence.tally.reconciles(), "{:?}", evidence.tally);
    judge(&frozen, &evidence, &provenance).unwrap()
}

fn endpoint<'a>(verdict: &'a Verdict, name: &str) -> &'a EndpointResult {
    verdict.endpoints.iter().find(|result| result.endpoint == name).unwrap()
}

fn states(verdict: &Verdict) -> Vec<String> {
    let line = |result: &EndpointResult| {
        format!("{} {:?}: {} | {:?} | {:?}", result.endpoint, result.state, result.reason, result.missing, result.notes)
    };
    let controls = verdict.controls.iter().filter(|result| result.required && result.state != ControlState::Pass);
    let controls = controls.map(|result| format!("{} {:?}: {}", result.control, result.state, result.reason));
    verdict.endpoints.iter().map(line).chain(controls).collect()
}

#[test]
fn the_worked_examples_are_promoted() {
    for family in ["lab", "counted", "inspection", "care", "mission"] {
        let verdict = verdict(&sample(&format!("{family}.toml")), &sample(&format!("{family}-truth.toml")));
        assert_eq!(verdict.decision, Decision::Promote, "{family}: {:#?}", states(&verdict));
        assert!(verdict.risk > 0.0 && verdict.risk <= 0.20 + 1e-12, "{family}: {}", verdict.risk);
    }
}

/// Replaces a line of a truth.
fn with(truth: &str, from: &str, to: &str) -> String {
    assert!(truth.contains(from), "{from}");
    truth.replace(from, to)
}

#[test]
fn what_a_family_fears_is_not_promoted() {
    let cases = [
        ("inspection", "missed = 0.015", "missed = 0.12", "missed_defects"),
        ("inspection", "false_alarms = 0.01\n", "false_alarms = 0.20\n", "false_alarms"),
        ("care", "helped = 0.08", "helped = 0.35", "assistance"),
        ("care", "safety_h = 20000.0", "safety_h = 20.0", "safety"),
        ("mission", "success = 0.985", "success = 0.70", "drills"),
        ("mission", "takt_s = 520.0", "takt_s = 1100.0", "completion"),
        ("lab", "success = 0.97", "success = 0.80", "trials"),
        ("counted", "takt_s = 61.0", "takt_s = 90.0", "rhythm"),
        ("counted", "hardware_h = 5000.0", "hardware_h = 20.0", "hardware"),
    ];
    for (family, from, to, name) in cases {
        let truth = with(&sample(&format!("{family}-truth.toml")), from, to);
        let verdict = verdict(&sample(&format!("{family}.toml")), &truth);
        assert_ne!(verdict.decision, Decision::Promote, "{family} {to}");
        assert_ne!(endpoint(&verdict, name).state, State::Pass, "{family} {to}: {:#?}", states(&verdict));
    }
}

#[test]
fn a_batch_asks_for_drills_and_a_sector_for_two_seasons() {
    let truth = sample("counted-truth.toml");
    let drilled = format!("{truth}\n[audits]\ndrills = true\n");
    let book = |gate: &str| with(&sample("counted.toml"), "gate = \"verified\"", &format!("gate = \"{gate}\""));
    let missing = |gate: &str, truth: &str| {
        let verdict = verdict(&book(gate), truth);
        endpoint(&verdict, "exposure").missing.clone().unwrap_or_default()
    };
    let without = missing("batch", &truth);
    assert!(without.contains("0 of 1 robot swaps, 0 of 1 rollbacks"), "{without}");
    let with = missing("batch", &drilled);
    assert!(!with.contains("swaps") && !with.contains("rollbacks"), "{with}");
    assert!(missing("sector", &truth).contains("1 of 2 seasons"), "{}", missing("sector", &truth));
    assert!(missing("verified", &truth).is_empty());
}

#[test]
fn money_is_measured_and_assumed_apart() {
    let verdict = verdict(&sample("counted.toml"), &sample("counted-truth.toml"));
    let money = endpoint(&verdict, "economics");
    assert!(money.numbers.keys().any(|name| name.starts_with("tornado.measured.")), "{money:#?}");
    assert!(money.numbers.keys().any(|name| name.starts_with("tornado.assumed.")), "{money:#?}");
    let bars = ["capital", "running", "people", "scrap"].map(|name| money.numbers[&format!("waterfall.{name}")]);
    let cost = money.numbers["cost_robot.q50"];
    assert!((bars.iter().sum::<f64>() - cost).abs() < 0.1 * cost, "{bars:?} {cost}");
    // Nobody may promote on a minute that nobody measured.
    let assumed = with(&sample("counted.toml"), "{ measured = 0.1 }", "{ assumed = 0.1 }");
    let refused = Protocol::from_toml(&assumed).unwrap().complete().unwrap_err();
    assert!(refused.to_string().contains("could never be passed"), "{refused}");
}

#[test]
fn impossible_and_meaningless_task_books_are_refused_with_the_reason() {
    let counted = sample("counted.toml");
    let refused = |book: &str| Protocol::from_toml(book).and_then(Protocol::complete).unwrap_err().to_string();
    let cases = [
        (
            with(&counted, "[prices]", "[endpoints.trials]\nat_least = 0.9\nlooks = [4]\n\n[prices]"),
            "`endpoints.trials` is refused",
        ),
        (with(&counted, "shown_by = \"success\"", "shown_by = \"transfer\""), "which is not asked for"),
        (with(&counted, "at most one intervention in 4 hours", "few interventions"), "has no number"),
        (with(&counted, "years = [4, 5, 6]", "years = []"), "`prices`"),
        (
            with(&counted, "[prices]", "[[without]]\nendpoint = \"beauty\"\nreason = \"none\"\n\n[prices]"),
            "no endpoint `beauty`",
        ),
        (
            with(&counted, "[prices]", "[endpoints.success]\nat_least = 1.0\nlooks = [20]\n\n[prices]"),
            "no finite log proves 1",
        ),
        (with(&counted, "baseline = { stations = [\"station-1\"], record_takt_s = 61.0 }", ""), "compares with people"),
        (with(&sample("care.toml"), ", autonomous = false", ""), "care allows help"),
        (
            with(&sample("inspection.toml"), "defective = [\"defective\"]", "defective = []"),
            "`inspection` is missing or empty",
        ),
        (with(&sample("mission.toml"), "lot = {", "#"), "`lot.drawn` is missing"),
    ];
    for (book, expected) in cases {
        let found = refused(&book);
        assert!(found.contains(expected), "{expected}: {found}");
    }
    assert!(matches!(
        Protocol::from_toml(&with(&counted, "weight = 0.3", "weight = 0.2")).and_then(Protocol::complete),
        Err(ProtocolError::Weights { .. })
    ));
}

#[test]
fn the_order_of_import_changes_nothing() {
    let frozen = frozen(&sample("counted.toml"));
    let log = Truth::from_toml(&sample("counted-truth.toml")).unwrap().log();
    let mut other = log.clone();
    other.units.reverse();
    other.events.reverse();
    other.readings.reverse();
    other.shifts.reverse();
    let provenance = Provenance { events: true, ..Provenance::default() };
    let one = judge(&frozen, &evidence(&frozen, &log), &provenance).unwrap();
    let two = judge(&frozen, &evidence(&frozen, &other), &provenance).unwrap();
    assert_eq!(prairie_model::canonical_json(&one).unwrap(), prairie_model::canonical_json(&two).unwrap());
}

#[test]
fn the_example_of_the_reference_is_a_task_book() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/task-book.md");
    let text = std::fs::read_to_string(page).unwrap();
    let (_, rest) = text.split_once("```toml\n").unwrap();
    let (book, fields) = rest.split_once("```").unwrap();
    let protocol = Protocol::from_toml(book).unwrap().complete().unwrap();
    assert!(protocol.endpoints.takt_tail.is_none() && protocol.endpoints.quality.is_some());
    for name in prairie_verify::protocol::Endpoints::NAMES {
        assert!(fields.contains(&format!("`{name}`")), "`{name}` is not in the table of endpoints");
    }
}

//! Controls against a staged show, over whole simulated logs: what passes, what fails, what stays unknown, and what it does to
//! the decision.

use prairie_model::{
    Hash256, Mode, Nanos, Outcome, Recorder, StationEventKind, StationLog, UnitOfWork, canonical_json,
};
use prairie_verify::control::{ControlResult, ControlState};
use prairie_verify::evidence::{Builder, EvidenceError, Lot, Registered, of_log};
use prairie_verify::math::random::Random;
use prairie_verify::protocol::{Frozen, Protocol};
use prairie_verify::simulate::Truth;
use prairie_verify::verdict::{Decision, Provenance, State, Verdict, judge};

const BOOK: &str = r#"schema = "prairie/protocol/1"
scenario = "sorting"
gate = "verified"
scope = { stations = ["station-1"], release = "sha256:simulated" }
success = { definition = "the part lies in its tray" }
baseline = { stations = ["station-1"] }
[endpoints]
success = { at_least = 0.95, looks = [20, 30] }
hardware = { at_least_h = 30, confidence = 0.80 }
[[without]]
endpoint = "economics"
reason = "nobody asked what it costs"
"#;

fn frozen(controls: &str) -> Frozen {
    let protocol = Protocol::from_toml(&format!("{BOOK}{controls}")).and_then(Protocol::complete).expect("a protocol");
    Frozen { protocol, frozen: Nanos(0), attempt: 1, hash: Hash256::of(b"protocol") }
}

fn log() -> StationLog {
    let mut truth = Truth { seed: 3, ..Truth::default() };
    truth.robots.success = 0.99;
    truth.log()
}

fn verdict(frozen: &Frozen, log: &StationLog) -> Verdict {
    let mut evidence = of_log(frozen, log).expect("evidence");
    evidence.witness.registered = Some(vec![Registered {
        frozen: frozen.frozen,
        scenario: "sorting".to_owned(),
        gate: "verified".to_owned(),
        attempt: 1,
        hash: frozen.hash,
    }]);
    let provenance = Provenance {
        logs: vec!["log".to_owned()],
        simulated: log.simulated,
        recorder: log.recorder,
        events: true,
        readings: !log.readings.is_empty(),
    };
    judge(frozen, &evidence, &provenance).expect("a verdict")
}

fn control<'a>(verdict: &'a Verdict, name: &str) -> &'a ControlResult {
    verdict.controls.iter().find(|result| result.control == name).expect("a control of that name")
}

fn state(verdict: &Verdict, name: &str) -> ControlState {
    control(verdict, name).state
}

/// Takes every `n`-th unit of robots out of the log; the counter has counted it.
fn without_each(mut log: StationLog, n: usize) -> StationLog {
    let mut place = 0;
    log.units.retain(|unit| {
        place += usize::from(unit.robot.is_some());
        unit.robot.is_none() || !place.is_multiple_of(n)
    });
    log
}

#[test]
fn an_honest_log_passes_and_its_order_does_not_matter() {
    let (frozen, mut log) = (frozen(""), log());
    let first = verdict(&frozen, &log);
    assert_eq!(first.decision, Decision::Promote, "{first:#?}");
    assert!(!first.self_attested);
    for result in &first.controls {
        let expected = if result.required { ControlState::Pass } else { result.state };
        assert_eq!(result.state, expected, "{}: {}", result.control, result.reason);
        assert!(!result.reason.is_empty() && result.missing.is_none(), "{result:?}");
    }
    let mut random = Random::new(9);
    random.shuffle(&mut log.units);
    random.shuffle(&mut log.shifts);
    random.shuffle(&mut log.events);
    random.shuffle(&mut log.readings);
    random.shuffle(&mut log.audits);
    random.shuffle(&mut log.draws);
    random.shuffle(&mut log.coverage);
    random.shuffle(&mut log.presence);
    assert_eq!(canonical_json(&verdict(&frozen, &log)).ok(), canonical_json(&first).ok());
}

/// Changes each fifth unit of robots.
fn with_each_fifth(change: impl Fn(&mut UnitOfWork)) -> StationLog {
    let mut log = log();
    log.units.iter_mut().filter(|unit| unit.robot.is_some()).step_by(5).for_each(change);
    log
}

#[test]
fn what_the_log_leaves_open_is_neither_a_pass_nor_a_failure() {
    let frozen = frozen("");
    let success = |verdict: &Verdict| {
        let result = verdict.endpoints.iter().find(|result| result.endpoint == "success").expect("success");
        (result.state, result.missing.clone().unwrap_or_default())
    };
    let opens: [fn(&mut UnitOfWork); 3] = [
        |unit| (unit.outcome, unit.confirmed) = (Outcome::Unknown, Outcome::Unknown),
        |unit| unit.mode = Mode::Unknown,
        |unit| unit.attempts = None,
    ];
    for open in opens {
        let judged = verdict(&frozen, &with_each_fifth(open));
        let (state, missing) = success(&judged);
        assert_eq!(state, State::Hold, "{missing}");
        assert!(missing.contains("unknown is not good, and no failure"), "{missing}");
        let failed: Vec<_> = judged.controls.iter().filter(|result| result.state == ControlState::Fail).collect();
        assert_eq!(judged.decision, Decision::Hold, "{failed:#?}");
        assert!(judged.tally.undecided > 500 && judged.tally.reconciles(), "{:?}", judged.tally);
        // What is shown to be missed is rejected, whatever else is open.
        let mut worse = with_each_fifth(open);
        worse.units.iter_mut().filter(|unit| unit.robot.is_some()).skip(1).step_by(5).for_each(|unit| {
            (unit.outcome, unit.confirmed) = (Outcome::Failure, Outcome::Unknown);
        });
        let judged = verdict(&frozen, &worse);
        assert_eq!((success(&judged).0, judged.decision), (State::Fail, Decision::Reject));
    }
    let known = with_each_fifth(|unit| (unit.outcome, unit.confirmed) = (Outcome::Failure, Outcome::Unknown));
    let judged = verdict(&frozen, &known);
    assert_eq!((success(&judged).0, judged.tally.undecided), (State::Fail, 0));
}

#[test]
fn what_the_counter_saw_and_the_log_does_not_hold_is_bad() {
    let frozen = frozen("");
    let honest = verdict(&frozen, &log());
    let units = |verdict: &Verdict| verdict.robot_shifts.iter().map(|line| line.units).sum::<u64>();
    let good = |verdict: &Verdict| verdict.robot_shifts.iter().map(|line| line.good).sum::<u64>();
    for (each, imputes, fails) in [(400, false, false), (100, true, false), (30, true, true)] {
        let judged = verdict(&frozen, &without_each(log(), each));
        let counter = control(&judged, "counter");
        assert_eq!(counter.state == ControlState::Fail, fails, "one of {each}: {}", counter.reason);
        assert_eq!(counter.numbers["imputed"] > 0.0, imputes, "one of {each}: {}", counter.reason);
        if imputes {
            // As many units as the counter counted, and none of the missing ones good.
            assert_eq!(units(&judged), units(&honest));
            assert!(good(&judged) < good(&honest));
        }
        if fails {
            assert_eq!(judged.decision, Decision::Reject);
        }
    }
    let mut silent = log();
    silent.readings.clear();
    let judged = verdict(&frozen, &silent);
    assert_eq!((state(&judged, "counter"), judged.decision), (ControlState::Unknown, Decision::Hold));
    assert!(control(&judged, "counter").missing.is_some());
    assert!(judged.not_shown.iter().any(|sentence| sentence.starts_with("That every unit was logged")));
}

#[test]
fn a_shift_that_stands_still_without_its_uplink_was_steered() {
    let (frozen, mut log) = (frozen(""), log());
    let honest = verdict(&frozen, &log);
    let cut = control(&honest, "uplink_cut");
    assert!(cut.numbers["blocks"] >= 20.0 && cut.numbers["failed"] == 0.0, "{}", cut.reason);
    // In the third shift everything between two units of a cut is gone, as when nobody steers.
    let shift = honest.robot_shifts[2].shift.clone();
    let cut = log.events.iter().find(|event| event.kind == StationEventKind::UplinkCut && event.at >= shift.span.start);
    let cut = cut.cloned().expect("a cut in that shift");
    assert!(cut.until.expect("its end") <= shift.span.end);
    log.units.retain(|unit| unit.end.is_none_or(|end| end <= cut.at || end > cut.until.unwrap_or(cut.at)));
    let judged = verdict(&frozen, &log);
    assert_eq!((state(&judged, "uplink_cut"), judged.decision), (ControlState::Fail, Decision::Reject));
    let line = &judged.robot_shifts[2];
    assert_eq!((line.good, line.steered > 300), (0, true), "{line:?}");

    log.events.retain(|event| event.kind != StationEventKind::UplinkCut);
    assert_eq!(state(&verdict(&frozen, &log), "uplink_cut"), ControlState::Unknown);
}

#[test]
fn a_unit_that_the_release_does_not_give_again_is_not_good() {
    let frozen = frozen("[controls]\nrequired = [\"reexecution\"]\n");
    let mut log = log();
    assert_eq!(state(&verdict(&frozen, &log), "reexecution"), ControlState::Pass);
    let before = verdict(&frozen, &log).robot_shifts.iter().map(|line| line.good).sum::<u64>();
    let audited: Vec<usize> = (0..log.audits.len()).filter(|at| log.audits[*at].steps.is_some()).take(40).collect();
    for at in audited {
        log.audits[at].matched = Some(10);
    }
    let judged = verdict(&frozen, &log);
    assert_eq!((state(&judged, "reexecution"), judged.decision), (ControlState::Fail, Decision::Reject));
    let after = judged.robot_shifts.iter().map(|line| line.good).sum::<u64>();
    assert!((30..=40).contains(&(before - after)), "{before} {after}");
    log.audits.clear();
    assert_eq!(verdict(&frozen, &log).decision, Decision::Hold, "required and unknown is no promotion");
}

#[test]
fn a_draw_keeps_its_word() {
    let frozen = frozen("");
    let honest = log();
    assert_eq!(state(&verdict(&frozen, &honest), "drawn_shifts"), ControlState::Pass);
    let mut other = honest.clone();
    other.draws.iter_mut().for_each(|draw| draw.seed = Some("another".to_owned()));
    assert_eq!(state(&verdict(&frozen, &other), "drawn_shifts"), ControlState::Fail, "not the seed that was announced");
    let mut late = honest.clone();
    late.draws.iter_mut().for_each(|draw| draw.committed = Nanos(draw.committed.0 + 40 * 86_400_000_000_000));
    assert_eq!(state(&verdict(&frozen, &late), "drawn_shifts"), ControlState::Unknown, "announced afterwards");
    let mut absent = honest.clone();
    absent.shifts.iter_mut().for_each(|shift| shift.drawn = false);
    assert_eq!(state(&verdict(&frozen, &absent), "drawn_shifts"), ControlState::Unknown, "drawn, and not audited");
    let mut hidden = honest;
    hidden.draws.clear();
    let judged = verdict(&frozen, &hidden);
    assert_eq!((state(&judged, "drawn_shifts"), judged.decision), (ControlState::Unknown, Decision::Hold));
}

#[test]
fn false_successes_lower_the_bound() {
    let (plain, labelled) = (frozen(""), frozen("[controls]\nrequired = [\"labels\"]\n"));
    let log = log();
    let lower = |verdict: &Verdict| {
        let success = verdict.endpoints.iter().find(|result| result.endpoint == "success").expect("success");
        (success.lower.expect("a bound"), success.state)
    };
    let (without, with) = (verdict(&plain, &log), verdict(&labelled, &log));
    assert_eq!(state(&with, "labels"), ControlState::Pass, "{}", control(&with, "labels").reason);
    assert!(lower(&with).0 < lower(&without).0 && lower(&with).1 == State::Pass);
}

#[test]
fn what_nobody_inspected_is_no_failure() {
    let (labelled, log) = (frozen("[controls]\nrequired = [\"labels\"]\n"), log());
    let success = |verdict: &Verdict| {
        let result = verdict.endpoints.iter().find(|result| result.endpoint == "success").expect("success");
        (result.state, result.missing.clone().unwrap_or_default())
    };
    let mut careless = log.clone();
    careless.audits.clear();
    let judged = verdict(&labelled, &careless);
    assert_eq!((state(&judged, "labels"), judged.decision), (ControlState::Unknown, Decision::Hold));
    let (held, missing) = success(&judged);
    assert_eq!(held, State::Hold);
    assert!(missing.starts_with("the inspection of ") && missing.ends_with(" drawn units"), "{missing}");
    // Where those that were inspected are bad enough by themselves, the others change nothing.
    let mut bad = log;
    bad.audits.iter_mut().step_by(3).for_each(|audit| audit.found = Outcome::Failure);
    bad.audits.iter_mut().skip(1).step_by(3).for_each(|audit| audit.found = Outcome::Unknown);
    let judged = verdict(&labelled, &bad);
    assert_eq!((state(&judged, "labels"), judged.decision), (ControlState::Fail, Decision::Reject));
    assert_eq!(success(&judged).0, State::Fail);
}

#[test]
fn what_a_rule_leaves_out_does_not_decide() {
    let rule = "[[exclusions]]\nname = \"jam\"\nreason = \"power\"\nwhere = { cause = [\"jam\"] }\n";
    let mut log = log();
    let mark = |unit: &mut UnitOfWork| {
        drop(unit.conditions.insert("cause".to_owned(), prairie_model::Condition::Text("jam".to_owned())))
    };
    let robots = |log: &StationLog| log.units.iter().filter(|unit| unit.robot.is_some()).count();
    let all = robots(&log);
    log.units.iter_mut().filter(|unit| unit.robot.is_some()).step_by(50).for_each(mark);
    let success = |verdict: &Verdict| verdict.endpoints.iter().find(|it| it.endpoint == "success").expect("it").clone();
    let few = success(&verdict(&frozen(rule), &log));
    assert_eq!(few.state, State::Pass);
    assert_eq!(few.numbers["excluded_units"], all.div_ceil(50) as f64);
    assert!(few.notes.iter().any(|note| note.contains("were left out by rule (jam: power)")), "{:?}", few.notes);
    log.units.iter_mut().filter(|unit| unit.robot.is_some()).step_by(8).for_each(mark);
    let judged = verdict(&frozen(rule), &log);
    let many = success(&judged);
    assert_eq!((many.state, judged.decision), (State::Hold, Decision::Hold));
    assert!(judged.not_shown.iter().any(|sentence| sentence.contains("(jam: power)")));
}

#[test]
fn a_gate_has_the_numbers_that_an_endpoint_leaves_out() {
    let book = BOOK.replace(
        "success = { at_least = 0.95, looks = [20, 30] }",
        "success = { looks = [20, 30] }\navailability = { at_least = 0.8 }",
    );
    let protocol = Protocol::from_toml(&book).and_then(Protocol::complete).expect("a protocol");
    let asked = protocol.endpoints.success.expect("success");
    assert_eq!((asked.at_least, asked.stratum_at_least, asked.looks.as_slice()), (0.95, Some(0.75), &[20, 30][..]));
    for (from, to, why) in [
        ("at_least = 0.95", "at_least = 0.01", "at least 0.5"),
        ("at_least = 0.95", "at_least = 0.95, confidence = 0.05", "at least 0.5 and below 1"),
        ("looks = [20, 30]", "looks = [20, 4000000000]", "at most 20,000 shifts"),
    ] {
        let refused = Protocol::from_toml(&BOOK.replace(from, to)).and_then(Protocol::complete);
        let error = refused.expect_err(to).to_string();
        assert!(error.contains(why), "{error}");
    }
}

/// Two stations, and what each one's log draws by lot.
#[test]
fn a_draw_is_about_the_stations_of_its_own_log() {
    let mut truth = Truth { seed: 3, ..Truth::default() };
    truth.robots.success = 0.99;
    let one = truth.log();
    let two = Truth { seed: 4, station: "station-2".to_owned(), ..truth }.log();
    let book = BOOK.replace("stations = [\"station-1\"]", "stations = [\"station-1\", \"station-2\"]");
    let protocol = Protocol::from_toml(&book).and_then(Protocol::complete).expect("a protocol");
    let frozen = Frozen { protocol, frozen: Nanos(0), attempt: 1, hash: Hash256::of(b"protocol") };
    let judged = |with_stations: bool, logs_with_draws: &[&StationLog]| {
        let calendar: Vec<_> = one.shifts.iter().chain(&two.shifts).cloned().collect();
        let mut builder = Builder::new(&frozen, &calendar).expect("a calendar");
        for log in logs_with_draws {
            let stations = Some(log.shifts.iter().map(|shift| shift.station.clone()).collect());
            let stations = stations.filter(|_| with_stations);
            for draw in &log.draws {
                builder.lot(Lot { draw: draw.clone(), stations: stations.clone() }).expect("before units");
            }
        }
        for log in [&one, &two] {
            log.units.iter().for_each(|unit| builder.unit(unit).expect("a unit"));
            log.audits.iter().for_each(|audit| builder.audit(audit));
        }
        let provenance = Provenance { recorder: Recorder::Independent, ..Provenance::default() };
        judge(&frozen, &builder.finish(), &provenance).expect("a verdict")
    };
    let of_each = judged(true, &[&one, &two]);
    assert_eq!(state(&of_each, "drawn_shifts"), ControlState::Pass, "{}", control(&of_each, "drawn_shifts").reason);
    let asked_of_both = judged(false, &[&one, &two]);
    assert!(control(&asked_of_both, "drawn_shifts").reason.ends_with("was drawn, and was not audited"));
    // Nobody drew units at the second station: labels there are not known to be right.
    let half = judged(true, &[&one]);
    assert!(control(&half, "labels").reason.contains("`station-2`"), "{}", control(&half, "labels").reason);
}

#[test]
fn a_vendors_own_log_is_self_attested() {
    let mut log = log();
    log.recorder = Recorder::SelfAttested;
    let judged = verdict(&frozen("[controls]\nrequired = [\"recorder\"]\n"), &log);
    assert!(judged.self_attested);
    assert_eq!((state(&judged, "recorder"), judged.decision), (ControlState::Unknown, Decision::Hold));
}

#[test]
fn task_books_that_ask_for_the_impossible_are_refused() {
    for (controls, reason) in [
        ("[controls]\nrequired = [\"telepathy\"]\n", "there is no control `telepathy`"),
        ("[controls]\nrequired = [\"counter\", \"counter\"]\n", "stands twice"),
        ("[controls]\nrequired = [\"staffing\"]\n", "people_max"),
        ("[controls]\nrequired = [\"human_baseline\"]\n", "record_takt_s"),
        ("[controls.counter]\nfail_above = 0.001\n", "impute_above"),
        ("[controls.coverage]\nat_least = 1.0\n", "coverage.at_least"),
        ("[controls.uplink_cut]\nblocks_min = 0\n", "blocks_min"),
        ("[controls.counter]\nforgive = true\n", "unknown field"),
    ] {
        let refused = Protocol::from_toml(&format!("{BOOK}{controls}")).and_then(Protocol::complete);
        let error = refused.expect_err(controls).to_string();
        assert!(error.contains(reason), "{controls}: {error}");
    }
    let frozen = frozen("");
    assert_eq!(
        frozen.protocol.controls.required.as_deref().map(<[String]>::len),
        Some(7),
        "the gate's own: {:?}",
        frozen.protocol.controls.required
    );
}

#[test]
fn draws_come_before_units() {
    let (frozen, log) = (frozen(""), log());
    let mut builder = Builder::new(&frozen, &log.shifts).expect("a builder");
    let of_robot = log.units.iter().find(|unit| unit.robot.is_some()).expect("a unit");
    builder.unit(of_robot).expect("a unit");
    assert_eq!(builder.lot(Lot { draw: log.draws[0].clone(), stations: None }), Err(EvidenceError::DrawLate));
}

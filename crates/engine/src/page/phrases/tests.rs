//! Verdicts of every family, of cheated logs and of empty ones, and the source of every endpoint and control: all that
//! they say has a translation.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use prairie_ledger::{Envelope, PrivateKey, VERDICT_TYPE};
use prairie_model::{Hash256, Mode, Nanos, StationEventKind, StationLog};
use prairie_verify::control::CONTROLS;
use prairie_verify::endpoint::ENDPOINTS;
use prairie_verify::evidence::{Registered, of_log};
use prairie_verify::gate::Gate;
use prairie_verify::protocol::{Family, Frozen, Protocol};
use prairie_verify::simulate::{Cheat, CheatKind, Truth};
use prairie_verify::verdict::{Provenance, Verdict, judge};

use super::super::{Language, report_page};
use super::*;

/// Bundled task books, each with the truth that its gate promotes.
const SAMPLES: [(&str, &str); 5] = [
    (
        include_str!("../../../../../samples/task-books/care.toml"),
        include_str!("../../../../../samples/task-books/care-truth.toml"),
    ),
    (
        include_str!("../../../../../samples/task-books/counted.toml"),
        include_str!("../../../../../samples/task-books/counted-truth.toml"),
    ),
    (
        include_str!("../../../../../samples/task-books/inspection.toml"),
        include_str!("../../../../../samples/task-books/inspection-truth.toml"),
    ),
    (
        include_str!("../../../../../samples/task-books/lab.toml"),
        include_str!("../../../../../samples/task-books/lab-truth.toml"),
    ),
    (
        include_str!("../../../../../samples/task-books/mission.toml"),
        include_str!("../../../../../samples/task-books/mission-truth.toml"),
    ),
];

/// A task book that asks for every endpoint at three sites, of whatever family, and is not completed.
const ALL: &str = r#"schema = "prairie/protocol/1"
scenario = "everything"
gate = "sector"
scope = { stations = ["station-1", "station-2", "station-3"], release = "sha256:simulated" }
success = { definition = "the part lies in its tray" }
baseline = { stations = ["station-1", "station-2", "station-3"], record_takt_s = 50.0 }
weights_source = "the orders of September"
strata = [
  { name = "easy", weight = 0.7, where = { object_family = ["easy"] } },
  { name = "hard; of 3", weight = 0.3, where = { object_family = ["hard"] } },
]
[inspection]
truth = "truth"
call = "call"
defective = ["defective"]
truth_source = "the customer"
[endpoints]
adherence = { at_least = 0.9 }
assistance = { at_most = 0.2 }
availability = { at_least = 0.85, confidence = 0.9 }
completion = { within_s = 60.0 }
drills = { at_least = 0.9, trials_min = 100000, looks = [20, 30], method = "sequential" }
economics = { npv_positive_at_least = 0.5, saving = true, payback_months = 1.0, replicates = 200 }
effectiveness = { at_least = 0.5, planned_s = 60.0 }
efficiency = { at_least = -0.1 }
exposure = { shifts_min = 1000, days_min = 900, robots_min = 10, units_min = 1000000, sites_min = 5 }
false_alarms = { at_most = 0.2, margin = 0.01, pieces_min = 1000000 }
hardware = { at_least_h = 40.0, confidence = 0.8 }
interventions = { at_least_h = 4.0, confidence = 0.8 }
missed_defects = { at_most = 0.1, margin = 0.01 }
previous = { release = "sha256:before", margin = 0.02, takt_margin = 0.01, shifts_min = 30 }
quality = { margin = 0.02 }
rhythm = { margin = 0.15, shifts_min = 1000 }
safety = { at_least_h = 40.0, confidence = 0.8 }
sites = { at_least = 0.95, rhythm_margin = 0.0001, share_at_most = 0.1 }
software = { at_least_h = 40.0, confidence = 0.8 }
steadiness = { at_most = 1.05 }
success = { at_least = 0.95, stratum_at_least = 0.99, looks = [20, 30] }
takt_tail = { at_most = 1.1, replicates = 100 }
transfer = { at_least = 0.9 }
trials = { at_least = 0.9, looks = [20, 30] }
[prices]
currency = "EUR"
wage_per_h = 1.0
investment = 90000.0
running_per_year = 9000.0
scrap_per_unit = 0.5
hours_per_year = 4000.0
rate = 0.08
years = [4]
supervision = { assumed = 0.1 }
[controls.staffing]
people_max = 0.5
[[without]]
endpoint = "economics"
reason = "3 of 8 shifts; nobody asked what it costs"
"#;

fn protocol(book: &str) -> Protocol {
    Protocol::from_toml(book).expect("a task book")
}

/// Frozen at the beginning of time, with every control asked for, or with those of its gate.
fn frozen(mut protocol: Protocol, controls: bool) -> Frozen {
    if controls {
        protocol.controls.required = Some(CONTROLS.iter().map(|control| control.name().to_owned()).collect());
    }
    Frozen { protocol, frozen: Nanos(0), attempt: 1, hash: Hash256::from_bytes([7; 32]) }
}

fn truth(text: &str) -> Truth {
    Truth::from_toml(text).expect("a truth")
}

/// A verdict where `registered` protocols are known to be frozen.
fn verdict(frozen: &Frozen, log: &StationLog, registered: Option<u32>, events: bool) -> Verdict {
    let mut evidence = of_log(frozen, log).expect("evidence");
    let each = |at: u32| Registered {
        frozen: Nanos(-i64::from(at)),
        scenario: frozen.protocol.scenario.clone(),
        gate: frozen.protocol.gate.name().to_owned(),
        attempt: 1,
        hash: if at == 0 { frozen.hash } else { Hash256::of(&at.to_le_bytes()) },
    };
    evidence.witness.registered = registered.map(|count| (0..count).map(each).collect());
    let provenance = Provenance {
        logs: vec!["log".to_owned()],
        simulated: log.simulated,
        recorder: log.recorder,
        events,
        readings: !log.readings.is_empty(),
    };
    judge(frozen, &evidence, &provenance).expect("a verdict")
}

/// Every sentence that the page shows of a verdict.
fn sentences(verdict: &Verdict) -> Vec<&str> {
    let mut all: Vec<&str> = verdict.not_shown.iter().map(String::as_str).collect();
    for result in &verdict.endpoints {
        all.push(&result.reason);
        all.extend(result.missing.as_deref());
        all.extend(result.notes.iter().map(String::as_str));
    }
    for result in &verdict.controls {
        all.push(&result.reason);
        all.extend(result.missing.as_deref());
    }
    all
}

fn is_han(letter: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&letter)
}

/// English words in a translation that are no names: neither between backticks nor the words of a task book.
fn left(chinese: &str) -> Option<&str> {
    const KNOWN: [&str; 7] = ["Boschloo", "Crow", "EUR", "ICC", "ln", "inf", "NaN"];
    let outside = chinese.split('`').step_by(2);
    let outside = outside.filter(|_| !chinese.contains("任务书声明"));
    let mut words = outside.flat_map(|text| text.split(|letter: char| !letter.is_ascii_alphabetic()));
    words.find(|word| word.len() > 1 && !KNOWN.contains(word))
}

/// What is wrong with the translations of a verdict's sentences.
fn flaws<'a>(all: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    let flaw = |english: &str| match translate(english) {
        None => Some(format!("no translation: {english}")),
        Some(chinese) if !chinese.contains(is_han) => Some(format!("no Chinese: {english} -> {chinese}")),
        Some(chinese) => left(&chinese).map(|word| format!("`{word}` is left: {english} -> {chinese}")),
    };
    all.into_iter().filter_map(flaw).collect()
}

#[track_caller]
fn complete(verdicts: &[Verdict]) {
    let flaws = flaws(verdicts.iter().flat_map(sentences));
    assert!(flaws.is_empty(), "`PHRASES` lacks a line: {flaws:#?}");
}

/// Numbers of the holes of the Chinese of a template.
fn holes(chinese: &str) -> BTreeSet<usize> {
    let places = chinese.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0));
    places.enumerate().map(|(next, place)| place.parse().unwrap_or(next)).collect()
}

#[test]
fn templates_have_the_same_holes_in_both_languages_and_are_there_once() {
    let mut seen = BTreeSet::new();
    for phrase @ (english, chinese) in PHRASES {
        assert!(seen.insert(*english), "twice: {english}");
        let template = Template::of(phrase);
        let count = template.pieces.iter().filter(|piece| !matches!(piece, Piece::Literal(_))).count();
        assert_eq!(holes(chinese), (0..count).collect(), "{english} -> {chinese}");
        let kinds = english.split('{').skip(1).map(|rest| rest.split('}').next().unwrap_or_default());
        assert!(kinds.into_iter().all(|kind| ["", "part", "text"].contains(&kind)), "{english}");
        let ordered = chinese.contains("{}");
        assert!(ordered != chinese.contains("{0}") || count == 0, "in order or by number: {chinese}");
        assert!(
            chinese.contains(is_han) || ["{} s", "`{text}` {}", "`{part}`: {part}."].contains(english),
            "{chinese}"
        );
        assert!(words::endpoint(english).is_none(), "`{english}` is the name of an endpoint");
        for pair in template.pieces.windows(2) {
            assert!(pair.iter().any(|piece| matches!(piece, Piece::Literal(_))), "holes beside each other: {english}");
        }
    }
}

#[test]
fn every_family_is_translated() {
    let mut verdicts = Vec::new();
    for (book, text) in SAMPLES {
        let frozen = frozen(protocol(book).complete().expect("a whole task book"), true);
        let mut truth = truth(text);
        verdicts.push(verdict(&frozen, &truth.log(), Some(1), true));
        // Short of the first look, and bad in everything.
        truth.robots.success = 0.7;
        truth.robots.takt_s *= 2.0;
        truth.robots.drift = -0.1;
        truth.robots.hardware_h = 20.0;
        truth.family.helped = 0.6;
        verdicts.push(verdict(&frozen, &truth.log(), Some(3), true));
        truth.robots.shifts = 6;
        verdicts.push(verdict(&frozen, &truth.log(), None, false));
    }
    complete(&verdicts);
}

#[test]
fn every_gate_is_translated_over_one_log_and_over_none() {
    let (book, text) = SAMPLES[1];
    let log = truth(text).log();
    let mut verdicts = Vec::new();
    for gate in Gate::ALL {
        for family in [Family::Counted, Family::Inspection, Family::Care, Family::Mission] {
            let mut protocol = protocol(book);
            protocol.endpoints = gate.defaults(family);
            protocol.gate = *gate;
            let frozen = frozen(protocol, true);
            verdicts.push(verdict(&frozen, &log, Some(1), true));
            verdicts.push(verdict(&frozen, &StationLog::default(), None, false));
        }
    }
    complete(&verdicts);
}

/// Three stations whose logs are one; the shifts of each are its own.
fn three_stations() -> StationLog {
    let mut whole = StationLog::default();
    for (at, name) in ["station-1", "station-2", "station-3"].into_iter().enumerate() {
        let strata =
            "[[strata]]\nname = \"easy\"\nshare = 0.7\n[[strata]]\nname = \"hard\"\nshare = 0.3\nsuccess = -0.05\n";
        let mut truth = truth(&format!("schema = \"prairie/simulation/1\"\nseed = {at}\n{strata}"));
        name.clone_into(&mut truth.station);
        truth.robots.shifts = 12;
        truth.robots.fatigue_per_h = 0.02;
        truth.robots.hardware_h = 12.0;
        let mut log = truth.log();
        log.shifts.iter_mut().for_each(|shift| shift.shift = format!("{name}/{}", shift.shift));
        for unit in &mut log.units {
            unit.unit = format!("{name}/{}", unit.unit);
            unit.shift = unit.shift.as_ref().map(|shift| format!("{name}/{shift}"));
        }
        whole.simulated |= log.simulated;
        whole.units.append(&mut log.units);
        whole.shifts.append(&mut log.shifts);
        whole.events.append(&mut log.events);
        whole.readings.append(&mut log.readings);
    }
    whole
}

#[test]
fn every_endpoint_is_translated_whatever_the_log_lacks() {
    let (all, whole) = (protocol(ALL), three_stations());
    let frozen = frozen(all, true);
    let judged = |change: &dyn Fn(&mut StationLog)| {
        let mut log = whole.clone();
        change(&mut log);
        verdict(&frozen, &log, Some(1), true)
    };
    let mut verdicts = vec![
        judged(&|_| {}),
        judged(&|log| log.events.iter_mut().for_each(|event| event.until = None)),
        judged(&|log| log.units.iter_mut().step_by(3).for_each(|unit| unit.end = None)),
        judged(&|log| log.units.iter_mut().for_each(|unit| unit.start = None)),
        judged(&|log| log.units.retain(|unit| unit.worker.is_none())),
        judged(&|log| log.units.retain(|unit| unit.station == "station-1")),
        judged(&|log| log.units.clear()),
        judged(&|log| log.units.iter_mut().for_each(|unit| unit.mode = Mode::Teleoperated)),
        judged(&|log| log.readings.clear()),
        judged(&|log| log.shifts.truncate(1)),
        judged(&|log| {
            let robots = log.units.iter_mut().filter(|unit| unit.robot.is_some());
            robots.step_by(2).for_each(|unit| unit.release = Some("sha256:before".to_owned()));
        }),
        verdict(&frozen, &StationLog::default(), None, false),
    ];
    // Failures that become rarer, and failures that become more frequent.
    for late in [false, true] {
        verdicts.push(judged(&|log| {
            log.events.retain(|event| event.kind != StationEventKind::HardwareFault);
            let span = log
                .shifts
                .iter()
                .map(|shift| shift.span.start)
                .min()
                .zip(log.shifts.iter().map(|shift| shift.span.end).max());
            let (first, last) = span.expect("shifts");
            let mut event = log.events.first().cloned().expect("an event");
            event.kind = StationEventKind::HardwareFault;
            for shift in log.shifts.iter().filter(|shift| shift.shift.contains("robots")) {
                let part = (shift.span.start.0 - first.0) as f64 / (last.0 - first.0) as f64;
                let often = if late { part > 0.9 } else { part < 0.5 };
                event.station.clone_from(&shift.station);
                for minute in 0..if often { 9 } else { 0 } {
                    event.at = Nanos(shift.span.start.0 + (minute + 1) * 60_000_000_000);
                    event.until = Some(Nanos(event.at.0 + 1_000_000_000));
                    log.events.push(event.clone());
                }
            }
        }));
    }
    let reasons: BTreeSet<&str> = verdicts.iter().flat_map(|it| &it.endpoints).map(|it| it.endpoint.as_str()).collect();
    assert_eq!(reasons.len(), ENDPOINTS.len(), "the task book asks for everything");
    complete(&verdicts);
}

#[test]
fn cheated_logs_are_translated() {
    let book = ALL.replace("\"station-1\", \"station-2\", \"station-3\"", "\"station-1\"");
    let mut all = protocol(&book);
    let asked = all.endpoints.success.take();
    all.endpoints = Gate::Verified.defaults(Family::Counted);
    all.endpoints.success = asked;
    all.controls.calendar.shifts_per_week = Some(7.0);
    let frozen = frozen(all, true);
    let mut verdicts = Vec::new();
    for kind in CheatKind::ALL {
        for strength in [0.3, 0.9] {
            let strata = "[[strata]]\nname = \"easy\"\nshare = 0.7\n[[strata]]\nname = \"hard\"\nshare = 0.3\n";
            let mut truth = truth(&format!("schema = \"prairie/simulation/1\"\n{strata}"));
            truth.robots.success = 0.92;
            truth.cheats = vec![Cheat { kind, strength }];
            let mut log = truth.log();
            verdicts.push(verdict(&frozen, &log, Some(2), true));
            if kind == CheatKind::MissingUnits {
                // Drawn shifts that nobody audited, seeds that are not revealed, and no draws at all.
                log.shifts.iter_mut().for_each(|shift| shift.drawn = false);
                verdicts.push(verdict(&frozen, &log, Some(2), true));
                log.draws.iter_mut().for_each(|draw| draw.seed = None);
                verdicts.push(verdict(&frozen, &log, Some(2), true));
                log.draws.clear();
                verdicts.push(verdict(&frozen, &log, Some(2), true));
            }
        }
    }
    complete(&verdicts);
}

/// What a hole of the engine's source may hold, by its name.
fn fillings(name: &str) -> &'static [&'static str] {
    match name {
        "what" => &[
            "trials",
            "drills",
            "hardware failures",
            "defective pieces passed",
            "this release",
            "robots' shifts",
            "success",
            "shifts",
        ],
        "error" => &["`units` has 0, and at least 1 are needed"],
        "how" => &["autonomous and good", "exact"],
        "found" => &["never", "1"],
        "by_pose" => &["no poses of objects to compare with"],
        "reason" => &["1 missing ones count as bad"],
        "people" | "per_hour" => &[""],
        _ => &["1"],
    }
}

/// A literal of a format with its holes filled: each by what it may hold at that place, round and round.
fn with_fillings(literal: &str, turn: usize) -> String {
    let (mut text, mut rest) = (String::new(), literal);
    while let Some((before, (hole, after))) = rest.split_once('{').and_then(|(a, b)| Some((a, b.split_once('}')?))) {
        let name = hole.split(':').next().unwrap_or_default();
        let fillings = fillings(name);
        text += before;
        text += fillings[turn % fillings.len()];
        rest = after;
    }
    text + rest
}

/// The text literals of a source, without comments, summaries and tests.
fn literals(source: &str) -> Vec<String> {
    let (mut found, mut code, mut summary) = (Vec::new(), String::new(), false);
    for line in source.lines().map(str::trim).take_while(|line| *line != "#[cfg(test)]") {
        if !line.starts_with("//") && !summary {
            writeln!(code, "{line}").expect("a text takes everything");
        }
        summary = line.starts_with("fn summary");
    }
    let mut letters = code.chars();
    while letters.by_ref().any(|letter| letter == '"') {
        let mut literal = String::new();
        while let Some(letter) = letters.next().filter(|letter| *letter != '"') {
            literal.extend(if letter == '\\' { letters.next() } else { Some(letter) });
        }
        found.push(literal);
    }
    found
}

#[test]
fn every_sentence_in_the_source_is_translated() {
    /// Parts of sentences that the verdicts above have whole, what is no sentence of a verdict, and errors.
    const OTHERS: [&str; 14] = [
        " ({:+.1} % per hour)",
        "`looks` is empty",
        "defective pieces passed",
        "hardware failures",
        "no endpoint declares `looks`: the protocol was not completed, or does without all of those that do",
        "safety stops",
        "software failures",
        "sound pieces called defective",
        "the logarithm of the takt",
        "the release before",
        "the task book",
        "there are {}; {}",
        "this release",
        "{events} {what} in {:.1} station hours: at least {:.2} h between them at {} ({model}{})",
    ];
    let others = [
        include_str!("../../../../verify/src/endpoint/hardware/between.rs"),
        include_str!("../../../../verify/src/endpoint/mod.rs"),
        include_str!("../../../../verify/src/verdict.rs"),
    ];
    let sources = ENDPOINTS.iter().map(|it| it.source()).chain(CONTROLS.iter().map(|it| it.source())).chain(others);
    let mut found = 0;
    let mut flaws = BTreeSet::new();
    for literal in sources.flat_map(literals) {
        let is_word = |word: &&str| word.len() > 1 && word.chars().all(|letter| letter.is_ascii_lowercase());
        if literal.split(' ').filter(is_word).count() < 2 || OTHERS.contains(&literal.as_str()) {
            continue;
        }
        found += 1;
        let sentence = |turn| with_fillings(literal.trim_start_matches("; "), turn);
        // By itself, after numbers, or before a reason.
        let forms = |sentence: String| {
            [format!("1 {sentence}"), format!("1 of 1 {sentence}"), format!("{sentence}: exact."), sentence]
        };
        if !(0..8).any(|turn| forms(sentence(turn)).iter().any(|form| translate(form).is_some())) {
            flaws.insert(literal);
        }
    }
    assert!(found > 150, "{found} sentences in the source");
    assert!(flaws.is_empty(), "`PHRASES` lacks a line: {flaws:#?}");
}

#[test]
fn numbers_stay_and_their_order_is_that_of_the_language() {
    let cases = [
        (
            "1962 of 2040 units autonomous and good over 20 shifts: 96.2 %, lower bound 94.1 % at 97.6 % \
             (cluster-aware, ICC 0.031)",
            "20 个班次的 2040 个工作单元中，1962 个自主且合格：96.2 %，置信下界 94.1 %（置信度 97.6 %，按班次聚类，ICC 0.031）",
        ),
        ("there are 3 of 8 shifts", "目前仅有：班次 3/8 个"),
        (
            "there are 3 of 8 shifts, 0 of 4 days; 5 more shifts, to the declared look at 8",
            "目前仅有：班次 3/8 个、天数 0/4 天；还需 5 个班次，到预先声明的第 8 班查看",
        ),
        (
            "`missed_defects`: defective pieces passed: `units` has 0, and at least 1 are needed.",
            "漏检率：漏检统计：工作单元有 0 个，至少需要 1 个。",
        ),
        (
            "`economics`: the task book does without it (3 of 8 shifts; nobody asked).",
            "经济可行性（净现值为正）：任务书声明不作此项要求（3 of 8 shifts; nobody asked）。",
        ),
        (
            "strata below their floor of 75.0 %: `a; 3 of 8 shifts` 70.0 %, `b` 7.1 %; a new attempt: the last \
             declared look is past",
            "低于下限 75.0 % 的分层：`a; 3 of 8 shifts` 70.0 %、`b` 7.1 %；预先声明的查看已用完，需要新的尝试",
        ),
        (
            "site `a; 3 of 8 shifts`: `trials` is 0, and must be from 0.001 to 1e9",
            "场所 `a; 3 of 8 shifts`：`trials` 为 0，应介于 0.001 与 1e9 之间",
        ),
    ];
    for (english, chinese) in cases {
        assert_eq!(translate(english).as_deref(), Some(chinese), "{english}");
    }
}

#[test]
fn what_has_no_template_stays_in_english() {
    for text in
        ["", "a sentence of a later version", "strata: a sentence of a later version", "12.5 %", "; ", "1 of 2 units; "]
    {
        assert_eq!(translate(text), None, "{text}");
    }
    assert_eq!(words::chinese("<b> of a later version"), "<span lang=\"en\">&lt;b&gt; of a later version</span>");
    // A thousand sites are no more than that.
    let sites: Vec<String> =
        (0..1000).map(|at| format!("takts at `{at}`: `human` has 0, and at least 2 are needed")).collect();
    assert!(translate(&sites.join("; ")).is_some_and(|chinese| chinese.matches('；').count() == 999));
    // Names that are chosen to be read in many ways cost little, and change nothing.
    for name in ["` at most 1 times people's, and ", "takts at `", "; sites: ", ", ", " of "] {
        let long = format!("takts at `{}: {}", name.repeat(2_000), name.repeat(2_000));
        assert_eq!(translate(&long), None, "{name}");
    }
}

#[test]
fn a_page_has_no_english_among_its_chinese() {
    for (book, text) in SAMPLES {
        let frozen = frozen(protocol(book).complete().expect("a whole task book"), false);
        let mut truth = truth(text);
        truth.robots.shifts = 9;
        let verdict = verdict(&frozen, &truth.log(), Some(1), true);
        let payload = serde_json::to_vec(&verdict).expect("JSON");
        let envelope = Envelope::sign_as(VERDICT_TYPE, payload, &PrivateKey::from_seed([1; 32])).to_json();
        let page = report_page(&envelope, Language::Chinese).expect("a page");
        assert!(!page.contains(words::UNTRANSLATED), "{}", frozen.protocol.scenario);
    }
}

//! `simulate station`: writes a station's log from a declared truth, with the mapping that reads it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use prairie_model::{Condition, Crew, Nanos, StationLog};
use prairie_verify::simulate::Truth;
use serde::Serialize;

use crate::error::EngineError;

/// The mapping of a simulated log. Every row of it is marked by `simulated`.
const MAPPING: &str = r#"schema = "prairie/station-log/1"
simulated = true
recorder = "independent"

[[files]]
path = "units.csv"
kind = "units"
time_unit = "ns"
conditions = { {units} }

[[files]]
path = "shifts.csv"
kind = "shifts"
time_unit = "ns"

[[files]]
path = "events.csv"
kind = "events"
time_unit = "ns"

[[files]]
path = "counter.csv"
kind = "readings"
time_unit = "ns"

[[files]]
path = "audits.csv"
kind = "audits"
conditions = { {audits} }

[[files]]
path = "draws.csv"
kind = "draws"
time_unit = "ns"

[[files]]
path = "coverage.csv"
kind = "coverage"
time_unit = "ns"

[[files]]
path = "presence.csv"
kind = "presence"
time_unit = "ns"
"#;

/// The mapping, with the conditions that units and audits name.
fn mapping(of_units: &[String], of_audits: &[String]) -> String {
    let same =
        |names: &[String]| names.iter().map(|name| format!("{name} = \"{name}\"")).collect::<Vec<_>>().join(", ");
    MAPPING.replace("{units}", &same(of_units)).replace("{audits}", &same(of_audits))
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SimulationReport {
    /// The folder.
    pub path: PathBuf,
    /// Always true.
    pub simulated: bool,
    /// Units of work.
    pub units: u64,
    /// Shifts of people and of robots.
    pub shifts: u64,
    /// Events.
    pub events: u64,
}

/// Writes the log of a truth into a folder that is not there yet.
///
/// # Errors
///
/// When the truth is none, or the folder is there or cannot be written.
pub fn simulate_station(truth: Option<&str>, folder: &Path) -> Result<SimulationReport, EngineError> {
    let truth = match truth {
        Some(text) => Truth::from_toml(text).map_err(|error| EngineError::invalid("the truth", error))?,
        None => Truth::default(),
    };
    let log = truth.log();
    let of_units = names(log.units.iter().map(|unit| &unit.conditions));
    let of_audits = names(log.audits.iter().map(|audit| &audit.conditions));
    make(folder)?;
    let files = [
        ("station-log.toml", mapping(&of_units, &of_audits)),
        ("units.csv", units(&log, &of_units)),
        ("shifts.csv", shifts(&log)),
        ("events.csv", events(&log)),
        ("counter.csv", counter(&log)),
        ("audits.csv", audits(&log, &of_audits)),
        ("draws.csv", draws(&log)),
        ("coverage.csv", coverage(&log)),
        ("presence.csv", presence(&log)),
    ];
    for (name, text) in files {
        write(&folder.join(name), &text)?;
    }
    Ok(SimulationReport {
        path: folder.to_owned(),
        simulated: true,
        units: log.units.len() as u64,
        shifts: log.shifts.len() as u64,
        events: log.events.len() as u64,
    })
}

#[expect(clippy::disallowed_methods, reason = "a folder that the user names, not one of the store")]
fn make(folder: &Path) -> Result<(), EngineError> {
    std::fs::create_dir(folder).map_err(|source| EngineError::File { action: "make", path: folder.to_owned(), source })
}

#[expect(clippy::disallowed_methods, reason = "a file that the user names, not one of the store")]
fn write(path: &Path, text: &str) -> Result<(), EngineError> {
    std::fs::write(path, text).map_err(|source| EngineError::File { action: "write", path: path.to_owned(), source })
}

/// One line of a table, its cells quoted where they need it.
fn line(text: &mut String, cells: &[&str]) {
    for (at, cell) in cells.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        if cell.contains([',', '"', '\n', '\r']) {
            text.push('"');
            text.push_str(&cell.replace('"', "\"\""));
            text.push('"');
        } else {
            text.push_str(cell);
        }
    }
    text.push('\n');
}

fn time(time: Option<Nanos>) -> String {
    time.map(|nanos| nanos.0.to_string()).unwrap_or_default()
}

/// The names of all conditions, sorted.
fn names<'a>(conditions: impl Iterator<Item = &'a BTreeMap<String, Condition>>) -> Vec<String> {
    conditions.flat_map(BTreeMap::keys).collect::<BTreeSet<_>>().into_iter().cloned().collect()
}

/// What each condition of these names is.
fn conditions<'a>(conditions: &'a BTreeMap<String, Condition>, names: &'a [String]) -> impl Iterator<Item = &'a str> {
    names.iter().map(|name| match conditions.get(name) {
        Some(Condition::Text(text)) => text.as_str(),
        _ => "",
    })
}

fn units(log: &StationLog, named: &[String]) -> String {
    let mut text = String::new();
    let mut names =
        vec!["unit", "station", "shift", "robot", "release", "worker", "start", "end", "mode", "outcome", "attempts"];
    names.extend(named.iter().map(String::as_str));
    line(&mut text, &names);
    for unit in &log.units {
        let attempts = unit.attempts.map(|attempts| attempts.to_string()).unwrap_or_default();
        let (start, end) = (time(unit.start), time(unit.end));
        let optional = |text: &Option<String>| text.clone().unwrap_or_default();
        let [shift, robot, release, worker] = [&unit.shift, &unit.robot, &unit.release, &unit.worker].map(optional);
        let mut cells = vec![
            unit.unit.as_str(),
            &unit.station,
            &shift,
            &robot,
            &release,
            &worker,
            &start,
            &end,
            unit.mode.name(),
            unit.outcome.name(),
            &attempts,
        ];
        cells.extend(conditions(&unit.conditions, named));
        line(&mut text, &cells);
    }
    text
}

fn shifts(log: &StationLog) -> String {
    let mut text = String::new();
    line(&mut text, &["shift", "station", "start", "end", "break_s", "crew", "kind", "drawn"]);
    for shift in &log.shifts {
        let crew = if shift.crew == Crew::Human { "human" } else { "robot" };
        let (start, end) = (time(Some(shift.span.start)), time(Some(shift.span.end)));
        let kind = shift.kind.clone().unwrap_or_default();
        let (pause, drawn) = (shift.break_s.to_string(), shift.drawn.to_string());
        line(&mut text, &[&shift.shift, &shift.station, &start, &end, &pause, crew, &kind, &drawn]);
    }
    text
}

fn events(log: &StationLog) -> String {
    let mut text = String::new();
    line(&mut text, &["station", "robot", "kind", "at", "until", "unit", "detail"]);
    for event in &log.events {
        let optional = |text: &Option<String>| text.clone().unwrap_or_default();
        let [robot, unit, detail] = [&event.robot, &event.unit, &event.detail].map(optional);
        let (at, until) = (time(Some(event.at)), time(event.until));
        line(&mut text, &[&event.station, &robot, event.kind.name(), &at, &until, &unit, &detail]);
    }
    text
}

fn counter(log: &StationLog) -> String {
    let mut text = String::new();
    line(&mut text, &["station", "at", "total", "good"]);
    for reading in &log.readings {
        let good = reading.good.map(|good| good.to_string()).unwrap_or_default();
        line(&mut text, &[&reading.station, &time(Some(reading.at)), &reading.total.to_string(), &good]);
    }
    text
}

fn audits(log: &StationLog, named: &[String]) -> String {
    let mut text = String::new();
    let mut names =
        vec!["unit", "station", "steps", "matched", "found", "repeat_ratio", "train_ratio", "object", "motion"];
    names.extend(named.iter().map(String::as_str));
    line(&mut text, &names);
    for audit in &log.audits {
        let count = |count: Option<u64>| count.map(|count| count.to_string()).unwrap_or_default();
        let ratio = |ratio: Option<f64>| ratio.map(|ratio| ratio.to_string()).unwrap_or_default();
        let numbers = |values: &[f64]| values.iter().map(f64::to_string).collect::<Vec<_>>().join(" ");
        let (steps, matched) = (count(audit.steps), count(audit.matched));
        let (repeat, train) = (ratio(audit.repeat_ratio), ratio(audit.train_ratio));
        let (object, motion) = (numbers(&audit.object), numbers(&audit.motion));
        let found = audit.found.name();
        let mut cells: Vec<&str> =
            vec![&audit.unit, &audit.station, &steps, &matched, found, &repeat, &train, &object, &motion];
        cells.extend(conditions(&audit.conditions, named));
        line(&mut text, &cells);
    }
    text
}

fn draws(log: &StationLog) -> String {
    let mut text = String::new();
    line(&mut text, &["kind", "share", "commitment", "committed", "seed"]);
    for draw in &log.draws {
        let (share, seed) = (draw.share.to_string(), draw.seed.clone().unwrap_or_default());
        line(&mut text, &[draw.kind.name(), &share, &draw.commitment, &time(Some(draw.committed)), &seed]);
    }
    text
}

fn coverage(log: &StationLog) -> String {
    let mut text = String::new();
    line(&mut text, &["station", "start", "end"]);
    for span in &log.coverage {
        line(&mut text, &[&span.station, &time(Some(span.span.start)), &time(Some(span.span.end))]);
    }
    text
}

fn presence(log: &StationLog) -> String {
    let mut text = String::new();
    line(&mut text, &["station", "start", "end", "people"]);
    for each in &log.presence {
        let people = each.people.to_string();
        line(&mut text, &[&each.station, &time(Some(each.span.start)), &time(Some(each.span.end)), &people]);
    }
    text
}

//! A verdict over ten million units of work in 20,000 shifts, with every endpoint of the gate to a sector that a log can
//! show, 10,000 bootstrap replicates included: how long it takes, and how much memory.
//!
//! `cargo run --release -p prairie-verify --example speed [-- SHIFTS UNITS]`

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints times")]
#![expect(clippy::disallowed_methods, reason = "it looks at the clock, and at what the system says of its memory")]

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Instant;

use prairie_model::{
    Condition, Crew, Hash256, Mode, Nanos, Outcome, Shift, StationEvent, StationEventKind, TimeSpan, UnitOfWork,
};
use prairie_verify::evidence::Builder;
use prairie_verify::math::random::Random;
use prairie_verify::protocol::{Frozen, Protocol};
use prairie_verify::verdict::{Provenance, judge};

const BOOK: &str = r#"
schema = "prairie/protocol/1"
scenario = "speed"
gate = "sector"
weights_source = "made up"
scope = { stations = ["a", "b", "c", "d", "e"] }
success = { definition = "made up" }
baseline = { stations = ["a", "b", "c", "d", "e"] }
strata = [
  { name = "small", weight = 0.7, where = { object_family = ["small"] } },
  { name = "large", weight = 0.3, where = { object_family = ["large"] } },
]
[endpoints]
takt_tail = { at_most = 1.25 }
adherence = { at_least = 0.90 }
quality = { margin = 0.02 }
steadiness = { at_most = 1.1 }
efficiency = { at_least = -0.2 }
effectiveness = { at_least = 0.5, planned_s = 50.0 }
software = { at_least_h = 10, confidence = 0.9 }
safety = { at_least_h = 10, confidence = 0.9 }
success = { at_least = 0.95, stratum_at_least = 0.90, looks = [1000, 18000] }
[prices]
currency = "EUR"
wage_per_h = { low = 30.0, mode = 34.0, high = 40.0 }
investment = 90000.0
running_per_year = 9000.0
scrap_per_unit = 0.5
hours_per_year = 4000.0
rate = 0.08
years = [4, 5, 6]
supervision = { measured = 0.1 }
supervision_source = "made up"
"#;

const HOUR: i64 = 3_600_000_000_000;
const STATIONS: [&str; 5] = ["a", "b", "c", "d", "e"];

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The most memory that the process ever held, where the system tells.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    line.map_or("unknown".to_owned(), |line| line.trim_start_matches("VmHWM:").trim().to_owned())
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let shifts: i64 = words.next().map_or(Ok(20_000), |word| word.parse())?;
    let units: i64 = words.next().map_or(Ok(10_000_000), |word| word.parse())?;
    let protocol = Protocol::from_toml(BOOK)?.complete()?;
    let frozen = Frozen { protocol, frozen: Nanos(0), attempt: 1, hash: Hash256::from_bytes([3; 32]) };
    let calendar: Vec<Shift> = (0..shifts).map(|at| shift(at, shifts)).collect();
    let begun = Instant::now();
    let mut builder = Builder::new(&frozen, &calendar)?;
    for (at, shift) in (0_u64..).zip(&calendar) {
        fill(&mut builder, shift, at, units / shifts)?;
    }
    println!("units handed over in {:.1} s, {}", begun.elapsed().as_secs_f64(), peak());
    let summed = Instant::now();
    let evidence = builder.finish();
    println!("summed in {:.1} s, {}", summed.elapsed().as_secs_f64(), peak());
    let judged = Instant::now();
    let provenance = Provenance { simulated: true, events: true, readings: false, ..Provenance::default() };
    let verdict = judge(&frozen, &evidence, &provenance)?;
    println!("judged in {:.1} s, {}", judged.elapsed().as_secs_f64(), peak());
    println!(
        "all of it in {:.1} s: {} units, {} endpoints",
        begun.elapsed().as_secs_f64(),
        verdict.tally.read,
        verdict.endpoints.len()
    );
    for result in &verdict.endpoints {
        println!("  {:?} {}: {}", result.state, result.endpoint, result.reason);
    }
    Ok(())
}

/// Every tenth shift is one of people, all of them before the robots'.
fn shift(at: i64, shifts: i64) -> Shift {
    // OK to index: below the number of stations.
    let station = STATIONS[(at % 5) as usize];
    let start = (at / 5) * 8 * HOUR;
    Shift {
        shift: format!("{at:06}"),
        station: station.to_owned(),
        span: TimeSpan::new(Nanos(start), Nanos(start + 8 * HOUR)),
        break_s: 1800.0,
        crew: if at < shifts / 10 { Crew::Human } else { Crew::Robot },
        kind: None,
        drawn: false,
    }
}

fn fill(builder: &mut Builder<'_>, shift: &Shift, at: u64, units: i64) -> Result<(), Box<dyn std::error::Error>> {
    let mut random = Random::part(11, at);
    let robot = shift.crew == Crew::Robot;
    let families =
        ["small", "large"].map(|name| BTreeMap::from([("object_family".to_owned(), Condition::Text(name.to_owned()))]));
    let step = 8 * HOUR / units.max(1);
    let mut unit = UnitOfWork {
        station: shift.station.clone(),
        shift: Some(shift.shift.clone()),
        mode: if robot { Mode::Autonomous } else { Mode::Human },
        attempts: Some(1),
        ..UnitOfWork::default()
    };
    for number in 0..units {
        let start = shift.span.start.0 + number * step;
        // OK to cast: a part of a step.
        let took = (step as f64 * (0.5 + 0.49 * random.uniform())) as i64;
        unit.unit = format!("{}/{number}", shift.shift);
        unit.robot = robot.then(|| format!("robot-{}", random.below(12)));
        unit.worker = (!robot).then(|| format!("person-{}", random.below(8)));
        unit.start = Some(Nanos(start));
        unit.end = Some(Nanos(start + took));
        unit.outcome = if random.happens(0.985) { Outcome::Success } else { Outcome::Failure };
        unit.conditions.clone_from(&families[usize::from(random.happens(0.3))]);
        builder.unit(&unit)?;
    }
    for _ in 0..random.poisson(0.3) {
        let from = shift.span.start.0 + i64::try_from(random.below(7 * HOUR as u64))?;
        let kinds = [StationEventKind::Intervention, StationEventKind::HardwareFault, StationEventKind::SafetyStop];
        builder.event(StationEvent {
            station: shift.station.clone(),
            robot: None,
            // OK to index: below the number of kinds.
            kind: kinds[random.below(3) as usize],
            at: Nanos(from),
            until: Some(Nanos(from + HOUR / 30)),
            unit: None,
            detail: None,
        });
    }
    Ok(())
}

//! Station logs from declared truths, to try protocols and gates before anyone's time is spent.
//!
//! **Invariant:** what is made here says that it is simulated, and every output that is computed from it says so too.

mod cheat;
mod family;
mod watch;

use std::collections::BTreeMap;

use prairie_model::{
    Condition, CounterReading, Crew, Mode, Nanos, Outcome, Recorder, Shift, StationEvent, StationEventKind, StationLog,
    TimeSpan, UnitOfWork,
};
use serde::{Deserialize, Serialize};

use crate::math::random::Random;
pub use cheat::{Cheat, CheatKind};
pub use watch::Audits;

use cheat::{Fact, Scene};

pub use family::{FamilyTruth, TrueInspection};

/// Version of the form.
pub const SIMULATION_SCHEMA: &str = "prairie/simulation/1";

/// Units that one simulation makes at most; a log of a hundred million is made in parts.
const UNITS_MAX: f64 = 2e8;

/// Seconds of an hour.
const HOUR_S: f64 = 3600.0;

/// The truth of a station.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Truth {
    /// Version of the form: [`SIMULATION_SCHEMA`].
    pub schema: String,
    /// Decides every draw.
    pub seed: u64,
    /// The station.
    pub station: String,
    /// What runs on the robots.
    pub release: String,
    /// The day of the first baseline shift, in days since 1970.
    pub first_day: i64,
    /// Hours of a shift.
    pub shift_h: f64,
    /// Seconds of break in a shift.
    pub break_s: f64,
    /// People's work before.
    pub people: People,
    /// Robots' work after.
    pub robots: Robots,
    /// What auditors do.
    pub audits: Audits,
    /// Kinds of conditions; shares add up to 1.
    pub strata: Vec<TrueStratum>,
    /// What inspection, care and missions have beside.
    pub family: FamilyTruth,
    /// Ways in which the log is not true.
    pub cheats: Vec<Cheat>,
}

/// How people work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct People {
    /// Shifts of the baseline; one a day.
    pub shifts: u32,
    /// People that take turns.
    pub workers: u32,
    /// Median seconds per unit.
    pub takt_s: f64,
    /// Standard deviation of the logarithm of a unit's seconds.
    pub takt_spread: f64,
    /// Standard deviation of the logarithm between shifts.
    pub shift_spread: f64,
    /// Share of good units.
    pub success: f64,
}

/// How robots work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Robots {
    /// Their names.
    pub names: Vec<String>,
    /// Shifts of the run; one a day, beginning the day after the baseline ends.
    pub shifts: u32,
    /// Median seconds per unit of the station.
    pub takt_s: f64,
    /// Standard deviation of the logarithm of a unit's seconds.
    pub takt_spread: f64,
    /// Standard deviation of the logarithm between shifts.
    pub shift_spread: f64,
    /// Share of good units over all shifts.
    pub success: f64,
    /// Correlation of units of one shift: how much shifts differ in their share of good units.
    pub icc: f64,
    /// Change of the share of good units from the first shift to the last.
    pub drift: f64,
    /// Change of the logarithm of a unit's seconds per hour of a shift.
    pub fatigue_per_h: f64,
    /// Hours between interventions.
    pub intervention_h: f64,
    /// Seconds of an intervention.
    pub intervention_s: f64,
    /// Hours between failures of the hardware.
    pub hardware_h: f64,
    /// Seconds of a repair.
    pub repair_s: f64,
}

/// A kind of conditions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrueStratum {
    /// Its name, as the condition `object_family` says it.
    pub name: String,
    /// Share of units.
    pub share: f64,
    /// Added to the share of good units.
    #[serde(default)]
    pub success: f64,
}

impl Default for Truth {
    fn default() -> Self {
        Self {
            schema: SIMULATION_SCHEMA.to_owned(),
            seed: 1,
            station: "station-1".to_owned(),
            release: "sha256:simulated".to_owned(),
            // 2026-09-01.
            first_day: 20_697,
            shift_h: 8.0,
            break_s: 1800.0,
            people: People::default(),
            robots: Robots::default(),
            audits: Audits::default(),
            strata: Vec::new(),
            family: FamilyTruth::default(),
            cheats: Vec::new(),
        }
    }
}

impl Default for People {
    fn default() -> Self {
        Self { shifts: 15, workers: 6, takt_s: 60.0, takt_spread: 0.25, shift_spread: 0.04, success: 0.985 }
    }
}

impl Default for Robots {
    fn default() -> Self {
        Self {
            names: vec!["robot-1".to_owned(), "robot-2".to_owned()],
            shifts: 30,
            takt_s: 62.0,
            takt_spread: 0.15,
            shift_spread: 0.03,
            success: 0.985,
            icc: 0.01,
            drift: 0.0,
            fatigue_per_h: 0.0,
            intervention_h: 16.0,
            intervention_s: 120.0,
            hardware_h: 600.0,
            repair_s: 3600.0,
        }
    }
}

/// A truth cannot be simulated.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TruthError {
    /// Not TOML, or not of this form.
    #[error("the truth has not the form of a simulation: {0}")]
    Form(String),
    /// A number that no station has.
    #[error("`{what}` is {found}, and must be {allowed}")]
    Number {
        /// Which number.
        what: &'static str,
        /// Its value.
        found: f64,
        /// What it may be.
        allowed: &'static str,
    },
}

impl Truth {
    /// Reads a truth.
    ///
    /// # Errors
    ///
    /// Where it is no TOML of this form, or a number is one that no station has.
    pub fn from_toml(text: &str) -> Result<Self, TruthError> {
        let truth: Self = toml::from_str(text).map_err(|error| TruthError::Form(error.to_string()))?;
        if truth.schema != SIMULATION_SCHEMA {
            return Err(TruthError::Form(format!("its schema is `{}`, not `{SIMULATION_SCHEMA}`", truth.schema)));
        }
        truth.check()?;
        Ok(truth)
    }

    fn check(&self) -> Result<(), TruthError> {
        let within = |what, found: f64, low: f64, high: f64, allowed| {
            if found >= low && found <= high { Ok(()) } else { Err(TruthError::Number { what, found, allowed }) }
        };
        let (people, robots) = (&self.people, &self.robots);
        within("shift_h", self.shift_h, 0.1, 24.0, "between 0.1 and 24")?;
        within("break_s", self.break_s, 0.0, 0.9 * self.shift_h * HOUR_S, "shorter than the shift")?;
        for (what, share) in [("people.success", people.success), ("robots.success", robots.success)] {
            within(what, share, 0.0, 1.0, "between 0 and 1")?;
        }
        for (what, share) in self.family.shares() {
            within(what, share, 0.0, 1.0, "between 0 and 1")?;
        }
        within("family.safety_h", self.family.safety_h.unwrap_or(1.0), 1e-3, 1e9, "above 0")?;
        within("family.safety_s", self.family.safety_s, 0.0, 1e5, "between 0 and 100,000 seconds")?;
        within("family.reset_s", self.family.reset_s, 0.0, 1e5, "between 0 and 100,000 seconds")?;
        within("robots.icc", robots.icc, 0.0, 0.99, "between 0 and 0.99")?;
        for (what, takt) in [("people.takt_s", people.takt_s), ("robots.takt_s", robots.takt_s)] {
            within(what, takt, 0.1, 1e5, "between 0.1 and 100,000 seconds")?;
        }
        let spreads = [people.takt_spread, people.shift_spread, robots.takt_spread, robots.shift_spread];
        for spread in spreads {
            within("a spread", spread, 0.0, 3.0, "between 0 and 3")?;
        }
        for (what, hours) in
            [("robots.intervention_h", robots.intervention_h), ("robots.hardware_h", robots.hardware_h)]
        {
            within(what, hours, 1e-3, 1e9, "above 0")?;
        }
        let audits = &self.audits;
        for (what, share) in [
            ("audits.drawn_share", audits.drawn_share),
            ("audits.audit_share", audits.audit_share),
            ("audits.inspect_share", audits.inspect_share),
        ] {
            within(what, share, 0.0, 1.0, "between 0 and 1")?;
        }
        within("audits.cut_s", audits.cut_s, 0.0, self.shift_h * HOUR_S, "shorter than the shift")?;
        within("audits.people", audits.people, 0.0, 1e3, "between 0 and 1,000")?;
        for count in [audits.cuts_per_shift, audits.challenges_per_shift] {
            within("cuts or challenges per shift", f64::from(count), 0.0, 1e3, "at most 1,000")?;
        }
        for cheat in &self.cheats {
            within("cheats.strength", cheat.strength, 0.0, 1.0, "between 0 and 1")?;
        }
        within("the share of shifts left out", self.left_out(), 0.0, 0.98, "at most 0.98")?;
        if self.robots.names.is_empty() {
            return Err(TruthError::Number { what: "robots.names", found: 0.0, allowed: "at least one" });
        }
        let units = self.shift_h
            * HOUR_S
            * (f64::from(people.shifts) / people.takt_s + f64::from(self.shifts_worked()) / robots.takt_s);
        within("units of all shifts", units, 0.0, UNITS_MAX, "at most 200 million")
    }

    /// The share of all shifts that is left out of the log.
    fn left_out(&self) -> f64 {
        cheat::strength(self, CheatKind::CherryPickedShifts)
    }

    /// Shifts that robots work, in the log or not.
    fn shifts_worked(&self) -> u32 {
        // OK to cast: at most fifty times the shifts of the log, and a saturating cast else.
        libm::ceil(f64::from(self.robots.shifts) / (1.0 - self.left_out()) - 1e-9) as u32
    }

    /// The log of a station of which this is the truth.
    pub fn log(&self) -> StationLog {
        let log = StationLog { simulated: true, recorder: Recorder::Independent, ..StationLog::default() };
        let mut scene = Scene { log, ..Scene::default() };
        let day_ns = 86_400_000_000_000;
        let mut day = self.first_day;
        for (crew, shifts) in [(Crew::Human, self.people.shifts), (Crew::Robot, self.shifts_worked())] {
            for at in 0..shifts {
                self.shift(crew, at, day.saturating_mul(day_ns), &mut scene.log);
                scene.facts.resize(scene.log.units.len(), Fact::default());
                day += 1;
            }
        }
        let mut shift = 0;
        for (fact, unit) in scene.facts.iter_mut().zip(&scene.log.units) {
            while unit.shift.as_deref() != scene.log.shifts.get(shift).map(|shift| shift.shift.as_str()) {
                shift += 1;
            }
            *fact = Fact { shift, good: unit.outcome == Outcome::Success, ..Fact::default() };
        }
        scene.cheat(self);
        self.count(&mut scene);
        // OK to cast: a number of shifts.
        scene.drop_worst(self.robots.shifts as usize);
        scene.watch(self);
        scene.finish()
    }

    /// The counter counts every unit and every hidden try, whatever the log says.
    fn count(&self, scene: &mut Scene) {
        let mut counted = vec![0_u64; scene.log.shifts.len()];
        for fact in &scene.facts {
            counted[fact.shift] += 1 + u64::from(fact.retries);
        }
        let mut total = 0;
        for (shift, counted) in scene.log.shifts.iter().zip(counted) {
            for (at, more) in [(shift.span.start, 0), (shift.span.end, counted)] {
                total += more;
                scene.log.readings.push(CounterReading { station: self.station.clone(), at, total, good: None });
            }
        }
    }

    fn shift(&self, crew: Crew, at: u32, midnight: i64, log: &mut StationLog) {
        // Each shift has draws of its own, so that a longer run begins like a shorter one.
        let part = u64::from(at) * 2 + u64::from(crew == Crew::Robot);
        let mut random = Random::part(self.seed, part);
        let start = midnight.saturating_add(6 * 3_600_000_000_000);
        let end = start.saturating_add(nanos(self.shift_h * HOUR_S));
        let name = format!("{}/{at:04}", if crew == Crew::Human { "people" } else { "robots" });
        let span = TimeSpan::new(Nanos(start), Nanos(end));
        let kind = Some("early".to_owned());
        let shift = Shift {
            shift: name.clone(),
            station: self.station.clone(),
            span,
            break_s: self.break_s,
            crew,
            kind,
            drawn: self.family.drawn && crew == Crew::Robot,
        };
        log.shifts.push(shift);
        let mut work = Work::new(self, crew, at, &mut random);
        let mut now = start;
        // The break lies in the middle of the shift.
        let half = start + (end - start) / 2;
        let mut rested = self.break_s == 0.0;
        loop {
            if !rested && now >= half {
                now = now.saturating_add(nanos(self.break_s));
                rested = true;
            }
            now = now.saturating_add(work.interruption(now, &mut random, log));
            if self.family.units_max.is_some_and(|most| work.made >= u64::from(most)) {
                break;
            }
            let hours = Nanos(now).seconds_since(Nanos(start)) / HOUR_S;
            let took = nanos(work.takt_s(hours, &mut random)).max(1);
            if now.saturating_add(took) > end {
                break;
            }
            let mut unit = work.unit(&name, now, now + took, &mut random);
            self.family.dress(&mut unit, crew, &mut random);
            now = now.saturating_add(took).saturating_add(nanos(self.family.reset_s));
            log.units.push(unit);
        }
    }
}

/// How one shift works.
struct Work<'a> {
    truth: &'a Truth,
    crew: Crew,
    /// Share of good units in this shift.
    success: f64,
    /// Shift's own addition to the logarithm of seconds.
    shift_effect: f64,
    made: u64,
    next_intervention: f64,
    next_failure: f64,
    /// Infinite where the truth has no safety stops.
    next_stop: f64,
    worked_h: f64,
}

impl<'a> Work<'a> {
    fn new(truth: &'a Truth, crew: Crew, at: u32, random: &mut Random) -> Self {
        let robots = &truth.robots;
        let (success, spread) = match crew {
            Crew::Human => (truth.people.success, truth.people.shift_spread),
            Crew::Robot => {
                let place = f64::from(at) / f64::from(robots.shifts.max(2) - 1) - 0.5;
                let mean = (robots.success + robots.drift * place).clamp(0.0, 1.0);
                (of_shift(mean, robots.icc, random), robots.shift_spread)
            }
        };
        Self {
            truth,
            crew,
            success,
            shift_effect: spread * random.normal(),
            made: 0,
            next_intervention: robots.intervention_h * random.exponential(),
            next_failure: robots.hardware_h * random.exponential(),
            next_stop: truth.family.safety_h.map_or(f64::INFINITY, |hours| hours * random.exponential()),
            worked_h: 0.0,
        }
    }

    /// Seconds of the next unit.
    fn takt_s(&mut self, hours: f64, random: &mut Random) -> f64 {
        let slower = 1.0 + cheat::strength(self.truth, CheatKind::SandbaggedBaseline);
        let (takt_s, spread, fatigue) = match self.crew {
            Crew::Human => (self.truth.people.takt_s * slower, self.truth.people.takt_spread, 0.0),
            Crew::Robot => (self.truth.robots.takt_s, self.truth.robots.takt_spread, self.truth.robots.fatigue_per_h),
        };
        let seconds = takt_s * random.log_normal(self.shift_effect + fatigue * hours, spread);
        self.worked_h += seconds / HOUR_S;
        seconds
    }

    /// Nanoseconds that are lost before the next unit.
    fn interruption(&mut self, now: i64, random: &mut Random, log: &mut StationLog) -> i64 {
        if self.crew == Crew::Human {
            return 0;
        }
        let robots = &self.truth.robots;
        let mut lost = 0;
        let mut add = |kind, seconds: f64, who: &str| {
            let from = now + lost;
            lost += nanos(seconds);
            log.events.push(StationEvent {
                station: self.truth.station.clone(),
                robot: Some(who.to_owned()),
                kind,
                at: Nanos(from),
                until: Some(Nanos(now + lost)),
                unit: None,
                detail: None,
            });
        };
        // OK to index: there is at least one robot, and the number is below their count.
        let who = &robots.names[random.below(robots.names.len() as u64) as usize];
        if self.worked_h >= self.next_intervention {
            self.next_intervention += robots.intervention_h * random.exponential();
            add(StationEventKind::Intervention, robots.intervention_s, who);
        }
        if self.worked_h >= self.next_failure {
            self.next_failure += robots.hardware_h * random.exponential();
            add(StationEventKind::HardwareFault, robots.repair_s, who);
        }
        if let Some(hours) = self.truth.family.safety_h.filter(|_| self.worked_h >= self.next_stop) {
            self.next_stop += hours * random.exponential();
            add(StationEventKind::SafetyStop, self.truth.family.safety_s, who);
        }
        lost
    }

    fn unit(&mut self, shift: &str, start: i64, end: i64, random: &mut Random) -> UnitOfWork {
        let truth = self.truth;
        let stratum = draw(&truth.strata, random.uniform());
        let chance = self.success + stratum.map_or(0.0, |stratum| stratum.success);
        let good = random.happens(chance);
        let number = self.made;
        self.made += 1;
        let robot = self.crew == Crew::Robot;
        let conditions = stratum
            .map(|stratum| BTreeMap::from([("object_family".to_owned(), Condition::Text(stratum.name.clone()))]))
            .unwrap_or_default();
        // OK to index: below the number of robots.
        let name = &truth.robots.names[(number % truth.robots.names.len() as u64) as usize];
        UnitOfWork {
            unit: format!("{shift}/{number:05}"),
            station: truth.station.clone(),
            shift: Some(shift.to_owned()),
            robot: robot.then(|| name.clone()),
            release: robot.then(|| truth.release.clone()),
            worker: (!robot).then(|| format!("person-{}", number % u64::from(truth.people.workers.max(1)) + 1)),
            start: Some(Nanos(start)),
            end: Some(Nanos(end)),
            mode: if robot { Mode::Autonomous } else { Mode::Human },
            outcome: if good { Outcome::Success } else { Outcome::Failure },
            confirmed: Outcome::Unknown,
            attempts: Some(1),
            conditions,
        }
    }
}

/// The share of good units of one shift: Beta-distributed with this mean, so that units of a shift correlate by `icc`.
fn of_shift(mean: f64, icc: f64, random: &mut Random) -> f64 {
    if icc <= 0.0 || mean <= 0.0 || mean >= 1.0 {
        return mean;
    }
    let size = 1.0 / icc - 1.0;
    random.beta(mean * size, (1.0 - mean) * size)
}

/// The stratum in whose share a number falls.
fn draw(strata: &[TrueStratum], at: f64) -> Option<&TrueStratum> {
    let mut reached = 0.0;
    let found = strata.iter().find(|stratum| {
        reached += stratum.share;
        at < reached
    });
    found.or(strata.last())
}

fn nanos(seconds: f64) -> i64 {
    // OK to cast: durations of a simulation are at most days.
    (seconds * 1e9) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_shows_its_truth() {
        let truth = Truth { robots: Robots { shifts: 60, ..Robots::default() }, ..Truth::default() };
        let log = truth.log();
        assert!(log.simulated);
        assert_eq!(log, truth.log(), "the same truth gives the same log");
        let of = |crew| log.units.iter().filter(move |unit| (unit.mode == Mode::Human) == (crew == Crew::Human));
        let good = of(Crew::Robot).filter(|unit| unit.outcome == Outcome::Success).count() as f64;
        let share = good / of(Crew::Robot).count() as f64;
        assert!((share - 0.985).abs() < 0.01, "{share}");
        let units = log.units.len() as u64;
        assert_eq!(log.readings.last().map(|reading| reading.total), Some(units), "the counter counts all");
        // 60 shifts of 7.5 h at a median of 62 s.
        let per_shift = of(Crew::Robot).count() as f64 / 60.0;
        assert!((per_shift - 430.0).abs() < 15.0, "{per_shift}");
    }

    #[test]
    fn impossible_truths_are_refused() {
        assert!(Truth::from_toml("schema = \"prairie/simulation/1\"\n[robots]\nsuccess = 1.5").is_err());
        assert!(Truth::from_toml("schema = \"prairie/simulation/1\"\nshift_h = 0.0").is_err());
        assert!(Truth::from_toml("schema = \"prairie/simulation/1\"").is_ok());
    }
}

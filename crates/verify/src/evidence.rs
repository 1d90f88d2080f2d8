//! What a verdict is computed from: the units and events of a station log, sorted out by the protocol.
//!
//! ```text
//!   Shift* ─▶ Builder ─▶ UnitOfWork*, StationEvent*, CounterReading* ─▶ Evidence {shifts with sums, tally}
//! ```
//!
//! Units are kept in 56 bytes each until all are there, then summed per shift, in an order that does not depend on the order
//! of import. Every unit that was read is in the [`Tally`] once.

mod happened;
mod tally;
mod witness;
mod work;

use std::collections::{BTreeMap, BTreeSet};

use prairie_model::{
    Condition, CounterReading, Crew, Mode, Nanos, Outcome, Shift, StationEvent, StationEventKind, StationLog,
    UnitOfWork,
};

use crate::protocol::{Cluster, Frozen};
use crate::stats::rhythm;
pub use witness::{AuditSums, Cut, LogWitness, Lot, Registered, Witness};

use witness::{CLAIMED, Collector, DRAWN, Disturbances, FOUND_BAD, INSPECTED};

use happened::Call;
pub use happened::{Calls, Happened, Trial};
pub use tally::Tally;
pub use work::{Logs, Slope, Work};

/// A stratum's place when a unit fits none, and when the protocol has none.
pub const NO_STRATUM: u16 = u16::MAX;

/// Nanoseconds by which a unit may end, or a counter be read, outside of its shift: an hour.
const BESIDE: i64 = 3_600_000_000_000;

/// Shifts, robots or people that one verdict can be about.
const NAMES_MAX: usize = 1 << 20;

/// Units of one stratum in one cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// Place of the stratum in the protocol; [`NO_STRATUM`] where a unit fits none.
    pub stratum: u16,
    /// Robot of the cluster where clusters are robot and shift, otherwise zero.
    pub robot: u32,
    /// Units.
    pub units: u64,
    /// Good ones, by the protocol's rule.
    pub good: u64,
}

/// One shift with its sums.
#[derive(Debug, Clone, PartialEq)]
pub struct ShiftSums {
    /// The shift.
    pub shift: Shift,
    /// Units per stratum, sorted.
    pub cells: Vec<Cell>,
    /// Seconds from good unit to good unit, in order of time.
    pub takts_s: Vec<f64>,
    /// Mean logarithm of those seconds, with the time after the last good unit charged to the shift; `None` for a shift that
    /// was not worked.
    pub mean_ln_takt: Option<f64>,
    /// Units in each mode, in the order of [`Mode::ALL`].
    pub modes: [u64; 6],
    /// Robots' units that are not good only because the log leaves something unknown: how they ended, who was in command, how
    /// often they were tried.
    pub undecided: u64,
    /// Robots that worked in it, by place in [`Evidence::robots`].
    pub robots: BTreeSet<u32>,
    /// People that worked in it, by place in [`Evidence::workers`].
    pub workers: BTreeSet<u32>,
    /// Events, in the order of [`StationEventKind::ALL`].
    pub events: [u64; 8],
    /// Seconds in which a fault, a stop or an intervention kept the station from working on its own.
    pub down_s: f64,
    /// Units that the independent counter counted, where it was read at both ends.
    pub counter: Option<u64>,
    /// What controls need of it.
    pub witness: Witness,
    /// What its seconds were spent on.
    pub work: Work,
    /// Its events, by time.
    pub happened: Vec<Happened>,
    /// What an inspection called its pieces.
    pub calls: Calls,
    /// Its trials or drills by time, where the protocol draws them by lot.
    pub trials: Vec<Trial>,
}

impl ShiftSums {
    /// Units of all strata.
    pub fn units(&self) -> u64 {
        self.cells.iter().map(|cell| cell.units).sum()
    }

    /// Good units of all strata.
    pub fn good(&self) -> u64 {
        self.cells.iter().map(|cell| cell.good).sum()
    }

    /// Events of a kind.
    pub fn events_of(&self, kind: StationEventKind) -> u64 {
        StationEventKind::ALL.iter().position(|each| *each == kind).map_or(0, |at| self.events[at])
    }
}

/// What a verdict is computed from.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Evidence {
    /// Shifts in which robots were to work, after the freeze, by time and station.
    pub robot: Vec<ShiftSums>,
    /// Shifts in which people worked, by time and station.
    pub human: Vec<ShiftSums>,
    /// Shifts with units of the release that this one is compared with, those units only, by time and station.
    pub previous: Vec<ShiftSums>,
    /// Names of robots, sorted.
    pub robots: Vec<String>,
    /// Pseudonyms of people, sorted.
    pub workers: Vec<String>,
    /// What became of every unit.
    pub tally: Tally,
    /// What controls need of the whole log.
    pub witness: LogWitness,
    /// The shifts of `robot` as they would be if every undecided unit were good; empty where none is. What fails here as well
    /// fails whatever the log leaves open.
    pub favourable: Vec<ShiftSums>,
}

/// Evidence cannot be put together.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EvidenceError {
    /// More names than one verdict can be about.
    #[error("the log names {found} {what}, and a verdict is about {NAMES_MAX} at most")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many.
        found: usize,
    },
    /// The same shift of a station stands twice in the calendar, differently.
    #[error("shift `{shift}` of `{station}` stands twice in the calendar")]
    ShiftTwice {
        /// The shift.
        shift: String,
        /// The station.
        station: String,
    },
    /// Two shifts of a station at the same time.
    #[error("shifts `{one}` and `{other}` of `{station}` overlap")]
    ShiftsOverlap {
        /// The first.
        one: String,
        /// The second.
        other: String,
        /// The station.
        station: String,
    },
    /// People were recorded for comparison when the robots' run had begun.
    #[error(
        "baseline shift `{shift}` of `{station}` ended after the robots' run began: people could see what they were compared with"
    )]
    BaselineLate {
        /// The shift.
        shift: String,
        /// The station.
        station: String,
    },
    /// A draw by lot was added after units.
    #[error("a draw by lot was added after units: which of them are drawn is known beforehand only")]
    DrawLate,
}

/// A unit while evidence is put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Kept {
    pub(crate) shift: u32,
    pub(crate) end: i64,
    /// Two halves of a hash, which need less room than one number of 128 bits.
    pub(crate) id: [u64; 2],
    start: i64,
    robot: u32,
    worker: u32,
    pub(crate) stratum: u16,
    pub(crate) mode: u8,
    pub(crate) good: bool,
    pub(crate) undecided: bool,
    /// [`CLAIMED`] and others of [`witness`].
    pub(crate) flags: u8,
    call: Call,
}

/// Puts evidence together, unit by unit.
#[derive(Debug)]
pub struct Builder<'a> {
    pub(crate) frozen: &'a Frozen,
    /// Sorted by station and start.
    shifts: Vec<Shift>,
    by_name: BTreeMap<String, BTreeMap<String, u32>>,
    kept: Vec<Kept>,
    robots: BTreeMap<String, u32>,
    workers: BTreeMap<String, u32>,
    events: Vec<StationEvent>,
    readings: Vec<CounterReading>,
    tally: Tally,
    pub(crate) control: Collector,
    /// Releases that count like the protocol's own, since a later verdict bridged them.
    bridged: Vec<String>,
}

impl<'a> Builder<'a> {
    /// Begins with the calendar: every scheduled shift counts, worked or not.
    ///
    /// # Errors
    ///
    /// Where the calendar contradicts itself, or people were recorded after the robots' run began.
    pub fn new(frozen: &'a Frozen, calendar: &[Shift]) -> Result<Self, EvidenceError> {
        let mut shifts: Vec<Shift> = calendar.iter().filter(|shift| is_in_scope(frozen, shift)).cloned().collect();
        if shifts.len() > NAMES_MAX {
            return Err(EvidenceError::TooMany { what: "shifts", found: shifts.len() });
        }
        shifts.sort_by(|a, b| {
            (&a.station, a.span.start, &a.shift, a.span.end).cmp(&(&b.station, b.span.start, &b.shift, b.span.end))
        });
        shifts.dedup();
        for pair in shifts.windows(2).filter(|pair| pair[0].station == pair[1].station) {
            if pair[1].span.start < pair[0].span.end {
                let [one, other, station] = [&pair[0].shift, &pair[1].shift, &pair[0].station].map(Clone::clone);
                return Err(EvidenceError::ShiftsOverlap { one, other, station });
            }
        }
        let mut by_name: BTreeMap<String, BTreeMap<String, u32>> = BTreeMap::new();
        for (at, shift) in (0u32..).zip(&shifts) {
            if by_name.entry(shift.station.clone()).or_default().insert(shift.shift.clone(), at).is_some() {
                return Err(EvidenceError::ShiftTwice { shift: shift.shift.clone(), station: shift.station.clone() });
            }
        }
        let of_run = |shift: &&Shift| shift.crew == Crew::Robot && shift.span.start >= frozen.frozen;
        let run = shifts.iter().filter(of_run).map(|shift| shift.span.start).min();
        let late = shifts.iter().find(|shift| shift.crew == Crew::Human && run.is_some_and(|run| shift.span.end > run));
        if let Some(shift) = late {
            return Err(EvidenceError::BaselineLate { shift: shift.shift.clone(), station: shift.station.clone() });
        }
        Ok(Self {
            frozen,
            bridged: Vec::new(),
            shifts,
            by_name,
            kept: Vec::new(),
            robots: BTreeMap::new(),
            workers: BTreeMap::new(),
            events: Vec::new(),
            readings: Vec::new(),
            tally: Tally::default(),
            control: Collector::default(),
        })
    }

    /// Lets units of these releases count like those of the protocol's own: later verdicts bridged them.
    #[must_use]
    pub fn bridged(mut self, releases: &[String]) -> Self {
        self.bridged = releases.to_vec();
        self
    }

    /// Counts a unit that is dated after its import: it was not done when it was told.
    pub fn future_unit(&mut self) {
        self.tally.read += 1;
        self.tally.future += 1;
    }

    /// Adds a unit, or counts why not.
    pub fn unit(&mut self, unit: &UnitOfWork) -> Result<(), EvidenceError> {
        self.tally.read += 1;
        let protocol = &self.frozen.protocol;
        let known = |crew| protocol.stations(crew).contains(&unit.station);
        if !known(Crew::Robot) && !known(Crew::Human) {
            self.tally.other_station += 1;
            return Ok(());
        }
        let at = unit.end.or(unit.start);
        if unit.shift.is_none() && at.is_none() {
            self.tally.undated += 1;
            return Ok(());
        }
        let Some(shift) = self.shift_of(unit) else {
            // Of a shift from before the freeze the calendar keeps nothing.
            let before = at.is_some_and(|at| at < self.frozen.frozen);
            let people = unit.mode == Mode::Human && unit.robot.is_none();
            *match (before, people) {
                (true, _) => &mut self.tally.before_freeze,
                (false, true) => &mut self.tally.people,
                (false, false) => &mut self.tally.unscheduled,
            } += 1;
            return Ok(());
        };
        // OK to index: `shift_of` gives places in `shifts`.
        let crew = self.shifts[shift as usize].crew;
        // A log may name the shift of a unit, but not put work there that was done at another time.
        if let Some(at) = at.filter(|at| !self.may_be_of(shift, *at)) {
            let before = crew == Crew::Robot && at < self.frozen.frozen;
            *(if before { &mut self.tally.before_freeze } else { &mut self.tally.unscheduled }) += 1;
            return Ok(());
        }
        let previous = crew == Crew::Robot && self.is_previous(unit);
        if crew == Crew::Robot && !previous {
            // OK to index: see above. Shifts from before the freeze are kept for the release before only.
            if self.shifts[shift as usize].span.start < self.frozen.frozen {
                self.tally.before_freeze += 1;
                return Ok(());
            }
            if !self.is_of_run(unit, shift) {
                return Ok(());
            }
        }
        if previous {
            // Its units are judged apart, and were counted by the same counter.
            self.control.beside(shift, false);
        }
        if let Some(exclusion) = protocol.exclusions.iter().find(|it| it.rule.takes(&unit.conditions)) {
            self.control.beside(shift, false);
            *self.tally.excluded.entry(exclusion.name.clone()).or_default() += 1;
            return Ok(());
        }
        let outcome = unit.outcome_known();
        let rule = &protocol.success;
        // Without a time nobody knows whether it was done after the freeze: it counts, and is not good.
        let by_rule = crew == Crew::Human
            || at.is_some()
                && (!rule.autonomous || unit.mode == Mode::Autonomous)
                && (!rule.first_pass || unit.attempts.is_some_and(|attempts| attempts <= 1));
        let good = outcome == Outcome::Success && by_rule;
        let undecided = crew == Crew::Robot
            && !good
            && at.is_some()
            && matches!(outcome, Outcome::Success | Outcome::Unknown)
            && (!rule.autonomous || matches!(unit.mode, Mode::Autonomous | Mode::Unknown))
            && (!rule.first_pass || unit.attempts.is_none_or(|attempts| attempts <= 1));
        let mut flags = if by_rule && unit.outcome == Outcome::Success { CLAIMED } else { 0 };
        flags |= match unit.confirmed {
            Outcome::Unknown => 0,
            Outcome::Success => INSPECTED,
            _ => INSPECTED | FOUND_BAD,
        };
        if crew == Crew::Robot && self.control.is_drawn(&unit.station, &unit.unit) {
            flags |= DRAWN;
        }
        let stratum = protocol.stratum_of(&unit.conditions).and_then(|at| u16::try_from(at).ok()).unwrap_or(NO_STRATUM);
        // OK to cast: `Mode::ALL` has six entries.
        let mode = Mode::ALL.iter().position(|mode| *mode == unit.mode).unwrap_or(Mode::ALL.len() - 1) as u8;
        let robot = number(&mut self.robots, unit.robot.as_deref(), "robots")?;
        let worker = number(&mut self.workers, unit.worker.as_deref(), "people")?;
        let end = unit.end.or(unit.start).map_or(i64::MIN, |nanos| nanos.0);
        // Units of the release before are summed apart, as though they were of shifts after all others.
        // OK to cast: there are at most NAMES_MAX shifts.
        let shift = if previous { shift + self.shifts.len() as u32 } else { shift };
        self.kept.push(Kept {
            shift,
            end,
            id: name_hash(&unit.unit),
            start: unit.start.map_or(end, |nanos| nanos.0),
            robot,
            worker,
            stratum,
            mode,
            good,
            undecided,
            flags,
            call: self.call_of(unit),
        });
        Ok(())
    }

    /// Adds an event.
    pub fn event(&mut self, event: StationEvent) {
        self.events.push(event);
    }

    /// Adds a reading of the independent counter.
    pub fn reading(&mut self, reading: CounterReading) {
        self.readings.push(reading);
    }

    /// Sums everything up.
    pub fn finish(mut self) -> Evidence {
        self.drop_repeated();
        let mut sums: Vec<ShiftSums> = self.shifts.iter().map(empty_sums).collect();
        if self.frozen.protocol.previous_release().is_some() {
            sums.extend(self.shifts.iter().map(empty_sums));
        }
        // Units are in order of station and name here.
        let matched_min = self.frozen.protocol.controls.reexecution.matched_min;
        let unmatched = self.control.join(&self.shifts, &mut self.kept, &mut sums, matched_min);
        let (robots, renumbered) = sorted_names(&self.robots);
        let (workers, renumbered_workers) = sorted_names(&self.workers);
        for kept in &mut self.kept {
            kept.robot = renumber(&renumbered, kept.robot);
            kept.worker = renumber(&renumbered_workers, kept.worker);
        }
        self.kept.sort_unstable();
        let how = Summing {
            by_robot: self.frozen.protocol.scope.cluster == Cluster::RobotShift,
            trials: self.frozen.protocol.lot.is_some(),
        };
        let disturbed = Disturbances::by_shift(&self.events, |event| self.shift_at(&event.station, event.at));
        let calm = Disturbances::default();
        let mut kept = std::mem::take(&mut self.kept);
        let mut favourable = if kept.iter().any(|kept| kept.undecided) { sums.clone() } else { Vec::new() };
        let mut rest = kept.as_mut_slice();
        while let Some(shift) = rest.first().map(|kept| kept.shift) {
            let (of_shift, others) = rest.split_at_mut(rest.partition_point(|kept| kept.shift == shift));
            let disturbed = disturbed.get(&shift).unwrap_or(&calm);
            // OK to index: the number was given by `shift_of`.
            Collector::of_units(of_shift, disturbed, &mut sums[shift as usize]);
            sum_units(&mut sums[shift as usize], of_shift, how);
            if let Some(sums) = favourable.get_mut(shift as usize) {
                for kept in of_shift.iter_mut().filter(|kept| kept.undecided) {
                    kept.good = true;
                    kept.flags |= CLAIMED;
                    // Who was in command is left open too: at best nobody but the robot.
                    if Mode::ALL.get(usize::from(kept.mode)) == Some(&Mode::Unknown) {
                        kept.mode = 0;
                    }
                }
                Collector::of_units(of_shift, disturbed, sums);
                sum_units(sums, of_shift, how);
            }
            rest = others;
        }
        drop(kept);
        let (robot, human, previous) = self.settle(sums);
        let favourable = if favourable.is_empty() { favourable } else { self.settle(favourable).0 };
        self.tally.counted = robot.iter().map(ShiftSums::units).sum();
        self.tally.undecided = robot.iter().map(|sums| sums.undecided).sum();
        self.tally.baseline = human.iter().map(ShiftSums::units).sum();
        self.tally.previous = previous.iter().map(ShiftSums::units).sum();
        Evidence {
            robot,
            human,
            previous,
            robots,
            workers,
            tally: self.tally,
            witness: self.control.facts(unmatched),
            favourable,
        }
    }

    /// Adds events and readings to the sums of all shifts, and parts them: robots' shifts after the freeze, people's, and those
    /// with units of the release before; each by time and station.
    fn settle(&mut self, mut sums: Vec<ShiftSums>) -> (Vec<ShiftSums>, Vec<ShiftSums>, Vec<ShiftSums>) {
        self.sum_events(&mut sums);
        self.sum_readings(&mut sums[..self.shifts.len()]);
        self.control.of_shifts(&mut sums[..self.shifts.len()], &self.readings, &self.events);
        let mut previous = sums.split_off(self.shifts.len());
        previous.retain(|sums| sums.units() > 0);
        sums.retain(|sums| sums.shift.crew == Crew::Human || sums.shift.span.start >= self.frozen.frozen);
        let (robot, human): (Vec<_>, Vec<_>) = sums.into_iter().partition(|sums| sums.shift.crew == Crew::Robot);
        let by_time = |mut shifts: Vec<ShiftSums>| {
            shifts.sort_by(|a, b| (a.shift.span.start, &a.shift.station).cmp(&(b.shift.span.start, &b.shift.station)));
            shifts
        };
        (by_time(robot), by_time(human), by_time(previous))
    }

    /// The shift of a unit: by its name, else by the time at which it ended.
    fn shift_of(&self, unit: &UnitOfWork) -> Option<u32> {
        if let Some(name) = &unit.shift {
            return self.by_name.get(&unit.station)?.get(name).copied();
        }
        self.shift_at(&unit.station, unit.end.or(unit.start)?)
    }

    /// Whether work that ended then can belong to a shift: in it, or up to an hour beside it.
    fn may_be_of(&self, shift: u32, at: Nanos) -> bool {
        // OK to index: numbers of shifts are places in `shifts`.
        let span = self.shifts[shift as usize].span;
        at.0 >= span.start.0.saturating_sub(BESIDE) && at.0 <= span.end.0.saturating_add(BESIDE)
    }

    /// The shift of a station at a time.
    fn shift_at(&self, station: &str, at: Nanos) -> Option<u32> {
        let after = self.shifts.partition_point(|shift| (shift.station.as_str(), shift.span.start) <= (station, at));
        let place = after.checked_sub(1)?;
        let shift = &self.shifts[place];
        // OK to cast: there are at most NAMES_MAX shifts.
        (shift.station == station && at <= shift.span.end).then_some(place as u32)
    }

    /// Whether a robot's unit was done by what the protocol is about; counts it where not.
    fn is_of_run(&mut self, unit: &UnitOfWork, shift: u32) -> bool {
        let scope = &self.frozen.protocol.scope;
        let bridged = unit.release.as_ref().is_some_and(|release| self.bridged.contains(release));
        if scope.release.is_some() && unit.release != scope.release && !bridged {
            self.tally.other_release += 1;
            self.control.beside(shift, true);
            return false;
        }
        let named = unit.robot.as_ref().is_some_and(|robot| scope.robots.contains(robot));
        if !scope.robots.is_empty() && !named {
            self.tally.other_robot += 1;
            self.control.beside(shift, false);
            return false;
        }
        true
    }

    /// Whether a robot's unit was done by the release that this one is compared with.
    fn is_previous(&self, unit: &UnitOfWork) -> bool {
        let previous = self.frozen.protocol.previous_release();
        previous.is_some() && unit.release.as_deref() == previous
    }

    /// What an inspection called a piece.
    fn call_of(&self, unit: &UnitOfWork) -> Call {
        let Some(inspection) = &self.frozen.protocol.inspection else { return Call::NotAsked };
        let is_defective = |name: &str| match unit.conditions.get(name)? {
            Condition::Text(text) => Some(inspection.defective.contains(text)),
            Condition::Number(number) => Some(inspection.defective.contains(&number.to_string())),
        };
        Call::of(is_defective(&inspection.truth), is_defective(&inspection.call))
    }

    /// Keeps one row of each unit: a unit that stands twice is good only if both rows say so. Works in place, since there may
    /// be many.
    fn drop_repeated(&mut self) {
        // Shifts are sorted by station, so that a station is a number; comparing names ten million times would take longer.
        let mut stations: Vec<u32> = Vec::with_capacity(self.shifts.len());
        for (at, shift) in self.shifts.iter().enumerate() {
            let before = at.checked_sub(1).map(|at| (&self.shifts[at].station, stations[at]));
            stations.push(before.map_or(0, |(name, number)| number + u32::from(*name != shift.station)));
        }
        // OK to index: numbers of shifts are places in `shifts`, once, or once more for the release before.
        let station = |kept: &Kept| stations[kept.shift as usize % stations.len()];
        self.kept.sort_unstable_by(|a, b| (station(a), a.id, a).cmp(&(station(b), b.id, b)));
        let before = self.kept.len();
        self.kept.dedup_by(|kept, last| {
            let same = last.id == kept.id && station(last) == station(kept);
            if same {
                let was_good = last.good;
                last.good &= kept.good;
                // What one row says is not good is decided.
                last.undecided = !last.good && (last.undecided || was_good) && (kept.undecided || kept.good);
                last.flags = (last.flags & kept.flags & CLAIMED) | ((last.flags | kept.flags) & !CLAIMED);
            }
            same
        });
        self.tally.repeated += (before - self.kept.len()) as u64;
    }

    fn sum_events(&self, sums: &mut [ShiftSums]) {
        // Seconds in which several things kept a station from working count once.
        let mut down: BTreeMap<u32, Vec<(i64, i64)>> = BTreeMap::new();
        for event in &self.events {
            let Some(shift) = self.shift_at(&event.station, event.at) else { continue };
            // OK to index: `shift_at` gives places in `shifts`.
            let sums = &mut sums[shift as usize];
            if let Some(at) = StationEventKind::ALL.iter().position(|kind| *kind == event.kind) {
                sums.events[at] += 1;
            }
            let until = event.until.filter(|until| *until >= event.at);
            sums.happened.push(Happened {
                kind: event.kind,
                at_s: event.at.seconds_since(sums.shift.span.start),
                lasted_s: until.map(|until| until.seconds_since(event.at)),
            });
            let keeps_from_work = !matches!(event.kind, StationEventKind::UplinkCut | StationEventKind::Perturbation);
            match until {
                Some(until) if keeps_from_work => {
                    down.entry(shift).or_default().push((event.at.0, until.0.min(sums.shift.span.end.0)));
                }
                None if keeps_from_work => sums.work.open_events += 1,
                _ => {}
            }
        }
        for sums in &mut *sums {
            sums.happened.sort_by(|a, b| {
                let length = |event: &Happened| event.lasted_s.unwrap_or(-1.0);
                (a.at_s.total_cmp(&b.at_s)).then(a.kind.cmp(&b.kind)).then(length(a).total_cmp(&length(b)))
            });
        }
        for (at, sums) in (0_u32..).zip(sums) {
            let mut spans = down.remove(&at).unwrap_or_default();
            sums.down_s = work::covered_s(&mut spans);
            sums.work.take_down(&spans);
        }
    }

    /// The counter's difference over each shift: from the last reading at or before its start, to the first at or after its
    /// end. Readings further than an hour away say nothing.
    fn sum_readings(&mut self, sums: &mut [ShiftSums]) {
        self.readings.sort_by(|a, b| (&a.station, a.at, a.total).cmp(&(&b.station, b.at, b.total)));
        for sums in sums {
            let of_station = |reading: &CounterReading| reading.station.as_str().cmp(&sums.shift.station);
            let first = self.readings.partition_point(|reading| of_station(reading).is_lt());
            let last = self.readings.partition_point(|reading| of_station(reading).is_le());
            let readings = &self.readings[first..last];
            let (start, end) = (sums.shift.span.start, sums.shift.span.end);
            let before = readings.iter().rev().find(|reading| reading.at <= start);
            let after = readings.iter().find(|reading| reading.at >= end);
            let (Some(before), Some(after)) = (before, after) else { continue };
            if start.0.saturating_sub(before.at.0) <= BESIDE && after.at.0.saturating_sub(end.0) <= BESIDE {
                sums.counter = after.total.checked_sub(before.total);
            }
        }
    }
}

/// The evidence of a log that is in memory.
///
/// # Errors
///
/// As [`Builder::new`] and [`Builder::unit`].
pub fn of_log(frozen: &Frozen, log: &StationLog) -> Result<Evidence, EvidenceError> {
    let mut builder = Builder::new(frozen, &log.shifts)?;
    for draw in &log.draws {
        builder.lot(Lot { draw: draw.clone(), stations: None })?;
    }
    for unit in &log.units {
        builder.unit(unit)?;
    }
    log.events.iter().cloned().for_each(|event| builder.event(event));
    log.readings.iter().cloned().for_each(|reading| builder.reading(reading));
    log.audits.iter().for_each(|audit| builder.audit(audit));
    log.coverage.iter().cloned().for_each(|span| builder.recorder_span(span));
    log.presence.iter().cloned().for_each(|presence| builder.presence(presence));
    Ok(builder.finish())
}

/// Whether a shift is of the run, or of the baseline.
fn is_in_scope(frozen: &Frozen, shift: &Shift) -> bool {
    frozen.protocol.stations(shift.crew).contains(&shift.station)
        && (shift.crew == Crew::Human
            || shift.span.start >= frozen.frozen
            // What the release before did may be older.
            || frozen.protocol.previous_release().is_some())
}

fn empty_sums(shift: &Shift) -> ShiftSums {
    ShiftSums {
        shift: shift.clone(),
        cells: Vec::new(),
        takts_s: Vec::new(),
        mean_ln_takt: None,
        modes: [0; 6],
        undecided: 0,
        robots: BTreeSet::new(),
        workers: BTreeSet::new(),
        events: [0; 8],
        down_s: 0.0,
        counter: None,
        witness: Witness::default(),
        // A shift that nobody worked is one long wait.
        work: Work { trailing_s: shift.span.seconds(), longest_gap_s: shift.span.seconds(), ..Work::default() },
        happened: Vec::new(),
        calls: Calls::default(),
        trials: Vec::new(),
    }
}

/// How the units of a shift are summed.
#[derive(Debug, Clone, Copy)]
struct Summing {
    by_robot: bool,
    trials: bool,
}

/// Sums the units of one shift, which are sorted by the time at which they ended.
fn sum_units(sums: &mut ShiftSums, units: &[Kept], how: Summing) {
    let mut cells: BTreeMap<(u16, u32), (u64, u64)> = BTreeMap::new();
    let (mut good_s, mut other_s) = (Vec::new(), Vec::new());
    let span = sums.shift.span;
    for unit in units {
        let cell = cells.entry((unit.stratum, if how.by_robot { unit.robot } else { 0 })).or_default();
        cell.0 += 1;
        cell.1 += u64::from(unit.good);
        sums.modes[usize::from(unit.mode).min(5)] += 1;
        sums.undecided += u64::from(unit.undecided);
        sums.calls.add(unit.call);
        if how.trials {
            let lasted = (unit.start < unit.end).then(|| Nanos(unit.end).seconds_since(Nanos(unit.start)));
            sums.trials.push(Trial { good: unit.good, lasted_s: lasted });
        }
        if unit.robot != u32::MAX {
            sums.robots.insert(unit.robot);
        }
        if unit.worker != u32::MAX {
            sums.workers.insert(unit.worker);
        }
        if unit.end != i64::MIN {
            // A unit that ended in the minutes after its shift is counted at the shift's end.
            let at = Nanos(unit.end).max(span.start).min(span.end).seconds_since(span.start);
            if !unit.good {
                other_s.push(at);
            } else if at > good_s.last().copied().unwrap_or(0.0) {
                // Units that are counted at once are one unit of work for the rhythm.
                good_s.push(at);
            }
        }
    }
    sums.cells =
        cells.into_iter().map(|((stratum, robot), (units, good))| Cell { stratum, robot, units, good }).collect();
    // OK to compare: the first mode of `Mode::ALL` is autonomous work, as a test below asserts.
    let spans = units.iter().map(|unit| (unit.start, unit.end, unit.mode == 0 || sums.shift.crew == Crew::Human));
    sums.work.take_spans(spans, (span.start.0, span.end.0));
    if let Ok(takts) = rhythm::takts(0.0, span.seconds(), &good_s, &other_s) {
        sums.work.take_takts(&takts, &good_s, span.seconds());
        sums.mean_ln_takt = Some(takts.mean_ln_takt);
        sums.takts_s = takts.takt_s;
    }
}

/// The number of a name, in the order in which names appear; `u32::MAX` for none.
fn number(names: &mut BTreeMap<String, u32>, name: Option<&str>, what: &'static str) -> Result<u32, EvidenceError> {
    let Some(name) = name else { return Ok(u32::MAX) };
    if let Some(number) = names.get(name) {
        return Ok(*number);
    }
    let next = names.len();
    if next >= NAMES_MAX {
        return Err(EvidenceError::TooMany { what, found: next + 1 });
    }
    // OK to cast: below NAMES_MAX.
    names.insert(name.to_owned(), next as u32);
    Ok(next as u32)
}

/// Names in order, and the new number of each old one.
fn sorted_names(names: &BTreeMap<String, u32>) -> (Vec<String>, Vec<u32>) {
    let mut renumbered = vec![0; names.len()];
    for (new, old) in (0u32..).zip(names.values()) {
        // OK to index: numbers were given from zero, one by one.
        renumbered[*old as usize] = new;
    }
    (names.keys().cloned().collect(), renumbered)
}

fn renumber(renumbered: &[u32], old: u32) -> u32 {
    renumbered.get(old as usize).copied().unwrap_or(u32::MAX)
}

/// A unit's name in 128 bits (FNV-1a), to find repeated ones.
pub(crate) fn name_hash(name: &str) -> [u64; 2] {
    let hash = name.bytes().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128, |hash, byte| {
        (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
    });
    // OK to cast: the halves.
    [(hash >> 64) as u64, hash as u64]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sums_take_for_granted() {
        assert_eq!(Mode::ALL.first(), Some(&Mode::Autonomous));
        assert_eq!(size_of::<Kept>(), 56, "ten million units take 560 MB");
    }
}

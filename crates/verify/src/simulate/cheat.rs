//! Ways to fool a buyer, each with a strength: what is true stays hidden, and the log says something better.
//!
//! The list has the rows of the threat table (methods, section 4). Tampering with a log after the fact is not among them: the
//! ledger answers for it.

use prairie_model::{Condition, Crew, Outcome, StationLog};
use serde::{Deserialize, Serialize};

use super::Truth;
use crate::math::random::Random;

/// A way to cheat, and how much of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cheat {
    /// Which way.
    pub kind: CheatKind,
    /// How much, from 0 to 1; each kind says of what.
    pub strength: f64,
}

/// Ways to cheat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheatKind {
    /// A share of the bad units is left out of the log.
    MissingUnits,
    /// The recorder is off during a share of the bad units, and they are not in the log.
    LogGaps,
    /// A share of all shifts, the worst, is left out of calendar and log; more shifts are worked for it.
    CherryPickedShifts,
    /// A share of the hard parts is replaced by easy ones that are called hard.
    EasyConditions,
    /// A share of the units that would be bad is saved by somebody who steers from afar.
    HiddenTeleoperation,
    /// A share of the units is a recorded movement on a part that always lies in the same place.
    ScriptedReplay,
    /// A share of the units is work that the robot was trained on.
    TrainTestOverlap,
    /// People are slower by this share while they are measured.
    SandbaggedBaseline,
    /// A share of the bad units is called good.
    SuccessRelabelling,
    /// A share of the bad units is tried again until it is good, and only the last try is logged.
    HiddenRetries,
    /// A share of the shifts, the last, is done by another release under the same hash.
    VersionSwap,
    /// In a share of the shifts one more person stands there, and prevents bad units by hand.
    OverStaffing,
}

impl CheatKind {
    /// All of them, in the order of the threat table.
    pub const ALL: [Self; 12] = [
        Self::MissingUnits,
        Self::LogGaps,
        Self::CherryPickedShifts,
        Self::EasyConditions,
        Self::HiddenTeleoperation,
        Self::ScriptedReplay,
        Self::TrainTestOverlap,
        Self::SandbaggedBaseline,
        Self::SuccessRelabelling,
        Self::HiddenRetries,
        Self::VersionSwap,
        Self::OverStaffing,
    ];

    /// The name in truths and tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MissingUnits => "missing_units",
            Self::LogGaps => "log_gaps",
            Self::CherryPickedShifts => "cherry_picked_shifts",
            Self::EasyConditions => "easy_conditions",
            Self::HiddenTeleoperation => "hidden_teleoperation",
            Self::ScriptedReplay => "scripted_replay",
            Self::TrainTestOverlap => "train_test_overlap",
            Self::SandbaggedBaseline => "sandbagged_baseline",
            Self::SuccessRelabelling => "success_relabelling",
            Self::HiddenRetries => "hidden_retries",
            Self::VersionSwap => "version_swap",
            Self::OverStaffing => "over_staffing",
        }
    }
}

/// Shares of good units where a cheat replaces the work.
const REPLAY_GOOD: f64 = 0.995;
const TRAINED_GOOD: f64 = 0.99;
const OTHER_RELEASE_GOOD: f64 = 0.99;

/// Share of would-be bad units that a person beside the robot prevents.
const PREVENTED: f64 = 0.9;

/// The strength of one way to cheat in a truth; 0 where it is honest in that.
pub(super) fn strength(truth: &Truth, kind: CheatKind) -> f64 {
    truth.cheats.iter().filter(|cheat| cheat.kind == kind).map(|cheat| cheat.strength).fold(0.0, f64::max)
}

/// What is true of one unit, beside what its log says.
#[derive(Debug, Clone, Default)]
pub(super) struct Fact {
    /// Which shift, by place in the log's list.
    pub(super) shift: usize,
    /// Whether it is good when somebody looks.
    pub(super) good: bool,
    /// Whether somebody steered.
    pub(super) steered: bool,
    /// Whether it is a recorded movement.
    pub(super) replayed: bool,
    /// Whether the robot was trained on it.
    pub(super) trained: bool,
    /// Whether another release did it.
    pub(super) other_release: bool,
    /// The stratum that sensors would see, where it is not the logged one.
    pub(super) stratum: Option<String>,
    /// How often the counter counted it, beyond once.
    pub(super) retries: u32,
    /// Whether it is missing from the log.
    pub(super) removed: bool,
    /// Whether the recorder was off.
    pub(super) unrecorded: bool,
}

/// A log with what is true.
#[derive(Debug, Default)]
pub(super) struct Scene {
    pub(super) log: StationLog,
    /// One per unit.
    pub(super) facts: Vec<Fact>,
    /// Shifts with one person more.
    pub(super) crowded: Vec<bool>,
}

impl Scene {
    /// Applies every cheat of a truth but those that change how work is made.
    pub(super) fn cheat(&mut self, truth: &Truth) {
        self.crowded = vec![false; self.log.shifts.len()];
        for cheat in &truth.cheats {
            let mut random = Random::part(truth.seed, (1 << 40) + cheat.kind as u64);
            match cheat.kind {
                CheatKind::SandbaggedBaseline | CheatKind::CherryPickedShifts => {}
                CheatKind::VersionSwap => self.swap_release(cheat.strength, &mut random),
                CheatKind::OverStaffing => self.crowd(cheat.strength, &mut random),
                CheatKind::EasyConditions => self.ease(truth, cheat.strength, &mut random),
                kind => self.per_unit(kind, cheat.strength, &mut random),
            }
        }
    }

    fn is_robot(&self, at: usize) -> bool {
        self.log.shifts[self.facts[at].shift].crew == Crew::Robot
    }

    /// Makes a unit what it is, and what its log says.
    fn set(&mut self, at: usize, good: bool) {
        self.facts[at].good = good;
        self.log.units[at].outcome = if good { Outcome::Success } else { Outcome::Failure };
    }

    fn per_unit(&mut self, kind: CheatKind, strength: f64, random: &mut Random) {
        for at in 0..self.facts.len() {
            let bad = !self.facts[at].good;
            // Drawn for every unit, so that a stronger cheat does the same and more.
            let chosen = random.happens(strength);
            let other = random.uniform();
            if !chosen || !self.is_robot(at) {
                continue;
            }
            match kind {
                CheatKind::MissingUnits if bad => self.facts[at].removed = true,
                CheatKind::LogGaps if bad => {
                    self.facts[at].removed = true;
                    self.facts[at].unrecorded = true;
                }
                CheatKind::SuccessRelabelling if bad => self.log.units[at].outcome = Outcome::Success,
                CheatKind::HiddenTeleoperation if bad => {
                    self.facts[at].steered = true;
                    self.log.units[at].outcome = Outcome::Success;
                }
                CheatKind::HiddenRetries if bad => {
                    self.facts[at].retries = 1;
                    self.log.units[at].outcome = Outcome::Success;
                }
                CheatKind::ScriptedReplay => {
                    self.facts[at].replayed = true;
                    self.set(at, other < REPLAY_GOOD);
                }
                CheatKind::TrainTestOverlap => {
                    self.facts[at].trained = true;
                    self.set(at, other < TRAINED_GOOD);
                }
                _ => {}
            }
        }
    }

    fn swap_release(&mut self, strength: f64, random: &mut Random) {
        let robots: Vec<usize> = self.shifts_of_robots();
        // OK to cast: at most the number of shifts.
        let swapped = (strength * robots.len() as f64) as usize;
        let first = robots.len().checked_sub(swapped).and_then(|at| robots.get(at)).copied().unwrap_or(usize::MAX);
        for at in 0..self.facts.len() {
            if self.facts[at].shift >= first {
                self.facts[at].other_release = true;
                self.set(at, random.happens(OTHER_RELEASE_GOOD));
            }
        }
    }

    fn crowd(&mut self, strength: f64, random: &mut Random) {
        for at in self.shifts_of_robots() {
            self.crowded[at] = random.happens(strength);
        }
        for at in 0..self.facts.len() {
            let prevented = random.happens(PREVENTED);
            if self.crowded[self.facts[at].shift] && prevented {
                self.set(at, true);
            }
        }
    }

    fn ease(&mut self, truth: &Truth, strength: f64, random: &mut Random) {
        let ease = |stratum: &&super::TrueStratum| stratum.success;
        let Some(easiest) = truth.strata.iter().max_by(|a, b| ease(a).total_cmp(&ease(b))) else { return };
        let chance = truth.robots.success + easiest.success;
        for at in 0..self.facts.len() {
            let hard =
                self.log.units[at].conditions.get("object_family") != Some(&Condition::Text(easiest.name.clone()));
            let (chosen, good) = (random.happens(strength), random.happens(chance));
            if hard && chosen && self.is_robot(at) {
                self.facts[at].stratum = Some(easiest.name.clone());
                self.set(at, good);
            }
        }
    }

    fn shifts_of_robots(&self) -> Vec<usize> {
        let robots = self.log.shifts.iter().enumerate().filter(|(_, shift)| shift.crew == Crew::Robot);
        robots.map(|(at, _)| at).collect()
    }

    /// Takes the worst shifts of robots out of calendar and log, so that so many are left. The counter has counted on.
    pub(super) fn drop_worst(&mut self, left: usize) {
        let mut shares: Vec<(u64, u64)> = vec![(0, 0); self.log.shifts.len()];
        for (fact, unit) in self.facts.iter().zip(&self.log.units) {
            shares[fact.shift].0 += u64::from(unit.outcome == Outcome::Success);
            shares[fact.shift].1 += 1;
        }
        let mut robots = self.shifts_of_robots();
        // OK to cast: units of a shift are far below 2^53.
        let share = |at: usize| shares[at].0 as f64 / shares[at].1.max(1) as f64;
        robots.sort_by(|a, b| share(*b).total_cmp(&share(*a)).then(a.cmp(b)));
        let dropped: std::collections::BTreeSet<usize> = robots.into_iter().skip(left).collect();
        if dropped.is_empty() {
            return;
        }
        let spans: Vec<_> = dropped.iter().map(|at| self.log.shifts[*at].span).collect();
        let inside = |at| spans.iter().any(|span: &prairie_model::TimeSpan| span.start <= at && at <= span.end);
        self.log.events.retain(|event| !inside(event.at));
        self.log.readings.retain(|reading| !inside(reading.at));
        let mut place = vec![0; self.log.shifts.len()];
        let mut next = 0;
        for (at, place) in place.iter_mut().enumerate() {
            *place = next;
            next += usize::from(!dropped.contains(&at));
        }
        let keep: Vec<bool> = self.facts.iter().map(|fact| !dropped.contains(&fact.shift)).collect();
        let mut kept = keep.iter();
        self.log.units.retain(|_| kept.next() == Some(&true));
        let mut kept = keep.iter();
        self.facts.retain(|_| kept.next() == Some(&true));
        self.facts.iter_mut().for_each(|fact| fact.shift = place[fact.shift]);
        let mut places = 0..;
        self.log.shifts.retain(|_| places.next().is_none_or(|at| !dropped.contains(&at)));
        let mut places = 0..;
        self.crowded.retain(|_| places.next().is_none_or(|at| !dropped.contains(&at)));
    }

    /// Takes what is missing out of the log.
    pub(super) fn finish(mut self) -> StationLog {
        let mut facts = self.facts.iter();
        self.log.units.retain(|_| facts.next().is_some_and(|fact| !fact.removed));
        self.log
    }
}

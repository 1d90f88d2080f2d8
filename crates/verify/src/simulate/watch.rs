//! What auditors and independent instruments see of a simulated station: draws, cuts, challenges, audits, heartbeat, people.
//!
//! They see what is true. Only the log says otherwise.

use std::collections::BTreeMap;

use prairie_model::{
    AuditDraw, Condition, Crew, DrawKind, Mode, Nanos, Outcome, Presence, RecorderSpan, StationEvent, StationEventKind,
    TimeSpan, UnitAudit,
};
use serde::{Deserialize, Serialize};

use super::cheat::{Fact, Scene};
use super::{Truth, nanos};
use crate::math::random::Random;

/// What auditors do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Audits {
    /// Share of shifts that are drawn by lot and audited.
    pub drawn_share: f64,
    /// Cuts of the uplink per shift.
    pub cuts_per_shift: u32,
    /// Seconds of a cut.
    pub cut_s: f64,
    /// Challenges per shift.
    pub challenges_per_shift: u32,
    /// Share of units whose actions, movements and conditions are looked at again.
    pub audit_share: f64,
    /// Share of units that are drawn by lot and inspected.
    pub inspect_share: f64,
    /// People near the station, on average.
    pub people: f64,
    /// Whether a robot is swapped and the software rolled back once, in the break of a shift in the middle of the run.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub drills: bool,
}

impl Default for Audits {
    fn default() -> Self {
        Self {
            drawn_share: 0.5,
            cuts_per_shift: 1,
            cut_s: 600.0,
            challenges_per_shift: 3,
            audit_share: 0.05,
            inspect_share: 0.1,
            people: 0.25,
            drills: false,
        }
    }
}

/// Control steps of a unit that are computed again.
const STEPS: u64 = 3_000;

/// Chance that a step of honest work does not match for numerical reasons.
const STEP_NOISE: f64 = 1e-6;

/// Chance that an honest unit under challenge is spoilt by it, and that a replay is.
const CHALLENGE_SPOILS: f64 = 0.03;
const CHALLENGE_SPOILS_REPLAY: f64 = 0.9;

/// Seconds of a drill.
const DRILL_S: f64 = 600.0;

/// Seconds of the recorder's one pause in an honest shift.
const PAUSE_S: f64 = 5.0;

impl Audits {
    fn draws(&self, truth: &Truth, committed: Nanos) -> Vec<AuditDraw> {
        let draw = |kind, share: f64| {
            let seed = format!("simulated {}", truth.seed);
            let commitment = AuditDraw::commitment_of(kind, share, &seed).to_string();
            (share > 0.0).then_some(AuditDraw { kind, share, commitment, committed, seed: Some(seed) })
        };
        [draw(DrawKind::Shifts, self.drawn_share), draw(DrawKind::Units, self.inspect_share)]
            .into_iter()
            .flatten()
            .collect()
    }
}

impl Scene {
    /// Adds everything that others see.
    pub(super) fn watch(&mut self, truth: &Truth) {
        let audits = &truth.audits;
        let robots = self.log.shifts.iter().filter(|shift| shift.crew == Crew::Robot);
        let first = robots.map(|shift| shift.span.start).min().unwrap_or(Nanos(0));
        self.log.draws = audits.draws(truth, Nanos(first.0.saturating_sub(nanos(86_400.0))));
        let mut places: Vec<Vec<usize>> = vec![Vec::new(); self.log.shifts.len()];
        for (at, fact) in self.facts.iter().enumerate() {
            places[fact.shift].push(at);
        }
        if audits.drills {
            self.drills(truth);
        }
        for (shift, units) in places.iter().enumerate() {
            if self.log.shifts[shift].crew == Crew::Robot {
                // Shifts have draws of their own here too.
                let mut random = Random::part(truth.seed, (1 << 41) + shift as u64);
                self.watch_shift(truth, shift, units, &mut random);
            }
        }
    }

    fn watch_shift(&mut self, truth: &Truth, shift: usize, units: &[usize], random: &mut Random) {
        let audits = &truth.audits;
        let draws = self.log.draws.clone();
        let takes = |kind, name: &str| {
            let mut of_kind = draws.iter().filter(|draw| draw.kind == kind);
            of_kind.any(|draw| draw.takes(&truth.station, name) == Some(true))
        };
        let name = self.log.shifts[shift].shift.clone();
        let span = self.log.shifts[shift].span;
        self.log.shifts[shift].drawn = takes(DrawKind::Shifts, &name);
        for _ in 0..audits.cuts_per_shift {
            self.cut(truth, span, units, random);
        }
        for _ in 0..audits.challenges_per_shift {
            self.challenge(truth, span, units, random);
        }
        self.coverage(truth, span, units, random);
        let people = audits.people * random.log_normal(0.0, 0.1) + if self.crowded[shift] { 1.0 } else { 0.0 };
        self.log.presence.push(Presence { station: truth.station.clone(), span, people });
        for &at in units {
            let drawn = takes(DrawKind::Units, &self.log.units[at].unit);
            let audited = random.happens(audits.audit_share);
            let audit = audit(&self.log.units[at], &self.facts[at], (drawn, audited), random);
            // Nobody can audit a unit whose record is not there.
            if (drawn || audited) && !self.facts[at].removed {
                self.log.audits.push(audit);
            }
        }
    }

    /// A time of the shift at which an event of some length may begin.
    fn time(span: TimeSpan, seconds: f64, random: &mut Random) -> i64 {
        let room = (span.seconds() - seconds).max(1.0);
        span.start.0 + nanos(room * random.uniform())
    }

    /// The drills, of ten minutes each, one after the other.
    fn drills(&mut self, truth: &Truth) {
        let robots = self.log.shifts.iter().filter(|shift| shift.crew == Crew::Robot);
        let spans: Vec<TimeSpan> = robots.map(|shift| shift.span).collect();
        let Some(span) = spans.get(spans.len() / 2) else { return };
        let start = span.start.0 + (span.end.0 - span.start.0) / 2;
        for (kind, at) in [(StationEventKind::RobotSwap, 0.0), (StationEventKind::Rollback, DRILL_S)] {
            self.event(truth, kind, start + nanos(at), Some(start + nanos(at + DRILL_S)), None);
        }
    }

    /// While the uplink is cut nobody steers: what would have been bad is bad.
    fn cut(&mut self, truth: &Truth, span: TimeSpan, units: &[usize], random: &mut Random) {
        let from = Self::time(span, truth.audits.cut_s, random);
        let to = from + nanos(truth.audits.cut_s);
        for &at in units {
            let during = self.log.units[at].end.is_some_and(|end| end.0 > from && end.0 <= to);
            if during && self.facts[at].steered {
                self.facts[at].steered = false;
                self.log.units[at].outcome = Outcome::Failure;
            }
        }
        self.event(truth, StationEventKind::UplinkCut, from, Some(to), None);
    }

    fn challenge(&mut self, truth: &Truth, span: TimeSpan, units: &[usize], random: &mut Random) {
        let at = Self::time(span, 600.0, random);
        let met = units.iter().copied().find(|place| {
            let unit = &self.log.units[*place];
            unit.end.is_some_and(|end| end.0 >= at) && !self.facts[*place].removed
        });
        let Some(place) = met else { return };
        let spoils = if self.facts[place].replayed { CHALLENGE_SPOILS_REPLAY } else { CHALLENGE_SPOILS };
        if random.happens(spoils) && !self.facts[place].steered {
            self.facts[place].good = false;
            self.log.units[place].outcome = Outcome::Failure;
        }
        let unit = self.log.units[place].unit.clone();
        self.event(truth, StationEventKind::Perturbation, at, None, Some(unit));
    }

    fn event(&mut self, truth: &Truth, kind: StationEventKind, at: i64, until: Option<i64>, unit: Option<String>) {
        self.log.events.push(StationEvent {
            station: truth.station.clone(),
            robot: None,
            kind,
            at: Nanos(at),
            until: until.map(Nanos),
            unit,
            detail: None,
        });
    }

    /// Spans between one short pause and the times at which the recorder was off on purpose.
    fn coverage(&mut self, truth: &Truth, span: TimeSpan, units: &[usize], random: &mut Random) {
        let pause = Self::time(span, PAUSE_S, random);
        let mut off = vec![(pause, pause + nanos(PAUSE_S))];
        let unrecorded = units.iter().filter(|at| self.facts[**at].unrecorded);
        off.extend(unrecorded.filter_map(|at| Some((self.log.units[*at].start?.0, self.log.units[*at].end?.0))));
        off.sort_unstable();
        let mut from = span.start.0;
        let mut spans = Vec::new();
        for (begins, ends) in off {
            if begins > from {
                spans.push((from, begins));
            }
            from = from.max(ends);
        }
        if span.end.0 > from {
            spans.push((from, span.end.0));
        }
        self.log.coverage.extend(spans.into_iter().map(|(from, to)| RecorderSpan {
            station: truth.station.clone(),
            span: TimeSpan::new(Nanos(from), Nanos(to)),
        }));
    }
}

/// What is found when a unit is looked at again: inspected where it was drawn, computed again where it was chosen.
fn audit(
    unit: &prairie_model::UnitOfWork,
    fact: &Fact,
    (drawn, audited): (bool, bool),
    random: &mut Random,
) -> UnitAudit {
    // Work that a person saved is good work in the end; only its mode is untrue.
    let good = fact.good || fact.steered || fact.retries > 0;
    let mut audit = UnitAudit { station: unit.station.clone(), unit: unit.unit.clone(), ..UnitAudit::default() };
    if drawn {
        audit.found = if good { Outcome::Success } else { Outcome::Failure };
    }
    let noise = random.binomial(STEPS, STEP_NOISE);
    let (repeat, train) = (random.log_normal(1.5, 0.45), random.log_normal(0.0, 0.4));
    let object = [random.uniform() * 0.2 - 0.1, random.uniform() * 0.2 - 0.1];
    let played = [random.normal() * 0.01, random.normal() * 0.01];
    if audited {
        let foreign = fact.steered || fact.other_release || fact.replayed;
        audit.steps = Some(STEPS);
        audit.matched = Some(if foreign && unit.mode == Mode::Autonomous { STEPS * 4 / 10 } else { STEPS - noise });
        audit.repeat_ratio = Some(if fact.replayed { 0.3 } else { repeat });
        audit.train_ratio = Some(if fact.trained { 0.05 } else { train });
        audit.object = object.to_vec();
        audit.motion = (0..2).map(|at| if fact.replayed { played[at] } else { object[at] + played[at] }).collect();
        audit.conditions = match &fact.stratum {
            Some(stratum) => BTreeMap::from([("object_family".to_owned(), Condition::Text(stratum.clone()))]),
            None => unit.conditions.clone(),
        };
    }
    audit
}

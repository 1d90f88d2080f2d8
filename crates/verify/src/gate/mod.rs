//! Gates: what is asked of a robot before it goes one stage further, one file each.
//!
//! ```text
//!   lab ─▶ pilot ─▶ verified ─▶ batch ─▶ sector
//! ```
//!
//! A gate is an intersection: every endpoint must reject its own null hypothesis, so that the risk of a false promotion is at
//! most the largest alpha among them. The numbers are defaults, which a task book may change before it is frozen.

mod batch;
mod lab;
mod pilot;
mod sector;
mod verified;

use serde::{Deserialize, Serialize};

use crate::bound::Confidence;
use crate::protocol::{
    Completion, Endpoints, Exposure, Family, Hours, Judged, Rhythm, Share, ShareAtMost, Success, Trials, TrialsMethod,
};

/// A gate, named by the stage it leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// Randomised trials in a laboratory.
    Lab,
    /// From the laboratory to a pilot.
    Pilot,
    /// From a pilot to verified work.
    Verified,
    /// From verified work to a batch of robots.
    Batch,
    /// From a batch to a whole sector.
    Sector,
}

/// What a gate asks for where the task book does not say.
pub trait GateRules: Sync {
    /// Which gate.
    fn gate(&self) -> Gate;

    /// Its endpoints with their numbers, for one family of work.
    fn defaults(&self, family: Family) -> Endpoints;

    /// Its source text, of which the head is its page.
    fn source(&self) -> &'static str;
}

/// All gates, by name.
pub const GATES: &[&dyn GateRules] = &[&batch::Batch, &lab::Lab, &pilot::Pilot, &sector::Sector, &verified::Verified];

impl Gate {
    /// All gates, in the order of the road.
    pub const ALL: &[Self] = &[Self::Lab, Self::Pilot, Self::Verified, Self::Batch, Self::Sector];

    /// The name in task books and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lab => "lab",
            Self::Pilot => "pilot",
            Self::Verified => "verified",
            Self::Batch => "batch",
            Self::Sector => "sector",
        }
    }

    /// The gate of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|gate| gate.name() == name)
    }

    /// The gate before this one on the road.
    pub fn before(self) -> Option<Self> {
        let at = Self::ALL.iter().position(|gate| *gate == self)?;
        Self::ALL.get(at.checked_sub(1)?).copied()
    }

    /// What this gate asks for where the task book does not say.
    pub fn defaults(self, family: Family) -> Endpoints {
        let rules = GATES.iter().find(|rules| rules.gate() == self);
        rules.map_or_else(Endpoints::default, |rules| rules.defaults(family))
    }

    /// The endpoints of a task book, with this gate's defaults where it does not name one.
    pub fn complete(self, family: Family, asked: Endpoints) -> Endpoints {
        asked.or(self.defaults(family))
    }
}

fn level(level: f64) -> Confidence {
    // OK: gates name levels between 0 and 1.
    Confidence::new(level).unwrap_or_default()
}

fn exposure(shifts_min: u32, days_min: u32, robots_min: u32, units_min: u64) -> Option<Exposure> {
    Some(Exposure { shifts_min, days_min, robots_min, units_min, ..Exposure::default() })
}

fn success(at_least: f64, stratum_at_least: f64, looks: &[u32]) -> Option<Success> {
    Some(Success {
        at_least,
        confidence: Confidence::USUAL,
        stratum_at_least: Some(stratum_at_least),
        stratum_confidence: level(0.80),
        last_third: true,
        looks: looks.to_vec(),
    })
}

fn rhythm(margin: f64, shifts_min: u32) -> Option<Rhythm> {
    Some(Rhythm { margin, confidence: Confidence::USUAL, shifts_min })
}

fn hours(at_least_h: f64, confidence: f64) -> Option<Hours> {
    Some(Hours { at_least_h, confidence: level(confidence) })
}

fn share(at_least: f64) -> Option<Share> {
    Some(Share { at_least, confidence: level(0.90) })
}

fn at_most(at_most: f64) -> Option<ShareAtMost> {
    Some(ShareAtMost { at_most, confidence: Confidence::USUAL })
}

fn judged(at_most: f64, margin: Option<f64>) -> Option<Judged> {
    Some(Judged { at_most, margin, confidence: Confidence::USUAL, pieces_min: 29 })
}

fn trials(at_least: f64, trials_min: u64, looks: &[u32]) -> Option<Trials> {
    let (confidence, method) = (Confidence::USUAL, TrialsMethod::Exact);
    Some(Trials { at_least, confidence, method, trials_min, looks: looks.to_vec() })
}

/// Drills of a mission: how many are completed, how quickly, and how safely.
fn mission(at_least: f64, drills_min: u64, looks: &[u32], safety_h: f64, within_s: f64) -> Endpoints {
    let first = looks.first().copied().unwrap_or(1);
    Endpoints {
        exposure: exposure(first, first.div_ceil(2), 1, drills_min),
        drills: trials(at_least, drills_min, looks),
        completion: Some(Completion { quantile: 0.80, within_s, confidence: Confidence::USUAL }),
        safety: hours(safety_h, 0.90),
        ..Endpoints::default()
    }
}

/// Seconds within which a drill is to be completed where the task book does not say: half an hour.
const DRILL_S: f64 = 1800.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gates_are_on_the_road_once() {
        let mut named: Vec<_> = GATES.iter().map(|rules| rules.gate()).collect();
        named.sort();
        assert_eq!(named, Gate::ALL);
        assert_eq!((Gate::Batch.before(), Gate::Lab.before()), (Some(Gate::Verified), None));
    }

    #[test]
    fn every_family_declares_looks_at_every_gate() {
        for gate in Gate::ALL {
            for family in [Family::Counted, Family::Inspection, Family::Care, Family::Mission] {
                assert!(gate.defaults(family).looks().is_some_and(|looks| !looks.is_empty()), "{gate:?} {family:?}");
            }
        }
    }

    #[test]
    fn takt_and_interventions_are_asked_of_counted_work_only() {
        for gate in Gate::ALL {
            for family in [Family::Inspection, Family::Care, Family::Mission] {
                let defaults = gate.defaults(family);
                assert!(defaults.rhythm.is_none() && defaults.interventions.is_none(), "{gate:?} {family:?}");
            }
        }
    }
}

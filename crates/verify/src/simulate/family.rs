//! What inspection, care and missions have beside units: calls, help, safety stops, shifts that are drawn by lot.

use prairie_model::{Condition, Crew, Mode, Outcome, UnitOfWork};
use serde::{Deserialize, Serialize};

use crate::math::random::Random;

/// The truth of a family of work. Left out, nothing of it happens, and no random number is drawn for it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FamilyTruth {
    /// Pieces that are judged.
    pub inspection: Option<TrueInspection>,
    /// Share of robots' units that a person helps with.
    pub helped: f64,
    /// Hours between safety stops, of robots.
    pub safety_h: Option<f64>,
    /// Seconds of a safety stop.
    pub safety_s: f64,
    /// Whether an auditor drew every shift of the robots by lot.
    pub drawn: bool,
    /// Units after which a shift ends, of either crew: drills and trials are few.
    pub units_max: Option<u32>,
    /// Seconds between the end of one unit and the start of the next: resets of trials and drills.
    pub reset_s: f64,
}

/// How pieces are judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrueInspection {
    /// Share of pieces that are defective.
    pub defective: f64,
    /// Share of defective pieces that robots pass.
    pub missed: f64,
    /// Share of sound pieces that robots call defective.
    pub false_alarms: f64,
    /// Share of defective pieces that people pass.
    pub people_missed: f64,
    /// Share of sound pieces that people call defective.
    pub people_false_alarms: f64,
}

impl FamilyTruth {
    /// Every share with its name.
    pub(super) fn shares(&self) -> Vec<(&'static str, f64)> {
        let mut shares = vec![("family.helped", self.helped)];
        if let Some(it) = &self.inspection {
            shares.extend([
                ("family.inspection.defective", it.defective),
                ("family.inspection.missed", it.missed),
                ("family.inspection.false_alarms", it.false_alarms),
                ("family.inspection.people_missed", it.people_missed),
                ("family.inspection.people_false_alarms", it.people_false_alarms),
            ]);
        }
        shares
    }

    /// Changes a unit to what its family does with it.
    pub(super) fn dress(&self, unit: &mut UnitOfWork, crew: Crew, random: &mut Random) {
        if let Some(it) = &self.inspection {
            let defective = random.happens(it.defective);
            let wrong = match (crew, defective) {
                (Crew::Robot, true) => it.missed,
                (Crew::Robot, false) => it.false_alarms,
                (Crew::Human, true) => it.people_missed,
                (Crew::Human, false) => it.people_false_alarms,
            };
            let right = !random.happens(wrong);
            let word = |defective: bool| Condition::Text(if defective { "defective" } else { "sound" }.to_owned());
            unit.conditions.insert("truth".to_owned(), word(defective));
            unit.conditions.insert("call".to_owned(), word(defective == right));
            unit.outcome = if right { Outcome::Success } else { Outcome::Failure };
        }
        if crew == Crew::Robot && self.helped > 0.0 && random.happens(self.helped) {
            unit.mode = Mode::Assisted;
        }
    }
}

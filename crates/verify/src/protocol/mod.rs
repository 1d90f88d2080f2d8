//! The protocol: a task book that says beforehand what will be counted, how, and what is enough.
//!
//! ```text
//!   TOML ─ from_toml ─▶ Protocol ─ validate ─▶ Frozen {protocol, hash}     nothing of it changes afterwards
//! ```
//!
//! A task book names a gate; the gate's defaults ([`crate::gate`]) fill in what the task book leaves out, so that a frozen
//! protocol holds every number that decides.

mod controls;
mod stratum;
mod validate;

use prairie_model::{Crew, Hash256, Nanos};
use serde::{Deserialize, Serialize};

use crate::bound::Confidence;
use crate::gate::Gate;

pub use controls::{
    Calendar, Conditions, Controls, Counter, Coverage, DrawnShifts, HumanBaseline, Labels, Overlap, Perturbation,
    Reexecution, Regularity, Releases, Replay, Staffing, UplinkCut,
};
pub use stratum::{Range, Rule, Stratum};
pub use validate::{ProtocolError, SHIFTS_LEAST};

/// Version of the form. A reader refuses others.
pub const PROTOCOL_SCHEMA: &str = "prairie/protocol/1";

/// A task book's test plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Protocol {
    /// Version of the form: [`PROTOCOL_SCHEMA`].
    pub schema: String,
    /// The kind of useful work.
    pub scenario: String,
    /// The family of work, which decides what endpoints mean.
    #[serde(default)]
    pub family: Family,
    /// The stage that is asked for.
    pub gate: Gate,
    /// Which units the verdict is about.
    pub scope: Scope,
    /// The five axes of the task book, in words with numbers; kept for people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<Target>,
    /// What counts as success.
    pub success: SuccessRule,
    /// Kinds of conditions with the share each has in daily work. Empty: all units alike.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub strata: Vec<Stratum>,
    /// Where the shares come from; not from the vendor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights_source: Option<String>,
    /// What is tested, and how much is enough. Left out: the gate's defaults.
    #[serde(default)]
    pub endpoints: Endpoints,
    /// Controls against a staged show. Left out: the gate's.
    #[serde(default)]
    pub controls: Controls,
    /// The people's work that robots are compared with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Baseline>,
    /// Units that are left out, by a rule that was written down before. Everything else counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclusions: Vec<Exclusion>,
}

/// What kind of work it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// Pieces are made or moved, and counted.
    #[default]
    Counted,
    /// Something is looked at, and judged.
    Inspection,
    /// People are helped; assistance is allowed and measured.
    Care,
    /// Rescue and emergency: drills by lot, time to complete.
    Mission,
}

/// Which units the verdict is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// Stations.
    pub stations: Vec<String>,
    /// Robots; empty: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub robots: Vec<String>,
    /// Hash of what runs on them. Work of any other release is not counted, and is reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// What fails and succeeds together.
    #[serde(default)]
    pub cluster: Cluster,
    /// Why robots of one shift are independent of each other; needed where the cluster is robot and shift.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster_reason: Option<String>,
}

/// What fails and succeeds together (amendment A2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cluster {
    /// A calendar shift at a station: robots there share light, operators and parts.
    #[default]
    Shift,
    /// One robot in one shift.
    RobotShift,
}

/// One axis of the task book, for people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// `perception`, `execution`, `interaction`, `adaptability` or `reliability`.
    pub axis: String,
    /// What is asked, with its number.
    pub text: String,
}

/// What counts as success.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuccessRule {
    /// In words: what a good unit is, and who says so.
    pub definition: String,
    /// Whether only work without any human help counts.
    #[serde(default = "yes")]
    pub autonomous: bool,
    /// Whether only work that was good at once counts.
    #[serde(default = "yes")]
    pub first_pass: bool,
}

fn yes() -> bool {
    true
}

/// People's work for comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// Stations where it was recorded; the same as the robots' unless there is a reason.
    pub stations: Vec<String>,
    /// People that must be in it at least.
    #[serde(default = "five")]
    pub workers_min: u32,
    /// Shifts that must be in it at least.
    #[serde(default = "ten")]
    pub shifts_min: u32,
    /// Seconds per good unit by the station's own record of the last 90 days; the baseline may not be slower.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record_takt_s: Option<f64>,
}

fn five() -> u32 {
    5
}

fn ten() -> u32 {
    10
}

/// A rule by which units are left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exclusion {
    /// Its name in counts.
    pub name: String,
    /// Why such units say nothing about the robot.
    pub reason: String,
    /// Which units.
    #[serde(rename = "where")]
    pub rule: Rule,
}

/// What is tested. An endpoint that is `None` is not asked for; the gate's defaults say which are.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoints {
    /// How much there must be to look at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exposure: Option<Exposure>,
    /// Good units among all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub success: Option<Success>,
    /// Seconds from good unit to good unit, against people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rhythm: Option<Rhythm>,
    /// Hours between interventions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interventions: Option<Hours>,
    /// Hours between failures of the hardware.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hardware: Option<Hours>,
    /// Share of scheduled time in which the station could work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub availability: Option<Share>,
}

/// How much there must be to look at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exposure {
    /// Shifts in which robots were to work.
    pub shifts_min: u32,
    /// Calendar days on which they did.
    pub days_min: u32,
    /// Robots that did.
    pub robots_min: u32,
    /// Units.
    pub units_min: u64,
}

/// Good units among all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Success {
    /// The bound must be at least this.
    pub at_least: f64,
    /// Confidence of the bound, over all looks together.
    #[serde(default)]
    pub confidence: Confidence,
    /// Every stratum's own bound must be at least this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stratum_at_least: Option<f64>,
    /// Confidence of the bound of a stratum.
    #[serde(default = "eighty")]
    pub stratum_confidence: Confidence,
    /// Numbers of shifts after which the data may be looked at. The last is the end.
    pub looks: Vec<u32>,
}

/// Seconds from good unit to good unit, against people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rhythm {
    /// Robots may be slower by this share: 0.15 is fifteen percent.
    pub margin: f64,
    /// Confidence of the bound on the ratio.
    #[serde(default)]
    pub confidence: Confidence,
    /// Shifts on either side.
    #[serde(default = "ten")]
    pub shifts_min: u32,
}

/// Hours between events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// The bound must be at least this.
    pub at_least_h: f64,
    /// Confidence of the bound.
    pub confidence: Confidence,
}

/// A share of time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// The bound must be at least this.
    pub at_least: f64,
    /// Confidence of the bound.
    pub confidence: Confidence,
}

fn eighty() -> Confidence {
    // OK: 0.80 lies between 0 and 1.
    Confidence::new(0.80).unwrap_or_default()
}

/// A protocol that nothing changes any more.
#[derive(Debug, Clone, PartialEq)]
pub struct Frozen {
    /// The protocol, with every default filled in.
    pub protocol: Protocol,
    /// When it was frozen. Data from before does not count.
    pub frozen: Nanos,
    /// How many protocols for this scenario and gate were frozen before, plus one.
    pub attempt: u32,
    /// Its hash, with time and attempt.
    pub hash: Hash256,
}

impl Protocol {
    /// Reads a task book.
    ///
    /// # Errors
    ///
    /// Where it is no TOML of this form.
    pub fn from_toml(text: &str) -> Result<Self, ProtocolError> {
        let protocol: Self = toml::from_str(text).map_err(|error| ProtocolError::Form(error.to_string()))?;
        if protocol.schema == PROTOCOL_SCHEMA {
            Ok(protocol)
        } else {
            Err(ProtocolError::OtherSchema { found: protocol.schema })
        }
    }

    /// Fills in what the task book leaves to the gate, and checks that a verdict by it is possible and means something.
    ///
    /// # Errors
    ///
    /// The first thing that makes it impossible or meaningless, with its numbers.
    pub fn complete(mut self) -> Result<Self, ProtocolError> {
        self.endpoints = self.gate.complete(self.endpoints);
        let at_least = self.endpoints.success.as_ref().map(|success| success.at_least);
        self.controls = self.controls.complete(self.gate, at_least, !self.strata.is_empty());
        validate::validate(&self)?;
        Ok(self)
    }

    /// The stations where this crew works.
    pub fn stations(&self, crew: Crew) -> &[String] {
        match crew {
            Crew::Robot => &self.scope.stations,
            Crew::Human => self.baseline.as_ref().map_or(&[], |baseline| &baseline.stations),
        }
    }

    /// The stratum of a unit with these conditions: its place in `strata`, `None` where none takes it.
    pub fn stratum_of(
        &self,
        conditions: &std::collections::BTreeMap<String, prairie_model::Condition>,
    ) -> Option<usize> {
        self.strata.iter().position(|stratum| stratum.rule.takes(conditions))
    }
}

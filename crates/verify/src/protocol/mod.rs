//! The protocol: a task book that says beforehand what will be counted, how, and what is enough.
//!
//! ```text
//!   TOML ─ from_toml ─▶ Protocol ─ validate ─▶ Frozen {protocol, hash}     nothing of it changes afterwards
//! ```
//!
//! A task book names a gate; the gate's defaults ([`crate::gate`]) fill in what the task book leaves out, so that a frozen
//! protocol holds every number that decides.

mod asked;
mod controls;
mod families;
mod prices;
mod stratum;
mod validate;

use prairie_model::{Crew, Hash256, Nanos};
use serde::{Deserialize, Serialize};

use crate::gate::Gate;

pub use asked::{
    Adherence, Completion, Economics, Effectiveness, Efficiency, Endpoints, Exposure, Hours, Judged, Previous, Quality,
    Rhythm, Share, ShareAtMost, Sites, Steadiness, Success, TaktTail, Transfer, Trials, TrialsMethod,
};
pub use controls::{
    Calendar, Conditions, Controls, Counter, Coverage, DrawnShifts, HumanBaseline, Labels, Overlap, Perturbation,
    Reexecution, Regularity, Releases, Replay, Staffing, UplinkCut,
};
pub use families::{Family, Inspection, Lot, Setting, Site, Without};
pub use prices::Prices;
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
    /// What the user needs, on five axes, in words with numbers.
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
    /// Whether this task book only bridges a change: it asks for `endpoints.previous`, and nothing of the gate.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bridges: bool,
    /// Endpoints of the gate that mean nothing for this work.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<Without>,
    /// Prices, for the cost of a good unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prices: Option<Prices>,
    /// For inspection: which conditions say what was there, and what was called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inspection: Option<Inspection>,
    /// For laboratory trials and drills: how they are drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lot: Option<Lot>,
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
    /// Where the units come from.
    #[serde(default)]
    pub setting: Setting,
    /// Sites; left out, every station is one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sites: Vec<Site>,
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

/// One target of the task book.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Which of the five axes.
    pub axis: Axis,
    /// What is asked, with its number.
    pub text: String,
    /// The endpoint that shows it; left out, the target is for people, and the report says that nothing shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown_by: Option<String>,
}

/// The five axes on which a user quantifies what it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Axis {
    /// Perception and decision.
    Perception,
    /// Execution.
    Execution,
    /// Interaction with people.
    Interaction,
    /// Adaptability to the environment.
    Adaptability,
    /// Reliability.
    Reliability,
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

/// The book with the gate's defaults for what it leaves out of the endpoints that it names; `None` where nothing can be filled
/// in.
fn filled(text: &str) -> Option<Result<Protocol, toml::de::Error>> {
    let mut book: toml::Table = toml::from_str(text).ok()?;
    let gate = Gate::from_name(book.get("gate")?.as_str()?)?;
    let family = book.get("family").cloned().map_or(Ok(Family::default()), toml::Value::try_into).ok()?;
    let toml::Value::Table(defaults) = toml::Value::try_from(gate.defaults(family)).ok()? else { return None };
    let mut changed = false;
    for (name, endpoint) in book.get_mut("endpoints")?.as_table_mut()?.iter_mut() {
        let of_gate = defaults.get(name).and_then(toml::Value::as_table);
        for (key, value) in of_gate.into_iter().flatten() {
            if let Some(endpoint) = endpoint.as_table_mut().filter(|endpoint| !endpoint.contains_key(key)) {
                endpoint.insert(key.clone(), value.clone());
                changed = true;
            }
        }
    }
    changed.then(|| book.try_into())
}

impl Protocol {
    /// Reads a task book.
    ///
    /// # Errors
    ///
    /// Where it is no TOML of this form.
    pub fn from_toml(text: &str) -> Result<Self, ProtocolError> {
        let form = |error: toml::de::Error| ProtocolError::Form(error.to_string());
        let protocol: Self = match toml::from_str(text) {
            Ok(protocol) => protocol,
            // Where an endpoint is asked for and one of its numbers is not, the gate has it.
            Err(error) => filled(text).unwrap_or(Err(error)).map_err(form)?,
        };
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
        if !self.bridges {
            self.endpoints = self.gate.complete(self.family, self.endpoints);
        }
        for without in &self.without {
            if !self.endpoints.leave_out(&without.endpoint) {
                return Err(ProtocolError::NoEndpoint { found: without.endpoint.clone() });
            }
        }
        if self.gate == Gate::Lab {
            self.scope.setting = Setting::Laboratory;
        }
        let at_least = self.endpoints.success.as_ref().map(|success| success.at_least);
        let (strata, lot) = (!self.strata.is_empty(), self.lot.is_some());
        self.controls = self.controls.complete(self.gate, at_least, strata, self.bridges, lot);
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

    /// The sites with their stations: those declared, else every station.
    pub fn sites(&self) -> Vec<Site> {
        if !self.scope.sites.is_empty() {
            return self.scope.sites.clone();
        }
        let mut stations = self.scope.stations.clone();
        stations.sort();
        stations
            .into_iter()
            .map(|station| Site { name: station.clone(), stations: vec![station], changed: Vec::new() })
            .collect()
    }

    /// The release that this one is compared with.
    pub fn previous_release(&self) -> Option<&str> {
        self.endpoints.previous.as_ref().map(|asked| asked.release.as_str())
    }

    /// The stratum of a unit with these conditions: its place in `strata`, `None` where none takes it.
    pub fn stratum_of(
        &self,
        conditions: &std::collections::BTreeMap<String, prairie_model::Condition>,
    ) -> Option<usize> {
        self.strata.iter().position(|stratum| stratum.rule.takes(conditions))
    }
}

//! The entries, one type per kind.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{EntryError, RobotIdentity, filled, is_pseudonym};
use crate::Hash256;

/// An organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Party {
    /// Its short name.
    pub party: String,
    /// Its full name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What it mainly is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Where it sits: a country, and a province where quotas are counted by province.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Public keys by which its signatures are known, as `receipt key` prints them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<String>,
}

/// What a party is, or does in a consortium.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Uses the scenario: quantifies the targets and sets the thresholds.
    User,
    /// Makes robots.
    Maker,
    /// Provides robots as a service.
    Provider,
    /// Supplies parts or software.
    Supplier,
    /// A research institute.
    Institute,
    /// Runs a training ground.
    Operator,
    /// Coordinates several consortia.
    Coordinator,
    /// A third party that verifies on commission.
    Verifier,
}

/// Parties bound to one scenario by a task book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consortium {
    /// Its name.
    pub consortium: String,
    /// The scenario: there is one consortium per scenario.
    pub scenario: String,
    /// The party that leads: the user of the scenario.
    pub lead: String,
    /// All of them, the lead too.
    pub members: Vec<Member>,
    /// The task book: where the work begins and ends.
    pub boundary: String,
    /// The task book: who owns what was there before and what arises.
    pub ip: String,
    /// The task book: how the benefit is split.
    pub benefit: String,
    /// When it was signed, as a date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<String>,
}

/// A party of a consortium.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// The party.
    pub party: String,
    /// What it is in this consortium.
    pub role: Role,
    /// What it has to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duty: Option<String>,
}

impl Consortium {
    pub(super) fn check(&self) -> Result<(), EntryError> {
        if !self.members.iter().any(|member| member.party == self.lead) {
            return Err(EntryError::LeadOutside(self.lead.clone()));
        }
        for (at, member) in self.members.iter().enumerate() {
            if self.members.iter().take(at).any(|before| before.party == member.party) {
                return Err(EntryError::MemberTwice(member.party.clone()));
            }
        }
        filled("boundary", &self.boundary)?;
        filled("ip", &self.ip)?;
        filled("benefit", &self.benefit)
    }
}

/// A kind of useful work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Its name.
    pub scenario: String,
    /// In words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What one unit of work is.
    pub unit: String,
    /// The field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<Field>,
    /// The class of training space.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<TrainingClass>,
    /// The party that uses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

/// The fields of the notice of June 2026.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// Industry.
    Industrial,
    /// Services.
    Service,
    /// Special work: dangerous, or for emergencies.
    Special,
}

/// The classes of training spaces in the notice of June 2026.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrainingClass {
    /// 生产制造.
    Manufacturing,
    /// 检测分析: inspection and analysis.
    Inspection,
    /// 维修维护: repair and maintenance.
    Maintenance,
    /// 仓储物流: warehousing and logistics.
    Logistics,
    /// 餐饮零售: catering and retail.
    Catering,
    /// 医疗康养: medical and elderly care.
    Care,
    /// 安全生产: work safety.
    Safety,
    /// 应急救援: emergency rescue.
    Rescue,
    /// 防灾减灾: disaster prevention.
    Disaster,
}

/// The real place where work happens: a workstation, a service point, an emergency post.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Station {
    /// Its name, as logs and recordings write it.
    pub station: String,
    /// In words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The scenarios that happen there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scenarios: Vec<String>,
    /// The site: a works, a hospital.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// The province.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub province: Option<String>,
    /// The party that runs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    /// Why it was chosen.
    pub criteria: Criteria,
    /// The conditions there, by name with the unit last: `lighting_lux = "300..750"`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub conditions: BTreeMap<String, String>,
    /// The counter that no party to the verdict can reach.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counter: Option<Counter>,
    /// What was changed for the robots.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub adaptations: Vec<String>,
}

/// The four criteria by which a scenario unit is chosen. One that is left out is unknown.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Criteria {
    /// Clear need.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub need: Option<Criterion>,
    /// Clear conditions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Criterion>,
    /// High standardisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standardisation: Option<Criterion>,
    /// Economic feasibility.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub economy: Option<Criterion>,
}

/// One criterion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Criterion {
    /// Whether it is met.
    pub met: bool,
    /// What shows it: a document, a count, a drawing.
    pub evidence: String,
}

impl Criteria {
    /// Each with its name.
    pub fn all(&self) -> [(&'static str, Option<&Criterion>); 4] {
        [
            ("need", self.need.as_ref()),
            ("conditions", self.conditions.as_ref()),
            ("standardisation", self.standardisation.as_ref()),
            ("economy", self.economy.as_ref()),
        ]
    }
}

/// A counter of units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counter {
    /// What it is: a light barrier, the stock system, a scale.
    pub kind: String,
    /// The party that holds it.
    pub held_by: String,
    /// Whether nobody who gains by the verdict can change what it says.
    pub independent: bool,
    /// What shows that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
}

impl Station {
    pub(super) fn check(&self) -> Result<(), EntryError> {
        for (name, criterion) in self.criteria.all() {
            if criterion.is_some_and(|criterion| criterion.evidence.trim().is_empty()) {
                return Err(EntryError::NoEvidence(name));
            }
        }
        match &self.counter {
            Some(counter) => filled("counter.kind", &counter.kind),
            None => Ok(()),
        }
    }
}

/// A machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Robot {
    /// Its name, as logs and recordings write it.
    pub robot: String,
    /// Its life-cycle identity; unknown for machines that have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<RobotIdentity>,
    /// Type, as recordings write it: `unitree_g1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub robot_type: Option<String>,
    /// The party that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maker: Option<String>,
    /// The party that owns it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
}

/// A replaceable part of a robot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Module {
    /// Its serial number.
    pub module: String,
    /// What it is: `gripper`, `battery`, `controller`.
    pub kind: String,
    /// Its revision.
    pub revision: String,
    /// The robot that it is in; none where it lies in stock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub robot: Option<String>,
    /// The party that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maker: Option<String>,
}

/// A version of what runs on robots, named by what it is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// Its name, as logs write it.
    pub release: String,
    /// SHA-256 of the model's weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Hash256>,
    /// SHA-256 of the program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binary: Option<Hash256>,
    /// SHA-256 of the configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configuration: Option<Hash256>,
    /// SHA-256 of the calibration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Hash256>,
    /// Dataset versions that the model was trained on: `NAME@VERSION`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trained_on: Vec<String>,
}

impl Release {
    /// The four parts with their names.
    pub const fn parts(&self) -> [(&'static str, Option<Hash256>); 4] {
        [
            ("model", self.model),
            ("binary", self.binary),
            ("configuration", self.configuration),
            ("calibration", self.calibration),
        ]
    }

    /// Hash of the four parts; `None` while one of them is unknown, since then a change of it could go unseen.
    pub fn hash(&self) -> Option<Hash256> {
        let mut bytes = b"prairie/release/1\n".to_vec();
        for (_, part) in self.parts() {
            bytes.extend_from_slice(part?.as_bytes());
        }
        Some(Hash256::of(&bytes))
    }
}

/// A person of the human baseline. Never by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// The pseudonym, as logs write it.
    pub person: String,
    /// Stations where the person works.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stations: Vec<String>,
    /// Months of practice in this work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub practice_months: Option<u32>,
    /// Reference of the consent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<String>,
}

impl Person {
    pub(super) fn check(&self) -> Result<(), EntryError> {
        if is_pseudonym(&self.person) { Ok(()) } else { Err(EntryError::NoPseudonym(self.person.clone())) }
    }
}

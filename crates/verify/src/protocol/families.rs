//! What the families of work need beside units and outcomes (amendment A9).

use serde::{Deserialize, Serialize};

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

impl Family {
    /// The name in task books.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Counted => "counted",
            Self::Inspection => "inspection",
            Self::Care => "care",
            Self::Mission => "mission",
        }
    }
}

/// Where the units come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Setting {
    /// A shop floor, a ward, a street: units of one shift are alike.
    #[default]
    ShopFloor,
    /// A laboratory in which every trial begins from a state that was drawn by lot.
    Laboratory,
}

/// Which conditions of a unit say what was really there, and what was called.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inspection {
    /// The condition that says what was really there, from whoever looked again.
    pub truth: String,
    /// The condition that says what the robot, or the person, called it.
    pub call: String,
    /// Values of both that mean a defect.
    pub defective: Vec<String>,
    /// Who says what was really there.
    pub truth_source: String,
}

/// How laboratory trials and drills are drawn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lot {
    /// How the state from which each trial begins is drawn, and by whom.
    pub drawn: String,
    /// Whether only trials in shifts that an auditor drew by lot count.
    #[serde(default)]
    pub drawn_shifts_only: bool,
}

/// One site of several stations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// Its name.
    pub name: String,
    /// Its stations; each belongs to one site.
    pub stations: Vec<String>,
    /// What differs from the other sites: object family, fixture, floor, lighting, operator density. Each costs a fifth of
    /// what may be borrowed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<String>,
}

/// An endpoint of the gate that this task book does without, declared before the run. The report says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Without {
    /// The endpoint.
    pub endpoint: String,
    /// Why it means nothing here.
    pub reason: String,
}

//! What a change of the robot voids, and what bridges it.
//!
//! | class | what changed | what bridges it |
//! |---|---|---|
//! | A | weights, firmware, a material that touches the work, a hardware revision | 10 shifts against the release before: 1 point of success, 5 % of takt |
//! | B | configuration, calibration | 3 shifts without an alarm |
//! | C | a module of the same revision, papers | nothing |
//!
//! A claim is void only where it depended on what changed: new weights leave the time between hardware failures alone, and a
//! new revision of a joint starts that clock anew.

use prairie_model::Nanos;
use serde::{Deserialize, Serialize};

/// What was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// The weights of the model.
    Model,
    /// A program, or firmware.
    Binary,
    /// Settings.
    Configuration,
    /// A calibration.
    Calibration,
    /// The material of a gripper, or of whatever else touches the work.
    Material,
    /// A module of another revision.
    ModuleRevision,
    /// A module of the same revision, by its serial.
    Module,
    /// Papers.
    Papers,
}

/// How much has to be shown again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Class {
    /// Ten shifts against the release before.
    A,
    /// Three shifts without an alarm.
    B,
    /// Nothing.
    C,
}

/// A change of the robot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// When.
    pub at_ns: Nanos,
    /// What.
    pub what: What,
    /// The robot; left out, all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub robot: Option<String>,
    /// What it was before: a hash, a revision, a serial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// What it is now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// Changes as people write them down.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Changes {
    /// In any order.
    #[serde(default)]
    pub change: Vec<Change>,
}

impl Changes {
    /// Reads changes, and sorts them by time.
    ///
    /// # Errors
    ///
    /// Where the text is no TOML of this form.
    pub fn from_toml(text: &str) -> Result<Self, String> {
        let mut changes: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        changes.change.sort_by(|a, b| (a.at_ns, a.what, &a.robot).cmp(&(b.at_ns, b.what, &b.robot)));
        Ok(changes)
    }
}

impl What {
    /// The class of its change.
    pub fn class(self) -> Class {
        match self {
            Self::Model | Self::Binary | Self::Material | Self::ModuleRevision => Class::A,
            Self::Configuration | Self::Calibration => Class::B,
            Self::Module | Self::Papers => Class::C,
        }
    }

    /// Whether a claim depends on it.
    fn touches(self, endpoint: &str) -> bool {
        let hardware = endpoint == "hardware";
        let never = endpoint == "exposure";
        match self {
            Self::Module | Self::Papers => false,
            // What runs on the robot does not wear its joints; what drives them may.
            Self::Model | Self::Configuration | Self::Calibration => !hardware && !never,
            Self::Material => !never && !hardware && endpoint != "software",
            Self::ModuleRevision => !never && endpoint != "software",
            Self::Binary => !never,
        }
    }
}

/// What a change does to the claims of a verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    /// The change.
    pub change: Change,
    /// Its class.
    pub class: Class,
    /// Endpoints whose claims are void until bridged.
    pub voids: Vec<String>,
    /// Shifts that bridge it.
    pub bridge_shifts: u32,
    /// Whether a later verdict bridged the release that it led to.
    pub bridged: bool,
}

impl Effect {
    /// What this change voids, where these releases were bridged.
    pub fn of(change: &Change, bridged: &[String]) -> Self {
        let class = change.what.class();
        let bridged = change.to.as_ref().is_some_and(|release| bridged.contains(release));
        let names = crate::protocol::Endpoints::NAMES.iter().filter(|_| !bridged);
        let voids = names.filter(|name| change.what.touches(name)).map(|name| (*name).to_owned()).collect();
        let bridge_shifts = match class {
            Class::A => 10,
            Class::B => 3,
            Class::C => 0,
        };
        Self { change: change.clone(), class, voids, bridge_shifts, bridged }
    }

    /// What has to be done, in one sentence.
    pub fn sentence(&self) -> String {
        let what = format!("{:?}", self.change.what).to_lowercase();
        let how = match self.class {
            Class::A => "10 shifts against the release before (a task book with `bridges = true`) bridge it",
            Class::B => "3 shifts without an alarm bridge it",
            Class::C => "nothing needs to be shown again",
        };
        format!("a change of class {:?} ({what}) voids {} claims: {how}", self.class, self.voids.len())
    }
}

/// A claim of the verdict after the changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The endpoint.
    pub endpoint: String,
    /// Whether it stands.
    pub stands: bool,
    /// The changes that void it, by their place.
    pub voided_by: Vec<usize>,
}

/// What stands of these claims.
pub(crate) fn claims(asked: &[&str], effects: &[Effect]) -> Vec<Claim> {
    asked
        .iter()
        .map(|endpoint| {
            let voided_by: Vec<usize> = effects
                .iter()
                .enumerate()
                .filter(|(_, effect)| effect.voids.iter().any(|name| name == endpoint))
                .map(|(at, _)| at)
                .collect();
            Claim { endpoint: (*endpoint).to_owned(), stands: voided_by.is_empty(), voided_by }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn voided(what: What) -> Vec<String> {
        let change = Change { at_ns: Nanos(0), what, robot: None, from: None, to: Some("new".to_owned()) };
        assert!(Effect::of(&change, &["new".to_owned()]).voids.is_empty(), "a bridged release voids nothing");
        let effects = [Effect::of(&change, &[])];
        let claims = claims(&["exposure", "hardware", "software", "success"], &effects);
        claims.into_iter().filter(|claim| !claim.stands).map(|claim| claim.endpoint).collect()
    }

    #[test]
    fn a_change_voids_what_depended_on_it_and_nothing_else() {
        assert_eq!(voided(What::Model), ["software", "success"]);
        assert_eq!(voided(What::ModuleRevision), ["hardware", "success"]);
        assert_eq!(voided(What::Binary), ["hardware", "software", "success"]);
        assert_eq!(voided(What::Module), Vec::<String>::new());
        assert_eq!((What::Model.class(), What::Calibration.class()), (Class::A, Class::B));
    }
}

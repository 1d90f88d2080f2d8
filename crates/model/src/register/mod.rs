//! The register: who and what takes part, so that a verdict can name it.
//!
//! Every entry is a few facts under a name. It is plain data: whether a name that it mentions is registered itself is asked by
//! whoever keeps the entries.

mod identity;
mod parts;

use serde::{Deserialize, Serialize};

pub use identity::{IdentityError, RobotIdentity};
pub use parts::{
    Consortium, Counter, Criteria, Criterion, Field, Member, Module, Party, Person, Release, Robot, Role, Scenario,
    Station, TrainingClass,
};

use crate::{Hash256, hash_canonical};

/// What kind of thing an entry of the register is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RegisterKind {
    /// Parties bound to one scenario by a task book.
    Consortium,
    /// A replaceable part of a robot.
    Module,
    /// An organisation.
    Party,
    /// A person of the human baseline, by pseudonym.
    Person,
    /// A version of what runs on robots.
    Release,
    /// A machine.
    Robot,
    /// A kind of useful work.
    Scenario,
    /// The real place where it happens.
    Station,
}

impl RegisterKind {
    /// All of them, by name.
    pub const ALL: &[Self] = &[
        Self::Consortium,
        Self::Module,
        Self::Party,
        Self::Person,
        Self::Release,
        Self::Robot,
        Self::Scenario,
        Self::Station,
    ];

    /// The name on the command line, in tables and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Consortium => "consortium",
            Self::Module => "module",
            Self::Party => "party",
            Self::Person => "person",
            Self::Release => "release",
            Self::Robot => "robot",
            Self::Scenario => "scenario",
            Self::Station => "station",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}

/// One entry of the register.
#[expect(clippy::large_enum_variant, reason = "one is read from a file and stored: they are never held in numbers")]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Entry {
    /// Parties bound to one scenario by a task book.
    Consortium(Consortium),
    /// A replaceable part of a robot.
    Module(Module),
    /// An organisation.
    Party(Party),
    /// A person of the human baseline, by pseudonym.
    Person(Person),
    /// A version of what runs on robots.
    Release(Release),
    /// A machine.
    Robot(Robot),
    /// A kind of useful work.
    Scenario(Scenario),
    /// The real place where it happens.
    Station(Station),
}

/// An entry that cannot be registered, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// A field is missing, unknown or of another type.
    #[error("{0}")]
    Form(String),
    /// A name that is none.
    #[error("`{field}` is `{found}`; a name has 1 to {NAME_MAX} characters, none of them a blank, a slash or a quote")]
    Name {
        /// The field.
        field: &'static str,
        /// What it holds.
        found: String,
    },
    /// A text that says nothing.
    #[error("`{0}` is empty; leave it out where it is unknown")]
    Empty(&'static str),
    /// A robot's identity that is none.
    #[error("`identity`: {0}")]
    Identity(#[from] IdentityError),
    /// A name where a pseudonym must stand.
    #[error(
        "`person` is `{0}`, which may be somebody's name; a pseudonym has small letters, digits and hyphens, and at least one digit"
    )]
    NoPseudonym(String),
    /// A station that does not say for a criterion what supports it.
    #[error("`criteria.{0}` is met by what? its `evidence` is empty")]
    NoEvidence(&'static str),
    /// A consortium in which the lead has no part.
    #[error("the lead `{0}` is not among the members")]
    LeadOutside(String),
    /// The same member twice.
    #[error("`{0}` is a member twice")]
    MemberTwice(String),
}

/// Characters of a name.
const NAME_MAX: usize = 128;

impl Entry {
    /// Reads an entry from its JSON form, and checks it.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong with it.
    pub fn from_value(kind: RegisterKind, value: serde_json::Value) -> Result<Self, EntryError> {
        fn read<T: serde::de::DeserializeOwned>(value: serde_json::Value) -> Result<T, EntryError> {
            serde_json::from_value(value).map_err(|error| EntryError::Form(error.to_string()))
        }
        let entry = match kind {
            RegisterKind::Consortium => Self::Consortium(read(value)?),
            RegisterKind::Module => Self::Module(read(value)?),
            RegisterKind::Party => Self::Party(read(value)?),
            RegisterKind::Person => Self::Person(read(value)?),
            RegisterKind::Release => Self::Release(read(value)?),
            RegisterKind::Robot => Self::Robot(read(value)?),
            RegisterKind::Scenario => Self::Scenario(read(value)?),
            RegisterKind::Station => Self::Station(read(value)?),
        };
        entry.check()?;
        Ok(entry)
    }

    /// What kind of thing it is.
    pub const fn kind(&self) -> RegisterKind {
        match self {
            Self::Consortium(_) => RegisterKind::Consortium,
            Self::Module(_) => RegisterKind::Module,
            Self::Party(_) => RegisterKind::Party,
            Self::Person(_) => RegisterKind::Person,
            Self::Release(_) => RegisterKind::Release,
            Self::Robot(_) => RegisterKind::Robot,
            Self::Scenario(_) => RegisterKind::Scenario,
            Self::Station(_) => RegisterKind::Station,
        }
    }

    /// Its name, unique in its kind.
    pub fn name(&self) -> &str {
        match self {
            Self::Consortium(entry) => &entry.consortium,
            Self::Module(entry) => &entry.module,
            Self::Party(entry) => &entry.party,
            Self::Person(entry) => &entry.person,
            Self::Release(entry) => &entry.release,
            Self::Robot(entry) => &entry.robot,
            Self::Scenario(entry) => &entry.scenario,
            Self::Station(entry) => &entry.station,
        }
    }

    /// The entries that it mentions, by kind and name.
    pub fn mentions<'a>(&'a self) -> Vec<(RegisterKind, &'a str)> {
        let mut names: Vec<(RegisterKind, &'a str)> = Vec::new();
        let mut add = |kind, name: Option<&'a String>| names.extend(name.map(|name| (kind, name.as_str())));
        match self {
            Self::Party(_) | Self::Release(_) => {}
            Self::Scenario(entry) => add(RegisterKind::Party, entry.user.as_ref()),
            Self::Consortium(entry) => {
                add(RegisterKind::Scenario, Some(&entry.scenario));
                entry.members.iter().for_each(|member| add(RegisterKind::Party, Some(&member.party)));
            }
            Self::Module(entry) => {
                add(RegisterKind::Robot, entry.robot.as_ref());
                add(RegisterKind::Party, entry.maker.as_ref());
            }
            Self::Person(entry) => entry.stations.iter().for_each(|station| add(RegisterKind::Station, Some(station))),
            Self::Robot(entry) => {
                add(RegisterKind::Party, entry.maker.as_ref());
                add(RegisterKind::Party, entry.owner.as_ref());
            }
            Self::Station(entry) => {
                entry.scenarios.iter().for_each(|scenario| add(RegisterKind::Scenario, Some(scenario)));
                add(RegisterKind::Party, entry.operator.as_ref());
            }
        }
        names
    }

    /// Hash of everything that it says.
    ///
    /// # Errors
    ///
    /// Never: texts and numbers always have a JSON form.
    pub fn hash(&self) -> Result<Hash256, serde_json::Error> {
        hash_canonical(self)
    }

    fn check(&self) -> Result<(), EntryError> {
        let own = self.kind().name();
        check_name(own, self.name())?;
        for (kind, name) in self.mentions() {
            check_name(kind.name(), name)?;
        }
        match self {
            Self::Consortium(entry) => entry.check(),
            Self::Person(entry) => entry.check(),
            Self::Station(entry) => entry.check(),
            Self::Scenario(entry) => filled("unit", &entry.unit),
            Self::Module(entry) => filled("kind", &entry.kind).and_then(|()| filled("revision", &entry.revision)),
            Self::Party(_) | Self::Release(_) | Self::Robot(_) => Ok(()),
        }
    }
}

/// A name can stand in paths, tables and sentences.
fn check_name(field: &'static str, name: &str) -> Result<(), EntryError> {
    let fits = |letter: char| !letter.is_whitespace() && !letter.is_control() && !"/\\\"'`".contains(letter);
    if name.is_empty() || name.chars().count() > NAME_MAX || !name.chars().all(fits) {
        return Err(EntryError::Name { field, found: name.chars().take(NAME_MAX).collect() });
    }
    Ok(())
}

fn filled(field: &'static str, text: &str) -> Result<(), EntryError> {
    if text.trim().is_empty() { Err(EntryError::Empty(field)) } else { Ok(()) }
}

/// Whether a text is a pseudonym, and cannot well be somebody's name: small letters, digits and hyphens, and at least one digit.
pub fn is_pseudonym(text: &str) -> bool {
    let fits = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    (2..=64).contains(&text.len()) && text.chars().all(fits) && text.chars().any(|letter| letter.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_entry_says_what_is_wrong_with_it() {
        let refused = |kind, value| Entry::from_value(kind, value).expect_err("it cannot be registered").to_string();
        let station = |evidence: &str| {
            let met = |evidence: &str| json!({ "met": true, "evidence": evidence });
            json!({ "station": "door-3", "criteria": { "need": met("order"), "conditions": met("plan"),
                    "standardisation": met(evidence), "economy": met("sheet") } })
        };
        assert!(Entry::from_value(RegisterKind::Station, station("work instruction 12")).is_ok());
        assert_eq!(
            refused(RegisterKind::Station, station(" ")),
            "`criteria.standardisation` is met by what? its `evidence` is empty"
        );
        assert!(refused(RegisterKind::Person, json!({ "person": "Li Lei" })).contains("none of them a blank"));
        assert!(refused(RegisterKind::Person, json!({ "person": "lilei" })).contains("may be somebody's name"));
        assert!(
            refused(RegisterKind::Party, json!({ "party": "a", "roll": "maker" })).contains("unknown field `roll`")
        );
        assert!(refused(RegisterKind::Robot, json!({ "robot": "g1/2" })).contains("a slash"));
        let members = json!([{ "party": "works", "role": "user" }, { "party": "works", "role": "maker" }]);
        let consortium = |lead: &str| {
            json!({ "consortium": "c1", "scenario": "screws", "lead": lead, "members": members,
            "boundary": "the cell", "ip": "each keeps its own", "benefit": "half each" })
        };
        assert_eq!(refused(RegisterKind::Consortium, consortium("other")), "the lead `other` is not among the members");
        assert_eq!(refused(RegisterKind::Consortium, consortium("works")), "`works` is a member twice");
    }

    #[test]
    fn kinds_have_the_names_of_their_fields() {
        for kind in RegisterKind::ALL {
            assert_eq!(RegisterKind::from_name(kind.name()), Some(*kind));
        }
        assert!(RegisterKind::ALL.is_sorted_by_key(|kind| kind.name()));
    }

    #[test]
    fn pseudonyms_are_told_from_names() {
        for pseudonym in ["w-07", "p-3f9a0c11", "op7"] {
            assert!(is_pseudonym(pseudonym), "{pseudonym}");
        }
        for name in ["", "Li Lei", "lilei", "李雷", "Anna7", "x", "a.b7"] {
            assert!(!is_pseudonym(name), "{name}");
        }
    }
}

//! The user's mapping: TOML that has the last word.

use prairie_model::Hash256;
use serde::{Deserialize, Serialize};

/// What the built-in lenses cannot know: custom types, units, names, markers. `docs/reference/mapping.md` describes the file.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mapping {}

/// The text is not a mapping.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// It is not TOML, or holds something that a mapping does not know.
    #[error("failed to parse the mapping: {0}")]
    Syntax(String),
    /// It parses, and contradicts itself.
    #[error("rule {rule} of the mapping: {why}")]
    Rule {
        /// Number of the rule, from one.
        rule: usize,
        /// What is wrong with it.
        why: String,
    },
}

impl Mapping {
    /// Reads a mapping.
    ///
    /// # Errors
    ///
    /// When the text is no TOML, holds an unknown key, or a rule contradicts itself.
    pub fn parse(toml: &str) -> Result<Self, MappingError> {
        toml::from_str(toml).map_err(|error| MappingError::Syntax(error.to_string()))
    }

    /// Hash of what the mapping says. White space, comments and the order of keys do not count.
    pub fn hash(&self) -> Hash256 {
        // OK because a mapping holds only texts, numbers and lists of them.
        prairie_model::hash_canonical(self).expect("a mapping is JSON")
    }
}

//! What decides how a recording becomes episodes and findings, besides its bytes.

use std::collections::BTreeMap;

use prairie_model::{Mode, Outcome};
use prairie_quality::Profile;
use prairie_standardize::{Mapping, Overrides};

use crate::error::EngineError;

/// Mapping, overrides and profile of one inspection.
#[derive(Debug, Clone, Default)]
pub struct InspectOptions {
    /// How topics become streams.
    pub mapping: Mapping,
    /// What the caller knows better than the source.
    pub overrides: Overrides,
    /// Limits and requirements of the checks.
    pub profile: Profile,
    /// Whether pictures are decoded, for the checks that look at them.
    pub video: bool,
}

impl InspectOptions {
    /// Options from the texts of a mapping and a profile (the built-in ones when `None`) and facts by name: `format`, `task`, `robot`,
    /// `operator`, `station`, `software`, `mode`, `outcome`, `owner`, `licence`, `consent`, `purpose`, `custody`.
    ///
    /// # Errors
    ///
    /// When a text cannot be parsed, or a fact has no such name or value.
    pub fn new(
        mapping: Option<&str>,
        profile: Option<&str>,
        facts: BTreeMap<String, String>,
        video: bool,
    ) -> Result<Self, EngineError> {
        let mapping = match mapping {
            Some(text) => Mapping::parse(text).map_err(|error| EngineError::invalid("the mapping", error))?,
            None => Mapping::default(),
        };
        let profile = match profile {
            Some(text) => Profile::parse(text).map_err(|error| EngineError::invalid("the profile", error))?,
            None => Profile::default(),
        };
        Ok(Self { mapping, overrides: overrides(facts)?, profile, video })
    }
}

/// Overrides from facts by name: the inverse of [`Overrides::entries`].
pub(crate) fn overrides(facts: BTreeMap<String, String>) -> Result<Overrides, EngineError> {
    let mut overrides = Overrides::default();
    for (name, value) in facts {
        let rights = &mut overrides.rights;
        let place = match name.as_str() {
            "format" => &mut overrides.format,
            "task" => &mut overrides.task,
            "robot" => &mut overrides.robot,
            "operator" => &mut overrides.operator,
            "station" => &mut overrides.station,
            "software" => &mut overrides.software,
            "owner" => &mut rights.owner,
            "licence" => &mut rights.licence,
            "consent" => &mut rights.consent,
            "purpose" => &mut rights.purpose,
            "custody" => &mut rights.custody,
            "mode" => {
                overrides.mode =
                    Some(Mode::from_name(&value).ok_or_else(|| one_of(&name, &value, names(Mode::ALL, Mode::name)))?);
                continue;
            }
            "outcome" => {
                overrides.outcome = Some(
                    Outcome::from_name(&value)
                        .ok_or_else(|| one_of(&name, &value, names(Outcome::ALL, Outcome::name)))?,
                );
                continue;
            }
            _ => return Err(EngineError::invalid(format!("fact `{name}`"), "there is no such fact")),
        };
        *place = Some(value);
    }
    Ok(overrides)
}

fn names<T: Copy>(all: &[T], name: fn(T) -> &'static str) -> Vec<&'static str> {
    all.iter().map(|value| name(*value)).collect()
}

fn one_of(name: &str, value: &str, all: Vec<&'static str>) -> EngineError {
    EngineError::invalid(format!("{name} `{value}`"), format!("it is one of {}", all.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_survive() {
        let facts: BTreeMap<String, String> = [("mode", "teleoperated"), ("owner", "acme"), ("task", "pick")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        assert_eq!(overrides(facts.clone()).unwrap().entries(), facts);
    }

    #[test]
    fn a_wrong_mode_names_the_right_ones() {
        let facts = [("mode".to_owned(), "auto".to_owned())].into();
        let error = overrides(facts).unwrap_err().to_string();
        assert!(error.contains("teleoperated"), "{error}");
    }
}

//! Rules over conditions: which units a stratum or an exclusion takes.

use std::collections::BTreeMap;

use prairie_model::Condition;
use serde::{Deserialize, Serialize};

/// A kind of conditions, and its share in daily work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stratum {
    /// Its name in tables.
    pub name: String,
    /// Share of daily work that is done under it; all shares add up to 1.
    pub weight: f64,
    /// Which units.
    #[serde(rename = "where")]
    pub rule: Rule,
}

/// One range or list per condition. A unit fits when every named condition is known and fits.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rule(pub BTreeMap<String, Range>);

/// What a condition may be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Range {
    /// One of these texts.
    OneOf(Vec<String>),
    /// A number from `min` (included) to `below` (not included); an end that is left out is open.
    Between {
        /// The lowest that fits.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min: Option<f64>,
        /// The lowest that no longer fits.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        below: Option<f64>,
    },
}

impl Range {
    /// Whether a condition fits.
    pub fn takes(&self, condition: &Condition) -> bool {
        match (self, condition) {
            (Self::OneOf(texts), Condition::Text(text)) => texts.contains(text),
            (Self::Between { min, below }, Condition::Number(number)) => {
                min.is_none_or(|min| *number >= min) && below.is_none_or(|below| *number < below)
            }
            _ => false,
        }
    }

    /// Whether some value fits both. A text and a number never do.
    pub fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::OneOf(one), Self::OneOf(two)) => one.iter().any(|text| two.contains(text)),
            (Self::Between { min: min1, below: below1 }, Self::Between { min: min2, below: below2 }) => {
                let least = min1.unwrap_or(f64::NEG_INFINITY).max(min2.unwrap_or(f64::NEG_INFINITY));
                let most = below1.unwrap_or(f64::INFINITY).min(below2.unwrap_or(f64::INFINITY));
                least < most
            }
            _ => false,
        }
    }

    /// Whether nothing at all fits.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::OneOf(texts) => texts.is_empty(),
            Self::Between { min, below } => {
                let (least, most) = (min.unwrap_or(f64::NEG_INFINITY), below.unwrap_or(f64::INFINITY));
                least.is_nan() || most.is_nan() || least >= most
            }
        }
    }
}

impl Rule {
    /// Whether a unit with these conditions fits. A condition that is unknown fits no range.
    pub fn takes(&self, conditions: &BTreeMap<String, Condition>) -> bool {
        self.0.iter().all(|(name, range)| conditions.get(name).is_some_and(|condition| range.takes(condition)))
    }

    /// Whether some unit could fit both: no condition that both name keeps them apart.
    pub fn meets(&self, other: &Self) -> bool {
        self.0.iter().all(|(name, range)| other.0.get(name).is_none_or(|there| range.meets(there)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(text: &str) -> Rule {
        toml::from_str(text).expect("a rule")
    }

    fn conditions(text: &str) -> BTreeMap<String, Condition> {
        toml::from_str(text).expect("conditions")
    }

    #[test]
    fn a_unit_fits_when_everything_named_is_known_and_fits() {
        let bright = rule("lighting_lux = { min = 300 }\nobject_family = [\"m4\", \"m6\"]");
        assert!(bright.takes(&conditions("lighting_lux = 300.0\nobject_family = \"m6\"\nfloor = \"dry\"")));
        assert!(!bright.takes(&conditions("lighting_lux = 299.0\nobject_family = \"m6\"")));
        assert!(!bright.takes(&conditions("object_family = \"m6\"")), "unknown light is not bright light");
    }

    #[test]
    fn rules_meet_unless_a_common_condition_parts_them() {
        let bright = rule("lighting_lux = { min = 300 }");
        assert!(!bright.meets(&rule("lighting_lux = { below = 300 }")), "ends touch, and do not meet");
        assert!(bright.meets(&rule("lighting_lux = { below = 301 }")));
        assert!(bright.meets(&rule("floor = [\"wet\"]")), "a wet floor can be bright");
        assert!(!rule("floor = [\"wet\"]").meets(&rule("floor = [\"dry\"]")));
    }
}

//! Claims that somebody published: what their numbers support, and what they leave open.
//!
//! A claim is totals and words. Totals cannot show that units were independent, untouched or all of them, so that no endpoint
//! follows from them; what can be computed is computed, each time with the assumption that it needs.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::bound::{Confidence, Side, StatError};
use crate::inputs::{Input, Need, needs};
use crate::stats::proportion::clopper_pearson;

/// Version of the form.
pub const CLAIM_SCHEMA: &str = "prairie/claim/1";

/// A claim as it was published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// Version of the form: [`CLAIM_SCHEMA`].
    pub schema: String,
    /// A short name.
    pub claim: String,
    /// Who claims it.
    pub by: String,
    /// Where it was published.
    pub source: Publication,
    /// What is claimed, in a sentence.
    pub text: String,
    /// Numbers that were published as measured.
    #[serde(default)]
    pub measured: Totals,
    /// Numbers that were published as targets, or of which nobody says whether they were measured.
    #[serde(default)]
    pub targets: Totals,
    /// What was published besides totals.
    #[serde(default)]
    pub inputs: BTreeSet<Input>,
}

/// Where a claim was published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Publication {
    /// Title, or what kind of statement it was.
    pub title: String,
    /// Who published it.
    pub publisher: String,
    /// When, as a date or a year.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// Its address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// Totals of a run. What was not published is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Totals {
    /// Hours of the run, as stated.
    pub hours: Option<f64>,
    /// Units of work.
    pub units: Option<u64>,
    /// Units that failed.
    pub failures: Option<u64>,
    /// Share of good units.
    pub success: Option<f64>,
    /// Seconds per unit.
    pub cycle_s: Option<f64>,
    /// Robots that took turns.
    pub robots: Option<u32>,
    /// Interventions.
    pub interventions: Option<u64>,
    /// Speed as a share of people's.
    pub of_human: Option<f64>,
}

/// What a claim comes to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Assessment {
    /// The claim.
    pub claim: String,
    /// Who claims it.
    pub by: String,
    /// Whether every endpoint could be looked at. Totals never make it so.
    pub demonstrated: bool,
    /// What each endpoint lacks.
    pub endpoints: Vec<Need>,
    /// What the published numbers give, each with what it assumes.
    pub arithmetic: Vec<String>,
}

/// Why a claim cannot be assessed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ClaimError {
    /// Not TOML, or not of this form.
    #[error("it has not the form of a claim: {0}")]
    Form(String),
    /// Another version of the form.
    #[error("its schema is `{0}`, and this program reads `{CLAIM_SCHEMA}`")]
    OtherSchema(String),
    /// A number that cannot be.
    #[error("`{name}` is {value}, which cannot be")]
    Number {
        /// Its name.
        name: &'static str,
        /// Its value.
        value: f64,
    },
    /// A bound that cannot be computed.
    #[error(transparent)]
    Statistic(#[from] StatError),
}

impl Claim {
    /// Reads a claim.
    ///
    /// # Errors
    ///
    /// Where it is no TOML of this form, or a number in it cannot be.
    pub fn from_toml(text: &str) -> Result<Self, ClaimError> {
        let claim: Self = toml::from_str(text).map_err(|error| ClaimError::Form(error.to_string()))?;
        if claim.schema != CLAIM_SCHEMA {
            return Err(ClaimError::OtherSchema(claim.schema));
        }
        claim.measured.check()?;
        claim.targets.check()?;
        Ok(claim)
    }

    /// What its numbers support, and what they leave open.
    ///
    /// # Errors
    ///
    /// Where the numbers contradict each other.
    pub fn assess(&self) -> Result<Assessment, ClaimError> {
        let endpoints = needs(&self.inputs);
        let mut arithmetic = self.measured.sentences()?;
        arithmetic.extend(self.targets.as_targets());
        Ok(Assessment {
            claim: self.claim.clone(),
            by: self.by.clone(),
            demonstrated: endpoints.iter().all(|need| need.missing.is_empty()),
            endpoints,
            arithmetic,
        })
    }
}

impl Totals {
    fn check(&self) -> Result<(), ClaimError> {
        let wrong = |name, value| Err(ClaimError::Number { name, value });
        for (name, value) in [("hours", self.hours), ("cycle_s", self.cycle_s), ("of_human", self.of_human)] {
            if let Some(value) = value.filter(|value| !(value.is_finite() && *value > 0.0)) {
                return wrong(name, value);
            }
        }
        if let Some(share) = self.success.filter(|share| !(0.0..=1.0).contains(share)) {
            return wrong("success", share);
        }
        if let (Some(failures), Some(units)) = (self.failures, self.units)
            && failures > units
        {
            // OK to cast: counts that people publish.
            return wrong("failures", failures as f64);
        }
        Ok(())
    }

    /// Units of the run, as published or by hours and cycle.
    fn units_known(&self) -> Option<(u64, bool)> {
        let by_time = || {
            let units = libm::floor(self.hours? * 3600.0 / self.cycle_s?);
            // OK to cast: checked to be positive and finite; whatever people publish lies far below 2^53.
            (units < 9.0e15).then_some((units as u64, false))
        };
        self.units.map(|units| (units, true)).or_else(by_time)
    }

    fn sentences(&self) -> Result<Vec<String>, ClaimError> {
        let mut sentences = Vec::new();
        if let (Some(hours), Some(units)) = (self.hours, self.units.filter(|units| *units > 0)) {
            // OK to cast: counts that people publish.
            let seconds = hours * 3600.0 / units as f64;
            let station = match self.robots {
                Some(robots) if robots > 1 => {
                    format!("{robots} robots took turns, so that it says nothing of one robot")
                }
                Some(_) => "one robot worked there".to_owned(),
                None => "how many robots took turns is not said".to_owned(),
            };
            sentences.push(format!("{seconds:.3} s per unit of the station: {station}"));
        }
        if let (Some(cycle), Some(units), Some(hours)) = (self.cycle_s, self.units, self.hours) {
            let worked = units as f64 * cycle / 3600.0;
            sentences.push(format!(
                "{units} units of {cycle} s take {worked:.0} h, {:.0} % of the {hours:.0} h that are stated",
                100.0 * worked / hours
            ));
        }
        let Some((units, stated)) = self.units_known().filter(|(units, _)| *units > 0) else { return Ok(sentences) };
        if !stated {
            sentences.push(format!("about {units} units, from the hours and the cycle time"));
        }
        // OK to cast: counts that people publish.
        let by_share = || self.success.map(|share| libm::round(share * units as f64) as u64);
        let good = self.failures.map(|failures| units - failures.min(units)).or_else(by_share);
        let Some(good) = good else {
            sentences.push("how many of the units failed is not said".to_owned());
            return Ok(sentences);
        };
        let confidence = Confidence::USUAL;
        if good == units {
            let bound = clopper_pearson(units, units, confidence, Side::Lower)?;
            sentences.push(format!(
                "at most {:.2} % of units fail, at 95 % and if units were independent, which units of one shift are not",
                100.0 * (1.0 - bound.lower.unwrap_or(0.0))
            ));
        } else {
            let bound = clopper_pearson(good, units, confidence, Side::Two)?;
            sentences.push(format!(
                "{good} good of {units}: {:.1} to {:.1} % at 95 %, if units were independent, which units of one shift are not",
                100.0 * bound.lower.unwrap_or(0.0),
                100.0 * bound.upper.unwrap_or(1.0)
            ));
        }
        Ok(sentences)
    }

    /// Targets support nothing.
    fn as_targets(&self) -> Vec<String> {
        let numbers = [
            ("hours", self.hours),
            // OK to cast: counts that people publish.
            ("units", self.units.map(|units| units as f64)),
            ("failures", self.failures.map(|failures| failures as f64)),
            ("success", self.success),
            ("cycle_s", self.cycle_s),
            ("robots", self.robots.map(f64::from)),
            ("interventions", self.interventions.map(|count| count as f64)),
            ("of_human", self.of_human),
        ];
        let told = |(name, value): (&str, Option<f64>)| {
            value.map(|value| format!("`{name}` of {value} was published as a target: it supports nothing"))
        };
        numbers.into_iter().filter_map(told).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assess(numbers: &str) -> Assessment {
        let text = format!(
            "schema = \"prairie/claim/1\"\nclaim = \"c\"\nby = \"b\"\ntext = \"t\"\n\
             source = {{ title = \"a page\", publisher = \"p\" }}\n{numbers}"
        );
        Claim::from_toml(&text).expect("a claim").assess().expect("numbers that agree")
    }

    #[test]
    fn numbers_give_what_the_audit_of_public_claims_says() {
        let said = |numbers: &str| assess(numbers).arithmetic.join("\n");
        assert!(
            said("[measured]\nhours = 200\nunits = 249560\nrobots = 3").starts_with("2.885 s per unit of the station")
        );
        assert!(
            said("[measured]\nhours = 3\ncycle_s = 76\nsuccess = 0.902").contains("128 good of 142: 84.0 to 94.5 %")
        );
        let none_failed = said("[measured]\nhours = 8\nunits = 2283\nfailures = 0");
        assert!(none_failed.contains("at most 0.13 % of units fail"), "{none_failed}");
        let bmw = said("[measured]\nunits = 30000\ncycle_s = 84\nhours = 1250\n[targets]\nsuccess = 0.99");
        assert!(bmw.contains("30000 units of 84 s take 700 h, 56 % of the 1250 h"), "{bmw}");
        assert!(bmw.contains("how many of the units failed is not said"), "{bmw}");
        assert!(bmw.contains("`success` of 0.99 was published as a target: it supports nothing"), "{bmw}");
    }

    #[test]
    fn totals_demonstrate_nothing() {
        let assessed = assess("[measured]\nunits = 1000000\nfailures = 0\nhours = 1000");
        assert!(!assessed.demonstrated);
        assert!(assessed.endpoints.iter().all(|need| need.sentence().starts_with("not demonstrated")));
    }

    #[test]
    fn numbers_that_cannot_be_are_refused() {
        for (numbers, name) in [
            ("[measured]\nunits = 10\nfailures = 11", "failures"),
            ("[measured]\nhours = -1", "hours"),
            ("[targets]\nsuccess = 1.5", "success"),
        ] {
            let text = format!(
                "schema = \"prairie/claim/1\"\nclaim = \"c\"\nby = \"b\"\ntext = \"t\"\n\
                 source = {{ title = \"a page\", publisher = \"p\" }}\n{numbers}"
            );
            let error = Claim::from_toml(&text).expect_err("no claim").to_string();
            assert!(error.starts_with(&format!("`{name}` is ")), "{error}");
        }
    }
}

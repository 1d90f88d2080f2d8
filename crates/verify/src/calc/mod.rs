//! The calculator: every statistic that the engine uses, as JSON in and JSON out, so that anyone can check it with a tool
//! of their own.
//!
//! One file, one [`Method`], one line in [`METHODS`].

mod alpha_spending;
mod anova_icc;
mod attempt_alpha;
mod barnard;
mod bernoulli_sequence;
mod beta_binomial;
mod betting_sequence;
mod boschloo;
mod chapman;
mod clopper_pearson;
mod cluster_robust_t;
mod cohen_kappa;
mod compact_letters;
mod false_success;
mod farrington_manning;
mod fisher_exact;
mod holm;
mod jeffreys;
mod mixture_e_process;
mod non_inferiority_trials;
mod post_stratified;
mod prediction_powered;
mod rogan_gladen;
mod shift_homogeneity;
mod sprt;
mod stitched_boundary;
mod stratum_coverage;
mod success_bound;
mod time_uniform_boundary;
mod trials_needed;
mod two_sample_e_process;
mod wilson;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::bound::StatError;

/// One statistic that can be called by name.
#[derive(Debug)]
pub struct Method {
    /// As it is called: `clopper-pearson`.
    pub name: &'static str,
    /// What it answers, in one sentence.
    pub about: &'static str,
    /// Its formula, in plain text.
    pub formula: &'static str,
    /// Where the formula comes from.
    pub source: &'static str,
    /// Each input field with its unit and default, one per line.
    pub input: &'static str,
    /// Each output field with its unit, one per line.
    pub output: &'static str,
    /// An input, and the output that belongs to it (a test compares them).
    pub example: (&'static str, &'static str),
    /// The calculation.
    pub run: fn(Value) -> Result<Value, CalcError>,
}

/// All methods, by name.
pub const METHODS: &[&Method] = &[
    &alpha_spending::METHOD,
    &anova_icc::METHOD,
    &attempt_alpha::METHOD,
    &barnard::METHOD,
    &bernoulli_sequence::METHOD,
    &beta_binomial::METHOD,
    &betting_sequence::METHOD,
    &boschloo::METHOD,
    &chapman::METHOD,
    &clopper_pearson::METHOD,
    &cluster_robust_t::METHOD,
    &cohen_kappa::METHOD,
    &compact_letters::METHOD,
    &false_success::METHOD,
    &farrington_manning::METHOD,
    &fisher_exact::METHOD,
    &holm::METHOD,
    &jeffreys::METHOD,
    &mixture_e_process::METHOD,
    &non_inferiority_trials::METHOD,
    &post_stratified::METHOD,
    &prediction_powered::METHOD,
    &rogan_gladen::METHOD,
    &shift_homogeneity::METHOD,
    &sprt::METHOD,
    &stitched_boundary::METHOD,
    &stratum_coverage::METHOD,
    &success_bound::METHOD,
    &time_uniform_boundary::METHOD,
    &trials_needed::METHOD,
    &two_sample_e_process::METHOD,
    &wilson::METHOD,
];

/// Why a calculation has no answer.
#[derive(Debug, thiserror::Error)]
pub enum CalcError {
    /// The input has not the method's form.
    #[error("the input does not fit the method")]
    Input(#[source] serde_json::Error),
    /// The method has no answer for this input.
    #[error(transparent)]
    Statistic(#[from] StatError),
    /// The answer cannot be written.
    #[error("the answer cannot be written as JSON")]
    Output(#[source] serde_json::Error),
}

/// The method of a name.
pub fn method(name: &str) -> Option<&'static Method> {
    METHODS.iter().find(|method| method.name == name).copied()
}

/// Reads the input, calculates, writes the answer.
fn answer<I: DeserializeOwned, O: Serialize>(
    input: Value,
    calculate: impl FnOnce(I) -> Result<O, StatError>,
) -> Result<Value, CalcError> {
    let input = serde_json::from_value(input).map_err(CalcError::Input)?;
    serde_json::to_value(calculate(input)?).map_err(CalcError::Output)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers within 1e-9 of each other, anything else equal.
    fn same(found: &Value, expected: &Value) -> bool {
        match (found, expected) {
            (Value::Number(found), Value::Number(expected)) => {
                let (found, expected) = (found.as_f64().unwrap_or(f64::NAN), expected.as_f64().unwrap_or(f64::NAN));
                (found - expected).abs() <= 1e-9 * expected.abs().max(1e-9)
            }
            (Value::Array(found), Value::Array(expected)) => {
                found.len() == expected.len() && found.iter().zip(expected).all(|(found, expected)| same(found, expected))
            }
            (Value::Object(found), Value::Object(expected)) => {
                found.len() == expected.len()
                    && found.iter().all(|(key, found)| expected.get(key).is_some_and(|expected| same(found, expected)))
            }
            _ => found == expected,
        }
    }

    #[test]
    fn every_example_gives_its_answer() {
        for method in METHODS {
            let input: Value = serde_json::from_str(method.example.0).unwrap_or_else(|e| panic!("{}: {e}", method.name));
            let expected: Value = serde_json::from_str(method.example.1).unwrap_or_else(|e| panic!("{}: {e}", method.name));
            let found = (method.run)(input).unwrap_or_else(|e| panic!("{}: {e}", method.name));
            assert!(same(&found, &expected), "{}: {found} is not {expected}", method.name);
        }
    }

    #[test]
    fn methods_are_sorted_and_say_what_they_take() {
        assert!(METHODS.windows(2).all(|pair| pair[0].name < pair[1].name), "sort `METHODS` by name");
        for method in METHODS {
            let texts = [method.about, method.formula, method.source, method.input, method.output];
            assert!(texts.iter().all(|text| !text.trim().is_empty()), "{}", method.name);
        }
    }

    #[test]
    fn nothing_panics_on_odd_input() {
        for method in METHODS {
            for odd in ["null", "{}", "[]", "{\"confidence\": 2}", "{\"trials\": -1}"] {
                let odd: Value = serde_json::from_str(odd).expect("JSON");
                drop((method.run)(odd));
            }
        }
    }
}

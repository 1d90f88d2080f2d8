//! The calculator: every statistic that the engine uses, as JSON in and JSON out, so that anyone can check it with a tool
//! of their own.
//!
//! One file, one [`Method`], one line in [`METHODS`].

mod availability;
mod borrow;
mod capital_recovery;
mod clopper_pearson;
mod cost_distribution;
mod crow_amsaa;
mod duane;
mod duration_plan;
mod duration_plan_risks;
mod irr;
mod kaplan_meier;
mod laplace_trend;
mod mean_cumulative_function;
mod mtbf_bound;
mod mtbf_bound_overdispersed;
mod mtbf_required_hours;
mod mtbi_e_process;
mod mttr_bound;
mod new_site;
mod npv;
mod partial_pooling;
mod payback;
mod random_effects;
mod reliability_sprt;
mod robust_map;
mod unit_cost;
mod weibull;

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
    &availability::METHOD,
    &borrow::METHOD,
    &capital_recovery::METHOD,
    &clopper_pearson::METHOD,
    &cost_distribution::METHOD,
    &crow_amsaa::METHOD,
    &duane::METHOD,
    &duration_plan::METHOD,
    &duration_plan_risks::METHOD,
    &irr::METHOD,
    &kaplan_meier::METHOD,
    &laplace_trend::METHOD,
    &mean_cumulative_function::METHOD,
    &mtbf_bound::METHOD,
    &mtbf_bound_overdispersed::METHOD,
    &mtbf_required_hours::METHOD,
    &mtbi_e_process::METHOD,
    &mttr_bound::METHOD,
    &new_site::METHOD,
    &npv::METHOD,
    &partial_pooling::METHOD,
    &payback::METHOD,
    &random_effects::METHOD,
    &reliability_sprt::METHOD,
    &robust_map::METHOD,
    &unit_cost::METHOD,
    &weibull::METHOD,
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

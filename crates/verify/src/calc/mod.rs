//! The calculator: every statistic that the engine uses, as JSON in and JSON out, so that anyone can check it with a tool
//! of their own.
//!
//! One file, one [`Method`], one line in [`METHODS`].

mod alpha_spending;
mod anova_icc;
mod attempt_alpha;
mod audit_draw;
mod availability;
mod barnard;
mod bernoulli_cusum;
mod bernoulli_cusum_run_length;
mod bernoulli_sequence;
mod beta_binomial;
mod betting_sequence;
mod borrow;
mod boschloo;
mod brown_forsythe;
mod capital_recovery;
mod chapman;
mod clopper_pearson;
mod cluster_robust_t;
mod cohen_kappa;
mod compact_letters;
mod condition_mix;
mod cost_distribution;
mod cross_correlation;
mod crow_amsaa;
mod cusum;
mod distance_correlation;
mod dlj;
mod duane;
mod duration_plan;
mod duration_plan_risks;
mod dynamic_time_warping;
mod e_detector;
mod e_detector_of_factors;
mod exponential_cusum;
mod false_success;
mod farrington_manning;
mod fisher_exact;
mod frechet;
mod hodges_lehmann;
mod holm;
mod human_baseline;
mod idle_fraction;
mod irr;
mod jeffreys;
mod kaplan_meier;
mod kolmogorov_smirnov;
mod lag1_autocorrelation;
mod laplace_trend;
mod last_by_first_hour;
mod ldlj;
mod learning_curve;
mod learning_plateau;
mod mann_whitney;
mod mean_cumulative_function;
mod minhash;
mod mixture_e_process;
mod mtbf_bound;
mod mtbf_bound_overdispersed;
mod mtbf_required_hours;
mod mtbi_e_process;
mod mttr_bound;
mod near_repeats;
mod nearest_neighbour_ratio;
mod neighbour_entropy;
mod new_site;
mod non_inferiority_trials;
mod npv;
mod oee;
mod page_hinkley;
mod partial_pooling;
mod path_efficiency;
mod payback;
mod permutation_test;
mod population_stability;
mod post_stratified;
mod prediction_powered;
mod quantile_bound;
mod quantile_rank;
mod random_effects;
mod reliability_sprt;
mod robust_map;
mod rogan_gladen;
mod runs_test;
mod shift_homogeneity;
mod sparc;
mod sprt;
mod stitched_boundary;
mod stratum_coverage;
mod success_bound;
mod takt;
mod takt_adherence;
mod takt_noninferiority;
mod takt_noninferiority_of_shifts;
mod takt_power;
mod takt_quantile_ratio;
mod takt_shifts_needed;
mod takt_slope;
mod takt_spread;
mod takt_units_needed;
mod time_uniform_boundary;
mod too_regular;
mod trials_needed;
mod two_sample_e_process;
mod unit_cost;
mod vendi;
mod weibull;
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
    &audit_draw::METHOD,
    &availability::METHOD,
    &barnard::METHOD,
    &bernoulli_cusum::METHOD,
    &bernoulli_cusum_run_length::METHOD,
    &bernoulli_sequence::METHOD,
    &beta_binomial::METHOD,
    &betting_sequence::METHOD,
    &borrow::METHOD,
    &boschloo::METHOD,
    &brown_forsythe::METHOD,
    &capital_recovery::METHOD,
    &chapman::METHOD,
    &clopper_pearson::METHOD,
    &cluster_robust_t::METHOD,
    &cohen_kappa::METHOD,
    &compact_letters::METHOD,
    &condition_mix::METHOD,
    &cost_distribution::METHOD,
    &cross_correlation::METHOD,
    &crow_amsaa::METHOD,
    &cusum::METHOD,
    &distance_correlation::METHOD,
    &dlj::METHOD,
    &duane::METHOD,
    &duration_plan::METHOD,
    &duration_plan_risks::METHOD,
    &dynamic_time_warping::METHOD,
    &e_detector::METHOD,
    &e_detector_of_factors::METHOD,
    &exponential_cusum::METHOD,
    &false_success::METHOD,
    &farrington_manning::METHOD,
    &fisher_exact::METHOD,
    &frechet::METHOD,
    &hodges_lehmann::METHOD,
    &holm::METHOD,
    &human_baseline::METHOD,
    &idle_fraction::METHOD,
    &irr::METHOD,
    &jeffreys::METHOD,
    &kaplan_meier::METHOD,
    &kolmogorov_smirnov::METHOD,
    &lag1_autocorrelation::METHOD,
    &laplace_trend::METHOD,
    &last_by_first_hour::METHOD,
    &ldlj::METHOD,
    &learning_curve::METHOD,
    &learning_plateau::METHOD,
    &mann_whitney::METHOD,
    &mean_cumulative_function::METHOD,
    &minhash::METHOD,
    &mixture_e_process::METHOD,
    &mtbf_bound::METHOD,
    &mtbf_bound_overdispersed::METHOD,
    &mtbf_required_hours::METHOD,
    &mtbi_e_process::METHOD,
    &mttr_bound::METHOD,
    &near_repeats::METHOD,
    &nearest_neighbour_ratio::METHOD,
    &neighbour_entropy::METHOD,
    &new_site::METHOD,
    &non_inferiority_trials::METHOD,
    &npv::METHOD,
    &oee::METHOD,
    &page_hinkley::METHOD,
    &partial_pooling::METHOD,
    &path_efficiency::METHOD,
    &payback::METHOD,
    &permutation_test::METHOD,
    &population_stability::METHOD,
    &post_stratified::METHOD,
    &prediction_powered::METHOD,
    &quantile_bound::METHOD,
    &quantile_rank::METHOD,
    &random_effects::METHOD,
    &reliability_sprt::METHOD,
    &robust_map::METHOD,
    &rogan_gladen::METHOD,
    &runs_test::METHOD,
    &shift_homogeneity::METHOD,
    &sparc::METHOD,
    &sprt::METHOD,
    &stitched_boundary::METHOD,
    &stratum_coverage::METHOD,
    &success_bound::METHOD,
    &takt::METHOD,
    &takt_adherence::METHOD,
    &takt_noninferiority::METHOD,
    &takt_noninferiority_of_shifts::METHOD,
    &takt_power::METHOD,
    &takt_quantile_ratio::METHOD,
    &takt_shifts_needed::METHOD,
    &takt_slope::METHOD,
    &takt_spread::METHOD,
    &takt_units_needed::METHOD,
    &time_uniform_boundary::METHOD,
    &too_regular::METHOD,
    &trials_needed::METHOD,
    &two_sample_e_process::METHOD,
    &unit_cost::METHOD,
    &vendi::METHOD,
    &weibull::METHOD,
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
                found.len() == expected.len()
                    && found.iter().zip(expected).all(|(found, expected)| same(found, expected))
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
            let input: Value =
                serde_json::from_str(method.example.0).unwrap_or_else(|e| panic!("{}: {e}", method.name));
            let expected: Value =
                serde_json::from_str(method.example.1).unwrap_or_else(|e| panic!("{}: {e}", method.name));
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

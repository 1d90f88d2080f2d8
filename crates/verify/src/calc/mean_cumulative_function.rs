//! `mean-cumulative-function`.

use serde::Deserialize;

use super::{Method, answer};
use crate::bound::{Confidence, Side};
use crate::stats::reliability::recurrence::{self, System, Variance};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    systems: Vec<System>,
    #[serde(default)]
    variance: Variance,
    #[serde(default)]
    confidence: Confidence,
    #[serde(default)]
    side: Side,
}

pub(super) const METHOD: Method = Method {
    name: "mean-cumulative-function",
    about: "The mean count of failures per system by age, whatever their rate.",
    formula: "M rises by 1/Y at each failure (Y = systems watched; failures before ends); robust variance sum_i [sum (dN_i - dN/Y)/Y]^2, incremental variance sum (1/Y^2)(1-1/Y); ends M exp(-+z sqrt(variance)/M)",
    source: "Nelson, Technometrics 30 (1988); Lawless and Nadeau, Technometrics 37 (1995)",
    input: "systems: list of {events: list of ages at failures, end: age at which watching ended}\nvariance: robust (default) or incremental\nconfidence: share, default 0.95\nside: lower (default), upper or two",
    output: "list, one per age with a failure: time: age, at_risk: count, events: count, mean: count, variance_robust: number, variance_incremental: number, lower: count, upper: count",
    example: (
        r#"{"systems": [{"events": [5, 10, 15], "end": 17}, {"events": [6, 13, 17], "end": 19}, {"events": [12], "end": 20}], "side": "two"}"#,
        r#"[{"time": 5.0, "at_risk": 3, "events": 1, "mean": 0.3333333333333333, "variance_robust": 0.07407407407407407, "variance_incremental": 0.07407407407407408, "lower": 0.06727839085192228, "upper": 1.651512613547243}, {"time": 6.0, "at_risk": 3, "events": 1, "mean": 0.6666666666666666, "variance_robust": 0.07407407407407407, "variance_incremental": 0.14814814814814817, "lower": 0.29950713035902227, "upper": 1.4839194109057914}, {"time": 10.0, "at_risk": 3, "events": 1, "mean": 1.0, "variance_robust": 0.22222222222222227, "variance_incremental": 0.22222222222222227, "lower": 0.3969535995236826, "upper": 2.519186124524207}, {"time": 12.0, "at_risk": 3, "events": 1, "mean": 1.3333333333333333, "variance_robust": 0.07407407407407418, "variance_incremental": 0.29629629629629634, "lower": 0.8936921623005274, "upper": 1.9892507205181835}, {"time": 13.0, "at_risk": 3, "events": 1, "mean": 1.6666666666666665, "variance_robust": 0.07407407407407418, "variance_incremental": 0.3703703703703704, "lower": 1.2101748403683859, "upper": 2.295352444223846}, {"time": 15.0, "at_risk": 3, "events": 1, "mean": 1.9999999999999998, "variance_robust": 0.22222222222222254, "variance_incremental": 0.4444444444444445, "lower": 1.2600850757368443, "upper": 3.174388838516295}, {"time": 17.0, "at_risk": 3, "events": 1, "mean": 2.333333333333333, "variance_robust": 0.29629629629629695, "variance_incremental": 0.5185185185185186, "lower": 1.4770814933237972, "upper": 3.685947233820594}]"#,
    ),
    run: |input| {
        answer(input, |Input { systems, variance, confidence, side }| {
            recurrence::mean_cumulative_function(&systems, variance, confidence, side)
        })
    },
};

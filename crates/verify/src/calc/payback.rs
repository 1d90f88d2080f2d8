//! `payback`.

use serde::{Deserialize, Serialize};

use super::{Method, answer};
use crate::bound::StatError;
use crate::stats::economics::finance;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    investment: f64,
    benefit: f64,
    #[serde(default)]
    rate: f64,
}

#[derive(Serialize)]
struct Output {
    payback_years: Option<f64>,
    discounted_payback_years: Option<f64>,
}

pub(super) const METHOD: Method = Method {
    name: "payback",
    about: "In how many years a yearly benefit pays an investment back.",
    formula: "simple = I/B; discounted = -ln(1 - r I/B)/ln(1+r)",
    source: "Textbook",
    input: "investment: money\nbenefit: money per year\nrate: share per year, default 0",
    output: "payback_years: years, null for never\ndiscounted_payback_years: years, null for never",
    example: (
        r#"{"investment": 180000, "benefit": 75082.58, "rate": 0.1}"#,
        r#"{"payback_years": 2.3973603464345525, "discounted_payback_years": 2.8757639921520544}"#,
    ),
    run: |input| {
        answer(input, |Input { investment, benefit, rate }| {
            Ok::<_, StatError>(Output {
                payback_years: finance::payback(investment, benefit)?,
                discounted_payback_years: finance::discounted_payback(investment, benefit, rate)?,
            })
        })
    },
};

//! `beta-binomial`.

use serde::Deserialize;

use super::{Method, answer};
use crate::stats::beta_binomial;
use crate::stats::cluster::Shift;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    shifts: Vec<Shift>,
}

pub(super) const METHOD: Method = Method {
    name: "beta-binomial",
    about: "The likeliest spread of the shifts' chances of success.",
    formula: "maximum of sum ln [C(n,s) B(s+alpha, n-s+beta) / B(alpha, beta)]; mean = alpha/(alpha+beta), icc = 1/(alpha+beta+1)",
    source: "Williams, Biometrics 31 (1975); Griffiths, Biometrics 29 (1973)",
    input: "shifts: list of {good: count, units: count}",
    output: "mean: share\nicc: 0 where shifts differ no more than by chance\nalpha: null where icc is 0\nbeta: null where icc is 0\nlog_likelihood: nats",
    example: (
        r#"{"shifts": [{"good": 98, "units": 100}, {"good": 95, "units": 100}, {"good": 99, "units": 100}, {"good": 90, "units": 100}, {"good": 97, "units": 100}, {"good": 100, "units": 100}, {"good": 85, "units": 100}, {"good": 96, "units": 100}]}"#,
        r#"{"mean": 0.9500519881742093, "icc": 0.03942113150549866, "alpha": 23.150016982238046, "beta": 1.2170884713564252, "log_likelihood": -21.531440752133367}"#,
    ),
    run: |input| answer(input, |Input { shifts }| beta_binomial::fit(&shifts)),
};

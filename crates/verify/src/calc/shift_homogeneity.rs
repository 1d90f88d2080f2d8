//! `shift-homogeneity`.

use serde::Deserialize;

use super::{Method, answer};
use crate::stats::cluster::{self, Shift};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    shifts: Vec<Shift>,
}

pub(super) const METHOD: Method = Method {
    name: "shift-homogeneity",
    about: "Whether shifts differ in success by more than chance.",
    formula: "X2 = sum (s - p n)^2 / (n p (1-p)), chi-squared with K-1 degrees of freedom",
    source: "Pearson, Philosophical Magazine 50 (1900)",
    input: "shifts: list of {good: count, units: count}",
    output: "statistic: X2\ndegrees_of_freedom: count\np: probability of a statistic at least as large",
    example: (
        r#"{"shifts": [{"good": 98, "units": 100}, {"good": 95, "units": 100}, {"good": 99, "units": 100}, {"good": 90, "units": 100}, {"good": 97, "units": 100}, {"good": 100, "units": 100}, {"good": 85, "units": 100}, {"good": 96, "units": 100}]}"#,
        r#"{"statistic": 37.894736842105225, "degrees_of_freedom": 7.0, "p": 3.1730367918590173e-6}"#,
    ),
    run: |input| answer(input, |Input { shifts }| cluster::homogeneity(&shifts)),
};

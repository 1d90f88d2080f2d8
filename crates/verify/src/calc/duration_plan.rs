//! `duration-plan`.

use serde::Deserialize;

use super::{Method, answer};
use crate::stats::reliability::demonstration;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    good: f64,
    bad: f64,
    alpha: f64,
    beta: f64,
}

pub(super) const METHOD: Method = Method {
    name: "duration-plan",
    about: "The shortest reliability test of one duration that keeps both risks.",
    formula: "the smallest r with ChiInv(1-beta; 2r)/ChiInv(alpha; 2r) <= good/bad; duration = bad ChiInv(1-beta; 2r)/2; failed at r failures; true risks 1-Pois(r-1; T/good) and Pois(r-1; T/bad)",
    source: "Epstein, Technometrics 2 (1960); the plans of MIL-HDBK-781A and IEC 61124 come from the same search",
    input: "good: mean time between failures that should pass\nbad: mean time between failures that should fail\nalpha: producer's risk, share\nbeta: consumer's risk, share",
    output: "duration: time\nreject_at: count of failures at which the test is failed\nalpha: true producer's risk, share\nbeta: true consumer's risk, share",
    example: (
        r#"{"good": 200, "bad": 100, "alpha": 0.1, "beta": 0.1}"#,
        r#"{"duration": 2012.80118693559, "reject_at": 15, "alpha": 0.08683442890070728, "beta": 0.09999999999999992}"#,
    ),
    run: |input| {
        answer(input, |Input { good, bad, alpha, beta }| {
            demonstration::fixed_duration(good, bad, demonstration::Risks { alpha, beta })
        })
    },
};

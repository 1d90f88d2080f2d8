//! `mixture-e-process`.

use serde::{Deserialize, Serialize};

use super::{Method, answer};
use crate::stats::sequential;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    successes: u64,
    trials: u64,
    share: f64,
    #[serde(default = "half")]
    a: f64,
    #[serde(default = "half")]
    b: f64,
}

#[derive(Serialize)]
struct Output {
    e: Option<f64>,
    ln_e: Option<f64>,
}

fn half() -> f64 {
    0.5
}

pub(super) const METHOD: Method = Method {
    name: "mixture-e-process",
    about: "Evidence at any time against a share of at most this, for trials reset at random. Not for units of shifts.",
    formula: "ln E = ln B(s+a, n-s+b) - ln B(a,b) + ln(1 - I_p(s+a, n-s+b)) - ln(1 - I_p(a,b)) - s ln p - (n-s) ln(1-p); reject at E >= 1/alpha",
    source: "Robbins, Annals of Mathematical Statistics 41 (1970); Howard et al., Annals of Statistics 49 (2021)",
    input: "successes: count\ntrials: count\nshare: p, the share of the hypothesis\na: prior, default 0.5\nb: prior, default 0.5",
    output: "e: null where too large for a number\nln_e: nats, null where e is too small for one",
    example: (
        r#"{"successes": 59, "trials": 59, "share": 0.95}"#,
        r#"{"e": 10.38364167177704, "ln_e": 2.340231651640697}"#,
    ),
    run: |input| {
        answer(input, |Input { successes, trials, share, a, b }| {
            let ln_e = sequential::mixture_ln_e(successes, trials, share, a, b)?;
            let finite = |value: f64| value.is_finite().then_some(value);
            Ok(Output { e: finite(libm::exp(ln_e)), ln_e: finite(ln_e) })
        })
    },
};

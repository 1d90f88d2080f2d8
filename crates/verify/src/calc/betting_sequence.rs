//! `betting-sequence`.

use serde::{Deserialize, Serialize};

use super::{Method, answer};
use crate::bound::{Confidence, Side};
use crate::stats::sequential;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    values: Vec<f64>,
    #[serde(default)]
    confidence: Confidence,
    #[serde(default)]
    side: Side,
    #[serde(default)]
    against: Option<f64>,
}

#[derive(Serialize)]
struct Output {
    lower: Option<f64>,
    upper: Option<f64>,
    capital: Option<Vec<f64>>,
}

pub(super) const METHOD: Method = Method {
    name: "betting-sequence",
    about: "Bounds at any time of the mean of values from 0 to 1, by betting. Not for units of shifts.",
    formula: "K+(m) = prod(1 + min(l, 1/2m)(x-m)), K-(m) = prod(1 - min(l, 1/2(1-m))(x-m)), l = sqrt(2 ln(2/alpha) / (s2 t ln(1+t))); m is out once max(K+,K-)/2 >= 1/alpha; one-sided ln(1/alpha), and once K+ (lower) or K- (upper) >= 1/alpha",
    source: "Waudby-Smith and Ramdas, Journal of the Royal Statistical Society B 86 (2024)",
    input: "values: list of numbers from 0 to 1, in order\nconfidence: share, default 0.95\nside: lower (default), upper or two\nagainst: mean whose capital is shown, optional",
    output: "lower: null where not asked for\nupper: null where not asked for\ncapital: max(K+,K-)/2 after each value, null without against",
    example: (
        r#"{"values": [1, 1, 1, 0, 1, 1, 1, 1, 1, 1], "side": "two", "against": 0.8}"#,
        r#"{"lower": 0.4435570897832362, "upper": 1.0, "capital": [0.5625,0.6328125,0.7119140625,0.35595703125,0.40045166015625,0.4505081176757812,0.5068216323852538,0.5701743364334105,0.6414461284875869,0.7216268945485351]}"#,
    ),
    run: |input| {
        answer(input, |Input { values, confidence, side, against }| {
            let interval = sequential::betting_sequence(&values, confidence, side)?;
            let capital = against.map(|mean| sequential::betting_capital(&values, mean, confidence)).transpose()?;
            Ok(Output { lower: interval.lower, upper: interval.upper, capital })
        })
    },
};

//! `takt-adherence`.

use serde::{Deserialize, Serialize};

use super::{Method, answer};
use crate::bound::StatError;
use crate::stats::rhythm;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    shifts: Vec<Shift>,
    target_s: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shift {
    takt_s: Vec<f64>,
    #[serde(default)]
    trailing_s: f64,
}

#[derive(Serialize)]
struct Output {
    kept: Vec<u64>,
    units: Vec<u64>,
    share: f64,
}

fn all(shifts: &[Shift], target_s: f64) -> Result<Output, StatError> {
    let (mut kept, mut units) = (Vec::with_capacity(shifts.len()), Vec::with_capacity(shifts.len()));
    for shift in shifts {
        let found = rhythm::adherence(&shift.takt_s, shift.trailing_s, target_s)?;
        kept.push(found.kept);
        units.push(found.units);
    }
    // OK: counts beyond 2^53 do not occur, and would lose their last digits only.
    let sum = |counts: &[u64]| counts.iter().map(|&count| count as f64).sum::<f64>();
    let (all_kept, all_units) = (sum(&kept), sum(&units));
    if all_units == 0.0 {
        return Err(StatError::TooFew { what: "units", found: 0, needed: 1 });
    }
    Ok(Output { kept, units, share: all_kept / all_units })
}

pub(super) const METHOD: Method = Method {
    name: "takt-adherence",
    about: "How many units kept the target takt, trailing time counting as missed units.",
    formula: "kept = takts <= target; units = takts + floor(trailing/target)",
    source: "prairie; bound the share with a method for shifts, as `success-bound`",
    input: "shifts: list of {takt_s: seconds, trailing_s: seconds, default 0}\ntarget_s: seconds",
    output: "kept: count per shift\nunits: count per shift\nshare: of all units",
    example: (
        r#"{"shifts": [{"takt_s": [38, 42, 40], "trailing_s": 125}, {"takt_s": [39, 40, 41]}], "target_s": 40}"#,
        r#"{"kept":[2,2],"units":[6,3],"share":0.4444444444444444}"#,
    ),
    run: |input| answer(input, |Input { shifts, target_s }| all(&shifts, target_s)),
};

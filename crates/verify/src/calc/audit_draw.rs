//! `audit-draw`.

use prairie_model::{AuditDraw, DrawKind, Nanos};
use serde::{Deserialize, Serialize};

use super::{Method, answer};
use crate::bound::within;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    kind: DrawKind,
    share: f64,
    seed: String,
    #[serde(default)]
    station: String,
    #[serde(default)]
    names: Vec<String>,
}

#[derive(Serialize)]
struct Output {
    commitment: String,
    drawn: Vec<String>,
}

pub(super) const METHOD: Method = Method {
    name: "audit-draw",
    about: "Shifts or units drawn by lot: the hash to publish beforehand, and what the seed draws.",
    formula: "commitment = SHA-256(prairie/draw-commitment/1, kind, share, seed, a line each); drawn where the first 64 bits of SHA-256(prairie/draw/1, seed, station, name, a line each) / 2^64 < share",
    source: "Prairie; commit and reveal after Blum, Advances in Cryptology 82 (1981)",
    input: "kind: \"shifts\" or \"units\"\nshare: above 0 and at most 1\nseed: text, long and random\nstation: text\nnames: list of texts",
    output: "commitment: SHA-256 in hexadecimal digits\ndrawn: those of the names that are drawn",
    example: (
        r#"{"kind": "shifts", "share": 0.5, "seed": "3 1 6 6 2", "station": "station-1", "names": ["mon", "tue", "wed", "thu"]}"#,
        r#"{"commitment": "776bfb27483581e1146008a3a070152951a5afefd4f9499c8a34c1dfe987ba4c", "drawn": ["wed"]}"#,
    ),
    run: |input| {
        answer(input, |Input { kind, share, seed, station, names }| {
            within("share", share, f64::MIN_POSITIVE..=1.0, "above 0 and at most 1")?;
            let commitment = AuditDraw::commitment_of(kind, share, &seed).to_string();
            let draw = AuditDraw { kind, share, commitment, committed: Nanos(0), seed: Some(seed) };
            let drawn = names.into_iter().filter(|name| draw.takes(&station, name) == Some(true)).collect();
            Ok(Output { commitment: draw.commitment, drawn })
        })
    },
};

//! ## What it does
//!
//! Reports streams of positions on Earth in an episode without a record of redaction (the attribute `redaction`).
//!
//! ## Why it matters
//!
//! A position names the customer, and with its times who worked there and when. It is rarely needed to train, and cannot be
//! taken back.
//!
//! ## Example
//!
//! ```text
//! PRV001 `/gps/fix` holds 1200 positions on Earth, and no redaction is recorded
//! ```

use prairie_model::{Dimension, Severity, StreamKind};

use super::at_end;
use crate::check::{Check, CheckDoc, Context, Family, Settings};
use crate::outcome::Outcome;

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "PRV001",
        name: "place on Earth",
        family: Family::Prv,
        dimension: Dimension::Security,
        severity: Severity::Warning,
        needs: &[],
        summary: "the episode says where on Earth it was",
        limits: &[],
        source: include_str!("prv001_place.rs"),
    },
    start: |settings| at_end(settings, judge),
};

fn judge(_: &Settings, context: &Context<'_>, out: &mut Outcome) {
    let redacted = context.facts.episode.episode.attributes.contains_key("redaction");
    for (_, seen) in context.scene.of_kind(StreamKind::Geo) {
        out.applies();
        if !redacted {
            let positions = super::count(seen.rate.samples, "position");
            let report = out.report().stream(&seen.name);
            report.message(format!("`{}` holds {positions} on Earth, and no redaction is recorded", seen.name));
        }
    }
}

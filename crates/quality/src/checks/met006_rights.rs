//! ## What it does
//!
//! Reports an episode whose owner or licence is unknown.
//!
//! ## Why it matters
//!
//! What nobody has allowed nobody may share. A dataset is only as free as its least clear episode, and to ask afterwards
//! costs more than to write it down.
//!
//! ## Example
//!
//! ```text
//! MET006 the owner and the licence are unknown
//! ```

use prairie_model::{Dimension, Severity};

use super::at_end;
use crate::check::{Check, CheckDoc, Context, Family, Settings};
use crate::outcome::Outcome;

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "MET006",
        name: "owner and licence",
        family: Family::Met,
        dimension: Dimension::Security,
        severity: Severity::Warning,
        needs: &[],
        summary: "nobody says whose it is and what it may be used for",
        limits: &[],
        source: include_str!("met006_rights.rs"),
    },
    start: |settings| at_end(settings, judge),
};

fn judge(_: &Settings, context: &Context<'_>, out: &mut Outcome) {
    let rights = &context.facts.episode.episode.rights;
    let missing = [("owner", &rights.owner), ("licence", &rights.licence)];
    let missing: Vec<_> =
        missing.iter().filter(|(_, value)| value.is_none()).map(|(name, _)| format!("the {name}")).collect();
    if missing.is_empty() {
        out.applies();
    } else {
        let verb = if missing.len() == 1 { "is" } else { "are" };
        let text = format!("{} {verb} unknown", missing.join(" and "));
        out.unknown(text.clone());
        out.report().message(text);
    }
}

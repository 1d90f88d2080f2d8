//! ## What it does
//!
//! Reports an episode with cameras or sound and without a reference to the consent of the people in it. `not-needed` is
//! such a reference, where nobody can be recognised.
//!
//! ## Why it matters
//!
//! A face or a voice is personal data. One person who did not agree can have a whole dataset withdrawn.
//!
//! ## Example
//!
//! ```text
//! MET007 the consent is unknown, and `/camera/head` may show people
//! ```

use prairie_model::{Dimension, Severity, StreamKind};

use super::at_end;
use crate::check::{Check, CheckDoc, Context, Family, Settings};
use crate::outcome::Outcome;

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "MET007",
        name: "consent",
        family: Family::Met,
        dimension: Dimension::Security,
        severity: Severity::Warning,
        needs: &[],
        summary: "people may be seen or heard, and nobody says that they agreed",
        limits: &[],
        source: include_str!("met007_consent.rs"),
    },
    start: |settings| at_end(settings, judge),
};

fn judge(_: &Settings, context: &Context<'_>, out: &mut Outcome) {
    let shows = |kind| matches!(kind, StreamKind::Image | StreamKind::Audio);
    let Some((_, seen)) = context.scene.streams().find(|(_, seen)| shows(seen.kind)) else { return };
    if context.facts.episode.episode.rights.consent.is_some() {
        out.applies();
    } else {
        out.unknown("the consent of the people in it is unknown");
        let verb = if seen.kind == StreamKind::Audio { "hear" } else { "show" };
        out.report()
            .stream(&seen.name)
            .message(format!("the consent is unknown, and `{}` may {verb} people", seen.name));
    }
}

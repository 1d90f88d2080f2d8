//! ## What it does
//!
//! Adds up: messages = mapped + unmapped + undecodable, and for each stream the samples that the episode counts = the
//! samples that the checks saw.
//!
//! ## Why it matters
//!
//! Counts that do not add up mean that something was lost, or counted twice, on the way from bytes to samples. Then no
//! other number about the episode can be trusted. This check watches Prairie itself.
//!
//! ## Example
//!
//! ```text
//! FMT008 18204 messages are not 18100 mapped + 90 unmapped + 10 undecodable = 18200
//! ```

use prairie_model::{Dimension, Severity};

use super::at_end;
use crate::check::{Check, CheckDoc, Context, Family, Settings};
use crate::outcome::Outcome;

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "FMT008",
        name: "tally",
        family: Family::Fmt,
        dimension: Dimension::Consistency,
        severity: Severity::Error,
        needs: &[],
        summary: "counts in and out do not reconcile",
        limits: &[],
        source: include_str!("fmt008_tally.rs"),
    },
    start: |settings| at_end(settings, judge),
};

fn judge(_: &Settings, context: &Context<'_>, out: &mut Outcome) {
    out.applies();
    let tally = context.facts.episode.tally;
    let parts = [tally.mapped, tally.unmapped, tally.undecodable].map(u128::from).iter().sum::<u128>();
    if parts != u128::from(tally.messages) {
        out.report().measured(parts as f64, tally.messages as f64, "messages").message(format!(
            "{} messages are not {} mapped + {} unmapped + {} undecodable = {parts}",
            tally.messages, tally.mapped, tally.unmapped, tally.undecodable
        ));
    }
    for (index, stream) in context.facts.episode.streams.iter().enumerate() {
        let seen = context.scene.streams().find(|(other, _)| usize::try_from(*other) == Ok(index));
        let seen = seen.map_or(0, |(_, seen)| seen.rate.samples);
        if seen != stream.samples && stream.kind.is_some() {
            out.report()
                .stream(&stream.name)
                .measured(seen as f64, stream.samples as f64, "samples")
                .message(format!("`{}` counts {} samples, and {seen} were seen", stream.name, stream.samples));
        }
    }
}

//! ## What it does
//!
//! Reports an episode without a single sample in any stream. An episode in which no stream has two samples is unknown: it is
//! an instant.
//!
//! ## Why it matters
//!
//! Such an episode counts in tables and shows nothing. It usually means that no mapping knows the recording's message types.
//!
//! ## Example
//!
//! ```text
//! FMT011 no stream of the episode has a sample: 18204 messages were read, none could be mapped
//! ```

use prairie_model::{Dimension, Severity};

use super::{at_end, count};
use crate::check::{Check, CheckDoc, Family};

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "FMT011",
        name: "empty",
        family: Family::Fmt,
        dimension: Dimension::Completeness,
        severity: Severity::Error,
        needs: &[],
        summary: "the episode has no sample",
        limits: &[],
        source: include_str!("fmt011_empty.rs"),
    },
    start: |settings| {
        at_end(settings, |_, context, out| {
            out.applies();
            let samples: u64 = context.scene.streams().map(|(_, seen)| seen.rate.samples).sum();
            if samples == 0 {
                let tally = context.facts.episode.tally;
                out.report().message(format!(
                    "no stream of the episode has a sample: {} read, {} mapped",
                    count(tally.messages, "message"),
                    tally.mapped
                ));
            } else if context.scene.streams().all(|(_, seen)| seen.rate.samples < 2) {
                out.unknown(
                    "no stream has two samples: the episode is an instant, of which nothing can be judged over time",
                );
            }
        })
    },
};

//! ## What it does
//!
//! Counts messages whose bytes do not fit their schema. Above `undecodable_share_max` of the episode's messages this is an
//! error, below a warning.
//!
//! ## Why it matters
//!
//! Such messages are lost from their streams. Many of them mean that the schema is not the one they were written with, and
//! then those that do fit are suspect as well.
//!
//! ## Example
//!
//! ```text
//! FMT006 312 of 18204 messages do not fit their schema (1.7 %, limit 2.0 %)
//! ```

use prairie_model::{Dimension, NoteKind, Severity};

use super::{at_end, report_notes};
use crate::check::{Check, CheckDoc, Context, Family, Limit, Settings};
use crate::outcome::Outcome;

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "FMT006",
        name: "undecodable messages",
        family: Family::Fmt,
        dimension: Dimension::Completeness,
        severity: Severity::Error,
        needs: &[],
        summary: "messages do not fit their schema",
        limits: &[Limit {
            key: "undecodable_share_max",
            default: 0.02,
            unit: "",
            meaning: "share of the messages that may not fit their schema",
        }],
        source: include_str!("fmt006_undecodable.rs"),
    },
    start: |settings| at_end(settings, judge),
};

fn judge(settings: &Settings, context: &Context<'_>, out: &mut Outcome) {
    out.applies();
    let tally = context.facts.episode.tally;
    let limit = settings.limit("undecodable_share_max");
    let share = tally.undecodable as f64 / tally.messages.max(1) as f64;
    let severity = if share > limit { Severity::Error } else { Severity::Warning };
    report_notes(context, &[NoteKind::Undecodable], out, |_| severity);
    if tally.undecodable > 0 {
        out.report().at_most(severity).measured(share, limit, "").message(format!(
            "{} of {} messages do not fit their schema ({:.1} %, limit {:.1} %)",
            tally.undecodable,
            tally.messages,
            share * 100.0,
            limit * 100.0
        ));
    }
}

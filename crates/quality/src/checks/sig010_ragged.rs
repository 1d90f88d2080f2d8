//! ## What it does
//!
//! Counts samples whose list is longer or shorter than the stream's names say. Above `ragged_share_max` this is an error,
//! below a warning. The values of such samples are unknown.
//!
//! ## Why it matters
//!
//! When a vector changes its length nobody can say which number belongs to which joint. A driver that leaves out a joint
//! which does not answer shifts all that come after it.
//!
//! ## Example
//!
//! ```text
//! SIG010 14 of 5000 samples of `/joint_states` have another number of values than the 7 named (0.3 %, limit 1.0 %)
//! ```

use std::collections::BTreeMap;

use prairie_model::{Dimension, NoteKind, Severity};

use super::report_notes;
use crate::check::{BatchView, Check, CheckDoc, Context, Family, Limit, Run, Settings};
use crate::outcome::Outcome;

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "SIG010",
        name: "ragged",
        family: Family::Sig,
        dimension: Dimension::Consistency,
        severity: Severity::Error,
        needs: &[],
        summary: "a vector changes its length",
        limits: &[Limit {
            key: "ragged_share_max",
            default: 0.01,
            unit: "",
            meaning: "share of the samples that may be ragged before it is an error",
        }],
        source: include_str!("sig010_ragged.rs"),
    },
    start: |settings| Box::new(Ragged { settings: settings.clone(), streams: BTreeMap::new() }),
};

#[derive(Default)]
struct Rows {
    name: String,
    width: usize,
    rows: u64,
    ragged: u64,
    span: Option<(i64, i64)>,
}

struct Ragged {
    settings: Settings,
    streams: BTreeMap<(u32, &'static str), Rows>,
}

impl Run for Ragged {
    fn batch(&mut self, view: &BatchView<'_>) {
        for series in view.series.iter().filter(|series| series.columns.is_empty()) {
            let rows = self.streams.entry((view.index, series.name)).or_default();
            if rows.name.is_empty() {
                rows.name.clone_from(&view.stream.name);
                rows.width = series.width;
            }
            rows.rows += view.t_ns.len() as u64;
            // A stream without names shows its width in each batch anew: another one is as ragged as a row.
            let ragged = if series.width == rows.width { series.ragged } else { view.t_ns.len() };
            rows.ragged += ragged as u64;
            if let (Some(&first), Some(&last), true) = (view.t_ns.first(), view.t_ns.last(), ragged > 0) {
                let (from, to) = rows.span.unwrap_or((first, last));
                rows.span = Some((from.min(first), to.max(last)));
            }
        }
    }

    fn finish(self: Box<Self>, context: &Context<'_>, out: &mut Outcome) {
        report_notes(context, &[NoteKind::Ragged], out, |_| Severity::Warning);
        let limit = self.settings.limit("ragged_share_max");
        for rows in self.streams.values() {
            out.applies();
            let share = rows.ragged as f64 / rows.rows.max(1) as f64;
            let Some((from, to)) = rows.span else { continue };
            let report = out.report().stream(&rows.name).span(from, to).measured(share, limit, "");
            let report = if share > limit { report } else { report.at_most(Severity::Warning) };
            report.message(format!(
                "{} of {} samples of `{}` have another number of values than {} ({:.1} %, limit {:.1} %)",
                rows.ragged,
                rows.rows,
                rows.name,
                rows.width,
                share * 100.0,
                limit * 100.0
            ));
        }
    }
}

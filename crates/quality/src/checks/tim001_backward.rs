//! ## What it does
//!
//! Counts samples whose time lies before that of an earlier sample of the same stream. Where a clock was set back, these are all
//! samples until it has caught up. Texts of many publishers come in any order: of them it is only remarked.
//!
//! ## Why it matters
//!
//! Whatever differentiates, interpolates or aligns by time gets wrong numbers where time runs backwards, mostly without
//! noticing. The cause is a clock that was set during the recording, or two publishers on one topic.
//!
//! ## Example
//!
//! ```text
//! TIM001 3 of 5000 samples of `/joint_states` lie before an earlier one, the first by 0.2500 s
//!   --> run-0412.mcap, episode 7, 12.30-12.05 s
//! ```

use prairie_model::{Dimension, Severity, StreamKind};

use super::at_end;
use crate::check::{Check, CheckDoc, Family, Limit};

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "TIM001",
        name: "backward",
        family: Family::Tim,
        dimension: Dimension::Consistency,
        severity: Severity::Error,
        needs: &[],
        summary: "times of a stream run backwards",
        limits: &[Limit {
            key: "backward_share_max",
            default: 0.001,
            unit: "",
            meaning: "share of samples that may lie before an earlier one before it is an error instead of a warning",
        }],
        source: include_str!("tim001_backward.rs"),
    },
    start: |settings| {
        at_end(settings, |settings, context, out| {
            let limit = settings.limit("backward_share_max");
            for (_, seen) in context.scene.streams() {
                out.applies();
                let rate = &seen.rate;
                let Some(&(from, to)) = rate.behind_at.first() else { continue };
                let share = rate.behind as f64 / rate.samples as f64;
                let report = out.report().stream(&seen.name).span(from, to).measured(share, limit, "");
                // Texts come from many publishers, whose order on the way to the recorder is nobody's promise.
                let report = if seen.kind == StreamKind::Event { report.at_most(Severity::Info) } else { report };
                let report = if share > limit { report } else { report.at_most(Severity::Warning) };
                report.message(format!(
                    "{} of {} samples of `{}` lie before an earlier one, the first by {:.4} s",
                    rate.behind,
                    rate.samples,
                    seen.name,
                    from.abs_diff(to) as f64 / 1e9
                ));
            }
        })
    },
};

//! ## What it does
//!
//! Counts samples that have the same time as the sample before them in the same stream.
//!
//! ## Why it matters
//!
//! Two values at one instant cannot both be true: speeds become infinite and alignment picks one at random. The cause is a
//! stamp that is not renewed for each sample, or a coarse clock.
//!
//! ## Example
//!
//! ```text
//! TIM002 `/wrench` repeats its time in 512 of 10000 samples (5.1 %, limit 1.0 %)
//! ```

use prairie_model::{Dimension, Severity, StreamKind};

use super::at_end;
use crate::check::{Check, CheckDoc, Family, Limit};

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "TIM002",
        name: "repeated time",
        family: Family::Tim,
        dimension: Dimension::Consistency,
        severity: Severity::Error,
        needs: &[],
        summary: "samples of a stream share one time",
        limits: &[Limit {
            key: "repeated_share_max",
            default: 0.01,
            unit: "",
            meaning: "share of samples that may repeat a time before it is an error instead of a warning",
        }],
        source: include_str!("tim002_repeated.rs"),
    },
    start: |settings| {
        at_end(settings, |settings, context, out| {
            let limit = settings.limit("repeated_share_max");
            // Events may well happen at once.
            for (_, seen) in context.scene.streams().filter(|(_, seen)| seen.kind != StreamKind::Event) {
                out.applies();
                let rate = &seen.rate;
                let Some(&at) = rate.repeated_at.first() else { continue };
                let share = rate.repeated as f64 / rate.samples as f64;
                let report = out.report().stream(&seen.name).span(at, at).measured(share, limit, "");
                let report = if share > limit { report } else { report.at_most(Severity::Warning) };
                report.message(format!(
                    "`{}` repeats its time in {} of {} samples ({:.1} %, limit {:.1} %)",
                    seen.name,
                    rate.repeated,
                    rate.samples,
                    share * 100.0,
                    limit * 100.0
                ));
            }
        })
    },
};

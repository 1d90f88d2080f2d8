//! ## What it does
//!
//! Divides the standard deviation of a stream's intervals by their mean. Gaps (more than five usual intervals) are left out:
//! they have their own check.
//!
//! ## Why it matters
//!
//! A controller that ticks unevenly was overloaded while it recorded, and learned speeds depend on the load of a computer. Rows
//! that are re-timed to an even grid later are shifted by up to the jitter.
//!
//! ## Example
//!
//! ```text
//! TIM004 the intervals of `/joint_states` vary by 41 % of their mean of 0.0020 s (limit 30 %)
//! ```

use prairie_model::{Dimension, Severity};

use super::at_end;
use crate::check::{Check, CheckDoc, Family, Limit};

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "TIM004",
        name: "jitter",
        family: Family::Tim,
        dimension: Dimension::Consistency,
        severity: Severity::Warning,
        needs: &[],
        summary: "the intervals of a stream vary too much",
        limits: &[Limit {
            key: "jitter_max",
            default: 0.3,
            unit: "",
            meaning: "standard deviation of the intervals over their mean",
        }],
        source: include_str!("tim004_jitter.rs"),
    },
    start: |settings| {
        at_end(settings, |settings, context, out| {
            let limit = settings.limit("jitter_max");
            for (_, seen) in context.scene.streams().filter(|(_, seen)| seen.is_periodic()) {
                let Some(usual_s) = seen.rate.median_s() else { continue };
                let Some(jitter) = seen.rate.jitter(usual_s * 5.0) else { continue };
                out.applies();
                if jitter > limit {
                    out.report().stream(&seen.name).measured(jitter, limit, "").message(format!(
                        "the intervals of `{}` vary by {:.0} % of their mean of {usual_s:.4} s (limit {:.0} %)",
                        seen.name,
                        jitter * 100.0,
                        limit * 100.0
                    ));
                }
            }
        })
    },
};

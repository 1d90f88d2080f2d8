//! ## What it does
//!
//! Counts the samples that are missing against the stream's nominal interval Δt₀ (what the source declares, else the median):
//! Σ(round(Δt / Δt₀) − 1), as a share of all that should be there. Streams whose intervals follow no rhythm are left alone.
//!
//! ## Why it matters
//!
//! Every dropped frame is a moment that training never sees, and drops come when the robot's computer is busiest: in contact, in
//! motion. A frame completeness of at least 98 % is what buyers of such data ask for.
//!
//! ## Example
//!
//! ```text
//! TIM005 `/camera/wrist` lacks 31 of 900 samples (3.4 %, limit 2.0 %)
//! ```

use prairie_model::{Dimension, Severity};

use super::at_end;
use crate::check::{Check, CheckDoc, Family, Limit};

/// A stream has a rhythm if this share of its intervals lies within a quarter of the median.
const REGULAR_SHARE_MIN: f64 = 0.5;

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "TIM005",
        name: "dropped samples",
        family: Family::Tim,
        dimension: Dimension::Completeness,
        severity: Severity::Error,
        needs: &[],
        summary: "samples of a stream are missing",
        limits: &[Limit {
            key: "dropped_share_max",
            default: 0.02,
            unit: "",
            meaning: "share of the samples that may be missing",
        }],
        source: include_str!("tim005_dropped.rs"),
    },
    start: |settings| {
        at_end(settings, |settings, context, out| {
            let limit = settings.limit("dropped_share_max");
            for (_, seen) in context.scene.streams().filter(|(_, seen)| seen.is_periodic()) {
                let (Some(regular), Some(median_s)) = (seen.rate.regular_share(), seen.rate.median_s()) else {
                    continue;
                };
                if regular < REGULAR_SHARE_MIN {
                    continue;
                }
                out.applies();
                // A declared rate that the stream never had is another check's finding (TIM006): count against what it did.
                let declared = seen.period_s().filter(|period| (period / median_s - 1.0).abs() < 0.25);
                let dropped = seen.rate.dropped(declared.unwrap_or(median_s));
                let expected = seen.rate.samples as f64 + dropped;
                let share = dropped / expected;
                if share > limit {
                    out.report().stream(&seen.name).measured(share, limit, "").message(format!(
                        "`{}` lacks {dropped} of {expected} samples ({:.1} %, limit {:.1} %)",
                        seen.name,
                        share * 100.0,
                        limit * 100.0
                    ));
                }
            }
        })
    },
};

//! ## What it does
//!
//! Compares the lowest tenth of a tactile sensor's mean level in the first tenth of the episode with that in the last
//! tenth. A difference of more than `drift_share_max` of the whole range is reported.
//!
//! ## Why it matters
//!
//! Elastomer creeps and warms up. Without a re-zero the same touch reads differently at the end than at the beginning, and
//! a threshold that was right becomes wrong.
//!
//! ## Example
//!
//! ```text
//! CON003 the level at rest of `/tactile` drifts by 0.31 of its range over the episode (limit 0.15)
//! ```

use prairie_model::{Dimension, Severity, StreamKind};

use super::at_end;
use crate::check::{Check, CheckDoc, Context, Family, Limit, Settings};
use crate::outcome::Outcome;

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "CON003",
        name: "tactile drift",
        family: Family::Con,
        dimension: Dimension::Usability,
        severity: Severity::Warning,
        needs: &[],
        summary: "a tactile sensor does not come back to its level",
        limits: &[Limit {
            key: "drift_share_max",
            default: 0.15,
            unit: "",
            meaning: "drift of the level at rest, as a share of the whole range",
        }],
        source: include_str!("con003_drift.rs"),
    },
    start: |settings| at_end(settings, judge),
};

/// Fewer rows show no level at rest.
const ROWS_MIN: usize = 100;

fn judge(settings: &Settings, context: &Context<'_>, out: &mut Outcome) {
    let limit = settings.limit("drift_share_max");
    for (_, seen, track) in context.scene.tracks(StreamKind::Tactile).filter(|(_, _, track)| track.len() >= ROWS_MIN) {
        out.applies();
        let levels: Vec<f64> = track.rows().map(|(_, row)| row.iter().sum::<f64>() / row.len().max(1) as f64).collect();
        let tenth = levels.len() / 10;
        let (Some(first), Some(last)) = (at_rest(&levels[..tenth]), at_rest(&levels[levels.len() - tenth..])) else {
            continue;
        };
        let (mut sorted, n) = (levels.clone(), levels.len());
        sorted.sort_unstable_by(f64::total_cmp);
        // OK to index: there are at least a hundred.
        let range = sorted[n - 1 - n / 100] - sorted[n / 100];
        let drift = (last - first).abs() / range;
        if drift > limit && drift.is_finite() {
            out.report().stream(&seen.name).measured(drift, limit, "").message(format!(
                "the level at rest of `{}` drifts by {drift:.2} of its range over the episode (limit {limit:.2})",
                seen.name
            ));
        }
    }
}

/// The lowest tenth of some levels.
fn at_rest(levels: &[f64]) -> Option<f64> {
    let mut sorted: Vec<f64> = levels.iter().copied().filter(|level| level.is_finite()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.get(sorted.len() / 10).copied()
}

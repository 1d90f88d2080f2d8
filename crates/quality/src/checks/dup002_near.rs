//! ## What it does
//!
//! Resamples the motion of all joints to 64 points, normalises each joint to mean zero and standard deviation one, and
//! computes the root mean square distance to episodes of about the same duration that were there before it, in other recordings
//! and in its own. Below `distance_min` it is reported. Digests hold a random projection of the motion to 8 channels, so
//! distances are right to about a tenth. Motions of fewer than 16 samples, or shorter than `duration_min_s`, have too little
//! shape to be told apart, and are not compared. Without a store, it is as for DUP001.
//!
//! ## Why it matters
//!
//! The same attempt in another format, with other stamps or at another rate, has other bytes and the same content. A robot
//! that replays a program makes hundreds of such episodes: they cost like new ones and teach nothing new.
//!
//! ## Example
//!
//! ```text
//! DUP002 its motion is 0.012 standard deviations from that of episode `3f2a...` (limit 0.050)
//! ```

use prairie_model::{Dimension, Severity};

use super::at_end;
use crate::check::{Check, CheckDoc, Context, Family, Limit, Need, Settings};
use crate::outcome::Outcome;
use crate::sameness::SamenessDigest;

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "DUP002",
        name: "near duplicate",
        family: Family::Dup,
        dimension: Dimension::Authenticity,
        severity: Severity::Warning,
        needs: &[Need::History],
        summary: "an episode with almost the same motion is there already",
        limits: &[
            Limit {
                key: "distance_min",
                default: 0.05,
                unit: "σ",
                meaning: "distance below which two motions are the same",
            },
            Limit {
                key: "duration_share_max",
                default: 0.05,
                unit: "",
                meaning: "difference of the durations, as a share",
            },
            Limit {
                key: "duration_min_s",
                default: 1.0,
                unit: "s",
                meaning: "duration below which motions are not compared",
            },
        ],
        source: include_str!("dup002_near.rs"),
    },
    start: |settings| at_end(settings, judge),
};

fn judge(settings: &Settings, context: &Context<'_>, out: &mut Outcome) {
    let history = context.facts.history;
    let digest = SamenessDigest::of(context.scene);
    if digest.is_empty() || digest.duration_s < settings.limit("duration_min_s") {
        return;
    }
    if !history.known {
        out.unknown("nobody looked at earlier episodes");
    } else {
        out.applies();
    }
    let (limit, share_max) = (settings.limit("distance_min"), settings.limit("duration_share_max"));
    let near = history.digests.iter().filter_map(|(episode, other)| {
        let share = (other.duration_s - digest.duration_s).abs() / digest.duration_s.max(1e-9);
        let distance = digest.distance(other).filter(|_| share <= share_max)?;
        (distance < limit).then_some((distance, episode))
    });
    if let Some((distance, episode)) = near.min_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(other.1))) {
        out.report().measured(distance, limit, "σ").message(format!(
            "its motion is {distance:.3} standard deviations from that of episode `{episode}` (limit {limit:.3})"
        ));
    }
}

//! ## What it does
//!
//! Counts how often a gripper (or a command for one) goes from below a third to above two thirds of its own range, or back.
//! More than `toggles_max` such toggles within `window_s` are reported.
//!
//! ## Why it matters
//!
//! No hand grasps five times a second: it is a trigger that bounces, or a policy that dithers. Each toggle looks like a
//! grasp to whatever cuts the episode into skills.
//!
//! ## Example
//!
//! ```text
//! ACT005 `/gripper` toggles 5 times within 0.50 s (limit 2)
//!   --> run-0412.mcap, episode 7, 6.20-6.61 s
//! ```

use prairie_model::{Dimension, Severity, StreamKind};

use super::at_end;
use crate::check::{Check, CheckDoc, Context, Family, Limit, Settings};
use crate::outcome::Outcome;
use crate::track::Track;

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "ACT005",
        name: "gripper chatter",
        family: Family::Act,
        dimension: Dimension::Usability,
        severity: Severity::Warning,
        needs: &[],
        summary: "a gripper opens and closes in quick succession",
        limits: &[
            Limit { key: "toggles_max", default: 2.0, unit: "toggles", meaning: "toggles within the window" },
            Limit { key: "window_s", default: 0.5, unit: "s", meaning: "length of the window" },
        ],
        source: include_str!("act005_chatter.rs"),
    },
    start: |settings| at_end(settings, judge),
};

/// A range below this, in whatever unit, is a gripper at rest.
const RANGE_MIN: f64 = 0.002;

fn judge(settings: &Settings, context: &Context<'_>, out: &mut Outcome) {
    let (limit, window_s) = (settings.limit("toggles_max"), settings.limit("window_s"));
    for (_, seen, track) in context.scene.tracks(StreamKind::Gripper).chain(context.scene.tracks(StreamKind::Action)) {
        for at in 0..track.width {
            let name = track.names.get(at).map_or("", String::as_str);
            let watched = match seen.kind {
                StreamKind::Gripper => matches!(name, "position" | "raw_position"),
                _ => name.to_lowercase().contains("gripper"),
            };
            let Some(toggles) = watched.then(|| toggles(track, at)).flatten() else { continue };
            out.applies();
            let busiest = busiest(&toggles, window_s);
            let Some((n, from, to)) = busiest.filter(|(n, _, _)| *n as f64 > limit) else { continue };
            out.report()
                .stream(&seen.name)
                .span(from, to)
                .measured(n as f64, limit, "toggles")
                .message(format!("`{}` toggles {n} times within {window_s:.2} s (limit {limit})", seen.name));
            break;
        }
    }
}

/// When a column crosses from one end of its range to the other; `None` where it has no range.
fn toggles(track: &Track, at: usize) -> Option<Vec<i64>> {
    let (least, greatest) = *track.ranges(0..track.len()).get(at)?;
    let range = greatest - least;
    if !(range > RANGE_MIN && range.is_finite()) {
        return None;
    }
    let (low, high) = (least + range / 3.0, greatest - range / 3.0);
    let mut toggles = Vec::new();
    let mut was_high = None;
    for (t, row) in track.rows() {
        let is_high = match row[at] {
            value if value <= low => false,
            value if value >= high => true,
            _ => continue,
        };
        if was_high.replace(is_high).is_some_and(|was| was != is_high) {
            toggles.push(t);
        }
    }
    Some(toggles)
}

/// The most toggles in any window, and between which times.
fn busiest(toggles: &[i64], window_s: f64) -> Option<(usize, i64, i64)> {
    let mut best: Option<(usize, i64, i64)> = None;
    let mut from = 0;
    for (to, &t) in toggles.iter().enumerate() {
        while from < to && t.abs_diff(toggles[from]) as f64 / 1e9 > window_s {
            from += 1;
        }
        let n = to - from + 1;
        if best.is_none_or(|best| n > best.0) {
            best = Some((n, toggles[from], t));
        }
    }
    best
}

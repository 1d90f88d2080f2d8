//! ## What it does
//!
//! Computes speed and acceleration of poses that, by their names, are a tool's (`tcp`, `eef`, `tool`, `gripper`, `wrist`,
//! `hand`), over steps of at least 50 ms. Reports the 99th percentile of the speed above `speed_max_mps`, the mean above
//! `mean_speed_max_mps`, and the 99th percentile of the acceleration above `acceleration_max_mps2`.
//!
//! ## Why it matters
//!
//! Nearly half of the trajectories that a large humanoid set had to throw away were too fast. What a person did in haste a
//! policy repeats in haste, with less control.
//!
//! ## Example
//!
//! ```text
//! SIG011 `/tool_pose` moves at up to 0.912 m/s (99th percentile, limit 0.500 m/s)
//! ```

use prairie_model::{Dimension, Severity, StreamKind};

use super::at_end;
use crate::check::{Check, CheckDoc, Context, Family, Limit, Settings};
use crate::outcome::Outcome;
use crate::scene::StreamScene;
use crate::track::Track;

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "SIG011",
        name: "tool speed",
        family: Family::Sig,
        dimension: Dimension::Practicality,
        severity: Severity::Warning,
        needs: &[],
        summary: "the tool moves faster than fine work allows",
        limits: &[
            Limit { key: "speed_max_mps", default: 0.5, unit: "m/s", meaning: "99th percentile of the speed" },
            Limit { key: "mean_speed_max_mps", default: 0.3, unit: "m/s", meaning: "mean speed" },
            Limit {
                key: "acceleration_max_mps2",
                default: 12.0,
                unit: "m/s²",
                meaning: "99th percentile of the acceleration",
            },
        ],
        source: include_str!("sig011_speed.rs"),
    },
    start: |settings| at_end(settings, judge),
};

/// Differences over shorter times are mostly noise.
const STEP_NS: u64 = 50_000_000;

/// Steps longer than this are gaps.
const STEP_MAX_S: f64 = 0.25;

fn is_tool(seen: &StreamScene) -> bool {
    let child = seen.stream.child_frame.as_deref().unwrap_or_default();
    let names = [seen.name.to_lowercase(), child.to_lowercase()];
    let marks = ["tcp", "eef", "end_effector", "endeffector", "ee_pose", "tool", "gripper", "wrist", "hand", "flange"];
    names.iter().any(|name| marks.iter().any(|mark| name.contains(mark)))
}

fn judge(settings: &Settings, context: &Context<'_>, out: &mut Outcome) {
    for (_, seen, track) in context.scene.tracks(StreamKind::Pose).filter(|(_, seen, _)| is_tool(seen)) {
        let (mut speeds, mut accelerations) = course(track);
        if speeds.is_empty() {
            continue;
        }
        out.applies();
        let mean = speeds.iter().sum::<f64>() / speeds.len() as f64;
        let found = [
            (percentile(&mut speeds), "speed_max_mps", "m/s", "moves at up to", "99th percentile"),
            (Some(mean), "mean_speed_max_mps", "m/s", "moves at", "mean"),
            (
                percentile(&mut accelerations),
                "acceleration_max_mps2",
                "m/s²",
                "accelerates by up to",
                "99th percentile",
            ),
        ];
        for (value, key, unit, verb, what) in found {
            let limit = settings.limit(key);
            if let Some(value) = value.filter(|value| *value > limit) {
                out.report()
                    .stream(&seen.name)
                    .measured(value, limit, unit)
                    .message(format!("`{}` {verb} {value:.3} {unit} ({what}, limit {limit:.3} {unit})", seen.name));
            }
        }
    }
}

/// Speeds and accelerations between rows at least a step apart.
fn course(track: &Track) -> (Vec<f64>, Vec<f64>) {
    let (mut speeds, mut accelerations) = (Vec::new(), Vec::new());
    let mut before: Option<(i64, [f64; 3])> = None;
    let mut velocity: Option<[f64; 3]> = None;
    for (t, row) in track.rows() {
        let now = [row[0], row[1], row[2]];
        let Some((then, place)) = before else {
            before = Some((t, now));
            continue;
        };
        if t.abs_diff(then) < STEP_NS {
            continue;
        }
        before = Some((t, now));
        let seconds = t.abs_diff(then) as f64 / 1e9;
        let next = [0, 1, 2].map(|axis| (now[axis] - place[axis]) / seconds);
        if seconds > STEP_MAX_S || next.iter().any(|v| !v.is_finite()) {
            velocity = None;
            continue;
        }
        let length = |v: [f64; 3]| libm::sqrt(v.iter().map(|c| c * c).sum::<f64>());
        speeds.push(length(next));
        if let Some(last) = velocity {
            accelerations.push(length([0, 1, 2].map(|axis| (next[axis] - last[axis]) / seconds)));
        }
        velocity = Some(next);
    }
    (speeds, accelerations)
}

/// The 99th percentile, nearest rank.
fn percentile(values: &mut [f64]) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    values.get((values.len() * 99).div_ceil(100).saturating_sub(1)).copied()
}

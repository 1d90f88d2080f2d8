//! ## What it does
//!
//! Over steps of 100 ms, computes the share in which a command does nothing: a delta or a velocity whose numbers are all
//! below `still_max`, or a position that is the one before.
//!
//! ## Why it matters
//!
//! Cloned policies copy the share of standing still: with too many no-ops they learn to wait, and never begin.
//!
//! ## Example
//!
//! ```text
//! ACT003 72 % of the steps of `/command` command nothing (limit 50 %)
//! ```

use prairie_model::{Dimension, Severity, StreamKind};

use super::at_end;
use crate::check::{Check, CheckDoc, Context, Family, Limit, Settings};
use crate::outcome::Outcome;

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "ACT003",
        name: "no-op share",
        family: Family::Act,
        dimension: Dimension::Practicality,
        severity: Severity::Warning,
        needs: &[],
        summary: "most commands say nothing new",
        limits: &[
            Limit {
                key: "noop_share_max",
                default: 0.5,
                unit: "",
                meaning: "share of the steps that may command nothing",
            },
            Limit {
                key: "still_max",
                default: 0.0001,
                unit: "",
                meaning: "greatest number of a delta or velocity that commands nothing",
            },
        ],
        source: include_str!("act003_noop.rs"),
    },
    start: |settings| at_end(settings, judge),
};

const STEP_NS: u64 = 100_000_000;

fn judge(settings: &Settings, context: &Context<'_>, out: &mut Outcome) {
    let (limit, still) = (settings.limit("noop_share_max"), settings.limit("still_max"));
    for (_, seen, track) in context.scene.tracks(StreamKind::Action) {
        let relative = matches!(seen.stream.representation.as_deref(), Some("delta" | "velocity"));
        let (mut steps, mut noops) = (0_u64, 0_u64);
        let mut before: Option<(i64, &[f64])> = None;
        for (t, row) in track.rows() {
            match before {
                Some((then, _)) if t.abs_diff(then) < STEP_NS => continue,
                Some((_, last)) => {
                    steps += 1;
                    let same = row.iter().zip(last).all(|(one, other)| one.to_bits() == other.to_bits());
                    let zero = relative && row.iter().all(|value| value.abs() <= still);
                    noops += u64::from(if relative { zero } else { same });
                }
                None => {}
            }
            before = Some((t, row));
        }
        if steps < 10 {
            continue;
        }
        out.applies();
        let share = noops as f64 / steps as f64;
        if share > limit {
            out.report().stream(&seen.name).measured(share, limit, "").message(format!(
                "{:.0} % of the steps of `{}` command nothing (limit {:.0} %)",
                share * 100.0,
                seen.name,
                limit * 100.0
            ));
        }
    }
}

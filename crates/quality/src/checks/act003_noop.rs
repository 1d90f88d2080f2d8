//! ## What it does
//!
//! Over steps of 100 ms, computes the share in which no stream of commands does anything: a delta or a velocity whose numbers
//! are all below `still_max`, or a position that is the one before. A gripper that holds while the arm moves is not idle.
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

use std::collections::BTreeMap;

use prairie_model::{Dimension, Severity, StreamKind};

use super::at_end;
use crate::check::{Check, CheckDoc, Context, Family, Limit, Settings};
use crate::outcome::Outcome;
use crate::track::Track;

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

const STEP_NS: i64 = 100_000_000;

/// What one stream of commands does over steps of 100 ms: per step, whether it commands nothing.
fn noops(track: &Track, relative: bool, still: f64) -> BTreeMap<i64, bool> {
    let mut steps = BTreeMap::new();
    let mut before: Option<(i64, &[f64])> = None;
    for (t, row) in track.rows() {
        let step = t.div_euclid(STEP_NS);
        match before {
            Some((then, _)) if then == step => continue,
            Some((_, last)) => {
                let same = row.iter().zip(last).all(|(one, other)| one.to_bits() == other.to_bits());
                let zero = relative && row.iter().all(|value| value.abs() <= still);
                steps.insert(step, if relative { zero } else { same });
            }
            None => {}
        }
        before = Some((step, row));
    }
    steps
}

fn judge(settings: &Settings, context: &Context<'_>, out: &mut Outcome) {
    let (limit, still) = (settings.limit("noop_share_max"), settings.limit("still_max"));
    // A gripper that is told to stay closed while the arm is told to move is no idle robot: all commands count together.
    let mut all: BTreeMap<i64, bool> = BTreeMap::new();
    let mut names = Vec::new();
    for (_, seen, track) in context.scene.tracks(StreamKind::Action) {
        let relative = matches!(seen.stream.representation.as_deref(), Some("delta" | "velocity"));
        names.push(seen.name.as_str());
        for (step, noop) in noops(track, relative, still) {
            all.entry(step).and_modify(|idle| *idle &= noop).or_insert(noop);
        }
    }
    if all.len() < 10 {
        return;
    }
    out.applies();
    let share = all.values().filter(|noop| **noop).count() as f64 / all.len() as f64;
    if share > limit {
        let report = out.report();
        let (report, whose) = match names[..] {
            [name] => (report.stream(name), format!("`{name}`")),
            _ => (report, format!("all {} streams of commands", names.len())),
        };
        report.measured(share, limit, "").message(format!(
            "{:.0} % of the steps of {whose} command nothing (limit {:.0} %)",
            share * 100.0,
            limit * 100.0
        ));
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::findings;

    #[test]
    fn a_gripper_that_holds_while_the_arm_moves_is_not_idle() {
        let stream = |name: &str, value: &str| {
            format!(
                r#"{{"name": "{name}", "kind": "action", "stream": {{"representation": "absolute"}},
                "t": {{"rate_hz": 50, "n": 400}}, "columns": {{"value": [{value}]}}}}"#
            )
        };
        let gripper = stream("/gripper/command", "0.03");
        let arm = stream("/arm/command", r#"{"sine": {"amp": 0.5, "hz": 0.25}}"#);
        assert_eq!(findings("ACT003", &format!("{gripper}, {arm}")), []);
        let found = findings("ACT003", &format!("{gripper}, {}", stream("/arm/command", "0.5")));
        assert_eq!((found.len(), found[0].stream.as_deref(), found[0].measured), (1, None, Some(1.0)));
        let alone = findings("ACT003", &gripper);
        assert_eq!(alone[0].stream.as_deref(), Some("/gripper/command"));
    }
}

//! ## What it does
//!
//! Finds when the robot begins to move and when it comes to rest for good, over joints, poses, grippers, speeds and
//! gyroscopes that cover at least 80 % of the episode. More than `idle_max_s` at either end is a warning; if the idle ends are more than `idle_share_max` of the
//! episode it is an error that trimming them would cure (`trim_idle:FROM:TO`: what to keep, in nanoseconds from the start, with
//! half a second of rest at either end). A robot with joints or commands that never moves is an error that nothing cures.
//!
//! ## Why it matters
//!
//! What is recorded before the operator begins and after they are done is not the task. Idle ends teach a policy to wait,
//! and inflate the hours that a set is said to have.
//!
//! ## Example
//!
//! ```text
//! ACT004 the robot is idle for the first 3.10 s and the last 9.40 s: 42 % of the episode (limit 30 %)
//! ```

use prairie_model::{Dimension, Severity, StreamKind};

use super::at_end;
use crate::check::{Check, CheckDoc, Context, Family, Limit, Settings};
use crate::outcome::Outcome;
use crate::track::Track;

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "ACT004",
        name: "idle ends",
        family: Family::Act,
        dimension: Dimension::Usability,
        severity: Severity::Error,
        needs: &[],
        summary: "the robot is idle at the beginning or the end",
        limits: &[
            Limit { key: "idle_max_s", default: 2.0, unit: "s", meaning: "how long either end may be idle" },
            Limit {
                key: "idle_share_max",
                default: 0.3,
                unit: "",
                meaning: "share of the episode that both ends may be",
            },
        ],
        source: include_str!("act004_idle.rs"),
    },
    start: |settings| at_end(settings, judge),
};

/// Rows of which the record of a movement consists at least.
const ROWS_MIN: usize = 10;

/// Share of the episode that a stream must cover.
const COVERED_MIN: f64 = 0.8;

fn judge(settings: &Settings, context: &Context<'_>, out: &mut Outcome) {
    let Some((start, end)) = context.scene.span().filter(|(start, end)| end > start) else { return };
    // Only what was watched nearly all the time can show that nothing moved; where a stream ends early, that is TIM008.
    let covers = |track: &&Track| {
        let seen_s = track.period_s().map_or(0.0, |period_s| period_s * (track.len() - 1) as f64);
        track.len() >= ROWS_MIN && seen_s >= COVERED_MIN * (end.abs_diff(start) as f64 / 1e9)
    };
    let watched: Vec<_> = context
        .scene
        .streams()
        .filter(|(_, seen)| seen.is_motion())
        .filter_map(|(_, seen)| seen.track.as_ref())
        .filter(covers)
        .collect();
    if watched.is_empty() {
        return;
    }
    out.applies();
    let (idle_max_s, share_max) = (settings.limit("idle_max_s"), settings.limit("idle_share_max"));
    let seconds = |from: i64, to: i64| to.abs_diff(from) as f64 / 1e9;
    let movement = watched
        .iter()
        .filter_map(|track| track.movement())
        .reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)));
    let Some((begins, rests)) = movement else {
        let acts = [StreamKind::Action, StreamKind::JointState];
        let acts = acts.iter().any(|kind| context.scene.of_kind(*kind).next().is_some());
        if acts && seconds(start, end) > idle_max_s {
            let idle_s = seconds(start, end);
            let report = out.report().span(start, end).measured(idle_s, idle_max_s, "s");
            report.message(format!("the robot never moves in {idle_s:.2} s"));
        }
        return;
    };
    let (head_s, tail_s) = (seconds(start, begins), seconds(rests, end));
    if head_s.max(tail_s) <= idle_max_s {
        return;
    }
    let share = (head_s + tail_s) / seconds(start, end);
    let report = out.report().cure(trim(start, (begins, rests), end)).measured(head_s.max(tail_s), idle_max_s, "s");
    let report = if head_s >= tail_s { report.span(start, begins) } else { report.span(rests, end) };
    let report = if share > share_max { report } else { report.at_most(Severity::Warning) };
    report.message(format!(
        "the robot is idle for the first {head_s:.2} s and the last {tail_s:.2} s: {:.0} % of the episode (limit {:.0} %)",
        share * 100.0,
        share_max * 100.0
    ));
}

/// The repair: what to keep, in nanoseconds from the start, with a little rest at either end.
fn trim(start: i64, (begins, rests): (i64, i64), end: i64) -> String {
    const REST_NS: i64 = 500_000_000;
    let from = begins.saturating_sub(REST_NS).max(start);
    let to = rests.saturating_add(REST_NS).min(end);
    format!("trim_idle:{}:{}", from.abs_diff(start), to.abs_diff(start))
}

#[cfg(test)]
mod tests {

    #[test]
    fn a_robot_that_never_moves_has_nothing_to_trim() {
        let joints = |position: &str| {
            format!(
                r#"{{"about": "a robot", "streams": [{{"name": "/joints", "kind": "joint_state", "t": {{"rate_hz": 100, "n": 800}},
                "columns": {{"position": [{position}]}}}}]}}"#
            )
        };
        let decide = |position: &str| {
            let examined = crate::testing::Spec::parse(&joints(position)).examine(&crate::Profile::default());
            (examined.decision.name(), examined.repairs)
        };
        assert_eq!(decide(r#"{"noise": {"amp": 0.001}}"#), ("reject", Vec::new()));
        assert_eq!(decide(r#"{"ramp": {"end_s": 8}}"#), ("accept", Vec::new()));
        let (decision, repairs) = decide(r#"{"ramp": {"start_s": 6, "end_s": 8}}"#);
        assert_eq!((decision, repairs.len()), ("repair", 1));
        assert!(repairs[0].starts_with("trim_idle:5") && repairs[0].ends_with(":7990000000"), "{repairs:?}");
    }
}

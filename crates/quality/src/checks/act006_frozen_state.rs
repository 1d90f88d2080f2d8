//! ## What it does
//!
//! For commands of positions, looks for stretches of at least `window_s` in which the command of a joint goes further than
//! `command_min` while its state, then and 0.3 s longer, stays within a hundredth of that. Grippers, which may be told to
//! close further than what they hold lets them, are left out.
//!
//! ## Why it matters
//!
//! The motor was off, the emergency stop pressed, or the state stream dead. The episode says that the command has no
//! effect, which is the opposite of what a policy should learn. An independent audit found this in a well-known public set.
//!
//! ## Example
//!
//! ```text
//! ACT006 `left_elbow` is commanded over 0.84 rad while `/joint_states` stands still for 3.00 s
//!   --> run-0412.mcap, episode 7, 4.00-7.00 s
//! ```

use prairie_model::{Dimension, Severity};

use super::at_end;
use crate::check::{Check, CheckDoc, Context, Family, Limit, Settings};
use crate::outcome::Outcome;
use crate::pairing::{Pair, pairs};

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "ACT006",
        name: "frozen state",
        family: Family::Act,
        dimension: Dimension::Usability,
        severity: Severity::Error,
        needs: &[],
        summary: "a command moves and the state does not",
        limits: &[
            Limit { key: "window_s", default: 1.0, unit: "s", meaning: "shortest stretch that counts" },
            Limit { key: "command_min", default: 0.1, unit: "rad or m", meaning: "how far the command must go" },
        ],
        source: include_str!("act006_frozen_state.rs"),
    },
    start: |settings| at_end(settings, judge),
};

/// How long the state may take to react.
const REACTION_NS: i64 = 300_000_000;

/// Stretches that are told per joint.
const STRETCHES_MAX: usize = 8;

fn judge(settings: &Settings, context: &Context<'_>, out: &mut Outcome) {
    for pair in pairs(context.scene) {
        out.applies();
        for &(column, state) in &pair.columns {
            if pair.grips(column) {
                continue;
            }
            for (from, to, far) in stretches(&pair, (column, state), settings).into_iter().take(STRETCHES_MAX) {
                let limit = settings.limit("command_min");
                out.report().stream(&pair.state.name).span(from, to).measured(far, limit, "").message(format!(
                    "{} is commanded over {far:.2} while `{}` stands still for {:.2} s",
                    pair.name(column),
                    pair.state.name,
                    to.abs_diff(from) as f64 / 1e9
                ));
            }
        }
    }
}

/// When the command moves while the state does not, and how far: windows that touch are one.
fn stretches(pair: &Pair<'_>, (column, state): (usize, usize), settings: &Settings) -> Vec<(i64, i64, f64)> {
    let command_min = settings.limit("command_min");
    // OK to cast: the cast saturates.
    let window_ns = (settings.limit("window_s").max(0.02) * 1e9) as i64;
    let (Some(&first), Some(&last)) = (pair.commands.t_ns.first(), pair.commands.t_ns.last()) else {
        return Vec::new();
    };
    let end = last.min(pair.states.t_ns.last().copied().unwrap_or(i64::MIN));
    // However long the episode is: at most this many windows.
    let hop = (window_ns / 2).max(i64::try_from(end.abs_diff(first.min(end)) / 16_384).unwrap_or(i64::MAX));
    let mut stretches: Vec<(i64, i64, f64)> = Vec::new();
    let mut from = first;
    while let Some(to) = from.checked_add(window_ns).filter(|to| *to <= end) {
        let command = pair.commands.ranges_of(column, pair.commands.between(from, to));
        let after = to.saturating_add(REACTION_NS);
        let rows = pair.states.between(from, after);
        let still = rows.len() > 2 && pair.states.ranges_of(state, rows) < command * 0.01;
        if command > command_min && still {
            match stretches.last_mut().filter(|last| last.1 >= from) {
                Some(last) => *last = (last.0, to, last.2.max(command)),
                None => stretches.push((from, to, command)),
            }
        }
        from = from.saturating_add(hop);
    }
    stretches
}

#[cfg(test)]
mod tests {
    use crate::testing::findings;

    #[test]
    fn a_gripper_may_be_told_to_close_further() {
        let found = |joint: &str| {
            findings(
                "ACT006",
                &format!(
                    r#"{{"name": "/command", "kind": "action", "stream": {{"names": ["{joint}"]}}, "t": {{"rate_hz": 100, "n": 800}},
                    "columns": {{"value": [{{"sine": {{"hz": 0.25}}}}]}}}},
                    {{"name": "/joints", "kind": "joint_state", "stream": {{"names": ["{joint}"]}}, "t": {{"rate_hz": 100, "n": 800}},
                    "columns": {{"position": [0.5]}}}}"#
                ),
            )
        };
        assert_eq!(found("left_gripper"), []);
        let elbow = found("left_elbow");
        assert_eq!(elbow.len(), 1, "windows that touch are one stretch: {elbow:?}");
        assert!(elbow[0].span.is_some_and(|span| span.seconds() > 6.9));
    }
}

//! ## What it does
//!
//! For commands of positions, computes the share of the samples in which the command is, number by number, the state at the
//! same time. Above `copied_share_max` it is reported. A command that is the next state is told as information.
//!
//! ## Why it matters
//!
//! Where the real command was not recorded some sets put the state into the action field. A policy trained on it learns to
//! stay where it is, with a perfect loss.
//!
//! ## Example
//!
//! ```text
//! ACT007 100 % of the samples of `/command` are copies of `/joint_states` (limit 95 %)
//! ```

use prairie_model::{Dimension, Severity};

use super::at_end;
use crate::check::{Check, CheckDoc, Context, Family, Limit, Settings};
use crate::outcome::Outcome;
use crate::pairing::{Pair, pairs};

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "ACT007",
        name: "copied state",
        family: Family::Act,
        dimension: Dimension::Authenticity,
        severity: Severity::Warning,
        needs: &[],
        summary: "the actions are a copy of the state",
        limits: &[Limit {
            key: "copied_share_max",
            default: 0.95,
            unit: "",
            meaning: "share of the samples that may be copies",
        }],
        source: include_str!("act007_copied.rs"),
    },
    start: |settings| at_end(settings, judge),
};

/// Samples that must be at the same time in both.
const SAMPLES_MIN: u64 = 10;

fn judge(settings: &Settings, context: &Context<'_>, out: &mut Outcome) {
    let limit = settings.limit("copied_share_max");
    for pair in pairs(context.scene) {
        // Nothing can be told apart while nothing moves.
        let moves = pair.states.movement().is_some();
        for (shift, severity, what) in [(0, Severity::Warning, "copies"), (1, Severity::Info, "the next state")] {
            let Some(share) = copied(&pair, shift).filter(|_| moves) else { continue };
            out.applies();
            if share > limit {
                let report = out.report().stream(&pair.action.name).at_most(severity).measured(share, limit, "");
                report.message(format!(
                    "{:.0} % of the samples of `{}` are {what} of `{}` (limit {:.0} %)",
                    share * 100.0,
                    pair.action.name,
                    pair.state.name,
                    limit * 100.0
                ));
            }
        }
    }
}

/// The share of the commands that equal the state `shift` rows after their time; `None` where too few have a state at their time.
fn copied(pair: &Pair<'_>, shift: usize) -> Option<f64> {
    let (mut both, mut same) = (0_u64, 0_u64);
    for (t, command) in pair.commands.rows() {
        let Some(at) = pair.states.at(t).filter(|at| pair.states.t_ns[*at] == t) else { continue };
        if at + shift >= pair.states.len() {
            continue;
        }
        let state = pair.states.row(at + shift);
        both += 1;
        same += u64::from(pair.columns.iter().all(|(a, s)| command[*a] == state[*s]));
    }
    (both >= SAMPLES_MIN).then(|| same as f64 / both as f64)
}

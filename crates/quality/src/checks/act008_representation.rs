//! ## What it does
//!
//! Correlates commands with the positions of the joints that they command and with the changes of those positions, up to 0.25 s later,
//! over all joints that move by 0.05 rad or more. Where one of the two is at least `correlation_min` and exceeds the other by
//! `margin_min`, the commands are positions, or they are changes. That is compared with what the source or the mapping says they are
//! (`absolute`, `delta`, `velocity`); where nobody says it, what they look like is told as information. The size of the changes tells
//! deltas from velocities, as long as the rate is not near one row per second.
//!
//! ## Why it matters
//!
//! A policy that was trained on deltas and is played as positions moves the robot to zero at full speed. No shape and no time gives
//! the mistake away.
//!
//! ## Example
//!
//! ```text
//! ACT008 the commands of `/command` are said to be absolute, and follow the changes of `/joint_states` (correlation 0.98 against 0.21): they look like deltas
//! ```

use prairie_model::{Dimension, Severity};

use super::at_end;
use crate::check::{Check, CheckDoc, Context, Family, Limit, Settings};
use crate::outcome::Outcome;
use crate::pairing::{Pair, all_pairs, range};

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "ACT008",
        name: "representation of commands",
        family: Family::Act,
        dimension: Dimension::Consistency,
        severity: Severity::Warning,
        needs: &[],
        summary: "commands are positions and said to be changes, or the other way round",
        limits: &[
            Limit {
                key: "correlation_min",
                default: 0.8,
                unit: "",
                meaning: "least correlation at which commands count as positions, or as changes",
            },
            Limit { key: "margin_min", default: 0.3, unit: "", meaning: "how far it exceeds that of the other" },
        ],
        source: include_str!("act008_representation.rs"),
    },
    start: |settings| at_end(settings, judge),
};

/// What moves less than this (rad, or m) tells nothing.
const MOVES: f64 = 0.05;

/// How much later a state may follow its command.
const LATER_S: f64 = 0.25;

/// Fewer points than this tell nothing.
const POINTS_MIN: usize = 20;

/// What commands look like.
struct Look {
    /// Correlation with the positions.
    positions: f64,
    /// Correlation with their changes.
    changes: f64,
    /// Change per step that a command of one means, in steps: near 1 for deltas, near the length of a step for velocities.
    gain: f64,
    step_s: f64,
}

fn judge(settings: &Settings, context: &Context<'_>, out: &mut Outcome) {
    let (least, margin) = (settings.limit("correlation_min"), settings.limit("margin_min"));
    for pair in all_pairs(context.scene) {
        let Some(look) = look(&pair) else { continue };
        let (command, joints) = (&pair.action.name, &pair.state.name);
        let said = pair.action.stream.representation.as_deref();
        let found = if look.positions >= least && look.positions > look.changes + margin {
            "absolute"
        } else if look.changes >= least && look.changes > look.positions + margin {
            look.name()
        } else {
            if said.is_none() {
                out.unknown(format!("nobody says whether the commands of `{command}` are positions or changes"));
            }
            continue;
        };
        out.applies();
        let (what, r, other) = match found {
            "absolute" => ("positions", look.positions, look.changes),
            _ => ("changes", look.changes, look.positions),
        };
        let seen = format!("follow the {what} of `{joints}` (correlation {r:.2} against {other:.2})");
        let like = if found == "absolute" { "positions" } else { look.plural() };
        match said {
            None => {
                let report = out.report().at_most(Severity::Info).stream(command).measured(r, least, "");
                report.message(format!(
                    "nobody says what the commands of `{command}` are; they {seen}: they look like {like}"
                ));
            }
            Some(said) if (said == "absolute") != (found == "absolute") => {
                let report = out.report().stream(command).measured(r, least, "");
                report.message(format!(
                    "the commands of `{command}` are said to be {said}, and {seen}: they look like {like}"
                ));
            }
            Some(_) => {}
        }
    }
}

impl Look {
    fn name(&self) -> &'static str {
        let near = |one: f64, other: f64| one > other / 2.0 && one < other * 2.0;
        match (near(self.gain, 1.0), near(self.gain, self.step_s)) {
            (true, false) => "delta",
            (false, true) => "velocity",
            _ => "change",
        }
    }

    fn plural(&self) -> &'static str {
        match self.name() {
            "delta" => "deltas",
            "velocity" => "velocities",
            _ => "deltas or velocities",
        }
    }
}

fn look(pair: &Pair<'_>) -> Option<Look> {
    let (step_s, columns) = pair.resampled()?;
    let moving: Vec<_> = pair
        .columns
        .iter()
        .zip(columns)
        .filter(|((column, _), (_, states))| range(states) > MOVES && !pair.grips(*column))
        .map(|(_, (commands, states))| {
            let changes: Vec<f64> = states.windows(2).map(|pair| pair[1] - pair[0]).collect();
            (centred(&commands), centred(&states), centred(&changes))
        })
        .collect();
    moving.first().filter(|(commands, ..)| commands.len() >= POINTS_MIN)?;
    // OK to cast: a few steps, and a float saturates.
    let latest = (LATER_S / step_s) as usize;
    let (mut positions, mut changes, mut gain) = (f64::NEG_INFINITY, f64::NEG_INFINITY, f64::NAN);
    for lag in 0..=latest {
        let (r, _) = correlation(moving.iter().map(|(commands, states, _)| (&commands[..], &states[..])), lag);
        positions = positions.max(r);
        let (r, slope) = correlation(moving.iter().map(|(commands, _, changes)| (&commands[..], &changes[..])), lag);
        if r > changes {
            (changes, gain) = (r, slope);
        }
    }
    (positions.is_finite() && changes.is_finite()).then_some(Look { positions, changes, gain, step_s })
}

/// Less their mean, with zero for what is unknown.
fn centred(values: &[f64]) -> Vec<f64> {
    let known: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    let mean = known.iter().sum::<f64>() / (known.len() as f64).max(1.0);
    values.iter().map(|value| if value.is_finite() { value - mean } else { 0.0 }).collect()
}

/// Correlation of commands with what comes `lag` steps later, over all columns, and how much of it one command is.
fn correlation<'a>(columns: impl Iterator<Item = (&'a [f64], &'a [f64])>, lag: usize) -> (f64, f64) {
    let (mut product, mut commands, mut others) = (0.0, 0.0, 0.0);
    for (one, other) in columns {
        for (a, b) in one.iter().zip(other.iter().skip(lag)) {
            product += a * b;
            commands += a * a;
            others += b * b;
        }
    }
    (product / libm::sqrt(commands * others), product / commands)
}

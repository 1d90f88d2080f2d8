//! ## What it does
//!
//! For commands of positions, takes the delay out (ACT001) and computes the root mean square of state less command for each
//! joint, as a share of the joint's range. Above `residual_share_max` in any joint that moves by 0.2 rad or more it is reported, for
//! the worst one. Grippers, which may be told to close further than what they hold lets them, are left out.
//!
//! ## Why it matters
//!
//! A large residual means that the action field is not what its documentation says: another order of joints, another unit,
//! deltas instead of positions. Or the robot was blocked. Either way the action does not explain the motion.
//!
//! ## Example
//!
//! ```text
//! ACT002 `left_elbow` of `/joint_states` is off its command by 0.61 of its range (rms, limit 0.25)
//! ```

use prairie_model::{Dimension, Severity};

use super::at_end;
use crate::check::{Check, CheckDoc, Context, Family, Limit, Settings};
use crate::outcome::Outcome;
use crate::pairing::{pairs, range};

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "ACT002",
        name: "tracking",
        family: Family::Act,
        dimension: Dimension::Consistency,
        severity: Severity::Warning,
        needs: &[],
        summary: "the state does not go where the command says",
        limits: &[Limit {
            key: "residual_share_max",
            default: 0.25,
            unit: "",
            meaning: "root mean square residual as a share of the joint's range",
        }],
        source: include_str!("act002_tracking.rs"),
    },
    start: |settings| at_end(settings, judge),
};

/// What moves less than this (rad, or m) tells nothing of how well it follows: the offset of a loaded joint is as large.
const REACH_MIN: f64 = 0.2;

fn judge(settings: &Settings, context: &Context<'_>, out: &mut Outcome) {
    let limit = settings.limit("residual_share_max");
    for pair in pairs(context.scene) {
        let Some((_, columns)) = pair.resampled() else { continue };
        let lag = pair.lag().map_or(0, |(steps, _, _)| steps);
        // OK to cast: lags are a few dozen steps.
        let (skip, shift) = ((-lag).max(0) as usize, lag.max(0) as usize);
        let mut worst: Option<(f64, usize)> = None;
        for ((column, _), (commands, states)) in pair.columns.iter().zip(&columns) {
            let reach = range(states).max(range(commands));
            if !(reach > REACH_MIN && reach.is_finite()) || pair.grips(*column) {
                continue;
            }
            let squares: Vec<_> = commands
                .iter()
                .skip(skip)
                .zip(states.iter().skip(shift))
                .map(|(a, s)| (a - s) * (a - s))
                .filter(|square| square.is_finite())
                .collect();
            if squares.len() < 10 {
                continue;
            }
            out.applies();
            let residual = libm::sqrt(squares.iter().sum::<f64>() / squares.len() as f64) / reach;
            if worst.is_none_or(|worst| residual > worst.0) {
                worst = Some((residual, *column));
            }
        }
        if let Some((residual, column)) = worst.filter(|worst| worst.0 > limit) {
            out.report().stream(&pair.state.name).measured(residual, limit, "").message(format!(
                "{} of `{}` is off its command by {residual:.2} of its range (rms, limit {limit:.2})",
                pair.name(column),
                pair.state.name
            ));
        }
    }
}

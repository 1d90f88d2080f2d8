//! ## What it does
//!
//! Some units that the log calls good are inspected again by somebody who does not know the log's answer. Which ones is drawn
//! by lot, by a seed whose hash was published before the run. A drawn unit that was not inspected counts as bad. The share of
//! false successes must be ruled out at 95 %; and where the control is required, success is bounded by `lower(reported) ·
//! (1 − upper(false))`, alpha shared equally between the two (amendment A3).
//!
//! ## What it can show
//!
//! That units called good are good.
//!
//! ## What it cannot show
//!
//! Defects that the inspector cannot see either, and that a customer finds a month later.
//!
//! ## Example
//!
//! ```text
//! labels  fail  31 of 640 drawn units that the log calls good are not, at least 3.5 % (limit 0.5 %)
//! ```

use prairie_model::DrawKind;

use super::{Control, ControlState, Found, needed, percent, ruled_out, share};
use crate::endpoint::Case;
use crate::verdict::Decision;

/// Outcomes looked at again.
#[derive(Debug)]
pub(super) struct Labels;

/// Units drawn for inspection among those called good, and those of them that are bad or were not inspected; `None` where
/// nothing was drawn by a seed that keeps its word, or the protocol does not ask.
pub(crate) fn sample(case: &Case<'_>) -> Option<(u64, u64)> {
    if !case.frozen.protocol.controls.is_required("labels") || !is_drawn(case) {
        return None;
    }
    let (drawn, inspected, bad) = counts(case);
    (drawn > 0).then_some((drawn, bad + drawn.saturating_sub(inspected)))
}

/// Whether units were drawn by a seed that was announced before the run.
fn is_drawn(case: &Case<'_>) -> bool {
    let first = case.robot.iter().map(|sums| sums.shift.span.start).min();
    let mut draws = case.evidence.witness.draws.iter().filter(|draw| draw.kind == DrawKind::Units).peekable();
    draws.peek().is_some()
        && draws.all(|draw| draw.is_kept() == Some(true) && first.is_some_and(|first| draw.committed <= first))
}

/// Drawn, of them inspected, of them bad.
fn counts(case: &Case<'_>) -> (u64, u64, u64) {
    case.robot
        .iter()
        .map(|sums| sums.witness.audit)
        .fold((0, 0, 0), |all, audit| (all.0 + audit.drawn, all.1 + audit.drawn_inspected, all.2 + audit.drawn_bad))
}

impl Control for Labels {
    fn name(&self) -> &'static str {
        "labels"
    }

    fn summary(&self) -> &'static str {
        "units called good are good, by inspection of a drawn sample"
    }

    fn source(&self) -> &'static str {
        include_str!("labels.rs")
    }

    fn failing(&self) -> Decision {
        Decision::Reject
    }

    fn look(&self, case: &Case<'_>) -> Found {
        let limits = &case.frozen.protocol.controls.labels;
        let allowed = limits.false_max.unwrap_or(0.005);
        let inspected_all: u64 = case.robot.iter().map(|sums| sums.witness.audit.inspected).sum();
        if !is_drawn(case) {
            return Found::unknown(format!(
                "{inspected_all} units were inspected again, and no draw announced before the run says that they were not chosen"
            ))
            .missing("a draw of units whose hash is published before the run, and their inspection");
        }
        let (drawn, inspected, bad) = counts(case);
        let wrong = bad + drawn.saturating_sub(inspected);
        let (state, upper) = ruled_out(wrong, drawn, allowed);
        let state = match state {
            ControlState::Fail if share(inspected, drawn) < limits.inspected_min => ControlState::Unknown,
            state => state,
        };
        Found::of(
            state,
            format!(
                "{bad} of {inspected} inspected units that the log calls good are not, {} drawn ones were not inspected and count as bad: at most {} at 95.0 % (limit {})",
                drawn.saturating_sub(inspected),
                percent(upper),
                percent(allowed)
            ),
        )
        .count("drawn", drawn)
        .count("inspected", inspected)
        .count("bad", bad)
        .number("upper", upper)
        .limit(allowed)
        .missing(format!("{} drawn units, inspected and good", needed(allowed)))
    }
}

//! # What it asks
//!
//! Defective pieces that the robot passed as sound, among all that were really defective: at most `at_most` by the upper
//! bound, and, where `margin` is given, at most so much more than people at the same station. At least `pieces_min`
//! defective pieces must have been judged.
//!
//! # Why
//!
//! Missed defects hurt whoever buys the part. Among a thousand sound pieces a robot that calls everything sound is right in
//! 99 of 100: accuracy hides what inspection is for.
//!
//! # Formula and source
//!
//! The cluster-aware bound of `success` for what was called rightly, less from 1. Against people the score test of
//! Farrington and Manning on effective counts. What was really there comes from whoever looked again, which the task book
//! names; pieces of which nobody knows count on neither side, and a call that is missing is the wrong one.
//!
//! # Example
//!
//! ```text
//! missed_defects   14 of 620 defective pieces passed over 20 shifts: 2.3 %, at most 4.1 % at 97.6 %; people 2.9 %
//! ```

use super::{Case, Endpoint, Measured, float, hold_for, measured, numbers, percent, percent_of, unknown};
use crate::bound::Side;
use crate::evidence::ShiftSums;
use crate::protocol::Judged;
use crate::shares::{difference, of_shifts};
use crate::verdict::EndpointResult;

/// Defective pieces that were passed.
#[derive(Debug)]
pub(super) struct MissedDefects;

impl Endpoint for MissedDefects {
    fn name(&self) -> &'static str {
        "missed_defects"
    }

    fn judge(&self, case: &Case<'_>) -> Option<EndpointResult> {
        let asked = case.frozen.protocol.endpoints.missed_defects.as_ref()?;
        let wrong = |sums: &ShiftSums| (sums.calls.missed, sums.calls.caught + sums.calls.missed);
        Some(judge_calls(self, case, asked, wrong, "defective pieces passed"))
    }

    fn source(&self) -> &'static str {
        include_str!("missed_defects.rs")
    }
}

/// Wrong calls among pieces of one kind, by themselves and against people.
pub(super) fn judge_calls(
    endpoint: &dyn Endpoint,
    case: &Case<'_>,
    asked: &Judged,
    wrong: fn(&ShiftSums) -> (u64, u64),
    what: &str,
) -> EndpointResult {
    let level = case.level(asked.confidence);
    let share = |shifts: &[ShiftSums]| {
        // What was right, since bounds are of shares that are high.
        let right = shifts.iter().map(wrong).map(|(wrong, pieces)| (pieces - wrong, pieces));
        of_shifts(right.filter(|(_, pieces)| *pieces > 0), level.confidence)
    };
    let robot = match share(case.robot) {
        Ok(robot) => robot,
        Err(error) => return unknown(endpoint, "share", format!("{what}: {error}")),
    };
    let human = share(case.human).ok();
    let (wrong_pieces, pieces) = (robot.units - robot.hits, robot.units);
    let people = human.map_or(String::new(), |human| format!("; people {}", percent(1.0 - human.estimate)));
    let reason = format!(
        "{wrong_pieces} of {pieces} {what} over {} shifts: {}, at most {} at {}{people}",
        robot.shifts,
        percent(1.0 - robot.estimate),
        percent(1.0 - robot.lower),
        percent_of(level.confidence)
    );
    let ends = Measured {
        estimate: Some(1.0 - robot.estimate),
        lower: 1.0 - robot.upper,
        upper: 1.0 - robot.lower,
        threshold: asked.at_most,
        side: Side::Upper,
    };
    let mut result = measured(endpoint, "share", case, level, ends, reason);
    result.numbers = numbers(&[
        ("wrong", float(wrong_pieces)),
        ("pieces", float(pieces)),
        ("shifts", float(robot.shifts)),
        ("icc_used", robot.icc_used),
    ]);
    let unknown_pieces: u64 = case.robot.iter().map(|sums| sums.calls.unknown).sum();
    result.numbers.insert("truth_unknown".to_owned(), float(unknown_pieces));
    if unknown_pieces > 0 {
        result
            .notes
            .push(format!("of {unknown_pieces} pieces nobody knows what they were; they count on neither side"));
    }
    if pieces < asked.pieces_min {
        hold_for(&mut result, format!("{pieces} of {} pieces of that kind", asked.pieces_min));
    }
    if let Some(margin) = asked.margin {
        match human.map(|human| difference(&robot, &human, margin, level.confidence)) {
            Some(Ok(found)) => {
                result.numbers.insert("against_people.lower".to_owned(), found.lower);
                result.numbers.insert("against_people.p".to_owned(), found.p);
                if found.lower < -margin {
                    let (more, allowed) = (-100.0 * found.lower, 100.0 * margin);
                    hold_for(
                        &mut result,
                        format!("up to {more:.1} points more than people, and {allowed:.1} are allowed"),
                    );
                }
            }
            Some(Err(error)) => hold_for(&mut result, format!("against people: {error}")),
            None => hold_for(&mut result, "people's calls at the same station, to compare with".to_owned()),
        }
    }
    result
}

//! # What it does
//!
//! An auditor publishes the hash of a seed before the run, and reveals the seed afterwards; the seed and a shift's name say
//! whether the shift is drawn, so that neither side can choose. The control computes the hash and every draw again, asks for
//! at least eight drawn shifts (and 30 % of all at later gates), and for all of them to be audited: one that is not shows nothing.
//! A draw is about the stations of the log that brings it, and about all where the log holds no calendar. Then it asks two things of
//! their work: that shifts nobody watched are not better than the drawn ones (permutation of shift means, p below 0.001
//! fails), and that the drawn shifts alone show what the gate asks, with a lower bound at 80 %.
//!
//! # What it can show
//!
//! That what is claimed is also so when somebody is there to see it, on days that nobody could choose.
//!
//! # What it cannot show
//!
//! What goes on in the drawn shifts behind the auditor's back: a steersman in another town is not seen from the floor.
//!
//! # Example
//!
//! ```text
//! drawn_shifts  fail  9 of 30 shifts were drawn: 92.4 % good there and 98.9 % in the others (p 0.0005)
//! ```

use prairie_model::DrawKind;

use super::{Control, ControlState, Found, percent, share};
use crate::bound::{Confidence, Side};
use crate::endpoint::Case;
use crate::evidence::ShiftSums;
use crate::stats::cluster::Rule;
use crate::stats::regularity::permutation_test;
use crate::stats::strata::{Cell, success_bound};
use crate::verdict::Decision;

/// Shifts drawn by lot.
#[derive(Debug)]
pub(super) struct DrawnShifts;

/// Random divisions of the shifts, and the p-value below which the others are better.
const REPLICATES: u32 = 1_999;
const P_MIN: f64 = 0.001;

/// The shifts that are drawn by the revealed seeds and those that are not; an error says why there is no draw.
fn divide<'a>(case: &Case<'a>) -> Result<(Vec<&'a ShiftSums>, Vec<&'a ShiftSums>), Found> {
    let lots = case.evidence.witness.lots.iter().filter(|lot| lot.draw.kind == DrawKind::Shifts);
    let (mut valid, mut late) = (Vec::new(), 0);
    for lot in lots {
        let about = case.robot.iter().filter(|sums| lot.is_about(&sums.shift.station));
        let Some(first) = about.map(|sums| sums.shift.span.start).min() else { continue };
        match lot.draw.is_kept() {
            Some(false) => {
                return Err(Found::of(ControlState::Fail, "a revealed seed is not the one whose hash was published"));
            }
            Some(true) if lot.draw.committed <= first => valid.push(lot),
            _ => late += 1,
        }
    }
    if valid.is_empty() {
        let why = if late > 0 {
            "the draw was published after the run began, or its seed is not revealed"
        } else {
            "no auditor drew shifts by lot"
        };
        return Err(Found::unknown(why).missing("a draw whose hash is published before the run, and its seed"));
    }
    let (mut drawn, mut others) = (Vec::new(), Vec::new());
    for sums in case.robot {
        let shift = &sums.shift;
        if valid.iter().any(|lot| lot.takes(&shift.station, &shift.shift)) {
            if !shift.drawn {
                let why = format!("shift `{}` of `{}` was drawn, and was not audited", shift.shift, shift.station);
                return Err(Found::unknown(why).missing("an audit of every shift that is drawn"));
            }
            drawn.push(sums);
        } else {
            others.push(sums);
        }
    }
    Ok((drawn, others))
}

fn means(shifts: &[&ShiftSums]) -> Vec<f64> {
    shifts.iter().map(|sums| share(sums.good(), sums.units())).collect()
}

fn of_all(shifts: &[&ShiftSums]) -> f64 {
    share(shifts.iter().map(|sums| sums.good()).sum(), shifts.iter().map(|sums| sums.units()).sum())
}

/// The lower bound of success in these shifts at 80 %.
fn lower(shifts: &[&ShiftSums]) -> Option<f64> {
    let cell = |(shift, sums): (usize, &&ShiftSums)| Cell { shift, stratum: 0, good: sums.good(), units: sums.units() };
    let cells: Vec<Cell> = shifts.iter().filter(|sums| sums.units() > 0).enumerate().map(cell).collect();
    let confidence = Confidence::new(0.80).ok()?;
    success_bound(&cells, None, confidence, Rule::Decision).ok().map(|bound| bound.lower)
}

impl Control for DrawnShifts {
    fn name(&self) -> &'static str {
        "drawn_shifts"
    }

    fn summary(&self) -> &'static str {
        "shifts that an auditor drew by lot are as good as the others, and good enough alone"
    }

    fn source(&self) -> &'static str {
        include_str!("drawn_shifts.rs")
    }

    fn failing(&self) -> Decision {
        Decision::Reject
    }

    fn look(&self, case: &Case<'_>) -> Found {
        let limits = &case.frozen.protocol.controls.drawn_shifts;
        let (drawn, others) = match divide(case) {
            Ok(divided) => divided,
            Err(found) => return found,
        };
        let asked = case.frozen.protocol.endpoints.success.as_ref().map_or(0.0, |success| success.at_least);
        let p =
            permutation_test(&means(&drawn), &means(&others), REPLICATES, 1, Side::Upper).map_or(1.0, |test| test.p);
        let (count, all) = (drawn.len() as u64, case.robot.len() as u64);
        // A shift that was drawn and not worked is the worst there is.
        let worst = if drawn.iter().any(|sums| sums.units() == 0) { None } else { lower(&drawn) };
        let least = limits.share_min.unwrap_or(0.0);
        let enough = count >= u64::from(limits.shifts_min) && share(count, all) >= least;
        let shown = worst.is_some_and(|lower| lower >= asked);
        let state = if p < P_MIN {
            ControlState::Fail
        } else if enough && shown {
            ControlState::Pass
        } else {
            ControlState::Unknown
        };
        let missing = if enough {
            format!("a lower bound of {} in the drawn shifts alone", percent(asked))
        } else {
            format!("{} drawn shifts, and {} of all", limits.shifts_min, percent(least))
        };
        Found::of(
            state,
            format!(
                "{count} of {all} shifts were drawn: {} good there, at least {} at 80.0 %, and {} in the others (p {p:.4})",
                percent(of_all(&drawn)),
                worst.map_or("nothing".to_owned(), percent),
                percent(of_all(&others)),
            ),
        )
        .count("drawn", count)
        .count("shifts", all)
        .number("drawn_good", of_all(&drawn))
        .number("others_good", of_all(&others))
        .number("drawn_lower", worst.unwrap_or(f64::NAN))
        .number("p", p)
        .limit(asked)
        .missing(missing)
    }
}

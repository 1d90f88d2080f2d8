//! # What it does
//!
//! Some units that the log calls good are inspected again by somebody who does not know the log's answer. Which ones is drawn
//! by lot, by a seed whose hash was published before the run, for every station. A drawn unit that was not inspected counts as bad
//! where good labels are to be shown, and not where bad ones are. The share of
//! false successes must be ruled out at 95 %; and where the control is required, success is bounded by `lower(reported) ·
//! (1 − upper(false))`, alpha shared equally between the two (amendment A3).
//!
//! # What it can show
//!
//! That units called good are good.
//!
//! # What it cannot show
//!
//! Defects that the inspector cannot see either, and that a customer finds a month later.
//!
//! # Example
//!
//! ```text
//! labels  fail  31 of 640 drawn units that the log calls good are not, at least 3.5 % (limit 0.5 %)
//! ```

use std::collections::BTreeMap;

use prairie_model::{DrawKind, Nanos};

use super::{Control, ControlState, Found, needed, percent, ruled_out};
use crate::endpoint::Case;
use crate::verdict::Decision;

/// Outcomes looked at again.
#[derive(Debug)]
pub(super) struct Labels;

/// Units drawn for inspection among those called good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sample {
    /// Units drawn.
    pub(crate) drawn: u64,
    /// Those of them that were inspected.
    pub(crate) inspected: u64,
    /// Those of the inspected that are bad.
    pub(crate) bad: u64,
}

impl Sample {
    /// Those that are not shown to be good.
    pub(crate) fn doubtful(self) -> u64 {
        self.bad + self.missed()
    }

    /// Those that nobody inspected.
    pub(crate) fn missed(self) -> u64 {
        self.drawn.saturating_sub(self.inspected)
    }
}

/// The drawn units; `None` where nothing was drawn by a seed that keeps its word, or the protocol does not ask.
pub(crate) fn sample(case: &Case<'_>) -> Option<Sample> {
    if !case.frozen.protocol.controls.is_required("labels") || undrawn(case).is_some() {
        return None;
    }
    Some(count(case)).filter(|sample| sample.drawn > 0)
}

/// The first station for whose units no seed, announced before the run there, says which are inspected.
fn undrawn<'a>(case: &Case<'a>) -> Option<&'a str> {
    let mut first: BTreeMap<&str, Nanos> = BTreeMap::new();
    for sums in case.robot {
        let start = first.entry(&sums.shift.station).or_insert(sums.shift.span.start);
        *start = sums.shift.span.start.min(*start);
    }
    let lots = || case.evidence.witness.lots.iter().filter(|lot| lot.draw.kind == DrawKind::Units);
    let is_drawn = |(station, start): (&str, Nanos)| {
        let mut about = lots().filter(|lot| lot.is_about(station)).peekable();
        about.peek().is_some() && about.all(|lot| lot.draw.is_kept() == Some(true) && lot.draw.committed <= start)
    };
    first.into_iter().find(|each| !is_drawn(*each)).map(|(station, _)| station)
}

fn count(case: &Case<'_>) -> Sample {
    let mut sample = Sample { drawn: 0, inspected: 0, bad: 0 };
    for audit in case.robot.iter().map(|sums| sums.witness.audit) {
        sample.drawn += audit.drawn;
        sample.inspected += audit.drawn_inspected;
        sample.bad += audit.drawn_bad;
    }
    sample
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
        if let Some(station) = undrawn(case) {
            let inspected: u64 = case.robot.iter().map(|sums| sums.witness.audit.inspected).sum();
            return Found::unknown(format!(
                "{inspected} units were inspected again, and for `{station}` no draw announced before its run says that they were not chosen"
            ))
            .missing("a draw of units whose hash is published before the run, and their inspection");
        }
        let sample = count(case);
        let (state, upper) = ruled_out(sample.doubtful(), sample.drawn, allowed);
        // What nobody inspected is no failure.
        let is_shown_false = ruled_out(sample.bad, sample.drawn, allowed).0 == ControlState::Fail;
        let state = if state == ControlState::Fail && !is_shown_false { ControlState::Unknown } else { state };
        Found::of(
            state,
            format!(
                "{} of {} inspected units that the log calls good are not, {} drawn ones were not inspected and are taken as bad: at most {} at 95.0 % (limit {})",
                sample.bad,
                sample.inspected,
                sample.missed(),
                percent(upper),
                percent(allowed)
            ),
        )
        .count("drawn", sample.drawn)
        .count("inspected", sample.inspected)
        .count("bad", sample.bad)
        .number("upper", upper)
        .limit(allowed)
        .missing(format!("{} drawn units, inspected and good", needed(allowed)))
    }
}

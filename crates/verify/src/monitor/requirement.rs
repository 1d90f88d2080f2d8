//! # What it asks
//!
//! Whether the share of good units has fallen below what the gate asked, by an e-detector over whole shifts; and whether it
//! is shown to be below by the upper bound of all shifts since the promotion, which rejects at once.
//!
//! # Why
//!
//! A cumulative sum finds a change from what was usual; this one finds a share that would not have been promoted. It holds
//! its rate of false alarms whatever else is true of the stream.
//!
//! # Formula and source
//!
//! `M = (M + 1)·L`, `L = 1 + ½·(p0 − share)/(1 − p0)` per shift: the Shiryaev–Roberts e-detector (Shin, Ramdas and Rinaldo,
//! New England Journal of Statistics in Data Science, 2024), with `p0` what the gate asked. It alarms at 365: on average no
//! sooner than once in 365 shifts while every shift's mean is at least `p0`. The upper bound is that of `success` at 95 %.
//!
//! # Example
//!
//! ```text
//! requirement   highest evidence 12.4, alarm at 365; upper bound since the promotion 98.8 %, and 95.0 % is asked
//! ```

use super::{Alarm, Stream, Watch, Watched};
use crate::bound::Confidence;
use crate::endpoint::cells_of;
use crate::stats::monitor::{Detector, e_detector};

/// Shifts to a false alarm, on average, at least.
const SHIFTS_TO_FALSE_ALARM: f64 = 365.0;

/// What is bet per shift.
const BET: f64 = 0.5;

/// What the gate asked, since the promotion.
#[derive(Debug)]
pub(super) struct Requirement;

impl Watch for Requirement {
    fn name(&self) -> &'static str {
        "requirement"
    }

    fn watch(&self, stream: &Stream<'_>) -> Watched {
        let Some(asked) = stream.frozen.protocol.endpoints.success.as_ref() else {
            return Watched::unknown(self, "the protocol asks for no share of good units");
        };
        let worked: Vec<_> = stream.since.iter().filter(|sums| sums.units() > 0).collect();
        if worked.is_empty() {
            return Watched::quiet(self, "no shift with units since the promotion");
        }
        // OK to cast: counts of one shift.
        let shares: Vec<f64> = worked.iter().map(|sums| sums.good() as f64 / sums.units() as f64).collect();
        let (mut alarms, mut highest, mut from) = (Vec::new(), 0.0_f64, 0);
        while let Some(rest) = shares.get(from..).filter(|rest| !rest.is_empty()) {
            let path = e_detector(rest, asked.at_least, BET, 1.0 / SHIFTS_TO_FALSE_ALARM, Detector::ShiryaevRoberts);
            let Ok(path) = path else { break };
            let until = path.alarm.unwrap_or(rest.len() - 1);
            highest = path.statistic.iter().take(until + 1).copied().fold(highest, f64::max);
            let Some(at) = path.alarm else { break };
            alarms.push(Alarm::of(worked[from + at], path.statistic[at], SHIFTS_TO_FALSE_ALARM));
            from += at + 1;
        }
        let bound = cells_of(stream.since, &stream.frozen.protocol, Confidence::USUAL);
        let upper = bound.map_or(1.0, |bound| bound.upper);
        let mut watched = Watched::quiet(
            self,
            format!(
                "highest evidence {highest:.1}, alarm at {SHIFTS_TO_FALSE_ALARM:.0}; upper bound since the promotion {:.1} %, and {:.1} % is asked",
                100.0 * upper,
                100.0 * asked.at_least
            ),
        );
        watched.tell("highest", highest).tell("upper", upper).tell("asked", asked.at_least);
        // Few shifts bound nothing.
        watched.rejects = upper < asked.at_least && worked.len() >= super::CONFIRM_SHIFTS;
        watched.with(alarms)
    }

    fn source(&self) -> &'static str {
        include_str!("requirement.rs")
    }
}

//! # What it asks
//!
//! Whether the rhythm has become slower since the promotion, shift by shift.
//!
//! # Why
//!
//! Robots get slower before they fail: a joint that heats up, a policy that hesitates, a part that is harder to grasp.
//!
//! # Formula and source
//!
//! The tabular CUSUM of the shifts' mean ln takt, `C = max(0, C + z − ½)` with the mean (and one standard error of it) and
//! the deviation of the shifts that were promoted; an alarm above 5 (Page, Biometrika 41, 1954; Montgomery, Introduction to
//! Statistical Quality Control, section 9.1). After an alarm it starts over.
//!
//! # Example
//!
//! ```text
//! slower   highest sum 1.84 standard deviations, alarm above 5 (62.4 s per good unit when promoted)
//! ```

use super::{Alarm, Stream, Watch, Watched};
use crate::stats::sample::{count, deviation, mean};
use crate::stats::steadiness::cusum;

/// What a shift may be slower, and where the sum alarms, in standard deviations.
const SLACK: f64 = 0.5;
const LIMIT: f64 = 5.0;

/// Shifts from which a spread can be told.
const SHIFTS_LEAST: usize = 8;

/// The rhythm since the promotion.
#[derive(Debug)]
pub(super) struct Slower;

impl Watch for Slower {
    fn name(&self) -> &'static str {
        "slower"
    }

    fn watch(&self, stream: &Stream<'_>) -> Watched {
        let usual: Vec<f64> = stream.promoted.iter().filter_map(|sums| sums.mean_ln_takt).collect();
        if usual.len() < SHIFTS_LEAST {
            return Watched::unknown(self, "too few shifts of the promotion have good units");
        }
        // The usual mean is known to one standard error only: what lies within it is no change.
        let spread = deviation(&usual).max(1e-6);
        let target = mean(&usual) + spread / libm::sqrt(count(&usual));
        let (places, means): (Vec<usize>, Vec<f64>) =
            stream.since.iter().enumerate().filter_map(|(at, sums)| Some((at, sums.mean_ln_takt?))).unzip();
        let (mut alarms, mut highest, mut from) = (Vec::new(), 0.0_f64, 0);
        while let Some(rest) = means.get(from..).filter(|rest| !rest.is_empty()) {
            let Ok(path) = cusum(rest, target, spread, SLACK, LIMIT) else { break };
            // Robots that become quicker are no reason for an alarm.
            let alarm = path.rise.iter().position(|sum| *sum > LIMIT);
            let until = alarm.unwrap_or(rest.len() - 1);
            highest = path.rise.iter().take(until + 1).copied().fold(highest, f64::max);
            let Some(at) = alarm else { break };
            alarms.push(Alarm::of(&stream.since[places[from + at]], path.rise[at], LIMIT));
            from += at + 1;
        }
        let mut watched = Watched::quiet(
            self,
            format!(
                "highest sum {highest:.2} standard deviations, alarm above {LIMIT:.0} ({:.1} s per good unit when promoted)",
                libm::exp(target)
            ),
        );
        watched.tell("highest", highest).tell("takt_s", libm::exp(target)).tell("spread", spread);
        watched.with(alarms)
    }

    fn source(&self) -> &'static str {
        include_str!("slower.rs")
    }
}

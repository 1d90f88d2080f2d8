//! # What it asks
//!
//! More of the same robots: 60 shifts in 28 days by 3 robots with 6,000 units, a drill in which a robot is swapped and one in
//! which the software is rolled back; success of at least 97 %, every stratum at
//! 90 %, and at most 2 points below people; takts at most 10 % longer than people's, their 95 % quantile at most 25 % longer,
//! and 95 % of takts within the target; 8 h between interventions, 250 h between hardware failures and no wear, available in
//! 90 % of scheduled time; a net present value above zero in 90 of 100 replicates from measured inputs, a saving in 90, and
//! payback within 36 months in 80. Inspection: at most 3 % of defects missed, 5 % false alarms. Care: at most 10 % assisted,
//! 200 h between safety stops. Mission: 95 % of at least 100 drills completed.
//!
//! # Why
//!
//! A batch multiplies what is wrong with the first. What breaks slowly, costs a little too much or is slow now and then
//! becomes visible only here.
//!
//! # Formula and source
//!
//! Each endpoint has its own: `prairie explain ENDPOINT`. The numbers are defaults of this project.
//!
//! # Example
//!
//! ```text
//! × `hardware` held at the gate to batch
//!   failures become more frequent (p 0.012): wear blocks promotion until it is found
//! ```

use super::{DRILL_S, Gate, GateRules, at_most, exposure, hours, judged, level, mission, rhythm, share, success};
use crate::bound::Confidence;
use crate::protocol::{Adherence, Economics, Endpoints, Exposure, Family, Quality, Share, TaktTail};

/// From verified work to a batch of robots.
#[derive(Debug)]
pub(super) struct Batch;

impl GateRules for Batch {
    fn gate(&self) -> Gate {
        Gate::Batch
    }

    fn defaults(&self, family: Family) -> Endpoints {
        let common = Endpoints {
            exposure: exposure(60, 28, 3, 6_000).map(|asked| Exposure { swaps_min: 1, rollbacks_min: 1, ..asked }),
            success: success(0.97, 0.90, &[60, 90]),
            hardware: hours(250.0, 0.80),
            availability: share(0.90).map(|asked| Share { confidence: level(0.90), ..asked }),
            economics: Some(economics(Some(36.0))),
            ..Endpoints::default()
        };
        match family {
            Family::Counted => Endpoints {
                rhythm: rhythm(0.10, 15),
                takt_tail: Some(tail(1.25)),
                adherence: Some(adherence()),
                quality: Some(Quality { margin: 0.02, confidence: Confidence::USUAL }),
                interventions: hours(8.0, 0.90),
                ..common
            },
            Family::Inspection => {
                Endpoints { missed_defects: judged(0.03, Some(0.01)), false_alarms: judged(0.05, Some(0.03)), ..common }
            }
            Family::Care => {
                Endpoints { assistance: at_most(0.10), safety: hours(200.0, 0.90), economics: None, ..common }
            }
            Family::Mission => mission(0.95, 100, &[20, 30, 40], 40.0, DRILL_S),
        }
    }

    fn source(&self) -> &'static str {
        include_str!("batch.rs")
    }
}

/// Money as batches and sectors ask for it.
pub(super) fn economics(payback_months: Option<f64>) -> Economics {
    Economics { npv_positive_at_least: 0.9, saving: true, payback_months, measured_only: true, replicates: 10_000 }
}

/// The slow end of the rhythm as batches and sectors ask for it.
pub(super) fn tail(at_most: f64) -> TaktTail {
    TaktTail { at_most, quantile: 0.95, confidence: Confidence::USUAL, replicates: 10_000 }
}

/// Takts within the target as batches and sectors ask for it. People keep their own 95 % quantile in 95 of 100 units, so that
/// a bound at 95 % would ask for more than people do.
pub(super) fn adherence() -> Adherence {
    Adherence { at_least: 0.90, target_s: None, confidence: Confidence::USUAL }
}

//! # What it asks
//!
//! Routine work: 20 shifts on 10 days by 2 robots with 2,000 units; success of at least 95 %, every stratum at 75 %; takts at
//! most 15 % longer than people's; 4 h between interventions, 100 h between hardware failures, available in 85 % of scheduled
//! time; and, from prices in the task book, a net present value that is more likely above zero than not. Inspection: at most
//! 5 % of defects missed and 10 % false alarms, and not many more than people. Care: at most 20 % assisted, 100 h between
//! safety stops. Mission: 90 % of at least 60 drills completed.
//!
//! # Why
//!
//! This is the difference between a demonstration and routine: every scheduled shift counts, worked or not, and every unit in
//! it.
//!
//! # Formula and source
//!
//! Each endpoint has its own: `prairie explain ENDPOINT`. True success must be about 98 % to show 95 % in 20 shifts. The
//! numbers are defaults of this project.
//!
//! # Example
//!
//! ```text
//! × `success` held at the gate to verified
//!   needs 20 more shifts, to the declared look at 40
//! ```

use super::{DRILL_S, Gate, GateRules, at_most, exposure, hours, judged, mission, rhythm, share, success};
use crate::protocol::{Economics, Endpoints, Family};

/// From a pilot to verified work.
#[derive(Debug)]
pub(super) struct Verified;

impl GateRules for Verified {
    fn gate(&self) -> Gate {
        Gate::Verified
    }

    fn defaults(&self, family: Family) -> Endpoints {
        let common = Endpoints {
            exposure: exposure(20, 10, 2, 2_000),
            success: success(0.95, 0.75, &[20, 40]),
            hardware: hours(100.0, 0.80),
            availability: share(0.85),
            economics: Some(Economics {
                npv_positive_at_least: 0.5,
                saving: false,
                payback_months: None,
                measured_only: true,
                replicates: 10_000,
            }),
            ..Endpoints::default()
        };
        match family {
            Family::Counted => Endpoints { rhythm: rhythm(0.15, 10), interventions: hours(4.0, 0.90), ..common },
            Family::Inspection => {
                Endpoints { missed_defects: judged(0.05, Some(0.02)), false_alarms: judged(0.10, Some(0.05)), ..common }
            }
            Family::Care => {
                Endpoints { assistance: at_most(0.20), safety: hours(100.0, 0.90), economics: None, ..common }
            }
            Family::Mission => mission(0.90, 60, &[12, 20], 20.0, DRILL_S),
        }
    }

    fn source(&self) -> &'static str {
        include_str!("verified.rs")
    }
}

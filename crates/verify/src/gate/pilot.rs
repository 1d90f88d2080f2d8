//! # What it asks
//!
//! A first time among people: 8 shifts on 4 days with 200 units, success of at least 90 % with every stratum at 75 % or more,
//! and a rhythm of at most twice people's. Inspection: at most 10 % of defects missed and 20 % false alarms. Care: at most
//! half of the units assisted, 30 h between safety stops. Mission: 80 % of at least 30 drills completed.
//!
//! # Why
//!
//! A pilot costs people's time and patience. It is worth both only where the work is done mostly alone, and where nobody is
//! in danger.
//!
//! # Formula and source
//!
//! Each endpoint has its own: `prairie explain success`, `prairie explain rhythm`. The numbers are defaults of this project.
//!
//! # Example
//!
//! ```text
//! `sorting` is promoted at the gate to pilot (attempt 1, look 1 of 2)
//! ```

use super::{DRILL_S, Gate, GateRules, at_most, exposure, hours, judged, mission, rhythm, success};
use crate::protocol::{Endpoints, Family};

/// From the laboratory to a pilot.
#[derive(Debug)]
pub(super) struct Pilot;

impl GateRules for Pilot {
    fn gate(&self) -> Gate {
        Gate::Pilot
    }

    fn defaults(&self, family: Family) -> Endpoints {
        let common = Endpoints {
            exposure: exposure(8, 4, 1, 200),
            success: success(0.90, 0.75, &[8, 12]),
            ..Endpoints::default()
        };
        match family {
            Family::Counted => Endpoints { rhythm: rhythm(1.0, 4), ..common },
            Family::Inspection => {
                Endpoints { missed_defects: judged(0.10, None), false_alarms: judged(0.20, None), ..common }
            }
            Family::Care => Endpoints { assistance: at_most(0.50), safety: hours(30.0, 0.90), ..common },
            Family::Mission => mission(0.80, 30, &[8, 12], 8.0, DRILL_S),
        }
    }

    fn source(&self) -> &'static str {
        include_str!("pilot.rs")
    }
}

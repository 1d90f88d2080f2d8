//! # What it asks
//!
//! Sites that nobody has seen: at least 5 sites, 3 of them with 20 shifts or more, by 10 robots on 90 days with 30,000 units;
//! success of at least 95 % at every site (90 % confidence), no site with more than 40 % of the units, and a prediction for a
//! *new* site of at least 93 %; takts at most 5 % longer than people's over all and 10 % at each site; 24 h between
//! interventions, 1,000 h between hardware failures, available in 93 % of scheduled time; money as at the gate to a batch.
//!
//! # Why
//!
//! A mean over sites says nothing about the next one. Five sites at 95.7 % that differ as sites do predict no better than
//! 85 % for a sixth: more sites, or sites that are more alike, are the honest answer.
//!
//! # Formula and source
//!
//! `prairie explain transfer` and `prairie explain sites`. The numbers are defaults of this project.
//!
//! # Example
//!
//! ```text
//! × `transfer` held at the gate to sector
//!   5 sites: 95.8 % at the middle one, at least 84.8 % at a new one (tau² 0.281)
//! ```

use super::{DRILL_S, Gate, GateRules, at_most, batch, hours, judged, mission, rhythm, share, success};
use crate::bound::Confidence;
use crate::protocol::{Endpoints, Exposure, Family, Sites, Transfer};

/// From a batch to a whole sector.
#[derive(Debug)]
pub(super) struct Sector;

impl GateRules for Sector {
    fn gate(&self) -> Gate {
        Gate::Sector
    }

    fn defaults(&self, family: Family) -> Endpoints {
        let counted = family == Family::Counted;
        let common = Endpoints {
            exposure: Some(Exposure {
                shifts_min: 100,
                days_min: 90,
                robots_min: 10,
                units_min: 30_000,
                sites_min: 5,
                seasons_min: 2,
                ..Exposure::default()
            }),
            success: success(0.95, 0.90, &[300, 450]),
            sites: Some(sites(counted)),
            transfer: Some(Transfer { at_least: 0.93, confidence: Confidence::USUAL, sites_min: 5 }),
            hardware: hours(1_000.0, 0.80),
            availability: share(0.93),
            economics: Some(batch::economics(None)),
            ..Endpoints::default()
        };
        match family {
            Family::Counted => Endpoints { rhythm: rhythm(0.05, 20), interventions: hours(24.0, 0.90), ..common },
            Family::Inspection => {
                Endpoints { missed_defects: judged(0.02, Some(0.01)), false_alarms: judged(0.05, Some(0.02)), ..common }
            }
            Family::Care => {
                Endpoints { assistance: at_most(0.05), safety: hours(500.0, 0.90), economics: None, ..common }
            }
            Family::Mission => mission(0.95, 200, &[40, 60, 80], 100.0, DRILL_S),
        }
    }

    fn source(&self) -> &'static str {
        include_str!("sector.rs")
    }
}

fn sites(counted: bool) -> Sites {
    Sites {
        at_least: 0.95,
        confidence: super::level(0.90),
        rhythm_margin: counted.then_some(0.10),
        share_at_most: 0.4,
        full_sites_min: 3,
        shifts_min: 20,
        borrow: false,
    }
}

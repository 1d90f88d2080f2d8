//! Gates: what is asked of a robot before it goes one stage further.
//!
//! A gate is an intersection: every endpoint must reject its own null hypothesis, so that the risk of a false promotion is at
//! most the largest alpha among them. The numbers are defaults, which a task book may change before it is frozen.

use serde::{Deserialize, Serialize};

use crate::bound::Confidence;
use crate::protocol::{Endpoints, Exposure, Hours, Rhythm, Share, Success};

/// A gate, named by the stage it leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// From the laboratory to a pilot.
    Pilot,
    /// From a pilot to verified work.
    Verified,
    /// From verified work to a batch of robots.
    Batch,
    /// From a batch to a whole sector.
    Sector,
}

impl Gate {
    /// All gates, in the order of the road.
    pub const ALL: &[Self] = &[Self::Pilot, Self::Verified, Self::Batch, Self::Sector];

    /// The name in task books and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pilot => "pilot",
            Self::Verified => "verified",
            Self::Batch => "batch",
            Self::Sector => "sector",
        }
    }

    /// The gate of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|gate| gate.name() == name)
    }

    /// What this gate asks for where the task book does not say.
    pub fn defaults(self) -> Endpoints {
        let level = |level| Confidence::new(level).unwrap_or_default();
        let exposure = |shifts_min, days_min, robots_min, units_min| {
            Some(Exposure { shifts_min, days_min, robots_min, units_min })
        };
        let success = |at_least, stratum_at_least, looks: &[u32]| {
            Some(Success {
                at_least,
                confidence: Confidence::USUAL,
                stratum_at_least,
                stratum_confidence: level(0.80),
                looks: looks.to_vec(),
            })
        };
        let rhythm = |margin, shifts_min| Some(Rhythm { margin, confidence: Confidence::USUAL, shifts_min });
        let hours = |at_least_h, confidence| Some(Hours { at_least_h, confidence: level(confidence) });
        let share = |at_least| Some(Share { at_least, confidence: level(0.90) });
        match self {
            Self::Pilot => Endpoints {
                exposure: exposure(8, 4, 1, 200),
                success: success(0.90, Some(0.75), &[8, 12]),
                rhythm: rhythm(1.0, 4),
                ..Endpoints::default()
            },
            Self::Verified => Endpoints {
                exposure: exposure(20, 10, 2, 2_000),
                success: success(0.95, Some(0.75), &[20, 30, 40]),
                rhythm: rhythm(0.15, 10),
                interventions: hours(4.0, 0.90),
                hardware: hours(100.0, 0.80),
                availability: share(0.85),
            },
            Self::Batch => Endpoints {
                exposure: exposure(60, 28, 3, 6_000),
                success: success(0.97, Some(0.90), &[60, 75, 90]),
                rhythm: rhythm(0.10, 15),
                interventions: hours(8.0, 0.90),
                hardware: hours(250.0, 0.80),
                availability: share(0.90),
            },
            Self::Sector => Endpoints {
                exposure: exposure(100, 90, 10, 30_000),
                success: success(0.97, Some(0.90), &[100, 150, 200]),
                rhythm: rhythm(0.05, 20),
                interventions: hours(24.0, 0.90),
                hardware: hours(1_000.0, 0.80),
                availability: share(0.93),
            },
        }
    }

    /// The endpoints of a task book, with this gate's defaults where it does not name one.
    pub fn complete(self, asked: Endpoints) -> Endpoints {
        let defaults = self.defaults();
        Endpoints {
            exposure: asked.exposure.or(defaults.exposure),
            success: asked.success.or(defaults.success),
            rhythm: asked.rhythm.or(defaults.rhythm),
            interventions: asked.interventions.or(defaults.interventions),
            hardware: asked.hardware.or(defaults.hardware),
            availability: asked.availability.or(defaults.availability),
        }
    }
}

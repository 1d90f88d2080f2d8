//! # What it asks
//!
//! Hours of the station between safety stops: the lower bound must reach `at_least_h`. Nothing is borrowed from other sites
//! or releases for it.
//!
//! # Why
//!
//! Where people are helped, or stand beside the robot, safety comes before success. A stop is the machine's own record that
//! something came too close.
//!
//! # Formula and source
//!
//! As of `hardware`: a trend test, then the χ² bound with the dispersion of the shifts' counts, or Crow's at the end where
//! events become rarer. Without an event, `hours = at_least_h · ln(1/(1 − C))` are needed.
//!
//! # Example
//!
//! ```text
//! safety   0 safety stops in 310.0 station hours: at least 134.6 h between them at 90.0 % (overdispersion 1.00)
//! ```

use prairie_model::StationEventKind;

use super::hardware::between;
use super::{Case, Endpoint};
use crate::verdict::EndpointResult;

/// Hours between safety stops.
#[derive(Debug)]
pub(super) struct Safety;

impl Endpoint for Safety {
    fn name(&self) -> &'static str {
        "safety"
    }

    fn judge(&self, case: &Case<'_>) -> Option<EndpointResult> {
        let asked = case.frozen.protocol.endpoints.safety.as_ref()?;
        Some(between(self, case, asked, &[StationEventKind::SafetyStop], "safety stops"))
    }

    fn source(&self) -> &'static str {
        include_str!("safety.rs")
    }
}

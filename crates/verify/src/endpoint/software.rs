//! # What it asks
//!
//! Hours of the station between failures of the software or the policy: the lower bound must reach `at_least_h`.
//!
//! # Why
//!
//! Software fails otherwise than hardware: an update mends it on all robots at once, or breaks it on all of them. A new
//! release starts this clock anew.
//!
//! # Formula and source
//!
//! As of `hardware`: a trend test, then the χ² bound with the dispersion of the shifts' counts, or Crow's at the end where
//! events become rarer. Without an event, `hours = at_least_h · ln(1/(1 − C))` are needed.
//!
//! # Example
//!
//! ```text
//! software   3 software failures in 412.5 station hours: at least 61.7 h between them at 90.0 % (overdispersion 1.00)
//! ```

use prairie_model::StationEventKind;

use super::hardware::between;
use super::{Case, Endpoint};
use crate::verdict::EndpointResult;

/// Hours between software failures.
#[derive(Debug)]
pub(super) struct Software;

impl Endpoint for Software {
    fn name(&self) -> &'static str {
        "software"
    }

    fn judge(&self, case: &Case<'_>) -> Option<EndpointResult> {
        let asked = case.frozen.protocol.endpoints.software.as_ref()?;
        Some(between(self, case, asked, &[StationEventKind::SoftwareFault], "software failures"))
    }

    fn source(&self) -> &'static str {
        include_str!("software.rs")
    }
}

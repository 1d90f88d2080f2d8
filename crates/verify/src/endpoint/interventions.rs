//! # What it asks
//!
//! Hours of the station between interventions: any human input, touch, reset or remote help, any failure of the software
//! and any safety stop. The lower bound must reach `at_least_h`.
//!
//! # Why
//!
//! Autonomy is what people no longer have to do. Events are defined mechanically, so that nobody can define one away: the
//! published disengagement reports of road vehicles cannot be compared for want of that.
//!
//! # Formula and source
//!
//! As of `hardware`: a trend test, then the χ² bound with the dispersion of the shifts' counts, or Crow's at the end where
//! events become rarer.
//!
//! # Example
//!
//! ```text
//! interventions   21 interventions in 223.3 station hours: at least 7.54 h between them at 97.0 % (overdispersion 1.09)
//! ```

use prairie_model::StationEventKind;

use super::hardware::between;
use super::{Case, Endpoint};
use crate::verdict::EndpointResult;

/// Hours between interventions.
#[derive(Debug)]
pub(super) struct Interventions;

impl Endpoint for Interventions {
    fn name(&self) -> &'static str {
        "interventions"
    }

    fn judge(&self, case: &Case<'_>) -> Option<EndpointResult> {
        let asked = case.frozen.protocol.endpoints.interventions.as_ref()?;
        let kinds = [StationEventKind::Intervention, StationEventKind::SoftwareFault, StationEventKind::SafetyStop];
        Some(between(self, case, asked, &kinds, "interventions"))
    }

    fn source(&self) -> &'static str {
        include_str!("interventions.rs")
    }
}

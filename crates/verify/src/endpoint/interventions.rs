//! `interventions`: hours between human touches, of whatever kind.

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
}

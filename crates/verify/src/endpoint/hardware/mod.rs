//! # What it asks
//!
//! Hours of the station between failures of the hardware: the lower bound must reach `at_least_h`. Where failures become more
//! frequent, nothing is promoted until the wear is found.
//!
//! # Why
//!
//! A machine that works in a show may need a mechanic every other day. The clock is scheduled time without the time that the
//! station was down, however many robots took turns in it: robots that rest do not lengthen it.
//!
//! # Formula and source
//!
//! 1. Trend: `2 Σ ln(T/tᵢ)` is χ² with 2N degrees of freedom where the rate is constant (MIL-HDBK-189), and Laplace's test
//!    beside it (Ascher and Feingold, Repairable Systems Reliability, 1984).
//! 2. Without a trend: `2T/χ²(C; 2r + 2)` with hours and failures divided by the dispersion of the shifts' counts (Epstein
//!    and Sobel, JASA 48, 1953; McCullagh and Nelder, Generalized Linear Models, 1989).
//! 3. With failures that become rarer (p < 0.05): the bound of Crow's model at the end, never `T/r`. With failures that become
//!    more frequent: wear blocks.
//!
//! From three stations on, the mean cumulative function (Nelson, Technometrics 30, 1988) with the robust variance of Lawless
//! and Nadeau is told beside it.
//!
//! # Example
//!
//! ```text
//! hardware   1 hardware failures in 412.5 station hours: at least 137.8 h between them at 80.0 % (overdispersion 1.00)
//! ```

mod between;

use prairie_model::StationEventKind;

use super::{Case, Endpoint};
use crate::verdict::EndpointResult;

pub(super) use between::between;

/// Hours between failures of the hardware.
#[derive(Debug)]
pub(super) struct Hardware;

impl Endpoint for Hardware {
    fn name(&self) -> &'static str {
        "hardware"
    }

    fn judge(&self, case: &Case<'_>) -> Option<EndpointResult> {
        let asked = case.frozen.protocol.endpoints.hardware.as_ref()?;
        Some(between(self, case, asked, &[StationEventKind::HardwareFault], "hardware failures"))
    }

    fn source(&self) -> &'static str {
        include_str!("mod.rs")
    }
}

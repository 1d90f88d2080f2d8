//! # What it asks
//!
//! Whether the evidence is still worth anything: shifts lose half of their worth every 180 days, and together they must be
//! worth at least half of the shifts that the gate asked for.
//!
//! # Why
//!
//! Robots wear, people change, parts change, and nobody writes it down. Evidence that is not refreshed by new shifts
//! expires by itself.
//!
//! # Formula and source
//!
//! `worth = Σ 2^(−age/180 days)` over the shifts that were promoted and those since, at the end of the last shift of the
//! log, or at the time that is asked for. The half-life is a default of this project.
//!
//! # Example
//!
//! ```text
//! age   30 shifts are worth 27.4 after 41 days; the gate asked for 20
//! ```

use super::{Stream, Watch, Watched};

/// Days after which a shift is worth half.
const HALF_LIFE_DAYS: f64 = 180.0;

/// Seconds of a day.
const DAY_S: f64 = 86_400.0;

/// The age of the evidence.
#[derive(Debug)]
pub(super) struct Age;

impl Watch for Age {
    fn name(&self) -> &'static str {
        "age"
    }

    fn watch(&self, stream: &Stream<'_>) -> Watched {
        let asked = stream.frozen.protocol.endpoints.exposure.as_ref().map_or(1, |asked| asked.shifts_min);
        let mut worth = 0.0;
        for sums in stream.promoted.iter().chain(stream.since).filter(|sums| sums.units() > 0) {
            let days = stream.now.seconds_since(sums.shift.span.end).max(0.0) / DAY_S;
            worth += libm::exp2(-days / HALF_LIFE_DAYS);
        }
        let shifts = stream.promoted.len() + stream.since.len();
        let last = stream.promoted.last().map_or(0.0, |sums| stream.now.seconds_since(sums.shift.span.end) / DAY_S);
        let mut watched = Watched::quiet(
            self,
            format!("{shifts} shifts are worth {worth:.1} after {last:.0} days; the gate asked for {asked}"),
        );
        watched.tell("worth", worth).tell("days", last).tell("asked", f64::from(asked));
        if worth < 0.5 * f64::from(asked) {
            watched.expired = Some(format!(
                "the evidence is worth {worth:.1} shifts, less than half of the {asked} that the gate asked for"
            ));
        }
        watched
    }

    fn source(&self) -> &'static str {
        include_str!("age.rs")
    }
}

//! ## What it does
//!
//! Counts pairs of a unit and an episode of the same station that overlap in time while it is open whether they belong
//! together: less than half of the shorter one lies within the other, or one of them does not say its robot and two robots
//! worked there at that time. Ids in the log or in the recording settle it.
//!
//! ## Why it matters
//!
//! Recordings of failures are asked for by their units. A recording that is linked to the wrong one teaches from the wrong
//! attempt. Both stay in the table `links`, marked `ambiguous`.
//!
//! ## Example
//!
//! ```text
//! LOG022 3 links of units and episodes are ambiguous, the first is unit `00042` of `door-3`
//! ```

use prairie_model::Severity;

use super::{Findings, LogCheck, LogDoc, LogRun, Seen};

pub(super) const CHECK: LogCheck = LogCheck {
    doc: LogDoc {
        code: "LOG022",
        name: "link ambiguous",
        severity: Severity::Warning,
        summary: "a unit and an episode overlap, and may not belong together",
        source: include_str!("log022_link_ambiguous.rs"),
    },
    start: || Box::new(Ambiguous::default()),
};

#[derive(Debug, Default)]
struct Ambiguous {
    count: u64,
    first: Option<(String, String)>,
}

impl LogRun for Ambiguous {
    fn row(&mut self, _: &Seen<'_>) {}

    fn ambiguous(&mut self, station: &str, unit: &str) {
        self.count += 1;
        self.first.get_or_insert_with(|| (station.to_owned(), unit.to_owned()));
    }

    fn finish(self: Box<Self>, out: &mut Findings) {
        let Some((station, unit)) = self.first else { return };
        let count = self.count;
        let message =
            format!("{count} links of units and episodes are ambiguous, the first is unit `{unit}` of `{station}`");
        out.report().station(&station).rows(count, None).message(message);
    }
}

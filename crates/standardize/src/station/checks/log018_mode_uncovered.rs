//! ## What it does
//!
//! Counts units of which the record of modes does not cover every second, give or take one. Their mode is unknown. Units of
//! stations that the record does not know keep the mode of the log.
//!
//! ## Why it matters
//!
//! A hand on the remote control takes a second. A record with holes cannot show that there was none in them, and unknown
//! does not count as autonomous.
//!
//! ## Example
//!
//! ```text
//! LOG018 14 units of `door-3` have seconds that the record of modes leaves open, at most 12.0 s, the first is row 52 (`00051`)
//! ```

use std::collections::BTreeMap;

use prairie_model::Severity;

use super::{Findings, LogCheck, LogDoc, LogRun, Seen};
use crate::station::LogRow;

pub(super) const CHECK: LogCheck = LogCheck {
    doc: LogDoc {
        code: "LOG018",
        name: "mode uncovered",
        severity: Severity::Warning,
        summary: "the record of modes leaves seconds of units open",
        source: include_str!("log018_mode_uncovered.rs"),
    },
    start: || Box::new(Uncovered::default()),
};

/// Seconds that may be open: a record per second has no finer edges.
const OPEN_MAX_S: f64 = 1.0;

#[derive(Debug, Default)]
struct Uncovered {
    found: BTreeMap<(String, String), (u64, f64, u64, String)>,
}

impl LogRun for Uncovered {
    fn row(&mut self, seen: &Seen<'_>) {
        let LogRow::Unit(unit) = seen.row else { return };
        let Some(open_s) = seen.mode_open_s.filter(|open| *open > OPEN_MAX_S) else { return };
        let key = (seen.file.to_owned(), unit.station.clone());
        let entry = self.found.entry(key).or_insert_with(|| (0, 0.0, seen.number, unit.unit.clone()));
        entry.0 += 1;
        entry.1 = entry.1.max(open_s);
    }

    fn finish(self: Box<Self>, out: &mut Findings) {
        for ((file, station), (rows, most_s, first, unit)) in self.found {
            let message = format!(
                "{rows} units of `{station}` have seconds that the record of modes leaves open, at most {most_s:.1} s, \
                 the first is row {first} (`{unit}`)"
            );
            out.report().file(&file).station(&station).rows(rows, Some(first)).message(message);
        }
    }
}

//! ## What it does
//!
//! Counts units whose name stands in the log before, at the same station. All rows are kept; a verdict counts the one that
//! ended first.
//!
//! ## Why it matters
//!
//! A unit that is exported twice doubles its own weight: one good unit becomes two. Where the names start again every
//! shift, give the shift a part in them. The check keeps eight bytes of each name.
//!
//! ## Example
//!
//! ```text
//! LOG012 4 rows of `units.csv` repeat a unit of `door-3`, the first is row 212 (`2026-10-05/00211`)
//! ```

use std::collections::{BTreeMap, HashSet};

use prairie_model::{Hash256, Severity};

use super::{Findings, LogCheck, LogDoc, LogRun, Seen};
use crate::station::LogRow;

pub(super) const CHECK: LogCheck = LogCheck {
    doc: LogDoc {
        code: "LOG012",
        name: "repeated",
        severity: Severity::Warning,
        summary: "the same unit of a station stands twice",
        source: include_str!("log012_repeated.rs"),
    },
    start: || Box::new(Repeated::default()),
};

#[derive(Debug, Default)]
struct Repeated {
    /// The first eight bytes of the hash of station and name: among ten million units two share them once in three hundred
    /// thousand logs.
    names: HashSet<u64>,
    found: BTreeMap<(String, String), (u64, u64, String)>,
}

impl LogRun for Repeated {
    fn row(&mut self, seen: &Seen<'_>) {
        let LogRow::Unit(unit) = seen.row else { return };
        let hash = Hash256::of(format!("{}\n{}", unit.station, unit.unit).as_bytes());
        let mut short = [0; 8];
        short.copy_from_slice(&hash.as_bytes()[..8]);
        if self.names.insert(u64::from_le_bytes(short)) {
            return;
        }
        let key = (seen.file.to_owned(), unit.station.clone());
        let entry = self.found.entry(key).or_insert_with(|| (0, seen.number, unit.unit.clone()));
        entry.0 += 1;
    }

    fn finish(self: Box<Self>, out: &mut Findings) {
        for ((file, station), (rows, first, unit)) in self.found {
            let message =
                format!("{rows} rows of `{file}` repeat a unit of `{station}`, the first is row {first} (`{unit}`)");
            out.report().file(&file).station(&station).rows(rows, Some(first)).message(message);
        }
    }
}

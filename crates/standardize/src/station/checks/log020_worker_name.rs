//! ## What it does
//!
//! Counts units whose worker is no pseudonym: small letters, digits and hyphens with at least one digit, like `w-07`. The
//! rows get a pseudonym that is salted with a secret of the store; the log's own bytes are kept as they came.
//!
//! ## Why it matters
//!
//! A baseline compares stations, not people, and nobody's pace may become known by it. Give people pseudonyms where the log
//! is written; until then the recording of this log holds names, and may have to be erased.
//!
//! ## Example
//!
//! ```text
//! LOG020 240 rows of `units.csv` name a worker who is no pseudonym, the first is row 2
//! ```

use std::collections::BTreeMap;

use prairie_model::Severity;
use prairie_model::register::is_pseudonym;

use super::{Findings, LogCheck, LogDoc, LogRun, Seen};
use crate::station::LogRow;

pub(super) const CHECK: LogCheck = LogCheck {
    doc: LogDoc {
        code: "LOG020",
        name: "worker name",
        severity: Severity::Warning,
        summary: "the log seems to name people",
        source: include_str!("log020_worker_name.rs"),
    },
    start: || Box::new(Named::default()),
};

#[derive(Debug, Default)]
struct Named {
    found: BTreeMap<String, (u64, u64)>,
}

impl LogRun for Named {
    fn row(&mut self, seen: &Seen<'_>) {
        let LogRow::Unit(unit) = seen.row else { return };
        if unit.worker.as_ref().is_some_and(|worker| !is_pseudonym(worker)) {
            self.found.entry(seen.file.to_owned()).or_insert((0, seen.number)).0 += 1;
        }
    }

    fn finish(self: Box<Self>, out: &mut Findings) {
        for (file, (rows, first)) in self.found {
            // The name itself is not repeated here.
            let message =
                format!("{rows} rows of `{file}` name a worker who is no pseudonym, the first is row {first}");
            out.report().file(&file).rows(rows, Some(first)).message(message);
        }
    }
}

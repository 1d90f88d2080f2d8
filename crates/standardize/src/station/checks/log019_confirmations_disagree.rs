//! ## What it does
//!
//! Counts units that two confirmations of the same time call differently. The worse one counts.
//!
//! ## Why it matters
//!
//! The last look at a unit decides what it was, so that two looks at once leave the choice to whoever imports. Nobody may
//! choose: a unit that somebody found bad is bad until a later look says otherwise.
//!
//! ## Example
//!
//! ```text
//! LOG019 2 units of `door-3` have confirmations of the same time that disagree, the first is row 8 of `later.csv` (`00411`)
//! ```

use std::collections::BTreeMap;

use prairie_model::{Outcome, Severity};

use super::{Findings, LogCheck, LogDoc, LogRun, Seen};
use crate::station::LogRow;

pub(super) const CHECK: LogCheck = LogCheck {
    doc: LogDoc {
        code: "LOG019",
        name: "confirmations disagree",
        severity: Severity::Warning,
        summary: "later looks at a unit disagree",
        source: include_str!("log019_confirmations_disagree.rs"),
    },
    start: || Box::new(Disagree::default()),
};

#[derive(Debug, Default)]
struct Disagree {
    looks: BTreeMap<(String, String, Option<i64>), Outcome>,
    found: BTreeMap<(String, String), (u64, u64, String)>,
}

impl LogRun for Disagree {
    fn row(&mut self, seen: &Seen<'_>) {
        let LogRow::Confirmation(look) = seen.row else { return };
        let key = (look.station.clone(), look.unit.clone(), look.at.map(|at| at.0));
        let before = self.looks.insert(key, look.outcome);
        if before.is_some_and(|before| before != look.outcome) {
            let key = (seen.file.to_owned(), look.station.clone());
            self.found.entry(key).or_insert_with(|| (0, seen.number, look.unit.clone())).0 += 1;
        }
    }

    fn finish(self: Box<Self>, out: &mut Findings) {
        for ((file, station), (rows, first, unit)) in self.found {
            let message = format!(
                "{rows} units of `{station}` have confirmations of the same time that disagree, the first is row {first} of \
                 `{file}` (`{unit}`)"
            );
            out.report().file(&file).station(&station).rows(rows, Some(first)).message(message);
        }
    }
}

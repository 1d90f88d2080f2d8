//! ## What it does
//!
//! Counts taxels that have one value throughout while at least half of the others change. (A sensor without noise, of which
//! only the touched taxels change, is left alone.) More than `dead_share_max` of them are reported.
//!
//! ## Why it matters
//!
//! A dead row or column looks like an edge of the object. Which taxels are dead differs from sensor to sensor, so a policy
//! that learned around one hand's holes fails on the next hand.
//!
//! ## Example
//!
//! ```text
//! CON004 16 of 256 taxels of `/tactile` never change (6.2 %, limit 5.0 %)
//! ```

use std::collections::BTreeMap;

use crate::check::{BatchView, Check, CheckDoc, Context, Family, Limit, Run, Settings};
use crate::outcome::Outcome;
use prairie_model::{Dimension, Severity, StreamKind};

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "CON004",
        name: "dead taxels",
        family: Family::Con,
        dimension: Dimension::Usability,
        severity: Severity::Warning,
        needs: &[],
        summary: "taxels never change while the others do",
        limits: &[Limit {
            key: "dead_share_max",
            default: 0.05,
            unit: "",
            meaning: "share of the taxels that may be dead",
        }],
        source: include_str!("con004_dead_taxels.rs"),
    },
    start: |settings| Box::new(DeadTaxels { settings: settings.clone(), streams: BTreeMap::new() }),
};

/// Taxels that are watched per sensor.
const TAXELS_MAX: usize = 65_536;

#[derive(Default)]
struct Taxels {
    name: String,
    rows: u64,
    first: Vec<f64>,
    changes: Vec<bool>,
}

struct DeadTaxels {
    settings: Settings,
    streams: BTreeMap<u32, Taxels>,
}

impl Run for DeadTaxels {
    fn batch(&mut self, view: &BatchView<'_>) {
        if !view.is(StreamKind::Tactile) {
            return;
        }
        let Some(series) = view.series("value").filter(|series| series.width <= TAXELS_MAX) else { return };
        let taxels = self.streams.entry(view.index).or_default();
        taxels.name.clone_from(&view.stream.name);
        for row in series.rows() {
            taxels.rows += 1;
            if taxels.first.len() != row.len() {
                taxels.first = row.to_vec();
                taxels.changes = vec![false; row.len()];
            }
            for ((changes, first), value) in taxels.changes.iter_mut().zip(&taxels.first).zip(row) {
                *changes |= value.to_bits() != first.to_bits();
            }
        }
    }

    fn finish(self: Box<Self>, _: &Context<'_>, out: &mut Outcome) {
        let limit = self.settings.limit("dead_share_max");
        for taxels in self.streams.values().filter(|taxels| taxels.rows >= 10) {
            let all = taxels.changes.len();
            let dead = taxels.changes.iter().filter(|changes| !**changes).count();
            if dead * 2 > all {
                continue;
            }
            out.applies();
            let share = dead as f64 / all.max(1) as f64;
            if share > limit {
                out.report().stream(&taxels.name).measured(share, limit, "").message(format!(
                    "{dead} of {all} taxels of `{}` never change ({:.1} %, limit {:.1} %)",
                    taxels.name,
                    share * 100.0,
                    limit * 100.0
                ));
            }
        }
    }
}

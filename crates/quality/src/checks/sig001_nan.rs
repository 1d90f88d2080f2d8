//! ## What it does
//!
//! Counts values that are NaN or infinite in the source. Values that are missing (null) are not counted.
//!
//! ## Why it matters
//!
//! One NaN in a batch turns every weight of a network into NaN. It is a warning in the speeds and efforts of joints, which many
//! drivers fill with NaN where the hardware does not measure them.
//!
//! ## Example
//!
//! ```text
//! SIG001 3 of 30000 values of `position` in `/joint_states` are not finite
//!   --> run-0412.mcap, episode 7, 4.20-4.21 s
//! ```

use std::collections::BTreeMap;

use prairie_model::{Dimension, Severity};

use crate::check::{BatchView, Check, CheckDoc, Context, Family, Limit, Run, Settings};
use crate::outcome::Outcome;

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "SIG001",
        name: "not finite",
        family: Family::Sig,
        dimension: Dimension::Usability,
        severity: Severity::Error,
        needs: &[],
        summary: "values are NaN or infinite",
        limits: &[Limit {
            key: "values_max",
            default: 0.0,
            unit: "values",
            meaning: "how many values of one column may be NaN or infinite",
        }],
        source: include_str!("sig001_nan.rs"),
    },
    start: |settings| Box::new(NotFinite { settings: settings.clone(), seen: BTreeMap::new() }),
};

#[derive(Default)]
struct Column {
    stream: String,
    values: u64,
    bad: u64,
    span: Option<(i64, i64)>,
}

struct NotFinite {
    settings: Settings,
    seen: BTreeMap<(u32, &'static str), Column>,
}

impl Run for NotFinite {
    fn batch(&mut self, view: &BatchView<'_>) {
        for series in &view.series {
            let column = self.seen.entry((view.index, series.name)).or_default();
            if column.stream.is_empty() {
                column.stream.clone_from(&view.stream.name);
            }
            // A sum is not finite if one of its terms is not, and costs less than looking at each.
            let whole = series.missing == 0 && series.values.iter().map(|value| value * 0.0).sum::<f64>() == 0.0;
            column.values += (series.values.len() - series.missing) as u64;
            if whole {
                continue;
            }
            let bad = series.values.iter().filter(|value| !value.is_finite()).count().saturating_sub(series.missing);
            if bad == 0 {
                continue;
            }
            column.bad += bad as u64;
            for (&t, row) in view.t_ns.iter().zip(series.rows()) {
                if row.iter().any(|value| !value.is_finite()) {
                    let (from, to) = column.span.unwrap_or((t, t));
                    column.span = Some((from.min(t), to.max(t)));
                }
            }
        }
    }

    fn finish(self: Box<Self>, _: &Context<'_>, out: &mut Outcome) {
        let limit = self.settings.limit("values_max");
        for ((_, name), column) in &self.seen {
            out.applies();
            let Some((from, to)) = column.span.filter(|_| column.bad as f64 > limit) else { continue };
            let mild = matches!(*name, "velocity" | "effort");
            out.report()
                .stream(&column.stream)
                .span(from, to)
                .measured(column.bad as f64, limit, "values")
                .at_most(if mild { Severity::Warning } else { Severity::Error })
                .message(format!(
                    "{} of {} values of `{name}` in `{}` are not finite",
                    column.bad, column.values, column.stream
                ));
        }
    }
}

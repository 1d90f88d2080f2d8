//! ## What it does
//!
//! Looks for runs of three or more samples at the exact greatest or least value that a force, inertial or effort signal
//! ever has. At least `runs_min` such runs, in at least `clipped_share_min` of the samples, and not more than half of them,
//! count as clipping.
//!
//! ## Why it matters
//!
//! The peak of a contact is what matters in it, and a clipped sensor has cut it off. A policy learns that pushing harder
//! changes nothing.
//!
//! ## Example
//!
//! ```text
//! SIG004 `fz_n` of `/wrench` is cut off at 200 N: 34 samples in 5 runs
//! ```

use std::collections::BTreeMap;

use crate::check::{BatchView, Check, CheckDoc, Context, Family, Limit, Run, Settings};
use crate::outcome::Outcome;
use prairie_model::{Dimension, Series, Severity, StreamKind};

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "SIG004",
        name: "clipped",
        family: Family::Sig,
        dimension: Dimension::Usability,
        severity: Severity::Warning,
        needs: &[],
        summary: "a sensor is cut off at its extreme",
        limits: &[
            Limit { key: "runs_min", default: 2.0, unit: "runs", meaning: "least runs at the extreme" },
            Limit {
                key: "clipped_share_min",
                default: 0.0005,
                unit: "",
                meaning: "least share of the samples at the extreme",
            },
        ],
        source: include_str!("sig004_clipped.rs"),
    },
    start: |settings| Box::new(Clipped { settings: settings.clone(), streams: BTreeMap::new() }),
};

/// Samples in a row at the extreme.
const RUN_MIN: u64 = 3;

/// One end of one column.
#[derive(Clone, Copy)]
struct End {
    extreme: f64,
    run: u64,
    runs: u64,
    clipped: u64,
}

impl End {
    const NONE: Self = Self { extreme: f64::NEG_INFINITY, run: 0, runs: 0, clipped: 0 };

    fn observe(&mut self, value: f64) {
        if value > self.extreme {
            *self = Self { extreme: value, run: 1, ..Self::NONE };
        } else if value == self.extreme {
            self.run += 1;
            if self.run == RUN_MIN {
                self.runs += 1;
                self.clipped += RUN_MIN;
            } else if self.run > RUN_MIN {
                self.clipped += 1;
            }
        } else {
            self.run = 0;
        }
    }
}

struct Columns {
    stream: String,
    names: Vec<String>,
    unit: &'static str,
    samples: u64,
    /// The upper end of each column, and the lower end with its sign turned.
    ends: Vec<(End, End)>,
}

struct Clipped {
    settings: Settings,
    streams: BTreeMap<(u32, &'static str), Columns>,
}

/// The columns that can be clipped: not a quaternion's.
fn columns(kind: StreamKind, series: &Series<'_>) -> usize {
    match kind {
        StreamKind::Wrench => series.width,
        StreamKind::Imu => series.width.min(6),
        StreamKind::JointState if series.name == "effort" => series.width,
        _ => 0,
    }
}

impl Run for Clipped {
    fn batch(&mut self, view: &BatchView<'_>) {
        let Some(kind) = view.kind else { return };
        for series in &view.series {
            let width = columns(kind, series);
            if width == 0 {
                continue;
            }
            let columns = self.streams.entry((view.index, series.name)).or_insert_with(|| Columns {
                stream: view.stream.name.clone(),
                names: match &series.columns[..] {
                    [] => view.stream.names.clone(),
                    columns => columns.iter().map(|name| (*name).to_owned()).collect(),
                },
                unit: series.unit,
                samples: 0,
                ends: vec![(End::NONE, End::NONE); width],
            });
            columns.samples += view.t_ns.len() as u64;
            for row in series.rows() {
                for ((upper, lower), value) in columns.ends.iter_mut().zip(row) {
                    upper.observe(*value);
                    lower.observe(-value);
                }
            }
        }
    }

    fn finish(self: Box<Self>, _: &Context<'_>, out: &mut Outcome) {
        let (runs_min, share_min) = (self.settings.limit("runs_min"), self.settings.limit("clipped_share_min"));
        for columns in self.streams.values() {
            out.applies();
            for (at, (upper, lower)) in columns.ends.iter().enumerate() {
                for (end, sign) in [(upper, 1.0), (lower, -1.0)] {
                    let share = end.clipped as f64 / columns.samples.max(1) as f64;
                    // A signal that rests at zero, or at one value for most of the time, is not clipped there.
                    let rests = end.extreme == 0.0 || share > 0.5;
                    if rests || (end.runs as f64) < runs_min || share < share_min {
                        continue;
                    }
                    let name = columns.names.get(at).cloned().unwrap_or_else(|| format!("element {at}"));
                    let extreme = end.extreme * sign;
                    out.report().stream(&columns.stream).measured(share, share_min, "").message(format!(
                        "`{name}` of `{}` is cut off at {extreme:.4} {}: {} samples in {} runs",
                        columns.stream, columns.unit, end.clipped, end.runs
                    ));
                }
            }
        }
    }
}

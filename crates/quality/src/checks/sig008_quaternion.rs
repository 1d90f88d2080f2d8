//! ## What it does
//!
//! Counts orientations whose quaternion is longer or shorter than one by more than `norm_error_max`. An inertial sensor
//! that leaves its orientation at zero has none, and is passed over.
//!
//! ## Why it matters
//!
//! A quaternion of another length is not a rotation. Most libraries normalise it without a word, so that a swapped column
//! or a missing scalar part becomes a wrong orientation that looks right.
//!
//! ## Example
//!
//! ```text
//! SIG008 52 of 900 quaternions of `/tool_pose` are off by up to 0.2100 from length one (limit 0.0100)
//! ```

use std::collections::BTreeMap;

use crate::check::{BatchView, Check, CheckDoc, Context, Family, Limit, Run, Settings};
use crate::outcome::Outcome;
use prairie_model::{Dimension, Severity, StreamKind};

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "SIG008",
        name: "quaternion",
        family: Family::Sig,
        dimension: Dimension::Consistency,
        severity: Severity::Error,
        needs: &[],
        summary: "a quaternion has not length one",
        limits: &[Limit {
            key: "norm_error_max",
            default: 0.01,
            unit: "",
            meaning: "how far the length may be from one",
        }],
        source: include_str!("sig008_quaternion.rs"),
    },
    start: |settings| Box::new(Quaternion { settings: settings.clone(), streams: BTreeMap::new() }),
};

#[derive(Default)]
struct Norms {
    name: String,
    rows: u64,
    off: u64,
    worst: f64,
    span: Option<(i64, i64)>,
}

struct Quaternion {
    settings: Settings,
    streams: BTreeMap<u32, Norms>,
}

impl Run for Quaternion {
    fn batch(&mut self, view: &BatchView<'_>) {
        let Some(kind @ (StreamKind::Pose | StreamKind::Imu)) = view.kind else { return };
        let Some(series) = view.series(kind.name()) else { return };
        let places = ["qx", "qy", "qz", "qw"].map(|name| series.columns.iter().position(|column| *column == name));
        let [Some(x), Some(y), Some(z), Some(w)] = places else { return };
        let limit = self.settings.limit("norm_error_max");
        let norms = self.streams.entry(view.index).or_default();
        norms.name.clone_from(&view.stream.name);
        for (&t, row) in view.t_ns.iter().zip(series.rows()) {
            let norm = libm::sqrt([x, y, z, w].iter().map(|at| row[*at] * row[*at]).sum::<f64>());
            if norm.is_nan() || (norm == 0.0 && kind == StreamKind::Imu) {
                continue;
            }
            norms.rows += 1;
            let off = (norm - 1.0).abs();
            if off > limit {
                norms.off += 1;
                norms.worst = norms.worst.max(off);
                let (from, to) = norms.span.unwrap_or((t, t));
                norms.span = Some((from.min(t), to.max(t)));
            }
        }
    }

    fn finish(self: Box<Self>, _: &Context<'_>, out: &mut Outcome) {
        let limit = self.settings.limit("norm_error_max");
        for norms in self.streams.values().filter(|norms| norms.rows > 0) {
            out.applies();
            let Some((from, to)) = norms.span else { continue };
            out.report().stream(&norms.name).span(from, to).measured(norms.worst, limit, "").message(format!(
                "{} of {} quaternions of `{}` are off by up to {:.4} from length one (limit {limit:.4})",
                norms.off, norms.rows, norms.name, norms.worst
            ));
        }
    }
}

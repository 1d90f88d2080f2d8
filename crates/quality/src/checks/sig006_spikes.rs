//! ## What it does
//!
//! Looks for single samples that leave both their neighbours, in opposite directions, by more than `spike_ratio` times the
//! usual step of the signal, and by more than a floor that depends on the kind (0.05 rad, 50 N, 5 N·m, 20 m/s², 2 rad/s,
//! 0.02 m). More than `spikes_max` in one column are reported.
//!
//! ## Why it matters
//!
//! No robot moves like that: it is a lost bit, a mixed-up message or a bad contact in a cable. Differentiated, one spike is
//! two enormous accelerations, and normalisation over the dataset squeezes everything else together.
//!
//! ## Example
//!
//! ```text
//! SIG006 `left_elbow` of `/joint_states` has 2 spikes, the greatest of 1.2000 rad
//!   --> run-0412.mcap, episode 7, 3.10-9.44 s
//! ```

use std::collections::BTreeMap;

use crate::check::{BatchView, Check, CheckDoc, Context, Family, Limit, Run, Settings};
use crate::outcome::Outcome;
use prairie_model::{Dimension, Series, Severity, StreamKind};

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "SIG006",
        name: "spikes",
        family: Family::Sig,
        dimension: Dimension::Usability,
        severity: Severity::Warning,
        needs: &[],
        summary: "single samples jump away and back",
        limits: &[
            Limit { key: "spike_ratio", default: 20.0, unit: "", meaning: "how many usual steps a spike is high" },
            Limit { key: "spikes_max", default: 0.0, unit: "spikes", meaning: "spikes that a column may have" },
        ],
        source: include_str!("sig006_spikes.rs"),
    },
    start: |settings| Box::new(Spikes { settings: settings.clone(), streams: BTreeMap::new() }),
};

/// Samples before the usual step is known.
const WARM_UP: u64 = 20;

/// Weight of the newest step in the usual one.
const WEIGHT: f64 = 0.02;

#[derive(Clone, Copy, Default)]
struct Column {
    before: f64,
    now: f64,
    usual: f64,
    spikes: u64,
    greatest: f64,
    span: Option<(i64, i64)>,
}

struct Columns {
    stream: String,
    names: Vec<String>,
    kind: StreamKind,
    unit: &'static str,
    seen: u64,
    t: i64,
    columns: Vec<Column>,
}

struct Spikes {
    settings: Settings,
    streams: BTreeMap<u32, Columns>,
}

/// The series that can spike, and how many of its columns.
fn spiky<'a, 'b>(view: &'b BatchView<'a>) -> Option<(&'b Series<'a>, usize)> {
    match view.kind? {
        StreamKind::JointState => view.series("position").map(|series| (series, series.width)),
        StreamKind::Wrench => view.series("wrench").map(|series| (series, series.width)),
        StreamKind::Imu => view.series("imu").map(|series| (series, series.width.min(6))),
        StreamKind::Pose => view.series("pose").map(|series| (series, series.width.min(3))),
        _ => None,
    }
}

/// Below this height it is no spike.
const fn floor(kind: StreamKind, column: usize) -> f64 {
    match (kind, column) {
        (StreamKind::JointState, _) => 0.05,
        // Metal on metal rings: what a collision leaves in one sample at 1 kHz lies below this.
        (StreamKind::Wrench, 0..3) => 50.0,
        (StreamKind::Wrench, _) => 5.0,
        (StreamKind::Imu, 0..3) => 20.0,
        (StreamKind::Imu, _) => 2.0,
        _ => 0.02,
    }
}

impl Run for Spikes {
    fn batch(&mut self, view: &BatchView<'_>) {
        let (Some(kind), Some((series, width))) = (view.kind, spiky(view)) else { return };
        let ratio = self.settings.limit("spike_ratio");
        let all = self.streams.entry(view.index).or_insert_with(|| Columns {
            stream: view.stream.name.clone(),
            names: match &series.columns[..] {
                [] => view.stream.names.clone(),
                columns => columns.iter().map(|name| (*name).to_owned()).collect(),
            },
            kind,
            unit: series.unit,
            seen: 0,
            t: 0,
            columns: vec![Column::default(); width],
        });
        for (&t, row) in view.t_ns.iter().zip(series.rows()) {
            all.seen += 1;
            for (at, (column, &next)) in all.columns.iter_mut().zip(row).enumerate() {
                let (up, down) = (column.now - column.before, next - column.now);
                if all.seen > WARM_UP && up * down < 0.0 {
                    let height = up.abs().min(down.abs());
                    if height > (ratio * column.usual).max(floor(kind, at)) {
                        column.spikes += 1;
                        column.greatest = column.greatest.max(height);
                        let (from, to) = column.span.unwrap_or((all.t, all.t));
                        column.span = Some((from.min(all.t), to.max(all.t)));
                    }
                }
                // A step counts for at most ten usual ones, so that a spike does not hide the next.
                let step = if column.usual > 0.0 { down.abs().min(column.usual * 10.0) } else { down.abs() };
                if all.seen > 1 && step.is_finite() {
                    column.usual += (step - column.usual) * if all.seen < WARM_UP { 0.2 } else { WEIGHT };
                }
                if next.is_finite() {
                    (column.before, column.now) = if all.seen == 1 { (next, next) } else { (column.now, next) };
                }
            }
            all.t = t;
        }
    }

    fn finish(self: Box<Self>, _: &Context<'_>, out: &mut Outcome) {
        let limit = self.settings.limit("spikes_max");
        for all in self.streams.values() {
            out.applies();
            for (at, column) in all.columns.iter().enumerate() {
                let Some((from, to)) = column.span.filter(|_| column.spikes as f64 > limit) else { continue };
                let name = all.names.get(at).cloned().unwrap_or_else(|| format!("element {at}"));
                let unit = if all.kind == StreamKind::JointState { all.unit } else { unit_of(&name) };
                let spikes = super::count(column.spikes, "spike");
                out.report()
                    .stream(&all.stream)
                    .span(from, to)
                    .measured(column.spikes as f64, limit, "spikes")
                    .message(format!(
                        "`{name}` of `{}` has {spikes}, the greatest of {:.4} {unit}",
                        all.stream, column.greatest
                    ));
            }
        }
    }
}

/// The unit that a column's name ends with.
fn unit_of(column: &str) -> &'static str {
    match column.rsplit('_').next() {
        Some("n") => "N",
        Some("nm") => "N·m",
        Some("mps2") => "m/s²",
        Some("radps") => "rad/s",
        _ => "m",
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::findings;

    #[test]
    fn a_step_is_no_spike() {
        let joints = |position: &str| {
            format!(
                r#"{{"name": "/joints", "kind": "joint_state", "t": {{"rate_hz": 100, "n": 800}},
                "columns": {{"position": [{position}]}}}}"#
            )
        };
        assert_eq!(findings("SIG006", &joints(r#"{"steps": [[0, 0], [3, 1], [5, 0]]}"#)), []);
        assert_eq!(findings("SIG006", &joints(r#"{"noise": {"amp": 0.02}}"#)), [], "noise");
        let two = r#"{"at": {"of": {"sine": {"hz": 0.1}}, "exceptions": [[200, 3], [600, -3]]}}"#;
        assert_eq!(findings("SIG006", &joints(two)).first().and_then(|finding| finding.measured), Some(2.0));
    }
}

//! ## What it does
//!
//! Looks for stretches of at least `stuck_min_s` in which every number of a sensor is bit by bit the same while other
//! streams show the robot moving, or commands change. A force, inertial or tactile sensor that is stuck for a while, and
//! noisy otherwise, is an error; one that never changes at all is a warning. For joints and poses, which may truly rest,
//! only a stretch that ends with a jump is an error.
//!
//! ## Why it matters
//!
//! A driver that hangs repeats its last message with new stamps. Rate and completeness look perfect, and the episode
//! teaches that the robot can move without its state changing.
//!
//! ## Example
//!
//! ```text
//! SIG002 `/wrench` repeats one value for 3.20 s while the robot moves (limit 1.00 s)
//!   --> run-0412.mcap, episode 7, 8.10-11.30 s
//! ```

use std::collections::BTreeMap;

use crate::check::{BatchView, Check, CheckDoc, Context, Family, Limit, Run, Settings};
use crate::outcome::Outcome;
use prairie_model::{Dimension, Severity, StreamKind};

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "SIG002",
        name: "stuck",
        family: Family::Sig,
        dimension: Dimension::Usability,
        severity: Severity::Error,
        needs: &[],
        summary: "a sensor repeats one value while the robot moves",
        limits: &[
            Limit { key: "stuck_min_s", default: 1.0, unit: "s", meaning: "shortest stretch of one value that counts" },
            Limit {
                key: "jump_min",
                default: 0.02,
                unit: "rad or m",
                meaning: "how far a joint or pose must jump at the end of the stretch",
            },
        ],
        source: include_str!("sig002_stuck.rs"),
    },
    start: |settings| Box::new(Stuck { settings: settings.clone(), streams: BTreeMap::new() }),
};

/// Stretches that are kept per stream: the longest.
const STRETCHES_MAX: usize = 16;

/// Samples that a stretch has at least.
const SAMPLES_MIN: u64 = 10;

#[derive(Default)]
struct Sensor {
    name: String,
    kind: Option<StreamKind>,
    row: Vec<f64>,
    t: i64,
    started: i64,
    repeats: u64,
    /// From, to, samples, jump at its end.
    stretches: Vec<(i64, i64, u64, f64)>,
    pairs: u64,
    equal_pairs: u64,
}

struct Stuck {
    settings: Settings,
    streams: BTreeMap<u32, Sensor>,
}

/// The numbers in which a sensor of this kind shows that it lives.
const fn living(kind: StreamKind) -> Option<&'static str> {
    match kind {
        StreamKind::Imu | StreamKind::Pose | StreamKind::Wrench => Some(kind.name()),
        StreamKind::JointState => Some("position"),
        StreamKind::Tactile => Some("value"),
        _ => None,
    }
}

impl Run for Stuck {
    fn batch(&mut self, view: &BatchView<'_>) {
        let Some(kind) = view.kind else { return };
        let Some(series) = living(kind).and_then(|name| view.series(name)) else { return };
        let stuck_min_ns = self.settings.limit("stuck_min_s").max(0.0) * 1e9;
        let sensor = self.streams.entry(view.index).or_default();
        if sensor.kind.is_none() {
            sensor.kind = Some(kind);
            sensor.name.clone_from(&view.stream.name);
        }
        for (&t, row) in view.t_ns.iter().zip(series.rows()) {
            sensor.observe(t, row, stuck_min_ns);
        }
    }

    fn finish(mut self: Box<Self>, context: &Context<'_>, out: &mut Outcome) {
        let limit = self.settings.limit("stuck_min_s");
        let jump_min = self.settings.limit("jump_min");
        for (index, sensor) in &mut self.streams {
            out.applies();
            sensor.close(limit.max(0.0) * 1e9, 0.0);
            sensor.stretches.sort_unstable_by_key(|stretch| stretch.0);
            let stretched: u64 = sensor.stretches.iter().map(|stretch| stretch.2).sum();
            let alive = sensor.pairs.saturating_sub(stretched);
            let noisy = alive > 0 && (sensor.equal_pairs.saturating_sub(stretched)) * 2 < alive;
            let rests = matches!(sensor.kind, Some(StreamKind::JointState | StreamKind::Pose));
            for &(from, to, _, jump) in &sensor.stretches {
                let moves = context.scene.robot_moves(from, to, Some(*index)) || context.scene.command_moves(from, to);
                if !moves || (rests && jump < jump_min) {
                    continue;
                }
                let seconds = to.abs_diff(from) as f64 / 1e9;
                let report = out.report().stream(&sensor.name).span(from, to).measured(seconds, limit, "s");
                let report = if noisy || rests { report } else { report.at_most(Severity::Warning) };
                report.message(format!(
                    "`{}` repeats one value for {seconds:.2} s while the robot moves (limit {limit:.2} s)",
                    sensor.name
                ));
            }
        }
    }
}

impl Sensor {
    fn observe(&mut self, t: i64, row: &[f64], stuck_min_ns: f64) {
        if self.row.is_empty() {
            self.started = t;
        } else {
            self.pairs += 1;
            // Bit by bit, so that a missing value equals a missing value.
            let same = self.row.len() == row.len() && self.row.iter().zip(row).all(|(a, b)| a.to_bits() == b.to_bits());
            if same {
                self.equal_pairs += 1;
                self.repeats += 1;
                self.t = t;
                return;
            }
            let jump = self.row.iter().zip(row).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            self.close(stuck_min_ns, jump);
            self.started = t;
        }
        self.t = t;
        self.row.clear();
        self.row.extend_from_slice(row);
    }

    /// Ends the stretch that goes on, and keeps it if it was long enough.
    fn close(&mut self, stuck_min_ns: f64, jump: f64) {
        let repeats = std::mem::take(&mut self.repeats);
        let long = self.t > self.started && self.t.abs_diff(self.started) as f64 >= stuck_min_ns;
        if !long || repeats < SAMPLES_MIN {
            return;
        }
        let stretch = (self.started, self.t, repeats, jump);
        if self.stretches.len() < STRETCHES_MAX {
            self.stretches.push(stretch);
        } else if let Some(least) = self.stretches.iter_mut().min_by_key(|other| other.2)
            && least.2 < repeats
        {
            *least = stretch;
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::findings;
    use prairie_model::Severity;

    const OTHER: &str = r#"{"name": "/other", "kind": "joint_state", "t": {"rate_hz": 100, "n": 800},
        "columns": {"position": [{"sine": {}}]}}"#;

    fn joints(position: &str) -> String {
        format!(
            r#"{OTHER}, {{"name": "/joints", "kind": "joint_state", "t": {{"rate_hz": 100, "n": 800}},
            "columns": {{"position": [{position}]}}}}"#
        )
    }

    #[test]
    fn a_joint_may_rest_but_not_jump_afterwards() {
        let found = findings("SIG002", &joints(r#"{"ramp": {"start_s": 5, "end_s": 6}}"#));
        assert_eq!(found, [], "an arm that waits for the other");
        let found = findings("SIG002", &joints(r#"{"hold": {"of": {"sine": {"hz": 0.3}}, "from_s": 2, "to_s": 4}}"#));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].measured.is_some_and(|seconds| (seconds - 1.99).abs() < 0.011));
    }

    #[test]
    fn nothing_is_stuck_while_nothing_moves() {
        let still = OTHER.replace(r#"{"sine": {}}"#, "1");
        let wrench =
            r#"{"name": "/wrench", "kind": "wrench", "t": {"rate_hz": 100, "n": 800}, "columns": {"fz_n": 5}}"#;
        assert_eq!(findings("SIG002", &format!("{still}, {wrench}")), []);
        let found = findings("SIG002", &format!("{OTHER}, {wrench}"));
        assert_eq!(
            found.iter().map(|f| f.severity).collect::<Vec<_>>(),
            [Severity::Warning],
            "it never changes at all"
        );
    }
}

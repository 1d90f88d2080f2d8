//! ## What it does
//!
//! Looks for a pose that, from one sample to the next, goes further than `jump_max_m` at more than `speed_max_mps`, or
//! turns by more than `jump_max_rad` at more than `turn_max_radps`. The correction of a map (`odom` in `map`) may jump.
//!
//! ## Why it matters
//!
//! A pose that jumps means that its coordinate frame changed, that tracking was lost and found elsewhere, or that two
//! sources write one topic. Positions before and after do not belong together.
//!
//! ## Example
//!
//! ```text
//! SIG009 `/tool_pose` jumps by 0.4200 m in 0.0020 s (limit 0.1000 m), once
//!   --> run-0412.mcap, episode 7, 5.01-5.01 s
//! ```

use std::collections::BTreeMap;

use crate::check::{BatchView, Check, CheckDoc, Context, Family, Limit, Run, Settings};
use crate::outcome::Outcome;
use prairie_model::{Dimension, Severity, StreamKind};

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "SIG009",
        name: "pose jumps",
        family: Family::Sig,
        dimension: Dimension::Consistency,
        severity: Severity::Error,
        needs: &[],
        summary: "a pose jumps from one sample to the next",
        limits: &[
            Limit {
                key: "jump_max_m",
                default: 0.1,
                unit: "m",
                meaning: "how far a pose may go from one sample to the next",
            },
            Limit { key: "speed_max_mps", default: 10.0, unit: "m/s", meaning: "slower than this it is a movement" },
            Limit {
                key: "jump_max_rad",
                default: 0.5,
                unit: "rad",
                meaning: "how far a pose may turn from one sample to the next",
            },
            Limit { key: "turn_max_radps", default: 30.0, unit: "rad/s", meaning: "slower than this it is a movement" },
        ],
        source: include_str!("sig009_jumps.rs"),
    },
    start: |settings| Box::new(Jumps { settings: settings.clone(), streams: BTreeMap::new() }),
};

#[derive(Default)]
struct Pose {
    name: String,
    before: Option<(i64, [f64; 7])>,
    rows: u64,
    moves: Worst,
    turns: Worst,
}

/// How often, and the worst: how far, in how long, from, to.
#[derive(Default)]
struct Worst {
    times: u64,
    worst: Option<(f64, f64, i64, i64)>,
}

impl Worst {
    fn observe(&mut self, far: f64, (from, to): (i64, i64)) {
        self.times += 1;
        if self.worst.is_none_or(|worst| far > worst.0) {
            self.worst = Some((far, to.abs_diff(from) as f64 / 1e9, from, to));
        }
    }
}

struct Jumps {
    settings: Settings,
    streams: BTreeMap<u32, Pose>,
}

impl Run for Jumps {
    fn batch(&mut self, view: &BatchView<'_>) {
        if !view.is(StreamKind::Pose) || view.stream.child_frame.as_deref() == Some("odom") {
            return;
        }
        let Some(series) = view.series("pose") else { return };
        let names = ["x_m", "y_m", "z_m", "qx", "qy", "qz", "qw"];
        let places = names.map(|name| series.columns.iter().position(|column| *column == name));
        let limits =
            ["jump_max_m", "speed_max_mps", "jump_max_rad", "turn_max_radps"].map(|key| self.settings.limit(key));
        let pose = self.streams.entry(view.index).or_default();
        pose.name.clone_from(&view.stream.name);
        for (&t, row) in view.t_ns.iter().zip(series.rows()) {
            pose.rows += 1;
            pose.observe(t, places.map(|place| place.map_or(f64::NAN, |at| row[at])), limits);
        }
    }

    fn finish(self: Box<Self>, _: &Context<'_>, out: &mut Outcome) {
        for pose in self.streams.values().filter(|pose| pose.rows > 1) {
            out.applies();
            for (worst, key, verb, unit) in
                [(&pose.moves, "jump_max_m", "jumps", "m"), (&pose.turns, "jump_max_rad", "turns", "rad")]
            {
                let Some((far, seconds, from, to)) = worst.worst else { continue };
                let limit = self.settings.limit(key);
                let times = if worst.times == 1 { "once".to_owned() } else { format!("{} times", worst.times) };
                out.report().stream(&pose.name).span(from, to).measured(far, limit, unit).message(format!(
                    "`{}` {verb} by {far:.4} {unit} in {seconds:.4} s (limit {limit:.4} {unit}), {times}",
                    pose.name
                ));
            }
        }
    }
}

impl Pose {
    fn observe(&mut self, t: i64, now: [f64; 7], [jump_m, speed, jump_rad, turn]: [f64; 4]) {
        if let Some((before_t, before)) = self.before.replace((t, now)) {
            let seconds = t.abs_diff(before_t) as f64 / 1e9;
            let squares = before.iter().zip(&now).take(3).map(|(one, other)| (one - other) * (one - other));
            let far = libm::sqrt(squares.sum::<f64>());
            if far > jump_m && far > speed * seconds {
                self.moves.observe(far, (before_t, t));
            }
            // q and −q are one rotation. What is no quaternion is another check's finding (SIG008).
            let dot: f64 = before.iter().zip(&now).skip(3).map(|(one, other)| one * other).sum();
            let angle = 2.0 * libm::acos(dot.abs().min(1.0));
            let unit = |q: &[f64; 7]| (q.iter().skip(3).map(|c| c * c).sum::<f64>() - 1.0).abs() < 0.05;
            if unit(&before) && unit(&now) && angle > jump_rad && angle > turn * seconds {
                self.turns.observe(angle, (before_t, t));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::findings;

    #[test]
    fn a_map_may_be_corrected_and_a_quaternion_may_change_its_sign() {
        let pose = |stream: &str, columns: &str| {
            format!(
                r#"{{"name": "/pose", "kind": "pose", "stream": {{{stream}}}, "t": {{"rate_hz": 100, "n": 200}},
                "columns": {{"y_m": 0, "z_m": 0, "qx": 0, "qy": 0, {columns}}}}}"#
            )
        };
        let jump = r#""x_m": {"steps": [[0, 0], [1, 2]]}, "qz": 0, "qw": 1"#;
        assert_eq!(findings("SIG009", &pose("", jump)).first().and_then(|f| f.measured), Some(2.0));
        assert_eq!(findings("SIG009", &pose(r#""frame": "map", "child_frame": "odom""#, jump)), []);
        assert_eq!(findings("SIG009", &pose("", r#""x_m": 0, "qz": 0, "qw": {"steps": [[0, 1], [1, -1]]}"#)), []);
        let turn = r#""x_m": 0, "qz": {"steps": [[0, 0], [1, 1]]}, "qw": {"steps": [[0, 1], [1, 0]]}"#;
        let found = findings("SIG009", &pose("", turn));
        assert!(found[0].measured.is_some_and(|angle| (angle - std::f64::consts::PI).abs() < 1e-12), "{found:?}");
    }
}

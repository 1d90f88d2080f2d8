//! ## What it does
//!
//! Compares positions, speeds, accelerations and efforts of joints with the limits of the robot's description (URDF), by the
//! joints' names. A joint that the description does not know is passed over; without a description the check is unknown.
//!
//! ## Why it matters
//!
//! A joint beyond its end stop was not recorded by this robot: the unit, the sign, the order of the joints or the robot itself
//! is another than the data says. In one audit of public data this was the most frequent reason to reject.
//!
//! ## Example
//!
//! ```text
//! SIG005 `left_elbow` of `/joint_states` reaches a position of 3.41 rad (limits -1.05 to 2.09 rad)
//! ```

use std::collections::BTreeMap;

use prairie_model::{Dimension, Severity, StreamKind};

use crate::check::{BatchView, Check, CheckDoc, Context, Family, Limit, Need, Run, Settings};
use crate::facts::JointLimit;
use crate::outcome::Outcome;

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "SIG005",
        name: "joint limits",
        family: Family::Sig,
        dimension: Dimension::Authenticity,
        severity: Severity::Error,
        needs: &[Need::JointLimits],
        summary: "a joint is beyond what its robot can do",
        limits: &[Limit {
            key: "slack_share",
            default: 0.02,
            unit: "",
            meaning: "how far beyond a limit counts as noise, as a share of the range or of the limit",
        }],
        source: include_str!("sig005_limits.rs"),
    },
    start: |settings| Box::new(Limits { settings: settings.clone(), streams: BTreeMap::new() }),
};

/// Least and greatest of one joint, and when.
#[derive(Clone, Copy)]
struct Extremes {
    least: (f64, i64),
    greatest: (f64, i64),
}

impl Extremes {
    const NONE: Self = Self { least: (f64::INFINITY, 0), greatest: (f64::NEG_INFINITY, 0) };

    fn observe(&mut self, value: f64, t: i64) {
        if value < self.least.0 {
            self.least = (value, t);
        }
        if value > self.greatest.0 {
            self.greatest = (value, t);
        }
    }
}

#[derive(Default)]
struct Joints {
    stream: String,
    names: Vec<String>,
    position: Vec<Extremes>,
    velocity: Vec<Extremes>,
    acceleration: Vec<Extremes>,
    effort: Vec<Extremes>,
    previous: Option<(i64, Vec<f64>)>,
}

struct Limits {
    settings: Settings,
    streams: BTreeMap<u32, Joints>,
}

impl Run for Limits {
    fn batch(&mut self, view: &BatchView<'_>) {
        if !view.is(StreamKind::JointState) || view.stream.names.is_empty() {
            return;
        }
        let joints = self.streams.entry(view.index).or_insert_with(|| Joints {
            stream: view.stream.name.clone(),
            names: view.stream.names.clone(),
            ..Joints::default()
        });
        for series in &view.series {
            let extremes = match series.name {
                "position" => &mut joints.position,
                "velocity" => &mut joints.velocity,
                _ => &mut joints.effort,
            };
            extremes.resize(joints.names.len(), Extremes::NONE);
            for (&t, row) in view.t_ns.iter().zip(series.rows()) {
                for (extremes, value) in extremes.iter_mut().zip(row) {
                    extremes.observe(*value, t);
                }
            }
            if series.name == "velocity" {
                joints.accelerate(view.t_ns, series.rows());
            }
        }
    }

    fn finish(self: Box<Self>, context: &Context<'_>, out: &mut Outcome) {
        if self.streams.is_empty() {
            return;
        }
        let Some(limits) = context.facts.limits else {
            out.unknown("there is no description of the robot's joints (URDF)");
            return;
        };
        let mut known = 0;
        for joints in self.streams.values() {
            for (at, name) in joints.names.iter().enumerate() {
                if let Some(limit) = limits.joints.get(name) {
                    known += 1;
                    joints.judge(at, name, limit, self.settings.limit("slack_share"), out);
                }
            }
        }
        if known == 0 {
            out.unknown("the description of the robot knows none of the joints");
        } else {
            out.applies();
        }
    }
}

impl Joints {
    /// Differences of the recorded speeds, over at least 20 ms so that quantization does not count as acceleration.
    fn accelerate<'a>(&mut self, t_ns: &[i64], rows: impl Iterator<Item = &'a [f64]>) {
        self.acceleration.resize(self.names.len(), Extremes::NONE);
        for (&t, row) in t_ns.iter().zip(rows) {
            let Some((before, previous)) = &mut self.previous else {
                self.previous = Some((t, row.to_vec()));
                continue;
            };
            if t > *before && t.abs_diff(*before) < 20_000_000 {
                continue;
            }
            let seconds = t.abs_diff(*before) as f64 / 1e9;
            if t > *before && seconds < 0.2 {
                for ((extremes, now), then) in self.acceleration.iter_mut().zip(row).zip(&*previous) {
                    extremes.observe((now - then) / seconds, t);
                }
            }
            *before = t;
            previous.clear();
            previous.extend_from_slice(row);
        }
    }

    fn judge(&self, at: usize, name: &str, limit: &JointLimit, slack_share: f64, out: &mut Outcome) {
        let both = |greatest: Option<f64>| (greatest.map(|limit| -limit), greatest);
        let facets = [
            ("position", "rad", &self.position, (limit.lower, limit.upper)),
            ("velocity", "rad/s", &self.velocity, both(limit.velocity)),
            ("acceleration", "rad/s²", &self.acceleration, both(limit.acceleration)),
            ("effort", "N·m", &self.effort, both(limit.effort)),
        ];
        for (what, unit, extremes, (lower, upper)) in facets {
            let Some(extremes) = extremes.get(at) else { continue };
            let slack = match (lower, upper) {
                (Some(lower), Some(upper)) => (upper - lower) * slack_share,
                _ => 0.0,
            };
            let bounds = format!("{} to {} {unit}", shown(lower), shown(upper));
            let mut report = |(value, t): (f64, i64), limit: f64| {
                out.report().stream(&self.stream).span(t, t).measured(value, limit, unit).message(format!(
                    "`{name}` of `{}` reaches {} {what} of {value:.4} {unit} (limits {bounds})",
                    self.stream,
                    if what.starts_with(['a', 'e']) { "an" } else { "a" },
                ));
            };
            if let Some(limit) = lower.filter(|lower| extremes.least.0 < lower - slack) {
                report(extremes.least, limit);
            }
            if let Some(limit) = upper.filter(|upper| extremes.greatest.0 > upper + slack) {
                report(extremes.greatest, limit);
            }
        }
    }
}

fn shown(limit: Option<f64>) -> String {
    limit.map_or_else(|| "none".to_owned(), |limit| limit.to_string())
}

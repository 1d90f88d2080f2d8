//! ## What it does
//!
//! Computes the share of an episode in which a joint's position, speed or effort is at 99 % or more of its limit (from the
//! robot's description), or a command that is normalised to −1…1 (and takes both signs) is at 0.99 or more. A column that is at its limit nearly
//! always is a switch, not a saturation.
//!
//! ## Why it matters
//!
//! At its limit a joint no longer does what it is told, and the command no longer says what was wanted. Both are lessons in
//! what the robot cannot do.
//!
//! ## Example
//!
//! ```text
//! SIG003 `left_elbow` of `/joint_states` is at 99 % of its effort limit for 12 % of the episode (limit 5 %)
//! ```

use std::collections::BTreeMap;

use crate::check::{BatchView, Check, CheckDoc, Context, Family, Limit, Need, Run, Settings};
use crate::outcome::Outcome;
use prairie_model::{Dimension, Severity, StreamKind};

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "SIG003",
        name: "saturated",
        family: Family::Sig,
        dimension: Dimension::Practicality,
        severity: Severity::Warning,
        needs: &[Need::JointLimits],
        summary: "a joint or a command stays at its limit",
        limits: &[
            Limit {
                key: "saturated_share_max",
                default: 0.05,
                unit: "",
                meaning: "share of the episode that may be spent at a limit",
            },
            Limit {
                key: "near_share",
                default: 0.99,
                unit: "",
                meaning: "share of the limit that counts as being at it",
            },
        ],
        source: include_str!("sig003_saturated.rs"),
    },
    start: |settings| Box::new(Saturated { settings: settings.clone(), tracks: BTreeMap::new() }),
};

use crate::facts::JointLimit;
use crate::track::Track;

/// Streams that are watched at most.
const STREAMS_MAX: usize = 12;

/// Above this share a column is a switch between its ends.
const SWITCH_SHARE: f64 = 0.9;

struct Saturated {
    settings: Settings,
    /// By stream and column: the stream's name and the thinned numbers.
    tracks: BTreeMap<(u32, &'static str), (String, Track)>,
}

impl Run for Saturated {
    fn batch(&mut self, view: &BatchView<'_>) {
        if !view.is(StreamKind::JointState) || view.stream.names.is_empty() {
            return;
        }
        for series in view.series.iter().filter(|series| series.name != "position") {
            let key = (view.index, series.name);
            if !self.tracks.contains_key(&key) && self.tracks.len() < STREAMS_MAX {
                let track = Track::new(StreamKind::JointState, series, &view.stream.names);
                self.tracks.insert(key, (view.stream.name.clone(), track));
            }
            if let Some((_, track)) = self.tracks.get_mut(&key) {
                track.observe(view.t_ns, series);
            }
        }
    }

    fn finish(self: Box<Self>, context: &Context<'_>, out: &mut Outcome) {
        for (_, seen, track) in context.scene.tracks(StreamKind::Action) {
            self.normalized(&seen.name, track, out);
        }
        let positions = context.scene.tracks(StreamKind::JointState);
        let positions = positions.map(|(_, seen, track)| ("position", seen.name.as_str(), track));
        let others = self.tracks.iter().map(|((_, what), (name, track))| (*what, name.as_str(), track));
        let all: Vec<_> = positions.chain(others).filter(|(_, _, track)| !track.names.is_empty()).collect();
        if all.is_empty() {
            return;
        }
        let Some(limits) = context.facts.limits else {
            out.unknown("there is no description of the robot's joints (URDF)");
            return;
        };
        for (what, stream, track) in all {
            for (at, name) in track.names.iter().enumerate().take(track.width) {
                if let Some(limit) = limits.joints.get(name) {
                    self.joint(what, stream, (name, at), track, limit, out);
                }
            }
        }
    }
}

impl Saturated {
    fn normalized(&self, stream: &str, track: &Track, out: &mut Outcome) {
        let near = self.settings.limit("near_share");
        for (at, (least, greatest)) in track.ranges(0..track.len()).into_iter().enumerate() {
            // What is never negative is how far something is open, and rests at its ends.
            let is_normalized = (-1.0..0.0).contains(&least) && greatest <= 1.0 && (least == -1.0 || greatest == 1.0);
            if is_normalized {
                out.applies();
                let name = track.names.get(at).cloned().unwrap_or_else(|| format!("element {at}"));
                self.judge(track, at, |value| value.abs() >= near, (stream, &name, "range"), out);
            }
        }
    }

    fn joint(
        &self,
        what: &'static str,
        stream: &str,
        (name, at): (&str, usize),
        track: &Track,
        limit: &JointLimit,
        out: &mut Outcome,
    ) {
        let near = self.settings.limit("near_share");
        let greatest = match what {
            "velocity" => limit.velocity,
            "effort" => limit.effort,
            _ => None,
        };
        match (what, limit.lower, limit.upper, greatest) {
            ("position", Some(lower), Some(upper), _) if upper > lower => {
                out.applies();
                let slack = (upper - lower) * (1.0 - near);
                let at_end = |value: f64| value <= lower + slack || value >= upper - slack;
                self.judge(track, at, at_end, (stream, name, "position"), out);
            }
            (_, _, _, Some(greatest)) if greatest > 0.0 => {
                out.applies();
                self.judge(track, at, |value| value.abs() >= greatest * near, (stream, name, what), out);
            }
            _ => {}
        }
    }

    fn judge(
        &self,
        track: &Track,
        at: usize,
        saturated: impl Fn(f64) -> bool,
        (stream, name, what): (&str, &str, &str),
        out: &mut Outcome,
    ) {
        let (limit, near) = (self.settings.limit("saturated_share_max"), self.settings.limit("near_share"));
        let hits = track.column(at).filter(|value| saturated(*value)).count();
        let share = hits as f64 / track.len().max(1) as f64;
        if share > limit && share < SWITCH_SHARE {
            out.report().stream(stream).measured(share, limit, "").message(format!(
                "`{name}` of `{stream}` is at {:.0} % of its {what} limit for {:.0} % of the episode (limit {:.0} %)",
                near * 100.0,
                share * 100.0,
                limit * 100.0
            ));
        }
    }
}

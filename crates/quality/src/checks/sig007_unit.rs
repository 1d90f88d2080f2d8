//! ## What it does
//!
//! Looks for numbers that make sense in another unit than the field's: joints beyond 4π rad (degrees), positions beyond
//! `pose_max_m` (millimetres), forces beyond `force_max_n` (grams), accelerations of about 1 at rest (g), and commands
//! whose range is about 57 times that of the joints they command. Units that had to be assumed are told as information.
//!
//! ## Why it matters
//!
//! A factor of 57 or 1000 survives every check of shape and time, trains without an error, and moves the robot wrongly on
//! its first step.
//!
//! ## Example
//!
//! ```text
//! SIG007 `/joint_states` reaches 118.4 in 5 of 7 joints: that looks like degrees in a field of radians
//! ```

use prairie_model::{Dimension, NoteKind, Severity, StreamKind};

use super::{at_end, report_notes};
use crate::check::{Check, CheckDoc, Context, Family, Limit, Settings};
use crate::outcome::Outcome;
use crate::scene::StreamScene;
use crate::track::Track;

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "SIG007",
        name: "unit",
        family: Family::Sig,
        dimension: Dimension::Consistency,
        severity: Severity::Warning,
        needs: &[],
        summary: "values look like another unit",
        limits: &[
            Limit {
                key: "pose_max_m",
                default: 100.0,
                unit: "m",
                meaning: "greatest plausible position, outside maps",
            },
            Limit { key: "force_max_n", default: 5000.0, unit: "N", meaning: "greatest plausible force" },
        ],
        source: include_str!("sig007_unit.rs"),
    },
    start: |settings| at_end(settings, judge),
};

/// Two turns either way: hardly a joint of a robot goes further, and the angles of most poses in degrees do.
const JOINT_MAX_RAD: f64 = 4.0 * std::f64::consts::PI;

fn judge(settings: &Settings, context: &Context<'_>, out: &mut Outcome) {
    report_notes(context, &[NoteKind::UnitAssumed], out, |_| Severity::Info);
    for (_, seen, track) in context.scene.tracks(StreamKind::JointState) {
        out.applies();
        joints(seen, track, out);
    }
    for (_, seen, track) in context.scene.tracks(StreamKind::Pose) {
        out.applies();
        // A map or the Earth may well be large.
        let frame = seen.stream.frame.as_deref().unwrap_or_default();
        let is_map = ["map", "earth", "utm", "world", "odom", "wgs"].iter().any(|name| frame.contains(name));
        let limit = settings.limit("pose_max_m");
        let far = greatest(track, 0..3);
        if !is_map && far > limit {
            let report = out.report().stream(&seen.name).measured(far, limit, "m");
            report.message(format!(
                "`{}` reaches {far:.1} m: that looks like millimetres in a field of metres",
                seen.name
            ));
        }
    }
    for (_, seen, track) in context.scene.tracks(StreamKind::Wrench) {
        out.applies();
        let (limit, force) = (settings.limit("force_max_n"), greatest(track, 0..3));
        if force > limit {
            let report = out.report().stream(&seen.name).measured(force, limit, "N");
            report
                .message(format!("`{}` reaches {force:.0} N: that looks like grams in a field of newtons", seen.name));
        }
    }
    for (_, seen, track) in context.scene.tracks(StreamKind::Imu) {
        out.applies();
        gravity(seen, track, out);
    }
    for (_, seen, track) in context.scene.tracks(StreamKind::Action) {
        commands(context, seen, track, out);
    }
}

/// The greatest absolute value of some columns, as far as they are numbers.
fn greatest(track: &Track, columns: std::ops::Range<usize>) -> f64 {
    let ranges = track.ranges(0..track.len());
    let ranges = ranges.iter().take(columns.end).skip(columns.start);
    ranges.map(|(least, greatest)| least.abs().max(greatest.abs())).filter(|far| far.is_finite()).fold(0.0, f64::max)
}

fn joints(seen: &StreamScene, track: &Track, out: &mut Outcome) {
    // Wheels turn without end.
    let turns = |at: usize| track.names.get(at).is_some_and(|name| name.to_lowercase().contains("wheel"));
    let (mut far, mut joints, mut most) = (0_usize, 0_usize, 0.0_f64);
    for (at, (least, greatest)) in track.ranges(0..track.len()).into_iter().enumerate().filter(|(at, _)| !turns(*at)) {
        let reach = least.abs().max(greatest.abs());
        joints += 1;
        if reach > JOINT_MAX_RAD {
            far += 1;
            most = if reach.is_finite() { most.max(reach) } else { most };
        }
        // A column without a number is no reason to suspect anything.
        debug_assert!(at < track.width);
    }
    if far * 4 >= joints && (far >= 2 || (far == 1 && joints == 1)) {
        out.report().stream(&seen.name).measured(most, JOINT_MAX_RAD, "rad").message(format!(
            "`{}` reaches {most:.1} in {far} of {joints} joints: that looks like degrees in a field of radians",
            seen.name
        ));
    }
}

/// At rest an accelerometer shows 9.81 m/s², or 1 g.
fn gravity(seen: &StreamScene, track: &Track, out: &mut Outcome) {
    let norms = track.rows().map(|(_, row)| libm::sqrt(row.iter().take(3).map(|a| a * a).sum::<f64>()));
    let mut norms: Vec<_> = norms.filter(|norm| norm.is_finite()).collect();
    norms.sort_unstable_by(f64::total_cmp);
    let Some(median) = norms.get(norms.len() / 2) else { return };
    if (0.8..1.2).contains(median) {
        out.report().stream(&seen.name).measured(*median, 9.81, "m/s²").message(format!(
            "`{}` shows {median:.2} m/s² at most times: that looks like g in a field of m/s²",
            seen.name
        ));
    }
}

/// Commands in degrees for joints in radians.
fn commands(context: &Context<'_>, seen: &StreamScene, action: &Track, out: &mut Outcome) {
    for (_, state, track) in context.scene.tracks(StreamKind::JointState) {
        let (commanded, done) = (action.ranges(0..action.len()), track.ranges(0..track.len()));
        let ratios = action.names.iter().enumerate().filter_map(|(at, name)| {
            let (commanded, done) = (commanded.get(at)?, done.get(track.find(name)?)?);
            let done = done.1 - done.0;
            (done > 0.05).then(|| (commanded.1 - commanded.0) / done)
        });
        let mut ratios: Vec<_> = ratios.filter(|ratio| ratio.is_finite()).collect();
        ratios.sort_unstable_by(f64::total_cmp);
        let Some(median) = ratios.get(ratios.len() / 2).filter(|_| ratios.len() >= 2) else { continue };
        if (40.0..80.0).contains(median) {
            out.report().stream(&seen.name).measured(*median, 1.0, "").message(format!(
                "`{}` ranges {median:.1} times as far as `{}`: that looks like degrees against radians",
                seen.name, state.name
            ));
        }
    }
}

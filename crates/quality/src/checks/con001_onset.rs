//! ## What it does
//!
//! Finds when a gripper stops after it moved by a fifth of its range, and when the force rises by more than `onset_n` over
//! what it was before. Where both happen within a second of each other they are one contact. Streams that are shifted against
//! each other are shifted alike every time: where at least three contacts lie alike far apart (the middle half of them within
//! `onset_max_s`), and the median exceeds `onset_max_s`, it is reported. A force that only comes when the object is lifted, or
//! that a sensor at the wrist cannot feel, comes sooner one time and later the next.
//!
//! ## Why it matters
//!
//! Contact is where manipulation is decided, and it is over in a few hundredths of a second. If force and gripper are
//! shifted against each other a policy cannot learn which caused which.
//!
//! ## Example
//!
//! ```text
//! CON001 force rises 0.1400 s after `/gripper` stops (median of 3 contacts, limit 0.0500 s)
//! ```

use prairie_model::{Dimension, Severity, StreamKind};

use super::at_end;
use crate::check::{Check, CheckDoc, Context, Family, Limit, Settings};
use crate::outcome::Outcome;
use crate::track::Track;

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "CON001",
        name: "force onset",
        family: Family::Con,
        dimension: Dimension::Consistency,
        severity: Severity::Warning,
        needs: &[],
        summary: "force and gripper disagree about when contact begins",
        limits: &[
            Limit { key: "onset_max_s", default: 0.05, unit: "s", meaning: "median time between the two" },
            Limit { key: "onset_n", default: 3.0, unit: "N", meaning: "rise of the force that is a contact" },
        ],
        source: include_str!("con001_onset.rs"),
    },
    start: |settings| at_end(settings, judge),
};

/// Contacts that prove a shift.
const CONTACTS_MIN: usize = 3;

/// What is further apart than this is not one contact.
const CONTACT_NS: u64 = 1_000_000_000;

fn judge(settings: &Settings, context: &Context<'_>, out: &mut Outcome) {
    let (limit, onset_n) = (settings.limit("onset_max_s"), settings.limit("onset_n"));
    for (_, force, wrench) in context.scene.tracks(StreamKind::Wrench) {
        let onsets = onsets(wrench, onset_n);
        for (_, gripper, track) in context.scene.tracks(StreamKind::Gripper) {
            // A thinned track is too coarse to tell.
            let coarse = |track: &Track| track.period_s().is_none_or(|period_s| period_s > limit / 2.0);
            if coarse(wrench) || coarse(track) {
                continue;
            }
            let mut apart: Vec<i128> = stops(track)
                .iter()
                .filter_map(|stop| onsets.iter().min_by_key(|onset| onset.abs_diff(*stop)).map(|onset| (*onset, *stop)))
                .filter(|(onset, stop)| onset.abs_diff(*stop) <= CONTACT_NS)
                .map(|(onset, stop)| i128::from(onset) - i128::from(stop))
                .collect();
            apart.sort_unstable();
            if apart.len() < CONTACTS_MIN {
                continue;
            }
            // OK to index: there are at least three.
            let (median, spread) = (apart[apart.len() / 2], apart[apart.len() * 3 / 4] - apart[apart.len() / 4]);
            out.applies();
            if spread as f64 / 1e9 > limit {
                continue;
            }
            let seconds = median as f64 / 1e9;
            if seconds.abs() > limit {
                out.report().stream(&force.name).measured(seconds, limit.copysign(seconds), "s").message(format!(
                    "force rises {:.4} s {} `{}` stops (median of {}, limit {limit:.4} s)",
                    seconds.abs(),
                    if seconds > 0.0 { "after" } else { "before" },
                    gripper.name,
                    super::count(apart.len() as u64, "contact")
                ));
            }
        }
    }
}

/// When the force rises above what it was in the half second before.
fn onsets(wrench: &Track, onset_n: f64) -> Vec<i64> {
    const MEMORY_S: f64 = 0.5;
    let mut onsets = Vec::new();
    let (mut usual, mut in_contact): (Option<f64>, bool) = (None, false);
    let mut before = None;
    for (t, row) in wrench.rows() {
        let force = libm::sqrt(row.iter().take(3).map(|f| f * f).sum::<f64>());
        let seconds = before.replace(t).map_or(0.0, |before: i64| t.abs_diff(before) as f64 / 1e9);
        if !force.is_finite() {
            continue;
        }
        let base = *usual.get_or_insert(force);
        if !in_contact && force > base + onset_n {
            in_contact = true;
            onsets.push(t);
        } else if in_contact && force < base + onset_n / 2.0 {
            in_contact = false;
        }
        if !in_contact {
            usual = Some(base + (force - base) * (seconds / MEMORY_S).min(1.0));
        }
    }
    onsets
}

/// When the gripper stops after it moved by a fifth of its range.
fn stops(track: &Track) -> Vec<i64> {
    let position = track.find("position").filter(|at| track.column(*at).any(f64::is_finite));
    let Some(at) = position.or_else(|| track.find("raw_position")) else { return Vec::new() };
    let (least, greatest) = track.ranges(0..track.len())[at];
    let range = greatest - least;
    if !(range > 0.002 && range.is_finite()) {
        return Vec::new();
    }
    let mut stops = Vec::new();
    let (mut started, mut turned): (Option<f64>, Option<(i64, f64)>) = (None, None);
    for (t, row) in track.rows().filter(|(_, row)| row[at].is_finite()) {
        let value = row[at];
        let Some((last_t, last)) = turned else {
            turned = Some((t, value));
            continue;
        };
        // A hundredth of the range is movement, less than that for a tenth of a second is a stop.
        if (value - last).abs() > range * 0.01 {
            started.get_or_insert(last);
            turned = Some((t, value));
        } else if t.abs_diff(last_t) > 100_000_000 {
            if started.take().is_some_and(|from| (last - from).abs() > range * 0.2) {
                stops.push(last_t);
            }
            turned = Some((t, value));
        }
    }
    stops
}

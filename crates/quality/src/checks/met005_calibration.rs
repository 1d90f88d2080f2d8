//! ## What it does
//!
//! Reports an episode with cameras, depth, force or tactile sensors and without a reference to their calibration.
//!
//! ## Why it matters
//!
//! Without intrinsics and extrinsics a pixel is no direction, and data of two cells cannot be brought into one frame.
//!
//! ## Example
//!
//! ```text
//! MET005 the calibration is unknown, and 2 streams need one: `/camera/wrist`, `/wrench`
//! ```

use prairie_model::{Dimension, Severity, StreamKind};

use super::at_end;
use crate::check::{Check, CheckDoc, Context, Family, Settings};
use crate::outcome::Outcome;

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "MET005",
        name: "calibration",
        family: Family::Met,
        dimension: Dimension::Extensibility,
        severity: Severity::Info,
        needs: &[],
        summary: "there is no calibration for sensors that need one",
        limits: &[],
        source: include_str!("met005_calibration.rs"),
    },
    start: |settings| at_end(settings, judge),
};

fn judge(_: &Settings, context: &Context<'_>, out: &mut Outcome) {
    let needs = |kind| {
        matches!(
            kind,
            StreamKind::Image | StreamKind::Depth | StreamKind::PointCloud | StreamKind::Tactile | StreamKind::Wrench
        )
    };
    let streams: Vec<_> =
        context.scene.streams().filter(|(_, seen)| needs(seen.kind)).map(|(_, seen)| &seen.name).collect();
    if streams.is_empty() {
        return;
    }
    if context.facts.episode.episode.calibration.is_some() {
        out.applies();
    } else {
        out.unknown("the source has no reference to a calibration");
        let named: Vec<_> = streams.iter().take(4).map(|name| format!("`{name}`")).collect();
        let more = if streams.len() > named.len() { ", …" } else { "" };
        out.report().message(format!(
            "the calibration is unknown, and {} need one: {}{more}",
            super::count(streams.len() as u64, "stream"),
            named.join(", ")
        ));
    }
}

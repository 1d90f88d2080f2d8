//! ## What it does
//!
//! Reports an episode without a station.
//!
//! ## Why it matters
//!
//! Light, table and fixtures belong to the place. Tests for generalisation leave stations out, and units of work are linked
//! to episodes by station and time.
//!
//! ## Example
//!
//! ```text
//! MET003 the station is unknown
//! ```

use prairie_model::{Dimension, Severity};

use super::at_end;
use crate::check::{Check, CheckDoc, Context, Family, Settings};
use crate::outcome::Outcome;

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "MET003",
        name: "station",
        family: Family::Met,
        dimension: Dimension::Authenticity,
        severity: Severity::Info,
        needs: &[],
        summary: "nobody says where it was recorded",
        limits: &[],
        source: include_str!("met003_station.rs"),
    },
    start: |settings| at_end(settings, judge),
};

fn judge(_: &Settings, context: &Context<'_>, out: &mut Outcome) {
    if context.facts.episode.episode.station.is_some() {
        out.applies();
    } else {
        out.unknown("the source does not say where it was recorded");
        out.report().message("the station is unknown");
    }
}

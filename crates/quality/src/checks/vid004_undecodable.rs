//! ## What it does
//!
//! Counts pictures whose bytes a decoder refuses, or which cannot be read. Above `undecodable_share_max` this is an error,
//! which dropping the camera would cure where it is not the only one; below a warning. A codec without a decoder in this
//! build leaves the check unknown.
//!
//! ## Why it matters
//!
//! A player hides a broken picture behind the one before it. A loader does not: training stops in the night, or the
//! pictures after it are all wrong until the next key frame.
//!
//! ## Example
//!
//! ```text
//! VID004 31 of 900 pictures of `/camera/wrist` cannot be decoded (3.4 %, limit 2.0 %): no start code in the access unit
//! ```

use std::collections::BTreeMap;

use prairie_model::{Dimension, FrameError, Severity, StreamKind};

use super::{drop_camera, pixels};
use crate::check::{Check, CheckDoc, Context, Family, FrameView, Limit, Need, Run, Settings};
use crate::outcome::Outcome;

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "VID004",
        name: "undecodable pictures",
        family: Family::Vid,
        dimension: Dimension::Completeness,
        severity: Severity::Error,
        needs: &[Need::Pixels],
        summary: "pictures cannot be decoded",
        limits: &[Limit {
            key: "undecodable_share_max",
            default: 0.02,
            unit: "",
            meaning: "share of the pictures that may be undecodable",
        }],
        source: include_str!("vid004_undecodable.rs"),
    },
    start: |settings| Box::new(Undecodable { settings: settings.clone(), cameras: BTreeMap::new() }),
};

#[derive(Default)]
struct Camera {
    pictures: u64,
    broken: u64,
    /// When the first broken picture is, and why.
    first: Option<(i64, String)>,
    last: i64,
    unsupported: Option<String>,
}

struct Undecodable {
    settings: Settings,
    cameras: BTreeMap<String, Camera>,
}

impl Run for Undecodable {
    fn frame(&mut self, view: &FrameView<'_>) {
        if !self.cameras.contains_key(view.stream) {
            self.cameras.insert(view.stream.to_owned(), Camera::default());
        }
        let Some(camera) = self.cameras.get_mut(view.stream) else { return };
        camera.pictures += 1;
        match view.frame {
            // A cut between two key frames is no damage.
            Ok(_) | Err(FrameError::NeedsEarlier) => {}
            Err(error @ FrameError::Unsupported(_)) => {
                camera.unsupported.get_or_insert_with(|| error.to_string());
            }
            Err(error) => {
                camera.broken += 1;
                camera.first.get_or_insert_with(|| (view.t.0, error.to_string()));
                camera.last = view.t.0;
            }
        }
    }

    fn finish(self: Box<Self>, context: &Context<'_>, out: &mut Outcome) {
        if !pixels(context, out, StreamKind::is_picture, |name| self.cameras.contains_key(name)) {
            return;
        }
        let limit = self.settings.limit("undecodable_share_max");
        for (name, camera) in &self.cameras {
            if let Some(reason) = &camera.unsupported {
                out.unknown(format!("`{name}`: {reason}"));
            }
            let Some((from, why)) = &camera.first else { continue };
            let share = camera.broken as f64 / camera.pictures as f64;
            let report = out.report().stream(name).span(*from, camera.last).measured(share, limit, "");
            let report = if share > limit { report } else { report.at_most(Severity::Warning) };
            let report = match drop_camera(context, name) {
                Some(repair) => report.cure(repair),
                None => report,
            };
            report.message(format!(
                "{} of {} pictures of `{name}` cannot be decoded ({:.1} %, limit {:.1} %): {why}",
                camera.broken,
                camera.pictures,
                share * 100.0,
                limit * 100.0
            ));
        }
    }
}

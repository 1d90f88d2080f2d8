//! ## What it does
//!
//! Computes the share of pixels at 0-5 and at 250-255. A mean share above `exposure_share_max` is a warning. Pictures of
//! which 95 % are black or white show nothing: more than `blank_share_max` of them are an error, which dropping the camera
//! would cure where it is not the only one.
//!
//! ## Why it matters
//!
//! A capped lens, a dead sensor or a lamp in the picture leaves the policy without eyes, while everything else looks fine.
//!
//! ## Example
//!
//! ```text
//! VID002 98 % of the pictures of `/camera/wrist` are black (limit 5 %)
//! ```

use std::collections::BTreeMap;

use prairie_model::{Dimension, Severity, StreamKind};

use super::{drop_camera, pixels};
use crate::check::{Check, CheckDoc, Context, Family, FrameView, Limit, Need, Run, Settings};
use crate::outcome::Outcome;

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "VID002",
        name: "exposure",
        family: Family::Vid,
        dimension: Dimension::Usability,
        severity: Severity::Error,
        needs: &[Need::Pixels],
        summary: "pictures are black or over-exposed",
        limits: &[
            Limit {
                key: "exposure_share_max",
                default: 0.05,
                unit: "",
                meaning: "mean share of pixels that may be black, or white",
            },
            Limit {
                key: "blank_share_max",
                default: 0.05,
                unit: "",
                meaning: "share of the pictures that may be blank",
            },
        ],
        source: include_str!("vid002_exposure.rs"),
    },
    start: |settings| Box::new(Exposure { settings: settings.clone(), cameras: BTreeMap::new() }),
};

/// A picture of which so much is black, or white, shows nothing.
const BLANK: f64 = 0.95;

/// Pictures so far, and for black and for white: summed shares and blank pictures.
#[derive(Default)]
struct Camera {
    pictures: u64,
    ends: [(f64, u64); 2],
}

struct Exposure {
    settings: Settings,
    cameras: BTreeMap<String, Camera>,
}

impl Run for Exposure {
    fn frame(&mut self, view: &FrameView<'_>) {
        let Some(luma) = view.stats.and_then(|stats| stats.luma) else { return };
        if !self.cameras.contains_key(view.stream) {
            self.cameras.insert(view.stream.to_owned(), Camera::default());
        }
        let Some(camera) = self.cameras.get_mut(view.stream) else { return };
        camera.pictures += 1;
        for ((sum, blank), share) in camera.ends.iter_mut().zip([luma.dark_share, luma.bright_share]) {
            *sum += share;
            *blank += u64::from(share >= BLANK);
        }
    }

    fn finish(self: Box<Self>, context: &Context<'_>, out: &mut Outcome) {
        if !pixels(context, out, |kind| kind == StreamKind::Image, |name| self.cameras.contains_key(name)) {
            return;
        }
        let (share_max, blank_max) =
            (self.settings.limit("exposure_share_max"), self.settings.limit("blank_share_max"));
        for (name, camera) in &self.cameras {
            let pictures = camera.pictures.max(1) as f64;
            for ((sum, blank), what) in camera.ends.iter().zip(["black", "white"]) {
                let (share, blank) = (sum / pictures, *blank as f64 / pictures);
                if blank > blank_max {
                    let report = out.report().stream(name).measured(blank, blank_max, "");
                    let report = match drop_camera(context, name) {
                        Some(repair) => report.cure(repair),
                        None => report,
                    };
                    report.message(format!(
                        "{:.0} % of the pictures of `{name}` are {what} (limit {:.0} %)",
                        blank * 100.0,
                        blank_max * 100.0
                    ));
                } else if share > share_max {
                    let report = out.report().stream(name).at_most(Severity::Warning).measured(share, share_max, "");
                    report.message(format!(
                        "{:.0} % of the pixels of `{name}` are {what} (limit {:.0} %)",
                        share * 100.0,
                        share_max * 100.0
                    ));
                }
            }
        }
    }
}

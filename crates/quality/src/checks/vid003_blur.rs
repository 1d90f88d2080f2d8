//! ## What it does
//!
//! Computes the variance of the Laplacian of each picture and compares it with the camera's own median: below
//! `blur_ratio_min` times that it is blurred. More than `blurred_share_max` of the pictures are reported.
//!
//! ## Why it matters
//!
//! What is blurred in fast motion is lost just where it matters. The limit is relative, since what counts as sharp depends
//! on the scene and on the lens.
//!
//! ## Example
//!
//! ```text
//! VID003 12 % of the pictures of `/camera/wrist` are less than 0.3 times as sharp as its median (limit 5 %)
//! ```

use std::collections::BTreeMap;

use prairie_model::{Dimension, Severity, StreamKind};

use super::pixels;
use crate::check::{Check, CheckDoc, Context, Family, FrameView, Limit, Need, Run, Settings};
use crate::outcome::Outcome;

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "VID003",
        name: "blur",
        family: Family::Vid,
        dimension: Dimension::Usability,
        severity: Severity::Warning,
        needs: &[Need::Pixels],
        summary: "pictures are blurred",
        limits: &[
            Limit { key: "blur_ratio_min", default: 0.3, unit: "", meaning: "sharpness against the camera's median" },
            Limit {
                key: "blurred_share_max",
                default: 0.05,
                unit: "",
                meaning: "share of the pictures that may be blurred",
            },
        ],
        source: include_str!("vid003_blur.rs"),
    },
    start: |settings| Box::new(Blur { settings: settings.clone(), cameras: BTreeMap::new() }),
};

/// Pictures that are kept per camera: beyond this every second one, then every fourth, and so on.
const PICTURES_MAX: usize = 32_768;

struct Camera {
    seen: u64,
    every: u64,
    sharpness: Vec<f64>,
}

struct Blur {
    settings: Settings,
    cameras: BTreeMap<String, Camera>,
}

impl Run for Blur {
    fn frame(&mut self, view: &FrameView<'_>) {
        let Some(luma) = view.stats.and_then(|stats| stats.luma) else { return };
        if !self.cameras.contains_key(view.stream) {
            self.cameras.insert(view.stream.to_owned(), Camera { seen: 0, every: 1, sharpness: Vec::new() });
        }
        let Some(camera) = self.cameras.get_mut(view.stream) else { return };
        if camera.seen.is_multiple_of(camera.every) {
            camera.sharpness.push(luma.sharpness);
            if camera.sharpness.len() >= PICTURES_MAX {
                let mut keep = false;
                camera.sharpness.retain(|_| {
                    keep = !keep;
                    keep
                });
                camera.every *= 2;
            }
        }
        camera.seen += 1;
    }

    fn finish(self: Box<Self>, context: &Context<'_>, out: &mut Outcome) {
        if !pixels(context, out, |kind| kind == StreamKind::Image, |name| self.cameras.contains_key(name)) {
            return;
        }
        let (ratio_min, share_max) = (self.settings.limit("blur_ratio_min"), self.settings.limit("blurred_share_max"));
        for (name, camera) in &self.cameras {
            let mut sorted = camera.sharpness.clone();
            sorted.sort_unstable_by(f64::total_cmp);
            let Some(median) = sorted.get(sorted.len() / 2) else { continue };
            let blurred = sorted.iter().filter(|sharpness| **sharpness < ratio_min * median).count();
            let share = blurred as f64 / sorted.len() as f64;
            if share > share_max {
                out.report().stream(name).measured(share, share_max, "").message(format!(
                    "{:.0} % of the pictures of `{name}` are less than {ratio_min} times as sharp as its median (limit {:.0} %)",
                    share * 100.0,
                    share_max * 100.0
                ));
            }
        }
    }
}

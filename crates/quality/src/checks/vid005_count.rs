//! ## What it does
//!
//! Compares the pictures of a camera with what its declared rate asks for over its time, and, where they were decoded, with
//! the number that its index holds. More than `missing_share_max` missing is an error, which dropping the camera would cure
//! where it is not the only one.
//!
//! ## Why it matters
//!
//! In three of eight public sets the pictures of the video and the rows of the table differ in number: from the first
//! missing one on, every row has the wrong picture.
//!
//! ## Example
//!
//! ```text
//! VID005 `/camera/wrist` has 862 pictures, and 900 are due at 30 Hz (4.2 % missing, limit 2.0 %)
//! ```

use std::collections::BTreeMap;

use prairie_model::{Dimension, Severity, StreamKind};

use super::{drop_camera, pixels};
use crate::check::{Check, CheckDoc, Context, Family, FrameView, Limit, Need, Run, Settings};
use crate::outcome::Outcome;

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "VID005",
        name: "picture count",
        family: Family::Vid,
        dimension: Dimension::Completeness,
        severity: Severity::Error,
        needs: &[Need::Pixels],
        summary: "there are fewer pictures than there should be",
        limits: &[Limit {
            key: "missing_share_max",
            default: 0.02,
            unit: "",
            meaning: "share of the pictures that may be missing",
        }],
        source: include_str!("vid005_count.rs"),
    },
    start: |settings| Box::new(Count { settings: settings.clone(), frames: BTreeMap::new() }),
};

struct Count {
    settings: Settings,
    /// Frames that came, decoded or not, by stream.
    frames: BTreeMap<String, u64>,
}

impl Run for Count {
    fn frame(&mut self, view: &FrameView<'_>) {
        match self.frames.get_mut(view.stream) {
            Some(frames) => *frames += 1,
            None => {
                self.frames.insert(view.stream.to_owned(), 1);
            }
        }
    }

    fn finish(self: Box<Self>, context: &Context<'_>, out: &mut Outcome) {
        let decoded = pixels(context, out, StreamKind::is_picture, |name| self.frames.contains_key(name));
        let limit = self.settings.limit("missing_share_max");
        for (_, seen) in context.scene.streams().filter(|(_, seen)| seen.kind.is_picture()) {
            let name = &seen.name;
            let found = seen.rate.samples as f64;
            let declared = seen.stream.picture.as_ref().and_then(|picture| picture.fps).or(seen.stream.nominal_rate_hz);
            let declared = declared.filter(|rate| rate.is_finite() && *rate > 0.0);
            // A rate that the camera never had is another check's finding (VID006).
            let usual = seen.rate.median_s().map(|period_s| 1.0 / period_s);
            let declared = declared.filter(|rate| usual.is_some_and(|usual| (rate / usual - 1.0).abs() < 0.25));
            let mut judge = |found: f64, due: f64, why: String| {
                let missing = (due - found).abs() / due.max(1.0);
                if missing > limit {
                    let report = out.report().stream(name).measured(missing, limit, "");
                    let report = match drop_camera(context, name) {
                        Some(repair) => report.cure(repair),
                        None => report,
                    };
                    report.message(format!(
                        "`{name}` has {found} pictures, and {due} are due {why} ({:.1} % missing, limit {:.1} %)",
                        missing * 100.0,
                        limit * 100.0
                    ));
                }
            };
            if let Some(rate_hz) = declared {
                let due = libm::round(seen.rate.duration_s() * rate_hz) + 1.0;
                if due > found {
                    judge(found, due, format!("at {rate_hz} Hz"));
                }
            }
            if decoded {
                let frames = self.frames.get(name).copied().unwrap_or_default() as f64;
                judge(frames, found, "by its index".to_owned());
            }
        }
    }
}

#[cfg(test)]
mod tests {

    #[test]
    fn the_rate_asks_for_pictures_even_where_none_was_decoded() {
        let spec = crate::testing::Spec::parse(
            r#"{"about": "a camera", "video_checked": false, "streams": [{"name": "/a", "kind": "image",
            "stream": {"picture": {"codec": "h264", "fps": 30}}, "t": {"rate_hz": 30, "n": 300, "skip": [[50, 60]]}}]}"#,
        );
        let examined = spec.examine(&crate::Profile::default());
        let found = examined.findings.iter().find(|finding| finding.code == "VID005").unwrap();
        assert!(found.measured.is_some_and(|share| (share - 10.0 / 300.0).abs() < 1e-9), "{found:?}");
    }
}

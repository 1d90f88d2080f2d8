//! ## What it does
//!
//! Computes the longest time between two pictures at which a decoder can start, from the frame index. More than `gop_max_s`
//! is reported. Where the index does not know key frames the check is unknown; codecs of single pictures always pass.
//! Pictures that are out of order (B-frames) do not show in the index and are not judged.
//!
//! ## Why it matters
//!
//! Training reads pictures at random. To show one it decodes all since the last key frame: with ten seconds between key
//! frames that is three hundred pictures for one, and the processor waits.
//!
//! ## Example
//!
//! ```text
//! VID007 the key frames of `/camera/wrist` are up to 8.33 s apart (limit 4.00 s)
//! ```

use std::collections::BTreeMap;

use crate::check::{BatchView, Check, CheckDoc, Context, Family, Limit, Run, Settings};
use crate::outcome::Outcome;
use arrow::array::{Array, BooleanArray};
use prairie_model::{Dimension, Severity, StreamKind};

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "VID007",
        name: "key frames",
        family: Family::Vid,
        dimension: Dimension::Practicality,
        severity: Severity::Warning,
        needs: &[],
        summary: "key frames are far apart",
        limits: &[Limit { key: "gop_max_s", default: 4.0, unit: "s", meaning: "longest time between key frames" }],
        source: include_str!("vid007_gop.rs"),
    },
    start: |settings| Box::new(KeyFrames { settings: settings.clone(), cameras: BTreeMap::new() }),
};

#[derive(Default)]
struct Camera {
    name: String,
    known: bool,
    /// The last key frame, or the first picture.
    since: Option<i64>,
    longest: Option<(u64, i64, i64)>,
}

struct KeyFrames {
    settings: Settings,
    cameras: BTreeMap<u32, Camera>,
}

impl Run for KeyFrames {
    fn batch(&mut self, view: &BatchView<'_>) {
        if !view.is(StreamKind::Image) {
            return;
        }
        let intra = view.stream.picture.as_ref().is_some_and(|picture| picture.codec.is_intra());
        let camera = self.cameras.entry(view.index).or_default();
        camera.name.clone_from(&view.stream.name);
        camera.known |= intra;
        let column = view.batch.samples.column_by_name("key_frame");
        let Some(keys) = column.and_then(|column| column.as_any().downcast_ref::<BooleanArray>()) else { return };
        if intra {
            return;
        }
        for (row, &t) in view.t_ns.iter().enumerate() {
            let since = *camera.since.get_or_insert(t);
            let apart = t.abs_diff(since);
            if camera.longest.is_none_or(|longest| apart > longest.0) {
                camera.longest = Some((apart, since, t));
            }
            if keys.is_valid(row) {
                camera.known = true;
                if keys.value(row) {
                    camera.since = Some(t);
                }
            }
        }
    }

    fn finish(self: Box<Self>, _: &Context<'_>, out: &mut Outcome) {
        let limit = self.settings.limit("gop_max_s");
        for camera in self.cameras.values() {
            if !camera.known {
                out.unknown(format!("the index of `{}` does not know key frames", camera.name));
                continue;
            }
            out.applies();
            let Some((apart, from, to)) = camera.longest else { continue };
            let seconds = apart as f64 / 1e9;
            if seconds > limit {
                out.report().stream(&camera.name).span(from, to).measured(seconds, limit, "s").message(format!(
                    "the key frames of `{}` are up to {seconds:.2} s apart (limit {limit:.2} s)",
                    camera.name
                ));
            }
        }
    }
}

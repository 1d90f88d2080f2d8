//! ## What it does
//!
//! Reports a camera whose pictures change their width or height during the episode, and, as a warning, one whose measured
//! rate is more than `rate_tolerance` off the one that its container declares.
//!
//! ## Why it matters
//!
//! A picture of another size is scaled without a word, and everything in it moves. A wrong rate in the container makes
//! players and loaders pick other pictures than the stamps say.
//!
//! ## Example
//!
//! ```text
//! VID006 `/camera/wrist` changes from 640×480 to 1280×720
//!   --> run-0412.mcap, episode 7, 9.10-9.10 s
//! ```

use std::collections::BTreeMap;

use crate::check::{BatchView, Check, CheckDoc, Context, Family, FrameView, Limit, Run, Settings};
use crate::outcome::Outcome;
use arrow::array::{Array, UInt32Array};
use prairie_model::{Dimension, Severity, StreamKind};

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "VID006",
        name: "resolution or rate",
        family: Family::Vid,
        dimension: Dimension::Consistency,
        severity: Severity::Error,
        needs: &[],
        summary: "a camera changes its size, or has another rate than declared",
        limits: &[Limit {
            key: "rate_tolerance",
            default: 0.05,
            unit: "",
            meaning: "how far the measured rate may be from the declared one, as a share",
        }],
        source: include_str!("vid006_change.rs"),
    },
    start: |settings| Box::new(Change { settings: settings.clone(), sizes: BTreeMap::new() }),
};

/// Width and height.
type Size = (u32, u32);

#[derive(Default)]
struct Sizes {
    /// As the index says, and as the pictures are: the first, and the first that differs.
    first: [Option<Size>; 2],
    changed: Option<(i64, Size, Size)>,
}

impl Sizes {
    fn observe(&mut self, source: usize, size: Size, t: i64) {
        let first = *self.first[source].get_or_insert(size);
        if first != size && self.changed.is_none() {
            self.changed = Some((t, first, size));
        }
    }
}

struct Change {
    settings: Settings,
    sizes: BTreeMap<String, Sizes>,
}

impl Change {
    fn sizes(&mut self, stream: &str) -> &mut Sizes {
        if !self.sizes.contains_key(stream) {
            self.sizes.insert(stream.to_owned(), Sizes::default());
        }
        self.sizes.entry(stream.to_owned()).or_default()
    }
}

impl Run for Change {
    fn batch(&mut self, view: &BatchView<'_>) {
        if !matches!(view.kind, Some(StreamKind::Image | StreamKind::Depth)) {
            return;
        }
        let column =
            |name: &str| -> Option<&UInt32Array> { view.batch.samples.column_by_name(name)?.as_any().downcast_ref() };
        let (Some(width), Some(height)) = (column("width"), column("height")) else { return };
        let sizes = self.sizes(&view.stream.name);
        for (row, &t) in view.t_ns.iter().enumerate() {
            if width.is_valid(row) && height.is_valid(row) {
                sizes.observe(0, (width.value(row), height.value(row)), t);
            }
        }
    }

    fn frame(&mut self, view: &FrameView<'_>) {
        if let Some(stats) = view.stats {
            self.sizes(view.stream).observe(1, (stats.width, stats.height), view.t.0);
        }
    }

    fn finish(self: Box<Self>, context: &Context<'_>, out: &mut Outcome) {
        let tolerance = self.settings.limit("rate_tolerance");
        for (name, sizes) in &self.sizes {
            let (Some(_), changed) = (sizes.first[0].or(sizes.first[1]), sizes.changed) else { continue };
            out.applies();
            if let Some((t, one, other)) = changed {
                let report = out.report().stream(name).span(t, t);
                report.message(format!("`{name}` changes from {}×{} to {}×{}", one.0, one.1, other.0, other.1));
            }
        }
        for (_, seen) in context.scene.streams().filter(|(_, seen)| seen.kind.is_picture()) {
            let declared = seen.stream.picture.as_ref().and_then(|picture| picture.fps);
            let declared = declared.filter(|rate| rate.is_finite() && *rate > 0.0);
            let usual = seen.rate.median_s().filter(|_| seen.rate.intervals() >= 10).map(|period_s| 1.0 / period_s);
            let (Some(declared), Some(rate_hz)) = (declared, usual) else { continue };
            out.applies();
            if (rate_hz / declared - 1.0).abs() > tolerance {
                let report =
                    out.report().stream(&seen.name).at_most(Severity::Warning).measured(rate_hz, declared, "Hz");
                report.message(format!(
                    "`{}` has {rate_hz:.2} Hz, and its container declares {declared:.2} Hz",
                    seen.name
                ));
            }
        }
    }
}

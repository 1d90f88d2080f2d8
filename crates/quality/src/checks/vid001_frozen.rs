//! ## What it does
//!
//! Looks for runs of at least three pictures that differ by less than 0.2 of 255 on average, and nowhere by more than
//! `change_max`, while the joints, poses or the gripper show the robot moving. A run of more than `frozen_max_s` is an
//! error, which dropping the camera would cure where it is not the only one; a shorter one is a warning. A robot that moves
//! outside the picture leaves it still as well: the profile may ignore this check for cameras that look elsewhere.
//!
//! ## Why it matters
//!
//! A frozen camera keeps its rate, its stamps and its size. The policy sees one world and acts in another, and the loss
//! does not show it.
//!
//! ## Example
//!
//! ```text
//! VID001 `/camera/wrist` repeats one picture for 2.40 s while the robot moves (limit 0.50 s)
//!   --> run-0412.mcap, episode 7, 8.10-10.50 s
//! ```

use std::collections::BTreeMap;

use prairie_model::{Dimension, Severity, StreamKind};

use super::{drop_camera, pixels};
use crate::check::{Check, CheckDoc, Context, Family, FrameView, Limit, Need, Run, Settings};
use crate::outcome::Outcome;

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "VID001",
        name: "frozen picture",
        family: Family::Vid,
        dimension: Dimension::Usability,
        severity: Severity::Error,
        needs: &[Need::Pixels],
        summary: "a camera repeats one picture while the robot moves",
        limits: &[
            Limit { key: "frozen_max_s", default: 0.5, unit: "s", meaning: "longest freeze that is only a warning" },
            Limit {
                key: "change_max",
                default: 6.0,
                unit: "of 255",
                meaning: "greatest change of any pixel in a frozen picture",
            },
        ],
        source: include_str!("vid001_frozen.rs"),
    },
    start: |settings| Box::new(Frozen { settings: settings.clone(), cameras: BTreeMap::new() }),
};

/// Pictures of which a run consists at least.
const RUN_MIN: u64 = 3;

/// Mean change of a frozen picture.
const MEAN_MAX: f64 = 0.2;

/// Runs that are kept per camera: the longest.
const RUNS_MAX: usize = 16;

#[derive(Default)]
struct Camera {
    started: i64,
    last: i64,
    run: u64,
    runs: Vec<(i64, i64, u64)>,
}

struct Frozen {
    settings: Settings,
    cameras: BTreeMap<String, Camera>,
}

impl Run for Frozen {
    fn frame(&mut self, view: &FrameView<'_>) {
        let Some(stats) = view.stats else { return };
        if !self.cameras.contains_key(view.stream) {
            self.cameras.insert(view.stream.to_owned(), Camera::default());
        }
        let Some(camera) = self.cameras.get_mut(view.stream) else { return };
        let limit = self.settings.limit("change_max");
        let same = stats.change.is_some_and(|(mean, greatest)| mean < MEAN_MAX && greatest <= limit);
        if !same {
            camera.close();
            (camera.started, camera.run) = (view.t.0, 0);
        }
        camera.run += 1;
        camera.last = view.t.0;
    }

    fn finish(mut self: Box<Self>, context: &Context<'_>, out: &mut Outcome) {
        if !pixels(context, out, StreamKind::is_picture, |name| self.cameras.contains_key(name)) {
            return;
        }
        let limit = self.settings.limit("frozen_max_s");
        for (name, camera) in &mut self.cameras {
            camera.close();
            camera.runs.sort_unstable();
            for &(from, to, pictures) in &camera.runs {
                if !context.scene.robot_moves(from, to, None) {
                    continue;
                }
                let seconds = to.abs_diff(from) as f64 / 1e9;
                let report = out.report().stream(name).span(from, to).measured(seconds, limit, "s");
                let report = if seconds > limit { report } else { report.at_most(Severity::Warning) };
                let report = match drop_camera(context, name) {
                    Some(repair) => report.cure(repair),
                    None => report,
                };
                report.message(format!(
                    "`{name}` repeats one picture for {seconds:.2} s ({pictures} pictures) while the robot moves (limit {limit:.2} s)"
                ));
            }
        }
    }
}

impl Camera {
    fn close(&mut self) {
        if self.run < RUN_MIN {
            return;
        }
        let run = (self.started, self.last, self.run);
        if self.runs.len() < RUNS_MAX {
            self.runs.push(run);
        } else if let Some(least) = self.runs.iter_mut().min_by_key(|other| other.2)
            && least.2 < run.2
        {
            *least = run;
        }
    }
}

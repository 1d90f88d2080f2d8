//! ## What it does
//!
//! Looks for runs of at least three pictures that differ by less than 0.2 of 255 on average, and nowhere by more than
//! `change_max` (of depth: millimetres), while the joints, poses or the gripper show the robot moving. Only the time in
//! which it moves counts, not that in which robot and picture rest together; of a movement that begins during the run the
//! first 0.2 s do not count either, since a camera shows it late. More than `frozen_max_s` is an error, which dropping the
//! camera would cure where it is not the only one; more than `frozen_warn_s` is a warning; less is told as information: an
//! encoder repeats a picture or two of a slow movement. A robot that moves outside the picture leaves it still as well: the
//! profile may ignore this check for cameras that look elsewhere.
//!
//! ## Why it matters
//!
//! A frozen camera keeps its rate, its stamps and its size. The policy sees one world and acts in another, and the loss
//! does not show it.
//!
//! ## Example
//!
//! ```text
//! VID001 `/camera/wrist` repeats one picture for 2.40 s while the robot moves (73 times in 2.40 s; limit 0.50 s)
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
            Limit { key: "frozen_warn_s", default: 0.1, unit: "s", meaning: "longest freeze that is only information" },
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

/// Runs that are kept per camera: the longest. Most may be rests, which only the end of the episode tells.
const RUNS_MAX: usize = 256;

/// Runs that are told per camera: those that last longest while the robot moves.
const TOLD_MAX: usize = 16;

/// How late a camera may show a movement.
const LATENCY_NS: i64 = 200_000_000;

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
        let (limit, warned) = (self.settings.limit("frozen_max_s"), self.settings.limit("frozen_warn_s"));
        let movements = context.scene.robot_movements();
        for (name, camera) in &mut self.cameras {
            camera.close();
            let mut freezes: Vec<_> = camera.runs.iter().filter_map(|run| Freeze::of(*run, &movements)).collect();
            freezes.sort_unstable_by_key(|freeze| std::cmp::Reverse(freeze.lasts_ns));
            freezes.truncate(TOLD_MAX);
            freezes.sort_unstable_by_key(|freeze| freeze.from);
            for freeze in freezes {
                let seconds = freeze.lasts_ns as f64 / 1e9;
                let report = out.report().stream(name).span(freeze.from, freeze.to).measured(seconds, limit, "s");
                let report = match seconds {
                    _ if seconds > limit => report,
                    _ if seconds > warned => report.at_most(Severity::Warning),
                    _ => report.at_most(Severity::Info),
                };
                let report = match drop_camera(context, name) {
                    Some(repair) => report.cure(repair),
                    None => report,
                };
                report.message(format!(
                    "`{name}` repeats one picture for {seconds:.2} s while the robot moves ({} times in {:.2} s; limit {limit:.2} s)",
                    freeze.pictures, freeze.run_s
                ));
            }
        }
    }
}

/// The part of a run in which the robot moves.
#[derive(Debug, PartialEq)]
struct Freeze {
    from: i64,
    to: i64,
    /// Nanoseconds in which it moves; less than from `from` to `to` where it rests between.
    lasts_ns: u64,
    pictures: u64,
    run_s: f64,
}

impl Freeze {
    /// `None` where the robot moves for less than the shortest run.
    fn of((from, to, pictures): (i64, i64, u64), movements: &[(i64, i64)]) -> Option<Self> {
        let seen = movements.iter().map(|&(start, end)| {
            // A picture that stood still before the robot moved may only be late.
            let start = if start > from { start.saturating_add(LATENCY_NS) } else { from };
            (start, end.min(to))
        });
        let seen: Vec<(i64, i64)> = seen.filter(|(start, end)| start < end).collect();
        let lasts_ns = seen.iter().map(|(start, end)| end.abs_diff(*start)).sum::<u64>();
        let run_ns = to.abs_diff(from) as f64;
        let least_ns = run_ns * (RUN_MIN - 1) as f64 / pictures.saturating_sub(1).max(1) as f64;
        let (first, last) = (seen.first()?, seen.last()?);
        (lasts_ns as f64 >= least_ns).then_some(Self {
            from: first.0,
            to: last.1,
            lasts_ns,
            pictures,
            run_s: run_ns / 1e9,
        })
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

#[cfg(test)]
mod tests {
    use super::*;

    const MS: i64 = 1_000_000;

    fn freeze(run_ms: (i64, i64), movements_ms: &[(i64, i64)]) -> Option<(i64, i64, u64)> {
        let movements: Vec<_> = movements_ms.iter().map(|(from, to)| (from * MS, to * MS)).collect();
        // As many pictures as come at 100 Hz.
        let run = (run_ms.0 * MS, run_ms.1 * MS, (run_ms.1 - run_ms.0) as u64 / 10 + 1);
        Freeze::of(run, &movements).map(|freeze| (freeze.from / MS, freeze.to / MS, freeze.lasts_ns / MS as u64))
    }

    #[test]
    fn only_the_time_in_which_the_robot_moves_counts() {
        assert_eq!(freeze((1000, 3000), &[(0, 5000)]), Some((1000, 3000, 2000)), "moving all along");
        assert_eq!(freeze((1000, 3000), &[(0, 1500), (2000, 2600)]), Some((1000, 2600, 900)), "with a rest between");
        assert_eq!(freeze((1000, 3000), &[(0, 900), (3100, 5000)]), None, "a rest");
        assert_eq!(freeze((0, 9000), &[(8850, 20_000)]), None, "a late camera at the end of a rest");
        assert_eq!(freeze((0, 9000), &[(8000, 20_000)]), Some((8200, 9000, 800)));
        assert_eq!(freeze((0, 20), &[(-100, 500)]), Some((0, 20, 20)), "three pictures");
        assert_eq!(freeze((0, 1000), &[(-100, 10)]), None, "shorter than three pictures");
    }
}

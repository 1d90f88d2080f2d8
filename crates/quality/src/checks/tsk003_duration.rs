//! ## What it does
//!
//! Compares the duration with the median of earlier episodes of the same task: less than `ratio_min` or more than
//! `ratio_max` times that is reported. With fewer than `episodes_min` earlier ones, or without a history, it is unknown.
//!
//! ## Why it matters
//!
//! A quarter of what a large humanoid set had to throw away was too long or too short: recordings that nobody stopped, and
//! attempts that never began.
//!
//! ## Example
//!
//! ```text
//! TSK003 the episode takes 92.0 s, 4.6 times the median of 20.0 s over 312 episodes of `pick` (limits 0.5 to 3.0)
//! ```

use prairie_model::{Dimension, Severity};

use super::at_end;
use crate::check::{Check, CheckDoc, Context, Family, Limit, Need, Settings};
use crate::outcome::Outcome;

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "TSK003",
        name: "duration",
        family: Family::Tsk,
        dimension: Dimension::Practicality,
        severity: Severity::Warning,
        needs: &[Need::History],
        summary: "the episode is much shorter or longer than others of its task",
        limits: &[
            Limit { key: "ratio_min", default: 0.5, unit: "", meaning: "shortest duration against the median" },
            Limit { key: "ratio_max", default: 3.0, unit: "", meaning: "longest duration against the median" },
            Limit {
                key: "episodes_min",
                default: 5.0,
                unit: "episodes",
                meaning: "how many earlier episodes a median needs",
            },
        ],
        source: include_str!("tsk003_duration.rs"),
    },
    start: |settings| at_end(settings, judge),
};

fn judge(settings: &Settings, context: &Context<'_>, out: &mut Outcome) {
    let episode = &context.facts.episode.episode;
    let (Some(task), Some(duration_s)) = (&episode.task, episode.duration_s()) else { return };
    let Some(earlier) = context.facts.history.durations.get(task) else {
        out.unknown("no earlier episode of the task is known");
        return;
    };
    if (earlier.episodes as f64) < settings.limit("episodes_min")
        || earlier.median_s.is_nan()
        || earlier.median_s <= 0.0
    {
        out.unknown(format!("only {} of the task are known", super::count(earlier.episodes, "earlier episode")));
        return;
    }
    out.applies();
    let (ratio, least, greatest) =
        (duration_s / earlier.median_s, settings.limit("ratio_min"), settings.limit("ratio_max"));
    if ratio < least || ratio > greatest {
        let limit = if ratio < least { least } else { greatest };
        out.report().measured(ratio, limit, "").maybe_span(episode.span).message(format!(
            "the episode takes {duration_s:.1} s, {ratio:.1} times the median of {:.1} s over {} episodes of `{task}` (limits {least} to {greatest})",
            earlier.median_s, earlier.episodes
        ));
    }
}

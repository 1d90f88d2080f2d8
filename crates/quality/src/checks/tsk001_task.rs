//! ## What it does
//!
//! Reports an episode without a task text, or with one that is only a placeholder. Its dimension is then unknown.
//!
//! ## Why it matters
//!
//! Without its task an episode is motion. Policies that follow instructions cannot use it, and it can be neither counted
//! nor found by task.
//!
//! ## Example
//!
//! ```text
//! TSK001 the episode has no task; give one with `--task` or in the mapping
//! ```

use prairie_model::{Dimension, Severity};

use super::at_end;
use crate::check::{Check, CheckDoc, Context, Family, Settings};
use crate::outcome::Outcome;

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "TSK001",
        name: "task",
        family: Family::Tsk,
        dimension: Dimension::Practicality,
        severity: Severity::Warning,
        needs: &[],
        summary: "nobody says what the task was",
        limits: &[],
        source: include_str!("tsk001_task.rs"),
    },
    start: |settings| at_end(settings, judge),
};

/// Texts that stand for no task.
const PLACEHOLDERS: [&str; 8] = ["", "none", "null", "unknown", "n/a", "todo", "task", "default"];

fn judge(_: &Settings, context: &Context<'_>, out: &mut Outcome) {
    let task = context.facts.episode.episode.task.as_deref().map(str::trim);
    match task {
        Some(text) if !PLACEHOLDERS.contains(&text.to_lowercase().as_str()) => out.applies(),
        Some(text) => {
            out.unknown("the task is a placeholder");
            out.report().message(format!("the task is `{text}`, which says nothing"));
        }
        None => {
            out.unknown("the source does not say what the task was");
            out.report().message("the episode has no task; give one with `--task` or in the mapping");
        }
    }
}

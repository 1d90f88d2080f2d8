//! `prairie ls`

use std::io::Write;

use serde_json::json;

use crate::args::Ls;
use crate::context::Context;
use crate::error::Failure;
use crate::table::{Table, count, or_unknown, seconds};

pub(crate) fn run(context: &Context, args: &Ls) -> Result<u8, Failure> {
    let engine = context.open_store()?;
    let episodes = engine.ls(args.condition.as_deref(), args.limit, args.snapshot)?;
    if context.json() {
        context.print_json(&json!({ "episodes": episodes }))?;
        return Ok(0);
    }
    let mut table = Table::new(&["episode", "task", ">duration", "robot", "mode", "outcome", "decision", ">streams"]);
    for episode in &episodes {
        table.row(vec![
            episode.id.to_string()[..12].to_owned(),
            shorten(&or_unknown(episode.task.as_deref()), 40),
            seconds(episode.duration_s),
            or_unknown(episode.robot.as_deref()),
            episode.mode.name().to_owned(),
            episode.outcome.name().to_owned(),
            episode.decision.name().to_owned(),
            episode.streams.unwrap_or(0).to_string(),
        ]);
    }
    let mut out = context.out();
    table.print(&mut out)?;
    out.flush()?;
    context.say(count(episodes.len() as u64, "episode"));
    Ok(0)
}

/// The first `most` letters, with a mark where there are more.
pub(crate) fn shorten(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

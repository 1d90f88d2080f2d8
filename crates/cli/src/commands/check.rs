//! `prairie check`

use std::collections::BTreeMap;
use std::io::Write;

use prairie_engine::CheckReport;
use prairie_model::Decision;

use crate::args::Check;
use crate::commands::{finding, ingest, worst};
use crate::context::Context;
use crate::error::Failure;
use crate::table::count;

pub(crate) fn run(context: &Context, args: &Check) -> Result<u8, Failure> {
    let options = context.reading(&args.reading)?;
    let report = if args.stored {
        context.open_store()?.check_stored(args.condition.as_deref(), &options, context.progress())?
    } else {
        prairie_engine::check(&args.paths, &options, context.progress())?
    };
    if context.json() {
        context.print_json(&report)?;
    } else {
        print(context, &report)?;
    }
    let rejected = report.episodes.iter().any(|episode| episode.decision == Decision::Reject);
    Ok(worst([
        if report.failed.is_empty() { 0 } else { 2 },
        if report.damaged.is_empty() { 0 } else { 3 },
        u8::from(rejected),
    ]))
}

fn print(context: &Context, report: &CheckReport) -> Result<(), Failure> {
    let mut out = context.out();
    for episode in &report.episodes {
        let place = format!("{}, episode {}", episode.path, episode.key);
        for one in &episode.findings {
            if one.severity != "info" || context.global.verbose {
                finding::print(&mut out, one, &place, episode.duration_s)?;
                writeln!(out)?;
            }
        }
    }
    for recording in &report.recordings {
        for one in &recording.findings {
            if one.severity != "info" || context.global.verbose {
                finding::print(&mut out, one, &recording.path, None)?;
                writeln!(out)?;
            }
        }
    }
    out.flush()?;
    for failure in &report.failed {
        context.say(format!("error: Failed to check `{}`\n  Caused by: {}", failure.path, failure.error));
        if let Some(hint) = &failure.hint {
            context.say(format!("\nhint: {hint}"));
        }
    }
    for path in &report.damaged {
        let lost = report.recordings.iter().find(|recording| recording.path == *path).and_then(|one| one.lost);
        context.say(format!(
            "warning: `{path}` is damaged or lacks files; what could be read of it was checked{}",
            ingest::lost_words(lost)
        ));
    }
    ingest::tell_passed_over(context, &report.passed_over);
    let mut decisions: BTreeMap<Decision, u64> = BTreeMap::new();
    for episode in &report.episodes {
        *decisions.entry(episode.decision).or_default() += 1;
    }
    let mut line =
        format!("Checked {}: {}.", count(report.episodes.len() as u64, "episode"), ingest::decisions(&decisions));
    let first = report.episodes.iter().flat_map(|episode| &episode.findings).find(|one| one.severity != "info");
    if let Some(first) = first {
        line.push_str(&format!(" `prairie explain {}` tells why it matters.", first.code));
    }
    context.say(line);
    Ok(())
}

//! `prairie ingest`

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Instant;

use prairie_engine::{IngestReport, PassedOver, PlanReport, RecordingReport, Status};
use prairie_model::Decision;

use crate::args::Ingest;
use crate::commands::{finding, worst};
use crate::context::Context;
use crate::error::Failure;
use crate::table::{Table, bytes, count, thousands};

pub(crate) fn run(context: &Context, args: &Ingest) -> Result<u8, Failure> {
    let options = context.reading(&args.reading)?;
    if args.dry_run {
        let plans = prairie_engine::plan(&args.paths, &options, context.progress())?;
        if context.json() {
            context.print_json(&plans)?;
        } else {
            print_plans(context, &plans.recordings)?;
            tell_passed_over(context, &plans.passed_over);
        }
        return Ok(worst(plans.recordings.iter().map(|plan| if plan.error.is_some() { 2 } else { 0 })));
    }
    let engine = context.create_store()?;
    let started = Instant::now();
    let report = engine.ingest(&args.paths, &options, context.progress())?;
    if context.json() {
        context.print_json(&report)?;
    } else {
        print(context, &report)?;
        summary(context, &report, started.elapsed().as_secs_f64());
    }
    Ok(worst(report.recordings.iter().map(|recording| recording.exit)))
}

fn print(context: &Context, report: &IngestReport) -> Result<(), Failure> {
    let mut table =
        Table::new(&["recording", "status", "format", ">bytes", ">episodes", ">messages", ">frames", "decisions"]);
    for recording in &report.recordings {
        table.row(vec![
            recording.path.clone(),
            status(recording),
            recording.format.clone().unwrap_or_else(|| "–".to_owned()),
            bytes(recording.bytes),
            recording.episodes.len().to_string(),
            thousands(recording.messages.total),
            thousands(recording.frames),
            decisions(&recording.decisions),
        ]);
    }
    let mut out = context.out();
    table.print(&mut out)?;
    for recording in &report.recordings {
        for one in recording.findings.iter().filter(|one| one.severity != "info" || context.global.verbose) {
            writeln!(out)?;
            finding::print(&mut out, one, &recording.path, None)?;
        }
    }
    if context.global.verbose {
        for recording in &report.recordings {
            for (topic, (schema, messages)) in &recording.unmapped {
                writeln!(out, "unmapped in {}: `{topic}` ({schema}), {}", recording.path, count(*messages, "message"))?;
            }
        }
    }
    out.flush()?;
    Ok(())
}

fn status(recording: &RecordingReport) -> String {
    match recording.status {
        Status::Ingested if !recording.complete => "damaged".to_owned(),
        Status::Ingested => "ingested".to_owned(),
        Status::Already => "already".to_owned(),
        Status::Failed => "failed".to_owned(),
    }
}

pub(crate) fn decisions(counts: &BTreeMap<Decision, u64>) -> String {
    let words: Vec<_> = counts.iter().map(|(decision, n)| format!("{n} {}", decision.name())).collect();
    if words.is_empty() { "–".to_owned() } else { words.join(", ") }
}

/// Paths that a line names.
const NAMED_MAX: usize = 5;

/// Says which files of the given folders were not taken for recordings.
pub(crate) fn tell_passed_over(context: &Context, passed: &PassedOver) {
    if let Some(line) = passed_over_line(passed) {
        context.say(line);
    }
}

fn passed_over_line(passed: &PassedOver) -> Option<String> {
    let named: Vec<&str> = passed.paths.iter().take(NAMED_MAX).map(String::as_str).collect();
    let what = match passed.count {
        0 => return None,
        1 => "1 file that is no recording".to_owned(),
        n => format!("{} files that are no recordings", thousands(n)),
    };
    let more = if passed.count > named.len() as u64 { ", …" } else { "" };
    Some(format!("note: passed over {what}: {}{more}", named.join(", ")))
}

fn summary(context: &Context, report: &IngestReport, elapsed_s: f64) {
    tell_passed_over(context, &report.passed_over);
    let with = |status: Status| report.recordings.iter().filter(move |recording| recording.status == status);
    for recording in with(Status::Failed) {
        let error = recording.error.as_deref().unwrap_or("unknown error");
        context.say(format!("error: Failed to ingest `{}`\n  Caused by: {error}", recording.path));
        if let Some(hint) = &recording.hint {
            context.say(format!("\nhint: {hint}"));
        }
    }
    for recording in report.recordings.iter().filter(|one| one.status != Status::Failed && !one.complete) {
        let kept = match recording.messages.total {
            0 => "nothing of it could be read".to_owned(),
            total => format!("the {} that could be read are kept", count(total, "message")),
        };
        context.say(format!(
            "warning: `{}` is damaged or lacks files; {kept}{}, and the findings say where",
            recording.path,
            lost_words(recording.lost)
        ));
    }
    let ingested = with(Status::Ingested).count() as u64;
    let episodes: u64 = with(Status::Ingested).map(|recording| recording.episodes.len() as u64).sum();
    let mut line =
        format!("Ingested {} from {} in {elapsed_s:.1} s", count(episodes, "episode"), count(ingested, "recording"));
    let already = with(Status::Already).count() as u64;
    if already > 0 {
        line.push_str(&format!("; {} already there", count(already, "recording")));
    }
    let failed = with(Status::Failed).count() as u64;
    if failed > 0 {
        line.push_str(&format!("; {} failed", count(failed, "recording")));
    }
    context.say(line);
}

/// How many messages damage took, as the end of a sentence.
pub(crate) fn lost_words(lost: Option<u64>) -> String {
    match lost {
        Some(0) => String::new(),
        Some(lost) => format!(", {} are lost", count(lost, "message")),
        None => ", how many messages are lost is unknown".to_owned(),
    }
}

fn print_plans(context: &Context, plans: &[PlanReport]) -> Result<(), Failure> {
    let mut out = context.out();
    for plan in plans {
        match &plan.error {
            Some(error) => writeln!(out, "{}: cannot be read: {error}", plan.path)?,
            None => writeln!(
                out,
                "{}: {} {}, {}, {}, {}",
                plan.path,
                plan.format.as_deref().unwrap_or("unknown"),
                plan.profile.as_deref().unwrap_or(""),
                bytes(plan.bytes),
                count(plan.channels.len() as u64, "channel"),
                match plan.episodes {
                    0 => "episodes known after reading".to_owned(),
                    n => count(n, "episode"),
                }
            )?,
        }
        let mut table = Table::new(&["  topic", "type", "encoding", ">messages", "becomes"]);
        for channel in &plan.channels {
            table.row(vec![
                format!("  {}", channel.topic),
                channel.schema.clone(),
                channel.encoding.clone(),
                channel.messages.map_or_else(|| "unknown".to_owned(), thousands),
                channel.becomes.clone(),
            ]);
        }
        if !plan.channels.is_empty() {
            table.print(&mut out)?;
        }
        for note in &plan.notes {
            writeln!(out, "  note: {note}")?;
        }
    }
    out.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_passed_over_fits_one_line() {
        let line = |count: u64| {
            let paths = (0..count).map(|at| format!("{at}.txt")).collect();
            passed_over_line(&PassedOver { paths, count })
        };
        assert_eq!(line(0), None);
        assert_eq!(line(1).unwrap(), "note: passed over 1 file that is no recording: 0.txt");
        assert_eq!(line(2).unwrap(), "note: passed over 2 files that are no recordings: 0.txt, 1.txt");
        assert!(
            line(1200)
                .unwrap()
                .ends_with("passed over 1,200 files that are no recordings: 0.txt, 1.txt, 2.txt, 3.txt, 4.txt, …")
        );
    }
}

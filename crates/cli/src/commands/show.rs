//! `prairie show`

use std::io::Write;

use crate::args::Show;
use crate::commands::finding;
use crate::context::Context;
use crate::error::Failure;
use crate::table::{Table, or_unknown, seconds, thousands};

pub(crate) fn run(context: &Context, args: &Show) -> Result<u8, Failure> {
    let engine = context.open_store()?;
    let episode = engine.show(&args.episode)?;
    if context.json() {
        context.print_json(&episode)?;
        return Ok(0);
    }
    let mut out = context.out();
    let summary = &episode.summary;
    writeln!(out, "episode    {}", summary.id)?;
    writeln!(out, "decision   {}", summary.decision.name())?;
    writeln!(out, "task       {}", or_unknown(summary.task.as_deref()))?;
    writeln!(out, "duration   {}", seconds(summary.duration_s))?;
    writeln!(out, "mode       {}, outcome {}", summary.mode.name(), summary.outcome.name())?;
    for (name, value) in &episode.facts {
        writeln!(out, "{name:<10} {}", or_unknown(value.as_deref()))?;
    }
    let counts = &episode.messages;
    writeln!(
        out,
        "messages   {} in = {} mapped + {} unmapped + {} undecodable; {} frames",
        thousands(counts.total),
        thousands(counts.mapped),
        thousands(counts.unmapped),
        thousands(counts.undecodable),
        thousands(episode.frames)
    )?;
    let dimensions: Vec<_> = episode.dimensions.iter().map(|(name, state)| format!("{name} {state}")).collect();
    writeln!(out, "receipt    {}", dimensions.join(" · "))?;
    let lineage = &episode.lineage;
    writeln!(
        out,
        "lineage    recording {} ({}) ▸ this ▸ {}",
        &lineage.recording.to_string()[..12],
        or_unknown(lineage.path.as_deref()),
        if lineage.datasets.is_empty() { "not in any dataset".to_owned() } else { lineage.datasets.join(", ") }
    )?;
    writeln!(out)?;
    let mut table = Table::new(&["stream", "kind", ">rate", ">samples", "unit", "what"]);
    for stream in &episode.stream_list {
        let what = match (&stream.codec, stream.width, stream.height) {
            (Some(codec), Some(width), Some(height)) => format!("{codec} {width}×{height}"),
            (Some(codec), _, _) => codec.clone(),
            _ if stream.parts.len() > 1 => {
                let parts = stream.parts.iter().map(|(part, places)| format!("{part} {}", places.len()));
                parts.collect::<Vec<_>>().join(" · ").replace('_', " ")
            }
            _ => super::ls::shorten(&stream.names.join(" "), 48),
        };
        table.row(vec![
            stream.name.clone(),
            stream.kind.clone(),
            stream.rate_hz.map_or_else(|| "unknown".to_owned(), |rate| format!("{rate:.1} Hz")),
            thousands(stream.samples),
            or_unknown(stream.unit.as_deref()),
            what,
        ]);
    }
    table.print(&mut out)?;
    for segment in &episode.segments {
        writeln!(out, "{} `{}` {}–{}", segment.label, segment.name, seconds(segment.start_s), seconds(segment.end_s))?;
    }
    let shown: Vec<_> = episode.findings.iter().filter(|one| args.findings || one.severity != "info").collect();
    for one in &shown {
        writeln!(out)?;
        finding::print(&mut out, one, &format!("episode {}", episode.key), summary.duration_s)?;
    }
    out.flush()?;
    let hidden = episode.findings.len() - shown.len();
    if hidden > 0 {
        context.say(format!("{hidden} findings of severity info are left out; `--findings` prints them"));
    }
    Ok(0)
}

//! `prairie log`

use prairie_engine::LogReport;

use crate::args::{Log, LogCommand};
use crate::context::Context;
use crate::error::Failure;
use crate::table::count;

pub(crate) fn run(context: &Context, args: &Log) -> Result<u8, Failure> {
    match &args.command {
        LogCommand::Import { path, mapping } => {
            let report = context.create_store()?.import_log(path, mapping.as_deref(), context.progress())?;
            if context.json() {
                context.print_json(&report)?;
            } else {
                print(&report);
            }
            let word = if report.already { "Already imported" } else { "Imported" };
            context.say(format!("{word} {} as log {}", count(report.units, "unit"), short(&report.id)));
            // What was cut or could not be read is lost, and told.
            Ok(if report.is_whole() { 0 } else { 3 })
        }
        LogCommand::Ls => {
            let logs = context.open_store()?.logs()?;
            if context.json() {
                context.print_json(&logs)?;
            } else {
                for log in &logs {
                    let mark = if log.simulated { "  simulated" } else { "" };
                    outln!("{}  {}, {}{mark}", short(&log.id), count(log.units, "unit"), count(log.shifts, "shift"));
                }
            }
            Ok(0)
        }
        LogCommand::Show { id } => {
            let show = context.open_store()?.log_show(id)?;
            if context.json() {
                context.print_json(&show)?;
            } else {
                outln!("log {}", show.log.id);
                print(&show.log);
                outln!("what it can show:");
                for need in &show.endpoints {
                    outln!("  {:<14} {}", need.endpoint, need.sentence());
                }
            }
            Ok(0)
        }
    }
}

fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

fn print(report: &LogReport) {
    if report.simulated {
        outln!("simulated: nothing in this log is about a real station");
    }
    for file in &report.files {
        outln!(
            "{}: {} rows = {} {} + {} merged + {} nothing + {} incomplete; {} unreadable",
            file.path,
            file.rows,
            file.made,
            file.kind.name(),
            file.merged,
            file.nothing,
            file.incomplete,
            file.unreadable
        );
    }
    for finding in &report.findings {
        outln!("{} {:<7} {}", finding.code, finding.severity.name(), finding.message);
    }
    if let Some(links) = report.links {
        outln!(
            "{} with a recording, {} with a unit, {} ambiguous",
            count(links.units, "unit"),
            count(links.episodes, "episode"),
            count(links.ambiguous, "link")
        );
    }
}

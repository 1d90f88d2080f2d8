//! `prairie map`

use std::io::Write;

use prairie_engine::{MapReport, MappedStream};

use crate::args::{Map, MapCommand};
use crate::context::Context;
use crate::error::Failure;
use crate::table::{Table, count};

pub(crate) fn run(context: &Context, args: &Map) -> Result<u8, Failure> {
    match &args.command {
        MapCommand::List => list(context),
        MapCommand::Show { name } => print(context, prairie_engine::shipped_mapping(name)?),
        MapCommand::Init { path, reading } => {
            print(context, &prairie_engine::map_init(path, &context.reading(reading)?)?)
        }
        MapCommand::Check { path, reading } => {
            let report = prairie_engine::map_check(path, &context.reading(reading)?)?;
            if context.json() {
                context.print_json(&report)?;
                return Ok(0);
            }
            check(context, &report)
        }
    }
}

fn print(context: &Context, text: &str) -> Result<u8, Failure> {
    let mut out = context.out();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(0)
}

fn list(context: &Context) -> Result<u8, Failure> {
    let lines = prairie_engine::shipped_mappings();
    if context.json() {
        context.print_json(&lines)?;
        return Ok(0);
    }
    let mut table = Table::new(&["mapping", "applies", "checked against"]);
    for line in lines {
        let applies = if line.automatic { "by itself" } else { "where named" };
        table.row(vec![line.name, applies.to_owned(), line.checked]);
    }
    let mut out = context.out();
    table.print(&mut out)?;
    out.flush()?;
    Ok(0)
}

fn check(context: &Context, report: &MapReport) -> Result<u8, Failure> {
    let mut table = Table::new(&["topic", "type", "messages", "becomes"]);
    for channel in &report.channels {
        let becomes = match &channel.why {
            Some(why) => format!("nothing: {why}"),
            None => channel.streams.iter().map(one).collect::<Vec<_>>().join("; "),
        };
        table.row(vec![channel.topic.clone(), channel.schema.clone(), channel.messages.to_string(), becomes]);
    }
    let mut out = context.out();
    table.print(&mut out)?;
    out.flush()?;
    let how = if report.whole { "all" } else { "the first" };
    let shipped = report.shipped.as_ref().map_or_else(String::new, |name| format!(", shipped mapping `{name}`"));
    context.say(format!(
        "Looked at {how} {} of `{}`: {}{shipped}",
        count(report.messages, "message"),
        report.path,
        report.format
    ));
    Ok(0)
}

/// `joint_state left_arm [rad] 7 names`
fn one(stream: &MappedStream) -> String {
    let mut text = format!("{} `{}`", stream.kind, stream.name);
    if let Some(unit) = stream.unit.as_ref().filter(|unit| !unit.is_empty()) {
        text += &format!(" in {unit}");
    }
    if let Some(representation) = &stream.representation {
        text += &format!(", {representation}");
    }
    match &stream.names[..] {
        [] => {}
        [first, .., last] => text += &format!(", {} names {first} … {last}", stream.names.len()),
        [one] => text += &format!(", {one}"),
    }
    text
}

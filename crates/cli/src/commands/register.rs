//! `prairie register`

use std::io::Write;

use prairie_engine::{RegisterEntry, RegisterReport};
use prairie_model::register::RegisterKind;

use crate::args::{Entry, Register, RegisterCommand};
use crate::context::{Context, read_text};
use crate::error::Failure;
use crate::table::{Table, count};

pub(crate) fn run(context: &Context, args: &Register) -> Result<u8, Failure> {
    match &args.command {
        RegisterCommand::Consortium(entry) => add(context, RegisterKind::Consortium, entry),
        RegisterCommand::Module(entry) => add(context, RegisterKind::Module, entry),
        RegisterCommand::Party(entry) => add(context, RegisterKind::Party, entry),
        RegisterCommand::Person { entry, name } => match name {
            None => add(context, RegisterKind::Person, entry),
            Some(name) => {
                let pseudonym = context.create_store()?.pseudonym(name)?;
                let mut entry = entry.clone();
                entry.set.push(("person".to_owned(), pseudonym));
                add(context, RegisterKind::Person, &entry)
            }
        },
        RegisterCommand::Release { entry, hash } => {
            let mut entry = entry.clone();
            for (part, file) in hash {
                entry.set.push((part.clone(), prairie_engine::hash_file(file)?.to_string()));
            }
            add(context, RegisterKind::Release, &entry)
        }
        RegisterCommand::Robot(entry) => add(context, RegisterKind::Robot, entry),
        RegisterCommand::Scenario(entry) => add(context, RegisterKind::Scenario, entry),
        RegisterCommand::Station(entry) => add(context, RegisterKind::Station, entry),
        RegisterCommand::Ls { kind } => list(context, kind.as_deref()),
        RegisterCommand::Show { kind, name } => show(context, kind, name),
    }
}

fn add(context: &Context, kind: RegisterKind, entry: &Entry) -> Result<u8, Failure> {
    let text = entry.file.as_ref().map(read_text).transpose()?.unwrap_or_default();
    let report = context.create_store()?.register(kind, &text, &entry.set)?;
    if context.json() {
        context.print_json(&report)?;
    } else {
        print(&report);
    }
    let word = if report.already { "was registered before, and nothing changed" } else { "is registered" };
    context.say(format!("{} `{}` {word}: version {}", kind.name(), report.name, report.version));
    Ok(0)
}

fn print(report: &RegisterReport) {
    outln!("{:<9} {}", report.kind.name(), report.name);
    outln!("version   {}", report.version);
    outln!("hash      {}", report.hash);
    if let Some(hash) = report.release_hash {
        outln!("release   {hash}");
    }
}

fn kind_of(name: &str) -> Result<RegisterKind, Failure> {
    RegisterKind::from_name(name).ok_or_else(|| {
        let known: Vec<_> = RegisterKind::ALL.iter().map(|kind| kind.name()).collect();
        Failure::new(format!("there is no kind `{name}` in the register")).hint(format!("one of {}", known.join(", ")))
    })
}

fn list(context: &Context, kind: Option<&str>) -> Result<u8, Failure> {
    let kind = kind.map(kind_of).transpose()?;
    let entries = context.open_store()?.registered(kind)?;
    if context.json() {
        context.print_json(&entries)?;
        return Ok(0);
    }
    let mut table = Table::new(&["kind", "name", ">versions", "hash"]);
    for entry in &entries {
        let hash = entry.versions.last().map(|version| version.hash.to_string()).unwrap_or_default();
        let short = hash.get(..12).unwrap_or(&hash).to_owned();
        table.row(vec![entry.kind.name().to_owned(), entry.name.clone(), entry.versions.len().to_string(), short]);
    }
    let mut out = context.out();
    table.print(&mut out)?;
    out.flush()?;
    context.say(count(entries.len() as u64, "registered thing"));
    Ok(0)
}

fn show(context: &Context, kind: &str, name: &str) -> Result<u8, Failure> {
    let kind = kind_of(kind)?;
    let entries = context.open_store()?.registered(Some(kind))?;
    let found: Option<RegisterEntry> = entries.into_iter().find(|entry| entry.name == name);
    let entry = found.ok_or_else(|| {
        Failure::new(format!("there is no {} `{name}`", kind.name())).hint("`prairie register ls` lists what there is")
    })?;
    if context.json() {
        context.print_json(&entry)?;
        return Ok(0);
    }
    let mut out = context.out();
    for version in entry.versions.iter().rev() {
        writeln!(out, "version {}  {}", version.version, version.hash)?;
        serde_json::to_writer_pretty(&mut out, &version.entry)?;
        writeln!(out)?;
    }
    out.flush()?;
    Ok(0)
}

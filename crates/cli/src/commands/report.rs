//! `prairie report`

use std::path::{Path, PathBuf};

use prairie_engine::{Config, Engine, ReportCheck};

use super::paper;
use crate::args::{Report, ReportCommand};
use crate::context::{Context, read_text};
use crate::error::Failure;

pub(crate) fn run(context: &Context, args: &Report) -> Result<u8, Failure> {
    match &args.command {
        ReportCommand::Check { file, key, data } => check(context, file, key, data.as_deref()),
        ReportCommand::Page { file, out, paper } => {
            let text = read_text(file)?;
            let envelope = prairie_engine::report_envelope(&text);
            paper::write(context, envelope, out.as_deref(), paper)?;
            Ok(0)
        }
    }
}

fn check(context: &Context, file: &Path, key: &[PathBuf], data: Option<&Path>) -> Result<u8, Failure> {
    let text = read_text(file)?;
    let mut keys = Vec::new();
    for path in key {
        keys.push(read_text(path)?);
    }
    let check = match data {
        Some(dir) if dir.join("catalog.sqlite").is_file() => {
            Engine::open(&Config::at(dir))?.check_report(&text, &keys, context.progress())?
        }
        _ if keys.is_empty() => {
            return Err(Failure::new("a report is checked against a key (`--key FILE`) or a store (`--data DIR`)")
                .hint("`prairie receipt key` prints the key of a store; get it from whoever issued the report"));
        }
        Some(dir) => prairie_engine::check_report_with_logs(&text, &keys, dir, context.progress())?,
        None => prairie_engine::check_report(&text, &keys)?,
    };
    if context.json() {
        context.print_json(&check)?;
    } else {
        print(&check);
    }
    context.say(match &check.refused {
        None => "The report holds".to_owned(),
        Some(what) => format!("The report does not hold: {what}"),
    });
    Ok(u8::from(!check.holds()))
}

fn print(check: &ReportCheck) {
    outln!("scenario   {}", check.scenario);
    outln!("gate       {}", check.gate);
    for signature in &check.signatures {
        outln!("signature  {}: {}", signature.key_id, signature.word());
    }
    match (&check.ledger, check.leaf) {
        (Some(why), _) => outln!("ledger     {why}"),
        (None, Some(leaf)) => outln!("ledger     leaf {leaf}, proved to be under the signed checkpoint"),
        (None, None) => {}
    }
    if let Some(difference) = &check.page {
        outln!("page       {difference}");
    }
    if let Some(edited) = &check.data {
        outln!("data       {edited}");
    }
    match &check.recomputed {
        None if check.data.is_some() => outln!("numbers    not recomputed: the data are not those of the report"),
        None => outln!("numbers    not recomputed: the data were not given (`--data DIR`)"),
        Some(differences) if differences.is_empty() => outln!("numbers    recomputed from the logs, all equal"),
        Some(differences) => differences.iter().for_each(|difference| outln!("differs    {difference}")),
    }
}

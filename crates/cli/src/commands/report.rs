//! `prairie report`

use prairie_engine::{Config, Engine, ReportCheck};

use crate::args::{Report, ReportCommand};
use crate::context::{Context, read_text};
use crate::error::Failure;

pub(crate) fn run(context: &Context, args: &Report) -> Result<u8, Failure> {
    let ReportCommand::Check { file, key, data } = &args.command;
    let text = read_text(file)?;
    let mut keys = Vec::new();
    for path in key {
        keys.push(read_text(path)?);
    }
    let check = match data {
        Some(dir) => Engine::open(&Config::at(dir.clone()))?.check_report(&text, &keys, context.progress())?,
        None if keys.is_empty() => {
            return Err(Failure::new("a report is checked against a key (`--key FILE`) or a store (`--data DIR`)"));
        }
        None => prairie_engine::check_report(&text, &keys)?,
    };
    if context.json() {
        context.print_json(&check)?;
    } else {
        print(&check);
    }
    context.say(if check.holds() { "The report holds" } else { "The report does not hold" });
    Ok(u8::from(!check.holds()))
}

fn print(check: &ReportCheck) {
    println!("scenario   {}", check.scenario);
    println!("gate       {}", check.gate);
    for signature in &check.signatures {
        println!("signature  {}: {}", signature.key_id, signature.word());
    }
    if let Some(difference) = &check.page {
        println!("page       {difference}");
    }
    match &check.recomputed {
        None => println!("numbers    not recomputed: the data were not given (`--data DIR`)"),
        Some(differences) if differences.is_empty() => println!("numbers    recomputed from the store, all equal"),
        Some(differences) => differences.iter().for_each(|difference| println!("differs    {difference}")),
    }
}

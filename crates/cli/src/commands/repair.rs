//! `prairie repair`

use crate::args::Repair;
use crate::context::{Context, read_text};
use crate::error::Failure;

pub(crate) fn run(context: &Context, args: &Repair) -> Result<u8, Failure> {
    let profile = args.profile.clone().or_else(|| context.config.profile.value.clone());
    let profile = profile.as_deref().map(read_text).transpose()?;
    let store = context.open_store()?;
    let report = store.repair(&args.episode, profile.as_deref(), args.dry_run, context.progress())?;
    if context.json() {
        context.print_json(&report)?;
        return Ok(0);
    }
    for step in &report.steps {
        outln!("{step}");
    }
    match &report.repaired {
        Some(id) => context.say(format!(
            "Repaired episode {} as {id}: {} before, {} after",
            report.episode,
            report.before.name(),
            report.after.map_or("unknown", prairie_model::Decision::name)
        )),
        None => context.say("Nothing was done: `--dry-run`"),
    }
    Ok(0)
}

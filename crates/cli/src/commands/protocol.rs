//! `prairie protocol`

use crate::args::{Protocol, ProtocolCommand};
use crate::context::{Context, read_text};
use crate::error::Failure;

pub(crate) fn run(context: &Context, args: &Protocol) -> Result<u8, Failure> {
    let ProtocolCommand::Freeze { file } = &args.command;
    let report = context.create_store()?.freeze_protocol(&read_text(file)?)?;
    if context.json() {
        context.print_json(&report)?;
    } else {
        outln!("scenario  {}", report.scenario);
        outln!("gate      {}", report.gate);
        outln!("attempt   {}", report.attempt);
        outln!("hash      {}", report.hash);
        for line in &report.plan {
            outln!("plan      {line}");
        }
    }
    let word = if report.already { "Was frozen before" } else { "Frozen" };
    context.say(format!("{word}: data from before it do not count"));
    Ok(0)
}

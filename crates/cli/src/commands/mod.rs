//! One file per verb.

mod calc;
mod check;
mod claim;
mod config;
mod dataset;
mod demo;
mod explain;
mod export;
mod finding;
mod formats;
mod ingest;
mod ledger;
mod log;
mod ls;
mod maintain;
mod map;
mod monitor;
mod paper;
mod protocol;
mod query;
mod receipt;
mod reference;
mod register;
mod repair;
mod report;
mod show;
mod simulate;
mod spec;
mod verify;

use crate::args::{Cli, Command};
use crate::context::Context;
use crate::error::Failure;

/// Runs the command that was asked for, and gives its exit code.
pub(crate) fn run(cli: Cli) -> Result<u8, Failure> {
    if let Command::Completions(args) = &cli.command {
        return Ok(config::completions(args.shell));
    }
    if let Command::Reference(args) = &cli.command {
        return reference::run(args);
    }
    let context = Context::new(cli.global)?;
    match cli.command {
        Command::Ingest(args) => ingest::run(&context, &args),
        Command::Check(args) => check::run(&context, &args),
        Command::Query(args) => query::run(&context, &args),
        Command::Dataset(args) => dataset::run(&context, &args),
        Command::Export(args) => export::run(&context, &args),
        Command::Receipt(args) => receipt::run(&context, args),
        Command::Repair(args) => repair::run(&context, &args),
        Command::Register(args) => register::run(&context, &args),
        Command::Log(args) => log::run(&context, &args),
        Command::Protocol(args) => protocol::run(&context, &args),
        Command::Verify(args) => verify::run(&context, &args),
        Command::Map(args) => map::run(&context, &args),
        Command::Monitor(args) => monitor::run(&context, &args),
        Command::Report(args) => report::run(&context, &args),
        Command::Ledger(args) => ledger::run(&context, &args),
        Command::Claim(args) => claim::run(&context, &args),
        Command::Calc(args) => calc::run(&context, &args),
        Command::Simulate(args) => simulate::run(&context, &args),
        Command::Ls(args) => ls::run(&context, &args),
        Command::Show(args) => show::run(&context, &args),
        Command::Explain(args) => explain::run(&context, &args),
        Command::Formats(args) => formats::run(&context, &args),
        Command::Spec(args) => spec::run(&context, &args),
        Command::Fsck(args) => maintain::fsck(&context, &args),
        Command::Compact => maintain::compact(&context),
        Command::Gc(args) => maintain::gc(&context, &args),
        Command::Erase(args) => maintain::erase(&context, &args),
        Command::Demo(args) => demo::run(&context, &args),
        Command::Config(args) => config::run(&context, &args),
        Command::Completions(args) => Ok(config::completions(args.shell)),
        Command::Reference(args) => reference::run(&args),
    }
}

/// The exit code of several: failure, then data loss, then refusal, then success.
pub(crate) fn worst(codes: impl IntoIterator<Item = u8>) -> u8 {
    codes
        .into_iter()
        .max_by_key(|code| match code {
            0 => 0,
            1 => 1,
            3 => 2,
            _ => 3,
        })
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::worst;

    #[test]
    fn failure_beats_loss_beats_refusal() {
        assert_eq!(worst([0, 1, 3, 2]), 2);
        assert_eq!(worst([0, 1, 3]), 3);
        assert_eq!(worst([0, 1]), 1);
        assert_eq!(worst([]), 0);
    }
}

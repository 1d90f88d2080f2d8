//! `prairie spec`

use crate::args::{Spec, SpecCommand};
use crate::context::Context;
use crate::error::Failure;
use crate::table::count;

pub(crate) fn run(context: &Context, args: &Spec) -> Result<u8, Failure> {
    let SpecCommand::Check { dir } = &args.command;
    let report = prairie_engine::spec_check(dir)?;
    if context.json() {
        context.print_json(&report)?;
    } else {
        for problem in &report.problems {
            outln!("{problem}");
        }
        for warning in &report.warnings {
            outln!("warning: {warning}");
        }
        for (rule, more) in &report.left_out {
            outln!("{rule} in {}", count(*more, "more place"));
        }
        context.say(format!(
            "Tested {} against {}: {}, {}",
            count(report.files, "file"),
            report.specifications.join(" and "),
            count(report.problems.len() as u64, "problem"),
            count(report.warnings.len() as u64, "warning")
        ));
    }
    Ok(u8::from(!report.holds()))
}

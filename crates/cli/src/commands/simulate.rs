//! `prairie simulate`

use crate::args::{Simulate, SimulateCommand};
use crate::context::{Context, read_text};
use crate::error::Failure;
use crate::table::count;

pub(crate) fn run(context: &Context, args: &Simulate) -> Result<u8, Failure> {
    let SimulateCommand::Station { truth, out } = &args.command;
    let truth = truth.as_deref().map(read_text).transpose()?;
    let report = prairie_engine::simulate_station(truth.as_deref(), out)?;
    if context.json() {
        context.print_json(&report)?;
    }
    context.say(format!(
        "Simulated {} in {} into `{}`: nothing of it is about a real station",
        count(report.units, "unit"),
        count(report.shifts, "shift"),
        out.display()
    ));
    Ok(0)
}

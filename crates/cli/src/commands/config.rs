//! `prairie config` and `prairie completions`

use std::io::{Write, stdout};

use clap::CommandFactory;

use crate::args::{Cli, Config, ConfigCommand};
use crate::context::Context;
use crate::error::Failure;
use crate::table::Table;

pub(crate) fn run(context: &Context, args: &Config) -> Result<u8, Failure> {
    let ConfigCommand::Show = args.command;
    let settings = context.config.entries();
    if context.json() {
        context.print_json(&settings)?;
        return Ok(0);
    }
    let mut table = Table::new(&["setting", "value", "from"]);
    for setting in settings {
        table.row(vec![setting.name, setting.value.unwrap_or_else(|| "unset".to_owned()), setting.origin]);
    }
    let mut out = context.out();
    table.print(&mut out)?;
    out.flush()?;
    Ok(0)
}

pub(crate) fn completions(shell: clap_complete::Shell) -> u8 {
    clap_complete::generate(shell, &mut Cli::command(), "prairie", &mut stdout());
    0
}

//! `prairie reference`: the pages `docs/reference/cli.md`, from the definition of the command line, and `formats.md`.

use std::fmt::Write as _;

use clap::{Arg, ArgAction, Command, CommandFactory};

use crate::args::{Cli, Reference};
use crate::context::write_text;
use crate::error::Failure;

/// Prints a page.
pub(crate) fn run(args: &Reference) -> Result<u8, Failure> {
    let text = if args.page == "formats" { prairie_engine::formats_reference()? } else { page() };
    write_text(None, &text)?;
    Ok(0)
}

/// The page.
fn page() -> String {
    let mut root = Cli::command();
    root.build();
    let mut text = String::from(
        "# The command line\n\nMade from the program itself: `UPDATE_DOCS=1 cargo nextest run -p prairie-cli` writes it anew.\n\n\
         stdout is data, stderr is the rest. Exit codes: 0 done; 1 refused (a check, a gate or a policy said no); 2 usage or\n\
         failure; 3 finished with data loss.\n",
    );
    let global: Vec<&Arg> = root.get_arguments().filter(|arg| arg.is_global_set()).collect();
    options(&mut text, "## Options of every command", &global);
    for command in root.get_subcommands().filter(|command| !command.is_hide_set() && command.get_name() != "help") {
        section(&mut text, command, "prairie", 2);
    }
    text
}

/// One command and those under it.
fn section(text: &mut String, command: &Command, parents: &str, depth: usize) {
    let name = format!("{parents} {}", command.get_name());
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    add(text, &format!("\n{} `{name}`\n\n{about}.\n", "#".repeat(depth)));
    let own = |arg: &&Arg| {
        !arg.is_global_set() && !arg.is_hide_set() && !["help", "version"].contains(&arg.get_id().as_str())
    };
    let arguments: Vec<&Arg> = command.get_arguments().filter(own).collect();
    let under: Vec<&Command> =
        command.get_subcommands().filter(|it| !it.is_hide_set() && it.get_name() != "help").collect();
    if !arguments.is_empty() || under.is_empty() {
        let usage = command.clone().render_usage().to_string();
        let usage = usage.trim_start_matches("Usage: ").lines().map(str::trim).collect::<Vec<_>>().join("\n");
        add(text, &format!("\n```text\n{usage}\n```\n"));
    }
    options(text, "", &arguments);
    for inner in under {
        section(text, inner, &name, depth + 1);
    }
}

/// A table of options and arguments.
fn options(text: &mut String, title: &str, arguments: &[&Arg]) {
    if arguments.is_empty() {
        return;
    }
    if !title.is_empty() {
        add(text, &format!("\n{title}\n"));
    }
    add(text, "\n| option | what |\n|---|---|\n");
    for argument in arguments {
        add(text, &format!("| {} | {} |\n", cell(&form(argument)), cell(&meaning(argument))));
    }
}

/// How an argument is written.
fn form(argument: &Arg) -> String {
    let takes = matches!(argument.get_action(), ArgAction::Set | ArgAction::Append);
    let names = argument.get_value_names().unwrap_or_default();
    let value = names.first().map_or_else(|| argument.get_id().as_str().to_uppercase(), ToString::to_string);
    if argument.is_positional() {
        return format!("`{value}`");
    }
    let short = argument.get_short().map(|short| format!("-{short}"));
    let long = argument.get_long().map(|long| format!("--{long}"));
    let names: Vec<String> = short.into_iter().chain(long).collect();
    if takes { format!("`{} {value}`", names.join(", ")) } else { format!("`{}`", names.join(", ")) }
}

/// What it means, with its values and default.
fn meaning(argument: &Arg) -> String {
    let mut text = argument.get_long_help().or(argument.get_help()).map(ToString::to_string).unwrap_or_default();
    text = text.split("\n\n").map(str::trim).collect::<Vec<_>>().join(". ");
    let takes = matches!(argument.get_action(), ArgAction::Set | ArgAction::Append);
    let values: Vec<String> =
        argument.get_possible_values().iter().map(|value| format!("`{}`", value.get_name())).collect();
    if takes && !values.is_empty() {
        add(&mut text, &format!(": {}", values.join(", ")));
    }
    let defaults: Vec<String> =
        argument.get_default_values().iter().map(|value| format!("`{}`", value.to_string_lossy())).collect();
    if takes && !defaults.is_empty() {
        add(&mut text, &format!("; default {}", defaults.join(", ")));
    }
    if let Some(variable) = argument.get_env() {
        add(&mut text, &format!("; also `{}`", variable.to_string_lossy()));
    }
    text
}

/// A text that a table can hold.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn add(text: &mut String, more: &str) {
    // OK because writing to a String does not fail.
    text.write_str(more).expect("a String takes everything");
}

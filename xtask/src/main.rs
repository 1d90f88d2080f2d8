//! The project's own chores: `cargo xtask test`, `tidy`, `fuzz`, `bench`.
//!
//! ```text
//!   test ─▶ fmt ─▶ tidy ─▶ clippy ─▶ deny, machete ─▶ doc tests ─▶ tests (nextest, else cargo test) ─▶ what was skipped
//!   tidy ─▶ Tree ─▶ RULES ─▶ problems, one line each
//!   fuzz ─▶ fuzz/ (libFuzzer, nightly) ─▶ one target at a time
//!   bench ─▶ prairie and its peers on the same file ─▶ a table of ratios, and JSON
//! ```
//!
//! It is a program and no script, so that the chores run wherever Rust runs, and are checked like the rest.
//!
//! What it does *not* do: it holds no test of the product. A test lives at the boundary that it tests; this only runs them.
//!
//! **Invariant:** a step that could not run is told as skipped, with its reason, and never as passed.
//!
//! **Invariant:** nothing is written into the tree but what git ignores. Tools and environments lie in the cache folder ([`place::cache`]).
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a chore talks to the person who runs it")]
#![expect(clippy::disallowed_methods, reason = "chores read and write files; nothing here is linked into the product")]

mod bench;
mod fuzz;
mod place;
mod python;
mod step;
mod test;
mod tidy;

use std::process::ExitCode;

const USAGE: &str = "\
Usage: cargo xtask COMMAND

  test [--quick] [--install] [--ci]   pass every test; --quick leaves out clippy, deny, machete and documentation;
                                      --install builds missing tools into the cache; --ci is --install with time limits
  tidy                                check the tree itself: floors, registries, files, links, samples
  fuzz [--seconds N] [TARGET...]      fuzz every target, or these, N seconds each (default 60)
  bench [--mcap FILE] [--runs K] [--json FILE] [--only NAME]
                                      measure prairie against its peers and print the ratios
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let rest = arguments.get(1..).unwrap_or_default();
    let done = match arguments.first().map(String::as_str) {
        Some("test") => test::run(rest),
        Some("tidy") => tidy::run(rest),
        Some("fuzz") => fuzz::run(rest),
        Some("bench") => bench::run(rest),
        Some("help" | "-h" | "--help") => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Some(other) => Err(anyhow::anyhow!("there is no chore `{other}`\n\n{USAGE}")),
        None => Err(anyhow::anyhow!("no chore named\n\n{USAGE}")),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

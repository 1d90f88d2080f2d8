//! `prairie`: the one binary.
//!
//! ```text
//!   args ─▶ commands/<verb>.rs ─▶ prairie_engine ─▶ report ─▶ stdout (data), stderr (everything else)
//! ```
//!
//! Parses arguments, merges settings, calls one verb of the engine, and prints what it answers. No rule about recordings,
//! episodes or decisions is here.
//!
//! **Invariant:** stdout is data, stderr is the rest. Exit codes: 0 done, 1 refused, 2 usage or failure, 3 finished with data
//! loss; where several apply the order is 2, 3, 1, 0.
#![expect(clippy::print_stderr, reason = "a command line prints")]
#![expect(clippy::disallowed_methods, reason = "it reads and writes the files that its user names")]

/// Prints a line of data. Where nobody reads any more, the program ends quietly, as `head` expects.
macro_rules! outln {
    ($($text:tt)*) => { $crate::context::out_line(format_args!($($text)*)) };
}

mod args;
mod commands;
mod context;
mod error;
mod progress;
mod table;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use crate::args::Cli;
use crate::error::Failure;

/// Ingest passes large buffers from thread to thread, which the system's allocator returns to the kernel and fetches again.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match commands::run(cli) {
        Ok(exit) => ExitCode::from(exit),
        Err(Failure::BrokenPipe) => ExitCode::SUCCESS,
        Err(failure) => {
            let code = failure.exit();
            // OK to ignore: when stderr is gone there is nobody left to tell.
            drop(writeln!(io::stderr(), "{}", failure.render()));
            ExitCode::from(code)
        }
    }
}

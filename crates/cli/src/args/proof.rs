//! The proof road: register, logs, protocols, verdicts, the ledger.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// Register who and what takes part; every change is a new version
#[derive(Debug, Args)]
pub(crate) struct Register {
    #[command(subcommand)]
    pub(crate) command: RegisterCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RegisterCommand {
    /// Parties bound to one scenario by a task book
    Consortium(Entry),
    /// A replaceable part of a robot: serial, revision
    Module(Entry),
    /// An organisation
    Party(Entry),
    /// A person of the human baseline, by pseudonym
    Person {
        #[command(flatten)]
        entry: Entry,
        /// The person's name, which gives a salted pseudonym and is kept nowhere
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
    },
    /// A version of what runs on robots: hashes of model, binary, configuration, calibration
    Release {
        #[command(flatten)]
        entry: Entry,
        /// Hash this file for a part: `--hash model=weights.bin`; again for several
        #[arg(long, value_name = "PART=FILE", value_parser = pair::<PathBuf>)]
        hash: Vec<(String, PathBuf)>,
    },
    /// A machine, with its identity of 29 characters where it has one
    Robot(Entry),
    /// A kind of useful work
    Scenario(Entry),
    /// A real place of work, with the criteria by which it was chosen
    Station(Entry),
    /// List what is registered
    Ls {
        /// Only this kind
        kind: Option<String>,
    },
    /// Show every version of an entry, the latest first
    Show {
        /// consortium, module, party, person, release, robot, scenario or station
        kind: String,
        /// Its name
        name: String,
    },
}

/// An entry of the register.
#[derive(Debug, Clone, Args)]
pub(crate) struct Entry {
    /// The entry, in TOML
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Set a field, on top of the file: `--set revision=C`, `--set criteria.need.met=true`; again for several
    #[arg(long, value_name = "FIELD=VALUE", value_parser = pair::<String>)]
    pub(crate) set: Vec<(String, String)>,
}

/// The two sides of `NAME=VALUE`.
fn pair<T: From<String>>(text: &str) -> Result<(String, T), String> {
    let (name, value) = text.split_once('=').ok_or_else(|| format!("`{text}` has no `=`"))?;
    Ok((name.trim().to_owned(), T::from(value.trim().to_owned())))
}

/// Import and list the logs of stations: units of work, shifts, events
#[derive(Debug, Args)]
pub(crate) struct Log {
    #[command(subcommand)]
    pub(crate) command: LogCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LogCommand {
    /// Read a station's log: CSV, JSON Lines, Parquet or MCAP, by a mapping
    Import {
        /// A folder with a `station-log.toml`, or a file with `--mapping`
        path: PathBuf,
        /// What the files and columns of the log mean
        #[arg(long, value_name = "FILE")]
        mapping: Option<PathBuf>,
    },
    /// List the logs of the store
    Ls,
    /// Show one log: its findings, its links, and what it can and cannot show
    Show {
        /// Id of the log, or enough of its first digits
        id: String,
    },
}

/// Freeze the test plan of a scenario, before any data that it will judge
#[derive(Debug, Args)]
pub(crate) struct Protocol {
    #[command(subcommand)]
    pub(crate) command: ProtocolCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ProtocolCommand {
    /// Check a task book, fill in its gate's defaults, and put its hash into the ledger
    Freeze {
        /// The task book, in TOML
        file: PathBuf,
    },
}

/// Judge a scenario at a gate, and sign the verdict
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// The scenario of the frozen protocol
    pub(crate) scenario: String,
    /// lab, pilot, verified, batch or sector
    #[arg(long, value_name = "GATE")]
    pub(crate) gate: String,
    /// Write the report there, as one HTML page; as JSON where the name ends with `.json`
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) paper: Paper,
}

/// How a report is written.
#[derive(Debug, Clone, Args)]
pub(crate) struct Paper {
    /// Write the report there as PDF too; Chromium makes it, where it is installed
    #[arg(long, value_name = "FILE")]
    pub(crate) pdf: Option<PathBuf>,
    /// The language that the page opens in; it holds both
    #[arg(long, value_name = "LANGUAGE", value_enum, default_value_t)]
    pub(crate) lang: Lang,
}

/// A language of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Lang {
    /// English.
    #[default]
    En,
    /// Chinese.
    Zh,
}

/// Watch what was promoted: alarms, drift, age, changes
///
/// Exit code 0: the promotion stands; 1: it is held, demoted or rejected.
#[derive(Debug, Args)]
pub(crate) struct Monitor {
    /// The scenario that was promoted
    pub(crate) scenario: String,
    /// What was changed on the robots, in TOML: a list of `[[change]]` with `at_ns` and `what`
    #[arg(long, value_name = "FILE")]
    pub(crate) changes: Option<PathBuf>,
    /// As of when, in nanoseconds since 1970; the end of the last shift when left out
    #[arg(long, value_name = "NANOSECONDS")]
    pub(crate) at: Option<i64>,
}

/// Check a verification report, and compute its numbers again
#[derive(Debug, Args)]
pub(crate) struct Report {
    #[command(subcommand)]
    pub(crate) command: ReportCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ReportCommand {
    /// Verify signature, place in the ledger and page; with the data, compute every number again
    Check {
        /// The report, as HTML or JSON
        file: PathBuf,
        /// Public key that is trusted; again for several
        #[arg(long, value_name = "FILE")]
        key: Vec<PathBuf>,
        /// The data: the store that made it, or the folder of the station logs
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
    },
    /// Make the page of a report again: in another language, or as PDF
    Page {
        /// The report, as HTML or JSON
        file: PathBuf,
        /// Write the page there
        #[arg(long, value_name = "FILE", required_unless_present = "pdf")]
        out: Option<PathBuf>,
        #[command(flatten)]
        paper: Paper,
    },
}

/// Publish, prove and verify the log of everything that was decided
#[derive(Debug, Args)]
pub(crate) struct Ledger {
    #[command(subcommand)]
    pub(crate) command: LedgerCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LedgerCommand {
    /// Write the ledger as static files that any C2SP client reads: tiles, entries, a signed checkpoint
    Export {
        /// The folder; what it holds of this ledger already is kept
        dir: PathBuf,
    },
    /// Print a signed checkpoint: the ledger's size and root
    Checkpoint {
        /// Write to this file instead of stdout
        #[arg(long, short, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Prove that a leaf is in the ledger, by its place or by the receipt or report that it is about
    Prove {
        /// Place of the leaf, from 0
        #[arg(required_unless_present = "receipt", conflicts_with = "receipt")]
        leaf: Option<u64>,
        /// A receipt or a report, which is printed with the proof in it
        #[arg(long, value_name = "FILE")]
        receipt: Option<PathBuf>,
        /// Print the proof of a receipt alone, as a `.tlog-proof`
        #[arg(long, requires = "receipt")]
        detached: bool,
        /// Write to this file instead of stdout
        #[arg(long, short, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Find any changed byte, missing or reordered entry; with an earlier checkpoint also a fork
    Verify {
        /// An exported ledger; the store's own when left out
        dir: Option<PathBuf>,
        /// An earlier checkpoint of the same ledger
        #[arg(long, value_name = "FILE")]
        against: Option<PathBuf>,
        /// Public key that is trusted; again for several. The store's own key when left out
        #[arg(long, value_name = "FILE")]
        key: Vec<PathBuf>,
    },
    /// Print the ledger's key in the form of signed notes: NAME+ID+KEY
    Key,
}

/// Say what the numbers of a published claim support, and what they leave open
#[derive(Debug, Args)]
pub(crate) struct Claim {
    /// Claims, in TOML
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

/// Compute one statistic from JSON, as the verdicts do
#[derive(Debug, Args)]
pub(crate) struct Calc {
    /// The method, such as `clopper-pearson`
    #[arg(required_unless_present = "list")]
    pub(crate) method: Option<String>,
    /// List the methods with their inputs, outputs, formulas and sources
    #[arg(long)]
    pub(crate) list: bool,
}

/// Make a station's log from a declared truth
#[derive(Debug, Args)]
pub(crate) struct Simulate {
    #[command(subcommand)]
    pub(crate) command: SimulateCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SimulateCommand {
    /// Write the log of a station into a new folder
    Station {
        /// The truth, in TOML; one of defaults when left out
        truth: Option<PathBuf>,
        /// The folder
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
}

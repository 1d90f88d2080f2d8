//! The command line: every verb, in the order of the road. Help, completions and the reference page come from here.

mod proof;
mod prove;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use proof::{
    Calc, Claim, Entry, Lang, Ledger, LedgerCommand, Log, LogCommand, Monitor, Paper, Protocol, ProtocolCommand,
    Register, RegisterCommand, Report, ReportCommand, Simulate, SimulateCommand, Verify,
};
pub(crate) use prove::Prove;

/// From robot recordings to episodes both sides accept, and datasets others may use.
#[derive(Debug, Parser)]
#[command(name = "prairie", version, max_term_width = 100, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every verb.
#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// Folder of the store [default: ./prairie-store]
    #[arg(long, global = true, value_name = "DIR", env = "PRAIRIE_STORE", help_heading = "Global options")]
    pub(crate) store: Option<PathBuf>,
    /// What to print on stdout
    #[arg(long, global = true, value_name = "FORMAT", value_enum, help_heading = "Global options")]
    pub(crate) output_format: Option<OutputFormat>,
    /// Print no progress and no summary
    #[arg(short, long, global = true, help_heading = "Global options")]
    pub(crate) quiet: bool,
    /// Print more: the notes of readers, the counts per topic
    #[arg(short, long, global = true, help_heading = "Global options")]
    pub(crate) verbose: bool,
}

/// What goes to stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum OutputFormat {
    /// For people.
    #[default]
    Text,
    /// For programs: stable and versioned.
    Json,
}

/// What a query prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TableFormat {
    /// An aligned table.
    Table,
    /// An array of objects.
    Json,
    /// Comma-separated values with a header.
    Csv,
    /// A Parquet file; needs `--out`.
    Parquet,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Take recordings in: episodes, findings, signed receipts
    Ingest(Ingest),
    /// Say what is wrong with recordings, without keeping them
    Check(Check),
    /// Run SQL over episodes, streams, findings and every stream
    Query(Query),
    /// Freeze, list and show dataset versions
    Dataset(Dataset),
    /// Write a dataset in the form a trainer wants, with a proof
    Export(Export),
    /// Prove that two forms of the same episodes hold the same, and sign it
    Prove(Prove),
    /// Print, check and countersign receipts
    Receipt(Receipt),
    /// Make the repaired episode that a receipt proposes
    Repair(Repair),
    /// Register who and what takes part: parties, stations, robots, releases, …
    Register(Register),
    /// Import and list the logs of stations: units of work, shifts, events
    Log(Log),
    /// Freeze the test plan of a scenario, before any data that it will judge
    Protocol(Protocol),
    /// Judge a scenario at a gate, and sign the verdict
    Verify(Verify),
    /// Watch what was promoted: alarms, drift, age, changes
    Monitor(Monitor),
    /// Check a verification report, and compute its numbers again
    Report(Report),
    /// Publish, prove and verify the log of everything that was decided
    Ledger(Ledger),
    /// Say what the numbers of a published claim support, and what they leave open
    Claim(Claim),
    /// Compute one statistic from JSON, as the verdicts do
    Calc(Calc),
    /// See what becomes of each channel of a recording, and write a mapping for it
    Map(Map),
    /// Make a station's log from a declared truth
    Simulate(Simulate),
    /// List episodes
    Ls(Ls),
    /// Show one episode: streams, findings, decision, lineage
    Show(Show),
    /// Explain a check, control, endpoint, gate or watch: what it asks, why, an example
    Explain(Explain),
    /// List the formats that can be read and written, and what comes over of each
    Formats(Formats),
    /// Test that data follows the specification
    Spec(Spec),
    /// Look for damage in the store
    Fsck(Fsck),
    /// Merge small files into large ones, as a new snapshot
    Compact,
    /// Delete what nothing refers to any more
    Gc(Gc),
    /// Destroy an episode or a recording, and leave a record of it
    Erase(Erase),
    /// Run the whole road on the bundled recordings
    Demo(Demo),
    /// Show the settings and where each comes from
    Config(Config),
    /// Print a completion script for a shell
    Completions(Completions),
    /// Print a page of docs/reference that is made from the program: `cli` or `formats`
    #[command(hide = true)]
    Reference(Reference),
}

/// List the formats that can be read and written, and what comes over of each
#[derive(Debug, Args)]
pub(crate) struct Formats {
    /// Print the page of this one
    #[arg(value_name = "NAME")]
    pub(crate) name: Option<String>,
}

/// A page of docs/reference.
#[derive(Debug, Args)]
pub(crate) struct Reference {
    /// `cli` or `formats`
    #[arg(value_name = "PAGE", default_value = "cli", value_parser = ["cli", "formats"])]
    pub(crate) page: String,
}

/// What the caller knows better than the source.
#[derive(Debug, Clone, Args)]
pub(crate) struct Facts {
    /// What was to be done
    #[arg(long, value_name = "TEXT", help_heading = "Facts that the source lacks")]
    pub(crate) task: Option<String>,
    /// The robot
    #[arg(long, value_name = "ID", help_heading = "Facts that the source lacks")]
    pub(crate) robot: Option<String>,
    /// Pseudonym of the operator
    #[arg(long, value_name = "NAME", help_heading = "Facts that the source lacks")]
    pub(crate) operator: Option<String>,
    /// The station
    #[arg(long, value_name = "ID", help_heading = "Facts that the source lacks")]
    pub(crate) station: Option<String>,
    /// autonomous, assisted, teleoperated, scripted or human
    #[arg(long, value_name = "MODE", help_heading = "Facts that the source lacks")]
    pub(crate) mode: Option<String>,
    /// success, partial, failure or aborted
    #[arg(long, value_name = "OUTCOME", help_heading = "Facts that the source lacks")]
    pub(crate) outcome: Option<String>,
    /// The party that owns the recording
    #[arg(long, value_name = "PARTY", help_heading = "Facts that the source lacks")]
    pub(crate) owner: Option<String>,
    /// Its licence, as an SPDX expression where there is one
    #[arg(long, value_name = "LICENCE", help_heading = "Facts that the source lacks")]
    pub(crate) licence: Option<String>,
    /// Reference of the consent of the people in it; `not-needed` where there are none
    #[arg(long, value_name = "REF", help_heading = "Facts that the source lacks")]
    pub(crate) consent: Option<String>,
    /// What it may be used for
    #[arg(long, value_name = "TEXT", help_heading = "Facts that the source lacks")]
    pub(crate) purpose: Option<String>,
    /// Who holds the bytes
    #[arg(long, value_name = "PARTY", help_heading = "Facts that the source lacks")]
    pub(crate) custody: Option<String>,
}

/// How recordings are read and judged.
#[derive(Debug, Clone, Args)]
pub(crate) struct Reading {
    /// TOML file that says how topics become streams, or the name of a mapping that comes with Prairie
    #[arg(long, value_name = "FILE")]
    pub(crate) mapping: Option<PathBuf>,
    /// Description of the robot (URDF or MJCF), for names and limits of joints: as `[robot]` of the mapping
    #[arg(long, value_name = "FILE")]
    pub(crate) robot_model: Option<PathBuf>,
    /// TOML file with the limits and requirements of the checks
    #[arg(long, value_name = "FILE")]
    pub(crate) profile: Option<PathBuf>,
    /// The reader to take where several claim a recording: a name of `prairie formats`
    #[arg(long, value_name = "NAME")]
    pub(crate) format: Option<String>,
    /// Leave the checks that look at pictures unknown
    #[arg(long)]
    pub(crate) no_video: bool,
    #[command(flatten)]
    pub(crate) facts: Facts,
}

/// Take recordings in: episodes, findings, signed receipts
#[derive(Debug, Args)]
pub(crate) struct Ingest {
    /// Files and folders
    ///
    /// In a folder, texts that are no recordings (README.md, LICENSE, notes.csv) are passed over and told; a file that is named
    /// here is taken or refused.
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) reading: Reading,
    /// Print the plan of each recording and keep nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Say what is wrong with recordings, without keeping them
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Files and folders
    ///
    /// In a folder, texts that are no recordings (README.md, LICENSE, notes.csv) are passed over and told; a file that is named
    /// here is taken or refused.
    #[arg(required_unless_present = "stored", value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) reading: Reading,
    /// Check episodes of the store again and issue new receipts; the old ones stay
    #[arg(long, conflicts_with = "paths")]
    pub(crate) stored: bool,
    /// Which episodes: a condition on the table `episodes`
    #[arg(long = "where", value_name = "SQL", requires = "stored")]
    pub(crate) condition: Option<String>,
}

/// Run SQL over episodes, streams, findings and every stream
#[derive(Debug, Args)]
pub(crate) struct Query {
    /// The statement; `SHOW TABLES` lists what there is
    #[arg(value_name = "SQL")]
    pub(crate) sql: String,
    /// At this snapshot instead of the latest
    #[arg(long, value_name = "N")]
    pub(crate) snapshot: Option<u64>,
    /// How to print the rows
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) format: Option<TableFormat>,
    /// Write to this file instead of stdout
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// Freeze, list and show dataset versions
#[derive(Debug, Args)]
pub(crate) struct Dataset {
    #[command(subcommand)]
    pub(crate) command: DatasetCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DatasetCommand {
    /// Freeze the episodes that a condition selects as a new version
    Create {
        /// Name of the dataset
        name: String,
        /// Which episodes: a condition on the table `episodes`
        #[arg(long = "where", value_name = "SQL", default_value = "decision = 'accept'")]
        condition: String,
        /// At this snapshot instead of the latest
        #[arg(long, value_name = "N")]
        snapshot: Option<u64>,
        /// Shares of the split, stratified by task
        #[arg(long, value_name = "NAME=SHARE,…", default_value = "train=0.9,test=0.1")]
        split: String,
        /// Seed of the split
        #[arg(long, default_value_t = 0)]
        seed: u64,
        /// Licence of the dataset; must be one that its recordings allow
        #[arg(long, value_name = "LICENCE")]
        licence: Option<String>,
    },
    /// List datasets and their versions
    Ls,
    /// Show one version: recipe, split, hours, hash
    Show {
        /// `NAME` for the latest version, or `NAME@VERSION`
        name: String,
        /// List the episodes too
        #[arg(long)]
        episodes: bool,
    },
}

/// Write a dataset in the form a trainer wants, with a proof
#[derive(Debug, Args)]
pub(crate) struct Export {
    /// `NAME` for the latest version, or `NAME@VERSION`
    pub(crate) name: String,
    /// The form
    #[arg(long, value_name = "TARGET", default_value = "lerobot-v3")]
    pub(crate) to: String,
    /// Folder to write; must not exist or be empty
    pub(crate) dir: PathBuf,
    /// Rows per second; the rate of the source or of its first camera when left out
    #[arg(long)]
    pub(crate) fps: Option<f64>,
    /// How samples are taken at each row's time
    #[arg(long, value_name = "RULE", default_value = "latest")]
    pub(crate) align: String,
    /// The oldest (or farthest) sample that may be taken, in seconds
    #[arg(long, value_name = "S")]
    pub(crate) tolerance_s: Option<f64>,
    /// Only this part of the split
    #[arg(long, value_name = "NAME")]
    pub(crate) split: Option<String>,
    /// Only these streams, separated by commas
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) streams: Vec<String>,
    /// Encode video even where it could be copied
    #[arg(long)]
    pub(crate) encode: bool,
    /// Pictures of this size, stretched to it; those of another size are encoded
    #[arg(long, value_name = "WIDTHxHEIGHT")]
    pub(crate) size: Option<String>,
    /// What commands are: `as-is`, `absolute` (positions to go to), or `delta` (less `observation.state` of the same names)
    #[arg(long, value_name = "FORM", default_value = "as-is")]
    pub(crate) action: String,
}

/// Print, check and countersign receipts
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Receipt {
    #[command(subcommand)]
    pub(crate) command: Option<ReceiptCommand>,
    /// Id of the episode, or enough of its first digits
    #[arg(required = true, value_name = "EPISODE")]
    pub(crate) episode: Option<String>,
    /// Write to this file instead of stdout
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ReceiptCommand {
    /// Verify a receipt offline; with the recording at hand, recompute every number
    Check {
        /// The receipt
        file: PathBuf,
        /// Public keys that are trusted; the store's own key when left out
        #[arg(long, value_name = "FILE")]
        key: Vec<PathBuf>,
        /// The recording, to recompute every number
        #[arg(long, value_name = "PATH")]
        recording: Option<PathBuf>,
        /// The mapping that was used, where it was not the built-in one
        #[arg(long, value_name = "FILE")]
        mapping: Option<PathBuf>,
        /// The description of the robot that was used
        #[arg(long, value_name = "FILE")]
        robot_model: Option<PathBuf>,
        /// The profile that was used, where it was not the built-in one
        #[arg(long, value_name = "FILE")]
        profile: Option<PathBuf>,
    },
    /// Add a signature: the other side accepts
    Countersign {
        /// The receipt
        file: PathBuf,
        /// Private key to sign with; the store's own key when left out
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
        /// Write here instead of over the receipt
        #[arg(long, short, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Print the store's public key
    Key,
}

/// Make the repaired episode that a receipt proposes
#[derive(Debug, Args)]
pub(crate) struct Repair {
    /// Id of the episode, or enough of its first digits
    pub(crate) episode: String,
    /// The profile of the receipt that lists the repairs, where it was not the built-in one
    #[arg(long, value_name = "FILE")]
    pub(crate) profile: Option<PathBuf>,
    /// Print what would be done and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// What becomes of each channel.
#[derive(Debug, Args)]
pub(crate) struct Map {
    #[command(subcommand)]
    pub(crate) command: MapCommand,
}

/// The commands of `map`.
#[derive(Debug, Subcommand)]
pub(crate) enum MapCommand {
    /// List the mappings that come with Prairie, and what each was checked against
    List,
    /// Print a mapping that comes with Prairie
    Show {
        /// Its name
        name: String,
    },
    /// Write a mapping to begin with, for a recording that Prairie does not know
    Init {
        /// The recording
        path: PathBuf,
        #[command(flatten)]
        reading: Box<Reading>,
    },
    /// Show what a mapping makes of each channel
    Check {
        /// The recording
        path: PathBuf,
        #[command(flatten)]
        reading: Box<Reading>,
    },
}

/// List episodes
#[derive(Debug, Args)]
pub(crate) struct Ls {
    /// Which: a condition on the table `episodes`
    #[arg(long = "where", value_name = "SQL")]
    pub(crate) condition: Option<String>,
    /// At most this many
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
    /// At this snapshot instead of the latest
    #[arg(long, value_name = "N")]
    pub(crate) snapshot: Option<u64>,
}

/// Show one episode: streams, findings, decision, lineage
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// Id of the episode, or enough of its first digits
    pub(crate) episode: String,
    /// Print every finding with its picture
    #[arg(long)]
    pub(crate) findings: bool,
}

/// Explain a check, control, endpoint, gate or watch: what it asks, why, an example
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// Code of a check such as TIM003, or a name such as `success`, `counter` or `verified`; all of them when left out
    pub(crate) code: Option<String>,
}

/// Test that data follows the specification
#[derive(Debug, Args)]
pub(crate) struct Spec {
    #[command(subcommand)]
    pub(crate) command: SpecCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SpecCommand {
    /// Test the Parquet tables in a folder, such as the `tables` of a store
    Check {
        /// The folder
        dir: PathBuf,
    },
}

/// Look for damage in the store
#[derive(Debug, Args)]
pub(crate) struct Fsck {
    /// Read and hash every byte
    #[arg(long)]
    pub(crate) deep: bool,
}

/// Delete what nothing refers to any more
#[derive(Debug, Args)]
pub(crate) struct Gc {
    /// Keep what is younger than this many hours
    #[arg(long, value_name = "H", default_value_t = 24.0)]
    pub(crate) grace_h: f64,
}

/// Destroy an episode or a recording, and leave a record of it
#[derive(Debug, Args)]
pub(crate) struct Erase {
    /// Id of an episode or of a recording, in full
    pub(crate) id: String,
    /// Why: goes into the record
    #[arg(long)]
    pub(crate) reason: Option<String>,
    /// Print what would be erased and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Run the whole road on the bundled recordings
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Folder for the demo's store and export; made anew
    #[arg(long, value_name = "DIR", default_value = "prairie-demo")]
    pub(crate) dir: PathBuf,
    /// Folder of the recordings [default: samples, beside the source code]
    #[arg(long, value_name = "DIR")]
    pub(crate) samples: Option<PathBuf>,
}

/// Show the settings and where each comes from
#[derive(Debug, Args)]
pub(crate) struct Config {
    #[command(subcommand)]
    pub(crate) command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print every setting with its value and origin
    Show,
}

/// Print a completion script for a shell
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

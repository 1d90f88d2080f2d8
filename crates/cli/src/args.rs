//! The command line: every verb, in the order of the road. Help, completions and the reference page come from here.

mod prove;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

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
    /// List the formats that can be read and written
    Formats,
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
    /// Print the reference of the command line, as docs/reference/cli.md has it
    #[command(hide = true)]
    Reference,
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
    /// TOML file with the limits and requirements of the checks
    #[arg(long, value_name = "FILE")]
    pub(crate) profile: Option<PathBuf>,
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
    },
    /// Show what a mapping makes of each channel
    Check {
        /// The recording
        path: PathBuf,
        #[command(flatten)]
        reading: Box<Reading>,
    },
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

//! `log import`: reads a station's log into units of work, shifts, events and readings.
//!
//! 1. The mapping says which files there are; the files are stored as a recording, byte for byte.
//! 2. Every row becomes a row of standard form, or is counted with the reason why not.
//! 3. One commit adds recording, rows, and a document that says what was read. The same bytes by the same mapping are
//!    `already` there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use prairie_catalog::{
    CatalogError, Commit, Document, Leaf, NewDocument, RecordingFile, RecordingRow, audits_batch, coverage_batch,
    draws_batch, events_batch, presence_batch, readings_batch, shifts_batch, units_batch,
};
use prairie_formats::table::{TableFormat, TableSummary, read_table};
use prairie_model::{
    AuditDraw, CounterReading, Hash256, LogNote, LogNoteKind, Presence, Recorder, RecorderSpan, RecordingId, Rights,
    Shift, Source, StationEvent, UnitAudit, UnitOfWork, hash_canonical, manifest_hash,
};
use prairie_standardize::station::{LogMapping, LogRow, SectionKind, SectionReader};
use prairie_store::{PathSource, StageError, Staged};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::Engine;
use crate::error::EngineError;
use crate::progress::Progress;
use crate::writing::Tables;

/// Kind of the documents that this verb adds.
pub(crate) const STATION_LOG: &str = "station-log";

/// The mapping of a log that is a folder, where no other is given.
pub(crate) const MAPPING_NAME: &str = "station-log.toml";

/// Rows that are written at once.
const BATCH_ROWS: usize = 8192;

/// What became of a station's log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogReport {
    /// Names the log: bytes and mapping.
    pub id: String,
    /// Its bytes.
    pub recording: RecordingId,
    /// Whether it was there before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub already: bool,
    /// Whether a simulation made it.
    pub simulated: bool,
    /// Who recorded it.
    pub recorder: Recorder,
    /// Rows per file: `rows = made + incomplete`, and `unreadable` beside them.
    pub files: Vec<LogFile>,
    /// Units of work.
    pub units: u64,
    /// Shifts.
    pub shifts: u64,
    /// Events.
    pub events: u64,
    /// Readings of the counter.
    pub readings: u64,
    /// What others than the vendor saw: audits, draws, spans of the heartbeat, counts of people.
    #[serde(default)]
    pub witness: u64,
    /// Whether it keeps events at all.
    pub keeps_events: bool,
    /// Whether it keeps readings at all.
    pub keeps_readings: bool,
    /// What was noticed.
    pub notes: Vec<LogNote>,
}

/// What became of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogFile {
    /// Its path in the log.
    pub path: String,
    /// What its rows are.
    pub kind: SectionKind,
    /// Rows that could be read.
    pub rows: u64,
    /// Rows that became something.
    pub made: u64,
    /// Rows that lack what makes them one.
    pub incomplete: u64,
    /// Rows that could not be read.
    pub unreadable: u64,
}

impl LogReport {
    /// Whether every row of every file could be read.
    pub fn is_whole(&self) -> bool {
        let lost = [LogNoteKind::FileMissing, LogNoteKind::Truncated, LogNoteKind::RowUnreadable];
        !self.notes.iter().any(|note| lost.contains(&note.kind))
    }
}

impl Engine {
    /// The logs that count.
    ///
    /// # Errors
    ///
    /// When the catalog fails.
    pub fn logs(&self) -> Result<Vec<LogReport>, EngineError> {
        self.station_logs()
    }

    /// Imports a station's log: a folder with its mapping, or files with a mapping beside them.
    ///
    /// # Errors
    ///
    /// When there is no mapping, it names no file that is there, or the store fails. Bad rows are counted.
    pub fn import_log(
        &self,
        path: &Path,
        mapping: Option<&Path>,
        progress: &dyn Progress,
    ) -> Result<LogReport, EngineError> {
        self.must_write("importing a log")?;
        let mapping = read_mapping(path, mapping)?;
        let folder = if path.is_dir() { path } else { path.parent().unwrap_or(Path::new(".")) };
        let name = path.display().to_string();
        let mut import = Import {
            engine: self,
            mapping: &mapping,
            name: &name,
            files: Vec::new(),
            staged: Vec::new(),
            notes: Vec::new(),
        };
        let sources = import.stage(folder, progress)?;
        if sources.is_empty() {
            let files: Vec<_> = mapping.files.iter().map(|section| section.path.as_str()).collect();
            return Err(EngineError::invalid(
                format!("the log `{name}`"),
                format!("none of the files of its mapping is there: {}", files.join(", ")),
            ));
        }
        let recording = manifest_hash(
            import
                .files
                .iter()
                .map(|file| (file.path.as_str(), file.size, Hash256::from_bytes(*file.object.as_bytes()))),
        );
        let canonical = serde_json::to_value(&mapping).map_err(|error| EngineError::Bug(error.to_string()))?;
        let id = hash_canonical(&json!({ "recording": recording, "mapping": canonical }))
            .map_err(|error| EngineError::Bug(error.to_string()))?
            .to_string();
        if self.recording(recording)?.is_some_and(|stored| stored.erased.is_some()) {
            // What was staged is dropped: erased bytes do not come back.
            return Err(EngineError::Erased { path: name });
        }
        if let Some(report) = self.log_already(&id)? {
            return Ok(report);
        }
        import.read(id, recording, sources, progress)
    }

    /// The report of a log that was imported before.
    fn log_already(&self, id: &str) -> Result<Option<LogReport>, EngineError> {
        let document = self.block(self.catalog().document(STATION_LOG, id));
        let Some(document) = document.map_err(EngineError::catalog("reading the catalog"))? else { return Ok(None) };
        Ok(Some(LogReport { already: true, ..read_report(document)? }))
    }

    /// Every log that was read from a recording, also those that a later mapping replaced.
    pub(crate) fn logs_of(&self, recording: RecordingId) -> Result<Vec<String>, EngineError> {
        let documents = self.block(self.catalog().documents(STATION_LOG));
        let mut logs = Vec::new();
        for document in documents.map_err(EngineError::catalog("reading the catalog"))? {
            let report = read_report(document)?;
            if report.recording == recording {
                logs.push(report.id);
            }
        }
        logs.sort();
        logs.dedup();
        Ok(logs)
    }

    /// The recording that a log was read from; `None` where there is no such log.
    pub(crate) fn recording_of_log(&self, id: &str) -> Result<Option<RecordingId>, EngineError> {
        Ok(self.log_already(id)?.map(|report| report.recording))
    }

    /// The logs of the store that count: of each recording the one that was imported last.
    ///
    /// # Errors
    ///
    /// When the catalog fails.
    pub(crate) fn station_logs(&self) -> Result<Vec<LogReport>, EngineError> {
        let documents = self.block(self.catalog().documents(STATION_LOG));
        let mut documents = documents.map_err(EngineError::catalog("reading the catalog"))?;
        documents.sort_by_key(|document| document.added);
        let mut latest: BTreeMap<RecordingId, LogReport> = BTreeMap::new();
        for document in documents {
            let report = read_report(document)?;
            latest.insert(report.recording, report);
        }
        let mut logs: Vec<_> = latest.into_values().collect();
        logs.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(logs)
    }
}

fn read_report(document: Document) -> Result<LogReport, EngineError> {
    serde_json::from_value(document.payload)
        .map_err(|error| EngineError::Bug(format!("station log `{}`: {error}", document.name)))
}

/// Reads the mapping: the one that is given, else the folder's own, else none is needed for a file of standard columns.
#[expect(clippy::disallowed_methods, reason = "a file that the user names, not one of the store")]
fn read_mapping(path: &Path, mapping: Option<&Path>) -> Result<LogMapping, EngineError> {
    let place: PathBuf = match mapping {
        Some(mapping) => mapping.to_owned(),
        None if path.is_dir() => path.join(MAPPING_NAME),
        None => {
            return Err(EngineError::invalid(
                format!("the log `{}`", path.display()),
                "a log that is a file needs `--mapping FILE`, which says what its columns are",
            ));
        }
    };
    let text = std::fs::read_to_string(&place).map_err(|source| EngineError::File {
        action: "read",
        path: place.clone(),
        source,
    })?;
    LogMapping::from_toml(&text).map_err(|error| EngineError::invalid(format!("mapping `{}`", place.display()), error))
}

/// An import under way.
struct Import<'a> {
    engine: &'a Engine,
    mapping: &'a LogMapping,
    name: &'a str,
    files: Vec<RecordingFile>,
    /// Copies of the files, not durable yet.
    staged: Vec<Staged>,
    notes: Vec<LogNote>,
}

impl Import<'_> {
    /// Copies every file that is there, and gives the place of each section's file.
    fn stage(&mut self, folder: &Path, progress: &dyn Progress) -> Result<BTreeMap<String, PathSource>, EngineError> {
        let mut sources = BTreeMap::new();
        for section in &self.mapping.files {
            if sources.contains_key(&section.path) {
                continue;
            }
            let place = folder.join(&section.path);
            let shown = place.display().to_string();
            let unopened = |source| EngineError::Open { path: shown.clone(), source };
            // What may not be looked at is not missing.
            if !place.try_exists().map_err(unopened)? || !place.is_file() {
                self.notes.push(LogNote {
                    kind: LogNoteKind::FileMissing,
                    file: section.path.clone(),
                    column: None,
                    rows: 0,
                    first_row: None,
                    example: None,
                });
                continue;
            }
            let source = PathSource::open(&place).map_err(unopened)?;
            let size = source.files().first().map_or(0, |file| file.size);
            let what = format!("{} (hash)", section.path);
            let told = |done: u64| progress.at(&what, done, size);
            let copy = prairie_store::stage(&source, 0, self.engine.objects(), &told).map_err(|error| match error {
                StageError::Source(source) => EngineError::File { action: "read", path: place.clone(), source },
                StageError::Store(source) => EngineError::Store { what: format!("`{shown}`"), source },
            })?;
            progress.finished(&what);
            self.files.push(RecordingFile { path: section.path.clone(), size: copy.bytes(), object: copy.id() });
            self.staged.push(copy);
            sources.insert(section.path.clone(), source);
        }
        self.files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(sources)
    }

    /// Reads every file and commits.
    fn read(
        mut self,
        id: String,
        recording: RecordingId,
        sources: BTreeMap<String, PathSource>,
        progress: &dyn Progress,
    ) -> Result<LogReport, EngineError> {
        for copy in std::mem::take(&mut self.staged) {
            copy.finish().map_err(|source| EngineError::Store { what: format!("`{}`", self.name), source })?;
        }
        let mut rows = Rows::new(self.engine, &id);
        let mut files = Vec::new();
        for section in &self.mapping.files {
            let Some(source) = sources.get(&section.path) else { continue };
            let format = TableFormat::of_path(&section.path).ok_or_else(|| {
                EngineError::invalid(
                    format!("file `{}` of the log", section.path),
                    "its name ends with none of csv, tsv, jsonl, ndjson and parquet",
                )
            })?;
            let mut reader = SectionReader::new(self.mapping, section, &section.path);
            let mut failed = None;
            let mut made = 0_u64;
            let total = source.files().first().map_or(0, |file| file.size);
            let summary = read_table(source, 0, format, &mut |row| {
                if failed.is_some() {
                    return;
                }
                if row.number % 100_000 == 0 {
                    progress.at(&section.path, 0, total);
                    if progress.cancelled() {
                        failed = Some(EngineError::Cancelled);
                        return;
                    }
                }
                if let Some(row) = reader.row(row) {
                    made += 1;
                    failed = rows.add(row).err();
                }
            });
            if let Some(error) = failed {
                return Err(error);
            }
            let summary = summary.map_err(|source| EngineError::Read { path: section.path.clone(), source })?;
            self.notes.extend(reader.finish());
            self.note_damage(&section.path, summary);
            if !source.unchanged() {
                return Err(EngineError::Changed { path: section.path.clone() });
            }
            files.push(LogFile {
                path: section.path.clone(),
                kind: section.kind,
                rows: summary.rows,
                made,
                incomplete: summary.rows - made,
                unreadable: summary.unreadable,
            });
        }
        let keeps = |kind| files.iter().any(|file: &LogFile| file.kind == kind);
        let (keeps_events, keeps_readings) = (keeps(SectionKind::Events), keeps(SectionKind::Readings));
        let counts = rows.counts;
        let table_files = rows.finish()?;
        let report = LogReport {
            id,
            recording,
            already: false,
            simulated: self.mapping.simulated,
            recorder: self.mapping.recorder,
            files,
            units: counts[0],
            shifts: counts[1],
            events: counts[2],
            readings: counts[3],
            witness: counts[4],
            keeps_events,
            keeps_readings,
            notes: self.notes,
        };
        let payload = serde_json::to_value(&report).map_err(|error| EngineError::Bug(error.to_string()))?;
        let digest = hash_canonical(&payload).map_err(|error| EngineError::Bug(error.to_string()))?;
        let commit = Commit {
            recordings: vec![RecordingRow {
                id: recording,
                format: STATION_LOG.to_owned(),
                origin: self.name.to_owned(),
                files: self.files,
                rights: Rights::default(),
                summary: payload.clone(),
            }],
            files: table_files,
            documents: vec![NewDocument { kind: STATION_LOG.to_owned(), name: report.id.clone(), payload, digest }],
            leaves: vec![Leaf { kind: STATION_LOG.to_owned(), reference: report.id.clone(), digest }],
            // Rows of a log have no derivation that a second import of the same would meet.
            once: true,
            note: format!("import station log `{}`", self.name),
            ..Commit::default()
        };
        if self.engine.commit_first(&commit)?.is_some() {
            return Ok(report);
        }
        let already = self.engine.log_already(&report.id)?;
        already.ok_or_else(|| EngineError::Bug(format!("log {} is committed and cannot be found", report.id)))
    }

    fn note_damage(&mut self, file: &str, summary: TableSummary) {
        let mut note = |kind, rows| {
            let file = file.to_owned();
            self.notes.push(LogNote { kind, file, column: None, rows, first_row: None, example: None });
        };
        if summary.unreadable > 0 {
            note(LogNoteKind::RowUnreadable, summary.unreadable);
        }
        if summary.truncated {
            note(LogNoteKind::Truncated, 0);
        }
    }
}

/// Rows on their way into tables.
struct Rows<'a> {
    engine: &'a Engine,
    log: String,
    tables: Tables,
    units: Vec<UnitOfWork>,
    shifts: Vec<Shift>,
    events: Vec<StationEvent>,
    readings: Vec<CounterReading>,
    audits: Vec<UnitAudit>,
    draws: Vec<AuditDraw>,
    coverage: Vec<RecorderSpan>,
    presence: Vec<Presence>,
    /// Units, shifts, events, readings, and what others saw.
    counts: [u64; 5],
}

impl<'a> Rows<'a> {
    fn new(engine: &'a Engine, log: &str) -> Self {
        Self {
            engine,
            log: log.to_owned(),
            tables: Tables::new(),
            units: Vec::new(),
            shifts: Vec::new(),
            events: Vec::new(),
            readings: Vec::new(),
            audits: Vec::new(),
            draws: Vec::new(),
            coverage: Vec::new(),
            presence: Vec::new(),
            counts: [0; 5],
        }
    }

    fn add(&mut self, row: LogRow) -> Result<(), EngineError> {
        let full = match row {
            LogRow::Unit(unit) => {
                self.counts[0] += 1;
                push(&mut self.units, unit)
            }
            LogRow::Shift(shift) => {
                self.counts[1] += 1;
                push(&mut self.shifts, shift)
            }
            LogRow::Event(event) => {
                self.counts[2] += 1;
                push(&mut self.events, event)
            }
            LogRow::Reading(reading) => {
                self.counts[3] += 1;
                push(&mut self.readings, reading)
            }
            LogRow::Audit(audit) => {
                self.counts[4] += 1;
                push(&mut self.audits, audit)
            }
            LogRow::Draw(draw) => {
                self.counts[4] += 1;
                push(&mut self.draws, draw)
            }
            LogRow::Coverage(span) => {
                self.counts[4] += 1;
                push(&mut self.coverage, span)
            }
            LogRow::Presence(presence) => {
                self.counts[4] += 1;
                push(&mut self.presence, presence)
            }
        };
        if full { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), EngineError> {
        let log = self.log.as_str();
        let batches = [
            ("units", units_batch(log, &self.units)),
            ("shifts", shifts_batch(log, &self.shifts)),
            ("station_events", events_batch(log, &self.events)),
            ("counter_readings", readings_batch(log, &self.readings)),
            ("unit_audits", audits_batch(log, &self.audits)),
            ("audit_draws", draws_batch(log, &self.draws)),
            ("recorder_coverage", coverage_batch(log, &self.coverage)),
            ("station_presence", presence_batch(log, &self.presence)),
        ];
        for (table, batch) in batches {
            let batch: Result<RecordBatch, CatalogError> = batch;
            let batch = batch.map_err(EngineError::catalog("writing rows"))?;
            if batch.num_rows() > 0 {
                self.tables.append(self.engine, table, batch)?;
            }
        }
        self.units.clear();
        self.shifts.clear();
        self.events.clear();
        self.readings.clear();
        self.audits.clear();
        self.draws.clear();
        self.coverage.clear();
        self.presence.clear();
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<prairie_catalog::DataFile>, EngineError> {
        self.flush()?;
        self.tables.finish()
    }
}

/// Adds a row; true when there are enough to be written.
fn push<T>(rows: &mut Vec<T>, row: T) -> bool {
    rows.push(row);
    rows.len() >= BATCH_ROWS
}

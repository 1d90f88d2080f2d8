//! `log import`: reads a station's log into units of work, shifts, events and readings.
//!
//! 1. The mapping says which files there are; the files are stored as a recording, byte for byte.
//! 2. Every row becomes a row of standard form, or is counted with the reason why not. What units are compared with (the calendar,
//!    the counter, the record of modes) is read before them, in whatever order the mapping names the files.
//! 3. Checks see every row, and report findings.
//! 4. One commit adds recording, rows, findings, and a document that says what was read. The same bytes by the same mapping are
//!    `already` there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use prairie_catalog::{Before, Commit, Document, Leaf, NewDocument, RecordingFile, RecordingRow};
use prairie_formats::table::{TableFormat, TableSummary, read_table};
use prairie_model::register::is_pseudonym;
use prairie_model::{
    Hash256, LogFinding, LogNote, LogNoteKind, Nanos, Recorder, RecordingId, Rights, Severity, Source, hash_canonical,
    manifest_hash,
};
use prairie_standardize::station::{
    LogExaminer, LogMapping, LogRow, ModeRecord, RowTally, Section, SectionKind, SectionReader, Seen,
};
use prairie_store::{PathSource, StageError, Staged};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::Engine;
use crate::cells::{Cells, literal};
use crate::error::EngineError;
use crate::log_rows::LogRows;
use crate::progress::Progress;

/// Kind of the documents that this verb adds.
pub(crate) const STATION_LOG: &str = "station-log";

/// The mapping of a log that is a folder, where no other is given.
pub(crate) const MAPPING_NAME: &str = "station-log.toml";

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
    /// Rows per file: `rows = made + merged + nothing + incomplete`, and `unreadable` beside them.
    pub files: Vec<LogFile>,
    /// Units of work.
    pub units: u64,
    /// Shifts.
    pub shifts: u64,
    /// Events.
    pub events: u64,
    /// Readings of the counter.
    pub readings: u64,
    /// Later looks at units.
    #[serde(default)]
    pub confirmations: u64,
    /// Stretches of time in one mode.
    #[serde(default)]
    pub modes: u64,
    /// Units and episodes that the log says belong together.
    #[serde(default)]
    pub link_claims: u64,
    /// What others than the vendor saw: audits, draws, spans of the heartbeat, counts of people.
    #[serde(default)]
    pub witness: u64,
    /// When it was imported; `None` in reports from before it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported_ns: Option<Nanos>,
    /// Rows that are dated more than a day after that. No verdict counts them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub future: u64,
    /// Whether it keeps events at all.
    pub keeps_events: bool,
    /// Whether it keeps readings at all.
    pub keeps_readings: bool,
    /// What is wrong with it, by code.
    #[serde(default)]
    pub findings: Vec<LogFinding>,
    /// Which of its units are in which episodes, as the store is now; `None` where no episode says where it was recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub links: Option<LinkCount>,
}

/// How many units and episodes belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LinkCount {
    /// Units with an episode.
    pub units: u64,
    /// Episodes with a unit.
    pub episodes: u64,
    /// Links of which it is open whether they hold.
    pub ambiguous: u64,
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
    /// Rows that became something, and things that samples became.
    pub made: u64,
    /// Samples that belong to a thing which another sample began.
    #[serde(default)]
    pub merged: u64,
    /// Rows that say themselves that they are nothing.
    #[serde(default)]
    pub nothing: u64,
    /// Rows that lack what makes them one.
    pub incomplete: u64,
    /// Rows that could not be read.
    pub unreadable: u64,
}

// Serde asks for a reference.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Clocks of stations may be ahead by this much.
const AHEAD_S: f64 = 86_400.0;

impl LogReport {
    /// The time after which rows cannot have happened when they were imported; `None` where no row is later.
    pub(crate) fn until(&self) -> Option<Nanos> {
        self.imported_ns.filter(|_| self.future > 0).and_then(|imported| imported.plus_seconds(AHEAD_S))
    }

    /// Whether nothing of it is lost.
    pub fn is_whole(&self) -> bool {
        !self.findings.iter().any(|finding| finding.severity == Severity::Error)
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
            return self.with_links(report);
        }
        self.with_links(import.read(id, recording, sources, progress)?)
    }

    /// One log that counts, by enough of its id to tell it from the others, with its links as they are now.
    ///
    /// # Errors
    ///
    /// When there is none, or several.
    pub fn log(&self, id: &str) -> Result<LogReport, EngineError> {
        let mut found: Vec<_> = self.station_logs()?.into_iter().filter(|log| log.id.starts_with(id)).collect();
        match (found.pop(), found.len()) {
            (Some(report), 0) if !id.is_empty() => self.with_links(report),
            (Some(_), others) => {
                Err(EngineError::AmbiguousName { kind: "station log", name: id.to_owned(), count: others + 1 })
            }
            (None, _) => Err(EngineError::NotFound { kind: "station log", name: id.to_owned() }),
        }
    }

    /// Adds what follows from the episodes that the store holds now. It is no part of what was imported.
    fn with_links(&self, mut report: LogReport) -> Result<LogReport, EngineError> {
        let log = literal(&report.id);
        let placed = "SELECT 1 FROM episodes WHERE station IS NOT NULL LIMIT 1";
        let any = self.run_sql(placed, None)?.1.iter().any(|batch| batch.num_rows() > 0);
        if !any && report.link_claims == 0 {
            return Ok(report);
        }
        let mut count = LinkCount::default();
        let sql = format!(
            "SELECT count(DISTINCT station || chr(10) || unit) AS units, count(DISTINCT episode_id) AS episodes \
             FROM links WHERE log_id = {log}"
        );
        for batch in self.run_sql(&sql, None)?.1 {
            let cells = Cells::of(&batch)?;
            for row in 0..cells.rows() {
                count.units = cells.count("units", row).unwrap_or(0);
                count.episodes = cells.count("episodes", row).unwrap_or(0);
            }
        }
        let mut examiner = LogExaminer::default();
        let sql = format!("SELECT station, unit FROM links WHERE log_id = {log} AND ambiguous ORDER BY station, unit");
        for batch in self.run_sql(&sql, None)?.1 {
            let cells = Cells::of(&batch)?;
            for row in 0..cells.rows() {
                count.ambiguous += 1;
                let text = |name: &str| cells.text(name, row).unwrap_or_default();
                examiner.ambiguous(&text("station"), &text("unit"));
            }
        }
        report.findings.extend(examiner.finish());
        report.links = Some(count);
        Ok(report)
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
            if size == 0 {
                // As one that is missing: the others are read.
                self.note(LogNote {
                    kind: LogNoteKind::Truncated,
                    file: section.path.clone(),
                    column: None,
                    rows: 0,
                    first_row: None,
                    example: Some("it is empty".to_owned()),
                });
                continue;
            }
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
        let imported = super::receipt::now();
        let mut reading = Reading {
            engine: self.engine,
            rows: LogRows::new(self.engine, &id),
            examiner: LogExaminer::default(),
            modes: ModeRecord::default(),
            // What a simulation made may lie anywhere, and says that it is made.
            until: imported.plus_seconds(AHEAD_S).filter(|_| !self.mapping.simulated),
            future: BTreeMap::new(),
        };
        let mapping = self.mapping;
        let mut files: Vec<(usize, LogFile)> = Vec::new();
        for kind in SectionKind::ALL {
            let sections = mapping.files.iter().enumerate().filter(|(_, section)| section.kind == *kind);
            for (at, section) in sections {
                let Some(source) = sources.get(&section.path) else { continue };
                let (tally, summary, notes) = reading.section(mapping, section, source, progress)?;
                notes.into_iter().for_each(|note| self.note(note));
                self.note_damage(&section.path, summary);
                if !source.unchanged() {
                    return Err(EngineError::Changed { path: section.path.clone() });
                }
                files.push((
                    at,
                    LogFile {
                        path: section.path.clone(),
                        kind: section.kind,
                        rows: tally.rows,
                        made: tally.made,
                        merged: tally.merged,
                        nothing: tally.nothing,
                        incomplete: tally.incomplete,
                        unreadable: summary.unreadable,
                    },
                ));
            }
        }
        // In the order in which the mapping names them.
        files.sort_by_key(|(at, _)| *at);
        let files: Vec<LogFile> = files.into_iter().map(|(_, file)| file).collect();
        let future = reading.future.values().map(|note| note.rows).sum();
        for note in std::mem::take(&mut reading.future).into_values() {
            self.note(note);
        }
        self.notes.iter().for_each(|note| reading.examiner.note(note));
        let findings = reading.examiner.finish();
        let rows = reading.rows;
        let keeps = |kind| files.iter().any(|file: &LogFile| file.kind == kind);
        let (keeps_events, keeps_readings) = (keeps(SectionKind::Events), keeps(SectionKind::Readings));
        let counts = SectionKind::ALL.iter().map(|kind| (*kind, rows.count(*kind))).collect::<BTreeMap<_, _>>();
        let count = |kind| counts.get(&kind).copied().unwrap_or(0);
        let table_files = rows.finish(&findings)?;
        let report = LogReport {
            id,
            recording,
            already: false,
            simulated: self.mapping.simulated,
            recorder: self.mapping.recorder,
            files,
            units: count(SectionKind::Units),
            shifts: count(SectionKind::Shifts),
            events: count(SectionKind::Events),
            readings: count(SectionKind::Readings),
            confirmations: count(SectionKind::Confirmations),
            modes: count(SectionKind::Modes),
            link_claims: count(SectionKind::Links),
            witness: [SectionKind::Audits, SectionKind::Draws, SectionKind::Coverage, SectionKind::Presence]
                .into_iter()
                .map(count)
                .sum(),
            imported_ns: Some(imported),
            future,
            keeps_events,
            keeps_readings,
            findings,
            links: None,
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
            before: Before::Nothing,
            note: format!("import station log `{}`", self.name),
            ..Commit::default()
        };
        if self.engine.commit_first(&commit)?.is_some() {
            return Ok(report);
        }
        let already = self.engine.log_already(&report.id)?;
        already.ok_or_else(|| EngineError::Bug(format!("log {} is committed and cannot be found", report.id)))
    }

    /// Keeps a note, once: several sections that read the same file notice the same.
    fn note(&mut self, note: LogNote) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    fn note_damage(&mut self, file: &str, summary: TableSummary) {
        let note =
            |kind, rows| LogNote { kind, file: file.to_owned(), column: None, rows, first_row: None, example: None };
        if summary.unreadable > 0 {
            self.note(note(LogNoteKind::RowUnreadable, summary.unreadable));
        }
        if summary.truncated {
            self.note(note(LogNoteKind::Truncated, 0));
        }
    }
}

/// What rows pass through.
struct Reading<'a> {
    engine: &'a Engine,
    rows: LogRows<'a>,
    examiner: LogExaminer,
    modes: ModeRecord,
    /// Rows after this time have not happened.
    until: Option<Nanos>,
    /// Those that are, by file.
    future: BTreeMap<String, LogNote>,
}

impl Reading<'_> {
    /// Reads one file by one section of the mapping.
    fn section(
        &mut self,
        mapping: &LogMapping,
        section: &Section,
        source: &PathSource,
        progress: &dyn Progress,
    ) -> Result<(RowTally, TableSummary, Vec<LogNote>), EngineError> {
        let format = TableFormat::of_path(&section.path, section.topic.as_deref()).ok_or_else(|| {
            EngineError::invalid(
                format!("file `{}` of the log", section.path),
                "its name ends with none of csv, tsv, txt, jsonl, ndjson, parquet and mcap",
            )
        })?;
        let mut reader = SectionReader::new(mapping, section, &section.path);
        let mut failed = None;
        let total = source.files().first().map_or(0, |file| file.size);
        let mut last_row = 0;
        let summary = read_table(source, 0, &format, &mut |row| {
            if failed.is_some() {
                return;
            }
            last_row = row.number;
            if row.number % 100_000 == 0 {
                progress.at(&section.path, 0, total);
                if progress.cancelled() {
                    failed = Some(EngineError::Cancelled);
                    return;
                }
            }
            if let Some(made) = reader.row(row) {
                failed = self.take(&section.path, row.number, made).err();
            }
        });
        if let (None, Some(made)) = (&failed, reader.last()) {
            failed = self.take(&section.path, last_row, made).err();
        }
        if let Some(error) = failed {
            return Err(error);
        }
        let summary = summary.map_err(|source| EngineError::Read { path: section.path.clone(), source })?;
        let (tally, notes) = reader.finish();
        Ok((tally, summary, notes))
    }

    /// Gives a row what other rows say of it, shows it to the checks, and keeps it.
    fn take(&mut self, file: &str, number: u64, mut row: LogRow) -> Result<(), EngineError> {
        let mut mode_open_s = None;
        match &mut row {
            LogRow::Mode(mode) => self.modes.add(mode),
            LogRow::Unit(unit) if !self.modes.is_empty() => mode_open_s = self.modes.apply(unit),
            _ => {}
        }
        self.examiner.row(&Seen { file, number, row: &row, mode_open_s });
        // A calendar may well reach into the future.
        let is_work = !matches!(row, LogRow::Shift(_));
        if is_work && self.until.zip(row.time()).is_some_and(|(until, at)| at > until) {
            let note = self.future.entry(file.to_owned()).or_insert_with(|| LogNote {
                kind: LogNoteKind::Future,
                file: file.to_owned(),
                column: None,
                rows: 0,
                first_row: Some(number),
                example: None,
            });
            note.rows += 1;
        }
        // After the checks, which tell that the log names people.
        if let LogRow::Unit(unit) = &mut row
            && let Some(worker) = unit.worker.as_mut().filter(|worker| !is_pseudonym(worker))
        {
            *worker = self.engine.key()?.pseudonym(worker);
        }
        self.rows.add(row)
    }
}

//! `ingest`: takes recordings into the store.
//!
//! For each recording:
//!
//! 1. Hash it, copy it while hashing, and find its episodes meanwhile; where a file of that size is known, hash it alone first.
//! 2. The same derivation of the same bytes is there: done, `already`.
//! 3. Inspect it. Rows stream into one Parquet file per table; meanwhile another thread makes the copied bytes durable.
//! 4. Sign a receipt per episode, and commit everything in one transaction.
//!
//! A crash before the transaction leaves only objects that nothing refers to, for `gc`.

use std::path::PathBuf;
use std::thread;

use prairie_catalog::{Commit, DerivationRow, Leaf, RecordingFile, RecordingRow};
use prairie_formats::FormatError;
use prairie_model::{Derivation, EpisodeTally, Hash256, ObjectId, RecordingId, Source, manifest_hash};
use prairie_standardize::STANDARDIZER_VERSION;
use prairie_store::{PathSource, StageError, Staged};
use serde_json::json;

use crate::Engine;
use crate::error::{EngineError, chain};
use crate::find::{self, Found};
use crate::history::Past;
use crate::inspect::{self, Inspection};
use crate::options::InspectOptions;
use crate::progress::Progress;
use crate::report::{IngestReport, Messages, RecordingReport, Status};
use crate::sink::EpisodeSink;

impl Engine {
    /// Takes every recording under `paths` into the store. A recording that cannot be read does not stop the others.
    ///
    /// # Errors
    ///
    /// When the store fails, or the caller cancels. What was committed before stays.
    pub fn ingest(
        &self,
        paths: &[PathBuf],
        options: &InspectOptions,
        progress: &dyn Progress,
    ) -> Result<IngestReport, EngineError> {
        self.must_write("ingesting")?;
        let mut recordings = Vec::new();
        // Read when the first new recording needs it, and not once per recording.
        let mut past = None;
        let finds = find::recordings(paths);
        for found in finds.found {
            let (path, bytes, result) = match found {
                Found::Recording(path, source) => {
                    let result = self.ingest_one(&path, &source, options, &mut past, progress);
                    (path, find::size(&source), result)
                }
                Found::Failed(path, bytes, error) => (path, bytes, Err(error)),
            };
            recordings.push(match result {
                Ok(report) => report,
                Err(error) if error.stops_everything() => return Err(error),
                Err(error) => {
                    let mut report = RecordingReport::new(path, bytes);
                    report.hint = error.hint();
                    report.error = Some(chain(&error));
                    report
                }
            });
        }
        Ok(IngestReport { snapshot: self.snapshot()?, recordings, passed_over: finds.passed_over })
    }

    fn ingest_one<'a>(
        &'a self,
        path: &str,
        source: &PathSource,
        options: &InspectOptions,
        past: &mut Option<Past<'a>>,
        progress: &dyn Progress,
    ) -> Result<RecordingReport, EngineError> {
        // What no reader knows is not worth a copy.
        let planned = inspect::plan(path, source, options.overrides.format.as_deref())?;
        let mut report = RecordingReport::new(path.to_owned(), find::size(source));
        // What may be here already costs its hash and nothing else.
        let (mut bytes, prepared) = if self.may_be_known(source)? {
            (self.hash(path, source, progress)?, Err(planned))
        } else {
            thread::scope(|scope| {
                let preparing = scope.spawn(|| inspect::prepare(path, source, planned, &options.mapping));
                let bytes = self.hash(path, source, progress)?;
                let prepared =
                    preparing.join().map_err(|_panic| EngineError::Bug("a planning thread died".to_owned()))?;
                Ok::<_, EngineError>((bytes, Ok(prepared?)))
            })?
        };
        report.id = Some(bytes.id);
        report.sha256 = Some(bytes.sha256);
        if self.recording(bytes.id)?.is_some_and(|stored| stored.erased.is_some()) {
            // What was staged is dropped: erased bytes do not come back.
            return Err(EngineError::Erased { path: path.to_owned() });
        }
        let derivation = Derivation {
            recording: bytes.id,
            mapping: options.mapping.hash(),
            overrides: options.overrides.entries(),
            standardizer: STANDARDIZER_VERSION.to_owned(),
            parent: None,
            repairs: Vec::new(),
        };
        if self.already(&derivation, &mut report)? {
            return Ok(report);
        }
        let id = derivation.id().map_err(|error| EngineError::Bug(error.to_string()))?;
        let prepared = prepared.or_else(|planned| inspect::prepare(path, source, planned, &options.mapping))?;
        let mut sink = EpisodeSink::new(self, derivation.clone(), id, options);
        let past = match past {
            Some(past) => past,
            None => past.insert(Past::read(self)?),
        };
        let earlier = past.before_new(bytes.id, id);
        let staged = std::mem::take(&mut bytes.staged);
        let inspection = thread::scope(|scope| {
            let durable = scope.spawn(|| staged.into_iter().try_for_each(|staged| staged.finish().map(drop)));
            let inspection = inspect::inspect_prepared(path, source, prepared, options, &earlier, &mut sink, progress);
            let durable = durable.join().map_err(|_panic| EngineError::Bug("a storing thread died".to_owned()))?;
            durable.map_err(|source| EngineError::Store { what: format!("`{path}`"), source })?;
            inspection
        })?;
        if !source.unchanged() {
            return Err(EngineError::Changed { path: path.to_owned() });
        }
        let rights = sink.rights();
        let written = sink.finish()?;
        let mut tally = inspection.tally;
        for episode in &written.episodes {
            tally.add(episode.tally);
            *report.decisions.entry(episode.decision).or_default() += 1;
        }
        let episodes: Vec<_> = written.episodes.iter().map(|episode| episode.id).collect();
        let commit = Commit {
            recordings: vec![RecordingRow {
                id: bytes.id,
                format: inspection.plan.format.clone(),
                origin: path.to_owned(),
                files: bytes.files,
                rights,
                summary: summary(&inspection, tally),
            }],
            derivations: vec![DerivationRow { id, derivation, episodes: episodes.clone() }],
            files: written.files,
            leaves: written
                .episodes
                .iter()
                .map(|episode| Leaf {
                    kind: "receipt".to_owned(),
                    reference: episode.id.to_string(),
                    digest: episode.receipt,
                })
                .collect(),
            note: format!("ingest `{path}`"),
            ..Commit::default()
        };
        // OK to index: the commit has the one that it was just given.
        let derivation = &commit.derivations[0].derivation;
        let Some(snapshot) = self.commit_first(&commit)? else {
            // Another process was faster with the same: what is in the store is its work, and is counted once.
            report.decisions.clear();
            return match self.already(derivation, &mut report)? {
                true => Ok(report),
                false => Err(EngineError::Bug(format!("derivation {id} is committed and cannot be found"))),
            };
        };
        past.learn(bytes.id, snapshot, written.episodes.into_iter().map(|episode| episode.known).collect());
        report.format = Some(inspection.plan.format.clone());
        report.status = Status::Ingested;
        report.episodes = episodes;
        report.messages = Messages::from(tally);
        report.frames = tally.frames;
        report.complete = inspection.complete;
        report.lost = inspection.lost;
        report.findings = inspection.findings(&options.profile, !report.episodes.is_empty());
        report.unmapped = inspection.unmapped;
        report.exit = if inspection.complete { 0 } else { 3 };
        Ok(report)
    }

    /// Fills `report` when the same derivation of the same bytes is in the store.
    fn already(&self, derivation: &Derivation, report: &mut RecordingReport) -> Result<bool, EngineError> {
        let id = derivation.id().map_err(|error| EngineError::Bug(error.to_string()))?;
        let Some(episodes) = self.derivation(id)? else { return Ok(false) };
        let recording = self.recording(derivation.recording)?;
        let summary = recording.map(|recording| recording.row).map(|row| (row.format, row.summary));
        if let Some((format, summary)) = summary {
            report.format = Some(format);
            let count = |name: &str| summary["messages"][name].as_u64().unwrap_or(0);
            report.messages = Messages {
                total: count("in"),
                mapped: count("mapped"),
                unmapped: count("unmapped"),
                undecodable: count("undecodable"),
            };
            report.frames = summary["frames"].as_u64().unwrap_or(0);
            report.complete = summary["complete"].as_bool().unwrap_or(false);
            report.lost = summary["lost"].as_u64();
        }
        report.status = Status::Already;
        report.episodes = episodes;
        // What damage took is still missing: a script that tries again must not take that for success.
        report.exit = if report.complete { 0 } else { 3 };
        Ok(true)
    }

    /// Whether every file of the source has the size of one in the store.
    fn may_be_known(&self, source: &PathSource) -> Result<bool, EngineError> {
        for file in source.files() {
            if !self.has_file_of_size(file.size)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Hashes every file; copies it into the store meanwhile, unless it looks as if it were there.
    fn hash(&self, path: &str, source: &PathSource, progress: &dyn Progress) -> Result<Bytes, EngineError> {
        let unread = |file: &str, source| EngineError::Read {
            path: path.to_owned(),
            source: FormatError::Io { file: file.to_owned(), source },
        };
        let failed = |file: &str, error| match error {
            StageError::Source(source) => unread(file, source),
            StageError::Store(source) => EngineError::Store { what: format!("`{file}` of `{path}`"), source },
        };
        let what = format!("{path} (hash)");
        let total = find::size(source);
        let mut files = Vec::new();
        let mut staged = Vec::new();
        let mut before = 0;
        for (index, file) in source.files().iter().enumerate() {
            if progress.cancelled() {
                return Err(EngineError::Cancelled);
            }
            let told = |done: u64| progress.at(&what, before + done, total);
            let known = self.has_file_of_size(file.size)?;
            let object: ObjectId = if known {
                prairie_store::hash_file(source, index, &told).map_err(|source| unread(&file.path, source))?.0
            } else {
                let copy = prairie_store::stage(source, index, self.objects(), &told);
                let copy = copy.map_err(|error| failed(&file.path, error))?;
                let object = copy.id();
                staged.push(copy);
                object
            };
            before += file.size;
            files.push((RecordingFile { path: file.path.clone(), size: file.size, object }, known, index));
        }
        // A file that only looked known is copied after all.
        for (file, known, index) in &files {
            if *known && !self.has_object(file.object, file.size)? {
                let copy = prairie_store::stage(source, *index, self.objects(), &|_| {});
                staged.push(copy.map_err(|error| failed(&file.path, error))?);
            }
        }
        progress.finished(&what);
        let files: Vec<_> = files.into_iter().map(|(file, _, _)| file).collect();
        let hash = |file: &RecordingFile| Hash256::from_bytes(*file.object.as_bytes());
        let id = manifest_hash(files.iter().map(|file| (file.path.as_str(), file.size, hash(file))));
        let sha256 = match files.as_slice() {
            [file] => hash(file),
            _ => Hash256::from_bytes(*id.as_bytes()),
        };
        Ok(Bytes { id, sha256, files, staged })
    }
}

/// The bytes of a recording on their way into the store.
struct Bytes {
    id: RecordingId,
    sha256: Hash256,
    files: Vec<RecordingFile>,
    staged: Vec<Staged>,
}

/// What is kept about a recording besides its rows.
fn summary(inspection: &Inspection, tally: EpisodeTally) -> serde_json::Value {
    let plan = &inspection.plan;
    json!({
        "profile": plan.profile,
        "writer": plan.writer,
        "attributes": plan.attributes,
        "channels": plan.channels.len(),
        "messages": Messages::from(tally),
        "frames": tally.frames,
        "complete": inspection.complete,
        "lost": inspection.lost,
        "tasks_told": inspection.tasks_told,
        "unmapped": inspection.unmapped,
        "notes": inspection.notes,
    })
}

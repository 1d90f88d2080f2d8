//! `check`: findings without a store, and new receipts for what is stored.

use std::path::PathBuf;

use prairie_catalog::{Commit, EpisodeRow, Leaf};
use prairie_model::{EpisodeId, ReceiptPayload, StreamBatch};

use crate::Engine;
use crate::error::{EngineError, chain};
use crate::export::StoredEpisode;
use crate::find::{self, Found};
use crate::history::{Given, Past};
use crate::inspect::{InspectSink, InspectedEpisode, inspect};
use crate::options::InspectOptions;
use crate::progress::Progress;
use crate::replay::Replay;
use crate::report::{CheckReport, CheckedEpisode, CheckedRecording, Failure, FindingReport};
use crate::sink::EpisodeSink;

/// Checks every recording under `paths` and keeps nothing. Each is compared with those before it.
///
/// # Errors
///
/// When the caller cancels. A recording that cannot be read is told in the report.
pub fn check(paths: &[PathBuf], options: &InspectOptions, progress: &dyn Progress) -> Result<CheckReport, EngineError> {
    let finds = find::recordings(paths);
    let mut report = CheckReport { passed_over: finds.passed_over, ..CheckReport::default() };
    let given = Given::default();
    for (at, found) in finds.found.into_iter().enumerate() {
        let (path, source) = match found {
            Found::Recording(path, source) => (path, source),
            Found::Failed(path, _, error) => {
                report.failed.push(failure(path, &error));
                continue;
            }
        };
        let mut sink = Collect { path: &path, episodes: Vec::new() };
        match inspect(&path, &source, options, &given.before(at, &path), &mut sink, progress) {
            Ok(inspection) => {
                let findings = inspection.findings(&options.profile, !sink.episodes.is_empty());
                report.episodes.append(&mut sink.episodes);
                if !findings.is_empty() || !inspection.complete {
                    let (complete, lost) = (inspection.complete, inspection.lost);
                    report.recordings.push(CheckedRecording { path: path.clone(), complete, lost, findings });
                }
                if !inspection.complete {
                    report.damaged.push(path);
                }
            }
            Err(error) if error.stops_everything() => return Err(error),
            Err(error) => report.failed.push(failure(path, &error)),
        }
    }
    Ok(report)
}

impl Engine {
    /// Checks stored episodes again under the profile of `options`, and issues new receipts; the old ones stay. The episodes
    /// get a new revision with the new decision.
    ///
    /// # Errors
    ///
    /// When the condition is no condition on the table `episodes`, or the store fails.
    pub fn check_stored(
        &self,
        condition: Option<&str>,
        options: &InspectOptions,
        progress: &dyn Progress,
    ) -> Result<CheckReport, EngineError> {
        self.must_write("checking stored episodes")?;
        let snapshot = self.snapshot()?;
        let chosen = self.ls(condition, None, Some(snapshot))?;
        let mut report = CheckReport::default();
        let past = Past::read(self)?;
        let total = chosen.len() as u64;
        for (at, line) in chosen.into_iter().enumerate() {
            if progress.cancelled() {
                return Err(EngineError::Cancelled);
            }
            progress.at("check", at as u64, total);
            match self.check_again(line.id, snapshot, &past, options) {
                Ok(episode) => report.episodes.push(episode),
                Err(error) if error.stops_everything() => return Err(error),
                Err(error) => report.failed.push(failure(line.id.to_string(), &error)),
            }
        }
        progress.finished("check");
        Ok(report)
    }

    fn check_again(
        &self,
        id: EpisodeId,
        snapshot: u64,
        past: &Past<'_>,
        options: &InspectOptions,
    ) -> Result<CheckedEpisode, EngineError> {
        let stored = self.load_episode(id, snapshot)?;
        let old = self.receipt_payload(id)?;
        let name = id.to_string();
        let earlier = past.before(stored.recording);
        let mut again = Again { engine: self, stored: &stored, old: &old, options, name: &name, done: None };
        let derivation = &old.derivation;
        let replay = Replay { stored: &stored, derivation, snapshot, steps: &[], options, earlier: &earlier };
        self.replay(&replay, &mut again)?;
        let (commit, episode) = again.done.ok_or_else(|| EngineError::Bug(format!("episode {id} was not checked")))?;
        self.commit(&commit)?;
        Ok(episode)
    }
}

/// Issues the new receipt of one stored episode, as a revision.
struct Again<'a> {
    engine: &'a Engine,
    stored: &'a StoredEpisode,
    old: &'a ReceiptPayload,
    options: &'a InspectOptions,
    name: &'a str,
    done: Option<(Commit, CheckedEpisode)>,
}

impl InspectSink for Again<'_> {
    fn batch(&mut self, _batch: &StreamBatch) -> Result<(), EngineError> {
        Ok(())
    }

    fn episode(&mut self, inspected: InspectedEpisode) -> Result<(), EngineError> {
        let stored = self.stored;
        if inspected.content != self.old.content {
            return Err(EngineError::Refused(format!(
                "the stored rows of episode {} have the hash {}, and its receipt says {}: `prairie fsck --deep` looks for \
                 damage",
                stored.id, inspected.content, self.old.content
            )));
        }
        let payload = prairie_quality::receipt(
            stored.id,
            inspected.content,
            self.old.derivation.clone(),
            &self.options.profile,
            &inspected.draft,
            &inspected.examined,
        );
        let signed = self.engine.sign_receipt(&payload)?;
        let revision = stored.revision + 1;
        let row = EpisodeRow {
            id: stored.id,
            recording: stored.recording,
            derivation: stored.derivation,
            episode: stored.episode.clone(),
            tally: stored.tally,
            samples: payload.counts.samples,
            content: inspected.content,
            digest: inspected.examined.digest.to_bytes(),
            notes: stored.notes.clone(),
            // OK because it was 32 bits when it was read from the catalog.
            recording_notes: u32::try_from(stored.recording_notes).unwrap_or(u32::MAX),
            decision: payload.decision,
            parent: stored.parent,
            revision,
        };
        let mut sink = EpisodeSink::new(self.engine, self.old.derivation.clone(), stored.derivation, self.options);
        sink.revise(row, &payload, &signed);
        let written = sink.finish()?;
        let commit = Commit {
            files: written.files,
            revisions: vec![(stored.id, revision)],
            leaves: vec![Leaf { kind: "receipt".to_owned(), reference: stored.id.to_string(), digest: signed.hash }],
            note: format!("check episode {}", stored.id),
            ..Commit::default()
        };
        let checked = checked(self.name, &inspected);
        self.done = Some((commit, checked));
        Ok(())
    }
}

fn failure(path: String, error: &EngineError) -> Failure {
    Failure { path, error: chain(error), hint: error.hint() }
}

struct Collect<'a> {
    path: &'a str,
    episodes: Vec<CheckedEpisode>,
}

impl InspectSink for Collect<'_> {
    fn batch(&mut self, _batch: &StreamBatch) -> Result<(), EngineError> {
        Ok(())
    }

    fn episode(&mut self, inspected: InspectedEpisode) -> Result<(), EngineError> {
        self.episodes.push(checked(self.path, &inspected));
        Ok(())
    }
}

/// The report on an episode.
fn checked(path: &str, inspected: &InspectedEpisode) -> CheckedEpisode {
    let InspectedEpisode { draft, examined, .. } = inspected;
    let start = draft.episode.start();
    CheckedEpisode {
        path: path.to_owned(),
        key: draft.episode.key.clone(),
        ordinal: draft.episode.ordinal,
        start_ns: start,
        duration_s: draft.episode.duration_s(),
        findings: examined.findings.iter().map(|finding| FindingReport::new(finding, start)).collect(),
        dimensions: examined.dimensions.clone(),
        repairs: examined.repairs.clone(),
        decision: examined.decision,
    }
}

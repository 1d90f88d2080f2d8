//! Receipts computed again, and what differs.
//!
//! ```text
//!   recording ─ inspect ─▶ episode ─▶ payload ─┐
//!                  │                           ├─ differences, by path
//!                  └─▶ parent ─ repairs ─▶ payload ─┤
//!   stored rows of the parent ─ repairs ─▶ payload ─┘
//! ```
//!
//! **Invariant:** checks that compare with other episodes of a store are not computed again: the receipt's word is taken for
//! them, by name, and everything else is compared.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use prairie_formats::BlobReader;
use prairie_model::{
    Derivation, EpisodeDraft, EpisodeId, Hash256, Note, ReceiptPayload, RecordingId, Source, StreamBatch,
    canonical_json, manifest_hash,
};
use prairie_quality::{CHECKS, Need};
use prairie_standardize::STANDARDIZER_VERSION;
use prairie_store::PathSource;
use serde_json::Value;

use crate::Engine;
use crate::error::EngineError;
use crate::history::Nobody;
use crate::inspect::{InspectSink, InspectedEpisode, inspect};
use crate::options::InspectOptions;
use crate::progress::Progress;
use crate::repairs::{Again, Replayer};
use crate::replay::Replay;
use crate::verbs::{profile_of, saw_pictures};

/// Codes of checks that look at other episodes of the store.
pub(crate) fn store_only() -> Vec<String> {
    let needs = |check: &&&prairie_quality::Check| check.doc().needs.contains(&Need::History);
    CHECKS.iter().filter(needs).map(|check| check.doc().code.to_owned()).collect()
}

/// What differs between a receipt and what the recording at `path` gives now.
pub(crate) fn from_recording(
    receipt: &ReceiptPayload,
    path: &Path,
    mapping: Option<&str>,
    profile: Option<&str>,
    progress: &dyn Progress,
) -> Result<Vec<String>, EngineError> {
    let name = path.display().to_string();
    let failed = |source| EngineError::Open { path: name.clone(), source };
    let source = PathSource::open(path).map_err(failed)?;
    let id = recording_id(&source).map_err(failed)?;
    let facts = receipt.derivation.overrides.clone();
    let mut options = InspectOptions::new(mapping, None, facts, saw_pictures(receipt))?;
    options.profile = profile_of(receipt, profile)?;
    if options.mapping.hash() != receipt.derivation.mapping {
        return Err(EngineError::Refused(format!(
            "the receipt used mapping {}, and this one is {}: `--mapping FILE` names the one of the receipt",
            receipt.derivation.mapping,
            options.mapping.hash()
        )));
    }
    let found = match receipt.derivation.parent {
        None => {
            let mut sink = Recompute { receipt, options: &options, found: None };
            inspect(&name, &source, &options, &Nobody, &mut sink, progress)?;
            sink.found
        }
        Some(parent) => repaired(receipt, parent, (&name, &source), &options, progress)?,
    };
    let Some(mut again) = found else {
        return Err(not_of_this(receipt, &name, id));
    };
    // The derivation of the receipt was taken to find the episode. Recording and code are what these are.
    again.derivation.recording = id;
    again.derivation.standardizer = STANDARDIZER_VERSION.to_owned();
    differences(receipt, again, &options)
}

fn not_of_this(receipt: &ReceiptPayload, name: &str, id: RecordingId) -> EngineError {
    let theirs = receipt.derivation.recording;
    EngineError::Refused(match receipt.derivation.parent {
        _ if id != theirs => format!("`{name}` is recording {id}, and the receipt is about {theirs}"),
        None => {
            format!("`{name}` gives no episode {}: the receipt's derivation is not the one it names", receipt.episode)
        }
        Some(parent) => format!(
            "`{name}` gives no episode {parent}, which this one was repaired from; if that was repaired too, only its store can \
             compute it again"
        ),
    })
}

/// The id of a recording: the hash over the hashes of its files.
pub(crate) fn recording_id(source: &PathSource) -> std::io::Result<RecordingId> {
    let mut files = Vec::new();
    for (index, file) in source.files().iter().enumerate() {
        let (object, _) = prairie_store::hash_file(source, index, &|_| {})?;
        files.push((file.path.clone(), file.size, Hash256::from_bytes(*object.as_bytes())));
    }
    Ok(manifest_hash(files.iter().map(|(path, size, hash)| (path.as_str(), *size, *hash))))
}

/// The episode of a derivation with that order in its recording.
fn episode_of(derivation: &Derivation, ordinal: u32) -> Result<EpisodeId, EngineError> {
    let id = derivation.id().map_err(|error| EngineError::Bug(error.to_string()))?;
    Ok(EpisodeId::derive(id, &ordinal.to_string()))
}

/// Keeps the payload of the one episode that a receipt is about.
struct Recompute<'a> {
    receipt: &'a ReceiptPayload,
    options: &'a InspectOptions,
    found: Option<ReceiptPayload>,
}

impl InspectSink for Recompute<'_> {
    fn batch(&mut self, _batch: &StreamBatch) -> Result<(), EngineError> {
        Ok(())
    }

    fn episode(&mut self, inspected: InspectedEpisode) -> Result<(), EngineError> {
        let derivation = self.receipt.derivation.clone();
        let id = episode_of(&derivation, inspected.draft.episode.ordinal)?;
        if id == self.receipt.episode {
            self.found = Some(prairie_quality::receipt(
                id,
                inspected.content,
                derivation,
                &self.options.profile,
                &inspected.draft,
                &inspected.examined,
            ));
        }
        Ok(())
    }
}

/// The payload of a repaired episode, from the recording of its parent. The recording is read twice: first for what is known of
/// the parent at its end, then for its rows.
fn repaired(
    receipt: &ReceiptPayload,
    parent: EpisodeId,
    (name, source): (&str, &PathSource),
    options: &InspectOptions,
    progress: &dyn Progress,
) -> Result<Option<ReceiptPayload>, EngineError> {
    let derivation = Derivation { parent: None, repairs: Vec::new(), ..receipt.derivation.clone() };
    // Pictures of the parent are nobody's business here: those that are left are looked at on the second way.
    let blind = InspectOptions { video: false, ..options.clone() };
    let mut finder = Finder { derivation, parent, found: None };
    let inspection = inspect(name, source, &blind, &Nobody, &mut finder, progress)?;
    let Some((before, notes_before)) = finder.found else { return Ok(None) };
    let mut recording_notes: Vec<Note> = inspection.notes;
    recording_notes.truncate(notes_before);
    let mut options = options.clone();
    if !inspection.plan.episodes.is_empty() {
        options.overrides.task = options.overrides.task.or_else(|| before.episode.task.clone());
    }
    let again = Again { name, options: &options, earlier: &Nobody, recording_notes, repaired_before: Vec::new() };
    let mut sink = Recompute { receipt, options: &options, found: None };
    let replayer = Replayer::new(again, &receipt.derivation.repairs, &before, BlobReader::new(source), &mut sink)?;
    let mut feed = Feed { ordinal: before.episode.ordinal, replayer };
    inspect(name, source, &blind, &Nobody, &mut feed, progress)?;
    feed.replayer.end()?;
    Ok(sink.found)
}

/// Looks for the episode that another one was repaired from.
struct Finder {
    derivation: Derivation,
    parent: EpisodeId,
    found: Option<(EpisodeDraft, usize)>,
}

impl InspectSink for Finder {
    fn batch(&mut self, _batch: &StreamBatch) -> Result<(), EngineError> {
        Ok(())
    }

    fn episode(&mut self, inspected: InspectedEpisode) -> Result<(), EngineError> {
        if episode_of(&self.derivation, inspected.draft.episode.ordinal)? == self.parent {
            self.found = Some((inspected.draft, inspected.recording_notes));
        }
        Ok(())
    }
}

/// Passes the rows of one episode on to its repairs.
struct Feed<'a> {
    ordinal: u32,
    replayer: Replayer<'a>,
}

impl InspectSink for Feed<'_> {
    fn batch(&mut self, batch: &StreamBatch) -> Result<(), EngineError> {
        if batch.episode == self.ordinal { self.replayer.batch(batch) } else { Ok(()) }
    }

    fn episode(&mut self, _inspected: InspectedEpisode) -> Result<(), EngineError> {
        Ok(())
    }
}

impl Engine {
    /// What differs between the receipt of a repaired episode and what the stored rows of its parent give now; `None` where the
    /// episode was not repaired, or the store does not have its parent.
    pub(crate) fn recompute_from_parent(
        &self,
        receipt: &ReceiptPayload,
        profile: Option<&str>,
    ) -> Result<Option<Vec<String>>, EngineError> {
        let Some(parent) = receipt.derivation.parent else { return Ok(None) };
        let snapshot = self.snapshot()?;
        let stored = match self.load_episode(parent, snapshot) {
            Err(EngineError::NotFound { .. }) => return Ok(None),
            stored => stored?,
        };
        let derivation = self.receipt_payload(parent)?.derivation;
        let video = saw_pictures(receipt);
        let options = InspectOptions { profile: profile_of(receipt, profile)?, video, ..InspectOptions::default() };
        let mut sink = Recompute { receipt, options: &options, found: None };
        let replay = Replay {
            stored: &stored,
            derivation: &derivation,
            snapshot,
            steps: &receipt.derivation.repairs,
            options: &options,
            earlier: &Nobody,
        };
        self.replay(&replay, &mut sink)?;
        let Some(mut again) = sink.found else {
            return Err(EngineError::Refused(format!(
                "episode {parent} of this store gives no episode {}: the receipt's derivation is not the one it names",
                receipt.episode
            )));
        };
        // What does not come from the receipt but from the parent is compared, too.
        again.derivation =
            Derivation { parent: Some(parent), repairs: receipt.derivation.repairs.clone(), ..derivation };
        differences(receipt, again, &options).map(Some)
    }
}

/// Where two payloads differ, by path. For checks that cannot be computed again the receipt's word is taken, also in what
/// follows from them.
fn differences(
    receipt: &ReceiptPayload,
    mut again: ReceiptPayload,
    options: &InspectOptions,
) -> Result<Vec<String>, EngineError> {
    let skipped = store_only();
    again.checks.retain(|check| !skipped.contains(&check.code));
    again.checks.extend(receipt.checks.iter().filter(|check| skipped.contains(&check.code)).cloned());
    again.checks.sort_by(|one, other| one.code.cmp(&other.code));
    again.findings.retain(|finding| !skipped.contains(&finding.code));
    again.findings.extend(receipt.findings.iter().filter(|finding| skipped.contains(&finding.code)).cloned());
    prairie_model::Finding::sort(&mut again.findings);
    again.dimensions = prairie_quality::dimensions(&again.checks);
    again.decision = prairie_quality::decide(&again.dimensions, &again.checks, &options.profile.required);
    let (one, two) = (leaves(receipt)?, leaves(&again)?);
    let absent = "absent".to_owned();
    let paths: BTreeSet<&String> = one.keys().chain(two.keys()).collect();
    Ok(paths
        .into_iter()
        .filter(|path| one.get(*path) != two.get(*path))
        .map(|path| {
            format!(
                "{path}: {} in the receipt, {} now",
                one.get(path).unwrap_or(&absent),
                two.get(path).unwrap_or(&absent)
            )
        })
        .collect())
}

/// Every value of a payload by its path, through the canonical form, so that numbers are compared at twelve digits.
fn leaves(payload: &ReceiptPayload) -> Result<BTreeMap<String, String>, EngineError> {
    let text = canonical_json(payload).map_err(|error| EngineError::Bug(error.to_string()))?;
    let value: Value = serde_json::from_str(&text).map_err(|error| EngineError::Bug(error.to_string()))?;
    let mut leaves = BTreeMap::new();
    flatten("", &value, &mut leaves);
    Ok(leaves)
}

fn flatten(path: &str, value: &Value, leaves: &mut BTreeMap<String, String>) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Value::Object(members) => members.iter().for_each(|(key, value)| flatten(&below(key), value, leaves)),
        Value::Array(items) => {
            // Findings and checks are named by what they are, so that one more of them is one difference and no shift of all.
            let mut seen: BTreeMap<String, usize> = BTreeMap::new();
            for (at, item) in items.iter().enumerate() {
                let key = match (item["code"].as_str(), item["stream"].as_str()) {
                    (Some(code), Some(stream)) => format!("{code} `{stream}`"),
                    (Some(code), None) => code.to_owned(),
                    (None, _) => at.to_string(),
                };
                let count = seen.entry(key.clone()).or_default();
                *count += 1;
                let key = if *count > 1 { format!("{key} ({count})") } else { key };
                flatten(&below(&key), item, leaves);
            }
        }
        leaf => {
            leaves.insert(path.to_owned(), leaf.to_string());
        }
    }
}

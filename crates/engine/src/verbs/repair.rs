//! `repair`: makes the episode that a receipt proposes, as a derived episode with lineage. The original stays as it is.

use prairie_catalog::{Commit, DerivationRow, Leaf};
use prairie_model::{Decision, Derivation, EpisodeId, ReceiptPayload};
use prairie_quality::Profile;
use serde::Serialize;

use crate::Engine;
use crate::error::EngineError;
use crate::history::Past;
use crate::options::InspectOptions;
use crate::progress::Progress;
use crate::replay::Replay;
use crate::sink::EpisodeSink;
use crate::verbs::saw_pictures;

/// What a repair did.
#[derive(Debug, Clone, Serialize)]
pub struct RepairReport {
    /// The episode that was repaired.
    pub episode: EpisodeId,
    /// What was done, in order.
    pub steps: Vec<String>,
    /// The new episode; `None` for a dry run.
    pub repaired: Option<EpisodeId>,
    /// The decision before.
    pub before: Decision,
    /// The decision on the new episode.
    pub after: Option<Decision>,
}

impl Engine {
    /// Executes the repairs that the latest receipt of an episode lists, and judges the new episode under the profile of that
    /// receipt: `profile` is its text, the built-in one when `None`. With `dry_run` it only says which repairs.
    ///
    /// # Errors
    ///
    /// When the receipt lists none, or used another profile, or the recording is gone.
    pub fn repair(
        &self,
        prefix: &str,
        profile: Option<&str>,
        dry_run: bool,
        progress: &dyn Progress,
    ) -> Result<RepairReport, EngineError> {
        let id = self.find_episode(prefix)?;
        let snapshot = self.snapshot()?;
        let stored = self.load_episode(id, snapshot)?;
        let receipt = self.receipt_payload(id)?;
        if receipt.repairs.is_empty() {
            return Err(EngineError::Refused(format!(
                "the receipt of episode {id} lists no repair: its decision is {}",
                receipt.decision.name()
            )));
        }
        let mut report = RepairReport {
            episode: id,
            steps: receipt.repairs.clone(),
            repaired: None,
            before: receipt.decision,
            after: None,
        };
        if dry_run {
            return Ok(report);
        }
        self.must_write("repairing")?;
        let derivation =
            Derivation { parent: Some(id), repairs: receipt.repairs.clone(), ..receipt.derivation.clone() };
        let derivation_id = derivation.id().map_err(|error| EngineError::Bug(error.to_string()))?;
        if let Some(episodes) = self.derivation(derivation_id)? {
            report.repaired = episodes.first().copied();
            report.after = report.repaired.map(|id| self.receipt_payload(id)).transpose()?.map(|one| one.decision);
            return Ok(report);
        }
        let video = saw_pictures(&receipt);
        let options = InspectOptions { profile: profile_of(&receipt, profile)?, video, ..InspectOptions::default() };
        let past = Past::read(self)?;
        let earlier = past.before(stored.recording);
        let mut sink = EpisodeSink::new(self, derivation.clone(), derivation_id, &options);
        let steps = &report.steps;
        let replay = Replay {
            stored: &stored,
            derivation: &receipt.derivation,
            snapshot,
            steps,
            options: &options,
            earlier: &earlier,
        };
        progress.at("repair", 0, 1);
        self.replay(&replay, &mut sink)?;
        progress.finished("repair");
        if progress.cancelled() {
            return Err(EngineError::Cancelled);
        }
        let written = sink.finish()?;
        let episode =
            written.episodes.first().ok_or_else(|| EngineError::Bug(format!("repairing {id} made no episode")))?;
        report.repaired = Some(episode.id);
        report.after = Some(episode.decision);
        let leaf = Leaf { kind: "receipt".to_owned(), reference: episode.id.to_string(), digest: episode.receipt };
        self.commit(&Commit {
            derivations: vec![DerivationRow { id: derivation_id, derivation, episodes: vec![episode.id] }],
            files: written.files,
            leaves: vec![leaf],
            note: format!("repair {id}"),
            ..Commit::default()
        })?;
        Ok(report)
    }
}

/// The profile that a receipt was issued under.
pub(crate) fn profile_of(receipt: &ReceiptPayload, text: Option<&str>) -> Result<Profile, EngineError> {
    let profile = match text {
        Some(text) => Profile::parse(text).map_err(|error| EngineError::invalid("the profile", error))?,
        None => Profile::default(),
    };
    if profile.hash() != receipt.profile {
        return Err(EngineError::Refused(format!(
            "the receipt used profile {} `{}`, and this one is {}: `--profile FILE` names the one of the receipt",
            receipt.profile,
            receipt.profile_name,
            profile.hash()
        )));
    }
    Ok(profile)
}

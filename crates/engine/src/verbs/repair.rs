//! `repair`: makes the episode that a receipt proposes, as a derived episode with lineage. The original stays as it is.

use prairie_catalog::{Commit, DerivationRow, Leaf};
use prairie_model::{Decision, Derivation, EpisodeId};
use prairie_quality::History;
use serde::Serialize;

use crate::Engine;
use crate::error::EngineError;
use crate::options::{InspectOptions, overrides};
use crate::progress::Progress;
use crate::sink::EpisodeSink;

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
    /// Executes the repairs that the latest receipt of an episode lists. With `dry_run` it only says which.
    ///
    /// # Errors
    ///
    /// When the receipt lists none, or the recording is gone.
    pub fn repair(&self, prefix: &str, dry_run: bool, _progress: &dyn Progress) -> Result<RepairReport, EngineError> {
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
        let derivation =
            Derivation { parent: Some(id), repairs: receipt.repairs.clone(), ..receipt.derivation.clone() };
        let derivation_id = derivation.id().map_err(|error| EngineError::Bug(error.to_string()))?;
        if let Some(episodes) = self.derivation(derivation_id)? {
            report.repaired = episodes.first().copied();
            report.after = report.repaired.map(|id| self.receipt_payload(id)).transpose()?.map(|one| one.decision);
            return Ok(report);
        }
        let options = InspectOptions {
            overrides: overrides(derivation.overrides.clone())?,
            video: receipt.checks.iter().any(|check| check.code == "VID004" && check.reason.is_none()),
            ..InspectOptions::default()
        };
        let mut sink = EpisodeSink::new(self, derivation.clone(), derivation_id, &options);
        self.replay(&stored, snapshot, &report.steps, &options, &History::default(), &mut sink)?;
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

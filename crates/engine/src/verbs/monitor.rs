//! `monitor`: what became of a promotion since.
//!
//! The verdict that promoted last says which shifts it looked at; all later ones of the logs are watched by the protocol of
//! that verdict. Where the answer changed, it is kept, and its hash put into the ledger.

use prairie_catalog::{Commit, Leaf, NewDocument};
use prairie_model::{Nanos, hash_canonical};
use prairie_verify::change::Changes;
use prairie_verify::gate::Gate;
use prairie_verify::monitor::{Monitoring, Since, monitor};
use prairie_verify::protocol::Frozen;
use prairie_verify::verdict::{Decision, Verdict};

use super::verdict::VERDICT;
use crate::Engine;
use crate::error::EngineError;
use crate::progress::Progress;

/// Kind of the documents that this verb adds.
pub(super) const STANDING: &str = "standing";

impl Engine {
    /// Watches the promotion of a scenario that went furthest. `changes` is a TOML list of what was changed on the robots.
    ///
    /// # Errors
    ///
    /// When nothing was promoted, a log was erased that the promotion counts, the changes are none, or the logs contradict
    /// the protocol.
    pub fn monitor(
        &self,
        scenario: &str,
        changes: Option<&str>,
        now: Option<Nanos>,
        progress: &dyn Progress,
    ) -> Result<Monitoring, EngineError> {
        let changes = changes
            .map(Changes::from_toml)
            .transpose()
            .map_err(|error| EngineError::invalid("the changes", error))?
            .unwrap_or_default();
        let (verdict, frozen, bridged) = self.promotion(scenario)?;
        let within = |at: Nanos| {
            let first = verdict.robot_shifts.iter().map(|line| line.shift.span.start).min();
            let last = verdict.robot_shifts.iter().map(|line| line.shift.span.end).max();
            first.zip(last).is_some_and(|(first, last)| first <= at && at < last)
        };
        if let Some(change) = changes.change.iter().find(|change| within(change.at_ns)) {
            let what = format!("{:?}", change.what).to_lowercase();
            return Err(EngineError::Refused(format!(
                "a change of the {what} at {} lies within the run that was promoted: the promotion is about a robot before \
                 and one after it, and stands for neither; freeze a protocol that names the release, and run again",
                change.at_ns.0
            )));
        }
        // Shifts since are those after the promoted ones, which nobody can count any more.
        if let Some((log, reason)) = self.first_erased(&verdict.provenance.logs)? {
            return Err(EngineError::Refused(format!(
                "station log `{log}`, which the promotion counts, was erased from this store ({reason}): what came after it \
                 can no longer be told; judge again by `prairie verify`"
            )));
        }
        let (evidence, provenance) = self.gather(&frozen, &bridged, None, progress)?;
        let since = Since { changes: &changes.change, bridged: &bridged, now };
        let monitoring = monitor(&frozen, &evidence, verdict.robot_shifts.len(), &since, &provenance);
        self.keep(&monitoring)?;
        Ok(monitoring)
    }

    /// The promotion of a scenario that went furthest, of several at one gate the last; its protocol; and the releases that
    /// verdicts have bridged from its own, one after the other.
    fn promotion(&self, scenario: &str) -> Result<(Verdict, Frozen, Vec<String>), EngineError> {
        let documents = self.block(self.catalog().documents(VERDICT));
        let mut documents = documents.map_err(EngineError::catalog("reading the catalog"))?;
        documents.sort_by_key(|document| document.added);
        let mut best: Option<(Gate, Verdict, Frozen)> = None;
        let mut bridges: Vec<(String, String)> = Vec::new();
        for document in documents {
            let verdict: Verdict = serde_json::from_value(document.payload)
                .map_err(|error| EngineError::Bug(format!("verdict `{}`: {error}", document.name)))?;
            let Some(gate) = Gate::from_name(&verdict.gate) else { continue };
            if verdict.scenario != scenario || verdict.decision != Decision::Promote {
                continue;
            }
            let frozen = self.frozen_as(verdict.protocol)?;
            if frozen.protocol.bridges {
                let from = frozen.protocol.previous_release().map(str::to_owned);
                bridges.extend(from.zip(frozen.protocol.scope.release));
            } else if best.as_ref().is_none_or(|(before, _, _)| gate >= *before) {
                best = Some((gate, verdict, frozen));
            }
        }
        let missing = || EngineError::NotFound { kind: "promotion of scenario", name: scenario.to_owned() };
        let (_, verdict, frozen) = best.ok_or_else(missing)?;
        let mut reached: Vec<String> = frozen.protocol.scope.release.iter().cloned().collect();
        for (from, to) in bridges {
            if reached.contains(&from) && !reached.contains(&to) {
                reached.push(to);
            }
        }
        // The first is the promoted release itself, which needs no bridge.
        Ok((verdict, frozen, reached.split_off(1.min(reached.len()))))
    }

    /// Keeps an answer that differs from the one before.
    fn keep(&self, monitoring: &Monitoring) -> Result<(), EngineError> {
        let payload = serde_json::to_value(monitoring).map_err(|error| EngineError::Bug(error.to_string()))?;
        let digest = hash_canonical(&payload).map_err(|error| EngineError::Bug(error.to_string()))?;
        let name = format!("{}/{}", monitoring.scenario, monitoring.gate);
        let before = self.block(self.catalog().document(STANDING, &name));
        let before = before.map_err(EngineError::catalog("reading the catalog"))?;
        if before.is_some_and(|before| before.digest == digest) {
            return Ok(());
        }
        self.commit(&Commit {
            documents: vec![NewDocument { kind: STANDING.to_owned(), name: name.clone(), payload, digest }],
            leaves: vec![Leaf { kind: STANDING.to_owned(), reference: name.clone(), digest }],
            note: format!("monitor `{name}`"),
            ..Commit::default()
        })?;
        Ok(())
    }
}

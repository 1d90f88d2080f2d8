//! `protocol freeze`: makes a task book unchangeable, before any data that it will judge.

use prairie_catalog::{Commit, Leaf, NewDocument};
use prairie_model::{Hash256, Nanos, hash_canonical};
use prairie_verify::gate::Gate;
use prairie_verify::protocol::{Frozen, Protocol};
use serde::{Deserialize, Serialize};

use super::receipt::now;
use crate::Engine;
use crate::error::EngineError;

/// Kind of the documents that this verb adds.
const PROTOCOL: &str = "protocol";

/// A frozen protocol as it is kept; its hash names it.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    frozen_ns: Nanos,
    attempt: u32,
    protocol: Protocol,
}

/// What was frozen.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ProtocolReport {
    /// The scenario.
    pub scenario: String,
    /// The gate.
    pub gate: String,
    /// Which attempt at this gate.
    pub attempt: u32,
    /// Since when nothing of it changes. Data from before do not count.
    pub frozen_ns: Nanos,
    /// Its hash.
    pub hash: Hash256,
    /// Whether the same was frozen before; nothing changed then.
    pub already: bool,
    /// What the endpoints ask and what that takes, in sentences.
    pub plan: Vec<String>,
    /// The protocol with every default filled in.
    pub protocol: Protocol,
}

impl Engine {
    /// Freezes a task book: checks it, fills in the gate's defaults, and puts its hash into the ledger.
    ///
    /// # Errors
    ///
    /// When no verdict by it would mean anything, with the reason.
    pub fn freeze_protocol(&self, text: &str) -> Result<ProtocolReport, EngineError> {
        let protocol = Protocol::from_toml(text).and_then(Protocol::complete);
        let protocol = protocol.map_err(|error| EngineError::Refused(error.to_string()))?;
        let name = name_of(&protocol.scenario, protocol.gate);
        let before = self.kept(&name)?;
        if let Some((kept, hash)) = before.as_ref().filter(|(kept, _)| kept.protocol == protocol) {
            return Ok(report(kept.clone(), *hash, true));
        }
        let attempt = before.map_or(1, |(kept, _)| kept.attempt + 1);
        let kept = Kept { frozen_ns: now(), attempt, protocol };
        let payload = serde_json::to_value(&kept).map_err(|error| EngineError::Bug(error.to_string()))?;
        let digest = hash_canonical(&payload).map_err(|error| EngineError::Bug(error.to_string()))?;
        self.commit(&Commit {
            documents: vec![NewDocument { kind: PROTOCOL.to_owned(), name: name.clone(), payload, digest }],
            leaves: vec![Leaf { kind: PROTOCOL.to_owned(), reference: name.clone(), digest }],
            note: format!("freeze protocol `{name}`, attempt {attempt}"),
            ..Commit::default()
        })?;
        Ok(report(kept, digest, false))
    }

    /// The protocol of a scenario and gate that was frozen last.
    pub(crate) fn frozen(&self, scenario: &str, gate: Gate) -> Result<Frozen, EngineError> {
        let name = name_of(scenario, gate);
        let (kept, hash) = self.kept(&name)?.ok_or(EngineError::NotFound { kind: "protocol", name })?;
        Ok(Frozen { protocol: kept.protocol, frozen: kept.frozen_ns, attempt: kept.attempt, hash })
    }

    fn kept(&self, name: &str) -> Result<Option<(Kept, Hash256)>, EngineError> {
        let document = self.block(self.catalog().document(PROTOCOL, name));
        let document = document.map_err(EngineError::catalog("reading the catalog"))?;
        let read = |document: prairie_catalog::Document| {
            let kept = serde_json::from_value(document.payload)
                .map_err(|error| EngineError::Bug(format!("protocol `{name}`: {error}")))?;
            Ok((kept, document.digest))
        };
        document.map(read).transpose()
    }
}

fn name_of(scenario: &str, gate: Gate) -> String {
    format!("{scenario}/{}", gate.name())
}

fn report(kept: Kept, hash: Hash256, already: bool) -> ProtocolReport {
    ProtocolReport {
        scenario: kept.protocol.scenario.clone(),
        gate: kept.protocol.gate.name().to_owned(),
        attempt: kept.attempt,
        frozen_ns: kept.frozen_ns,
        hash,
        already,
        plan: prairie_verify::plan::sentences(&kept.protocol, kept.attempt),
        protocol: kept.protocol,
    }
}

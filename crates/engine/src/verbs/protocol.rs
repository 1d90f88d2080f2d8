//! `protocol freeze`: makes a task book unchangeable, before any data that it will judge.

use prairie_catalog::{Before, Commit, Leaf, NewDocument};
use prairie_model::{Hash256, Nanos, hash_canonical};
use prairie_verify::evidence::Registered;
use prairie_verify::gate::Gate;
use prairie_verify::protocol::{Frozen, Protocol};
use serde::{Deserialize, Serialize};
use serde_json::Value;

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
        self.freeze_protocol_at(text, now())
    }

    /// As [`Engine::freeze_protocol`] by another clock: for tests that freeze the same twice.
    #[doc(hidden)]
    pub fn freeze_protocol_at(&self, text: &str, frozen_ns: Nanos) -> Result<ProtocolReport, EngineError> {
        let protocol = Protocol::from_toml(text).and_then(Protocol::complete);
        let protocol = protocol.map_err(|error| EngineError::Refused(error.to_string()))?;
        let name = name_of(&protocol.scenario, protocol.gate);
        self.must_write("freezing the protocol")?;
        // What is kept has the canonical form, in which floats have twelve digits.
        let canonical = |protocol: &Protocol| {
            hash_canonical(protocol).map_err(|error| EngineError::Bug(format!("protocol `{name}`: {error}")))
        };
        loop {
            let latest = self.kept(&name)?;
            if let Some((kept, hash)) = &latest
                && canonical(&kept.protocol)? == canonical(&protocol)?
            {
                return Ok(report(kept.clone(), *hash, true));
            }
            let (attempt, before) = match &latest {
                Some((kept, hash)) => (kept.attempt + 1, Before::Version(*hash)),
                None => (1, Before::Nothing),
            };
            let kept = Kept { frozen_ns, attempt, protocol: protocol.clone() };
            let payload = serde_json::to_value(&kept).map_err(|error| EngineError::Bug(error.to_string()))?;
            let digest = hash_canonical(&payload).map_err(|error| EngineError::Bug(error.to_string()))?;
            let committed = self.commit_first(&Commit {
                documents: vec![NewDocument { kind: PROTOCOL.to_owned(), name: name.clone(), payload, digest }],
                leaves: vec![Leaf { kind: PROTOCOL.to_owned(), reference: name.clone(), digest }],
                note: format!("freeze protocol `{name}`, attempt {attempt}"),
                before,
                ..Commit::default()
            })?;
            // Where somebody froze another one in between, this is one attempt more: each attempt spends its share of alpha.
            if committed.is_some() {
                return Ok(report(kept, digest, false));
            }
        }
    }

    /// The protocol of a scenario and gate that was frozen last.
    pub(crate) fn frozen(&self, scenario: &str, gate: Gate) -> Result<Frozen, EngineError> {
        let name = name_of(scenario, gate);
        let (kept, hash) = self.kept(&name)?.ok_or(EngineError::NotFound { kind: "protocol", name })?;
        Ok(Frozen { protocol: kept.protocol, frozen: kept.frozen_ns, attempt: kept.attempt, hash })
    }

    /// Every protocol that was frozen for some of these stations.
    pub(super) fn frozen_for(&self, stations: &[String]) -> Result<Vec<Registered>, EngineError> {
        let documents = self.block(self.catalog().documents(PROTOCOL));
        let mut registered = Vec::new();
        for document in documents.map_err(EngineError::catalog("reading the catalog"))? {
            let kept: Kept = serde_json::from_value(document.payload)
                .map_err(|error| EngineError::Bug(format!("protocol `{}`: {error}", document.name)))?;
            if kept.protocol.scope.stations.iter().any(|station| stations.contains(station)) {
                registered.push(Registered {
                    frozen: kept.frozen_ns,
                    scenario: kept.protocol.scenario,
                    gate: kept.protocol.gate.name().to_owned(),
                    attempt: kept.attempt,
                    hash: document.digest,
                });
            }
        }
        Ok(registered)
    }

    /// The protocol of that hash, however often others were frozen since.
    pub(super) fn frozen_as(&self, hash: Hash256) -> Result<Frozen, EngineError> {
        let documents = self.block(self.catalog().documents(PROTOCOL));
        let documents = documents.map_err(EngineError::catalog("reading the catalog"))?;
        let missing = || EngineError::NotFound { kind: "protocol", name: hash.to_string() };
        let document = documents.into_iter().find(|document| document.digest == hash).ok_or_else(missing)?;
        let kept: Kept = serde_json::from_value(document.payload)
            .map_err(|error| EngineError::Bug(format!("protocol `{}`: {error}", document.name)))?;
        Ok(Frozen { protocol: kept.protocol, frozen: kept.frozen_ns, attempt: kept.attempt, hash })
    }

    /// The protocol with that hash, as it is kept: of any attempt.
    pub(crate) fn frozen_document(&self, hash: Hash256) -> Result<Option<Value>, EngineError> {
        let documents = self.block(self.catalog().documents(PROTOCOL));
        let documents = documents.map_err(EngineError::catalog("reading the catalog"))?;
        Ok(documents.into_iter().find(|document| document.digest == hash).map(|document| document.payload))
    }

    fn kept(&self, name: &str) -> Result<Option<(Kept, Hash256)>, EngineError> {
        let document = self.block(self.catalog().document(PROTOCOL, name));
        let document = document.map_err(EngineError::catalog("reading the catalog"))?;
        let read = |document: prairie_catalog::Document| {
            let found = hash_canonical(&document.payload).map_err(|error| EngineError::Bug(error.to_string()))?;
            if found != document.digest {
                let digest = document.digest;
                return Err(EngineError::Refused(format!(
                    "protocol `{name}` was edited in the store: its hash is {found}, and it was frozen as {digest}"
                )));
            }
            let kept = serde_json::from_value(document.payload)
                .map_err(|error| EngineError::Bug(format!("protocol `{name}`: {error}")))?;
            Ok((kept, document.digest))
        };
        document.map(read).transpose()
    }
}

/// A frozen protocol from its document.
///
/// # Errors
///
/// When the document is none, or does not have that hash.
pub(crate) fn frozen_from(document: &Value, hash: Hash256) -> Result<Frozen, String> {
    let found = hash_canonical(document).map_err(|error| error.to_string())?;
    if found != hash {
        return Err(format!("its hash is {found}, and the verdict names {hash}"));
    }
    let kept: Kept = serde_json::from_value(document.clone()).map_err(|error| error.to_string())?;
    Ok(Frozen { protocol: kept.protocol, frozen: kept.frozen_ns, attempt: kept.attempt, hash })
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

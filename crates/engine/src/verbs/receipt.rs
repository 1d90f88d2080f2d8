//! `receipt`: prints, checks and countersigns the signed decision on an episode.

use std::collections::BTreeMap;
use std::path::Path;

use prairie_ledger::{Envelope, PrivateKey, PublicKey, RECEIPT_TYPE};
use prairie_model::{Decision, EpisodeId, Hash256, Nanos, ReceiptPayload, StreamBatch, canonical_json, manifest_hash};
use prairie_quality::{CHECKS, History, Need};
use prairie_store::PathSource;
use serde::Serialize;
use serde_json::Value;

use crate::Engine;
use crate::cells::{Cells, literal};
use crate::error::EngineError;
use crate::inspect::{InspectSink, InspectedEpisode, inspect};
use crate::options::InspectOptions;
use crate::progress::Progress;

/// A receipt that was just signed.
pub(crate) struct SignedReceipt {
    /// Hash of the payload.
    pub(crate) hash: Hash256,
    /// The envelope as JSON.
    pub(crate) envelope: String,
    /// When it was signed.
    pub(crate) issued: Nanos,
}

/// What a check of a receipt came to.
#[derive(Debug, Clone, Serialize)]
pub struct ReceiptCheck {
    /// The episode.
    pub episode: EpisodeId,
    /// The decision.
    pub decision: Decision,
    /// Every signature.
    pub signatures: Vec<SignatureCheck>,
    /// What differs between the receipt and what the recording gives now; `None` when the recording was not given.
    pub recomputed: Option<Vec<String>>,
    /// Checks that only the store can recompute, since they look at other episodes.
    pub not_recomputable: Vec<String>,
}

/// One signature of a receipt.
#[derive(Debug, Clone, Serialize)]
pub struct SignatureCheck {
    /// Id of its key.
    pub key_id: String,
    /// Whether a trusted key made it over exactly this payload.
    pub verified: bool,
    /// Whether the key is among the trusted ones at all.
    pub trusted: bool,
}

impl ReceiptCheck {
    /// Whether at least one trusted signature verifies, none is broken, and nothing differs.
    pub fn holds(&self) -> bool {
        self.signatures.iter().any(|signature| signature.verified)
            && self.signatures.iter().all(|signature| signature.verified || !signature.trusted)
            && self.recomputed.as_ref().is_none_or(Vec::is_empty)
    }
}

impl Engine {
    /// Signs a payload with the store's key.
    pub(crate) fn sign_receipt(&self, payload: &ReceiptPayload) -> Result<SignedReceipt, EngineError> {
        let text = canonical_json(payload).map_err(|error| EngineError::Bug(error.to_string()))?;
        let mut envelope = Envelope::sign(text.into_bytes(), self.key.private());
        let issued = now();
        envelope.issued_ns = Some(issued);
        envelope.issuer.clone_from(&self.issuer);
        Ok(SignedReceipt { hash: envelope.digest(), envelope: envelope.to_json(), issued })
    }

    /// The latest receipt of the episode whose id begins with `prefix`, as JSON.
    ///
    /// # Errors
    ///
    /// When there is no such episode.
    pub fn receipt(&self, prefix: &str) -> Result<String, EngineError> {
        let id = self.find_episode(prefix)?;
        let mut text = self.envelope(id)?;
        text.push('\n');
        Ok(text)
    }

    fn envelope(&self, id: EpisodeId) -> Result<String, EngineError> {
        let sql = format!(
            "SELECT envelope FROM receipts WHERE episode_id = {} ORDER BY revision DESC, issued_ns DESC LIMIT 1",
            literal(&id.to_string())
        );
        let batches = self.run_sql(&sql, None)?.1;
        let batch = batches.iter().find(|batch| batch.num_rows() > 0);
        let text = batch.map(Cells::of).transpose()?.and_then(|cells| cells.text("envelope", 0));
        text.ok_or_else(|| EngineError::NotFound { kind: "receipt", name: id.to_string() })
    }

    /// The payload of the latest receipt of an episode.
    pub(crate) fn receipt_payload(&self, id: EpisodeId) -> Result<ReceiptPayload, EngineError> {
        payload(&open(&self.envelope(id)?)?)
    }

    /// The store's public key, as PEM.
    pub fn public_key(&self) -> String {
        self.key.public().to_pem()
    }

    /// Adds the store's signature to a receipt.
    ///
    /// # Errors
    ///
    /// When the text is no receipt.
    pub fn countersign(&self, text: &str) -> Result<String, EngineError> {
        add_signature(text, self.key.private())
    }
}

/// Adds the signature of the private key in `key` to a receipt.
///
/// # Errors
///
/// When a text is not what it should be.
pub fn countersign(text: &str, key: &str) -> Result<String, EngineError> {
    let key = PrivateKey::from_text(key).map_err(|error| EngineError::invalid("the key", error))?;
    add_signature(text, &key)
}

fn add_signature(text: &str, key: &PrivateKey) -> Result<String, EngineError> {
    let mut envelope = open(text)?;
    payload(&envelope)?;
    envelope.countersign(key);
    let mut text = envelope.to_json();
    text.push('\n');
    Ok(text)
}

/// Verifies a receipt offline against the public keys in `keys`; with `recording` it also recomputes every number.
///
/// # Errors
///
/// When the text is no receipt, a key is no key, or the recording is another one or cannot be read.
pub fn check_receipt(
    text: &str,
    keys: &[String],
    recording: Option<&Path>,
    mapping: Option<&str>,
    profile: Option<&str>,
    progress: &dyn Progress,
) -> Result<ReceiptCheck, EngineError> {
    let envelope = open(text)?;
    let payload = payload(&envelope)?;
    let keys: Vec<PublicKey> = keys
        .iter()
        .map(|key| PublicKey::from_text(key).map_err(|error| EngineError::invalid("a key", error)))
        .collect::<Result<_, _>>()?;
    let verification = envelope.verify(&keys);
    let signatures = envelope
        .signatures
        .iter()
        .map(|signature| SignatureCheck {
            key_id: signature.keyid.to_string(),
            verified: verification.valid.contains(&signature.keyid) && !verification.invalid.contains(&signature.keyid),
            trusted: keys.iter().any(|key| key.id() == signature.keyid),
        })
        .collect();
    let mut check = ReceiptCheck {
        episode: payload.episode,
        decision: payload.decision,
        signatures,
        recomputed: None,
        not_recomputable: Vec::new(),
    };
    if let Some(path) = recording {
        let again = recompute(&payload, path, mapping, profile, progress)?;
        check.not_recomputable = store_only();
        check.recomputed = Some(differences(&payload, &again, &check.not_recomputable)?);
    }
    Ok(check)
}

/// Codes of checks that look at other episodes of the store.
fn store_only() -> Vec<String> {
    let needs = |check: &&&prairie_quality::Check| check.doc().needs.contains(&Need::History);
    CHECKS.iter().filter(needs).map(|check| check.doc().code.to_owned()).collect()
}

fn open(text: &str) -> Result<Envelope, EngineError> {
    Envelope::from_json(text).map_err(|error| EngineError::invalid("the receipt", crate::error::chain(&error)))
}

fn payload(envelope: &Envelope) -> Result<ReceiptPayload, EngineError> {
    let bytes = envelope.payload_of_type(RECEIPT_TYPE).map_err(|error| EngineError::invalid("the receipt", error))?;
    serde_json::from_slice(bytes).map_err(|error| EngineError::invalid("the receipt's payload", error))
}

/// The receipt that the recording gives now.
fn recompute(
    receipt: &ReceiptPayload,
    path: &Path,
    mapping: Option<&str>,
    profile: Option<&str>,
    progress: &dyn Progress,
) -> Result<ReceiptPayload, EngineError> {
    if receipt.derivation.parent.is_some() {
        return Err(EngineError::Refused(
            "a repaired episode is recomputed from its parent's receipt, which this one names".to_owned(),
        ));
    }
    let name = path.display().to_string();
    let failed = |source| EngineError::Open { path: name.clone(), source };
    let source = PathSource::open(path).map_err(failed)?;
    let mut files = Vec::new();
    for (index, file) in prairie_model::Source::files(&source).iter().enumerate() {
        let (object, _) = prairie_store::hash_file(&source, index, &|_| {}).map_err(failed)?;
        files.push((file.path.clone(), file.size, Hash256::from_bytes(*object.as_bytes())));
    }
    let id = manifest_hash(files.iter().map(|(path, size, hash)| (path.as_str(), *size, *hash)));
    if id != receipt.derivation.recording {
        return Err(EngineError::Refused(format!(
            "`{name}` is recording {id}, and the receipt is about {}",
            receipt.derivation.recording
        )));
    }
    let video = !receipt
        .checks
        .iter()
        .any(|check| check.reason.as_deref().is_some_and(|reason| reason.contains("not decoded")));
    let options = InspectOptions::new(mapping, profile, receipt.derivation.overrides.clone(), video)?;
    if options.mapping.hash() != receipt.derivation.mapping {
        return Err(EngineError::Refused(format!(
            "the receipt used mapping {}, and this one is {}",
            receipt.derivation.mapping,
            options.mapping.hash()
        )));
    }
    if options.profile.hash() != receipt.profile {
        return Err(EngineError::Refused(format!(
            "the receipt used profile {} `{}`, and this one is {}",
            receipt.profile,
            receipt.profile_name,
            options.profile.hash()
        )));
    }
    let mut sink = Recompute { receipt, options: &options, found: None };
    inspect(&name, &source, &options, &History::default(), &mut sink, progress)?;
    sink.found.ok_or_else(|| EngineError::NotFound { kind: "episode", name: receipt.episode.to_string() })
}

/// Keeps the receipt of the one episode.
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
        let id = derivation.id().map_err(|error| EngineError::Bug(error.to_string()))?;
        let id = EpisodeId::derive(id, &inspected.draft.episode.ordinal.to_string());
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

/// Where two payloads differ, by path. Results and findings of `skipped` checks are not compared.
fn differences(
    receipt: &ReceiptPayload,
    again: &ReceiptPayload,
    skipped: &[String],
) -> Result<Vec<String>, EngineError> {
    let flat = |payload: &ReceiptPayload| -> Result<BTreeMap<String, String>, EngineError> {
        let mut payload = payload.clone();
        payload.checks.retain(|check| !skipped.contains(&check.code));
        payload.findings.retain(|finding| !skipped.contains(&finding.code));
        // Through the canonical form, so that numbers are compared at twelve digits.
        let text = canonical_json(&payload).map_err(|error| EngineError::Bug(error.to_string()))?;
        let value: Value = serde_json::from_str(&text).map_err(|error| EngineError::Bug(error.to_string()))?;
        let mut leaves = BTreeMap::new();
        flatten("", &value, &mut leaves);
        Ok(leaves)
    };
    let (one, two) = (flat(receipt)?, flat(again)?);
    let absent = "absent".to_owned();
    let paths: std::collections::BTreeSet<&String> = one.keys().chain(two.keys()).collect();
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

fn flatten(path: &str, value: &Value, leaves: &mut BTreeMap<String, String>) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Value::Object(members) => members.iter().for_each(|(key, value)| flatten(&below(key), value, leaves)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, value)| flatten(&below(&at.to_string()), value, leaves));
        }
        leaf => {
            leaves.insert(path.to_owned(), leaf.to_string());
        }
    }
}

/// The time of day. A clock before 1970 or after 2262 gives the nearest end.
fn now() -> Nanos {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

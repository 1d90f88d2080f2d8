//! `receipt`: prints, checks and countersigns the signed decision on an episode.

use std::path::Path;

use prairie_ledger::{Envelope, PrivateKey, PublicKey, RECEIPT_TYPE};
use prairie_model::{Decision, EpisodeId, Hash256, Nanos, ReceiptPayload, canonical_json};
use serde::Serialize;

use super::ledger::note_keys;
use crate::Engine;
use crate::cells::{Cells, literal};
use crate::error::EngineError;
use crate::progress::Progress;
use crate::recompute;

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
    /// Whether the receipt comes with a proof that it is in a ledger, and what is wrong with it; `None` where it comes without.
    pub ledger: Option<LedgerState>,
    /// What differs between the receipt and what it is about gives now; `None` when nothing was there to recompute it from.
    pub recomputed: Option<Vec<String>>,
    /// What it was recomputed from: `recording`, or `stored parent` for a repaired episode.
    pub recomputed_from: Option<&'static str>,
    /// Checks whose results were not recomputed: they depend on what else was in the store when the receipt was issued. Nothing
    /// is known about them but what the receipt says.
    pub not_recomputable: Vec<String>,
}

/// What the proof that comes with a receipt is worth.
#[derive(Debug, Clone, Serialize)]
pub struct LedgerState {
    /// The leaf.
    pub leaf: u64,
    /// Why the receipt is not shown to be there; `None` where it is.
    pub wrong: Option<String>,
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

impl SignatureCheck {
    /// What became of it, in words.
    pub fn word(&self) -> &'static str {
        match (self.verified, self.trusted) {
            (true, _) => "verified",
            (false, true) => "broken: this key did not sign this payload",
            (false, false) => "unknown: its key was not given",
        }
    }
}

impl ReceiptCheck {
    /// Whether at least one trusted signature verifies, none is broken, and nothing differs.
    pub fn holds(&self) -> bool {
        self.signatures.iter().any(|signature| signature.verified)
            && self.signatures.iter().all(|signature| signature.verified || !signature.trusted)
            && self.ledger.as_ref().is_none_or(|ledger| ledger.wrong.is_none())
            && self.recomputed.as_ref().is_none_or(Vec::is_empty)
    }
}

impl Engine {
    /// Signs a payload with the store's key.
    pub(crate) fn sign_receipt(&self, payload: &ReceiptPayload) -> Result<SignedReceipt, EngineError> {
        let text = canonical_json(payload).map_err(|error| EngineError::Bug(error.to_string()))?;
        let mut envelope = Envelope::sign(text.into_bytes(), self.key()?.private());
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
    ///
    /// # Errors
    ///
    /// When the key cannot be read.
    pub fn public_key(&self) -> Result<String, EngineError> {
        Ok(self.key()?.public().to_pem())
    }

    /// Verifies a receipt as [`check_receipt`] does. That of a repaired episode is also recomputed, from the stored rows of the
    /// episode that it was made from, where this store has them. Without `keys` the store's own key is trusted.
    ///
    /// # Errors
    ///
    /// As [`check_receipt`].
    pub fn check_receipt(
        &self,
        text: &str,
        keys: &[String],
        profile: Option<&str>,
    ) -> Result<ReceiptCheck, EngineError> {
        let own = if keys.is_empty() { vec![self.public_key()?] } else { Vec::new() };
        let (payload, mut check) = verify(text, if keys.is_empty() { &own } else { keys })?;
        if let Some(differences) = self.recompute_from_parent(&payload, profile)? {
            check.recomputed = Some(differences);
            check.recomputed_from = Some("stored parent");
            check.not_recomputable = recompute::store_only();
        }
        Ok(check)
    }

    /// Adds the store's signature to a receipt.
    ///
    /// # Errors
    ///
    /// When the text is no receipt.
    pub fn countersign(&self, text: &str) -> Result<String, EngineError> {
        let own = self.key()?.public();
        let envelope = open(text)?;
        if envelope.verify(std::slice::from_ref(&own)).invalid.contains(&own.id()) {
            return Err(EngineError::Refused(
                "the receipt says that this store signed it, and it did not sign this payload".to_owned(),
            ));
        }
        add_signature(text, self.key()?.private())
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
/// When the text is no receipt, a key is no key, or the recording cannot be read or gives no such episode.
pub fn check_receipt(
    text: &str,
    keys: &[String],
    recording: Option<&Path>,
    mapping: Option<&str>,
    profile: Option<&str>,
    progress: &dyn Progress,
) -> Result<ReceiptCheck, EngineError> {
    let (payload, mut check) = verify(text, keys)?;
    if let Some(path) = recording {
        check.recomputed = Some(recompute::from_recording(&payload, path, mapping, profile, progress)?);
        check.recomputed_from = Some("recording");
        check.not_recomputable = recompute::store_only();
    }
    Ok(check)
}

/// What the signatures of a receipt are worth.
fn verify(text: &str, keys: &[String]) -> Result<(ReceiptPayload, ReceiptCheck), EngineError> {
    let envelope = open(text)?;
    let payload = payload(&envelope)?;
    let signatures = signatures(&envelope, keys)?;
    let trusted = note_keys(keys)?;
    let wrong = envelope.check_place(&trusted).err().map(|error| crate::error::chain(&error));
    let ledger = envelope.ledger.as_ref().map(|place| LedgerState { leaf: place.seq, wrong });
    let check = ReceiptCheck {
        episode: payload.episode,
        decision: payload.decision,
        signatures,
        ledger,
        recomputed: None,
        recomputed_from: None,
        not_recomputable: Vec::new(),
    };
    Ok((payload, check))
}

/// What each signature of an envelope is worth to whoever trusts these public keys.
pub(crate) fn signatures(envelope: &Envelope, keys: &[String]) -> Result<Vec<SignatureCheck>, EngineError> {
    let keys: Vec<PublicKey> = keys
        .iter()
        .map(|key| PublicKey::from_text(key).map_err(|error| EngineError::invalid("a key", error)))
        .collect::<Result<_, _>>()?;
    let verification = envelope.verify(&keys);
    let check = |signature: &prairie_ledger::Signature| SignatureCheck {
        key_id: signature.keyid.to_string(),
        verified: verification.valid.contains(&signature.keyid) && !verification.invalid.contains(&signature.keyid),
        trusted: keys.iter().any(|key| key.id() == signature.keyid),
    };
    Ok(envelope.signatures.iter().map(check).collect())
}

fn open(text: &str) -> Result<Envelope, EngineError> {
    Envelope::from_json(text).map_err(|error| EngineError::invalid("the receipt", crate::error::chain(&error)))
}

fn payload(envelope: &Envelope) -> Result<ReceiptPayload, EngineError> {
    let bytes = envelope.payload_of_type(RECEIPT_TYPE).map_err(|error| EngineError::invalid("the receipt", error))?;
    serde_json::from_slice(bytes).map_err(|error| EngineError::invalid("the receipt's payload", error))
}

/// Whether pictures were decoded for the checks of a receipt.
pub(crate) fn saw_pictures(receipt: &ReceiptPayload) -> bool {
    !receipt.checks.iter().any(|check| check.reason.as_deref() == Some(prairie_quality::NOT_DECODED))
}

/// The time of day. A clock before 1970 or after 2262 gives the nearest end.
pub(crate) fn now() -> Nanos {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

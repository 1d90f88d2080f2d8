//! Signed payloads: DSSE, the Dead Simple Signing Envelope 1.0.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prairie_model::{Hash256, Nanos};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::place::LedgerPlace;
use crate::{KeyId, PrivateKey, PublicKey};

/// Type of the payload of a receipt.
pub const RECEIPT_TYPE: &str = "application/vnd.prairie.receipt+json";

/// Type of the payload of a verdict.
pub const VERDICT_TYPE: &str = "application/vnd.prairie.verdict+json";

/// No envelope is longer. The longest receipt has thousands of findings of a few hundred bytes.
const TEXT_MAX: usize = 256 << 20;

/// Signatures that one envelope may hold.
const SIGNATURES_MAX: usize = 64;

/// A text is no envelope.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// Not the JSON of an envelope.
    #[error("failed to read the envelope")]
    NotJson(#[source] serde_json::Error),
    /// Too long, or too many signatures.
    #[error("the envelope has {found} {what}, and {limit} are allowed")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many.
        found: usize,
        /// How many are allowed.
        limit: usize,
    },
    /// The envelope holds a payload of another type.
    #[error("the envelope holds a payload of type `{0}`")]
    OtherType(String),
}

/// One signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// Which key is said to have made it. A hint: only a key that the verifier has counts.
    pub keyid: KeyId,
    /// 64 bytes, in JSON as base64.
    #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")]
    pub sig: Vec<u8>,
}

/// A payload and its signatures. What stands beside the payload (`issuer`, `issued_ns`, `ledger`) is not signed: it says
/// when and where, and nothing may be decided by it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// What the payload is.
    #[serde(rename = "payloadType")]
    pub payload_type: String,
    /// The bytes that were signed, in JSON as base64.
    #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")]
    pub payload: Vec<u8>,
    /// In the order in which they were made.
    pub signatures: Vec<Signature>,
    /// Who issued it, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// When it was issued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_ns: Option<Nanos>,
    /// The frozen protocol that a verdict names by its hash, so that it can be recomputed without the store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<serde_json::Value>,
    /// The leaf of that protocol, from the day on which it was frozen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol_ledger: Option<LedgerPlace>,
    /// Its leaf.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger: Option<LedgerPlace>,
}

/// What became of each signature.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// Signed by these of the given keys.
    pub valid: Vec<KeyId>,
    /// Signatures that name a given key and are not that key's.
    pub invalid: Vec<KeyId>,
    /// Signatures by keys that were not given. They say nothing.
    pub unknown: Vec<KeyId>,
}

impl Verification {
    /// Whether a given key signed, and no signature is forged.
    pub fn is_signed(&self) -> bool {
        !self.valid.is_empty() && self.invalid.is_empty()
    }
}

fn to_base64<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(bytes))
}

fn from_base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    STANDARD.decode(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}

/// The bytes that are signed: DSSE's pre-authentication encoding, so that a payload of one type never passes for another.
fn pre_authentication(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

impl Envelope {
    /// Signs the canonical JSON of a receipt's payload.
    pub fn sign(payload: Vec<u8>, key: &PrivateKey) -> Self {
        Self::sign_as(RECEIPT_TYPE, payload, key)
    }

    /// Signs a payload of another type.
    pub fn sign_as(payload_type: &str, payload: Vec<u8>, key: &PrivateKey) -> Self {
        let mut envelope = Self {
            payload_type: payload_type.to_owned(),
            payload,
            signatures: Vec::new(),
            issuer: None,
            issued_ns: None,
            protocol: None,
            protocol_ledger: None,
            ledger: None,
        };
        envelope.countersign(key);
        envelope
    }

    /// Adds a signature; false when the key has signed already.
    pub fn countersign(&mut self, key: &PrivateKey) -> bool {
        let public = key.public();
        if self.verify(std::slice::from_ref(&public)).valid.contains(&public.id()) {
            return false;
        }
        let sig = key.sign(&pre_authentication(&self.payload_type, &self.payload)).to_vec();
        self.signatures.push(Signature { keyid: public.id(), sig });
        true
    }

    /// Checks every signature against the given keys. Whether they suffice is the caller's to say.
    pub fn verify(&self, keys: &[PublicKey]) -> Verification {
        let message = pre_authentication(&self.payload_type, &self.payload);
        let mut result = Verification::default();
        for signature in &self.signatures {
            let list = match keys.iter().find(|key| key.id() == signature.keyid) {
                None => &mut result.unknown,
                Some(key) => match <&[u8; 64]>::try_from(signature.sig.as_slice()) {
                    Ok(bytes) if key.verify(&message, bytes) => &mut result.valid,
                    _ => &mut result.invalid,
                },
            };
            if !list.contains(&signature.keyid) {
                list.push(signature.keyid.clone());
            }
        }
        result
    }

    /// Hash of the payload: what the ledger's leaf is made from.
    pub fn digest(&self) -> Hash256 {
        Hash256::of(&self.payload)
    }

    /// The payload, when it is of that type.
    pub fn payload_of_type(&self, payload_type: &str) -> Result<&[u8], EnvelopeError> {
        if self.payload_type == payload_type {
            Ok(&self.payload)
        } else {
            Err(EnvelopeError::OtherType(self.payload_type.chars().take(80).collect()))
        }
    }

    /// The envelope as JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("texts, numbers and lists of texts always have a JSON form")
    }

    /// Reads an envelope. Fields it does not know are left out.
    pub fn from_json(text: &str) -> Result<Self, EnvelopeError> {
        let limit = |what, found, limit| {
            if found > limit { Err(EnvelopeError::TooMany { what, found, limit }) } else { Ok(()) }
        };
        limit("bytes", text.len(), TEXT_MAX)?;
        let envelope: Self = serde_json::from_str(text).map_err(EnvelopeError::NotJson)?;
        limit("signatures", envelope.signatures.len(), SIGNATURES_MAX)?;
        limit("hashes in its proof", envelope.ledger.as_ref().map_or(0, |place| place.proof.len()), 64)?;
        Ok(envelope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(seed: u8) -> PrivateKey {
        PrivateKey::from_seed([seed; 32])
    }

    #[test]
    fn the_encoding_is_that_of_the_specification() {
        // The example of https://github.com/secure-systems-lab/dsse/blob/master/protocol.md.
        let bytes = pre_authentication("http://example.com/HelloWorld", b"hello world");
        assert_eq!(bytes, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    }

    #[test]
    fn both_sides_sign_and_the_text_survives() {
        let mut envelope = Envelope::sign(b"{}".to_vec(), &key(1));
        envelope.issued_ns = Some(Nanos(i64::MAX));
        assert!(envelope.countersign(&key(2)));
        assert!(!envelope.countersign(&key(2)), "once is enough");
        let back = Envelope::from_json(&envelope.to_json()).unwrap();
        assert_eq!(back, envelope);
        let result = back.verify(&[key(1).public(), key(2).public()]);
        assert_eq!(result.valid, [key(1).public().id(), key(2).public().id()]);
        assert!(result.is_signed());
    }

    #[test]
    fn a_stranger_proves_nothing_and_a_forgery_spoils_all() {
        let mut envelope = Envelope::sign(b"{}".to_vec(), &key(1));
        let stranger = envelope.verify(&[key(3).public()]);
        assert_eq!((stranger.valid.len(), stranger.unknown.len(), stranger.is_signed()), (0, 1, false));
        envelope.countersign(&key(2));
        envelope.payload = b"{ }".to_vec();
        assert!(!envelope.verify(&[key(1).public(), key(2).public()]).is_signed());
        envelope.payload = b"{}".to_vec();
        envelope.payload_type = "text/plain".to_owned();
        assert_eq!(envelope.verify(&[key(1).public()]).invalid.len(), 1, "the type is signed too");
        envelope.payload_type = RECEIPT_TYPE.to_owned();
        envelope.signatures[1].sig.pop();
        assert!(!envelope.verify(&[key(1).public(), key(2).public()]).is_signed());
        assert!(envelope.verify(&[key(1).public()]).is_signed(), "whoever does not know the second does not judge it");
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "{}", "[]", r#"{"payloadType":"x","payload":"%","signatures":[]}"#] {
            assert!(Envelope::from_json(text).is_err(), "{text}");
        }
        let one = r#"{"keyid":"a","sig":""}"#;
        let many = format!(r#"{{"payloadType":"x","payload":"","signatures":[{}]}}"#, vec![one; 65].join(","));
        assert!(matches!(Envelope::from_json(&many), Err(EnvelopeError::TooMany { found: 65, .. })));
    }
}

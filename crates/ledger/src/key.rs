//! Ed25519 keys and the texts that hold them.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use prairie_model::Hash256;
use serde::{Deserialize, Serialize};

/// DER before the 32 bytes of the seed: PKCS #8, version 1, Ed25519 (RFC 8410, section 7).
const PRIVATE_PREFIX: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// DER before the 32 bytes of the key: SubjectPublicKeyInfo, Ed25519 (RFC 8410, section 4).
const PUBLIC_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0];

/// No key file is longer.
const TEXT_MAX: usize = 4096;

/// A text holds no key, or the system cannot make one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Neither PEM nor 64 hexadecimal digits.
    #[error("expected an Ed25519 {0} key as PEM or as 64 hexadecimal digits")]
    NotAKey(&'static str),
    /// The bytes are no point of the curve, or one that verifies anything.
    #[error("the public key is not a usable point of the curve")]
    BadPoint,
    /// The system has no random numbers.
    #[error("failed to get random bytes from the system: {0}")]
    Random(String),
}

/// Names a public key: the first 16 hexadecimal digits of its SHA-256.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyId(String);

impl KeyId {
    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Verifies signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// The key with these bytes.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        let key = VerifyingKey::from_bytes(bytes).map_err(|_error| KeyError::BadPoint)?;
        // A weak key verifies one signature for many messages.
        if key.is_weak() { Err(KeyError::BadPoint) } else { Ok(Self(key)) }
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// Its name.
    pub fn id(&self) -> KeyId {
        KeyId(Hash256::of(self.as_bytes()).to_string().chars().take(16).collect())
    }

    /// Reads a file's text: PEM (`BEGIN PUBLIC KEY`) or 64 hexadecimal digits.
    pub fn from_text(text: &str) -> Result<Self, KeyError> {
        let bytes = read_text(text, "PUBLIC KEY", &PUBLIC_PREFIX).ok_or(KeyError::NotAKey("public"))?;
        Self::from_bytes(&bytes)
    }

    /// The key as PEM.
    pub fn to_pem(&self) -> String {
        pem("PUBLIC KEY", &PUBLIC_PREFIX, self.as_bytes())
    }

    /// Whether the signature is this key's over `message`. Strict: no weak keys, no second form of a signature.
    pub fn verify(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.0.verify_strict(message, &ed25519_dalek::Signature::from_bytes(signature)).is_ok()
    }
}

/// Signs. Its `Debug` shows the public half only.
#[derive(Clone)]
pub struct PrivateKey(SigningKey);

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({})", self.public().id())
    }
}

impl PrivateKey {
    /// A new key from the system's random numbers.
    pub fn generate() -> Result<Self, KeyError> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|error| KeyError::Random(error.to_string()))?;
        Ok(Self::from_seed(seed))
    }

    /// The key of a seed.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(SigningKey::from_bytes(&seed))
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// Reads a file's text: PEM (`BEGIN PRIVATE KEY`, PKCS #8 version 1, as OpenSSL writes it) or 64 hexadecimal digits.
    pub fn from_text(text: &str) -> Result<Self, KeyError> {
        read_text(text, "PRIVATE KEY", &PRIVATE_PREFIX).map(Self::from_seed).ok_or(KeyError::NotAKey("private"))
    }

    /// The key as PEM. A secret: the file that holds it must be the owner's alone.
    pub fn to_pem(&self) -> String {
        pem("PRIVATE KEY", &PRIVATE_PREFIX, self.0.as_bytes())
    }

    /// Signs `message`.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

fn pem(label: &str, prefix: &[u8], key: &[u8; 32]) -> String {
    let text = STANDARD.encode([prefix, key].concat());
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}

fn read_text(text: &str, label: &str, prefix: &[u8]) -> Option<[u8; 32]> {
    if text.len() > TEXT_MAX {
        return None;
    }
    let text = text.trim();
    if let Ok(id) = text.to_ascii_lowercase().parse::<Hash256>() {
        return Some(*id.as_bytes());
    }
    let (begin, end) = (format!("-----BEGIN {label}-----"), format!("-----END {label}-----"));
    let body: String = text.split_once(&begin)?.1.split_once(&end)?.0.split_whitespace().collect();
    let der = STANDARD.decode(body).ok()?;
    der.strip_prefix(prefix)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 8410, section 10.1 and 10.3.
    const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";
    const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";

    #[test]
    fn the_keys_of_rfc_8410_are_read_and_written() {
        let private = PrivateKey::from_text(PRIVATE).unwrap();
        let public = PublicKey::from_text(PUBLIC).unwrap();
        assert_eq!(private.public(), public);
        assert_eq!((private.to_pem(), public.to_pem()), (PRIVATE.to_owned(), PUBLIC.to_owned()));
    }

    #[test]
    fn the_first_vector_of_rfc_8032_is_signed_the_same() {
        let key = PrivateKey::from_text("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60\n").unwrap();
        let public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
        assert_eq!(PublicKey::from_text(public).unwrap(), key.public());
        let signature = key.sign(b"");
        assert_eq!(signature[..4], [0xe5, 0x56, 0x43, 0x00]);
        assert!(key.public().verify(b"", &signature));
        assert!(!key.public().verify(b"x", &signature));
    }

    #[test]
    fn secrets_are_not_printed_and_other_texts_are_refused() {
        let key = PrivateKey::generate().unwrap();
        assert_eq!(format!("{key:?}"), format!("PrivateKey({})", key.public().id()));
        assert_eq!(key.public().id().as_str().len(), 16);
        for text in ["", "abc", PUBLIC, "-----BEGIN PRIVATE KEY-----", &"0".repeat(5000)] {
            assert!(PrivateKey::from_text(text).is_err());
        }
        let weak = [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(PublicKey::from_bytes(&weak), Err(KeyError::BadPoint));
    }
}

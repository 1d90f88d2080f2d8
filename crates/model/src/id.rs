//! Typed ids. An `EpisodeId` is not a `RecordingId`, and the compiler knows it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

/// The text is not a lower-case hexadecimal id of the right length.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an id of {digits} hexadecimal digits")]
pub struct ParseIdError {
    text: String,
    digits: usize,
}

fn to_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

fn from_hex<const N: usize>(text: &str) -> Result<[u8; N], ParseIdError> {
    let error = || ParseIdError { text: text.chars().take(80).collect(), digits: N * 2 };
    let digits = text.as_bytes();
    if digits.len() != N * 2 {
        return Err(error());
    }
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(error()),
    };
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = value(pair[0])? << 4 | value(pair[1])?;
    }
    Ok(bytes)
}

macro_rules! hex_id {
    ($(#[$doc:meta])* $name:ident, $bytes:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $bytes]);

        impl $name {
            /// The id with these bytes.
            pub const fn from_bytes(bytes: [u8; $bytes]) -> Self {
                Self(bytes)
            }

            /// The bytes of the id.
            pub const fn as_bytes(&self) -> &[u8; $bytes] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&to_hex(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                from_hex(text).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

hex_id!(
    /// A SHA-256 digest, 64 hexadecimal digits.
    Hash256,
    32
);
hex_id!(
    /// Names an object by the SHA-256 of its bytes.
    ObjectId,
    32
);
hex_id!(
    /// Names a recording by the hash of its manifest (see [`crate::manifest_hash`]).
    RecordingId,
    32
);
hex_id!(
    /// Names one way of deriving episodes from one recording: mapping, overrides and standardizer version.
    DerivationId,
    32
);
hex_id!(
    /// Names an episode: the first 16 bytes of the hash of its derivation and its key in the recording.
    EpisodeId,
    16
);

impl Hash256 {
    /// The SHA-256 of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl EpisodeId {
    /// The id of the episode that is called `key` in the recording that `derivation` was made from.
    pub fn derive(derivation: DerivationId, key: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"prairie/episode/1\n");
        hash.update(derivation.as_bytes());
        hash.update(key.as_bytes());
        let digest: [u8; 32] = hash.finalize().into();
        let mut id = [0; 16];
        id.copy_from_slice(&digest[..16]);
        Self(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_survive_text() {
        let id = Hash256::of(b"abc");
        assert_eq!(id.to_string(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(id.to_string().parse::<Hash256>(), Ok(id));
    }

    #[test]
    fn a_bad_id_says_what_it_is() {
        let error = "xyz".parse::<EpisodeId>().expect_err("three letters are no id");
        assert_eq!(error.to_string(), "`xyz` is not an id of 32 hexadecimal digits");
        assert!("G".repeat(32).parse::<EpisodeId>().is_err());
        assert!("é".repeat(16).parse::<EpisodeId>().is_err());
    }

    #[test]
    fn episodes_of_two_derivations_differ() {
        let one = DerivationId::from_bytes([1; 32]);
        let two = DerivationId::from_bytes([2; 32]);
        assert_ne!(EpisodeId::derive(one, "0"), EpisodeId::derive(two, "0"));
        assert_ne!(EpisodeId::derive(one, "0"), EpisodeId::derive(one, "1"));
    }
}

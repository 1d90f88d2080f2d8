//! What a leaf of the ledger says.
//!
//! ```text
//!   kind, salt, digest ──▶ commitment ──▶ entry "prairie/leaf/2 \n KIND \n COMMITMENT \n" ──▶ leaf hash
//! ```
//!
//! The entry is public and lasts for ever. It holds no more than the kind of a fact and a salted hash, so that whoever is told
//! salt and digest can be sure, and nobody else learns anything. When the salt is forgotten the entry says nothing any more,
//! and the tree still stands.

use std::fmt;

use prairie_model::Hash256;

use crate::merkle::leaf_hash;

/// The first line of an entry.
const HEAD: &str = "prairie/leaf/2";

/// Bytes of the longest entry: its length has sixteen bits in a bundle.
pub(crate) const ENTRY_MAX: usize = u16::MAX as usize;

/// Hides a fact: SHA-256(0x00 ‖ `prairie/leaf/1 \n kind \n` ‖ salt ‖ digest). Without the salt nobody can tell what it is of.
pub fn commitment(kind: &str, salt: Hash256, digest: Hash256) -> Hash256 {
    let mut bytes = format!("prairie/leaf/1\n{kind}\n").into_bytes();
    bytes.extend_from_slice(salt.as_bytes());
    bytes.extend_from_slice(digest.as_bytes());
    leaf_hash(&bytes)
}

/// One leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is about: `receipt`, `protocol`, `verdict`, …: one line.
    pub kind: String,
    /// The fact, hidden.
    pub commitment: Hash256,
}

impl Entry {
    /// The entry about a fact.
    pub fn about(kind: &str, salt: Hash256, digest: Hash256) -> Self {
        Self { kind: kind.to_owned(), commitment: commitment(kind, salt, digest) }
    }

    /// Reads an entry; `None` for what is none.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let (head, kind, commitment) = (lines.next()?, lines.next()?, lines.next()?);
        if head != HEAD || kind.is_empty() || lines.next().is_some() {
            return None;
        }
        let hash: Hash256 = commitment.parse().ok()?;
        // Of a hash there is one text only.
        (hash.to_string() == commitment).then(|| Self { kind: kind.to_owned(), commitment: hash })
    }

    /// The bytes that are hashed and published.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.to_string().into_bytes()
    }

    /// The leaf of the tree.
    pub fn leaf(&self) -> Hash256 {
        leaf_hash(&self.to_bytes())
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEAD}\n{}\n{}", self.kind, self.commitment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_salt_hides_the_fact() {
        let digest = Hash256::of(b"receipt");
        let one = commitment("receipt", Hash256::of(b"1"), digest);
        assert_ne!(one, commitment("receipt", Hash256::of(b"2"), digest));
        assert_ne!(one, commitment("grant", Hash256::of(b"1"), digest));
        let entry = Entry::about("receipt", Hash256::of(b"1"), digest);
        let text = entry.to_string();
        assert!(!text.contains(&digest.to_string()) && !text.contains(&Hash256::of(b"1").to_string()));
        assert_eq!(text, format!("prairie/leaf/2\nreceipt\n{one}\n"));
    }

    #[test]
    fn an_entry_has_one_form() {
        let entry = Entry::about("verdict", Hash256::of(b"salt"), Hash256::of(b"digest"));
        let bytes = entry.to_bytes();
        assert_eq!(Entry::from_bytes(&bytes), Some(entry));
        let text = String::from_utf8(bytes).unwrap();
        for other in [
            text.to_uppercase(),
            text.replace("verdict", ""),
            text.replace("leaf/2", "leaf/3"),
            format!("{text}\n"),
            text.trim_end().to_owned(),
            String::new(),
        ] {
            assert_eq!(Entry::from_bytes(other.as_bytes()), None, "{other:?}");
        }
    }
}

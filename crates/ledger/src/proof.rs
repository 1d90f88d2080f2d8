//! Proofs that stand alone: a leaf is in a log (<https://c2sp.org/tlog-proof>).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prairie_model::Hash256;

use crate::checkpoint::{Checkpoint, CheckpointError, read_hash};
use crate::merkle::verify_inclusion;
use crate::note::NoteKey;

/// The first line of a proof.
const HEAD: &str = "c2sp.org/tlog-proof@v1";

/// Hashes in the proof of the largest tree.
const HASHES_MAX: usize = 64;

/// Bytes of the longest text.
const TEXT_MAX: usize = 2 << 20;

/// A proof does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The text is no proof.
    #[error("the proof is malformed: {0}")]
    Malformed(&'static str),
    /// Its checkpoint cannot be believed.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The leaf is not there.
    #[error("leaf {index} of the {size} leaves of `{origin}` is another one")]
    NotThere {
        /// Which leaf.
        index: u64,
        /// Leaves.
        size: u64,
        /// The log.
        origin: String,
    },
}

/// That a leaf is in a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InclusionProof {
    /// What else is needed to make the leaf: of the ledger, the salt. Nobody signed it.
    pub extra: Option<Vec<u8>>,
    /// Which leaf.
    pub index: u64,
    /// Hashes from the leaf's sibling up to below the root.
    pub hashes: Vec<Hash256>,
    /// The signed checkpoint.
    pub checkpoint: String,
}

impl InclusionProof {
    /// Reads a proof.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn parse(text: &str) -> Result<Self, ProofError> {
        let malformed = ProofError::Malformed;
        if text.len() > TEXT_MAX {
            return Err(malformed("it is longer than any proof"));
        }
        let (head, checkpoint) = text.split_once("\n\n").ok_or(malformed("it holds no checkpoint"))?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(HEAD) {
            return Err(malformed("its first line is another"));
        }
        let extra = match lines.peek().and_then(|line| line.strip_prefix("extra ")) {
            None => None,
            Some(text) => {
                lines.next();
                Some(STANDARD.decode(text).map_err(|_error| malformed("its extra data are no base64"))?)
            }
        };
        let index = lines.next().and_then(|line| line.strip_prefix("index "));
        let number = index.and_then(|digits| digits.parse::<u64>().ok().filter(|it| it.to_string() == digits));
        let index = number.ok_or(malformed("its index is missing"))?;
        let mut hashes = Vec::new();
        for line in lines {
            if hashes.len() == HASHES_MAX {
                return Err(malformed("it has more hashes than a tree has levels"));
            }
            hashes.push(read_hash(line).ok_or(malformed("one of its lines is no hash"))?);
        }
        Ok(Self { extra, index, hashes, checkpoint: checkpoint.to_owned() })
    }

    /// Whether the leaf is in the log that one of these keys signed.
    ///
    /// # Errors
    ///
    /// When it is not, or nobody trusted says so.
    pub fn verify(&self, leaf: Hash256, keys: &[NoteKey]) -> Result<Checkpoint, ProofError> {
        let checkpoint = Checkpoint::open(&self.checkpoint, keys)?;
        if verify_inclusion(leaf, self.index, checkpoint.size, &self.hashes, checkpoint.root) {
            return Ok(checkpoint);
        }
        Err(ProofError::NotThere { index: self.index, size: checkpoint.size, origin: checkpoint.origin })
    }
}

impl fmt::Display for InclusionProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEAD}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", STANDARD.encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        for hash in &self.hashes {
            writeln!(f, "{}", STANDARD.encode(hash.as_bytes()))?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{PrivateKey, inclusion_proof, leaf_hash, root};

    #[test]
    fn a_proof_is_written_read_and_holds_for_its_leaf_alone() {
        let key = PrivateKey::from_seed([3; 32]);
        let leaves: Vec<_> = (0..70_u8).map(|at| leaf_hash(&[at])).collect();
        let origin = Checkpoint::origin_of(&key.public());
        let checkpoint = Checkpoint { origin, size: 70, root: root(&leaves) };
        let keys = [NoteKey::from(key.public())];
        for extra in [None, Some(vec![7; 32])] {
            let proof = InclusionProof {
                extra,
                index: 41,
                hashes: inclusion_proof(&leaves, 41).unwrap(),
                checkpoint: checkpoint.sign(&key).unwrap().to_string(),
            };
            let text = proof.to_string();
            assert!(text.starts_with("c2sp.org/tlog-proof@v1\n"), "{text}");
            assert_eq!(InclusionProof::parse(&text).unwrap(), proof);
            assert_eq!(proof.verify(leaves[41], &keys), Ok(checkpoint.clone()));
            assert!(matches!(proof.verify(leaves[40], &keys), Err(ProofError::NotThere { index: 41, .. })));
            let stranger = PrivateKey::from_seed([4; 32]).public();
            assert!(proof.verify(leaves[41], &[stranger.into()]).is_err());
        }
    }

    #[test]
    fn other_texts_are_no_proofs() {
        let hash = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
        for text in [
            String::new(),
            "c2sp.org/tlog-proof@v1\nindex 1\n".to_owned(),
            "c2sp.org/tlog-proof@v2\nindex 1\n\nx".to_owned(),
            "c2sp.org/tlog-proof@v1\nindex 01\n\nx".to_owned(),
            "c2sp.org/tlog-proof@v1\nextra %\nindex 1\n\nx".to_owned(),
            "c2sp.org/tlog-proof@v1\nindex 1\nabc\n\nx".to_owned(),
            format!("c2sp.org/tlog-proof@v1\nindex 1\n{}\nx", hash.repeat(65)),
        ] {
            assert!(InclusionProof::parse(&text).is_err(), "{text:?}");
        }
    }
}

//! Where a signed payload stands in the ledger, and why one should believe it.

use prairie_model::Hash256;
use serde::{Deserialize, Serialize};

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::entry::Entry;
use crate::envelope::{Envelope, RECEIPT_TYPE, VERDICT_TYPE};
use crate::merkle::verify_inclusion;
use crate::note::NoteKey;
use crate::proof::InclusionProof;

/// Where the leaf of a payload is in the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerPlace {
    /// Leaf, from zero.
    pub seq: u64,
    /// Leaves at the time of the proof.
    pub size: u64,
    /// The root over them.
    pub root: Hash256,
    /// What was hashed with the payload's digest to give the leaf.
    pub salt: Hash256,
    /// Hashes from the leaf's sibling up to below the root ([`crate::verify_inclusion`]).
    pub proof: Vec<Hash256>,
    /// The checkpoint of that size and root, signed as a note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<String>,
}

/// A payload is not shown to be in a ledger.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// The envelope does not say where.
    #[error("the envelope holds no proof that it is in a ledger")]
    NoProof,
    /// Payloads of that type have no leaves.
    #[error("payloads of type `{0}` have no leaf in a ledger")]
    OtherType(String),
    /// The proof is of another payload, place or tree.
    #[error("leaf {seq} of a ledger of {size} leaves is not this payload's: the proof does not lead to the root")]
    NotThere {
        /// The leaf.
        seq: u64,
        /// Leaves.
        size: u64,
    },
    /// Nobody signed the root.
    #[error("the proof comes without a signed checkpoint")]
    NoCheckpoint,
    /// The checkpoint cannot be believed.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The checkpoint is about another tree than the proof.
    #[error("the checkpoint is about {found} leaves and the proof about {size}, or their roots differ")]
    OtherTree {
        /// Leaves of the checkpoint.
        found: u64,
        /// Leaves of the proof.
        size: u64,
    },
}

impl LedgerPlace {
    /// Whether something of this kind and digest is there, in the ledger that one of these keys signed.
    ///
    /// # Errors
    ///
    /// With the first thing that does not match.
    pub fn check(&self, kind: &str, digest: Hash256, keys: &[NoteKey]) -> Result<Checkpoint, PlaceError> {
        let leaf = Entry::about(kind, self.salt, digest).leaf();
        if !verify_inclusion(leaf, self.seq, self.size, &self.proof, self.root) {
            return Err(PlaceError::NotThere { seq: self.seq, size: self.size });
        }
        let checkpoint = Checkpoint::open(self.checkpoint.as_ref().ok_or(PlaceError::NoCheckpoint)?, keys)?;
        if (checkpoint.size, checkpoint.root) == (self.size, self.root) {
            Ok(checkpoint)
        } else {
            Err(PlaceError::OtherTree { found: checkpoint.size, size: self.size })
        }
    }

    /// The same as a proof that stands alone. `None` where nobody signed the root.
    pub fn to_proof(&self) -> Option<InclusionProof> {
        Some(InclusionProof {
            extra: Some(self.salt.as_bytes().to_vec()),
            index: self.seq,
            hashes: self.proof.clone(),
            checkpoint: self.checkpoint.clone()?,
        })
    }
}

impl Envelope {
    /// Kind of the leaves that are about payloads of this type; `None` where there are none.
    pub fn leaf_kind(&self) -> Option<&'static str> {
        match self.payload_type.as_str() {
            RECEIPT_TYPE => Some("receipt"),
            VERDICT_TYPE => Some("verdict"),
            _ => None,
        }
    }

    /// Whether the payload is in the ledger that one of these keys signed.
    ///
    /// # Errors
    ///
    /// With the first thing that does not match.
    pub fn check_place(&self, keys: &[NoteKey]) -> Result<Checkpoint, PlaceError> {
        let kind = self.leaf_kind();
        let kind = kind.ok_or_else(|| PlaceError::OtherType(self.payload_type.chars().take(80).collect()))?;
        self.ledger.as_ref().ok_or(PlaceError::NoProof)?.check(kind, self.digest(), keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{PrivateKey, inclusion_proof, root};

    /// A verdict that is leaf 2 of 5.
    fn placed(key: &PrivateKey) -> Envelope {
        let mut envelope = Envelope::sign_as(VERDICT_TYPE, b"{}".to_vec(), key);
        let salt = Hash256::of(b"salt");
        let mut leaves: Vec<_> = (0..5_u8).map(|at| Hash256::of(&[at])).collect();
        leaves[2] = Entry::about("verdict", salt, envelope.digest()).leaf();
        let origin = Checkpoint::origin_of(&key.public());
        let checkpoint = Checkpoint { origin, size: 5, root: root(&leaves) };
        envelope.ledger = Some(LedgerPlace {
            seq: 2,
            size: 5,
            root: checkpoint.root,
            salt,
            proof: inclusion_proof(&leaves, 2).unwrap(),
            checkpoint: Some(checkpoint.sign(key).unwrap().to_string()),
        });
        envelope
    }

    #[test]
    fn a_place_is_believed_by_the_checkpoint_alone() {
        let key = PrivateKey::from_seed([1; 32]);
        let keys = [NoteKey::from(key.public())];
        let good = placed(&key);
        assert_eq!(good.check_place(&keys).unwrap().size, 5);
        let proof = good.ledger.as_ref().and_then(LedgerPlace::to_proof).unwrap();
        let leaf = Entry::about("verdict", Hash256::of(b"salt"), good.digest()).leaf();
        assert!(InclusionProof::parse(&proof.to_string()).unwrap().verify(leaf, &keys).is_ok());
        let with = |change: &dyn Fn(&mut LedgerPlace)| {
            let mut other = good.clone();
            change(other.ledger.as_mut().unwrap());
            other.check_place(&keys)
        };
        let not_there = Err(PlaceError::NotThere { seq: 2, size: 5 });
        assert_eq!(with(&|place| place.salt = Hash256::of(b"x")), not_there);
        assert_eq!(with(&|place| place.root = Hash256::of(b"x")), not_there);
        assert_eq!(with(&|place| place.proof.truncate(2)), not_there);
        assert_eq!(with(&|place| place.checkpoint = None), Err(PlaceError::NoCheckpoint));
        let other = Checkpoint { origin: "a".to_owned(), size: 6, root: Hash256::of(b"x") };
        let signed = other.sign(&key).unwrap().to_string();
        assert_eq!(
            with(&|place| place.checkpoint = Some(signed.clone())),
            Err(PlaceError::OtherTree { found: 6, size: 5 })
        );
        let stranger = NoteKey::from(PrivateKey::from_seed([2; 32]).public());
        assert!(matches!(good.check_place(&[stranger]), Err(PlaceError::Checkpoint(_))));
        let mut edited = good.clone();
        edited.payload.push(b' ');
        assert_eq!(edited.check_place(&keys), not_there);
        let mut receipt = good.clone();
        receipt.payload_type = RECEIPT_TYPE.to_owned();
        assert_eq!(receipt.check_place(&keys), not_there, "a leaf about a verdict is about no receipt");
        receipt.payload_type = "text/plain".to_owned();
        assert!(matches!(receipt.check_place(&keys), Err(PlaceError::OtherType(_))));
        receipt.payload_type = VERDICT_TYPE.to_owned();
        receipt.ledger = None;
        assert_eq!(receipt.check_place(&keys), Err(PlaceError::NoProof));
    }
}

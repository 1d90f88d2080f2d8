//! Signatures, envelopes, and the Merkle log.
//!
//! ```text
//!   payload ──▶ Envelope::sign(key) ──▶ {payload, signatures, issuer, time, place in the ledger}   both sides may sign
//!                                                 │
//!   digest, salt ──▶ Entry ──▶ leaf ──▶ Frontier ──▶ root ──▶ Checkpoint ──▶ signed Note
//!                      │        └─────▶ inclusion_proof, consistency_proof ──▶ verified offline
//!                      └──▶ TileWriter ──▶ static files ──▶ audit: what was changed first
//! ```
//!
//! - A [`PrivateKey`] signs, a [`PublicKey`] verifies (Ed25519, RFC 8032). A [`KeyId`] names a key.
//! - An [`Envelope`] holds a payload and its signatures (DSSE 1.0). What cannot be recomputed from the evidence (time,
//!   issuer, ledger position) stands beside the payload, not in it.
//! - The *ledger* is an append-only list of leaves under one Merkle root (RFC 6962, section 2.1). A [`Checkpoint`] is its size and
//!   root, signed as a [`Note`]; [`TileWriter`] writes it as static files that any client of <https://c2sp.org/tlog-tiles> reads.
//!
//! ```
//! use prairie_ledger::{Envelope, PrivateKey};
//!
//! let key = PrivateKey::from_seed([7; 32]);
//! let envelope = Envelope::sign(br#"{"decision":"accept"}"#.to_vec(), &key);
//! assert!(envelope.verify(&[key.public()]).is_signed());
//! assert!(!envelope.verify(&[PrivateKey::from_seed([8; 32]).public()]).is_signed());
//! ```
//!
//! It reads no file, asks no clock and keeps no state: callers bring keys, times and leaves.
//!
//! **Invariant:** trust comes from the keys that the caller gives, never from the envelope: a key id in an envelope only
//! says which of the given keys to try.
//!
//! **Invariant:** a leaf holds a salted hash only, so that the ledger tells nothing about what was erased.

mod audit;
mod checkpoint;
mod entry;
mod envelope;
mod key;
mod merkle;
mod note;
mod place;
mod proof;
mod tile;

pub use audit::{Flaw, LogCounts, ReadTile, audit};
pub use checkpoint::{Checkpoint, CheckpointError};
pub use entry::{Entry, commitment};
pub use envelope::{Envelope, EnvelopeError, RECEIPT_TYPE, Signature, VERDICT_TYPE, Verification};
pub use key::{KeyError, KeyId, PrivateKey, PublicKey};
pub use merkle::{
    Frontier, consistency_proof, inclusion_proof, leaf_hash, node_hash, root, verify_consistency, verify_inclusion,
};
pub use note::{Note, NoteError, NoteKey, verifier_key};
pub use place::{LedgerPlace, PlaceError};
pub use proof::{InclusionProof, ProofError};
pub use tile::{
    BUNDLE_BYTES_MAX, Layer, PutTile, TILE_WIDTH, TileError, TilePath, TileWriter, read_bundle, read_tile, tiles,
};

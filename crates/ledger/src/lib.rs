//! Signatures, envelopes and the Merkle log.

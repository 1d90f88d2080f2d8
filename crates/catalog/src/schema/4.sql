-- Version 4: `hash` of a leaf is its salted hash as before, and the tree is over entries that hold it and the leaf's kind, so
-- that the ledger can be published. The roots of the snapshots are computed again when this version is reached.

PRAGMA user_version = 4;

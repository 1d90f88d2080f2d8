-- Version 4: what tells a store from another and a file from a damaged one, and what an erasure leaves of documents.

-- One row. The file `store.json` beside the database has the same id, and how far the store had come.
CREATE TABLE store (
    id BLOB NOT NULL
) STRICT;
INSERT INTO store (id) VALUES (randomblob(16));

-- SHA-256 of the file's bytes; null for files from before, about whose bytes nothing is known.
ALTER TABLE data_files ADD COLUMN sha256 BLOB;

-- Documents that rest on what was erased later: verdicts, by the logs that they count.
CREATE TABLE document_erasures (
    kind    TEXT NOT NULL,
    name    TEXT NOT NULL,
    version INTEGER NOT NULL,
    erased  INTEGER NOT NULL REFERENCES snapshots (id),
    PRIMARY KEY (kind, name, version),
    FOREIGN KEY (kind, name, version) REFERENCES documents (kind, name, version)
) STRICT, WITHOUT ROWID;

-- The `hash` of a leaf is its salted hash as before, and the tree is over entries that hold it and the leaf's kind, so
-- that the ledger can be published. The roots of the snapshots are computed again when this version is reached.

PRAGMA user_version = 4;

-- Version 2 of the catalog's database, the oldest that is read. Ids and hashes are blobs, times are nanoseconds since 1970.

CREATE TABLE snapshots (
    id           INTEGER PRIMARY KEY,
    created_ns   INTEGER NOT NULL,
    note         TEXT NOT NULL,
    ledger_size  INTEGER NOT NULL,
    ledger_peaks BLOB NOT NULL,
    ledger_root  BLOB NOT NULL
) STRICT;

CREATE TABLE recordings (
    id      BLOB PRIMARY KEY,
    format  TEXT NOT NULL,
    origin  TEXT NOT NULL,
    bytes   INTEGER NOT NULL,
    owner   TEXT,
    licence TEXT,
    consent TEXT,
    purpose TEXT,
    custody TEXT,
    summary TEXT NOT NULL,
    added   INTEGER NOT NULL REFERENCES snapshots (id),
    erased  INTEGER REFERENCES snapshots (id)
) STRICT, WITHOUT ROWID;

CREATE TABLE recording_files (
    recording BLOB NOT NULL REFERENCES recordings (id),
    path      TEXT NOT NULL,
    bytes     INTEGER NOT NULL,
    object    BLOB NOT NULL,
    PRIMARY KEY (recording, path)
) STRICT, WITHOUT ROWID;
CREATE INDEX recording_files_by_size ON recording_files (bytes);
CREATE INDEX recording_files_by_object ON recording_files (object);

-- `episodes` holds their ids one after the other, 16 bytes each, so that rows grow with recordings and not with episodes.
CREATE TABLE derivations (
    id         BLOB PRIMARY KEY,
    recording  BLOB NOT NULL REFERENCES recordings (id),
    derivation TEXT NOT NULL,
    episodes   BLOB NOT NULL,
    added      INTEGER NOT NULL REFERENCES snapshots (id),
    superseded INTEGER REFERENCES snapshots (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX derivations_by_recording ON derivations (recording);

-- A file is in the view of snapshot n when added <= n and n < removed.
CREATE TABLE data_files (
    key        TEXT PRIMARY KEY,
    table_name TEXT NOT NULL,
    owner      TEXT,
    row_count  INTEGER NOT NULL,
    bytes      INTEGER NOT NULL,
    ranges     TEXT NOT NULL,
    added      INTEGER NOT NULL REFERENCES snapshots (id),
    removed    INTEGER REFERENCES snapshots (id)
) STRICT, WITHOUT ROWID;

-- Rows of `episode` with a revision lower than `below` are hidden from snapshot `added` on, until a compaction at
-- `resolved` has left them out of the files.
CREATE TABLE hidden (
    episode  BLOB NOT NULL,
    below    INTEGER NOT NULL,
    added    INTEGER NOT NULL REFERENCES snapshots (id),
    resolved INTEGER REFERENCES snapshots (id),
    PRIMARY KEY (episode, below)
) STRICT, WITHOUT ROWID;
CREATE INDEX hidden_open ON hidden (resolved, added);

-- An erasure forgets the reference and the salt. The hash stays, or the tree would break.
CREATE TABLE leaves (
    seq       INTEGER PRIMARY KEY,
    kind      TEXT NOT NULL,
    reference TEXT,
    salt      BLOB,
    hash      BLOB NOT NULL,
    added     INTEGER NOT NULL REFERENCES snapshots (id)
) STRICT;
CREATE INDEX leaves_by_reference ON leaves (reference);

CREATE TABLE dataset_versions (
    name       TEXT NOT NULL,
    version    INTEGER NOT NULL,
    created_ns INTEGER NOT NULL,
    snapshot   INTEGER NOT NULL,
    recipe     TEXT NOT NULL,
    episodes   INTEGER NOT NULL,
    hash       BLOB NOT NULL,
    file       TEXT REFERENCES data_files (key),
    added      INTEGER NOT NULL REFERENCES snapshots (id),
    PRIMARY KEY (name, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE dataset_erasures (
    name    TEXT NOT NULL,
    version INTEGER NOT NULL,
    episode BLOB NOT NULL,
    erased  INTEGER NOT NULL REFERENCES snapshots (id),
    PRIMARY KEY (name, version, episode),
    FOREIGN KEY (name, version) REFERENCES dataset_versions (name, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE tombstones (
    kind   TEXT NOT NULL,
    id     BLOB NOT NULL,
    reason TEXT NOT NULL,
    erased INTEGER NOT NULL REFERENCES snapshots (id),
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

-- Objects that an acknowledged erasure still has to delete.
CREATE TABLE doomed_objects (
    key TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TABLE leases (
    id         BLOB PRIMARY KEY,
    process    INTEGER NOT NULL,
    started_ns INTEGER NOT NULL,
    beat_ns    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 2;

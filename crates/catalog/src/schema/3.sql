-- Version 3: documents, versioned by name. Parties, scenarios, stations, robots, protocols, station logs and verdicts are few
-- and small; what they say is JSON.

CREATE TABLE documents (
    kind       TEXT NOT NULL,
    name       TEXT NOT NULL,
    version    INTEGER NOT NULL,
    payload    TEXT NOT NULL,
    digest     BLOB NOT NULL,
    created_ns INTEGER NOT NULL,
    added      INTEGER NOT NULL REFERENCES snapshots (id),
    PRIMARY KEY (kind, name, version)
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 3;

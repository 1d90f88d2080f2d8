//! The verbs: ingest, check, query, export.

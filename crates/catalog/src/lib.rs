//! Transactions, snapshots, lineage and SQL.

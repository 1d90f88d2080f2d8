//! Tables as recordings: CSV, Parquet and NumPy by a `recording.toml`.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "tests read files by others, and say what they skipped"
)]

#[path = "columns/numpy.rs"]
mod numpy;
#[path = "columns/peer.rs"]
mod peer;
#[path = "columns/sheets.rs"]
mod sheets;
#[path = "columns/support.rs"]
mod support;

//! The Zarr reader: against stores that the tests write, against the Python package, against damage.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "tests read files by others, and say what they skipped"
)]

#[path = "zarr/hostile.rs"]
mod hostile;
#[path = "zarr/peer.rs"]
mod peer;
#[path = "zarr/stores.rs"]
mod stores;
#[path = "zarr/support.rs"]
mod support;

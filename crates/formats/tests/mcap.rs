//! The MCAP reader and writer: against the official suite, against each other, against other readers, against damage.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "tests read files by others, and say what they skipped"
)]

#[path = "mcap/conformance.rs"]
mod conformance;
#[path = "mcap/damage.rs"]
mod damage;
#[path = "mcap/limits.rs"]
mod limits;
#[path = "mcap/peer.rs"]
mod peer;
#[path = "mcap/round_trip.rs"]
mod round_trip;
#[path = "mcap/samples.rs"]
mod samples;
#[path = "mcap/support.rs"]
mod support;

//! The ULog reader: against logs that the tests write, against `pyulog`, against damage.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "tests read files by others, and say what they skipped"
)]

#[path = "ulog/logs.rs"]
mod logs;
#[path = "ulog/peer.rs"]
mod peer;
#[path = "ulog/support.rs"]
mod support;

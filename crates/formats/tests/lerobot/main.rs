//! LeRobot datasets and MP4 files: reading those by others, writing and reading back, damage.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "tests make and damage files of their own, and end where one cannot"
)]

mod fixtures;
mod hostile;
mod mp4;
mod reader;
mod v1;
mod writer;

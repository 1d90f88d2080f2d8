//! LeRobot datasets and MP4 files: reading those by others, writing and reading back, damage.

mod common;
mod hostile;
mod mp4;
mod reader;
mod writer;

//! HDF5, against files that `h5py` writes, files by others, and damage.
#![expect(clippy::print_stdout, reason = "tests say what was skipped")]
#![expect(clippy::disallowed_methods, reason = "tests read and write files of their own")]

mod folder;
mod hostile;
mod peer;
mod samples;
mod support;
mod versions;

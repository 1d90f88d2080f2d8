//! HDF5, against files that `h5py` writes, files by others, and damage.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "tests read and write files of their own, and say what they skipped"
)]

mod hostile;
mod peer;
mod samples;
mod support;
mod versions;

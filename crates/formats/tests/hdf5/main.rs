//! HDF5, against files that `h5py` writes, files by others, and damage.
#![expect(clippy::disallowed_methods, reason = "tests read and write files of their own")]

mod hostile;
mod peer;
mod samples;
mod support;
mod versions;

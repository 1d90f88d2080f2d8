//! Damaged data sets: an error or a note, never a panic.

//! Units of work in, a verdict out: statistics that hold for shop floors, and the gates that use them.
//!
//! **Invariant:** pure functions. No file, no clock, no thread: the same inputs give the same digits, on any machine.

pub mod bound;
pub mod calc;
pub mod calibration;
pub mod math;
pub mod stats;

//! Units of work in, a verdict out: statistics that hold for shop floors, and the gates that use them.
//!
//! ```text
//!   task book ─ Protocol ─ complete ─▶ Frozen ─┐
//!   shifts, units, events, readings ─ Builder ─┴─▶ Evidence ─ judge ─▶ Verdict {decision, endpoints, controls, …}
//! ```
//!
//! **Invariant:** pure functions. No file, no clock, no thread: the same inputs give the same digits, on any machine.
//!
//! **Invariant:** unknown never passes, and no endpoint is decided without an interval.

pub mod bound;
pub mod calc;
pub mod calibration;
pub mod change;
pub mod claim;
pub mod control;
pub mod endpoint;
pub mod evidence;
pub mod explain;
pub mod gate;
pub mod inputs;
pub mod math;
pub mod monitor;
pub mod plan;
pub mod protocol;
mod shares;
pub mod simulate;
pub mod stats;
pub mod verdict;

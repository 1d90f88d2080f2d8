//! Statistics, by question. Each function names its source, takes a confidence and a side where it gives a bound, and
//! refuses what it is not for.

pub mod diversity;
pub mod monitor;
pub mod oee;
pub mod proportion;
pub mod rank;
pub mod regularity;
pub mod rhythm;
pub(crate) mod sample;
pub mod signal;
pub mod steadiness;
pub mod takt_plan;
pub mod takt_tail;
pub mod trajectory;

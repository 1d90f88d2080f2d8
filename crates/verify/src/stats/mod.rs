//! Statistics, by question. Each function names its source, takes a confidence and a side where it gives a bound, and
//! refuses what it is not for.

pub mod beta_binomial;
pub mod cluster;
pub mod diversity;
pub mod economics;
pub mod labels;
pub mod many;
pub mod monitor;
pub mod oee;
pub mod proportion;
pub mod rank;
pub mod regularity;
pub mod reliability;
pub mod rhythm;
pub(crate) mod sample;
pub mod sequential;
pub mod signal;
pub mod spending;
pub mod steadiness;
pub mod strata;
pub mod takt_plan;
pub mod takt_tail;
pub mod time_uniform;
pub mod trajectory;
pub mod transfer;
pub mod two_proportions;

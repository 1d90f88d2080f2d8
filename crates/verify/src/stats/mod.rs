//! Statistics, by question. Each function names its source, takes a confidence and a side where it gives a bound, and
//! refuses what it is not for.

pub mod beta_binomial;
pub mod cluster;
pub mod labels;
pub mod many;
pub mod proportion;
pub mod sequential;
pub mod spending;
pub mod strata;
pub mod time_uniform;
pub mod two_proportions;

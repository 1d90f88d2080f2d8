//! Statistics, by question. Each function names its source, takes a confidence and a side where it gives a bound, and
//! refuses what it is not for.

pub mod economics;
pub mod proportion;
pub mod reliability;
pub mod transfer;

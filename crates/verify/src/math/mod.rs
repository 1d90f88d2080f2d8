//! Special functions, distributions, roots and random numbers.
//!
//! Everything here is made of additions, multiplications, divisions, square roots and the pure-Rust `libm`, in a fixed
//! order. So a bound has the same digits on every machine, which `f64::ln` of the platform does not promise.

pub mod distribution;
pub mod random;
pub mod root;
pub mod special;

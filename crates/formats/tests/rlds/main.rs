//! RLDS data sets: one by others against an independent walker, made ones of every shape, damage.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "tests make and damage files of their own, and end where one cannot"
)]

mod hostile;
mod made;
mod sample;
mod support;

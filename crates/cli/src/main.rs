//! The one binary: prairie.
fn main() {}

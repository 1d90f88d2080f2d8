//! `export`: a dataset version in the form that a trainer wants, with a proof of what became of everything.
//!
//! ```text
//!   version ─▶ episodes ─ features::select ─▶ Selection
//!                 │
//!                 └─ grid ─ align ─▶ rows, frames ─▶ target/<name>.rs ─▶ folder + proof
//! ```
//!
//! The folder appears under its name only when it is whole: it is written beside it and renamed at the end.

mod align;
mod features;
mod grid;
mod load;
mod proof;
mod rows;
mod video;

use std::path::Path;

pub use align::Align;
pub(crate) use features::Feature;
pub(crate) use load::StoredEpisode;
pub use proof::{EpisodeProof, FeatureProof, Proof, VideoProof};

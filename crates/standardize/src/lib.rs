//! Messages to episodes: clocks, kinds, units, names, segmentation.
//!
//! ```text
//!   ReadEvent* ─▶ segmentation ─▶ lens ─▶ mapping rule ─▶ clock ─▶ Standard::Batch*
//!                 (which episode)  (kind,   (the user's     (t_ns)        │
//!                                   units,   last word)                   ▼
//!                                   names)                       Standard::EpisodeEnd
//! ```
//!
//! A [`Standardizer`] takes what a reader reports and gives typed samples, one [`prairie_model::StreamBatch`] of one stream at
//! a time, and an [`prairie_model::EpisodeDraft`] when an episode is over. What a message means is decided by a *lens* (one
//! file per message family in `lens/`), or by the structure of the type where no lens takes it. A [`Mapping`] (TOML) has the
//! last word. Episodes come from the container, from marker messages ([`Segmentation`]), or the recording is one.
//!
//! ```no_run
//! # fn example(plan: prairie_model::RecordingPlan, events: Vec<prairie_model::ReadEvent>, summary: prairie_model::ReadSummary)
//! # -> Result<(), Box<dyn std::error::Error>> {
//! use prairie_standardize::{Mapping, Overrides, Segmentation, Standard, Standardizer};
//!
//! let mut standardizer = Standardizer::new(&plan, Mapping::default(), Overrides::default(), Segmentation::whole());
//! let mut out = |standard: Standard| drop(standard);
//! for event in events {
//!     standardizer.push(event, &mut out)?;
//! }
//! let recording = standardizer.finish(&summary, &mut out)?;
//! assert_eq!(recording.tally.mapped, 0, "every mapped message belongs to an episode");
//! # Ok(())
//! # }
//! ```
//!
//! What it does not do: it opens nothing, decodes no picture, judges no quality, and never resamples. Every sample of the
//! source keeps its own time.
//!
//! **Invariant:** the messages of all episodes and of [`RecordingTally`] add up to the messages that came in.
//!
//! **Invariant:** memory is bounded by the clock's window per stream, never by the length of the recording.
//!
//! **Invariant:** unknown stays unknown: no unit, name, time or outcome is made up.

mod clock;
mod columns;
mod episode;
mod error;
mod flow;
mod lens;
mod mapping;
mod metadata;
mod overrides;
mod part;
mod robot;
mod rotation;
mod rule;
mod segment;
pub mod shipped;
#[cfg(test)]
mod spec;
mod standardizer;
pub mod station;
#[cfg(test)]
mod testing;
mod unit;

pub use error::StandardizeError;
pub use mapping::{Mapping, MappingError};
pub use overrides::Overrides;
pub use robot::{Robot, RobotJoint};
pub use segment::{Segmentation, marker_channels};
pub use standardizer::{Concerns, RecordingTally, Standard, Standardizer, inline};

/// Version of the rules in this crate. It is part of every derivation: change it whenever the same recording would give other
/// rows.
pub const STANDARDIZER_VERSION: &str = "prairie-standardize/3";

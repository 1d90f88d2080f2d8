//! Checks to findings, findings to dimensions, dimensions to a receipt.
//!
//! ```text
//!   StreamBatch* ─┐                     ┌─▶ Outcome per check ─▶ findings, states ─▶ dimensions ─▶ decision
//!   pictures*   ──┼─▶ Examination ──────┤                                                            │
//!   EpisodeDraft ─┘   (Scene, CHECKS)   └─▶ SamenessDigest                       ReceiptPayload ◀────┘
//! ```
//!
//! A [`Check`] is one file of this crate and one line of [`CHECKS`]. It sees the batches of one episode in order, keeps bounded
//! state, and at the end puts findings into an [`Outcome`]. A [`Profile`] says which limits, severities, dimensions and checks
//! count; [`decide()`] turns what came out into a decision.
//!
//! ```
//! use prairie_quality::{Examination, Facts, Profile};
//! use prairie_model::{Decision, EpisodeDraft};
//!
//! let profile = Profile::default();
//! let examination = Examination::new(&profile, Some("pick"), None);
//! // … examination.batch(&batch) for every batch of the episode …
//! let draft = EpisodeDraft::default();
//! let examined = examination.finish(&Facts::new(&draft));
//! assert_eq!(examined.decision, Decision::Reject, "an episode without a sample is no episode");
//! assert_eq!(examined.findings[0].code, "FMT011");
//! ```
//!
//! **Invariant:** a check never changes data; it returns findings. A repair is proposed here and made elsewhere.
//!
//! **Invariant:** no I/O, no clock, no randomness: the same batches, facts and profile give the same findings on every machine.
//!
//! **Invariant:** unknown never passes. A check without its input says what is missing.
//!
//! It does not read recordings, decode pictures, sign receipts or compare datasets. Diversity is a property of a dataset, so
//! no check here speaks of it.

mod check;
mod checks;
mod decide;
mod examine;
mod explain;
mod facts;
mod outcome;
mod pairing;
mod pictures;
mod profile;
mod rate;
mod receipt;
mod sameness;
mod scene;
mod track;

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod testing;

pub use check::{BatchView, Check, CheckDoc, Context, Family, FrameView, Limit, Need, Run, Settings};
pub use checks::{CHECKS, NOT_DECODED};
pub use decide::{decide, dimensions};
pub use examine::{Examination, Examined, about_recording};
pub use explain::{explain, reference};
pub use facts::{Facts, History, JointLimit, JointLimits, TaskDurations};
pub use outcome::{Outcome, Report};
pub use pairing::joint_name;
pub use pictures::{LumaStats, PictureStats};
pub use profile::{CheckSettings, Override, Profile, ProfileError, Required};
pub use rate::RateStats;
pub use receipt::{CODE_VERSION, receipt};
pub use sameness::{Sameness, SamenessDigest, Sketch, copied_from};
pub use scene::{Scene, StreamScene};
pub use track::Track;

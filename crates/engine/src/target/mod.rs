//! The forms that a dataset version can be written in. One file each, one line in [`TARGETS`].

mod lerobot;
mod mcap;
mod parquet;
mod rlds;
mod robomimic;

use std::path::Path;

use crate::Engine;
use crate::error::EngineError;
use crate::export::{ExportJob, Proof};
use crate::progress::Progress;

/// What a target keeps of episodes: a page of `docs/reference/formats.md`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TargetPage {
    /// What goes over.
    pub(crate) carries: &'static [&'static str],
    /// What does not, and what becomes of it.
    pub(crate) limits: &'static [&'static str],
}

/// Writes one form.
pub(crate) trait Target: Sync {
    /// The name after `--to`.
    fn name(&self) -> &'static str;

    /// What it writes, in one line for `prairie formats`.
    fn describe(&self) -> &'static str;

    /// What it keeps, for `prairie formats NAME`.
    fn page(&self) -> &'static TargetPage;

    /// Writes the job's episodes into the empty folder `dir`, and the counts into `proof`.
    fn write(
        &self,
        engine: &Engine,
        job: &ExportJob,
        dir: &Path,
        proof: &mut Proof,
        progress: &dyn Progress,
    ) -> Result<(), EngineError>;
}

/// Every target, by name.
pub(crate) const TARGETS: &[&dyn Target] =
    &[&lerobot::V21, &lerobot::V30, &mcap::Mcap, &parquet::Parquet, &rlds::Rlds, &robomimic::Robomimic];

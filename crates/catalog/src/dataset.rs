//! Datasets: named selections, and their frozen versions.

use prairie_model::{EpisodeId, Hash256, Nanos};
use serde::{Deserialize, Serialize};

use crate::SnapshotId;

/// One episode of a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetEpisode {
    /// The episode.
    pub episode: EpisodeId,
    /// The part it belongs to: `train`, `val`, `test`.
    pub split: String,
}

/// A version to be frozen.
#[derive(Debug, Clone, PartialEq)]
pub struct NewDatasetVersion {
    /// The dataset.
    pub name: String,
    /// How the episodes were chosen: query, split seed, code version, licence. Kept as it is.
    pub recipe: serde_json::Value,
    /// The snapshot that the query ran on.
    pub snapshot: SnapshotId,
    /// The episodes, in the order of the version.
    pub episodes: Vec<DatasetEpisode>,
    /// Hash over the list and the recipe.
    pub hash: Hash256,
}

/// A frozen version.
#[derive(Debug, Clone, PartialEq)]
pub struct DatasetVersion {
    /// The dataset.
    pub name: String,
    /// From 1.
    pub version: u32,
    /// When it was frozen.
    pub created: Nanos,
    /// How the episodes were chosen.
    pub recipe: serde_json::Value,
    /// The snapshot that its rows are read at.
    pub snapshot: SnapshotId,
    /// How many episodes it froze.
    pub episode_count: u64,
    /// Hash over the list and the recipe.
    pub hash: Hash256,
    /// Episodes that were erased since. Not empty means that the version can no longer be exported whole.
    pub erased: Vec<EpisodeId>,
}

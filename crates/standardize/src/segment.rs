//! Where episodes begin and end.

use std::collections::BTreeSet;

use prairie_model::{MessageBatch, Note, RecordingPlan};

use crate::Mapping;

/// Where the episodes of a recording lie, unless its container delimits them.
#[derive(Debug, Clone, Default)]
pub struct Segmentation {}

impl Segmentation {
    /// The recording is one episode.
    pub fn whole() -> Self {
        Self::default()
    }

    /// Episodes between the start and end markers among `batches`, which are those of [`marker_channels`]. Marks without
    /// partner, and whatever else is odd about them, come back as notes. Without any marker the recording is one episode.
    pub fn from_markers(batches: &[MessageBatch], mapping: &Mapping) -> (Self, Vec<Note>) {
        let _ = (batches, mapping);
        (Self::default(), Vec::new())
    }
}

/// The channels whose messages delimit episodes or label parts of them. The caller reads them before all others and hands
/// them to [`Segmentation::from_markers`]; they come again in the stream.
pub fn marker_channels(plan: &RecordingPlan, mapping: &Mapping) -> BTreeSet<u32> {
    let _ = (plan, mapping);
    BTreeSet::new()
}

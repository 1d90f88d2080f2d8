//! The machine: read events in, typed samples and episodes out.

use std::collections::BTreeMap;

use prairie_model::{EpisodeDraft, EpisodeTally, Inline, Note, ReadEvent, ReadSummary, RecordingPlan, StreamBatch};

use crate::{Mapping, Overrides, Segmentation, StandardizeError};

/// What a standardizer gives.
#[derive(Debug, Clone)]
pub enum Standard {
    /// Samples of one stream.
    Batch(StreamBatch),
    /// An episode is over: no more samples of it will come.
    EpisodeEnd(Box<EpisodeDraft>),
}

/// What is known about the recording rather than about one of its episodes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RecordingTally {
    /// Messages that belong to no episode. Those of the episodes and these add up to the messages that came in.
    pub tally: EpisodeTally,
    /// What was noticed about the recording.
    pub notes: Vec<Note>,
    /// Topics whose messages became no sample, with their schema and how many messages, in all episodes together.
    pub unmapped: BTreeMap<String, (String, u64)>,
}

/// Which byte sequences lenses want as values; everything else stays where it is.
pub fn inline() -> Inline {
    |_schema, _path| false
}

/// Turns read events of one recording into episodes.
#[derive(Debug)]
pub struct Standardizer {}

impl Standardizer {
    /// A standardizer for the recording of `plan`.
    pub fn new(plan: &RecordingPlan, mapping: Mapping, overrides: Overrides, segmentation: Segmentation) -> Self {
        let _ = (plan, mapping, overrides, segmentation);
        Self {}
    }

    /// Takes the next event, and gives what is ready to `out`.
    ///
    /// # Errors
    ///
    /// When the batch is not what its channel says.
    pub fn push(&mut self, event: ReadEvent, out: &mut dyn FnMut(Standard)) -> Result<(), StandardizeError> {
        let _ = (event, out);
        Ok(())
    }

    /// Ends the episodes that are still open, and tells what belongs to none.
    ///
    /// # Errors
    ///
    /// As [`Standardizer::push`].
    pub fn finish(
        &mut self,
        summary: &ReadSummary,
        out: &mut dyn FnMut(Standard),
    ) -> Result<RecordingTally, StandardizeError> {
        let _ = (summary, out);
        Ok(RecordingTally::default())
    }
}

//! The MCAP reader.

use std::ops::ControlFlow;

use prairie_model::{ReadEvent, ReadOptions, ReadSummary, RecordingPlan, Source};

use crate::{FormatError, Reader};

/// Reads MCAP.
#[derive(Debug, Clone, Copy)]
pub struct Mcap;

impl Reader for Mcap {
    fn name(&self) -> &'static str {
        "mcap"
    }

    fn describe(&self) -> &'static str {
        "MCAP"
    }

    fn claims(&self, _source: &dyn Source) -> bool {
        false
    }

    fn plan(&self, _source: &dyn Source, _options: &ReadOptions) -> Result<RecordingPlan, FormatError> {
        unimplemented!("this room fills it in")
    }

    fn read(
        &self,
        _source: &dyn Source,
        _plan: &RecordingPlan,
        _options: &ReadOptions,
        _sink: &mut dyn FnMut(ReadEvent) -> ControlFlow<()>,
    ) -> Result<ReadSummary, FormatError> {
        unimplemented!("this room fills it in")
    }
}

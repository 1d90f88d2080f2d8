//! The LeRobot reader.

use std::ops::ControlFlow;

use prairie_model::{ReadEvent, ReadOptions, ReadSummary, RecordingPlan, Source};

use crate::{FormatError, Reader};

/// Reads LeRobot.
#[derive(Debug, Clone, Copy)]
pub struct LeRobot;

impl Reader for LeRobot {
    fn name(&self) -> &'static str {
        "lerobot"
    }

    fn describe(&self) -> &'static str {
        "LeRobot"
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

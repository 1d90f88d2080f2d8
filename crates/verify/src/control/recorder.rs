//! # What it does
//!
//! Says who recorded the log. A recorder with a power supply and keys of its own, which the vendor does not hold, passes.
//! Otherwise the verdict is *self-attested*, which its report says on the first page.
//!
//! # What it can show
//!
//! Nothing by arithmetic: it is what the mapping of the log states, and whoever signs the log answers for it.
//!
//! # What it cannot show
//!
//! That an independent recorder is honest. Everything else in a verdict is conditional on it.
//!
//! # Example
//!
//! ```text
//! recorder  unknown  self-attested: the recorder belongs to a party that gains by the verdict
//! ```

use prairie_model::Recorder;

use super::{Control, ControlState, Found};
use crate::endpoint::Case;
use crate::verdict::Decision;

/// Who recorded.
#[derive(Debug)]
pub(super) struct IndependentRecorder;

impl Control for IndependentRecorder {
    fn name(&self) -> &'static str {
        "recorder"
    }

    fn summary(&self) -> &'static str {
        "the recorder does not belong to a party that gains by the verdict"
    }

    fn source(&self) -> &'static str {
        include_str!("recorder.rs")
    }

    fn failing(&self) -> Decision {
        Decision::Hold
    }

    fn look(&self, case: &Case<'_>) -> Found {
        match case.provenance.recorder {
            Recorder::Independent => Found::of(ControlState::Pass, "every log states an independent recorder"),
            Recorder::SelfAttested => {
                Found::unknown("self-attested: the recorder belongs to a party that gains by the verdict")
                    .missing("a recorder with a power supply and keys of its own")
            }
        }
    }
}

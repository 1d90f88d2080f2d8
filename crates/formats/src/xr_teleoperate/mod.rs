//! Episodes of Unitree's `xr_teleoperate` (once `avp_teleoperate`): a JSON text of rows, and a file per picture beside it.
//!
//! ```text
//!   episode_0000/data.json ─ scan ─▶ info, text, rewards ──────▶ plan: one episode per text, channels of its first rows
//!                              └───▶ "data": [ row, row, ... ] ─▶ states, actions, tactiles: batches of numbers ─┐
//!   episode_0000/colors/000000_color_0.jpg ◀─ paths in the rows ─▶ batches of places ────────────────────────────┴▶ EpisodeEnd
//! ```
//!
//! A channel is called by the way to its values in a row: `states.left_arm.qpos`, `colors.color_0`. An empty list or null is no
//! message: the writer fills in parts that a robot does not have. Steps are numbered by `idx`, and `info.image.fps` says how far apart
//! they are. A folder of episodes is a recording, and so is the folder of one.
//!
//! The writer appends row by row and closes the text when the episode is over; when it is killed, the end is missing, and the rows
//! before it are whole. It is Python that writes, so that `NaN` may stand where JSON has no word: that is null.
//!
//! What it does *not* do: sound as samples (the file is pointed to), `sim_state` as anything but its text.
//!
//! **Invariant:** it holds one row and the batches that wait, never the text.
//!
//! **Invariant:** every value of a row is delivered, or counted as undecodable.

mod document;
mod read;
mod rows;
mod scan;

use std::ops::ControlFlow;

use prairie_model::{ReadEvent, ReadOptions, ReadSummary, RecordingPlan, Source};

use crate::{FormatError, FormatPage, Reader};

/// Reads episodes of `xr_teleoperate`.
#[derive(Debug, Clone, Copy)]
pub struct XrTeleoperate;

impl Reader for XrTeleoperate {
    fn name(&self) -> &'static str {
        "xr_teleoperate"
    }

    fn describe(&self) -> &'static str {
        "episodes of Unitree's xr_teleoperate and avp_teleoperate (folders with `data.json` and pictures)"
    }

    fn page(&self) -> &'static FormatPage {
        &FormatPage {
            recognised: "a folder with `data.json` of xr_teleoperate, or folders of such episodes",
            carries: &[
                "states and actions per arm, hand, head and body",
                "colour, depth, tactile and audio files by reference; they stay where they are",
                "goal, steps and description of the task",
            ],
            limits: &["files that are referenced and absent are told", "sound is pointed to, not read as samples"],
        }
    }

    fn claims(&self, source: &dyn Source) -> bool {
        document::is_claimed(source)
    }

    fn plan(&self, source: &dyn Source, _options: &ReadOptions) -> Result<RecordingPlan, FormatError> {
        document::plan(source)
    }

    fn read(
        &self,
        source: &dyn Source,
        plan: &RecordingPlan,
        options: &ReadOptions,
        sink: &mut dyn FnMut(ReadEvent) -> ControlFlow<()>,
    ) -> Result<ReadSummary, FormatError> {
        read::read(source, plan, options, sink)
    }
}

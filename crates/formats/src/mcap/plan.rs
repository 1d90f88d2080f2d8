//! Turns what the ends of the files say into a plan.

use prairie_model::{Nanos, RecordingPlan, TimeSpan};

use super::layout::Layout;
use super::record::Statistics;

/// The plan of a recording.
pub(crate) fn plan(layout: Layout) -> RecordingPlan {
    let statistics: Vec<_> =
        layout.files.iter().map(|file| file.summary.as_ref().and_then(|summary| summary.statistics.as_ref())).collect();
    let span = statistics.iter().flatten().filter_map(|statistics| span(statistics)).reduce(TimeSpan::union);
    // Only when every file counts is the sum a count.
    let claimed_messages = statistics
        .iter()
        .map(|statistics| statistics.map(|statistics| statistics.message_count))
        .try_fold(0_u64, |sum, count| sum.checked_add(count?));
    RecordingPlan {
        format: "mcap".to_owned(),
        profile: layout.profile,
        writer: layout.writer,
        channels: layout.registry.entries.into_iter().map(|entry| entry.channel).collect(),
        episodes: Vec::new(),
        span,
        claimed_messages,
        attributes: layout.attributes.0,
        notes: layout.notes,
    }
}

/// The span of log times. Without messages the file says 0, which is no time.
fn span(statistics: &Statistics) -> Option<TimeSpan> {
    if statistics.message_count == 0 {
        return None;
    }
    let start = i64::try_from(statistics.message_start_time).ok()?;
    let end = i64::try_from(statistics.message_end_time).ok()?;
    Some(TimeSpan::new(Nanos(start), Nanos(end)))
}

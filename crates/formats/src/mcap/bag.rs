//! What the `metadata.yaml` beside the files of a ROS 2 bag adds, and what of it is not so.

use prairie_model::{Note, NoteKind, Source};

use super::layout::Layout;
use crate::rosbag2::metadata::{self, NAME};

/// Adds what the description says to `layout`, where there is one.
pub(crate) fn compare(source: &dyn Source, layout: &mut Layout) {
    let Some(said) = metadata::read(source) else { return };
    let missing: Vec<_> = said.missing(source).collect();
    let counts = layout.files.iter().map(|file| Some(file.summary.as_ref()?.statistics.as_ref()?.message_count));
    let counted = counts.sum::<Option<u64>>().filter(|_| missing.is_empty());
    layout.notes.extend(missing);
    if let (Some(claimed), Some(counted)) = (said.messages, counted)
        && claimed != counted
    {
        let text = format!("`{NAME}` claims {claimed} messages and the files count {counted}");
        let note = Note::new(NoteKind::CountMismatch, text).in_file(NAME);
        layout.notes.push(note.numbers(counted as f64, Some(claimed as f64)));
    }
    for (key, value) in said.custom {
        layout.attributes.beside(format!("bag.custom_data.{key}"), value);
    }
}

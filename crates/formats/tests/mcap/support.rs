//! What the tests share.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;

use prairie_formats::mcap::Mcap;
use prairie_formats::{BlobReader, FormatError, Reader};
use prairie_model::{
    MemorySource, Note, NoteKind, Payload, ReadEvent, ReadOptions, ReadSummary, RecordingPlan, Source,
};

/// The folder of samples; `None`, and a line that says so, when it is not there.
pub(crate) fn samples(what: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("PRAIRIE_SAMPLES")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/samples")), PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: {what}, because there are no samples in {}", folder.display());
    None
}

/// A message as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Got {
    pub(crate) log_time: i64,
    pub(crate) publish_time: i64,
    /// The bytes, where the channel is not decoded.
    pub(crate) data: Option<Vec<u8>>,
}

/// A recording as it was read.
pub(crate) struct Recording {
    pub(crate) plan: RecordingPlan,
    pub(crate) summary: ReadSummary,
    /// Notes of plan and reading.
    pub(crate) notes: Vec<Note>,
    /// By topic, in the order of the recording.
    pub(crate) messages: BTreeMap<String, Vec<Got>>,
    pub(crate) attributes: BTreeMap<String, String>,
}

impl Recording {
    pub(crate) fn kinds(&self) -> Vec<NoteKind> {
        self.notes.iter().map(|note| note.kind).collect()
    }

    pub(crate) fn count(&self) -> u64 {
        self.summary.channels.values().map(|tally| tally.messages).sum()
    }

    pub(crate) fn topic(&self, topic: &str) -> &[Got] {
        self.messages.get(topic).map_or(&[], Vec::as_slice)
    }
}

pub(crate) fn memory(bytes: Vec<u8>) -> MemorySource {
    MemorySource::new([("a.mcap".to_owned(), bytes)])
}

pub(crate) fn read(bytes: Vec<u8>) -> Result<Recording, FormatError> {
    read_source(&memory(bytes), &ReadOptions::default())
}

/// Plans and reads everything, also the bytes behind every reference.
pub(crate) fn read_source(source: &dyn Source, options: &ReadOptions) -> Result<Recording, FormatError> {
    let plan = Mcap.plan(source, options)?;
    let mut notes = plan.notes.clone();
    let mut messages: BTreeMap<String, Vec<Got>> = BTreeMap::new();
    let mut attributes = plan.attributes.clone();
    let mut known = plan.channels.clone();
    let mut blobs = BlobReader::new(source);
    let summary = Mcap.read(source, &plan, options, &mut |event| {
        match event {
            ReadEvent::Channel(channel) => {
                assert_eq!(channel.id as usize, known.len(), "ids have no gaps");
                known.push(channel);
            }
            ReadEvent::Batch(batch) => {
                assert!(!batch.is_empty() && batch.publish_time.len() == batch.len());
                assert_eq!(*batch.channel, *known[batch.channel.id as usize], "a channel is told before its batches");
                let data: Vec<_> = match &batch.payload {
                    Payload::Decoded(rows) => {
                        assert_eq!(Some(rows.fields()), batch.channel.fields.as_ref());
                        vec![None; arrow::array::Array::len(rows)]
                    }
                    Payload::Opaque(refs) => refs
                        .iter()
                        .map(|blob| Some(blobs.read(blob).expect("what was read can be read again")))
                        .collect(),
                };
                assert_eq!(data.len(), batch.len());
                let times = batch.log_time.iter().zip(&batch.publish_time);
                messages.entry(batch.channel.topic.clone()).or_default().extend(
                    times.zip(data).map(|((&log_time, &publish_time), data)| Got { log_time, publish_time, data }),
                );
            }
            ReadEvent::EpisodeEnd(_) => panic!("MCAP has no episodes of its own"),
            ReadEvent::Attribute(key, value) => {
                assert_eq!(attributes.insert(key, value), None, "an attribute is told once");
            }
            ReadEvent::Note(note) => notes.push(note),
        }
        ControlFlow::Continue(())
    })?;
    let delivered: usize = messages.values().map(Vec::len).sum();
    let counted: u64 = summary.channels.values().map(|tally| tally.messages - tally.undecodable).sum();
    assert_eq!(delivered as u64, counted, "every message is delivered or counted as undecodable");
    Ok(Recording { plan, summary, notes, messages, attributes })
}

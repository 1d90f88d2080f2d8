//! What the tests share.

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use prairie_formats::{BlobReader, FormatError, Reader};
use prairie_model::{
    BlobColumns, MemorySource, Note, NoteKind, Payload, ReadEvent, ReadOptions, ReadSummary, RecordingPlan, Source,
    is_blob,
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

/// A recording as it was read.
pub(crate) struct Recording {
    pub(crate) plan: RecordingPlan,
    pub(crate) summary: ReadSummary,
    /// Notes of plan and reading.
    pub(crate) notes: Vec<Note>,
    /// Log times by topic, in the order of the recording; of decoded and opaque messages.
    pub(crate) times: BTreeMap<String, Vec<i64>>,
    /// The bytes of opaque messages, by topic.
    pub(crate) opaque: BTreeMap<String, Vec<Vec<u8>>>,
    /// The rows of decoded messages, by topic.
    pub(crate) rows: BTreeMap<String, Vec<arrow::array::StructArray>>,
    /// Blobs that lie in decoded messages, by topic.
    pub(crate) blobs: BTreeMap<String, Vec<Vec<u8>>>,
}

impl Recording {
    pub(crate) fn kinds(&self) -> Vec<NoteKind> {
        self.notes.iter().map(|note| note.kind).collect()
    }

    pub(crate) fn count(&self) -> u64 {
        self.summary.channels.values().map(|tally| tally.messages).sum()
    }

    pub(crate) fn undecodable(&self) -> u64 {
        self.summary.channels.values().map(|tally| tally.undecodable).sum()
    }

    pub(crate) fn has(&self, kind: NoteKind) -> bool {
        self.kinds().contains(&kind)
    }
}

/// A recording of these files.
pub(crate) fn memory(files: &[(&str, &[u8])]) -> MemorySource {
    MemorySource::new(files.iter().map(|(path, bytes)| ((*path).to_owned(), bytes.to_vec())))
}

/// The file or the folder at `path`.
pub(crate) fn open(path: &Path) -> MemorySource {
    if path.is_file() {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        return MemorySource::new([(name, fs::read(path).expect("readable"))]);
    }
    let mut files = Vec::new();
    collect(path, "", &mut files);
    MemorySource::new(files)
}

fn collect(folder: &Path, prefix: &str, files: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            collect(&entry.path(), &format!("{name}/"), files);
        } else {
            files.push((name, fs::read(entry.path()).expect("readable")));
        }
    }
}

/// All files below `folder` whose names end so.
pub(crate) fn find(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else if endings.iter().any(|ending| path.to_string_lossy().ends_with(ending)) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Plans and reads everything, also the bytes behind every reference.
pub(crate) fn read(reader: &dyn Reader, source: &dyn Source) -> Result<Recording, FormatError> {
    let options = ReadOptions::default();
    let plan = reader.plan(source, &options)?;
    let mut known = plan.channels.clone();
    let mut blob_reader = BlobReader::new(source);
    let mut recording = Recording {
        notes: plan.notes.clone(),
        plan: plan.clone(),
        summary: ReadSummary::default(),
        times: BTreeMap::new(),
        opaque: BTreeMap::new(),
        rows: BTreeMap::new(),
        blobs: BTreeMap::new(),
    };
    recording.summary = reader.read(source, &plan, &options, &mut |event| {
        match event {
            ReadEvent::Channel(channel) => {
                assert_eq!(channel.id as usize, known.len(), "ids have no gaps");
                known.push(channel);
            }
            ReadEvent::Batch(batch) => {
                assert!(!batch.is_empty() && batch.publish_time.is_empty());
                assert_eq!(*batch.channel, *known[batch.channel.id as usize], "a channel is told before its batches");
                let topic = batch.channel.topic.clone();
                recording.times.entry(topic.clone()).or_default().extend(&batch.log_time);
                match batch.payload {
                    Payload::Decoded(rows) => {
                        assert_eq!(Some(rows.fields()), batch.channel.fields.as_ref());
                        assert_eq!(arrow::array::Array::len(&rows), batch.log_time.len());
                        for (field, column) in rows.fields().iter().zip(rows.columns()) {
                            if is_blob(field) {
                                for blob in BlobColumns::read(column).expect("a column of blobs") {
                                    let bytes = blob_reader.read(&blob).expect("what was read can be read again");
                                    assert_eq!(Some(prairie_model::Hash256::of(&bytes)), blob.sha256, "{blob:?}");
                                    recording.blobs.entry(topic.clone()).or_default().push(bytes);
                                }
                            }
                        }
                        recording.rows.entry(topic).or_default().push(rows);
                    }
                    Payload::Opaque(refs) => {
                        assert_eq!(refs.len(), batch.log_time.len());
                        let bytes = refs.iter().map(|blob| blob_reader.read(blob).expect("it can be read again"));
                        recording.opaque.entry(topic).or_default().extend(bytes);
                    }
                }
            }
            ReadEvent::EpisodeEnd(_) => panic!("bags have no episodes of their own"),
            ReadEvent::Attribute(..) => {}
            ReadEvent::Note(note) => recording.notes.push(note),
        }
        ControlFlow::Continue(())
    })?;
    let delivered: usize = recording.times.values().map(Vec::len).sum();
    assert_eq!(delivered as u64, recording.count() - recording.undecodable(), "every message is delivered or counted");
    Ok(recording)
}

/// Calls `each` with copies of `bytes` in which a byte from `from` on is another, at every place of small inputs and many of large ones.
pub(crate) fn flips(bytes: &[u8], from: usize, mut each: impl FnMut(&[u8])) {
    let mut copy = bytes.to_vec();
    let step = (bytes.len() - from).div_ceil(1500).max(1);
    for at in (from..bytes.len()).step_by(step) {
        for value in [0, 0xff, copy[at] ^ 1, copy[at] ^ 0x80] {
            let before = std::mem::replace(&mut copy[at], value);
            if before != value {
                each(&copy);
            }
            copy[at] = before;
        }
    }
}

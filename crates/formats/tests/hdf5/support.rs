//! Recordings as what was read of them.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::{env, fs};

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::DataType;
use prairie_formats::hdf5::Hdf5;
use prairie_formats::{BlobReader, FormatError, Reader};
use prairie_model::{
    BlobColumns, MemorySource, Note, NoteKind, Payload, ReadEvent, ReadOptions, ReadSummary, RecordingPlan, Source,
    is_blob,
};
use sha2::{Digest, Sha256};

/// Times that are kept of one channel.
const TIMES_MAX: usize = 10_000;

/// Everything that reading gave.
pub(crate) struct Recording {
    pub(crate) plan: RecordingPlan,
    pub(crate) summary: ReadSummary,
    pub(crate) notes: Vec<Note>,
    /// By episode and topic: the rows, the hash of their values, and their times.
    pub(crate) channels: BTreeMap<(String, String), Got>,
    /// Rows that were delivered without being decoded.
    pub(crate) opaque: u64,
}

#[derive(Default)]
pub(crate) struct Got {
    pub(crate) rows: u64,
    hash: Sha256,
    pub(crate) times: Vec<i64>,
}

impl Got {
    pub(crate) fn digest(&self) -> String {
        self.hash.clone().finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl Recording {
    pub(crate) fn kinds(&self) -> Vec<NoteKind> {
        self.notes.iter().map(|note| note.kind).collect()
    }

    pub(crate) fn texts(&self) -> Vec<&str> {
        self.notes.iter().map(|note| note.text.as_str()).collect()
    }

    pub(crate) fn rows(&self) -> u64 {
        self.channels.values().map(|got| got.rows).sum()
    }
}

pub(crate) fn memory(bytes: Vec<u8>) -> MemorySource {
    MemorySource::new([("a.hdf5".to_owned(), bytes)])
}

/// Plans and reads, and reads every blob back.
pub(crate) fn read(source: &dyn Source) -> Result<Recording, FormatError> {
    read_with(source, &ReadOptions::default())
}

/// As [`read`].
pub(crate) fn read_with(source: &dyn Source, options: &ReadOptions) -> Result<Recording, FormatError> {
    let plan = Hdf5.plan(source, options)?;
    let mut notes = plan.notes.clone();
    let mut channels: BTreeMap<(String, String), Got> = BTreeMap::new();
    let mut opaque = 0;
    let mut blobs = BlobReader::with_room(source, 32 << 20);
    let mut ended = Vec::new();
    let summary = Hdf5.read(source, &plan, options, &mut |event| {
        match event {
            ReadEvent::Batch(batch) => {
                let episode = batch.episode.expect("tables have episodes");
                assert!(!ended.contains(&episode), "rows come after the end of episode {episode}");
                let key = plan.episodes[episode as usize].key.clone();
                let got = channels.entry((key, batch.channel.topic.clone())).or_default();
                got.rows += batch.len() as u64;
                let room = TIMES_MAX.saturating_sub(got.times.len());
                got.times.extend(batch.log_time.iter().take(room));
                match &batch.payload {
                    Payload::Opaque(places) => {
                        assert_eq!(places.len(), batch.len());
                        opaque += places.len() as u64;
                    }
                    Payload::Decoded(rows) => {
                        assert_eq!(rows.len(), batch.len());
                        assert_eq!(Some(rows.fields()), batch.channel.fields.as_ref());
                        for (field, column) in rows.fields().iter().zip(rows.columns()) {
                            if is_blob(field) {
                                for blob in BlobColumns::read(column).expect("blobs") {
                                    if let Ok(bytes) = blobs.read(&blob) {
                                        assert_eq!(bytes.len() as u64, blob.length);
                                        let sha256 = Sha256::digest(&bytes);
                                        if let Some(hash) = &blob.sha256 {
                                            assert_eq!(hash.as_bytes()[..], sha256[..], "{blob:?}");
                                        }
                                        got.hash.update(&bytes);
                                    } else {
                                        got.hash.update(b"?");
                                    }
                                }
                            } else {
                                hash(column, &mut got.hash);
                            }
                        }
                    }
                }
            }
            ReadEvent::EpisodeEnd(episode) => ended.push(episode),
            ReadEvent::Note(note) => notes.push(note),
            other => panic!("{other:?}"),
        }
        ControlFlow::Continue(())
    })?;
    let (messages, undecodable) =
        summary.channels.values().fold((0, 0), |sum, tally| (sum.0 + tally.messages, sum.1 + tally.undecodable));
    let delivered: u64 = channels.values().map(|got| got.rows).sum();
    assert_eq!(delivered + undecodable, messages, "what was read is delivered or counted");
    Ok(Recording { plan, summary, notes, channels, opaque })
}

/// The bytes of values as numpy has them.
fn hash(column: &ArrayRef, sum: &mut Sha256) {
    match column.data_type() {
        DataType::List(_) => hash(column.as_list::<i32>().values(), sum),
        DataType::Utf8 => {
            for text in column.as_string::<i32>() {
                sum.update(text.unwrap_or_default());
                sum.update(b"\n");
            }
        }
        DataType::Boolean => {
            for value in column.as_boolean() {
                sum.update([u8::from(value.expect("a value"))]);
            }
        }
        _ => {
            let data = column.to_data();
            let width = data.data_type().primitive_width().expect("numbers");
            sum.update(&data.buffers()[0].as_slice()[data.offset() * width..][..data.len() * width]);
        }
    }
}

/// Where recordings by others lie; `None`, and a word about it, where they are not there.
pub(crate) fn samples(what: &str) -> Option<PathBuf> {
    let beside = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/samples"));
    let folder = env::var_os("PRAIRIE_SAMPLES").map_or(beside, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: {what} are not there");
    None
}

/// The samples that are HDF5, by their names.
pub(crate) fn sample_files() -> Vec<(String, Vec<u8>)> {
    let Some(folder) = samples("recordings by others") else { return Vec::new() };
    let mut found = Vec::new();
    let mut waiting = vec![folder.clone()];
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(fs::read_dir(&path).expect("a folder").map(|entry| entry.expect("an entry").path()));
        } else if path.extension().is_some_and(|extension| extension == "hdf5" || extension == "h5") {
            let name = path.strip_prefix(&folder).expect("inside").display().to_string();
            found.push((name, fs::read(&path).expect("readable")));
        }
    }
    found.sort();
    found
}

/// A Python with `h5py`; `None`, and a word about it, where there is none.
pub(crate) fn python() -> Option<PathBuf> {
    let python = env::var_os("PRAIRIE_PYTHON").map(PathBuf::from)?;
    let works = std::process::Command::new(&python).args(["-c", "import h5py"]).output();
    works.is_ok_and(|output| output.status.success()).then_some(python)
}

/// The seeds of the fuzzer, which `h5py` made.
pub(crate) fn seeds() -> Vec<(String, Vec<u8>)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/hdf5");
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<_> = entries
        .map(|path| {
            (path.file_name().expect("a name").to_string_lossy().into_owned(), fs::read(&path).expect("a file"))
        })
        .collect();
    files.sort();
    assert!(files.len() >= 8);
    files
}

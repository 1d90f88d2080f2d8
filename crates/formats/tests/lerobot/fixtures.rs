//! Sources, and what comes of reading one.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Cursor, Seek, SeekFrom, Write};
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use prairie_formats::Reader;
use prairie_formats::lerobot::{Files, LeRobot};
use prairie_model::{
    BlobColumns, BlobRef, MemorySource, Note, Payload, ReadEvent, ReadOptions, ReadSummary, RecordingPlan, Source,
    SourceFile,
};

/// A folder of the file system.
pub(crate) struct Folder {
    pub(crate) root: PathBuf,
    files: Vec<SourceFile>,
}

impl Folder {
    pub(crate) fn open(root: PathBuf) -> Self {
        let mut files = Vec::new();
        walk(&root, &root, &mut files);
        files.sort_by(|one: &SourceFile, other| one.path.cmp(&other.path));
        Self { root, files }
    }
}

fn walk(root: &Path, folder: &Path, files: &mut Vec<SourceFile>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(root, &path, files);
        } else {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            files.push(SourceFile { path: name, size: path.metadata().unwrap().len() });
        }
    }
}

impl Source for Folder {
    fn files(&self) -> &[SourceFile] {
        &self.files
    }

    fn read_at(&self, file: usize, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        File::open(self.root.join(&self.files[file].path))?.read_at(buffer, offset)
    }
}

pub(crate) fn sample(name: &str) -> Option<Folder> {
    let root = std::env::var_os("PRAIRIE_SAMPLES")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/samples")), PathBuf::from)
        .join(name);
    if !root.is_dir() {
        println!("skipped: {} is not there", root.display());
        return None;
    }
    Some(Folder::open(root))
}

/// What came of a feature in one episode.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Got {
    pub(crate) times: Vec<i64>,
    pub(crate) sum: f64,
    pub(crate) numbers: usize,
    pub(crate) values: Vec<f64>,
    pub(crate) texts: Vec<String>,
    pub(crate) blobs: Vec<BlobRef>,
}

#[derive(Default)]
pub(crate) struct All {
    pub(crate) got: BTreeMap<(u32, String), Got>,
    pub(crate) ended: Vec<u32>,
    pub(crate) notes: Vec<Note>,
    pub(crate) summary: ReadSummary,
}

pub(crate) fn read_all(source: &dyn Source, options: &ReadOptions) -> (RecordingPlan, All) {
    let plan = LeRobot.plan(source, options).unwrap();
    let mut all = All::default();
    let summary = LeRobot.read(source, &plan, options, &mut |event| {
        match event {
            ReadEvent::Batch(batch) => {
                let episode = batch.episode.unwrap();
                assert!(!all.ended.contains(&episode), "messages after the end of episode {episode}");
                let got = all.got.entry((episode, batch.channel.topic.clone())).or_default();
                let Payload::Decoded(rows) = &batch.payload else { panic!("nothing is opaque here") };
                assert_eq!(rows.len(), batch.log_time.len());
                assert_eq!(Some(rows.fields()), batch.channel.fields.as_ref());
                got.times.extend(&batch.log_time);
                if let Some(value) = rows.column_by_name("value") {
                    let values = cast(value.as_list::<i32>().values(), &DataType::Float64).unwrap();
                    let values = values.as_primitive::<Float64Type>();
                    got.sum += values.iter().flatten().sum::<f64>();
                    got.numbers += values.len();
                    got.values.extend(values.iter().flatten());
                }
                if let Some(text) = rows.column_by_name("text") {
                    got.texts.extend(text.as_string::<i32>().iter().flatten().map(str::to_owned));
                }
                if let Some(blobs) = rows.column_by_name("data") {
                    got.blobs.extend(BlobColumns::read(blobs).unwrap());
                }
            }
            ReadEvent::EpisodeEnd(episode) => all.ended.push(episode),
            ReadEvent::Note(note) => all.notes.push(note),
            ReadEvent::Channel(_) | ReadEvent::Attribute(..) => {}
        }
        ControlFlow::Continue(())
    });
    all.summary = summary.unwrap();
    (plan, all)
}

/// Files in memory.
#[derive(Clone, Default)]
pub(crate) struct MemoryFiles(pub(crate) Arc<Mutex<BTreeMap<String, Vec<u8>>>>);

pub(crate) struct MemoryFile {
    files: MemoryFiles,
    path: String,
    bytes: Cursor<Vec<u8>>,
}

impl Files for MemoryFiles {
    type File = MemoryFile;

    fn create(&mut self, path: &str) -> io::Result<MemoryFile> {
        Ok(MemoryFile { files: self.clone(), path: path.to_owned(), bytes: Cursor::default() })
    }
}

impl Write for MemoryFile {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.bytes.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for MemoryFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.bytes.seek(to)
    }
}

impl Drop for MemoryFile {
    fn drop(&mut self) {
        let bytes = std::mem::take(self.bytes.get_mut());
        self.files.0.lock().unwrap().insert(std::mem::take(&mut self.path), bytes);
    }
}

impl MemoryFiles {
    pub(crate) fn source(&self) -> MemorySource {
        MemorySource::new(self.0.lock().unwrap().clone())
    }
}

/// Numbers without a pattern, the same in every run.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end.max(1)
    }
}

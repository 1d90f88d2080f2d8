//! What the tests share.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use prairie_formats::zarr::Zarr;
use prairie_formats::{BlobReader, FormatError, Reader};
use prairie_model::{
    BlobColumns, Hash256, MemorySource, Note, NoteKind, Payload, ReadEvent, ReadOptions, ReadSummary, RecordingPlan,
    Source, is_blob,
};

/// One row as it was read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Got {
    Numbers(Vec<f64>),
    Text(String),
    /// SHA-256 of a picture's bytes; `None` where there are none.
    Picture(Option<String>),
}

/// A recording as it was read.
#[derive(Debug)]
pub(crate) struct Recording {
    pub(crate) plan: RecordingPlan,
    pub(crate) summary: ReadSummary,
    /// Notes of plan and reading.
    pub(crate) notes: Vec<Note>,
    /// By episode and topic: times and rows.
    pub(crate) rows: BTreeMap<(u32, String), Vec<(i64, Got)>>,
    pub(crate) ended: Vec<u32>,
}

impl Recording {
    pub(crate) fn kinds(&self) -> Vec<NoteKind> {
        self.notes.iter().map(|note| note.kind).collect()
    }

    /// The rows of a topic, of all episodes.
    pub(crate) fn topic(&self, topic: &str) -> Vec<Got> {
        let rows = self.rows.iter().filter(|((_, name), _)| name == topic);
        rows.flat_map(|(_, rows)| rows.iter().map(|(_, got)| got.clone())).collect()
    }

    pub(crate) fn times(&self, episode: u32, topic: &str) -> Vec<i64> {
        self.rows[&(episode, topic.to_owned())].iter().map(|(time, _)| *time).collect()
    }
}

pub(crate) fn numbers(got: &[Got]) -> Vec<f64> {
    let flat = |got: &Got| match got {
        Got::Numbers(numbers) => numbers.clone(),
        other => panic!("{other:?} are no numbers"),
    };
    got.iter().flat_map(flat).collect()
}

/// A folder in memory, with its files whose names begin with a dot.
pub(crate) fn folder(path: &Path) -> MemorySource {
    fn walk(path: &Path, prefix: &str, files: &mut Vec<(String, Vec<u8>)>) {
        for entry in std::fs::read_dir(path).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            match path.is_dir() {
                true => walk(&path, &format!("{prefix}{name}/"), files),
                false => files.push((format!("{prefix}{name}"), std::fs::read(&path).expect("a file"))),
            }
        }
    }
    let mut files = Vec::new();
    match path.is_dir() {
        true => walk(path, "", &mut files),
        false => files.push(("a.zarr.zip".to_owned(), std::fs::read(path).expect("a file"))),
    }
    MemorySource::new(files)
}

/// Plans and reads everything, also the bytes behind every place, which must have the hash that was told.
pub(crate) fn read(source: &dyn Source) -> Result<Recording, FormatError> {
    let options = ReadOptions::default();
    let plan = Zarr.plan(source, &options)?;
    let mut recording = Recording {
        notes: plan.notes.clone(),
        plan: plan.clone(),
        summary: ReadSummary::default(),
        rows: BTreeMap::new(),
        ended: Vec::new(),
    };
    let mut blobs = BlobReader::new(source);
    let mut delivered = 0;
    let summary = Zarr.read(source, &plan, &options, &mut |event| {
        match event {
            ReadEvent::Batch(batch) => {
                delivered += batch.len() as u64;
                let episode = batch.episode.expect("rows belong to episodes");
                assert!(!recording.ended.contains(&episode), "nothing comes after the end");
                let Payload::Decoded(rows) = &batch.payload else { panic!("a table is decoded") };
                assert_eq!(Some(rows.fields()), batch.channel.fields.as_ref());
                assert_eq!(rows.len(), batch.len());
                let column = rows.column(0);
                let got: Vec<Got> = if is_blob(&rows.fields()[0]) {
                    let places = BlobColumns::read(column).expect("places");
                    let one = |place: prairie_model::BlobRef| {
                        let bytes = blobs.read(&place).expect("what was read can be read again");
                        let hash = (place.length > 0).then(|| Hash256::of(&bytes));
                        assert_eq!(hash, place.sha256);
                        Got::Picture(hash.map(|hash| hash.to_string()))
                    };
                    places.into_iter().map(one).collect()
                } else if let Some(texts) = column.as_string_opt::<i32>() {
                    texts.iter().map(|text| Got::Text(text.unwrap_or_default().to_owned())).collect()
                } else {
                    let list = column.as_list::<i32>();
                    let row = |row: usize| {
                        let values = cast(&list.value(row), &DataType::Float64).expect("numbers");
                        Got::Numbers(values.as_primitive::<Float64Type>().values().to_vec())
                    };
                    (0..list.len()).map(row).collect()
                };
                let rows = recording.rows.entry((episode, batch.channel.topic.clone())).or_default();
                rows.extend(batch.log_time.iter().copied().zip(got));
            }
            ReadEvent::EpisodeEnd(episode) => recording.ended.push(episode),
            ReadEvent::Note(note) => recording.notes.push(note),
            ReadEvent::Channel(_) | ReadEvent::Attribute(..) => panic!("the plan knows everything"),
        }
        ControlFlow::Continue(())
    })?;
    let counted: u64 = summary.channels.values().map(|tally| tally.messages - tally.undecodable).sum();
    assert_eq!(delivered, counted, "every message is delivered or counted as undecodable");
    recording.summary = summary;
    Ok(recording)
}

//! What the tests share.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;

use arrow::array::{Array, AsArray};
use arrow::datatypes::Float64Type;
use prairie_formats::columns::Columns;
use prairie_formats::{BlobReader, FormatError, Reader};
use prairie_model::{
    BlobColumns, Hash256, MemorySource, Note, NoteKind, Payload, ReadEvent, ReadOptions, ReadSummary, RecordingPlan,
    Source, is_blob,
};

/// One row as it was read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Got {
    Numbers(Vec<Option<f64>>),
    Text(String),
    Picture(Vec<u8>),
}

/// A recording as it was read.
#[derive(Debug)]
pub(crate) struct Recording {
    pub(crate) plan: RecordingPlan,
    pub(crate) summary: ReadSummary,
    /// Notes of plan and reading.
    pub(crate) notes: Vec<Note>,
    /// By episode and stream: times and rows.
    pub(crate) rows: BTreeMap<(u32, String), Vec<(i64, Got)>>,
    pub(crate) ended: Vec<u32>,
}

impl Recording {
    pub(crate) fn kinds(&self) -> Vec<NoteKind> {
        self.notes.iter().map(|note| note.kind).collect()
    }

    pub(crate) fn stream(&self, episode: u32, name: &str) -> Vec<(i64, Got)> {
        self.rows.get(&(episode, name.to_owned())).cloned().unwrap_or_default()
    }

    /// The numbers of a stream, row by row.
    pub(crate) fn numbers(&self, episode: u32, name: &str) -> Vec<Vec<Option<f64>>> {
        let numbers = |(_, got): (i64, Got)| match got {
            Got::Numbers(numbers) => numbers,
            other => panic!("{other:?} are no numbers"),
        };
        self.stream(episode, name).into_iter().map(numbers).collect()
    }

    pub(crate) fn times(&self, episode: u32, name: &str) -> Vec<i64> {
        self.stream(episode, name).into_iter().map(|(time, _)| time).collect()
    }
}

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

/// A recording with this description, which gets its schema, and these files.
pub(crate) fn source(config: &str, files: &[(&str, &[u8])]) -> MemorySource {
    let config = format!("schema = \"prairie/table/1\"\n{config}");
    let files = files.iter().map(|(path, bytes)| ((*path).to_owned(), bytes.to_vec()));
    MemorySource::new(files.chain([("recording.toml".to_owned(), config.into_bytes())]))
}

/// Plans and reads everything, also the bytes behind every place, which must have the hash that was told.
pub(crate) fn read(source: &dyn Source) -> Result<Recording, FormatError> {
    let options = ReadOptions::default();
    let plan = Columns.plan(source, &options)?;
    let mut recording = Recording {
        notes: plan.notes.clone(),
        plan: plan.clone(),
        summary: ReadSummary::default(),
        rows: BTreeMap::new(),
        ended: Vec::new(),
    };
    let mut blobs = BlobReader::new(source);
    let mut delivered = 0;
    let summary = Columns.read(source, &plan, &options, &mut |event| {
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
                        assert_eq!(Some(Hash256::of(&bytes)), place.sha256);
                        Got::Picture(bytes)
                    };
                    places.into_iter().map(one).collect()
                } else if let Some(texts) = column.as_string_opt::<i32>() {
                    texts.iter().map(|text| Got::Text(text.unwrap_or_default().to_owned())).collect()
                } else {
                    let list = column.as_list::<i32>();
                    let row = |row: usize| Got::Numbers(list.value(row).as_primitive::<Float64Type>().iter().collect());
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

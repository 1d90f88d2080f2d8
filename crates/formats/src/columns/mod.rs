//! Tables as recordings: CSV, JSON Lines, Parquet and NumPy's `.npy` and `.npz`, and a `recording.toml` that says what they are.
//!
//! ```text
//!   recording.toml ─ config ─▶ files, time, episodes, streams ─▶ plan: one channel per stream, one episode per file or value
//!   CSV, JSON Lines, Parquet ─ sheet ─▶ rows ─┐
//!   .npy, .npz ─ numpy, block ─▶ rows ────────┴─ read ─▶ batches of numbers, texts, places of pictures ─▶ EpisodeEnd
//! ```
//!
//! The description is `docs/reference/recording-toml.md`. Nobody can tell from a table alone which column is time, in which unit, and
//! which columns are one vector; so nothing is claimed without it. Numbers come as 64-bit floats.
//!
//! A stream of which a row has nothing has no such row, so that sensors of several rates can share a table; where a row has some of
//! its cells the others are null. Times that repeat or go backwards are delivered: they are what the table says. Rows without a time
//! are left out and counted.
//!
//! What it does *not* do: columns of lists and of nested objects in Parquet, several tables that are joined by their times, pictures
//! in compressed `.npz`.
//!
//! **Invariant:** memory is one batch of rows, however long a table is.

mod block;
mod cell;
mod config;
mod glob;
mod numpy;
mod read;
mod sheet;
mod stream;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use prairie_model::{
    Channel, MessageEncoding, Note, NoteKind, ReadEvent, ReadOptions, ReadSummary, RecordingPlan, Source, SourceEpisode,
};

use crate::lerobot::table::Table;
use crate::{FormatError, FormatPage, Reader};
use config::{Config, FileFormat, Listed, StreamConfig};
use read::Reading;
use stream::{Kind, Stream};

/// Streams of one recording.
const STREAMS_MAX: usize = 4096;
/// Episodes of one recording.
const EPISODES_MAX: usize = 1_000_000;

/// Reads tables.
#[derive(Debug, Clone, Copy)]
pub struct Columns;

impl Reader for Columns {
    fn name(&self) -> &'static str {
        "table"
    }

    fn describe(&self) -> &'static str {
        "tables in CSV, JSON Lines, Parquet or NumPy files, described by a `recording.toml` in their folder"
    }

    fn page(&self) -> &'static FormatPage {
        &FormatPage {
            recognised: "a folder whose `recording.toml` says `schema = \"prairie/table/1\"`",
            carries: &[
                "CSV, JSON Lines, Parquet and NumPy files (`.npy`, `.npz`)",
                "times from a column (seconds to nanoseconds, dates, with or without an offset) or from a rate; irregular rates",
                "episodes by file or by a column; names, units, missing cells, stray spaces in names",
            ],
            limits: &[
                "needs a description, [recording-toml.md](recording-toml.md): what columns mean cannot be seen in them",
                "NumPy objects are never loaded; pictures in a compressed `.npz` are told and left out",
                "lists and nested objects in Parquet are not read",
            ],
        }
    }

    fn claims(&self, source: &dyn Source) -> bool {
        Config::is_there(source)
    }

    fn plan(&self, source: &dyn Source, _options: &ReadOptions) -> Result<RecordingPlan, FormatError> {
        let config = Config::load(source)?;
        let mut plan = RecordingPlan { format: "table".to_owned(), ..RecordingPlan::default() };
        let (files, absent) = config.files(source);
        for file in absent {
            let text = format!("no file is called `{}`", file.path);
            plan.notes.push(Note::new(NoteKind::FileMissing, text).in_file(&file.path));
        }
        let streams = streams(source, &config, &files)?;
        let rate_hz = config.time.rate_hz;
        plan.channels = (0_u32..).zip(&streams).map(|(id, stream)| Arc::new(channel(id, stream, rate_hz))).collect();
        for listed in &files {
            episodes_of(source, &config, listed, &mut plan)?;
        }
        plan.attributes = config.attributes.clone();
        Ok(plan)
    }

    fn read(
        &self,
        source: &dyn Source,
        plan: &RecordingPlan,
        options: &ReadOptions,
        sink: &mut dyn FnMut(ReadEvent) -> ControlFlow<()>,
    ) -> Result<ReadSummary, FormatError> {
        let config = Config::load(source)?;
        let (files, _absent) = config.files(source);
        let streams = streams(source, &config, &files)?;
        if plan.channels.len() != streams.len() {
            return Err(FormatError::Unsupported("the plan is not of these tables".to_owned()));
        }
        let about = (plan.channels.as_slice(), plan.episodes.len());
        let mut reading = Reading::new(&config, &streams, about, options, sink);
        for listed in &files {
            let result = match sheet::table_format(listed.format) {
                Some(format) => sheet::read(source, listed, &format, &mut reading),
                None => block::read(source, listed, &mut reading),
            };
            let flow = match result {
                Ok(flow) => flow,
                // A file of which nothing can be read does not hide the others.
                Err(error) => {
                    let note = error.into_note()?.episode(reading.ordinal());
                    (reading.summary.complete, reading.summary.lost) = (false, None);
                    let ended = reading.end();
                    if ended.is_break() { ended } else { reading.tell(note) }
                }
            };
            if flow.is_break() {
                break;
            }
        }
        let mut summary = reading.summary;
        summary.complete &= !reading.broken;
        Ok(summary)
    }
}

/// The streams of the recording: as described, else the columns of the first file that can be read.
fn streams(source: &dyn Source, config: &Config, files: &[Listed<'_>]) -> Result<Vec<Stream>, FormatError> {
    let is_readable = |error: FormatError| error.into_note().map(|_note| ());
    if !config.streams.is_empty() {
        let mut streams: Vec<Stream> = config.streams.iter().map(of_columns).collect();
        let arrays = files.iter().filter(|listed| sheet::table_format(listed.format).is_none());
        for listed in arrays {
            // The first file that can be opened says what its arrays are.
            match block::open(source, listed) {
                Ok(arrays) => {
                    for stream in &mut streams {
                        if let Some((kind, shape)) = block::describe(&arrays, config, &stream.config) {
                            (stream.kind, stream.shape) = (kind, shape);
                        }
                    }
                    break;
                }
                Err(error) => is_readable(error)?,
            }
        }
        return Ok(streams);
    }
    for listed in files {
        let found = match sheet::table_format(listed.format) {
            Some(format) => sheet::columns(source, config, listed, &format).map(|columns| {
                let stream = |(name, text): &(String, bool)| of_columns(&StreamConfig::of_column(name, *text));
                columns.iter().map(stream).collect::<Vec<_>>()
            }),
            None => block::open(source, listed).map(|arrays| {
                let described = block::streams(&arrays, config).into_iter().map(|stream| {
                    let mut it = of_columns(&stream);
                    if let Some((kind, shape)) = block::describe(&arrays, config, &stream) {
                        (it.kind, it.shape) = (kind, shape);
                    }
                    it
                });
                described.collect()
            }),
        };
        match found {
            Ok(streams) if !streams.is_empty() => return Ok(streams),
            Ok(_) => {}
            Err(error) => is_readable(error)?,
        }
    }
    Ok(Vec::new())
}

fn of_columns(config: &StreamConfig) -> Stream {
    let kind = if config.text { Kind::Texts } else { Kind::Numbers };
    let shape = if config.text { Vec::new() } else { vec![config.columns.len() as u64] };
    Stream { config: config.clone(), kind, shape }
}

fn channel(id: u32, stream: &Stream, rate_hz: Option<f64>) -> Channel {
    let width = stream.shape.iter().product::<u64>();
    let names = match (&stream.config.names, &stream.config.columns) {
        (names, _) if names.len() as u64 == width && !names.is_empty() => names.clone(),
        (_, columns) if columns.len() as u64 == width && width > 1 => columns.clone(),
        _ => Vec::new(),
    };
    let picture = match &stream.kind {
        Kind::Pictures(info) => Some(prairie_model::PictureInfo { fps: rate_hz, ..info.clone() }),
        Kind::Numbers | Kind::Texts => None,
    };
    let unit = stream.config.unit.iter().map(|unit| ("unit".to_owned(), unit.clone()));
    Channel {
        id,
        topic: stream.config.name.clone(),
        schema_name: "table.feature".to_owned(),
        encoding: MessageEncoding::Table,
        fields: Some(stream.fields()),
        undecodable: None,
        picture,
        names,
        shape: stream.shape.clone(),
        rate_hz,
        metadata: unit.collect(),
        claimed_messages: None,
    }
}

/// Adds the episodes of a file.
fn episodes_of(
    source: &dyn Source,
    config: &Config,
    listed: &Listed<'_>,
    plan: &mut RecordingPlan,
) -> Result<(), FormatError> {
    let task = listed.config.task.clone();
    let mut attributes = listed.config.attributes.clone();
    attributes.insert("file".to_owned(), listed.path.to_owned());
    let format = sheet::table_format(listed.format);
    if let Some(column) = &config.episodes.column {
        let mut before: Option<String> = None;
        let mut seen: BTreeMap<String, u64> = BTreeMap::new();
        let (mut again, episodes) = (0_u64, &mut plan.episodes);
        let mut take = |value: Option<&str>| {
            let Some(value) = value else { return ControlFlow::Continue(()) };
            if before.as_deref() != Some(value) {
                if episodes.len() >= EPISODES_MAX {
                    return ControlFlow::Break(());
                }
                before = Some(value.to_owned());
                let times = seen.entry(value.to_owned()).or_default();
                *times += 1;
                again += u64::from(*times == 2);
                let suffix = if *times > 1 { format!("~{times}") } else { String::new() };
                let mut attributes = attributes.clone();
                attributes.insert(column.clone(), value.to_owned());
                episodes.push(SourceEpisode {
                    key: format!("{}#{value}{suffix}", listed.path),
                    task: task.clone(),
                    claimed_length: Some(0),
                    span: None,
                    attributes,
                });
            }
            if let Some(rows) = episodes.last_mut().and_then(|episode| episode.claimed_length.as_mut()) {
                *rows += 1;
            }
            ControlFlow::Continue(())
        };
        let done = match &format {
            Some(format) => sheet::runs(source, config, listed, (format, column), &mut take),
            None => block::runs(source, config, listed, column, &mut take),
        };
        if let Err(error) = done {
            plan.notes.push(error.into_note()?);
        }
        if again > 0 {
            let text = format!("{again} values of `{column}` come back in `{}`; each time is an episode", listed.path);
            let note = Note::new(NoteKind::IndexWrong, text).in_file(listed.path);
            plan.notes.push(note.numbers(again as f64, Some(0.0)));
        }
        return Ok(());
    }
    let mut claimed_length = None;
    match listed.format {
        FileFormat::Parquet => claimed_length = Table::open(source, listed.file).ok().map(|table| table.rows()),
        FileFormat::Npy | FileFormat::Npz => match block::open(source, listed) {
            Ok(arrays) => {
                claimed_length = Some(block::rows(&arrays, config));
                attributes.extend(block::facts(arrays, config)?);
            }
            // It is told when it is read.
            Err(error) => drop(error.into_note()?),
        },
        FileFormat::Csv | FileFormat::JsonLines => {}
    }
    if plan.episodes.len() < EPISODES_MAX {
        let key = listed.path.to_owned();
        plan.episodes.push(SourceEpisode { key, task, claimed_length, span: None, attributes });
    }
    Ok(())
}

//! `meta/tasks` and `meta/episodes`: what the metadata says about each episode.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use prairie_model::{Note, NoteKind, Source};
use serde_json::Value;

use super::info::{Layout, text_of};
use super::table::{Table, floats, integers, texts};
use crate::FormatError;
use crate::table::FileRead;

/// Bytes that one line of a `.jsonl` file may have.
const MAX_LINE_BYTES: u64 = 16 << 20;

/// Where the frames of a video lie in a shared file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct VideoPlace {
    pub(super) chunk: u64,
    pub(super) file: u64,
    pub(super) from_s: f64,
    pub(super) to_s: f64,
}

/// What the metadata says about one episode.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct EpisodeMeta {
    pub(super) index: u64,
    pub(super) length: Option<u64>,
    pub(super) tasks: Vec<String>,
    /// Chunk and file of the data, in shared files.
    pub(super) data: Option<(u64, u64)>,
    pub(super) videos: BTreeMap<String, VideoPlace>,
    pub(super) attributes: BTreeMap<String, String>,
}

/// Task texts by their index.
pub(super) type Tasks = BTreeMap<i64, String>;

/// Calls `take` with each line that is a JSON object, and notes how many are not.
fn for_each_line(
    source: &dyn Source,
    path: &str,
    notes: &mut Vec<Note>,
    mut take: impl FnMut(&serde_json::Map<String, Value>),
) -> Result<(), FormatError> {
    let Some(file) = source.find(path) else {
        notes.push(Note::new(NoteKind::FileMissing, format!("`{path}` is not there")).in_file(path));
        return Ok(());
    };
    let mut lines = BufReader::new(FileRead { source, file, offset: 0 });
    let (mut bad, mut offset, mut number, mut first_bad) = (0_u64, 0_u64, 0_u64, None);
    loop {
        let mut line = Vec::new();
        let n = (&mut lines)
            .take(MAX_LINE_BYTES)
            .read_until(b'\n', &mut line)
            .map_err(|source| FormatError::Io { file: path.to_owned(), source })?;
        if n == 0 {
            break;
        }
        number += 1;
        if !line.trim_ascii().is_empty() {
            let why = match serde_json::from_slice(&line) {
                Ok(Value::Object(object)) => {
                    take(&object);
                    None
                }
                Ok(_) => Some((0, "it is no object".to_owned())),
                // Every text is one line, so that only its column tells more.
                Err(error) => {
                    let why = error.to_string();
                    let why = why.split(" at line ").next().unwrap_or(&why);
                    Some((error.column().saturating_sub(1) as u64, format!("{why} at column {}", error.column())))
                }
            };
            if let Some((column, why)) = why {
                bad += 1;
                first_bad.get_or_insert((offset + column, number, why));
            }
        }
        offset += n as u64;
    }
    if let Some((first, number, why)) = first_bad {
        let (lines, verb) = if bad == 1 { ("line", "is") } else { ("lines", "are") };
        let text = format!("{bad} {lines} of `{path}` {verb} no JSON object; the first is line {number}: {why}");
        notes.push(Note::new(NoteKind::Corrupt, text).at(path, first).numbers(bad as f64, Some(0.0)));
    }
    Ok(())
}

/// Reads the task texts.
pub(super) fn load_tasks(source: &dyn Source, layout: Layout, notes: &mut Vec<Note>) -> Result<Tasks, FormatError> {
    let mut tasks = Tasks::new();
    if layout == Layout::FilePerEpisode {
        for_each_line(source, "meta/tasks.jsonl", notes, |line| {
            if let (Some(index), Some(task)) =
                (index_of(line.get("task_index")), line.get("task").and_then(Value::as_str))
            {
                tasks.insert(index, task.to_owned());
            }
        })?;
        return Ok(tasks);
    }
    let path = "meta/tasks.parquet";
    let Some(file) = source.find(path) else {
        notes.push(Note::new(NoteKind::FileMissing, format!("`{path}` is not there")).in_file(path));
        return Ok(tasks);
    };
    let result = Table::open(source, file).and_then(|table| {
        table.for_each(
            |_| true,
            |batch| {
                // pandas writes an index without a name as `__index_level_0__`.
                let names = texts(batch, "task").or_else(|| texts(batch, "__index_level_0__"));
                if let (Some(indexes), Some(names)) = (integers(batch, "task_index"), names) {
                    tasks.extend(indexes.into_iter().zip(names).filter_map(|(index, name)| Some((index?, name?))));
                }
            },
        )
    });
    tell(result, notes)?;
    Ok(tasks)
}

/// Turns damage of a metadata file into a note. Only the failure of the source stays an error.
fn tell(result: Result<(), FormatError>, notes: &mut Vec<Note>) -> Result<(), FormatError> {
    match result {
        Err(error) => {
            notes.push(error.into_note()?);
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

/// A whole number, also where the writer kept it as a float.
fn index_of(value: Option<&Value>) -> Option<i64> {
    let value = value?;
    // OK to cast: whole and within the range where f64 is exact.
    value.as_i64().or_else(|| value.as_f64().filter(|v| v.fract() == 0.0 && v.abs() < 9e15).map(|v| v as i64))
}

fn count_of(value: Option<&Value>) -> Option<u64> {
    index_of(value).and_then(|value| u64::try_from(value).ok())
}

/// Reads what the metadata says about the episodes, by episode index.
pub(super) fn load_episodes(
    source: &dyn Source,
    layout: Layout,
    notes: &mut Vec<Note>,
) -> Result<BTreeMap<u64, EpisodeMeta>, FormatError> {
    let mut episodes = BTreeMap::new();
    let mut twice = 0_u64;
    let mut add = |episode: EpisodeMeta| twice += u64::from(episodes.insert(episode.index, episode).is_some());
    match layout {
        Layout::FilePerEpisode => for_each_line(source, "meta/episodes.jsonl", notes, |line| {
            if let Some(index) = count_of(line.get("episode_index")) {
                add(of_line(index, line));
            }
        })?,
        Layout::Shared => {
            let files: Vec<usize> = (0..source.files().len())
                .filter(|file| {
                    let path = &source.files()[*file].path;
                    path.starts_with("meta/episodes/") && path.ends_with(".parquet")
                })
                .collect();
            if files.is_empty() {
                let text = "there is no file in `meta/episodes`";
                notes.push(Note::new(NoteKind::FileMissing, text).in_file("meta/episodes"));
            }
            for file in files {
                let result = Table::open(source, file).and_then(|table| {
                    table.for_each(
                        |column| !column.starts_with("stats/"),
                        |batch| of_rows(batch).into_iter().for_each(&mut add),
                    )
                });
                tell(result, notes)?;
            }
        }
    }
    if twice > 0 {
        let text = format!("{twice} rows of the metadata describe an episode that another row describes");
        notes.push(Note::new(NoteKind::IndexWrong, text).numbers(twice as f64, Some(0.0)));
    }
    Ok(episodes)
}

fn of_line(index: u64, line: &serde_json::Map<String, Value>) -> EpisodeMeta {
    let tasks = match line.get("tasks") {
        Some(Value::Array(tasks)) => tasks.iter().filter_map(text_of).collect(),
        Some(Value::String(task)) => vec![task.clone()],
        _ => Vec::new(),
    };
    let attributes = line
        .iter()
        .filter(|(key, _)| !matches!(key.as_str(), "episode_index" | "length" | "tasks"))
        .filter_map(|(key, value)| Some((key.clone(), text_of(value)?)))
        .collect();
    EpisodeMeta { index, length: count_of(line.get("length")), tasks, attributes, ..EpisodeMeta::default() }
}

fn of_rows(batch: &RecordBatch) -> Vec<EpisodeMeta> {
    let Some(indexes) = integers(batch, "episode_index") else { return Vec::new() };
    let counts = |column: &str| -> Vec<Option<u64>> {
        let values = integers(batch, column).unwrap_or_else(|| vec![None; batch.num_rows()]);
        values.into_iter().map(|value| u64::try_from(value?).ok()).collect()
    };
    // Some writers spell `data/chunk_index` with an underscore.
    let either = |column: &str| {
        counts(
            if batch.column_by_name(column).is_some() { column.to_owned() } else { column.replace('/', "_") }.as_str(),
        )
    };
    let (lengths, chunks, files) = (counts("length"), either("data/chunk_index"), either("data/file_index"));
    let schema = batch.schema();
    let keys: Vec<&str> = schema
        .fields()
        .iter()
        .filter_map(|field| field.name().strip_prefix("videos/")?.strip_suffix("/file_index"))
        .collect();
    let videos: Vec<_> = keys
        .iter()
        .map(|key| {
            let seconds = |end: &str| {
                let column = format!("videos/{key}/{end}");
                floats(batch, &column).unwrap_or_else(|| vec![None; batch.num_rows()])
            };
            let (chunk, file) =
                (counts(&format!("videos/{key}/chunk_index")), counts(&format!("videos/{key}/file_index")));
            (*key, chunk, file, seconds("from_timestamp"), seconds("to_timestamp"))
        })
        .collect();
    let rest: Vec<_> = schema
        .fields()
        .iter()
        .zip(batch.columns())
        .filter(|(field, _)| {
            let name = field.name();
            let known = ["episode_index", "length", "tasks", "data_chunk_index", "data_file_index"];
            !known.contains(&name.as_str()) && !["data/", "videos/", "meta/"].iter().any(|part| name.starts_with(part))
        })
        .filter_map(|(field, column)| Some((field.name(), column, ArrayFormatter::try_new(column, &FORMAT).ok()?)))
        .collect();
    let of_row = |row: usize| {
        Some(EpisodeMeta {
            index: u64::try_from(indexes[row]?).ok()?,
            length: lengths[row],
            tasks: tasks_of(batch, row),
            data: chunks[row].zip(files[row]),
            videos: videos
                .iter()
                .filter_map(|(key, chunk, file, from, to)| {
                    let place = VideoPlace { chunk: chunk[row]?, file: file[row]?, from_s: from[row]?, to_s: to[row]? };
                    Some(((*key).to_owned(), place))
                })
                .collect(),
            attributes: rest
                .iter()
                .filter(|(_, column, _)| column.is_valid(row))
                .map(|(name, _, format)| ((*name).clone(), format.value(row).to_string()))
                .collect(),
        })
    };
    (0..batch.num_rows()).filter_map(of_row).collect()
}

const FORMAT: FormatOptions<'static> = FormatOptions::new().with_display_error(true);

fn tasks_of(batch: &RecordBatch, row: usize) -> Vec<String> {
    let Some(column) = batch.column_by_name("tasks") else { return Vec::new() };
    let text_at = |column: &dyn Array, row: usize| {
        column.as_string_opt::<i32>().filter(|column| column.is_valid(row)).map(|column| column.value(row).to_owned())
    };
    match column.as_list_opt::<i32>() {
        Some(list) if list.is_valid(row) => {
            let items = list.value(row);
            (0..items.len()).filter_map(|item| text_at(&items, item)).collect()
        }
        Some(_) => Vec::new(),
        None => text_at(column, row).into_iter().collect(),
    }
}

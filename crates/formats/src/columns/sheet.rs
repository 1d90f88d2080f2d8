//! Tables of rows: CSV, JSON Lines, Parquet.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use prairie_model::{Cell, Note, NoteKind, Row, Source};

use super::cell;
use super::config::{Config, FileFormat, Listed};
use super::read::Reading;
use super::stream::{Kind, Stream};
use crate::FormatError;
use crate::table::{TableFormat, read_rows};

/// Rows that the kinds of columns are found from, where no streams are named.
const LOOKED_AT: u64 = 256;

/// How a file of rows is written; `None` for arrays.
pub(super) fn table_format(format: FileFormat) -> Option<TableFormat> {
    match format {
        FileFormat::Csv => Some(TableFormat::Csv),
        FileFormat::JsonLines => Some(TableFormat::JsonLines),
        FileFormat::Parquet => Some(TableFormat::Parquet),
        FileFormat::Npy | FileFormat::Npz => None,
    }
}

/// The columns of a file that are no times and no episodes, and whether each is text.
pub(super) fn columns(
    source: &dyn Source,
    config: &Config,
    listed: &Listed<'_>,
    format: &TableFormat,
) -> Result<Vec<(String, bool)>, FormatError> {
    let reading = cell::Reading::new(config);
    let mut found: Vec<(String, bool)> = Vec::new();
    let is_other =
        |name: &str| [&config.time.column, &config.episodes.column].into_iter().flatten().any(|other| other == name);
    read_rows(source, listed.file, (format, config.delimiter()), &mut |row| {
        for (name, cell) in row.names.iter().zip(row.cells) {
            let name = config.column_name(name);
            let is_text = reading.number(cell).is_err();
            let has_room = found.len() < super::STREAMS_MAX;
            match found.iter_mut().find(|(other, _)| *other == name) {
                Some((_, text)) => *text |= is_text,
                None if is_other(&name) || !has_room => {}
                None => found.push((name, is_text)),
            }
        }
        if row.number >= LOOKED_AT { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(found)
}

/// Runs of one value of the column of episodes, with their rows.
pub(super) fn runs(
    source: &dyn Source,
    config: &Config,
    listed: &Listed<'_>,
    (format, column): (&TableFormat, &str),
    take: &mut dyn FnMut(Option<&str>) -> ControlFlow<()>,
) -> Result<(), FormatError> {
    let mut place = (0, None);
    read_rows(source, listed.file, (format, config.delimiter()), &mut |row| {
        if place.0 != row.generation {
            let at = row.names.iter().position(|name| config.column_name(name) == column);
            place = (row.generation, at);
        }
        let cell = place.1.and_then(|at| row.cells.get(at)).unwrap_or(&Cell::Null);
        take(cell::Reading::text(cell).as_deref())
    })
    .map(|_summary| ())
}

/// Where the columns lie in rows of one form.
#[derive(Debug, Default)]
struct Places {
    generation: u64,
    time: Option<usize>,
    episode: Option<usize>,
    streams: Vec<Vec<Option<usize>>>,
}

impl Places {
    fn find(row: &Row<'_>, config: &Config, streams: &[Stream]) -> Self {
        let names: Vec<String> = row.names.iter().map(|name| config.column_name(name)).collect();
        let place = |column: &String| names.iter().position(|name| name == column);
        Self {
            generation: row.generation,
            time: config.time.column.as_ref().and_then(place),
            episode: config.episodes.column.as_ref().and_then(place),
            streams: streams.iter().map(|stream| stream.config.columns.iter().map(place).collect()).collect(),
        }
    }
}

/// Reads one file of rows.
///
/// # Errors
///
/// When the source fails, or nothing of the file can be read.
pub(super) fn read(
    source: &dyn Source,
    listed: &Listed<'_>,
    format: &TableFormat,
    reading: &mut Reading<'_>,
) -> Result<ControlFlow<()>, FormatError> {
    let config = reading.config;
    let cells = cell::Reading::new(config);
    let by_column = config.episodes.column.is_some();
    if !by_column && reading.begin().is_break() {
        return Ok(ControlFlow::Break(()));
    }
    let mut places = Places::default();
    let mut absent: BTreeSet<String> = BTreeSet::new();
    let mut before: Option<String> = None;
    let mut outside = 0_u64;
    let mut flow = ControlFlow::Continue(());
    let summary = read_rows(source, listed.file, (format, config.delimiter()), &mut |row| {
        if places.generation != row.generation {
            places = Places::find(row, config, reading.streams);
            note_absent(&places, config, reading.streams, &mut absent);
        }
        if by_column {
            let cell = places.episode.and_then(|at| row.cells.get(at)).unwrap_or(&Cell::Null);
            let Some(key) = cell::Reading::text(cell) else {
                outside += 1;
                return ControlFlow::Continue(());
            };
            if before.as_ref() != Some(&key) {
                before = Some(key);
                flow = reading.begin();
                flow?;
            }
        }
        flow = one_row(row, &places, cells, reading);
        flow
    })?;
    if flow.is_break() {
        return Ok(flow);
    }
    let mut notes = Vec::new();
    for name in absent {
        let text = format!("there is no column `{name}` in `{}`", listed.path);
        notes.push(Note::new(NoteKind::SchemaMissing, text).stream(name).in_file(listed.path));
    }
    if outside > 0 {
        let text = format!("{outside} rows of `{}` are of no episode", listed.path);
        notes.push(Note::new(NoteKind::IndexWrong, text).in_file(listed.path).numbers(outside as f64, Some(0.0)));
    }
    if summary.unreadable > 0 {
        let text = format!("{} rows of `{}` cannot be read", summary.unreadable, listed.path);
        let note = Note::new(NoteKind::Undecodable, text).in_file(listed.path);
        notes.push(note.numbers(summary.unreadable as f64, Some(0.0)));
    }
    if summary.truncated {
        let text = format!("`{}` ends in the middle, or cannot be read to its end", listed.path);
        let end = source.files().get(listed.file).map_or(0, |file| file.size);
        notes.push(Note::new(NoteKind::Truncated, text).at(listed.path, end));
        (reading.summary.complete, reading.summary.lost) = (false, None);
    }
    let mut flow = reading.end();
    for note in notes {
        let note = note.episode(None);
        if flow.is_continue() {
            flow = reading.tell(note);
        }
    }
    Ok(flow)
}

fn note_absent(places: &Places, config: &Config, streams: &[Stream], absent: &mut BTreeSet<String>) {
    let wanted = [(&config.time.column, places.time), (&config.episodes.column, places.episode)];
    absent.extend(wanted.into_iter().filter(|(_, at)| at.is_none()).filter_map(|(name, _)| name.clone()));
    for (stream, places) in streams.iter().zip(&places.streams) {
        let missing = stream.config.columns.iter().zip(places).filter(|(_, at)| at.is_none());
        absent.extend(missing.map(|(name, _)| name.clone()));
    }
}

fn one_row(row: &Row<'_>, places: &Places, cells: cell::Reading, reading: &mut Reading<'_>) -> ControlFlow<()> {
    if !reading.is_wanted() {
        return ControlFlow::Continue(());
    }
    let own = places.time.and_then(|at| row.cells.get(at)).and_then(|cell| cells.time(cell));
    let Some(time) = reading.time(own) else {
        reading.untimed();
        return ControlFlow::Continue(());
    };
    for stream in 0..reading.streams.len() {
        // OK to index: there are as many places as streams.
        let columns = &places.streams[stream];
        let of_row = |at: &Option<usize>| at.and_then(|at| row.cells.get(at)).unwrap_or(&Cell::Null);
        if !reading.wants(stream) {
            continue;
        }
        // OK to index: below the number of streams.
        match reading.streams[stream].kind {
            Kind::Texts => {
                let text = columns.first().and_then(|at| cell::Reading::text(of_row(at)));
                if let Some(text) = text {
                    let length = text.len() / 8;
                    reading.waiting(stream).text(time, text);
                    reading.added(stream, length, 0);
                }
            }
            Kind::Numbers | Kind::Pictures(_) => {
                // A stream of which a row says nothing has no such row.
                if columns.iter().all(|at| cells.number(of_row(at)) == Ok(None)) {
                    continue;
                }
                let mut odd = 0;
                for at in columns {
                    let number = cells.number(of_row(at)).unwrap_or_else(|()| {
                        odd += 1;
                        None
                    });
                    reading.waiting(stream).numbers.push(number);
                }
                reading.waiting(stream).end_row(time);
                reading.added(stream, columns.len(), odd);
            }
        }
    }
    reading.flush_if_full()
}

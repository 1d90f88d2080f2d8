//! Arrays as tables: the rows of `.npy` and `.npz`.

use std::ops::ControlFlow;

use prairie_model::{BlobRef, Cell, Codec, Compression, Note, NoteKind, PictureInfo, PixelFormat, Source};

use super::cell;
use super::config::{Config, FileFormat, Listed, StreamConfig};
use super::numpy::{Array, Arrays, open_npy, open_npz};
use super::read::Reading;
use super::stream::Kind;
use crate::FormatError;
use crate::blob::hash_at;
use crate::elements::{self, Element};

/// Rows that are taken at once, and bytes of the rows of one array.
const WINDOW_ROWS: u64 = 1024;
const WINDOW_BYTES: u64 = 8 << 20;
/// Numbers of one row of a stream.
const NUMBERS_MAX: usize = 1 << 16;
/// The smallest side of a picture in colour, and of a grey one.
const SIDE_MIN: u64 = 8;
const GREY_SIDE_MIN: u64 = 32;
/// Elements of an array that is a fact and no series.
const FACT_MAX: u64 = 64;

/// The arrays of a file.
pub(super) fn open<'a>(source: &'a dyn Source, listed: &Listed<'_>) -> Result<Arrays<'a>, FormatError> {
    match listed.format {
        FileFormat::Npz => open_npz(source, listed.file),
        _ => open_npy(source, listed.file),
    }
}

/// Rows of a file: those of its times, else those that most of its arrays have.
pub(super) fn rows(arrays: &Arrays<'_>, config: &Config) -> u64 {
    if let Some(time) = config.time.column.as_ref().and_then(|name| find(arrays, config, name)) {
        return arrays.arrays[time].rows;
    }
    let mut lengths: Vec<u64> =
        arrays.arrays.iter().filter(|array| !array.shape.is_empty()).map(|array| array.rows).collect();
    lengths.sort_unstable();
    let runs = lengths.chunk_by(|one, other| one == other);
    runs.max_by_key(|run| (run.len(), run.first().copied())).and_then(|run| run.first().copied()).unwrap_or(0)
}

/// The streams of a file that names none: its arrays of as many rows as it has.
pub(super) fn streams(arrays: &Arrays<'_>, config: &Config) -> Vec<StreamConfig> {
    let rows = rows(arrays, config);
    let is_other =
        |name: &str| [&config.time.column, &config.episodes.column].into_iter().flatten().any(|other| other == name);
    let series = arrays.arrays.iter().filter(|array| !array.shape.is_empty() && array.rows == rows);
    let named = series.map(|array| (config.column_name(&array.name), array.element.is_text()));
    named.filter(|(name, _)| !is_other(name)).map(|(name, text)| StreamConfig::of_column(&name, text)).collect()
}

/// Facts about the episode: arrays of a few elements that are no rows.
pub(super) fn facts(arrays: Arrays<'_>, config: &Config) -> Result<Vec<(String, String)>, FormatError> {
    let rows = rows(&arrays, config);
    let mut facts = Vec::new();
    for mut array in arrays.arrays {
        let elements = array.shape.iter().fold(1_u64, |product, length| product.saturating_mul(*length));
        if elements > FACT_MAX || (!array.shape.is_empty() && array.rows == rows) {
            continue;
        }
        let Ok(bytes) = array.take(array.rows) else { continue };
        let texts: Vec<String> =
            bytes.chunks_exact(array.element.size).filter_map(|bytes| array.element.display(bytes)).collect();
        match texts.as_slice() {
            [] => {}
            [one] => facts.push((config.column_name(&array.name), one.clone())),
            several => facts.push((config.column_name(&array.name), format!("[{}]", several.join(", ")))),
        }
    }
    Ok(facts)
}

/// What a stream of arrays is, by the arrays of one file; `None` where its arrays are not there.
pub(super) fn describe(arrays: &Arrays<'_>, config: &Config, stream: &StreamConfig) -> Option<(Kind, Vec<u64>)> {
    let parts: Vec<Selected> = stream.columns.iter().filter_map(|column| select(arrays, config, column)).collect();
    let first = parts.first()?;
    let array = &arrays.arrays[first.array];
    if let ([_], true) = (parts.as_slice(), first.is_whole)
        && let Some(info) = picture(array)
    {
        return Some((Kind::Pictures(info), array.shape.get(1..)?.to_vec()));
    }
    let kind = if stream.text || array.element.is_text() { Kind::Texts } else { Kind::Numbers };
    let shape = match parts.as_slice() {
        [only] if only.is_whole && array.shape.len() > 1 => array.shape.get(1..)?.to_vec(),
        parts => vec![parts.iter().map(|part| (part.to - part.from) as u64).sum()],
    };
    Some((kind, shape))
}

/// The picture that each row of an array is.
fn picture(array: &Array<'_>) -> Option<PictureInfo> {
    let Element { kind: elements::Kind::UInt, size: 1, .. } = array.element else { return None };
    let (format, height, width) = match *array.shape.get(1..)? {
        [height, width, 3] => (PixelFormat::Rgb8, height, width),
        [height, width, 4] => (PixelFormat::Rgba8, height, width),
        [height, width] | [height, width, 1] if height >= GREY_SIDE_MIN && width >= GREY_SIDE_MIN => {
            (PixelFormat::Mono8, height, width)
        }
        _ => return None,
    };
    if height < SIDE_MIN || width < SIDE_MIN {
        return None;
    }
    let (width, height) = (u32::try_from(width).ok(), u32::try_from(height).ok());
    Some(PictureInfo { codec: Codec::Raw(format), width, height, config: Vec::new(), fps: None })
}

/// Elements of the rows of an array.
#[derive(Debug, Clone, Copy)]
struct Selected {
    array: usize,
    from: usize,
    to: usize,
    /// Whether they are all of a row.
    is_whole: bool,
}

fn find(arrays: &Arrays<'_>, config: &Config, name: &str) -> Option<usize> {
    arrays.arrays.iter().position(|array| config.column_name(&array.name) == name)
}

/// What a column says of arrays: `qpos`, `qpos[3]`, `qpos[0:3]`.
fn select(arrays: &Arrays<'_>, config: &Config, column: &str) -> Option<Selected> {
    if let Some(array) = find(arrays, config, column) {
        return Some(Selected { array, from: 0, to: arrays.arrays[array].width(), is_whole: true });
    }
    let (name, rest) = column.strip_suffix(']')?.rsplit_once('[')?;
    let array = find(arrays, config, name)?;
    let width = arrays.arrays[array].width();
    let (from, to) = match rest.split_once(':') {
        Some((from, to)) => {
            let number = |text: &str, otherwise| if text.is_empty() { Some(otherwise) } else { text.parse().ok() };
            (number(from, 0)?, number(to, width)?)
        }
        None => {
            let at: usize = rest.parse().ok()?;
            (at, at.checked_add(1)?)
        }
    };
    (from < to && to <= width).then_some(Selected { array, from, to, is_whole: false })
}

/// Rows of one file that are in memory: those of each array, from one row on.
struct Window {
    bytes: Vec<Option<Vec<u8>>>,
}

impl Window {
    /// The bytes of a row of an array, `at` rows from the window's first.
    fn row(&self, arrays: &Arrays<'_>, array: usize, at: u64) -> Option<&[u8]> {
        let length = arrays.arrays.get(array)?.row_bytes();
        let begin = usize::try_from(at).ok()?.checked_mul(length)?;
        self.bytes.get(array)?.as_ref()?.get(begin..begin.checked_add(length)?)
    }
}

/// The cell that an element is.
fn cell_of(element: Element, bytes: &[u8]) -> Cell {
    match element.kind {
        elements::Kind::Bytes | elements::Kind::Unicode => element
            .text(bytes)
            .filter(|text| !text.trim().is_empty())
            .map_or(Cell::Null, |text| Cell::Text(text.trim().to_owned())),
        elements::Kind::Time(nanos) => {
            let time = element.integer(bytes).filter(|time| *time != i64::MIN);
            time.and_then(|time| time.checked_mul(nanos)).map_or(Cell::Null, Cell::Time)
        }
        elements::Kind::Float => element.number(bytes).map_or(Cell::Null, Cell::Float),
        elements::Kind::Bool => element.integer(bytes).map_or(Cell::Null, |truth| Cell::Bool(truth != 0)),
        elements::Kind::Int | elements::Kind::UInt => match element.integer(bytes) {
            Some(whole) => Cell::Int(whole),
            None => element.number(bytes).map_or(Cell::Null, Cell::Float),
        },
    }
}

/// The value of the column of episodes in each row, for whoever counts them.
pub(super) fn runs(
    source: &dyn Source,
    config: &Config,
    listed: &Listed<'_>,
    column: &str,
    take: &mut dyn FnMut(Option<&str>) -> ControlFlow<()>,
) -> Result<(), FormatError> {
    let mut arrays = open(source, listed)?;
    let rows = rows(&arrays, config);
    let array = find(&arrays, config, column).filter(|at| arrays.arrays[*at].width() == 1);
    let mut at = 0;
    while at < rows {
        let count = WINDOW_ROWS.min(rows - at);
        // OK to index: it was found.
        let bytes = array.map(|array| arrays.arrays[array].take(count)).transpose()?.unwrap_or_default();
        let size = array.map_or(1, |array| arrays.arrays[array].element.size);
        for row in 0..count {
            let begin = usize::try_from(row).unwrap_or(usize::MAX).saturating_mul(size);
            let element = array.and_then(|array| Some((array, bytes.get(begin..begin.checked_add(size)?)?)));
            let text =
                element.and_then(|(array, bytes)| cell::Reading::text(&cell_of(arrays.arrays[array].element, bytes)));
            if take(text.as_deref()).is_break() {
                return Ok(());
            }
        }
        at += count;
    }
    Ok(())
}

/// Reads one file of arrays.
///
/// # Errors
///
/// When the source fails, or nothing of the file can be read.
pub(super) fn read(
    source: &dyn Source,
    listed: &Listed<'_>,
    reading: &mut Reading<'_>,
) -> Result<ControlFlow<()>, FormatError> {
    let config = reading.config;
    let by_column = config.episodes.column.as_deref();
    if by_column.is_none() && reading.begin().is_break() {
        return Ok(ControlFlow::Break(()));
    }
    let mut arrays = open(source, listed)?;
    let total = rows(&arrays, config);
    let plan = Plan::new(&arrays, reading, config);
    let mut flow = plan.notes(listed, &arrays, reading, total);
    let mut before: Option<String> = None;
    let mut outside = 0_u64;
    let mut at = 0;
    while at < total && flow.is_continue() {
        let count = plan.window(&arrays).min(total - at);
        let window = match plan.take(&mut arrays, at, count) {
            Ok(window) => window,
            Err(error) => {
                let note = error.into_note()?.episode(reading.ordinal());
                (reading.summary.complete, reading.summary.lost) = (false, None);
                flow = reading.end();
                if flow.is_continue() {
                    flow = reading.tell(note);
                }
                return Ok(flow);
            }
        };
        for row in 0..count {
            if by_column.is_some() {
                let key = plan.cell(&window, &arrays, plan.episode, row);
                let Some(key) = cell::Reading::text(&key) else {
                    outside += 1;
                    continue;
                };
                if before.as_ref() != Some(&key) {
                    before = Some(key);
                    flow = reading.begin();
                    if flow.is_break() {
                        return Ok(flow);
                    }
                }
            }
            flow = plan.row(source, listed, (&window, &arrays), (at, row), reading);
            if flow.is_break() {
                return Ok(flow);
            }
        }
        at += count;
    }
    if flow.is_continue() {
        flow = reading.end();
    }
    if outside > 0 && flow.is_continue() {
        let text = format!("{outside} rows of `{}` are of no episode", listed.path);
        let note = Note::new(NoteKind::IndexWrong, text).in_file(listed.path);
        flow = reading.tell(note.numbers(outside as f64, Some(0.0)));
    }
    Ok(flow)
}

/// Which elements of which arrays are wanted.
struct Plan {
    time: Option<usize>,
    episode: Option<usize>,
    streams: Vec<Vec<Selected>>,
    /// Arrays of which rows are held in memory.
    held: Vec<bool>,
    cells: cell::Reading,
}

impl Plan {
    fn new(arrays: &Arrays<'_>, reading: &Reading<'_>, config: &Config) -> Self {
        let single = |name: &Option<String>| {
            let at = name.as_ref().and_then(|name| find(arrays, config, name))?;
            (arrays.arrays[at].width() == 1).then_some(at)
        };
        let (time, episode) = (single(&config.time.column), single(&config.episodes.column));
        let mut held = vec![false; arrays.arrays.len()];
        // OK to index, here and below: places among the arrays.
        [time, episode].into_iter().flatten().for_each(|at| held[at] = true);
        let streams: Vec<Vec<Selected>> = reading
            .streams
            .iter()
            .enumerate()
            .map(|(at, stream)| {
                let parts: Vec<Selected> =
                    stream.config.columns.iter().filter_map(|column| select(arrays, config, column)).collect();
                if !reading.wants(at) || parts.len() != stream.config.columns.len() {
                    return Vec::new();
                }
                if matches!(stream.kind, Kind::Pictures(_)) {
                    // Pictures stay where they are.
                    let fits = |part: &Selected| {
                        let array = &arrays.arrays[part.array];
                        let (bare, shape) = (array.bare.is_some(), array.shape.get(1..).unwrap_or_default());
                        bare && picture(array).is_some() && shape == stream.shape
                    };
                    return if parts.iter().all(fits) { parts } else { Vec::new() };
                }
                if parts.iter().map(|part| part.to - part.from).sum::<usize>() > NUMBERS_MAX {
                    return Vec::new();
                }
                parts.iter().for_each(|part| held[part.array] = true);
                parts
            })
            .collect();
        Self { time, episode, streams, held, cells: cell::Reading::new(config) }
    }

    /// Tells what of a file is not as the description has it.
    fn notes(
        &self,
        listed: &Listed<'_>,
        arrays: &Arrays<'_>,
        reading: &mut Reading<'_>,
        total: u64,
    ) -> ControlFlow<()> {
        let mut notes = Vec::new();
        for (name, why) in &arrays.refused {
            notes.push(Note::new(NoteKind::SchemaMissing, format!("`{name}` is not read: {why}")).stream(name));
        }
        for (at, stream) in reading.streams.iter().enumerate() {
            if self.streams[at].is_empty() && reading.wants(at) {
                let text = format!("`{}` holds no arrays of which `{}` is made", listed.path, stream.config.name);
                notes.push(Note::new(NoteKind::SchemaMissing, text).stream(&stream.config.name));
            }
        }
        for array in arrays.arrays.iter().filter(|array| !array.shape.is_empty()) {
            let claimed = array.shape.first().copied().unwrap_or(1);
            if array.rows < claimed {
                let text = format!("`{}` ends after {} of {claimed} rows", array.name, array.rows);
                let note = Note::new(NoteKind::Truncated, text).stream(&array.name);
                notes.push(note.numbers(array.rows as f64, Some(claimed as f64)));
                (reading.summary.complete, reading.summary.lost) = (false, None);
            }
        }
        for parts in self.streams.iter().flatten() {
            let array = &arrays.arrays[parts.array];
            if array.rows != total && array.shape.first() == Some(&array.rows) {
                let text = format!("{} rows of `{}`, and `{}` has {total}", array.rows, array.name, listed.path);
                let note = Note::new(NoteKind::CountMismatch, text).stream(&array.name);
                notes.push(note.numbers(array.rows as f64, Some(total as f64)));
            }
        }
        let ordinal = reading.ordinal();
        notes.into_iter().try_for_each(|note| reading.tell(note.in_file(listed.path).episode(ordinal)))
    }

    /// Rows that are taken at once.
    fn window(&self, arrays: &Arrays<'_>) -> u64 {
        let held = arrays.arrays.iter().zip(&self.held).filter(|(_, held)| **held);
        let widest = held.map(|(array, _)| array.row_bytes() as u64).max().unwrap_or(1);
        (WINDOW_BYTES / widest.max(1)).clamp(1, WINDOW_ROWS)
    }

    fn take(&self, arrays: &mut Arrays<'_>, at: u64, count: u64) -> Result<Window, FormatError> {
        let mut bytes = Vec::with_capacity(arrays.arrays.len());
        for (array, held) in arrays.arrays.iter_mut().zip(&self.held) {
            let there = array.rows.saturating_sub(at).min(count);
            bytes.push(if *held { Some(array.take(there)?) } else { None });
        }
        Ok(Window { bytes })
    }

    /// The one element of a row of an array.
    fn cell(&self, window: &Window, arrays: &Arrays<'_>, array: Option<usize>, row: u64) -> Cell {
        let element = array.and_then(|at| Some((arrays.arrays.get(at)?.element, window.row(arrays, at, row)?)));
        element.map_or(Cell::Null, |(element, bytes)| cell_of(element, bytes))
    }

    fn row(
        &self,
        source: &dyn Source,
        listed: &Listed<'_>,
        (window, arrays): (&Window, &Arrays<'_>),
        (first, row): (u64, u64),
        reading: &mut Reading<'_>,
    ) -> ControlFlow<()> {
        if !reading.is_wanted() {
            return ControlFlow::Continue(());
        }
        let own = self.cells.time(&self.cell(window, arrays, self.time, row));
        let Some(time) = reading.time(own) else {
            reading.untimed();
            return ControlFlow::Continue(());
        };
        for (stream, parts) in self.streams.iter().enumerate() {
            let Some(part) = parts.first() else { continue };
            // OK to index: as many as streams, and places among the arrays.
            match reading.streams[stream].kind {
                Kind::Pictures(_) => {
                    let array = &arrays.arrays[part.array];
                    if let Some(place) = place(source, listed.file, array, first + row) {
                        reading.waiting(stream).place(time, place);
                        reading.added(stream, 1, 0);
                    }
                }
                Kind::Texts => {
                    if let Some(text) = cell::Reading::text(&self.cell(window, arrays, Some(part.array), row)) {
                        let length = text.len() / 8;
                        reading.waiting(stream).text(time, text);
                        reading.added(stream, length, 0);
                    }
                }
                Kind::Numbers => self.numbers(window, arrays, (stream, parts), (row, time), reading),
            }
        }
        reading.flush_if_full()
    }

    /// The numbers of a stream in a row. One that has no such row has none.
    fn numbers(
        &self,
        window: &Window,
        arrays: &Arrays<'_>,
        (stream, parts): (usize, &[Selected]),
        (row, time): (u64, i64),
        reading: &mut Reading<'_>,
    ) {
        let (mut odd, mut count) = (0, 0);
        for part in parts {
            let element = arrays.arrays[part.array].element;
            let Some(bytes) = window.row(arrays, part.array, row) else { continue };
            let elements = bytes.chunks_exact(element.size).skip(part.from).take(part.to - part.from);
            for bytes in elements {
                let number = self.cells.number(&cell_of(element, bytes)).unwrap_or_else(|()| {
                    odd += 1;
                    None
                });
                reading.waiting(stream).numbers.push(number);
                count += 1;
            }
        }
        if count > 0 {
            reading.waiting(stream).end_row(time);
            reading.added(stream, count, odd);
        }
    }
}

/// The place of a picture in an array that lies in the file as it is.
fn place(source: &dyn Source, file: usize, array: &Array<'_>, row: u64) -> Option<BlobRef> {
    if row >= array.rows {
        return None;
    }
    let length = array.row_bytes() as u64;
    let offset = array.bare?.checked_add(row.checked_mul(length)?)?;
    Some(BlobRef {
        file: u32::try_from(file).ok()?,
        chunk_offset: offset,
        chunk_length: length,
        compression: Compression::None,
        inner_offset: 0,
        length,
        key_frame: None,
        sha256: hash_at(source, file, offset, length),
    })
}

//! Rules for rows of samples: their times, quaternions, and places in recordings.

use std::ops::Range;

use arrow::array::{Array, AsArray, Float64Array, Int64Array};
use arrow::datatypes::{Float64Type, Int64Type};
use prairie_model::{Codec, EpisodeId, StreamKind};

use super::cells::{runs, short};
use super::known::{Known, KnownStream};
use super::report::Place;
use super::rules::SpecRule;
use crate::cells::Cells;

/// By how much the length of a quaternion may differ from one: rounding of sources, not other numbers.
const LENGTH_ERROR_MAX: f64 = 0.01;

pub(super) fn check(table: &str, cells: &Cells, known: &mut Known, place: &mut Place<'_>) {
    let text = |name: &str| cells.array(name).and_then(|column| column.as_string_opt::<i32>());
    let times = Times::of(cells);
    stamps(&times, place);
    quaternions(cells, place);
    if table == "frames" {
        frames(cells, place);
    }
    let (Some(episodes), Some(streams)) = (text("episode_id"), text("stream")) else { return };
    for run in runs(&[episodes, streams], cells.rows()) {
        let id = cells.text("episode_id", run.start).and_then(|text| text.parse::<EpisodeId>().ok());
        let (Some(id), Some(name)) = (id, cells.text("stream", run.start)) else { continue };
        let is_repaired = known.episodes.get(&id).is_some_and(|episode| episode.is_repaired);
        let Some(stream) = known.streams.get_mut(&id).and_then(|streams| streams.get_mut(&name)) else {
            if known.is_stranger(id, &name) {
                let text = format!("`streams` does not name `{}` of episode {id}", short(&name));
                place.tell(SpecRule::StreamMissing, run.start, text);
            }
            continue;
        };
        if let Some(kind) = stream.kind.filter(|kind| kind.table() != table) {
            let text = format!("`{}` is of kind `{}`, whose table is `{}`", short(&name), kind.name(), kind.table());
            place.tell(SpecRule::StreamKindTable, run.start, text);
        }
        if matches!(stream.kind, Some(StreamKind::Image | StreamKind::Depth)) {
            codecs(cells, &run, place);
        }
        stream.rows += run.len() as u64;
        for row in run.clone() {
            if let Some(t) = times.t(row) {
                stream.seen = Some(stream.seen.map_or((t, t), |(first, last)| (first.min(t), last.max(t))));
            }
        }
        // A repair may have moved the times of a stream, and does not say from which clock.
        if !is_repaired {
            clocks(&times, run, stream, place);
        }
    }
}

/// The three times of the rows.
struct Times<'a> {
    t: Option<&'a Int64Array>,
    log: Option<&'a Int64Array>,
    header: Option<&'a Int64Array>,
}

impl<'a> Times<'a> {
    fn of(cells: &'a Cells) -> Self {
        let column = |name: &str| cells.array(name).and_then(|column| column.as_primitive_opt::<Int64Type>());
        Self { t: column("t_ns"), log: column("log_time_ns"), header: column("header_time_ns") }
    }

    fn at(column: Option<&Int64Array>, row: usize) -> Option<i64> {
        column.filter(|column| column.is_valid(row)).map(|column| column.value(row))
    }

    fn t(&self, row: usize) -> Option<i64> {
        Self::at(self.t, row)
    }

    fn log(&self, row: usize) -> Option<i64> {
        Self::at(self.log, row)
    }

    fn header(&self, row: usize) -> Option<i64> {
        Self::at(self.header, row)
    }
}

fn stamps(times: &Times<'_>, place: &mut Place<'_>) {
    for row in 0..times.header.map_or(0, Array::len) {
        if let Some(stamp) = times.header(row).filter(|stamp| *stamp <= 0) {
            place.tell(SpecRule::StampNotPositive, row, format!("`header_time_ns` is {stamp}, not null"));
        }
    }
}

/// That `t_ns` follows the clock that `streams` names.
fn clocks(times: &Times<'_>, rows: Range<usize>, stream: &KnownStream, place: &mut Place<'_>) {
    let (true, Some(_), Some(_)) = (times.t.is_some(), times.log, times.header) else { return };
    for row in rows {
        let (log, header) = (times.log(row), times.header(row));
        let (rule, expected) = match stream.clock.as_str() {
            "row" => {
                if log.is_some() || header.is_some() {
                    place.tell(SpecRule::ClockRow, row, "`log_time_ns` or `header_time_ns` is not null".to_owned());
                }
                continue;
            }
            "log" => (SpecRule::ClockLog, log),
            "header" => match (header, stream.offset) {
                (Some(header), Some(offset)) => (SpecRule::ClockHeader, Some(header.saturating_add(offset))),
                (None, _) => (SpecRule::ClockHeader, log),
                // The missing offset is told of the stream.
                (Some(_), None) => continue,
            },
            _ => continue,
        };
        let (Some(t), Some(expected)) = (times.t(row), expected) else {
            if times.t(row).is_some() {
                place.tell(rule, row, "neither the stamp nor `log_time_ns` is there".to_owned());
            }
            continue;
        };
        if t != expected && !(stream.is_trajectory && t > expected) {
            place.tell(rule, row, format!("`t_ns` is {t}, and its clock says {expected}"));
        }
    }
}

fn quaternions(cells: &Cells, place: &mut Place<'_>) {
    let column = |name: &str| cells.array(name).and_then(|column| column.as_primitive_opt::<Float64Type>());
    let columns: Vec<&Float64Array> = ["qx", "qy", "qz", "qw"].into_iter().filter_map(column).collect();
    if columns.len() < 4 {
        return;
    }
    for row in 0..cells.rows() {
        match columns.iter().filter(|column| column.is_null(row)).count() {
            0 => {
                let length = columns.iter().map(|column| column.value(row).powi(2)).sum::<f64>().sqrt();
                // NaN and infinity are values of the source.
                if length.is_finite() && (length - 1.0).abs() > LENGTH_ERROR_MAX {
                    place.tell(SpecRule::QuaternionLength, row, format!("the quaternion has length {length:.4}"));
                }
            }
            4 => {}
            nulls => place.tell(SpecRule::QuaternionPart, row, format!("{nulls} of the quaternion's four are null")),
        }
    }
}

fn frames(cells: &Cells, place: &mut Place<'_>) {
    for row in 0..cells.rows() {
        for side in ["width", "height"] {
            if cells.count(side, row) == Some(0) {
                place.tell(SpecRule::SizeZero, row, format!("`{side}` is 0, not null"));
            }
        }
        let count = |name: &str| cells.count(name, row);
        let (Some(chunk), Some(offset), Some(length)) = (count("chunk_length"), count("inner_offset"), count("length"))
        else {
            continue;
        };
        // Only decompressing tells how long the chunk is otherwise.
        let is_plain = cells.text("compression", row).as_deref() == Some("none");
        if is_plain && offset.saturating_add(length) > chunk {
            let text = format!("{length} bytes at {offset} of a chunk of {chunk}");
            place.tell(SpecRule::FrameOutside, row, text);
        }
    }
}

/// Codecs of pictures, whose names the page lists. Other kinds have names of their source.
fn codecs(cells: &Cells, rows: &Range<usize>, place: &mut Place<'_>) {
    let Some(codecs) = cells.array("codec").and_then(|column| column.as_string_opt::<i32>()) else { return };
    for row in rows.clone() {
        if codecs.is_valid(row) && !is_codec(codecs.value(row)) {
            let text = format!("`codec` is `{}`, which is none of pictures", short(codecs.value(row)));
            place.tell(SpecRule::WordUnknown, row, text);
        }
    }
}

pub(super) fn is_codec(name: &str) -> bool {
    name == Codec::Other.name() || Codec::from_name(name) != Codec::Other
}

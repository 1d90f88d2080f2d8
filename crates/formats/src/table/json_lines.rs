//! JSON Lines: one object per line.

use std::io::{BufRead, BufReader, Read};
use std::ops::ControlFlow;

use prairie_model::{Cell, Row, Source};
use serde_json::{Map, Value};

use super::{COLUMNS_MAX, FileRead, ROW_MAX, TableSummary, name_of, text_cell};
use crate::FormatError;

/// Objects within objects.
pub(super) const DEPTH_MAX: usize = 8;

pub(super) fn read(
    source: &dyn Source,
    file: usize,
    sink: &mut dyn FnMut(&Row<'_>) -> ControlFlow<()>,
) -> Result<TableSummary, FormatError> {
    let mut bytes = BufReader::with_capacity(1 << 16, FileRead { source, file, offset: 0 });
    let mut summary = TableSummary::default();
    let (mut line, mut names, mut cells) = (Vec::new(), Vec::new(), Vec::new());
    let (mut number, mut generation) = (0, 0);
    loop {
        line.clear();
        // OK to cast: a constant of a megabyte.
        let read = (&mut bytes).take(ROW_MAX as u64).read_until(b'\n', &mut line);
        match read {
            Ok(0) => return Ok(summary),
            Ok(_) => {}
            Err(error) if number == 0 => return Err(FormatError::Io { file: name_of(source, file), source: error }),
            Err(_error) => {
                summary.truncated = true;
                return Ok(summary);
            }
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        number += 1;
        let whole = line.ends_with(b"\n");
        let body = if number == 1 { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line) } else { &line };
        let Ok(Value::Object(object)) = serde_json::from_slice(body) else {
            summary.unreadable += 1;
            // A last line without its end that is no object was cut; a longer one than allowed goes on.
            summary.truncated |= !whole && line.len() < ROW_MAX;
            if !whole && line.len() >= ROW_MAX {
                skip_line(&mut bytes);
            }
            continue;
        };
        cells.clear();
        let mut place = 0;
        let mut changed = false;
        flatten("", &object, DEPTH_MAX, &mut |name, cell| {
            if cells.len() >= COLUMNS_MAX {
                return;
            }
            match names.get_mut(place) {
                Some(known) if *known == name => {}
                Some(known) => {
                    *known = name;
                    changed = true;
                }
                None => {
                    names.push(name);
                    changed = true;
                }
            }
            place += 1;
            cells.push(cell);
        });
        changed |= names.len() != cells.len();
        names.truncate(cells.len());
        generation += u64::from(changed || generation == 0);
        summary.rows += 1;
        if sink(&Row { generation, names: &names, cells: &cells, number }).is_break() {
            return Ok(summary);
        }
    }
}

/// Reads on to the end of a line, keeping nothing of it.
fn skip_line(bytes: &mut impl BufRead) {
    loop {
        let Ok(buffer) = bytes.fill_buf() else { return };
        if buffer.is_empty() {
            return;
        }
        match buffer.iter().position(|byte| *byte == b'\n') {
            Some(at) => return bytes.consume(at + 1),
            None => {
                let all = buffer.len();
                bytes.consume(all);
            }
        }
    }
}

pub(super) fn flatten(prefix: &str, object: &Map<String, Value>, depth: usize, take: &mut dyn FnMut(String, Cell)) {
    for (key, value) in object {
        let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value {
            Value::Object(inner) if depth > 0 => flatten(&name, inner, depth - 1, take),
            Value::Null => take(name, Cell::Null),
            Value::Bool(value) => take(name, Cell::Bool(*value)),
            Value::Number(number) => {
                let float = || Cell::Float(number.as_f64().unwrap_or(f64::NAN));
                take(name, number.as_i64().map_or_else(float, Cell::Int));
            }
            Value::String(text) => take(name, text_cell(text)),
            // A list, or an object too deep: its text.
            other => take(name, Cell::Text(other.to_string())),
        }
    }
}

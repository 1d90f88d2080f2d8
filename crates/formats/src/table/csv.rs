//! CSV: the delimiter is found from the line of names, quotes are those of RFC 4180.

use std::io::{BufRead, BufReader, Read};
use std::ops::ControlFlow;

use prairie_model::{Row, Source};

use super::{COLUMNS_MAX, FileRead, ROW_MAX, TableSummary, name_of, text_cell};
use crate::FormatError;

pub(super) fn read(
    source: &dyn Source,
    file: usize,
    delimiter: Option<u8>,
    sink: &mut dyn FnMut(&Row<'_>) -> ControlFlow<()>,
) -> Result<TableSummary, FormatError> {
    let name = name_of(source, file);
    let failed = |why: String| FormatError::Damaged { what: "the line of names", file: name.clone(), offset: 0, why };
    let mut bytes = BufReader::with_capacity(1 << 16, FileRead { source, file, offset: 0 });
    let mut head = Vec::new();
    // OK to cast: a constant of a megabyte.
    (&mut bytes)
        .take(ROW_MAX as u64)
        .read_until(b'\n', &mut head)
        .map_err(|source| FormatError::Io { file: name.clone(), source })?;
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head);
    if head.contains(&0) {
        return Err(failed("it holds a zero byte: this is no text, or one in UTF-16".to_owned()));
    }
    let delimiter = delimiter.unwrap_or_else(|| delimiter_of(head));
    let reader =
        |bytes| csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(bytes);
    let mut record = csv::ByteRecord::new();
    let found = reader(Box::new(head) as Box<dyn Read + '_>).read_byte_record(&mut record);
    if !found.map_err(|error| failed(error.to_string()))? {
        return Err(failed("the file is empty".to_owned()));
    }
    let names: Vec<String> = record.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect();
    if names.len() > COLUMNS_MAX {
        return Err(failed(format!("{} columns, and {COLUMNS_MAX} are allowed", names.len())));
    }
    let mut rows = reader(Box::new(bytes));
    let mut summary = TableSummary::default();
    let mut cells = Vec::with_capacity(names.len());
    let mut number = 0;
    loop {
        match rows.read_byte_record(&mut record) {
            Ok(false) => return Ok(summary),
            Ok(true) => {}
            // The only errors of a flexible reader of bytes are those of its source.
            Err(_error) => {
                summary.truncated = true;
                return Ok(summary);
            }
        }
        number += 1;
        if record.len() != names.len() || record.as_slice().len() > ROW_MAX {
            summary.unreadable += 1;
            continue;
        }
        cells.clear();
        // Text of another encoding, with its letters replaced, would make different names the same.
        let is_text = record.iter().all(|cell| match std::str::from_utf8(cell) {
            Ok(text) => {
                cells.push(text_cell(text));
                true
            }
            Err(_error) => false,
        });
        if !is_text {
            summary.unreadable += 1;
            continue;
        }
        summary.rows += 1;
        if sink(&Row { generation: 1, names: &names, cells: &cells, number }).is_break() {
            return Ok(summary);
        }
    }
}

/// The delimiter that stands most often in the line of names, outside of quotes; a comma where none does.
fn delimiter_of(head: &[u8]) -> u8 {
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    let mut quoted = false;
    for byte in head {
        quoted ^= *byte == b'"';
        if let (false, Some((_, count))) = (quoted, counts.iter_mut().find(|(delimiter, _)| delimiter == byte)) {
            *count += 1;
        }
    }
    let most = counts.iter().rev().max_by_key(|(_, count)| *count);
    most.filter(|(_, count)| *count > 0).map_or(b',', |(delimiter, _)| *delimiter)
}

//! Lines of a text of blocks.

use std::io::{BufRead, BufReader, Read};
use std::ops::ControlFlow;

use prairie_model::Source;

use super::config::COLUMNS_MAX;
use crate::FormatError;
use crate::table::FileRead;

/// Bytes of one line. What is longer is odd, and its rest too.
const LINE_MAX: usize = 1 << 16;

/// Characters of a label.
const LABEL_MAX: usize = 200;

/// What a line is.
#[derive(Debug, PartialEq)]
pub(super) enum Line<'a> {
    /// Nothing but blanks.
    Blank,
    /// A label: the first word is no number.
    Label(&'a str),
    /// Numbers, between blanks or commas.
    Row(Vec<f64>),
    /// Neither: a row with something that is no number, or no text.
    Odd,
}

/// Shows every line of a file to `take`, until it breaks.
pub(super) fn scan(
    source: &dyn Source,
    file: usize,
    take: &mut dyn FnMut(Line<'_>) -> ControlFlow<()>,
) -> Result<(), FormatError> {
    let mut bytes = BufReader::with_capacity(1 << 16, FileRead { source, file, offset: 0 });
    let mut line = Vec::new();
    loop {
        line.clear();
        // OK to cast: a constant.
        let read = (&mut bytes).take(LINE_MAX as u64).read_until(b'\n', &mut line);
        let name = || source.files().get(file).map(|file| file.path.clone()).unwrap_or_default();
        if read.map_err(|error| FormatError::Io { file: name(), source: error })? == 0 {
            return Ok(());
        }
        if take(parse(&line)).is_break() {
            return Ok(());
        }
    }
}

fn parse(line: &[u8]) -> Line<'_> {
    let Ok(text) = std::str::from_utf8(line) else { return Line::Odd };
    let text = text.trim();
    let mut words = text.split([' ', '\t', ',', ';']).filter(|word| !word.is_empty()).peekable();
    let Some(first) = words.peek() else { return Line::Blank };
    if first.parse::<f64>().is_err() {
        return if text.chars().count() <= LABEL_MAX { Line::Label(text) } else { Line::Odd };
    }
    let mut numbers = Vec::new();
    for word in words {
        match word.parse::<f64>() {
            Ok(number) if number.is_finite() && numbers.len() < COLUMNS_MAX => numbers.push(number),
            _ => return Line::Odd,
        }
    }
    Line::Row(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_told_apart() {
        assert_eq!(parse(b"\t-1\t2.5  3e1\r\n"), Line::Row(vec![-1.0, 2.5, 30.0]));
        assert_eq!(parse(b"fr_collision\n"), Line::Label("fr_collision"));
        assert_eq!(parse(b"lost part, late\n"), Line::Label("lost part, late"));
        assert_eq!(parse(b" \t\r\n"), Line::Blank);
        assert_eq!(parse(b"1 2 x"), Line::Odd);
        assert_eq!(parse(b"1 nan"), Line::Odd);
        assert_eq!(parse(b"\xff\xfe"), Line::Odd);
    }
}

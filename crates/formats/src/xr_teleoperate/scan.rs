//! The outer shape of a `data.json`, without a tree of it: members of the object, and the items of `data` one by one.
//!
//! Only brackets, quotes and commas are looked at here. What lies between them is JSON for somebody else to read, so that one bad row
//! is one bad row.
//!
//! **Invariant:** it holds one member or one row, and neither beyond a bound.

use std::ops::ControlFlow;

use prairie_model::Source;

use crate::FormatError;

/// Bytes of a row, or of a member that is no row. Longer ones are passed over.
pub(super) const VALUE_MAX_BYTES: usize = 16 << 20;

/// Bytes that are read at once.
const READ_BYTES: u64 = 256 << 10;

/// Bytes of a member's name.
const NAME_MAX_BYTES: usize = 1024;

/// Which member holds the rows.
const ROWS: &str = "data";

/// A part of the text.
pub(super) enum Part<'a> {
    /// A member of the object that is not the rows.
    Member(&'a str, &'a [u8]),
    /// A row, and where it begins; nothing where it is too long.
    Row(u64, Option<&'a [u8]>),
}

/// How the text ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    Whole,
    /// The text ends before it is whole. `begun` says whether a value had begun that is lost.
    Cut {
        offset: u64,
        begun: bool,
    },
    /// It is no such text from here on.
    Broken {
        offset: u64,
        why: &'static str,
    },
    /// The visitor wanted no more.
    Stopped,
}

/// Why a step of the scan did not succeed.
enum Halt {
    End(End),
    Failed(FormatError),
}

type Scanned<T> = Result<T, Halt>;

struct Scan<'a> {
    source: &'a dyn Source,
    file: usize,
    size: u64,
    buffer: Vec<u8>,
    /// Where the buffer begins in the file, and how much of it is used.
    base: u64,
    used: usize,
}

/// Calls `visit` with each part. Rows are handed over only if `rows` says so; else they are found and counted with no bytes.
///
/// # Errors
///
/// When the source fails.
pub(super) fn scan(
    source: &dyn Source,
    file: usize,
    mut rows: impl FnMut(u64) -> bool,
    visit: &mut dyn FnMut(Part<'_>) -> ControlFlow<()>,
) -> Result<End, FormatError> {
    let size = source.files().get(file).map_or(0, |file| file.size);
    let mut scan = Scan { source, file, size, buffer: Vec::new(), base: 0, used: 0 };
    match scan.object(&mut rows, visit) {
        Ok(()) => Ok(End::Whole),
        Err(Halt::End(end)) => Ok(end),
        Err(Halt::Failed(error)) => Err(error),
    }
}

impl Scan<'_> {
    fn offset(&self) -> u64 {
        self.base + self.used as u64
    }

    /// The next byte, which stays.
    fn peek(&mut self) -> Scanned<Option<u8>> {
        if self.used == self.buffer.len() {
            self.base = self.offset();
            self.used = 0;
            let length = READ_BYTES.min(self.size - self.base);
            let bytes = self.source.read_exact(self.file, self.base, length);
            self.buffer = bytes.map_err(|source| {
                let file = self.source.files().get(self.file).map(|file| file.path.clone()).unwrap_or_default();
                Halt::Failed(FormatError::Io { file, source })
            })?;
        }
        Ok(self.buffer.get(self.used).copied())
    }

    /// The next byte that is no blank, which stays.
    fn token(&mut self) -> Scanned<u8> {
        loop {
            match self.peek()? {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.used += 1,
                Some(byte) => return Ok(byte),
                None => return self.cut(false),
            }
        }
    }

    fn cut<T>(&self, begun: bool) -> Scanned<T> {
        Err(Halt::End(End::Cut { offset: self.offset(), begun }))
    }

    fn broken<T>(&self, why: &'static str) -> Scanned<T> {
        Err(Halt::End(End::Broken { offset: self.offset(), why }))
    }

    fn expect(&mut self, byte: u8, why: &'static str) -> Scanned<()> {
        if self.token()? != byte {
            return self.broken(why);
        }
        self.used += 1;
        Ok(())
    }

    fn object(
        &mut self,
        rows: &mut dyn FnMut(u64) -> bool,
        visit: &mut dyn FnMut(Part<'_>) -> ControlFlow<()>,
    ) -> Scanned<()> {
        self.expect(b'{', "it does not begin with an object")?;
        if self.token()? == b'}' {
            return Ok(());
        }
        let mut value = Vec::new();
        loop {
            if self.token()? != b'"' {
                return self.broken("a member has no name");
            }
            self.value(&mut value, NAME_MAX_BYTES, true)?;
            let name: String = serde_json::from_slice(&value).unwrap_or_default();
            self.expect(b':', "a member has no value")?;
            let first = self.token()?;
            if name == ROWS && first == b'[' {
                self.used += 1;
                self.rows(rows, visit)?;
            } else {
                let whole = self.value(&mut value, VALUE_MAX_BYTES, true)?;
                if whole && visit(Part::Member(&name, &value)).is_break() {
                    return Err(Halt::End(End::Stopped));
                }
            }
            match self.token()? {
                b',' => self.used += 1,
                b'}' => return Ok(()),
                _ => return self.broken("a member is followed by neither another nor the end"),
            }
        }
    }

    fn rows(
        &mut self,
        rows: &mut dyn FnMut(u64) -> bool,
        visit: &mut dyn FnMut(Part<'_>) -> ControlFlow<()>,
    ) -> Scanned<()> {
        let mut value = Vec::new();
        if self.token()? == b']' {
            self.used += 1;
            return Ok(());
        }
        for number in 0.. {
            self.token()?;
            let offset = self.offset();
            let keep = rows(number);
            let whole = self.value(&mut value, VALUE_MAX_BYTES, keep)?;
            if value.is_empty() && whole && keep {
                return self.broken("a row is nothing");
            }
            if visit(Part::Row(offset, whole.then_some(&value))).is_break() {
                return Err(Halt::End(End::Stopped));
            }
            match self.token()? {
                b',' => self.used += 1,
                b']' => {
                    self.used += 1;
                    return Ok(());
                }
                _ => return self.broken("a row is followed by neither another nor the end"),
            }
        }
        Ok(())
    }

    /// Passes one value, and keeps its bytes where asked to; false where it has more than `most`.
    fn value(&mut self, out: &mut Vec<u8>, most: usize, keep: bool) -> Scanned<bool> {
        out.clear();
        let (mut depth, mut in_text, mut escaped) = (0_u64, false, false);
        let mut length = 0_usize;
        // A byte that ends the value without being a part of it ends it at once.
        loop {
            if self.peek()?.is_none() {
                return self.cut(true);
            }
            let from = self.used;
            let mut over = false;
            // OK to index: `used` is within the buffer.
            for byte in &self.buffer[from..] {
                if in_text {
                    self.used += 1;
                    match byte {
                        _ if escaped => escaped = false,
                        b'\\' => escaped = true,
                        b'"' => in_text = false,
                        _ => {}
                    }
                    over = !in_text && depth == 0;
                } else {
                    match byte {
                        b'"' => in_text = true,
                        b'{' | b'[' => depth += 1,
                        b'}' | b']' | b',' | b' ' | b'\t' | b'\n' | b'\r' if depth == 0 => {
                            over = true;
                            break;
                        }
                        b'}' | b']' => {
                            depth -= 1;
                            over = depth == 0;
                        }
                        _ => {}
                    }
                    self.used += 1;
                }
                if over {
                    break;
                }
            }
            length += self.used - from;
            if keep && length <= most {
                out.extend_from_slice(&self.buffer[from..self.used]);
            }
            if over {
                if length > most {
                    out.clear();
                }
                return Ok(length <= most);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prairie_model::MemorySource;

    fn parts(text: &[u8]) -> (Vec<String>, End) {
        let source = MemorySource::new([("a".to_owned(), text.to_vec())]);
        let mut parts = Vec::new();
        let end = scan(&source, 0, |_| true, &mut |part| {
            parts.push(match part {
                Part::Member(name, value) => format!("{name}={}", String::from_utf8_lossy(value)),
                Part::Row(at, value) => format!("{at}:{}", String::from_utf8_lossy(value.unwrap())),
            });
            ControlFlow::Continue(())
        });
        (parts, end.unwrap())
    }

    #[test]
    fn members_and_rows() {
        let text = br#"{"info": {"a": "}]\""}, "data": [ {"idx": 0, "x": [1, 2]} ,3], "rewards": true}"#;
        let (found, end) = parts(text);
        assert_eq!(found, [r#"info={"a": "}]\""}"#, r#"34:{"idx": 0, "x": [1, 2]}"#, "59:3", "rewards=true"]);
        assert_eq!(end, End::Whole);
        for length in 0..text.len() {
            let (found, end) = parts(&text[..length]);
            assert!(matches!(end, End::Cut { offset, .. } if offset == length as u64), "{length}: {end:?}");
            let rows = found.iter().filter(|part| part.contains(':') && part.starts_with(|c: char| c.is_ascii_digit()));
            assert_eq!(rows.count(), usize::from(length >= 57) + usize::from(length > 60), "{length}");
        }
    }

    #[test]
    fn what_is_no_such_text_is_told() {
        for text in ["[1]", "{1}", "{\"a\" 1}", "{\"a\":1 2}", "{\"data\":[1 2]}", "{\"data\":[,]}"] {
            assert!(matches!(parts(text.as_bytes()).1, End::Broken { .. }), "{text}");
        }
        assert_eq!(parts(b"{}").1, End::Whole);
        assert_eq!(parts(b"{\"data\":[]}").1, End::Whole);
        assert_eq!(parts(b"").1, End::Cut { offset: 0, begun: false });
    }
}

//! Arrays of NumPy: `.npy` by itself, and as entries of `.npz`, which are ZIP archives.
//!
//! ```text
//!   "\x93NUMPY" version, length │ {'descr': '<f4', 'fortran_order': False, 'shape': (100, 7), } │ elements in row-major order
//! ```
//!
//! **Invariant:** rows come one after the other, so that an array of any length is read with the memory of the rows that are asked for.
//! Only one whose columns come first is held whole, and only up to a size.

use std::io::{BufReader, Read};

use flate2::read::DeflateDecoder;
use prairie_model::Source;

use crate::FormatError;
use crate::elements::{Element, reordered};
use crate::table::FileRead;
use crate::zip::Zip;

/// Bytes of a header.
const HEADER_MAX: u64 = 1 << 20;
/// Axes that an array may have.
const AXES_MAX: usize = 16;
/// Bytes of a row.
const ROW_MAX: u64 = 128 << 20;
/// Bytes of an array whose columns come first.
const HELD_MAX: u64 = 256 << 20;
/// Arrays of one file.
const ARRAYS_MAX: usize = 4096;

/// An array, from its first row on.
pub(super) struct Array<'a> {
    pub(super) name: String,
    pub(super) element: Element,
    pub(super) shape: Vec<u64>,
    /// Rows that are there: fewer than the shape says where the file was cut.
    pub(super) rows: u64,
    /// Where its elements begin in the file, when they lie there in their order and as they are.
    pub(super) bare: Option<u64>,
    data: Data<'a>,
    /// The row that comes next.
    next: u64,
    path: String,
}

enum Data<'a> {
    Stream(Box<dyn Read + 'a>),
    Held(Vec<u8>),
}

/// The arrays of a file, and why others cannot be read.
pub(super) struct Arrays<'a> {
    pub(super) arrays: Vec<Array<'a>>,
    pub(super) refused: Vec<(String, String)>,
}

/// The arrays of an archive, by name.
///
/// # Errors
///
/// When it is no archive, or the source fails.
pub(super) fn open_npz(source: &dyn Source, file: usize) -> Result<Arrays<'_>, FormatError> {
    let zip = Zip::open(source, file)?;
    let mut found = Arrays { arrays: Vec::new(), refused: Vec::new() };
    for entry in 0..zip.len().min(ARRAYS_MAX) {
        let Some(name) = zip.name(entry).strip_suffix(".npy") else { continue };
        let opened = zip.place(source, entry).and_then(|place| {
            let part = || FileRead { source, file, offset: place.offset }.take(place.packed);
            match place.deflated {
                true => {
                    let stream = BufReader::with_capacity(1 << 16, DeflateDecoder::new(part()));
                    Array::open(name, Box::new(stream), (place.size, None), path_of(source, file))
                }
                false => {
                    let stream = BufReader::with_capacity(1 << 16, part());
                    Array::open(name, Box::new(stream), (place.size, Some(place.offset)), path_of(source, file))
                }
            }
        });
        match opened {
            Ok(array) => found.arrays.push(array),
            Err(error @ FormatError::Io { .. }) => return Err(error),
            Err(error) => found.refused.push((name.to_owned(), error.to_string())),
        }
    }
    Ok(found)
}

/// The one array of a file.
///
/// # Errors
///
/// When it is none that can be read, or the source fails.
pub(super) fn open_npy(source: &dyn Source, file: usize) -> Result<Arrays<'_>, FormatError> {
    let size = source.files().get(file).map_or(0, |file| file.size);
    let stream = BufReader::with_capacity(1 << 16, FileRead { source, file, offset: 0 }.take(size));
    let array = Array::open("array", Box::new(stream), (size, Some(0)), path_of(source, file))?;
    Ok(Arrays { arrays: vec![array], refused: Vec::new() })
}

fn path_of(source: &dyn Source, file: usize) -> String {
    source.files().get(file).map(|file| file.path.clone()).unwrap_or_default()
}

impl<'a> Array<'a> {
    /// Reads the header. `size` are the bytes of all of it, and where it begins in the file if it lies there as it is.
    fn open(
        name: &str,
        mut stream: Box<dyn Read + 'a>,
        (size, begin): (u64, Option<u64>),
        path: String,
    ) -> Result<Self, FormatError> {
        let wrong = |why: String| FormatError::Damaged {
            what: "an array",
            file: path.clone(),
            offset: begin.unwrap_or(0),
            why: format!("`{name}`: {why}"),
        };
        let mut exact = |length: u64| -> Result<Vec<u8>, FormatError> {
            let mut bytes = Vec::new();
            let read = stream.by_ref().take(length).read_to_end(&mut bytes);
            match read {
                Ok(n) if n as u64 == length => Ok(bytes),
                Ok(_) => Err(wrong("its header ends early".to_owned())),
                Err(error) if error.kind() == std::io::ErrorKind::InvalidInput => Err(wrong(error.to_string())),
                Err(error) => Err(FormatError::Io { file: path.clone(), source: error }),
            }
        };
        let head = exact(8)?;
        // OK to index: eight bytes.
        let wide = match &head[..] {
            [b'\x93', b'N', b'U', b'M', b'P', b'Y', version @ 1..=3, _] => *version > 1,
            _ => return Err(wrong("it does not begin as an array of NumPy".to_owned())),
        };
        let length = exact(if wide { 4 } else { 2 })?;
        let mut word = [0; 4];
        word[..length.len()].copy_from_slice(&length);
        let length = u64::from(u32::from_le_bytes(word));
        if length > HEADER_MAX {
            return Err(wrong(format!("its header has {length} bytes, and {HEADER_MAX} are read")));
        }
        let header = exact(length)?;
        let header = String::from_utf8_lossy(&header);
        let (element, fortran, shape) = parse(&header).map_err(wrong)?;
        let before = 8 + if wide { 4 } else { 2 } + length;
        let bytes = |counts: &[u64]| counts.iter().try_fold(element.size as u64, |bytes, n| bytes.checked_mul(*n));
        let row = bytes(shape.get(1..).unwrap_or_default()).filter(|row| (1..=ROW_MAX).contains(row));
        let row =
            row.ok_or_else(|| wrong(format!("a row of {shape:?} elements has none, or more than {ROW_MAX} bytes")))?;
        let claimed = shape.first().copied().unwrap_or(1);
        let there = size.saturating_sub(before) / row;
        let (rows, is_turned) = (claimed.min(there), fortran && shape.len() > 1);
        let mut array = Self {
            name: name.to_owned(),
            element,
            shape,
            rows,
            bare: begin.map(|begin| begin + before).filter(|_| !is_turned),
            data: Data::Stream(stream),
            next: 0,
            path,
        };
        if is_turned {
            array.hold()?;
        }
        Ok(array)
    }

    /// Reads an array whose columns come first, and turns it.
    fn hold(&mut self) -> Result<(), FormatError> {
        let whole = self.shape.iter().try_fold(self.element.size as u64, |bytes, n| bytes.checked_mul(*n));
        let Some(whole) = whole.filter(|bytes| *bytes <= HELD_MAX) else {
            return Err(self.damaged(format!("its columns come first, and it has more than {HELD_MAX} bytes")));
        };
        if self.rows < self.shape.first().copied().unwrap_or(1) {
            return Err(self.damaged("its columns come first, and it ends early".to_owned()));
        }
        // OK to cast: at most HELD_MAX.
        let bytes = self.bytes(whole as usize)?;
        let order: Vec<usize> = (0..self.shape.len()).rev().collect();
        self.data = Data::Held(reordered(&bytes, &self.shape, &order, self.element.size));
        Ok(())
    }

    fn damaged(&self, why: String) -> FormatError {
        FormatError::Damaged {
            what: "an array",
            file: self.path.clone(),
            offset: self.bare.unwrap_or(0),
            why: format!("`{}`: {why}", self.name),
        }
    }

    /// Bytes of one row.
    pub(super) fn row_bytes(&self) -> usize {
        // OK to multiply and cast: checked when it was opened.
        self.shape.iter().skip(1).product::<u64>() as usize * self.element.size
    }

    /// Elements of one row.
    pub(super) fn width(&self) -> usize {
        self.row_bytes() / self.element.size
    }

    /// The next rows, as little-endian elements.
    ///
    /// # Errors
    ///
    /// When the stream is damaged, or the source fails.
    pub(super) fn take(&mut self, rows: u64) -> Result<Vec<u8>, FormatError> {
        let rows = rows.min(self.rows - self.next);
        // OK to cast and multiply: the caller asks for no more rows than it wants to hold.
        let length = rows as usize * self.row_bytes();
        let begin = self.next as usize * self.row_bytes();
        let mut bytes = match &self.data {
            Data::Held(all) => all.get(begin..begin + length).unwrap_or_default().to_vec(),
            Data::Stream(_) => self.bytes(length)?,
        };
        self.next += rows;
        self.element.to_little(&mut bytes);
        Ok(bytes)
    }

    /// The next bytes of the stream.
    fn bytes(&mut self, length: usize) -> Result<Vec<u8>, FormatError> {
        let Data::Stream(stream) = &mut self.data else { return Ok(Vec::new()) };
        let mut bytes = Vec::new();
        let read = stream.by_ref().take(length as u64).read_to_end(&mut bytes);
        match read {
            Ok(n) if n == length => Ok(bytes),
            Ok(n) => Err(self.damaged(format!("{length} bytes are wanted, and {n} come"))),
            // What DEFLATE cannot read is told so.
            Err(error) if error.kind() == std::io::ErrorKind::InvalidInput => Err(self.damaged(error.to_string())),
            Err(error) => Err(FormatError::Io { file: self.path.clone(), source: error }),
        }
    }
}

/// Type of elements, whether columns come first, and elements per axis.
fn parse(header: &str) -> Result<(Element, bool, Vec<u64>), String> {
    let after = |key: &str| {
        let rest =
            [format!("'{key}'"), format!("\"{key}\"")].iter().find_map(|quoted| Some(header.split_once(quoted)?.1));
        rest.and_then(|rest| rest.trim_start().strip_prefix(':')).map(str::trim_start)
    };
    let descr = after("descr").ok_or("its header names no type")?;
    let quote = descr.chars().next().filter(|quote| matches!(quote, '\'' | '"'));
    let quote = quote.ok_or("its elements have several fields")?;
    let text = descr[1..].split(quote).next().unwrap_or_default();
    let element = Element::numpy(text)?;
    let fortran = after("fortran_order").is_some_and(|rest| rest.starts_with("True"));
    let shape = after("shape").and_then(|rest| rest.strip_prefix('(')?.split_once(')'));
    let (shape, _) = shape.ok_or("its header names no shape")?;
    let parts: Vec<&str> = shape.split(',').map(|part| part.trim().trim_end_matches('L')).collect();
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    if parts.len() > AXES_MAX {
        return Err(format!("it has {} axes, and {AXES_MAX} are the most", parts.len()));
    }
    let counts: Result<Vec<u64>, _> = parts.iter().map(|part| part.parse()).collect();
    let counts = counts.map_err(|_error| format!("its shape is ({shape})"))?;
    Ok((element, fortran, counts))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elements::Kind;

    #[test]
    fn headers() {
        let (element, fortran, shape) =
            parse("{'descr': '<f4', 'fortran_order': False, 'shape': (100, 7), }  \n").expect("a header");
        assert_eq!((element, fortran, shape), (Element::of(Kind::Float, 4), false, vec![100, 7]));
        assert_eq!(parse("{'descr':'|u1','fortran_order':True,'shape':()}").map(|it| (it.1, it.2)), Ok((true, vec![])));
        assert_eq!(parse("{'descr':'|u1','fortran_order':True,'shape':(3L,)}").map(|it| it.2), Ok(vec![3]));
        for odd in [
            "",
            "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}",
            "{'descr': '|O', 'fortran_order': False, 'shape': (1,)}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (1,",
        ] {
            assert!(parse(odd).is_err(), "{odd}");
        }
    }
}

//! Datatypes: what one element is.
//!
//! **Invariant:** a type's parts lie inside of its bytes: [`Datatype::parse`] refuses others.

use arrow::datatypes::{ArrowPrimitiveType, Float16Type};

use super::cursor::{Cursor, Parsed};
use super::file::File;
use super::header::{Header, kind};
use crate::FormatError;

/// A float of 16 bits.
type Half = <Float16Type as ArrowPrimitiveType>::Native;

/// Types inside of each other.
const DEPTH_MAX: usize = 16;

/// Members and names of one type, with those inside of them.
const PARTS_MAX: usize = 65_536;

/// Axes of an array.
const RANK_MAX: usize = 32;

/// A number as it lies in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::hdf5) struct Number {
    pub(in crate::hdf5) kind: NumberKind,
    /// Bytes: 1 to 8.
    pub(in crate::hdf5) size: usize,
    pub(in crate::hdf5) big_endian: bool,
    /// Where the bits of an integer begin, and how many there are.
    pub(in crate::hdf5) bits: (u32, u32),
}

/// Kinds of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::hdf5) enum NumberKind {
    Signed,
    Unsigned,
    /// IEEE 754 of 16, 32 or 64 bits.
    Float,
    /// The upper half of an IEEE 754 number of 32 bits.
    Bfloat16,
    /// An enumeration of `FALSE` and `TRUE`.
    Bool,
}

/// How the end of a text is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::hdf5) enum Padding {
    ZeroEnd,
    Zeros,
    Spaces,
}

/// One member of a compound.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::hdf5) struct Member {
    pub(in crate::hdf5) name: String,
    pub(in crate::hdf5) offset: usize,
    pub(in crate::hdf5) datatype: Datatype,
}

/// What an element is.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::hdf5) enum Class {
    Number(Number),
    /// An enumeration, with the values that have names.
    Enum {
        base: Number,
        names: Vec<(String, i64)>,
    },
    Text(Padding),
    VariableText,
    /// Elements of one type, as many as each value has.
    Variable(Box<Datatype>),
    Array {
        dims: Vec<u64>,
        base: Box<Datatype>,
    },
    Compound(Vec<Member>),
    Opaque,
    /// What cannot be read, by its name.
    Other(String),
}

/// A type.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::hdf5) struct Datatype {
    /// Bytes of an element.
    pub(in crate::hdf5) size: usize,
    pub(in crate::hdf5) class: Class,
}

impl Datatype {
    /// The type of a dataset.
    pub(in crate::hdf5) fn of(file: &File<'_>, header: &Header) -> Result<Self, FormatError> {
        let Some(message) = header.find(file, kind::DATATYPE)? else {
            return Err(file.damaged("a dataset", header.address, "it has no datatype"));
        };
        Self::parse(file.cursor(&message.body)).map_err(|why| file.damaged("a datatype", message.address, why))
    }

    pub(super) fn parse(mut cursor: Cursor<'_>) -> Parsed<Self> {
        let mut parts = 0;
        datatype(&mut cursor, DEPTH_MAX, &mut parts)
    }
}

fn datatype(cursor: &mut Cursor<'_>, depth: usize, parts: &mut usize) -> Parsed<Datatype> {
    *parts += 1;
    if depth == 0 || *parts > PARTS_MAX {
        return Err("it has too many parts".to_owned());
    }
    let head = cursor.u8()?;
    let (version, class) = (head >> 4, head & 0xF);
    // OK to cast: three bytes.
    let flags = cursor.uint(3)? as u32;
    let size = usize::try_from(cursor.u32()?).map_err(|error| error.to_string())?;
    if !(1..=5).contains(&version) {
        return Err(format!("its version {version} is not known"));
    }
    if size == 0 {
        return Err("its elements have no bytes".to_owned());
    }
    let class = match class {
        0 => integer(cursor, flags, size)?,
        1 => float(cursor, flags, size)?,
        2 => {
            cursor.skip(2)?;
            Class::Other("times".to_owned())
        }
        3 => Class::Text(padding(flags)?),
        4 => match integer(cursor, flags & 1, size)? {
            Class::Other(_) => Class::Other(format!("bit fields of {size} bytes")),
            number => number,
        },
        5 => {
            cursor.skip((flags & 0xFF) as usize)?;
            Class::Opaque
        }
        6 => compound(cursor, version, flags & 0xFFFF, size, (depth - 1, parts))?,
        7 => Class::Other("references".to_owned()),
        8 => enumeration(cursor, version, flags & 0xFFFF, (depth - 1, parts))?,
        9 => {
            let base = datatype(cursor, depth - 1, parts)?;
            if flags & 0xF == 1 { Class::VariableText } else { Class::Variable(Box::new(base)) }
        }
        10 => array(cursor, version, size, (depth - 1, parts))?,
        11 => {
            let base = datatype(cursor, depth - 1, parts)?;
            if base.size.checked_mul(2) != Some(size) {
                return Err(format!("two numbers of {} bytes are no complex one of {size}", base.size));
            }
            Class::Array { dims: vec![2], base: Box::new(base) }
        }
        other => return Err(format!("its class {other} is not known")),
    };
    Ok(Datatype { size, class })
}

fn padding(flags: u32) -> Parsed<Padding> {
    match flags & 0xF {
        0 => Ok(Padding::ZeroEnd),
        1 => Ok(Padding::Zeros),
        2 => Ok(Padding::Spaces),
        other => Err(format!("texts padded in way {other} are not known")),
    }
}

fn integer(cursor: &mut Cursor<'_>, flags: u32, size: usize) -> Parsed<Class> {
    let bits = (u32::from(cursor.u16()?), u32::from(cursor.u16()?));
    if size > 8 {
        return Ok(Class::Other(format!("integers of {size} bytes")));
    }
    // OK to cast: at most 64.
    if bits.1 == 0 || bits.0 + bits.1 > 8 * size as u32 {
        return Err(format!("{} bits from bit {} on do not lie in {size} bytes", bits.1, bits.0));
    }
    let kind = if flags & 8 == 0 { NumberKind::Unsigned } else { NumberKind::Signed };
    Ok(Class::Number(Number { kind, size, big_endian: flags & 1 == 1, bits }))
}

fn float(cursor: &mut Cursor<'_>, flags: u32, size: usize) -> Parsed<Class> {
    let (offset, precision) = (cursor.u16()?, cursor.u16()?);
    let (exponent_at, exponent) = (cursor.u8()?, cursor.u8()?);
    let (mantissa_at, mantissa) = (cursor.u8()?, cursor.u8()?);
    let bias = cursor.u32()?;
    // Order of bytes, implied first bit of the mantissa, and place of the sign.
    let (order, implied, sign) = (flags & 0x41, flags >> 4 & 3, flags >> 8 & 0xFF);
    // OK to compare: the bits of the four formats that are known, each with its bias.
    let kind = match (size, exponent_at, exponent, mantissa_at, mantissa, bias) {
        (2, 10, 5, 0, 10, 15) | (4, 23, 8, 0, 23, 127) | (8, 52, 11, 0, 52, 1023) => Some(NumberKind::Float),
        (2, 7, 8, 0, 7, 127) => Some(NumberKind::Bfloat16),
        _ => None,
    };
    // OK to cast: at most 8 bytes.
    let whole = |size: usize| offset == 0 && usize::from(precision) == 8 * size && sign as usize == 8 * size - 1;
    let kind = kind.filter(|_| whole(size) && implied == 2 && order <= 1);
    Ok(match kind {
        // OK to cast: at most 64 bits.
        Some(kind) => Class::Number(Number { kind, size, big_endian: order == 1, bits: (0, 8 * size as u32) }),
        None => Class::Other(format!("floats of {exponent} + {mantissa} bits in {size} bytes")),
    })
}

fn compound(
    cursor: &mut Cursor<'_>,
    version: u8,
    count: u32,
    size: usize,
    (depth, parts): (usize, &mut usize),
) -> Parsed<Class> {
    let mut members = Vec::new();
    for _ in 0..count {
        let name = if version < 3 { cursor.padded_text()? } else { cursor.text()? };
        let offset =
            if version < 3 { cursor.u32()?.into() } else { cursor.uint(super::cursor::bytes_for(size as u64))? };
        let mut dims = Vec::new();
        if version == 1 {
            let rank = cursor.u8()?;
            // Three zeros, a permutation that nobody wrote, and four zeros.
            cursor.skip(11)?;
            for axis in 0..4 {
                let dim = cursor.u32()?;
                if axis < rank {
                    dims.push(u64::from(dim));
                }
            }
        }
        let mut datatype = datatype(cursor, depth, parts)?;
        if !dims.is_empty() {
            let size = elements(&dims)?.checked_mul(datatype.size).ok_or("a member of it is too large")?;
            datatype = Datatype { size, class: Class::Array { dims, base: Box::new(datatype) } };
        }
        let offset = usize::try_from(offset).map_err(|error| error.to_string())?;
        if offset.checked_add(datatype.size).is_none_or(|end| end > size) {
            return Err(format!("its member `{name}` does not lie in its {size} bytes"));
        }
        members.push(Member { name, offset, datatype });
    }
    Ok(Class::Compound(members))
}

fn enumeration(cursor: &mut Cursor<'_>, version: u8, count: u32, (depth, parts): (usize, &mut usize)) -> Parsed<Class> {
    let base = datatype(cursor, depth, parts)?;
    let Class::Number(base) = base.class else { return Err("an enumeration of it has no integers".to_owned()) };
    *parts += count as usize;
    let mut texts = Vec::new();
    for _ in 0..count {
        texts.push(if version < 3 { cursor.padded_text()? } else { cursor.text()? });
    }
    let mut names = Vec::new();
    for text in texts {
        names.push((text, base.integer(cursor.take(base.size)?)));
    }
    let is_bool = base.size == 1
        && names.len() == 2
        && names.contains(&("FALSE".to_owned(), 0))
        && names.contains(&("TRUE".to_owned(), 1));
    if is_bool {
        return Ok(Class::Number(Number { kind: NumberKind::Bool, ..base }));
    }
    Ok(Class::Enum { base, names })
}

fn array(cursor: &mut Cursor<'_>, version: u8, size: usize, (depth, parts): (usize, &mut usize)) -> Parsed<Class> {
    let rank = usize::from(cursor.u8()?);
    if rank > RANK_MAX {
        return Err(format!("an array of it has {rank} axes"));
    }
    cursor.skip(if version < 3 { 3 } else { 0 })?;
    let mut dims = Vec::new();
    for _ in 0..rank {
        dims.push(u64::from(cursor.u32()?));
    }
    cursor.skip(if version < 3 { 4 * rank } else { 0 })?;
    let base = datatype(cursor, depth, parts)?;
    if elements(&dims)?.checked_mul(base.size) != Some(size) {
        return Err(format!("an array of {dims:?} elements of {} bytes has no {size} bytes", base.size));
    }
    Ok(Class::Array { dims, base: Box::new(base) })
}

/// Elements of an array.
fn elements(dims: &[u64]) -> Parsed<usize> {
    let product = dims.iter().try_fold(1_u64, |product, dim| product.checked_mul(*dim));
    product.and_then(|product| usize::try_from(product).ok()).ok_or_else(|| "an array of it is too large".to_owned())
}

impl Number {
    /// The bits of an element, as a number of 64.
    fn raw(self, element: &[u8]) -> u64 {
        let fold = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
        let bytes = element.iter().take(self.size);
        if self.big_endian { bytes.fold(0, fold) } else { bytes.rev().fold(0, fold) }
    }

    /// The integer in an element, or the bits of a float. Unsigned ones above 2^63 wrap.
    pub(in crate::hdf5) fn integer(self, element: &[u8]) -> i64 {
        let (start, bits) = self.bits;
        // OK to shift: a type has 1 to 64 bits, and starts below them.
        let value = self.raw(element) >> start << (64 - bits);
        // OK to cast: that is the sign, where there is one.
        if self.kind == NumberKind::Signed { value as i64 >> (64 - bits) } else { (value >> (64 - bits)) as i64 }
    }

    /// The number in an element.
    pub(in crate::hdf5) fn float(self, element: &[u8]) -> f64 {
        // OK to cast: floats have their own width; integers are rounded to the nearest.
        match (self.kind, self.size) {
            (NumberKind::Float, 2) => Half::from_bits(self.raw(element) as u16).to_f64(),
            (NumberKind::Float, 4) => f32::from_bits(self.raw(element) as u32).into(),
            (NumberKind::Float, _) => f64::from_bits(self.raw(element)),
            (NumberKind::Bfloat16, _) => f32::from_bits((self.raw(element) as u32) << 16).into(),
            (NumberKind::Signed, _) => self.integer(element) as f64,
            (NumberKind::Unsigned | NumberKind::Bool, _) => self.integer(element) as u64 as f64,
        }
    }
}

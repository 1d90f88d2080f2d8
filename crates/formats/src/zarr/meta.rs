//! What the text of a Zarr node says: `.zarray` of version 2, `zarr.json` of version 3.
//!
//! **Invariant:** an array whose rows or chunks would take more memory than a reader may use is refused here, by its numbers.

use serde_json::{Map, Value};

use super::codec::Step;
use crate::elements::{Element, Kind};

/// Axes that an array may have.
const AXES_MAX: usize = 16;
/// Bytes that a chunk may have once it is decompressed.
const CHUNK_MAX: u64 = 256 << 20;
/// Bytes that a row (everything at one place of the first axis) may have.
const ROW_MAX: u64 = 128 << 20;
/// Bytes that all chunks of one step of the first axis may have together.
const BAND_MAX: u64 = 1 << 30;
/// Codecs that a chunk may go through.
const STEPS_MAX: usize = 16;

/// An array as its description has it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ArrayMeta {
    /// Elements per axis.
    pub(super) shape: Vec<u64>,
    /// Elements per axis of what is compressed together.
    pub(super) chunk: Vec<u64>,
    /// Elements per axis of what is one file, where several chunks are.
    pub(super) shard: Option<Shard>,
    pub(super) element: Element,
    /// Whether its elements are texts of any length.
    pub(super) is_texts: bool,
    /// Little-endian bytes of an element that no chunk holds.
    pub(super) fill: Vec<u8>,
    /// The text that no chunk holds.
    pub(super) fill_text: String,
    /// The order of axes in a chunk, where it is not that of the array: the array's axis for each of the chunk's.
    pub(super) order: Option<Vec<usize>>,
    pub(super) steps: Vec<Step>,
    /// What is between the numbers of a chunk's name.
    pub(super) separator: char,
    /// Whether the names of chunks begin with `c`.
    pub(super) prefixed: bool,
}

/// Several chunks in one file, with an index of them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shard {
    pub(super) shape: Vec<u64>,
    /// Whether the index is at the end.
    pub(super) at_end: bool,
    /// Whether a CRC-32C follows the index.
    pub(super) has_sum: bool,
}

/// Chunks and how they are named, before the codecs are looked at.
struct Grid {
    shape: Vec<u64>,
    chunk: Vec<u64>,
}

impl ArrayMeta {
    /// The array of a `.zarray`.
    ///
    /// # Errors
    ///
    /// Why it cannot be read.
    pub(super) fn v2(object: &Map<String, Value>) -> Result<Self, String> {
        let grid =
            Grid { shape: counts(object.get("shape"), "shape")?, chunk: counts(object.get("chunks"), "chunks")? };
        let dtype = object.get("dtype").and_then(Value::as_str);
        let dtype = dtype.ok_or("its elements have several fields, or no type")?;
        let filters = object.get("filters").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let is_texts = dtype.ends_with('O');
        let element = if is_texts { Element::of(Kind::Bytes, 1) } else { Element::numpy(dtype)? };
        let mut steps = Vec::new();
        let mut stored = element;
        let compressor = object.get("compressor").filter(|compressor| !compressor.is_null());
        for codec in filters.iter().chain(compressor) {
            let settings = codec.as_object().ok_or("a codec of it has no settings")?;
            let name = settings.get("id").and_then(Value::as_str).ok_or("a codec of it has no name")?;
            add(&mut steps, &mut stored, name, settings)?;
        }
        if is_texts != (steps.first() == Some(&Step::Texts)) {
            return Err("its elements are objects of a program".to_owned());
        }
        let order = object.get("order").and_then(Value::as_str) == Some("F");
        let order = order.then(|| (0..grid.shape.len()).rev().collect());
        let separator = object.get("dimension_separator").and_then(Value::as_str);
        let (fill, fill_text) = fill(object.get("fill_value"), element, is_texts)?;
        let separator = if separator == Some("/") { '/' } else { '.' };
        let meta = Self {
            shape: grid.shape,
            chunk: grid.chunk,
            shard: None,
            element,
            is_texts,
            fill,
            fill_text,
            order,
            steps,
            separator,
            prefixed: false,
        };
        meta.checked()
    }

    /// The array of a `zarr.json`.
    ///
    /// # Errors
    ///
    /// Why it cannot be read.
    pub(super) fn v3(object: &Map<String, Value>) -> Result<Self, String> {
        let grid = object.get("chunk_grid").ok_or("it has no chunk grid")?;
        if name_of(grid) != Some("regular") {
            return Err(format!("its chunks lie in a grid of kind `{}`", name_of(grid).unwrap_or("?")));
        }
        let shape = counts(object.get("shape"), "shape")?;
        let outer = counts(settings_of(grid).get("chunk_shape"), "chunk_shape")?;
        let keys = object.get("chunk_key_encoding");
        let prefixed = match keys.and_then(name_of) {
            Some("default") | None => true,
            Some("v2") => false,
            Some(other) => return Err(format!("its chunks are named in the way `{other}`")),
        };
        let separator = keys.and_then(|keys| settings_of(keys).get("separator")?.as_str().map(str::to_owned));
        let separator = match separator.as_deref() {
            Some("/") => '/',
            Some(".") => '.',
            _ => {
                if prefixed {
                    '/'
                } else {
                    '.'
                }
            }
        };
        if object.get("storage_transformers").and_then(Value::as_array).is_some_and(|list| !list.is_empty()) {
            return Err("it has storage transformers".to_owned());
        }
        let (mut element, is_texts) = v3_type(object.get("data_type"))?;
        let (fill, fill_text) = fill(object.get("fill_value"), element, is_texts)?;
        let codecs = object.get("codecs").and_then(Value::as_array).ok_or("it has no codecs")?;
        let (chunk, shard, codecs) = match codecs.as_slice() {
            [only] if name_of(only) == Some("sharding_indexed") => {
                let settings = settings_of(only);
                let chunk = counts(settings.get("chunk_shape"), "chunk_shape")?;
                let shard = Shard::new(outer, &chunk, settings)?;
                let inner = settings.get("codecs").and_then(Value::as_array).ok_or("its shards have no codecs")?;
                (chunk, Some(shard), inner)
            }
            _ => (outer, None, codecs),
        };
        let mut order: Option<Vec<usize>> = None;
        let mut steps = Vec::new();
        let mut stored = element;
        let mut is_bytes = false;
        for codec in codecs {
            let (name, settings) = (name_of(codec).ok_or("a codec of it has no name")?, settings_of(codec));
            match name {
                "transpose" if !is_bytes && steps.is_empty() => order = Some(transpose(order, settings, shape.len())?),
                "bytes" if !is_bytes => {
                    is_bytes = true;
                    let big = settings.get("endian").and_then(Value::as_str) == Some("big");
                    // What the last filter stores is written so; where there is none, the elements are.
                    match steps.last_mut() {
                        Some(
                            Step::Delta { stored, .. } | Step::Scale { stored, .. } | Step::Rounded { stored, .. },
                        ) => stored.big = big && stored.size > 1,
                        _ => element.big = big && element.size > 1,
                    }
                }
                _ => {
                    is_bytes |= matches!(name, "vlen-utf8");
                    add(&mut steps, &mut stored, name.trim_start_matches("numcodecs."), settings)?;
                }
            }
        }
        if is_texts != (steps.first() == Some(&Step::Texts)) {
            return Err("its elements are objects of a program".to_owned());
        }
        let meta = Self { shape, chunk, shard, element, is_texts, fill, fill_text, order, steps, separator, prefixed };
        meta.checked()
    }

    /// Refuses what no reader could hold in memory.
    fn checked(self) -> Result<Self, String> {
        let axes = self.shape.len();
        if axes > AXES_MAX || self.chunk.len() != axes {
            return Err(format!("it has {axes} axes and chunks of {}", self.chunk.len()));
        }
        if self.chunk.contains(&0) {
            return Err("its chunks have no elements".to_owned());
        }
        if self.shape.iter().skip(1).any(|length| *length == 0) {
            return Err("its rows have no elements".to_owned());
        }
        let size = self.element.size as u64;
        let bytes = |counts: &[u64]| counts.iter().try_fold(size, |bytes, count| bytes.checked_mul(*count));
        let within = |what: &str, bytes: Option<u64>, most: u64| match bytes {
            Some(bytes) if bytes <= most => Ok(()),
            Some(bytes) => Err(format!("{what} has {bytes} bytes, and {most} are the most")),
            None => Err(format!("{what} has more than 2^64 bytes")),
        };
        within("one of its chunks", bytes(&self.chunk), CHUNK_MAX)?;
        within("one of its rows", bytes(self.shape.get(1..).unwrap_or_default()), ROW_MAX)?;
        within("the array", bytes(&self.shape), u64::MAX >> 1)?;
        let across = self.shape.iter().zip(&self.chunk).skip(1);
        let across = across.map(|(length, chunk)| length.div_ceil(*chunk).saturating_mul(*chunk));
        let band: Vec<u64> = self.chunk.iter().take(1).copied().chain(across).collect();
        within("all chunks of one step of its first axis have together; it", bytes(&band), BAND_MAX)?;
        if self.is_texts && axes > 1 {
            return Err(format!("its texts lie along {axes} axes"));
        }
        if self.order.as_ref().is_some_and(|order| order.len() != axes) {
            return Err("its axes are in an order of another number of them".to_owned());
        }
        Ok(self)
    }

    /// Bytes of one row; the whole array where it has no axis.
    pub(super) fn row_bytes(&self) -> usize {
        // OK to multiply and cast: checked against ROW_MAX.
        self.shape.iter().skip(1).product::<u64>() as usize * self.element.size
    }

    /// Elements of one row.
    pub(super) fn row_elements(&self) -> usize {
        self.row_bytes() / self.element.size
    }

    /// Rows: the length of the first axis, one where there is none.
    pub(super) fn rows(&self) -> u64 {
        self.shape.first().copied().unwrap_or(1)
    }

    /// The picture codec that each chunk is compressed by.
    pub(super) fn picture(&self) -> Option<prairie_model::Codec> {
        match self.steps.as_slice() {
            [Step::Picture(codec)] => Some(*codec),
            _ => None,
        }
    }
}

impl Shard {
    fn new(shape: Vec<u64>, chunk: &[u64], settings: &Map<String, Value>) -> Result<Self, String> {
        let whole = shape.len() == chunk.len()
            && shape.iter().zip(chunk).all(|(shard, chunk)| *chunk > 0 && *shard > 0 && shard.is_multiple_of(*chunk));
        if !whole {
            return Err(format!("its shards of {shape:?} are no multiple of its chunks of {chunk:?}"));
        }
        let codecs = settings.get("index_codecs").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let names: Vec<&str> = codecs.iter().filter_map(name_of).collect();
        let big = codecs.iter().any(|codec| settings_of(codec).get("endian").and_then(Value::as_str) == Some("big"));
        let has_sum = match names[..] {
            ["bytes"] if !big => false,
            ["bytes", "crc32c"] if !big => true,
            _ => return Err(format!("the index of its shards goes through {}", names.join(", "))),
        };
        let at_end = settings.get("index_location").and_then(Value::as_str) != Some("start");
        Ok(Self { shape, at_end, has_sum })
    }
}

/// Adds the steps of a codec.
fn add(steps: &mut Vec<Step>, stored: &mut Element, name: &str, settings: &Map<String, Value>) -> Result<(), String> {
    for step in Step::new(name, settings, *stored)? {
        if matches!(steps.last(), Some(Step::Picture(_))) {
            return Err("its pictures are compressed again".to_owned());
        }
        if matches!(step, Step::Picture(_)) && !steps.is_empty() {
            return Err("its pictures go through a filter".to_owned());
        }
        *stored = step.stored(*stored);
        steps.push(step);
    }
    if steps.len() > STEPS_MAX {
        return Err(format!("its chunks go through more than {STEPS_MAX} codecs"));
    }
    Ok(())
}

/// One transposition after another.
fn transpose(before: Option<Vec<usize>>, settings: &Map<String, Value>, axes: usize) -> Result<Vec<usize>, String> {
    let wrong = || "its axes are transposed in no order".to_owned();
    let order = match settings.get("order") {
        Some(Value::String(letter)) if letter == "F" => (0..axes as u64).rev().collect(),
        Some(Value::String(letter)) if letter == "C" => (0..axes as u64).collect(),
        order => counts(order, "order")?,
    };
    let mut seen = vec![false; axes];
    let mut out = Vec::with_capacity(axes);
    for axis in order {
        let axis = usize::try_from(axis).map_err(|_error| wrong())?;
        let slot = seen.get_mut(axis).filter(|seen| !**seen).ok_or_else(wrong)?;
        *slot = true;
        // OK to index: `axis` is below the number of axes.
        out.push(before.as_ref().map_or(axis, |before| before[axis]));
    }
    if out.len() == axes { Ok(out) } else { Err(wrong()) }
}

/// The type of elements by Zarr's name, and whether they are texts of any length.
fn v3_type(data_type: Option<&Value>) -> Result<(Element, bool), String> {
    let data_type = data_type.ok_or("its elements have no type")?;
    let settings = settings_of(data_type);
    let bytes = || settings.get("length_bytes").and_then(Value::as_u64).and_then(|bytes| usize::try_from(bytes).ok());
    let name = name_of(data_type).ok_or("its elements have no type")?;
    let element = match name {
        "bool" => Element::of(Kind::Bool, 1),
        "int8" => Element::of(Kind::Int, 1),
        "int16" => Element::of(Kind::Int, 2),
        "int32" => Element::of(Kind::Int, 4),
        "int64" => Element::of(Kind::Int, 8),
        "uint8" => Element::of(Kind::UInt, 1),
        "uint16" => Element::of(Kind::UInt, 2),
        "uint32" => Element::of(Kind::UInt, 4),
        "uint64" => Element::of(Kind::UInt, 8),
        "float16" => Element::of(Kind::Float, 2),
        "float32" => Element::of(Kind::Float, 4),
        "float64" => Element::of(Kind::Float, 8),
        "string" => return Ok((Element::of(Kind::Bytes, 1), true)),
        "fixed_length_utf32" => Element::numpy(&format!("<U{}", bytes().unwrap_or(0) / 4))?,
        "null_terminated_bytes" => Element::numpy(&format!("|S{}", bytes().unwrap_or(0)))?,
        "numpy.datetime64" | "numpy.timedelta64" => {
            let unit = settings.get("unit").and_then(Value::as_str).unwrap_or_default();
            let scale = settings.get("scale_factor").and_then(Value::as_u64).unwrap_or(1);
            Element::numpy(&format!("<M8[{scale}{unit}]"))?
        }
        other => return Err(format!("its elements are of type `{other}`, which is not read")),
    };
    Ok((element, false))
}

/// The name of an extension: a text, or an object with a name.
fn name_of(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| value.get("name")?.as_str())
}

/// Its settings.
fn settings_of(value: &Value) -> &Map<String, Value> {
    static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    value.get("configuration").and_then(Value::as_object).unwrap_or(&NONE)
}

fn counts(value: Option<&Value>, what: &str) -> Result<Vec<u64>, String> {
    let list = value.and_then(Value::as_array).ok_or_else(|| format!("its `{what}` is no list"))?;
    if list.len() > AXES_MAX {
        return Err(format!("its `{what}` has {} numbers, and {AXES_MAX} are the most", list.len()));
    }
    list.iter().map(|n| n.as_u64().ok_or_else(|| format!("its `{what}` is no list of counts"))).collect()
}

/// Little-endian bytes of the fill value, and its text.
fn fill(value: Option<&Value>, element: Element, is_texts: bool) -> Result<(Vec<u8>, String), String> {
    let zero = || vec![0; element.size];
    if is_texts {
        return Ok((zero(), value.and_then(Value::as_str).unwrap_or_default().to_owned()));
    }
    let text = value.and_then(Value::as_str);
    let float = |number: f64| match element.size {
        8 => number.to_le_bytes().to_vec(),
        // OK to cast: the fill value is of that precision.
        4 => (number as f32).to_le_bytes().to_vec(),
        _ => half_bytes(number).to_vec(),
    };
    let bytes = match (element.kind, value, text) {
        (_, None | Some(Value::Null), _) => zero(),
        (Kind::Float, _, Some("NaN")) => float(f64::NAN),
        (Kind::Float, _, Some("Infinity")) => float(f64::INFINITY),
        (Kind::Float, _, Some("-Infinity")) => float(f64::NEG_INFINITY),
        (Kind::Float, _, Some(text)) => hexadecimal(text, element.size)?,
        (Kind::Float, Some(value), _) => float(value.as_f64().ok_or("its fill value is no number")?),
        (Kind::Bool, Some(value), _) => {
            vec![u8::from(value.as_bool().unwrap_or_else(|| value.as_u64().is_some_and(|number| number != 0)))]
        }
        (Kind::Int | Kind::UInt | Kind::Time(_), Some(value), _) => {
            // OK to cast: the bytes are those of the number, with or without a sign. NumPy writes "NaT" for the smallest.
            let bits = value.as_i64().map(|n| n as u64).or_else(|| value.as_u64());
            let float = value.as_f64().filter(|number| number.fract() == 0.0).map(|number| number as i64 as u64);
            let bits = bits.or(float).unwrap_or(if text == Some("NaT") { i64::MIN as u64 } else { 0 });
            // OK to index: a number has at most eight bytes.
            bits.to_le_bytes()[..element.size].to_vec()
        }
        (Kind::Bytes | Kind::Unicode, ..) => zero(),
    };
    Ok((bytes, String::new()))
}

/// A number by its bits: `0x7fc00000`, the most significant first.
fn hexadecimal(text: &str, size: usize) -> Result<Vec<u8>, String> {
    let wrong = || format!("its fill value is `{text}`");
    let bits = text.strip_prefix("0x").and_then(|digits| u64::from_str_radix(digits, 16).ok()).ok_or_else(wrong)?;
    bits.to_le_bytes().get(..size).map(<[u8]>::to_vec).ok_or_else(wrong)
}

/// Half precision of a number: the nearest of the 2^16.
fn half_bytes(number: f64) -> [u8; 2] {
    use arrow::datatypes::{ArrowPrimitiveType, Float16Type};
    <Float16Type as ArrowPrimitiveType>::Native::from_f64(number).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v2(text: &str) -> Result<ArrayMeta, String> {
        ArrayMeta::v2(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn version_2_and_its_refusals() {
        let meta = v2(
            r#"{"shape":[10,3],"chunks":[4,3],"dtype":">f2","compressor":null,"fill_value":"NaN","order":"F","filters":null}"#,
        )
        .unwrap();
        assert_eq!((meta.row_bytes(), meta.order, meta.element.big), (6, Some(vec![1, 0]), true));
        assert!(crate::elements::half([meta.fill[0], meta.fill[1]]).is_nan());
        for (change, why) in [
            (r#""shape":[10,3],"chunks":[4],"dtype":"<f4""#, "chunks of 1"),
            (r#""shape":[10],"chunks":[0],"dtype":"<f4""#, "no elements"),
            (r#""shape":[10],"chunks":[99999999999],"dtype":"<f4""#, "are the most"),
            (r#""shape":[10,18446744073709551615],"chunks":[1,1],"dtype":"<f4""#, "2^64"),
            (r#""shape":[10],"chunks":[1],"dtype":[["a","<f4"]]"#, "several fields"),
            (r#""shape":[10],"chunks":[1],"dtype":"|O""#, "objects of a program"),
            (r#""shape":[-1],"chunks":[1],"dtype":"<f4""#, "no list of counts"),
            (r#""shape":[10],"chunks":[1],"dtype":"<f4","compressor":{"id":"pickle"}"#, "`pickle`"),
        ] {
            let error = v2(&format!("{{{change}}}")).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn transpositions_follow_each_other() {
        let settings = |text: &str| serde_json::from_str::<Map<String, Value>>(text).unwrap();
        let one = transpose(None, &settings(r#"{"order":[1,2,0]}"#), 3).unwrap();
        assert_eq!(transpose(Some(one), &settings(r#"{"order":[2,0,1]}"#), 3), Ok(vec![0, 1, 2]));
        assert!(transpose(None, &settings(r#"{"order":[0,0]}"#), 2).is_err());
    }
}

//! Attributes: small values with names, in the header of an object or beside it.

use super::btree2::Tree;
use super::cursor::Parsed;
use super::dataset::Space;
use super::datatype::Datatype;
use super::file::File;
use super::fractal::FractalHeap;
use super::header::{Header, Message, Target, committed, kind, target};
use crate::FormatError;

/// Attributes of one object.
const ATTRIBUTES_MAX: usize = 65_536;

/// An attribute.
#[derive(Debug, Clone)]
pub(in crate::hdf5) struct Attribute {
    pub(in crate::hdf5) name: String,
    pub(in crate::hdf5) datatype: Datatype,
    pub(in crate::hdf5) space: Space,
    /// Its elements as a dataset would have them.
    pub(in crate::hdf5) data: Vec<u8>,
}

/// The attributes of an object in the order of their names, and why some of them could not be read.
pub(in crate::hdf5) fn attributes(file: &File<'_>, header: &Header) -> (Vec<Attribute>, Vec<FormatError>) {
    let mut found = Vec::new();
    let mut faults = Vec::new();
    for message in header.of_kind(kind::ATTRIBUTE) {
        match message.resolve(file).and_then(|message| parse(file, &message.body, message.address)) {
            Ok(attribute) => found.push(attribute),
            Err(error) => faults.push(error),
        }
    }
    if let Err(error) = dense(file, header, &mut found, &mut faults) {
        faults.push(error);
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    found.dedup_by(|one, other| one.name == other.name);
    (found, faults)
}

/// Attributes that are kept in a heap.
fn dense(
    file: &File<'_>,
    header: &Header,
    found: &mut Vec<Attribute>,
    faults: &mut Vec<FormatError>,
) -> Result<(), FormatError> {
    let Some(message) = header.find(file, kind::ATTRIBUTE_INFO)? else { return Ok(()) };
    let parse_info = || -> Parsed<(Option<u64>, Option<u64>)> {
        let mut cursor = file.cursor(&message.body);
        cursor.version(0..=0)?;
        let flags = cursor.u8()?;
        cursor.skip(if flags & 1 == 0 { 0 } else { 2 })?;
        Ok((cursor.address()?, cursor.address()?))
    };
    let places = parse_info().map_err(|why| file.damaged("the attributes of an object", message.address, why))?;
    let Some((heap_at, names)) = places.0.zip(places.1) else { return Ok(()) };
    let heap = FractalHeap::open(file, heap_at)?;
    Tree::open(file, names)?.walk(file, &mut |record| {
        // The id, flags of the message, its order, and a hash of the name.
        let id = record.get(..heap.id_length()).ok_or("its records have no room for an attribute")?;
        let flags = record.get(heap.id_length()).copied().unwrap_or(0);
        let body = if flags & 2 != 0 { shared(file, id) } else { heap.get(file, id) };
        match body.and_then(|body| parse(file, &body, heap_at)) {
            Ok(attribute) => found.push(attribute),
            Err(error) if faults.len() < 16 => faults.push(error),
            Err(_) => {}
        }
        if found.len() > ATTRIBUTES_MAX { Err("it has too many attributes".to_owned()) } else { Ok(()) }
    })
}

/// An attribute that lies in the file's heap of shared messages.
fn shared(file: &File<'_>, id: &[u8]) -> Result<Vec<u8>, FormatError> {
    let Some(heap) = file.shared_heap(kind::ATTRIBUTE) else {
        return Err(file.damaged("a shared attribute", 0, "the file has no heap for attributes"));
    };
    FractalHeap::open(file, heap)?.get(file, id)
}

fn parse(file: &File<'_>, body: &[u8], address: u64) -> Result<Attribute, FormatError> {
    let fault = |why: String| file.damaged("an attribute", address, why);
    let split = || -> Parsed<(u8, String, [&[u8]; 3])> {
        let mut cursor = file.cursor(body);
        let version = cursor.version(1..=3)?;
        let flags = cursor.u8()?;
        let sizes = [cursor.u16()?, cursor.u16()?, cursor.u16()?].map(usize::from);
        cursor.skip(if version == 3 { 1 } else { 0 })?;
        let mut parts = [&[][..]; 3];
        for (part, size) in parts.iter_mut().zip(sizes) {
            *part = cursor.take(size)?;
            if version == 1 {
                cursor.skip(size.next_multiple_of(8) - size)?;
            }
        }
        let name = parts[0].split(|byte| *byte == 0).next().unwrap_or_default();
        let flags = if version == 1 { 0 } else { flags };
        Ok((flags, String::from_utf8_lossy(name).into_owned(), [parts[1], parts[2], cursor.rest()]))
    };
    let (flags, name, [datatype, space, data]) = split().map_err(fault)?;
    let of = |shared: bool, kind: u16, body: &[u8]| -> Result<Vec<u8>, FormatError> {
        if !shared {
            return Ok(body.to_vec());
        }
        match target(file, body).map_err(fault)? {
            Target::Header(address) => {
                Ok(committed(file, address, kind).and_then(|found: Message| found.resolve(file))?.body)
            }
            Target::Heap(id) => {
                let heap = file.shared_heap(kind).ok_or_else(|| fault("its type is shared nowhere".to_owned()))?;
                FractalHeap::open(file, heap)?.get(file, &id)
            }
        }
    };
    let datatype = of(flags & 1 != 0, kind::DATATYPE, datatype)?;
    let space = of(flags & 2 != 0, kind::DATASPACE, space)?;
    let datatype = Datatype::parse(file.cursor(&datatype)).map_err(fault)?;
    let space = Space::parse(file.cursor(&space)).map_err(fault)?;
    let size = space.elements().and_then(|elements| elements.checked_mul(datatype.size as u64));
    let size = size.and_then(|size| usize::try_from(size).ok()).filter(|size| *size <= data.len());
    let size = size.ok_or_else(|| fault(format!("its {} bytes are not enough for its elements", data.len())))?;
    Ok(Attribute { name, datatype, space, data: data[..size].to_vec() })
}

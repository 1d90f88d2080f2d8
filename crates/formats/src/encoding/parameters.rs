//! Mutable structs and optional members: an id and a size before each.
//!
//! Source: OMG DDS-XTypes 1.3, 7.4.1.2 (parameter lists of XCDR1) and 7.4.3.4 (member headers of XCDR2).

use super::column::{Column, Data};
use super::cursor::{Fallible, Fault};
use super::wire::{MemberOp, Reader, StructOp, Style, mismatch};

/// Ends a list.
const PID_LIST_END: u32 = 0x3f02;
/// Ends a list in older writers, unless it is a member's id.
const PID_SENTINEL: u32 = 0x0001;
/// The id and the size follow in four bytes each.
const PID_EXTENDED: u32 = 0x3f01;
/// The bits of a short id; the two above them are flags.
const PID_MASK: u16 = 0x3fff;

/// A member's header.
struct Header {
    /// `None` at the end of the list.
    id: Option<u32>,
    size: usize,
}

/// Reads the members of a mutable struct, in whatever order they come. What is not there is null.
pub(crate) fn read(reader: &mut Reader<'_>, part: &StructOp, column: &mut Column) -> Fallible<()> {
    let end = match reader.style {
        Style::Xcdr2 => Some(reader.cursor.count(1)? + reader.cursor.at),
        Style::Ros1 | Style::Xcdr1 => None,
    };
    let Data::Struct { fields, children, len } = &mut column.data else { return Err(mismatch()) };
    while end.is_none_or(|end| reader.cursor.at < end) {
        let header = header(reader)?;
        let Some(id) = header.id else { break };
        if id == PID_SENTINEL && header.size == 0 && part.members.iter().all(|member| member.id != PID_SENTINEL) {
            break;
        }
        let (start, origin) = (reader.cursor.at, reader.cursor.origin);
        if header.size > reader.cursor.left() {
            return Err(Fault::short(start + header.size, reader.cursor.len()));
        }
        let found = part.members.iter().position(|member| member.id == id);
        // A member that comes twice counts once.
        if let Some(at) = found.filter(|at| children[*at].len() == *len) {
            reset_origin(reader);
            reader.value(&part.members[at].op, &mut children[at]).map_err(|fault| fault.inside(fields[at].name()))?;
        }
        reader.cursor.origin = origin;
        reader.cursor.at = start + header.size;
    }
    *len += 1;
    for child in children.iter_mut().filter(|child| child.len() < *len) {
        reader.cursor.spend(child.width())?;
        child.push_null();
    }
    Ok(())
}

/// Reads an optional member of XCDR1: its header says whether it is there.
pub(crate) fn optional(reader: &mut Reader<'_>, member: &MemberOp, column: &mut Column) -> Fallible<()> {
    let header = header(reader)?;
    if header.size == 0 || header.id.is_none() {
        reader.cursor.spend(column.width())?;
        column.push_null();
        return Ok(());
    }
    let (start, origin) = (reader.cursor.at, reader.cursor.origin);
    if header.size > reader.cursor.left() {
        return Err(Fault::short(start + header.size, reader.cursor.len()));
    }
    reset_origin(reader);
    reader.value(&member.op, column)?;
    reader.cursor.origin = origin;
    reader.cursor.at = start + header.size;
    Ok(())
}

/// XCDR1 aligns within each parameter.
fn reset_origin(reader: &mut Reader<'_>) {
    if reader.style == Style::Xcdr1 {
        reader.cursor.origin = reader.cursor.at;
    }
}

fn header(reader: &mut Reader<'_>) -> Fallible<Header> {
    let cursor = &mut reader.cursor;
    if reader.style == Style::Xcdr2 {
        let word: u32 = cursor.number()?;
        let id = Some(word & 0x0fff_ffff);
        // OK to cast: usize holds every u32 on the machines that this runs on.
        let size = match (word >> 28) & 7 {
            code @ 0..=3 => 1 << code,
            4 => cursor.number::<u32>()? as usize,
            code => {
                // The size doubles as the member's own count, which is read again with the member.
                let count = cursor.number::<u32>()? as usize;
                cursor.at -= 4;
                let item = [1, 4, 8][code as usize - 5];
                4 + count.saturating_mul(item)
            }
        };
        return Ok(Header { id, size });
    }
    cursor.align(4);
    let id = u32::from(cursor.number::<u16>()? & PID_MASK);
    let size = usize::from(cursor.number::<u16>()?);
    Ok(match id {
        PID_LIST_END => Header { id: None, size: 0 },
        PID_EXTENDED => {
            Header { id: Some(cursor.number::<u32>()? & 0x0fff_ffff), size: cursor.number::<u32>()? as usize }
        }
        id => Header { id: Some(id), size },
    })
}

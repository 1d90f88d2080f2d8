//! Messages of one layout as columns.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ListArray, StringArray, StructArray, TimestampNanosecondArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::Field;

use super::format::{Layout, Member, MemberKind};

/// The columns of messages that lie one behind the other, each of `layout.size` bytes; `None` for lists that Arrow cannot count.
pub(super) fn columns(layout: &Layout, bytes: &[u8]) -> Option<StructArray> {
    let rows = bytes.len() / layout.size.max(1);
    let columns: Option<Vec<ArrayRef>> =
        layout.members.iter().map(|member| column(member, bytes, layout.size)).collect();
    StructArray::try_new_with_length(layout.fields(), columns?, None, rows).ok()
}

/// One member of all messages. Messages are `stride` bytes apart.
fn column(member: &Member, bytes: &[u8], stride: usize) -> Option<ArrayRef> {
    let count = member.count.unwrap_or(1);
    let size = match &member.kind {
        MemberKind::Number(element) => element.size,
        MemberKind::Stamp => 8,
        MemberKind::Text => 1,
        MemberKind::Nested(layout) => layout.size,
    };
    // OK to multiply: a layout is no longer than a message.
    let part = member.offset..member.offset + size * count;
    let rows = bytes.chunks_exact(stride.max(1));
    if member.kind == MemberKind::Text {
        let text = |row: &[u8]| {
            let letters = row.get(part.clone()).unwrap_or_default();
            let letters = letters.split(|letter| *letter == 0).next().unwrap_or_default();
            String::from_utf8_lossy(letters).into_owned()
        };
        return Some(Arc::new(StringArray::from_iter_values(rows.map(text))));
    }
    let length = rows.len();
    let gathered: Vec<u8> = rows.flat_map(|row| row.get(part.clone()).unwrap_or_default()).copied().collect();
    let values: ArrayRef = match &member.kind {
        MemberKind::Number(element) => element.numbers(&gathered)?,
        MemberKind::Stamp => {
            let stamp = |bytes: &[u8]| nanos(bytes.first_chunk().map(|micros| u64::from_le_bytes(*micros))?);
            Arc::new(gathered.chunks_exact(8).map(stamp).collect::<TimestampNanosecondArray>())
        }
        MemberKind::Nested(layout) => Arc::new(columns(layout, &gathered)?),
        MemberKind::Text => return None,
    };
    if member.count.is_none() {
        return Some(values);
    }
    let total = length.checked_mul(count)?;
    i32::try_from(total).ok()?;
    let item = Arc::new(Field::new_list_field(values.data_type().clone(), true));
    let offsets = OffsetBuffer::from_lengths(std::iter::repeat_n(count, length));
    Some(Arc::new(ListArray::try_new(item, offsets, values, None).ok()?))
}

/// Microseconds as nanoseconds; `None` for what is no time.
pub(super) fn nanos(micros: u64) -> Option<i64> {
    i64::try_from(micros).ok()?.checked_mul(1_000)
}

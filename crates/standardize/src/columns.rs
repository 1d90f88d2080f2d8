//! Parts of decoded messages, by path.
//!
//! A path names a field (`header.stamp`), goes through lists of structs (`motor_state.q` is a list with the `q` of each
//! motor), picks elements (`positions[3]`), and takes ranges of them, without the last (`positions[0:6]`, `positions[6:]`).
//!
//! **Invariant:** a null anywhere on the way makes the part null; nothing becomes zero.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Float64Array, Int64Array, ListArray, StringArray, StructArray, UInt32Array, make_array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, Field, Int64Type, TimeUnit};

const NANOS_PER_S: f64 = 1e9;

/// The part of `rows` at `path`; `None` where the type has none.
pub(crate) fn at(rows: &StructArray, path: &str) -> Option<ArrayRef> {
    let mut array: ArrayRef = Arc::new(rows.clone());
    for step in path.split('.') {
        let (name, picks) = match step.split_once('[') {
            Some((name, picks)) => (name, Some(picks)),
            None => (step, None),
        };
        if !name.is_empty() {
            array = field(&array, name)?;
        }
        for pick in picks.into_iter().flat_map(|picks| picks.split('[')) {
            let pick = pick.strip_suffix(']')?;
            array = match pick.split_once(':') {
                Some((from, to)) => range(&array, bound(from)?.unwrap_or(0), bound(to)?)?,
                None => element(&array, pick.parse().ok()?)?,
            };
        }
    }
    Some(array)
}

/// The field `name` of structs, or of the structs in lists.
fn field(array: &ArrayRef, name: &str) -> Option<ArrayRef> {
    if let Some(rows) = array.as_struct_opt() {
        return child(rows, rows.column_names().iter().position(|column| *column == name)?);
    }
    let list = to_list(array)?;
    let inner = field(list.values(), name)?;
    let item = Arc::new(Field::new_list_field(inner.data_type().clone(), true));
    ListArray::try_new(item, list.offsets().clone(), inner, list.nulls().cloned()).ok().map(|list| Arc::new(list) as _)
}

/// Column `index` of `rows`, null where the row is.
pub(crate) fn child(rows: &StructArray, index: usize) -> Option<ArrayRef> {
    let column = rows.columns().get(index)?;
    let Some(outer) = rows.nulls().filter(|nulls| nulls.null_count() > 0) else { return Some(column.clone()) };
    let nulls = NullBuffer::union(Some(outer), column.nulls());
    Some(make_array(column.to_data().into_builder().nulls(nulls).build().ok()?))
}

/// Element `index` of each list, null where the list is shorter.
fn element(array: &ArrayRef, index: usize) -> Option<ArrayRef> {
    let list = to_list(array)?;
    let picks: UInt32Array = (0..list.len())
        .map(|row| {
            let (from, to) = bounds(&list, row);
            (list.is_valid(row) && index < to - from).then(|| u32::try_from(from + index).ok()).flatten()
        })
        .collect();
    take(list.values(), &picks, None).ok()
}

/// One end of a range, which may be open; `None` where it is no number.
fn bound(text: &str) -> Option<Option<usize>> {
    if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) }
}

/// Elements `from..to` of each list, null where the list is shorter, so that nothing takes a place that is not its own.
fn range(array: &ArrayRef, from: usize, to: Option<usize>) -> Option<ArrayRef> {
    let list = to_list(array)?;
    let (mut picks, mut ends, mut valid) = (Vec::new(), vec![0_i32], Vec::new());
    for row in 0..list.len() {
        let (start, end) = bounds(&list, row);
        let last = to.unwrap_or(end - start);
        let is_there = list.is_valid(row) && from < last && last <= end - start;
        if is_there {
            for at in start + from..start + last {
                picks.push(u32::try_from(at).ok()?);
            }
        }
        valid.push(is_there);
        ends.push(i32::try_from(picks.len()).ok()?);
    }
    let DataType::List(item) = list.data_type() else { return None };
    let values = take(list.values(), &UInt32Array::from(picks), None).ok()?;
    let ranges = ListArray::try_new(item.clone(), OffsetBuffer::new(ends.into()), values, Some(valid.into())).ok()?;
    Some(Arc::new(ranges))
}

/// Where the items of a row lie in the list's values.
pub(crate) fn bounds(list: &ListArray, row: usize) -> (usize, usize) {
    let offsets = list.value_offsets();
    // OK to cast: the offsets of a list are never negative.
    (offsets[row] as usize, offsets[row + 1] as usize)
}

/// Lists of any layout as lists with 32-bit offsets.
pub(crate) fn to_list(array: &ArrayRef) -> Option<ListArray> {
    match array.data_type() {
        DataType::List(_) => Some(array.as_list::<i32>().clone()),
        DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            let list = cast(array, &DataType::List(item.clone())).ok()?;
            Some(list.as_list::<i32>().clone())
        }
        DataType::Map(_, _) => {
            let map = array.as_map();
            let item = Arc::new(Field::new_list_field(map.entries().data_type().clone(), true));
            let entries = Arc::new(map.entries().clone());
            ListArray::try_new(item, map.offsets().clone(), entries, map.nulls().cloned()).ok()
        }
        _ => None,
    }
}

/// Whether values of this type are numbers, or truth values or times, which become numbers.
pub(crate) fn is_number(kind: &DataType) -> bool {
    kind.is_numeric() || matches!(kind, DataType::Boolean | DataType::Duration(_) | DataType::Timestamp(_, _))
}

/// Numbers as 64-bit floats. Truth values are 0 and 1; times and durations are seconds.
pub(crate) fn numbers(array: &ArrayRef) -> Option<Float64Array> {
    let kind = array.data_type();
    if !is_number(kind) {
        return None;
    }
    if let DataType::Timestamp(_, _) | DataType::Duration(_) = kind {
        let nanos = nanos(array)?;
        return Some(nanos.unary(|nanos| nanos as f64 / NANOS_PER_S));
    }
    let floats = cast(array, &DataType::Float64).ok()?;
    Some(floats.as_primitive().clone())
}

/// Lists of numbers as lists of 64-bit floats: lists in lists are put end to end, and a number alone is a list of one.
pub(crate) fn lists(array: &ArrayRef) -> Option<ListArray> {
    let item = Arc::new(Field::new_list_field(DataType::Float64, true));
    if let Some(alone) = numbers(array) {
        // A number that is missing is a list that is missing.
        let nulls = alone.nulls().cloned();
        let offsets = OffsetBuffer::from_lengths(std::iter::repeat_n(1, alone.len()));
        return ListArray::try_new(item, offsets, Arc::new(alone), nulls).ok();
    }
    let list = to_list(array)?;
    if let Some(values) = numbers(list.values()) {
        return ListArray::try_new(item, list.offsets().clone(), Arc::new(values), list.nulls().cloned()).ok();
    }
    let inner = lists(list.values())?;
    let ends: Vec<i32> = list.offsets().iter().map(|offset| inner.value_offsets()[*offset as usize]).collect();
    ListArray::try_new(item, OffsetBuffer::new(ends.into()), inner.values().clone(), list.nulls().cloned()).ok()
}

/// Times or durations in nanoseconds: Arrow's own, or structs of seconds and nanoseconds as JSON has them.
pub(crate) fn nanos(array: &ArrayRef) -> Option<Int64Array> {
    match array.data_type() {
        DataType::Timestamp(_, _) => {
            let nanos = cast(array, &DataType::Timestamp(TimeUnit::Nanosecond, None)).ok()?;
            Some(cast(&nanos, &DataType::Int64).ok()?.as_primitive().clone())
        }
        DataType::Duration(_) => {
            let nanos = cast(array, &DataType::Duration(TimeUnit::Nanosecond)).ok()?;
            Some(cast(&nanos, &DataType::Int64).ok()?.as_primitive().clone())
        }
        DataType::Struct(_) => {
            let rows = array.as_struct();
            let part = |names: &[&str]| {
                let name = names.iter().find(|name| rows.column_by_name(name).is_some())?;
                let part = cast(&field(array, name)?, &DataType::Int64).ok()?;
                Some(part.as_primitive::<Int64Type>().clone())
            };
            let seconds = part(&["sec", "secs", "seconds"])?;
            let rest = part(&["nsec", "nanosec", "nsecs", "nanos", "nanoseconds"])?;
            let both = seconds.iter().zip(rest.iter());
            Some(both.map(|(s, ns)| s?.checked_mul(1_000_000_000)?.checked_add(ns?)).collect())
        }
        _ => None,
    }
}

/// Whether values of this type say when something was: see [`nanos`].
pub(crate) fn is_time(kind: &DataType) -> bool {
    match kind {
        DataType::Timestamp(_, _) => true,
        DataType::Struct(fields) => {
            let has = |names: &[&str]| fields.iter().any(|field| names.contains(&field.name().as_str()));
            fields.len() == 2
                && has(&["sec", "secs", "seconds"])
                && has(&["nsec", "nanosec", "nsecs", "nanos", "nanoseconds"])
        }
        _ => false,
    }
}

/// Texts.
pub(crate) fn texts(array: &ArrayRef) -> Option<StringArray> {
    match array.data_type() {
        DataType::Utf8 => Some(array.as_string::<i32>().clone()),
        DataType::LargeUtf8 | DataType::Utf8View => Some(cast(array, &DataType::Utf8).ok()?.as_string::<i32>().clone()),
        _ => None,
    }
}

/// Lists of texts, and the texts in them.
pub(crate) fn text_lists(array: &ArrayRef) -> Option<(ListArray, StringArray)> {
    let list = to_list(array)?;
    let values = texts(list.values())?;
    Some((list, values))
}

/// Rows `picks` of an array.
pub(crate) fn pick(array: &dyn Array, picks: &UInt32Array) -> Option<ArrayRef> {
    take(array, picks, None).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{BooleanArray, FixedSizeListArray, Int32Array, TimestampMillisecondArray};
    use arrow::datatypes::{Fields, Float32Type};

    fn structs(fields: Vec<(&str, ArrayRef)>) -> StructArray {
        StructArray::from(
            fields
                .into_iter()
                .map(|(name, array)| (Arc::new(Field::new(name, array.data_type().clone(), true)), array))
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn a_null_on_the_way_is_null_at_the_end() {
        let inner = structs(vec![("x", Arc::new(Int32Array::from(vec![1, 2])) as _)]);
        let fields: Fields = inner.fields().clone();
        let inner = StructArray::new(fields, inner.columns().to_vec(), Some(vec![true, false].into()));
        let rows = structs(vec![("p", Arc::new(inner) as _)]);
        let x = numbers(&at(&rows, "p.x").unwrap()).unwrap();
        assert_eq!(x.iter().collect::<Vec<_>>(), [Some(1.0), None]);
        assert!(at(&rows, "p.y").is_none());
        assert!(at(&rows, "p.x.z").is_none());
    }

    #[test]
    fn paths_go_through_lists_of_structs_and_pick() {
        let motors = structs(vec![("q", Arc::new(Int32Array::from(vec![1, 2, 3])) as _)]);
        let item = Arc::new(Field::new_list_field(motors.data_type().clone(), true));
        let list = ListArray::new(item, OffsetBuffer::from_lengths([2, 1]), Arc::new(motors), None);
        let rows = structs(vec![("motor", Arc::new(list) as _)]);
        let q = lists(&at(&rows, "motor.q").unwrap()).unwrap();
        assert_eq!(q.value_offsets(), [0, 2, 3]);
        let second = numbers(&at(&rows, "motor[1].q").unwrap()).unwrap();
        assert_eq!(second.iter().collect::<Vec<_>>(), [Some(2.0), None], "the second message has one motor");
        assert!(at(&rows, "motor[x].q").is_none());
    }

    #[test]
    fn nested_and_fixed_lists_become_flat() {
        let pixels = ListArray::from_iter_primitive::<Float32Type, _, _>(vec![
            Some(vec![Some(1.0)]),
            Some(vec![Some(2.0), Some(3.0)]),
            Some(vec![Some(4.0), Some(5.0), Some(6.0)]),
            None,
        ]);
        let item = Arc::new(Field::new_list_field(pixels.data_type().clone(), true));
        let outer: ArrayRef = Arc::new(FixedSizeListArray::new(item, 2, Arc::new(pixels), None));
        let flat = lists(&outer).unwrap();
        assert_eq!(flat.value_offsets(), [0, 3, 6]);
        let alone: ArrayRef = Arc::new(BooleanArray::from(vec![Some(true), None]));
        let alone = lists(&alone).unwrap();
        assert_eq!((alone.value_length(0), alone.is_null(1)), (1, true));
    }

    #[test]
    fn times_are_nanoseconds() {
        let stamp: ArrayRef = Arc::new(TimestampMillisecondArray::from(vec![1]));
        assert_eq!(nanos(&stamp).unwrap().value(0), 1_000_000);
        let json: ArrayRef = Arc::new(structs(vec![
            ("sec", Arc::new(Int32Array::from(vec![2])) as _),
            ("nsec", Arc::new(Int32Array::from(vec![7])) as _),
        ]));
        assert!(is_time(json.data_type()));
        assert_eq!(nanos(&json).unwrap().value(0), 2_000_000_007);
    }
}

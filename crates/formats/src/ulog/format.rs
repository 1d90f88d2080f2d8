//! Formats of messages: `vehicle_attitude:uint64_t timestamp;float[4] q;…`, with other formats inside.
//!
//! ```text
//!   'F' messages ─▶ Formats ─ layout ─▶ Layout: where each member lies in a message ─▶ fields of Arrow
//! ```
//!
//! **Invariant:** a layout is no larger than a message can be, and formats do not contain themselves.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields};
use prairie_model::time_type;

use crate::elements::{Element, Kind};

/// Bytes of the longest message.
const MESSAGE_MAX: usize = 1 << 16;
/// Formats inside formats.
const DEPTH_MAX: usize = 8;
/// Members of one message, those of formats inside counted each time.
const MEMBERS_MAX: usize = 4096;
/// Formats of one file, and bytes of their text.
const FORMATS_MAX: usize = 10_000;

/// The formats of a file, by name.
#[derive(Debug, Default)]
pub(super) struct Formats(BTreeMap<String, String>);

/// A member of a message, and where it lies in it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) offset: usize,
    pub(super) kind: MemberKind,
    /// How many there are; `None` for one that is no list.
    pub(super) count: Option<usize>,
}

/// What a member is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum MemberKind {
    Number(Element),
    /// Microseconds since the start of the system.
    Stamp,
    /// Letters up to the first zero.
    Text,
    Nested(Layout),
}

/// Where members lie in a message.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Layout {
    pub(super) members: Vec<Member>,
    /// Bytes of it as part of another.
    pub(super) size: usize,
    /// Bytes that a message has at least: padding at the end is not logged.
    pub(super) least: usize,
}

impl Formats {
    /// Adds the format of an `F` message. Whether it is one.
    pub(super) fn add(&mut self, body: &[u8]) -> bool {
        let Ok(text) = std::str::from_utf8(body) else { return false };
        let Some((name, members)) = text.split_once(':') else { return false };
        if self.0.len() >= FORMATS_MAX {
            return false;
        }
        self.0.insert(name.to_owned(), members.to_owned());
        true
    }

    /// The layout of the format of that name.
    ///
    /// # Errors
    ///
    /// Why there is none.
    pub(super) fn layout(&self, name: &str) -> Result<Layout, String> {
        let mut room = MEMBERS_MAX;
        self.compile(name, DEPTH_MAX, &mut room)
    }

    fn compile(&self, name: &str, depth: usize, room: &mut usize) -> Result<Layout, String> {
        let members = self.0.get(name).ok_or_else(|| format!("there is no format `{name}`"))?;
        let mut layout = Layout::default();
        let mut offset = 0_usize;
        let mut padded = None;
        for member in members.split(';').map(str::trim).filter(|member| !member.is_empty()) {
            *room = room.checked_sub(1).ok_or_else(|| format!("`{name}` has more than {MEMBERS_MAX} members"))?;
            let wrong = || format!("`{member}` is no member");
            let (kind, member_name) = member.split_once(' ').ok_or_else(wrong)?;
            let (kind, count) = match kind.split_once('[') {
                Some((kind, count)) => {
                    let count: usize = count.strip_suffix(']').and_then(|it| it.parse().ok()).ok_or_else(wrong)?;
                    (kind, Some(count))
                }
                None => (kind, None),
            };
            let member_name = member_name.trim();
            let (size, parsed) = match basic(kind) {
                Some(element) => (element.size, basic_kind(kind, member_name, element, count)),
                None if depth == 0 => {
                    return Err(format!("formats inside `{name}` are nested more than {DEPTH_MAX} deep"));
                }
                None => {
                    let inner = self.compile(kind, depth - 1, room)?;
                    (inner.size, MemberKind::Nested(inner))
                }
            };
            let is_text = parsed == MemberKind::Text;
            let bytes = size.checked_mul(count.unwrap_or(1)).and_then(|bytes| bytes.checked_add(offset));
            let end = bytes.filter(|end| *end <= MESSAGE_MAX);
            let end = end.ok_or_else(|| format!("`{name}` is longer than {MESSAGE_MAX} bytes"))?;
            if member_name.starts_with("_padding") {
                padded = padded.or(Some(offset));
            } else {
                padded = None;
                let count = if is_text { Some(count.unwrap_or(1)) } else { count };
                layout.members.push(Member { name: member_name.to_owned(), offset, kind: parsed, count });
            }
            offset = end;
        }
        layout.size = offset;
        layout.least = padded.unwrap_or(offset);
        if layout.members.is_empty() {
            return Err(format!("`{name}` has no members"));
        }
        let mut names: Vec<&str> = layout.members.iter().map(|member| member.name.as_str()).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(format!("two members of `{name}` have one name"));
        }
        Ok(layout)
    }
}

impl Layout {
    /// The columns of its messages.
    pub(super) fn fields(&self) -> Fields {
        self.members.iter().map(|member| Field::new(&member.name, member.data_type(), true)).collect()
    }

    /// Where the time of a message lies in it.
    pub(super) fn stamp(&self) -> Option<usize> {
        let is_stamp =
            |member: &&Member| member.name == "timestamp" && member.kind == MemberKind::Stamp && member.count.is_none();
        self.members.iter().find(is_stamp).map(|member| member.offset)
    }
}

impl Member {
    fn data_type(&self) -> DataType {
        let one = match &self.kind {
            MemberKind::Number(element) => element.data_type().unwrap_or(DataType::Null),
            MemberKind::Stamp => time_type(),
            MemberKind::Text => return DataType::Utf8,
            MemberKind::Nested(layout) => DataType::Struct(layout.fields()),
        };
        match self.count {
            Some(_) => DataType::List(Arc::new(Field::new_list_field(one, true))),
            None => one,
        }
    }
}

/// The element of a basic type.
pub(super) fn basic(kind: &str) -> Option<Element> {
    Some(match kind {
        "int8_t" => Element::of(Kind::Int, 1),
        "uint8_t" => Element::of(Kind::UInt, 1),
        "int16_t" => Element::of(Kind::Int, 2),
        "uint16_t" => Element::of(Kind::UInt, 2),
        "int32_t" => Element::of(Kind::Int, 4),
        "uint32_t" => Element::of(Kind::UInt, 4),
        "int64_t" => Element::of(Kind::Int, 8),
        "uint64_t" => Element::of(Kind::UInt, 8),
        "float" => Element::of(Kind::Float, 4),
        "double" => Element::of(Kind::Float, 8),
        "bool" => Element::of(Kind::Bool, 1),
        "char" => Element::of(Kind::Bytes, 1),
        _ => return None,
    })
}

/// What a member of a basic type is. Times are whole numbers of microseconds by their name; PX4 has no type for them.
fn basic_kind(kind: &str, name: &str, element: Element, count: Option<usize>) -> MemberKind {
    match kind {
        "char" => MemberKind::Text,
        "uint64_t" if count.is_none() && matches!(name, "timestamp" | "timestamp_sample") => MemberKind::Stamp,
        _ => MemberKind::Number(element),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn formats(texts: &[&str]) -> Formats {
        let mut formats = Formats::default();
        texts.iter().for_each(|text| assert!(formats.add(text.as_bytes())));
        formats
    }

    #[test]
    fn members_lie_one_behind_the_other() {
        let formats = formats(&[
            "outer:uint64_t timestamp;inner[2] parts;uint8_t[3] _padding0;char[4] name;bool ok;uint8_t[7] _padding1;",
            "inner:float x;uint8_t _padding0;",
        ]);
        let layout = formats.layout("outer").expect("a layout");
        let places: Vec<_> = layout.members.iter().map(|member| (member.name.as_str(), member.offset)).collect();
        assert_eq!(places, [("timestamp", 0), ("parts", 8), ("name", 21), ("ok", 25)]);
        assert_eq!((layout.size, layout.least, layout.stamp()), (33, 26, Some(0)));
    }

    #[test]
    fn odd_formats_are_refused() {
        let deep = formats(&[
            "a:b x;",
            "b:a y;",
            "long:uint8_t[65535] a;uint8_t[2] b;",
            "odd:float",
            "twice:float a;float a;",
        ]);
        for (name, why) in [
            ("a", "nested more than 8"),
            ("long", "longer"),
            ("odd", "is no member"),
            ("none", "no format"),
            ("twice", "one name"),
        ] {
            let error = deep.layout(name).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
        let wide: String = (0..5000).map(|at| format!("float f{at};")).collect();
        assert!(formats(&[&format!("wide:{wide}")]).layout("wide").is_err());
        assert!(!Formats::default().add(b"no colon"));
    }
}

//! The shape of a message, whatever language its schema was written in.
//!
//! ```text
//!   ros1msg, ros2msg ─ ros_msg ─┐
//!   ros2idl, omgidl  ─ idl ─────┴▶ Struct (every nested type in place) ─ wire ─▶ ops + columns
//! ```
//!
//! **Invariant:** a [`Struct`] is a finite tree: [`Budget`] refuses types that contain themselves and types that expand to
//! more than [`MAX_NODES`] parts.

use super::DecodeError;

/// Largest schema that is parsed. Real ones have kilobytes; parsed, they take up to a hundred times as much memory.
pub(crate) const MAX_SCHEMA_BYTES: usize = 2 << 20;
/// Deepest nesting of types. Far above any real message and far below what the stack holds.
pub(crate) const MAX_DEPTH: usize = 48;
/// Most parts (fields, items) of a message, nested ones counted wherever they occur.
pub(crate) const MAX_NODES: usize = 10_000;

/// A number or a truth value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Primitive {
    Bool,
    I8,
    U8,
    I16,
    U16,
    I32,
    U32,
    I64,
    U64,
    F32,
    F64,
}

impl Primitive {
    /// Bytes on the wire.
    pub(crate) const fn size(self) -> usize {
        match self {
            Self::Bool | Self::I8 | Self::U8 => 1,
            Self::I16 | Self::U16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::I64 | Self::U64 | Self::F64 => 8,
        }
    }
}

/// How many items an array has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Count {
    /// Always as many; none is written.
    Fixed(usize),
    /// A number before the items, at most this.
    Bounded(usize),
    /// A number before the items.
    Unbounded,
}

/// The type of a field.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Type {
    Primitive(Primitive),
    /// An enumeration, written as this number. Apart from [`Type::Primitive`] because XCDR2 may frame arrays of it.
    Enum(Primitive),
    Text,
    WideText,
    /// Seconds and nanoseconds since 1970.
    Time,
    /// Seconds and nanoseconds.
    Duration,
    Array(Box<Type>, Count),
    Struct(Struct),
    Union(Box<Union>),
}

/// Whether a struct may grow between versions, which decides how XCDR frames it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Extensibility {
    /// The schema does not say.
    #[default]
    Unspecified,
    Final,
    Appendable,
    Mutable,
}

/// A field of a struct.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) kind: Type,
    /// The id that mutable structs write before the member.
    pub(crate) id: u32,
    pub(crate) optional: bool,
}

/// A message or a part of one.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Struct {
    pub(crate) extensibility: Extensibility,
    pub(crate) members: Vec<Member>,
}

/// One of several fields, chosen by a discriminator.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Union {
    pub(crate) extensibility: Extensibility,
    pub(crate) discriminator: Primitive,
    pub(crate) cases: Vec<Case>,
}

/// A field of a union.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Case {
    /// The values of the discriminator that choose it.
    pub(crate) labels: Vec<i64>,
    /// Whether every other value chooses it too.
    pub(crate) default: bool,
    pub(crate) member: Member,
}

/// Counts the parts of a type while it is put together.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    nodes: usize,
    /// The types that are being put together, outermost first; arrays have no name.
    open: Vec<String>,
}

impl Budget {
    /// One more field.
    pub(crate) fn node(&mut self) -> Result<(), DecodeError> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(DecodeError(format!("the type has more than {MAX_NODES} parts")));
        }
        Ok(())
    }

    /// Enters the type called `name`.
    pub(crate) fn enter(&mut self, name: &str) -> Result<(), DecodeError> {
        if !name.is_empty() && self.open.iter().any(|open| open == name) {
            return Err(DecodeError(format!("type `{name}` contains itself")));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(DecodeError(format!("types are nested deeper than {MAX_DEPTH}")));
        }
        self.open.push(name.to_owned());
        Ok(())
    }

    /// Enters the items of an array.
    pub(crate) fn enter_items(&mut self) -> Result<(), DecodeError> {
        self.enter("")
    }

    /// Leaves the type that was entered last.
    pub(crate) fn leave(&mut self) {
        self.open.pop();
    }
}

/// The schema as text.
pub(crate) fn text(data: &[u8]) -> Result<String, DecodeError> {
    if data.len() > MAX_SCHEMA_BYTES {
        return Err(DecodeError(format!("the schema has {} bytes (limit {MAX_SCHEMA_BYTES})", data.len())));
    }
    // Lossy because comments are often in another encoding, and names are ASCII.
    Ok(String::from_utf8_lossy(data).into_owned())
}

/// A concatenated definition split at its `=====` lines: (`pkg/Type`, text), with an empty name for what comes before the
/// first title.
pub(crate) fn sections(text: &str) -> Vec<(&str, String)> {
    let mut all = vec![("", String::new())];
    let mut after_bar = false;
    for line in text.lines() {
        let trimmed = line.trim();
        let bar = trimmed.len() >= 20 && trimmed.bytes().all(|byte| byte == b'=');
        let title = trimmed.strip_prefix("MSG:").or_else(|| trimmed.strip_prefix("IDL:"));
        match title {
            _ if bar => after_bar = true,
            Some(name) if after_bar => {
                all.push((name.trim(), String::new()));
                after_bar = false;
            }
            _ => {
                after_bar &= trimmed.is_empty();
                if let Some((_, body)) = all.last_mut() {
                    body.push_str(line);
                    body.push('\n');
                }
            }
        }
    }
    all
}

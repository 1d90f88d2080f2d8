//! `ros1msg` and `ros2msg`: message definitions, each followed by those it depends on.
//!
//! ```text
//!   std_msgs/Header header          # a field
//!   float64[<=7] position [0.0]     # a bounded array with a default
//!   uint8 MOVING=1                  # a constant: not on the wire
//!   ================================================================================
//!   MSG: std_msgs/Header
//!   ...
//! ```
//!
//! Sources: <http://wiki.ros.org/msg>, <https://design.ros2.org/articles/legacy_interface_definition.html>,
//! <https://mcap.dev/spec/registry>.

use std::collections::BTreeMap;

use super::schema::{Budget, Count, Extensibility, Member, Primitive, Struct, Type, sections, text};
use super::{DecodeError, ros2_common, ros2_types};

/// The two dialects. They differ in `byte`, `time` and `Header`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Ros1,
    Ros2,
}

/// A field as written: its type is not resolved yet.
struct RawField {
    base: String,
    count: Option<Count>,
    name: String,
}

struct Definitions {
    dialect: Dialect,
    /// By `pkg/Type`.
    messages: BTreeMap<String, Vec<RawField>>,
}

/// The shape of the message called `name`.
pub(crate) fn parse(name: &str, data: &[u8], dialect: Dialect) -> Result<Struct, DecodeError> {
    let text = text(data)?;
    let mut definitions = Definitions { dialect, messages: BTreeMap::new() };
    let root = key(name);
    for (at, (title, body)) in sections(&text).into_iter().enumerate() {
        let title = if at == 0 { name } else { title };
        let parsed = fields(&body, title)?;
        // The first definition of a name counts.
        definitions.messages.entry(key(title)).or_insert(parsed);
    }
    definitions.message(&root, &mut Budget::default())
}

/// `pkg/msg/Type` and `vendor/pkg/msg/Type` are `pkg/Type`.
fn key(name: &str) -> String {
    let parts: Vec<_> = name.split(['/', ':']).filter(|part| !matches!(*part, "" | "msg" | "srv" | "action")).collect();
    parts[parts.len().saturating_sub(2)..].join("/")
}

fn fields(body: &str, message: &str) -> Result<Vec<RawField>, DecodeError> {
    let mut all = Vec::new();
    for (number, line) in body.lines().enumerate() {
        // A `#` inside the text of a constant or a default is cut too; neither is on the wire.
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        match field(line) {
            Ok(found) => all.extend(found),
            Err(why) => {
                return Err(DecodeError(format!("line {} of `{message}` makes no sense: {why}: `{line}`", number + 1)));
            }
        }
    }
    Ok(all)
}

/// The field on a line; `None` for a constant.
fn field(line: &str) -> Result<Option<RawField>, &'static str> {
    let (kind, rest) = line.split_once(char::is_whitespace).ok_or("there is no name")?;
    let rest = rest.trim_start();
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
    let (name, after) = rest.split_at(end);
    if name.is_empty() {
        return Err("there is no name");
    }
    if after.trim_start().starts_with('=') {
        return Ok(None);
    }
    let (base, count) = match kind.find('[') {
        None => (kind, None),
        Some(at) => (&kind[..at], Some(count(&kind[at..])?)),
    };
    // The bound of a string changes nothing on the wire.
    let base = base.split_once("<=").map_or(base, |(base, _)| base);
    if base.is_empty() {
        return Err("there is no type");
    }
    Ok(Some(RawField { base: base.to_owned(), count, name: name.to_owned() }))
}

fn count(brackets: &str) -> Result<Count, &'static str> {
    let inner =
        brackets.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).ok_or("the brackets do not match")?;
    let number = |text: &str| text.trim().parse::<usize>().map_err(|_not_a_number| "the array bound is no number");
    match inner.trim() {
        "" => Ok(Count::Unbounded),
        inner => match inner.strip_prefix("<=") {
            Some(bound) => number(bound).map(Count::Bounded),
            None => number(inner).map(Count::Fixed),
        },
    }
}

impl Definitions {
    fn message(&self, name: &str, budget: &mut Budget) -> Result<Struct, DecodeError> {
        let raw = self.messages.get(name).ok_or_else(|| DecodeError(format!("type `{name}` is not defined")))?;
        budget.enter(name)?;
        let package = name.split_once('/').map_or("", |(package, _)| package);
        let mut members = Vec::new();
        for (at, field) in raw.iter().enumerate() {
            budget.node()?;
            let kind = self.kind(&field.base, package, budget)?;
            let kind = match field.count {
                None => kind,
                Some(count) => Type::Array(Box::new(kind), count),
            };
            // OK to cast: Budget allows at most MAX_NODES members.
            members.push(Member { name: field.name.clone(), kind, id: at as u32, optional: false });
        }
        budget.leave();
        Ok(Struct { extensibility: Extensibility::Unspecified, members })
    }

    fn kind(&self, base: &str, package: &str, budget: &mut Budget) -> Result<Type, DecodeError> {
        if let Some(kind) = self.builtin(base) {
            return Ok(kind);
        }
        let local = if base.contains('/') { key(base) } else { format!("{package}/{base}") };
        let name = match local.as_str() {
            "builtin_interfaces/Time" => return Ok(Type::Time),
            "builtin_interfaces/Duration" => return Ok(Type::Duration),
            local if self.messages.contains_key(local) => local.to_owned(),
            // `Header` alone means std_msgs' everywhere in ROS 1.
            _ if base == "Header" => "std_msgs/Header".to_owned(),
            local => self.elsewhere(base).unwrap_or_else(|| local.to_owned()),
        };
        if self.messages.contains_key(&name) {
            return self.message(&name, budget).map(Type::Struct);
        }
        match self.known(&name)? {
            Some(known) => known.message(&name, budget).map(Type::Struct),
            None => Err(DecodeError(format!("type `{name}` is not defined in the schema"))),
        }
    }

    /// The only definition of that short name in another package: some writers leave the package out.
    fn elsewhere(&self, base: &str) -> Option<String> {
        let last = base.rsplit('/').next()?;
        let mut found = self.messages.keys().filter(|name| name.rsplit('/').next() == Some(last));
        match (found.next(), found.next()) {
            (Some(only), None) if !base.contains('/') => Some(only.clone()),
            _ => None,
        }
    }

    /// Types that everybody has and some writers therefore leave out.
    fn known(&self, name: &str) -> Result<Option<Self>, DecodeError> {
        let body = match (self.dialect, name) {
            (Dialect::Ros1, "std_msgs/Header") => "uint32 seq\ntime stamp\nstring frame_id\n".to_owned(),
            (dialect, name) => {
                // The types of ROS 1 differ more often from those of ROS 2.
                let common = || ros2_common::definition(&ros2_name(name)).filter(|_| dialect == Dialect::Ros2);
                match ros2_types::definition(&ros2_name(name)).or_else(common) {
                    Some(text) => text,
                    None => return Ok(None),
                }
            }
        };
        let mut known = Self { dialect: self.dialect, messages: BTreeMap::new() };
        for (at, (title, body)) in sections(&body).into_iter().enumerate() {
            known.messages.insert(key(if at == 0 { name } else { title }), fields(&body, name)?);
        }
        if self.dialect == Dialect::Ros1 {
            let header = fields("uint32 seq\ntime stamp\nstring frame_id\n", name)?;
            known.messages.insert("std_msgs/Header".to_owned(), header);
        }
        Ok(Some(known))
    }

    fn builtin(&self, base: &str) -> Option<Type> {
        let primitive = match (base, self.dialect) {
            ("bool", _) => Primitive::Bool,
            ("byte", Dialect::Ros1) | ("int8", _) => Primitive::I8,
            ("byte", Dialect::Ros2) | ("uint8" | "char", _) => Primitive::U8,
            ("int16", _) => Primitive::I16,
            ("uint16", _) => Primitive::U16,
            ("int32", _) => Primitive::I32,
            ("uint32", _) => Primitive::U32,
            ("int64", _) => Primitive::I64,
            ("uint64", _) => Primitive::U64,
            ("float32", _) => Primitive::F32,
            ("float64", _) => Primitive::F64,
            ("string", _) => return Some(Type::Text),
            ("wstring", _) => return Some(Type::WideText),
            ("time", _) => return Some(Type::Time),
            ("duration", _) => return Some(Type::Duration),
            _ => return None,
        };
        Some(Type::Primitive(primitive))
    }
}

fn ros2_name(key: &str) -> String {
    key.replacen('/', "/msg/", 1)
}

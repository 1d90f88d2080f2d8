//! Message types of a Protobuf descriptor set.
//!
//! Read here rather than by a reflection library, because those link every option and service of the set and give up (or
//! worse) on what does not matter for reading messages.
//!
//! Source: <https://github.com/protocolbuffers/protobuf/blob/main/src/google/protobuf/descriptor.proto>.

use std::collections::BTreeMap;

use prost::Message as _;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorSet};

use super::schema::MAX_SCHEMA_BYTES;
use super::{DecodeError, SchemaBytes};

/// The messages of a descriptor set.
#[derive(Debug)]
pub(crate) struct Descriptors {
    /// By full name, without a leading dot.
    messages: BTreeMap<String, Message>,
}

/// A message type.
#[derive(Debug)]
pub(crate) struct Message {
    /// In the order of their definition.
    pub(crate) fields: Vec<Field>,
}

/// A field of a message type.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) number: u32,
    pub(crate) kind: Type,
    pub(crate) repeated: bool,
    /// Whether an absent field differs from one that is zero.
    pub(crate) presence: bool,
    /// Which oneof of the message it belongs to.
    pub(crate) oneof: Option<usize>,
    /// Full name of its message type, without a leading dot.
    pub(crate) message: String,
}

impl Descriptors {
    /// The messages of `schema`.
    pub(crate) fn parse(schema: SchemaBytes<'_>) -> Result<Self, DecodeError> {
        if schema.data.len() > MAX_SCHEMA_BYTES {
            return Err(DecodeError(format!("the schema has {} bytes (limit {MAX_SCHEMA_BYTES})", schema.data.len())));
        }
        let set = FileDescriptorSet::decode(schema.data)
            .map_err(|error| DecodeError(format!("the descriptor set cannot be read: {error}")))?;
        let mut names = Vec::new();
        for file in &set.file {
            file.message_type.iter().for_each(|message| collect_names(message, file.package(), &mut names));
        }
        names.sort();
        let mut found = Self { messages: BTreeMap::new() };
        for file in &set.file {
            for message in &file.message_type {
                found.add(message, file.package(), file.syntax() == "proto3", &names);
            }
        }
        Ok(found)
    }

    /// The message of that full name, else the only one whose last part it is.
    pub(crate) fn root(&self, name: &str) -> Result<(&str, &Message), DecodeError> {
        let name = name.trim_start_matches('.');
        if let Some((full, message)) = self.messages.get_key_value(name) {
            return Ok((full, message));
        }
        let last = |name: &'_ str| name.rsplit(['.', '/']).next().unwrap_or_default().to_owned();
        let wanted = last(name);
        let mut named = self.messages.iter().filter(|(full, _)| last(full) == wanted);
        match (named.next(), named.next()) {
            (Some((full, message)), None) => Ok((full, message)),
            _ => Err(DecodeError(format!("message `{name}` is not in the descriptor set"))),
        }
    }

    /// The message of that full name.
    pub(crate) fn get(&self, name: &str) -> Option<&Message> {
        self.messages.get(name)
    }

    fn add(&mut self, message: &DescriptorProto, scope: &str, proto3: bool, names: &[String]) {
        let full = join(scope, message.name());
        let entry = message.options.as_ref().is_some_and(|options| options.map_entry());
        let field = |field: &FieldDescriptorProto| {
            let kind = field.r#type();
            let oneof = usize::try_from(field.oneof_index.unwrap_or(-1)).ok();
            // Proto3 has no presence but of messages, oneofs and what is marked `optional`. Fields of map entries are always
            // there.
            let presence = matches!(kind, Type::Message | Type::Group) || oneof.is_some() || !(proto3 || entry);
            Some(Field {
                name: field.name().to_owned(),
                // Numbers below one are not allowed, and such a field can never be read.
                number: u32::try_from(field.number()).ok().filter(|number| *number > 0)?,
                kind,
                repeated: field.label() == Label::Repeated,
                presence,
                oneof: oneof.filter(|_| !field.proto3_optional()),
                message: resolve(field.type_name(), &full, names),
            })
        };
        let fields = message.field.iter().filter_map(field).collect();
        for nested in &message.nested_type {
            self.add(nested, &full, proto3, names);
        }
        self.messages.entry(full).or_insert(Message { fields });
    }
}

fn join(scope: &str, name: &str) -> String {
    if scope.is_empty() { name.to_owned() } else { format!("{scope}.{name}") }
}

fn collect_names(message: &DescriptorProto, scope: &str, names: &mut Vec<String>) {
    let full = join(scope, message.name());
    message.nested_type.iter().for_each(|nested| collect_names(nested, &full, names));
    names.push(full);
}

/// The full name that `name` stands for inside `scope`. Compilers write full names, with a leading dot; other writers may
/// leave out what the innermost scope supplies.
fn resolve(name: &str, scope: &str, names: &[String]) -> String {
    if let Some(full) = name.strip_prefix('.') {
        return full.to_owned();
    }
    let mut scope = scope;
    loop {
        let full = join(scope, name);
        if scope.is_empty() || names.binary_search(&full).is_ok() {
            return full;
        }
        scope = scope.rsplit_once('.').map_or("", |(outer, _)| outer);
    }
}

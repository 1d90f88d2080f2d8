//! Which channel of which file is which channel of the recording.

use std::collections::BTreeMap;
use std::sync::Arc;

use prairie_model::{Inline, MessageEncoding};

use super::config::CHANNELS_MAX;
use crate::encoding::{Decoder, SchemaBytes, decoder};

/// A schema, kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Schema {
    pub(crate) name: String,
    pub(crate) encoding: String,
    pub(crate) data: Vec<u8>,
}

/// What a channel is typed by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Typed {
    /// By this schema.
    By(Arc<Schema>),
    /// By nothing: its schema's number is zero.
    Not,
    /// By a schema of that number, which is not there.
    Missing(u16),
    /// By a schema of that name, of which the container has no definition.
    Undefined(Arc<str>),
    /// The channel itself is not there, only messages with its number.
    Orphan(u32),
}

/// Everything that makes a channel what it is, apart from its number in a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Identity {
    pub(crate) topic: String,
    pub(crate) encoding: String,
    pub(crate) typed: Typed,
    pub(crate) metadata: BTreeMap<String, String>,
}

impl Identity {
    /// Of messages whose channel is not there.
    pub(crate) fn orphan(number: u32) -> Self {
        Self {
            topic: format!("channel {number}"),
            encoding: String::new(),
            typed: Typed::Orphan(number),
            metadata: BTreeMap::new(),
        }
    }

    /// The channel and its decoder.
    fn channel(&self, id: u32, inline: Inline) -> (prairie_model::Channel, Option<Box<dyn Decoder>>) {
        let encoding = message_encoding(&self.encoding);
        let schema = match &self.typed {
            Typed::By(schema) => {
                Some(SchemaBytes { name: &schema.name, encoding: &schema.encoding, data: &schema.data })
            }
            _ => None,
        };
        let decoded = match &self.typed {
            Typed::Missing(number) => Err(format!("schema {number} is not in the file")),
            Typed::Undefined(name) => Err(format!("the recording has no definition of `{name}`")),
            Typed::Orphan(number) => Err(format!("no channel {number} is in the file")),
            Typed::By(schema) if is_untold(schema, &encoding) => {
                Err(format!("the text of its schema `{}` is empty", schema.name))
            }
            _ => decoder(schema, &encoding, inline).map_err(|error| error.to_string()),
        };
        let (decoder, undecodable) = match decoded {
            Ok(decoder) => (Some(decoder), None),
            Err(why) => (None, Some(why)),
        };
        let channel = prairie_model::Channel {
            id,
            topic: self.topic.clone(),
            schema_name: match &self.typed {
                Typed::Undefined(name) => name.to_string(),
                _ => schema.map(|schema| schema.name.to_owned()).unwrap_or_default(),
            },
            encoding,
            fields: decoder.as_ref().map(|decoder| decoder.fields().clone()),
            undecodable,
            picture: None,
            names: Vec::new(),
            shape: Vec::new(),
            rate_hz: None,
            metadata: self.metadata.clone(),
            claimed_messages: None,
        };
        (channel, decoder)
    }
}

/// Whether a schema has a name and nothing else, although its messages can only be decoded by it. Recorders that do not know
/// a type write such; a type that is meant to have no fields has a name that says so.
fn is_untold(schema: &Schema, encoding: &MessageEncoding) -> bool {
    matches!(encoding, MessageEncoding::Cdr | MessageEncoding::Ros1)
        && schema.data.iter().all(u8::is_ascii_whitespace)
        && !schema.name.ends_with("Empty")
}

fn message_encoding(name: &str) -> MessageEncoding {
    match name {
        "cdr" => MessageEncoding::Cdr,
        "json" => MessageEncoding::Json,
        "protobuf" => MessageEncoding::Protobuf,
        "ros1" => MessageEncoding::Ros1,
        other => MessageEncoding::Other(other.to_owned()),
    }
}

/// A channel of the recording.
pub(crate) struct Entry {
    pub(crate) channel: Arc<prairie_model::Channel>,
    pub(crate) decoder: Option<Box<dyn Decoder>>,
}

/// The channels of the recording, in the order in which they were found.
///
/// **Invariant:** the same summaries give the same ids, so that a plan and the reading after it agree.
pub(crate) struct Registry {
    inline: Inline,
    pub(crate) entries: Vec<Entry>,
    /// The ids of equal channels, and how many of them each file has taken.
    known: BTreeMap<Identity, Vec<u32>>,
    taken: BTreeMap<(usize, u32), usize>,
}

impl Registry {
    pub(crate) fn new(inline: Inline) -> Self {
        Self { inline, entries: Vec::new(), known: BTreeMap::new(), taken: BTreeMap::new() }
    }

    /// The id of a channel of `file`, and whether it is new. Two equal channels of one file are two channels; equal channels
    /// of two files are one. `None` when there are too many channels.
    pub(crate) fn bind(&mut self, file: usize, identity: Identity) -> Option<(u32, bool)> {
        let ids = self.known.entry(identity.clone()).or_default();
        let before = match ids.first() {
            Some(&first) => {
                let taken = self.taken.entry((file, first)).or_default();
                let before = *taken;
                *taken += 1;
                before
            }
            None => 0,
        };
        if let Some(&id) = ids.get(before) {
            return Some((id, false));
        }
        if self.entries.len() >= CHANNELS_MAX {
            return None;
        }
        // OK to cast: below CHANNELS_MAX.
        let id = self.entries.len() as u32;
        if ids.is_empty() {
            self.taken.insert((file, id), 1);
        }
        ids.push(id);
        let (channel, decoder) = identity.channel(id, self.inline);
        self.entries.push(Entry { channel: Arc::new(channel), decoder });
        Some((id, true))
    }

    /// Adds what an index claims of a channel.
    pub(crate) fn claim(&mut self, id: u32, messages: u64) {
        if let Some(entry) = self.entries.get_mut(id as usize) {
            let claimed = &mut Arc::make_mut(&mut entry.channel).claimed_messages;
            *claimed = Some(claimed.unwrap_or(0).saturating_add(messages));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_channels_are_one_across_files_and_two_within() {
        let mut registry = Registry::new(|_, _| false);
        let identity = Identity::orphan(1);
        assert_eq!(registry.bind(0, identity.clone()), Some((0, true)));
        assert_eq!(registry.bind(0, identity.clone()), Some((1, true)));
        assert_eq!(registry.bind(1, identity.clone()), Some((0, false)));
        assert_eq!(registry.bind(1, identity.clone()), Some((1, false)));
        assert_eq!(registry.bind(1, identity), Some((2, true)));
        assert_eq!(registry.bind(1, Identity::orphan(2)), Some((3, true)));
    }
}

//! The connections of a bag, as they are met.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::record::fields;
use crate::messages::{Identity, Registry, Schema, Typed};

/// Bytes of one connection's header.
pub(crate) const CONNECTION_MAX: u64 = 16 << 20;

/// Bytes of all of them.
const CONNECTIONS_MAX: usize = 64 << 20;

/// What came of a connection record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Met {
    /// It is known already.
    Known,
    /// It is new.
    New,
    /// It differs from what had its number before, and counts from now on.
    Changed,
    /// It cannot be used.
    Refused(String),
}

/// A connection.
#[derive(Debug, Clone)]
struct Bound {
    /// Topic and header, to know it again at once; empty for one that only messages name.
    topic: Vec<u8>,
    raw: Vec<u8>,
    id: u32,
    undefined: bool,
}

/// The connections of a bag.
#[derive(Debug, Clone, Default)]
pub(crate) struct Connections {
    bound: BTreeMap<u32, Bound>,
    /// Connections that differ in nothing but their number are one channel.
    channels: BTreeMap<Identity, u32>,
    bytes: usize,
}

impl Connections {
    /// Takes a connection record: its number, the topic that its header names, and its data.
    pub(crate) fn take(&mut self, number: u32, topic: &[u8], raw: &[u8], registry: &mut Registry) -> Met {
        let known = self.bound.get(&number);
        if known.is_some_and(|known| known.raw == raw && known.topic == topic) {
            return Met::Known;
        }
        self.bytes = self.bytes.saturating_add(raw.len()).saturating_add(topic.len());
        if self.bytes > CONNECTIONS_MAX {
            return Met::Refused(format!("the connections have more than {CONNECTIONS_MAX} bytes together"));
        }
        let identity = match identity(topic, raw) {
            Ok(identity) => identity,
            Err(why) => return Met::Refused(why.to_owned()),
        };
        let undefined = matches!(identity.typed, Typed::Undefined(_));
        let id = match self.channels.get(&identity) {
            Some(&id) => id,
            None => {
                let Some((id, _)) = registry.bind(0, identity.clone()) else {
                    return Met::Refused("there are too many connections".to_owned());
                };
                self.channels.insert(identity, id);
                id
            }
        };
        // A number that only messages had until now is no change.
        let changed = known.is_some_and(|known| !known.raw.is_empty() && known.id != id);
        self.bound.insert(number, Bound { topic: topic.to_owned(), raw: raw.to_owned(), id, undefined });
        if changed { Met::Changed } else { Met::New }
    }

    /// Binds a number that messages have and no connection record; `None` when there are too many.
    pub(crate) fn orphan(&mut self, number: u32, registry: &mut Registry) -> Option<u32> {
        let identity = Identity { topic: format!("connection {number}"), ..Identity::orphan(number) };
        let (id, _) = registry.bind(0, identity)?;
        self.bound.insert(number, Bound { topic: Vec::new(), raw: Vec::new(), id, undefined: false });
        Some(id)
    }

    /// The channel of a connection.
    pub(crate) fn id(&self, number: u32) -> Option<u32> {
        self.bound.get(&number).map(|bound| bound.id)
    }

    /// Whether the connection has a type and no definition of it.
    pub(crate) fn is_undefined(&self, number: u32) -> bool {
        self.bound.get(&number).is_some_and(|bound| bound.undefined)
    }
}

/// What makes a connection what it is.
fn identity(topic: &[u8], raw: &[u8]) -> Result<Identity, &'static str> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (mut kind, mut definition, mut metadata) = (None, None, BTreeMap::new());
    for field in fields(raw) {
        let (name, value) = field?;
        match name {
            b"type" => kind = Some(text(value)),
            b"message_definition" => definition = Some(value.to_owned()),
            // The topic as its publisher knew it, where the recorder or a filter gave it another name.
            b"topic" if value == topic => {}
            b"topic" => {
                metadata.insert("original_topic".to_owned(), text(value));
            }
            _ => {
                metadata.insert(text(name), text(value));
            }
        }
    }
    let kind = kind.ok_or("it names no type")?;
    let typed = match definition {
        Some(data) => Typed::By(Arc::new(Schema { name: kind, encoding: "ros1msg".to_owned(), data })),
        None => Typed::Undefined(kind.into()),
    };
    Ok(Identity { topic: text(topic), encoding: "ros1".to_owned(), typed, metadata })
}

//! The schemas and channels of one file, as they are met.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::config::{DESCRIPTION_MAX, SCHEMAS_MAX};
use super::record;
use crate::messages::{Identity, Registry, Schema, Typed};

/// What came of a schema or channel record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Met {
    /// It is known already.
    Known,
    /// It is new; for a channel, with the id of a channel that the recording did not know, if so.
    New(Option<u32>),
    /// It differs from what had its number before, and counts from now on.
    Changed(Option<u32>),
    /// It cannot be used.
    Refused(String),
}

/// A channel of a file.
#[derive(Debug, Clone)]
struct Bound {
    /// The record's body, to know it again at once.
    raw: Vec<u8>,
    schema_id: u16,
    identity: Identity,
    id: u32,
}

fn keep(schema: &record::Schema<'_>) -> Schema {
    Schema { name: schema.name.to_owned(), encoding: schema.encoding.to_owned(), data: schema.data.to_owned() }
}

fn is(kept: &Schema, schema: &record::Schema<'_>) -> bool {
    kept.name == schema.name && kept.encoding == schema.encoding && kept.data == schema.data
}

fn identity(channel: record::Channel<'_>, typed: Typed) -> Identity {
    Identity {
        topic: channel.topic.to_owned(),
        encoding: channel.message_encoding.to_owned(),
        typed,
        metadata: channel.metadata,
    }
}

/// The schemas and channels of one file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bindings {
    schemas: BTreeMap<u16, Arc<Schema>>,
    schema_bytes: u64,
    channels: BTreeMap<u16, Bound>,
}

impl Bindings {
    /// Takes a schema record.
    pub(crate) fn schema(&mut self, body: &[u8]) -> Met {
        if body.len() as u64 > DESCRIPTION_MAX {
            return Met::Refused(format!("a schema of {} bytes is not kept", body.len()));
        }
        let schema = match record::Schema::parse(body) {
            Ok((schema, _)) => schema,
            Err(error) => return Met::Refused(error.to_string()),
        };
        if schema.id == 0 {
            return Met::Refused("a schema has number 0, which means none".to_owned());
        }
        let known = self.schemas.get(&schema.id);
        if known.is_some_and(|known| is(known, &schema)) {
            return Met::Known;
        }
        let changed = known.is_some();
        self.schema_bytes += body.len() as u64;
        if self.schema_bytes > SCHEMAS_MAX {
            return Met::Refused(format!("the schemas have more than {SCHEMAS_MAX} bytes together"));
        }
        self.schemas.insert(schema.id, Arc::new(keep(&schema)));
        if changed { Met::Changed(None) } else { Met::New(None) }
    }

    /// Takes a channel record. Gives the file's number of the channel, where it can be read.
    pub(crate) fn channel(&mut self, file: usize, body: &[u8], registry: &mut Registry) -> (Option<u16>, Met) {
        if body.len() as u64 > DESCRIPTION_MAX {
            return (None, Met::Refused(format!("a channel record of {} bytes is not kept", body.len())));
        }
        let raw = body.first_chunk::<2>().map(|number| u16::from_le_bytes(*number));
        if let Some(bound) = raw.and_then(|number| self.channels.get(&number))
            && bound.raw == body
            && self.still_typed(bound)
        {
            return (raw, Met::Known);
        }
        let channel = match record::Channel::parse(body) {
            Ok((channel, _)) => channel,
            Err(error) => return (raw, Met::Refused(error.to_string())),
        };
        let (number, schema_id) = (channel.id, channel.schema_id);
        let typed = self.typed(schema_id);
        let identity = identity(channel, typed);
        let known = self.channels.get(&number);
        if known.is_some_and(|known| known.identity == identity) {
            return (Some(number), Met::Known);
        }
        // A number that only messages had until now is no change.
        let changed = known.is_some_and(|known| !matches!(known.identity.typed, Typed::Orphan(_)));
        let Some((id, new)) = registry.bind(file, identity.clone()) else {
            return (Some(number), Met::Refused("there are too many channels".to_owned()));
        };
        let new = new.then_some(id);
        self.channels.insert(number, Bound { raw: body.to_owned(), schema_id, identity, id });
        (Some(number), if changed { Met::Changed(new) } else { Met::New(new) })
    }

    /// Whether the schema of a channel record is there, or not needed.
    pub(crate) fn has_schema_of(&self, body: &[u8]) -> bool {
        match body.first_chunk::<4>() {
            Some([_, _, low, high]) => match u16::from_le_bytes([*low, *high]) {
                0 => true,
                schema_id => self.schemas.contains_key(&schema_id),
            },
            None => true,
        }
    }

    fn typed(&self, schema_id: u16) -> Typed {
        match self.schemas.get(&schema_id) {
            _ if schema_id == 0 => Typed::Not,
            Some(schema) => Typed::By(schema.clone()),
            None => Typed::Missing(schema_id),
        }
    }

    /// Whether the schema of a channel is the one that it was bound with.
    fn still_typed(&self, bound: &Bound) -> bool {
        match (&bound.identity.typed, self.schemas.get(&bound.schema_id)) {
            (Typed::By(then), Some(now)) => Arc::ptr_eq(then, now) || then == now,
            (Typed::Not, _) | (Typed::Missing(_), None) => true,
            _ => false,
        }
    }

    /// Binds a number that messages have and no channel record. `None` when there are too many channels.
    pub(crate) fn orphan(&mut self, file: usize, number: u16, registry: &mut Registry) -> Option<(u32, bool)> {
        let identity = Identity::orphan(number.into());
        let (id, new) = registry.bind(file, identity.clone())?;
        self.channels.insert(number, Bound { raw: Vec::new(), schema_id: 0, identity, id });
        Some((id, new))
    }

    /// The id of a channel of the file.
    pub(crate) fn id(&self, number: u16) -> Option<u32> {
        self.channels.get(&number).map(|bound| bound.id)
    }

    /// The schema's number of a channel whose schema is not there.
    pub(crate) fn missing_schema(&self, number: u16) -> Option<u16> {
        match self.channels.get(&number)?.identity.typed {
            Typed::Missing(schema) => Some(schema),
            _ => None,
        }
    }

    /// The file's numbers and the recording's ids.
    pub(crate) fn ids(&self) -> impl Iterator<Item = (u16, u32)> + '_ {
        self.channels.iter().map(|(number, bound)| (*number, bound.id))
    }
}

//! What the container says about the whole recording.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::record;

/// Keys and values. Two records that give one key different values both stay: the later under its key, `@`, and the file and byte
/// offset of its record (`metadata.run.robot@0:4711`).
#[derive(Debug, Clone, Default)]
pub(crate) struct Attributes(pub(crate) BTreeMap<String, String>);

impl Attributes {
    /// Adds a metadata record, and gives what is new.
    pub(crate) fn metadata(&mut self, metadata: &record::Metadata<'_>, whence: (usize, u64)) -> Vec<(String, String)> {
        let name = metadata.name;
        metadata
            .metadata
            .iter()
            .filter_map(|(key, value)| self.add(format!("metadata.{name}.{key}"), value.clone(), whence))
            .collect()
    }

    /// Adds an attachment, and gives what is new.
    pub(crate) fn attachment(
        &mut self,
        name: &str,
        media_type: &str,
        size: u64,
        whence: (usize, u64),
    ) -> Option<(String, String)> {
        let media_type = if media_type.is_empty() { "unknown media type" } else { media_type };
        self.add(format!("attachment.{name}"), format!("{media_type}, {size} bytes"), whence)
    }

    /// Adds what a file beside the data says.
    pub(crate) fn beside(&mut self, key: String, value: String) {
        self.0.entry(key).or_insert(value);
    }

    fn add(&mut self, key: String, value: String, (file, offset): (usize, u64)) -> Option<(String, String)> {
        let key = match self.0.get(&key) {
            Some(known) if *known == value => return None,
            Some(_) => format!("{key}@{file}:{offset}"),
            None => key,
        };
        match self.0.entry(key) {
            Entry::Occupied(_) => None,
            Entry::Vacant(place) => {
                let new = (place.key().clone(), value.clone());
                place.insert(value);
                Some(new)
            }
        }
    }
}

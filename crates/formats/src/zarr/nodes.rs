//! The groups and arrays of a store, from their descriptions.
//!
//! ```text
//!   keys of the store ─▶ .zarray, .zattrs, .zgroup, zarr.json ─▶ arrays, attributes of groups
//!                        .zmetadata ─▶ arrays whose own description is not there
//! ```
//!
//! The root is the folder that holds all descriptions: an archive may have the store in a folder of it.

use std::collections::{BTreeMap, BTreeSet};

use prairie_model::{Note, NoteKind};
use serde_json::{Map, Value};

use super::meta::ArrayMeta;
use super::store::{Item, Store};
use crate::FormatError;

/// Bytes of one description. Consolidated metadata of a store with thousands of arrays has some megabytes.
const TEXT_MAX: u64 = 64 << 20;
/// Bytes of all descriptions of a store.
const TEXTS_MAX: u64 = 256 << 20;
/// Arrays and groups of a store.
const NODES_MAX: usize = 500_000;
/// Levels of objects that attributes are taken from, and how many of them.
const LEVELS: usize = 2;
const ATTRIBUTES_MAX: usize = 2_000;
/// Bytes of the text of an attribute.
const ATTRIBUTE_MAX: usize = 64 << 10;

/// The names of descriptions.
const NAMES: [&str; 5] = [".zarray", ".zattrs", ".zgroup", ".zmetadata", "zarr.json"];

/// An array of a store.
#[derive(Debug)]
pub(super) struct Node {
    /// Path in the store, without the root's folder: `data/action`.
    pub(super) path: String,
    /// Where its description lies: file of the recording, and offset in it.
    pub(super) file: usize,
    pub(super) offset: u64,
    /// What it is, or why it cannot be read.
    pub(super) meta: Result<ArrayMeta, String>,
    pub(super) attributes: BTreeMap<String, String>,
}

/// All of a store but its chunks.
pub(super) struct Nodes {
    /// The folder of the store, with `/` behind it; empty where it is the whole recording.
    pub(super) root: String,
    /// Sorted by path.
    pub(super) arrays: Vec<Node>,
    /// Attributes of groups, by path; the root's is empty.
    pub(super) groups: BTreeMap<String, BTreeMap<String, String>>,
    /// The version of the format: 2 or 3.
    pub(super) version: u8,
    pub(super) notes: Vec<Note>,
}

impl Nodes {
    /// Reads every description.
    ///
    /// # Errors
    ///
    /// When there is none, or the source fails.
    pub(super) fn load(store: &Store<'_>) -> Result<Self, FormatError> {
        let descriptions: Vec<Item> = store.under("").filter(|item| is_description(store.key(*item))).collect();
        let root = common_folder(descriptions.iter().map(|item| folder(store.key(*item))));
        let mut nodes = Self { root, arrays: Vec::new(), groups: BTreeMap::new(), version: 2, notes: Vec::new() };
        if descriptions.is_empty() {
            let path = store.source.files().first().map(|file| file.path.clone()).unwrap_or_default();
            let why = "it holds no `.zarray`, `.zgroup` or `zarr.json`".to_owned();
            return Err(FormatError::Damaged { what: "the store", file: path, offset: 0, why });
        }
        if descriptions.len() > NODES_MAX {
            let why = format!("{} groups and arrays are described, and {NODES_MAX} are read", descriptions.len());
            return Err(store.damaged(descriptions[0], 0, why));
        }
        let mut attributes: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        let mut consolidated = Vec::new();
        let mut total = 0_u64;
        for item in descriptions {
            total = total.saturating_add(store.size(item));
            if total > TEXTS_MAX {
                let why = format!("the descriptions have more than {TEXTS_MAX} bytes");
                return Err(store.damaged(item, 0, why));
            }
            let Some(object) = nodes.object(store, item)? else { continue };
            let path = nodes.path(folder(store.key(item)));
            let (file, offset) = store.place(item);
            match name(store.key(item)) {
                ".zarray" => {
                    let meta = ArrayMeta::v2(&object);
                    nodes.arrays.push(Node { path, file, offset, meta, attributes: BTreeMap::new() });
                }
                ".zattrs" => {
                    attributes.insert(path, flat(&object));
                }
                ".zgroup" => {
                    nodes.groups.entry(path).or_default();
                }
                ".zmetadata" => consolidated.push((item, path, object)),
                _ => nodes.v3(path, (file, offset), &object),
            }
        }
        for (item, path, object) in consolidated {
            nodes.consolidated(store, item, &path, &object, &mut attributes)?;
        }
        nodes.arrays.sort_by(|one, other| one.path.cmp(&other.path));
        nodes.arrays.dedup_by(|next, kept| next.path == kept.path);
        for (path, attributes) in attributes {
            match nodes.arrays.binary_search_by(|node| node.path.as_str().cmp(&path)) {
                Ok(at) => nodes.arrays[at].attributes = attributes,
                Err(_) => {
                    nodes.groups.insert(path, attributes);
                }
            }
        }
        Ok(nodes)
    }

    /// The array whose description lies at a place, its folder in the store, and nothing else: for a blob of it.
    pub(super) fn array_at(store: &Store<'_>, file: usize, offset: u64) -> Option<(String, ArrayMeta)> {
        let item = store.at(file, offset).or_else(|| consolidated_at(store, offset))?;
        let bytes = store.read(item, TEXT_MAX).ok()?;
        let object: Map<String, Value> = serde_json::from_slice(&bytes).ok()?;
        let key = store.key(item);
        let path = folder(key).to_owned();
        match name(key) {
            ".zarray" => Some((path, ArrayMeta::v2(&object).ok()?)),
            "zarr.json" => Some((path, ArrayMeta::v3(&object).ok()?)),
            ".zmetadata" => {
                let (_, begin) = store.place(item);
                let at = usize::try_from(offset.checked_sub(begin)?).ok()?;
                let rest = std::str::from_utf8(bytes.get(at..)?).ok()?;
                let key = rest.strip_prefix('"')?.split('"').next()?;
                let inner = object.get("metadata")?.get(key)?.as_object()?;
                let inner_path = key.strip_suffix("/.zarray")?;
                let path = if path.is_empty() { inner_path.to_owned() } else { format!("{path}/{inner_path}") };
                Some((path, ArrayMeta::v2(inner).ok()?))
            }
            _ => None,
        }
    }

    /// The folder of an array in the store.
    pub(super) fn folder_of(&self, node: &Node) -> String {
        format!("{}{}", self.root, node.path).trim_end_matches('/').to_owned()
    }

    fn path(&self, folder: &str) -> String {
        folder.get(self.root.len()..).unwrap_or_default().to_owned()
    }

    /// A description as an object; a note where it is none.
    fn object(&mut self, store: &Store<'_>, item: Item) -> Result<Option<Map<String, Value>>, FormatError> {
        let bytes = match store.read(item, TEXT_MAX) {
            Ok(bytes) => bytes,
            Err(error) => {
                self.notes.push(error.into_note()?);
                return Ok(None);
            }
        };
        match serde_json::from_slice(&bytes) {
            Ok(object) => Ok(Some(object)),
            Err(error) => {
                let why = format!("`{}` is no JSON object: {error}", store.key(item));
                self.notes.push(store.damaged(item, 0, why).into_note()?);
                Ok(None)
            }
        }
    }

    /// A node of version 3.
    fn v3(&mut self, path: String, (file, offset): (usize, u64), object: &Map<String, Value>) {
        self.version = 3;
        let attributes = object.get("attributes").and_then(Value::as_object).map(flat).unwrap_or_default();
        match object.get("node_type").and_then(Value::as_str) {
            Some("array") => {
                let meta = ArrayMeta::v3(object);
                self.arrays.push(Node { path, file, offset, meta, attributes });
            }
            _ => {
                self.groups.insert(path, attributes);
            }
        }
    }

    /// Takes from consolidated metadata what has no description of its own.
    fn consolidated(
        &mut self,
        store: &Store<'_>,
        item: Item,
        path: &str,
        object: &Map<String, Value>,
        attributes: &mut BTreeMap<String, BTreeMap<String, String>>,
    ) -> Result<(), FormatError> {
        let Some(metadata) = object.get("metadata").and_then(Value::as_object) else { return Ok(()) };
        let known: BTreeSet<String> = self.arrays.iter().map(|node| node.path.clone()).collect();
        let mut text: Option<Vec<u8>> = None;
        for (key, inner) in metadata {
            let Some(inner) = inner.as_object() else { continue };
            let at = folder(key);
            let at = if path.is_empty() || at.is_empty() { format!("{path}{at}") } else { format!("{path}/{at}") };
            match name(key) {
                ".zarray" if !known.contains(&at) && self.arrays.len() < NODES_MAX => {
                    let (file, begin) = store.place(item);
                    if text.is_none() {
                        text = Some(store.read(item, TEXT_MAX)?);
                    }
                    let quoted = format!("\"{key}\"");
                    let place = text.as_deref().and_then(|text| find(text, quoted.as_bytes()));
                    let Some(place) = place else { continue };
                    let (offset, meta) = (begin + place as u64, ArrayMeta::v2(inner));
                    self.arrays.push(Node { path: at, file, offset, meta, attributes: BTreeMap::new() });
                }
                ".zattrs" => {
                    attributes.entry(at).or_insert_with(|| flat(inner));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Notes of arrays that cannot be read.
    pub(super) fn refusals(&self) -> impl Iterator<Item = Note> {
        self.arrays.iter().filter_map(|node| {
            let why = node.meta.as_ref().err()?;
            Some(Note::new(NoteKind::SchemaMissing, format!("`{}` is not read: {why}", node.path)).stream(&node.path))
        })
    }
}

/// Whether a key is that of a description.
fn is_description(key: &str) -> bool {
    NAMES.contains(&name(key))
}

fn name(key: &str) -> &str {
    key.rsplit_once('/').map_or(key, |(_, name)| name)
}

fn folder(key: &str) -> &str {
    key.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The folder that all of these are in, or are, with `/` behind it.
fn common_folder<'a>(mut folders: impl Iterator<Item = &'a str>) -> String {
    let Some(first) = folders.next() else { return String::new() };
    let first: Vec<&str> = first.split('/').filter(|part| !part.is_empty()).collect();
    let shared = folders.fold(first.len(), |shared, folder| {
        let same = folder.split('/').zip(&first).take(shared).take_while(|(one, other)| one == *other);
        same.count()
    });
    first.iter().take(shared).map(|part| format!("{part}/")).collect()
}

/// The consolidated metadata of an archive that a place lies in.
fn consolidated_at(store: &Store<'_>, offset: u64) -> Option<Item> {
    let inside = |item: &Item| {
        let (_, begin) = store.place(*item);
        name(store.key(*item)) == ".zmetadata" && begin <= offset && offset - begin < store.size(*item)
    };
    store.under("").find(inside)
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

/// Attributes by their names: `env_args.env_name`. Objects deeper than two levels, and lists, are their JSON.
pub(super) fn flat(object: &Map<String, Value>) -> BTreeMap<String, String> {
    fn add(out: &mut BTreeMap<String, String>, prefix: &str, object: &Map<String, Value>, levels: usize) {
        for (key, value) in object {
            if out.len() >= ATTRIBUTES_MAX {
                return;
            }
            let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
            let text = match value {
                Value::Null => continue,
                Value::Object(inner) if levels > 0 => {
                    add(out, &name, inner, levels - 1);
                    continue;
                }
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            if text.len() <= ATTRIBUTE_MAX {
                out.insert(name, text);
            }
        }
    }
    let mut out = BTreeMap::new();
    add(&mut out, "", object, LEVELS);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_the_folder_of_all_descriptions() {
        assert_eq!(common_folder(["a/b.zarr", "a/b.zarr/data", "a/b.zarr/meta/x"].into_iter()), "a/b.zarr/");
        assert_eq!(common_folder(["", "data"].into_iter()), "");
        assert_eq!(common_folder(["ab/data", "ac/data"].into_iter()), "");
        assert_eq!(common_folder(std::iter::empty()), "");
    }

    #[test]
    fn attributes_are_flat() {
        let object = serde_json::from_str(r#"{"fps":10,"env":{"name":"push","a":{"b":{"c":1}}},"x":null}"#).unwrap();
        let flat: Vec<_> = flat(&object).into_iter().collect();
        let expected = [("env.a.b", r#"{"c":1}"#), ("env.name", "push"), ("fps", "10")];
        assert_eq!(flat, expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
    }
}

//! `register`: who and what takes part. Every change is a new version, and its hash goes into the ledger.
//!
//! 1. The entry comes as TOML, with single values set on top of it.
//! 2. It is checked by itself, and every entry that it mentions must be registered before it.
//! 3. It becomes the next version of its name; one that says the same as the latest is `already` there.
//!
//! A person's name is never kept: it gives a pseudonym, salted with a secret of the store, and is forgotten.

use std::path::Path;

use prairie_catalog::{Commit, Document, Leaf, NewDocument};
use prairie_model::register::{Entry, RegisterKind, is_pseudonym};
use prairie_model::{Hash256, Nanos};
use prairie_store::PathSource;
use serde::Serialize;
use serde_json::Value;

use crate::Engine;
use crate::error::EngineError;

/// Kind of the ledger's leaves about entries.
const LEAF: &str = "register";

/// What became of an entry.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RegisterReport {
    /// What kind of thing.
    pub kind: RegisterKind,
    /// Its name.
    pub name: String,
    /// The version that it is now at, from 1.
    pub version: u32,
    /// Whether the latest version said the same already; nothing changed then.
    pub already: bool,
    /// Hash of what it says.
    pub hash: Hash256,
    /// For a release with all of its parts: the hash of these, which logs may name it by.
    pub release_hash: Option<Hash256>,
    /// What it says.
    pub entry: Value,
}

/// An entry as it is now.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RegisterEntry {
    /// What kind of thing.
    pub kind: RegisterKind,
    /// Its name.
    pub name: String,
    /// Every version, the first one first.
    pub versions: Vec<RegisterVersion>,
}

/// One version of an entry.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RegisterVersion {
    /// From 1.
    pub version: u32,
    /// When it was registered, by this machine's clock.
    pub registered_ns: Nanos,
    /// Hash of what it says.
    pub hash: Hash256,
    /// What it says.
    pub entry: Value,
}

impl Engine {
    /// Registers an entry, from TOML and from single values by path (`criteria.need.met`, `true`) on top of it.
    ///
    /// # Errors
    ///
    /// When it has not the form of its kind, mentions what is not registered, or claims another robot's identity.
    pub fn register(
        &self,
        kind: RegisterKind,
        text: &str,
        set: &[(String, String)],
    ) -> Result<RegisterReport, EngineError> {
        let what = || format!("the {}", kind.name());
        let mut table: toml::Table =
            toml::from_str(text).map_err(|error| EngineError::invalid(what(), error.message()))?;
        for (path, value) in set {
            put(&mut table, path, value).map_err(|why| EngineError::invalid(format!("`{path}`"), why))?;
        }
        let value = serde_json::to_value(table).map_err(|error| EngineError::invalid(what(), error))?;
        let entry = Entry::from_value(kind, value).map_err(|error| EngineError::invalid(what(), error))?;
        self.check_mentions(&entry)?;
        self.check_identity(&entry)?;
        self.add_entry(&entry)
    }

    /// The pseudonym of a person in this store. The name is kept nowhere.
    ///
    /// # Errors
    ///
    /// When the name is empty.
    pub fn pseudonym(&self, name: &str) -> Result<String, EngineError> {
        let name = name.trim();
        if name.is_empty() {
            return Err(EngineError::invalid("the name", "it is empty"));
        }
        if is_pseudonym(name) {
            return Ok(name.to_owned());
        }
        Ok(self.key()?.pseudonym(name))
    }

    /// Every entry with its versions, of one kind or of all.
    ///
    /// # Errors
    ///
    /// When the catalog fails.
    pub fn registered(&self, kind: Option<RegisterKind>) -> Result<Vec<RegisterEntry>, EngineError> {
        let mut entries: Vec<RegisterEntry> = Vec::new();
        for kind in RegisterKind::ALL.iter().copied().filter(|each| kind.is_none_or(|kind| kind == *each)) {
            for document in self.documents_of(kind)? {
                let version = RegisterVersion {
                    version: document.version,
                    registered_ns: document.created,
                    hash: document.digest,
                    entry: document.payload,
                };
                // Documents come by name and version.
                match entries.last_mut() {
                    Some(last) if last.kind == kind && last.name == document.name => last.versions.push(version),
                    _ => entries.push(RegisterEntry { kind, name: document.name, versions: vec![version] }),
                }
            }
        }
        Ok(entries)
    }

    fn documents_of(&self, kind: RegisterKind) -> Result<Vec<Document>, EngineError> {
        self.block(self.catalog().documents(kind.name())).map_err(EngineError::catalog("reading the register"))
    }

    fn latest_of(&self, kind: RegisterKind, name: &str) -> Result<Option<Document>, EngineError> {
        self.block(self.catalog().document(kind.name(), name)).map_err(EngineError::catalog("reading the register"))
    }

    /// Every entry that is mentioned is there.
    fn check_mentions(&self, entry: &Entry) -> Result<(), EngineError> {
        for (kind, name) in entry.mentions() {
            if self.latest_of(kind, name)?.is_none() {
                return Err(EngineError::Refused(format!(
                    "{} `{}` mentions {kind} `{name}`, which is not registered; `prairie register {kind}` does it",
                    entry.kind().name(),
                    entry.name(),
                    kind = kind.name(),
                )));
            }
        }
        Ok(())
    }

    /// No other robot has the identity, and a robot keeps its own.
    fn check_identity(&self, entry: &Entry) -> Result<(), EngineError> {
        let Entry::Robot(robot) = entry else { return Ok(()) };
        for document in self.documents_of(RegisterKind::Robot)? {
            let known = document.payload.get("identity").and_then(Value::as_str);
            let own = robot.identity.as_ref().map(|identity| identity.as_str());
            if document.name != robot.robot && known.is_some() && known == own {
                return Err(EngineError::Refused(format!(
                    "robot `{}` cannot have the identity `{}`: it is that of robot `{}`",
                    robot.robot,
                    known.unwrap_or_default(),
                    document.name
                )));
            }
            if document.name == robot.robot && known.is_some() && known != own {
                return Err(EngineError::Refused(format!(
                    "robot `{}` has the identity `{}` since version {}, and keeps it for its life; another machine needs another name",
                    robot.robot,
                    known.unwrap_or_default(),
                    document.version
                )));
            }
        }
        Ok(())
    }

    fn add_entry(&self, entry: &Entry) -> Result<RegisterReport, EngineError> {
        let bug = |error: serde_json::Error| EngineError::Bug(error.to_string());
        let (kind, name) = (entry.kind(), entry.name().to_owned());
        let payload = serde_json::to_value(entry).map_err(bug)?;
        let hash = entry.hash().map_err(bug)?;
        let before = self.latest_of(kind, &name)?;
        let already = before.as_ref().is_some_and(|latest| latest.digest == hash);
        if !already {
            let kind = kind.name().to_owned();
            let reference = format!("{kind}/{name}");
            self.commit(&Commit {
                documents: vec![NewDocument { kind, name: name.clone(), payload: payload.clone(), digest: hash }],
                leaves: vec![Leaf { kind: LEAF.to_owned(), reference: reference.clone(), digest: hash }],
                note: format!("register `{reference}`"),
                ..Commit::default()
            })?;
        }
        let latest = self.latest_of(kind, &name)?;
        let release_hash = match entry {
            Entry::Release(release) => release.hash(),
            _ => None,
        };
        let version = latest.map_or(0, |latest| latest.version);
        Ok(RegisterReport { kind, name, version, already, hash, release_hash, entry: payload })
    }
}

/// SHA-256 of a file, as the parts of a release are named by.
///
/// # Errors
///
/// When the file cannot be read.
pub fn hash_file(path: &Path) -> Result<Hash256, EngineError> {
    let failed = |source| EngineError::Open { path: path.display().to_string(), source };
    let source = PathSource::open(path).map_err(failed)?;
    let (object, _) = prairie_store::hash_file(&source, 0, &|_| {}).map_err(failed)?;
    Ok(Hash256::from_bytes(*object.as_bytes()))
}

/// Sets a value by its path. A value that is no TOML is a text.
fn put(table: &mut toml::Table, path: &str, value: &str) -> Result<(), String> {
    let parsed = toml::from_str::<toml::Table>(&format!("value = {value}"))
        .ok()
        .and_then(|mut table| table.remove("value"))
        .unwrap_or_else(|| toml::Value::String(value.to_owned()));
    let mut parts = path.split('.').peekable();
    let mut at = table;
    while let Some(part) = parts.next() {
        if part.is_empty() {
            return Err("a part of the path is empty".to_owned());
        }
        if parts.peek().is_none() {
            at.insert(part.to_owned(), parsed);
            return Ok(());
        }
        let inner = at.entry(part).or_insert_with(|| toml::Value::Table(toml::Table::new()));
        at = inner.as_table_mut().ok_or_else(|| format!("`{part}` is no table"))?;
    }
    Err("the path is empty".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_set_by_their_path() {
        let mut table = toml::Table::new();
        for (path, value) in
            [("party", "works"), ("criteria.need.met", "true"), ("keys", "[\"a\"]"), ("title", "Works No. 3")]
        {
            put(&mut table, path, value).expect("a path");
        }
        let json = serde_json::to_value(&table).expect("JSON");
        assert_eq!(
            json,
            serde_json::json!({ "party": "works", "criteria": { "need": { "met": true } }, "keys": ["a"], "title": "Works No. 3" })
        );
        assert!(put(&mut table, "party.x", "1").is_err() && put(&mut table, "", "1").is_err());
    }
}

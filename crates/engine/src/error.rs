//! What can go wrong with a verb, and what to do about it.

use std::io;
use std::path::PathBuf;

use prairie_catalog::CatalogError;
use prairie_formats::FormatError;

/// A verb failed. Bad data is a finding; this is what stops a verb.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The store cannot be opened or made.
    #[error("failed to open the store `{}`", path.display())]
    OpenStore {
        /// Its folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is no store there, and the verb needs one.
    #[error("there is no store at `{}`", path.display())]
    NoStore {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The catalog failed.
    #[error("{operation} failed")]
    Catalog {
        /// What was being done.
        operation: &'static str,
        /// Why.
        source: CatalogError,
    },
    /// A query failed.
    #[error("failed to run the query")]
    Query(#[source] prairie_catalog::QueryError),
    /// A recording cannot be opened.
    #[error("failed to open `{path}`")]
    Open {
        /// The recording.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// A recording cannot be read.
    #[error("failed to read `{path}`")]
    Read {
        /// The recording.
        path: String,
        /// Why.
        source: FormatError,
    },
    /// Bytes in the store are not those that were stored.
    #[error("object `{key}` of `{path}` is damaged: its bytes are not those that were stored")]
    Damaged {
        /// Its key.
        key: String,
        /// The file of the recording.
        path: String,
    },
    /// A recording was erased, and is not taken in again.
    #[error("`{path}` was erased from this store")]
    Erased {
        /// The recording.
        path: String,
    },
    /// A recording changed while it was read.
    #[error("`{path}` changed while it was read")]
    Changed {
        /// The recording.
        path: String,
    },
    /// Messages cannot be standardized.
    #[error("failed to standardize `{path}`")]
    Standardize {
        /// The recording.
        path: String,
        /// Why.
        source: prairie_standardize::StandardizeError,
    },
    /// Bytes cannot be stored.
    #[error("failed to store {what}")]
    Store {
        /// What was to be stored.
        what: String,
        /// Why.
        source: io::Error,
    },
    /// An answer cannot be written where the caller wants it.
    #[error("failed to write {what}")]
    Output {
        /// What was to be written.
        what: String,
        /// Why.
        source: io::Error,
    },
    /// A file that the user named cannot be read or written.
    #[error("failed to {action} `{}`", path.display())]
    File {
        /// `read` or `write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file or an argument that the user gave makes no sense.
    #[error("{what}: {why}")]
    Invalid {
        /// What is wrong.
        what: String,
        /// Why.
        why: String,
    },
    /// Nothing has that name.
    #[error("there is no {kind} `{name}`")]
    NotFound {
        /// `episode`, `dataset`, `check`.
        kind: &'static str,
        /// What was asked for.
        name: String,
    },
    /// A name stands for several things.
    #[error("`{name}` could be any of {count} {kind}s")]
    AmbiguousName {
        /// `episode`.
        kind: &'static str,
        /// What was asked for.
        name: String,
        /// How many there are.
        count: usize,
    },
    /// A policy or a check says no.
    #[error("{0}")]
    Refused(String),
    /// The episodes of a version cannot be one training set.
    #[error("{what}")]
    Unlike {
        /// Which episodes differ in what.
        what: String,
        /// What chooses those that are alike.
        hint: String,
    },
    /// The caller asked to stop.
    #[error("stopped on request; nothing of it was committed")]
    Cancelled,
    /// A promise of the code to itself is broken.
    #[error("{0}: this is a defect of Prairie")]
    Bug(String),
}

impl EngineError {
    /// A command or a setting that helps.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoStore { .. } => {
                Some("`prairie ingest PATH…` makes one; `--store DIR` or `PRAIRIE_STORE` says where it is".to_owned())
            }
            Self::Read { source: FormatError::Unrecognized(_), .. } => {
                Some("`prairie formats` lists what Prairie reads".to_owned())
            }
            Self::Read { source: FormatError::Ambiguous(claims), .. } => {
                let choices: Vec<_> = claims.iter().map(|name| format!("`--format {name}`")).collect();
                Some(format!("{} says which of them is to read it", choices.join(" or ")))
            }
            Self::Catalog { source, .. } => catalog_hint(source),
            Self::OpenStore { source, .. } | Self::Store { source, .. } if is_refusal(source) => Some(
                "this user may not write there: give it the right to, or name another store with `--store DIR`"
                    .to_owned(),
            ),
            Self::NotFound { kind: "episode", .. } => Some("`prairie ls` lists the episodes of the store".to_owned()),
            Self::NotFound { kind: "dataset", .. } => Some("`prairie dataset ls` lists the datasets".to_owned()),
            Self::NotFound { kind: "format", .. } => Some("`prairie formats` lists them".to_owned()),
            Self::NotFound { kind: "mapping", .. } => {
                Some("`prairie map list` lists those that come with Prairie".to_owned())
            }
            Self::NotFound { kind: "check, control, endpoint, gate or watch", .. } => {
                Some("`prairie explain` lists checks, endpoints, gates and watches".to_owned())
            }
            Self::Damaged { .. } => {
                Some("`prairie fsck --deep` lists all damage; restore the object from a copy".to_owned())
            }
            Self::AmbiguousName { .. } => Some("give more digits of the id".to_owned()),
            Self::Unlike { hint, .. } => Some(hint.clone()),
            Self::Changed { .. } => Some("ingest it again once nothing writes to it".to_owned()),
            _ => None,
        }
    }

    /// Whether going on with other recordings makes no sense.
    pub(crate) fn stops_everything(&self) -> bool {
        matches!(self, Self::Cancelled | Self::Catalog { .. } | Self::Query(_) | Self::OpenStore { .. } | Self::Bug(_))
            || matches!(self, Self::Store { source, .. } if source.kind() == io::ErrorKind::StorageFull || is_refusal(source))
    }

    /// Whether the verb was refused (exit code 1) rather than failed (exit code 2).
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::Unlike { .. })
    }

    pub(crate) fn catalog(operation: &'static str) -> impl FnOnce(CatalogError) -> Self {
        move |source| match source {
            CatalogError::Query(why) => Self::Query(why),
            source => Self::Catalog { operation, source },
        }
    }

    pub(crate) fn invalid(what: impl Into<String>, why: impl ToString) -> Self {
        Self::Invalid { what: what.into(), why: why.to_string() }
    }
}

/// Whether the system did not allow it.
fn is_refusal(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
}

fn catalog_hint(error: &CatalogError) -> Option<String> {
    let hint = match error {
        CatalogError::ReadOnly { .. } => {
            "`ls`, `show`, `query`, `receipt`, `fsck` and `export` work on it as it is; to change it, give this user the \
             right to write there, or copy it to where it may"
        }
        CatalogError::OlderReadOnly { .. } => "`prairie ls` brings it up to date where it may be written, or in a copy",
        CatalogError::LostDatabase { .. } | CatalogError::OtherStore { .. } => {
            "put `catalog.sqlite` back from a copy; without one, ingest the recordings into another store, and leave this \
             one as it is"
        }
        CatalogError::RolledBack { .. } => {
            "put the latest copy of `catalog.sqlite` back; removing `store.json` accepts this one, and `prairie gc` then \
             deletes what it does not name"
        }
        CatalogError::Conflict { .. } => "run it again: it sees what the other writer did",
        _ => return None,
    };
    Some(hint.to_owned())
}

/// The message of `error` and of everything that caused it, outermost first.
///
/// Errors of other crates print what caused them and name it as their source too: what the message before ends with is not
/// said twice.
pub fn causes(error: &dyn std::error::Error) -> Vec<String> {
    let mut said = vec![error.to_string()];
    let mut at = error.source();
    while let Some(cause) = at {
        let message = cause.to_string();
        if said.last().is_none_or(|last| !last.ends_with(&message)) {
            said.push(message);
        }
        at = cause.source();
    }
    said
}

/// The same in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    causes(error).join(": ")
}

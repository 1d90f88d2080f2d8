//! Which recordings lie under the paths that the user gave.

use std::fs;
use std::path::{Path, PathBuf};

use prairie_formats::sniff;
use prairie_model::Source;
use prairie_store::PathSource;

use crate::error::EngineError;

/// A recording that was found, or a path where none could be.
pub(crate) enum Found {
    /// A file or folder that is one recording, opened.
    Recording(String, PathSource),
    /// A path that cannot be opened, or a file that no reader knows.
    Failed(String, u64, EngineError),
}

/// Finds the recordings under `paths`, in the order of the paths, sorted inside folders.
///
/// A file is a recording. A folder is one if a reader claims it whole; otherwise everything inside it is looked at, except
/// hidden files.
pub(crate) fn recordings(paths: &[PathBuf]) -> Vec<Found> {
    let mut found = Vec::new();
    for path in paths {
        look(path, 0, &mut found);
    }
    found
}

/// Folders deeper than this are a loop of links rather than somebody's archive.
const DEEPEST: usize = 32;

fn look(path: &Path, depth: usize, found: &mut Vec<Found>) {
    let name = path.display().to_string();
    let failed = |source| EngineError::Open { path: name.clone(), source };
    if !path.is_dir() {
        found.push(match PathSource::open(path) {
            Ok(source) => Found::Recording(name, source),
            Err(error) => Found::Failed(name.clone(), 0, failed(error)),
        });
        return;
    }
    if may_be_one_recording(path) {
        match PathSource::open(path) {
            Ok(source) if sniff(&source).is_ok() => {
                found.push(Found::Recording(name, source));
                return;
            }
            Ok(_) => {}
            Err(error) => {
                let error = failed(error);
                found.push(Found::Failed(name, 0, error));
                return;
            }
        }
    }
    let entries = match entries(path) {
        Ok(entries) => entries,
        Err(error) => {
            let error = failed(error);
            found.push(Found::Failed(name, 0, error));
            return;
        }
    };
    let before = found.len();
    for entry in entries {
        if depth < DEEPEST {
            look(&entry, depth + 1, found);
        }
    }
    if found.len() == before && depth == 0 {
        let empty = EngineError::invalid(format!("folder `{name}`"), "there is no file in it");
        found.push(Found::Failed(name, 0, empty));
    }
}

/// Whether a folder looks like one recording from its own entries, so that a whole disk is not opened to find out.
fn may_be_one_recording(path: &Path) -> bool {
    path.join("meta").join("info.json").is_file() || path.join("metadata.yaml").is_file()
}

#[expect(clippy::disallowed_methods, reason = "the paths are the user's, and only their names are read here")]
fn entries(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            entries.push(entry.path());
        }
    }
    entries.sort();
    Ok(entries)
}

/// Bytes of all files of a recording.
pub(crate) fn size(source: &dyn Source) -> u64 {
    source.files().iter().map(|file| file.size).sum()
}

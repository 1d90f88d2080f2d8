//! The folder of an export: written beside its name, and there only when it is whole.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use prairie_model::Hash256;
use sha2::{Digest, Sha256};

use crate::error::EngineError;

/// A folder under construction. Dropped before [`Folder::keep`], it goes away.
pub(crate) struct Folder {
    at: PathBuf,
    name: PathBuf,
    kept: bool,
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> EngineError {
    let path = path.to_owned();
    move |source| EngineError::File { action, path, source }
}

#[expect(clippy::disallowed_methods, reason = "an export is a folder that the user named, outside the store")]
impl Folder {
    /// A new folder beside `name`, which must not exist or be empty.
    pub(crate) fn beside(name: &Path) -> Result<Self, EngineError> {
        match fs::read_dir(name).map(|mut entries| entries.next().is_some()) {
            Ok(true) => {
                return Err(EngineError::invalid(format!("folder `{}`", name.display()), "it is not empty"));
            }
            Ok(false) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed("read", name)(error)),
        }
        let parent = name.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(parent).map_err(failed("make", parent))?;
        let last = name.file_name().map(|last| last.to_string_lossy().into_owned());
        let last =
            last.ok_or_else(|| EngineError::invalid(format!("folder `{}`", name.display()), "it has no name"))?;
        let at = parent.join(format!(".{last}.{}.partial", std::process::id()));
        match fs::remove_dir_all(&at) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed("remove", &at)(error)),
        }
        fs::create_dir(&at).map_err(failed("make", &at))?;
        Ok(Self { at, name: name.to_owned(), kept: false })
    }

    /// Where it is while it is written.
    pub(crate) fn path(&self) -> &Path {
        &self.at
    }

    /// Writes a small file.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), EngineError> {
        let path = self.at.join(name);
        let mut file = File::create(&path).map_err(failed("write", &path))?;
        file.write_all(bytes).and_then(|()| file.sync_all()).map_err(failed("write", &path))
    }

    /// The SHA-256 of every file, by path with `/`.
    pub(crate) fn hashes(&self) -> Result<BTreeMap<String, Hash256>, EngineError> {
        let mut hashes = BTreeMap::new();
        let mut folders = vec![self.at.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).map_err(failed("read", &folder))? {
                let path = entry.map_err(failed("read", &folder))?.path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let hash = hash(&path).map_err(failed("read", &path))?;
                let inside = path.strip_prefix(&self.at).unwrap_or(&path);
                let parts: Vec<_> = inside.iter().map(|part| part.to_string_lossy()).collect();
                hashes.insert(parts.join("/"), hash);
            }
        }
        Ok(hashes)
    }

    /// Gives it its name. Everything in it is synced first.
    pub(crate) fn keep(mut self) -> Result<(), EngineError> {
        let mut folders = vec![self.at.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).map_err(failed("read", &folder))? {
                let path = entry.map_err(failed("read", &folder))?.path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    File::open(&path).and_then(|file| file.sync_all()).map_err(failed("sync", &path))?;
                }
            }
            File::open(&folder).and_then(|file| file.sync_all()).map_err(failed("sync", &folder))?;
        }
        // Renaming onto an empty folder replaces it.
        fs::rename(&self.at, &self.name).map_err(failed("write", &self.name))?;
        self.kept = true;
        Ok(())
    }
}

impl Drop for Folder {
    #[expect(clippy::disallowed_methods, reason = "see Folder")]
    fn drop(&mut self) {
        if !self.kept {
            // Nothing more can be done when it fails; the name ends in `.partial`.
            drop(fs::remove_dir_all(&self.at));
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "see Folder")]
fn hash(path: &Path) -> io::Result<Hash256> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut block = vec![0; 1 << 20];
    loop {
        match file.read(&mut block)? {
            0 => return Ok(Hash256::from_bytes(hash.finalize().into())),
            n => hash.update(&block[..n]),
        }
    }
}

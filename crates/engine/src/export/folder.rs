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
    /// The folder itself, locked while it is written, so that others see whether its writer still lives.
    lock: File,
    kept: bool,
}

/// The proof of an export, in its folder.
pub(crate) const PROOF: &str = "prairie-proof.json";

/// The most bytes of a proof that are looked at to say what a folder holds.
const PROOF_MAX_BYTES: u64 = 64 << 20;

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
                return Err(EngineError::invalid(format!("folder `{}`", name.display()), what_it_holds(name)));
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
        sweep(parent, &last).map_err(failed("read", parent))?;
        let mut number = 0_u32;
        let (at, lock) = loop {
            let at = parent.join(format!(".{last}.{}-{number}.partial", std::process::id()));
            number += 1;
            match fs::create_dir(&at) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(failed("make", &at)(error)),
            }
            // Another export may have taken the folder for one that was left behind, in the instant before it is locked.
            let lock = File::open(&at).and_then(|folder| folder.lock().map(|()| folder));
            match lock {
                Ok(lock) if at.is_dir() => break (at, lock),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    drop(fs::remove_dir_all(&at));
                    return Err(failed("lock", &at)(error));
                }
            }
        };
        Ok(Self { at, name: name.to_owned(), lock, kept: false })
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

    /// Gives it its name. Everything in it is synced first, and the name after.
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
        let parent = self.name.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(parent).and_then(|parent| parent.sync_all()).map_err(failed("sync", parent))?;
        self.lock.unlock().map_err(failed("unlock", &self.name))
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

/// A new file at `path`, with `/` between its parts, below the folder of an export; the folders above it too.
#[expect(clippy::disallowed_methods, reason = "see Folder")]
pub(crate) fn new_file(folder: &Path, path: &str) -> Result<File, EngineError> {
    let path = folder.join(path);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(failed("make", parent))?;
    }
    File::create(&path).map_err(failed("write", &path))
}

/// What a folder that is not empty holds, for the message that refuses it.
#[expect(clippy::disallowed_methods, reason = "see Folder")]
fn what_it_holds(name: &Path) -> String {
    let text = File::open(name.join(PROOF)).and_then(|file| io::read_to_string(file.take(PROOF_MAX_BYTES)));
    let proof: Option<serde_json::Value> = text.ok().and_then(|text| serde_json::from_str(&text).ok());
    let export = proof.and_then(|proof| {
        let (dataset, version) = (proof["dataset"].as_str()?.to_owned(), proof["version"].as_u64()?);
        Some(format!("it holds the export of `{dataset}@{version}`"))
    });
    format!("{}; name another one, or remove it first", export.unwrap_or_else(|| "it is not empty".to_owned()))
}

/// Removes what killed exports to the same name left behind: unfinished folders whose lock nobody holds.
#[expect(clippy::disallowed_methods, reason = "see Folder")]
fn sweep(parent: &Path, last: &str) -> io::Result<()> {
    for entry in fs::read_dir(parent)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let middle = name.strip_prefix(&format!(".{last}.")).and_then(|rest| rest.strip_suffix(".partial"));
        let Some((process, number)) = middle.and_then(|middle| middle.split_once('-')) else { continue };
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        // It may just have got its name.
        let Ok(folder) = File::open(entry.path()) else { continue };
        if is_number(process) && is_number(number) && folder.try_lock().is_ok() {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
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

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests make files of their own")]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<_> = entries.map(|name| name.into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_folder_is_there_only_when_it_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let name = dir.path().join("out");
        let folder = Folder::beside(&name).unwrap();
        folder.write("a", b"1").unwrap();
        assert!(!name.exists());
        assert_eq!(folder.hashes().unwrap().keys().collect::<Vec<_>>(), ["a"]);
        let other = Folder::beside(&name).unwrap();
        drop(other);
        folder.keep().unwrap();
        assert_eq!(names(dir.path()), ["out"]);
        assert_eq!(names(&name), ["a"]);
        let error = Folder::beside(&name).err().unwrap().to_string();
        assert!(error.contains("not empty") || format!("{error:?}").contains("not empty"), "{error}");
    }

    #[test]
    fn what_a_killed_export_left_is_swept_and_what_lives_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let left = dir.path().join(".out.1-0.partial");
        fs::create_dir(&left).unwrap();
        fs::write(left.join("a"), b"").unwrap();
        let of_another = dir.path().join(".out2.1-0.partial");
        fs::create_dir(&of_another).unwrap();
        let living = Folder::beside(&dir.path().join("out")).unwrap();
        assert!(!left.exists() && of_another.exists());
        let second = Folder::beside(&dir.path().join("out")).unwrap();
        assert!(living.path().exists() && second.path() != living.path());
    }
}

//! A volume that loses what was not synced.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use crate::{RealVolume, Volume};

/// The file system of this machine with a power switch, for tests.
///
/// Files lie where they always do. The volume remembers how many bytes of each were synced, and which names and folders
/// were made since their folder was synced. [`LossyVolume::lose`] then cuts the files down and removes the names: the worst
/// that a loss of power may do. After [`LossyVolume::fail_after`] calls every call fails, as for a process that is gone.
///
/// It does not bring back what was removed without a sync, and knows nothing of files that are not written through it.
#[derive(Debug, Default)]
pub struct LossyVolume {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    calls: u64,
    fail_after: Option<u64>,
    /// Synced bytes of every file that was made here, under each of its names.
    durable_bytes: BTreeMap<PathBuf, u64>,
    /// Names and folders whose entry was not synced.
    loose: BTreeSet<PathBuf>,
}

impl LossyVolume {
    /// From now on `calls` calls go well, and all after them fail.
    pub fn fail_after(&self, calls: u64) {
        let mut state = self.lock();
        state.calls = 0;
        state.fail_after = Some(calls);
    }

    /// Calls so far, or since [`Self::fail_after`].
    pub fn calls(&self) -> u64 {
        self.lock().calls
    }

    /// Loses everything that was not synced, and works again.
    pub fn lose(&self) -> io::Result<()> {
        let state = std::mem::take(&mut *self.lock());
        for (path, bytes) in state.durable_bytes {
            match File::options().write(true).open(&path) {
                Ok(file) if file.metadata()?.len() > bytes => file.set_len(bytes)?,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        // Folders sort before what is in them, so what is already gone with its folder is not there.
        for path in state.loose {
            match fs::symlink_metadata(&path) {
                Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(&path)?,
                Ok(_) => fs::remove_file(&path)?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The state stays whole when a test panics while it holds the lock.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn call(&self) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.lock();
        state.calls += 1;
        match state.fail_after {
            Some(limit) if state.calls > limit => Err(io::Error::other("the power is gone")),
            _ => Ok(state),
        }
    }
}

impl Volume for LossyVolume {
    fn create_file(&self, path: &Path) -> io::Result<File> {
        let mut state = self.call()?;
        let file = RealVolume.create_file(path)?;
        state.durable_bytes.insert(path.to_owned(), 0);
        state.loose.insert(path.to_owned());
        Ok(file)
    }

    fn sync_file(&self, path: &Path, file: &File) -> io::Result<()> {
        let mut state = self.call()?;
        let length = file.metadata()?.len();
        state.durable_bytes.insert(path.to_owned(), length);
        Ok(())
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        let mut state = self.call()?;
        RealVolume.create_folder(path)?;
        state.loose.insert(path.to_owned());
        Ok(())
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.call()?.loose.retain(|name| name.parent() != Some(path));
        Ok(())
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.call()?;
        RealVolume.link(from, to)?;
        if let Some(bytes) = state.durable_bytes.get(from).copied() {
            state.durable_bytes.insert(to.to_owned(), bytes);
        }
        state.loose.insert(to.to_owned());
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.call()?;
        RealVolume.remove(path)?;
        state.durable_bytes.remove(path);
        state.loose.remove(path);
        Ok(())
    }

    fn touch(&self, path: &Path, time: SystemTime) -> io::Result<()> {
        drop(self.call()?);
        RealVolume.touch(path, time)
    }
}

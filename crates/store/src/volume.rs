//! The few calls of a file system that [`crate::Disk`] makes.

use std::fmt::Debug;
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::SystemTime;

/// A file system, as far as a disk store needs one. Everything that must happen for durability is a call here, so that a
/// test can put a volume in its place that loses what was not synced.
pub trait Volume: Send + Sync + Debug {
    /// Makes a new, empty file.
    fn create_file(&self, path: &Path) -> io::Result<File>;
    /// Writes the file's bytes through to the device.
    fn sync_file(&self, path: &Path, file: &File) -> io::Result<()>;
    /// Makes a folder; its parent is there.
    fn create_folder(&self, path: &Path) -> io::Result<()>;
    /// Writes the folder's entries through to the device.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;
    /// Gives a file a second name; [`io::ErrorKind::AlreadyExists`] where the name is taken.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a name.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Sets the time of modification.
    fn touch(&self, path: &Path, time: SystemTime) -> io::Result<()>;
}

/// The file system of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealVolume;

impl Volume for RealVolume {
    fn create_file(&self, path: &Path) -> io::Result<File> {
        File::options().read(true).write(true).create_new(true).open(path)
    }

    fn sync_file(&self, _path: &Path, file: &File) -> io::Result<()> {
        file.sync_all()
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        fs::create_dir(path)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        // Only Unix lets a folder be opened and synced; elsewhere the file system orders its own entries.
        #[cfg(unix)]
        File::open(path)?.sync_all()?;
        #[cfg(not(unix))]
        let _ = path;
        Ok(())
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        match fs::hard_link(from, to) {
            // File systems without hard links (exFAT, some network shares). The check and the rename are two steps, but
            // keys name contents or are unique, so a rename that replaces an object replaces it by itself.
            Err(error) if matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied) => {
                if to.try_exists()? {
                    return Err(io::ErrorKind::AlreadyExists.into());
                }
                fs::rename(from, to)
            }
            done => done,
        }
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn touch(&self, path: &Path, time: SystemTime) -> io::Result<()> {
        File::options().write(true).open(path)?.set_modified(time)
    }
}

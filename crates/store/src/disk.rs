//! Objects in a folder of this machine.
//!
//! 1. Bytes go to a new file in `.tmp/`, which no key can name. Every 32 MiB a second thread starts to sync them, so that
//!    the device is busy while the caller still reads and hashes.
//! 2. `finish` syncs the file, makes the folders of the key, and *links* the file to its final name. A link fails where the
//!    name is taken, also when another process took it a moment ago: put-if-absent without a lock.
//! 3. It syncs the folder, also when the name was taken: the other process may not have come that far. Then it answers.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::SystemTime;

use crate::object::check_key;
use crate::path_source::read_file_at;
use crate::{ObjectMeta, ObjectReader, ObjectWriter, Objects, Put, RealVolume, Volume};

/// Folder of unfinished objects. No key begins with a dot.
const UNFINISHED: &str = ".tmp";

/// Bytes after which write-back is started.
const WRITE_BEHIND: u64 = 32 << 20;

/// Objects in a folder.
#[derive(Debug, Clone)]
pub struct Disk {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    root: PathBuf,
    volume: Arc<dyn Volume>,
    /// Folders whose own entry this process has synced.
    durable: Mutex<BTreeSet<PathBuf>>,
}

impl Disk {
    /// The objects below `root`, which is made when it is not there.
    pub fn open(root: &Path) -> io::Result<Self> {
        Self::on(root, Arc::new(RealVolume))
    }

    /// The objects below `root`, which must be there. Nothing is made, so that what may only be read can be.
    pub fn existing(root: &Path) -> io::Result<Self> {
        let root = root.canonicalize()?;
        Ok(Self { shared: Arc::new(Shared { root, volume: Arc::new(RealVolume), durable: Mutex::default() }) })
    }

    /// Why this process may not write into the folder; `None` where it may, or where only the try itself can tell (a disk
    /// that is full still lets things be deleted).
    ///
    /// A file is made and removed again: neither the bits of the folder nor the user's name tell whether a file system is
    /// mounted for reading only.
    pub fn refuses_writes(&self) -> Option<io::Error> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = self.shared.root.join(format!(".probe-{}-{count}", std::process::id()));
        match File::options().write(true).create(true).truncate(true).open(&path) {
            Ok(_) => {
                // OK to ignore: an empty hidden file is no object.
                fs::remove_file(&path).ok();
                None
            }
            Err(error) => {
                let refused = [io::ErrorKind::PermissionDenied, io::ErrorKind::ReadOnlyFilesystem];
                refused.contains(&error.kind()).then_some(error)
            }
        }
    }

    /// The same on another volume.
    pub fn on(root: &Path, volume: Arc<dyn Volume>) -> io::Result<Self> {
        let existed = root.is_dir();
        fs::create_dir_all(root)?;
        let root = root.canonicalize()?;
        // The entry of the root itself must last, too.
        if let Some(parent) = root.parent() {
            match volume.sync_folder(parent) {
                // A folder that may be passed but not listed cannot be synced. Whoever made the store in it could.
                Err(error) if existed && error.kind() == io::ErrorKind::PermissionDenied => {}
                synced => synced?,
            }
        }
        Ok(Self { shared: Arc::new(Shared { root, volume, durable: Mutex::default() }) })
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.shared.root
    }

    fn path(&self, key: &str) -> io::Result<PathBuf> {
        check_key(key)?;
        Ok(self.shared.root.join(key))
    }
}

impl Shared {
    /// Makes the folder and its parents up to the root, and syncs each one's entry once per process: another process may
    /// have made it and not synced it yet.
    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        if folder == self.root || self.durable.lock().unwrap_or_else(PoisonError::into_inner).contains(folder) {
            return Ok(());
        }
        let parent = folder.parent().ok_or(io::ErrorKind::InvalidInput)?;
        self.make_folder(parent)?;
        match self.volume.create_folder(folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => self.volume.sync_folder(parent)?,
        }
        self.durable.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.to_owned());
        Ok(())
    }
}

impl Objects for Disk {
    fn create(&self) -> io::Result<Box<dyn ObjectWriter>> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let folder = self.shared.root.join(UNFINISHED);
        self.shared.make_folder(&folder)?;
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_nanos());
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!("{now:x}-{}-{count}", std::process::id()));
        let file = self.shared.volume.create_file(&path)?;
        Ok(Box::new(DiskWriter { shared: Arc::clone(&self.shared), path, file, written: 0, behind: None }))
    }

    fn open(&self, key: &str) -> io::Result<Box<dyn ObjectReader>> {
        let file = File::open(self.path(key)?)?;
        let length = file.metadata()?.len();
        Ok(Box::new(DiskReader { file, length }))
    }

    fn size(&self, key: &str) -> io::Result<Option<u64>> {
        match fs::metadata(self.path(key)?) {
            Ok(metadata) => Ok(metadata.is_file().then_some(metadata.len())),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn list(&self, prefix: &str) -> io::Result<Vec<ObjectMeta>> {
        let prefix = prefix.trim_end_matches('/');
        let start = if prefix.is_empty() { self.shared.root.clone() } else { self.path(prefix)? };
        let mut found = Vec::new();
        let mut folders = vec![(start, prefix.to_owned())];
        while let Some((folder, key)) = folders.pop() {
            let entries = match fs::read_dir(&folder) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                entries => entries?,
            };
            for entry in entries {
                let entry = entry?;
                // What is no key is not ours: unfinished objects, the catalog's database beside, a desktop's files.
                let Some(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
                let key = if key.is_empty() { name } else { format!("{key}/{name}") };
                if check_key(&key).is_err() {
                    continue;
                }
                match entry.metadata() {
                    Ok(metadata) if metadata.is_dir() => folders.push((entry.path(), key)),
                    Ok(metadata) => {
                        found.push(ObjectMeta { key, size: metadata.len(), modified: metadata.modified()? });
                    }
                    // Deleted since the folder was read.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(error),
                }
            }
        }
        found.sort_by(|one, other| one.key.cmp(&other.key));
        Ok(found)
    }

    fn delete(&self, key: &str) -> io::Result<bool> {
        let path = self.path(key)?;
        match self.shared.volume.remove(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        }
        // OK to fall back to the root: a key is relative, so its path has a parent.
        self.shared.volume.sync_folder(path.parent().unwrap_or(&self.shared.root))?;
        Ok(true)
    }

    fn local_path(&self, key: &str) -> Option<PathBuf> {
        self.path(key).ok()
    }

    fn sweep(&self, before: SystemTime) -> io::Result<u64> {
        let entries = match fs::read_dir(self.shared.root.join(UNFINISHED)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            entries => entries?,
        };
        let mut freed = 0;
        for entry in entries {
            let entry = entry?;
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_file() && metadata.modified()? < before {
                self.shared.volume.remove(&entry.path())?;
                freed += metadata.len();
            }
        }
        Ok(freed)
    }
}

struct DiskWriter {
    shared: Arc<Shared>,
    path: PathBuf,
    file: File,
    written: u64,
    behind: Option<WriteBehind>,
}

/// A thread that syncs the file so far, whenever it is told to and is not at it already.
struct WriteBehind {
    bell: SyncSender<()>,
    thread: JoinHandle<io::Result<()>>,
}

impl WriteBehind {
    fn start(shared: &Arc<Shared>, path: &Path, file: &File) -> io::Result<Self> {
        let (bell, rings) = sync_channel(1);
        let (shared, path, file) = (Arc::clone(shared), path.to_owned(), file.try_clone()?);
        let thread = std::thread::Builder::new().name("write-behind".to_owned()).spawn(move || {
            while let Ok(()) = rings.recv() {
                shared.volume.sync_file(&path, &file)?;
            }
            Ok(())
        })?;
        Ok(Self { bell, thread })
    }

    /// Waits for the thread. Its error must not be lost: the system reports a failed write-back only once, and the sync
    /// at the end would no longer see it.
    fn join(self) -> io::Result<()> {
        drop(self.bell);
        self.thread.join().map_err(|_error| io::Error::other("the thread that syncs panicked"))?
    }
}

impl Write for DiskWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.file.write(bytes)?;
        let before = self.written;
        self.written += n as u64;
        if self.written / WRITE_BEHIND > before / WRITE_BEHIND {
            if self.behind.is_none() {
                self.behind = Some(WriteBehind::start(&self.shared, &self.path, &self.file)?);
            }
            if let Some(behind) = &self.behind
                && let Err(TrySendError::Disconnected(())) = behind.bell.try_send(())
            {
                // The thread has ended, so it has failed: say why now instead of after gigabytes.
                self.behind.take().map_or(Ok(()), WriteBehind::join)?;
                return Err(io::Error::other("the thread that syncs ended early"));
            }
        }
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl ObjectWriter for DiskWriter {
    fn finish(mut self: Box<Self>, key: &str) -> io::Result<Put> {
        check_key(key)?;
        let to = self.shared.root.join(key);
        // OK to fall back to the root: a key is relative, so its path has a parent.
        let folder = to.parent().unwrap_or(&self.shared.root).to_owned();
        self.behind.take().map_or(Ok(()), WriteBehind::join)?;
        let volume = &self.shared.volume;
        volume.sync_file(&self.path, &self.file)?;
        self.shared.make_folder(&folder)?;
        let put = match volume.link(&self.path, &to) {
            Ok(()) => Put::Created,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                volume.touch(&to, SystemTime::now())?;
                Put::Existed
            }
            Err(error) => return Err(error),
        };
        volume.sync_folder(&folder)?;
        Ok(put)
    }
}

impl Drop for DiskWriter {
    fn drop(&mut self) {
        if let Some(behind) = self.behind.take() {
            // Nobody waits for this object any more, so nobody needs the reason.
            behind.join().ok();
        }
        // What cannot be removed now is swept later.
        self.shared.volume.remove(&self.path).ok();
    }
}

struct DiskReader {
    file: File,
    length: u64,
}

impl ObjectReader for DiskReader {
    fn len(&self) -> u64 {
        self.length
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        read_file_at(&self.file, offset, buffer)
    }
}

//! The bytes of a recording where a person has them: a file or a folder.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use prairie_model::{Source, SourceFile};

/// Files that are kept open. Fewer than any system's limit, more than any reader reads at once.
const OPEN_FILES: usize = 64;

/// Folders inside folders.
const DEPTH_MAX: usize = 32;

/// Files in one recording.
const FILES_MAX: usize = 1_000_000;

/// Names of hidden files that belong to a recording: the descriptions of Zarr 2.
const DESCRIPTIONS: [&str; 4] = [".zarray", ".zattrs", ".zgroup", ".zmetadata"];

/// A file, or all files in a folder and the folders below it.
///
/// - Files are sorted by their path inside the folder, with `/` between its parts.
/// - Files and folders whose names begin with a dot are skipped: they belong to tools (`.cache`, `.git`, `.DS_Store`), not
///   to the recording. The descriptions of Zarr arrays (`.zarray`, `.zgroup`, `.zattrs`, `.zmetadata`) do.
/// - Symbolic links are followed, to files and to folders, also out of the folder: caches of dataset hubs are made of
///   links. A link to a folder that it is in is skipped, and so is one that leads nowhere.
/// - A file `X` alone brings `X-wal` along, the log that SQLite keeps beside a database, unless that is empty.
/// - What is neither file nor folder (pipes, sockets, devices) is skipped.
/// - A name that is not UTF-8 fails with [`io::ErrorKind::InvalidData`], since the manifest could not name it.
#[derive(Debug)]
pub struct PathSource {
    files: Vec<SourceFile>,
    paths: Vec<PathBuf>,
    modified: Vec<SystemTime>,
    open: Mutex<VecDeque<(usize, Arc<File>)>>,
}

impl PathSource {
    /// Looks at `path`, and reads nothing yet.
    pub fn open(path: &Path) -> io::Result<Self> {
        let metadata = fs::metadata(path)?;
        let mut found = Vec::new();
        if metadata.is_dir() {
            let real = path.canonicalize()?;
            walk(path, "", &mut vec![real], &mut found)?;
            if found.is_empty() {
                return Err(io::Error::new(io::ErrorKind::NotFound, "the folder holds no files"));
            }
        } else if metadata.is_file() {
            let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
            let name = name.to_str().ok_or_else(|| not_text(path))?.to_owned();
            found.extend(log_of(path, &name)?);
            found.push(Found { name, path: path.to_owned(), size: metadata.len(), modified: metadata.modified()? });
        } else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "neither a file nor a folder"));
        }
        found.sort_by(|one, other| one.name.cmp(&other.name));
        let mut source =
            Self { files: Vec::new(), paths: Vec::new(), modified: Vec::new(), open: Mutex::new(VecDeque::new()) };
        for file in found {
            source.files.push(SourceFile { path: file.name, size: file.size });
            source.paths.push(file.path);
            source.modified.push(file.modified);
        }
        Ok(source)
    }

    /// Whether every file still has the size and the time of modification that it had when the source was opened.
    pub fn unchanged(&self) -> bool {
        self.files.iter().zip(&self.paths).zip(&self.modified).all(|((file, path), modified)| {
            fs::metadata(path).is_ok_and(|metadata| {
                metadata.len() == file.size && metadata.modified().is_ok_and(|now| now == *modified)
            })
        })
    }

    fn file(&self, index: usize) -> io::Result<Arc<File>> {
        // The queue stays whole when a thread panics while it holds the lock: pushes and pops are single steps.
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let held = open.iter().position(|(held, _)| *held == index);
        if let Some(entry) = held.and_then(|at| open.remove(at)) {
            let file = Arc::clone(&entry.1);
            open.push_back(entry);
            return Ok(file);
        }
        let path = self.paths.get(index).ok_or(io::ErrorKind::NotFound)?;
        let file = Arc::new(File::open(path)?);
        if open.len() >= OPEN_FILES {
            open.pop_front();
        }
        open.push_back((index, Arc::clone(&file)));
        Ok(file)
    }
}

impl Source for PathSource {
    fn files(&self) -> &[SourceFile] {
        &self.files
    }

    fn read_at(&self, file: usize, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        read_file_at(&*self.file(file)?, offset, buffer)
    }
}

/// One `pread`, repeated when a signal interrupts it.
pub(crate) fn read_file_at(file: &File, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        #[cfg(unix)]
        let read = std::os::unix::fs::FileExt::read_at(file, buffer, offset);
        #[cfg(windows)]
        let read = std::os::windows::fs::FileExt::seek_read(file, buffer, offset);
        match read {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}

/// The log of an SQLite database (`run.db3-wal`), which holds what was not written into the file yet. An empty one adds nothing.
fn log_of(path: &Path, name: &str) -> io::Result<Option<Found>> {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    match fs::metadata(&log) {
        Ok(metadata) if metadata.is_file() && metadata.len() > 0 => Ok(Some(Found {
            name: format!("{name}-wal"),
            path: log.into(),
            size: metadata.len(),
            modified: metadata.modified()?,
        })),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(named(Path::new(&log), &error)),
        _ => Ok(None),
    }
}

struct Found {
    name: String,
    path: PathBuf,
    size: u64,
    modified: SystemTime,
}

/// An error that names what it is about: it may be one of a thousand files in a folder.
fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("`{}`: {error}", path.display()))
}

fn not_text(path: &Path) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the name of `{}` is not UTF-8", path.display()))
}

/// Adds the files of `folder`. `ancestors` are the real paths of the folders around, so that a link to one of them is not
/// followed in circles.
fn walk(folder: &Path, prefix: &str, ancestors: &mut Vec<PathBuf>, found: &mut Vec<Found>) -> io::Result<()> {
    if ancestors.len() > DEPTH_MAX {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("folders are nested more than {DEPTH_MAX} deep at `{}`", folder.display()),
        ));
    }
    for entry in fs::read_dir(folder).map_err(|error| named(folder, &error))? {
        let entry = entry.map_err(|error| named(folder, &error))?;
        let path = entry.path();
        let name = entry.file_name();
        if name.as_encoded_bytes().starts_with(b".") && !DESCRIPTIONS.iter().any(|description| name == *description) {
            continue;
        }
        let name = name.to_str().ok_or_else(|| not_text(&path))?;
        let name = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}/{name}") };
        let metadata = match fs::metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            metadata => metadata.map_err(|error| named(&path, &error))?,
        };
        if metadata.is_dir() {
            let real = path.canonicalize().map_err(|error| named(&path, &error))?;
            if !ancestors.contains(&real) {
                ancestors.push(real);
                walk(&path, &name, ancestors, found)?;
                ancestors.pop();
            }
        } else if metadata.is_file() {
            if found.len() >= FILES_MAX {
                return Err(io::Error::new(io::ErrorKind::InvalidData, format!("more than {FILES_MAX} files")));
            }
            found.push(Found { name, path, size: metadata.len(), modified: metadata.modified()? });
        }
    }
    Ok(())
}

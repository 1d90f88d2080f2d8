//! Which recordings lie under the paths that the user gave.

use std::fs;
use std::path::{Path, PathBuf};

use prairie_formats::{FormatError, sniff};
use prairie_model::Source;
use prairie_store::PathSource;

use crate::error::EngineError;
use crate::report::PassedOver;

/// A recording that was found, or a path where none could be.
pub(crate) enum Found {
    /// A file or folder that is one recording, opened.
    Recording(String, PathSource),
    /// A path that cannot be opened, or a file that no reader knows.
    Failed(String, u64, EngineError),
}

/// What lies under the paths.
#[derive(Default)]
pub(crate) struct Finds {
    /// The recordings, and what could not be taken.
    pub(crate) found: Vec<Found>,
    /// Papers beside the recordings.
    pub(crate) passed_over: PassedOver,
    /// The folders from the caller's down to the one that is looked at: a link to one of them leads round in a circle.
    above: Vec<PathBuf>,
}

/// Finds the recordings under `paths`, in the order of the paths, sorted inside folders.
///
/// A file is a recording. A folder is one if a reader claims it whole; otherwise everything inside it is looked at, except
/// hidden files. Inside a folder, texts that are plainly no recordings (`README.md`, `LICENSE`, `notes.csv`) are passed over;
/// a file that the caller names is taken or refused, whatever it is.
pub(crate) fn recordings(paths: &[PathBuf]) -> Finds {
    let mut finds = Finds::default();
    for path in paths {
        finds.look(path, 0);
    }
    finds
}

/// The one recording under a path.
pub(crate) fn only(path: &Path) -> Result<(String, PathSource), EngineError> {
    let mut found = recordings(&[path.to_owned()]).found;
    let count = found.len();
    match (found.pop(), count) {
        (Some(Found::Recording(name, source)), 1) => Ok((name, source)),
        (Some(Found::Failed(_, _, error)), 1) => Err(error),
        _ => {
            let why = format!("it holds {count} recordings: name one of them");
            Err(EngineError::invalid(format!("folder `{}`", path.display()), why))
        }
    }
}

/// Folders deeper than this are refused: nobody's archive is as deep.
const DEEPEST: usize = 32;

/// Bytes of a file that tell whether it is text.
const HEAD_BYTES: usize = 8 << 10;

/// What files are called that hold recordings, or parts of them. A file of such a name that is text after all is damaged, or
/// stands for another (Git LFS): nobody may take it for a paper.
const RECORDINGS: [&str; 23] = [
    "active", "arrow", "avi", "bag", "db3", "feather", "h5", "hdf5", "lz4", "mcap", "mkv", "mov", "mp4", "npy", "npz",
    "parquet", "rrd", "svo", "svo2", "webm", "zarr", "zst", "zstd",
];

impl Finds {
    fn look(&mut self, path: &Path, depth: usize) {
        let name = path.display().to_string();
        let failed = |source| EngineError::Open { path: name.clone(), source };
        if !path.is_dir() {
            match PathSource::open(path) {
                Ok(source) if depth > 0 && is_paper(path, &source) => self.passed_over.add(name),
                Ok(source) => self.found.push(Found::Recording(name, source)),
                Err(error) => self.found.push(Found::Failed(name.clone(), 0, failed(error))),
            }
            return;
        }
        if may_be_one_recording(path) {
            match PathSource::open(path) {
                // Also where several readers claim it, or it cannot be read: that is told of the folder, not of its files.
                Ok(source) if !matches!(sniff(&source), Err(FormatError::Unrecognized(_))) => {
                    self.found.push(Found::Recording(name, source));
                    return;
                }
                Ok(_) => {}
                Err(error) => {
                    let error = failed(error);
                    self.found.push(Found::Failed(name, 0, error));
                    return;
                }
            }
        }
        let entries = match entries(path) {
            Ok(entries) => entries,
            Err(error) => {
                let error = failed(error);
                self.found.push(Found::Failed(name, 0, error));
                return;
            }
        };
        if depth >= DEEPEST {
            let why = format!("it lies more than {DEEPEST} folders deep; name it, or one of the folders above it");
            self.found.push(Found::Failed(name.clone(), 0, EngineError::invalid(format!("folder `{name}`"), why)));
            return;
        }
        // A folder whose real path cannot be told is looked at: its depth is bounded.
        let real = path.canonicalize().unwrap_or_else(|_error| path.to_owned());
        if self.above.contains(&real) {
            self.passed_over.add(name);
            return;
        }
        self.above.push(real);
        let before = (self.found.len(), self.passed_over.count);
        for entry in entries.iter().filter(|entry| !belongs_to_database(entry, &entries)) {
            self.look(entry, depth + 1);
        }
        self.above.pop();
        if self.found.len() == before.0 && depth == 0 {
            let papers = self.passed_over.count > before.1;
            let why = if papers { "there is no recording in it" } else { "there is no file in it" };
            let empty = EngineError::invalid(format!("folder `{name}`"), why);
            self.found.push(Found::Failed(name, 0, empty));
        }
    }
}

/// Whether a file is what SQLite keeps beside a database that is there: its log, which comes with the database, or what it can do
/// without.
fn belongs_to_database(path: &Path, entries: &[PathBuf]) -> bool {
    let Some(name) = path.to_str() else { return false };
    let database = ["-wal", "-shm"].iter().find_map(|end| name.strip_suffix(end));
    database.is_some_and(|database| entries.iter().any(|entry| entry.as_path() == Path::new(database)))
}

/// Whether a file is plainly no recording: text that no reader claims, under a name that no recording has. What is empty or
/// binary may be one that is damaged, or of a format that Prairie does not know.
fn is_paper(path: &Path, source: &PathSource) -> bool {
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    if RECORDINGS.contains(&&*extension) || extension.starts_with("tfrecord") {
        return false;
    }
    let mut head = vec![0; HEAD_BYTES];
    let Ok(length) = source.read_at(0, 0, &mut head) else { return false };
    is_text(&head[..length]) && matches!(sniff(source), Err(FormatError::Unrecognized(_)))
}

/// Whether bytes begin a text. The last character may be cut.
fn is_text(head: &[u8]) -> bool {
    let is_whole = match std::str::from_utf8(head) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none() && head.len() == HEAD_BYTES,
    };
    let is_control = |byte: &u8| (*byte < b' ' && !b"\t\n\r\x0c".contains(byte)) || *byte == 0x7f;
    is_whole && !head.is_empty() && !head.iter().any(is_control)
}

/// Whether a folder looks like one recording from its own entries, so that a whole disk is not opened to find out.
///
/// What may not be looked at may be there: then opening the folder tells which file that is.
#[expect(clippy::disallowed_methods, reason = "the paths are the user's, and only their names are read here")]
fn may_be_one_recording(path: &Path) -> bool {
    let may_be_file = |path: PathBuf| match fs::metadata(path) {
        Ok(metadata) => metadata.is_file(),
        Err(error) => error.kind() == std::io::ErrorKind::PermissionDenied,
    };
    let marks = [
        ".zarray",
        ".zgroup",
        ".zmetadata",
        "data.json",
        "data/state.json",
        "episode_0000/data.json",
        "episode_0001/data.json",
        "features.json",
        "meta/info.json",
        "meta_data/info.json",
        "metadata.yaml",
        "recording.toml",
        "train/data-00000-of-00001.arrow",
        "train/state.json",
        "zarr.json",
    ];
    // AgiBot World has no file of a certain name: its numbers, videos and labels lie in folders.
    marks.iter().any(|mark| may_be_file(path.join(mark))) || path.join("proprio_stats").is_dir()
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

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "tests make files of their own")]

    use super::*;

    #[test]
    fn text_may_end_in_the_middle_of_a_character() {
        let mut long = vec![b'a'; HEAD_BYTES - 1];
        long.push("ö".as_bytes()[0]);
        assert!(is_text(&long) && is_text("Größe\n".as_bytes()));
        assert!(!is_text(&"ö".as_bytes()[..1]), "a file that ends there is no text");
        assert!(!is_text(b"") && !is_text(b"a\0b") && !is_text(b"\n\x12proto") && !is_text(b"\xff\xfea"));
    }

    #[test]
    fn papers_beside_recordings_are_passed_over_unless_they_are_named() {
        let dir = tempfile::TempDir::new().unwrap();
        let write = |name: &str, bytes: &[u8]| {
            let path = dir.path().join("day").join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, bytes).unwrap();
            path
        };
        let readme = write("README.md", b"# Day 1");
        let papers = ["LICENSE", "deep/notes.txt", "times.csv"].map(|name| write(name, "Größe".as_bytes()));
        let names = |finds: &Finds| -> Vec<String> {
            let one = |found: &Found| match found {
                Found::Recording(path, _) | Found::Failed(path, _, _) => path.clone(),
            };
            finds.found.iter().map(|found| one(found).rsplit('/').next().unwrap().to_owned()).collect()
        };
        let day = dir.path().join("day");
        let only = recordings(std::slice::from_ref(&day));
        assert!(
            matches!(&only.found[..], [Found::Failed(_, 0, error)] if error.to_string().contains("no recording in it"))
        );
        for (name, bytes) in [("a.mcap", b"version https://git-lfs".as_slice()), ("b.bin", b"\x01\0"), ("c.txt", b"")] {
            write(name, bytes);
        }
        let finds = recordings(&[day, readme.clone()]);
        assert_eq!(names(&finds), ["a.mcap", "b.bin", "c.txt", "README.md"], "the last one was named");
        assert_eq!(finds.passed_over.count, 4);
        let passed = [papers[0].clone(), readme, papers[1].clone(), papers[2].clone()];
        assert_eq!(finds.passed_over.paths, passed.map(|path| path.display().to_string()));
    }

    #[test]
    fn what_sqlite_keeps_beside_a_database_is_no_recording() {
        let dir = tempfile::TempDir::new().unwrap();
        for name in ["a.db3", "a.db3-shm", "a.db3-wal", "b.db3-wal"] {
            fs::write(dir.path().join(name), b"\x01\0").unwrap();
        }
        let finds = recordings(&[dir.path().to_owned()]);
        let found: Vec<_> = finds
            .found
            .iter()
            .map(|found| match found {
                Found::Recording(path, source) => (path.rsplit('/').next().unwrap().to_owned(), source.files().len()),
                Found::Failed(path, _, _) => panic!("{path}"),
            })
            .collect();
        assert_eq!(found, [("a.db3".to_owned(), 2), ("b.db3-wal".to_owned(), 1)]);
        assert_eq!(finds.passed_over.count, 0);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_a_folder_above_is_passed_over_and_a_folder_too_deep_is_told() {
        let dir = tempfile::TempDir::new().unwrap();
        let day = dir.path().join("day");
        fs::create_dir(&day).unwrap();
        fs::write(day.join("a.mcap"), b"x").unwrap();
        for name in ["b", "c"] {
            std::os::unix::fs::symlink(".", day.join(name)).unwrap();
        }
        let finds = recordings(std::slice::from_ref(&day));
        assert_eq!((finds.found.len(), finds.passed_over.count), (1, 2));
        let deep = (0..DEEPEST + 2).fold(day.clone(), |path, at| path.join(format!("d{at}")));
        fs::create_dir_all(&deep).unwrap();
        fs::write(deep.join("b.mcap"), b"x").unwrap();
        let finds = recordings(&[day]);
        assert!(
            finds
                .found
                .iter()
                .any(|found| matches!(found, Found::Failed(_, 0, error) if error.to_string().contains("folders deep")))
        );
    }
}

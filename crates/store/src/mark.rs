//! A small text beside the objects, which is replaced as a whole.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// More than any mark says.
const BYTES_MAX: u64 = 4096;

/// A file that says something short about a store, such as how far it has come.
///
/// Replacing it is atomic but not synced: after a loss of power an earlier text may be there, or none. So it may only say
/// what holds from then on.
#[derive(Debug, Clone)]
pub struct Mark {
    path: PathBuf,
}

impl Mark {
    /// The mark at `path`, which need not be there yet.
    pub fn at(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it says; `None` where there is none.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or is no text of at most 4096 bytes.
    pub fn read(&self) -> io::Result<Option<String>> {
        let file = match File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let mut text = String::new();
        // One byte more than there may be tells that there are too many.
        let read = file.take(BYTES_MAX + 1).read_to_string(&mut text)?;
        if read as u64 > BYTES_MAX {
            let why = format!("`{}` has more than {BYTES_MAX} bytes", self.path.display());
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        }
        Ok(Some(text))
    }

    /// Makes it say `text`.
    ///
    /// # Errors
    ///
    /// When the folder cannot be written. The old text stays then.
    pub fn replace(&self, text: &str) -> io::Result<()> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = self.path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy();
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let new = self.path.with_file_name(format!(".{name}.{}-{count}", std::process::id()));
        let write = || {
            File::create(&new)?.write_all(text.as_bytes())?;
            fs::rename(&new, &self.path)
        };
        write().inspect_err(|_error| {
            // OK to ignore: what is left is a hidden file of a few bytes, and the error is what must be told.
            fs::remove_file(&new).ok();
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_says_what_it_was_told_last() {
        let dir = tempfile::tempdir().unwrap();
        let mark = Mark::at(&dir.path().join("mark.json"));
        assert_eq!(mark.read().unwrap(), None);
        mark.replace("one").unwrap();
        mark.replace("two").unwrap();
        assert_eq!(mark.read().unwrap().as_deref(), Some("two"));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing else is left");
        mark.replace(&"x".repeat(5000)).unwrap();
        assert_eq!(mark.read().unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}

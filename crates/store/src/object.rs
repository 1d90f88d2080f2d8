//! What an object store can do.

use std::fmt::Debug;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::SystemTime;

use prairie_model::ObjectId;

/// A place for objects.
///
/// Keys are relative paths of `/`-separated parts made of ASCII letters, digits, `.`, `_` and `-`; no part begins with a
/// dot. Any other key is refused with [`io::ErrorKind::InvalidInput`].
pub trait Objects: Send + Sync + Debug {
    /// Begins an object. Nothing can be seen of it until [`ObjectWriter::finish`].
    fn create(&self) -> io::Result<Box<dyn ObjectWriter>>;

    /// Opens an object; [`io::ErrorKind::NotFound`] where there is none.
    fn open(&self, key: &str) -> io::Result<Box<dyn ObjectReader>>;

    /// Bytes of the object; `None` where there is none.
    fn size(&self, key: &str) -> io::Result<Option<u64>>;

    /// The objects whose keys begin with the folder `prefix` (`tables`, or empty for all), sorted by key.
    fn list(&self, prefix: &str) -> io::Result<Vec<ObjectMeta>>;

    /// Removes an object, durably; false where there was none.
    fn delete(&self, key: &str) -> io::Result<bool>;

    /// The file that holds the object, where it is one of this machine.
    fn local_path(&self, key: &str) -> Option<PathBuf>;

    /// Removes what writers that no longer live left unfinished before `before`; says how many bytes.
    fn sweep(&self, before: SystemTime) -> io::Result<u64>;
}

/// An object being written. Dropping it unfinished leaves nothing behind.
pub trait ObjectWriter: Write + Send {
    /// Puts the object under `key` unless there is one already, and returns once it is durable.
    ///
    /// An object that was already there is left alone, except that its time of modification becomes now: an orphan that is
    /// used again is not old.
    fn finish(self: Box<Self>, key: &str) -> io::Result<Put>;
}

/// An open object.
pub trait ObjectReader: Send + Sync {
    /// Bytes.
    fn len(&self) -> u64;

    /// Whether it has no bytes.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads at most `buffer.len()` bytes from `offset`, and says how many; zero only at the end.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;
}

/// What became of a put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// The object is new.
    Created,
    /// There was one already, and it stayed.
    Existed,
}

/// What a listing says of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectMeta {
    /// Its key.
    pub key: String,
    /// Bytes.
    pub size: u64,
    /// When it was put, or last put again.
    pub modified: SystemTime,
}

/// The key of a content-addressed object: `objects/ab/abcd…`.
pub fn object_key(id: ObjectId) -> String {
    let id = id.to_string();
    format!("objects/{}/{id}", &id[..2])
}

/// Refuses keys that could leave the store or hide in it.
pub(crate) fn check_key(key: &str) -> io::Result<()> {
    let part_is_good = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
    };
    if key.len() <= 512 && key.split('/').all(part_is_good) {
        return Ok(());
    }
    let shown: String = key.chars().take(80).collect();
    Err(io::Error::new(io::ErrorKind::InvalidInput, format!("`{shown}` cannot be the key of an object")))
}

/// Whether `key` lies in the folder `prefix`.
pub(crate) fn in_folder(key: &str, prefix: &str) -> bool {
    let prefix = prefix.trim_end_matches('/');
    prefix.is_empty() || key.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_cannot_leave_the_store() {
        for key in ["", "/etc/passwd", "../x", "a/../b", "a//b", "a/.tmp", "a\\b", "a/b c", "é"] {
            assert!(check_key(key).is_err(), "{key}");
        }
        assert!(check_key("tables/joint_state/0190-ab.parquet").is_ok());
    }

    #[test]
    fn folders_are_whole_parts() {
        assert!(in_folder("tables/a", "tables"));
        assert!(in_folder("tables/a", ""));
        assert!(!in_folder("tables2/a", "tables"));
    }
}

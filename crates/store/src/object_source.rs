//! The bytes of a recording that is in the store.

use std::io;
use std::sync::{Arc, OnceLock};

use prairie_model::{Source, SourceFile};

use crate::{ObjectReader, Objects};

/// One file of a stored recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFile {
    /// Path inside the recording.
    pub path: String,
    /// Key of the object.
    pub key: String,
    /// Bytes.
    pub size: u64,
}

/// A recording that is in the store. Objects are opened when they are first read.
pub struct ObjectSource {
    objects: Arc<dyn Objects>,
    files: Vec<SourceFile>,
    keys: Vec<String>,
    readers: Vec<OnceLock<Box<dyn ObjectReader>>>,
}

impl ObjectSource {
    /// The recording made of these files, in the order of their paths.
    pub fn new(objects: Arc<dyn Objects>, mut stored: Vec<StoredFile>) -> Self {
        stored.sort_by(|one, other| one.path.cmp(&other.path));
        let readers = stored.iter().map(|_| OnceLock::new()).collect();
        let (files, keys) =
            stored.into_iter().map(|file| (SourceFile { path: file.path, size: file.size }, file.key)).unzip();
        Self { objects, files, keys, readers }
    }
}

impl Source for ObjectSource {
    fn files(&self) -> &[SourceFile] {
        &self.files
    }

    fn read_at(&self, file: usize, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let slot = self.readers.get(file).ok_or(io::ErrorKind::NotFound)?;
        let reader = match slot.get() {
            Some(reader) => reader,
            None => {
                // Two threads may both open it; one reader is kept. OK to index: there are as many keys as readers.
                let opened = self.objects.open(&self.keys[file])?;
                slot.get_or_init(|| opened)
            }
        };
        reader.read_at(offset, buffer)
    }
}

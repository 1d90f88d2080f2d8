//! Objects in memory.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use crate::object::{check_key, in_folder};
use crate::{ObjectMeta, ObjectReader, ObjectWriter, Objects, Put};

#[derive(Debug)]
struct Held {
    bytes: Arc<[u8]>,
    modified: SystemTime,
}

type Shared = Arc<Mutex<BTreeMap<String, Held>>>;

/// Objects in memory, for tests. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    objects: Shared,
}

/// The map stays whole when a thread panics while it holds the lock: every change to it is one insert or remove.
fn lock(shared: &Shared) -> MutexGuard<'_, BTreeMap<String, Held>> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Objects for Memory {
    fn create(&self) -> io::Result<Box<dyn ObjectWriter>> {
        Ok(Box::new(MemoryWriter { objects: Arc::clone(&self.objects), bytes: Vec::new() }))
    }

    fn open(&self, key: &str) -> io::Result<Box<dyn ObjectReader>> {
        check_key(key)?;
        let held = lock(&self.objects);
        let object = held.get(key).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        Ok(Box::new(MemoryReader { bytes: Arc::clone(&object.bytes) }))
    }

    fn size(&self, key: &str) -> io::Result<Option<u64>> {
        check_key(key)?;
        Ok(lock(&self.objects).get(key).map(|object| object.bytes.len() as u64))
    }

    fn list(&self, prefix: &str) -> io::Result<Vec<ObjectMeta>> {
        let held = lock(&self.objects);
        let found = held.iter().filter(|(key, _)| in_folder(key, prefix)).map(|(key, object)| ObjectMeta {
            key: key.clone(),
            size: object.bytes.len() as u64,
            modified: object.modified,
        });
        Ok(found.collect())
    }

    fn delete(&self, key: &str) -> io::Result<bool> {
        check_key(key)?;
        Ok(lock(&self.objects).remove(key).is_some())
    }

    fn local_path(&self, _key: &str) -> Option<PathBuf> {
        None
    }

    fn sweep(&self, _before: SystemTime) -> io::Result<u64> {
        Ok(0)
    }
}

struct MemoryWriter {
    objects: Shared,
    bytes: Vec<u8>,
}

impl Write for MemoryWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl ObjectWriter for MemoryWriter {
    fn finish(self: Box<Self>, key: &str) -> io::Result<Put> {
        check_key(key)?;
        let mut held = lock(&self.objects);
        if let Some(object) = held.get_mut(key) {
            object.modified = SystemTime::now();
            return Ok(Put::Existed);
        }
        held.insert(key.to_owned(), Held { bytes: self.bytes.into(), modified: SystemTime::now() });
        Ok(Put::Created)
    }
}

struct MemoryReader {
    bytes: Arc<[u8]>,
}

impl ObjectReader for MemoryReader {
    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = usize::try_from(offset).ok().and_then(|offset| self.bytes.get(offset..)).unwrap_or_default();
        let n = rest.len().min(buffer.len());
        buffer[..n].copy_from_slice(&rest[..n]);
        Ok(n)
    }
}

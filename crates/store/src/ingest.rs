//! From a source into the store: one pass that reads, hashes and writes.

use std::error::Error;
use std::sync::mpsc::sync_channel;
use std::{fmt, io};

use prairie_model::{ObjectId, Source};
use sha2::{Digest, Sha256};

use crate::{ObjectWriter, Objects, object_key};

/// Bytes per block. Large enough that a block costs one call and little else, small enough to stay in the cache between
/// reading and hashing.
const BLOCK: usize = 1 << 20;

/// Blocks between the thread that hashes and the thread that writes.
const IN_FLIGHT: usize = 8;

/// Why a file could not be copied into the store: it matters whose fault it is.
#[derive(Debug)]
pub enum StageError {
    /// The file could not be read, or changed meanwhile.
    Source(io::Error),
    /// The copy could not be written.
    Store(io::Error),
}

impl fmt::Display for StageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Source(_) => "failed to read the file",
            Self::Store(_) => "failed to write the copy",
        })
    }
}

impl Error for StageError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Source(error) | Self::Store(error) => Some(error),
        }
    }
}

impl From<StageError> for io::Error {
    fn from(error: StageError) -> Self {
        match error {
            StageError::Source(error) | StageError::Store(error) => error,
        }
    }
}

/// A copy of a file on its way into the store: all its bytes are written, and its hash is known, but nothing is durable yet.
/// Dropping it removes the copy.
pub struct Staged {
    writer: Box<dyn ObjectWriter>,
    id: ObjectId,
    bytes: u64,
}

impl Staged {
    /// The hash of the bytes.
    pub fn id(&self) -> ObjectId {
        self.id
    }

    /// How many bytes there are.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Puts the copy under the hash of its content. It is durable on return.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub fn finish(self) -> io::Result<(ObjectId, u64)> {
        self.writer.finish(&object_key(self.id))?;
        Ok((self.id, self.bytes))
    }
}

/// Copies a file of a source into the store under the hash of its content, and gives the hash and the bytes.
///
/// As [`stage`], and durable on return.
///
/// # Errors
///
/// As [`stage`].
pub fn copy_hashed(
    source: &dyn Source,
    file: usize,
    objects: &dyn Objects,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<(ObjectId, u64), StageError> {
    stage(source, file, objects, progress)?.finish().map_err(StageError::Store)
}

/// Copies and hashes a file of a source; making it durable is left to [`Staged::finish`], so that it can go on beside other
/// work.
///
/// One thread reads and hashes while another writes. `progress` is told the bytes so far.
///
/// # Errors
///
/// When the source or the store fails, and says which. A file that does not have the size its source claims fails with
/// [`io::ErrorKind::InvalidData`]: it changes while it is read.
pub fn stage(
    source: &dyn Source,
    file: usize,
    objects: &dyn Objects,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Staged, StageError> {
    let mut writer = objects.create().map_err(StageError::Store)?;
    let (full, to_write) = sync_channel::<Vec<u8>>(IN_FLIGHT);
    let (empty, to_fill) = sync_channel::<Vec<u8>>(IN_FLIGHT);
    let (read, written) = std::thread::scope(|scope| {
        let thread = scope.spawn(move || {
            while let Ok(block) = to_write.recv() {
                writer.write_all(&block)?;
                // The reader may have ended, and then nobody fills the block again.
                empty.try_send(block).ok();
            }
            Ok::<_, io::Error>(writer)
        });
        let mut done = 0;
        let read = read_blocks(source, file, |block| {
            done += block.len() as u64;
            progress(done);
            // A writer that is gone has failed, and says why when it is joined.
            full.send(std::mem::take(block))
                .map_err(|_error| io::Error::other("the thread that writes ended early"))?;
            *block = to_fill.try_recv().unwrap_or_default();
            Ok(())
        });
        drop(full);
        let written = thread.join().unwrap_or_else(|_| Err(io::Error::other("the thread that writes panicked")));
        (read, written)
    });
    // The writer's error first: when it failed, the reader only knows that it is gone.
    let writer = written.map_err(StageError::Store)?;
    let (id, bytes) = read.map_err(StageError::Source)?;
    Ok(Staged { writer, id, bytes })
}

/// Hashes a file of a source; as [`stage`] does, without the copy.
///
/// # Errors
///
/// When the source fails, as in [`stage`].
pub fn hash_file(source: &dyn Source, file: usize, progress: &(dyn Fn(u64) + Sync)) -> io::Result<(ObjectId, u64)> {
    let mut done = 0;
    read_blocks(source, file, |block| {
        done += block.len() as u64;
        progress(done);
        Ok(())
    })
}

/// Reads and hashes block by block. `take` may replace the block by another buffer.
fn read_blocks(
    source: &dyn Source,
    file: usize,
    mut take: impl FnMut(&mut Vec<u8>) -> io::Result<()>,
) -> io::Result<(ObjectId, u64)> {
    let claimed = source.files().get(file).ok_or(io::ErrorKind::NotFound)?;
    let mut hash = Sha256::new();
    let mut bytes = 0;
    let mut block = Vec::new();
    loop {
        block.resize(BLOCK, 0);
        let mut filled = 0;
        while filled < BLOCK {
            match source.read_at(file, bytes + filled as u64, &mut block[filled..])? {
                0 => break,
                n => filled += n,
            }
        }
        block.truncate(filled);
        if filled == 0 {
            break;
        }
        hash.update(&block);
        bytes += filled as u64;
        if bytes > claimed.size {
            break;
        }
        take(&mut block)?;
    }
    if bytes != claimed.size {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!(
                "`{}` had {} bytes and now has another size: it changes while it is read",
                claimed.path, claimed.size
            ),
        ));
    }
    Ok((ObjectId::from_bytes(hash.finalize().into()), bytes))
}

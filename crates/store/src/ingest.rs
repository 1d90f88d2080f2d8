//! From a source into the store: one pass that reads, hashes and writes.

use std::io;
use std::sync::mpsc::sync_channel;

use prairie_model::{ObjectId, Source};
use sha2::{Digest, Sha256};

use crate::{Objects, object_key};

/// Bytes per block. Large enough that a block costs one call and little else, small enough to stay in the cache between
/// reading and hashing.
const BLOCK: usize = 1 << 20;

/// Blocks between the thread that hashes and the thread that writes.
const IN_FLIGHT: usize = 8;

/// Copies a file of a source into the store under the hash of its content, and gives the hash and the bytes.
///
/// One thread reads and hashes while another writes. `progress` is told the bytes of every block. The object is durable on
/// return. A file that does not have the size its source claims fails with [`io::ErrorKind::InvalidData`]: it changes while
/// it is read.
pub fn copy_hashed(
    source: &dyn Source,
    file: usize,
    objects: &dyn Objects,
    progress: &(dyn Fn(u64) + Sync),
) -> io::Result<(ObjectId, u64)> {
    let mut writer = objects.create()?;
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
        let read = read_blocks(source, file, |block| {
            progress(block.len() as u64);
            // A writer that is gone has failed, and says why when it is joined.
            full.send(std::mem::take(block)).map_err(|_| io::Error::other("the thread that writes ended early"))?;
            *block = to_fill.try_recv().unwrap_or_default();
            Ok(())
        });
        drop(full);
        let written = thread.join().unwrap_or_else(|_| Err(io::Error::other("the thread that writes panicked")));
        (read, written)
    });
    // The writer's error first: when it failed, the reader only knows that it is gone.
    let writer = written?;
    let (id, bytes) = read?;
    writer.finish(&object_key(id))?;
    Ok((id, bytes))
}

/// Hashes a file of a source; as [`copy_hashed`] does, without the copy.
pub fn hash_file(source: &dyn Source, file: usize) -> io::Result<(ObjectId, u64)> {
    read_blocks(source, file, |_| Ok(()))
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

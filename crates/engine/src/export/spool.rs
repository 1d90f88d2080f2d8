//! Encoded frames of one camera and episode, in a file until it is certain that the whole episode can be written.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::error::EngineError;

/// Frames in the order in which they were encoded. Dropped, the file goes away.
pub(crate) struct Spool {
    path: PathBuf,
    file: BufWriter<File>,
    /// Length of each frame, and whether a decoder can start there.
    frames: Vec<(u32, bool)>,
}

impl Spool {
    /// An empty file at `path`.
    #[expect(clippy::disallowed_methods, reason = "an export is a folder that the user named, outside the store")]
    pub(crate) fn create(path: &Path) -> Result<Self, EngineError> {
        let file = File::options().read(true).write(true).create_new(true).open(path);
        let file = file.map_err(failed("write", path))?;
        Ok(Self { path: path.to_owned(), file: BufWriter::with_capacity(1 << 18, file), frames: Vec::new() })
    }

    /// Appends a frame.
    pub(crate) fn push(&mut self, bytes: &[u8], is_key: bool) -> Result<(), EngineError> {
        let length = u32::try_from(bytes.len());
        let length = length.map_err(|_wide| EngineError::Bug(format!("a frame of {} bytes", bytes.len())))?;
        self.file.write_all(bytes).map_err(failed("write", &self.path))?;
        self.frames.push((length, is_key));
        Ok(())
    }

    /// Bytes of each frame.
    pub(crate) fn lengths(&self) -> Vec<u64> {
        self.frames.iter().map(|(length, _)| u64::from(*length)).collect()
    }

    /// Gives every frame to `take`: its bytes, whether it is a key frame, and its number.
    pub(crate) fn read(
        mut self,
        take: &mut dyn FnMut(Vec<u8>, bool, u32) -> Result<(), EngineError>,
    ) -> Result<(), EngineError> {
        self.file.flush().map_err(failed("write", &self.path))?;
        self.file.seek(SeekFrom::Start(0)).map_err(failed("read", &self.path))?;
        let mut input = BufReader::with_capacity(1 << 18, self.file.get_ref());
        for ((length, is_key), number) in self.frames.iter().zip(0..) {
            // OK to cast: 32 bits fit into usize.
            let mut bytes = vec![0; *length as usize];
            input.read_exact(&mut bytes).map_err(failed("read", &self.path))?;
            take(bytes, *is_key, number)?;
        }
        Ok(())
    }
}

impl Drop for Spool {
    #[expect(clippy::disallowed_methods, reason = "see Spool::create")]
    fn drop(&mut self) {
        // When it fails, the folder that it lies in goes away without getting its name, or the hashes show the file.
        drop(fs::remove_file(&self.path));
    }
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> EngineError {
    let path = path.to_owned();
    move |source| EngineError::File { action, path, source }
}

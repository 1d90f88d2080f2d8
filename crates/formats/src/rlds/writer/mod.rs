//! Writes RLDS data sets that TensorFlow Datasets opens with `builder_from_directory`.
//!
//! ```text
//!   begin(split, columns) ─ picture* ─ finish     (as often as there are episodes)     ─▶ finish(features)
//!
//!   NAME-train.tfrecord-00000-of-00002      one record per episode; a new file after 256 MiB
//!   features.json  dataset_info.json        written last
//! ```
//!
//! A record holds all of an episode, behind its length and before its checksum: numbers and texts are given at once, pictures by
//! their lengths first, and one after the other when it is their turn. How many files a split has is known at the end, so that
//! files get their names then.
//!
//! What it does *not* do: sequences within a step, tensors of unknown size, encoding of pictures.
//!
//! **Invariant:** memory holds the numbers of one episode and one picture.

mod description;
mod example;

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::Value;

pub use self::description::{NewFeature, NewKind, dataset_name};
pub use self::example::{Column, Values};
use self::example::{Layout, Piece};
use super::crc::{Masked, masked};
use super::dataset::RECORD_MAX_BYTES;
use super::info::{FEATURES, INFO, TEMPLATE, fill};
use crate::FormatError;

/// Bytes after which a split goes on in another file.
const SHARD_BYTES: u64 = 256 << 20;

/// Where files go. This crate opens none itself.
pub trait Folder {
    /// A file that is being written.
    type File: Write;

    /// Creates a file in the folder of the data set.
    ///
    /// # Errors
    ///
    /// When it cannot be created.
    fn create(&mut self, name: &str) -> io::Result<Self::File>;

    /// Gives a file that was created, written and closed another name.
    ///
    /// # Errors
    ///
    /// When it cannot be renamed.
    fn rename(&mut self, from: &str, to: &str) -> io::Result<()>;
}

/// What a data set is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDataset {
    /// Its name, as [`dataset_name`] gives it.
    pub name: String,
    /// Its version: `1.0.0`.
    pub version: String,
    /// What it is, for people.
    pub description: String,
    /// Its licence, where it is known.
    pub licence: Option<String>,
}

/// A part of the split under construction.
struct Split<F> {
    /// Records in each file, and bytes of it.
    shards: Vec<(u64, u64)>,
    /// The file that records go to; none while the last one is full.
    open: Option<F>,
}

/// A data set under construction.
pub struct RldsWriter<F: Folder> {
    folder: F,
    new: NewDataset,
    splits: BTreeMap<String, Split<F::File>>,
}

/// A record under construction.
pub struct EpisodeRecord<'a, F: Folder> {
    split: &'a mut Split<F::File>,
    layout: Layout,
    crc: Masked,
    length: u64,
}

fn failed(source: io::Error) -> FormatError {
    FormatError::Write { what: "the RLDS data set", source }
}

/// What a file is called until the last one of its split is there.
fn under_way(split: &str, shard: usize) -> String {
    format!("{split}.{shard:05}.partial")
}

impl<F: Folder> RldsWriter<F> {
    /// A data set without records.
    pub fn new(folder: F, new: NewDataset) -> Self {
        Self { folder, new, splits: BTreeMap::new() }
    }

    /// Begins the record of an episode with all its columns. Pictures follow one by one, in the order of their keys.
    ///
    /// # Errors
    ///
    /// When the record would be too long for Protocol Buffers, a key comes twice, or the output cannot be written.
    pub fn begin(&mut self, split: &str, columns: Vec<Column>) -> Result<EpisodeRecord<'_, F>, FormatError> {
        let layout = Layout::new(columns)?;
        let length = layout.bytes();
        if length > RECORD_MAX_BYTES {
            let text =
                format!("its record would have {length} bytes, and {RECORD_MAX_BYTES} is what Protocol Buffers allow");
            return Err(FormatError::Unsupported(text));
        }
        let state = self.splits.entry(split.to_owned()).or_insert_with(|| Split { shards: Vec::new(), open: None });
        if state.shards.last().is_none_or(|(_, bytes)| *bytes >= SHARD_BYTES) {
            // The full file is closed before there is another.
            state.open = None;
            state.open = Some(self.folder.create(&under_way(split, state.shards.len())).map_err(failed)?);
            state.shards.push((0, 0));
        }
        let mut record = EpisodeRecord { split: state, layout, crc: Masked::new(), length };
        let head = length.to_le_bytes();
        record.put(&head)?;
        record.put(&masked(&head).to_le_bytes())?;
        record.crc = Masked::new();
        record.go_on()?;
        Ok(record)
    }

    /// Names the files and writes the descriptions: what a record holds, and how many records each file has. Gives the folder back.
    ///
    /// # Errors
    ///
    /// When something cannot be written or renamed.
    pub fn finish(self, features: &[NewFeature]) -> Result<F, FormatError> {
        let Self { mut folder, new, splits } = self;
        let mut told = Vec::new();
        for (name, split) in splits {
            drop(split.open);
            let count = split.shards.len();
            for shard in 0..count {
                let file = fill(TEMPLATE, &new.name, &name, shard, count);
                folder.rename(&under_way(&name, shard), &file).map_err(failed)?;
            }
            told.push((name, split.shards));
        }
        let texts = [(FEATURES, description::features(features)), (INFO, description::info(&new, &told))];
        for (name, text) in texts {
            let text: Value = text;
            let text = format!("{text:#}\n");
            let mut file = folder.create(name).map_err(failed)?;
            file.write_all(text.as_bytes()).and_then(|()| file.flush()).map_err(failed)?;
        }
        Ok(folder)
    }
}

impl<F: Folder> EpisodeRecord<'_, F> {
    /// Takes the next picture, whose length was announced.
    ///
    /// # Errors
    ///
    /// When it has another length, none is due, or the output cannot be written.
    pub fn picture(&mut self, bytes: &[u8]) -> Result<(), FormatError> {
        if self.layout.due() != Some(bytes.len() as u64) {
            let text = format!("a picture of {} bytes is not the next of its record", bytes.len());
            return Err(FormatError::Unsupported(text));
        }
        let head = self.layout.take();
        self.put(&head)?;
        self.put(bytes)?;
        self.go_on()
    }

    /// Ends the record. All pictures must have come.
    ///
    /// # Errors
    ///
    /// When pictures are missing, or the output cannot be written.
    pub fn finish(mut self) -> Result<(), FormatError> {
        if self.layout.due().is_some() {
            return Err(FormatError::Unsupported("pictures of a record are missing".to_owned()));
        }
        let sum = self.crc.finish();
        self.put(&sum.to_le_bytes())?;
        if let Some(file) = &mut self.split.open {
            file.flush().map_err(failed)?;
        }
        if let Some((records, bytes)) = self.split.shards.last_mut() {
            *records += 1;
            // Length and record, each with its checksum.
            *bytes += 8 + 4 + self.length + 4;
        }
        Ok(())
    }

    /// Writes what comes before the next picture, or before the end.
    fn go_on(&mut self) -> Result<(), FormatError> {
        while let Some(piece) = self.layout.next_piece() {
            match piece {
                Piece::Bytes(bytes) => self.put(&bytes)?,
                Piece::Picture => break,
            }
        }
        Ok(())
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), FormatError> {
        self.crc.update(bytes);
        let closed = || FormatError::Unsupported("a record without a file".to_owned());
        self.split.open.as_mut().ok_or_else(closed)?.write_all(bytes).map_err(failed)
    }
}

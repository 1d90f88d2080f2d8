//! The keys of a store, in a folder or in a ZIP archive, and the bytes under them.

use prairie_model::Source;

use crate::FormatError;
use crate::zip::Zip;

/// Folders that macOS puts into archives beside what they are about.
const FOREIGN: &str = "__MACOSX/";

/// A store.
pub(super) struct Store<'a> {
    pub(super) source: &'a dyn Source,
    zip: Option<Zip>,
}

/// What lies under one key: a file, or an entry of the archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Item(usize);

impl<'a> Store<'a> {
    /// Opens the store: the central directory of an archive is read, of a folder nothing.
    pub(super) fn open(source: &'a dyn Source) -> Result<Self, FormatError> {
        let zip = is_zip(source).then(|| Zip::open(source, 0)).transpose()?;
        Ok(Self { source, zip })
    }

    /// Keys in it.
    pub(super) fn len(&self) -> usize {
        self.zip.as_ref().map_or(self.source.files().len(), Zip::len)
    }

    /// The key of an item.
    pub(super) fn key(&self, item: Item) -> &str {
        match &self.zip {
            Some(zip) => zip.name(item.0),
            None => self.source.files().get(item.0).map(|file| file.path.as_str()).unwrap_or_default(),
        }
    }

    /// The items whose keys begin so, in the order of their keys.
    pub(super) fn under(&self, prefix: &str) -> impl Iterator<Item = Item> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            match self.key(Item(middle)) < prefix {
                true => low = middle + 1,
                false => high = middle,
            }
        }
        let is_foreign = |item: &Item| self.key(*item).starts_with(FOREIGN);
        let prefix = prefix.to_owned();
        (low..self.len())
            .map(Item)
            .take_while(move |item| self.key(*item).starts_with(&prefix))
            .filter(move |item| !is_foreign(item))
    }

    /// Bytes of an item, as it claims.
    pub(super) fn size(&self, item: Item) -> u64 {
        match &self.zip {
            Some(zip) => zip.size(item.0),
            None => self.source.files().get(item.0).map_or(0, |file| file.size),
        }
    }

    /// The file of the recording that an item is in, and where in it the item begins: at its local header in an archive.
    pub(super) fn place(&self, item: Item) -> (usize, u64) {
        match &self.zip {
            Some(zip) => (0, zip.header(item.0)),
            None => (item.0, 0),
        }
    }

    /// The item at a place.
    pub(super) fn at(&self, file: usize, offset: u64) -> Option<Item> {
        match &self.zip {
            Some(zip) => zip.at(offset).filter(|_| file == 0).map(Item),
            None => (file < self.len()).then_some(Item(file)),
        }
    }

    /// File, offset and length of the bytes of an item as they lie in the recording; `None` where the archive compresses them.
    pub(super) fn bare(&self, item: Item) -> Result<Option<(usize, u64, u64)>, FormatError> {
        Ok(match &self.zip {
            Some(zip) => zip.stored(self.source, item.0)?.map(|(offset, length)| (0, offset, length)),
            None => Some((item.0, 0, self.size(item))),
        })
    }

    /// All bytes of an item, `limit` at most.
    pub(super) fn read(&self, item: Item, limit: u64) -> Result<Vec<u8>, FormatError> {
        let Some(zip) = &self.zip else {
            let size = self.size(item);
            if size > limit {
                return Err(self.damaged(item, 0, format!("it has {size} bytes, and {limit} are read")));
            }
            return self.exact(item.0, 0, size);
        };
        zip.read(self.source, item.0, limit)
    }

    /// A part of an item.
    pub(super) fn range(&self, item: Item, offset: u64, length: u64, limit: u64) -> Result<Vec<u8>, FormatError> {
        if offset.checked_add(length).is_none_or(|end| end > self.size(item)) {
            let why = format!("{length} bytes are wanted there of {}", self.size(item));
            return Err(self.damaged(item, offset, why));
        }
        if let Some((file, begin, stored)) = self.bare(item)?
            && offset + length <= stored
        {
            return self.exact(file, begin + offset, length);
        }
        let whole = self.read(item, limit)?;
        // OK to cast: the range lies within what is in memory.
        let (from, to) = (offset as usize, (offset + length) as usize);
        whole.get(from..to).map(<[u8]>::to_vec).ok_or_else(|| self.damaged(item, offset, "it ends early".to_owned()))
    }

    fn exact(&self, file: usize, offset: u64, length: u64) -> Result<Vec<u8>, FormatError> {
        let path = || self.source.files().get(file).map(|file| file.path.clone()).unwrap_or_default();
        self.source.read_exact(file, offset, length).map_err(|source| match source.kind() {
            // The file has become shorter than it was when the source was opened.
            std::io::ErrorKind::UnexpectedEof => {
                FormatError::Cut { what: "a chunk", file: path(), offset, why: format!("{length} bytes are wanted") }
            }
            _ => FormatError::Io { file: path(), source },
        })
    }

    /// Damage of an item.
    pub(super) fn damaged(&self, item: Item, offset: u64, why: String) -> FormatError {
        let (file, begin) = self.place(item);
        let path = self.source.files().get(file).map(|file| file.path.clone()).unwrap_or_default();
        let why = if self.zip.is_some() { format!("`{}`: {why}", self.key(item)) } else { why };
        FormatError::Damaged { what: "a part of the store", file: path, offset: begin.saturating_add(offset), why }
    }
}

/// Whether the recording is one file that begins as a ZIP archive.
pub(super) fn is_zip(source: &dyn Source) -> bool {
    let mut head = [0; 4];
    source.files().len() == 1 && source.read_at(0, 0, &mut head).is_ok_and(|n| n == 4 && head == *crate::zip::MAGIC)
}

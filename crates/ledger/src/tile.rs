//! A log as static files (<https://c2sp.org/tlog-tiles>): their names, what is in them, and how they are made.
//!
//! ```text
//!   entry ──▶ bundle   tile/entries/NNN     256 entries, each after its length in two bytes
//!     └─────▶ tile     tile/0/NNN           256 leaf hashes
//!               └────▶ tile                 tile/1/NNN: a hash for each full tile below, and so on
//! ```
//!
//! The last tile of a level may be partial: `NNN.p/WIDTH`.

use std::fmt;
use std::str::FromStr;

use prairie_model::Hash256;

use crate::entry::ENTRY_MAX;
use crate::merkle::{Frontier, leaf_hash, root};

/// Hashes in a full tile, entries in a full bundle.
pub const TILE_WIDTH: u16 = 256;

/// Bytes of the longest bundle.
pub const BUNDLE_BYTES_MAX: usize = TILE_WIDTH as usize * (2 + ENTRY_MAX);

/// Bytes of a hash.
const HASH_BYTES: usize = 32;

/// Levels that a tree of 2^64 leaves has.
const LEVELS: u8 = 8;

/// Bytes are no tile or bundle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TileError {
    /// A tile of another length.
    #[error("it has {found} bytes instead of {expected}")]
    Length {
        /// Bytes of that many hashes.
        expected: usize,
        /// Bytes found.
        found: usize,
    },
    /// An entry ends after the bundle does.
    #[error("its entry {entry} needs {needed} bytes and {left} are left")]
    Cut {
        /// Which entry of the bundle.
        entry: usize,
        /// Bytes that it needs.
        needed: usize,
        /// Bytes that are left.
        left: usize,
    },
    /// A bundle of another number of entries.
    #[error("it holds {found} entries instead of {expected}")]
    Entries {
        /// How many there should be.
        expected: u16,
        /// How many there are; where there are more, one more than there should be.
        found: usize,
    },
    /// An entry that no bundle can hold.
    #[error("an entry has {found} bytes, and {ENTRY_MAX} are the most")]
    TooLong {
        /// Its bytes.
        found: usize,
    },
}

/// What is in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// Entries.
    Entries,
    /// Hashes; each of level L is over 256^L leaves.
    Hashes(u8),
}

/// Names a tile or a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TilePath {
    /// What is in it.
    pub layer: Layer,
    /// Which of its layer.
    pub index: u64,
    /// How many hashes or entries, from 1 to [`TILE_WIDTH`].
    pub width: u16,
}

impl TilePath {
    /// The file of a layer that a tree of `size` leaves has, full or partial; `None` where it has none.
    pub fn of_tree(layer: Layer, index: u64, size: u64) -> Option<Self> {
        let level = match layer {
            Layer::Entries => 0,
            Layer::Hashes(level) => level,
        };
        let hashes = size.checked_shr(8 * u32::from(level)).unwrap_or(0);
        let left = hashes.checked_sub(index.checked_mul(256)?).filter(|left| *left > 0)?;
        // OK to cast: at most 256.
        Some(Self { layer, index, width: left.min(256) as u16 })
    }

    /// The first leaf that it is about.
    pub fn first_leaf(&self) -> u64 {
        let level = match self.layer {
            Layer::Entries => 0,
            Layer::Hashes(level) => level,
        };
        self.index.saturating_mul(256_u64.saturating_pow(u32::from(level) + 1))
    }
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.layer {
            Layer::Entries => write!(f, "tile/entries/")?,
            Layer::Hashes(level) => write!(f, "tile/{level}/")?,
        }
        let digits = self.index.to_string();
        let padded = format!("{}{digits}", "0".repeat((3 - digits.len() % 3) % 3));
        for (at, digit) in padded.chars().enumerate() {
            match at {
                _ if at % 3 != 0 => {}
                0 if padded.len() == 3 => {}
                0 => write!(f, "x")?,
                _ if at + 3 == padded.len() => write!(f, "/")?,
                _ => write!(f, "/x")?,
            }
            write!(f, "{digit}")?;
        }
        if self.width < TILE_WIDTH { write!(f, ".p/{}", self.width) } else { Ok(()) }
    }
}

impl FromStr for TilePath {
    type Err = ();

    /// Reads a name in the one form that it has.
    fn from_str(text: &str) -> Result<Self, ()> {
        let (layer, rest) = text.strip_prefix("tile/").and_then(|rest| rest.split_once('/')).ok_or(())?;
        let layer = if layer == "entries" { Layer::Entries } else { Layer::Hashes(layer.parse().map_err(drop)?) };
        let (number, width) = match rest.split_once(".p/") {
            Some((number, width)) => (number, width.parse().map_err(drop)?),
            None => (rest, TILE_WIDTH),
        };
        let digits: String = number.chars().filter(char::is_ascii_digit).collect();
        let path = Self { layer, index: digits.parse().map_err(drop)?, width };
        let level_is_low = !matches!(layer, Layer::Hashes(level) if level > 63);
        let known = level_is_low && (1..=TILE_WIDTH).contains(&width) && path.to_string() == text;
        if known { Ok(path) } else { Err(()) }
    }
}

/// The files of a tree of that size: bundles first, then tiles from the lowest level up; of each the full ones, then the partial
/// one.
pub fn tiles(size: u64) -> impl Iterator<Item = TilePath> {
    let layers = [(Layer::Entries, 0)].into_iter().chain((0..LEVELS).map(|level| (Layer::Hashes(level), level)));
    layers.flat_map(move |(layer, level)| {
        let hashes = size >> (8 * u32::from(level));
        let full = (0..hashes / 256).map(move |index| TilePath { layer, index, width: TILE_WIDTH });
        // OK to cast: a rest by 256.
        let partial = TilePath { layer, index: hashes / 256, width: (hashes % 256) as u16 };
        full.chain((partial.width > 0).then_some(partial))
    })
}

/// The hashes of a tile.
///
/// # Errors
///
/// When it does not hold `width` of them.
pub fn read_tile(bytes: &[u8], width: u16) -> Result<Vec<Hash256>, TileError> {
    let expected = usize::from(width) * HASH_BYTES;
    let (hashes, rest) = bytes.as_chunks::<HASH_BYTES>();
    if bytes.len() != expected || !rest.is_empty() {
        return Err(TileError::Length { expected, found: bytes.len() });
    }
    Ok(hashes.iter().map(|hash| Hash256::from_bytes(*hash)).collect())
}

/// The entries of a bundle.
///
/// # Errors
///
/// When it does not hold `width` of them, whole.
pub fn read_bundle(bytes: &[u8], width: u16) -> Result<Vec<&[u8]>, TileError> {
    let mut entries = Vec::with_capacity(usize::from(width));
    let mut rest = bytes;
    while !rest.is_empty() {
        if entries.len() == usize::from(width) {
            return Err(TileError::Entries { expected: width, found: entries.len() + 1 });
        }
        let cut = |needed, left: usize| TileError::Cut { entry: entries.len(), needed, left };
        let (length, after) = rest.split_first_chunk().ok_or_else(|| cut(2, rest.len()))?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (entry, after) = after.split_at_checked(length).ok_or_else(|| cut(length, after.len()))?;
        entries.push(entry);
        rest = after;
    }
    if entries.len() == usize::from(width) {
        Ok(entries)
    } else {
        Err(TileError::Entries { expected: width, found: entries.len() })
    }
}

/// Takes the bytes of a file.
pub type PutTile<'a, E> = dyn FnMut(&TilePath, &[u8]) -> Result<(), E> + 'a;

/// Makes the files of a log, entry by entry. Memory is bounded by one bundle and one tile per level.
#[derive(Debug, Default)]
pub struct TileWriter {
    bundle: Vec<u8>,
    /// Hashes of each level that are in no full tile yet.
    levels: Vec<Vec<Hash256>>,
    frontier: Frontier,
}

impl TileWriter {
    /// Adds an entry, and hands over every file that is full now.
    ///
    /// # Errors
    ///
    /// When the entry is too long, or `put` fails.
    pub fn push<E: From<TileError>>(&mut self, entry: &[u8], put: &mut PutTile<'_, E>) -> Result<(), E> {
        let length = u16::try_from(entry.len()).map_err(|_error| TileError::TooLong { found: entry.len() })?;
        let place = self.frontier.size() / 256;
        self.bundle.extend_from_slice(&length.to_be_bytes());
        self.bundle.extend_from_slice(entry);
        let leaf = leaf_hash(entry);
        self.frontier.push(leaf);
        if self.frontier.size().is_multiple_of(256) {
            put(&TilePath { layer: Layer::Entries, index: place, width: TILE_WIDTH }, &self.bundle)?;
            self.bundle.clear();
        }
        self.add(leaf, put)
    }

    fn add<E>(&mut self, leaf: Hash256, put: &mut PutTile<'_, E>) -> Result<(), E> {
        let (mut hash, mut hashes) = (leaf, self.frontier.size());
        for level in 0..LEVELS {
            let at = usize::from(level);
            if self.levels.len() == at {
                self.levels.push(Vec::with_capacity(usize::from(TILE_WIDTH)));
            }
            // OK to index: the level was just made where it was not there.
            let tile = &mut self.levels[at];
            tile.push(hash);
            if tile.len() < usize::from(TILE_WIDTH) {
                break;
            }
            hashes /= 256;
            put(&TilePath { layer: Layer::Hashes(level), index: hashes - 1, width: TILE_WIDTH }, &bytes_of(tile))?;
            hash = root(tile);
            tile.clear();
        }
        Ok(())
    }

    /// Hands over the partial files, and gives the tree's size and root.
    ///
    /// # Errors
    ///
    /// When `put` fails.
    pub fn finish<E>(self, put: &mut PutTile<'_, E>) -> Result<(u64, Hash256), E> {
        let size = self.frontier.size();
        for path in tiles(size).filter(|path| path.width < TILE_WIDTH) {
            match path.layer {
                Layer::Entries => put(&path, &self.bundle)?,
                Layer::Hashes(level) => {
                    put(&path, &bytes_of(self.levels.get(usize::from(level)).map_or(&[], Vec::as_slice)))?;
                }
            }
        }
        Ok((size, self.frontier.root()))
    }
}

fn bytes_of(hashes: &[Hash256]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    pub(crate) fn log(entries: usize) -> (BTreeMap<String, Vec<u8>>, u64, Hash256) {
        let mut files = BTreeMap::new();
        let mut writer = TileWriter::default();
        let mut put = |path: &TilePath, bytes: &[u8]| {
            assert!(files.insert(path.to_string(), bytes.to_vec()).is_none(), "{path} twice");
            Ok::<(), TileError>(())
        };
        for at in 0..entries {
            writer.push(format!("entry {at}\n").as_bytes(), &mut put).unwrap();
        }
        let (size, root) = writer.finish(&mut put).unwrap();
        (files, size, root)
    }

    #[test]
    fn names_are_those_of_the_specification() {
        let name = |layer, index, width| TilePath { layer, index, width }.to_string();
        assert_eq!(name(Layer::Hashes(0), 1_234_067, 256), "tile/0/x001/x234/067");
        assert_eq!(name(Layer::Hashes(3), 0, 5), "tile/3/000.p/5");
        assert_eq!(name(Layer::Entries, 999, 256), "tile/entries/999");
        assert_eq!(name(Layer::Entries, 1_000, 255), "tile/entries/x001/000.p/255");
        for index in [0, 9, 10, 999, 1_000, 999_999, 1_000_000, u64::MAX] {
            for (layer, width) in [(Layer::Entries, 256), (Layer::Hashes(0), 1), (Layer::Hashes(63), 255)] {
                let path = TilePath { layer, index, width };
                assert_eq!(path.to_string().parse(), Ok(path));
            }
        }
        for other in [
            "",
            "tile/0",
            "tile/0/",
            "tile/00/000",
            "tile/64/000",
            "tile/-1/000",
            "tile/0/0",
            "tile/0/0000",
            "tile/0/x000/000",
            "tile/0/001/000",
            "tile/0/x001",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/05",
            "tile/0/000.p/5/",
            "tile/0/../000",
            "/tile/0/000",
            "tile/entries/x01/000",
            "tile/0/x018/x446/x744/x073/x709/x551/616",
        ] {
            assert_eq!(other.parse::<TilePath>(), Err(()), "{other}");
        }
    }

    #[test]
    fn the_tree_of_70_000_has_the_tiles_of_the_specification() {
        let all: Vec<_> = tiles(70_000).collect();
        let of = |layer, full: bool| all.iter().filter(|it| it.layer == layer && (it.width == 256) == full).count();
        let partial = |layer| all.iter().find(|it| it.layer == layer && it.width < 256).map(|it| it.width);
        assert_eq!((of(Layer::Hashes(0), true), partial(Layer::Hashes(0))), (273, Some(112)));
        assert_eq!((of(Layer::Hashes(1), true), partial(Layer::Hashes(1))), (1, Some(17)));
        assert_eq!((of(Layer::Hashes(2), true), partial(Layer::Hashes(2))), (0, Some(1)));
        assert_eq!((of(Layer::Entries, true), partial(Layer::Entries)), (273, Some(112)));
        assert_eq!(all.len(), 2 * 274 + 2 + 1);
        let names: Vec<_> = tiles(256).map(|path| path.to_string()).collect();
        assert_eq!(names, ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]);
        assert_eq!(tiles(0).count(), 0);
        assert!(all.iter().all(|path| TilePath::of_tree(path.layer, path.index, 70_000) == Some(*path)));
        assert_eq!(TilePath::of_tree(Layer::Entries, 274, 70_000), None);
        assert_eq!(TilePath::of_tree(Layer::Hashes(3), 0, 70_000), None);
        assert_eq!(tiles(70_000).map(|path| path.first_leaf()).max(), Some(69_888));
    }

    #[test]
    fn the_writer_makes_exactly_the_files_of_its_size() {
        for size in [0, 1, 2, 255, 256, 257, 511, 512, 700, 65_536, 65_537] {
            let (files, counted, top) = log(size);
            let mut expected: Vec<_> = tiles(size as u64).map(|path| path.to_string()).collect();
            expected.sort();
            assert_eq!((files.keys().cloned().collect::<Vec<_>>(), counted), (expected, size as u64));
            let leaves: Vec<_> = (0..size).map(|at| leaf_hash(format!("entry {at}\n").as_bytes())).collect();
            assert_eq!(top, root(&leaves));
            for path in tiles(size as u64) {
                let bytes = &files[&path.to_string()];
                let Layer::Hashes(level) = path.layer else {
                    let entries = read_bundle(bytes, path.width).unwrap();
                    assert_eq!(entries[0], format!("entry {}\n", path.first_leaf()).as_bytes());
                    continue;
                };
                // MTH(D[(n * 256 + i) * 256**l : (n * 256 + i + 1) * 256**l]).
                let span = 256_usize.pow(u32::from(level));
                for (at, hash) in read_tile(bytes, path.width).unwrap().into_iter().enumerate() {
                    let first = (path.index as usize * 256 + at) * span;
                    assert_eq!(hash, root(&leaves[first..first + span]), "{path}, hash {at}");
                }
            }
        }
    }

    #[test]
    fn lengths_are_big_endian_and_checked() {
        let bundle = [0, 0, 0, 1, b'a', 1, 0].iter().copied().chain([b'b'; 256]).collect::<Vec<u8>>();
        let entries = read_bundle(&bundle, 3).unwrap();
        assert_eq!((entries[0], entries[1], entries[2].len()), (&b""[..], &b"a"[..], 256));
        assert_eq!(read_bundle(&bundle, 2), Err(TileError::Entries { expected: 2, found: 3 }));
        assert_eq!(read_bundle(&bundle, 4), Err(TileError::Entries { expected: 4, found: 3 }));
        assert_eq!(read_bundle(&bundle[..6], 3), Err(TileError::Cut { entry: 2, needed: 2, left: 1 }));
        assert_eq!(read_bundle(&bundle[..9], 3), Err(TileError::Cut { entry: 2, needed: 256, left: 2 }));
        assert_eq!(read_tile(&[0; 63], 2), Err(TileError::Length { expected: 64, found: 63 }));
        let long = TileWriter::default().push(&[0; 65_536], &mut |_, _| Ok::<(), TileError>(()));
        assert_eq!(long, Err(TileError::TooLong { found: 65_536 }));
    }
}

//! Reads a whole log and finds what was changed first.
//!
//! ```text
//!   for each bundle:  entries ─▶ leaf hashes ═ tile of level 0 ─▶ its root ═ hash in level 1 ─▶ … ─▶ root ═ checkpoint
//! ```
//!
//! Everything is computed from the entries upwards and compared with what is stored. Where two files disagree, the one that the
//! signed checkpoint vouches for is right, and the other is named. Memory is bounded by one bundle and one tile per level.

use std::collections::BTreeMap;
use std::fmt;

use prairie_model::Hash256;

use crate::checkpoint::Checkpoint;
use crate::entry::Entry;
use crate::merkle::{Frontier, leaf_hash, root};
use crate::tile::{Layer, TILE_WIDTH, TileError, TilePath, read_bundle, read_tile};

/// What a log holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogCounts {
    /// Entries by kind. Entries of other logs have no kind, and are under ``.
    pub kinds: BTreeMap<String, u64>,
}

/// The first thing in a log that is not as it was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// The file; `None` where all files agree with each other and not with a checkpoint.
    pub file: Option<TilePath>,
    /// The first entry that it is about.
    pub entry: Option<u64>,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.file {
            Some(file) => write!(f, "`{file}`: {}", self.what),
            None => write!(f, "{}", self.what),
        }
    }
}

/// Gives the bytes of a file; `None` where it is missing.
pub type ReadTile<'a, E> = dyn FnMut(&TilePath) -> Result<Option<Vec<u8>>, E> + 'a;

/// Compares every file of the log that `checkpoint` is about, and its beginning with an `old` checkpoint of the same log.
///
/// # Errors
///
/// When `read` fails. What is wrong with the log is in the inner result.
pub fn audit<E>(
    checkpoint: &Checkpoint,
    old: Option<&Checkpoint>,
    read: &mut ReadTile<'_, E>,
) -> Result<Result<LogCounts, Flaw>, E> {
    let mut audit = Audit { checkpoint, old, read, counts: LogCounts::default(), frontier: Frontier::default() };
    Ok(match audit.run() {
        Ok(()) => Ok(audit.counts),
        Err(Stop::Flaw(flaw)) => Err(flaw),
        Err(Stop::Read(error)) => return Err(error),
    })
}

/// Why an audit ended early.
enum Stop<E> {
    Flaw(Flaw),
    Read(E),
}

struct Audit<'a, 'b, E> {
    checkpoint: &'a Checkpoint,
    old: Option<&'a Checkpoint>,
    read: &'a mut ReadTile<'b, E>,
    counts: LogCounts,
    frontier: Frontier,
}

impl<E> Audit<'_, '_, E> {
    fn run(&mut self) -> Result<(), Stop<E>> {
        let size = self.checkpoint.size;
        self.compare_old()?;
        // Hashes of each level, as the entries give them, that are in no full tile yet.
        let mut levels: Vec<Vec<Hash256>> = Vec::new();
        for index in 0..size.div_ceil(u64::from(TILE_WIDTH)) {
            let leaves = self.bundle(index)?;
            let full = leaves.len() == usize::from(TILE_WIDTH);
            if let Some(mut hash) = full.then(|| root(&leaves)) {
                // Level 0 was compared entry by entry; a full tile is a hash of the level above.
                for level in 0.. {
                    if levels.len() == level {
                        levels.push(Vec::new());
                    }
                    // OK to index: the level was just made where it was not there.
                    levels[level].push(hash);
                    if levels[level].len() < usize::from(TILE_WIDTH) {
                        break;
                    }
                    // OK to cast: a tree has eight levels.
                    let span = 256_u64.saturating_pow(level as u32 + 2);
                    self.compare(level + 1, self.frontier.size() / span - 1, &levels[level])?;
                    hash = root(&levels[level]);
                    levels[level].clear();
                }
            }
        }
        for (level, hashes) in levels.iter().enumerate().filter(|(_, hashes)| !hashes.is_empty()) {
            // OK to cast: as above.
            let span = 256_u64.saturating_pow(level as u32 + 2);
            self.compare(level + 1, size / span, hashes)?;
        }
        let found = self.frontier.root();
        if found == self.checkpoint.root {
            return Ok(());
        }
        let what = format!(
            "the {size} entries give the root {found}, and the checkpoint says {}: entries were changed together with their \
             tiles, or the checkpoint is of another ledger",
            self.checkpoint.root
        );
        Err(flaw(None, None, what))
    }

    /// The file of a layer. Asked for only where the tree has it.
    fn path(&self, layer: Layer, index: u64) -> TilePath {
        TilePath::of_tree(layer, index, self.checkpoint.size).unwrap_or(TilePath { layer, index, width: 0 })
    }

    fn bytes(&mut self, path: &TilePath) -> Result<Vec<u8>, Stop<E>> {
        let bytes = (self.read)(path).map_err(Stop::Read)?;
        bytes.ok_or_else(|| {
            let last = path.first_leaf() + u64::from(path.width) - 1;
            let what = match path.layer {
                Layer::Entries => format!("the file is missing, and entries {} to {last} with it", path.first_leaf()),
                Layer::Hashes(_) => "the file is missing".to_owned(),
            };
            Stop::Flaw(Flaw { file: Some(*path), entry: Some(path.first_leaf()), what })
        })
    }

    /// The hashes of a stored tile.
    fn hashes(&mut self, path: &TilePath) -> Result<Vec<Hash256>, Stop<E>> {
        let bytes = self.bytes(path)?;
        read_tile(&bytes, path.width).map_err(|error| {
            Stop::Flaw(Flaw { file: Some(*path), entry: Some(path.first_leaf()), what: error.to_string() })
        })
    }

    /// Reads a bundle, compares it with its tile, and gives the leaf hashes.
    fn bundle(&mut self, index: u64) -> Result<Vec<Hash256>, Stop<E>> {
        let (path, tile_path) = (self.path(Layer::Entries, index), self.path(Layer::Hashes(0), index));
        let bytes = self.bytes(&path)?;
        let stored = self.hashes(&tile_path)?;
        let (entries, broken) = entries_of(&bytes, path.width);
        let leaves: Vec<Hash256> = entries.iter().map(|entry| leaf_hash(entry)).collect();
        let differs = leaves.iter().zip(&stored).position(|(leaf, stored)| leaf != stored);
        if let Some(at) = differs.or(broken.as_ref().map(|_| leaves.len().min(stored.len()))) {
            let entry = path.first_leaf() + at as u64;
            if differs.is_some() && !self.is_vouched(&tile_path)? {
                return Err(flaw(Some(tile_path), Some(entry), format!("the hash of entry {entry} was changed")));
            }
            let what = explain(&leaves, &stored, at, entry, broken.as_ref());
            return Err(flaw(Some(path), Some(entry), what));
        }
        for (entry, leaf) in entries.iter().zip(&leaves) {
            let kind = Entry::from_bytes(entry).map_or(String::new(), |entry| entry.kind);
            *self.counts.kinds.entry(kind).or_default() += 1;
            self.frontier.push(*leaf);
            self.compare_old()?;
        }
        Ok(leaves)
    }

    /// Compares a tile above level 0 with what the entries give.
    fn compare(&mut self, level: usize, index: u64, computed: &[Hash256]) -> Result<(), Stop<E>> {
        // OK to cast: a tree has eight levels.
        let path = self.path(Layer::Hashes(level as u8), index);
        let stored = self.hashes(&path)?;
        let Some(at) = stored.iter().zip(computed).position(|(stored, computed)| stored != computed) else {
            return Ok(());
        };
        let child = self.path(Layer::Hashes(level as u8 - 1), index * 256 + at as u64);
        if self.is_vouched(&path)? {
            let what = "it was changed together with all that is below it".to_owned();
            return Err(flaw(Some(child), Some(child.first_leaf()), what));
        }
        Err(flaw(Some(path), Some(child.first_leaf()), format!("its hash of `{child}` was changed")))
    }

    /// Whether the checkpoint vouches for a stored tile: it hashes to its place in the tile above, and so on to the root.
    fn is_vouched(&mut self, path: &TilePath) -> Result<bool, Stop<E>> {
        let mut path = *path;
        while path.width == TILE_WIDTH {
            let Layer::Hashes(level) = path.layer else { return Ok(false) };
            let above = self.path(Layer::Hashes(level + 1), path.index / 256);
            let (Some(hashes), Some(parent)) = (self.try_hashes(&path)?, self.try_hashes(&above)?) else {
                return Ok(false);
            };
            // OK to cast: a rest by 256.
            if parent.get((path.index % 256) as usize) != Some(&root(&hashes)) {
                return Ok(false);
            }
            path = above;
        }
        self.edge_is_right()
    }

    fn try_hashes(&mut self, path: &TilePath) -> Result<Option<Vec<Hash256>>, Stop<E>> {
        match self.hashes(path) {
            Ok(hashes) => Ok(Some(hashes)),
            Err(Stop::Flaw(_)) => Ok(None),
            Err(stop) => Err(stop),
        }
    }

    /// Whether the partial tiles of all levels give the root.
    fn edge_is_right(&mut self) -> Result<bool, Stop<E>> {
        let size = self.checkpoint.size;
        let mut peaks = Vec::new();
        for level in (0..8_u8).rev() {
            let hashes = size >> (8 * u32::from(level));
            if hashes.is_multiple_of(256) {
                continue;
            }
            let path = self.path(Layer::Hashes(level), hashes / 256);
            let Some(hashes) = self.try_hashes(&path)? else { return Ok(false) };
            let mut frontier = Frontier::default();
            hashes.into_iter().for_each(|hash| frontier.push(hash));
            peaks.extend_from_slice(frontier.peaks());
        }
        Ok(Frontier::new(size, peaks).is_some_and(|frontier| frontier.root() == self.checkpoint.root))
    }

    /// At the size of the old checkpoint its root must be the one so far.
    fn compare_old(&self) -> Result<(), Stop<E>> {
        let Some(old) = self.old else { return Ok(()) };
        if old.size > self.checkpoint.size {
            let what = format!(
                "fork: the ledger has {} entries, and had {} at the earlier checkpoint",
                self.checkpoint.size, old.size
            );
            return Err(flaw(None, Some(self.checkpoint.size), what));
        }
        if old.size == self.frontier.size() && old.root != self.frontier.root() {
            let what = format!(
                "fork: the first {} entries give the root {}, and the earlier checkpoint says {}",
                old.size,
                self.frontier.root(),
                old.root
            );
            return Err(flaw(None, None, what));
        }
        Ok(())
    }
}

fn flaw<E>(file: Option<TilePath>, entry: Option<u64>, what: String) -> Stop<E> {
    Stop::Flaw(Flaw { file, entry, what })
}

/// The entries of a bundle up to where it is broken.
fn entries_of(bytes: &[u8], width: u16) -> (Vec<&[u8]>, Option<TileError>) {
    match read_bundle(bytes, width) {
        Ok(entries) => (entries, None),
        Err(error) => {
            // At most as many as there should be: those that are whole.
            let whole = |count: &u16| read_bundle_start(bytes, *count).is_some();
            let count = (0..=width).rev().find(whole).unwrap_or(0);
            (read_bundle_start(bytes, count).unwrap_or_default(), Some(error))
        }
    }
}

/// The first entries of a bundle, whatever follows.
fn read_bundle_start(bytes: &[u8], count: u16) -> Option<Vec<&[u8]>> {
    let mut rest = bytes;
    let mut entries = Vec::new();
    for _ in 0..count {
        let (length, after) = rest.split_first_chunk()?;
        let (entry, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        entries.push(entry);
        rest = after;
    }
    Some(entries)
}

/// What happened to the entry at `at`.
fn explain(leaves: &[Hash256], stored: &[Hash256], at: usize, entry: u64, broken: Option<&TileError>) -> String {
    let first = entry - at as u64;
    let elsewhere = leaves.get(at).and_then(|leaf| stored.iter().position(|stored| stored == leaf));
    match (elsewhere, broken) {
        (Some(other), Some(error)) if other > at => format!("entry {entry} is missing ({error})"),
        (Some(other), _) => format!("entry {} stands in the place of entry {entry}", first + other as u64),
        (None, Some(error)) if leaves.len() <= at => format!("entry {entry} is missing or broken: {error}"),
        (None, Some(error)) => format!("entry {entry} was changed ({error})"),
        (None, None) => format!("entry {entry} was changed"),
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::tile::{TileWriter, tiles};

    type Files = BTreeMap<String, Vec<u8>>;

    fn log(entries: &[Vec<u8>]) -> (Files, Checkpoint) {
        let mut files = Files::new();
        let mut writer = TileWriter::default();
        let mut put = |path: &TilePath, bytes: &[u8]| {
            files.insert(path.to_string(), bytes.to_vec());
            Ok::<(), TileError>(())
        };
        for entry in entries {
            writer.push(entry, &mut put).unwrap();
        }
        let (size, root) = writer.finish(&mut put).unwrap();
        (files, Checkpoint { origin: "test".to_owned(), size, root })
    }

    fn entries(count: usize) -> Vec<Vec<u8>> {
        let entry =
            |at: usize| Entry::about("receipt", Hash256::of(b"salt"), Hash256::of(&at.to_le_bytes())).to_bytes();
        (0..count).map(entry).collect()
    }

    fn checked(files: &Files, checkpoint: &Checkpoint, old: Option<&Checkpoint>) -> Result<LogCounts, Flaw> {
        let mut read = |path: &TilePath| Ok::<_, Infallible>(files.get(&path.to_string()).cloned());
        audit(checkpoint, old, &mut read).unwrap()
    }

    #[test]
    fn a_whole_log_is_whole_at_every_size() {
        for size in [0, 1, 2, 255, 256, 257, 600, 65_536, 65_800] {
            let (files, checkpoint) = log(&entries(size));
            let counts = checked(&files, &checkpoint, Some(&checkpoint)).unwrap();
            assert_eq!(counts.kinds.values().sum::<u64>(), size as u64, "{size}");
        }
    }

    #[test]
    fn every_changed_byte_of_a_small_log_is_found_in_its_file() {
        let all = entries(5);
        let (files, checkpoint) = log(&all);
        let mut changed = 0;
        for (name, bytes) in &files {
            for at in 0..bytes.len() {
                for bit in [1, 0x80] {
                    let mut other = files.clone();
                    other.get_mut(name).unwrap()[at] ^= bit;
                    let flaw = checked(&other, &checkpoint, None).unwrap_err();
                    assert_eq!(flaw.file.map(|file| file.to_string()).as_ref(), Some(name), "byte {at}: {flaw}");
                    let expected = if name.starts_with("tile/0/") { at / 32 } else { at / (2 + all[0].len()) };
                    assert_eq!(flaw.entry, Some(expected as u64), "byte {at} of {name}: {flaw}");
                    changed += 1;
                }
            }
        }
        assert_eq!(changed, 2 * (5 * 32 + 5 * (2 + all[0].len())));
    }

    #[test]
    fn a_changed_hash_is_found_on_every_level() {
        let (files, checkpoint) = log(&entries(65_536 + 300));
        for path in tiles(checkpoint.size).filter(|path| path.index == 0 || path.index > 256) {
            let mut other = files.clone();
            let bytes = other.get_mut(&path.to_string()).unwrap();
            let last = bytes.len() - 1;
            bytes[last] ^= 1;
            let flaw = checked(&other, &checkpoint, None).unwrap_err();
            assert_eq!(flaw.file, Some(path), "{flaw}");
        }
    }

    #[test]
    fn a_missing_cut_or_longer_file_is_named() {
        let (files, checkpoint) = log(&entries(600));
        for path in tiles(checkpoint.size) {
            let with = |change: &dyn Fn(&mut Files, String)| {
                let mut other = files.clone();
                change(&mut other, path.to_string());
                let flaw = checked(&other, &checkpoint, None).unwrap_err();
                assert_eq!(flaw.file, Some(path), "{flaw}");
                flaw.what
            };
            let what = with(&|files, name| assert!(files.remove(&name).is_some()));
            assert!(what.contains("missing"), "{what}");
            with(&|files, name| assert!(files.get_mut(&name).unwrap().pop().is_some()));
            with(&|files, name| files.get_mut(&name).unwrap().push(0));
        }
    }

    #[test]
    fn reordered_and_dropped_entries_are_named() {
        let all = entries(300);
        let (files, checkpoint) = log(&all);
        let bundle =
            |entries: &[Vec<u8>]| log(entries).0.into_iter().find(|(name, _)| name.contains("entries")).unwrap().1;
        let with = |name: &str, bytes: Vec<u8>| {
            let mut other = files.clone();
            *other.get_mut(name).unwrap() = bytes;
            checked(&other, &checkpoint, None).unwrap_err()
        };
        let mut swapped = all[..256].to_vec();
        swapped.swap(3, 200);
        let flaw = with("tile/entries/000", bundle(&swapped));
        assert_eq!((flaw.entry, flaw.what.as_str()), (Some(3), "entry 200 stands in the place of entry 3"));
        let mut dropped = all[256..].to_vec();
        dropped.remove(7);
        let flaw = with("tile/entries/001.p/44", bundle(&dropped));
        assert_eq!(flaw.entry, Some(263));
        assert!(flaw.what.starts_with("entry 263 is missing"), "{flaw}");
        dropped = all[256..299].to_vec();
        let flaw = with("tile/entries/001.p/44", bundle(&dropped));
        assert!(flaw.what.starts_with("entry 299 is missing"), "{flaw}");
    }

    #[test]
    fn a_rewritten_log_is_found_by_its_checkpoint() {
        let all = entries(700);
        let (files, checkpoint) = log(&all);
        let mut forged = all.clone();
        forged[300] = Entry::about("receipt", Hash256::of(b"salt"), Hash256::of(b"forged")).to_bytes();
        let (other, _) = log(&forged);
        let flaw = checked(&other, &checkpoint, None).unwrap_err();
        assert!(flaw.file.is_none() && flaw.what.contains("give the root"), "{flaw}");
        // Everything but the tile above was rewritten: the checkpoint tells which is right.
        let mut mixed = other;
        mixed.insert("tile/1/000.p/2".to_owned(), files["tile/1/000.p/2"].clone());
        let flaw = checked(&mixed, &checkpoint, None).unwrap_err();
        assert_eq!(flaw.file.map(|file| file.to_string()).as_deref(), Some("tile/0/001"), "{flaw}");
    }

    #[test]
    fn a_fork_is_found_by_an_earlier_checkpoint() {
        let all = entries(40);
        let (_, early) = log(&all[..20]);
        let (files, checkpoint) = log(&all);
        assert!(checked(&files, &checkpoint, Some(&early)).is_ok());
        let mut other = all.clone();
        other.swap(0, 1);
        let (files, checkpoint) = log(&other);
        assert!(checked(&files, &checkpoint, None).is_ok(), "alone it is whole");
        let flaw = checked(&files, &checkpoint, Some(&early)).unwrap_err();
        assert!(flaw.what.starts_with("fork: the first 20"), "{flaw}");
        let (files, shorter) = log(&all[..10]);
        let flaw = checked(&files, &shorter, Some(&early)).unwrap_err();
        assert!(flaw.what.starts_with("fork: the ledger has 10"), "{flaw}");
    }
}

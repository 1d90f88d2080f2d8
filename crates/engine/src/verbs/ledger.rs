//! `ledger`: the log of everything that was decided, as files that anyone can check.
//!
//! - `checkpoint` signs its size and root, `prove` shows that a leaf is in it, `export` writes all of it as static files.
//! - `verify` reads all of it, in the store or as files, and names the first thing that is not as it was signed.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use prairie_catalog::LedgerLeaf;
use prairie_ledger::{
    BUNDLE_BYTES_MAX, Checkpoint, Envelope, Flaw, Frontier, Layer, LedgerPlace, NoteKey, TileError, TilePath,
    TileWriter, audit, verifier_key,
};
use prairie_model::Hash256;
use serde::Serialize;

use crate::Engine;
use crate::error::{EngineError, chain};

/// Leaves that are read at once.
const PAGE: u32 = 8192;

/// Name of the checkpoint among the files.
const CHECKPOINT: &str = "checkpoint";

/// Bytes of the longest checkpoint that is read.
const CHECKPOINT_BYTES_MAX: u64 = 1 << 20;

/// An exported ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LedgerExport {
    /// Names the ledger.
    pub origin: String,
    /// Leaves.
    pub leaves: u64,
    /// The root over them.
    pub root: Hash256,
    /// Files that are new.
    pub written: u64,
    /// Files that were there already, byte for byte.
    pub kept: u64,
    /// The key that signed, in the form that other programs want.
    pub key: String,
}

/// What a check of a ledger came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LedgerCheck {
    /// Names the ledger.
    pub origin: String,
    /// Leaves.
    pub leaves: u64,
    /// The root over them.
    pub root: Hash256,
    /// Leaves by what they are about; empty where something is wrong.
    pub kinds: BTreeMap<String, u64>,
    /// Facts of the store that were compared with their leaves; `None` for files, which hold none.
    pub facts: Option<u64>,
    /// Leaves of the earlier checkpoint that this ledger still begins with.
    pub against: Option<u64>,
    /// The first thing that is wrong.
    pub wrong: Option<String>,
    /// The first leaf that it is about.
    pub first_leaf: Option<u64>,
}

impl LedgerCheck {
    /// Whether nothing is wrong.
    pub fn holds(&self) -> bool {
        self.wrong.is_none()
    }
}

impl Engine {
    /// The ledger's key in the form that clients of other logs want: `NAME+ID+KEY`.
    ///
    /// # Errors
    ///
    /// Never with a key that the store made.
    pub fn ledger_key(&self) -> Result<String, EngineError> {
        let key = self.key()?.public();
        verifier_key(&Checkpoint::origin_of(&key), &key).map_err(|error| EngineError::Bug(error.to_string()))
    }

    /// The signed checkpoint of the latest snapshot.
    ///
    /// # Errors
    ///
    /// When the leaves do not give the root that the store has: nothing is signed that is not so.
    pub fn ledger_checkpoint(&self) -> Result<String, EngineError> {
        let (size, root) = self.ledger_head()?;
        let mut frontier = Frontier::default();
        self.each_leaf(size, &mut |leaf| {
            frontier.push(leaf.entry.leaf());
            Ok(())
        })?;
        if frontier.root() != root {
            return Err(damaged(format!("its leaves give the root {} and the snapshot says {root}", frontier.root())));
        }
        self.sign_checkpoint(size, root)
    }

    pub(crate) fn sign_checkpoint(&self, size: u64, root: Hash256) -> Result<String, EngineError> {
        let checkpoint = Checkpoint { origin: Checkpoint::origin_of(&self.key()?.public()), size, root };
        let note = checkpoint.sign(self.key()?.private()).map_err(|error| EngineError::Bug(error.to_string()))?;
        Ok(note.to_string())
    }

    /// The proof that leaf `seq` is in the ledger, to be kept beside what it is about.
    ///
    /// # Errors
    ///
    /// When there is no such leaf, or what it was about was erased.
    pub fn ledger_prove(&self, seq: u64) -> Result<String, EngineError> {
        let place = self.place(seq)?;
        let proof = place.as_ref().and_then(LedgerPlace::to_proof);
        let proof = proof.ok_or_else(|| EngineError::Refused(format!("what leaf {seq} was about was erased")))?;
        Ok(proof.to_string())
    }

    /// A receipt or report with the proof that it is in the ledger; the page of a report is taken too.
    ///
    /// # Errors
    ///
    /// When the text is neither, or the ledger has no leaf about exactly this payload.
    pub fn ledger_prove_envelope(&self, text: &str) -> Result<Envelope, EngineError> {
        let text = crate::page::envelope_of(text).unwrap_or(text);
        let mut envelope =
            Envelope::from_json(text).map_err(|error| EngineError::invalid("the receipt", chain(&error)))?;
        let kind = envelope.leaf_kind().ok_or_else(|| {
            EngineError::invalid("the receipt", format!("there are no leaves about `{}`", envelope.payload_type))
        })?;
        let digest = envelope.digest();
        let mut found = None;
        self.each_leaf(self.ledger_head()?.0, &mut |leaf| {
            let commits = |salt| prairie_ledger::commitment(kind, salt, digest) == leaf.entry.commitment;
            if leaf.entry.kind == kind && leaf.salt.is_some_and(commits) {
                found = Some(leaf.seq);
            }
            Ok(())
        })?;
        let seq = found.ok_or_else(|| {
            EngineError::Refused(format!(
                "the ledger has no leaf about this {kind}: another store issued it, or it was edited"
            ))
        })?;
        envelope.ledger = self.place(seq)?;
        Ok(envelope)
    }

    /// Where a leaf is, with a signed checkpoint.
    pub(crate) fn place(&self, seq: u64) -> Result<Option<LedgerPlace>, EngineError> {
        let place = self.block(self.catalog().ledger_place(seq, None));
        let Some(mut place) = place.map_err(EngineError::catalog("reading the ledger"))? else { return Ok(None) };
        place.checkpoint = Some(self.sign_checkpoint(place.size, place.root)?);
        Ok(Some(place))
    }

    /// The last leaf of this name, kind and digest, with its proof; `None` where the ledger holds none.
    pub(crate) fn place_of(
        &self,
        reference: &str,
        kind: &str,
        digest: Hash256,
    ) -> Result<Option<LedgerPlace>, EngineError> {
        let leaves = self.block(self.catalog().leaves_about(reference));
        let leaves = leaves.map_err(EngineError::catalog("reading the ledger"))?;
        for seq in leaves.into_iter().rev() {
            let Some(place) = self.place(seq)? else { continue };
            if place.check(kind, digest, &[self.key()?.public().into()]).is_ok() {
                return Ok(Some(place));
            }
        }
        Ok(None)
    }

    /// Writes the ledger as static files under `dir`: tiles, entries and a signed checkpoint. What is there already is kept,
    /// if it is the same ledger's.
    ///
    /// # Errors
    ///
    /// When `dir` holds something else, or the store's ledger is damaged.
    pub fn ledger_export(&self, dir: &Path) -> Result<LedgerExport, EngineError> {
        let (size, root) = self.ledger_head()?;
        let mut folder = TileFolder { dir, written: 0, kept: 0 };
        let before = folder.read(CHECKPOINT, CHECKPOINT_BYTES_MAX)?;
        let before = before.map(|bytes| self.own_checkpoint(dir, &bytes)).transpose()?;
        let mut writer = TileWriter::default();
        let mut frontier = Frontier::default();
        self.each_leaf(size, &mut |leaf| {
            compare_before(dir, before.as_ref(), &frontier)?;
            frontier.push(leaf.entry.leaf());
            writer
                .push(&leaf.entry.to_bytes(), &mut |path, bytes| folder.put(&path.to_string(), bytes).map_err(Stop))
                .map_err(|Stop(error)| error)
        })?;
        compare_before(dir, before.as_ref(), &frontier)?;
        if before.as_ref().is_some_and(|before| before.size > size) {
            return Err(fork(dir));
        }
        if frontier.root() != root {
            return Err(damaged(format!("its leaves give the root {} and the snapshot says {root}", frontier.root())));
        }
        writer.finish(&mut |path, bytes| folder.put(&path.to_string(), bytes))?;
        // Last, so that whoever reads the checkpoint finds every file that it is about.
        folder.replace(CHECKPOINT, self.sign_checkpoint(size, root)?.as_bytes())?;
        Ok(LedgerExport {
            origin: Checkpoint::origin_of(&self.key()?.public()),
            leaves: size,
            root,
            written: folder.written,
            kept: folder.kept,
            key: self.ledger_key()?,
        })
    }

    /// The checkpoint of an earlier export, which must be this store's.
    fn own_checkpoint(&self, dir: &Path, bytes: &[u8]) -> Result<Checkpoint, EngineError> {
        let text = String::from_utf8_lossy(bytes);
        Checkpoint::open(&text, &[self.key()?.public().into()]).map_err(|error| {
            EngineError::Refused(format!("`{}` holds the ledger of another store: {}", dir.display(), chain(&error)))
        })
    }

    /// Reads the whole ledger of the store, and compares it with every snapshot, with the facts that it is about, and with an
    /// earlier checkpoint. The checkpoint must be signed by one of `keys`, or by the store's own key where there are none.
    ///
    /// # Errors
    ///
    /// When the earlier checkpoint cannot be believed.
    pub fn ledger_verify(&self, against: Option<&str>, keys: &[String]) -> Result<LedgerCheck, EngineError> {
        let own = if keys.is_empty() { vec![self.public_key()?] } else { Vec::new() };
        let keys = note_keys(if keys.is_empty() { &own } else { keys })?;
        let old = against.map(|text| earlier(text, &keys)).transpose()?;
        let (size, root) = self.ledger_head()?;
        let mut check = LedgerCheck {
            origin: Checkpoint::origin_of(&self.key()?.public()),
            leaves: size,
            root,
            kinds: BTreeMap::new(),
            facts: None,
            against: None,
            wrong: None,
            first_leaf: None,
        };
        let heads = self.block(self.catalog().ledger_heads()).map_err(EngineError::catalog("reading the ledger"))?;
        let mut walk = Walk { heads: heads.into_iter().peekable(), old: old.as_ref(), frontier: Frontier::default() };
        let mut facts = self.facts()?;
        let walked = walk.compare().and_then(|()| {
            self.each_leaf(size, &mut |leaf| {
                facts.compare(&leaf)?;
                *check.kinds.entry(leaf.entry.kind.clone()).or_default() += 1;
                walk.frontier.push(leaf.entry.leaf());
                walk.compare()
            })
        });
        let wrong = match walked {
            Ok(()) if old.as_ref().is_some_and(|old| old.size > size) => Some((
                Some(size),
                format!("fork: the ledger has {size} leaves, and had {} at the earlier checkpoint", walk.old_size()),
            )),
            Ok(()) => facts.without_leaf().map(|what| (None, what)),
            Err(EngineError::Refused(what)) => Some((Some(walk.frontier.size()), what)),
            Err(error) => return Err(error),
        };
        check.facts = Some(facts.compared);
        if let Some((leaf, what)) = wrong {
            check.kinds.clear();
            (check.first_leaf, check.wrong) = (leaf, Some(what));
        } else {
            check.against = old.map(|old| old.size);
        }
        Ok(check)
    }

    /// Size and root at the latest snapshot.
    fn ledger_head(&self) -> Result<(u64, Hash256), EngineError> {
        let (root, size) =
            self.block(self.catalog().ledger_root(None)).map_err(EngineError::catalog("reading the ledger"))?;
        Ok((size, root))
    }

    /// Every leaf in order; a gap is refused.
    pub(crate) fn each_leaf(
        &self,
        size: u64,
        take: &mut dyn FnMut(LedgerLeaf) -> Result<(), EngineError>,
    ) -> Result<(), EngineError> {
        let mut next = 0;
        while next < size {
            let leaves = self.block(self.catalog().ledger_leaves(next, PAGE));
            let leaves = leaves.map_err(EngineError::catalog("reading the ledger"))?;
            if leaves.is_empty() {
                return Err(damaged(format!("leaf {next} is missing")));
            }
            for leaf in leaves.into_iter().take_while(|leaf| leaf.seq < size) {
                if leaf.seq != next {
                    return Err(damaged(format!("leaf {next} is missing")));
                }
                next += 1;
                take(leaf)?;
            }
        }
        Ok(())
    }
}

/// The snapshots' roots and an earlier checkpoint, compared while leaves are added.
struct Walk<'a> {
    heads: std::iter::Peekable<std::vec::IntoIter<prairie_catalog::LedgerHead>>,
    old: Option<&'a Checkpoint>,
    frontier: Frontier,
}

impl Walk<'_> {
    fn old_size(&self) -> u64 {
        self.old.map_or(0, |old| old.size)
    }

    fn compare(&mut self) -> Result<(), EngineError> {
        let size = self.frontier.size();
        while let Some(head) = self.heads.next_if(|head| head.size <= size) {
            let root = self.frontier.root();
            if head.size != size || head.root != root {
                return Err(damaged(format!(
                    "snapshot {} says {} leaves with the root {}, and the {size} leaves so far give {root}",
                    head.snapshot, head.size, head.root
                )));
            }
        }
        if let Some(old) = self.old.filter(|old| old.size == size && old.root != self.frontier.root()) {
            return Err(EngineError::Refused(format!(
                "fork: the first {size} leaves give the root {}, and the earlier checkpoint says {}",
                self.frontier.root(),
                old.root
            )));
        }
        Ok(())
    }
}

/// Reads an exported ledger, and names the first file and entry that are not as they were signed.
///
/// # Errors
///
/// When there is no ledger, or nobody trusted signed it.
pub fn ledger_verify_files(dir: &Path, keys: &[String], against: Option<&str>) -> Result<LedgerCheck, EngineError> {
    let keys = note_keys(keys)?;
    let folder = TileFolder { dir, written: 0, kept: 0 };
    let text = folder
        .read(CHECKPOINT, CHECKPOINT_BYTES_MAX)?
        .ok_or_else(|| EngineError::NotFound { kind: "ledger", name: dir.display().to_string() })?;
    let refused = |what: String| EngineError::Refused(format!("`{CHECKPOINT}`: {what}"));
    let text = String::from_utf8(text).map_err(|_error| refused("its bytes are no text".to_owned()))?;
    let checkpoint = Checkpoint::open(&text, &keys).map_err(|error| refused(chain(&error)))?;
    let old = against.map(|text| earlier(text, &keys)).transpose()?;
    let found = audit(&checkpoint, old.as_ref(), &mut |path: &TilePath| {
        folder.read(&path.to_string(), BUNDLE_BYTES_MAX as u64)
    })?;
    let found = found.and_then(|counts| folder.strange(&checkpoint)?.map_or(Ok(counts), Err));
    let mut check = LedgerCheck {
        origin: checkpoint.origin,
        leaves: checkpoint.size,
        root: checkpoint.root,
        kinds: BTreeMap::new(),
        facts: None,
        against: None,
        wrong: None,
        first_leaf: None,
    };
    match found {
        Ok(counts) => {
            check.kinds = counts.kinds;
            check.against = old.map(|old| old.size);
        }
        Err(flaw) => (check.first_leaf, check.wrong) = (flaw.entry, Some(flaw.to_string())),
    }
    Ok(check)
}

/// An earlier checkpoint, signed by a trusted key.
fn earlier(text: &str, keys: &[NoteKey]) -> Result<Checkpoint, EngineError> {
    Checkpoint::open(text, keys)
        .map_err(|error| EngineError::Refused(format!("the earlier checkpoint: {}", chain(&error))))
}

/// Public keys in any of their forms.
pub(crate) fn note_keys(keys: &[String]) -> Result<Vec<NoteKey>, EngineError> {
    keys.iter().map(|key| NoteKey::from_text(key).map_err(|error| EngineError::invalid("a key", error))).collect()
}

fn damaged(what: String) -> EngineError {
    EngineError::Refused(format!("the store's ledger is damaged: {what}"))
}

fn fork(dir: &Path) -> EngineError {
    EngineError::Refused(format!(
        "`{}` holds another history of this ledger (a fork): nothing was written",
        dir.display()
    ))
}

fn compare_before(dir: &Path, before: Option<&Checkpoint>, frontier: &Frontier) -> Result<(), EngineError> {
    let differs = |before: &&Checkpoint| before.size == frontier.size() && before.root != frontier.root();
    if before.as_ref().is_some_and(differs) { Err(fork(dir)) } else { Ok(()) }
}

/// The error of a write, which the writer of tiles hands through.
struct Stop(EngineError);

impl From<TileError> for Stop {
    fn from(error: TileError) -> Self {
        Self(EngineError::Bug(format!("a leaf of the ledger: {error}")))
    }
}

/// A folder of static files, which the user named.
struct TileFolder<'a> {
    dir: &'a Path,
    written: u64,
    kept: u64,
}

#[expect(
    clippy::disallowed_methods,
    reason = "a ledger is exported into a folder that the user named, outside the store"
)]
impl TileFolder<'_> {
    fn file(&self, action: &'static str, path: &Path, source: io::Error) -> EngineError {
        EngineError::File { action, path: path.to_owned(), source }
    }

    /// The bytes of a file, at most `limit`; `None` where there is none.
    fn read(&self, name: &str, limit: u64) -> Result<Option<Vec<u8>>, EngineError> {
        let path = self.dir.join(name);
        match std::fs::metadata(&path) {
            Ok(facts) if facts.len() > limit => Err(EngineError::invalid(
                format!("`{}`", path.display()),
                format!("it has {} bytes, and {limit} are the most", facts.len()),
            )),
            Ok(facts) if facts.is_dir() => Ok(None),
            Ok(_) => std::fs::read(&path).map(Some).map_err(|source| self.file("read", &path, source)),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
            Err(source) => Err(self.file("read", &path, source)),
        }
    }

    /// Adds a file that never changes.
    fn put(&mut self, name: &str, bytes: &[u8]) -> Result<(), EngineError> {
        match self.read(name, BUNDLE_BYTES_MAX as u64)? {
            Some(found) if found == bytes => {
                self.kept += 1;
                Ok(())
            }
            Some(_) => Err(EngineError::Refused(format!(
                "`{}` is there already with other bytes: it was changed, or belongs to another ledger",
                self.dir.join(name).display()
            ))),
            None => self.replace(name, bytes),
        }
    }

    /// Writes a file whole or not at all.
    fn replace(&mut self, name: &str, bytes: &[u8]) -> Result<(), EngineError> {
        let path = self.dir.join(name);
        let folder = path.parent().unwrap_or(self.dir);
        std::fs::create_dir_all(folder).map_err(|source| self.file("make", folder, source))?;
        let new = path.with_file_name(format!(".new-{}", std::process::id()));
        let write = || {
            let mut file = std::fs::File::create(&new)?;
            io::Write::write_all(&mut file, bytes)?;
            file.sync_all()?;
            std::fs::rename(&new, &path)?;
            std::fs::File::open(folder)?.sync_all()
        };
        write().map_err(|source| self.file("write", &path, source))?;
        self.written += 1;
        Ok(())
    }

    /// The first file that does not belong to the ledger, or is an earlier partial one and not its beginning.
    fn strange(&self, checkpoint: &Checkpoint) -> Result<Option<Flaw>, Flaw> {
        let lost = |what: String| Flaw { file: None, entry: None, what };
        let mut files = Vec::new();
        let mut open = vec![self.dir.to_owned()];
        while let Some(folder) = open.pop() {
            let listed = std::fs::read_dir(&folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
            let listed = listed.map_err(|error| lost(format!("failed to list `{}`: {error}", folder.display())))?;
            for entry in listed {
                let path = entry.path();
                if path.is_dir() { open.push(path) } else { files.push(path) }
            }
        }
        files.sort();
        for path in files {
            let name = path.strip_prefix(self.dir).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            if name == CHECKPOINT {
                continue;
            }
            let Ok(tile) = name.parse::<TilePath>() else {
                return Ok(Some(lost(format!("`{name}`: no ledger has a file of that name"))));
            };
            if !self.is_beginning(&tile, checkpoint.size) {
                let what = "it is not the beginning of the ledger's own, and was changed or added".to_owned();
                return Ok(Some(Flaw { file: Some(tile), entry: Some(tile.first_leaf()), what }));
            }
        }
        Ok(None)
    }

    /// Whether a file is one that the audit read, or an earlier partial one of the same tile.
    fn is_beginning(&self, tile: &TilePath, size: u64) -> bool {
        let Some(whole) = TilePath::of_tree(tile.layer, tile.index, size) else { return false };
        if whole.width <= tile.width {
            return whole == *tile;
        }
        let read = |path: &TilePath| self.read(&path.to_string(), BUNDLE_BYTES_MAX as u64).ok().flatten();
        let (Some(part), Some(all)) = (read(tile), read(&whole)) else { return false };
        let complete = match tile.layer {
            Layer::Hashes(_) => prairie_ledger::read_tile(&part, tile.width).is_ok(),
            Layer::Entries => prairie_ledger::read_bundle(&part, tile.width).is_ok(),
        };
        complete && all.starts_with(&part)
    }
}

/// What leaves should be about, by kind and name.
pub(crate) struct Facts {
    /// Digests, and whether a leaf about each was seen.
    known: BTreeMap<(String, String), Vec<(Hash256, bool)>>,
    compared: u64,
}

impl Facts {
    /// A leaf about a fact that the store has must be about one of its versions.
    fn compare(&mut self, leaf: &LedgerLeaf) -> Result<(), EngineError> {
        let (Some(name), Some(salt)) = (&leaf.reference, leaf.salt) else { return Ok(()) };
        let kind = &leaf.entry.kind;
        let Some(digests) = self.known.get_mut(&(kind.clone(), name.clone())) else { return Ok(()) };
        let commits = |digest: Hash256| prairie_ledger::commitment(kind, salt, digest) == leaf.entry.commitment;
        match digests.iter_mut().find(|(digest, _)| commits(*digest)) {
            Some((_, seen)) => {
                *seen = true;
                self.compared += 1;
                Ok(())
            }
            // An episode may have had earlier receipts, which the current view no longer shows.
            None if kind == "receipt" => Ok(()),
            None => Err(EngineError::Refused(format!(
                "leaf {}: the {kind} `{name}` of the store is not the one that the ledger attests: it was edited afterwards",
                leaf.seq
            ))),
        }
    }

    /// A fact that no leaf is about.
    fn without_leaf(&self) -> Option<String> {
        let bare = self.known.iter().find(|(_, digests)| digests.iter().any(|(_, seen)| !seen));
        bare.map(|((kind, name), _)| {
            format!("the {kind} `{name}` of the store has a version that no leaf of the ledger is about: it was edited or added")
        })
    }
}

impl Engine {
    /// Documents and receipts of the store, hashed again.
    fn facts(&self) -> Result<Facts, EngineError> {
        let mut facts = Facts { known: BTreeMap::new(), compared: 0 };
        let mut add = |kind: &str, name: &str, digest| {
            facts.known.entry((kind.to_owned(), name.to_owned())).or_default().push((digest, false));
        };
        for document in self.all_documents()? {
            let digest = prairie_model::hash_canonical(&document.payload);
            let digest = digest.map_err(|error| EngineError::Bug(error.to_string()))?;
            add(&document.kind, &document.name, digest);
        }
        let sql = "SELECT episode_id, envelope FROM receipts";
        let mut rows = self.stream_sql(sql, None, crate::RowOrder::Any)?;
        while let Some(batch) = rows.next()? {
            let cells = crate::cells::Cells::of(&batch)?;
            for row in 0..cells.rows() {
                let (Some(name), Some(text)) = (cells.text("episode_id", row), cells.text("envelope", row)) else {
                    continue;
                };
                // What cannot be read has no digest that a leaf could be about.
                let digest = Envelope::from_json(&text).map_or(Hash256::of(b""), |envelope| envelope.digest());
                add("receipt", &name, digest);
            }
        }
        Ok(facts)
    }

    fn all_documents(&self) -> Result<Vec<prairie_catalog::Document>, EngineError> {
        let kinds = self.run_sql("SELECT DISTINCT kind FROM documents ORDER BY kind", None)?.1;
        let mut documents = Vec::new();
        for batch in &kinds {
            let cells = crate::cells::Cells::of(batch)?;
            for kind in (0..cells.rows()).filter_map(|row| cells.text("kind", row)) {
                let found = self.block(self.catalog().documents(&kind));
                documents.extend(found.map_err(EngineError::catalog("reading the catalog"))?);
            }
        }
        Ok(documents)
    }
}

//! What a published ledger is made of: signed notes, checkpoints, proofs, tiles and bundles of entries.

use std::collections::BTreeMap;
use std::convert::Infallible;

use prairie_ledger::{
    Checkpoint, Entry, InclusionProof, Layer, Note, NoteKey, PrivateKey, TileError, TilePath, TileWriter, audit,
    leaf_hash, read_bundle, read_tile,
};

/// A note that is read and written is the same, and nobody's signature appears from nothing.
pub(crate) fn checkpoint(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let stranger = [NoteKey::from(PrivateKey::from_seed([99; 32]).public())];
    if let Ok(note) = Note::parse(text) {
        assert_eq!(note.to_string(), text, "a note has one form");
        assert!(note.verify(&stranger).is_err(), "a key that nobody used has signed");
    }
    if let Ok(checkpoint) = Checkpoint::from_text(text) {
        assert!(text.starts_with(&checkpoint.text()), "a checkpoint has one form");
    }
    if let Ok(proof) = InclusionProof::parse(text) {
        assert_eq!(proof.to_string(), text, "a proof has one form");
        assert!(proof.verify(leaf_hash(b""), &stranger).is_err(), "nobody signed it");
    }
    if let Ok(key) = NoteKey::from_text(text) {
        assert_eq!(NoteKey::from_text(&key.key().to_pem()).map(|again| again.key().clone()), Ok(key.key().clone()));
    }
}

/// The first byte is the width, the rest a name, a tile, a bundle, and the bundle of a log that is audited.
pub(crate) fn tile(data: &[u8]) {
    let Some((&first, data)) = data.split_first() else { return };
    let width = u16::from(first) + 1;
    if let Some(path) = std::str::from_utf8(data).ok().and_then(|name| name.parse::<TilePath>().ok()) {
        assert_eq!(path.to_string().as_bytes(), data, "a file has one name");
    }
    if let Ok(hashes) = read_tile(data, width) {
        assert_eq!(hashes.len(), usize::from(width));
    }
    let Ok(entries) = read_bundle(data, width) else { return };
    assert_eq!(entries.iter().map(|entry| entry.len() + 2).sum::<usize>(), data.len(), "every byte is of an entry");
    for entry in entries.iter().filter_map(|bytes| Entry::from_bytes(bytes).map(|entry| (*bytes, entry))) {
        assert_eq!(entry.1.to_bytes(), entry.0, "an entry has one form");
    }
    let mut files = BTreeMap::new();
    let mut put = |path: &TilePath, bytes: &[u8]| {
        files.insert(*path, bytes.to_vec());
        Ok::<(), TileError>(())
    };
    let mut writer = TileWriter::default();
    for entry in &entries {
        writer.push(entry, &mut put).expect("what was in a bundle goes into one");
    }
    let (size, root) = writer.finish(&mut put).expect("nothing fails in memory");
    let path = TilePath { layer: Layer::Entries, index: 0, width };
    assert_eq!(files.get(&path).map(Vec::as_slice), Some(data), "a bundle is written as it was read");
    let checkpoint = Checkpoint { origin: "fuzz".to_owned(), size, root };
    let mut read = |path: &TilePath| Ok::<_, Infallible>(files.get(path).cloned());
    assert!(audit(&checkpoint, None, &mut read).is_ok_and(|audited| audited.is_ok()), "what was written is whole");
}

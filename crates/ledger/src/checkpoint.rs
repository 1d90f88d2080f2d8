//! Checkpoints: signed notes about the state of a log (<https://c2sp.org/tlog-checkpoint>).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prairie_model::Hash256;

use crate::note::{Note, NoteError, NoteKey};
use crate::{PrivateKey, PublicKey};

/// A text is no checkpoint that can be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// It is no note, or not signed by whom it should be.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The note does not say what a checkpoint says.
    #[error("the checkpoint is malformed: {0}")]
    Malformed(&'static str),
}

/// What a log holds: so many leaves, under that root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Names the log.
    pub origin: String,
    /// Leaves.
    pub size: u64,
    /// The root over them (RFC 6962).
    pub root: Hash256,
}

impl Checkpoint {
    /// The name of the log that this key signs. It is as unique as the key.
    pub fn origin_of(key: &PublicKey) -> String {
        format!("prairie/ledger/{}", key.id())
    }

    /// Reads the text of a note.
    ///
    /// # Errors
    ///
    /// When it is not that of a checkpoint.
    pub fn from_text(text: &str) -> Result<Self, CheckpointError> {
        let malformed = CheckpointError::Malformed;
        let text = text.strip_suffix('\n').ok_or(malformed("its last line has no end"))?;
        let mut lines = text.split('\n');
        let mut next = |what| lines.next().filter(|line| !line.is_empty()).ok_or(malformed(what));
        let origin = next("its first line, the origin, is empty")?.to_owned();
        let digits = next("its second line, the size, is missing")?;
        let size: u64 = digits.parse().map_err(|_error| malformed("its second line is no size"))?;
        if size.to_string() != digits {
            return Err(malformed("its second line is no size"));
        }
        let root =
            read_hash(next("its third line, the root, is missing")?).ok_or(malformed("its third line is no hash"))?;
        // Lines that follow are for others; they may not be empty.
        if lines.any(str::is_empty) {
            return Err(malformed("an extension line is empty"));
        }
        Ok(Self { origin, size, root })
    }

    /// Reads a signed checkpoint, and believes it only if one of these keys signed it.
    ///
    /// # Errors
    ///
    /// When it is no checkpoint, or signed by none of them.
    pub fn open(note: &str, keys: &[NoteKey]) -> Result<Self, CheckpointError> {
        let note = Note::parse(note)?;
        let checkpoint = Self::from_text(note.text())?;
        note.verify(keys)?;
        Ok(checkpoint)
    }

    /// The text that is signed.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root.as_bytes()))
    }

    /// Signs it, under the name of its origin.
    ///
    /// # Errors
    ///
    /// When the origin cannot name a key.
    pub fn sign(&self, key: &PrivateKey) -> Result<Note, CheckpointError> {
        Ok(Note::sign(self.text(), &self.origin, key)?)
    }
}

/// A hash in base64.
pub(crate) fn read_hash(text: &str) -> Option<Hash256> {
    let bytes: [u8; 32] = STANDARD.decode(text).ok()?.try_into().ok()?;
    Some(Hash256::from_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_specification_is_read_and_written() {
        let text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
        let checkpoint = Checkpoint::from_text(text).unwrap();
        assert_eq!((checkpoint.origin.as_str(), checkpoint.size), ("example.com/behind-the-sofa", 20_852_163));
        assert_eq!(checkpoint.text(), text);
        let extended = format!("{text}an extension\n");
        assert_eq!(Checkpoint::from_text(&extended).unwrap(), checkpoint);
    }

    #[test]
    fn a_checkpoint_is_believed_by_its_key_alone() {
        let key = PrivateKey::from_seed([7; 32]);
        let checkpoint =
            Checkpoint { origin: Checkpoint::origin_of(&key.public()), size: 3, root: Hash256::of(b"root") };
        let note = checkpoint.sign(&key).unwrap().to_string();
        assert_eq!(Checkpoint::open(&note, &[key.public().into()]), Ok(checkpoint));
        let other = PrivateKey::from_seed([8; 32]).public();
        assert!(Checkpoint::open(&note, &[other.into()]).is_err());
        for at in 0..note.len() {
            let mut bytes = note.clone().into_bytes();
            bytes[at] ^= 1;
            let changed = String::from_utf8(bytes).map_err(drop);
            assert!(
                changed.is_err() || Checkpoint::open(&changed.unwrap(), &[key.public().into()]).is_err(),
                "byte {at}"
            );
        }
    }

    #[test]
    fn other_texts_are_refused() {
        let root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
        for text in [
            String::new(),
            "\n".to_owned(),
            format!("\n1\n{root}\n"),
            format!("a\n01\n{root}\n"),
            format!("a\n-1\n{root}\n"),
            format!("a\n+1\n{root}\n"),
            format!("a\n18446744073709551616\n{root}\n"),
            format!("a\n1\n{}\n", &root[4..]),
            format!("a\n1\n{root}"),
            format!("a\n1\n{root}\n\n"),
            "a\n1\n".to_owned(),
        ] {
            assert!(Checkpoint::from_text(&text).is_err(), "{text:?}");
        }
    }
}

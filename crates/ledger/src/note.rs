//! Signed notes: text that is signed by one or more keys (<https://c2sp.org/signed-note>), with Ed25519 signatures.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::{KeyError, PrivateKey, PublicKey};

/// No note is longer: sixteen signatures of the largest kind, and some text.
const TEXT_MAX: usize = 1 << 20;

/// Signatures that one note may hold. The specification asks for at least sixteen.
const SIGNATURES_MAX: usize = 100;

/// The kind of a signature that is a plain Ed25519 signature of the text.
const ED25519: u8 = 1;

/// What begins the line of a signature.
const DASH: &str = "— ";

/// A text is no signed note, or not signed by whom it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It does not have the form of one.
    #[error("the note is malformed: {0}")]
    Malformed(&'static str),
    /// A key cannot have that name.
    #[error("`{0}` cannot name a key: names are not empty and hold no space and no plus")]
    BadName(String),
    /// A signature names a trusted key and is not by it.
    #[error("the signature of `{name}` was not made by that key over this text")]
    Forged {
        /// Name of the key.
        name: String,
    },
    /// None of its signatures is by a trusted key.
    #[error("none of the {found} signatures of the note is by a key that is trusted")]
    Untrusted {
        /// Signatures that it has.
        found: usize,
    },
}

/// A public key that is trusted, under one name or under any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteKey {
    name: Option<String>,
    key: PublicKey,
}

impl NoteKey {
    /// A key that is trusted under that name only.
    ///
    /// # Errors
    ///
    /// When no key can have that name.
    pub fn named(name: &str, key: PublicKey) -> Result<Self, NoteError> {
        check_name(name)?;
        Ok(Self { name: Some(name.to_owned()), key })
    }

    /// The text of a file: a verifier key (`NAME+ID+KEY`), or a public key in one of the forms of [`PublicKey::from_text`], which
    /// is then trusted under any name.
    ///
    /// # Errors
    ///
    /// When it is neither.
    pub fn from_text(text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        Self::from_verifier(text).map_or_else(|| PublicKey::from_text(text).map(Self::from), Ok)
    }

    fn from_verifier(text: &str) -> Option<Self> {
        let (name, rest) = text.split_once('+')?;
        let (id, key) = rest.split_once('+')?;
        let bytes = STANDARD.decode(key).ok()?;
        let (&ED25519, key) = bytes.split_first()? else { return None };
        let key = PublicKey::from_bytes(key.try_into().ok()?).ok()?;
        let this = Self::named(name, key).ok()?;
        (format!("{:08x}", key_id(name, &this.key)) == id).then_some(this)
    }

    /// The public key.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }
}

impl From<PublicKey> for NoteKey {
    fn from(key: PublicKey) -> Self {
        Self { name: None, key }
    }
}

/// A key as other programs want it: `NAME+ID+KEY`.
///
/// # Errors
///
/// When no key can have that name.
pub fn verifier_key(name: &str, key: &PublicKey) -> Result<String, NoteError> {
    check_name(name)?;
    let bytes = [&[ED25519], key.as_bytes().as_slice()].concat();
    Ok(format!("{name}+{:08x}+{}", key_id(name, key), STANDARD.encode(bytes)))
}

/// Names a key under a name: the first four bytes of SHA-256(name ‖ newline ‖ kind ‖ key).
fn key_id(name: &str, key: &PublicKey) -> u32 {
    let mut hash = Sha256::new();
    hash.update(name.as_bytes());
    hash.update([b'\n', ED25519]);
    hash.update(key.as_bytes());
    let [a, b, c, d, ..] = <[u8; 32]>::from(hash.finalize());
    u32::from_be_bytes([a, b, c, d])
}

fn check_name(name: &str) -> Result<(), NoteError> {
    let bad =
        name.is_empty() || name.chars().any(|letter| letter.is_whitespace() || letter.is_control() || letter == '+');
    if bad { Err(NoteError::BadName(name.chars().take(80).collect())) } else { Ok(()) }
}

/// One signature of a note.
#[derive(Debug, Clone, PartialEq, Eq)]
struct NoteSignature {
    name: String,
    id: u32,
    bytes: Vec<u8>,
}

/// A text with its signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

impl Note {
    /// Signs a text, which ends with a newline.
    ///
    /// # Errors
    ///
    /// When text or name cannot be those of a note.
    pub fn sign(text: String, name: &str, key: &PrivateKey) -> Result<Self, NoteError> {
        check_name(name)?;
        check_text(&text)?;
        let bytes = key.sign(text.as_bytes()).to_vec();
        let signature = NoteSignature { name: name.to_owned(), id: key_id(name, &key.public()), bytes };
        Ok(Self { text, signatures: vec![signature] })
    }

    /// Reads a note. Nothing of it may be believed before [`Note::verify`].
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn parse(note: &str) -> Result<Self, NoteError> {
        if note.len() > TEXT_MAX {
            return Err(NoteError::Malformed("it is longer than any note"));
        }
        // The text keeps its own newline; the signatures begin after the last empty line.
        let at = note.rfind("\n\n").ok_or(NoteError::Malformed("no empty line parts text and signatures"))?;
        let (text, lines) = (&note[..=at], &note[at + 2..]);
        check_text(text)?;
        let lines = lines.strip_suffix('\n').ok_or(NoteError::Malformed("its last line has no end"))?;
        let mut signatures = Vec::new();
        for line in lines.split('\n') {
            if signatures.len() == SIGNATURES_MAX {
                return Err(NoteError::Malformed("it has more signatures than are allowed"));
            }
            signatures.push(read_signature(line)?);
        }
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// The text, with its last newline.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether one of these keys signed the text. Signatures by other keys say nothing.
    ///
    /// # Errors
    ///
    /// When none of them did, or a signature that names one of them is not by it.
    pub fn verify(&self, keys: &[NoteKey]) -> Result<(), NoteError> {
        let mut verified = false;
        for signature in &self.signatures {
            let known = |trusted: &&NoteKey| {
                trusted.name.as_ref().is_none_or(|name| *name == signature.name)
                    && key_id(&signature.name, &trusted.key) == signature.id
            };
            let mut known = keys.iter().filter(known).peekable();
            if known.peek().is_none() {
                continue;
            }
            let bytes = <&[u8; 64]>::try_from(signature.bytes.as_slice());
            if !bytes.is_ok_and(|bytes| known.any(|trusted| trusted.key.verify(self.text.as_bytes(), bytes))) {
                return Err(NoteError::Forged { name: signature.name.clone() });
            }
            verified = true;
        }
        if verified { Ok(()) } else { Err(NoteError::Untrusted { found: self.signatures.len() }) }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        for signature in &self.signatures {
            let bytes = [signature.id.to_be_bytes().as_slice(), &signature.bytes].concat();
            writeln!(f, "{DASH}{} {}", signature.name, STANDARD.encode(bytes))?;
        }
        Ok(())
    }
}

fn check_text(text: &str) -> Result<(), NoteError> {
    if text.is_empty() || !text.ends_with('\n') {
        return Err(NoteError::Malformed("its text has no end of line"));
    }
    if text.chars().any(|letter| letter < ' ' && letter != '\n') {
        return Err(NoteError::Malformed("it holds control characters"));
    }
    Ok(())
}

fn read_signature(line: &str) -> Result<NoteSignature, NoteError> {
    let malformed = || NoteError::Malformed("a line after the empty line is no signature");
    let (name, bytes) = line.strip_prefix(DASH).and_then(|rest| rest.split_once(' ')).ok_or_else(malformed)?;
    check_name(name)?;
    let bytes = STANDARD.decode(bytes).map_err(|_error| malformed())?;
    let (id, bytes) = bytes.split_first_chunk().filter(|(_, bytes)| !bytes.is_empty()).ok_or_else(malformed)?;
    Ok(NoteSignature { name: name.to_owned(), id: u32::from_be_bytes(*id), bytes: bytes.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    // The example of golang.org/x/mod/sumdb/note.
    const VERIFIER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const SIGNER: &str = "YEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    const TEXT: &str =
        "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
    const SIGNATURE: &str =
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    fn signer() -> PrivateKey {
        // The text of a signing key is one byte of kind, then the seed.
        let bytes = STANDARD.decode(format!("A{SIGNER}")).unwrap();
        PrivateKey::from_seed(bytes[1..].try_into().unwrap())
    }

    #[test]
    fn the_published_note_is_made_and_read_byte_for_byte() {
        let note = Note::sign(TEXT.to_owned(), "PeterNeumann", &signer()).unwrap();
        assert_eq!(note.to_string(), format!("{TEXT}\n{SIGNATURE}"));
        assert_eq!(verifier_key("PeterNeumann", &signer().public()).unwrap(), VERIFIER);
        let read = Note::parse(&note.to_string()).unwrap();
        assert_eq!((read.text(), &read), (TEXT, &note));
        assert_eq!(read.verify(&[NoteKey::from_text(VERIFIER).unwrap()]), Ok(()));
        assert_eq!(read.verify(&[NoteKey::from_text(&signer().public().to_pem()).unwrap()]), Ok(()), "under any name");
    }

    #[test]
    fn every_mangled_verifier_is_refused() {
        for from in 0..VERIFIER.len() {
            for to in from + 1..=VERIFIER.len() {
                assert_eq!(NoteKey::from_text(&VERIFIER[from..to]).is_ok(), (from, to) == (0, VERIFIER.len()));
            }
            let mut bytes = VERIFIER.as_bytes().to_vec();
            bytes[from] += 1;
            assert!(NoteKey::from_text(std::str::from_utf8(&bytes).unwrap()).is_err(), "byte {from}");
        }
    }

    #[test]
    fn strangers_say_nothing_and_forgers_spoil_all() {
        let trusted = [NoteKey::from_text(VERIFIER).unwrap()];
        let stranger = Note::sign(TEXT.to_owned(), "PeterNeumann", &PrivateKey::from_seed([1; 32])).unwrap();
        assert_eq!(stranger.verify(&trusted), Err(NoteError::Untrusted { found: 1 }));
        let both = format!("{TEXT}\n{SIGNATURE}{}", stranger.to_string().rsplit_once("\n\n").unwrap().1);
        assert_eq!(Note::parse(&both).unwrap().verify(&trusted), Ok(()));
        let changed = format!("{}\n{SIGNATURE}", TEXT.replace("your", "his"));
        let forged = Err(NoteError::Forged { name: "PeterNeumann".to_owned() });
        assert_eq!(Note::parse(&changed).unwrap().verify(&trusted), forged);
        let renamed = format!("{TEXT}\n{}", SIGNATURE.replace("PeterNeumann", "Peter"));
        assert_eq!(Note::parse(&renamed).unwrap().verify(&trusted), Err(NoteError::Untrusted { found: 1 }));
    }

    #[test]
    fn other_texts_are_no_notes() {
        let good = format!("{TEXT}\n{SIGNATURE}");
        let many = format!("{TEXT}\n{}", SIGNATURE.repeat(101));
        let cut = &good[..good.len() - 1];
        let tab = good.replacen(' ', "\t", 1);
        let space = good.replace("Neumann", "Neu mann");
        let plain = format!("{TEXT}\n— PeterNeumann x08gow==\n");
        for text in ["", "\n", "\n\n", TEXT, cut, &many, &tab, &space, &plain, &format!("\n\n{SIGNATURE}")[1..]] {
            assert!(Note::parse(text).is_err(), "{text:?}");
        }
        for name in ["", "a b", "a+b", "a\u{2003}b", "a\nb"] {
            assert!(Note::sign(TEXT.to_owned(), name, &signer()).is_err(), "{name:?}");
        }
        assert!(Note::sign("no end".to_owned(), "a", &signer()).is_err());
    }
}

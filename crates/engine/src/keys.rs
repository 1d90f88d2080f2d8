//! The store's own signing key: made at the first use, readable by its owner alone.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use prairie_ledger::{PrivateKey, PublicKey};
use prairie_model::Hash256;

use crate::error::EngineError;

/// The key that receipts of this store are signed with.
pub(crate) struct StoreKey {
    key: PrivateKey,
}

impl StoreKey {
    /// Reads `DIR/keys/issuer.pem`, or makes it.
    #[expect(clippy::disallowed_methods, reason = "keys never go through the object store, where copies could be made")]
    pub(crate) fn open(dir: &Path) -> Result<Self, EngineError> {
        let folder = dir.join("keys");
        let path = folder.join("issuer.pem");
        let failed = |action: &'static str, path: &Path| {
            let path = path.to_owned();
            move |source| EngineError::File { action, path, source }
        };
        match fs::read_to_string(&path) {
            Ok(text) => return Self::parse(&path, &text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed("read", &path)(error)),
        }
        fs::create_dir_all(&folder).map_err(failed("make", &folder))?;
        let key = PrivateKey::generate().map_err(|error| EngineError::invalid("making a key", error))?;
        // Written beside and linked into place, so that two first uses agree on one key and no reader sees half of it.
        let new = folder.join(format!("issuer.{}.new", std::process::id()));
        write_private(&new, key.to_pem().as_bytes()).map_err(failed("write", &new))?;
        let linked = fs::hard_link(&new, &path);
        fs::remove_file(&new).map_err(failed("remove", &new))?;
        match linked {
            Ok(()) => {
                sync_folder(&folder).map_err(failed("sync", &folder))?;
                // The folder is new, and its own entry must last as long as what is signed with the key.
                sync_folder(dir).map_err(failed("sync", dir))?;
                Ok(Self { key })
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let text = fs::read_to_string(&path).map_err(failed("read", &path))?;
                Self::parse(&path, &text)
            }
            Err(error) => Err(failed("write", &path)(error)),
        }
    }

    fn parse(path: &Path, text: &str) -> Result<Self, EngineError> {
        let key = PrivateKey::from_text(text)
            .map_err(|error| EngineError::invalid(format!("key `{}`", path.display()), error))?;
        Ok(Self { key })
    }

    /// The private key.
    pub(crate) fn private(&self) -> &PrivateKey {
        &self.key
    }

    /// The pseudonym of a person in this store: nobody can compute it without the private key, or the name from it.
    ///
    /// Ed25519 signatures are a function of key and message that only the key's holder can compute (RFC 8032); a hash of one is
    /// the salted hash of the name, with no second secret to keep.
    pub(crate) fn pseudonym(&self, name: &str) -> String {
        let mut message = b"prairie/pseudonym/1\n".to_vec();
        message.extend_from_slice(name.as_bytes());
        let digest = Hash256::of(&self.key.sign(&message)).to_string();
        format!("p-{}", digest.get(..16).unwrap_or(&digest))
    }

    /// The public key.
    pub(crate) fn public(&self) -> PublicKey {
        self.key.public()
    }
}

#[expect(clippy::disallowed_methods, reason = "see StoreKey::open")]
fn write_private(path: &PathBuf, bytes: &[u8]) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[expect(clippy::disallowed_methods, reason = "see StoreKey::open")]
fn sync_folder(path: &Path) -> io::Result<()> {
    fs::File::open(path)?.sync_all()
}

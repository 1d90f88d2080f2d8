//! Digests of the episodes of a recording that is being taken in, which the store does not have yet.
//!
//! **Invariant:** memory is bounded, however many episodes a recording has: what is beyond it goes to a file without a name,
//! which the system removes when it is closed.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use prairie_quality::SamenessDigest;

use crate::error::EngineError;

/// Bytes of digests that stay in memory: those of some thousand episodes.
const KEPT_BYTES: usize = 4 << 20;

/// Digests, each by the place that it was given.
pub(crate) struct Digests {
    kept: Vec<u8>,
    /// Bytes of one digest: all have the same.
    length: usize,
    rest: Option<File>,
    count: usize,
    kept_bytes: usize,
}

impl Default for Digests {
    fn default() -> Self {
        Self { kept: Vec::new(), length: 0, rest: None, count: 0, kept_bytes: KEPT_BYTES }
    }
}

impl Digests {
    /// Keeps a digest and says its place; `None` where there is nothing to compare.
    pub(crate) fn push(&mut self, digest: &SamenessDigest) -> Result<Option<usize>, EngineError> {
        let Some(bytes) = digest.to_bytes() else { return Ok(None) };
        if self.count == 0 {
            self.length = bytes.len();
        }
        if bytes.len() != self.length {
            return Err(EngineError::Bug(format!("a digest of {} bytes among those of {}", bytes.len(), self.length)));
        }
        if self.kept.len() + bytes.len() <= self.kept_bytes {
            self.kept.extend_from_slice(&bytes);
        } else {
            let file = match &mut self.rest {
                Some(file) => file,
                None => self.rest.insert(tempfile::tempfile().map_err(failed)?),
            };
            file.seek(SeekFrom::End(0)).and_then(|_| file.write_all(&bytes)).map_err(failed)?;
        }
        self.count += 1;
        Ok(Some(self.count - 1))
    }

    /// The digest at a place that [`Self::push`] gave.
    pub(crate) fn read(&mut self, place: usize) -> Result<SamenessDigest, EngineError> {
        let from = place * self.length;
        let digest = match (self.kept.get(from..from + self.length), &mut self.rest) {
            (Some(bytes), _) => SamenessDigest::from_bytes(bytes),
            (None, Some(file)) => {
                let mut bytes = vec![0; self.length];
                // OK to subtract: what is not kept lies after what is.
                let offset = (from - self.kept.len()) as u64;
                file.seek(SeekFrom::Start(offset)).and_then(|_| file.read_exact(&mut bytes)).map_err(failed)?;
                SamenessDigest::from_bytes(&bytes)
            }
            (None, None) => None,
        };
        digest.ok_or_else(|| EngineError::Bug(format!("digest {place} of {} is not there", self.count)))
    }
}

fn failed(source: io::Error) -> EngineError {
    EngineError::Store { what: "digests in a temporary file".to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_come_back_from_memory_and_from_the_file() {
        let digest = |at: i16| SamenessDigest { duration_s: f64::from(at), columns: 3, points: vec![at; 512] };
        let length = digest(0).to_bytes().unwrap().len();
        let mut digests = Digests { kept_bytes: 3 * length, ..Digests::default() };
        assert_eq!(digests.push(&SamenessDigest::default()).unwrap(), None);
        for at in 0..10 {
            assert_eq!(digests.push(&digest(at)).unwrap(), Some(usize::try_from(at).unwrap()));
        }
        assert!(digests.kept.len() == 3 * length && digests.rest.is_some());
        for place in [9, 0, 2, 3, 5] {
            assert_eq!(digests.read(place).unwrap(), digest(i16::try_from(place).unwrap()));
        }
        assert!(digests.read(10).is_err());
    }
}

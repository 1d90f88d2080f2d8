//! Decompresses chunks: whole, or as much of them as there is.

use std::io::Read;

use prairie_model::Compression;

use super::config::CHUNK_MAX;

/// Keeps its buffer and its decompressor from chunk to chunk.
#[derive(Default)]
pub(crate) struct Inflater {
    buffer: Vec<u8>,
    filled: usize,
    zstd: Option<zstd::bulk::Decompressor<'static>>,
}

impl Inflater {
    /// What the last call decompressed: all, or the part before the damage.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.buffer[..self.filled]
    }

    /// Takes [`Inflater::bytes`] out.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        let mut bytes = std::mem::take(&mut self.buffer);
        bytes.truncate(std::mem::take(&mut self.filled));
        bytes.shrink_to_fit();
        bytes
    }

    /// Decompresses `body`, which claims to become `claimed` bytes; `None` where nobody says.
    ///
    /// # Errors
    ///
    /// When it does not decompress, or to more bytes than claimed, or to more than [`CHUNK_MAX`].
    pub(crate) fn inflate(
        &mut self,
        compression: Compression,
        body: &[u8],
        claimed: Option<u64>,
    ) -> Result<(), String> {
        self.filled = 0;
        let limit = claimed.unwrap_or(CHUNK_MAX);
        if limit > CHUNK_MAX {
            return Err(format!("it claims {limit} bytes, and chunks above {CHUNK_MAX} are not read"));
        }
        // OK to cast: at most CHUNK_MAX. A claim is believed only as far as the input makes it plausible; a buffer for
        // more grows with what really comes out.
        let (limit, plausible) = (limit as usize, (body.len().saturating_mul(256)).saturating_add(1 << 16));
        let guess = if claimed.is_some() { plausible } else { body.len().saturating_mul(4) }.min(limit + 1);
        if self.buffer.len() < guess {
            self.buffer.resize(guess, 0);
        }
        let mut reader: Box<dyn Read + '_> = match compression {
            Compression::None => Box::new(body),
            Compression::Snappy => return self.snappy(body, limit),
            Compression::Lz4 => Box::new(lz4_flex::frame::FrameDecoder::new(body)),
            Compression::Zstd => {
                if claimed.is_some_and(|claimed| claimed <= self.buffer.len() as u64) && self.at_once(body, limit) {
                    return Ok(());
                }
                Box::new(zstd::stream::read::Decoder::with_buffer(body).map_err(|error| error.to_string())?)
            }
        };
        loop {
            if self.filled > limit {
                self.filled = limit;
                return Err(format!("it decompresses to more than {limit} bytes"));
            }
            // One byte more than the limit, to see whether there is more.
            if self.filled == self.buffer.len() {
                self.buffer.resize((self.filled * 2).max(1 << 16).min(limit + 1), 0);
            }
            let room = self.buffer.len().min(limit + 1);
            match reader.read(&mut self.buffer[self.filled..room]) {
                Ok(0) => return Ok(()),
                Ok(n) => self.filled += n,
                Err(error) => return Err(error.to_string()),
            }
        }
    }

    /// A block of Snappy says at its beginning how long it becomes.
    fn snappy(&mut self, body: &[u8], limit: usize) -> Result<(), String> {
        let length = snap::raw::decompress_len(body).map_err(|error| error.to_string())?;
        // No byte of Snappy stands for more than 64.
        if length > limit || length > body.len().saturating_mul(64) {
            return Err(format!("it decompresses to {length} bytes, and {limit} are the most"));
        }
        if self.buffer.len() < length {
            self.buffer.resize(length, 0);
        }
        self.filled =
            snap::raw::Decoder::new().decompress(body, &mut self.buffer).map_err(|error| error.to_string())?;
        Ok(())
    }

    /// The fast way for a chunk that is as long as it says. Whether it was.
    fn at_once(&mut self, body: &[u8], claimed: usize) -> bool {
        if self.zstd.is_none() {
            self.zstd = zstd::bulk::Decompressor::new().ok();
        }
        let Some(zstd) = &mut self.zstd else { return false };
        match zstd.decompress_to_buffer(body, &mut self.buffer[..claimed]) {
            Ok(n) => {
                self.filled = n;
                true
            }
            Err(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn compressed(compression: Compression, bytes: &[u8]) -> Vec<u8> {
        match compression {
            Compression::None => bytes.to_vec(),
            Compression::Lz4 => {
                let frame = lz4_flex::frame::FrameInfo::new().block_size(lz4_flex::frame::BlockSize::Max64KB);
                let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(frame, Vec::new());
                encoder.write_all(bytes).expect("memory");
                encoder.finish().expect("memory")
            }
            Compression::Zstd => zstd::bulk::compress(bytes, 1).expect("memory"),
            Compression::Snappy => snap::raw::Encoder::new().compress_vec(bytes).expect("memory"),
        }
    }

    #[test]
    fn whole_and_cut_chunks() {
        let bytes: Vec<u8> = (0..500_000_u32).flat_map(|n| (n / 3).to_le_bytes()).collect();
        let mut inflater = Inflater::default();
        for compression in [Compression::None, Compression::Lz4, Compression::Zstd] {
            let body = compressed(compression, &bytes);
            for claimed in [Some(bytes.len() as u64), None] {
                inflater.inflate(compression, &body, claimed).expect("whole");
                assert_eq!(inflater.bytes(), bytes);
            }
            let error = inflater.inflate(compression, &body, Some(1000)).expect_err("longer than claimed");
            assert!(error.contains("more than 1000 bytes"), "{error}");
            assert_eq!(inflater.bytes(), &bytes[..1000]);
            let cut = inflater.inflate(compression, &body[..body.len() / 2], Some(bytes.len() as u64));
            assert_eq!(cut.is_err(), compression != Compression::None);
            assert!(!inflater.bytes().is_empty() && bytes.starts_with(inflater.bytes()));
        }
    }

    #[test]
    fn a_block_of_snappy_is_whole_or_nothing() {
        let bytes: Vec<u8> = (0..50_000_u32).flat_map(|n| (n / 3).to_le_bytes()).collect();
        let body = compressed(Compression::Snappy, &bytes);
        let mut inflater = Inflater::default();
        for claimed in [Some(bytes.len() as u64), None] {
            inflater.inflate(Compression::Snappy, &body, claimed).expect("whole");
            assert_eq!(inflater.bytes(), bytes);
        }
        let error = inflater.inflate(Compression::Snappy, &body, Some(1000)).expect_err("longer than claimed");
        assert!(error.contains("200000 bytes"), "{error}");
        assert!(inflater.inflate(Compression::Snappy, &body[..body.len() / 2], None).is_err());
        assert_eq!(inflater.bytes(), b"", "nothing of a block that is cut");
        // A length of four gigabytes in front of nothing.
        assert!(inflater.inflate(Compression::Snappy, &[0xff, 0xff, 0xff, 0xff, 0x0f], None).is_err());
    }

    #[test]
    fn a_claim_is_not_believed_without_bytes() {
        let mut inflater = Inflater::default();
        let body = compressed(Compression::Zstd, b"little");
        inflater.inflate(Compression::Zstd, &body, Some(CHUNK_MAX)).expect("it decompresses");
        assert_eq!(inflater.bytes(), b"little");
        assert!(inflater.buffer.len() < 1 << 20);
        assert!(inflater.inflate(Compression::Zstd, &body, Some(CHUNK_MAX + 1)).is_err());
    }
}

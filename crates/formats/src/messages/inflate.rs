//! Decompresses chunks: whole, or as much of them as there is.

use std::io::{self, BufRead, Read};

use prairie_model::Compression;

use super::bytes::Bytes;
use super::config::{CHUNK_MAX, STREAM_BYTES};
use super::window::Window;

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
        let limit = limit(claimed)?;
        match compression {
            Compression::Snappy => return self.snappy(body, limit),
            Compression::Lz4Block => return self.lz4_block(body, limit),
            Compression::Zstd => {
                // A claim is believed only as far as the input makes it plausible.
                let plausible = body.len().saturating_mul(256).saturating_add(1 << 16);
                if claimed.is_some() && limit <= plausible && self.at_once(body, limit) {
                    return Ok(());
                }
            }
            _ => {}
        }
        self.gather(compression, body, limit)
    }

    /// As [`Inflater::inflate`] of what nobody knows the size of, without holding what is compressed. Blocks without a frame
    /// (Snappy, LZ4) are read whole all the same.
    pub(crate) fn inflate_from(&mut self, compression: Compression, mut input: impl BufRead) -> Result<(), String> {
        self.filled = 0;
        if matches!(compression, Compression::Snappy | Compression::Lz4Block) {
            let mut body = Vec::new();
            input.read_to_end(&mut body).map_err(|error| error.to_string())?;
            return self.inflate(compression, &body, None);
        }
        self.gather(compression, input, limit(None)?)
    }

    /// Decompresses piece by piece. The buffer grows with what really comes out.
    fn gather(&mut self, compression: Compression, input: impl BufRead, limit: usize) -> Result<(), String> {
        let mut reader = decoder(compression, input).map_err(|error| error.to_string())?;
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
        self.room_for(length, limit, body.len().saturating_mul(64))?;
        self.filled =
            snap::raw::Decoder::new().decompress(body, &mut self.buffer).map_err(|error| error.to_string())?;
        Ok(())
    }

    /// A block of LZ4 says nowhere how long it becomes; its lengths add up to it.
    fn lz4_block(&mut self, body: &[u8], limit: usize) -> Result<(), String> {
        let length = lz4_length(body).ok_or("its sequences do not fit into it")?;
        // No byte of LZ4 stands for more than 255.
        self.room_for(length, limit, body.len().saturating_mul(255).saturating_add(64))?;
        self.filled =
            lz4_flex::block::decompress_into(body, &mut self.buffer[..length]).map_err(|error| error.to_string())?;
        Ok(())
    }

    fn room_for(&mut self, length: usize, limit: usize, plausible: usize) -> Result<(), String> {
        if length > limit || length > plausible {
            return Err(format!("it decompresses to {length} bytes, and {limit} are the most"));
        }
        if self.buffer.len() < length {
            self.buffer.resize(length, 0);
        }
        Ok(())
    }

    /// The fast way for a chunk that is as long as it says. Whether it was.
    fn at_once(&mut self, body: &[u8], claimed: usize) -> bool {
        if self.zstd.is_none() {
            self.zstd = zstd::bulk::Decompressor::new().ok();
        }
        let Some(zstd) = &mut self.zstd else { return false };
        if self.buffer.len() < claimed {
            self.buffer.resize(claimed, 0);
        }
        match zstd.decompress_to_buffer(body, &mut self.buffer[..claimed]) {
            Ok(n) => {
                self.filled = n;
                true
            }
            Err(_) => false,
        }
    }
}

/// Bytes that the decompressor of Brotli reads at once.
const BROTLI_BYTES: usize = 64 << 10;

/// The most bytes that a chunk may become.
fn limit(claimed: Option<u64>) -> Result<usize, String> {
    let limit = claimed.unwrap_or(CHUNK_MAX);
    if limit > CHUNK_MAX {
        return Err(format!("it claims {limit} bytes, and chunks above {CHUNK_MAX} are not read"));
    }
    // OK to cast: at most CHUNK_MAX.
    Ok(limit as usize)
}

/// What comes out of `input`. Blocks without a frame cannot be had piece by piece.
fn decoder<'a>(compression: Compression, input: impl BufRead + 'a) -> io::Result<Box<dyn Read + 'a>> {
    Ok(match compression {
        Compression::None => Box::new(input),
        Compression::Lz4 => Box::new(lz4_flex::frame::FrameDecoder::new(input)),
        Compression::Zstd => Box::new(zstd::stream::read::Decoder::with_buffer(input)?),
        Compression::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(input)),
        Compression::Brotli => Box::new(brotli_decompressor::Decompressor::new(input, BROTLI_BYTES)),
        Compression::Bzip2 => Box::new(Bunzip2::new(input)),
        Compression::Snappy
        | Compression::Lz4Block
        | Compression::Sqlite
        | Compression::SqliteZstd
        | Compression::Hdf5
        | Compression::Zarr => {
            return Err(io::ErrorKind::Unsupported.into());
        }
    })
}

/// Undoes bzip2. Unlike the decoder of the crate, it gives what lies before damage however much is asked for at once.
struct Bunzip2<R> {
    input: R,
    state: bzip2::Decompress,
    error: Option<bzip2::Error>,
    done: bool,
}

impl<R: BufRead> Bunzip2<R> {
    fn new(input: R) -> Self {
        Self { input, state: bzip2::Decompress::new(false), error: None, done: false }
    }
}

impl<R: BufRead> Read for Bunzip2<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(error) = self.error.take() {
                // Nothing comes out of it any more.
                self.done = true;
                return Err(error.into());
            }
            if self.done || buffer.is_empty() {
                return Ok(0);
            }
            let (used, made) = (self.state.total_in(), self.state.total_out());
            let input = self.input.fill_buf()?;
            let at_end = input.is_empty();
            let step = self.state.decompress(input, buffer);
            // OK to cast: not more than there is of each.
            let (used, made) = ((self.state.total_in() - used) as usize, (self.state.total_out() - made) as usize);
            self.input.consume(used);
            match step {
                // What stands behind the stream is no part of the chunk.
                Ok(bzip2::Status::StreamEnd) => self.done = true,
                Ok(_) if at_end && made == 0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(_) => {}
                Err(error) => self.error = Some(error),
            }
            if made > 0 {
                return Ok(made);
            }
        }
    }
}

/// What a block of LZ4 becomes, in bytes: each sequence has a token with the lengths of its literals and of its match, both
/// of which go on in further bytes as long as those are 255 (<https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md>).
fn lz4_length(block: &[u8]) -> Option<usize> {
    /// The shortest match.
    const MATCH_MIN: usize = 4;
    let (mut at, mut length) = (0, 0_usize);
    while at < block.len() {
        let token = *block.get(at)?;
        at += 1;
        let long = |short: u8, at: &mut usize| {
            let mut value = usize::from(short);
            if short == 15 {
                loop {
                    let more = *block.get(*at)?;
                    *at += 1;
                    value = value.checked_add(usize::from(more))?;
                    if more < 255 {
                        break;
                    }
                }
            }
            Some(value)
        };
        let literals = long(token >> 4, &mut at)?;
        at = at.checked_add(literals).filter(|at| *at <= block.len())?;
        length = length.checked_add(literals)?;
        // The last sequence has no match.
        if at == block.len() {
            return Some(length);
        }
        at += 2;
        length = length.checked_add(long(token & 15, &mut at)?)?.checked_add(MATCH_MIN)?;
    }
    (block.is_empty()).then_some(0)
}

/// The walk over a chunk has come to where its bytes end, because of damage or because there are no more.
#[derive(Debug, thiserror::Error)]
#[error("the chunk ends there")]
pub(crate) struct ChunkEnds;

/// The source failed, which is no damage of the chunk.
#[derive(Debug, thiserror::Error)]
#[error("the source failed")]
struct SourceFailed(#[source] io::Error);

/// A part of a file, read through its window, so that running checksums see it.
pub(crate) struct WindowPart<'w, 'a> {
    pub(crate) window: &'w mut Window<'a>,
    pub(crate) at: u64,
    pub(crate) end: u64,
}

impl Read for WindowPart<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = (self.end - self.at).min(buffer.len() as u64);
        let piece = self.window.at_most(self.at, wanted);
        let piece = piece.map_err(|error| io::Error::other(SourceFailed(error)))?;
        buffer[..piece.len()].copy_from_slice(piece);
        self.at += piece.len() as u64;
        Ok(piece.len())
    }
}

/// The failure of the source that a decompressor passed on.
pub(crate) fn source_error(error: io::Error) -> io::Error {
    match error.downcast::<SourceFailed>() {
        Ok(SourceFailed(source)) => source,
        Err(error) => error,
    }
}

/// A chunk that is decompressed as it is walked, because it is too large to be held.
///
/// **Invariant:** it holds one record and about a mebibyte, and goes forward only.
pub(crate) struct Inflating<'a> {
    reader: Box<dyn Read + 'a>,
    buffer: Vec<u8>,
    /// Where the buffer begins in the records of the chunk.
    start: u64,
    filled: usize,
    hasher: crc32fast::Hasher,
    limit: u64,
    end: Option<End>,
}

/// How a chunk ended.
enum End {
    /// There is no more.
    Whole,
    Damaged(String),
    Failed(io::Error),
}

/// What a walked chunk came to.
pub(crate) struct Inflated {
    /// Bytes that came out of it.
    pub(crate) bytes: u64,
    /// Their CRC-32.
    pub(crate) crc: u32,
    /// Why there are no more of them, where that is damage.
    pub(crate) why: Option<String>,
}

impl<'a> Inflating<'a> {
    /// Begins with a chunk that claims to become `claimed` bytes.
    pub(crate) fn new(compression: Compression, input: impl BufRead + 'a, claimed: u64) -> Result<Self, String> {
        // OK to cast back: a size of memory fits.
        let limit = limit(Some(claimed))? as u64;
        let reader = decoder(compression, input).map_err(|error| error.to_string())?;
        let hasher = crc32fast::Hasher::new();
        Ok(Self { reader, buffer: Vec::new(), start: 0, filled: 0, hasher, limit, end: None })
    }

    /// Bytes that have come out so far.
    fn so_far(&self) -> u64 {
        self.start + self.filled as u64
    }

    /// Reads once into the room behind what is there. Whether something came.
    fn more(&mut self) -> bool {
        if self.end.is_some() {
            return false;
        }
        // One byte more than the limit, to see whether there is more.
        let left = usize::try_from(self.limit + 1 - self.so_far()).unwrap_or(usize::MAX);
        let room = self.buffer.len().min(self.filled.saturating_add(left));
        match self.reader.read(&mut self.buffer[self.filled..room]) {
            Ok(0) => self.end = Some(End::Whole),
            Ok(n) if self.so_far() + n as u64 > self.limit => {
                let n = n - 1;
                self.hasher.update(&self.buffer[self.filled..self.filled + n]);
                self.filled += n;
                self.end = Some(End::Damaged(format!("it decompresses to more than {} bytes", self.limit)));
            }
            Ok(n) => {
                self.hasher.update(&self.buffer[self.filled..self.filled + n]);
                self.filled += n;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.get_ref().is_some_and(|inner| inner.is::<SourceFailed>()) => {
                self.end = Some(End::Failed(error));
            }
            Err(error) => self.end = Some(End::Damaged(error.to_string())),
        }
        self.end.is_none()
    }

    /// Drops what lies before `offset`.
    fn forward(&mut self, offset: u64) {
        loop {
            // OK to cast: not more than is filled.
            let skip = offset.saturating_sub(self.start).min(self.filled as u64) as usize;
            self.buffer.copy_within(skip..self.filled, 0);
            self.filled -= skip;
            self.start += skip as u64;
            self.make_room(1);
            if self.start >= offset || !self.more() {
                return;
            }
        }
    }

    fn make_room(&mut self, length: usize) {
        let wanted = length.max(STREAM_BYTES);
        if self.buffer.len() < wanted {
            // Grows with what really comes, whatever a record claims.
            self.buffer.resize(wanted.min((self.filled * 2).max(STREAM_BYTES)), 0);
        } else if self.buffer.len() / 4 > wanted && self.filled <= wanted {
            self.buffer.resize(wanted, 0);
            self.buffer.shrink_to_fit();
        }
    }

    /// Decompresses the rest.
    ///
    /// # Errors
    ///
    /// When the source fails.
    pub(crate) fn finish(mut self) -> io::Result<Inflated> {
        loop {
            self.start += self.filled as u64;
            self.filled = 0;
            self.make_room(1);
            if !self.more() {
                break;
            }
        }
        let why = match self.end {
            Some(End::Failed(error)) => return Err(error),
            Some(End::Damaged(why)) => Some(why),
            Some(End::Whole) | None => None,
        };
        Ok(Inflated { bytes: self.start + self.filled as u64, crc: self.hasher.finalize(), why })
    }
}

impl Bytes for Inflating<'_> {
    fn get(&mut self, offset: u64, length: usize) -> io::Result<&[u8]> {
        if offset < self.start {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let end = offset.saturating_add(length as u64);
        if end > self.so_far() {
            self.forward(offset);
            while end > self.so_far() {
                if self.filled == self.buffer.len() {
                    self.make_room(length);
                }
                if !self.more() && end > self.so_far() {
                    return Err(io::Error::other(ChunkEnds));
                }
            }
        }
        // OK to cast: inside the buffer now.
        let from = (offset - self.start) as usize;
        Ok(&self.buffer[from..from + length])
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
            Compression::Lz4Block => lz4_flex::block::compress(bytes),
            // Only the Parquet library writes it; see the tests of pages.
            Compression::Brotli => Vec::new(),
            Compression::Hdf5 | Compression::Zarr => panic!("only the array undoes that"),
            Compression::Sqlite | Compression::SqliteZstd => panic!("only a database undoes that"),
            Compression::Bzip2 => {
                let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
                encoder.write_all(bytes).expect("memory");
                encoder.finish().expect("memory")
            }
            Compression::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                encoder.write_all(bytes).expect("memory");
                encoder.finish().expect("memory")
            }
        }
    }

    #[test]
    fn whole_and_cut_chunks() {
        let bytes: Vec<u8> = (0..500_000_u32).flat_map(|n| (n / 3).to_le_bytes()).collect();
        let mut inflater = Inflater::default();
        for compression in
            [Compression::None, Compression::Lz4, Compression::Zstd, Compression::Gzip, Compression::Bzip2]
        {
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
    fn a_block_of_lz4_is_as_long_as_its_sequences() {
        let mut inflater = Inflater::default();
        for bytes in
            [Vec::new(), vec![7; 3], vec![7; 70_000], (0..60_000_u32).flat_map(|n| (n / 3).to_le_bytes()).collect()]
        {
            let body = compressed(Compression::Lz4Block, &bytes);
            assert_eq!(lz4_length(&body), Some(bytes.len()));
            inflater.inflate(Compression::Lz4Block, &body, None).expect("whole");
            assert_eq!(inflater.bytes(), bytes);
            inflater.inflate_from(Compression::Lz4Block, &body[..]).expect("whole");
            assert_eq!(inflater.bytes(), bytes);
            if bytes.len() > 1000 {
                assert!(inflater.inflate(Compression::Lz4Block, &body, Some(1000)).is_err());
                assert!(inflater.inflate(Compression::Lz4Block, &body[..body.len() / 2], None).is_err());
            }
        }
        // Four literals, then a match of which the offset is cut; a length that goes on beyond the end.
        assert_eq!(lz4_length(&[0x40, 1, 2, 3, 4, 1]), None);
        assert_eq!(lz4_length(&[0xf0, 255, 255]), None);
    }

    #[test]
    fn a_chunk_is_walked_as_it_is_decompressed() {
        let bytes: Vec<u8> = (0..3_000_000_u32).flat_map(|n| (n / 3).to_le_bytes()).collect();
        for compression in [Compression::None, Compression::Lz4, Compression::Zstd] {
            let body = compressed(compression, &bytes);
            let mut inflating = Inflating::new(compression, &body[..], bytes.len() as u64).expect("a frame");
            for (offset, length) in [(0, 9), (9, 4_000_000), (4_000_009, 9), (9_000_000, 100), (11_999_999, 1)] {
                let got = inflating.get(offset, length).expect("it is there");
                assert!(got == &bytes[offset as usize..][..length], "{compression:?} {offset}");
            }
            assert!(inflating.get(11_999_999, 2).is_err());
            assert!(inflating.buffer.len() < 5_000_000);
            let inflated = inflating.finish().expect("memory does not fail");
            assert_eq!((inflated.bytes, inflated.crc), (bytes.len() as u64, crc32fast::hash(&bytes)));
            assert_eq!(inflated.why, None);

            let mut cut = Inflating::new(compression, &body[..body.len() / 2], bytes.len() as u64).expect("a frame");
            assert!(cut.get(0, 9).is_ok() && cut.get(11_000_000, 1).is_err());
            let cut = cut.finish().expect("memory does not fail");
            assert_eq!(cut.why.is_some(), compression != Compression::None);
            assert!(cut.bytes < bytes.len() as u64 && cut.crc == crc32fast::hash(&bytes[..cut.bytes as usize]));

            let mut long = Inflating::new(compression, &body[..], 1000).expect("a frame");
            assert!(long.get(0, 1000).is_ok() && long.get(1000, 1).is_err());
            let long = long.finish().expect("memory does not fail");
            assert_eq!((long.bytes, long.why.is_some()), (1000, true));
        }
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

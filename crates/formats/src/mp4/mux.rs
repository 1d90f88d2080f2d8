//! Writes one video track.
//!
//! ```text
//!   ftyp · free (room for moov) · mdat ····· samples ·····        moov goes into the room if it fits,
//!                                                                 else behind the samples
//! ```

use std::io::{self, Seek, SeekFrom, Write};

use prairie_model::Codec;

use super::boxes::FourCc;
use crate::FormatError;

/// What a track is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackSpec {
    /// How pictures are coded: H.264, H.265 or AV1.
    pub codec: Codec,
    /// Pixels per row, at most 65,535.
    pub width: u32,
    /// Rows, at most 65,535.
    pub height: u32,
    /// Content of `avcC`, `hvcC` or `av1C`.
    pub config: Vec<u8>,
    /// Ticks per second.
    pub timescale: u32,
}

/// One picture to write, in the order of decoding.
#[derive(Debug, Clone, Copy)]
pub struct NewSample<'a> {
    /// Units with their lengths (H.264, H.265), or OBUs without temporal delimiters (AV1).
    pub bytes: &'a [u8],
    /// Ticks until the next picture is decoded.
    pub duration: u32,
    /// Ticks from decoding to showing; negative where pictures are shown earlier than their place in the order of decoding.
    pub composition_offset: i32,
    /// Whether a decoder can start here.
    pub key_frame: bool,
}

/// Bytes after which a new chunk begins: readers that fetch chunk by chunk fetch this much.
const CHUNK_BYTES: u64 = 1 << 20;

/// Writes an MP4 file of one video track, with memory for its sample table only.
#[derive(Debug)]
pub struct Mp4Writer<W> {
    out: W,
    spec: TrackSpec,
    entry: (FourCc, FourCc),
    /// Where the room for `moov` begins, and its bytes.
    room: (u64, u64),
    /// Where `mdat` begins.
    data: u64,
    at: u64,
    chunk: Chunk,
    chunks: Vec<Chunk>,
    sizes: Vec<u32>,
    durations: Vec<(u32, u32)>,
    offsets: Vec<(u32, i32)>,
    keys: Vec<u32>,
    time: u64,
    end: u64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Chunk {
    offset: u64,
    bytes: u64,
    samples: u32,
}

fn failed(source: io::Error) -> FormatError {
    FormatError::Write { what: "the video file", source }
}

impl<W: Write + Seek> Mp4Writer<W> {
    /// Begins a file. `room` is how many bytes to keep free in front for the description of the track (about 5 bytes per
    /// picture, 13 where pictures are reordered), so that a player finds it at once; zero puts it behind the pictures.
    ///
    /// # Errors
    ///
    /// When the codec has no place in MP4, its configuration is missing, or the output fails.
    pub fn new(mut out: W, spec: TrackSpec, room: u32) -> Result<Self, FormatError> {
        let entry = match spec.codec {
            Codec::H264 => (*b"avc1", *b"avcC"),
            Codec::H265 => (*b"hvc1", *b"hvcC"),
            Codec::Av1 => (*b"av01", *b"av1C"),
            other => return Err(FormatError::Unsupported(format!("cannot put {} into MP4", other.name()))),
        };
        if spec.config.is_empty() || spec.timescale == 0 {
            let what = if spec.timescale == 0 { "a timescale" } else { "its decoder configuration" };
            return Err(FormatError::Unsupported(format!("{} in MP4 needs {what}", spec.codec.name())));
        }
        if spec.width > 0xffff || spec.height > 0xffff {
            return Err(FormatError::Unsupported(format!("{}x{} is too large for MP4", spec.width, spec.height)));
        }
        // `iso4` and later allow pictures that are shown before their time of decoding.
        let mut head = boxed(b"ftyp", &[b"isom\0\0\x02\0isomiso6mp41"]);
        let room = if room == 0 { (0, 0) } else { (head.len() as u64, u64::from(room.max(16))) };
        if room.1 > 0 {
            head.extend(free(room.1));
        }
        let data = head.len() as u64;
        // The size is written last, always in its long form, so that a file may grow beyond 4 GiB.
        head.extend([0, 0, 0, 1]);
        head.extend(b"mdat");
        head.extend([0; 8]);
        out.write_all(&head).map_err(failed)?;
        Ok(Self {
            out,
            spec,
            entry,
            room,
            data,
            at: data + 16,
            chunk: Chunk::default(),
            chunks: Vec::new(),
            sizes: Vec::new(),
            durations: Vec::new(),
            offsets: Vec::new(),
            keys: Vec::new(),
            time: 0,
            end: 0,
        })
    }

    /// Writes one picture.
    ///
    /// # Errors
    ///
    /// When the output fails, or a picture has 4 GiB or more.
    pub fn push(&mut self, sample: &NewSample<'_>) -> Result<(), FormatError> {
        let size = u32::try_from(sample.bytes.len())
            .map_err(|_too_large| FormatError::Unsupported("a picture of 4 GiB does not fit into MP4".to_owned()))?;
        let index = u32::try_from(self.sizes.len() + 1)
            .map_err(|_too_many| FormatError::Unsupported("more than 2^32 pictures do not fit into MP4".to_owned()))?;
        if self.chunk.samples > 0 && self.chunk.bytes >= CHUNK_BYTES {
            self.chunks.push(std::mem::take(&mut self.chunk));
        }
        if self.chunk.samples == 0 {
            self.chunk.offset = self.at;
        }
        self.out.write_all(sample.bytes).map_err(failed)?;
        self.at += u64::from(size);
        self.chunk.bytes += u64::from(size);
        self.chunk.samples += 1;
        self.sizes.push(size);
        count_run(&mut self.durations, sample.duration);
        count_run(&mut self.offsets, sample.composition_offset);
        if sample.key_frame {
            self.keys.push(index);
        }
        let shown = self.time.saturating_add_signed(sample.composition_offset.into());
        self.end = self.end.max(shown + u64::from(sample.duration));
        self.time += u64::from(sample.duration);
        Ok(())
    }

    /// The track as it was asked for.
    pub fn spec(&self) -> &TrackSpec {
        &self.spec
    }

    /// Where the next picture is decoded, in ticks.
    pub fn time(&self) -> u64 {
        self.time
    }

    /// Pictures so far.
    pub fn samples(&self) -> usize {
        self.sizes.len()
    }

    /// Bytes so far.
    pub fn bytes(&self) -> u64 {
        self.at
    }

    /// Describes the track and gives the output back.
    ///
    /// # Errors
    ///
    /// When the output fails.
    pub fn finish(mut self) -> Result<W, FormatError> {
        if self.chunk.samples > 0 {
            self.chunks.push(self.chunk);
        }
        let moov = self.moov();
        let length = moov.len() as u64;
        // What is left of the room must be nothing or a box of its own.
        let fits = self.room.1 == length || self.room.1 >= length + 8;
        if !fits {
            self.out.write_all(&moov).map_err(failed)?;
        }
        let end = if fits { self.at } else { self.at + length };
        self.out.seek(SeekFrom::Start(self.data + 8)).map_err(failed)?;
        self.out.write_all(&(self.at - self.data).to_be_bytes()).map_err(failed)?;
        if fits {
            self.out.seek(SeekFrom::Start(self.room.0)).map_err(failed)?;
            self.out.write_all(&moov).map_err(failed)?;
            if self.room.1 > length {
                self.out.write_all(&free(self.room.1 - length)[..8]).map_err(failed)?;
            }
        }
        self.out.seek(SeekFrom::Start(end)).map_err(failed)?;
        self.out.flush().map_err(failed)?;
        Ok(self.out)
    }

    fn moov(&self) -> Vec<u8> {
        let scale = self.spec.timescale.to_be_bytes();
        let duration = self.end.to_be_bytes();
        let mvhd = boxed(
            b"mvhd",
            &[
                &[1, 0, 0, 0],
                &[0; 16],
                &scale,
                &duration,
                &[0, 1, 0, 0, 1, 0, 0, 0],
                &[0; 8],
                &MATRIX,
                &[0; 24],
                &[0, 0, 0, 2],
            ],
        );
        // OK to cast: `new` refused what has more than 16 bits.
        let (width, height) = (self.spec.width << 16, self.spec.height << 16);
        let tkhd = boxed(
            b"tkhd",
            &[
                // Enabled, in the movie.
                &[1, 0, 0, 3],
                &[0; 16],
                &[0, 0, 0, 1, 0, 0, 0, 0],
                &duration,
                &[0; 16],
                &MATRIX,
                &width.to_be_bytes(),
                &height.to_be_bytes(),
            ],
        );
        // The language is `und`.
        let mdhd = boxed(b"mdhd", &[&[1, 0, 0, 0], &[0; 16], &scale, &duration, &[0x55, 0xc4, 0, 0]]);
        let hdlr = boxed(b"hdlr", &[&[0; 8], b"vide", &[0; 12], b"VideoHandler\0"]);
        let vmhd = boxed(b"vmhd", &[&[0, 0, 0, 1], &[0; 8]]);
        let url = boxed(b"url ", &[&[0, 0, 0, 1]]);
        let dinf = boxed(b"dinf", &[&boxed(b"dref", &[&[0, 0, 0, 0, 0, 0, 0, 1], &url])]);
        let minf = boxed(b"minf", &[&vmhd, &dinf, &self.stbl()]);
        let mdia = boxed(b"mdia", &[&mdhd, &hdlr, &minf]);
        boxed(b"moov", &[&mvhd, &boxed(b"trak", &[&tkhd, &mdia])])
    }

    fn stbl(&self) -> Vec<u8> {
        // OK to cast: `new` refused what has more than 16 bits.
        let (width, height) = (self.spec.width as u16, self.spec.height as u16);
        let entry = boxed(
            &self.entry.0,
            &[
                &[0, 0, 0, 0, 0, 0, 0, 1],
                &[0; 16],
                &width.to_be_bytes(),
                &height.to_be_bytes(),
                // 72 dots per inch, twice.
                &[0, 72, 0, 0, 0, 72, 0, 0],
                &[0, 0, 0, 0, 0, 1],
                &[0; 32],
                &[0, 24, 0xff, 0xff],
                &boxed(&self.entry.1, &[&self.spec.config]),
            ],
        );
        let stsd = boxed(b"stsd", &[&[0, 0, 0, 0, 0, 0, 0, 1], &entry]);
        let stts = table(b"stts", 0, self.durations.iter().flat_map(|(count, ticks)| [*count, *ticks]), 2);
        let mut parts = vec![stsd, stts];
        if self.offsets.iter().any(|(_, offset)| *offset != 0) {
            // OK to cast: version 1 holds the bits of an i32.
            let words = self.offsets.iter().flat_map(|(count, offset)| [*count, *offset as u32]);
            parts.push(table(b"ctts", 1, words, 2));
        }
        if self.keys.len() < self.sizes.len() {
            parts.push(table(b"stss", 0, self.keys.iter().copied(), 1));
        }
        let mut runs: Vec<[u32; 3]> = Vec::new();
        for (number, chunk) in (1..).zip(&self.chunks) {
            if runs.last().is_none_or(|[_, samples, _]| *samples != chunk.samples) {
                runs.push([number, chunk.samples, 1]);
            }
        }
        parts.push(table(b"stsc", 0, runs.into_iter().flatten(), 3));
        let mut stsz = vec![0; 8];
        // OK to cast: `push` counts samples as u32.
        stsz.extend((self.sizes.len() as u32).to_be_bytes());
        stsz.extend(self.sizes.iter().flat_map(|size| size.to_be_bytes()));
        parts.push(boxed(b"stsz", &[&stsz]));
        let short: Option<Vec<u32>> = self.chunks.iter().map(|chunk| u32::try_from(chunk.offset).ok()).collect();
        parts.push(match short {
            Some(offsets) => table(b"stco", 0, offsets.into_iter(), 1),
            None => {
                // OK to cast: there are no more chunks than samples.
                let mut body = [0_u32.to_be_bytes(), (self.chunks.len() as u32).to_be_bytes()].concat();
                body.extend(self.chunks.iter().flat_map(|chunk| chunk.offset.to_be_bytes()));
                boxed(b"co64", &[&body])
            }
        });
        boxed(b"stbl", &[&parts.concat()])
    }
}

/// No rotation, no scaling.
const MATRIX: [u8; 36] = {
    let mut matrix = [0; 36];
    matrix[1] = 1;
    matrix[17] = 1;
    matrix[32] = 0x40;
    matrix
};

fn boxed(kind: &FourCc, parts: &[&[u8]]) -> Vec<u8> {
    let length = 8 + parts.iter().map(|part| part.len()).sum::<usize>();
    let mut out = Vec::with_capacity(length);
    // OK to saturate: the largest box here is `moov`, whose table of 2^32 samples would not fit in memory.
    out.extend(u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    out.extend(kind);
    parts.iter().for_each(|part| out.extend_from_slice(part));
    out
}

/// A full box of a count and rows of `width` words.
fn table(kind: &FourCc, version: u8, words: impl Iterator<Item = u32>, width: usize) -> Vec<u8> {
    let body: Vec<u8> = words.flat_map(u32::to_be_bytes).collect();
    // OK to cast: there are no more rows than samples, which `push` counts as u32.
    let count = (body.len() / (4 * width)) as u32;
    boxed(kind, &[&[version, 0, 0, 0], &count.to_be_bytes(), &body])
}

/// A box of nothing, `length` bytes long; at least 8 and below 4 GiB.
fn free(length: u64) -> Vec<u8> {
    // OK to cast: rooms are u32.
    let mut out = (length as u32).to_be_bytes().to_vec();
    out.extend(b"free");
    out.resize(length as usize, 0);
    out
}

fn count_run<T: PartialEq>(runs: &mut Vec<(u32, T)>, value: T) {
    match runs.last_mut() {
        Some((count, last)) if *last == value && *count < u32::MAX => *count += 1,
        _ => runs.push((1, value)),
    }
}

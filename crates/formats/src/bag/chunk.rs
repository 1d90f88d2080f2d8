//! Reads one chunk: where it lies, decompressed whole, or decompressed as it is walked.

use std::io::BufReader;

use prairie_model::{Compression, Nanos, Note, NoteKind, TimeSpan};

use super::record::{Frame, Time, WalkError, next_frame, op};
use super::stream::{Place, Reading};
use crate::FormatError;
use crate::messages::config::{CHUNK_HELD, CHUNK_MAX, STREAM_BYTES};
use crate::messages::{Bytes, ChunkEnds, Halt, Inflating, Lost, Window, WindowPart, source_error};

/// Bytes of index data of one chunk that are read to find out what damage took.
const INDEX_DATA_MAX: u64 = 32 << 20;

/// A bag does not decompress to more than this many times its size and [`CHUNK_MAX`].
const RATIO_MAX: u64 = 1024;

/// Where the messages of a chunk lie, by the index data behind it: the offset in the chunk, and the time. Sorted.
type Entries = Vec<(u32, Time)>;

/// How far the records of a chunk were read.
struct Walked {
    /// Up to which byte of them.
    at: u64,
    /// Bytes of them that made no sense.
    gaps: Vec<(u64, u64)>,
}

/// What the bytes of a chunk gave.
struct Outcome {
    walked: Walked,
    /// Bytes of records.
    bytes: u64,
    /// Why there are no more.
    why: Option<String>,
}

impl Outcome {
    /// A chunk of which nothing came out.
    fn nothing(why: String) -> Self {
        Self { walked: Walked { at: 0, gaps: Vec::new() }, bytes: 0, why: Some(why) }
    }
}

impl Reading<'_> {
    /// A chunk. `cut` says that its record goes beyond the end of the file, so that only a part of it is there; the caller tells
    /// so. Gives the offset from which the walk goes on.
    pub(super) fn chunk(&mut self, window: &mut Window<'_>, frame: Frame, cut: bool) -> Result<u64, Halt> {
        self.before_chunk = self.messages;
        let (claimed, name) = match frame.header(window).map_err(Halt::io)? {
            Ok(header) => (u64::from(header.size.unwrap_or(0)), header.compression.map(<[u8]>::to_vec)),
            // The caller has read this header.
            Err(_) => return Ok(frame.end()),
        };
        let there = window.size().saturating_sub(frame.data());
        let mut length = there.min(frame.length);
        // A recorder writes sizes of zero, and comes back to them when the chunk is full.
        let open = length == 0 && claimed == 0 && !self.closed;
        if open {
            self.open_chunk = Some(frame.offset);
            length = there;
        }
        let compression = match name.as_deref() {
            Some(b"none") => Compression::None,
            Some(b"bz2") => Compression::Bzip2,
            Some(b"lz4") => Compression::Lz4,
            other => {
                let name = String::from_utf8_lossy(other.unwrap_or_default()).into_owned();
                let why = format!("it is compressed with `{name}`, which no reader knows");
                self.judge(window, frame, cut, (claimed, Outcome::nothing(why)))?;
                return Ok(frame.end());
            }
        };
        let cut = cut || open;
        let outcome = if compression == Compression::None {
            // What stands behind the head of an open chunk is walked as records of the file.
            if open {
                return Ok(frame.end());
            }
            let place = Place { chunk: None, record: frame.offset };
            let index = |window: &mut Window<'_>| entries(window, frame.end());
            let walked = self.inner(window, (frame.data(), length), place, cut, index)?;
            Outcome { walked, bytes: length, why: None }
        } else {
            let claim = if open { CHUNK_MAX } else { claimed };
            let place = Place { chunk: Some((frame.data(), length, compression)), record: frame.offset };
            self.spent = self.spent.saturating_add(claim);
            match claim.max(length) {
                _ if self.spent > window.size().saturating_mul(RATIO_MAX).saturating_add(CHUNK_MAX) => {
                    Outcome::nothing("no bag decompresses to so much as this one claims".to_owned())
                }
                most if most > CHUNK_MAX => Outcome::nothing(format!("chunks above {CHUNK_MAX} bytes are not read")),
                most if most > CHUNK_HELD => self.streamed(window, frame, (claim, cut), place)?,
                _ => self.held(window, frame, (claim, cut), place)?,
            }
        };
        self.judge(window, frame, cut, (claimed, outcome))?;
        // To an open chunk belongs everything up to the end of the file.
        Ok(if open { window.size() } else { frame.end() })
    }

    /// Tells what of a chunk could not be read.
    fn judge(
        &mut self,
        window: &mut Window<'_>,
        frame: Frame,
        cut: bool,
        (claimed, outcome): (u64, Outcome),
    ) -> Result<(), Halt> {
        let Outcome { walked, bytes, why } = outcome;
        let short = why.is_some() || bytes != claimed;
        if cut || !(short || walked.at < bytes || !walked.gaps.is_empty()) {
            return Ok(());
        }
        let text = match (why, walked.gaps.first()) {
            (Some(why), _) => format!("a chunk gives {bytes} of {claimed} bytes: {why}"),
            (None, _) if short => format!("a chunk gives {bytes} of {claimed} bytes"),
            (None, Some((at, end))) if *end < u64::MAX => {
                format!("the records of a chunk break at byte {at} of it, and go on at byte {end}, as the index says")
            }
            (None, gap) => {
                format!("the records of a chunk break at byte {} of it", gap.map_or(walked.at, |(at, _)| *at))
            }
        };
        let note = Note::new(NoteKind::Corrupt, text).at(&self.path, frame.offset);
        let read = self.messages - self.before_chunk;
        let lost = entries(window, frame.end()).map_err(Halt::io)?.map(|entries| {
            // Gaps follow each other.
            let is_lost = |offset: u64| {
                let gap = walked.gaps.partition_point(|(_, to)| *to <= offset);
                offset >= walked.at || walked.gaps.get(gap).is_some_and(|(from, _)| *from <= offset)
            };
            let span = entries
                .iter()
                .filter(|(offset, time)| time.is_valid && is_lost(u64::from(*offset)))
                // OK to cast: below 2^63, see `Time::parse`.
                .map(|(_, time)| TimeSpan::new(Nanos(time.nanos as i64), Nanos(time.nanos as i64)))
                .reduce(TimeSpan::union);
            let count = (entries.len() as u64).saturating_sub(read);
            Lost { count, span: span.filter(|_| count > 0) }
        });
        self.missed += lost.map_or(0, |lost| lost.count);
        self.out.took(note, lost)
    }

    /// Decompresses a chunk whole, and walks it.
    fn held(
        &mut self,
        window: &mut Window<'_>,
        frame: Frame,
        (claimed, cut): (u64, bool),
        place: Place,
    ) -> Result<Outcome, Halt> {
        let Some((start, length, compression)) = place.chunk else { return Ok(Outcome::nothing(String::new())) };
        // OK to cast: at most CHUNK_HELD.
        let body = window.get(start, length as usize).map_err(Halt::io)?;
        let why = self.inflater.inflate(compression, body, Some(claimed)).err();
        // The inflater is put aside while its bytes are walked, since the walk needs the rest of `self`.
        let inflater = std::mem::take(&mut self.inflater);
        let bytes = inflater.bytes().len() as u64;
        let index = |_: &mut &[u8]| entries(window, frame.end());
        let walked = self.inner(&mut inflater.bytes(), (0, bytes), place, cut, index);
        self.inflater = inflater;
        Ok(Outcome { walked: walked?, bytes, why })
    }

    /// Decompresses a chunk while it is walked.
    fn streamed(
        &mut self,
        window: &mut Window<'_>,
        frame: Frame,
        (claimed, cut): (u64, bool),
        place: Place,
    ) -> Result<Outcome, Halt> {
        let Some((start, length, compression)) = place.chunk else { return Ok(Outcome::nothing(String::new())) };
        // The decompressor holds the window, so what a break would ask the index is asked before.
        let mut known = if cut { None } else { entries(window, frame.end()).map_err(Halt::io)? };
        let part = WindowPart { window, at: start, end: start + length };
        let input = BufReader::with_capacity(STREAM_BYTES, part);
        let mut inflating = match Inflating::new(compression, input, claimed) {
            Ok(inflating) => inflating,
            Err(why) => return Ok(Outcome::nothing(why)),
        };
        let walked = self.inner(&mut inflating, (0, claimed), place, cut, |_| Ok(known.take()))?;
        let inflated = inflating.finish().map_err(|error| Halt::io(source_error(error)))?;
        Ok(Outcome { walked, bytes: inflated.bytes, why: inflated.why })
    }

    /// Walks the records of a chunk: `length` bytes from `start` of `bytes`. Where they break, `index` says where messages begin.
    fn inner<B: Bytes>(
        &mut self,
        bytes: &mut B,
        (start, length): (u64, u64),
        place: Place,
        cut: bool,
        mut index: impl FnMut(&mut B) -> std::io::Result<Option<Entries>>,
    ) -> Result<Walked, Halt> {
        let (mut at, end) = (start, start + length);
        let (mut gaps, mut known) = (Vec::new(), None);
        loop {
            match self.step(bytes, (at, end), place) {
                Ok(Step::Next(next)) => at = next,
                Ok(Step::End) => return Ok(Walked { at: at - start, gaps }),
                Err(halt) => return ends(halt).map(|()| Walked { at: at - start, gaps }),
                Ok(Step::Broken) if cut => return Ok(Walked { at: at - start, gaps }),
                Ok(Step::Broken) => {
                    let known = match &mut known {
                        Some(known) => known,
                        None => known.insert(index(bytes).map_err(Halt::io)?.unwrap_or_default()),
                    };
                    // Forward only, so that the walk ends.
                    let next = next_entry(known, at - start).map(|next| start + next).filter(|next| *next < end);
                    gaps.push((at - start, next.map_or(u64::MAX, |next| next - start)));
                    match next {
                        Some(next) => at = next,
                        None => return Ok(Walked { at: at - start, gaps }),
                    }
                }
            }
        }
    }

    /// One record of a chunk.
    fn step<B: Bytes>(&mut self, bytes: &mut B, (at, end): (u64, u64), place: Place) -> Result<Step, Halt> {
        let frame = match next_frame(bytes, at, end) {
            Ok(None) => return Ok(Step::End),
            Ok(Some(frame)) => frame,
            Err(WalkError::Io(error)) => return Err(Halt::io(error)),
            Err(_) => return Ok(Step::Broken),
        };
        if frame.header(bytes).map_err(Halt::io)?.is_err() {
            return Ok(Step::Broken);
        }
        self.record(bytes, frame, place)?;
        Ok(Step::Next(frame.end()))
    }
}

/// What became of a record of a chunk.
enum Step {
    /// The next one begins there.
    Next(u64),
    /// There are no more.
    End,
    /// It makes no sense.
    Broken,
}

/// The first message behind `at`.
fn next_entry(entries: &Entries, at: u64) -> Option<u64> {
    let from = entries.partition_point(|(offset, _)| u64::from(*offset) <= at);
    entries.get(from).map(|(offset, _)| u64::from(*offset))
}

/// The index data from `at` on; `None` where there are none.
fn entries(window: &mut Window<'_>, mut at: u64) -> std::io::Result<Option<Entries>> {
    let size = window.size();
    let (mut found, mut any) = (Entries::new(), false);
    loop {
        let frame = match next_frame(window, at, size) {
            Ok(Some(frame)) => frame,
            Err(WalkError::Io(error)) => return Err(error),
            _ => break,
        };
        at = frame.end();
        let is_index =
            frame.header(window)?.is_ok_and(|header| header.op == Some(op::INDEX_DATA) && header.ver == Some(1));
        if !is_index || frame.length + found.len() as u64 * 12 > INDEX_DATA_MAX {
            break;
        }
        any = true;
        // OK to cast: at most INDEX_DATA_MAX.
        let (entries, _) = window.get(frame.data(), frame.length as usize)?.as_chunks::<12>();
        found.extend(entries.iter().filter_map(|entry| {
            let (time, offset) = entry.split_first_chunk::<8>()?;
            Some((u32::from_le_bytes(offset.try_into().ok()?), Time::parse(time)?))
        }));
    }
    found.sort_unstable_by_key(|(offset, _)| *offset);
    Ok(any.then_some(found))
}

/// Whether a halt is only that the bytes of a chunk end.
fn ends(halt: Halt) -> Result<(), Halt> {
    match halt {
        Halt::Error(FormatError::Io { source, .. })
            if source.get_ref().is_some_and(|inner| inner.is::<ChunkEnds>()) =>
        {
            Ok(())
        }
        other => Err(other),
    }
}

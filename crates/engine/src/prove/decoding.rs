//! Pictures of one stream of one episode: their coded bytes without what only a container needs, and their pixels.
//!
//! **Invariant:** memory holds the pictures that are still asked for, a handful, and never those of an episode.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};

use prairie_formats::BlobReader;
use prairie_formats::mp4::annexb;
use prairie_media::PictureDecoder;
use prairie_model::{BlobRef, Codec, Nanos, Picture, PictureInfo, StreamBatch};

use super::side::Loaded;
use crate::error::EngineError;
use crate::frames::FrameRows;

/// Bytes of chunks that each side keeps.
const ROOM: usize = 32 << 20;

const START_CODE: [u8; 4] = [0, 0, 0, 1];

/// The pictures of a stream, by their order in time.
pub(super) struct Frames<'a> {
    blobs: BlobReader<'a>,
    frames: Vec<(BlobRef, PictureInfo)>,
    /// Places that are asked for, ascending.
    wanted: Vec<usize>,
    /// Places before it are not asked for any more.
    begin: usize,
    /// Places in the order in which they lie in the container, which is the order for the decoder.
    order: VecDeque<usize>,
    decoder: Option<(PictureInfo, Box<dyn PictureDecoder>)>,
    /// What was decoded and may still be asked for.
    ready: BTreeMap<usize, Result<Picture, String>>,
    flushed: bool,
}

impl<'a> Frames<'a> {
    pub(super) fn new(loaded: &Loaded<'a>, stream: &StreamBatch, wanted: Vec<usize>) -> Result<Self, EngineError> {
        let rows = FrameRows::of(&stream.samples);
        let rows = rows.ok_or_else(|| EngineError::Bug(format!("`{}` holds no frames", stream.stream.name)))?;
        let frames: Vec<_> = (0..rows.len()).map(|row| (rows.blob(row), rows.picture(row, &stream.stream))).collect();
        let mut order: Vec<usize> = (0..frames.len()).collect();
        order.sort_by_key(|at| {
            let blob = &frames[*at].0;
            (blob.file, blob.chunk_offset, blob.inner_offset)
        });
        Ok(Self {
            blobs: BlobReader::with_room(loaded.source, ROOM),
            frames,
            wanted,
            begin: 0,
            order: order.into(),
            decoder: None,
            ready: BTreeMap::new(),
            flushed: false,
        })
    }

    pub(super) fn codec(&self, at: usize) -> Option<Codec> {
        self.frames.get(at).map(|(_, info)| info.codec)
    }

    /// The coded bytes of a picture as they lie in the container.
    pub(super) fn bytes(&mut self, at: usize) -> Result<Vec<u8>, String> {
        let (blob, _) = self.frames.get(at).ok_or("there is no such picture")?;
        self.blobs.read(blob).map_err(|error| error.to_string())
    }

    /// What the picture says to a decoder: its bytes without start codes, lengths, parameter sets and delimiters.
    pub(super) fn essence(&mut self, at: usize) -> Result<Vec<u8>, String> {
        let bytes = self.bytes(at)?;
        let (_, info) = &self.frames[at];
        Ok(match info.codec {
            Codec::H264 | Codec::H265 => match start_codes(info, &bytes) {
                Some(stream) => annexb::length_prefixed(info.codec, &stream),
                None => bytes,
            },
            Codec::Av1 => bytes[sequence_header(&bytes).map_or(0, |(_, end)| end)..].to_vec(),
            _ => bytes,
        })
    }

    /// What a decoder must know besides a picture, as far as that one says it: parameter sets, the size of raw pictures.
    pub(super) fn configuration(&mut self, at: usize) -> Option<Vec<u8>> {
        let bytes = self.bytes(at).ok()?;
        let (_, info) = &self.frames[at];
        match info.codec {
            Codec::H264 | Codec::H265 if info.config.is_empty() => annexb::config(info.codec, &bytes),
            Codec::H264 | Codec::H265 => Some(info.config.clone()),
            Codec::Av1 => {
                let own = sequence_header(&bytes).map(|(header, _)| header.to_vec());
                // What follows the four bytes of `av1C` are units.
                own.or_else(|| Some(sequence_header(info.config.get(4..)?)?.0.to_vec()))
            }
            Codec::Raw(_) => Some(format!("{:?} {:?} {:?}", info.width, info.height, info.config).into_bytes()),
            _ => Some(Vec::new()),
        }
    }

    /// The pixels of a picture. Those before the last one that was forgotten cannot be had again.
    pub(super) fn picture(&mut self, at: usize) -> Result<Picture, String> {
        loop {
            if let Some(picture) = self.ready.get(&at) {
                return picture.clone();
            }
            if self.frames.get(at).is_some_and(|(_, info)| info.codec.is_intra()) {
                let picture = self.alone(at);
                self.ready.insert(at, picture);
            } else if !self.decode_one() {
                return Err("the decoder gave no picture for it".to_owned());
            }
        }
    }

    /// Forgets the pictures before place `at`.
    pub(super) fn forget_before(&mut self, at: usize) {
        self.ready = self.ready.split_off(&at);
        self.begin = at;
    }

    fn alone(&mut self, at: usize) -> Result<Picture, String> {
        let bytes = self.bytes(at)?;
        let (_, info) = &self.frames[at];
        let mut decoder = prairie_media::decoder(info).map_err(|error| error.to_string())?;
        let mut decoded = decoder.push(Nanos(0), &bytes);
        decoded.extend(decoder.flush());
        let first = decoded.into_iter().next().ok_or("it gave no picture")?;
        first.1.map_err(|error| error.to_string())
    }

    /// Feeds the decoder one more; false where there is none.
    fn decode_one(&mut self) -> bool {
        let mut decoded = Vec::new();
        let Some(next) = self.order.pop_front() else {
            if let Some((_, decoder)) = self.decoder.as_mut().filter(|_| !self.flushed) {
                decoded = decoder.flush();
            }
            let more = !self.flushed;
            self.flushed = true;
            self.take(decoded);
            return more;
        };
        // The picture's number stands for its time, so that two of one time stay apart.
        let number = Nanos(next as i64);
        let bytes = self.bytes(next);
        let (_, info) = &self.frames[next];
        if self.decoder.as_ref().is_none_or(|(old, _)| old != info) {
            if let Some((_, mut old)) = self.decoder.take() {
                decoded = old.flush();
            }
            match prairie_media::decoder(info) {
                Ok(decoder) => self.decoder = Some((info.clone(), decoder)),
                Err(error) => decoded.push((number, Err(error))),
            }
        }
        if let Some((_, decoder)) = &mut self.decoder {
            match bytes {
                Ok(bytes) => decoded.extend(decoder.push(number, &bytes)),
                Err(error) => decoded.push((number, Err(prairie_model::FrameError::Unreadable(error)))),
            }
        }
        self.take(decoded);
        true
    }

    fn take(&mut self, decoded: Vec<prairie_media::Decoded>) {
        for (Nanos(number), picture) in decoded {
            // OK to cast: it is the number of a picture.
            let at = number as usize;
            if at >= self.begin && self.wanted.binary_search(&at).is_ok() {
                self.ready.insert(at, picture.map_err(|error| error.to_string()));
            }
        }
    }
}

/// An access unit with start codes; `None` where its units cannot be found.
fn start_codes<'a>(info: &PictureInfo, bytes: &'a [u8]) -> Option<Cow<'a, [u8]>> {
    if info.config.is_empty() {
        return annexb::is_annex_b(bytes).then_some(Cow::Borrowed(bytes));
    }
    // Where `avcC` and `hvcC` say how long a length is.
    let size = usize::from(info.config.get(if info.codec == Codec::H264 { 4 } else { 21 })? & 3) + 1;
    let mut out = Vec::with_capacity(bytes.len() + 16);
    let mut rest = bytes;
    while !rest.is_empty() {
        let (length, after) = rest.split_at_checked(size)?;
        let length = length.iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
        let (unit, after) = after.split_at_checked(length)?;
        out.extend_from_slice(&START_CODE);
        out.extend_from_slice(unit);
        rest = after;
    }
    Some(Cow::Owned(out))
}

/// The sequence header among the first units of AV1, and where it ends; delimiters may come before it.
fn sequence_header(bytes: &[u8]) -> Option<(&[u8], usize)> {
    const SEQUENCE_HEADER: u8 = 1;
    const DELIMITER: u8 = 2;
    let mut at = 0;
    loop {
        let head = *bytes.get(at)?;
        let (kind, extended, sized) = (head >> 3 & 15, head & 4 != 0, head & 2 != 0);
        if !sized || !matches!(kind, SEQUENCE_HEADER | DELIMITER) {
            return None;
        }
        let mut from = at + 1 + usize::from(extended);
        let mut length = 0_usize;
        for place in 0..8 {
            let byte = *bytes.get(from)?;
            from += 1;
            // OK to shift: eight times seven bits.
            length |= usize::from(byte & 127) << (7 * place);
            if byte & 128 == 0 {
                break;
            }
        }
        let end = from.checked_add(length)?;
        let unit = bytes.get(from..end)?;
        if kind == SEQUENCE_HEADER {
            return Some((unit, end));
        }
        at = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(codec: Codec, config: Vec<u8>) -> PictureInfo {
        PictureInfo { codec, width: None, height: None, config, fps: None }
    }

    #[test]
    fn lengths_and_start_codes_say_the_same() {
        let avc = info(Codec::H264, vec![1, 100, 0, 31, 0xff]);
        let in_file = [0, 0, 0, 3, 0x65, 7, 7];
        let in_message = [0, 0, 0, 1, 0x67, 9, 0, 0, 1, 0x65, 7, 7];
        let one = annexb::length_prefixed(Codec::H264, &start_codes(&avc, &in_file).unwrap());
        let bare = info(Codec::H264, Vec::new());
        let two = annexb::length_prefixed(Codec::H264, &start_codes(&bare, &in_message).unwrap());
        assert_eq!(one, two);
        assert_eq!(start_codes(&avc, &[0, 0, 0, 9, 1]), None, "cut short");
    }

    #[test]
    fn a_sequence_header_is_found_behind_a_delimiter() {
        let bytes = [0x12, 0, 0x0a, 2, 5, 6, 0x32, 1, 7];
        assert_eq!(sequence_header(&bytes), Some((&[5, 6][..], 6)));
        assert_eq!(sequence_header(&bytes[6..]), None, "a frame has none");
        assert_eq!(sequence_header(&[0x0a, 0x80]), None, "cut short");
    }
}

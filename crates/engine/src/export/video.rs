//! Frames of a camera at the rows of an export: copied where codec, rate and size allow, else encoded in one pass.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use prairie_formats::mp4::annexb;
use prairie_formats::{BlobReader, FormatError};
use prairie_media::{H264Encoder, H264Settings, PictureDecoder, decoder, even_rgb, scale};
use prairie_model::{BlobRef, Codec, FrameError, Nanos, Picture, PictureInfo, Stream, StreamBatch};

use crate::error::EngineError;
use crate::export::choice::PictureSize;
use crate::export::grid::{Camera, FramePlan};
use crate::export::judge::{Judge, Likeness};
use crate::export::spool::Spool;
use crate::frames::FrameRows;

/// One camera of one episode.
pub(crate) struct LoadedCamera {
    stream: Stream,
    blobs: Vec<BlobRef>,
    pictures: Vec<PictureInfo>,
    /// Times and key frames.
    pub(crate) camera: Camera,
    /// The size that its pictures get; that of the source when `None`.
    pub(crate) size: Option<PictureSize>,
}

/// One coded frame of an export.
pub(crate) struct CodedFrame {
    /// Length-prefixed for H.264 and H.265, as it is for AV1.
    pub(crate) bytes: Vec<u8>,
    /// Whether a decoder can start here.
    pub(crate) key_frame: bool,
    /// The row that shows it.
    pub(crate) shown_at: u32,
}

/// How a camera is written, and what its track declares.
#[derive(Debug, Clone)]
pub(crate) struct Track {
    /// Codec of the export.
    pub(crate) codec: Codec,
    /// Pixels per row.
    pub(crate) width: u32,
    /// Rows.
    pub(crate) height: u32,
    /// The decoder's configuration as MP4 has it.
    pub(crate) config: Vec<u8>,
    /// Columns and rows that were added to make both numbers even.
    pub(crate) padding: [u32; 2],
    /// Why it is encoded; `None` when it is copied.
    pub(crate) why_encoded: Option<String>,
}

/// How frames are encoded where they cannot be copied.
#[derive(Debug, Clone)]
pub(crate) struct Encoding {
    /// Rows per second.
    pub(crate) fps: f64,
    /// Encode even what could be copied.
    pub(crate) always: bool,
    /// Where encoded frames wait until the whole episode can be written.
    pub(crate) spool: PathBuf,
}

/// A camera whose frames are ready to be written.
pub(crate) struct Prepared {
    track: Track,
    /// Where they were encoded: the frames, how alike they are, and what the rows show in the end. Copied ones are read when
    /// they are written.
    encoded: Option<(Spool, Option<Likeness>, FramePlan)>,
}

/// What was written of a camera.
pub(crate) struct Written {
    pub(crate) track: Track,
    /// What each row shows.
    pub(crate) plan: FramePlan,
    /// Bytes of all frames.
    pub(crate) bytes: u64,
    /// How alike encoded frames are to their sources.
    pub(crate) likeness: Option<Likeness>,
}

/// A frame that came out of the decoder: its number, and its picture or why there is none.
type Shown = (usize, Result<ShownPicture, FrameError>);

/// A decoded picture that a row shows.
#[derive(Debug)]
pub(crate) struct ShownPicture {
    pub(crate) picture: Picture,
    /// The bytes that it was decoded from, where they stand for themselves.
    pub(crate) coded: Option<Vec<u8>>,
    /// How these are coded.
    pub(crate) codec: Codec,
}

/// What becomes of the picture of a row, or why that cannot be: called for row after row, with the number of the frame.
pub(crate) type Show<'a> = dyn FnMut(usize, usize, &ShownPicture) -> Result<Result<(), String>, EngineError> + 'a;

impl Prepared {
    /// Whether its frames are copied as they are.
    pub(crate) fn is_copied(&self) -> bool {
        self.encoded.is_none()
    }

    /// What the track declares.
    pub(crate) fn track(&self) -> &Track {
        &self.track
    }
}

/// Why a camera of an episode cannot be exported as it is.
#[derive(Debug)]
pub(crate) enum Unfit {
    /// It can be exported without its first frames: none of them can be decoded.
    Until {
        /// How many frames to leave out.
        frames: usize,
        /// Those of them that rows would have shown.
        lost: u64,
        /// Why the first of those cannot be decoded.
        why: String,
    },
    /// It cannot be exported.
    Why(String),
}

impl LoadedCamera {
    /// The frames of `batch`, in the order of time.
    pub(crate) fn new(batch: &StreamBatch) -> Result<Self, EngineError> {
        let rows = FrameRows::of(&batch.samples);
        let rows = rows.ok_or_else(|| EngineError::Bug(format!("`{}` holds no frames", batch.stream.name)))?;
        let mut loaded = Self {
            stream: batch.stream.as_ref().clone(),
            blobs: Vec::with_capacity(rows.len()),
            pictures: Vec::with_capacity(rows.len()),
            camera: Camera::default(),
            size: None,
        };
        for row in 0..rows.len() {
            let (blob, picture) = (rows.blob(row), rows.picture(row, &batch.stream));
            loaded.camera.t_ns.push(rows.t_ns(row));
            loaded.camera.key.push(blob.key_frame.unwrap_or(picture.codec.is_intra()));
            loaded.blobs.push(blob);
            loaded.pictures.push(picture);
        }
        Ok(loaded)
    }

    /// Leaves the first frames out.
    pub(crate) fn skip(&mut self, frames: usize) {
        let frames = frames.min(self.blobs.len());
        self.blobs.drain(..frames);
        self.pictures.drain(..frames);
        self.camera.t_ns.drain(..frames);
        self.camera.key.drain(..frames);
    }

    /// Whether the grid must begin at one of its key frames for it to be copied.
    pub(crate) fn is_inter_coded(&self) -> bool {
        self.pictures.iter().any(|picture| !picture.codec.is_intra())
    }

    /// The times of the first frame that can be decoded and of the last frame. What lies before the first key frame was coded
    /// against frames that are not part of the episode.
    pub(crate) fn span(&self) -> Option<(i64, i64)> {
        let first = self.camera.key.iter().position(|is_key| *is_key).unwrap_or(0);
        Some((*self.camera.t_ns.get(first)?, *self.camera.t_ns.last()?))
    }

    /// Reads key frames of inter-coded messages whose container does not mark them.
    pub(crate) fn find_key_frames(&mut self, blobs: &mut BlobReader<'_>) -> Result<(), FormatError> {
        for at in 0..self.blobs.len() {
            if self.blobs[at].key_frame.is_none() && !self.pictures[at].codec.is_intra() {
                let bytes = blobs.read(&self.blobs[at])?;
                self.camera.key[at] = prairie_media::is_key_frame(self.pictures[at].codec, &bytes);
            }
        }
        Ok(())
    }

    /// Whether the frames of `plan` can be copied, and the track that holds them then.
    fn copied(&self, plan: &FramePlan, blobs: &mut BlobReader<'_>) -> Result<Track, String> {
        let first = plan.picks.first().copied().ok_or("there is no row")?;
        let picture = &self.pictures[first];
        if picture.codec.is_intra() || picture.codec == Codec::Other {
            return Err(format!("{} is not a codec of this form", picture.codec.name()));
        }
        if !plan.one_for_one {
            return Err("frames are missing or its rate is another".to_owned());
        }
        if !self.camera.key[first] {
            return Err("its first frame is no key frame".to_owned());
        }
        if plan.picks.iter().any(|pick| self.pictures[*pick] != *picture) {
            return Err("its codec or size changes".to_owned());
        }
        let order = self.decode_order(first, first + plan.picks.len());
        if order.first() != Some(&first) {
            return Err("a frame before its first row is needed to decode it".to_owned());
        }
        let bytes = blobs.read(&self.blobs[first]).map_err(|error| error.to_string())?;
        let config = match picture.config.is_empty() {
            false => picture.config.clone(),
            true => annexb::config(picture.codec, &bytes).ok_or("its first frame carries no parameter sets")?,
        };
        let size = match (picture.width, picture.height) {
            (Some(width), Some(height)) => Some((width, height)),
            _ => prairie_media::probe(picture.codec, &bytes),
        };
        let (width, height) = size.ok_or("its size is unknown")?;
        if self.size.is_some_and(|wanted| (wanted.width(), wanted.height()) != (width, height)) {
            return Err(format!("another size than {width}x{height} was asked for"));
        }
        Ok(Track { codec: picture.codec, width, height, config, padding: [0, 0], why_encoded: None })
    }

    /// Frames `from..to` in the order in which they lie in the recording.
    fn decode_order(&self, from: usize, to: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (from..to).collect();
        order.sort_by_key(|at| {
            let blob = &self.blobs[*at];
            (blob.file, blob.chunk_offset, blob.inner_offset)
        });
        order
    }

    /// Decides how the frames of `plan` are written, and encodes them where they cannot be copied. `look` sees every encoded
    /// picture with its row.
    pub(crate) fn prepare(
        &self,
        plan: &FramePlan,
        how: &Encoding,
        blobs: &mut BlobReader<'_>,
        look: &mut dyn FnMut(usize, &Picture),
    ) -> Result<Result<Prepared, Unfit>, EngineError> {
        let copied = if how.always { Err("encoding was asked for".to_owned()) } else { self.copied(plan, blobs) };
        match copied {
            Ok(track) => Ok(Ok(Prepared { track, encoded: None })),
            Err(why) => self.encode(plan, how, why, blobs, look),
        }
    }

    /// Gives the frames of `plan` to `take`, in the order of decoding.
    pub(crate) fn write(
        &self,
        plan: &FramePlan,
        prepared: Prepared,
        blobs: &mut BlobReader<'_>,
        take: &mut dyn FnMut(&Track, CodedFrame) -> Result<(), EngineError>,
    ) -> Result<Written, EngineError> {
        let Prepared { track, encoded } = prepared;
        let mut bytes = 0;
        let mut count = |frame: CodedFrame| {
            bytes += frame.bytes.len() as u64;
            take(&track, frame)
        };
        let (likeness, plan) = match encoded {
            None => {
                self.copy(plan, &track, blobs, &mut count)?;
                (None, plan.clone())
            }
            Some((frames, likeness, shown)) => {
                frames.read(&mut |bytes, key_frame, shown_at| count(CodedFrame { bytes, key_frame, shown_at }))?;
                (likeness, shown)
            }
        };
        Ok(Written { track, plan, bytes, likeness })
    }

    /// Decoded pictures of at most `most` frames of `plan` that stand for themselves, spread evenly: for statistics.
    pub(crate) fn sample(&self, plan: &FramePlan, most: usize, blobs: &mut BlobReader<'_>) -> Vec<Picture> {
        let keys: Vec<usize> = plan.picks.iter().copied().filter(|at| self.camera.key[*at]).collect();
        let step = keys.len().div_ceil(most.max(1)).max(1);
        let mut pictures = Vec::new();
        let mut open: Option<(PictureInfo, Box<dyn PictureDecoder>)> = None;
        for at in keys.into_iter().step_by(step) {
            let info = &self.pictures[at];
            if open.as_ref().is_none_or(|(known, _)| known != info) {
                open = decoder(info).ok().map(|decoder| (info.clone(), decoder));
            }
            let Some((_, decoder)) = &mut open else { continue };
            let Ok(bytes) = blobs.read(&self.blobs[at]) else { continue };
            let mut frames = decoder.push(Nanos(0), &bytes);
            frames.extend(decoder.flush());
            pictures.extend(frames.into_iter().filter_map(|(_, frame)| frame.ok()));
        }
        pictures
    }

    fn copy(
        &self,
        plan: &FramePlan,
        track: &Track,
        blobs: &mut BlobReader<'_>,
        take: &mut dyn FnMut(CodedFrame) -> Result<(), EngineError>,
    ) -> Result<(), EngineError> {
        // OK because `copied` saw the first pick.
        let first = plan.picks[0];
        for at in self.decode_order(first, first + plan.picks.len()) {
            let bytes = blobs.read(&self.blobs[at]).map_err(|source| self.unreadable(source))?;
            // Frames of a container with a configuration have lengths; those of messages have start codes.
            let start_codes = self.pictures[at].config.is_empty() && annexb::is_annex_b(&bytes);
            let bytes = if track.codec != Codec::Av1 && start_codes {
                annexb::length_prefixed(track.codec, &bytes)
            } else {
                bytes
            };
            // OK to cast: rows of one episode, far below 2^32.
            take(CodedFrame { bytes, key_frame: self.camera.key[at], shown_at: (at - first) as u32 })?;
        }
        Ok(())
    }

    fn unreadable(&self, source: FormatError) -> EngineError {
        EngineError::Read { path: format!("frames of {}", self.stream.name), source }
    }

    fn encode(
        &self,
        plan: &FramePlan,
        how: &Encoding,
        why: String,
        blobs: &mut BlobReader<'_>,
        look: &mut dyn FnMut(usize, &Picture),
    ) -> Result<Result<Prepared, Unfit>, EngineError> {
        let mut work = Work { encoder: None, spool: Spool::create(&how.spool)?, fps: how.fps, why };
        let shown = self.pictures(plan, blobs, &mut |row, _, shown| {
            look(row, &shown.picture);
            work.frame(&shown.picture)
        })?;
        let shown = match shown {
            Ok(shown) => shown,
            Err(unfit) => return Ok(Err(unfit)),
        };
        let Some((_, track, judge)) = work.encoder else {
            return Ok(Err(Unfit::Why(format!("`{}` has no picture", self.stream.name))));
        };
        Ok(Ok(Prepared { track, encoded: Some((work.spool, judge.likeness(), shown)) }))
    }

    /// Gives the decoded picture of each row of `plan` to `show`, one after the other, and says what the rows show in the end. A
    /// row whose frame cannot be decoded shows the picture before it, if that is near enough.
    pub(crate) fn pictures(
        &self,
        plan: &FramePlan,
        blobs: &mut BlobReader<'_>,
        show: &mut Show<'_>,
    ) -> Result<Result<FramePlan, Unfit>, EngineError> {
        let mut showing = Showing {
            camera: self,
            plan,
            show,
            shown: Vec::with_capacity(plan.picks.len()),
            before: None,
            broken: BTreeMap::new(),
            lost: BTreeSet::new(),
        };
        let mut unfit = None;
        self.decode(plan, blobs, &mut |at, frame| {
            if let Err(why) = showing.take(at, frame)? {
                unfit = Some(why);
            }
            Ok(unfit.is_none() && !showing.is_done())
        })?;
        match unfit {
            Some(why) => Ok(Err(why)),
            None => showing.finish(),
        }
    }

    /// The last frame before frame `at` that no row shows and that can be decoded: where rows are few, it is nearer than the one
    /// that the row before shows.
    fn stand_in(
        &self,
        at: usize,
        plan: &FramePlan,
        blobs: &mut BlobReader<'_>,
        decoder: &mut dyn PictureDecoder,
    ) -> Result<Option<Shown>, EngineError> {
        for before in (at.saturating_sub(STAND_INS_MAX)..at).rev() {
            if plan.picks.binary_search(&before).is_ok() || self.pictures[before] != self.pictures[at] {
                break;
            }
            let bytes = blobs.read(&self.blobs[before]).map_err(|source| self.unreadable(source))?;
            let mut frames = self.push(decoder, before, bytes).into_iter();
            if let Some(found) = frames.find(|(_, frame)| frame.is_ok()) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Gives frame `at` to the decoder. Its number stands for its time, so that two frames of one time stay apart.
    fn push(&self, decoder: &mut dyn PictureDecoder, at: usize, bytes: Vec<u8>) -> Vec<Shown> {
        let codec = self.pictures[at].codec;
        let frames = decoder.push(Nanos(at as i64), &bytes);
        let mut coded = codec.is_intra().then_some(bytes);
        // A frame that stands for itself comes out at once, and alone.
        frames
            .into_iter()
            .map(|(Nanos(number), frame)| {
                // OK to cast: numbers of frames went in.
                (number as usize, frame.map(|picture| ShownPicture { picture, coded: coded.take(), codec }))
            })
            .collect()
    }

    /// Decodes the frames that `plan` needs, in the order of time, until `take` says that it has enough.
    fn decode(
        &self,
        plan: &FramePlan,
        blobs: &mut BlobReader<'_>,
        take: &mut dyn FnMut(usize, Result<ShownPicture, FrameError>) -> Result<bool, EngineError>,
    ) -> Result<(), EngineError> {
        let (Some(&first), Some(&last)) = (plan.picks.first(), plan.picks.last()) else { return Ok(()) };
        let order = self.decode_order(0, self.blobs.len());
        // From the last key frame at or before the first frame that is needed.
        let needed = order.iter().position(|at| *at == first).unwrap_or(0);
        let from = (0..=needed).rev().find(|place| self.camera.key[order[*place]]).unwrap_or(0);
        let mut decoding: Option<(PictureInfo, Box<dyn PictureDecoder>)> = None;
        for &at in &order[from..] {
            let info = &self.pictures[at];
            if info.codec.is_intra() && plan.picks.binary_search(&at).is_err() {
                continue;
            }
            let mut frames = Vec::new();
            if decoding.as_ref().map(|(known, _)| known) != Some(info) {
                if let Some((known, mut old)) = decoding.take() {
                    frames.extend(flush(old.as_mut(), known.codec));
                }
                match decoder(info) {
                    Ok(new) => decoding = Some((info.clone(), new)),
                    Err(error) => frames.push((at, Err(error))),
                }
            }
            if let Some((_, decoder)) = &mut decoding {
                let bytes = blobs.read(&self.blobs[at]).map_err(|source| self.unreadable(source))?;
                frames.extend(self.push(decoder.as_mut(), at, bytes));
                if info.codec.is_intra() && frames.iter().any(|(_, frame)| frame.is_err()) {
                    frames.extend(self.stand_in(at, plan, blobs, decoder.as_mut())?);
                }
            }
            for (number, frame) in frames {
                if !take(number, frame)? {
                    return Ok(());
                }
            }
            // Frames after the last needed one only help to bring it out of the decoder.
            if at > last + 64 {
                break;
            }
        }
        let left = decoding.map(|(known, mut decoder)| flush(decoder.as_mut(), known.codec));
        for (number, frame) in left.unwrap_or_default() {
            if !take(number, frame)? {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// What is left in a decoder.
fn flush(decoder: &mut dyn PictureDecoder, codec: Codec) -> Vec<Shown> {
    let frames = decoder.flush().into_iter();
    let shown = |picture| ShownPicture { picture, coded: None, codec };
    // OK to cast: numbers of frames went in.
    frames.map(|(Nanos(number), frame)| (number as usize, frame.map(shown))).collect()
}

/// How many frames before one that cannot be decoded are tried in its place.
const STAND_INS_MAX: usize = 8;

/// The rows of a camera on their way out, one after the other. A row whose frame cannot be decoded shows the picture before it, if
/// that is near enough.
struct Showing<'a, 'b> {
    camera: &'a LoadedCamera,
    plan: &'a FramePlan,
    show: &'a mut Show<'b>,
    /// The frame that each row shows, so far.
    shown: Vec<usize>,
    /// The last frame that could be decoded.
    before: Option<(usize, ShownPicture)>,
    /// Why frames cannot be decoded.
    broken: BTreeMap<usize, FrameError>,
    /// Frames that rows would have shown.
    lost: BTreeSet<usize>,
}

impl Showing<'_, '_> {
    fn is_done(&self) -> bool {
        self.shown.len() == self.plan.picks.len()
    }

    /// Takes the next frame out of the decoder, or says why the camera cannot be exported.
    fn take(&mut self, at: usize, frame: Result<ShownPicture, FrameError>) -> Result<Result<(), Unfit>, EngineError> {
        let picture = match frame {
            Ok(picture) => picture,
            Err(error) => {
                self.broken.insert(at, error);
                return Ok(Ok(()));
            }
        };
        if let Err(why) = self.bridge(at)? {
            return Ok(Err(why));
        }
        let row = self.shown.len();
        let rows = self.plan.picks[row..].iter().take_while(|pick| **pick == at).count();
        for _ in 0..rows {
            if let Err(why) = self.show(at, &picture)? {
                return Ok(Err(why));
            }
        }
        if self.before.as_ref().is_none_or(|(before, _)| *before < at) {
            self.before = Some((at, picture));
        }
        Ok(Ok(()))
    }

    /// Shows the last picture in all rows whose frames come before frame `end`: the decoder did not give them.
    fn bridge(&mut self, end: usize) -> Result<Result<(), Unfit>, EngineError> {
        while let Some(&pick) = self.plan.picks.get(self.shown.len())
            && pick < end
        {
            let row = self.shown.len();
            let near = self.before.take_if(|(before, _)| self.plan.is_near(&self.camera.camera, row, *before));
            let Some((at, picture)) = near else {
                let why = self.broken.get(&pick).map(|error| format!(": {error}")).unwrap_or_default();
                let stream = &self.camera.stream.name;
                if row == 0 && end < usize::MAX {
                    let mut lost: Vec<usize> = self.plan.picks.iter().copied().filter(|pick| *pick < end).collect();
                    lost.dedup();
                    let why = format!("frame {pick} of `{stream}` cannot be decoded{why}");
                    return Ok(Err(Unfit::Until { frames: end, lost: lost.len() as u64, why }));
                }
                return Ok(Err(Unfit::Why(format!(
                    "frame {pick} of `{stream}` cannot be decoded, and no picture before it is near enough{why}"
                ))));
            };
            self.lost.insert(pick);
            if let Err(why) = self.show(at, &picture)? {
                return Ok(Err(why));
            }
            self.before = Some((at, picture));
        }
        Ok(Ok(()))
    }

    /// Shows a picture in the next row.
    fn show(&mut self, at: usize, picture: &ShownPicture) -> Result<Result<(), Unfit>, EngineError> {
        let scaled = match self.camera.size {
            Some(size) if (size.width(), size.height()) != (picture.picture.width, picture.picture.height) => {
                match scale(&picture.picture, size.width(), size.height()) {
                    Some(scaled) => Some(ShownPicture { picture: scaled, coded: None, codec: picture.codec }),
                    None => {
                        let (format, name) = (picture.picture.format.name(), &self.camera.stream.name);
                        let why = format!("frame {at} of `{name}` cannot be scaled: it is {format}");
                        return Ok(Err(Unfit::Why(why)));
                    }
                }
            }
            _ => None,
        };
        let picture = scaled.as_ref().unwrap_or(picture);
        let done = (self.show)(self.shown.len(), at, picture)?;
        self.shown.push(at);
        Ok(done.map_err(|why| Unfit::Why(format!("frame {at} of `{}` {why}", self.camera.stream.name))))
    }

    /// What the rows show when the decoder has given all it has.
    fn finish(mut self) -> Result<Result<FramePlan, Unfit>, EngineError> {
        if let Err(why) = self.bridge(usize::MAX)? {
            return Ok(Err(why));
        }
        let shown = self.plan.shown_as(&self.camera.camera, self.shown, self.lost.len() as u64);
        Ok(shown.ok_or_else(|| Unfit::Why(format!("`{}` has no picture", self.camera.stream.name))))
    }
}

/// A camera on its way through the encoder.
struct Work {
    /// The encoder, what its track declares and who compares; begun with the first picture, whose size it takes.
    encoder: Option<(H264Encoder, Track, Judge)>,
    spool: Spool,
    fps: f64,
    why: String,
}

impl Work {
    /// Encodes one more picture, or says why that cannot be.
    fn frame(&mut self, picture: &Picture) -> Result<Result<(), String>, EngineError> {
        let Some(even) = even_rgb(picture) else {
            return Ok(Err(format!("cannot be encoded: it is {}, not eight bits a channel", picture.format.name())));
        };
        if self.encoder.is_none() {
            let settings = H264Settings {
                width: even.width,
                height: even.height,
                // OK to cast: it only goes into the rate control.
                fps: self.fps as f32,
                ..H264Settings::default()
            };
            let encoder = match H264Encoder::new(settings) {
                Ok(encoder) => encoder,
                Err(error) => return Ok(Err(format!("cannot be encoded: {error}"))),
            };
            let track = Track {
                codec: Codec::H264,
                width: even.width,
                height: even.height,
                config: Vec::new(),
                padding: [even.width - picture.width, even.height - picture.height],
                why_encoded: Some(self.why.clone()),
            };
            self.encoder = Some((encoder, track, Judge::new(settings.key_interval.get())));
        }
        let Some((encoder, track, judge)) = &mut self.encoder else { return Ok(Err("has no encoder".to_owned())) };
        let unit = match encoder.encode(&even) {
            Ok(unit) => unit,
            Err(error) => return Ok(Err(format!("cannot be encoded: {error}"))),
        };
        if track.config.is_empty() {
            let config = annexb::config(Codec::H264, &unit.data);
            track.config =
                config.ok_or_else(|| EngineError::Bug("the encoder's first frame has no parameter sets".to_owned()))?;
        }
        judge.see(&unit, &even);
        self.spool.push(&annexb::length_prefixed(Codec::H264, &unit.data), unit.is_key)?;
        Ok(Ok(()))
    }
}

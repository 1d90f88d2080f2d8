//! MP4: the sample table of a video track in, a file of one video track out.
//!
//! ```text
//!   Source ─ read_track ─▶ Track { codec, config, samples: offset, size, times, key }      (moov and moof only, never mdat)
//!   samples ─ Mp4Writer ─▶ ftyp · moov · mdat                                              (bytes as they are, no re-encoding)
//!   Annex B ─ annexb ─▶ length-prefixed access units, avcC / hvcC
//! ```
//!
//! **Invariant:** pictures are never decoded here, and never copied by the reader: a [`Sample`] says where they lie.
//!
//! What it does *not* do: audio, several tracks in one output file, encryption, fragments in output.

pub mod annexb;
mod boxes;
mod demux;
mod fragment;
mod mux;
mod table;

pub use demux::read_track;
pub use mux::{Mp4Writer, NewSample, TrackSpec};

use prairie_model::{Codec, Note};

/// One video track of an MP4 file.
#[derive(Debug, Clone, PartialEq)]
pub struct Track {
    /// How its pictures are coded; [`Codec::Other`] for a sample entry that is not known.
    pub codec: Codec,
    /// Four-character code of the sample entry: `avc1`, `hev1`, `av01`.
    pub sample_entry: String,
    /// Pixels per row, as the sample entry says.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Content of `avcC`, `hvcC` or `av1C`; empty where there is none.
    pub config: Vec<u8>,
    /// Ticks per second of the times below; never zero.
    pub timescale: u32,
    /// Composition time, in ticks, that is presented at time zero, as the edit list says; negative where the presentation
    /// begins late.
    pub edit_offset: i64,
    /// The samples, in the order of decoding.
    pub samples: Vec<Sample>,
    /// What is wrong with the file.
    pub notes: Vec<Note>,
}

/// One coded picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// Where its bytes begin in the file.
    pub offset: u64,
    /// Bytes.
    pub size: u32,
    /// When it is decoded, in ticks.
    pub decode_time: i64,
    /// When it is shown, in ticks, before the edit list.
    pub composition_time: i64,
    /// Whether a decoder can start here.
    pub key_frame: bool,
}

impl Track {
    /// When `sample` is shown, in nanoseconds from the beginning of the presentation.
    pub fn time_ns(&self, sample: &Sample) -> i64 {
        let ticks = i128::from(sample.composition_time) - i128::from(self.edit_offset);
        let scale = i128::from(self.timescale.max(1));
        // Rounded to the nearest nanosecond, halves up, also below zero.
        let nanos = (ticks * 2_000_000_000 + scale).div_euclid(2 * scale);
        // OK to cast: clamped to the range of i64.
        nanos.clamp(i64::MIN.into(), i64::MAX.into()) as i64
    }
}

//! Containers: a whole recording from bytes to standard episodes, and MP4 by itself.

use std::ops::ControlFlow;

use prairie_formats::bag::Bag;
use prairie_formats::blocks::Blocks;
use prairie_formats::columns::Columns;
use prairie_formats::hdf5::Hdf5;
use prairie_formats::lerobot::LeRobot;
use prairie_formats::mcap::Mcap;
use prairie_formats::mp4::{annexb as units, read_track};
use prairie_formats::rlds::Rlds;
use prairie_formats::rosbag2::Rosbag2;
use prairie_formats::ulog::Ulog;
use prairie_formats::xr_teleoperate::XrTeleoperate;
use prairie_formats::zarr::Zarr;
use prairie_formats::{BlobReader, Reader, sniff};
use prairie_model::{BlobColumns, Codec, EpisodeTally, MemorySource, Payload, ReadEvent, ReadOptions, Source, is_blob};
use prairie_standardize::{Mapping, Overrides, Segmentation, Standard, Standardizer, inline};

use crate::unpack;

/// Events after which a reader is told to stop: the rest of a long recording is more of the same.
const EVENTS_MAX: usize = 2_000;
/// Blobs that are read back from one recording.
const BLOBS_MAX: usize = 64;

pub(crate) fn bag(data: &[u8]) {
    let source = MemorySource::new([("a.bag".to_owned(), data.to_vec())]);
    sniff(&source).ok();
    read(&Bag, &source);
}

/// A folder: databases, their logs, and the description.
pub(crate) fn rosbag2(data: &[u8]) {
    let source = MemorySource::new(unpack(data));
    sniff(&source).ok();
    read(&Rosbag2, &source);
}

/// The description is that of its own tests; the bytes are the text.
pub(crate) fn blocks(data: &[u8]) {
    let config = b"schema = \"prairie/blocks/1\"\nperiod_s = 0.021\n[[files]]\npath = \"a.data\"\n\
                   [[streams]]\nname = \"wrench\"\ncolumns = [0, 1, 2, 3, 4, 5]\n[outcomes]\nnormal = \"success\"\n";
    let files = [("a.data".to_owned(), data.to_vec()), ("recording.toml".to_owned(), config.to_vec())];
    let source = MemorySource::new(files);
    sniff(&source).ok();
    read(&Blocks, &source);
}

/// With checksums and without: then mutations reach what they protect.
pub(crate) fn hdf5(data: &[u8]) {
    let source = MemorySource::new([("a.hdf5".to_owned(), data.to_vec())]);
    sniff(&source).ok();
    for verify in [true, false] {
        read_with(&Hdf5, &source, verify);
    }
}

pub(crate) fn mcap(data: &[u8]) {
    let source = MemorySource::new([("a.mcap".to_owned(), data.to_vec())]);
    // Whoever claims it or not: the reader must stand whatever it is given.
    sniff(&source).ok();
    read(&Mcap, &source);
}

pub(crate) fn lerobot(data: &[u8]) {
    let source = MemorySource::new(unpack(data));
    sniff(&source).ok();
    read(&LeRobot, &source);
}

pub(crate) fn rlds(data: &[u8]) {
    let source = MemorySource::new(unpack(data));
    sniff(&source).ok();
    read(&Rlds, &source);
}

/// A folder with its description.
pub(crate) fn table(data: &[u8]) {
    let source = MemorySource::new(unpack(data));
    sniff(&source).ok();
    read(&Columns, &source);
}

pub(crate) fn ulog(data: &[u8]) {
    let source = MemorySource::new([("a.ulg".to_owned(), data.to_vec())]);
    sniff(&source).ok();
    read(&Ulog, &source);
}

/// A folder, or a ZIP archive where the bytes begin as one.
pub(crate) fn zarr(data: &[u8]) {
    let files = match data.starts_with(b"PK") {
        true => vec![("a.zarr.zip".to_owned(), data.to_vec())],
        false => unpack(data),
    };
    let source = MemorySource::new(files);
    sniff(&source).ok();
    read(&Zarr, &source);
}

pub(crate) fn xr_teleoperate(data: &[u8]) {
    let source = MemorySource::new(unpack(data));
    sniff(&source).ok();
    read(&XrTeleoperate, &source);
}

fn read(reader: &dyn Reader, source: &MemorySource) {
    read_with(reader, source, true);
}

/// Plans, reads and standardizes. The counts must reconcile in the end.
fn read_with(reader: &dyn Reader, source: &MemorySource, verify: bool) {
    let options = ReadOptions { inline: inline(), verify, ..ReadOptions::default() };
    let Ok(plan) = reader.plan(source, &options) else { return };
    let mut standardizer = Standardizer::new(&plan, Mapping::default(), Overrides::default(), Segmentation::whole());
    let mut blobs = Vec::new();
    let mut tally = EpisodeTally::default();
    let (mut events, mut delivered, mut broken) = (0, 0, false);
    let out = |standard: Standard, tally: &mut EpisodeTally| {
        if let Standard::EpisodeEnd(draft) = standard {
            tally.add(draft.tally);
        }
    };
    let summary = reader.read(source, &plan, &options, &mut |event| {
        events += 1;
        if let ReadEvent::Batch(batch) = &event {
            delivered += batch.len() as u64;
            keep_blobs(&batch.payload, &mut blobs);
        }
        let pushed = standardizer.push(event, &mut |standard| out(standard, &mut tally));
        // A batch that contradicts its channel is the reader's fault, not the recording's.
        assert!(pushed.is_ok(), "the standardizer refused what the reader gave: {pushed:?}");
        broken = events >= EVENTS_MAX;
        if broken { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    read_blobs(source, &blobs);
    let Ok(summary) = summary else { return };
    let finished = standardizer.finish(&summary, &mut |standard| out(standard, &mut tally));
    let Ok(recording) = finished else { panic!("the standardizer could not finish") };
    tally.add(recording.tally);
    assert_eq!(tally.messages, tally.mapped + tally.unmapped + tally.undecodable, "{tally:?}");
    if !broken {
        let (messages, undecodable) = summary
            .channels
            .values()
            .fold((0, 0), |sum, channel| (sum.0 + channel.messages, sum.1 + channel.undecodable));
        assert!(undecodable <= messages, "{undecodable} of {messages} messages are undecodable");
        assert_eq!(delivered + undecodable, messages, "what was read is delivered or counted");
    }
}

fn keep_blobs(payload: &Payload, blobs: &mut Vec<prairie_model::BlobRef>) {
    let room = BLOBS_MAX.saturating_sub(blobs.len());
    match payload {
        Payload::Opaque(places) => blobs.extend(places.iter().take(room)),
        Payload::Decoded(rows) => {
            for (field, column) in rows.fields().iter().zip(rows.columns()) {
                if is_blob(field) {
                    let places = BlobColumns::read(column).unwrap_or_default();
                    blobs.extend(places.into_iter().take(room));
                }
            }
        }
    }
}

/// A blob that a reader hands out has the length that it says, or the recording is damaged there.
fn read_blobs(source: &dyn Source, blobs: &[prairie_model::BlobRef]) {
    let mut reader = BlobReader::new(source);
    for blob in blobs {
        if let Ok(bytes) = reader.read(blob) {
            assert_eq!(bytes.len() as u64, blob.length, "{blob:?}");
        }
    }
}

pub(crate) fn mp4(data: &[u8]) {
    let source = MemorySource::new([("a.mp4".to_owned(), data.to_vec())]);
    let Ok(track) = read_track(&source, 0) else { return };
    assert!(track.timescale > 0);
    for sample in &track.samples {
        track.time_ns(sample);
        let end = sample.offset.checked_add(sample.size.into());
        assert!(end.is_some_and(|end| end <= data.len() as u64), "{sample:?} lies outside of the file");
    }
}

/// Frames as messages carry them. The first byte chooses the codec.
pub(crate) fn annexb(data: &[u8]) {
    let Some((first, frame)) = data.split_first() else { return };
    let codec = if first % 2 == 0 { Codec::H264 } else { Codec::H265 };
    let total: usize = units::units(frame).map(<[u8]>::len).sum();
    assert!(total <= frame.len(), "units overlap");
    units::is_annex_b(frame);
    units::is_key_frame(codec, frame);
    units::config(codec, frame);
    units::picture_size(codec, frame);
    // Four bytes of length replace a start code of at least three.
    assert!(units::length_prefixed(codec, frame).len() <= frame.len() * 2 + 4);
}

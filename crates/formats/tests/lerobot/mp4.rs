//! Sample tables against FFmpeg's, files that are written and read back, and damage.

use std::io::{self, Cursor, Seek, SeekFrom, Write};

use prairie_formats::mp4::{Mp4Writer, NewSample, Track, TrackSpec, read_track};
use prairie_model::{Codec, MemorySource, NoteKind, Source, SourceFile};

use crate::fixtures::{Random, sample};

fn spec() -> TrackSpec {
    TrackSpec { codec: Codec::H264, width: 64, height: 48, config: vec![1, 66, 0, 30, 0xff, 0xe0, 0], timescale: 15360 }
}

/// Pictures in the order I B P B, each with its own bytes.
fn write(pictures: u32, room: u32) -> Vec<u8> {
    let mut writer = Mp4Writer::new(Cursor::new(Vec::new()), spec(), room).unwrap();
    for at in 0..pictures {
        let sample = NewSample {
            bytes: &at.to_be_bytes()[..1 + at as usize % 4],
            duration: 512,
            composition_offset: [0, 512, -512, 0][at as usize % 4],
            key_frame: at % 4 == 0,
        };
        writer.push(&sample).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn read(bytes: Vec<u8>) -> Result<Track, prairie_formats::FormatError> {
    read_track(&MemorySource::new([("a.mp4".to_owned(), bytes)]), 0)
}

#[test]
fn what_is_written_is_read() {
    for room in [0, 16, 100_000] {
        let bytes = write(100, room);
        let track = read(bytes.clone()).unwrap();
        assert_eq!((track.codec, track.width, track.height, track.timescale), (Codec::H264, 64, 48, 15360));
        assert_eq!((track.config, track.edit_offset), (spec().config, 0));
        assert!(track.notes.is_empty(), "{:?}", track.notes);
        assert_eq!(track.samples.len(), 100);
        for (at, sample) in (0_u32..).zip(&track.samples) {
            let from = sample.offset as usize;
            assert_eq!(bytes[from..from + sample.size as usize], at.to_be_bytes()[..1 + at as usize % 4]);
            assert_eq!(sample.decode_time, i64::from(at) * 512);
            assert_eq!(sample.composition_time - sample.decode_time, [0, 512, -512, 0][at as usize % 4]);
            assert_eq!(sample.key_frame, at % 4 == 0);
        }
        let moov = bytes.windows(4).position(|four| four == b"moov").unwrap();
        let mdat = bytes.windows(4).position(|four| four == b"mdat").unwrap();
        assert_eq!(moov < mdat, room == 100_000);
    }
}

#[test]
fn what_stands_behind_the_last_box_is_told() {
    let whole = write(20, 0);
    let end = whole.len() as u64;
    // Zeros read as a box to the end of the file, and noise as a box of any size: neither has letters.
    let box_of_noise = [0, 0, 0, 12, 7, 8, 9, 10, 0, 0, 0, 0].to_vec();
    for behind in [vec![0; 300], vec![0xD7; 300], vec![1], box_of_noise, b"some words behind it".to_vec()] {
        let track = read([&whole[..], &behind].concat()).unwrap();
        assert_eq!(track.samples.len(), 20);
        let [note] = &track.notes[..] else { panic!("{:?}", track.notes) };
        assert_eq!((note.kind, note.offset), (NoteKind::Trailing, Some(end)), "{note:?}");
    }
    // A box that nobody knows is a box.
    let more = boxed(b"zzz1", &[&[5; 20]]);
    assert_eq!(read([&whole[..], &more].concat()).unwrap().notes, []);
    let free = boxed(b"free", &[&[5; 20]]);
    let cut = read([&whole[..], &free[..20]].concat()).unwrap();
    assert_eq!(cut.notes[0].kind, NoteKind::Truncated, "{:?}", cut.notes);
}

/// A file of which only small writes are kept; the rest reads as zeros.
#[derive(Default)]
struct Sparse {
    kept: Vec<(u64, Vec<u8>)>,
    at: u64,
    files: Vec<SourceFile>,
}

impl Write for Sparse {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        if buffer.len() < 1 << 20 {
            self.kept.push((self.at, buffer.to_vec()));
        }
        self.at += buffer.len() as u64;
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Sparse {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let SeekFrom::Start(at) = to else { return Err(io::ErrorKind::Unsupported.into()) };
        self.at = at;
        Ok(at)
    }
}

impl Source for Sparse {
    fn files(&self) -> &[SourceFile] {
        &self.files
    }

    fn read_at(&self, _: usize, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let n = buffer.len().min((self.files[0].size - offset) as usize);
        for (byte, at) in buffer[..n].iter_mut().zip(offset..) {
            let of =
                |(start, bytes): &(u64, Vec<u8>)| bytes.get(usize::try_from(at.checked_sub(*start)?).ok()?).copied();
            *byte = self.kept.iter().rev().find_map(of).unwrap_or(0);
        }
        Ok(n)
    }
}

#[test]
fn a_file_beyond_four_gibibytes() {
    let mut writer = Mp4Writer::new(Sparse::default(), spec(), 0).unwrap();
    let picture = vec![0; 64 << 20];
    for at in 0..70 {
        let sample = NewSample { bytes: &picture, duration: 512, composition_offset: 0, key_frame: at == 0 };
        writer.push(&sample).unwrap();
    }
    let mut file = writer.finish().unwrap();
    file.files = vec![SourceFile { path: "big.mp4".to_owned(), size: file.at }];
    let track = read_track(&file, 0).unwrap();
    assert_eq!((track.samples.len(), track.notes.len()), (70, 0));
    assert_eq!(track.samples[69].offset - track.samples[0].offset, 69 * (64 << 20));
    assert_eq!(track.samples.iter().filter(|sample| sample.key_frame).count(), 1);
}

fn boxed(kind: &[u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    [&(body.len() as u32 + 8).to_be_bytes()[..], kind, &body].concat()
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

#[test]
fn fragments_are_read() {
    // The description of a file without pictures, with the defaults that fragments leave out.
    let whole = write(0, 0);
    let at = whole.windows(4).position(|four| four == b"moov").unwrap() - 4;
    let trex = boxed(b"trex", &[&words(&[0, 1, 1, 512, 0, 0x0001_0000])]);
    let moov = boxed(b"moov", &[&whole[at + 8..], &boxed(b"mvex", &[&trex])]);
    let mut file = [&whole[..at], &moov[..]].concat();
    for fragment in 0..2_u32 {
        // Sizes and composition offsets for each picture; the flags of the first only.
        let run = |data: u32| {
            boxed(b"trun", &[&words(&[0x0100_0a05, 3, data, 0x0200_0000, 10, 0, 20, 512, 30, (-512_i32) as u32])])
        };
        let moof = |data| {
            let tfhd = boxed(b"tfhd", &[&words(&[0x0002_0000, 1])]);
            let tfdt = boxed(b"tfdt", &[&words(&[0, fragment * 1536])]);
            boxed(b"moof", &[&boxed(b"mfhd", &[&words(&[0, 1])]), &boxed(b"traf", &[&tfhd, &tfdt, &run(data)])])
        };
        let data = moof(0).len() as u32 + 8;
        file.extend(moof(data));
        file.extend(boxed(b"mdat", &[&[7; 60]]));
    }
    let size = file.len() as u64;
    let track = read(file).unwrap();
    let seen: Vec<_> = track.samples.iter().map(|s| (s.size, s.decode_time, s.composition_time, s.key_frame)).collect();
    let once = [(10, 0, 0, true), (20, 512, 1024, false), (30, 1024, 512, false)];
    let twice = once.map(|(size, decode, shown, key)| (size, decode + 1536, shown + 1536, key));
    assert_eq!(seen, [once, twice].concat());
    assert_eq!(track.samples[5].offset + 30, size);
    assert!(track.notes.is_empty(), "{:?}", track.notes);
}

#[test]
fn sample_tables_agree_with_ffmpeg() {
    // ffprobe -show_entries packet=pts,dts,flags,size,pos
    if let Some(folder) = sample("lerobot/aloha_sim_insertion_human/videos") {
        let track = read_track(&folder, 0).unwrap();
        assert_eq!((track.codec, track.samples.len(), track.timescale), (Codec::H264, 500, 12800));
        let first: Vec<_> =
            track.samples[..3].iter().map(|s| (track.time_ns(s), s.size, s.offset, s.key_frame)).collect();
        assert_eq!(first, [(0, 4124, 48, true), (20_000_000, 446, 4172, false), (40_000_000, 3825, 4618, true)]);
    }
    if let Some(folder) = sample("ioai-lerobot-fixtures/lerobotv3/videos/observation.images.cam/chunk-000") {
        let track = read_track(&folder, 0).unwrap();
        let times: Vec<_> = track.samples.iter().map(|sample| track.time_ns(sample)).collect();
        assert_eq!(times, [0, 200_000_000, 100_000_000], "shown in another order than decoded");
        assert_eq!(track.samples[2].offset, 794);
    }
}

#[test]
fn damage_never_panics() {
    let mut files = vec![write(50, 0), write(50, 4096)];
    if let Some(folder) = sample("ioai-lerobot-fixtures/lerobotv3/videos/observation.images.cam/chunk-000") {
        files.push(folder.read_exact(0, 0, folder.files()[0].size).unwrap());
    }
    let mut random = Random(1);
    let (mut read_anyway, mut refused) = (0, 0);
    for file in files {
        let mut count = |bytes: Vec<u8>| match read(bytes) {
            Ok(track) => {
                assert!(track.samples.len() <= 1 << 22);
                read_anyway += 1;
            }
            Err(_) => refused += 1,
        };
        for length in (0..file.len()).step_by(7) {
            count(file[..length].to_vec());
        }
        for _ in 0..3000 {
            let mut bytes = file.clone();
            for _ in 0..=random.below(3) {
                let at = random.below(bytes.len());
                bytes[at] = random.below(256) as u8;
            }
            count(bytes);
        }
        // Every word of the file as the largest number.
        for at in 0..file.len().saturating_sub(4) {
            let mut bytes = file.clone();
            bytes[at..at + 4].fill(0xff);
            count(bytes);
        }
    }
    assert!(read_anyway > 100 && refused > 100, "{read_anyway} read, {refused} refused");
}

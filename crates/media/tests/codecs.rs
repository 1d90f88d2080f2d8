//! Bitstreams of other encoders, and our own: decoded, cut short, broken, and compared with the pictures they were made from.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::num::NonZeroU32;
use std::time::Instant;

use prairie_media::{H264Encoder, H264Settings, PictureDecoder, decoder, is_key_frame, probe, psnr, sniff, ssim};
use prairie_model::{Codec, FrameError, Nanos, Picture, PictureInfo, PixelFormat};
use proptest::prelude::*;

/// The pattern of `codec_fixtures.py`.
fn pattern(n: u32, width: u32, height: u32) -> Picture {
    let wave = |value: u32| (value % 510).abs_diff(255) as u8;
    let mut pixels = Vec::new();
    for y in 0..height {
        for x in 0..width {
            pixels.extend([wave(4 * x + 12 * n), wave(6 * y + 9 * n), wave(2 * x + 2 * y + 5 * n)]);
        }
    }
    Picture { width, height, format: PixelFormat::Rgb8, pixels }
}

const FILES: [(&str, &[u8]); 5] = [
    ("av1.frames", include_bytes!("data/av1.frames")),
    ("colour-420.jpg", include_bytes!("data/colour-420.jpg")),
    ("colour-444-progressive.jpg", include_bytes!("data/colour-444-progressive.jpg")),
    ("grey.jpg", include_bytes!("data/grey.jpg")),
    ("h264-b-frames.frames", include_bytes!("data/h264-b-frames.frames")),
];

fn file(name: &str) -> Vec<u8> {
    FILES.iter().find(|(file, _)| *file == name).unwrap().1.to_vec()
}

/// Frames in the order of decoding, each with its place in the order of showing.
fn frames(name: &str) -> Vec<(u32, Vec<u8>)> {
    let bytes = file(name);
    let number = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let (mut frames, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let length = number(at + 4) as usize;
        frames.push((number(at), bytes[at + 8..at + 8 + length].to_vec()));
        at += 8 + length;
    }
    frames
}

fn info(codec: Codec, config: &[u8]) -> PictureInfo {
    PictureInfo { codec, width: None, height: None, config: config.to_vec(), fps: None }
}

/// Everything that comes out, with the frame number in the time.
fn decode_all(codec: Codec, config: &[u8], frames: &[(u32, Vec<u8>)]) -> Vec<(u32, Result<Picture, FrameError>)> {
    let mut decoder = decoder(&info(codec, config)).unwrap();
    let mut decoded = Vec::new();
    for (n, data) in frames {
        decoded.extend(decoder.push(Nanos(i64::from(*n) * 1000), data));
    }
    decoded.extend(decoder.flush());
    decoded.into_iter().map(|(t, picture)| ((t.0 / 1000) as u32, picture)).collect()
}

fn assert_shows_the_pattern(decoded: &[(u32, Result<Picture, FrameError>)], least_db: f64) {
    for (n, picture) in decoded {
        let picture = picture.as_ref().unwrap_or_else(|error| panic!("frame {n}: {error}"));
        let likeness = |n| psnr(picture, &pattern(n, picture.width, picture.height)).unwrap();
        assert!(likeness(*n) > least_db, "frame {n}: {} dB", likeness(*n));
        assert!(likeness(*n) > likeness(n + 1) + 3.0, "frame {n} looks like the next");
    }
}

/// The units of Annex B, and the same access unit with lengths of `size` bytes.
fn with_lengths(data: &[u8], size: usize) -> (Vec<Vec<u8>>, Vec<u8>) {
    let starts: Vec<usize> = (0..data.len() - 2).filter(|at| data[*at..].starts_with(&[0, 0, 1])).collect();
    let ends = starts.iter().skip(1).map(|next| next - usize::from(data[next - 1] == 0)).chain([data.len()]);
    let units: Vec<Vec<u8>> = starts.iter().zip(ends).map(|(start, end)| data[start + 3..end].to_vec()).collect();
    let mut prefixed = Vec::new();
    for unit in units.iter().filter(|unit| !matches!(unit[0] & 0x1F, 7 | 8)) {
        prefixed.extend_from_slice(&(unit.len() as u32).to_be_bytes()[4 - size..]);
        prefixed.extend_from_slice(unit);
    }
    (units, prefixed)
}

fn avcc(units: &[Vec<u8>], size: usize) -> Vec<u8> {
    let of = |kind: u8| units.iter().find(|unit| unit[0] & 0x1F == kind).unwrap();
    let mut config = vec![1, of(7)[1], of(7)[2], of(7)[3], 0xFC | (size - 1) as u8];
    for (count, set) in [(0xE1, of(7)), (1, of(8))] {
        config.push(count);
        config.extend_from_slice(&(set.len() as u16).to_be_bytes());
        config.extend_from_slice(set);
    }
    config
}

#[test]
fn h264_with_b_frames_comes_out_in_the_order_of_showing() {
    let frames = frames("h264-b-frames.frames");
    assert!(frames.windows(2).any(|pair| pair[0].0 > pair[1].0), "the fixture has B-frames");
    let decoded = decode_all(Codec::H264, &[], &frames);
    assert_eq!(decoded.iter().map(|(n, _)| *n).collect::<Vec<_>>(), (0..24).collect::<Vec<_>>());
    assert_shows_the_pattern(&decoded, 33.0);
}

#[test]
fn h264_of_mp4_decodes_to_the_same_pictures() {
    let frames = frames("h264-b-frames.frames");
    let expected = decode_all(Codec::H264, &[], &frames);
    for size in [1, 2, 4] {
        let config = avcc(&with_lengths(&frames[0].1, size).0, size);
        // One byte counts to 255 only.
        let fits = |data: &[u8]| with_lengths(data, 4).0.iter().all(|unit| unit.len() < 1 << (8 * size).min(31));
        let usable = frames.iter().take_while(|(_, data)| fits(data)).count();
        if usable < frames.len() {
            continue;
        }
        let prefixed: Vec<_> = frames.iter().map(|(n, data)| (*n, with_lengths(data, size).1)).collect();
        assert_eq!(decode_all(Codec::H264, &config, &prefixed), expected, "lengths of {size} bytes");
    }
    assert!(decoder(&info(Codec::H264, &[1, 77, 0, 30])).is_err(), "avcC that is cut short");
}

#[test]
fn h264_without_its_key_frame_is_an_error_per_frame_and_recovers_at_the_next() {
    let frames = frames("h264-b-frames.frames");
    let decoded = decode_all(Codec::H264, &[], &frames[1..]);
    assert_eq!(decoded.len(), frames.len() - 1, "every frame comes back once");
    let (lost, shown): (Vec<_>, Vec<_>) = decoded.into_iter().partition(|(n, _)| *n < 12);
    assert!(lost.iter().all(|(_, picture)| picture.is_err()));
    assert_eq!(shown.len(), 12);
    assert_shows_the_pattern(&shown, 33.0);
}

#[test]
fn av1_decodes_and_recovers() {
    let frames = frames("av1.frames");
    let decoded = decode_all(Codec::Av1, &[], &frames);
    assert_eq!(decoded.len(), 24);
    assert_shows_the_pattern(&decoded, 32.0);
    assert!(is_key_frame(Codec::Av1, &frames[0].1) && is_key_frame(Codec::Av1, &frames[12].1));
    assert!(!is_key_frame(Codec::Av1, &frames[1].1));
    assert_eq!((probe(Codec::Av1, &frames[0].1), probe(Codec::Av1, &frames[1].1)), (Some((96, 64)), None));

    let mut damaged = frames.clone();
    damaged[3].1.truncate(10);
    let decoded = decode_all(Codec::Av1, &[], &damaged);
    assert_eq!(decoded.len(), 24, "every frame comes back once");
    assert!(decoded.iter().any(|(n, picture)| *n == 3 && picture.is_err()));
    assert_shows_the_pattern(&decoded[12..], 32.0);
}

#[test]
fn av1_takes_its_sequence_header_from_the_configuration() {
    let frames = frames("av1.frames");
    // Temporal delimiter (2 bytes), then the sequence header with its length in one byte.
    let key = &frames[0].1;
    assert_eq!((key[0] >> 3, key[2] >> 3 & 0xF), (2, 1), "delimiter, sequence header");
    let header_end = 4 + usize::from(key[3]);
    let mut stripped = frames.clone();
    stripped[0].1 = [&key[..2], &key[header_end..]].concat();
    assert!(decode_all(Codec::Av1, &[], &stripped)[0].1.is_err());
    let config = [&[0x81, 0, 0, 0], &key[2..header_end]].concat();
    assert_shows_the_pattern(&decode_all(Codec::Av1, &config, &stripped), 32.0);
}

#[test]
fn jpegs_of_every_kind() {
    for (name, width, height, format) in [
        ("colour-420.jpg", 95, 63, PixelFormat::Rgb8),
        ("colour-444-progressive.jpg", 96, 64, PixelFormat::Rgb8),
        ("grey.jpg", 96, 64, PixelFormat::Mono8),
    ] {
        let data = file(name);
        assert_eq!((sniff(&data), probe(Codec::Jpeg, &data)), (Codec::Jpeg, Some((width, height))), "{name}");
        let picture = decode_all(Codec::Jpeg, &[], &[(0, data)]).remove(0).1.unwrap();
        let mut expected = pattern(0, width, height);
        if format == PixelFormat::Mono8 {
            (_, _, expected.pixels) = prairie_media::luma(&expected);
            expected.format = format;
        }
        assert!(psnr(&picture, &expected).unwrap() > 32.0, "{name}: {:?}", psnr(&picture, &expected));
    }
}

#[test]
fn a_jpeg_that_is_cut_short_is_an_error_at_every_length() {
    for name in ["colour-420.jpg", "colour-444-progressive.jpg", "grey.jpg"] {
        let data = file(name);
        for length in 0..data.len() - 1 {
            let outcome = decode_all(Codec::Jpeg, &[], &[(0, data[..length].to_vec())]).remove(0).1;
            assert!(outcome.is_err(), "{name}: {length} of {} bytes", data.len());
        }
        let padded = [&data[..], &[0; 40]].concat();
        assert!(decode_all(Codec::Jpeg, &[], &[(0, padded)])[0].1.is_ok(), "{name}: padding behind the end");
    }
}

#[test]
fn our_encoder_is_decoded_by_our_decoder() {
    let settings =
        H264Settings { width: 96, height: 64, key_interval: NonZeroU32::new(5).unwrap(), ..Default::default() };
    let encode = |qp| {
        let mut encoder = H264Encoder::new(H264Settings { qp, ..settings }).unwrap();
        let units: Vec<_> = (0..12).map(|n| encoder.encode(&pattern(n, 96, 64)).unwrap()).collect();
        units
    };
    let units = encode(18);
    assert_eq!(units, encode(18), "the same bytes every time");
    let keys: Vec<bool> = units.iter().map(|unit| unit.is_key).collect();
    assert_eq!(keys, (0..12).map(|n| n % 5 == 0).collect::<Vec<_>>());
    for unit in &units {
        assert_eq!((sniff(&unit.data), is_key_frame(Codec::H264, &unit.data)), (Codec::H264, unit.is_key));
        assert_eq!(probe(Codec::H264, &unit.data), unit.is_key.then_some((96, 64)));
    }
    let frames: Vec<_> = units.into_iter().enumerate().map(|(n, unit)| (n as u32, unit.data)).collect();
    let fine = decode_all(Codec::H264, &[], &frames);
    assert_eq!(fine.len(), 12);
    assert_shows_the_pattern(&fine, 32.0);

    let coarse: Vec<_> = encode(40).into_iter().enumerate().map(|(n, unit)| (n as u32, unit.data)).collect();
    let bytes = |frames: &[(u32, Vec<u8>)]| frames.iter().map(|(_, data)| data.len()).sum::<usize>();
    assert!(bytes(&coarse) * 2 < bytes(&frames));
    let likeness = |decoded: &[(u32, Result<Picture, FrameError>)]| {
        ssim(decoded[6].1.as_ref().unwrap(), &pattern(6, 96, 64)).unwrap()
    };
    assert!(likeness(&fine) > 0.97 && likeness(&decode_all(Codec::H264, &[], &coarse)) < likeness(&fine));
}

#[test]
fn pictures_that_do_not_fit_are_refused() {
    for (width, height) in [(97, 64), (96, 63), (0, 0), (8, 8), (4000, 16), (2200, 2200)] {
        assert!(H264Encoder::new(H264Settings { width, height, ..Default::default() }).is_err(), "{width} × {height}");
    }
    let mut encoder = H264Encoder::new(H264Settings { width: 96, height: 64, ..Default::default() }).unwrap();
    assert!(encoder.encode(&pattern(0, 64, 96)).is_err());
    assert!(encoder.encode(&Picture { pixels: vec![0; 7], ..pattern(0, 96, 64) }).is_err());
    assert!(encoder.encode(&pattern(0, 96, 64)).unwrap().is_key);
}

#[test]
fn what_cannot_be_decoded_says_so() {
    for codec in [Codec::H265, Codec::Other, Codec::Raw(PixelFormat::Rgb8)] {
        assert!(matches!(decoder(&info(codec, &[])).map(drop), Err(FrameError::Unsupported(_))), "{codec:?}");
    }
    assert_eq!([sniff(b""), sniff(b"GIF89a"), sniff(&[0, 0, 1])], [Codec::Other; 3]);
    // VPS and a slice of H.265; a delimiter and an IDR frame of H.264.
    assert_eq!(sniff(&[0, 0, 0, 1, 0x40, 1, 12, 0, 0, 1, 0x26, 1, 9]), Codec::H265);
    assert_eq!(sniff(&[0, 0, 0, 1, 9, 0xF0, 0, 0, 1, 0x65, 0x88]), Codec::H264);
    assert!(is_key_frame(Codec::H265, &[0, 0, 0, 1, 0x26, 1, 9]) && !is_key_frame(Codec::H265, &[0, 0, 0, 1, 2, 1, 9]));
}

/// A frame of each codec with a few bytes changed: whatever comes out, it comes out once, and nothing panics.
fn survives(codec: Codec, frames: &[(u32, Vec<u8>)], at: usize, changes: &[(usize, u8)]) {
    let mut frames = frames[..frames.len().min(6)].to_vec();
    let count = frames.len();
    let data = &mut frames[at % count].1;
    for (place, value) in changes {
        let place = place % data.len();
        data[place] = *value;
    }
    for (n, data) in &frames {
        is_key_frame(codec, data);
        if let Some((width, height)) = probe(codec, data) {
            assert!(width > 0 && height > 0, "frame {n}");
        }
    }
    let mut numbers: Vec<u32> = decode_all(codec, &[], &frames).into_iter().map(|(n, _)| n).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..count as u32).collect::<Vec<_>>(), "{codec:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_bytes_never_panic(at in 0_usize..6, changes in prop::collection::vec((0_usize..4096, any::<u8>()), 1..6)) {
        let in_order = |name| {
            let mut frames = frames(name);
            frames.truncate(6);
            for (n, frame) in frames.iter_mut().enumerate() {
                frame.0 = n as u32;
            }
            frames
        };
        survives(Codec::H264, &in_order("h264-b-frames.frames"), at, &changes);
        survives(Codec::Av1, &in_order("av1.frames"), at, &changes);
        survives(Codec::Jpeg, &[(0, file("colour-420.jpg"))], at, &changes);
        survives(Codec::Jpeg, &[(0, file("colour-444-progressive.jpg"))], at, &changes);
    }

    #[test]
    fn any_bytes_never_panic(data in prop::collection::vec(any::<u8>(), 0..200)) {
        sniff(&data);
        for codec in [Codec::Av1, Codec::H264, Codec::H265, Codec::Jpeg, Codec::Png] {
            probe(codec, &data);
            is_key_frame(codec, &data);
            if let Ok(mut decoder) = decoder(&info(codec, &[])) {
                let mut decoded = decoder.push(Nanos(0), &data);
                decoded.extend(decoder.flush());
                assert_eq!(decoded.len(), 1, "{codec:?}");
            }
        }
    }
}

/// Frames per second, for whoever asks: `cargo nextest run -p prairie-media --run-ignored only --no-capture`. The picture stands
/// still but for a band that moves, as a robot before a fixed camera.
#[test]
#[ignore = "it measures, and proves nothing"]
fn speed() {
    for (width, height) in [(320, 240), (640, 480)] {
        let pictures: Vec<Picture> = (0..60)
            .map(|n| {
                let mut picture = pattern(0, width, height);
                let band = (width * 3 * (height / 3)) as usize..(width * 3 * (height / 2)) as usize;
                picture.pixels[band.clone()].copy_from_slice(&pattern(n, width, height).pixels[band]);
                picture
            })
            .collect();
        let start = Instant::now();
        let mut encoder = H264Encoder::new(H264Settings { width, height, ..Default::default() }).unwrap();
        let units: Vec<_> = pictures.iter().map(|picture| encoder.encode(picture).unwrap().data).collect();
        let encoding = 60.0 / start.elapsed().as_secs_f64();
        let bytes: usize = units.iter().map(Vec::len).sum();
        let start = Instant::now();
        let mut decoder: Box<dyn PictureDecoder> = decoder(&info(Codec::H264, &[])).unwrap();
        let mut decoded: Vec<_> = units.iter().flat_map(|data| decoder.push(Nanos(0), data)).collect();
        decoded.extend(decoder.flush());
        let decoding = 60.0 / start.elapsed().as_secs_f64();
        let likeness = ssim(decoded[59].1.as_ref().unwrap(), &pictures[59]).unwrap();
        println!(
            "{width} × {height}: H.264 encoding {encoding:.0} frames/s, decoding {decoding:.0} frames/s, {} bytes a frame, \
             SSIM {likeness:.4}",
            bytes / 60
        );
    }
}

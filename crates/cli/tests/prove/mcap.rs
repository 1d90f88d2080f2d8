//! An MCAP export, tampered with in every way that a person may think of.

use std::path::Path;

use prairie_media::decoder;
use prairie_model::{Codec, Nanos, Picture, PictureInfo};

use crate::support::{Mcap, Trip, bundled, differences, picture, positions, trip, with_picture};

const JOINTS: &str = "/joint_states";
const FRONT: &str = "/camera/front/image/compressed";
const WRIST: &str = "/camera/wrist/image/compressed";

/// What is told of the first episode of an export that was tampered with, and nothing is told of the others.
fn told(trip: &Trip, name: &str, tamper: impl FnOnce(&mut Mcap)) -> Vec<String> {
    let folder = trip.copy(name, false);
    let path = folder.join("episode_000000.mcap");
    let mut file = Mcap::read(&path);
    tamper(&mut file);
    file.write(&path);
    let (code, report) = trip.prove(&folder, &["--subset"]);
    let differences = differences(&report);
    assert_eq!(code, i32::from(!differences.is_empty()), "{name}: {differences:#?}");
    let all = report["differences"].as_array().unwrap();
    assert!(all.iter().all(|each| each["episode"] == 0), "{name}: {differences:#?}");
    differences
}

#[track_caller]
fn one(told: &[String], parts: &[&str]) {
    let [line] = told else { panic!("one difference is told: {told:#?}") };
    assert!(parts.iter().all(|part| line.contains(part)), "{parts:?}: {line}");
}

fn number(data: &mut [u8], at: usize, change: impl Fn(f64) -> f64) {
    let place: &mut [u8; 8] = data[at..].first_chunk_mut().unwrap();
    *place = change(f64::from_le_bytes(*place)).to_le_bytes();
}

fn replace(data: &mut [u8], from: &[u8], to: &[u8]) {
    assert_eq!(from.len(), to.len());
    let at = data.windows(from.len()).position(|window| window == from).unwrap();
    data[at..at + to.len()].copy_from_slice(to);
}

fn pixels(codec: Codec, bytes: &[u8]) -> Picture {
    let info = PictureInfo { codec, width: None, height: None, config: Vec::new(), fps: None };
    let mut decoder = decoder(&info).unwrap();
    let mut pictures = decoder.push(Nanos(0), bytes);
    pictures.extend(decoder.flush());
    pictures.remove(0).1.unwrap()
}

/// A picture at so few steps of brightness that one sees them.
fn coarse(picture: &Picture) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, picture.width, picture.height);
    encoder.set_color(png::ColorType::Rgb);
    let pixels: Vec<u8> = picture.pixels.iter().map(|value| value & 0b1110_0000).collect();
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
    bytes
}

#[test]
fn every_tampering_with_messages_is_found_and_named() {
    let trip = trip(bundled("contact-cell.mcap"), "mcap", &[]);
    let joints = |file: &Mcap| file.of(JOINTS);
    assert!(told(&trip, "untouched", |_| ()).is_empty());

    let value = told(&trip, "value", |file| {
        let message = joints(file)[1000];
        let data = &mut file.messages[message].data;
        let at = positions(data) + 8;
        number(data, at, |value| value + 1e-4);
    });
    one(&value, &["joint_states position[joint_2]: 1 of ", "row 1000, at ", "and should be"]);

    let swapped = told(&trip, "swapped", |file| {
        for message in joints(file) {
            let data = &mut file.messages[message].data;
            let at = positions(data);
            let (one, two) = data[at..at + 16].split_at_mut(8);
            one.swap_with_slice(two);
        }
    });
    assert_eq!(swapped.len(), 2, "{swapped:#?}");
    assert!(swapped[0].starts_with("joint_states position[joint_1]"), "{swapped:#?}");
    assert!(swapped[0].ends_with("they are the numbers of `joint_states position[joint_2]`"), "{swapped:#?}");

    let dropped = told(&trip, "dropped", |file| {
        let message = joints(file)[1000];
        file.messages.remove(message);
    });
    one(&dropped, &["joint_states: 1 of ", "have no row in the export: sample 1000, at "]);

    let doubled = told(&trip, "doubled", |file| {
        let message = joints(file)[1000];
        let again = file.messages[message].clone();
        file.messages.insert(message, again);
    });
    one(&doubled, &["times of `joint_states`: 1 of ", "the source has no sample"]);

    let shifted = told(&trip, "shifted", |file| {
        let message = joints(file)[1000];
        let message = &mut file.messages[message];
        let (sec, nanosec) = message.data[4..12].split_at(4);
        let word = |bytes: &[u8]| u32::from_le_bytes(bytes.try_into().unwrap());
        let stamp = u64::from(word(sec)) * 1_000_000_000 + u64::from(word(nanosec)) + 1_500_000;
        message.data[4..8].copy_from_slice(&((stamp / 1_000_000_000) as u32).to_le_bytes());
        message.data[8..12].copy_from_slice(&((stamp % 1_000_000_000) as u32).to_le_bytes());
        message.log_time += 1_500_000;
    });
    assert!(shifted.iter().any(|line| line.contains("times of `joint_states`: 1 of ")), "{shifted:#?}");
    assert!(shifted.iter().any(|line| line.contains("row 1000 is 0.001500 s off")), "{shifted:#?}");

    let renamed = told(&trip, "renamed", |file| {
        for message in joints(file) {
            replace(&mut file.messages[message].data, b"joint_2\0", b"joint_9\0");
        }
    });
    assert!(renamed.iter().all(|line| line.contains("the export calls it `joint_9`, and the source `joint_2`")));
    assert_eq!(renamed.len(), 3, "position, velocity and effort: {renamed:#?}");

    let task = told(&trip, "task", |file| {
        let record = file.metadata.iter_mut().find(|(name, _)| name == "episode").unwrap();
        record.1.insert("task".to_owned(), "steal the peg".to_owned());
    });
    one(&task, &["task: the export says `steal the peg`, and the source `"]);

    let text = told(&trip, "text", |file| {
        let message = file.of("/rosout")[1];
        let data = &mut file.messages[message].data;
        let letter = data.iter().rposition(u8::is_ascii_lowercase).unwrap();
        data[letter] = data[letter].to_ascii_uppercase();
    });
    one(&text, &["rosout: 1 of ", "text 1 is `", "and should be `"]);
    pictures(&trip);
}

fn pictures(trip: &Trip) {
    let exchanged = told(trip, "exchanged", |file| {
        let front = file.of(FRONT);
        let [one, two] = [front[150], front[151]];
        let bytes = |message: usize| {
            let data = &file.messages[message].data;
            data[picture(data)..].to_vec()
        };
        let (first, second) = (bytes(one), bytes(two));
        file.messages[one].data = with_picture(&file.messages[one].data, &second);
        file.messages[two].data = with_picture(&file.messages[two].data, &first);
    });
    one(&exchanged, &["camera/front/image/compressed: ", "picture 150: "]);

    let coarser = told(trip, "coarser", |file| {
        let message = file.of(WRIST)[40];
        let data = file.messages[message].data.clone();
        let png = coarse(&pixels(Codec::Png, &data[picture(&data)..]));
        file.messages[message].data = with_picture(&data, &png);
    });
    one(&coarser, &["camera/wrist/image/compressed: ", "picture 40: ", "PSNR "]);

    let damaged = told(trip, "damaged", |file| {
        let message = file.of(WRIST)[40];
        let data = &mut file.messages[message].data;
        let end = data.len() - 200;
        data[end..end + 100].fill(0);
    });
    one(&damaged, &["camera/wrist/image/compressed: 1 of ", "picture 40: it cannot be decoded"]);
}

#[test]
fn an_episode_that_is_gone_is_left_out_and_one_that_is_new_is_a_difference() {
    let trip = trip(bundled("contact-cell.mcap"), "mcap", &[]);
    let gone = trip.copy("gone", false);
    std::fs::remove_file(gone.join("episode_000002.mcap")).unwrap();
    let (code, report) = trip.prove(&gone, &[]);
    assert_eq!((code, &report["left_out"]["episodes"]), (1, &1.into()));
    assert_eq!(trip.prove(&gone, &["--subset"]).0, 0);
    let new = trip.copy("new", false);
    std::fs::copy(new.join("episode_000000.mcap"), new.join("episode_000003.mcap")).unwrap();
    let (code, report) = trip.prove(&new, &["--subset"]);
    assert_eq!(code, 1);
    one(&differences(&report), &["episode: the source has no such episode"]);
    // The export's own proof knows better which episode is which, and which files there are.
    let moved = trip.copy("moved", true);
    let file = |name: &str| Path::new(&moved).join(name);
    std::fs::rename(file("episode_000000.mcap"), file("episode_000004.mcap")).unwrap();
    let (code, report) = trip.prove(&moved, &["--subset"]);
    assert_eq!(code, 1);
    let missing = "file `episode_000000.mcap`: it is missing, and the export's own proof names it";
    assert!(differences(&report).iter().any(|line| line == missing), "{:#?}", differences(&report));
}

//! A LeRobot export, tampered with in every way that a person may think of.

use std::fs::{self, File};
use std::io::BufWriter;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray, FixedSizeListArray, Float32Array, StringArray};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType, Float32Type};
use prairie_formats::mp4::{Mp4Writer, NewSample, TrackSpec, annexb, read_track};
use prairie_media::{H264Encoder, H264Settings, decoder};
use prairie_model::{Codec, MemorySource, Nanos, Picture, PictureInfo};
use serde_json::Value;

use crate::support::{Trip, bundled, differences, read_table, trip, with_column, write_table};

const STATE: &str = "observation.state";
const DATA: &str = "data/chunk-000/file-000.parquet";
const WRIST: &str = "videos/observation.images.wrist/chunk-000/file-000.mp4";

/// What is told of an export without a proof of its own that was tampered with.
fn told(trip: &Trip, name: &str, tamper: impl FnOnce(&Path)) -> Vec<String> {
    let folder = trip.copy(name, false);
    tamper(&folder);
    let (code, report) = trip.prove(&folder, &["--subset"]);
    let differences = differences(&report);
    assert_eq!(code, i32::from(!differences.is_empty()), "{name}: {differences:#?}");
    differences
}

/// Changes the numbers of a feature, row by row.
fn change(folder: &Path, feature: &str, with: impl Fn(usize, &mut [f32])) {
    let path = folder.join(DATA);
    let rows = read_table(&path);
    let lists = rows.column_by_name(feature).unwrap().as_fixed_size_list();
    let mut values = lists.values().as_primitive::<Float32Type>().values().to_vec();
    values.chunks_exact_mut(lists.value_length() as usize).enumerate().for_each(|(row, values)| with(row, values));
    let DataType::FixedSizeList(field, width) = lists.data_type().clone() else { panic!("rows are of one length") };
    let lists = FixedSizeListArray::new(field, width, Arc::new(Float32Array::from(values)), None);
    write_table(&path, &with_column(&rows, feature, Arc::new(lists)));
}

fn names(folder: &Path) -> Vec<String> {
    let info: Value = serde_json::from_slice(&fs::read(folder.join("meta/info.json")).unwrap()).unwrap();
    let names = info["features"][STATE]["names"].as_array().unwrap();
    names.iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_tampering_with_rows_is_found_and_named() {
    let trip = trip(bundled("contact-lerobot-v21"), "lerobot-v3", &[]);
    let names = names(&trip.out);
    assert!(told(&trip, "untouched", |_| ()).is_empty());

    let value = told(&trip, "value", |folder| {
        change(folder, STATE, |row, values| {
            if row == 70 {
                values[2] += 1e-3;
            }
        });
    });
    assert_eq!(value.len(), 1, "{value:#?}");
    let begins = format!("{STATE} position[{}]: 1 of 333 numbers differ: row 70, at 2.333 s, is ", names[2]);
    assert!(value[0].starts_with(&begins), "{value:#?}");

    let swapped = told(&trip, "swapped", |folder| change(folder, STATE, |_, values| values.swap(0, 1)));
    assert_eq!(swapped.len(), 4, "two numbers in two episodes: {swapped:#?}");
    assert!(
        swapped[0].contains(&names[0]) && swapped[0].ends_with(&format!("position[{}]`", names[1])),
        "{swapped:#?}"
    );

    let dropped = told(&trip, "dropped", |folder| {
        let rows = read_table(&folder.join(DATA));
        let kept: BooleanArray = (0..rows.num_rows()).map(|row| Some(row != 70)).collect();
        write_table(&folder.join(DATA), &filter_record_batch(&rows, &kept).unwrap());
    });
    let missing = |line: &String| line.contains("1 of 333 samples of the source have no row in the export: sample 70");
    assert!(dropped.iter().any(missing), "{dropped:#?}");

    let shifted = told(&trip, "shifted", |folder| {
        let rows = read_table(&folder.join(DATA));
        let times = rows.column_by_name("timestamp").unwrap().as_primitive::<Float32Type>();
        let moved =
            times.iter().enumerate().map(|(row, time)| time.map(|time| if row == 70 { time + 0.01 } else { time }));
        let moved: Float32Array = moved.collect();
        write_table(&folder.join(DATA), &with_column(&rows, "timestamp", Arc::new(moved)));
    });
    assert!(shifted.iter().any(|line| line.contains("row 70 is 0.010000 s off")), "{shifted:#?}");

    let renamed = told(&trip, "renamed", |folder| {
        let path = folder.join("meta/info.json");
        let mut info: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        info["features"][STATE]["names"][2] = "tentacle".into();
        fs::write(&path, info.to_string()).unwrap();
    });
    let says = format!("the export calls it `tentacle`, and the source `{}`", names[2]);
    assert_eq!(renamed.len(), 2, "{renamed:#?}");
    assert!(renamed.iter().all(|line| line.ends_with(&says)), "{renamed:#?}");

    let task = told(&trip, "task", |folder| {
        let path = folder.join("meta/tasks.parquet");
        let rows = read_table(&path);
        let texts = rows.schema().fields().iter().find(|field| field.data_type() == &DataType::Utf8).unwrap().clone();
        let stolen = StringArray::from_iter_values((0..rows.num_rows()).map(|_| "steal the peg"));
        write_table(&path, &with_column(&rows, texts.name(), Arc::new(stolen)));
    });
    assert_eq!(task.len(), 2, "{task:#?}");
    assert!(task.iter().all(|line| line.contains("rows name the task `steal the peg`, the metadata `")), "{task:#?}");
    with_its_proof(&trip);
}

/// Prairie's own proof beside an export tells its files, and does not hide what is in them.
fn with_its_proof(trip: &Trip) {
    let folder = trip.copy("with proof", true);
    change(&folder, "action", |row, values| {
        if row == 400 {
            values[0] -= 1e-3;
        }
    });
    let (code, report) = trip.prove(&folder, &[]);
    assert_eq!(code, 1);
    let told = differences(&report);
    assert_eq!(told[0], format!("file `{DATA}`: its bytes are not those that the export's own proof names"));
    assert!(told.len() == 2 && told[1].contains("1 of 333 numbers differ: row 67, at 2.233 s"), "{told:#?}");
    assert_eq!(report["differences"][1]["episode"], 1);
    fs::write(folder.join("prairie-proof.json"), "{\"fps\": -1}").unwrap();
    let (source, export) = (trip.source.to_str().unwrap(), folder.to_str().unwrap());
    let output = crate::support::run(trip.dir.path(), &["prove", source, export]);
    assert_eq!(output.status.code(), Some(2), "a proof that makes no sense is no proof");
}

/// The pictures of a video, in the order of showing.
fn decoded(path: &Path) -> Vec<Picture> {
    let source = MemorySource::new([("a.mp4".to_owned(), fs::read(path).unwrap())]);
    let track = read_track(&source, 0).unwrap();
    let (width, height) = (Some(track.width), Some(track.height));
    let info = PictureInfo { codec: Codec::H264, width, height, config: track.config.clone(), fps: None };
    let mut decoder = decoder(&info).unwrap();
    let mut frames = Vec::new();
    for sample in &track.samples {
        let bytes = prairie_model::Source::read_exact(&source, 0, sample.offset, sample.size.into()).unwrap();
        frames.extend(decoder.push(Nanos(track.time_ns(sample)), &bytes));
    }
    frames.extend(decoder.flush());
    frames.sort_by_key(|(t, _)| *t);
    frames.into_iter().map(|(_, frame)| frame.unwrap()).collect()
}

/// Encodes pictures at 30 a second.
fn encode(path: &Path, pictures: &[Picture], qp: u8) {
    let (width, height) = (pictures[0].width, pictures[0].height);
    // No group of pictures goes over the border of two episodes, which lies at 333.
    let key_interval = NonZeroU32::new(9).unwrap();
    let mut encoder = H264Encoder::new(H264Settings { width, height, fps: 30.0, qp, key_interval }).unwrap();
    let mut writer = None;
    for picture in pictures {
        let unit = encoder.encode(picture).unwrap();
        let writer = writer.get_or_insert_with(|| {
            let config = annexb::config(Codec::H264, &unit.data).unwrap();
            let spec = TrackSpec { codec: Codec::H264, width, height, config, timescale: 30 };
            Mp4Writer::new(BufWriter::new(File::create(path).unwrap()), spec, 0).unwrap()
        });
        let bytes = annexb::length_prefixed(Codec::H264, &unit.data);
        let sample = NewSample { bytes: &bytes, duration: 1, composition_offset: 0, key_frame: unit.is_key };
        writer.push(&sample).unwrap();
    }
    writer.unwrap().finish().unwrap();
}

#[test]
fn pictures_that_were_encoded_again_are_judged_and_others_are_named() {
    let trip = trip(bundled("contact-lerobot-v21"), "lerobot-v3", &[]);
    let pictures = decoded(&trip.out.join(WRIST));
    assert_eq!(pictures.len(), 666);
    let moved = |at: &usize| {
        let pairs = pictures[*at].pixels.iter().zip(&pictures[at + 1].pixels);
        pairs.map(|(one, two)| u64::from(one.abs_diff(*two)).pow(2)).sum::<u64>()
    };
    // Two pictures between which something moves, inside the first episode.
    let at = (20..300).max_by_key(moved).unwrap();

    let good = told(&trip, "good", |folder| encode(&folder.join(WRIST), &pictures, 20));
    assert!(good.is_empty(), "an honest encoding is alike: {good:#?}");

    let swapped = told(&trip, "swapped", |folder| {
        let mut order = pictures.clone();
        order.swap(at, at + 1);
        encode(&folder.join(WRIST), &order, 20);
    });
    let says = format!("picture {at}: it is picture {} of the source, and should be picture {at}", at + 1);
    assert!(swapped.len() == 1 && swapped[0].contains(&says), "{says}: {swapped:#?}");

    let far = told(&trip, "far", |folder| {
        let mut order = pictures.clone();
        order.swap(30, 250);
        encode(&folder.join(WRIST), &order, 20);
    });
    assert!(far.len() == 1 && far[0].contains("2 of 333 pictures differ: picture 30: "), "{far:#?}");

    let low = told(&trip, "low", |folder| encode(&folder.join(WRIST), &pictures, 51));
    assert!(!low.is_empty() && low.iter().all(|line| line.contains("PSNR ")), "{low:#?}");

    // An export that says it copied its pictures did not.
    let claimed = trip.copy("claimed", true);
    encode(&claimed.join(WRIST), &pictures, 20);
    let (code, report) = trip.prove(&claimed, &[]);
    assert_eq!(code, 1);
    let told = differences(&report);
    let says = |line: &String| line.contains("encoded again, and the export's own proof says that they are copied");
    assert_eq!(told.iter().filter(|line| says(line)).count(), 2, "{told:#?}");
}

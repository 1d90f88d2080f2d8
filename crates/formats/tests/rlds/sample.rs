//! A data set by others, against a walker in Python that shares nothing with the reader.

use std::collections::BTreeMap;
use std::process::Command;

use prairie_formats::{BlobReader, sniff};
use prairie_model::{Codec, Hash256, NoteKind, ReadOptions};
use serde_json::{Value, json};

use crate::support::{Got, read, sample};

fn hash(bytes: &[u8]) -> String {
    Hash256::of(bytes).to_string()
}

fn digest(got: &Got) -> String {
    if !got.blobs.is_empty() {
        return hash(&got.blobs.iter().flat_map(|blob| *blob.sha256.unwrap().as_bytes()).collect::<Vec<u8>>());
    }
    if !got.texts.is_empty() {
        let texts: Vec<_> = got.texts.iter().map(|text| text.clone().unwrap_or_default()).collect();
        return hash(texts.join("\n").as_bytes());
    }
    hash(&got.values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>())
}

#[test]
fn bridge_is_what_an_independent_walker_says() {
    let Some(folder) = sample("octo-bridge-rlds/1.0.0") else { return };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/rlds/walker.py");
    let python = std::env::var_os("PRAIRIE_PYTHON").unwrap_or_else(|| "python3".into());
    let Ok(output) = Command::new(&python).arg(script).arg(&folder.root).output() else {
        println!("skipped: there is no Python to walk the records");
        return;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (plan, all) = read(&folder, &ReadOptions::default()).unwrap();
    let mut episodes = 0;
    for (line, ordinal) in output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).zip(0_u32..) {
        let expected: Value = serde_json::from_slice(line).unwrap();
        let planned = &plan.episodes[ordinal as usize];
        let attributes: BTreeMap<_, _> = planned.attributes.iter().filter(|(key, _)| *key != "split").collect();
        let of_episode = all.got.iter().filter(|((episode, _), _)| *episode == ordinal);
        let features: BTreeMap<_, _> =
            of_episode.map(|((_, topic), got)| (topic, json!([got.times.len(), digest(got)]))).collect();
        assert_eq!(json!({"key": planned.key, "attributes": attributes, "features": features}), expected);
        episodes += 1;
    }
    assert_eq!((episodes, plan.episodes.len(), all.ended.len()), (25, 25, 25));
}

#[test]
fn bridge_has_three_cameras_and_a_blank_one() {
    let Some(folder) = sample("octo-bridge-rlds/1.0.0") else { return };
    assert_eq!(sniff(&folder).unwrap().name(), "rlds");
    let (plan, all) = read(&folder, &ReadOptions::default()).unwrap();
    assert_eq!((plan.format.as_str(), plan.profile.as_deref()), ("rlds", Some("1.0.0")));
    assert_eq!(plan.attributes["dataset_info.name"], "bridge_dataset");
    assert_eq!(plan.attributes["dataset_info.splits.val.numBytes"], "3474742");
    let episode = &plan.episodes[0];
    assert_eq!(episode.key, "bridge_dataset-train.tfrecord-00000-of-00001/000000");
    assert_eq!(episode.task.as_deref(), Some("put cup from counter or drying rack into sink"));
    assert_eq!(episode.claimed_length, Some(10));
    assert_eq!(episode.attributes["episode_metadata/episode_id"], "5");
    assert!(episode.attributes["episode_metadata/file_path"].ends_with("/val/out.npy"));

    // The split `val` is not there; the data set is known to be at 5 Hz; ten steps of each episode are a cut.
    let planned: Vec<_> = plan.notes.iter().map(|note| (note.kind, note.measured, note.limit)).collect();
    assert_eq!(planned, [(NoteKind::FileMissing, Some(0.0), Some(1.0)), (NoteKind::TimeInvalid, None, None)]);
    assert!(plan.notes[0].text.contains("with 25 episodes"), "{}", plan.notes[0].text);
    assert!(plan.notes[1].text.contains("1/5 s"), "{}", plan.notes[1].text);
    assert_eq!(all.of(3, "action").times, (0..10).map(|step| step * 200_000_000).collect::<Vec<_>>());

    // Every flag of this data set is false; one camera is blank indeed.
    assert!(!all.got.keys().any(|(_, topic)| topic == "observation/image_3"));
    let absent = [("absent.observation/image_3", "250 blank pictures in 25 episodes, which a flag says are none")];
    assert_eq!(all.attributes.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect::<Vec<_>>(), absent);
    assert_eq!(
        all.kinds(),
        [[NoteKind::IndexWrong; 3].as_slice(), &[NoteKind::MarkerUnpaired]].concat(),
        "{:?}",
        all.notes
    );
    let camera = plan.channels.iter().find(|channel| channel.topic == "observation/image_0").unwrap();
    let picture = camera.picture.as_ref().unwrap();
    assert_eq!((picture.codec, picture.width, picture.height), (Codec::Jpeg, Some(64), Some(64)));
    let mut blobs = BlobReader::new(&folder);
    for blob in &all.of(7, "observation/image_2").blobs {
        let bytes = blobs.read(blob).unwrap();
        assert!(bytes.starts_with(&[0xff, 0xd8, 0xff]) && bytes.ends_with(&[0xff, 0xd9]), "a whole JPEG");
        assert_eq!(blob.sha256, Some(Hash256::of(&bytes)));
    }
    assert!(all.summary.complete);
}

#[test]
fn only_what_is_asked_for() {
    let Some(folder) = sample("octo-bridge-rlds/1.0.0") else { return };
    let options =
        ReadOptions { channels: Some([0].into()), episodes: Some([3, 24, 70].into()), ..ReadOptions::default() };
    let (_, all) = read(&folder, &options).unwrap();
    assert_eq!(all.ended, [3, 24]);
    assert_eq!(all.got.keys().map(|(_, topic)| topic.as_str()).collect::<Vec<_>>(), ["action", "action"]);
}

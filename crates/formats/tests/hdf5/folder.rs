//! AgiBot World as a folder: the numbers, the videos and the labels of its episodes.

use std::io::Cursor;

use prairie_formats::mp4::{Mp4Writer, NewSample, TrackSpec};
use prairie_formats::sniff;
use prairie_model::{Codec, MemorySource, NoteKind};

use crate::support;

/// A video of so many frames at 30 Hz.
fn video(frames: u8) -> Vec<u8> {
    let config = vec![1, 66, 0, 30, 0xff, 0xe0, 0];
    let spec = TrackSpec { codec: Codec::H264, width: 64, height: 48, config, timescale: 15360 };
    let mut writer = Mp4Writer::new(Cursor::new(Vec::new()), spec, 0).expect("memory");
    for at in 0..frames {
        let sample = NewSample { bytes: &[at; 9], duration: 512, composition_offset: 0, key_frame: at % 5 == 0 };
        writer.push(&sample).expect("memory");
    }
    writer.finish().expect("memory").into_inner()
}

/// Two episodes of task 327, of 15 rows each; the second one has a video that is too short, and no labels.
fn folder(damage: impl Fn(&mut Vec<u8>)) -> MemorySource {
    let seeds = support::seeds();
    let (_, numbers) = seeds.iter().find(|(name, _)| name == "agibot-latest").expect("a seed");
    let mut first = numbers.clone();
    damage(&mut first);
    let labels = r#"[{"episode_id": 900, "task_id": 327, "task_name": "Pick items", "init_scene_text": "a shelf", "label_info":
        {"action_config": [{"start_frame": 0, "end_frame": 6, "action_text": "reach", "skill": "Pick"},
        {"start_frame": 6, "end_frame": 15, "action_text": "lift", "skill": "Place"},
        {"start_frame": 99, "end_frame": 100, "action_text": "beyond", "skill": "None"}]}}]"#;
    let files = [
        ("proprio_stats/327/900/proprio_stats.h5", first),
        ("proprio_stats/327/1000/proprio_stats.h5", numbers.clone()),
        ("observations/327/900/videos/head_color.mp4", video(15)),
        ("observations/327/1000/videos/head_color.mp4", video(12)),
        ("observations/327/900/depth/head_depth_0.png", b"x".to_vec()),
        ("task_info/task_327.json", labels.into()),
    ];
    MemorySource::new(files.map(|(path, bytes)| (path.to_owned(), bytes)))
}

#[test]
fn videos_and_labels_join_the_numbers() {
    let source = folder(|_| {});
    assert_eq!(sniff(&source).map(|reader| reader.name().to_owned()).ok().as_deref(), Some("hdf5"));
    let recording = support::read(&source).expect("it is readable");
    assert_eq!(recording.plan.profile.as_deref(), Some("agibot"));
    let keys: Vec<_> = recording.plan.episodes.iter().map(|episode| episode.key.as_str()).collect();
    assert_eq!(keys, ["327/900", "327/1000"]);
    let episode = &recording.plan.episodes[0];
    assert_eq!(episode.task.as_deref(), Some("Pick items"));
    assert_eq!(episode.attributes["init_scene_text"], "a shelf");
    assert!(episode.attributes["label_info.action_config"].contains("\"end_frame\":6"));
    let got = |key: &str, topic: &str| &recording.channels[&(key.to_owned(), topic.to_owned())];
    let rows = &got("327/900", "state/joint/position").times;
    assert_eq!(rows.len(), 15);
    assert_eq!(&got("327/900", "videos/head_color").times, rows, "a frame is a row");
    assert_eq!(got("327/900", "label_info/action_config/action_text").times, [rows[0], rows[6]]);
    assert_eq!(got("327/1000", "videos/head_color").times[..2], [0, 33_333_333], "the video's own times");
    assert_eq!(recording.texts(), ["`videos/head_color` has 12 frames, the episode has 15 rows"]);
    assert!(recording.summary.complete);
}

#[test]
fn one_damaged_episode_leaves_the_others() {
    let source = folder(|bytes| bytes.truncate(40));
    let recording = support::read(&source).expect("the other one is readable");
    assert_eq!(recording.plan.episodes.len(), 1);
    assert_eq!(recording.plan.episodes[0].key, "327/1000");
    assert!(!recording.summary.complete);
    let note = recording.notes.iter().find(|note| note.kind != NoteKind::CountMismatch).expect("a note");
    assert_eq!(note.file.as_deref(), Some("proprio_stats/327/900/proprio_stats.h5"));
}

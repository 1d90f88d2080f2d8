//! Episodes of `xr_teleoperate`: of today's writer and of earlier ones, parts that are missing, damage.
#![expect(clippy::unwrap_used, reason = "tests make recordings of their own, and end where one cannot")]

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use arrow::array::{Array, AsArray};
use arrow::datatypes::Float64Type;
use prairie_formats::xr_teleoperate::XrTeleoperate;
use prairie_formats::{BlobReader, Reader, sniff};
use prairie_model::{
    BlobColumns, BlobRef, ChannelTally, Codec, Hash256, MemorySource, Note, NoteKind, Payload, ReadEvent, ReadOptions,
    ReadSummary, RecordingPlan,
};
use serde_json::{Value, json};

/// What came of a topic in one episode.
#[derive(Debug, Default, Clone, PartialEq)]
struct Got {
    times: Vec<i64>,
    values: Vec<Vec<Option<f64>>>,
    texts: Vec<String>,
    blobs: Vec<BlobRef>,
}

#[derive(Debug, Default)]
struct All {
    got: BTreeMap<(u32, String), Got>,
    ended: Vec<u32>,
    notes: Vec<Note>,
    /// Channels that the plan did not know.
    new: Vec<String>,
    summary: ReadSummary,
}

impl All {
    fn of(&self, episode: u32, topic: &str) -> &Got {
        self.got.get(&(episode, topic.to_owned())).unwrap_or_else(|| panic!("no `{topic}` in {:?}", self.got.keys()))
    }

    fn kinds(&self) -> Vec<NoteKind> {
        self.notes.iter().map(|note| note.kind).collect()
    }
}

fn read_with(source: &MemorySource, options: &ReadOptions) -> Option<(RecordingPlan, All)> {
    let plan = XrTeleoperate.plan(source, options).ok()?;
    let mut all = All::default();
    let mut delivered = 0;
    let summary = XrTeleoperate.read(source, &plan, options, &mut |event| {
        match event {
            ReadEvent::Batch(batch) => {
                delivered += batch.len() as u64;
                let episode = batch.episode.unwrap();
                assert!((episode as usize) < plan.episodes.len() && !all.ended.contains(&episode));
                let Payload::Decoded(rows) = &batch.payload else { panic!("nothing is opaque here") };
                assert_eq!((rows.len(), Some(rows.fields())), (batch.len(), batch.channel.fields.as_ref()));
                let got = all.got.entry((episode, batch.channel.topic.clone())).or_default();
                got.times.extend(&batch.log_time);
                if let Some(value) = rows.column_by_name("value") {
                    let lists = value.as_list::<i32>();
                    let row = |row: usize| lists.value(row).as_primitive::<Float64Type>().iter().collect();
                    got.values.extend((0..lists.len()).map(row));
                }
                if let Some(text) = rows.column_by_name("text") {
                    got.texts.extend(text.as_string::<i32>().iter().flatten().map(str::to_owned));
                }
                if let Some(blobs) = rows.column_by_name("data") {
                    got.blobs.extend(BlobColumns::read(blobs).unwrap());
                }
            }
            ReadEvent::EpisodeEnd(episode) => all.ended.push(episode),
            ReadEvent::Note(note) => all.notes.push(note),
            ReadEvent::Channel(channel) => all.new.push(channel.topic.clone()),
            ReadEvent::Attribute(..) => {}
        }
        ControlFlow::Continue(())
    });
    all.summary = summary.ok()?;
    let channels = all.summary.channels.values();
    let (messages, undecodable) = channels.fold((0, 0), |sum, one| (sum.0 + one.messages, sum.1 + one.undecodable));
    assert_eq!(delivered + undecodable, messages, "what was read is delivered or counted");
    Some((plan, all))
}

fn read(source: &MemorySource) -> (RecordingPlan, All) {
    read_with(source, &ReadOptions::default()).unwrap()
}

fn info() -> Value {
    json!({
        "version": "1.0.0", "date": "2025-06-01", "author": "unitree",
        "image": {"width": 640, "height": 480, "fps": 50}, "depth": {"width": 320, "height": 240, "fps": 50},
        "audio": {"sample_rate": 16000, "channels": 1, "format": "PCM", "bits": 16},
        "joint_names": {"left_arm": ["a", "b"], "right_arm": ["a", "b", "c"], "left_ee": [], "body": []},
        "tactile_names": {"left_ee": ["thumb", "index"], "right_ee": []}, "sim_state": "",
    })
}

fn row(idx: i64) -> Value {
    json!({
        "idx": idx,
        "colors": {"color_0": format!("colors/{idx:06}_color_0.jpg")},
        "depths": {"depth_0": format!("depths/{idx:06}_depth_0.png")},
        "states": {
            "left_arm": {"qpos": [idx as f64, 0.5], "qvel": [], "torque": []},
            "right_arm": {"qpos": [1.0, 2.0], "qvel": [], "torque": []},
            "body": null,
        },
        "actions": {"left_arm": {"qpos": [0.25, 0.5], "qvel": [], "torque": []}, "body": {"qpos": [1]}},
        "tactiles": {"left_ee": [3, 4]},
        "audios": {"mic0": format!("audios/audio_{idx:06}_mic0.npy")},
        "sim_state": null,
    })
}

/// The text as today's writer has it: head, rows one by one, and the end.
fn text(rows: &[Value]) -> String {
    let pretty = |value: &Value| serde_json::to_string_pretty(value).unwrap();
    let goal = json!({"goal": "Pick up the red cup.", "desc": "slowly", "steps": "step1: reach"});
    let head = format!("{{\n\"info\": {},\n\"text\": {},\n\"data\": [\n", pretty(&info()), pretty(&goal));
    let rows: Vec<_> = rows.iter().map(pretty).collect();
    format!("{head}{}\n],\n\"rewards\": {{\"success\": true}}\n}}", rows.join(",\n"))
}

/// The files that a row names.
fn files(folder: &str, idx: i64) -> Vec<(String, Vec<u8>)> {
    [("colors", "color_0.jpg"), ("depths", "depth_0.png"), ("audios", "mic0.npy")]
        .map(|(part, name)| {
            let audio = if part == "audios" { "audio_" } else { "" };
            (format!("{folder}{part}/{audio}{idx:06}_{name}"), format!("{part} {idx}").into_bytes())
        })
        .to_vec()
}

fn recording(episodes: &[(&str, &[i64])]) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for (folder, rows) in episodes {
        let text = text(&rows.iter().map(|idx| row(*idx)).collect::<Vec<_>>());
        all.push((format!("{folder}data.json"), text.into_bytes()));
        all.extend(rows.iter().flat_map(|idx| files(folder, *idx)));
    }
    all
}

#[test]
fn a_folder_of_episodes() {
    let source = MemorySource::new(recording(&[("episode_0000/", &[0, 1, 2]), ("done/episode_0007/", &[0, 2])]));
    assert_eq!(sniff(&source).unwrap().name(), "xr_teleoperate");
    let (plan, all) = read(&source);
    assert_eq!((plan.profile.as_deref(), plan.attributes["info.author"].as_str()), (Some("1.0.0"), "unitree"));
    let keys: Vec<_> = plan.episodes.iter().map(|episode| episode.key.as_str()).collect();
    assert_eq!(keys, ["done/episode_0007", "episode_0000"], "in the order of their paths");
    let episode = &plan.episodes[1];
    assert_eq!((episode.task.as_deref(), episode.claimed_length), (Some("Pick up the red cup."), Some(3)));
    assert_eq!(episode.attributes["rewards.success"], "true");
    assert_eq!(episode.attributes["text.steps"], "step1: reach");
    let topics: Vec<_> = plan.channels.iter().map(|channel| channel.topic.as_str()).collect();
    let expected = [
        "actions.body.qpos",
        "actions.left_arm.qpos",
        "audios.mic0",
        "colors.color_0",
        "depths.depth_0",
        "states.left_arm.qpos",
        "states.right_arm.qpos",
        "tactiles.left_ee",
    ];
    assert_eq!(topics, expected);
    assert_eq!(plan.channels[5].names, ["a", "b"]);
    assert!(plan.channels[6].names.is_empty(), "three names for two joints say nothing");
    assert_eq!(plan.channels[7].names, ["thumb", "index"]);
    assert_eq!((plan.channels[5].rate_hz, &plan.channels[5].shape[..]), (Some(50.0), &[2][..]));
    let picture = |at: usize| plan.channels[at].picture.clone().unwrap();
    assert_eq!((picture(3).codec, picture(3).width, picture(3).height), (Codec::Jpeg, Some(640), Some(480)));
    assert_eq!((picture(4).codec, picture(4).width), (Codec::Png, Some(320)));
    assert_eq!(plan.channels[2].metadata["audio.sample_rate"], "16000");

    assert!(plan.notes.is_empty() && all.notes.is_empty(), "{:?} {:?}", plan.notes, all.notes);
    assert_eq!(all.ended, [0, 1]);
    // A row that the writer dropped leaves its place.
    assert_eq!(all.of(0, "states.left_arm.qpos").times, [0, 40_000_000]);
    let states = all.of(1, "states.left_arm.qpos");
    assert_eq!(
        (states.times.as_slice(), states.values[2].as_slice()),
        (&[0, 20_000_000, 40_000_000][..], &[Some(2.0), Some(0.5)][..])
    );
    let blob = all.of(1, "depths.depth_0").blobs[1];
    assert_eq!(BlobReader::new(&source).read(&blob).unwrap(), b"depths 1");
    assert_eq!(blob.sha256, Some(Hash256::of(b"depths 1")));
    assert!(all.summary.complete);
}

#[test]
fn one_episode_and_only_what_is_asked_for() {
    let source = MemorySource::new(recording(&[("", &[0, 1, 2])]));
    let options = ReadOptions { channels: Some([3, 5].into()), ..ReadOptions::default() };
    let (plan, all) = read_with(&source, &options).unwrap();
    assert_eq!((plan.episodes.len(), plan.episodes[0].key.as_str()), (1, "episode"));
    assert_eq!(
        all.got.keys().map(|(_, topic)| topic.as_str()).collect::<Vec<_>>(),
        ["colors.color_0", "states.left_arm.qpos"]
    );
    let none = ReadOptions { episodes: Some([1].into()), ..ReadOptions::default() };
    assert!(read_with(&source, &none).unwrap().1.got.is_empty());
}

#[test]
fn earlier_writers_have_no_info_and_other_parts() {
    let rows = json!([
        {"idx": 0, "colors": {"color_0": "colors/000000_color_0.jpg"}, "depths": null,
         "states": {"left_hand": {"qpos": [1, 2], "qvel": [], "torque": []}, "body": {}}, "actions": null, "tactiles": null, "audios": null},
        {"idx": 1, "colors": {"color_0": null}, "states": {"left_hand": {"qpos": [1, null]}}, "actions": {"left_hand": {"qpos": [3]}}},
    ]);
    let text = json!({"data": rows, "text": {"goal": ""}}).to_string();
    let source = MemorySource::new([
        ("episode_0003/data.json".to_owned(), text.into_bytes()),
        ("episode_0003/colors/000000_color_0.jpg".to_owned(), b"jpeg".to_vec()),
        ("episode_0004/colors/000000_color_0.jpg".to_owned(), b"jpeg".to_vec()),
    ]);
    assert!(XrTeleoperate.claims(&source));
    let (plan, all) = read(&source);
    assert_eq!((plan.episodes[0].task.as_deref(), plan.channels[0].rate_hz), (None, None));
    let notes: Vec<_> = plan.notes.iter().map(|note| (note.kind, note.file.as_deref())).collect();
    assert_eq!(notes, [(NoteKind::TimeInvalid, None), (NoteKind::FileMissing, Some("episode_0004/data.json"))]);
    assert!(plan.notes[0].text.contains("1/30 s"), "{}", plan.notes[0].text);
    let hand = all.of(0, "states.left_hand.qpos");
    assert_eq!((hand.times.as_slice(), hand.values[1].as_slice()), (&[0, 33_333_333][..], &[Some(1.0), None][..]));
    assert_eq!(all.of(0, "actions.left_hand.qpos").times, [33_333_333]);
    assert_eq!(all.of(0, "colors.color_0").blobs.len(), 1);
}

#[test]
fn info_behind_the_rows_counts_too() {
    let text = format!("{{\"data\": [{}, {}], \"info\": {}}}", row(0), row(1), info());
    let source = MemorySource::new([("data.json".to_owned(), text.into_bytes())]);
    let (_, all) = read(&source);
    assert_eq!(all.of(0, "tactiles.left_ee").times, [0, 20_000_000]);
}

#[test]
fn pictures_that_are_missing_are_counted() {
    let mut files = recording(&[("episode_0000/", &[0, 1, 2])]);
    files.retain(|(path, _)| !path.ends_with("000001_color_0.jpg") && !path.ends_with("000002_color_0.jpg"));
    let (plan, all) = read(&MemorySource::new(files));
    let camera = plan.channels.iter().find(|channel| channel.topic == "colors.color_0").unwrap();
    assert_eq!(all.summary.channels[&camera.id], ChannelTally { messages: 3, undecodable: 2 });
    let note = &all.notes[0];
    assert_eq!(
        (all.notes.len(), note.kind, note.measured, note.limit),
        (1, NoteKind::FileMissing, Some(1.0), Some(3.0))
    );
    assert_eq!((note.episode, note.file.as_deref()), (Some(0), Some("episode_0000/colors/000001_color_0.jpg")));
    assert!(all.summary.complete);
}

#[test]
fn rows_that_are_odd_do_not_take_the_others_along() {
    let mut late = row(4);
    late["torques"] = json!({"left_ee": [9]});
    late["states"]["left_arm"]["qpos"] = json!("none");
    let rows = format!(
        "{},\n{{\"idx\": 1, \"states\": {{\"left_arm\": {{\"qpos\": [NaN, Infinity]}}}}}},\n{{oops}},\n{late}",
        row(0)
    );
    let first_rows = (0..20).map(|idx| row(idx).to_string()).collect::<Vec<_>>().join(",");
    let text = format!("{{\"info\": {}, \"data\": [{rows}]}}", info());
    let (plan, all) = read(&MemorySource::new([("data.json".to_owned(), text.into_bytes())]));
    assert_eq!(all.of(0, "states.left_arm.qpos").values, [vec![Some(0.0), Some(0.5)], vec![None, None]]);
    assert_eq!(all.of(0, "tactiles.left_ee").times, [0, 80_000_000]);
    assert!(
        all.kinds().contains(&NoteKind::Corrupt) && all.kinds().contains(&NoteKind::Undecodable),
        "{:?}",
        all.notes
    );
    assert!(!all.summary.complete);
    assert!(plan.channels.iter().any(|channel| channel.topic == "torques.left_ee"));
    // A part that comes late has a channel that the plan did not know.
    let text = format!("{{\"info\": {}, \"data\": [{first_rows}, {late}]}}", info());
    let (_, all) = read(&MemorySource::new([("data.json".to_owned(), text.into_bytes())]));
    assert_eq!(all.new, ["torques.left_ee"]);
    assert!(all.kinds().contains(&NoteKind::IndexWrong), "the late row has an earlier number");
    assert_eq!(all.of(0, "torques.left_ee").times, [400_000_000]);
}

#[test]
fn every_cut_keeps_the_rows_before_it() {
    let whole = text(&[row(0), row(1), row(2)]);
    let begins: Vec<usize> = whole.match_indices("\"idx\"").map(|(at, _)| at).collect();
    let mut most = 0;
    for length in 0..whole.len() {
        let mut files = recording(&[("", &[0, 1, 2])]);
        files[0].1.truncate(length);
        let source = MemorySource::new(files);
        let claimed = XrTeleoperate.claims(&source);
        assert!(claimed || length < begins[0], "{length}");
        let Some((plan, all)) = read_with(&source, &ReadOptions::default()) else { continue };
        let rows = all.got.get(&(0, "states.left_arm.qpos".to_owned())).map_or(0, |got| got.times.len());
        assert_eq!((plan.episodes[0].claimed_length, rows >= most), (Some(rows as u64), true), "{length}");
        // Behind the beginning of a row, the one before it is whole.
        assert!(rows + 1 >= begins.iter().filter(|begin| **begin < length).count(), "{length}");
        most = rows;
        assert_eq!(all.kinds(), [NoteKind::Truncated], "{length}");
        assert!(!all.summary.complete && all.summary.lost.is_none());
        assert_eq!(all.ended.len(), usize::from(rows > 0));
    }
    assert_eq!(most, 3);
}

#[test]
fn flips_never_panic() {
    let files = recording(&[("episode_0000/", &[0, 1, 2]), ("episode_0001/", &[0, 1])]);
    let mut state = 5_u64;
    let mut below = |end: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % end
    };
    let mut fine = 0;
    for _ in 0..3000 {
        let mut damaged = files.clone();
        let text = damaged.iter_mut().find(|(path, _)| path == "episode_0000/data.json").unwrap();
        for _ in 0..=below(3) {
            let at = below(text.1.len());
            text.1[at] = below(256) as u8;
        }
        let source = MemorySource::new(damaged);
        XrTeleoperate.claims(&source);
        let (_, all) = read(&source);
        // The other episode is as it was.
        assert!(all.ended.contains(&1));
        fine += usize::from(all.summary.complete);
    }
    assert!(fine > 100);
}

#[test]
fn other_texts_are_not_claimed() {
    for text in ["{}", "[1]", "{\"data\": [1, 2]}", "", "{\"info\": {\"version\": 3}, \"data\": []}"] {
        let source = MemorySource::new([("data.json".to_owned(), text.as_bytes().to_vec())]);
        assert!(!XrTeleoperate.claims(&source), "{text}");
    }
    let source = MemorySource::new([("run/data.json".to_owned(), text(&[row(0)]).into_bytes())]);
    assert!(!XrTeleoperate.claims(&source), "a folder of another name");
}

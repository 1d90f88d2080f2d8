//! The reader against datasets by others. Counts and sums are those of pandas and pyarrow on the same files.

use prairie_formats::{BlobReader, sniff};
use prairie_model::{ChannelTally, Codec, MemorySource, NoteKind, ReadOptions, Source, SourceFile};

use crate::fixtures::{read_all, sample};

#[test]
fn unitree_with_fewer_episodes_than_it_claims() {
    let Some(folder) = sample("unitree-g1-inspire-lerobot-v21") else { return };
    assert_eq!(sniff(&folder).unwrap().name(), "lerobot");
    let (plan, all) = read_all(&folder, &ReadOptions::default());
    assert_eq!((plan.profile.as_deref(), plan.episodes.len()), (Some("v2.1"), 100));
    assert_eq!(plan.attributes["info.robot_type"], "Unitree_G1_Inspire");
    let topics: Vec<_> = plan.channels.iter().map(|channel| channel.topic.as_str()).collect();
    assert_eq!(topics, ["observation.state", "action", "observation.images.cam_high"]);
    assert_eq!(plan.channels[0].names.len(), 26);
    assert_eq!(plan.channels[0].names[25], "kRightHandThumbRotation");
    let picture = plan.channels[2].picture.clone().unwrap();
    assert_eq!((picture.codec, picture.width, picture.height), (Codec::Av1, Some(640), Some(480)));
    assert!(!picture.config.is_empty());
    assert_eq!(plan.episodes[7].key, "episode_000007");
    assert_eq!(plan.episodes[7].task.as_deref(), Some("Pick up the yellow bottle on the table."));

    // 60 of 100 episodes are there; the rest is one finding, not forty empty episodes.
    assert_eq!(all.ended, (0..60).collect::<Vec<_>>());
    let missing: Vec<_> = plan.notes.iter().filter(|note| note.kind == NoteKind::FileMissing).collect();
    assert_eq!(missing.len(), 1, "{:?}", plan.notes);
    assert_eq!((missing[0].measured, missing[0].limit), (Some(60.0), Some(100.0)));
    assert!(missing[0].text.ends_with(": 60-99"), "{}", missing[0].text);
    let rows: usize = (0..60).map(|e| all.got[&(e, "action".to_owned())].times.len()).sum();
    assert_eq!(rows, ROWS);
    let sums =
        ["observation.state", "action"].map(|topic| (0..60).map(|e| all.got[&(e, topic.to_owned())].sum).sum::<f64>());
    assert!((sums[0] - STATE_SUM).abs() < 1e-6 && (sums[1] - ACTION_SUM).abs() < 1e-6, "{sums:?}");
    assert!(all.summary.complete);
    assert_eq!(all.summary.channels[&0].messages, ROWS as u64);

    // Six episodes have their video; each has as many frames as rows, at the times of the rows.
    let videos: Vec<_> = all.got.iter().filter(|((_, topic), _)| topic.contains("cam_high")).collect();
    assert_eq!(videos.len(), 6);
    for ((episode, _), video) in videos {
        assert_eq!(video.times, all.got[&(*episode, "action".to_owned())].times, "episode {episode}");
        assert_eq!(video.blobs[0].key_frame, Some(true));
    }
    let without = all.notes.iter().filter(|note| note.kind == NoteKind::FileMissing && note.episode.is_some()).count();
    assert_eq!(without, 54);
    let total = all.notes.iter().find(|note| note.text.contains("total_frames")).unwrap();
    assert_eq!((total.measured, total.limit), (Some(ROWS as f64), Some(35965.0)));
}

// pandas: sum over the 60 files of len(df), and of np.stack(df[column]).astype("f8").sum().
const ROWS: usize = 22_042;
const STATE_SUM: f64 = 194_791.906_156_515_96;
const ACTION_SUM: f64 = 194_491.841_948_598_57;

#[test]
fn only_what_is_asked_for() {
    let Some(folder) = sample("unitree-g1-inspire-lerobot-v21") else { return };
    let options =
        ReadOptions { channels: Some([1].into()), episodes: Some([3, 5, 70].into()), ..ReadOptions::default() };
    let (_, all) = read_all(&folder, &options);
    assert_eq!(all.ended, [3, 5]);
    assert_eq!(all.got.keys().map(|(_, topic)| topic.as_str()).collect::<Vec<_>>(), ["action", "action"]);
}

#[test]
fn two_episodes_in_v2_and_in_v3() {
    let (Some(v2), Some(v3)) = (sample("ioai-lerobot-fixtures/lerobotv2"), sample("ioai-lerobot-fixtures/lerobotv3"))
    else {
        return;
    };
    let [(plan2, two), (plan3, three)] = [&v2, &v3].map(|folder| read_all(folder, &ReadOptions::default()));
    assert_eq!((plan2.profile.as_deref(), plan3.profile.as_deref()), (Some("v2.1"), Some("v3.0")));
    // pandas: the second episode has other values in the v3 fixture.
    for (plan, all, sums) in [(&plan2, &two, [0.3, 0.3]), (&plan3, &three, [0.3, 1.2])] {
        assert_eq!(all.ended, [0, 1], "{:?}", all.notes);
        assert_eq!(plan.episodes[1].task.as_deref(), Some("pick cube"), "also where only the rows name it");
        assert_eq!(plan.episodes[1].claimed_length, Some(3));
        for episode in [0, 1] {
            let state = &all.got[&(episode, "observation.state".to_owned())];
            assert_eq!(state.times, [0, 100_000_000, 200_000_000]);
            let sum = sums[episode as usize];
            assert!((state.sum - sum).abs() < 1e-12, "{}", state.sum);
            let video = &all.got[&(episode, "observation.images.cam".to_owned())];
            assert_eq!((video.blobs.len(), &video.times), (3, &state.times));
        }
    }
}

#[test]
fn embedded_pictures_are_pointed_at() {
    let Some(folder) = sample("ioai-lerobot-fixtures/lerobotv2-image") else { return };
    let (plan, all) = read_all(&folder, &ReadOptions::default());
    let camera = plan.channels.iter().find(|channel| channel.topic == "observation.images.cam").unwrap();
    assert_eq!(camera.picture.as_ref().unwrap().codec, Codec::Png);
    assert_eq!(all.ended, [0, 1]);
    assert_eq!(all.summary.channels[&camera.id], ChannelTally { messages: 6, undecodable: 0 });
    assert!(!all.notes.iter().any(|note| note.kind == NoteKind::Undecodable), "{:?}", all.notes);
    let mut blobs = BlobReader::new(&folder);
    for episode in 0..2 {
        let pictures = &all.got[&(episode, "observation.images.cam".to_owned())].blobs;
        assert_eq!(pictures.len(), 3);
        for picture in pictures {
            let bytes = blobs.read(picture).unwrap();
            assert!(bytes.starts_with(b"\x89PNG\r\n") && bytes.ends_with(b"IEND\xaeB`\x82"), "a whole PNG");
        }
    }
}

#[test]
fn metadata_alone_is_a_plan_without_episodes_to_read() {
    let Some(meta) = sample("rerun/v21_apple_storage_meta") else { return };
    let files = (0..meta.files().len()).map(|file| {
        let SourceFile { path, size } = &meta.files()[file];
        (format!("meta/{path}"), meta.read_exact(file, 0, *size).unwrap())
    });
    let source = MemorySource::new(files);
    let (plan, all) = read_all(&source, &ReadOptions::default());
    assert_eq!((plan.episodes.len(), all.ended.len()), (3, 0));
    assert!(plan.notes.iter().any(|note| note.kind == NoteKind::FileMissing && note.measured == Some(0.0)));
}

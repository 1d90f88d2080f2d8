//! AgiBot World as a folder: the numbers of each episode, its videos, and the labels of its task.
//!
//! ```text
//!   proprio_stats/TASK/EPISODE/proprio_stats.h5       one episode
//!   observations/TASK/EPISODE/videos/*.mp4            one frame per row
//!   task_info/task_TASK.json                          of each episode: task_name, label_info.action_config
//! ```
//!
//! Skill segments come as texts at the rows in which they begin; where they end is an attribute of the episode, as JSON.
//!
//! What it does *not* do: the depth pictures beside the videos, and the parameters of the cameras.

use std::collections::BTreeMap;

use prairie_model::{Note, NoteKind, Source};
use serde_json::Value;

use super::column::Kind;
use super::container::find_superblock;
use super::episode::{Channels, Episode, LabelPart, VideoPart};
use super::facts::{Small, tell};
use super::tree::natural;
use crate::lerobot::video::{Video, picture_of};

/// Bytes of the labels of one task.
const LABELS_MAX: u64 = 16 << 20;

/// Labelled segments of one episode.
const SEGMENTS_MAX: usize = 100_000;

/// The task and the episode whose numbers lie at a path.
fn place(path: &str) -> Option<(&str, &str)> {
    let mut names = path.split('/');
    let found = (names.next()?, names.next()?, names.next()?, names.next()?, names.next());
    match found {
        ("proprio_stats", task, episode, "proprio_stats.h5", None) => Some((task, episode)),
        _ => None,
    }
}

/// The files that hold the numbers of episodes, in the order of tasks and episodes.
pub(super) fn episode_files(source: &dyn Source) -> Vec<usize> {
    let places = source.files().iter().enumerate().filter_map(|(at, file)| Some((place(&file.path)?, at)));
    let mut places: Vec<_> = places.collect();
    places.sort_by(|(one, _), (other, _)| natural(one.0, other.0).then_with(|| natural(one.1, other.1)));
    places.into_iter().map(|(_, at)| at).collect()
}

/// Whether the first of these files is one.
pub(super) fn is_folder(source: &dyn Source) -> bool {
    let first = source.files().iter().position(|file| place(&file.path).is_some());
    first.is_some_and(|file| find_superblock(source, file).is_ok_and(|found| found.is_some()))
}

/// The labels of the episodes of one task.
#[derive(Default)]
pub(super) struct Labels {
    task: String,
    episodes: BTreeMap<String, Value>,
}

impl Labels {
    /// Reads those of a task, unless they are there already.
    fn load(&mut self, source: &dyn Source, task: &str) -> Option<Note> {
        if self.task == task {
            return None;
        }
        (self.task, self.episodes) = (task.to_owned(), BTreeMap::new());
        let path = format!("task_info/task_{task}.json");
        let file = source.find(&path)?;
        let size = source.files()[file].size;
        let odd = |why: String| {
            Some(
                Note::new(NoteKind::ValueUnknown, format!("the labels of task {task} cannot be read: {why}"))
                    .in_file(&path),
            )
        };
        if size > LABELS_MAX {
            return odd(format!("they have {size} bytes"));
        }
        let bytes = match source.read_exact(file, 0, size) {
            Ok(bytes) => bytes,
            Err(error) => return odd(error.to_string()),
        };
        let all: Vec<Value> = match serde_json::from_slice(&bytes) {
            Ok(all) => all,
            Err(error) => return odd(error.to_string()),
        };
        for entry in all {
            let id = match &entry["episode_id"] {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            self.episodes.insert(id, entry);
        }
        None
    }
}

/// Adds to an episode what lies beside its numbers.
pub(super) fn complete(
    source: &dyn Source,
    episode: &mut Episode,
    channels: &mut Channels,
    labels: &mut Labels,
) -> Option<Note> {
    let path = source.files()[episode.file].path.clone();
    let (task, id) = place(&path)?;
    episode.source.key = format!("{task}/{id}");
    videos(source, episode, channels, &format!("observations/{task}/{id}/videos/"));
    let note = labels.load(source, task);
    let Some(entry) = labels.episodes.get(id) else { return note };
    tell(&mut episode.source.attributes, "", &Small::Texts(vec![entry.to_string()]));
    // The facts of a JSON object begin with a dot where it has no name.
    let attributes = std::mem::take(&mut episode.source.attributes);
    let plain = |(name, value): (String, String)| (name.trim_start_matches('.').to_owned(), value);
    episode.source.attributes = attributes.into_iter().map(plain).collect();
    if let Some(task) = entry["task_name"].as_str().filter(|task| !task.is_empty()) {
        episode.source.task = Some(task.to_owned());
    }
    let segments = entry["label_info"]["action_config"].as_array();
    for name in ["action_text", "skill"] {
        let text = |segment: &Value| {
            let row = segment["start_frame"].as_u64().filter(|row| *row < episode.rows)?;
            Some((row, segment[name].as_str().filter(|text| !text.is_empty())?.to_owned()))
        };
        let mut rows: Vec<(u64, String)> = segments.into_iter().flatten().take(SEGMENTS_MAX).filter_map(text).collect();
        rows.sort_by_key(|(row, _)| *row);
        if !rows.is_empty() {
            let channel = channels.beside(&format!("label_info/action_config/{name}"), Kind::Text, || None);
            episode.labels.push(LabelPart { channel, rows });
        }
    }
    note
}

fn videos(source: &dyn Source, episode: &mut Episode, channels: &mut Channels, folder: &str) {
    let start = source.files().partition_point(|file| file.path.as_str() < folder);
    for (file, entry) in source.files().iter().enumerate().skip(start) {
        let Some(name) = entry.path.strip_prefix(folder) else { break };
        let Some(camera) = name.strip_suffix(".mp4") else { continue };
        // The first episode of a camera says how its pictures are coded; others may differ, and then say so.
        let picture = || Video::open(source, file).ok().map(|video| picture_of(&video.track));
        let channel = channels.beside(&format!("videos/{camera}"), Kind::Blob, picture);
        episode.videos.push(VideoPart { file, channel });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_numbers_of_episodes_are_episodes() {
        assert_eq!(place("proprio_stats/327/648642/proprio_stats.h5"), Some(("327", "648642")));
        for other in ["proprio_stats/327/proprio_stats.h5", "observations/327/1/proprio_stats.h5", "a.h5"] {
            assert_eq!(place(other), None);
        }
    }
}

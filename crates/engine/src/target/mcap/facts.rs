//! What a file says about its episode, in metadata records and channel metadata that Prairie reads back.
//!
//! | record | keys |
//! |---|---|
//! | `prairie` | `episode_id`, `recording_id`, `dataset`, `version`, `split`, `code` |
//! | `episode` | `task`, `outcome`, `mode`, `robot`, `robot_type`, `operator`, `station`, `software`, `calibration` |
//! | `rights` | `owner`, `licence`, `consent`, `purpose`, `custody` |
//! | `streams` | the stream behind each topic whose name differs |
//! | `source` | what else the source said, with `/` for `.` in its names |
//!
//! What is unknown has no key.

use std::collections::{BTreeMap, BTreeSet};

use prairie_model::{Mode, Outcome, Stream};

use crate::export::StoredEpisode;

/// Keys and values of one record.
pub(in crate::target) type Record = BTreeMap<String, String>;

fn known(pairs: &[(&str, Option<&str>)]) -> Record {
    pairs.iter().filter_map(|(key, value)| Some(((*key).to_owned(), (*value)?.to_owned()))).collect()
}

/// The records `episode`, `rights` and `source`.
pub(in crate::target) fn records(stored: &StoredEpisode) -> Vec<(&'static str, Record)> {
    let episode = &stored.episode;
    let rights = &episode.rights;
    let facts = known(&[
        ("task", episode.task.as_deref()),
        ("outcome", Some(episode.outcome.name()).filter(|_| episode.outcome != Outcome::Unknown)),
        ("mode", Some(episode.mode.name()).filter(|_| episode.mode != Mode::Unknown)),
        ("robot", episode.robot.as_deref()),
        ("robot_type", episode.robot_type.as_deref()),
        ("operator", episode.operator.as_deref()),
        ("station", episode.station.as_deref()),
        ("software", episode.software.as_deref()),
        ("calibration", episode.calibration.as_deref()),
    ]);
    let rights = known(&[
        ("owner", rights.owner.as_deref()),
        ("licence", rights.licence.as_deref()),
        ("consent", rights.consent.as_deref()),
        ("purpose", rights.purpose.as_deref()),
        ("custody", rights.custody.as_deref()),
    ]);
    // With a dot the last part of a name could be taken for a fact, against what the episode itself says.
    let source = episode.attributes.iter().map(|(name, value)| (name.replace('.', "/"), value.clone())).collect();
    vec![("episode", facts), ("rights", rights), ("source", source)]
}

/// What a channel says about its stream.
pub(super) fn of_stream(stream: &Stream) -> Record {
    known(&[
        ("stream", Some(&stream.name)),
        ("kind", stream.kind.map(|kind| kind.name())),
        ("unit", stream.unit.as_deref()),
        ("representation", stream.representation.as_deref()),
        ("source", Some(&stream.source)),
        ("source_schema", Some(&stream.schema)),
        // rosbag2 expects the key.
        ("offered_qos_profiles", Some("")),
    ])
}

/// A topic for a stream: its name, with `/` for the separators of other worlds and `_` for what ROS 2 forbids. `taken` are the
/// topics of the file so far.
pub(super) fn topic(name: &str, taken: &mut BTreeSet<String>) -> String {
    let mut topic = String::new();
    for part in name.split(['/', '.', '#', ':']).filter(|part| !part.is_empty()) {
        topic.push('/');
        if part.starts_with(|first: char| first.is_ascii_digit()) {
            topic.push('_');
        }
        topic.extend(part.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }));
    }
    if topic.is_empty() {
        topic.push_str("/stream");
    }
    let numbered = (2_u64..).map(|number| format!("{topic}_{number}"));
    let free = std::iter::once(topic.clone()).chain(numbered).find(|topic| !taken.contains(topic));
    // OK because there are more numbers than topics.
    let topic = free.unwrap_or(topic);
    taken.insert(topic.clone());
    topic
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_valid_and_unique() {
        let mut taken = BTreeSet::new();
        let mut of = |name: &str| topic(name, &mut taken);
        assert_eq!(of("/joint_states"), "/joint_states");
        assert_eq!(of("observation.images.front"), "/observation/images/front");
        assert_eq!(of("/tf#2nd-cam"), "/tf/_2nd_cam");
        assert_eq!(of("/tf/_2nd cam"), "/tf/_2nd_cam_2");
        assert_eq!(of("//"), "/stream");
    }
}

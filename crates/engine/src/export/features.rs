//! Which streams become which features of a training set.
//!
//! A stream that came from a LeRobot feature keeps its name. Otherwise all joint positions and gripper openings together are
//! `observation.state`, their velocities and efforts `observation.velocity` and `observation.effort`, all commands together
//! `action`, and every other stream is a feature of its own under `observation.`. Cameras are `observation.images.NAME`.

use std::collections::{BTreeMap, BTreeSet};

use prairie_model::{Stream, StreamKind};

use crate::export::number::NumberType;

/// One column of a training set, and the streams that it is made of.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Feature {
    /// `observation.state`.
    pub(crate) name: String,
    /// The streams, in the order of their values; one for a camera.
    pub(crate) parts: Vec<Part>,
    /// Whether it is a camera.
    pub(crate) video: bool,
    /// How its numbers are stored.
    pub(crate) number: NumberType,
}

/// One series of one stream.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Part {
    /// The stream's name.
    pub(crate) stream: String,
    /// The series, as [`prairie_model::Series::name`]; empty for a camera.
    pub(crate) series: &'static str,
}

/// Features, and what was left out with the reason.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Selection {
    /// The features, by name.
    pub(crate) features: Vec<Feature>,
    /// Stream and reason.
    pub(crate) left_out: Vec<(String, String)>,
}

impl Selection {
    /// Fixes how numbers are stored: as what all streams of a feature are in all episodes, else as 32-bit floats. `type_of` is
    /// asked with the place of an episode and a stream of it.
    pub(crate) fn type_numbers(&mut self, episodes: &[&[Stream]], type_of: &dyn Fn(usize, &Stream) -> NumberType) {
        for feature in self.features.iter_mut().filter(|feature| !feature.video) {
            let parts = &feature.parts;
            let is_part = |stream: &&Stream| parts.iter().any(|part| part.stream == stream.name);
            let all = episodes.iter().enumerate();
            let mut types =
                all.flat_map(|(at, streams)| streams.iter().filter(is_part).map(move |stream| type_of(at, stream)));
            let first = types.next().unwrap_or_default();
            feature.number = if types.all(|other| other == first) { first } else { NumberType::Float32 };
        }
    }
}

/// Chooses the features of episodes whose streams are given, one list per episode. `only` names the wanted streams; empty
/// wants all. Pictures may be of any size where they are `scaled`.
pub(crate) fn select(episodes: &[&[Stream]], only: &[String], scaled: bool) -> Selection {
    let mut selection = Selection::default();
    let mut names: BTreeMap<&str, usize> = BTreeMap::new();
    for streams in episodes {
        for stream in *streams {
            *names.entry(&stream.name).or_default() += 1;
        }
    }
    let mut chosen: Vec<&Stream> = Vec::new();
    for (name, count) in &names {
        if !only.is_empty() && !only.iter().any(|wanted| wanted == name) {
            selection.left_out.push(((*name).to_owned(), "not asked for".to_owned()));
            continue;
        }
        if *count < episodes.len() {
            let reason = format!("only {count} of {} episodes have it", episodes.len());
            selection.left_out.push(((*name).to_owned(), reason));
            continue;
        }
        let found = episodes.iter().flat_map(|streams| streams.iter()).find(|stream| stream.name == *name);
        // OK because the name came from these streams.
        let stream = found.expect("the stream is there");
        match unfit(stream, episodes, scaled) {
            Some(reason) => selection.left_out.push(((*name).to_owned(), reason)),
            None => chosen.push(stream),
        }
    }
    selection.features = features(&chosen);
    selection
}

/// Why a stream cannot be a feature.
fn unfit(stream: &Stream, episodes: &[&[Stream]], scaled: bool) -> Option<String> {
    let Some(kind) = stream.kind else { return Some("its kind is unknown".to_owned()) };
    match kind {
        StreamKind::Event => return Some("text has no row".to_owned()),
        StreamKind::Audio | StreamKind::Depth | StreamKind::PointCloud | StreamKind::Scan => {
            return Some(format!("{} has no place in this form", kind.name()));
        }
        _ => {}
    }
    let alike = |other: &Stream| {
        let size = |stream: &Stream| stream.picture.as_ref().map(|picture| (picture.width, picture.height));
        other.kind == stream.kind && other.names == stream.names && (scaled || size(other) == size(stream))
    };
    for streams in episodes {
        let same = streams.iter().find(|other| other.name == stream.name)?;
        if !alike(same) {
            return Some("its names or its size change between episodes".to_owned());
        }
        // What begins late has no causal value before: it would cost every row before it.
        let first = streams.iter().filter_map(|stream| stream.start).min()?;
        let last = streams.iter().filter_map(|stream| stream.end).max()?;
        let late = same.start?.seconds_since(first);
        if late > 0.2 * last.seconds_since(first) {
            return Some(format!("it starts {late:.2} s after the episode"));
        }
    }
    None
}

fn features(streams: &[&Stream]) -> Vec<Feature> {
    let mut features: BTreeMap<String, Feature> = BTreeMap::new();
    let mut taken = BTreeSet::new();
    let mut add = |name: String, stream: &Stream, series: &'static str, video: bool| {
        let part = Part { stream: stream.name.clone(), series };
        let entry = features.entry(name.clone());
        entry
            .or_insert_with(|| Feature { name, parts: Vec::new(), video, number: NumberType::default() })
            .parts
            .push(part);
    };
    for stream in streams {
        let Some(kind) = stream.kind else { continue };
        let original = stream.schema == "lerobot.feature";
        let own = || match original {
            true => stream.source.clone(),
            false => format!("observation.{}", slug(&stream.name, kind)),
        };
        match kind {
            StreamKind::Image => {
                let mut name =
                    if original { own() } else { format!("observation.images.{}", slug(&stream.name, kind)) };
                while !taken.insert(name.clone()) {
                    name.push('_');
                }
                add(name, stream, "", true);
            }
            StreamKind::JointState if original => add(own(), stream, "position", false),
            StreamKind::JointState => {
                add("observation.state".to_owned(), stream, "position", false);
                add("observation.velocity".to_owned(), stream, "velocity", false);
                add("observation.effort".to_owned(), stream, "effort", false);
            }
            StreamKind::Gripper if !original => add("observation.state".to_owned(), stream, "gripper", false),
            StreamKind::Action if !original => add("action".to_owned(), stream, "value", false),
            _ => {
                let series = match kind.numbers().first() {
                    Some((column, true, _)) => column,
                    _ => kind.name(),
                };
                add(own(), stream, series, false);
            }
        }
    }
    features.into_values().collect()
}

/// A topic as part of a feature's name: `/camera/front/image/compressed` is `camera_front` for a camera.
fn slug(topic: &str, kind: StreamKind) -> String {
    let mut text = topic.trim_matches('/');
    if kind == StreamKind::Image {
        for ending in ["/compressed", "/image_raw", "/image_rect", "/image", "/video", "/color", "/rgb"] {
            text = text.strip_suffix(ending).unwrap_or(text);
        }
    }
    let text: String = text.chars().map(|letter| if letter.is_alphanumeric() { letter } else { '_' }).collect();
    let text = text.trim_matches('_');
    if text.is_empty() { kind.name().to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prairie_model::Nanos;

    fn stream(name: &str, kind: StreamKind) -> Stream {
        Stream {
            name: name.to_owned(),
            source: name.to_owned(),
            kind: Some(kind),
            start: Some(Nanos(0)),
            end: Some(Nanos(1_000_000_000)),
            samples: 10,
            ..Stream::default()
        }
    }

    #[test]
    fn joints_and_grippers_are_the_state_and_commands_the_action() {
        let streams = [
            stream("/camera/front/image/compressed", StreamKind::Image),
            stream("/command", StreamKind::Action),
            stream("/gripper", StreamKind::Gripper),
            stream("/joint_states", StreamKind::JointState),
            stream("/log", StreamKind::Event),
            stream("/wrench", StreamKind::Wrench),
        ];
        let selection = select(&[&streams], &[], false);
        let names: Vec<_> =
            selection.features.iter().map(|feature| (feature.name.as_str(), feature.parts.len())).collect();
        assert_eq!(
            names,
            [
                ("action", 1),
                ("observation.effort", 1),
                ("observation.images.camera_front", 1),
                ("observation.state", 2),
                ("observation.velocity", 1),
                ("observation.wrench", 1)
            ]
        );
        assert_eq!(selection.left_out, [("/log".to_owned(), "text has no row".to_owned())]);
    }

    #[test]
    fn a_stream_that_some_episodes_lack_is_left_out_with_its_reason() {
        let one = [stream("/a", StreamKind::Scalar), stream("/b", StreamKind::Scalar)];
        let two = [stream("/a", StreamKind::Scalar)];
        let selection = select(&[&one, &two], &[], false);
        assert_eq!(selection.features.len(), 1);
        assert_eq!(selection.left_out, [("/b".to_owned(), "only 1 of 2 episodes have it".to_owned())]);
    }

    #[test]
    fn a_late_stream_would_cost_the_rows_before_it() {
        let mut late = stream("/late", StreamKind::Scalar);
        late.start = Some(Nanos(300_000_000));
        let selection = select(&[&[stream("/a", StreamKind::Scalar), late]], &[], false);
        assert_eq!(selection.left_out, [("/late".to_owned(), "it starts 0.30 s after the episode".to_owned())]);
    }
}

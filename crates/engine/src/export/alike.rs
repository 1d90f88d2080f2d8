//! Whether episodes can be one training set: one list of features, each of one shape.
//!
//! What a policy sees and does (cameras, joints, grippers, commands, and everything that came from a training set) must be alike in
//! all episodes, else the export is refused, and says which episodes differ in what and which condition separates them. Other
//! streams that only some episodes have are left out, as the proof says.

use std::collections::{BTreeMap, BTreeSet};

use prairie_model::{Stream, StreamKind};

use crate::cells::literal;
use crate::error::EngineError;
use crate::export::{ActionForm, ExportJob, ExportOptions, StoredEpisode};

/// Differences that are told one by one.
const TOLD: usize = 6;

/// Episodes that are named for each form.
const NAMED: usize = 3;

/// Digits of an id that name an episode.
const DIGITS: usize = 12;

/// What all episodes must agree about a stream.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    /// The episode does not have it.
    Absent,
    /// Pictures whose size does not count.
    Scaled,
    /// Pictures of that size.
    Pictures(Option<u32>, Option<u32>),
    /// Numbers, and what they are.
    Numbers(Numbers),
}

/// What all episodes must agree about numbers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Numbers {
    kind: StreamKind,
    names: Vec<String>,
    shape: Vec<u64>,
    unit: Option<String>,
    /// Of commands: `absolute`, `delta`, `velocity`; the outer `None` where that does not count.
    representation: Option<Option<String>>,
}

impl Form {
    /// The form of a stream; where pictures are scaled or commands converted, what that evens out does not count.
    fn of(stream: &Stream, options: &ExportOptions) -> Option<Self> {
        let kind = stream.kind.filter(|kind| *kind != StreamKind::Event)?;
        if kind == StreamKind::Image {
            if options.size.is_some() {
                return Some(Self::Scaled);
            }
            let picture = stream.picture.as_ref();
            return Some(Self::Pictures(picture.and_then(|one| one.width), picture.and_then(|one| one.height)));
        }
        let representation = (options.action == ActionForm::AsIs).then(|| stream.representation.clone());
        (!kind.is_frames()).then(|| {
            Self::Numbers(Numbers {
                kind,
                names: stream.names.clone(),
                shape: stream.shape.clone(),
                unit: stream.unit.clone(),
                representation,
            })
        })
    }

    /// The form in words; `beside` are the other forms of the stream.
    fn told(&self, beside: &BTreeSet<&Self>) -> String {
        match self {
            Self::Absent => "is not there".to_owned(),
            Self::Scaled => "is pictures".to_owned(),
            Self::Pictures(Some(width), Some(height)) => format!("is {width} × {height} pixels"),
            Self::Pictures(..) => "is of a size that is not known".to_owned(),
            Self::Numbers(numbers) => {
                let others = beside.iter().filter_map(|other| match other {
                    Self::Numbers(other) if other != numbers => Some(other),
                    _ => None,
                });
                numbers.told(&others.collect::<Vec<_>>())
            }
        }
    }

    /// A condition on the table `streams` that streams of this form satisfy.
    fn condition(&self, stream: &str) -> String {
        let mut parts = vec![format!("stream = {}", literal(stream))];
        match self {
            Self::Absent | Self::Scaled => {}
            Self::Pictures(width, height) => {
                for (column, size) in [("width", width), ("height", height)] {
                    parts.push(size.map_or(format!("{column} IS NULL"), |size| format!("{column} = {size}")));
                }
            }
            Self::Numbers(Numbers { kind, names, shape, unit, representation }) => {
                parts.push(format!("kind = {}", literal(kind.name())));
                for (column, text) in [("unit", Some(unit)), ("representation", representation.as_ref())] {
                    parts.extend(text.map(|text| match text {
                        Some(text) => format!("{column} = {}", literal(text)),
                        None => format!("{column} IS NULL"),
                    }));
                }
                if !names.is_empty() {
                    parts.push(format!("array_to_string(names, ',') = {}", literal(&names.join(","))));
                }
                if !shape.is_empty() {
                    let shape: Vec<_> = shape.iter().map(u64::to_string).collect();
                    parts.push(format!("array_to_string(shape, ',') = {}", literal(&shape.join(","))));
                }
            }
        }
        let is = if *self == Self::Absent { "NOT IN" } else { "IN" };
        format!("episode_id {is} (SELECT episode_id FROM streams WHERE {})", parts.join(" AND "))
    }
}

impl Numbers {
    /// In what these numbers differ from `others`.
    fn told(&self, others: &[&Self]) -> String {
        let mut told = Vec::new();
        if others.iter().any(|other| other.kind != self.kind) {
            told.push(format!("is of kind `{}`", self.kind.name()));
        }
        if let Some(other) = others.iter().find(|other| other.names != self.names) {
            let count = self.names.len();
            let place = self.names.iter().zip(&other.names).position(|(one, two)| one != two);
            let all = self.names.join(", ");
            told.push(match place {
                _ if others.iter().all(|other| other.names.len() != count) => format!("has {count} elements"),
                Some(place) if all.chars().count() > LIST_MAX => {
                    format!("has {count} elements, of which number {} is `{}`", place + 1, self.names[place])
                }
                _ => format!("has the {count} elements {}", shortened(&all)),
            });
        }
        if others.iter().any(|other| other.shape != self.shape) {
            told.push(format!("is of shape {:?}", self.shape));
        }
        if others.iter().any(|other| other.unit != self.unit) {
            told.push(self.unit.as_ref().map_or("has no known unit".to_owned(), |unit| format!("is in `{unit}`")));
        }
        if others.iter().any(|other| other.representation != self.representation) {
            let what = self.representation.as_ref().and_then(Option::as_deref);
            told.push(what.map_or("does not say what its commands are".to_owned(), |what| format!("is `{what}`")));
        }
        match told.is_empty() {
            // Beside pictures, or where it is not there at all.
            true if self.names.is_empty() => format!("is of kind `{}`", self.kind.name()),
            true => format!("has {} elements", self.names.len()),
            false => told.join(" and "),
        }
    }
}

/// Characters of a list of names that is told as a whole.
const LIST_MAX: usize = 60;

fn shortened(text: &str) -> String {
    if text.chars().count() <= LIST_MAX {
        text.to_owned()
    } else {
        text.chars().take(LIST_MAX - 1).chain(['…']).collect()
    }
}

/// Whether episodes must have a stream in common. `only` names the streams that were asked for; empty asks for all.
fn matters(stream: &Stream, only: &[String]) -> bool {
    if !only.is_empty() {
        return only.contains(&stream.name);
    }
    let of_policy = matches!(
        stream.kind,
        Some(StreamKind::Action | StreamKind::Gripper | StreamKind::Image | StreamKind::JointState)
    );
    of_policy || stream.schema == "lerobot.feature"
}

/// Refuses episodes that have not the same features.
pub(crate) fn check_alike(job: &ExportJob) -> Result<(), EngineError> {
    let ExportJob { name, episodes, options, .. } = job;
    let all: Vec<BTreeMap<&str, Form>> = episodes
        .iter()
        .map(|episode| {
            let streams = episode.streams.iter().filter(|stream| matters(stream, &options.streams));
            streams.filter_map(|stream| Some((stream.name.as_str(), Form::of(stream, options)?))).collect()
        })
        .collect();
    let names: BTreeSet<&str> = all.iter().flat_map(|forms| forms.keys().copied()).collect();
    let form = |at: usize, name: &str| all[at].get(name).unwrap_or(&Form::Absent);
    let is_common = |name: &&str| (1..all.len()).all(|at| form(at, name) == form(0, name));
    let (common, different): (Vec<&str>, Vec<&str>) = names.into_iter().partition(is_common);
    if different.is_empty() {
        return Ok(());
    }
    let mut lines = Vec::new();
    for stream in different.iter().take(TOLD) {
        let mut by_form: BTreeMap<&Form, Vec<usize>> = BTreeMap::new();
        (0..all.len()).for_each(|at| by_form.entry(form(at, stream)).or_default().push(at));
        let forms: BTreeSet<&Form> = by_form.keys().copied().collect();
        let told = by_form.iter().map(|(form, places)| format!("{} in {}", form.told(&forms), who(episodes, places)));
        lines.push(format!("`{stream}` {}", told.collect::<Vec<_>>().join(", ")));
    }
    if different.len() > TOLD {
        lines.push(format!("{} more streams differ", different.len() - TOLD));
    }
    // The largest group of episodes that agree about everything; of two, the one that comes first.
    let mut groups: BTreeMap<Vec<&Form>, Vec<usize>> = BTreeMap::new();
    for at in 0..all.len() {
        groups.entry(different.iter().map(|stream| form(at, stream)).collect()).or_default().push(at);
    }
    let largest = groups.iter().max_by_key(|(_, places)| (places.len(), usize::MAX - places[0]));
    let condition = largest.map(|(forms, places)| {
        let by_streams = || {
            let parts = different.iter().zip(forms).map(|(stream, form)| form.condition(stream));
            parts.collect::<Vec<_>>().join(" AND ")
        };
        (by_fact(episodes, places).unwrap_or_else(by_streams), places.len())
    });
    let mut hint = condition.map_or(String::new(), |(condition, count)| {
        format!("`prairie dataset create NAME --where \"{condition}\"` chooses {count} that are alike")
    });
    if !common.is_empty() {
        hint.push_str(&format!("; `--streams {}` exports what all have", common.join(",")));
    }
    let are_pictures = |stream: &&str| (0..all.len()).all(|at| matches!(form(at, stream), Form::Pictures(..)));
    if different.iter().all(are_pictures) {
        hint.push_str("; `--size WIDTHxHEIGHT` makes all pictures of one size");
    }
    let what = format!(
        "the {} episodes of `{name}` have not the same features, which one training set must have: {}",
        all.len(),
        lines.join("; ")
    );
    Err(EngineError::Unlike { what, hint })
}

/// How many episodes these are, and the first of them.
fn who(episodes: &[StoredEpisode], places: &[usize]) -> String {
    let ids = places.iter().take(NAMED).map(|at| format!("`{:.DIGITS$}`", episodes[*at].id.to_string()));
    let more = if places.len() > NAMED { ", …" } else { "" };
    format!("{} ({}{more})", places.len(), ids.collect::<Vec<_>>().join(", "))
}

/// Reads what one column of `episodes` says of an episode.
type Fact = fn(&StoredEpisode) -> Option<String>;

/// A condition on one column of `episodes` that exactly the episodes at `places` satisfy.
fn by_fact(episodes: &[StoredEpisode], places: &[usize]) -> Option<String> {
    let facts: [(&str, Fact); 4] = [
        ("robot_type", |episode| episode.episode.robot_type.clone()),
        ("robot", |episode| episode.episode.robot.clone()),
        ("task", |episode| episode.episode.task.clone()),
        ("recording_id", |episode| Some(episode.recording.to_string())),
    ];
    facts.into_iter().find_map(|(column, fact)| {
        let wanted = fact(&episodes[*places.first()?])?;
        let fits = |at: usize| (fact(&episodes[at]).as_ref() == Some(&wanted)) == places.binary_search(&at).is_ok();
        (0..episodes.len()).all(fits).then(|| format!("{column} = {}", literal(&wanted)))
    })
}

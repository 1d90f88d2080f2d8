//! What the arrays of a store are: features of episodes.
//!
//! ```text
//!   data/action, data/img, …  meta/episode_ends ─▶ one set of arrays, whose rows are cut into episodes
//!   demo_0/action, demo_1/action, …             ─▶ one set, and one episode, per group
//!   action, obs/qpos, … of as many rows         ─▶ one set, and one episode
//! ```
//!
//! Arrays of the same name and row in several sets are one feature.

use std::collections::BTreeMap;

use prairie_model::{Note, NoteKind, words};

use super::array::{Array, Cache};
use super::meta::ArrayMeta;
use super::nodes::{Node, Nodes};
use super::picture::View;
use super::store::Store;
use crate::FormatError;
use crate::elements::Kind;

/// Episodes of one recording.
const EPISODES_MAX: u64 = 1_000_000;
/// Features of one recording.
const FEATURES_MAX: usize = 4_096;
/// Rows of one set.
const ROWS_MAX: u64 = 1 << 32;
/// Elements of an array that is a fact and no series, and of a row that is a list of numbers.
const FACT_MAX: u64 = 64;
const LIST_MAX: usize = 1 << 16;
/// Bytes of an array with a row per episode.
const FACTS_BYTES_MAX: u64 = 64 << 20;
/// Groups inside groups.
const DEPTH_MAX: usize = 16;

/// What the rows of a feature are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Rows {
    Numbers,
    Texts,
    /// Pictures out of the elements.
    Pixels(View),
    /// Pictures that are chunks.
    Coded(prairie_model::Codec),
}

/// A feature of the recording: one channel.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Feature {
    pub(super) topic: String,
    pub(super) rows: Rows,
    pub(super) element: crate::elements::Element,
    /// Elements per axis of a row.
    pub(super) shape: Vec<u64>,
    pub(super) attributes: BTreeMap<String, String>,
    /// Rows of all its arrays.
    pub(super) length: u64,
}

/// Arrays whose rows belong together.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Set {
    /// Feature and array.
    pub(super) members: Vec<(u32, usize)>,
    /// The array of times.
    pub(super) clock: Option<usize>,
    /// Rows per second, where an attribute says so.
    pub(super) rate_hz: Option<f64>,
}

/// An episode: rows of a set.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Episode {
    pub(super) key: String,
    pub(super) task: Option<String>,
    pub(super) set: usize,
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) attributes: BTreeMap<String, String>,
}

/// What a store holds.
#[derive(Debug, Default)]
pub(super) struct Layout {
    pub(super) features: Vec<Feature>,
    pub(super) sets: Vec<Set>,
    pub(super) episodes: Vec<Episode>,
    pub(super) attributes: BTreeMap<String, String>,
    pub(super) notes: Vec<Note>,
    /// Whether the recording is one of UMI's, whose rows are frames of its cameras.
    pub(super) is_umi: bool,
    /// The place of each feature by name and row.
    known: BTreeMap<String, Vec<u32>>,
}

impl Layout {
    /// Looks at every array, and reads those that tell about episodes.
    ///
    /// # Errors
    ///
    /// When the source fails.
    pub(super) fn new(store: &Store<'_>, nodes: &Nodes) -> Result<Self, FormatError> {
        let mut layout = Self::default();
        layout.notes.extend(nodes.notes.iter().cloned());
        layout.notes.extend(nodes.refusals());
        for (path, attributes) in &nodes.groups {
            let prefix = if path.is_empty() { String::new() } else { format!("{}.", path.replace('/', ".")) };
            layout.attributes.extend(attributes.iter().map(|(key, value)| (format!("{prefix}{key}"), value.clone())));
        }
        let mut facts = Facts { store, nodes, cache: Cache::default() };
        let ends: Vec<usize> = (0..nodes.arrays.len())
            .filter(|at| leaf(&nodes.arrays[*at].path) == "episode_ends" && nodes.arrays[*at].meta.is_ok())
            .collect();
        if ends.is_empty() {
            let readable: Vec<usize> = (0..nodes.arrays.len()).filter(|at| nodes.arrays[*at].meta.is_ok()).collect();
            layout.groups(&mut facts, "", &readable, DEPTH_MAX)?;
        } else {
            let several = ends.len() > 1;
            for at in ends {
                layout.replay_buffer(&mut facts, at, several)?;
            }
        }
        let has = |name: &str| layout.features.iter().any(|feature| feature.topic == name);
        layout.is_umi = has("robot0_eef_pos") && has("robot0_gripper_width") && has("camera0_rgb");
        Ok(layout)
    }

    /// The buffer whose episodes end where an array says.
    fn replay_buffer(&mut self, facts: &mut Facts<'_>, ends: usize, several: bool) -> Result<(), FormatError> {
        let nodes = facts.nodes;
        let meta = folder(&nodes.arrays[ends].path);
        let buffer = if leaf(meta) == "meta" { folder(meta) } else { meta };
        let inside = |path: &str, group: &str| {
            group.is_empty() || path.strip_prefix(group).is_some_and(|rest| rest.starts_with('/'))
        };
        let under: Vec<usize> = (0..nodes.arrays.len())
            .filter(|at| *at != ends && nodes.arrays[*at].meta.is_ok() && inside(&nodes.arrays[*at].path, buffer))
            .collect();
        let data = if buffer.is_empty() { "data".to_owned() } else { format!("{buffer}/data") };
        let has_data = under.iter().any(|at| inside(&nodes.arrays[*at].path, &data));
        let is_about = |at: &usize| leaf(meta) == "meta" && inside(&nodes.arrays[*at].path, meta);
        let Some(ends) = self.ends(facts, ends)? else { return Ok(()) };
        let total = ends.iter().copied().max().unwrap_or(0);
        let mut set = Set { rate_hz: self.rate(nodes, &[buffer, &data]), ..Set::default() };
        let base = if has_data { &data } else { buffer };
        let mut behind: BTreeMap<u64, u64> = BTreeMap::new();
        for at in under.iter().copied().filter(|at| !is_about(at)) {
            let node = &nodes.arrays[at];
            let Ok(array) = &node.meta else { continue };
            if array.shape.is_empty() || is_fact(array, total) {
                self.fact(facts, at, base)?;
                continue;
            }
            if array.rows() < total {
                let text = format!("{} rows of `{}`, and the episodes have {total}", array.rows(), node.path);
                let note = Note::new(NoteKind::CountMismatch, text).stream(topic(&node.path, base));
                self.notes.push(note.numbers(array.rows() as f64, Some(total as f64)));
            } else if array.rows() > total {
                *behind.entry(array.rows() - total).or_default() += 1;
            }
            self.member(&mut set, nodes, at, topic(&node.path, base));
        }
        for (rows, arrays) in behind {
            let text =
                format!("{rows} rows of {arrays} arrays come after the end of the last episode, and belong to none");
            self.notes.push(Note::new(NoteKind::IndexWrong, text).numbers(rows as f64, Some(0.0)));
        }
        let place = self.sets.len();
        self.sets.push(set);
        let first = self.episodes.len();
        let prefix = if several && !buffer.is_empty() { format!("{buffer}/") } else { String::new() };
        let mut from = 0;
        let mut odd = 0_u64;
        for (number, to) in ends.iter().copied().enumerate() {
            odd += u64::from(to <= from);
            let (key, task, attributes) = (format!("{prefix}episode_{number:06}"), None, BTreeMap::new());
            self.episodes.push(Episode { key, task, set: place, from: from.min(to), to, attributes });
            from = from.max(to);
        }
        if odd > 0 {
            let text = format!("{odd} of {} episodes end where they begin, or before", ends.len());
            self.notes.push(Note::new(NoteKind::IndexWrong, text).numbers(odd as f64, Some(0.0)));
        }
        for at in under.iter().copied().filter(is_about) {
            let rows = nodes.arrays[at].meta.as_ref().map_or(0, ArrayMeta::rows);
            let is_per_episode = nodes.arrays[at].meta.as_ref().is_ok_and(|array| !array.shape.is_empty());
            match is_per_episode && rows == ends.len() as u64 {
                true => self.per_episode(facts, at, meta, first)?,
                false => self.fact(facts, at, buffer)?,
            }
        }
        Ok(())
    }

    /// Where the episodes end. `None`, and a note, where nobody can tell.
    fn ends(&mut self, facts: &mut Facts<'_>, at: usize) -> Result<Option<Vec<u64>>, FormatError> {
        let node = &facts.nodes.arrays[at];
        let mut tell = |why: String| {
            self.notes.push(Note::new(NoteKind::IndexWrong, format!("`{}`: {why}", node.path)));
            Ok(None)
        };
        let Ok(array) = &node.meta else { return Ok(None) };
        if array.rows() > EPISODES_MAX || array.row_elements() > 1 || array.shape.is_empty() {
            return tell(format!("{:?} elements are no ends of up to {EPISODES_MAX} episodes", array.shape));
        }
        let bytes = match facts.bytes(at) {
            Ok(bytes) => bytes,
            Err(error) => {
                self.notes.push(error.into_note()?);
                return Ok(None);
            }
        };
        let end = |bytes| {
            let whole = array.element.integer(bytes).or_else(|| {
                // OK to cast: whole, and within the range where f64 is exact.
                array.element.number(bytes).filter(|n| n.fract() == 0.0 && n.abs() < 9e15).map(|n| n as i64)
            });
            whole.and_then(|end| u64::try_from(end).ok())
        };
        let ends: Option<Vec<u64>> = bytes.chunks_exact(array.element.size).map(end).collect();
        match ends {
            Some(ends) if ends.iter().all(|end| *end <= ROWS_MAX) => Ok(Some(ends)),
            Some(_) => tell(format!("an episode ends after more than {ROWS_MAX} rows")),
            None => tell("an end is no count of rows".to_owned()),
        }
    }

    /// The episodes of a group without ends of episodes.
    fn groups(
        &mut self,
        facts: &mut Facts<'_>,
        group: &str,
        arrays: &[usize],
        depth: usize,
    ) -> Result<(), FormatError> {
        let nodes = facts.nodes;
        let rest = |at: usize| {
            let path = nodes.arrays[at].path.as_str();
            path.get(group.len()..).unwrap_or_default().trim_start_matches('/').to_owned()
        };
        let mut children: BTreeMap<(String, u64, String), Vec<usize>> = BTreeMap::new();
        let mut here = Vec::new();
        for at in arrays.iter().copied() {
            match rest(at).split_once('/') {
                Some((child, _)) if depth > 0 => children.entry(natural(child)).or_default().push(at),
                _ => here.push(at),
            }
        }
        let rows = |at: &usize| nodes.arrays[*at].meta.as_ref().ok().filter(|array| !array.shape.is_empty());
        let rows = |at: &usize| rows(at).map(ArrayMeta::rows);
        let stems: std::collections::BTreeSet<&str> = children.keys().map(|(stem, ..)| stem.as_str()).collect();
        let is_numbered = |(stem, _, name): &(String, u64, String)| stem.len() < name.len();
        let are_episodes = !children.is_empty() && stems.len() == 1 && children.keys().all(is_numbered);
        let mut lengths: Vec<u64> = arrays.iter().filter_map(rows).collect();
        lengths.sort_unstable();
        let alike = lengths.first() == lengths.last();
        let is_series = |at: &usize| rows(at).is_some_and(|rows| rows > 1);
        let is_one = here.iter().any(is_series) || depth == 0 || (alike && children.len() > 1 && !are_episodes);
        if !is_one && !children.is_empty() {
            // What lies beside the episodes is about the recording.
            for at in here {
                self.fact(facts, at, "")?;
            }
            for ((.., name), inner) in children {
                let child = if group.is_empty() { name } else { format!("{group}/{name}") };
                self.groups(facts, &child, &inner, depth.saturating_sub(1))?;
            }
            return Ok(());
        }
        self.one_episode(facts, group, arrays)
    }

    /// A group that is one episode: its arrays of the length that most of them have.
    fn one_episode(&mut self, facts: &mut Facts<'_>, group: &str, arrays: &[usize]) -> Result<(), FormatError> {
        let nodes = facts.nodes;
        let mut lengths: BTreeMap<u64, usize> = BTreeMap::new();
        let rows = |at: usize| nodes.arrays[at].meta.as_ref().ok().filter(|array| !array.shape.is_empty());
        for array in arrays.iter().filter_map(|at| rows(*at)) {
            *lengths.entry(array.rows()).or_default() += 1;
        }
        let most = lengths.iter().filter(|(rows, _)| **rows <= ROWS_MAX).max_by_key(|(rows, count)| (**count, **rows));
        let Some(total) = most.map(|(rows, _)| *rows) else {
            for at in arrays {
                self.fact(facts, *at, "")?;
            }
            return Ok(());
        };
        if self.episodes.len() as u64 >= EPISODES_MAX {
            return Ok(());
        }
        let mut set = Set { rate_hz: self.rate(nodes, &["", group]), ..Set::default() };
        let mut attributes: BTreeMap<String, String> = nodes.groups.get(group).cloned().unwrap_or_default();
        for at in arrays.iter().copied() {
            let name = topic(&nodes.arrays[at].path, group);
            let Some(array) = rows(at).filter(|array| array.rows() == total) else {
                let text = facts.text(at)?;
                if let Some(text) = text {
                    attributes.insert(name.replace('/', "."), text);
                } else if let Some(array) = rows(at) {
                    let text = format!("{} rows of `{name}`, and the episode has {total}", array.rows());
                    let note = Note::new(NoteKind::CountMismatch, text).stream(name);
                    self.notes.push(note.numbers(array.rows() as f64, Some(total as f64)));
                }
                continue;
            };
            debug_assert_eq!(array.rows(), total, "filtered above");
            self.member(&mut set, nodes, at, name);
        }
        let task = attributes.iter().find(|(key, _)| is_task(key)).map(|(_, text)| text.clone());
        let key = if group.is_empty() { "episode_000000".to_owned() } else { group.to_owned() };
        let set = {
            self.sets.push(set);
            self.sets.len() - 1
        };
        self.episodes.push(Episode { key, task, set, from: 0, to: total, attributes });
        Ok(())
    }

    /// Adds an array to a set, under its feature.
    fn member(&mut self, set: &mut Set, nodes: &Nodes, at: usize, topic: &str) {
        let Some(Node { meta: Ok(array), attributes, .. }) = nodes.arrays.get(at) else { return };
        let rows = match (array.picture(), View::of(array, topic)) {
            (Some(codec), _) => Rows::Coded(codec),
            (None, Some(view)) => Rows::Pixels(view),
            (None, None) if array.is_texts || array.element.is_text() => Rows::Texts,
            (None, None) => Rows::Numbers,
        };
        if let Err(why) = readable(array, rows) {
            let text = format!("`{}` is not read: {why}", nodes.arrays[at].path);
            self.notes.push(Note::new(NoteKind::SchemaMissing, text).stream(topic));
            return;
        }
        if is_clock(topic, array) && set.clock.is_none() {
            set.clock = Some(at);
        }
        let shape = array.shape.get(1..).unwrap_or_default().to_vec();
        let same = |id: &&u32| {
            let feature = self.features.get(**id as usize);
            feature.is_some_and(|feature| {
                let (one, other) = (feature.element, array.element);
                feature.rows == rows && feature.shape == shape && one.kind == other.kind && one.size == other.size
            })
        };
        let places = self.known.get(topic).map(Vec::as_slice).unwrap_or_default();
        let id = match places.iter().find(same) {
            Some(id) => *id,
            None if self.features.len() >= FEATURES_MAX => return,
            None => {
                let id = u32::try_from(self.features.len()).unwrap_or(u32::MAX);
                let (topic, attributes) = (topic.to_owned(), attributes.clone());
                self.known.entry(topic.clone()).or_default().push(id);
                self.features.push(Feature { topic, rows, element: array.element, shape, attributes, length: 0 });
                id
            }
        };
        // OK to index: features have as many ids.
        let feature = &mut self.features[id as usize];
        feature.length = feature.length.saturating_add(array.rows());
        set.members.push((id, at));
    }

    /// An array of a few elements that is about the recording.
    fn fact(&mut self, facts: &mut Facts<'_>, at: usize, base: &str) -> Result<(), FormatError> {
        if let Some(text) = facts.text(at)? {
            let name = topic(&facts.nodes.arrays[at].path, base).replace('/', ".");
            self.attributes.insert(name, text);
        }
        Ok(())
    }

    /// An array with an element or a row for each episode.
    fn per_episode(&mut self, facts: &mut Facts<'_>, at: usize, base: &str, first: usize) -> Result<(), FormatError> {
        let nodes = facts.nodes;
        let name = topic(&nodes.arrays[at].path, base).replace('/', ".");
        let texts = match facts.rows(at) {
            Ok(texts) => texts,
            Err(error) => {
                self.notes.push(error.into_note()?);
                return Ok(());
            }
        };
        for (episode, text) in self.episodes.iter_mut().skip(first).zip(texts.into_iter().flatten()) {
            if is_task(&name) {
                episode.task = Some(text.clone());
            }
            episode.attributes.insert(name.clone(), text);
        }
        Ok(())
    }

    /// The rate that the attributes of these groups state.
    fn rate(&self, nodes: &Nodes, groups: &[&str]) -> Option<f64> {
        const NAMES: [&str; 11] = [
            "fps",
            "rate",
            "rate_hz",
            "hz",
            "frequency",
            "frequency_hz",
            "freq",
            "control_freq",
            "control_frequency",
            "control_hz",
            "sampling_rate",
        ];
        let stated = |group: &&str| {
            let attributes = nodes.groups.get(*group)?;
            let rate = |(key, text): (&String, &String)| {
                let name = key.rsplit('.').next()?.to_ascii_lowercase();
                let number: f64 = text.parse().ok()?;
                (NAMES.contains(&name.as_str()) && number > 1e-3 && number < 1e6).then_some(number)
            };
            attributes.iter().find_map(rate)
        };
        groups.iter().rev().find_map(stated).or_else(|| stated(&""))
    }
}

/// Small arrays, read whole.
struct Facts<'a> {
    store: &'a Store<'a>,
    nodes: &'a Nodes,
    cache: Cache,
}

impl Facts<'_> {
    fn array(&self, at: usize) -> Option<Array> {
        let node = self.nodes.arrays.get(at)?;
        Some(Array::new(self.store, node.meta.as_ref().ok()?, &self.nodes.folder_of(node), at))
    }

    /// All bytes of an array, which the caller has found to be small.
    fn bytes(&mut self, at: usize) -> Result<Vec<u8>, FormatError> {
        let mut cache = std::mem::take(&mut self.cache);
        let mut out = Vec::new();
        let mut done = Ok(());
        if let Some(mut array) = self.array(at) {
            let (mut row, rows) = (0, array.meta.rows());
            while row < rows && done.is_ok() {
                let end = array.band_end(row);
                done = array.rows(self.store, &mut cache, row, end - row, &mut out);
                row = end;
            }
        }
        self.cache = cache;
        done.map(|()| out)
    }

    /// An array of a few elements as text; `None` where it is longer, or cannot be read.
    fn text(&mut self, at: usize) -> Result<Option<String>, FormatError> {
        let Some(Node { meta: Ok(meta), .. }) = self.nodes.arrays.get(at) else { return Ok(None) };
        if meta.shape.iter().product::<u64>() > FACT_MAX || meta.picture().is_some() {
            return Ok(None);
        }
        let elements = match self.elements(at) {
            Ok(elements) => elements,
            // What is about the recording and cannot be read is unknown; a source that fails is told.
            Err(error) => return error.into_note().map(|_note| None),
        };
        Ok(match elements.as_slice() {
            [] => None,
            [one] => Some(one.clone()),
            several => Some(format!("[{}]", several.join(", "))),
        })
    }

    fn elements(&mut self, at: usize) -> Result<Vec<String>, FormatError> {
        let Some(Node { meta: Ok(meta), .. }) = self.nodes.arrays.get(at) else { return Ok(Vec::new()) };
        if meta.is_texts {
            let Some(mut array) = self.array(at) else { return Ok(Vec::new()) };
            let mut texts = Vec::new();
            while (texts.len() as u64) < meta.rows() {
                let row = texts.len() as u64;
                texts.extend(array.texts(self.store, row, array.band_end(row) - row)?);
            }
            return Ok(texts);
        }
        let bytes = self.bytes(at)?;
        Ok(bytes.chunks_exact(meta.element.size).map(|bytes| meta.element.display(bytes).unwrap_or_default()).collect())
    }

    /// The rows of an array as texts, for arrays with a row per episode.
    fn rows(&mut self, at: usize) -> Result<Vec<Option<String>>, FormatError> {
        let Some(Node { meta: Ok(meta), .. }) = self.nodes.arrays.get(at) else { return Ok(Vec::new()) };
        let width = meta.row_elements();
        let bytes = meta.rows().saturating_mul(meta.row_bytes() as u64);
        if width as u64 > FACT_MAX || width == 0 || bytes > FACTS_BYTES_MAX || meta.picture().is_some() {
            return Ok(Vec::new());
        }
        let elements = self.elements(at)?;
        let text = |row: &[String]| match row {
            [one] => Some(one.clone()).filter(|text| !text.is_empty()),
            several => Some(format!("[{}]", several.join(", "))),
        };
        Ok(elements.chunks_exact(width).map(text).collect())
    }
}

/// Whether rows of this kind can be read.
fn readable(array: &ArrayMeta, rows: Rows) -> Result<(), String> {
    match rows {
        Rows::Coded(codec) => {
            let whole = array.chunk.first() == Some(&1)
                && array.shape.iter().zip(&array.chunk).skip(1).all(|(length, chunk)| length == chunk);
            match whole {
                true => Ok(()),
                false => Err(format!("its chunks of {:?} are no pictures of one {} each", array.chunk, codec.name())),
            }
        }
        Rows::Texts if array.row_elements() != 1 => Err(format!("its texts lie along {} axes", array.shape.len())),
        Rows::Numbers if array.row_elements() > LIST_MAX => {
            Err(format!("a row has {} numbers, and {LIST_MAX} are the most", array.row_elements()))
        }
        _ => Ok(()),
    }
}

/// Whether an array beside series of `total` rows is no series: a matrix of a camera, say.
fn is_fact(array: &ArrayMeta, total: u64) -> bool {
    let rows = array.rows();
    rows < total && (rows <= 4 || rows * 2 <= total) && array.shape.iter().product::<u64>() <= FACT_MAX
}

/// Whether an array is the times of its set.
fn is_clock(topic: &str, array: &ArrayMeta) -> bool {
    let name = leaf(topic).to_ascii_lowercase();
    let is_number = matches!(array.element.kind, Kind::Float | Kind::Int | Kind::UInt | Kind::Time(_));
    let named = matches!(name.as_str(), "timestamp" | "timestamps" | "time" | "times" | "t" | "time_stamp" | "stamp");
    named && is_number && array.row_elements() == 1 && !array.is_texts && array.element.size >= 4
}

/// Whether a name is that of a task's text.
fn is_task(name: &str) -> bool {
    matches!(
        words(name).join("_").as_str(),
        "task"
            | "tasks"
            | "language_instruction"
            | "instruction"
            | "language"
            | "task_description"
            | "task_name"
            | "prompt"
    )
}

/// A path without the group it lies in.
fn topic<'a>(path: &'a str, group: &str) -> &'a str {
    let rest = path.strip_prefix(group).unwrap_or(path).trim_start_matches('/');
    if rest.is_empty() { "array" } else { rest }
}

fn leaf(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, leaf)| leaf)
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A name so that `demo_2` comes before `demo_10`: what is before its last number, the number, and the name.
fn natural(name: &str) -> (String, u64, String) {
    let stem = name.trim_end_matches(|letter: char| letter.is_ascii_digit());
    // OK to index: the stem is a beginning of the name.
    match name[stem.len()..].parse() {
        Ok(number) => (stem.to_owned(), number, name.to_owned()),
        Err(_) => (name.to_owned(), 0, name.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbered_groups_are_in_the_order_of_their_numbers() {
        let mut names = ["demo_10", "demo_2", "demo_1"].map(natural);
        names.sort();
        assert_eq!(names.map(|(.., name)| name), ["demo_1", "demo_2", "demo_10"]);
        assert_eq!(natural("obs").0, "obs");
    }

    #[test]
    fn names_of_tasks() {
        assert!(is_task("task") && is_task("language_instruction") && is_task("languageInstruction"));
        assert!(!is_task("task_index"));
    }
}

//! A recording as its files arrange it: the plan, and what reading needs beside it.

use prairie_model::{Note, NoteKind, RecordingPlan, Source};

use super::column::Kind;
use super::container::{File, find_superblock};
use super::episode::{Builder, Channels, Clock, Episode, shared};
use super::facts::Facts;
use super::layouts::{Arranged, arrange};
use super::tree::Tree;
use crate::FormatError;

/// Files of one recording that are opened.
const FILES_MAX: usize = 100_000;

/// A recording.
pub(super) struct Recording {
    pub(super) plan: RecordingPlan,
    pub(super) episodes: Vec<Episode>,
    /// What the rows of each channel are made of.
    pub(super) kinds: Vec<Kind>,
}

/// The files of a recording that are HDF5.
pub(super) fn files(source: &dyn Source) -> Vec<usize> {
    let all = 0..source.files().len().min(FILES_MAX);
    all.filter(|file| find_superblock(source, *file).is_ok_and(|found| found.is_some())).collect()
}

impl Recording {
    /// Reads the headers of all objects.
    pub(super) fn load(source: &dyn Source, verify: bool) -> Result<Self, FormatError> {
        let mut channels = Channels::default();
        let mut notes = Vec::new();
        let mut whole = Arranged::default();
        let mut names = (0, 0);
        for index in files(source) {
            let (file, odd) = File::open(source, index, verify)?;
            notes.extend(odd);
            let tree = Tree::read(&file)?;
            notes.extend(tree.notes.iter().cloned());
            let datasets = tree.nodes.iter().filter(|node| node.dataset().is_some()).count();
            names = (names.0 + tree.nodes.len() - datasets, names.1 + datasets);
            let mut builder = Builder { file: &file, tree: &tree, channels: &mut channels };
            let arranged = arrange(&mut builder);
            whole.profile = arranged.profile;
            whole.episodes.extend(arranged.episodes);
            whole.facts.extend(arranged.facts);
        }
        if whole.episodes.is_empty() {
            let told: Vec<&str> = notes.iter().map(|note| note.text.as_str()).take(3).collect();
            let told = if told.is_empty() { String::new() } else { format!(": {}", told.join("; ")) };
            let (groups, datasets) = names;
            let text = format!("the file has {groups} groups and {datasets} datasets, none of them with rows{told}");
            return Err(FormatError::Unsupported(text));
        }
        notes.extend(assumed(&whole.episodes));
        Ok(Self::of(source, whole, channels, notes))
    }

    fn of(source: &dyn Source, whole: Arranged, channels: Channels, notes: Vec<Note>) -> Self {
        let Arranged { profile, mut episodes, facts } = whole;
        let Channels { mut all, kinds, .. } = channels;
        // A rate that all episodes share is that of the channels.
        let rates =
            || episodes.iter().map(|episode| if let Clock::Rate(rate) = episode.clock { Some(rate) } else { None });
        let shared_rate = rates().next().flatten().filter(|first| rates().all(|rate| rate == Some(*first)));
        for channel in &mut all {
            channel.rate_hz = shared_rate;
        }
        for episode in &mut episodes {
            without_common(&mut episode.source.attributes, &facts);
        }
        let claimed = all.iter().filter_map(|channel| channel.claimed_messages).fold(0_u64, u64::saturating_add);
        let plan = RecordingPlan {
            format: "hdf5".to_owned(),
            profile: Some(profile.to_owned()),
            writer: None,
            channels: shared(all),
            episodes: episodes.iter().map(|episode| episode.source.clone()).collect(),
            span: None,
            claimed_messages: Some(claimed),
            attributes: facts,
            notes,
        };
        debug_assert!(!source.files().is_empty());
        Self { plan, episodes, kinds }
    }
}

/// An episode that is the whole file says again what the file says.
fn without_common(attributes: &mut Facts, common: &Facts) {
    attributes.retain(|name, value| common.get(name) != Some(value));
}

/// The note that no rate is stated, once per recording.
fn assumed(episodes: &[Episode]) -> Option<Note> {
    let rates: Vec<f64> = episodes
        .iter()
        .filter_map(|episode| if let Clock::Assumed(rate) = episode.clock { Some(rate) } else { None })
        .collect();
    let rate = rates.first()?;
    let text = format!("the recording states no rate; rows are taken as 1/{rate} s apart");
    Some(Note::new(NoteKind::TimeInvalid, text).numbers(rates.len() as f64, Some(0.0)))
}

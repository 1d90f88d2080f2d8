//! A dataset as its metadata and its folder describe it: episodes, features, and which file holds what.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields};
use prairie_model::{
    Channel, Codec, MessageEncoding, Note, NoteKind, PictureInfo, RecordingPlan, Source, SourceEpisode, blob_field,
};

use super::episodes::{EpisodeMeta, Tasks, load_episodes, load_tasks};
use super::info::{Feature, FeatureKind, INDEX_COLUMNS, Info, Layout, fill};
use super::table::{Table, integers};
use super::video::{picture_of, video_path};
use crate::mp4::read_track;
use crate::{BlobReader, FormatError};

/// Files that are opened to learn something that one of them suffices for, before giving up.
const TRIES: usize = 8;

/// Episodes without metadata that are found by reading a column.
const MAX_FOUND: usize = 1 << 22;

/// A dataset, before any row is read.
pub(super) struct Dataset {
    pub(super) info: Info,
    /// Texts of tasks by their index.
    pub(super) tasks: Tasks,
    /// In the order of their index. The place in it is the ordinal of an episode.
    pub(super) episodes: Vec<EpisodeMeta>,
    /// Ordinal of an episode by its index.
    pub(super) ordinals: BTreeMap<u64, u32>,
    /// Features with the columns that no feature declares. The place in it is the id of a channel.
    pub(super) features: Vec<Feature>,
    /// Data files: one per episode by its index, or shared ones by their order.
    pub(super) data: BTreeMap<u64, usize>,
    pub(super) notes: Vec<Note>,
}

impl Dataset {
    /// Reads the metadata and looks at which files are there.
    pub(super) fn load(source: &dyn Source) -> Result<Self, FormatError> {
        let mut info = Info::load(source)?;
        let mut notes = std::mem::take(&mut info.notes);
        let tasks = load_tasks(source, info.layout, &mut notes)?;
        let mut described = load_episodes(source, info.layout, &mut notes)?;
        let data = match info.layout {
            Layout::FilePerEpisode => files_by_episode(source, &info, described.keys().copied()),
            Layout::Shared => (0..).zip(data_files(source)).collect(),
        };
        add_undescribed(source, &info, &data, &mut described, &mut notes);
        if described.values().any(|episode| episode.tasks.is_empty()) && !tasks.is_empty() {
            tasks_from_rows(source, &info, &data, &tasks, &mut described);
        }
        let episodes: Vec<EpisodeMeta> = described.into_values().collect();
        // OK to cast: more than 2^32 episodes do not fit in memory.
        let ordinals = (0_u32..).zip(&episodes).map(|(ordinal, episode)| (episode.index, ordinal)).collect();
        let mut dataset = Self { info, tasks, episodes, ordinals, features: Vec::new(), data, notes };
        dataset.find_features(source);
        dataset.compare_claims(source);
        Ok(dataset)
    }

    /// The file that holds the rows of an episode; `None` where it is missing.
    pub(super) fn data_of(&self, source: &dyn Source, episode: &EpisodeMeta) -> Option<usize> {
        match self.info.layout {
            Layout::FilePerEpisode => self.data.get(&episode.index).copied(),
            Layout::Shared => match episode.data {
                Some((chunk, file)) => {
                    source.find(&fill(&self.info.data_path, &[("chunk_index", chunk), ("file_index", file)], "")?)
                }
                None => self.data.values().next().copied(),
            },
        }
    }

    /// Features: the declared ones with the types that the data has, then columns that nothing declares.
    fn find_features(&mut self, source: &dyn Source) {
        self.features =
            self.info.features.iter().filter(|f| !INDEX_COLUMNS.contains(&f.name.as_str())).cloned().collect();
        let Some(table) = self.data.values().take(TRIES).find_map(|file| Table::open(source, *file).ok()) else {
            return;
        };
        for feature in self.features.iter_mut().filter(|feature| feature.kind != FeatureKind::Video) {
            let Some(column) = table.fields().iter().find(|field| *field.name() == feature.name) else {
                let text = format!("feature `{}` has no column in `{}`", feature.name, table.path());
                self.notes.push(Note::new(NoteKind::IndexWrong, text).stream(&feature.name).in_file(table.path()));
                continue;
            };
            match kind_of(column.data_type()) {
                Some(FeatureKind::Image) if feature.kind != FeatureKind::Image => feature.kind = FeatureKind::Image,
                Some(kind @ (FeatureKind::Numbers(_) | FeatureKind::Text)) => feature.kind = kind,
                _ => {}
            }
        }
        for column in table.fields() {
            let name = column.name();
            if INDEX_COLUMNS.contains(&name.as_str()) || self.features.iter().any(|feature| feature.name == *name) {
                continue;
            }
            let text = format!("no feature declares column `{name}`");
            self.notes.push(Note::new(NoteKind::IndexWrong, text).stream(name).in_file(table.path()));
            if let Some(kind) = kind_of(column.data_type()) {
                let metadata = BTreeMap::from([("undeclared".to_owned(), "true".to_owned())]);
                self.features.push(Feature {
                    name: name.clone(),
                    kind,
                    shape: Vec::new(),
                    names: Vec::new(),
                    metadata,
                });
            }
        }
    }

    /// Notes where the metadata promises more than the folder holds.
    fn compare_claims(&mut self, source: &dyn Source) {
        let missing: Vec<u64> = self
            .episodes
            .iter()
            .filter(|episode| self.data_of(source, episode).is_none())
            .map(|episode| episode.index)
            .collect();
        let described = self.episodes.len();
        if !missing.is_empty() {
            let text = format!(
                "{} of {described} episodes have no data file and are left out: {}",
                missing.len(),
                ranges(&missing)
            );
            let there = (described - missing.len()) as f64;
            self.notes.push(Note::new(NoteKind::FileMissing, text).numbers(there, Some(described as f64)));
        }
        if let Some(claimed) = self.info.total_episodes.filter(|claimed| *claimed != described as u64) {
            let text = format!("`total_episodes` is {claimed}, {described} episodes are described or there");
            let note = Note::new(NoteKind::CountMismatch, text).in_file(super::info::INFO);
            self.notes.push(note.numbers(described as f64, Some(claimed as f64)));
        }
    }

    /// The plan of the recording.
    pub(super) fn plan(&self, source: &dyn Source) -> RecordingPlan {
        let channels = (0_u32..).zip(&self.features).map(|(id, feature)| Arc::new(self.channel(source, id, feature)));
        let episodes = self.episodes.iter().map(|episode| SourceEpisode {
            key: format!("episode_{:06}", episode.index),
            task: (!episode.tasks.is_empty()).then(|| episode.tasks.join("; ")),
            claimed_length: episode.length,
            span: None,
            attributes: episode.attributes.clone(),
        });
        let mut attributes = self.info.attributes.clone();
        attributes.extend(card_licence(source).map(|licence| ("card.license".to_owned(), licence)));
        RecordingPlan {
            format: "lerobot".to_owned(),
            profile: Some(self.info.version.clone()),
            writer: None,
            channels: channels.collect(),
            episodes: episodes.collect(),
            span: None,
            claimed_messages: None,
            attributes,
            notes: self.notes.clone(),
        }
    }

    fn channel(&self, source: &dyn Source, id: u32, feature: &Feature) -> Channel {
        Channel {
            id,
            topic: feature.name.clone(),
            schema_name: "lerobot.feature".to_owned(),
            encoding: MessageEncoding::Table,
            fields: Some(fields_of(&feature.kind)),
            undecodable: None,
            picture: match feature.kind {
                FeatureKind::Video => Some(self.declared_picture(source, feature)),
                FeatureKind::Image => Some(self.image_picture(source, feature)),
                FeatureKind::Numbers(_) | FeatureKind::Text => None,
            },
            names: feature.names.clone(),
            shape: feature.shape.clone(),
            rate_hz: self.info.fps,
            metadata: feature.metadata.clone(),
            claimed_messages: None,
        }
    }

    /// The pictures of a video feature: as its first file says, else as `info.json` does.
    fn declared_picture(&self, source: &dyn Source, feature: &Feature) -> PictureInfo {
        let mut tried = BTreeSet::new();
        for episode in &self.episodes {
            let place = video_path(&self.info, episode, &feature.name).and_then(|path| source.find(&path));
            let Some(file) = place.filter(|file| tried.insert(*file)) else { continue };
            if let Ok(track) = read_track(source, file) {
                return picture_of(&track);
            }
            if tried.len() == TRIES {
                break;
            }
        }
        let text = |key: &str| feature.metadata.get(key).map(String::as_str);
        let number = |key: &str| text(key).and_then(|text| text.parse::<f64>().ok());
        // OK to cast: saturates, and the shape is only a claim.
        let pixels = |key: &str| number(key).filter(|n| *n >= 1.0).map(|n| n as u32);
        PictureInfo {
            codec: match text("video.codec").unwrap_or_default() {
                "h264" | "libx264" => Codec::H264,
                "hevc" | "h265" | "libx265" => Codec::H265,
                "av1" | "libsvtav1" => Codec::Av1,
                _ => Codec::Other,
            },
            width: pixels("video.width"),
            height: pixels("video.height"),
            config: Vec::new(),
            fps: number("video.fps").or(self.info.fps),
        }
    }

    /// The pictures of an image feature: as the first in the folder is called, else as the first inside a data file begins.
    fn image_picture(&self, source: &dyn Source, feature: &Feature) -> PictureInfo {
        let folder = format!("images/{}/", feature.name);
        let first = source.files().iter().find(|file| file.path.starts_with(&folder));
        let codec = match first {
            Some(file) => image_codec(&file.path),
            None => self.embedded_codec(source, feature),
        };
        let (height, width) = match feature.shape[..] {
            [1 | 3 | 4, height, width] => (u32::try_from(height).ok(), u32::try_from(width).ok()),
            [height, width, _] => (u32::try_from(height).ok(), u32::try_from(width).ok()),
            _ => (None, None),
        };
        PictureInfo { codec, width, height, config: Vec::new(), fps: None }
    }

    fn embedded_codec(&self, source: &dyn Source, feature: &Feature) -> Codec {
        let files: BTreeSet<usize> = self.data.values().copied().collect();
        let first = files.into_iter().take(TRIES).find_map(|file| {
            let places = Table::open(source, file).ok()?.embedded(0, &feature.name, 1)?;
            BlobReader::new(source).read(&places.into_iter().flatten().next()?).ok()
        });
        match first.as_deref() {
            Some([0x89, b'P', b'N', b'G', ..]) => Codec::Png,
            Some([0xff, 0xd8, 0xff, ..]) => Codec::Jpeg,
            _ => Codec::Other,
        }
    }
}

/// The codec of a picture file, by its name.
pub(super) fn image_codec(path: &str) -> Codec {
    match path.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).as_deref() {
        Some("png") => Codec::Png,
        Some("jpg" | "jpeg") => Codec::Jpeg,
        _ => Codec::Other,
    }
}

/// The columns of the messages of a feature.
pub(super) fn fields_of(kind: &FeatureKind) -> Fields {
    match kind {
        FeatureKind::Numbers(numbers) => {
            let item = Arc::new(Field::new_list_field(numbers.clone(), true));
            Fields::from(vec![Field::new("value", DataType::List(item), true)])
        }
        FeatureKind::Text => Fields::from(vec![Field::new("text", DataType::Utf8, true)]),
        FeatureKind::Video | FeatureKind::Image => Fields::from(vec![blob_field("data")]),
    }
}

/// What a column of this type holds; `None` for what no feature can be.
pub(super) fn kind_of(column: &DataType) -> Option<FeatureKind> {
    match column {
        DataType::List(item) | DataType::LargeList(item) => {
            kind_of(item.data_type()).filter(|kind| matches!(kind, FeatureKind::Numbers(_)))
        }
        DataType::Utf8 | DataType::LargeUtf8 => Some(FeatureKind::Text),
        DataType::Binary | DataType::LargeBinary | DataType::Struct(_) => Some(FeatureKind::Image),
        DataType::Boolean => Some(FeatureKind::Numbers(DataType::Boolean)),
        numbers if numbers.is_integer() || numbers.is_floating() => Some(FeatureKind::Numbers(numbers.clone())),
        _ => None,
    }
}

/// Data files in the order of their paths.
fn data_files(source: &dyn Source) -> impl Iterator<Item = usize> {
    let is_data = |path: &str| path.starts_with("data/") && path.ends_with(".parquet");
    source.files().iter().enumerate().filter(move |(_, file)| is_data(&file.path)).map(|(at, _)| at)
}

/// Data files of one episode each, by the path that the template gives, else by the number in their name.
fn files_by_episode(source: &dyn Source, info: &Info, described: impl Iterator<Item = u64>) -> BTreeMap<u64, usize> {
    let mut files = BTreeMap::new();
    for file in data_files(source) {
        let path = &source.files()[file].path;
        let name = path.rsplit('/').next().unwrap_or(path);
        let digits = name.strip_prefix("episode_").and_then(|name| name.strip_suffix(".parquet"));
        if let Some(index) = digits.and_then(|digits| digits.parse().ok()) {
            files.insert(index, file);
        }
    }
    for index in described {
        let numbers = [("episode_chunk", index / info.chunks_size), ("episode_index", index)];
        if let Some(file) = fill(&info.data_path, &numbers, "").and_then(|path| source.find(&path)) {
            files.insert(index, file);
        }
    }
    files
}

/// Adds the episodes that have rows and no metadata.
fn add_undescribed(
    source: &dyn Source,
    info: &Info,
    data: &BTreeMap<u64, usize>,
    described: &mut BTreeMap<u64, EpisodeMeta>,
    notes: &mut Vec<Note>,
) {
    let found: BTreeSet<u64> = match info.layout {
        Layout::FilePerEpisode => data.keys().copied().collect(),
        Layout::Shared => {
            let mut found = BTreeSet::new();
            for table in data.values().filter_map(|file| Table::open(source, *file).ok()) {
                let known = (0..table.groups()).all(|group| {
                    // One past the range is enough to ask for the rows themselves.
                    table.range(group, "episode_index").is_some_and(|(first, last)| {
                        let within = last.saturating_sub(first) < 1 << 20;
                        within && (first..=last).all(|i| u64::try_from(i).is_ok_and(|i| described.contains_key(&i)))
                    })
                });
                if known {
                    continue;
                }
                let whole = table.for_each(
                    |column| column == "episode_index",
                    |batch| {
                        let rows = integers(batch, "episode_index").into_iter().flatten().flatten();
                        for index in rows.filter_map(|index| u64::try_from(index).ok()) {
                            if found.len() < MAX_FOUND {
                                found.insert(index);
                            }
                        }
                    },
                );
                // Damage shows again when the rows are read, and is told then.
                drop(whole);
            }
            found
        }
    };
    let new: Vec<u64> = found.into_iter().filter(|index| !described.contains_key(index)).collect();
    if !new.is_empty() {
        let text = format!("{} episodes have rows and no metadata: {}", new.len(), ranges(&new));
        notes.push(Note::new(NoteKind::IndexWrong, text).numbers(new.len() as f64, Some(0.0)));
    }
    for index in new {
        described.insert(index, EpisodeMeta { index, ..EpisodeMeta::default() });
    }
}

/// Gives episodes whose metadata names no task the tasks that their rows name.
fn tasks_from_rows(
    source: &dyn Source,
    info: &Info,
    data: &BTreeMap<u64, usize>,
    tasks: &Tasks,
    described: &mut BTreeMap<u64, EpisodeMeta>,
) {
    let silent: BTreeSet<u64> = described.values().filter(|e| e.tasks.is_empty()).map(|e| e.index).collect();
    let mut seen: BTreeSet<(u64, i64)> = BTreeSet::new();
    for (key, file) in data {
        if info.layout == Layout::FilePerEpisode && !silent.contains(key) {
            continue;
        }
        let Ok(table) = Table::open(source, *file) else { continue };
        let whole = table.for_each(
            |column| column == "episode_index" || column == "task_index",
            |batch| {
                let Some(named) = integers(batch, "task_index") else { return };
                let rows = integers(batch, "episode_index").unwrap_or_else(|| vec![None; named.len()]);
                for (row, task) in rows.into_iter().zip(named) {
                    let episode = match info.layout {
                        Layout::FilePerEpisode => Some(*key),
                        Layout::Shared => row.and_then(|row| u64::try_from(row).ok()),
                    };
                    let known = episode.zip(task).filter(|(e, t)| silent.contains(e) && tasks.contains_key(t));
                    seen.extend(known);
                }
            },
        );
        // Damage shows again when the rows are read, and is told then.
        drop(whole);
    }
    for (index, task) in seen {
        if let (Some(episode), Some(task)) = (described.get_mut(&index), tasks.get(&task)) {
            episode.tasks.push(task.clone());
        }
    }
}

/// The licence in the front matter of the dataset's card.
fn card_licence(source: &dyn Source) -> Option<String> {
    let file = source.find("README.md")?;
    let size = source.files().get(file)?.size.min(64 << 10);
    let text = String::from_utf8_lossy(&source.read_exact(file, 0, size).ok()?).into_owned();
    let front = text.strip_prefix("---")?.split("\n---").next()?.to_owned();
    let licence = front.lines().find_map(|line| line.strip_prefix("license:"))?.trim().trim_matches(['"', '\'']);
    (!licence.is_empty()).then(|| licence.to_owned())
}

/// `0-2, 7, 60-99` and how many more.
pub(super) fn ranges(sorted: &[u64]) -> String {
    const SHOWN: usize = 20;
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for &index in sorted {
        match runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(index) => *last = index,
            _ => runs.push((index, index)),
        }
    }
    let mut text: Vec<String> = runs
        .iter()
        .take(SHOWN)
        .map(|(first, last)| if first == last { first.to_string() } else { format!("{first}-{last}") })
        .collect();
    if runs.len() > SHOWN {
        text.push(format!("and {} more runs", runs.len() - SHOWN));
    }
    text.join(", ")
}

#[cfg(test)]
mod tests {
    use super::ranges;

    #[test]
    fn runs_are_joined() {
        assert_eq!(ranges(&[0, 1, 2, 7, 60, 61]), "0-2, 7, 60-61");
        assert_eq!(ranges(&[]), "");
        assert!(ranges(&(0..100).map(|n| n * 2).collect::<Vec<_>>()).ends_with("and 80 more runs"));
    }
}

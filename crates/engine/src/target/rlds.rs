//! RLDS: a data set that TensorFlow Datasets opens, one record per episode.
//!
//! ```text
//!   cameras ─ decode ─┬─ JPEG or PNG ─▶ the same bytes ─┐
//!                     └─ anything else ─▶ PNG ──────────┴─▶ spool ─┐
//!   rows of numbers ─────────────────────────────────────▶ columns ┴─▶ NAME/VERSION.0.0/NAME-SPLIT.tfrecord-*
//! ```
//!
//! | feature | what it is |
//! |---|---|
//! | `steps/observation/NAME` | an observation; pictures of height × width × 3 |
//! | `steps/action`, `steps/reward`, `steps/discount`, `steps/done`, `steps/states` | as the streams have them |
//! | `steps/is_first`, `is_last`, `is_terminal` | the ends |
//! | `steps/language_instruction` | the task; empty where it is unknown |
//! | `steps/timestamp_ns` | the time of the row |
//! | `episode_metadata/NAME` | what is known about the episode; empty where nobody says |
//! | `episode_metadata/source` | what else the source said, as JSON |
//!
//! Every picture is decoded once, so that one that cannot be is told, and none is exported. PNG keeps every pixel of what was
//! decoded, at the price of size.
//!
//! **Invariant:** memory holds the numbers of one episode and one picture per camera; encoded pictures wait in files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::thread;

use prairie_formats::rlds::{Column, Folder, NewDataset, NewFeature, NewKind, RldsWriter, Values, dataset_name};
use prairie_formats::{BlobReader, FormatError};
use prairie_model::{Codec, Source};

use crate::Engine;
use crate::error::EngineError;
use crate::export::steps::{Asked, Filled, Place, Sizes, Steps, at_the_end, rewards, write_all};
use crate::export::{
    ExportJob, Feature, FeatureRows, FramePlan, LoadedCamera, NumberType, Pictures, Proof, ShownPicture, Spool,
    StoredEpisode, Unfit,
};
use crate::progress::Progress;
use crate::target::mcap::facts;
use crate::target::{Target, TargetPage};

/// Bytes of decompressed chunks that all cameras of an episode keep together.
const CHUNK_BYTES: usize = 128 << 20;

/// Writes RLDS data sets.
pub(crate) struct Rlds;

impl Target for Rlds {
    fn name(&self) -> &'static str {
        "rlds"
    }

    fn describe(&self) -> &'static str {
        "RLDS for TensorFlow Datasets: TFRecord files of episodes at one rate, JPEG and PNG copied, other pictures as PNG"
    }

    fn page(&self) -> &'static TargetPage {
        &TargetPage {
            carries: &[
                "records of episodes with their descriptions, as `tfds.builder_from_directory` opens them: `NAME/VERSION.0.0/`",
                "observations, actions, rewards, discounts, ends, the task as the instruction, and the time of every row",
                "JPEG and PNG of one for one and repeated frames bit by bit; other pictures as PNG of the decoded pixels",
                "the parts of the split; facts of the episode as `episode_metadata`, and what else its source said as JSON",
            ],
            limits: &[
                "an episode of more than 2 GiB has no record, since Protocol Buffers know none, and is left out and told",
                "texts that change, depth, sound, scans and point clouds are left out and told",
                "rewards that no stream and no outcome says are NaN; a task that is unknown is an empty instruction",
            ],
        }
    }

    fn write(
        &self,
        engine: &Engine,
        job: &ExportJob,
        dir: &Path,
        proof: &mut Proof,
        progress: &dyn Progress,
    ) -> Result<(), EngineError> {
        let new = NewDataset {
            name: dataset_name(&proof.dataset),
            version: format!("{}.0.0", proof.version),
            description: format!("Robot episodes of `{}`, exported by {}.", job.name, proof.code),
            licence: job.licence.clone(),
        };
        let root = dir.join(&new.name).join(&new.version);
        let folder = DataFolder::create(root)?;
        let mut output = Output {
            engine,
            dir,
            always: job.options.encode,
            facts: known_facts(&job.episodes),
            writer: RldsWriter::new(folder, new),
            features: Vec::new(),
            formats: BTreeMap::new(),
            sizes: Sizes::default(),
            filled: Filled::default(),
        };
        write_all(engine, job, proof, progress, &mut output)?;
        output.close(proof)
    }
}

fn failed(source: FormatError) -> EngineError {
    EngineError::Read { path: "the export".to_owned(), source }
}

/// The folder of a data set.
struct DataFolder {
    root: PathBuf,
}

impl DataFolder {
    #[expect(clippy::disallowed_methods, reason = "an export is a folder that the user named, outside the store")]
    fn create(root: PathBuf) -> Result<Self, EngineError> {
        let made = fs::create_dir_all(&root);
        made.map_err(|source| EngineError::File { action: "make", path: root.clone(), source })?;
        Ok(Self { root })
    }
}

impl Folder for DataFolder {
    type File = BufWriter<File>;

    #[expect(clippy::disallowed_methods, reason = "see DataFolder::create")]
    fn create(&mut self, name: &str) -> io::Result<BufWriter<File>> {
        Ok(BufWriter::with_capacity(1 << 20, File::create(self.root.join(name))?))
    }

    #[expect(clippy::disallowed_methods, reason = "see DataFolder::create")]
    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.root.join(from), self.root.join(to))
    }
}

/// The data set under construction.
struct Output<'e> {
    engine: &'e Engine,
    dir: &'e Path,
    /// Encode even what could be copied.
    always: bool,
    /// Names of facts that some episode of the job has.
    facts: BTreeSet<String>,
    writer: RldsWriter<DataFolder>,
    /// What a record holds, as the first one fixes it.
    features: Vec<NewFeature>,
    /// In which formats the pictures of each camera are.
    formats: BTreeMap<String, BTreeSet<&'static str>>,
    sizes: Sizes,
    filled: Filled,
}

/// The pictures of a camera, encoded.
struct Spooled {
    spool: Spool,
    plan: FramePlan,
    /// Rows whose picture was copied, and whose was encoded.
    copied: u64,
    encoded: u64,
    formats: BTreeSet<&'static str>,
    why: Option<String>,
    sizes: Sizes,
}

impl Steps for Output<'_> {
    const RESERVED: &'static [&'static str] = &[
        "action",
        "discount",
        "done",
        "is_first",
        "is_last",
        "is_terminal",
        "language_instruction",
        "observation",
        "reward",
        "states",
        "timestamp_ns",
    ];

    /// As Open X-Embodiment calls most of them: `image_wrist`.
    fn camera(name: &str) -> String {
        let is_said = ["image", "rgb"].iter().any(|word| name.contains(word));
        if is_said { name.to_owned() } else { format!("image_{name}") }
    }

    fn episode<'a>(&mut self, asked: &Asked<'a>) -> Result<Result<Vec<Pictures<'a>>, (String, Unfit)>, EngineError> {
        let source = self.engine.stored_source(asked.episode.recording)?;
        let mut cameras = match self.spool(asked, &source)? {
            Ok(cameras) => cameras,
            Err(unfit) => return Ok(Err(unfit)),
        };
        // As their keys are ordered in the record.
        cameras.sort_by(|one, other| one.0.cmp(&other.0));
        let mut columns = self.columns(asked);
        columns.extend(
            cameras.iter().map(|(key, _, spooled)| Column {
                key: key.clone(),
                values: Values::Pictures(spooled.spool.lengths()),
            }),
        );
        if self.features.is_empty() {
            self.features = self.described(asked, &columns);
        }
        let mut record = match self.writer.begin(&split_name(&asked.member.split), columns) {
            Ok(record) => record,
            Err(FormatError::Unsupported(why)) => {
                let why = format!("{why}: fewer `--streams`, or a lower `--fps`, make it shorter");
                return Ok(Err((String::new(), Unfit::Why(why))));
            }
            Err(error) => return Err(failed(error)),
        };
        let mut pictures = Vec::new();
        for (key, feature, spooled) in cameras {
            let mut bytes = 0;
            spooled.spool.read(&mut |picture, _, _| {
                bytes += picture.len() as u64;
                record.picture(&picture).map_err(failed)
            })?;
            let (how, codec) = match (spooled.copied, spooled.encoded) {
                (_, 0) => ("copied", spooled.formats.first().copied().unwrap_or("jpeg")),
                (0, _) => ("encoded", "png"),
                _ => ("mixed", "jpeg"),
            };
            self.formats.entry(key).or_default().extend(spooled.formats);
            self.sizes.extend(spooled.sizes);
            pictures.push(Pictures { feature, plan: spooled.plan, how, codec, why: spooled.why, bytes });
        }
        record.finish().map_err(failed)?;
        self.fill(asked);
        Ok(Ok(pictures))
    }
}

impl Output<'_> {
    /// Decodes and encodes the pictures of every camera, each on a thread of its own. Says which feature cannot be written.
    #[expect(clippy::type_complexity, reason = "the key, the feature, and what was made of it")]
    fn spool<'a>(
        &self,
        asked: &Asked<'a>,
        source: &dyn Source,
    ) -> Result<Result<Vec<(String, &'a Feature, Spooled)>, (String, Unfit)>, EngineError> {
        let laid = asked.laid;
        let room = CHUNK_BYTES / laid.cameras.len().max(1);
        let cameras = laid.cameras.iter().zip(&asked.places[laid.rows.len()..]).enumerate();
        thread::scope(|scope| {
            let threads: Vec<_> = cameras
                .map(|(at, ((feature, camera, plan), place))| {
                    let name = if let Place::Observation(name) = place { name.as_str() } else { "image" };
                    let path = self.dir.join(format!(".pictures.{at}.spool"));
                    let sizes = self.sizes.clone();
                    let work = move || {
                        let mut blobs = BlobReader::with_room(source, room);
                        spool_camera(name, camera, plan, &mut blobs, &path, (sizes, self.always))
                    };
                    (format!("steps/observation/{name}"), *feature, scope.spawn(work))
                })
                .collect();
            let ended = threads.into_iter().map(|(key, feature, thread)| {
                let panicked = |_panic| Err(EngineError::Bug("a camera's thread panicked".to_owned()));
                let spooled = thread.join().unwrap_or_else(panicked)?;
                Ok(spooled.map(|spooled| (key, feature, spooled)).map_err(|unfit| (feature.name.clone(), unfit)))
            });
            // All are waited for, whatever becomes of the first.
            ended.collect::<Vec<_>>().into_iter().collect()
        })
    }

    /// The columns of an episode but for its pictures.
    fn columns(&self, asked: &Asked<'_>) -> Vec<Column> {
        let Asked { episode, laid, places, .. } = asked;
        let rows = laid.grid.rows;
        let mut columns: Vec<Column> = Vec::new();
        let mut add = |key: String, values| columns.push(Column { key, values });
        for (numbers, place) in laid.rows.iter().zip(*places) {
            add(key_of(place), values(numbers));
        }
        let step = |name: &str| format!("steps/{name}");
        let is_done = terminal(asked);
        if asked.numbers(&Place::Reward).is_none() {
            // OK to cast: zero, one or NaN.
            let rewards = rewards(episode.episode.outcome, rows).into_iter().map(|reward| reward as f32);
            add(step("reward"), Values::Floats(rewards.collect()));
        }
        if asked.numbers(&Place::Discount).is_none() {
            let last = if is_done.last() == Some(&1) { 0.0 } else { 1.0 };
            let discounts = at_the_end(rows, 1.0, last).into_iter().map(|discount| discount as f32);
            add(step("discount"), Values::Floats(discounts.collect()));
        }
        // OK to cast: a row of one episode.
        add(step("is_first"), Values::Integers((0..rows as i64).map(|row| i64::from(row == 0)).collect()));
        add(step("is_last"), Values::Integers((1..=rows as i64).map(|row| i64::from(row == rows as i64)).collect()));
        add(step("is_terminal"), Values::Integers(is_done));
        let task = episode.episode.task.clone().unwrap_or_default();
        add(step("language_instruction"), Values::Texts(vec![task; rows]));
        add(step("timestamp_ns"), Values::Integers(laid.grid.times()));
        let known = facts_of(episode);
        for name in &self.facts {
            let text = known.get(name).cloned().unwrap_or_default();
            add(format!("episode_metadata/{name}"), Values::Texts(vec![text]));
        }
        columns
    }

    /// What a record of these columns holds. Pictures are described at the end.
    fn described(&self, asked: &Asked<'_>, columns: &[Column]) -> Vec<NewFeature> {
        let numbers: BTreeMap<String, &FeatureRows> = asked.places.iter().map(key_of).zip(&asked.laid.rows).collect();
        let is_mark = |name: &str| ["is_first", "is_last", "is_terminal"].contains(&name);
        let mut features = Vec::new();
        for Column { key, values } in columns {
            let name = key.rsplit('/').next().unwrap_or_default();
            let (kind, shape, description) = match (values, numbers.get(key)) {
                (Values::Pictures(_), _) => continue,
                (_, Some(rows)) => {
                    let kind = match rows.number {
                        NumberType::Float32 => NewKind::Float32,
                        NumberType::Int64 => NewKind::Int64,
                        NumberType::Bool => NewKind::Bool,
                    };
                    let is_one = asked.places.iter().any(|place| {
                        matches!(place, Place::Reward | Place::Done | Place::Discount) && key_of(place) == *key
                    });
                    let shape = if is_one { Vec::new() } else { vec![rows.width as u64] };
                    (kind, shape, format!("`{}`: {}", rows.feature, rows.names.join(", ")))
                }
                (Values::Floats(_), None) => (NewKind::Float32, Vec::new(), String::new()),
                (Values::Integers(_), None) if is_mark(name) => (NewKind::Bool, Vec::new(), String::new()),
                (Values::Integers(_), None) => (NewKind::Int64, Vec::new(), "Nanoseconds.".to_owned()),
                (Values::Texts(_), None) => (NewKind::Text, Vec::new(), "Empty where nobody says.".to_owned()),
            };
            features.push(NewFeature { key: key.clone(), kind, shape, description });
        }
        features
    }

    /// Counts what no stream of an episode says.
    fn fill(&mut self, asked: &Asked<'_>) {
        if asked.numbers(&Place::Action).is_none() {
            self.filled.add("`action`: left out, as no stream is a command");
        }
        if asked.numbers(&Place::Reward).is_none() {
            self.filled.add_rewards("reward", asked.episode.episode.outcome);
        }
        if asked.numbers(&Place::Done).is_none() {
            self.filled.add(match asked.episode.episode.outcome {
                prairie_model::Outcome::Unknown => "`is_terminal`: false, as nobody says how the episode ended",
                _ => "`is_terminal`: true in the last step, as it is known how the episode ended",
            });
        }
        if asked.numbers(&Place::Discount).is_none() {
            self.filled.add("`discount`: 1, and 0 in a terminal step");
        }
        if asked.episode.episode.task.is_none() {
            self.filled.add("`language_instruction`: empty, as the task is unknown");
        }
    }

    /// Writes the descriptions.
    fn close(self, proof: &mut Proof) -> Result<(), EngineError> {
        let mut features = self.features;
        for (key, formats) in self.formats {
            let name = key.rsplit('/').next().unwrap_or_default();
            let (width, height) = self.sizes.of(name).unwrap_or_default();
            features.push(NewFeature {
                kind: NewKind::Picture(formats.first().copied().filter(|_| formats.len() == 1)),
                shape: vec![u64::from(height), u64::from(width), 3],
                description: String::new(),
                key,
            });
        }
        self.writer.finish(&features).map_err(failed)?;
        self.filled.close(proof);
        Ok(())
    }
}

/// The key of a feature.
fn key_of(place: &Place) -> String {
    match place {
        Place::Action => "steps/action".to_owned(),
        Place::Reward => "steps/reward".to_owned(),
        Place::Done => "steps/done".to_owned(),
        Place::Discount => "steps/discount".to_owned(),
        Place::States => "steps/states".to_owned(),
        Place::Observation(name) => format!("steps/observation/{name}"),
        Place::Step(name) => format!("steps/{name}"),
    }
}

/// OK to cast: [`NumberType::stored`] let nothing else through.
fn values(numbers: &FeatureRows) -> Values {
    match numbers.number {
        NumberType::Float32 => Values::Floats(numbers.values.iter().map(|value| *value as f32).collect()),
        NumberType::Int64 | NumberType::Bool => {
            Values::Integers(numbers.values.iter().map(|value| *value as i64).collect())
        }
    }
}

/// Whether each step is a terminal one: as a stream says, else the last where it is known how the episode ended.
fn terminal(asked: &Asked<'_>) -> Vec<i64> {
    match asked.numbers(&Place::Done) {
        Some(done) => done.values.iter().map(|done| i64::from(*done > 0.0)).collect(),
        None => {
            let ended = asked.episode.episode.outcome != prairie_model::Outcome::Unknown;
            let last = if ended { 1.0 } else { 0.0 };
            // OK to cast: zero or one.
            at_the_end(asked.laid.grid.rows, 0.0, last).into_iter().map(|mark| mark as i64).collect()
        }
    }
}

/// What is known about an episode, by names that keys may have.
fn facts_of(episode: &StoredEpisode) -> BTreeMap<String, String> {
    let mut facts = BTreeMap::from([
        ("episode_id".to_owned(), episode.id.to_string()),
        ("recording_id".to_owned(), episode.recording.to_string()),
    ]);
    for (name, record) in facts::records(episode) {
        // What else the source says has other names in each episode, and records must be alike.
        match (name, serde_json::to_string(&record)) {
            ("source", Ok(text)) if !record.is_empty() => facts.extend([("source".to_owned(), text)]),
            ("source", _) => {}
            _ => facts.extend(record),
        }
    }
    facts
}

fn known_facts(episodes: &[StoredEpisode]) -> BTreeSet<String> {
    episodes.iter().flat_map(|episode| facts_of(episode).into_keys()).collect()
}

/// A part of the split, as TensorFlow Datasets may call it.
fn split_name(split: &str) -> String {
    split.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect()
}

/// Decodes the pictures of a camera, and keeps them as they were coded, where that is a file of its own, else as PNG.
fn spool_camera(
    name: &str,
    camera: &LoadedCamera,
    plan: &FramePlan,
    blobs: &mut BlobReader<'_>,
    path: &Path,
    (mut sizes, always): (Sizes, bool),
) -> Result<Result<Spooled, Unfit>, EngineError> {
    let mut spool = Spool::create(path)?;
    let (mut copied, mut encoded) = (0, 0);
    let mut formats = BTreeSet::new();
    let mut why = None;
    let shown = camera.pictures(plan, blobs, &mut |_, _, shown| {
        let picture = match sizes.fit(name, shown) {
            Ok(picture) => picture,
            Err(why) => return Ok(Err(why)),
        };
        if let Some(bytes) = copy(shown).filter(|_| !always) {
            copied += 1;
            formats.insert(shown.codec.name());
            return spool.push(bytes, true).map(Ok);
        }
        let png = match prairie_media::png::encode(&picture) {
            Ok(png) => png,
            Err(error) => return Ok(Err(error.to_string())),
        };
        encoded += 1;
        formats.insert(Codec::Png.name());
        why.get_or_insert_with(|| match always {
            true => "encoding was asked for: PNG of the decoded pixels, all of them kept".to_owned(),
            false => {
                format!("{} is no picture by itself: PNG of the decoded pixels, all of them kept", shown.codec.name())
            }
        });
        spool.push(&png, true).map(Ok)
    })?;
    Ok(shown.map(|plan| Spooled { spool, plan, copied, encoded, formats, why, sizes }))
}

/// The bytes of a picture that any program decodes to the same pixels.
fn copy(shown: &ShownPicture) -> Option<&[u8]> {
    shown.coded.as_deref().filter(|bytes| prairie_media::is_common(shown.codec, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cameras_and_splits_are_called_as_data_sets_of_robots_do() {
        for (name, camera) in [("image_0", "image_0"), ("wrist", "image_wrist"), ("front_rgb", "front_rgb")] {
            assert_eq!(Output::camera(name), camera);
        }
        assert_eq!(split_name("hold-out/1"), "hold_out_1");
    }
}

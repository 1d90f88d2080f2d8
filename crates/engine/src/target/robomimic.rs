//! robomimic: one HDF5 file, one group per episode.
//!
//! ```text
//!   data/              total, env_args (JSON), fps
//!     demo_0/          num_samples, task, outcome, robot, rights, …, and what else the source said, below `source/`
//!       obs/NAME       rows × numbers;  rows × height × width × 3 of pixels for cameras
//!       actions  rewards  dones  states  timestamps
//!   mask/              names of the episodes of each part of the split: train, valid
//! ```
//!
//! Pictures are decoded and stored as their pixels, one chunk each, deflated. `next_obs` is left out: its rows are those of `obs`,
//! one row later, and nobody knows the last one. robomimic asks for it only where an algorithm of reinforcement learning does.
//!
//! **Invariant:** memory holds the numbers of one episode and one picture.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use prairie_formats::hdf5::{DatasetWriter, Element, Hdf5Writer, NewDataset, Object, Value};
use prairie_formats::{BlobReader, FormatError};
use serde_json::{Map, Value as Json, json};

use crate::Engine;
use crate::error::EngineError;
use crate::export::steps::{Asked, Filled, Place, Sizes, Steps, at_the_end, rewards, write_all};
use crate::export::{
    ExportJob, FeatureRows, FramePlan, LoadedCamera, NumberType, Pictures, Proof, StoredEpisode, Unfit,
};
use crate::progress::Progress;
use crate::target::mcap::facts;
use crate::target::{Target, TargetPage};

/// The file.
const FILE: &str = "robomimic.hdf5";

/// Fewer bytes of numbers than this lie as they are.
const PLAIN_BYTES: usize = 16 << 10;

/// Bytes of numbers in a chunk.
const CHUNK_BYTES: u64 = 64 << 10;

/// The type of an environment that is no simulator: robomimic's own numbers end at 3.
const NO_SIMULATOR: i64 = 4;

/// Writes files for robomimic.
pub(crate) struct Robomimic;

impl Target for Robomimic {
    fn name(&self) -> &'static str {
        "robomimic"
    }

    fn describe(&self) -> &'static str {
        "robomimic: one HDF5 file, a group per episode at one rate, pictures decoded to pixels, masks of the split"
    }

    fn page(&self) -> &'static TargetPage {
        &TargetPage {
            carries: &[
                "one file, `robomimic.hdf5`: a group per episode with `obs`, `actions`, `rewards`, `dones`, `states` and `timestamps`",
                "pictures as their pixels, bit by bit what the decoder gives, one deflated chunk each",
                "names of numbers, facts of the episode and of its source as attributes; `env_args` of the source where it has them",
                "the parts of the split as `mask`; `val` is called `valid`, as robomimic does",
            ],
            limits: &[
                "`next_obs` is left out: it is `obs` again, one row later; only some algorithms of reinforcement learning ask for it",
                "texts that change, depth, sound, scans and point clouds are left out and told",
                "rewards that no stream and no outcome says are NaN; without an end in the source `dones` is 1 in the last row",
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
        if job.options.encode {
            let why = "pictures are decoded to pixels, and none is encoded";
            return Err(EngineError::invalid("encoding for the target `robomimic`", why));
        }
        let mut output = Output::create(engine, dir.join(FILE))?;
        write_all(engine, job, proof, progress, &mut output)?;
        output.close(job, proof)
    }
}

type Member = (String, Object);

/// The file under construction.
struct Output<'e> {
    engine: &'e Engine,
    path: PathBuf,
    writer: Hdf5Writer<BufWriter<File>>,
    /// The episodes, and how many rows all of them have.
    demos: Vec<Member>,
    total: usize,
    masks: BTreeMap<String, Vec<String>>,
    environments: Vec<Json>,
    sizes: Sizes,
    filled: Filled,
}

/// What was written of an episode.
struct Written<'a> {
    group: Object,
    pictures: Vec<Pictures<'a>>,
    sizes: Sizes,
}

impl Steps for Output<'_> {
    const RESERVED: &'static [&'static str] =
        &["actions", "discount", "dones", "next_obs", "obs", "rewards", "states", "timestamps"];

    /// As robomimic calls them: `agentview_image`.
    fn camera(name: &str) -> String {
        let is_said = ["image", "rgb"].iter().any(|word| name.contains(word));
        if is_said { name.to_owned() } else { format!("{name}_image") }
    }

    fn episode<'a>(&mut self, asked: &Asked<'a>) -> Result<Result<Vec<Pictures<'a>>, (String, Unfit)>, EngineError> {
        let mark = self.writer.mark();
        let written = match self.demo(asked)? {
            Ok(written) => written,
            Err(unfit) => {
                let path = self.path.clone();
                self.writer.back_to(mark).map_err(failed(&path))?;
                return Ok(Err(unfit));
            }
        };
        let name = format!("demo_{}", self.demos.len());
        self.masks.entry(mask(&asked.member.split)).or_default().push(name.clone());
        self.demos.push((name, written.group));
        self.total += asked.laid.grid.rows;
        self.sizes = written.sizes;
        self.environments.extend(environment(asked.episode));
        self.fill(asked);
        Ok(Ok(written.pictures))
    }
}

impl<'e> Output<'e> {
    #[expect(clippy::disallowed_methods, reason = "an export is a folder that the user named, outside the store")]
    fn create(engine: &'e Engine, path: PathBuf) -> Result<Self, EngineError> {
        let file = File::create(&path);
        let file = file.map_err(|source| EngineError::File { action: "write", path: path.clone(), source })?;
        let writer = Hdf5Writer::new(BufWriter::with_capacity(1 << 20, file)).map_err(failed(&path))?;
        Ok(Self {
            engine,
            path,
            writer,
            demos: Vec::new(),
            total: 0,
            masks: BTreeMap::new(),
            environments: Vec::new(),
            sizes: Sizes::default(),
            filled: Filled::default(),
        })
    }

    /// Writes the group of an episode.
    fn demo<'a>(&mut self, asked: &Asked<'a>) -> Result<Result<Written<'a>, (String, Unfit)>, EngineError> {
        let Asked { episode, laid, places, .. } = asked;
        let rows = laid.grid.rows;
        let (mut obs, mut members) = (Vec::new(), Vec::new());
        let (mut pictures, mut sizes) = (Vec::new(), self.sizes.clone());
        let source = self.engine.stored_source(episode.recording)?;
        let mut blobs = BlobReader::new(&source);
        // Pictures first: they may turn out not to be fit.
        for ((feature, camera, plan), place) in laid.cameras.iter().zip(&places[laid.rows.len()..]) {
            let Place::Observation(name) = place else { continue };
            let written = self.pixels(name, camera, plan, &mut blobs, &mut sizes)?;
            let (object, plan, bytes) = match written {
                Ok(written) => written,
                Err(unfit) => return Ok(Err((feature.name.clone(), unfit))),
            };
            obs.push((name.clone(), object));
            let pixels = Pictures { feature, plan, how: "decoded", codec: "rgb8", why: None, bytes };
            pictures.push(pixels);
        }
        for (numbers, place) in laid.rows.iter().zip(*places) {
            let shape = vec![numbers.width as u64];
            let (into, name, row) = match place {
                Place::Observation(name) => (&mut obs, name.as_str(), shape),
                Place::Step(name) => (&mut members, name.as_str(), shape),
                Place::Action => (&mut members, "actions", shape),
                Place::States => (&mut members, "states", shape),
                Place::Reward => (&mut members, "rewards", Vec::new()),
                Place::Done => (&mut members, "dones", Vec::new()),
                Place::Discount => (&mut members, "discount", Vec::new()),
            };
            into.push((name.to_owned(), self.features(numbers, rows, row)?));
        }
        if asked.numbers(&Place::Reward).is_none() {
            let values = rewards(episode.episode.outcome, rows);
            members.push(("rewards".to_owned(), self.column(NumberType::Float32, &values, Vec::new(), &[])?));
        }
        if asked.numbers(&Place::Done).is_none() {
            let values = at_the_end(rows, 0.0, 1.0);
            members.push(("dones".to_owned(), self.column(NumberType::Int64, &values, Vec::new(), &[])?));
        }
        let stamps: Vec<u8> = laid.grid.times().iter().flat_map(|time| time.to_le_bytes()).collect();
        let units = [("units".to_owned(), Value::Text("ns".to_owned()))];
        members.push(("timestamps".to_owned(), self.rows(Element::I64, rows, Vec::new(), &stamps, &units)?));
        let path = self.path.clone();
        let obs = self.writer.group(&obs, &[]).map_err(failed(&path))?;
        members.push(("obs".to_owned(), obs));
        let group = self.writer.group(&members, &attributes(asked)).map_err(failed(&path))?;
        Ok(Ok(Written { group, pictures, sizes }))
    }

    /// Writes the pictures of a camera, and says where, what the rows show, and how many bytes of pixels there are.
    fn pixels(
        &mut self,
        name: &str,
        camera: &LoadedCamera,
        plan: &FramePlan,
        blobs: &mut BlobReader<'_>,
        sizes: &mut Sizes,
    ) -> Result<Result<(Object, FramePlan, u64), Unfit>, EngineError> {
        let failed = failed(&self.path);
        let mut idle = Some(&mut self.writer);
        let mut dataset: Option<DatasetWriter<'_, _>> = None;
        let mut bytes = 0;
        let shown = camera.pictures(plan, blobs, &mut |_, _, shown| {
            let picture = match sizes.fit(name, shown) {
                Ok(picture) => picture,
                Err(why) => return Ok(Err(why)),
            };
            if let Some(writer) = idle.take() {
                let row = vec![u64::from(picture.height), u64::from(picture.width), 3];
                let new = NewDataset { element: Element::U8, rows: plan.picks.len() as u64, row, chunk_rows: Some(1) };
                dataset = Some(writer.dataset(new).map_err(&failed)?);
            }
            let Some(dataset) = &mut dataset else {
                return Err(EngineError::Bug("pictures without a place".to_owned()));
            };
            dataset.push(&picture.pixels).map_err(&failed)?;
            bytes += picture.pixels.len() as u64;
            Ok(Ok(()))
        })?;
        let plan = match shown {
            Ok(plan) => plan,
            Err(unfit) => return Ok(Err(unfit)),
        };
        let Some(dataset) = dataset else { return Ok(Err(Unfit::Why(format!("`{name}` has no picture")))) };
        Ok(Ok((dataset.finish(&[]).map_err(&failed)?, plan, bytes)))
    }

    /// Writes the numbers of a feature, with their names.
    fn features(&mut self, numbers: &FeatureRows, rows: usize, row: Vec<u64>) -> Result<Object, EngineError> {
        let names = [("names".to_owned(), Value::Texts(numbers.names.clone()))];
        if numbers.values.len() != rows * numbers.width {
            return Err(EngineError::Bug(format!("`{}` has not {rows} rows", numbers.feature)));
        }
        self.column(numbers.number, &numbers.values, row, &names)
    }

    fn column(
        &mut self,
        number: NumberType,
        values: &[f64],
        row: Vec<u64>,
        attributes: &[(String, Value)],
    ) -> Result<Object, EngineError> {
        let element = match number {
            NumberType::Bool => Element::U8,
            NumberType::Int64 => Element::I64,
            NumberType::Float32 => Element::F32,
        };
        let mut bytes = Vec::new();
        values.iter().for_each(|value| number.bytes(*value, &mut bytes));
        // OK to cast: a width, which fits into usize.
        let width = row.iter().product::<u64>().max(1) as usize;
        self.rows(element, values.len() / width, row, &bytes, attributes)
    }

    /// Writes a dataset of rows that are all there.
    fn rows(
        &mut self,
        element: Element,
        rows: usize,
        row: Vec<u64>,
        bytes: &[u8],
        attributes: &[(String, Value)],
    ) -> Result<Object, EngineError> {
        let failed = failed(&self.path);
        let rows = rows as u64;
        let row_bytes = (bytes.len() as u64 / rows.max(1)).max(1);
        let chunk_rows = (bytes.len() >= PLAIN_BYTES).then_some((CHUNK_BYTES / row_bytes).max(1));
        let mut dataset = self.writer.dataset(NewDataset { element, rows, row, chunk_rows }).map_err(&failed)?;
        dataset.push(bytes).map_err(&failed)?;
        dataset.finish(attributes).map_err(&failed)
    }

    /// Counts what no stream of an episode says.
    fn fill(&mut self, asked: &Asked<'_>) {
        if asked.numbers(&Place::Action).is_none() {
            self.filled.add("`actions`: left out, as no stream is a command");
        }
        if asked.numbers(&Place::Reward).is_none() {
            self.filled.add_rewards("rewards", asked.episode.episode.outcome);
        }
        if asked.numbers(&Place::Done).is_none() {
            self.filled.add("`dones`: no stream says when the task is done: 1 in the last row");
        }
    }

    /// Writes what leads to the episodes.
    fn close(mut self, job: &ExportJob, proof: &mut Proof) -> Result<(), EngineError> {
        self.filled.add_all("`next_obs`: left out: the rows of `obs`, one row later", self.demos.len() as u64);
        let masks = std::mem::take(&mut self.masks);
        let mut lists = Vec::new();
        for (name, demos) in masks {
            // OK to cast: `demo_` and a number.
            let length = demos.iter().map(String::len).max().unwrap_or(1) as u32;
            let mut bytes = Vec::new();
            for demo in &demos {
                let end = bytes.len() + length as usize;
                bytes.extend(demo.as_bytes());
                bytes.resize(end, 0);
            }
            lists.push((name, self.rows(Element::Text(length), demos.len(), Vec::new(), &bytes, &[])?));
        }
        let failed = failed(&self.path);
        let fps = proof.fps.unwrap_or_default();
        let about = [
            // OK to cast: rows of files that exist.
            ("total", Value::Integer(self.total as i64)),
            ("env_args", Value::Text(env_args(&self.environments, self.demos.len(), job, fps).to_string())),
            ("fps", Value::Float(fps)),
            ("dataset", Value::Text(job.name.clone())),
        ];
        let about = about.map(|(name, value)| (name.to_owned(), value));
        let data = self.writer.group(&self.demos, &about).map_err(&failed)?;
        let mask = self.writer.group(&lists, &[]).map_err(&failed)?;
        let root = [("data".to_owned(), data), ("mask".to_owned(), mask)];
        let (out, end) = self.writer.finish(&root, &[]).map_err(&failed)?;
        let wrong = |source| EngineError::File { action: "write", path: self.path.clone(), source };
        let file = out.into_inner().map_err(|error| wrong(error.into_error()))?;
        // What was taken back of an episode that is left out is no part of the file.
        file.set_len(end).map_err(wrong)?;
        self.filled.close(proof);
        Ok(())
    }
}

fn failed(path: &Path) -> impl Fn(FormatError) -> EngineError + use<> {
    let path = path.to_owned();
    move |source| match source {
        FormatError::Write { source, .. } => EngineError::File { action: "write", path: path.clone(), source },
        source => EngineError::Read { path: path.display().to_string(), source },
    }
}

/// The list of a part of the split: robomimic asks for `train` and `valid`.
fn mask(split: &str) -> String {
    match split {
        "val" | "validation" => "valid".to_owned(),
        split => split.replace(['/', '\0'], "_"),
    }
}

/// What a group says about its episode.
fn attributes(asked: &Asked<'_>) -> Vec<(String, Value)> {
    let Asked { episode, member, laid, .. } = asked;
    let mut texts = BTreeMap::from([
        ("episode_id".to_owned(), episode.id.to_string()),
        ("recording_id".to_owned(), episode.recording.to_string()),
        ("split".to_owned(), member.split.clone()),
    ]);
    for (record, facts) in facts::records(episode) {
        let below = if record == "source" { "source/" } else { "" };
        texts.extend(facts.into_iter().map(|(name, value)| (format!("{below}{name}"), value)));
    }
    // A text with a zero inside ends there for every reader.
    let texts = texts.into_iter().map(|(name, value)| (name.replace('\0', ""), Value::Text(value.replace('\0', " "))));
    // OK to cast: rows of one episode.
    let mut attributes = vec![("num_samples".to_owned(), Value::Integer(laid.grid.rows as i64))];
    attributes.extend(texts.filter(|(name, _)| !name.is_empty()));
    attributes
}

/// The environment that the source of an episode names.
fn environment(episode: &StoredEpisode) -> Option<Json> {
    let mut root = Map::new();
    for (name, value) in &episode.episode.attributes {
        let Some(path) = name.strip_prefix("env_args.") else { continue };
        let value = serde_json::from_str(value).unwrap_or_else(|_text| Json::from(value.as_str()));
        insert(&mut root, path, value);
    }
    let named = root.get("env_name").is_some_and(Json::is_string) && root.get("type").is_some_and(Json::is_i64);
    named.then_some(Json::Object(root))
}

/// Inserts a value at a path of names with dots.
fn insert(object: &mut Map<String, Json>, path: &str, value: Json) {
    match path.split_once('.') {
        None => {
            object.insert(path.to_owned(), value);
        }
        Some((first, rest)) => {
            let inner = object.entry(first).or_insert_with(|| json!({}));
            if let Json::Object(inner) = inner {
                insert(inner, rest, value);
            }
        }
    }
}

/// `env_args`: that of the source where all episodes agree, else the robot and the rate.
fn env_args(known: &[Json], demos: usize, job: &ExportJob, fps: f64) -> Json {
    if let Some(first) = known.first().filter(|first| known.len() == demos && known.iter().all(|one| one == *first)) {
        return first.clone();
    }
    let robots = || job.episodes.iter().map(|one| one.episode.robot_type.as_ref().or(one.episode.robot.as_ref()));
    let robot = robots().next().flatten().filter(|first| robots().all(|other| other == Some(*first)));
    json!({
        "env_name": robot.map_or("unknown", String::as_str),
        "type": NO_SIMULATOR,
        "env_kwargs": {"control_freq": fps},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_become_objects() {
        let mut root = Map::new();
        for (path, value) in
            [("env_name", json!("Lift")), ("env_kwargs.control_freq", json!(20)), ("env_name.x", json!(1))]
        {
            insert(&mut root, path, value);
        }
        assert_eq!(Json::Object(root), json!({"env_name": "Lift", "env_kwargs": {"control_freq": 20}}));
    }

    #[test]
    fn cameras_are_called_as_robomimic_calls_them() {
        for (name, camera) in [("agentview_image", "agentview_image"), ("wrist", "wrist_image"), ("rgb_0", "rgb_0")] {
            assert_eq!(Output::camera(name), camera);
        }
    }
}

//! `map`: which mapping a recording meets, what it makes of each channel, and a starting point for one's own.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::ControlFlow;
use std::path::Path;

use prairie_formats::Reader;
use prairie_formats::robot_model::{Joint, JointKind, RobotModel};
use prairie_model::{Channel, ReadEvent, ReadOptions, ReadSummary, RecordingPlan, Source, Stream};
use prairie_standardize::{Robot, RobotJoint, Segmentation, Standard, Standardizer, shipped};
use serde::Serialize;

use crate::error::EngineError;
use crate::options::InspectOptions;

/// Messages that are looked at: enough to meet every channel that is not rare, and read in seconds.
const MESSAGES_MAX: u64 = 50_000;

/// Names that a starting mapping asks for.
const NAMES_MAX: usize = 64;

/// A mapping that comes with Prairie.
#[derive(Debug, Clone, Serialize)]
pub struct ShippedLine {
    /// Its name, for `--mapping`.
    pub name: String,
    /// Whether recordings are recognised as its own; where not, it must be named.
    pub automatic: bool,
    /// What its rules were checked against.
    pub checked: String,
}

/// What a mapping makes of a recording.
#[derive(Debug, Clone, Serialize)]
pub struct MapReport {
    /// The recording.
    pub path: String,
    /// The reader.
    pub format: String,
    /// Version or layout.
    pub profile: Option<String>,
    /// The shipped mapping that is for it.
    pub shipped: Option<String>,
    /// Messages that were looked at, from the beginning.
    pub messages: u64,
    /// Whether these were all.
    pub whole: bool,
    /// Every channel of the recording.
    pub channels: Vec<MappedChannel>,
}

/// What becomes of one channel.
#[derive(Debug, Clone, Serialize)]
pub struct MappedChannel {
    /// Topic or feature.
    pub topic: String,
    /// Message type.
    pub schema: String,
    /// Messages seen.
    pub messages: u64,
    /// Streams that come of them; none where they are only counted.
    pub streams: Vec<MappedStream>,
    /// Why nothing comes of them, where nothing does.
    pub why: Option<String>,
}

/// One stream that comes of a channel.
#[derive(Debug, Clone, Serialize)]
pub struct MappedStream {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// Its unit, where the kind does not fix one; `None` is unknown.
    pub unit: Option<String>,
    /// Names of its elements.
    pub names: Vec<String>,
    /// Its frame.
    pub frame: Option<String>,
    /// Of actions: `absolute`, `delta` or `velocity`.
    pub representation: Option<String>,
}

/// The mappings that come with Prairie, by name.
pub fn shipped_mappings() -> Vec<ShippedLine> {
    let line = |shipped: &shipped::Shipped| ShippedLine {
        name: shipped.name.to_owned(),
        automatic: shipped.is_automatic(),
        checked: shipped.checked().to_owned(),
    };
    shipped::all().iter().map(line).collect()
}

/// The file of a mapping that comes with Prairie.
///
/// # Errors
///
/// When there is none of that name.
pub fn shipped_mapping(name: &str) -> Result<&'static str, EngineError> {
    let found = shipped::named(name).map(|shipped| shipped.text);
    found.ok_or_else(|| EngineError::NotFound { kind: "mapping", name: name.to_owned() })
}

/// The section `[robot]` of a mapping, from a robot's description in URDF or MJCF: the joints that move by themselves, in their
/// order, with their limits.
///
/// # Errors
///
/// When the text is neither, or describes no such joint.
pub fn robot_section(description: &str) -> Result<String, EngineError> {
    let model =
        RobotModel::parse(description).map_err(|error| EngineError::invalid("the robot's description", error))?;
    let moves = |joint: &&Joint| {
        joint.mimic.is_none()
            && matches!(joint.kind, JointKind::Revolute | JointKind::Continuous | JointKind::Prismatic)
    };
    let joints: Vec<RobotJoint> = model
        .joints
        .iter()
        .filter(moves)
        .map(|joint| RobotJoint {
            name: joint.name.clone(),
            lower: joint.lower,
            upper: joint.upper,
            velocity: joint.velocity,
            acceleration: None,
            effort: joint.effort,
        })
        .collect();
    if joints.is_empty() {
        return Err(EngineError::invalid("the robot's description", "no joint of it moves by itself"));
    }
    section(&Robot { model: model.name, joints })
}

fn section(robot: &Robot) -> Result<String, EngineError> {
    toml::to_string(&BTreeMap::from([("robot", robot)])).map_err(|error| EngineError::Bug(error.to_string()))
}

/// Says what `options` make of the recording at `path`, by its first messages.
///
/// # Errors
///
/// When it cannot be read.
pub fn map_check(path: &Path, options: &InspectOptions) -> Result<MapReport, EngineError> {
    let (name, source) = crate::find::only(path)?;
    let (reader, plan) = crate::inspect::plan(&name, &source, options.overrides.format.as_deref())?;
    let sample = sample(&name, reader, &source, &plan, options)?;
    let mut channels: Vec<MappedChannel> = Vec::new();
    for (channel, messages) in &sample.channels {
        let streams: Vec<_> = sample.streams.values().filter(|stream| is_of(stream, channel)).map(mapped).collect();
        let why = match (&channel.undecodable, sample.unmapped.get(&channel.topic)) {
            _ if !streams.is_empty() => None,
            (Some(why), _) => Some(why.clone()),
            (None, Some(why)) => Some(why.clone()),
            (None, None) if *messages == 0 => Some("no message of it was seen".to_owned()),
            (None, None) => Some("nothing in its messages is a sample".to_owned()),
        };
        let (topic, schema) = (channel.topic.clone(), channel.schema_name.clone());
        channels.push(MappedChannel { topic, schema, messages: *messages, streams, why });
    }
    channels.sort_by(|a, b| (&a.topic, &a.schema).cmp(&(&b.topic, &b.schema)));
    Ok(MapReport {
        path: name,
        shipped: shipped::of_plan(&plan).map(|shipped| shipped.name.to_owned()),
        format: plan.format,
        profile: plan.profile,
        messages: sample.channels.iter().map(|(_, messages)| messages).sum(),
        whole: sample.whole,
        channels,
    })
}

/// A mapping to begin with: what `options` make of each channel, for a person to correct.
///
/// # Errors
///
/// When the recording cannot be read.
pub fn map_init(path: &Path, options: &InspectOptions) -> Result<String, EngineError> {
    let report = map_check(path, options)?;
    let mut text = String::new();
    // Writing to a String cannot fail, here and below.
    writeln!(text, "# A mapping for recordings like `{}` ({}).", one_line(&report.path), report.format).ok();
    writeln!(text, "# Each `[[stream]]` says what is made of a channel now: correct it, or take it out.").ok();
    writeln!(text, "# Then look at `prairie map check PATH --mapping FILE`. All keys: docs/reference/mapping.md").ok();
    writeln!(text, "version = 1\n").ok();
    writeln!(text, "# [rights]\n# owner = \"\"\n# licence = \"\"").ok();
    for channel in &report.channels {
        writeln!(text, "\n# {}", one_line(&channel.schema)).ok();
        match channel.streams.first() {
            Some(stream) if channel.streams.len() == 1 => rule(&mut text, channel, stream),
            Some(_) => {
                let names: Vec<_> = channel.streams.iter().map(|stream| one_line(&stream.name)).collect();
                writeln!(text, "# `{}` gives {}", one_line(&channel.topic), names.join(", ")).ok();
            }
            None => {
                let why = channel.why.as_deref().unwrap_or("no sample comes of it");
                writeln!(text, "# {}", one_line(why)).ok();
                writeln!(text, "# [[stream]]\n# topic = {}\n# kind = \"\"", quoted(&channel.topic)).ok();
                writeln!(text, "# columns = {{ }}\n# ignore = true").ok();
            }
        }
    }
    if let Some(robot) = options.mapping.robot() {
        writeln!(text, "\n{}", section(robot)?).ok();
    }
    Ok(text)
}

fn rule(text: &mut String, channel: &MappedChannel, stream: &MappedStream) {
    writeln!(text, "[[stream]]\ntopic = {}\nkind = {}", quoted(&channel.topic), quoted(&stream.kind)).ok();
    if channel.topic != stream.name {
        writeln!(text, "name = {}", quoted(&stream.name)).ok();
    }
    match &stream.unit {
        Some(unit) => writeln!(text, "# unit = {}", quoted(unit)).ok(),
        None => writeln!(text, "# unit = \"\"          # unknown: rad, deg, m, mm, N, ...").ok(),
    };
    if stream.names.is_empty() {
        writeln!(text, "# names = []").ok();
    } else {
        let names: Vec<_> = stream.names.iter().take(NAMES_MAX).map(|name| quoted(name)).collect();
        writeln!(text, "# names = [{}]", names.join(", ")).ok();
    }
    if stream.kind == "action" {
        let known = stream.representation.as_deref().unwrap_or_default();
        writeln!(text, "# representation = {}  # absolute, delta or velocity", quoted(known)).ok();
    }
}

/// A TOML string.
fn quoted(text: &str) -> String {
    toml::Value::String(one_line(text)).to_string()
}

/// Names of sources may hold anything; a comment ends at its line.
fn one_line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// What the beginning of a recording came to.
struct Sample {
    channels: Vec<(Channel, u64)>,
    /// By name, of the first episode that has it.
    streams: BTreeMap<String, Stream>,
    /// Topics that nothing comes of, and why.
    unmapped: BTreeMap<String, String>,
    whole: bool,
}

fn sample(
    path: &str,
    reader: &dyn Reader,
    source: &dyn Source,
    plan: &RecordingPlan,
    options: &InspectOptions,
) -> Result<Sample, EngineError> {
    let standard = |source| EngineError::Standardize { path: path.to_owned(), source };
    let mut standardizer =
        Standardizer::new(plan, options.mapping.clone(), options.overrides.clone(), Segmentation::whole());
    let mut channels: BTreeMap<u32, (Channel, u64)> =
        plan.channels.iter().map(|channel| (channel.id, (Channel::clone(channel), 0))).collect();
    let (mut streams, mut unmapped, mut seen) = (BTreeMap::new(), BTreeMap::new(), 0);
    let mut failure = None;
    let mut take = |standard: Standard| {
        if let Standard::EpisodeEnd(draft) = standard {
            draft.notes.iter().filter(|note| note.kind == prairie_model::NoteKind::Unmapped).for_each(|note| {
                if let Some(topic) = &note.stream {
                    unmapped.entry(topic.clone()).or_insert_with(|| note.text.clone());
                }
            });
            for stream in draft.streams {
                streams.entry(stream.name.clone()).or_insert(stream);
            }
        }
    };
    let read = ReadOptions { inline: prairie_standardize::inline(), verify: false, ..ReadOptions::default() };
    let summary = reader.read(source, plan, &read, &mut |event| {
        match &event {
            ReadEvent::Channel(channel) => {
                channels.entry(channel.id).or_insert_with(|| (Channel::clone(channel), 0));
            }
            ReadEvent::Batch(batch) => {
                seen += batch.len() as u64;
                let entry = channels.entry(batch.channel.id).or_insert_with(|| (Channel::clone(&batch.channel), 0));
                entry.1 += batch.len() as u64;
            }
            _ => {}
        }
        if let Err(error) = standardizer.push(event, &mut take) {
            failure = Some(error);
            return ControlFlow::Break(());
        }
        if seen >= MESSAGES_MAX { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    if let Some(error) = failure {
        return Err(standard(error));
    }
    let summary: ReadSummary = summary.map_err(|source| EngineError::Read { path: path.to_owned(), source })?;
    standardizer.finish(&summary, &mut take).map_err(standard)?;
    Ok(Sample { channels: channels.into_values().collect(), streams, unmapped, whole: seen < MESSAGES_MAX })
}

fn is_of(stream: &Stream, channel: &Channel) -> bool {
    stream.source == channel.topic && stream.schema == channel.schema_name
}

fn mapped(stream: &Stream) -> MappedStream {
    MappedStream {
        name: stream.name.clone(),
        kind: stream.kind.map_or("unknown", prairie_model::StreamKind::name).to_owned(),
        unit: stream.unit.clone(),
        names: stream.names.clone(),
        frame: stream.frame.clone(),
        representation: stream.representation.clone(),
    }
}

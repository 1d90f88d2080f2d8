//! MCAP for ROS 2: one file per episode, every stream at its own rate, every sample one message.
//!
//! ```text
//!   streams ─ Form ─▶ Lane (log times in order) ─┐
//!                                                ├─ by log time ─▶ McapWriter ─▶ episode_000000.mcap
//!   blobs of the recording ──────────────────────┘
//! ```
//!
//! Log time is when a sample was recorded, or its canonical time; publish time is its canonical time; the stamp in a header is
//! the sample's own, or its canonical time. Pictures are copied. Nothing is resampled, so nothing is dropped and nothing is
//! repeated: the messages of a topic are the samples of its stream. What ROS 2's types cannot carry is told in the proof.
//!
//! **Invariant:** memory holds the numbers of one episode, and of its pictures one chunk and what `BlobReader` keeps.

pub(in crate::target) mod facts;
mod form;
mod lane;
mod video;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::fs::File;
use std::io::{self, BufWriter};
use std::path::Path;

use prairie_formats::encoding::{CdrWriter, ros2_types};
use prairie_formats::mcap::{ChannelId, McapWriter, SchemaId, WriterOptions};
use prairie_formats::{BlobReader, FormatError};
use prairie_model::{Hash256, Segment, SegmentLabel, Stream};
use sha2::Digest;

use crate::Engine;
use crate::error::EngineError;
use crate::export::{EpisodeProof, ExportJob, FeatureProof, Proof, StoredEpisode, VideoProof};
use crate::progress::Progress;
use crate::target::{Target, TargetPage};
use facts::{of_stream, records, topic};
use form::Form;
use lane::{Lane, Times, seconds};

/// Writes MCAP files.
pub(crate) struct Mcap;

/// The topic of labelled parts.
const SEGMENTS: &str = "/prairie/segments";

/// Messages between two looks at whether to stop.
const LOOK_EVERY: u64 = 4096;

impl Target for Mcap {
    fn name(&self) -> &'static str {
        "mcap"
    }

    fn describe(&self) -> &'static str {
        "MCAP with ROS 2 messages: one file per episode, every stream at its own rate, pictures copied"
    }

    fn page(&self) -> &'static TargetPage {
        &TargetPage {
            carries: &[
                "every sample of every stream at its own time; nothing is resampled",
                "ROS 2 messages with their definitions: joint states, wrenches, poses, twists, transforms, IMU, positions, texts",
                "pictures copied as they are; facts of the episode and labelled parts",
            ],
            limits: &["sound, scans and point clouds have no form yet, and are told in the proof"],
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
        nothing_to_resample(job)?;
        proof.causal = true;
        // What has no place among features at one rate may have one here.
        proof.left_out.clear();
        let mut ledger = Ledger::default();
        for (at, (episode, member)) in job.episodes.iter().zip(&job.members).enumerate() {
            progress.at("export", at as u64, job.episodes.len() as u64);
            let lanes = lanes(engine, job, episode, &mut ledger)?;
            if lanes.is_empty() {
                proof.left_out.push(format!("episode {}: none of its streams can be written", episode.id));
                continue;
            }
            let index = proof.episodes.len() as u64;
            let about: facts::Record = [
                ("episode_id", episode.id.to_string()),
                ("recording_id", episode.recording.to_string()),
                ("dataset", proof.dataset.clone()),
                ("version", proof.version.to_string()),
                ("split", member.split.clone()),
                ("code", proof.code.clone()),
            ]
            .map(|(key, value)| (key.to_owned(), value))
            .into();
            let path = dir.join(format!("episode_{index:06}.mcap"));
            let (lanes, written) = write_file(engine, episode, lanes, about, &path, &mut ledger, progress)?;
            let samples_in: u64 = lanes.iter().map(|(lane, _)| lane.batch.len() as u64).sum();
            if written != samples_in {
                return Err(EngineError::Bug(format!("{samples_in} samples became {written} messages")));
            }
            let times = || lanes.iter().flat_map(|(lane, _)| lane.batch.t_ns());
            let (first, last) = (times().min().copied().unwrap_or(0), times().max().copied().unwrap_or(0));
            proof.rows += written;
            proof.duration_s += last.abs_diff(first) as f64 / 1e9;
            proof.episodes.push(EpisodeProof {
                id: episode.id,
                recording: episode.recording,
                index,
                split: member.split.clone(),
                rows: written,
                start_ns: first.to_string(),
                samples_in,
            });
            for (lane, topic) in lanes {
                ledger.account(lane, topic);
            }
        }
        ledger.close(proof);
        if proof.episodes.is_empty() {
            let why = proof.left_out.last().map_or("the version is empty", String::as_str);
            return Err(EngineError::Refused(format!("no episode could be exported: {why}")));
        }
        Ok(())
    }
}

/// Refuses options that ask for a grid of rows, which this form does not have.
fn nothing_to_resample(job: &ExportJob) -> Result<(), EngineError> {
    let options = &job.options;
    let of_pictures = [("encoding", options.encode), ("another size of pictures", options.size.is_some())];
    let of_pictures = of_pictures.into_iter().find(|(_, asked)| *asked).map(|(what, _)| what);
    match options.asks_for_rows().or(of_pictures) {
        Some(what) => Err(EngineError::invalid(
            format!("{what} for the target `mcap`"),
            "every stream keeps its own rate, and every picture its bytes",
        )),
        None => Ok(()),
    }
}

/// The streams of an episode that can be written. What cannot is told.
fn lanes(
    engine: &Engine,
    job: &ExportJob,
    episode: &StoredEpisode,
    ledger: &mut Ledger,
) -> Result<Vec<Lane>, EngineError> {
    let wanted = &job.options.streams;
    let mut lanes = Vec::new();
    for stream in &episode.streams {
        if !wanted.is_empty() && !wanted.contains(&stream.name) {
            ledger.leave_out(stream, "not asked for");
            continue;
        }
        if stream.kind.is_none() {
            ledger.leave_out(stream, "its kind is unknown");
            continue;
        }
        let batch = engine.load_samples(episode.id, stream, job.snapshot)?;
        if batch.is_empty() {
            continue;
        }
        match Lane::new(batch) {
            Ok(lane) => lanes.push(lane),
            Err(why) => ledger.leave_out(stream, &why),
        }
    }
    Ok(lanes)
}

/// The file that is being written.
struct Output {
    writer: McapWriter<BufWriter<File>>,
    schemas: BTreeMap<&'static str, SchemaId>,
    channels: BTreeMap<(String, &'static str), ChannelId>,
    topics: BTreeSet<String>,
    sequences: BTreeMap<ChannelId, u32>,
}

fn failed(path: &Path) -> impl Fn(FormatError) -> EngineError {
    let path = path.to_owned();
    move |source| match source {
        FormatError::Write { source, .. } => EngineError::File { action: "write", path: path.clone(), source },
        source => EngineError::Read { path: path.display().to_string(), source },
    }
}

impl Output {
    #[expect(clippy::disallowed_methods, reason = "an export is a folder that the user named, outside the store")]
    fn create(path: &Path) -> Result<Self, EngineError> {
        let wrong = |source: io::Error| EngineError::File { action: "write", path: path.to_owned(), source };
        let file = BufWriter::with_capacity(1 << 20, File::create(path).map_err(wrong)?);
        let options = WriterOptions { profile: "ros2".to_owned(), ..WriterOptions::default() };
        let writer = McapWriter::new(file, options).map_err(failed(path))?;
        let topics = [SEGMENTS.to_owned()].into();
        let (schemas, channels, sequences) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Ok(Self { writer, schemas, channels, topics, sequences })
    }

    /// The topic of a lane. The edges of the tree of frames share theirs.
    fn topic(&mut self, lane: &Lane) -> String {
        let stream = &lane.batch.stream;
        match lane.form {
            Form::Tree(_) => {
                self.topics.insert(stream.source.clone());
                stream.source.clone()
            }
            _ => topic(&stream.name, &mut self.topics),
        }
    }

    fn channel(&mut self, topic: &str, schema: &'static str, about: facts::Record) -> Result<ChannelId, FormatError> {
        let key = (topic.to_owned(), schema);
        if let Some(known) = self.channels.get(&key) {
            return Ok(*known);
        }
        let id = match self.schemas.get(schema) {
            Some(id) => *id,
            None => {
                let text = ros2_types::definition(schema);
                let text = text.ok_or_else(|| FormatError::Unsupported(format!("no definition of `{schema}`")))?;
                let id = self.writer.add_schema(schema, "ros2msg", text.as_bytes())?;
                self.schemas.insert(schema, id);
                id
            }
        };
        let id = self.writer.add_channel(Some(id), topic, "cdr", about)?;
        self.channels.insert(key, id);
        Ok(id)
    }

    /// Writes a message, numbered within its channel.
    fn message(&mut self, channel: ChannelId, times: Times, message: &[u8]) -> Result<(), FormatError> {
        let sequence = self.sequences.entry(channel).or_default();
        self.writer.write(channel, *sequence, times.log_ns, times.t_ns, message)?;
        *sequence = sequence.wrapping_add(1);
        Ok(())
    }
}

/// What comes next: log time, then the order of the streams. The labelled parts come after all streams.
type Next = Reverse<(i64, usize, usize)>;

/// Writes one episode. Gives its lanes back with their topics, and how many samples became messages.
fn write_file(
    engine: &Engine,
    episode: &StoredEpisode,
    mut lanes: Vec<Lane>,
    about: facts::Record,
    path: &Path,
    ledger: &mut Ledger,
    progress: &dyn Progress,
) -> Result<(Vec<(Lane, String)>, u64), EngineError> {
    let failed = failed(path);
    let source = engine.stored_source(episode.recording)?;
    let mut blobs = BlobReader::new(&source);
    let mut out = Output::create(path)?;
    let (mut topics, mut channels) = (Vec::new(), Vec::new());
    // Topics that are taken from the source come first, so that no other stream gets theirs.
    for lane in lanes.iter().filter(|lane| matches!(lane.form, Form::Tree(_))) {
        out.topic(lane);
    }
    for lane in &lanes {
        let topic = out.topic(lane);
        channels.push(out.channel(&topic, lane.form.schema(), of_stream(&lane.batch.stream)).map_err(&failed)?);
        topics.push(topic);
    }
    let renamed = lanes.iter().zip(&topics).filter(|(lane, topic)| lane.batch.stream.name != **topic);
    let renamed = renamed.map(|(lane, topic)| (topic.clone(), lane.batch.stream.name.clone())).collect();
    let records = [("prairie", about), ("streams", renamed)].into_iter().chain(records(episode));
    for (name, record) in records.filter(|(_, record)| !record.is_empty()) {
        out.writer.metadata(name, record).map_err(&failed)?;
    }
    let segments: Vec<&Segment> = episode.segments.iter().filter(|segment| ledger.can_state(segment)).collect();
    let segment_channel = match segments.is_empty() {
        true => None,
        false => Some(out.channel(SEGMENTS, "prairie_msgs/msg/Segment", facts::Record::new()).map_err(&failed)?),
    };

    let mut next: BinaryHeap<Next> = BinaryHeap::new();
    next.extend(lanes.iter().enumerate().filter_map(|(at, lane)| Some(Reverse((lane.at(0)?.0, at, 0)))));
    next.extend(segments.iter().enumerate().map(|(at, segment)| Reverse((segment.span.start.0, lanes.len(), at))));
    let mut written = 0;
    while let Some(Reverse((_, stream, place))) = next.pop() {
        let Some(lane) = lanes.get_mut(stream) else {
            let (Some(channel), Some(segment)) = (segment_channel, segments.get(place)) else { continue };
            // OK to cast: `can_state` saw that no start is negative.
            let start = segment.span.start.0 as u64;
            let times = Times { log_ns: start, t_ns: start };
            out.message(channel, times, &segment_message(segment)).map_err(&failed)?;
            continue;
        };
        let Some((_, row)) = lane.at(place) else { continue };
        let message = lane.message(row, &mut blobs)?;
        out.message(channels[stream], lane.times(row), &message).map_err(&failed)?;
        lane.count(&message);
        written += 1;
        if let Some((log_ns, _)) = lane.at(place + 1) {
            next.push(Reverse((log_ns, stream, place + 1)));
        }
        if written % LOOK_EVERY == 0 && progress.cancelled() {
            return Err(EngineError::Cancelled);
        }
    }
    out.writer.finish().map_err(&failed)?;
    Ok((lanes.into_iter().zip(topics).collect(), written))
}

/// `prairie_msgs/Segment`.
fn segment_message(segment: &Segment) -> Vec<u8> {
    let mut out = CdrWriter::new();
    for time in [segment.span.start, segment.span.end] {
        // OK because `can_state` saw that they fit.
        let (sec, nanosec) = seconds(time.0).unwrap_or_default();
        out.time(sec, nanosec);
    }
    out.string(segment.label.name());
    out.string(&segment.name);
    out.string(segment.cause.as_deref().unwrap_or_default());
    out.bool(segment.recoverable == Some(true));
    out.string(segment.annotator.as_deref().unwrap_or_default());
    out.finish()
}

/// What becomes of everything, over all episodes.
#[derive(Default)]
struct Ledger {
    numbers: BTreeMap<String, FeatureProof>,
    hashes: BTreeMap<String, sha2::Sha256>,
    videos: BTreeMap<(String, String), VideoProof>,
    /// What was left out, with how much of it there is in how many episodes.
    left_out: BTreeMap<String, (u64, u64)>,
}

impl Ledger {
    fn leave_out(&mut self, stream: &Stream, why: &str) {
        self.tell(format!("stream `{}`: {why}: samples", stream.name), stream.samples);
    }

    fn tell(&mut self, what: String, count: u64) {
        let entry = self.left_out.entry(what).or_default();
        *entry = (entry.0 + count, entry.1 + 1);
    }

    /// Whether a labelled part fits its message type. What does not is told.
    fn can_state(&mut self, segment: &Segment) -> bool {
        // A Boolean in a message cannot say that it is unknown.
        let why = if segment.label == SegmentLabel::Exception && segment.recoverable.is_none() {
            "nobody says whether they are recoverable, and their message type must"
        } else if segment.span.start.0 < 0
            || [segment.span.start, segment.span.end].iter().any(|t| seconds(t.0).is_none())
        {
            "their times do not fit ROS 2's 32 bits"
        } else {
            return true;
        };
        self.tell(format!("segments labelled `{}`: {why}: segments", segment.label.name()), 1);
        false
    }

    /// Takes in what a lane came to.
    fn account(&mut self, lane: Lane, topic: String) {
        let name = lane.batch.stream.name.clone();
        let (samples, written) = (lane.batch.len() as u64, u64::from(lane.written));
        let lost = lane.stamps_lost();
        if lost > 0 {
            let why = format!("{} has no field for the samples' own stamps", lane.form.schema());
            self.tell(format!("stream `{name}`: {why}: stamps"), lost);
        }
        if lane.form.is_frames() {
            let codec = lane.batch.stream.picture.as_ref().map_or("other", |picture| picture.codec.name());
            let proof = self.videos.entry((topic.clone(), name.clone())).or_insert_with(|| VideoProof {
                feature: topic,
                stream: name,
                how: "copied".to_owned(),
                codec: codec.to_owned(),
                ..VideoProof::default()
            });
            proof.source_frames += samples;
            proof.exported += written;
            proof.bytes += lane.frame_bytes;
            proof.largest_shift_s = proof.largest_shift_s.max(lane.largest_shift_ns as f64 / 1e9);
            return;
        }
        // One hash after another, so that the proof covers every episode in order.
        self.hashes.entry(name.clone()).or_default().update(lane.hash.finalize());
        let proof = self.numbers.entry(name.clone()).or_insert_with(|| FeatureProof {
            feature: topic,
            streams: vec![name],
            stored_as: lane.form.schema().to_owned(),
            width: lane.form.width(),
            samples_in: 0,
            rows_out: 0,
            missing: 0,
            largest_distance_s: 0.0,
            hash: Hash256::from_bytes([0; 32]),
            largest_rounding: 0.0,
            min: Vec::new(),
            max: Vec::new(),
            mean: Vec::new(),
            converted: None,
        });
        proof.samples_in += samples;
        proof.rows_out += written;
        proof.missing += lane.missing;
    }

    fn close(self, proof: &mut Proof) {
        let mut hashes = self.hashes;
        for (name, mut feature) in self.numbers {
            if let Some(hash) = hashes.remove(&name) {
                feature.hash = Hash256::from_bytes(hash.finalize().into());
            }
            proof.features.push(feature);
        }
        proof.videos.extend(self.videos.into_values());
        proof.left_out.extend(
            self.left_out
                .into_iter()
                .map(|(what, (count, episodes))| format!("{what}: {count} in {episodes} episodes")),
        );
    }
}

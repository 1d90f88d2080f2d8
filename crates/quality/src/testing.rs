//! Small episodes from JSON, for tests: `conformance/README.md` says what the fields mean.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, ListArray, RecordBatch, StringArray, UInt32Array, UInt64Array,
    new_null_array,
};
use arrow::datatypes::{DataType, Float64Type, Schema};
use prairie_model::{
    Episode, EpisodeDraft, EpisodeTally, FrameError, Nanos, Note, NoteKind, Picture, PixelFormat, Segment,
    SegmentLabel, Stream, StreamBatch, StreamKind, TimeSpan,
};
use serde::Deserialize;
use serde_json::Value;

use crate::{Examination, Examined, Facts, History, JointLimits, Profile, SamenessDigest, TaskDurations};

/// The second at which episodes begin: 15 June 2025.
const BASE_NS: i64 = 1_750_000_000_000_000_000;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Spec {
    /// What it shows, for people.
    pub(crate) about: String,
    #[serde(default)]
    episode: serde_json::Map<String, Value>,
    #[serde(default)]
    streams: Vec<StreamSpec>,
    #[serde(default)]
    segments: Vec<SegmentSpec>,
    #[serde(default)]
    notes: Vec<NoteSpec>,
    #[serde(default)]
    recording_notes: Vec<NoteSpec>,
    #[serde(default)]
    tally: Option<EpisodeTally>,
    /// Whether the checks are given the pictures; true where a stream has some.
    #[serde(default)]
    video_checked: Option<bool>,
    #[serde(default)]
    history: Option<HistorySpec>,
    #[serde(default)]
    limits: Option<JointLimits>,
    #[serde(default)]
    repairs: Vec<String>,
    #[serde(default)]
    pub(crate) expect: Expect,
}

#[derive(Debug, Clone, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expect {
    /// State of the check.
    pub(crate) state: Option<String>,
    /// Worst severity of its findings.
    pub(crate) severity: Option<String>,
    /// Measured value of its first finding, to six digits.
    pub(crate) measured: Option<f64>,
    /// Decision on the episode.
    pub(crate) decision: Option<String>,
    /// Repairs that are proposed.
    pub(crate) repairs: Option<Vec<String>>,
    /// Other checks that find errors.
    #[serde(default)]
    pub(crate) also: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct HistorySpec {
    #[serde(default)]
    durations: BTreeMap<String, TaskDurations>,
    /// Hash of the content of this episode, and whether it was there before.
    #[serde(default)]
    same_content: Option<bool>,
    /// The streams of an earlier episode.
    #[serde(default)]
    earlier: Vec<StreamSpec>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct NoteSpec {
    kind: NoteKind,
    text: String,
    #[serde(default)]
    stream: Option<String>,
    #[serde(default)]
    episode: Option<u32>,
    #[serde(default)]
    file: Option<String>,
    #[serde(default)]
    offset: Option<u64>,
    #[serde(default)]
    measured: Option<f64>,
    #[serde(default)]
    limit: Option<f64>,
}

impl NoteSpec {
    fn note(&self) -> Note {
        Note {
            stream: self.stream.clone(),
            episode: self.episode,
            file: self.file.clone(),
            offset: self.offset,
            measured: self.measured,
            limit: self.limit,
            ..Note::new(self.kind, self.text.clone())
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct SegmentSpec {
    label: SegmentLabel,
    name: String,
    span_s: (f64, f64),
    #[serde(default)]
    recoverable: Option<bool>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct StreamSpec {
    name: String,
    kind: StreamKind,
    t: Times,
    #[serde(default)]
    columns: BTreeMap<String, Value>,
    #[serde(default)]
    pictures: Option<Pictures>,
    /// Further fields of the stream.
    #[serde(default)]
    stream: serde_json::Map<String, Value>,
    /// Samples that the episode counts, where it counts wrongly.
    #[serde(default)]
    claimed_samples: Option<u64>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Times {
    /// As they are.
    Exact(Vec<i64>),
    Even {
        #[serde(default)]
        start_s: f64,
        rate_hz: f64,
        n: usize,
        /// Samples that are left out: from, to (exclusive).
        #[serde(default)]
        skip: Vec<(usize, usize)>,
        /// Samples that are moved: which, by how many seconds.
        #[serde(default)]
        moved: Vec<(usize, f64)>,
        /// Even noise of this many seconds either way.
        #[serde(default)]
        jitter_s: f64,
        /// Whether times count from 1970.
        #[serde(default = "yes")]
        dated: bool,
    },
}

fn yes() -> bool {
    true
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pictures {
    #[serde(default = "width")]
    width: u32,
    #[serde(default = "height")]
    height: u32,
    /// How far the texture is shifted, in pixels over time.
    shift: Value,
    /// From, to, in seconds.
    #[serde(default)]
    frozen_s: Vec<(f64, f64)>,
    #[serde(default)]
    black_s: Vec<(f64, f64)>,
    #[serde(default)]
    blurred_s: Vec<(f64, f64)>,
    /// Pictures of twice the size.
    #[serde(default)]
    large_s: Vec<(f64, f64)>,
    /// Pictures that cannot be decoded.
    #[serde(default)]
    broken: Vec<usize>,
    /// Pictures that never come.
    #[serde(default)]
    lost: Vec<usize>,
    /// No picture can be decoded in this build.
    #[serde(default)]
    unsupported: bool,
}

fn width() -> u32 {
    32
}

fn height() -> u32 {
    24
}

/// Even noise in −1…1 from a seed and a place (splitmix64).
fn noise(seed: u64, place: u64) -> f64 {
    let mut z = seed.wrapping_mul(0x2545_f491_4f6c_dd1d).wrapping_add(place).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z ^ (z >> 31)) as f64 / u64::MAX as f64 * 2.0 - 1.0
}

/// The value of a generator at a sample: `None` is a missing value.
fn generate(spec: &Value, t: f64, at: usize) -> Option<f64> {
    let number = |value: &Value, key: &str, default: f64| value.get(key).and_then(Value::as_f64).unwrap_or(default);
    match spec {
        Value::Null => None,
        Value::Number(number) => number.as_f64(),
        Value::String(text) => Some(text.parse().expect("a number in a string")),
        Value::Array(values) => generate(values.get(at)?, t, at),
        Value::Object(map) => {
            let (name, one) = map.iter().next().expect("a generator has a name");
            assert_eq!(map.len(), 1, "one generator: {spec}");
            Some(match name.as_str() {
                "sine" => {
                    let angle = std::f64::consts::TAU * number(one, "hz", 1.0) * (t - number(one, "delay_s", 0.0));
                    number(one, "offset", 0.0) + number(one, "amp", 1.0) * libm::sin(angle)
                }
                "ramp" => {
                    let (start, end) = (number(one, "start_s", 0.0), number(one, "end_s", 1.0));
                    let (from, to) = (number(one, "from", 0.0), number(one, "to", 1.0));
                    from + (to - from) * ((t - start) / (end - start)).clamp(0.0, 1.0)
                }
                "noise" => number(one, "amp", 1.0) * noise(number(one, "seed", 1.0) as u64, at as u64),
                "steps" => {
                    let steps = one.as_array().expect("steps are a list of [second, value]");
                    let step = steps.iter().rfind(|step| step[0].as_f64().expect("a second") <= t);
                    generate(&step.unwrap_or(&steps[0])[1], t, at)?
                }
                "sum" => {
                    let terms = one.as_array().expect("a sum is a list");
                    terms.iter().map(|term| generate(term, t, at)).sum::<Option<f64>>()?
                }
                "clip" => generate(&one["of"], t, at)?
                    .clamp(number(one, "min", f64::NEG_INFINITY), number(one, "max", f64::INFINITY)),
                "round" => {
                    let step = number(one, "step", 1.0);
                    libm::round(generate(&one["of"], t, at)? / step) * step
                }
                "hold" => {
                    let (from, to) = (number(one, "from_s", 0.0), number(one, "to_s", 0.0));
                    let held = (from..to).contains(&t);
                    // Noise is held as well: at the first sample of the stretch.
                    generate(&one["of"], if held { from } else { t }, if held { 0 } else { at })?
                }
                // Where its vector is short the row ends before it; see `column`.
                "short" => generate(&one["of"], t, at)?,
                "at" => {
                    let exceptions = one["exceptions"].as_array().expect("a list of [sample, value]");
                    let hit = exceptions.iter().find(|pair| pair[0].as_u64() == Some(at as u64));
                    return generate(hit.map_or(&one["of"], |pair| &pair[1]), t, at);
                }
                other => panic!("there is no generator `{other}`"),
            })
        }
        Value::Bool(_) => panic!("not a generator: {spec}"),
    }
}

impl Times {
    fn t_ns(&self) -> Vec<i64> {
        match self {
            Self::Exact(times) => times.clone(),
            Self::Even { start_s, rate_hz, n, skip, moved, jitter_s, dated } => {
                let base = if *dated { BASE_NS } else { 0 };
                let kept = (0..*n).filter(|at| !skip.iter().any(|(from, to)| (*from..*to).contains(at)));
                kept.map(|at| {
                    let moved: f64 = moved.iter().filter(|(which, _)| *which == at).map(|(_, by)| by).sum();
                    let seconds = start_s + at as f64 / rate_hz + moved + jitter_s * noise(7, at as u64);
                    base + (seconds * 1e9).round() as i64
                })
                .collect()
            }
        }
    }

    fn seconds(&self, t_ns: i64) -> f64 {
        let base = match self {
            Self::Even { dated: false, .. } | Self::Exact(_) => 0,
            Self::Even { .. } => BASE_NS,
        };
        (i128::from(t_ns) - i128::from(base)) as f64 / 1e9
    }
}

impl StreamSpec {
    fn stream(&self) -> Stream {
        let mut value = serde_json::to_value(Stream { name: self.name.clone(), ..Stream::default() }).unwrap();
        let fields = value.as_object_mut().unwrap();
        for (key, field) in &self.stream {
            assert!(fields.contains_key(key), "a stream has no field `{key}`");
            fields.insert(key.clone(), field.clone());
        }
        fields.insert("kind".to_owned(), serde_json::to_value(self.kind).unwrap());
        serde_json::from_value(value).expect("the fields of a stream")
    }

    fn column(&self, name: &str, kind: &DataType, t_ns: &[i64]) -> ArrayRef {
        let spec = self.columns.get(name);
        let values = |spec: &Value| -> Vec<Option<f64>> {
            t_ns.iter().enumerate().map(|(at, t)| generate(spec, self.t.seconds(*t), at)).collect()
        };
        match (kind, spec) {
            (DataType::Int64, _) => Arc::new(Int64Array::from(t_ns.to_vec())),
            (_, None) if name == "codec" => Arc::new(StringArray::from(vec!["h264"; t_ns.len()])),
            (_, None) if name == "text" => Arc::new(StringArray::from(vec!["something"; t_ns.len()])),
            (_, None) if name == "compression" => Arc::new(StringArray::from(vec!["none"; t_ns.len()])),
            (DataType::UInt32, None) if name == "file" => Arc::new(UInt32Array::from(vec![0; t_ns.len()])),
            (DataType::UInt64, None) => Arc::new(UInt64Array::from(vec![0; t_ns.len()])),
            (kind, None) => new_null_array(kind, t_ns.len()),
            (DataType::List(_), Some(Value::Array(elements))) => {
                let columns: Vec<_> = elements.iter().map(values).collect();
                let rows = (0..t_ns.len()).map(|row| {
                    // An element that is "short" ends the row: a ragged vector.
                    let end = elements.iter().position(|element| is_short(element, row)).unwrap_or(columns.len());
                    Some(columns[..end].iter().map(|column| column[row]).collect::<Vec<_>>())
                });
                Arc::new(ListArray::from_iter_primitive::<Float64Type, _, _>(rows))
            }
            (DataType::Float64, Some(spec)) => Arc::new(Float64Array::from(values(spec))),
            (DataType::UInt32, Some(spec)) => {
                Arc::new(values(spec).into_iter().map(|v| v.map(|v| v as u32)).collect::<UInt32Array>())
            }
            (DataType::Boolean, Some(spec)) => {
                Arc::new(values(spec).into_iter().map(|v| v.map(|v| v > 0.5)).collect::<BooleanArray>())
            }
            (kind, Some(spec)) => panic!("column `{name}` of {kind} cannot be {spec}"),
        }
    }

    fn batches(&self, index: u32, stream: &Arc<Stream>, rows: usize) -> Vec<StreamBatch> {
        let t_ns = self.t.t_ns();
        let fields = self.kind.fields();
        for name in self.columns.keys() {
            assert!(fields.find(name).is_some(), "{} has no column `{name}`", self.kind.name());
        }
        let columns = fields.iter().map(|field| self.column(field.name(), field.data_type(), &t_ns)).collect();
        let samples = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).expect("columns of the kind");
        (0..samples.num_rows())
            .step_by(rows)
            .map(|from| StreamBatch {
                episode: 0,
                index,
                stream: Arc::clone(stream),
                samples: samples.slice(from, rows.min(samples.num_rows() - from)),
            })
            .collect()
    }
}

fn is_short(element: &Value, row: usize) -> bool {
    let rows = element.get("short").and_then(|short| short["rows"].as_array());
    rows.is_some_and(|rows| rows.iter().any(|other| other.as_u64() == Some(row as u64)))
}

impl Pictures {
    /// A texture of squares, shifted.
    fn picture(&self, t: f64, at: usize) -> Option<Result<Picture, FrameError>> {
        let within = |spans: &[(f64, f64)]| spans.iter().find(|(from, to)| (*from..*to).contains(&t)).copied();
        if self.lost.contains(&at) {
            return None;
        }
        if self.unsupported {
            return Some(Err(FrameError::Unsupported("h265".to_owned())));
        }
        if self.broken.contains(&at) {
            return Some(Err(FrameError::Damaged("no start code in the access unit".to_owned())));
        }
        let scale = if within(&self.large_s).is_some() { 2 } else { 1 };
        let (width, height) = (self.width * scale, self.height * scale);
        let (seen_t, seen_at) = within(&self.frozen_s).map_or((t, at), |(from, _)| (from, 0));
        let shift = generate(&self.shift, seen_t, seen_at).expect("a shift is never missing");
        let level = |x: u32, y: u32| -> u8 {
            if within(&self.black_s).is_some() {
                return 0;
            }
            if within(&self.blurred_s).is_some() {
                // Without an edge, but not frozen.
                return if at.is_multiple_of(2) { 120 } else { 124 };
            }
            // Waves rather than squares, so that the picture changes as far as it is shifted.
            let phase = std::f64::consts::TAU * (f64::from(x) + shift) / 16.0 + f64::from(y) / 4.0;
            (120.0 + 60.0 * libm::sin(phase)).round() as u8
        };
        let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| level(x, y)).collect();
        Some(Ok(Picture { width, height, format: PixelFormat::Mono8, pixels }))
    }
}

impl Spec {
    pub(crate) fn parse(text: &str) -> Self {
        serde_json::from_str(text).expect("an episode")
    }

    /// The whole examination, with batches of a few dozen rows, interleaved.
    pub(crate) fn examine(&self, profile: &Profile) -> Examined {
        let mut value =
            serde_json::to_value(Episode { dated: true, key: "0".to_owned(), ..Episode::default() }).unwrap();
        let fields = value.as_object_mut().unwrap();
        for (key, field) in &self.episode {
            assert!(fields.contains_key(key), "an episode has no field `{key}`");
            fields.insert(key.clone(), field.clone());
        }
        let mut episode: Episode = serde_json::from_value(value).expect("the fields of an episode");
        let mut examination = Examination::new(profile, episode.task.as_deref(), episode.robot.as_deref());
        let (streams, batches) = draft(&self.streams);
        for batch in &batches {
            examination.batch(batch);
        }
        self.show(&mut examination);
        let spans = streams.iter().filter_map(|stream| Some(TimeSpan::new(stream.start?, stream.end?)));
        episode.span = spans.reduce(TimeSpan::union);
        let samples = streams.iter().map(|stream| stream.samples).sum();
        let tally =
            self.tally.unwrap_or(EpisodeTally { messages: samples, mapped: samples, ..EpisodeTally::default() });
        let draft = EpisodeDraft {
            episode,
            streams: streams
                .into_iter()
                .zip(&self.streams)
                .map(|(stream, spec)| Stream { samples: spec.claimed_samples.unwrap_or(stream.samples), ..stream })
                .collect(),
            segments: self.segments.iter().map(SegmentSpec::segment).collect(),
            tally,
            notes: self.notes.iter().map(NoteSpec::note).collect(),
        };
        let recording_notes: Vec<_> = self.recording_notes.iter().map(NoteSpec::note).collect();
        let content = prairie_model::Hash256::of(b"the rows of the episode");
        let history = self.history.as_ref().map(|history| history.build(profile, content)).unwrap_or_default();
        let pictures = self.streams.iter().any(|stream| stream.pictures.is_some());
        examination.finish(&Facts {
            recording_notes: &recording_notes,
            video_checked: self.video_checked.unwrap_or(pictures),
            history: &history,
            limits: self.limits.as_ref(),
            content: Some(content),
            repairs: &self.repairs,
            ..Facts::new(&draft)
        })
    }

    fn show(&self, examination: &mut Examination) {
        if self.video_checked == Some(false) {
            return;
        }
        for stream in &self.streams {
            let Some(pictures) = &stream.pictures else { continue };
            for (at, t) in stream.t.t_ns().into_iter().enumerate() {
                if let Some(frame) = pictures.picture(stream.t.seconds(t), at) {
                    examination.frame(&stream.name, Nanos(t), &frame);
                }
            }
        }
    }
}

impl SegmentSpec {
    fn segment(&self) -> Segment {
        let at = |seconds: f64| Nanos(BASE_NS + (seconds * 1e9).round() as i64);
        Segment {
            label: self.label,
            name: self.name.clone(),
            span: TimeSpan::new(at(self.span_s.0), at(self.span_s.1)),
            cause: None,
            recoverable: self.recoverable,
            annotator: None,
        }
    }
}

impl HistorySpec {
    fn build(&self, profile: &Profile, content: prairie_model::Hash256) -> History {
        let mut history = History { known: true, durations: self.durations.clone(), ..History::default() };
        if self.same_content == Some(true) {
            history.contents.insert(content, "earlier".to_owned());
        }
        if !self.earlier.is_empty() {
            history.digests.push(("earlier".to_owned(), digest(&self.earlier, profile)));
        }
        history
    }
}

fn digest(streams: &[StreamSpec], profile: &Profile) -> SamenessDigest {
    let mut examination = Examination::new(profile, None, None);
    for batch in &draft(streams).1 {
        examination.batch(batch);
    }
    examination.finish(&Facts::new(&EpisodeDraft::default())).digest
}

/// The findings of one check, under the default profile, on an episode of these streams.
pub(crate) fn findings(code: &str, streams: &str) -> Vec<prairie_model::Finding> {
    let spec = Spec::parse(&format!(r#"{{"about": "a test of {code}", "streams": [{streams}]}}"#));
    let examined = spec.examine(&Profile::default());
    examined.findings.into_iter().filter(|finding| finding.code == code).collect()
}

/// The streams with their counts, and their batches, interleaved.
fn draft(specs: &[StreamSpec]) -> (Vec<Stream>, Vec<StreamBatch>) {
    let (mut streams, mut batches) = (Vec::new(), Vec::new());
    for (index, spec) in specs.iter().enumerate() {
        let mut stream = spec.stream();
        let shared = Arc::new(stream.clone());
        // Batches of unlike sizes, so that no check can depend on them.
        let of_stream = spec.batches(index as u32, &shared, 40 + 7 * index);
        batches.extend(of_stream.into_iter().enumerate().map(|(round, batch)| (round, index, batch)));
        stream.observe(&spec.t.t_ns());
        streams.push(stream);
    }
    batches.sort_by_key(|(round, index, _)| (*round, *index));
    (streams, batches.into_iter().map(|(_, _, batch)| batch).collect())
}

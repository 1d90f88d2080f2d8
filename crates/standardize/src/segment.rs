//! Where episodes begin and end.
//!
//! 1. The container's own episodes (LeRobot) count first; nothing here touches them.
//! 2. Start and end markers: `prairie_msgs/EpisodeMarker`, or the topic that the mapping names.
//! 3. Otherwise the recording is one episode.
//!
//! An episode holds the messages whose *log time* lies from that of its start marker to that of its end marker, both included:
//! log time is the one clock that all channels share. Labelled parts ([`Segment`]s) are given on the axis of `t_ns`.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, StringArray};
use prairie_model::{
    Channel, MessageBatch, Nanos, Note, NoteKind, Payload, RecordingPlan, Segment, SegmentLabel, TimeSpan,
};

use crate::Mapping;
use crate::lens::{Input, canonical};
use crate::mapping::Markers;

const EPISODE_MARKER: &str = "prairie_msgs/EpisodeMarker";
const SEGMENT: &str = "prairie_msgs/Segment";

/// Markers of one recording beyond which no more episodes are opened; the rest belongs to none, and is told.
const MAX_EPISODES: usize = 1_000_000;

/// Where the episodes of a recording lie, unless its container delimits them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Segmentation {
    /// In the order of time, without overlap; empty when the recording is one episode.
    pub(crate) windows: Vec<Window>,
    /// Labelled parts, of whichever episode they lie in.
    pub(crate) segments: Vec<Segment>,
}

/// One marked episode.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Window {
    /// First log time.
    pub(crate) start: i64,
    /// Last log time.
    pub(crate) end: i64,
    /// Facts by name: `task`, `outcome`, ...
    pub(crate) facts: BTreeMap<&'static str, String>,
}

/// Facts that a marker may state.
const FACTS: [&str; 6] = ["mode", "operator", "outcome", "robot", "station", "task"];

impl Segmentation {
    /// The recording is one episode.
    pub fn whole() -> Self {
        Self::default()
    }

    /// Episodes between the start and end markers among `batches`, which are those of [`marker_channels`]. Marks without
    /// partner, and whatever else is odd about them, come back as notes. Without any marker the recording is one episode.
    pub fn from_markers(batches: &[MessageBatch], mapping: &Mapping) -> (Self, Vec<Note>) {
        let (mut marks, mut segments, mut notes) = (Vec::new(), Vec::new(), Vec::new());
        for batch in batches {
            let Payload::Decoded(rows) = &batch.payload else { continue };
            let schema = canonical(&batch.channel.schema_name);
            let input = Input { channel: &batch.channel, schema: &schema, rows, header_path: None };
            if schema == SEGMENT {
                read_segments(&input, &mut segments, &mut notes);
            } else if let Some(paths) = paths_of(&batch.channel, &schema, mapping) {
                read_marks(&input, &batch.log_time, &paths, &mut marks);
            }
        }
        marks.sort_by_key(|mark| mark.log_time);
        segments.sort_by(|one, other| (one.span, &one.name).cmp(&(other.span, &other.name)));
        (Self { windows: pair(marks, &mut notes), segments }, notes)
    }

    /// The task of each marked episode, where its marker states one: known before its first row.
    pub fn tasks(&self) -> Vec<Option<String>> {
        self.windows.iter().map(|window| window.facts.get("task").cloned()).collect()
    }

    /// The windows that share a time with `span`.
    pub(crate) fn windows_at(&self, span: TimeSpan) -> impl Iterator<Item = usize> + '_ {
        // Windows are in the order of time and do not overlap, so that their ends are in that order too.
        let first = self.windows.partition_point(|window| window.end < span.start.0);
        let end = self.windows.partition_point(|window| window.start <= span.end.0);
        first..end
    }

    /// The window that holds a log time.
    pub(crate) fn window_at(&self, log_time: i64) -> Option<usize> {
        let after = self.windows.partition_point(|window| window.start <= log_time);
        let at = after.checked_sub(1)?;
        (log_time <= self.windows[at].end).then_some(at)
    }
}

/// The channels whose messages delimit episodes or label parts of them. The caller reads them before all others and hands
/// them to [`Segmentation::from_markers`]; they come again in the stream. None where the container delimits episodes.
pub fn marker_channels(plan: &RecordingPlan, mapping: &Mapping) -> BTreeSet<u32> {
    if !plan.episodes.is_empty() {
        return BTreeSet::new();
    }
    let marks = |channel: &&std::sync::Arc<Channel>| is_marker(channel, mapping);
    plan.channels.iter().filter(marks).map(|channel| channel.id).collect()
}

/// Whether the messages of a channel are marks.
pub(crate) fn is_marker(channel: &Channel, mapping: &Mapping) -> bool {
    let schema = canonical(&channel.schema_name);
    channel.fields.is_some() && (schema == SEGMENT || paths_of(channel, &schema, mapping).is_some())
}

/// Whether the messages of a channel label parts of episodes.
pub(crate) fn is_segment(channel: &Channel) -> bool {
    channel.fields.is_some() && canonical(&channel.schema_name) == SEGMENT
}

/// Where a channel's marks keep what they say; `None` when it has no marks.
fn paths_of(channel: &Channel, schema: &str, mapping: &Mapping) -> Option<Paths> {
    let own = |name: &'static str| (name, name.to_owned());
    match &mapping.markers {
        Some(markers) if markers.fits(&channel.topic) => Some(Paths {
            event: markers.event.clone().unwrap_or_else(|| "data".to_owned()),
            start: markers.start.clone().unwrap_or_else(|| "start".to_owned()),
            end: markers.end.clone().unwrap_or_else(|| "end".to_owned()),
            facts: markers.facts(),
        }),
        _ if schema == EPISODE_MARKER => Some(Paths {
            event: "event".to_owned(),
            start: "start".to_owned(),
            end: "end".to_owned(),
            facts: FACTS.into_iter().map(own).collect(),
        }),
        _ => None,
    }
}

/// Where marks keep what they say.
#[derive(Debug)]
struct Paths {
    event: String,
    start: String,
    end: String,
    facts: Vec<(&'static str, String)>,
}

impl Markers {
    fn facts(&self) -> Vec<(&'static str, String)> {
        let paths = [&self.mode, &self.operator, &self.outcome, &self.robot, &self.station, &self.task];
        FACTS.into_iter().zip(paths).filter_map(|(fact, path)| Some((fact, path.clone()?))).collect()
    }
}

/// One marker message.
#[derive(Debug)]
struct Mark {
    log_time: i64,
    is_start: bool,
    facts: BTreeMap<&'static str, String>,
}

fn read_marks(input: &Input<'_>, log_times: &[i64], paths: &Paths, marks: &mut Vec<Mark>) {
    let Some(events) = input.texts(&paths.event) else { return };
    let facts: Vec<(&'static str, StringArray)> =
        paths.facts.iter().filter_map(|(fact, path)| Some((*fact, input.texts(path)?))).collect();
    for (row, (event, log_time)) in events.iter().zip(log_times).enumerate() {
        let event = event.unwrap_or_default().trim().to_lowercase();
        // The longer word wins, in case one begins with the other (`run`, `run_end`).
        let fits = |word: &String| event.starts_with(&word.to_lowercase()).then_some(word.len());
        let is_start = match (fits(&paths.start), fits(&paths.end)) {
            (None, None) => continue,
            (start, end) => start > end,
        };
        let stated = facts.iter().filter(|(_, texts)| texts.is_valid(row) && !texts.value(row).is_empty());
        let facts = stated.map(|(fact, texts)| (*fact, texts.value(row).to_owned())).collect();
        marks.push(Mark { log_time: *log_time, is_start, facts });
    }
}

/// Episodes from each start to the next end.
fn pair(marks: Vec<Mark>, notes: &mut Vec<Note>) -> Vec<Window> {
    let mut windows: Vec<Window> = Vec::new();
    let mut open: Option<Window> = None;
    let odd = |text: &str, at: i64| Note::new(NoteKind::MarkerUnpaired, text).span(TimeSpan::new(Nanos(at), Nanos(at)));
    for mark in marks {
        if mark.is_start {
            if let Some(mut before) = open.take() {
                notes.push(odd("an episode starts before the one before it has ended", mark.log_time));
                before.end = mark.log_time.saturating_sub(1);
                windows.push(before);
            }
            if windows.len() >= MAX_EPISODES {
                notes.push(odd("there are too many episodes; from here on messages belong to none", mark.log_time));
                return windows;
            }
            // Two episodes may not share an instant.
            let start = windows.last().map_or(mark.log_time, |last| mark.log_time.max(last.end.saturating_add(1)));
            open = Some(Window { start, end: i64::MAX, facts: mark.facts });
        } else if let Some(mut window) = open.take() {
            window.end = mark.log_time.max(window.start);
            // What is known at the end (the outcome) wins over what was expected at the start.
            window.facts.extend(mark.facts);
            windows.push(window);
        } else {
            notes.push(odd("an episode ends that has not started", mark.log_time));
        }
    }
    if let Some(window) = open {
        notes.push(odd("the last episode has no end; it lasts to the end of the recording", window.start));
        windows.push(window);
    }
    windows
}

fn read_segments(input: &Input<'_>, segments: &mut Vec<Segment>, notes: &mut Vec<Note>) {
    let (Some(starts), Some(ends)) = (input.nanos("start"), input.nanos("end")) else { return };
    let texts = |name: &str| input.texts(name);
    let (labels, names, causes, annotators) = (texts("label"), texts("name"), texts("cause"), texts("annotator"));
    let recoverable = input.numbers("recoverable");
    let text = |texts: &Option<StringArray>, row: usize| {
        let texts = texts.as_ref().filter(|texts| texts.is_valid(row) && !texts.value(row).is_empty())?;
        Some(texts.value(row).to_owned())
    };
    for (row, (start, end)) in starts.iter().zip(ends.iter()).enumerate() {
        let stated = text(&labels, row);
        let label = stated.as_deref().and_then(|label| SegmentLabel::from_name(&label.to_lowercase()));
        if label.is_none() {
            let stated = stated.unwrap_or_default();
            let stated: String = stated.chars().take(80).collect();
            let note = Note::new(
                NoteKind::ValueUnknown,
                format!("the label `{stated}` of a segment is not one that is known"),
            );
            notes.push(note.stream(&input.channel.topic));
        }
        let (Some(start), Some(end)) = (start, end) else {
            notes.push(
                Note::new(NoteKind::TimeInvalid, "a segment lacks its start or its end").stream(&input.channel.topic),
            );
            continue;
        };
        let label = label.unwrap_or_default();
        // Only an exception has a cause and can be recoverable or not, and a Boolean in a message cannot say that it is unknown.
        let is_exception = label == SegmentLabel::Exception;
        let recoverable = recoverable.as_ref().filter(|flag| is_exception && flag.is_valid(row));
        segments.push(Segment {
            label,
            name: text(&names, row).unwrap_or_default(),
            span: TimeSpan::new(Nanos(start), Nanos(end)),
            cause: text(&causes, row).filter(|_| is_exception),
            recoverable: recoverable.map(|flag| flag.value(row) != 0.0),
            annotator: text(&annotators, row),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Overrides;
    use crate::testing::{Result, batch, channel, rows, run};
    use prairie_model::{Mode, Outcome};
    use serde_json::{Value, json};
    use std::sync::Arc;

    const S: i64 = 1_000_000_000;
    const T0: i64 = 1_700_000_000 * S;

    fn mark(event: &str, outcome: &str) -> Value {
        json!({"stamp": {"$t": T0}, "event": event, "task": "insert the peg", "outcome": outcome, "mode": "teleoperated",
            "operator": "", "robot": "r-1", "station": "s-1"})
    }

    /// Marks at these seconds, and a number every second from 0 to 19.
    fn recording(marks: &[(i64, Value)], more: Vec<MessageBatch>) -> Result {
        let messages = Value::Array(marks.iter().map(|(_, mark)| mark.clone()).collect());
        let marked = rows(&messages);
        let marker = Arc::new(channel(1, "/marks", "prairie_msgs/msg/EpisodeMarker", &marked));
        let numbers = rows(&Value::Array((0..20).map(|n| json!({ "data": n })).collect()));
        let number = Arc::new(channel(2, "/n", "std_msgs/msg/Int32", &numbers));
        let mut batches = vec![
            batch(&marker, marks.iter().map(|(s, _)| T0 + s * S).collect(), marked),
            batch(&number, (0..20).map(|s| T0 + s * S).collect(), numbers),
        ];
        batches.extend(more);
        run(batches, "", Overrides::default())
    }

    fn values(result: &Result, episode: u32) -> Vec<i64> {
        let of = result.batches.iter().filter(|batch| batch.episode == episode && batch.stream.name == "/n");
        of.flat_map(|batch| batch.t_ns().iter().map(|t| (t - T0) / S)).collect()
    }

    #[test]
    fn episodes_lie_between_their_marks() {
        let result = recording(
            &[(2, mark("start", "")), (5, mark("end", "success")), (8, mark("start", "")), (9, mark("end", "failure"))],
            Vec::new(),
        );
        assert_eq!(result.drafts.len(), 2);
        assert_eq!((values(&result, 0), values(&result, 1)), (vec![2, 3, 4, 5], vec![8, 9]));
        let [one, other] = &result.drafts[..] else { unreachable!() };
        assert_eq!((one.episode.key.as_str(), other.episode.ordinal), ("0", 1));
        assert_eq!((one.episode.outcome, other.episode.outcome), (Outcome::Success, Outcome::Failure));
        assert_eq!(one.episode.task.as_deref(), Some("insert the peg"));
        assert_eq!((one.episode.mode, one.episode.operator.as_deref()), (Mode::Teleoperated, None));
        assert_eq!((one.episode.robot.as_deref(), one.episode.station.as_deref()), (Some("r-1"), Some("s-1")));
        assert!(one.episode.dated);
        // Two marks and four numbers, then two and two; fourteen numbers lie outside.
        assert_eq!((one.tally.messages, other.tally.messages), (6, 4));
        assert_eq!((result.recording.tally.messages, result.recording.tally.unmapped), (14, 14));
        assert_eq!(result.recording.unmapped["/n"], ("std_msgs/msg/Int32".to_owned(), 14));
        assert!(
            result
                .recording
                .notes
                .iter()
                .any(|note| note.text == "14 messages of `std_msgs/msg/Int32` lie outside of every episode")
        );
    }

    #[test]
    fn damage_belongs_to_the_episodes_whose_times_it_shares() {
        use crate::{Concerns, Standardizer};
        let window = |start: i64, end: i64| Window { start, end, ..Window::default() };
        let windows = vec![window(10, 20), window(30, 40), window(50, i64::MAX)];
        let plan = RecordingPlan::default();
        let standardizer = |windows: Vec<Window>| {
            let segmentation = Segmentation { windows, segments: Vec::new() };
            Standardizer::new(&plan, Mapping::default(), Overrides::default(), segmentation)
        };
        let three = standardizer(windows);
        let note = |from: i64, to: i64| {
            Note::new(NoteKind::Corrupt, "x").at("a", 7).span(TimeSpan::new(Nanos(from), Nanos(to)))
        };
        for (from, to, expected) in [
            (12, 15, vec![(0, 12, 15)]),
            (20, 30, vec![(0, 20, 20), (1, 30, 30)]),
            (21, 29, vec![]),
            (0, 9, vec![]),
            (15, 60, vec![(0, 15, 20), (1, 30, 40), (2, 50, 60)]),
            (99, 99, vec![(2, 99, 99)]),
        ] {
            let got = match three.concerns(&note(from, to)) {
                Concerns::Episodes(notes) => notes,
                Concerns::NoEpisode => Vec::new(),
                Concerns::Recording => panic!("the recording has marked episodes"),
            };
            let got: Vec<_> = got
                .iter()
                .map(|note| (note.episode.unwrap(), note.span.unwrap().start.0, note.span.unwrap().end.0))
                .collect();
            assert_eq!(got, expected, "{from}..{to}");
        }
        let count = Note::new(NoteKind::CountMismatch, "x");
        assert_eq!(three.concerns(&count), Concerns::NoEpisode, "a count of the whole file");
        assert_eq!(three.concerns(&Note::new(NoteKind::SchemaMissing, "x")), Concerns::Recording);
        assert_eq!(standardizer(Vec::new()).concerns(&note(12, 15)), Concerns::Recording, "it is one episode");
    }

    #[test]
    fn marks_without_partner_are_told() {
        let result = recording(
            &[
                (1, mark("end", "")),
                (3, mark("start", "")),
                (6, mark("start", "")),
                (8, mark("end", "")),
                (15, mark("start", "")),
            ],
            Vec::new(),
        );
        assert_eq!(
            (values(&result, 0), values(&result, 1), values(&result, 2)),
            (vec![3, 4, 5], vec![6, 7, 8], (15..20).collect())
        );
        let odd = result.recording.notes.iter().filter(|note| note.kind == NoteKind::MarkerUnpaired).count();
        assert_eq!(odd, 3);
    }

    #[test]
    fn segments_go_to_the_episode_in_which_they_begin() {
        let segment = |start: i64, end: i64, label: &str| {
            json!({"start": {"$t": T0 + start * S}, "end": {"$t": T0 + end * S}, "label": label, "name": "slip", "cause": "oil",
                "recoverable": true, "annotator": "p-1"})
        };
        let segments = rows(&json!([segment(9, 10, "exception"), segment(3, 4, "skill"), segment(3, 5, "dance")]));
        let labels = Arc::new(channel(3, "/segments", "prairie_msgs/msg/Segment", &segments));
        let late = batch(&labels, vec![T0 + 100 * S; 3], segments);
        let result = recording(
            &[
                (2, mark("start", "")),
                (5, mark("end", "success")),
                (8, mark("start", "")),
                (10, mark("end", "failure")),
            ],
            vec![late],
        );
        let labels = |at: usize| -> Vec<_> {
            let segments = result.drafts[at].segments.iter();
            segments.map(|s: &Segment| (s.label, s.recoverable, s.cause.as_deref())).collect()
        };
        assert_eq!(labels(0), [(SegmentLabel::Skill, None, None), (SegmentLabel::Unknown, None, None)]);
        assert_eq!(labels(1), [(SegmentLabel::Exception, Some(true), Some("oil"))]);
        assert_eq!(result.recording.tally.mapped, 3, "labels made afterwards are used, and counted");
        assert!(
            result
                .recording
                .notes
                .iter()
                .any(|note| note.text == "the label `dance` of a segment is not one that is known")
        );
    }

    #[test]
    fn a_mapping_names_another_marker() {
        let texts = rows(&json!([{"data": "REC_ON pick"}, {"data": "hello"}, {"data": "REC_OFF"}]));
        let topic = Arc::new(channel(1, "/control", "std_msgs/String", &texts));
        let mapping = "[markers]\ntopic = '/cont*'\nstart = 'rec_on'\nend = 'rec_off'";
        let result = run(vec![batch(&topic, vec![T0, T0 + S, T0 + 2 * S], texts)], mapping, Overrides::default());
        assert_eq!(result.drafts.len(), 1);
        assert_eq!(result.drafts[0].tally.mapped, 3);
    }
}

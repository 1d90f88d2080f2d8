//! Whatever comes in, no check panics, hangs, or writes a number that is none.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, ListArray, RecordBatch, new_null_array};
use arrow::datatypes::{DataType, Float64Type, Schema};
use prairie_model::{
    EpisodeDraft, EpisodeTally, FrameError, Nanos, Note, NoteKind, Picture, PixelFormat, Segment, SegmentLabel, Stream,
    StreamBatch, StreamKind, TimeSpan,
};
use proptest::prelude::*;

use crate::{Examination, Facts, History, JointLimit, JointLimits, Profile};

fn time() -> impl Strategy<Value = i64> {
    prop_oneof![
        3 => any::<i64>(),
        3 => 0..10_000_000_000_i64,
        1 => Just(i64::MIN),
        1 => Just(i64::MAX),
        1 => Just(0),
    ]
}

fn number() -> impl Strategy<Value = Option<f64>> {
    prop_oneof![
        4 => any::<f64>().prop_map(Some),
        4 => (-10.0..10.0).prop_map(Some),
        1 => Just(None),
        1 => Just(Some(f64::NAN)),
        1 => Just(Some(f64::INFINITY)),
        1 => Just(Some(f64::MAX)),
        1 => Just(Some(0.0)),
    ]
}

/// Rows of lists, or the columns of single numbers one after the other: what fits the kind is taken.
type Rows = Vec<Option<Vec<Option<f64>>>>;

fn batch() -> impl Strategy<Value = (usize, u32, Vec<i64>, Rows, usize)> {
    let rows = prop::collection::vec(prop::option::weighted(0.9, prop::collection::vec(number(), 0..5)), 0..60);
    (0..StreamKind::ALL.len(), 0..4_u32, prop::collection::vec(time(), 0..60), rows, 0..4_usize)
}

fn build((kind, index, t_ns, rows, names): (usize, u32, Vec<i64>, Rows, usize)) -> StreamBatch {
    let kind = StreamKind::ALL[kind];
    let n = t_ns.len().min(rows.len());
    let (mut t_ns, rows) = (t_ns[..n].to_vec(), &rows[..n]);
    // Half of the streams are as streams should be, so that more than the checks of time is reached.
    if names.is_multiple_of(2) {
        t_ns.sort_unstable();
    }
    let of_kind = kind.fields();
    let columns = of_kind.iter().enumerate().map(|(at, field)| -> ArrayRef {
        match field.data_type() {
            DataType::Int64 => Arc::new(Int64Array::from(t_ns.clone())),
            DataType::List(_) => Arc::new(ListArray::from_iter_primitive::<Float64Type, _, _>(rows.iter().cloned())),
            DataType::Float64 => {
                let value = |row: &Option<Vec<Option<f64>>>| *row.as_ref()?.get(at % 4)?;
                Arc::new(rows.iter().map(value).collect::<Float64Array>())
            }
            other => new_null_array(other, n),
        }
    });
    // Frames and events have columns that are never null: these tests leave them out.
    let fields: Vec<_> = of_kind.iter().map(|field| field.as_ref().clone().with_nullable(true)).collect();
    let samples = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns.collect()).expect("columns of the kind");
    let stream = Stream {
        name: format!("/{}_{index}/gripper/success", kind.name()),
        kind: Some(kind),
        names: (0..names).map(|at| format!("joint_{at}")).collect(),
        nominal_rate_hz: [None, Some(0.0), Some(f64::NAN), Some(30.0)][index as usize % 4],
        ..Stream::default()
    };
    // One index is one stream: the kind is part of it.
    let index = index * 17 + StreamKind::ALL.iter().position(|other| *other == kind).expect("a kind") as u32;
    StreamBatch { episode: 0, index, stream: Arc::new(stream), samples }
}

fn frame() -> impl Strategy<Value = (bool, i64, Result<Picture, FrameError>)> {
    let formats = [PixelFormat::Mono8, PixelFormat::Mono16, PixelFormat::Float32, PixelFormat::Rgb8];
    let picture = (0..40_u32, prop::bool::weighted(0.1), 0..4_usize, prop::collection::vec(any::<u8>(), 0..400))
        .prop_map(move |(width, huge, format, pixels)| {
            let height = if huge { u32::MAX - width } else { width / 2 };
            Ok(Picture { width: if huge { u32::MAX } else { width }, height, format: formats[format], pixels })
        });
    let error = prop_oneof![
        Just(Err(FrameError::Damaged("it is damaged".to_owned()))),
        Just(Err(FrameError::Unsupported("h265".to_owned()))),
    ];
    (any::<bool>(), time(), prop_oneof![4 => picture, 1 => error])
}

fn note() -> impl Strategy<Value = Note> {
    let kinds = [NoteKind::CountMismatch, NoteKind::ClockDrift, NoteKind::Undecodable, NoteKind::FileMissing];
    (0..kinds.len(), number(), number()).prop_map(move |(kind, measured, limit)| Note {
        measured,
        limit,
        stream: Some("/joint_state_0/gripper/success".to_owned()),
        ..Note::new(kinds[kind], "something was noticed")
    })
}

/// The default, or one with limits that no sensible person sets.
fn profile() -> impl Strategy<Value = Profile> {
    let limits = prop_oneof![Just(0.0), Just(-1.0), Just(f64::INFINITY), Just(1e300), Just(1e-300), 0.0..10.0];
    prop::collection::vec(limits, 0..40).prop_map(|limits| {
        let mut profile = Profile::default();
        let mut limits = limits.into_iter().cycle();
        for check in crate::CHECKS {
            for key in check.doc.limits.iter().map(|limit| limit.key) {
                let settings = profile.checks.entry(check.doc.code.to_owned()).or_default();
                settings.limits.extend(limits.next().map(|limit| (key.to_owned(), limit)));
            }
        }
        assert_eq!(profile.validate(), Ok(()));
        profile
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_comes_in_breaks_a_check(
        batches in prop::collection::vec(batch(), 0..12),
        frames in prop::collection::vec(frame(), 0..12),
        notes in prop::collection::vec(note(), 0..4),
        counts in prop::array::uniform4(any::<u64>()),
        segments in prop::collection::vec((time(), time()), 0..4),
        limit in number(),
        video_checked in any::<bool>(),
        profile in profile(),
    ) {
        let mut examination = Examination::new(&profile, None, None);
        let mut draft = EpisodeDraft::default();
        for batch in batches.into_iter().map(build) {
            draft.streams.push(Stream { samples: counts[0], ..batch.stream.as_ref().clone() });
            examination.batch(&batch);
        }
        for (one, t, frame) in &frames {
            examination.frame(if *one { "/image_0/gripper/success" } else { "/nowhere" }, Nanos(*t), frame);
        }
        let [messages, mapped, unmapped, undecodable] = counts;
        draft.tally = EpisodeTally { messages, mapped, unmapped, undecodable, frames: 0 };
        draft.segments = segments.iter().map(|(from, to)| Segment {
            label: SegmentLabel::Skill,
            name: "grasp".to_owned(),
            span: TimeSpan::new(Nanos(*from), Nanos(*to)),
            cause: None,
            recoverable: None,
            annotator: None,
        }).collect();
        draft.episode.span = draft.segments.first().map(|segment| segment.span);
        draft.episode.dated = true;
        let joint = JointLimit { lower: limit, upper: limit, velocity: limit, acceleration: limit, effort: limit };
        let limits = JointLimits { joints: [("joint_0".to_owned(), joint)].into() };
        let history = History { known: true, ..History::default() };
        let examined = examination.finish(&Facts {
            recording_notes: &notes,
            video_checked,
            history: &history,
            limits: Some(&limits),
            ..Facts::new(&draft)
        });
        for finding in &examined.findings {
            prop_assert!(finding.measured.is_none_or(f64::is_finite) && finding.limit.is_none_or(f64::is_finite));
            prop_assert!(!finding.message.is_empty());
        }
        prop_assert_eq!(examined.checks.len(), crate::CHECKS.len());
        // What cannot be written cannot be signed.
        prop_assert!(prairie_model::canonical_json(&examined.findings).is_ok());
    }
}

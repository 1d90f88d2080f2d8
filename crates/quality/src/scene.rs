//! What was seen of an episode's streams: once for all checks.

use std::collections::BTreeMap;

use prairie_model::{Stream, StreamKind};

use crate::check::BatchView;
use crate::rate::RateStats;
use crate::track::Track;

/// Tracks that are kept per kind, for the streams that come first.
const TRACKS_MAX: usize = 12;

/// What was seen of one stream.
#[derive(Debug, Clone)]
pub struct StreamScene {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: StreamKind,
    /// What its source calls it.
    pub stream: Stream,
    /// Its times.
    pub rate: RateStats,
    /// Its numbers, thinned; `None` for frames, events and kinds that no check compares.
    pub track: Option<Track>,
}

impl StreamScene {
    /// Whether samples come at a rate, rather than when something happens: sensors, joints and commands always; poses, speeds,
    /// grippers and scans where at least half of ten intervals or more lie within a quarter of the median, since many of them are
    /// only sent when they change.
    pub fn is_periodic(&self) -> bool {
        match self.kind {
            StreamKind::Action
            | StreamKind::Depth
            | StreamKind::Image
            | StreamKind::Imu
            | StreamKind::JointState
            | StreamKind::Tactile
            | StreamKind::Wrench => true,
            StreamKind::Gripper | StreamKind::PointCloud | StreamKind::Pose | StreamKind::Scan | StreamKind::Twist => {
                self.rate.intervals() >= 10 && self.rate.regular_share().is_some_and(|share| share >= 0.5)
            }
            StreamKind::Audio | StreamKind::Event | StreamKind::Geo | StreamKind::Scalar | StreamKind::Vector => false,
        }
    }

    /// Whether it says how the robot itself moves, rather than what it was told.
    pub fn is_motion(&self) -> bool {
        matches!(
            self.kind,
            StreamKind::Gripper | StreamKind::Imu | StreamKind::JointState | StreamKind::Pose | StreamKind::Twist
        )
    }

    /// The nominal seconds between samples: what the source declares, else the median. `None` below two samples.
    pub fn period_s(&self) -> Option<f64> {
        let declared = self.stream.nominal_rate_hz.filter(|rate| *rate > 0.0 && rate.is_finite());
        declared.map(|rate| 1.0 / rate).or_else(|| self.rate.median_s())
    }

    /// The columns' name, for messages: that of joint or column `at`.
    pub fn column(&self, at: usize) -> String {
        match self.stream.names.get(at) {
            Some(name) => format!("`{name}`"),
            None => format!("element {at}"),
        }
    }
}

/// What was seen of all streams of an episode.
#[derive(Debug, Clone, Default)]
pub struct Scene {
    streams: BTreeMap<u32, StreamScene>,
    tracks: BTreeMap<StreamKind, usize>,
}

const fn is_tracked(kind: StreamKind) -> bool {
    matches!(
        kind,
        StreamKind::Action
            | StreamKind::Gripper
            | StreamKind::Imu
            | StreamKind::JointState
            | StreamKind::Pose
            | StreamKind::Scalar
            | StreamKind::Tactile
            | StreamKind::Twist
            | StreamKind::Wrench
    )
}

impl Scene {
    pub(crate) fn observe(&mut self, view: &BatchView<'_>) {
        let Some(kind) = view.kind else { return };
        let seen = self.streams.entry(view.index).or_insert_with(|| StreamScene {
            name: view.stream.name.clone(),
            kind,
            stream: view.stream.clone(),
            rate: RateStats::default(),
            track: None,
        });
        seen.rate.observe(view.t_ns);
        if !is_tracked(kind) {
            return;
        }
        let Some(series) = Track::choose(kind, &view.series) else { return };
        if seen.track.is_none() {
            let tracks = self.tracks.entry(kind).or_default();
            if *tracks >= TRACKS_MAX {
                return;
            }
            *tracks += 1;
            seen.track = Some(Track::new(kind, series, &view.stream.names));
        }
        if let Some(track) = &mut seen.track {
            track.observe(view.t_ns, series);
        }
    }

    /// The final streams know more than those of the first batches: rates, units.
    pub(crate) fn settle(&mut self, streams: &[Stream]) {
        for (index, seen) in &mut self.streams {
            if let Some(stream) = usize::try_from(*index).ok().and_then(|index| streams.get(index))
                && stream.name == seen.name
            {
                seen.stream = stream.clone();
            }
        }
    }

    /// The streams with samples, in the order of the episode, with their indexes.
    pub fn streams(&self) -> impl Iterator<Item = (u32, &StreamScene)> {
        self.streams.iter().map(|(index, seen)| (*index, seen))
    }

    /// The streams of one kind.
    pub fn of_kind(&self, kind: StreamKind) -> impl Iterator<Item = (u32, &StreamScene)> {
        self.streams().filter(move |(_, seen)| seen.kind == kind)
    }

    /// The tracks of one kind with the streams they follow.
    pub fn tracks(&self, kind: StreamKind) -> impl Iterator<Item = (u32, &StreamScene, &Track)> {
        self.of_kind(kind).filter_map(|(index, seen)| seen.track.as_ref().map(|track| (index, seen, track)))
    }

    /// The stream of that name.
    pub fn find(&self, name: &str) -> Option<&StreamScene> {
        self.streams.values().find(|seen| seen.name == name)
    }

    /// From the first to the last sample of all streams.
    pub fn span(&self) -> Option<(i64, i64)> {
        let first = self.streams.values().filter_map(|seen| seen.rate.first).min()?;
        let last = self.streams.values().filter_map(|seen| seen.rate.last).max()?;
        Some((first, last))
    }

    /// Whether a stream other than `except` shows the robot moving between two times. Commands do not count.
    pub fn robot_moves(&self, start: i64, end: i64, except: Option<u32>) -> bool {
        self.streams()
            .filter(|(index, seen)| Some(*index) != except && seen.is_motion())
            .filter_map(|(_, seen)| seen.track.as_ref())
            .any(|track| track.moves(start, end))
    }

    /// When streams show the robot moving: spans that do not touch, in the order of time. Commands do not count.
    pub fn robot_movements(&self) -> Vec<(i64, i64)> {
        let moving = self.streams().filter(|(_, seen)| seen.is_motion()).filter_map(|(_, seen)| seen.track.as_ref());
        let mut spans: Vec<(i64, i64)> = moving.flat_map(Track::movements).collect();
        spans.sort_unstable();
        spans.dedup_by(|later, earlier| {
            let touches = later.0 <= earlier.1;
            if touches {
                earlier.1 = earlier.1.max(later.1);
            }
            touches
        });
        spans
    }

    /// Whether commands change between two times.
    pub fn command_moves(&self, start: i64, end: i64) -> bool {
        self.tracks(StreamKind::Action).any(|(_, _, track)| track.moves(start, end))
    }
}

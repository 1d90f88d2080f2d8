//! What a check is, and what it is given.

use prairie_model::{
    Dimension, FrameError, Nanos, Note, NoteKind, Picture, Series, Severity, Stream, StreamBatch, StreamKind,
};

use crate::facts::Facts;
use crate::outcome::Outcome;
use crate::pictures::PictureStats;
use crate::scene::Scene;

/// The family of a check: the letters of its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// Actions against states.
    Act,
    /// Contact.
    Con,
    /// Sameness with earlier episodes.
    Dup,
    /// The container and its bytes.
    Fmt,
    /// Metadata.
    Met,
    /// Privacy.
    Prv,
    /// Signals.
    Sig,
    /// Time.
    Tim,
    /// The task.
    Tsk,
    /// Video.
    Vid,
}

impl Family {
    /// All of them, by their letters.
    pub const ALL: [Self; 10] =
        [Self::Act, Self::Con, Self::Dup, Self::Fmt, Self::Met, Self::Prv, Self::Sig, Self::Tim, Self::Tsk, Self::Vid];

    /// The letters that its codes begin with.
    pub const fn letters(self) -> &'static str {
        match self {
            Self::Act => "ACT",
            Self::Con => "CON",
            Self::Dup => "DUP",
            Self::Fmt => "FMT",
            Self::Met => "MET",
            Self::Prv => "PRV",
            Self::Sig => "SIG",
            Self::Tim => "TIM",
            Self::Tsk => "TSK",
            Self::Vid => "VID",
        }
    }

    /// What it is about, for headings.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Act => "Actions against states",
            Self::Con => "Contact",
            Self::Dup => "Sameness",
            Self::Fmt => "Container",
            Self::Met => "Metadata",
            Self::Prv => "Privacy",
            Self::Sig => "Signals",
            Self::Tim => "Time",
            Self::Tsk => "Task",
            Self::Vid => "Video",
        }
    }
}

/// What a check needs beyond the episode itself. Without it the check is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Need {
    /// Earlier episodes ([`Facts::history`], [`Facts::content`]): cannot be recomputed from the recording alone.
    History,
    /// Limits of the joints ([`Facts::limits`]).
    JointLimits,
    /// Decoded pictures ([`Facts::video_checked`]).
    Pixels,
}

/// A number that a profile may change.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limit {
    /// Name in the profile, with its unit last: `gap_max_s`.
    pub key: &'static str,
    /// The value where no profile says otherwise.
    pub default: f64,
    /// Unit, empty for a pure number.
    pub unit: &'static str,
    /// What it limits, in one line.
    pub meaning: &'static str,
}

/// What is known of a check without running it.
#[derive(Debug, Clone, Copy)]
pub struct CheckDoc {
    /// Stable code: `TIM003`.
    pub code: &'static str,
    /// Short name: `gap`.
    pub name: &'static str,
    /// Its family.
    pub family: Family,
    /// The dimension it informs.
    pub dimension: Dimension,
    /// Severity of its findings where no profile says otherwise; some findings of a check may be milder.
    pub severity: Severity,
    /// What it needs beyond the episode.
    pub needs: &'static [Need],
    /// One line, without a full stop.
    pub summary: &'static str,
    /// The numbers that a profile may change.
    pub limits: &'static [Limit],
    /// The check's own source file, whose front page is its documentation.
    pub source: &'static str,
}

impl CheckDoc {
    /// What it does, why it matters and an example: the front page of its file, as Markdown.
    pub fn page(&self) -> String {
        let lines = self.source.lines().take_while(|line| line.starts_with("//!"));
        let text: Vec<_> = lines.map(|line| line.trim_start_matches("//!").trim_start_matches(' ')).collect();
        text.join("\n").trim().to_owned()
    }

    /// The text under the heading `title` of the front page.
    fn section(&self, title: &str) -> String {
        let page = self.page();
        let mut lines = page.lines().skip_while(|line| line.strip_prefix("## ") != Some(title)).skip(1);
        let text: Vec<_> = lines.by_ref().take_while(|line| !line.starts_with("## ")).collect();
        text.join("\n").trim().to_owned()
    }

    /// What it looks at and when it speaks.
    pub fn what(&self) -> String {
        self.section("What it does")
    }

    /// Why it matters.
    pub fn why(&self) -> String {
        self.section("Why it matters")
    }

    /// A finding as people see it.
    pub fn example(&self) -> String {
        self.section("Example")
    }
}

/// One check: one file, one line of [`crate::CHECKS`].
#[derive(Debug, Clone, Copy)]
pub struct Check {
    /// What is known of it.
    pub doc: CheckDoc,
    /// Starts it on one episode.
    pub start: fn(&Settings) -> Box<dyn Run>,
}

impl Check {
    /// What is known of it.
    pub const fn doc(&self) -> &CheckDoc {
        &self.doc
    }

    /// The check of that code.
    pub fn find(code: &str) -> Option<&'static Self> {
        crate::CHECKS.iter().copied().find(|check| check.doc.code == code)
    }
}

/// A check at work on one episode.
///
/// **Invariant:** state is bounded, however long the episode is.
pub trait Run: Send {
    /// The next samples of one stream. Batches of one stream come in order, those of several streams interleaved.
    fn batch(&mut self, _view: &BatchView<'_>) {}

    /// The next picture of one stream.
    fn frame(&mut self, _view: &FrameView<'_>) {}

    /// No more comes: judge.
    fn finish(self: Box<Self>, context: &Context<'_>, out: &mut Outcome);
}

/// The limits and the severity of one check under one profile, for one task and robot.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    pub(crate) code: &'static str,
    pub(crate) severity: Severity,
    pub(crate) limits: Vec<(&'static str, f64)>,
}

impl Settings {
    /// What the check itself says.
    pub fn defaults(doc: &CheckDoc) -> Self {
        Self {
            code: doc.code,
            severity: doc.severity,
            limits: doc.limits.iter().map(|limit| (limit.key, limit.default)).collect(),
        }
    }

    /// The limit called `key`.
    ///
    /// A check asks only for the keys of its own [`CheckDoc::limits`] (a test holds every file to that). Any other is infinite,
    /// which nothing exceeds.
    pub fn limit(&self, key: &str) -> f64 {
        self.limits.iter().find(|(name, _)| *name == key).map_or(f64::INFINITY, |(_, value)| *value)
    }

    /// Severity of findings.
    pub fn severity(&self) -> Severity {
        self.severity
    }
}

/// Consecutive samples of one stream, with what every check wants of them computed once.
#[derive(Debug)]
pub struct BatchView<'a> {
    /// The stream, by its order in the episode.
    pub index: u32,
    /// What is known of the stream so far.
    pub stream: &'a Stream,
    /// Its kind.
    pub kind: Option<StreamKind>,
    /// The batch.
    pub batch: &'a StreamBatch,
    /// Canonical times, one per sample.
    pub t_ns: &'a [i64],
    /// The numbers ([`StreamBatch::series`]).
    pub series: Vec<Series<'a>>,
}

impl<'a> BatchView<'a> {
    /// Looks at a batch.
    pub fn new(batch: &'a StreamBatch) -> Self {
        Self {
            index: batch.index,
            stream: &batch.stream,
            kind: batch.kind(),
            batch,
            t_ns: batch.t_ns(),
            series: batch.series(),
        }
    }

    /// Whether the stream is of this kind.
    pub fn is(&self, kind: StreamKind) -> bool {
        self.kind == Some(kind)
    }

    /// The series called `name`: a list column, or the kind's name for single columns.
    pub fn series(&self, name: &str) -> Option<&Series<'a>> {
        self.series.iter().find(|series| series.name == name)
    }
}

/// One picture of one stream, with what every check wants of it computed once.
#[derive(Debug)]
pub struct FrameView<'a> {
    /// Name of the stream.
    pub stream: &'a str,
    /// When.
    pub t: Nanos,
    /// The picture, or why there is none.
    pub frame: &'a Result<Picture, FrameError>,
    /// What its pixels say; `None` where there is no picture.
    pub stats: Option<PictureStats>,
}

/// What a check may look at when it judges.
#[derive(Debug)]
pub struct Context<'a> {
    /// What is known of the episode.
    pub facts: &'a Facts<'a>,
    /// What was seen of its streams.
    pub scene: &'a Scene,
}

impl<'a> Context<'a> {
    /// The notes of these kinds that concern the episode, without those of streams that a repair dropped.
    pub fn notes(&self, kinds: &[NoteKind]) -> impl Iterator<Item = &'a Note> {
        let facts = self.facts;
        let ordinal = facts.episode.episode.ordinal;
        let of_recording =
            facts.recording_notes.iter().filter(move |note| note.episode.is_none_or(|episode| episode == ordinal));
        facts
            .episode
            .notes
            .iter()
            .chain(of_recording)
            .filter(move |note| kinds.contains(&note.kind))
            .filter(move |note| note.stream.as_deref().is_none_or(|stream| !facts.is_dropped(stream)))
    }
}

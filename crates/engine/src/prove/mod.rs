//! `prove`: whether two forms of the same episodes hold the same, number by number and picture by picture.
//!
//! ```text
//!   SOURCE ─ side ─▶ episode i ─┐            ┌─ numbers ─ elements   each element of EXPORT is one of SOURCE ─▶ differences
//!                               ├─ rows ─────┼─ pictures ─ decoding  the same bytes, or how alike                left out
//!   EXPORT ─ side ─▶ episode i ─┘   ▲        └─ facts                times, texts, tasks, names, units           added
//!                          said ────┘
//! ```
//!
//! Both sides may be of any format that Prairie reads. Where an export says how it took its rows (its `prairie-proof.json`), rows
//! are taken from the source in the same way; otherwise rows are compared one by one. An export is believed about that, and about
//! nothing else: what it claims of hashes and copies is tested.
//!
//! What the source has and the export has not is *left out*, which is a difference unless a subset was asked for. What the export
//! says beside the source is *added*, and told.
//!
//! **Invariant:** what cannot be compared is a difference, never an agreement.
//!
//! **Invariant:** memory holds the numbers of one episode of each side, and a handful of pictures.

mod decoding;
mod elements;
mod facts;
mod likeness;
mod numbers;
mod pictures;
mod rows;
mod said;
mod side;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use prairie_ledger::{Envelope, PrivateKey};
use prairie_model::canonical_json;
use serde::Serialize;

use crate::Engine;
use crate::error::EngineError;
use crate::options::InspectOptions;
use crate::progress::Progress;
use rows::Pairing;
use said::Said;
use side::{Loaded, Reading, Side};

/// The type of a signed proof.
pub const PROOF_TYPE: &str = "application/vnd.prairie.proof+json";

/// Differences that are told one by one.
const DIFFERENCES_MAX: usize = 1000;

/// What still counts as the same.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ProveOptions {
    /// Greatest difference of two numbers, as a share of the larger.
    pub tolerance: f64,
    /// Greatest difference of two times, in seconds.
    pub time_tolerance_s: f64,
    /// Least peak signal to noise ratio of a picture that was encoded, in dB.
    pub psnr_min_db: f64,
    /// Least structural similarity of it.
    pub ssim_min: f64,
    /// Least peak signal to noise ratio of any 16 × 16 pixels of it, in dB.
    pub worst_part_min_db: f64,
    /// Whether the export may hold less: what it leaves out is told and is no difference.
    pub subset: bool,
}

impl Default for ProveOptions {
    fn default() -> Self {
        // Rounding to a 32-bit float changes a number by 2^-24 of it, 6e-8; two such roundings stay below this.
        Self {
            tolerance: 1.2e-7,
            time_tolerance_s: 1e-3,
            psnr_min_db: 28.0,
            ssim_min: 0.9,
            worst_part_min_db: 20.0,
            subset: false,
        }
    }
}

impl ProveOptions {
    fn check(&self) -> Result<(), EngineError> {
        let numbers = [
            ("tolerance", self.tolerance),
            ("time-tolerance-s", self.time_tolerance_s),
            ("psnr-min-db", self.psnr_min_db),
            ("ssim-min", self.ssim_min),
            ("worst-part-min-db", self.worst_part_min_db),
        ];
        match numbers.into_iter().find(|(_, number)| !(number.is_finite() && *number >= 0.0)) {
            Some((name, number)) => Err(EngineError::invalid(format!("`--{name} {number}`"), "it is zero or more")),
            None => Ok(()),
        }
    }
}

/// What came of comparing. Its JSON is what is signed: it depends on the bytes of both sides, the options and the code alone,
/// and on no path and no time.
#[derive(Debug, Clone, Serialize)]
pub struct ProveReport {
    /// Version of this shape.
    pub schema: &'static str,
    /// Version of the code that compared.
    pub code: &'static str,
    /// What was compared.
    pub source: SideReport,
    /// With what.
    pub export: SideReport,
    /// What counted as the same.
    pub options: ProveOptions,
    /// Whether nothing differs, and nothing is left out that may not be.
    pub equal: bool,
    /// Episodes that were compared, in the order of the export.
    pub episodes: Vec<ProvenEpisode>,
    /// Numbers that were compared.
    pub numbers: u64,
    /// The greatest difference among those that count as the same.
    pub largest_difference: f64,
    /// The greatest difference of two times among those that count as the same, in seconds.
    pub largest_shift_s: f64,
    /// Texts that were compared.
    pub texts: u64,
    /// Pictures that were compared.
    pub pictures: u64,
    /// Those of them with the same coded bytes.
    pub pictures_equal: u64,
    /// Those of them with the same pixels under other bytes.
    pub pictures_same_pixels: u64,
    /// Least peak signal to noise ratio among the others, in dB; `None` where there are none.
    pub psnr_least_db: Option<f64>,
    /// Least structural similarity among them.
    pub ssim_least: Option<f64>,
    /// What differs, and where: the first thousand.
    pub differences: Vec<Difference>,
    /// How many differences there are in all.
    pub differences_count: u64,
    /// What the source has and the export has not: how many of it, zero where it is one fact.
    pub left_out: BTreeMap<String, u64>,
    /// What the export says beside the source.
    pub added: BTreeSet<String>,
}

/// One of the two sides.
#[derive(Debug, Clone, Serialize)]
pub struct SideReport {
    /// Formats of its recordings.
    pub formats: Vec<String>,
    /// Ids of its recordings: hashes of their bytes.
    pub recordings: Vec<String>,
    /// Its episodes.
    pub episodes: u64,
}

/// How one episode fared.
#[derive(Debug, Clone, Serialize)]
pub struct ProvenEpisode {
    /// Its key in the source.
    pub source: String,
    /// Its key in the export.
    pub export: String,
    /// How rows were paired: `one by one`, else by the export's own alignment.
    pub paired_by: String,
    /// Elements of the export, and the element of the source that each of them was compared with.
    pub elements: Vec<Pair>,
    /// Streams of pictures, the same.
    pub pictures: Vec<Pair>,
}

/// Something of the export and what it is in the source.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pair {
    /// `observation.state position[left_elbow]`.
    pub export: String,
    /// `joint_states position[left_elbow]`.
    pub source: String,
}

/// One thing that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// Episode of the export, by order; `None` where it is about the whole.
    pub episode: Option<u64>,
    /// Stream, element, file or fact.
    pub what: String,
    /// In lower case, with its numbers.
    pub text: String,
}

/// Compares what lies at two places. `source` may be several recordings, whose episodes follow each other, read as `reading`
/// says; the export is read as it is.
///
/// # Errors
///
/// When one of them cannot be read at all, or an option makes no sense.
pub fn prove(
    source: &[PathBuf],
    export: &Path,
    reading: &InspectOptions,
    options: &ProveOptions,
    progress: &dyn Progress,
) -> Result<ProveReport, EngineError> {
    options.check()?;
    let read_as = Reading { mapping: reading.mapping.clone(), overrides: reading.overrides.clone() };
    let (from, to) = (Side::open(source, read_as)?, Side::open(&[export.to_owned()], Reading::default())?);
    let said = Said::of(export)?;
    let mut report = ProveReport::new(from.report(), to.report(), *options);
    if let Some(said) = &said {
        for (file, why) in said.changed_files(export)? {
            report.differs(None, format!("file `{file}`"), why);
        }
        if said.episodes.len() != to.episodes() {
            let text = format!("the export has {}, and its own proof speaks of {}", to.episodes(), said.episodes.len());
            report.differs(None, "episodes", text);
        }
    }
    let places = places(&from, &to, said.as_ref(), &mut report);
    for (at, place) in places.into_iter().enumerate() {
        if progress.cancelled() {
            return Err(EngineError::Cancelled);
        }
        progress.at("prove", at as u64, to.episodes() as u64);
        if let Some(place) = place {
            episode(at, (&from.load(place)?, &to.load(at)?), said.as_ref(), &mut report)?;
        }
    }
    progress.finished("prove");
    report.equal = report.differences_count == 0 && (options.subset || report.left_out.is_empty());
    Ok(report)
}

/// The episode of the source that each episode of the export is: the one that it says; else the one in its place.
fn places(from: &Side, to: &Side, said: Option<&Said>, report: &mut ProveReport) -> Vec<Option<usize>> {
    let mut places = Vec::new();
    let (mut taken, mut origins) = (BTreeSet::new(), Vec::new());
    for at in 0..to.episodes() {
        let own = said.and_then(|said| said.episodes.get(at));
        let own = own.map(|own| (own.id.as_str(), own.recording.as_str())).or_else(|| to.origin(at));
        let place = own.map_or(Some(at), |(id, recording)| {
            let nth = origins.iter().filter(|known| *known == recording).count();
            origins.push(recording.to_owned());
            // A recording that is given in another form than it was stored in has another id.
            from.place_of(id, recording, nth).or(Some(at))
        });
        let place = place.filter(|place| *place < from.episodes() && taken.insert(*place));
        if place.is_none() {
            report.differs(Some(at), "episode", "the source has no such episode, or it is in the export before");
        }
        places.push(place);
    }
    let lost = from.episodes() - taken.len();
    if lost > 0 {
        report.leaves_out("episodes".to_owned(), lost as u64);
    }
    places
}

/// Compares one episode.
fn episode(
    at: usize,
    (from, to): (&Loaded<'_>, &Loaded<'_>),
    said: Option<&Said>,
    report: &mut ProveReport,
) -> Result<(), EngineError> {
    let taken = said.and_then(|said| said.taken(at));
    let pairing = Pairing::of(from, to, taken, report.options.time_tolerance_s);
    let mut proven = ProvenEpisode {
        source: from.draft.episode.key.clone(),
        export: to.draft.episode.key.clone(),
        paired_by: taken.map_or("one by one".to_owned(), |taken| format!("{:?}", taken.align).to_lowercase()),
        elements: Vec::new(),
        pictures: Vec::new(),
    };
    if let (Some(said), Some(_)) = (said, taken) {
        let rows = to.streams.iter().map(|stream| stream.len() as u64).max().unwrap_or(0);
        let own = said.episodes.get(at).map_or(rows, |own| own.rows);
        if rows != own {
            report.differs(Some(at), "rows", format!("there are {rows}, and the export's own proof speaks of {own}"));
        }
    }
    for unread in &to.unread {
        report.differs_once(at, "export".to_owned(), &format!("not all of it can be read: {unread}"));
    }
    for claim in to.contradictions.iter().filter(|claim| !from.contradictions.contains(claim)) {
        report.differs_once(at, "export".to_owned(), &format!("it contradicts itself: {claim}"));
    }
    from.unread.iter().for_each(|unread| report.leaves_out(format!("what cannot be read: {unread}"), 0));
    facts::episode(at, (from, to), pairing, report);
    let mut found = numbers::compare(at, (from, to), pairing, said, &mut proven, report);
    found.extend(facts::texts(at, (from, to), pairing, report));
    let (pictures, pairs) = pictures::compare(at, (from, to), pairing, said, report)?;
    found.extend(pictures);
    proven.pictures = pairs;
    for (_, stream) in from.streams.iter().enumerate().filter(|(place, it)| !found.contains(place) && !it.is_empty()) {
        report.leaves_out(format!("stream `{}`", stream.stream.name), stream.len() as u64);
    }
    report.episodes.push(proven);
    Ok(())
}

impl ProveReport {
    fn new(source: SideReport, export: SideReport, options: ProveOptions) -> Self {
        Self {
            schema: "prairie/prove/1",
            code: concat!("prairie ", env!("CARGO_PKG_VERSION")),
            source,
            export,
            options,
            equal: false,
            episodes: Vec::new(),
            numbers: 0,
            largest_difference: 0.0,
            largest_shift_s: 0.0,
            texts: 0,
            pictures: 0,
            pictures_equal: 0,
            pictures_same_pixels: 0,
            psnr_least_db: None,
            ssim_least: None,
            differences: Vec::new(),
            differences_count: 0,
            left_out: BTreeMap::new(),
            added: BTreeSet::new(),
        }
    }

    fn differs(&mut self, episode: Option<usize>, what: impl Into<String>, text: impl Into<String>) {
        self.differences_count += 1;
        if self.differences.len() < DIFFERENCES_MAX {
            let episode = episode.map(|episode| episode as u64);
            self.differences.push(Difference { episode, what: what.into(), text: text.into() });
        }
    }

    /// What holds for many streams of an episode, told once.
    fn differs_once(&mut self, episode: usize, what: String, text: &str) {
        let of = Some(episode as u64);
        if !self.differences.iter().any(|it| it.episode == of && it.what == what && it.text == text) {
            self.differs(Some(episode), what, text);
        }
    }

    /// `count` of something that only the source has; zero for a fact.
    fn leaves_out(&mut self, what: String, count: u64) {
        *self.left_out.entry(what).or_default() += count;
    }

    fn adds(&mut self, what: String) {
        self.added.insert(what);
    }

    /// The canonical JSON that is signed.
    ///
    /// # Errors
    ///
    /// Never: the report has no numbers without JSON.
    pub fn payload(&self) -> Result<String, EngineError> {
        canonical_json(self).map_err(|error| EngineError::Bug(error.to_string()))
    }

    /// A signed envelope of the report, as JSON, by a private key in PEM.
    ///
    /// # Errors
    ///
    /// When the text is no private key.
    pub fn signed_with(&self, key: &str) -> Result<String, EngineError> {
        let key = PrivateKey::from_text(key).map_err(|error| EngineError::invalid("the key", error))?;
        Ok(self.envelope(&key)?.to_json())
    }

    fn envelope(&self, key: &PrivateKey) -> Result<Envelope, EngineError> {
        let mut envelope = Envelope::sign_as(PROOF_TYPE, self.payload()?.into_bytes(), key);
        envelope.issued_ns = Some(crate::verbs::now());
        Ok(envelope)
    }
}

impl Engine {
    /// A signed envelope of what came of comparing, as JSON, by this store's key.
    ///
    /// # Errors
    ///
    /// When the key cannot be read.
    pub fn sign_proof(&self, report: &ProveReport) -> Result<String, EngineError> {
        let mut envelope = report.envelope(self.key()?.private())?;
        envelope.issuer.clone_from(&self.issuer);
        Ok(envelope.to_json())
    }
}

/// The name of a stream without what only its container needs.
fn plain(name: &str) -> &str {
    name.trim_matches('/')
}

/// How many of the words of two names are the same, so that names that are alike are looked at first.
fn alike(one: &str, two: &str) -> usize {
    let words = |name: &str| -> BTreeSet<String> {
        let lower = name.to_lowercase();
        let words = lower.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
        words.map(str::to_owned).collect()
    };
    words(one).intersection(&words(two)).count()
}

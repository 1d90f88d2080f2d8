//! `export`: a dataset version in the form that a trainer wants, with a proof of what became of everything.
//!
//! ```text
//!   version ─▶ episodes ─ features::select ─▶ Selection
//!                 │
//!                 └─ grid ─ align ─▶ rows, frames ─▶ target/<name>.rs ─▶ folder + proof
//! ```
//!
//! The folder appears under its name only when it is whole: it is written beside it and renamed at the end.

mod account;
mod action;
pub(crate) mod align;
mod alike;
mod choice;
mod features;
mod folder;
pub(crate) mod grid;
mod judge;
mod laid;
mod load;
mod number;
mod prepared;
mod proof;
mod rows;
mod spool;
pub(crate) mod steps;
mod video;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use prairie_catalog::{Commit, DatasetEpisode, Leaf};
use prairie_model::{Hash256, Source as _, Stream};
use serde::Serialize;

use crate::Engine;
use crate::error::EngineError;
use crate::progress::Progress;
use crate::target::TARGETS;

pub(crate) use account::{Account, Pictures};
pub use action::Converted;
pub use align::Align;
pub(crate) use alike::check_alike;
pub use choice::{ActionForm, PictureSize};
pub(crate) use features::{Feature, Part, Selection, select};
pub(crate) use folder::{Folder, PROOF, new_file};
pub(crate) use grid::FramePlan;
pub use judge::Likeness;
pub(crate) use laid::{Done, Laid, lay, unlike};
pub(crate) use load::StoredEpisode;
pub(crate) use number::NumberType;
pub(crate) use prepared::{Ready, prepare};
pub use proof::{EpisodeProof, FeatureProof, Proof, VideoProof};
pub(crate) use rows::{FeatureRows, FeatureTotals};
pub(crate) use spool::Spool;
pub(crate) use video::{Encoding, LoadedCamera, ShownPicture, Unfit, Written};

/// How a version is exported.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ExportOptions {
    /// `lerobot-v3`, `mcap`, `rlds`, `robomimic`.
    #[serde(skip)]
    pub target: String,
    /// Rows per second; that of the source or of its first camera when `None`.
    pub fps: Option<f64>,
    /// How samples are taken at each row's time.
    pub align: Align,
    /// The oldest or farthest sample that may be taken; three periods of its stream when `None`.
    pub tolerance_s: Option<f64>,
    /// Only this part of the split.
    pub split: Option<String>,
    /// Only these streams; all when empty.
    pub streams: Vec<String>,
    /// Encode video even where it could be copied.
    pub encode: bool,
    /// Pictures of this size, encoded where the source has another; that of the source when `None`.
    pub size: Option<PictureSize>,
    /// What the numbers of commands are.
    pub action: ActionForm,
}

impl ExportOptions {
    /// Refuses numbers that mean nothing.
    fn check(&self) -> Result<(), EngineError> {
        if let Some(fps) = self.fps.filter(|fps| !(fps.is_finite() && *fps > 0.0)) {
            return Err(EngineError::invalid(format!("`--fps {fps}`"), "a rate is a number above zero"));
        }
        if let Some(tolerance) = self.tolerance_s.filter(|tolerance| !(tolerance.is_finite() && *tolerance >= 0.0)) {
            return Err(EngineError::invalid(
                format!("`--tolerance-s {tolerance}`"),
                "a tolerance is zero or more seconds",
            ));
        }
        Ok(())
    }
}

impl ExportOptions {
    /// What was asked for that only a form with rows at one rate can give; `None` where nothing was.
    pub(crate) fn asks_for_rows(&self) -> Option<&'static str> {
        let asked = [
            ("a rate", self.fps.is_some()),
            ("an alignment", self.align != Align::default()),
            ("a tolerance", self.tolerance_s.is_some()),
            ("another form of commands", self.action != ActionForm::default()),
        ];
        asked.into_iter().find(|(_, asked)| *asked).map(|(what, _)| what)
    }
}

/// One export: which episodes, and how.
pub(crate) struct ExportJob {
    /// The version: `NAME@2`.
    pub(crate) name: String,
    pub(crate) options: ExportOptions,
    pub(crate) snapshot: u64,
    pub(crate) members: Vec<DatasetEpisode>,
    pub(crate) episodes: Vec<StoredEpisode>,
    pub(crate) selection: Selection,
    /// Rows per second, as asked for, else as the streams suggest; `None` where none of them has a rate.
    pub(crate) fps: Option<f64>,
    pub(crate) licence: Option<String>,
}

impl Engine {
    /// Writes a dataset version, `NAME` or `NAME@VERSION`, to the folder `dir`, which must not exist or be empty.
    ///
    /// # Errors
    ///
    /// When the version is gone in part, the folder is taken, or nothing of it can be exported.
    pub fn export(
        &self,
        name: &str,
        dir: &Path,
        options: &ExportOptions,
        progress: &dyn Progress,
    ) -> Result<Proof, EngineError> {
        let target = TARGETS.iter().find(|target| target.name() == options.target).ok_or_else(|| {
            let known: Vec<_> = TARGETS.iter().map(|target| target.name()).collect();
            EngineError::invalid(format!("target `{}`", options.target), format!("it is one of {}", known.join(", ")))
        })?;
        options.check()?;
        let version = self.dataset(name)?;
        if let Some(erased) = version.erased.first() {
            return Err(EngineError::Refused(format!(
                "`{}@{}` can no longer be exported whole: {} of its {} episodes were erased, `{erased}` first",
                version.name,
                version.version,
                version.erased.len(),
                version.episodes
            )));
        }
        let wanted = |member: &&DatasetEpisode| options.split.as_ref().is_none_or(|split| *split == member.split);
        let mut members: Vec<DatasetEpisode> = version.members.iter().filter(wanted).cloned().collect();
        // Parts follow one another, so that each is a range of episodes.
        let order = |member: &DatasetEpisode| version.recipe.split.iter().position(|(name, _)| *name == member.split);
        members.sort_by_key(|member| (order(member), member.split.clone()));
        if members.is_empty() {
            let parts: Vec<_> = version.split_counts.keys().map(String::as_str).collect();
            return Err(EngineError::Refused(format!(
                "no episode of `{}@{}` is in that part: its parts are {}",
                version.name,
                version.version,
                parts.join(", ")
            )));
        }
        let mut episodes = Vec::with_capacity(members.len());
        for member in &members {
            episodes.push(self.load_episode(member.episode, version.snapshot)?);
        }
        let streams: Vec<&[Stream]> = episodes.iter().map(|episode| episode.streams.as_slice()).collect();
        let mut selection = select(&streams, &options.streams, options.size.is_some());
        let declared = self.declared_types(&episodes)?;
        selection.type_numbers(&streams, &|at, stream| declared.of(episodes[at].recording, stream));
        if let Some(unknown) = options
            .streams
            .iter()
            .find(|wanted| !streams.iter().any(|all| all.iter().any(|stream| stream.name == **wanted)))
        {
            return Err(EngineError::NotFound { kind: "stream", name: unknown.clone() });
        }
        let fps = options.fps.or_else(|| rate(&streams)).filter(|fps| fps.is_finite() && *fps > 0.0);
        let mut proof = Proof {
            version_of_proof: "prairie.proof/1",
            dataset: version.name.clone(),
            version: version.version,
            dataset_hash: version.hash,
            snapshot: version.snapshot,
            target: options.target.clone(),
            options: options.clone(),
            code: concat!("prairie ", env!("CARGO_PKG_VERSION")).to_owned(),
            fps: None,
            align: options.align,
            causal: options.align.is_causal(),
            rows: 0,
            duration_s: 0.0,
            episodes: Vec::new(),
            features: Vec::new(),
            videos: Vec::new(),
            left_out: left_out(&selection, &streams),
            filled: Vec::new(),
            messages_unmapped: episodes.iter().map(|episode| episode.tally.unmapped).sum(),
            messages_undecodable: episodes.iter().map(|episode| episode.tally.undecodable).sum(),
            files: BTreeMap::new(),
            path: String::new(),
            unrecorded: None,
        };
        self.check_recordings(&episodes, progress)?;
        let job = ExportJob {
            name: format!("{}@{}", version.name, version.version),
            options: options.clone(),
            snapshot: version.snapshot,
            members,
            episodes,
            selection,
            fps,
            licence: version.recipe.licence.clone(),
        };
        let folder = Folder::beside(dir)?;
        target.write(self, &job, folder.path(), &mut proof, progress)?;
        progress.finished("export");
        proof.files = folder.hashes()?;
        let text = serde_json::to_string_pretty(&proof).map_err(|error| EngineError::Bug(error.to_string()))?;
        folder.write(PROOF, text.as_bytes())?;
        folder.keep()?;
        proof.path = dir.join(PROOF).display().to_string();
        let leaf = Leaf {
            kind: "export".to_owned(),
            reference: format!("{}@{}", version.name, version.version),
            digest: Hash256::of(text.as_bytes()),
        };
        let note = format!("export `{}@{}` to {}", version.name, version.version, options.target);
        match self.read_only() {
            None => {
                self.commit(&Commit { leaves: vec![leaf], note, ..Commit::default() })?;
            }
            Some(why) => proof.unrecorded = Some(format!("the store cannot be written: {why}")),
        }
        Ok(proof)
    }
}

impl Engine {
    /// Hashes the stored files that pictures are read from: a proof must not call copied what has rotted in the store.
    ///
    /// The containers' own checksums do not help here, since frames are read in place and chunks never as a whole.
    fn check_recordings(&self, episodes: &[StoredEpisode], progress: &dyn Progress) -> Result<(), EngineError> {
        let pictures = |episode: &&StoredEpisode| episode.streams.iter().any(|stream| stream.picture.is_some());
        let recordings: BTreeSet<_> = episodes.iter().filter(pictures).map(|episode| episode.recording).collect();
        for id in recordings {
            let Some(recording) = self.recording(id)? else { continue };
            let source = self.stored_source(id)?;
            for file in &recording.row.files {
                let key = prairie_store::object_key(file.object);
                let Some(index) = source.find(&file.path) else { continue };
                let what = format!("{} (hash)", file.path);
                let told = |done: u64| progress.at(&what, done, file.size);
                let found = prairie_store::hash_file(&source, index, &told)
                    .map_err(|source| EngineError::Store { what: format!("object `{key}`"), source })?;
                progress.finished(&what);
                if found.0 != file.object {
                    return Err(EngineError::Damaged { key, path: file.path.clone() });
                }
            }
        }
        Ok(())
    }
}

/// A line for each stream that is no feature, with how much of it there is.
fn left_out(selection: &Selection, episodes: &[&[Stream]]) -> Vec<String> {
    let line = |(name, why): &(String, String)| {
        let all = episodes.iter().flat_map(|streams| streams.iter()).filter(|stream| stream.name == *name);
        let (samples, count) = all.fold((0, 0), |(samples, count), stream| (samples + stream.samples, count + 1));
        format!("stream `{name}`: {why}: {samples} samples in {count} episodes")
    };
    selection.left_out.iter().map(line).collect()
}

/// The rate that most episodes have: declared by the source, else that of the first camera, else that of the slowest stream of
/// joints, at most 50 Hz. Measured rates are rounded to a whole number.
fn rate(episodes: &[&[Stream]]) -> Option<f64> {
    let mut votes: BTreeMap<u64, usize> = BTreeMap::new();
    for streams in episodes {
        let pictures = || streams.iter().filter(|stream| stream.kind == Some(prairie_model::StreamKind::Image));
        let joints = || streams.iter().filter(|stream| stream.kind == Some(prairie_model::StreamKind::JointState));
        let fastest = pictures().filter_map(|stream| stream.rate_hz).reduce(f64::max);
        let rate = pictures()
            .find_map(|stream| stream.nominal_rate_hz)
            .or(fastest)
            .or_else(|| joints().filter_map(|stream| stream.nominal_rate_hz.or(stream.rate_hz)).reduce(f64::min))
            .or_else(|| streams.iter().filter_map(|stream| stream.rate_hz).reduce(f64::min));
        if let Some(rate) = rate {
            // A measured rate has an error; a declared one is what it is.
            let declared = pictures().any(|stream| stream.nominal_rate_hz == Some(rate));
            let rate = if declared { rate } else { rate.round().max(1.0) };
            let rate = if fastest.is_none() { rate.min(50.0) } else { rate };
            *votes.entry(rate.to_bits()).or_default() += 1;
        }
    }
    votes.into_iter().max_by_key(|(_, count)| *count).map(|(bits, _)| f64::from_bits(bits))
}

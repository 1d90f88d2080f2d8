//! What an export says of itself, in the proof that Prairie puts beside it.
//!
//! It is believed about how rows were taken, since another rule would give other numbers, and about nothing else.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use prairie_model::{Hash256, Source};
use prairie_store::PathSource;
use serde::Deserialize;

use crate::error::EngineError;
use crate::export::{Align, PROOF};

/// Bytes of a proof that are read.
const PROOF_MAX_BYTES: u64 = 64 << 20;

/// Rows per second beyond which a rate is none.
const RATES: std::ops::RangeInclusive<f64> = 1e-3..=1e6;

/// An export's own proof.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Said {
    #[serde(default)]
    align: String,
    fps: Option<f64>,
    #[serde(default)]
    pub(super) episodes: Vec<SaidEpisode>,
    #[serde(default)]
    features: Vec<SaidFeature>,
    #[serde(default)]
    videos: Vec<SaidVideo>,
    #[serde(default)]
    files: BTreeMap<String, String>,
}

/// An episode of an export.
#[derive(Debug, Deserialize)]
pub(super) struct SaidEpisode {
    /// The id of the episode that it was made of.
    pub(super) id: String,
    /// Of its recording.
    pub(super) recording: String,
    pub(super) rows: u64,
    start_ns: String,
}

#[derive(Debug, Deserialize)]
struct SaidFeature {
    feature: String,
    stored_as: String,
}

#[derive(Debug, Deserialize)]
struct SaidVideo {
    feature: String,
    #[serde(default)]
    stream: String,
    how: String,
}

/// How the rows of an episode were taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Taken {
    pub(super) align: Align,
    pub(super) fps: f64,
    /// The source's time of the first row.
    pub(super) start_ns: i64,
}

impl Said {
    /// What lies in the folder `path`; `None` where there is no proof.
    ///
    /// # Errors
    ///
    /// When there is one that makes no sense.
    #[expect(clippy::disallowed_methods, reason = "a file of the export that the user names")]
    pub(super) fn of(path: &Path) -> Result<Option<Self>, EngineError> {
        let path = path.join(PROOF);
        let Ok(file) = std::fs::File::open(&path) else { return Ok(None) };
        let mut text = String::new();
        file.take(PROOF_MAX_BYTES).read_to_string(&mut text).map_err(|source| EngineError::File {
            action: "read",
            path: path.clone(),
            source,
        })?;
        let wrong = |why: String| EngineError::invalid(format!("the proof `{}`", path.display()), why);
        let said: Self = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        if let Some(fps) = said.fps.filter(|fps| !RATES.contains(fps)) {
            return Err(wrong(format!("{fps} is no rate")));
        }
        if said.fps.is_some() && said.align.parse::<Align>().is_err() {
            return Err(wrong(format!("`{}` is no alignment", said.align)));
        }
        if let Some(odd) = said.episodes.iter().find(|episode| episode.start_ns.parse::<i64>().is_err()) {
            return Err(wrong(format!("`{}` is no time", odd.start_ns)));
        }
        Ok(Some(said))
    }

    /// How the rows of an episode were taken; `None` where every stream keeps its own.
    pub(super) fn taken(&self, at: usize) -> Option<Taken> {
        let start_ns = self.episodes.get(at)?.start_ns.parse().ok()?;
        Some(Taken { align: self.align.parse().ok()?, fps: self.fps?, start_ns })
    }

    /// Whether the numbers of a feature are whole or truth values, between which nothing is interpolated.
    pub(super) fn is_discrete(&self, feature: &str) -> bool {
        let found = self.features.iter().find(|known| known.feature == feature);
        found.is_some_and(|known| known.stored_as == "bool" || known.stored_as == "int64")
    }

    /// Whether the pictures of a feature are said to be those of the source, byte for byte.
    pub(super) fn is_copied(&self, feature: &str) -> bool {
        let found = self.videos.iter().find(|known| known.feature == feature || known.stream == feature);
        found.is_some_and(|known| known.how == "remuxed" || known.how == "copied")
    }

    /// Files that are not what the proof says, each with what is wrong.
    pub(super) fn changed_files(&self, folder: &Path) -> Result<Vec<(String, String)>, EngineError> {
        let failed = |source| EngineError::Open { path: folder.display().to_string(), source };
        let source = PathSource::open(folder).map_err(failed)?;
        let mut wrong = Vec::new();
        for (path, hash) in &self.files {
            let Some(index) = source.find(path) else {
                wrong.push((path.clone(), "it is missing, and the export's own proof names it".to_owned()));
                continue;
            };
            let (object, _) = prairie_store::hash_file(&source, index, &|_| {}).map_err(failed)?;
            if Hash256::from_bytes(*object.as_bytes()).to_string() != *hash {
                wrong.push((path.clone(), "its bytes are not those that the export's own proof names".to_owned()));
            }
        }
        Ok(wrong)
    }
}

//! What becomes of everything in a form of rows: features and cameras over all episodes.
//!
//! **Invariant:** an episode counts once, when all of it is written, or as left out.

use std::collections::BTreeMap;

use prairie_model::StreamKind;

use crate::error::EngineError;
use crate::export::features::Feature;
use crate::export::grid::FramePlan;
use crate::export::laid::{Done, Laid, unlike};
use crate::export::proof::{EpisodeProof, Proof, VideoProof};
use crate::export::rows::FeatureTotals;
use crate::export::{ExportJob, StoredEpisode};
use prairie_catalog::DatasetEpisode;

/// What was written of a camera of one episode.
pub(crate) struct Pictures<'a> {
    pub(crate) feature: &'a Feature,
    /// What the rows show.
    pub(crate) plan: FramePlan,
    /// `copied`, `encoded` or `decoded`.
    pub(crate) how: &'static str,
    pub(crate) codec: &'static str,
    /// Why not all of it was copied.
    pub(crate) why: Option<String>,
    /// Bytes of all pictures.
    pub(crate) bytes: u64,
}

/// Features and cameras over the episodes so far.
#[derive(Default)]
pub(crate) struct Account {
    totals: Vec<FeatureTotals>,
    videos: BTreeMap<String, VideoProof>,
    /// Name and names of each numeric feature of the first episode; the others must have the same.
    shapes: Option<Vec<(String, Vec<String>)>>,
}

fn shapes(laid: &Laid<'_>) -> Vec<(String, Vec<String>)> {
    laid.rows.iter().map(|rows| (rows.feature.clone(), rows.names.clone())).collect()
}

impl Account {
    /// In what the numbers of an episode differ from those of the first one.
    pub(crate) fn differs(&self, laid: &Laid<'_>) -> Option<String> {
        let (known, here) = (self.shapes.as_ref()?, shapes(laid));
        (*known != here).then(|| unlike(&here, known))
    }

    /// Adds an episode that was written.
    pub(crate) fn add(
        &mut self,
        job: &ExportJob,
        laid: &Laid<'_>,
        pictures: Vec<Pictures<'_>>,
    ) -> Result<(), EngineError> {
        self.shapes.get_or_insert_with(|| shapes(laid));
        for (at, rows) in laid.rows.iter().enumerate() {
            if self.totals.len() <= at {
                let feature = job.selection.features.iter().find(|feature| feature.name == rows.feature);
                let feature = feature.ok_or_else(|| EngineError::Bug(format!("feature `{}`", rows.feature)))?;
                self.totals.push(FeatureTotals::new(feature, rows));
            }
            self.totals[at].add(rows);
        }
        for Pictures { feature, plan, how, codec, why, bytes } in pictures {
            let video = self.videos.entry(feature.name.clone()).or_default();
            video.add_frames(feature, how, codec, &plan, bytes);
            video.why_encoded = video.why_encoded.take().or(why);
        }
        Ok(())
    }

    /// Tells the proof of an episode that was added; its rows are `fps` a second.
    pub(crate) fn tell(
        &mut self,
        proof: &mut Proof,
        episode: &StoredEpisode,
        member: &DatasetEpisode,
        done: Done,
        fps: f64,
    ) {
        for (feature, skip) in &done.skips {
            self.videos.entry(feature.clone()).or_default().begin_late(skip.frames as u64, skip.lost);
        }
        proof.left_out.extend(done.late.map(|why| format!("episode {}: {why}", episode.id)));
        proof.rows += done.rows;
        proof.duration_s += done.rows as f64 / fps;
        proof.episodes.push(EpisodeProof {
            id: episode.id,
            recording: episode.recording,
            index: proof.episodes.len() as u64,
            split: member.split.clone(),
            rows: done.rows,
            start_ns: done.start_ns.to_string(),
            samples_in: done.samples_in,
        });
    }

    /// Counts the frames of an episode that is left out as dropped.
    pub(crate) fn leave_out(&mut self, job: &ExportJob, episode: &StoredEpisode) {
        for feature in job.selection.features.iter().filter(|feature| feature.video) {
            let is_part = |stream: &&prairie_model::Stream| {
                stream.kind == Some(StreamKind::Image) && feature.parts.iter().any(|part| part.stream == stream.name)
            };
            let frames = episode.streams.iter().filter(is_part).map(|stream| stream.samples).sum();
            self.videos.entry(feature.name.clone()).or_default().leave_out(feature, frames);
        }
    }

    /// Gives the proof what all episodes came to.
    pub(crate) fn close(self, proof: &mut Proof) {
        proof.features = self.totals.into_iter().map(FeatureTotals::finish).collect();
        proof.videos = self.videos.into_values().collect();
    }
}

//! Numbers of a feature, row by row.

use prairie_model::{Clock, EpisodeId, Hash256, Series, StreamBatch, StreamKind};
use sha2::{Digest, Sha256};

use crate::Engine;
use crate::error::EngineError;
use crate::export::action::Converted;
use crate::export::align::{Align, align, blend};
use crate::export::features::{Feature, Part};
use crate::export::grid::Grid;
use crate::export::load::StoredEpisode;
use crate::export::number::NumberType;
use crate::export::proof::FeatureProof;

/// One part of a feature with all its samples.
pub(crate) struct LoadedPart {
    batch: StreamBatch,
    series: &'static str,
}

/// The rows of one feature of one episode.
pub(crate) struct FeatureRows {
    /// The feature's name.
    pub(crate) feature: String,
    /// `rows × width` numbers, as they are stored.
    pub(crate) values: Vec<f64>,
    /// How they are stored.
    pub(crate) number: NumberType,
    /// Numbers per row.
    pub(crate) width: usize,
    /// A name per number.
    pub(crate) names: Vec<String>,
    /// What the source calls each number; `None` where it has no name.
    pub(crate) elements: Vec<Option<String>>,
    /// Samples that came in.
    pub(crate) samples: u64,
    /// Numbers that were missing.
    pub(crate) missing: u64,
    /// The oldest or farthest sample that a row holds.
    pub(crate) largest_distance_ns: i64,
    /// Largest difference between a number and what is stored of it.
    pub(crate) largest_rounding: f64,
    /// What became of commands that were asked for in another form.
    pub(crate) converted: Option<Converted>,
}

impl LoadedPart {
    /// The first and last time of the part's samples.
    pub(crate) fn span(&self) -> Option<(i64, i64)> {
        let times = self.batch.t_ns();
        Some((*times.first()?, *times.last()?))
    }

    /// The median time between samples; `None` below two.
    pub(crate) fn period_ns(&self) -> Option<i64> {
        period_ns(self.batch.t_ns())
    }

    fn series(&self) -> Option<Series<'_>> {
        self.batch.series().into_iter().find(|series| series.name == self.series)
    }

    /// A name per number of the series: its column, or what the stream calls it, made unique by the stream's name where several streams share
    /// a feature.
    fn names(&self, width: usize, alone: bool) -> Vec<String> {
        let stream = &self.batch.stream;
        let columns = self.series().map(|series| series.columns).unwrap_or_default();
        (0..width)
            .map(|at| {
                // The names of a stream are those of the elements of a list, and its columns have their own.
                let name = match (columns.get(at), stream.names.get(at)) {
                    (Some(column), _) => (*column).to_owned(),
                    (None, Some(name)) => name.clone(),
                    (None, None) if width == 1 => self.series.to_owned(),
                    (None, None) => format!("{}_{at}", self.series),
                };
                if alone || stream.kind == Some(StreamKind::JointState) {
                    name
                } else {
                    format!("{}.{name}", stream.name.trim_matches('/').replace('/', "_"))
                }
            })
            .collect()
    }

    /// Times that are a container's rounded row times may lie a little after the grid without being the future.
    fn slack_ns(&self, grid: &Grid) -> i64 {
        if self.batch.stream.clock == Clock::Row { (1e7 / grid.fps) as i64 } else { 0 }
    }
}

/// The median step of `times`; `None` below two.
pub(crate) fn period_ns(times: &[i64]) -> Option<i64> {
    let mut gaps: Vec<i64> = times.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
    if gaps.is_empty() {
        return None;
    }
    let middle = gaps.len() / 2;
    Some(*gaps.select_nth_unstable(middle).1)
}

impl Engine {
    /// The samples of a feature's parts. A part that has no number in this episode is passed over.
    pub(crate) fn load_parts(
        &self,
        episode: &StoredEpisode,
        feature: &Feature,
        snapshot: u64,
    ) -> Result<Vec<LoadedPart>, EngineError> {
        let mut parts = Vec::new();
        for Part { stream, series } in &feature.parts {
            let found = episode.streams.iter().find(|known| known.name == *stream);
            let stream = found.ok_or_else(|| missing(episode.id, stream))?;
            let part = LoadedPart { batch: self.load_samples(episode.id, stream, snapshot)?, series };
            if part.series().is_some() {
                parts.push(part);
            }
        }
        Ok(parts)
    }
}

fn missing(episode: EpisodeId, stream: &str) -> EngineError {
    EngineError::Bug(format!("episode {episode} lost its stream `{stream}`"))
}

/// The rows of a feature at the times of `grid`, or why there are none.
pub(crate) fn rows(
    feature: &Feature,
    parts: &[LoadedPart],
    grid: &Grid,
    rule: Align,
    tolerance_s: Option<f64>,
) -> Result<FeatureRows, String> {
    let times = grid.times();
    // Between two truth values there is nothing.
    let rule = if feature.number.is_discrete() && rule == Align::Linear { Align::Latest } else { rule };
    let mut columns: Vec<(usize, Vec<f64>)> = Vec::new();
    let mut out = FeatureRows {
        feature: feature.name.clone(),
        values: Vec::new(),
        number: feature.number,
        width: 0,
        names: Vec::new(),
        elements: Vec::new(),
        samples: 0,
        missing: 0,
        largest_distance_ns: 0,
        largest_rounding: 0.0,
        converted: None,
    };
    for part in parts {
        let Some(series) = part.series() else { continue };
        let tolerance_ns = tolerance_ns(part, tolerance_s);
        let picks = align(rule, part.batch.t_ns(), &times, tolerance_ns, part.slack_ns(grid));
        let quaternions: Vec<usize> = series.columns.iter().position(|column| *column == "qx").into_iter().collect();
        let mut values = Vec::with_capacity(times.len() * series.width);
        for (row, pick) in picks.into_iter().enumerate() {
            let Some(pick) = pick else {
                return Err(format!(
                    "`{}` has no sample within {:.3} s of {:.3} s into the export of `{}`",
                    part.batch.stream.name,
                    tolerance_ns as f64 / 1e9,
                    row as f64 / grid.fps,
                    feature.name
                ));
            };
            out.largest_distance_ns = out.largest_distance_ns.max(pick.distance_ns);
            values.extend(blend(&series.values, series.width, pick, &quaternions));
        }
        out.samples += part.batch.len() as u64;
        out.names.extend(part.names(series.width, parts.len() == 1));
        out.elements.extend((0..series.width).map(|at| part.batch.stream.names.get(at).cloned()));
        out.width += series.width;
        columns.push((series.width, values));
    }
    out.values.reserve_exact(times.len() * out.width);
    for row in 0..times.len() {
        for (width, values) in &columns {
            for value in &values[row * width..(row + 1) * width] {
                out.store(*value).map_err(|why| format!("`{}` at row {row}: {why}", feature.name))?;
            }
        }
    }
    Ok(out)
}

impl FeatureRows {
    fn store(&mut self, value: f64) -> Result<(), String> {
        let stored = self.number.stored(value);
        let stored = stored.ok_or_else(|| match value.is_nan() {
            true => format!("a value is missing, which {} cannot say", self.number.name()),
            false => format!("{value} is no {}", self.number.name()),
        })?;
        if value.is_nan() {
            self.missing += 1;
        } else if value.is_finite() {
            self.largest_rounding = self.largest_rounding.max((stored - value).abs());
        }
        self.values.push(stored);
        Ok(())
    }
}

/// How old a sample may be: as asked, else three of the stream's own periods, and never less than a tenth of a second.
fn tolerance_ns(part: &LoadedPart, asked_s: Option<f64>) -> i64 {
    match asked_s {
        Some(asked) => (asked * 1e9) as i64,
        None => part.period_ns().unwrap_or(i64::MAX).saturating_mul(3).max(100_000_000),
    }
}

/// Statistics and hash of a feature over the rows of all episodes.
pub(crate) struct FeatureTotals {
    proof: FeatureProof,
    sum: Vec<f64>,
    count: Vec<u64>,
    hash: Sha256,
}

impl FeatureTotals {
    /// Totals of nothing.
    pub(crate) fn new(feature: &Feature, first: &FeatureRows) -> Self {
        Self {
            proof: FeatureProof {
                feature: feature.name.clone(),
                streams: feature.parts.iter().map(|part| part.stream.clone()).collect(),
                stored_as: feature.number.name().to_owned(),
                width: first.width,
                samples_in: 0,
                rows_out: 0,
                missing: 0,
                largest_distance_s: 0.0,
                hash: Hash256::from_bytes([0; 32]),
                largest_rounding: 0.0,
                min: vec![f64::INFINITY; first.width],
                max: vec![f64::NEG_INFINITY; first.width],
                mean: Vec::new(),
                converted: None,
            },
            sum: vec![0.0; first.width],
            count: vec![0; first.width],
            hash: Sha256::new(),
        }
    }

    /// Adds the rows of an episode.
    pub(crate) fn add(&mut self, rows: &FeatureRows) {
        self.proof.samples_in += rows.samples;
        if let Some(converted) = &rows.converted {
            let all = self.proof.converted.get_or_insert_with(|| converted.clone());
            all.assumed_absolute |= converted.assumed_absolute;
            // An episode whose source has the form already says nothing of the others.
            all.formula = all.formula.take().or_else(|| converted.formula.clone());
        }
        self.proof.missing += rows.missing;
        self.proof.rows_out += (rows.values.len() / rows.width.max(1)) as u64;
        self.proof.largest_distance_s = self.proof.largest_distance_s.max(rows.largest_distance_ns as f64 / 1e9);
        self.proof.largest_rounding = self.proof.largest_rounding.max(rows.largest_rounding);
        let mut bytes = Vec::new();
        for row in rows.values.chunks_exact(rows.width.max(1)) {
            bytes.clear();
            for (at, value) in row.iter().enumerate() {
                rows.number.bytes(*value, &mut bytes);
                if value.is_finite() {
                    self.proof.min[at] = self.proof.min[at].min(*value);
                    self.proof.max[at] = self.proof.max[at].max(*value);
                    self.sum[at] += value;
                    self.count[at] += 1;
                }
            }
            self.hash.update(&bytes);
        }
    }

    /// The proof of the feature.
    pub(crate) fn finish(mut self) -> FeatureProof {
        self.proof.hash = Hash256::from_bytes(self.hash.finalize().into());
        self.proof.mean = self.sum.iter().zip(&self.count).map(|(sum, count)| sum / (*count as f64)).collect();
        self.proof
    }
}

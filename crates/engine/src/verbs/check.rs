//! `check`: findings without a store, and new receipts for what is stored.

use std::path::PathBuf;

use prairie_model::StreamBatch;
use prairie_quality::History;

use crate::error::{EngineError, chain};
use crate::find::{self, Found};
use crate::inspect::{InspectSink, InspectedEpisode, inspect};
use crate::options::InspectOptions;
use crate::progress::Progress;
use crate::report::{CheckReport, CheckedEpisode, Failure, FindingReport};

/// Checks every recording under `paths` and keeps nothing.
///
/// # Errors
///
/// When the caller cancels. A recording that cannot be read is told in the report.
pub fn check(
    paths: &[PathBuf],
    options: &InspectOptions,
    progress: &dyn Progress,
) -> Result<CheckReport, EngineError> {
    let mut report = CheckReport { episodes: Vec::new(), failed: Vec::new(), damaged: Vec::new() };
    for found in find::recordings(paths) {
        let (path, source) = match found {
            Found::Recording(path, source) => (path, source),
            Found::Failed(path, _, error) => {
                report.failed.push(failure(path, &error));
                continue;
            }
        };
        let mut sink = Collect { path: &path, episodes: Vec::new() };
        match inspect(&path, &source, options, &History::default(), &mut sink, progress) {
            Ok(inspection) => {
                report.episodes.append(&mut sink.episodes);
                if !inspection.complete {
                    report.damaged.push(path);
                }
            }
            Err(error) if error.stops_everything() => return Err(error),
            Err(error) => report.failed.push(failure(path, &error)),
        }
    }
    Ok(report)
}

fn failure(path: String, error: &EngineError) -> Failure {
    Failure { path, error: chain(error), hint: error.hint() }
}

struct Collect<'a> {
    path: &'a str,
    episodes: Vec<CheckedEpisode>,
}

impl InspectSink for Collect<'_> {
    fn batch(&mut self, _batch: &StreamBatch) -> Result<(), EngineError> {
        Ok(())
    }

    fn episode(&mut self, inspected: InspectedEpisode) -> Result<(), EngineError> {
        let InspectedEpisode { draft, examined, .. } = inspected;
        let start = draft.episode.start();
        self.episodes.push(CheckedEpisode {
            path: self.path.to_owned(),
            key: draft.episode.key.clone(),
            ordinal: draft.episode.ordinal,
            start_ns: start,
            duration_s: draft.episode.duration_s(),
            findings: examined.findings.iter().map(|finding| FindingReport::new(finding, start)).collect(),
            dimensions: examined.dimensions,
            repairs: examined.repairs,
            decision: examined.decision,
        });
        Ok(())
    }
}

//! `ingest --dry-run`: what would be read, from indexes and summaries alone.

use std::path::PathBuf;

use serde::Serialize;

use crate::error::{EngineError, chain};
use crate::find::{self, Found};
use crate::options::InspectOptions;
use crate::progress::Progress;
use crate::report::PassedOver;

/// What an `ingest` would read.
#[derive(Debug, Clone, Serialize)]
pub struct PlansReport {
    /// Every recording that was found under the paths.
    pub recordings: Vec<PlanReport>,
    /// What lies beside them.
    #[serde(flatten)]
    pub passed_over: PassedOver,
}

/// What the indexes of one recording say.
#[derive(Debug, Clone, Serialize)]
pub struct PlanReport {
    /// As the caller named it.
    pub path: String,
    /// Bytes of all files.
    pub bytes: u64,
    /// `mcap`, `lerobot`; `None` when it cannot be read.
    pub format: Option<String>,
    /// Version or profile of the format.
    pub profile: Option<String>,
    /// Channels that the index knows.
    pub channels: Vec<ChannelPlan>,
    /// Episodes that the container itself delimits; zero where only reading tells.
    pub episodes: u64,
    /// What is wrong already.
    pub notes: Vec<String>,
    /// Why it cannot be read.
    pub error: Option<String>,
}

/// What the index says of one channel.
#[derive(Debug, Clone, Serialize)]
pub struct ChannelPlan {
    /// Topic or feature.
    pub topic: String,
    /// Message type.
    pub schema: String,
    /// Message encoding.
    pub encoding: String,
    /// Messages, where the index counts them.
    pub messages: Option<u64>,
    /// What it would become: `samples`, or why it would not.
    pub becomes: String,
}

/// Plans every recording under `paths` and reads nothing but indexes.
///
/// # Errors
///
/// When the caller cancels. A recording that cannot be read is told in its report.
pub fn plan(paths: &[PathBuf], options: &InspectOptions, progress: &dyn Progress) -> Result<PlansReport, EngineError> {
    let mut plans = Vec::new();
    let finds = find::recordings(paths);
    for found in finds.found {
        if progress.cancelled() {
            return Err(EngineError::Cancelled);
        }
        plans.push(match found {
            Found::Failed(path, bytes, error) => failed(path, bytes, &error),
            Found::Recording(path, source) => {
                let bytes = find::size(&source);
                match crate::inspect::plan(&path, &source, options.overrides.format.as_deref()) {
                    Err(error) => failed(path, bytes, &error),
                    Ok((_, plan)) => PlanReport {
                        path,
                        bytes,
                        format: Some(plan.format),
                        profile: plan.profile,
                        channels: plan
                            .channels
                            .iter()
                            .map(|channel| ChannelPlan {
                                topic: channel.topic.clone(),
                                schema: channel.schema_name.clone(),
                                encoding: channel.encoding.to_string(),
                                messages: channel.claimed_messages,
                                becomes: match &channel.undecodable {
                                    None => "samples".to_owned(),
                                    Some(why) => format!("counted only: {why}"),
                                },
                            })
                            .collect(),
                        episodes: plan.episodes.len() as u64,
                        notes: plan.notes.into_iter().map(|note| note.text).collect(),
                        error: None,
                    },
                }
            }
        });
    }
    Ok(PlansReport { recordings: plans, passed_over: finds.passed_over })
}

fn failed(path: String, bytes: u64, error: &EngineError) -> PlanReport {
    PlanReport {
        path,
        bytes,
        format: None,
        profile: None,
        channels: Vec::new(),
        episodes: 0,
        notes: Vec::new(),
        error: Some(chain(error)),
    }
}

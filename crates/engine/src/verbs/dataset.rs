//! `dataset`: freezes a selection as a version.
//!
//! A version is the list of episodes, the recipe that chose them, and a hash over both. The split is by episode, seeded, and
//! stratified by task: within each task, episodes are ordered by the hash of seed and episode, and dealt out by the shares.

use std::collections::BTreeMap;

use prairie_catalog::{DatasetEpisode, DatasetVersion, NewDatasetVersion};
use prairie_model::{EpisodeId, Hash256, RecordingId, hash_canonical};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::Engine;
use crate::cells::{Cells, literal};
use crate::error::EngineError;

/// How the episodes of a version are chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DatasetRecipe {
    /// A condition on the table `episodes`.
    #[serde(rename = "where")]
    pub condition: String,
    /// The snapshot it is asked of; the latest when `None`.
    #[serde(skip)]
    pub snapshot: Option<u64>,
    /// Names and shares of the split. Shares add up to one.
    pub split: Vec<(String, f64)>,
    /// Seed of the split.
    pub seed: u64,
    /// Licence of the dataset; that of its recordings, where they agree, when `None`.
    pub licence: Option<String>,
}

impl DatasetRecipe {
    /// Every episode for which `condition` holds in the latest snapshot, all in the split `train`.
    pub fn new(condition: impl Into<String>) -> Self {
        let split = vec![("train".to_owned(), 1.0)];
        Self { condition: condition.into(), snapshot: None, split, seed: 0, licence: None }
    }
}

/// Hours of a version: three numbers that differ. Copies of one attempt (the same rows, or the same motion in another format)
/// count once.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct DatasetHours {
    /// Of all its episodes.
    pub raw: f64,
    /// Of its accepted episodes.
    pub accepted: f64,
    /// Of its accepted episodes that were exported at least once.
    pub delivered: f64,
}

/// A frozen version.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DatasetReport {
    /// The dataset.
    pub name: String,
    /// From 1.
    pub version: u32,
    /// How many episodes it froze.
    pub episodes: u64,
    /// Its hours.
    pub hours: DatasetHours,
    /// Episodes per part of the split.
    pub split_counts: BTreeMap<String, u64>,
    /// How they were chosen.
    pub recipe: DatasetRecipe,
    /// The snapshot that its rows are read at.
    pub snapshot: u64,
    /// Hash over the list and the recipe.
    pub hash: Hash256,
    /// Episodes that were erased since; a version that misses some cannot be exported whole.
    pub erased: Vec<EpisodeId>,
    /// The episodes. Left out of lists of datasets.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<DatasetEpisode>,
}

impl Engine {
    /// Freezes the episodes that the recipe selects as a new version of `name`.
    ///
    /// # Errors
    ///
    /// When the condition selects nothing or is none, the shares do not add up, or the licences contradict.
    pub fn create_dataset(&self, name: &str, recipe: &DatasetRecipe) -> Result<DatasetReport, EngineError> {
        check_split(&recipe.split)?;
        self.must_write("freezing the dataset")?;
        let snapshot = recipe.snapshot.map_or_else(|| self.snapshot(), Ok)?;
        let sql =
            format!("SELECT episode_id, task, licence FROM episodes WHERE {} ORDER BY episode_id", recipe.condition);
        let mut chosen: Vec<(EpisodeId, Option<String>)> = Vec::new();
        let mut licences: BTreeMap<Option<String>, u64> = BTreeMap::new();
        for batch in self.run_sql(&sql, Some(snapshot))?.1 {
            let cells = Cells::of(&batch)?;
            for row in 0..cells.rows() {
                let id = cells.text("episode_id", row).unwrap_or_default();
                let id = id.parse().map_err(|_bad| EngineError::Bug(format!("episode id `{id}`")))?;
                chosen.push((id, cells.text("task", row)));
                *licences.entry(cells.text("licence", row)).or_default() += 1;
            }
        }
        if chosen.is_empty() {
            return Err(EngineError::Refused(format!(
                "no episode satisfies `{}` at snapshot {snapshot}: a version holds at least one",
                recipe.condition
            )));
        }
        let mut recipe = recipe.clone();
        if recipe.licence.is_none() && licences.len() == 1 {
            recipe.licence = licences.into_keys().next().flatten();
        }
        let episodes = split(&chosen, &recipe);
        let kept = json!({
            "where": recipe.condition, "split": recipe.split, "seed": recipe.seed, "licence": recipe.licence,
            "snapshot": snapshot, "code": concat!("prairie ", env!("CARGO_PKG_VERSION")),
        });
        let hash = hash_canonical(&json!({ "recipe": kept, "episodes": episodes }))
            .map_err(|error| EngineError::Bug(error.to_string()))?;
        let version = NewDatasetVersion {
            name: name.to_owned(),
            recipe: kept,
            snapshot: prairie_catalog::SnapshotId(snapshot),
            episodes,
            hash,
        };
        let version = self.freeze(&version)?;
        self.report(version, true)
    }

    /// Every version of every dataset, by name and version.
    ///
    /// # Errors
    ///
    /// When the catalog fails.
    pub fn datasets(&self) -> Result<Vec<DatasetReport>, EngineError> {
        self.dataset_versions()?.into_iter().map(|version| self.report(version, false)).collect()
    }

    /// One version: `NAME` is the latest, `NAME@2` the second.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn dataset(&self, name: &str) -> Result<DatasetReport, EngineError> {
        let (name, version) = parse_name(name)?;
        self.report(self.dataset_version(name, version)?, true)
    }

    fn report(&self, version: DatasetVersion, list: bool) -> Result<DatasetReport, EngineError> {
        let members = self.dataset_members(&version)?;
        let mut split_counts = BTreeMap::new();
        for member in &members {
            *split_counts.entry(member.split.clone()).or_default() += 1;
        }
        let recipe: DatasetRecipe = serde_json::from_value(version.recipe.clone())
            .map_err(|error| EngineError::Bug(format!("recipe of `{}`: {error}", version.name)))?;
        let hours = self.hours(&version, &members)?;
        Ok(DatasetReport {
            name: version.name,
            version: version.version,
            episodes: version.episode_count,
            hours,
            split_counts,
            recipe,
            snapshot: version.snapshot.0,
            hash: version.hash,
            erased: version.erased,
            members: if list { members } else { Vec::new() },
        })
    }

    /// Raw, accepted and delivered hours of a version, at its snapshot. Copies of one attempt count once: as long as the longest.
    fn hours(&self, version: &DatasetVersion, members: &[DatasetEpisode]) -> Result<DatasetHours, EngineError> {
        let snapshot = version.snapshot.0;
        let ids: Vec<EpisodeId> = members.iter().map(|member| member.episode).collect();
        let metered = self.metered(&ids, snapshot)?;
        let copies = self.copies(&ids, snapshot)?;
        let mut others: Vec<EpisodeId> = copies.iter().map(|(.., other)| *other).collect();
        others.sort_unstable();
        others.dedup();
        let others = self.metered(&others, snapshot)?;
        let mut attempts = Attempts::default();
        for (id, code, other) in copies {
            let pair = metered.get(&id).zip(others.get(&other));
            let is_same = code == "DUP001" || pair.map_or(Ok(false), |(one, other)| self.is_one_attempt(one, other))?;
            if is_same {
                attempts.join(id, other);
            }
        }
        // Longest raw and longest accepted, by attempt.
        let mut longest: BTreeMap<EpisodeId, (f64, f64)> = BTreeMap::new();
        for (id, episode) in &metered {
            let (raw, accepted) = longest.entry(attempts.of(*id)).or_default();
            *raw = raw.max(episode.duration_s);
            if episode.is_accepted {
                *accepted = accepted.max(episode.duration_s);
            }
        }
        let mut hours = DatasetHours::default();
        for (raw, accepted) in longest.into_values() {
            hours.raw += raw / 3600.0;
            hours.accepted += accepted / 3600.0;
        }
        if self.was_exported(&version.name, version.version)? {
            hours.delivered = hours.accepted;
        }
        Ok(hours)
    }

    /// What hours are counted from, of the episodes that have a duration.
    fn metered(&self, ids: &[EpisodeId], snapshot: u64) -> Result<BTreeMap<EpisodeId, Metered>, EngineError> {
        let mut metered = BTreeMap::new();
        let columns = "episode_id, recording_id, duration_s, decision, dated, start_ns";
        for ids in ids.chunks(IDS_AT_ONCE) {
            let sql = format!("SELECT {columns} FROM episodes WHERE episode_id IN ({})", list(ids));
            for batch in self.run_sql(&sql, Some(snapshot))?.1 {
                let cells = Cells::of(&batch)?;
                for row in 0..cells.rows() {
                    let id = cells.text("episode_id", row).and_then(|id| id.parse().ok());
                    let recording = cells.text("recording_id", row).and_then(|id| id.parse().ok());
                    let (Some(id), Some(recording)) = (id, recording) else { continue };
                    let Some(duration_s) = cells.float("duration_s", row) else { continue };
                    let is_accepted = cells.text("decision", row).as_deref() == Some("accept");
                    let start_ns = cells.integer("start_ns", row).filter(|_| cells.truth("dated", row) == Some(true));
                    metered.insert(id, Metered { recording, duration_s, is_accepted, start_ns });
                }
            }
        }
        Ok(metered)
    }

    /// Which of these episodes were found to be copies: of which episode, and by which check.
    fn copies(&self, ids: &[EpisodeId], snapshot: u64) -> Result<Vec<(EpisodeId, String, EpisodeId)>, EngineError> {
        let mut copies = Vec::new();
        for ids in ids.chunks(IDS_AT_ONCE) {
            let sql = format!(
                "SELECT episode_id, code, message FROM findings WHERE code LIKE 'DUP%' AND episode_id IN ({})",
                list(ids)
            );
            for batch in self.run_sql(&sql, Some(snapshot))?.1 {
                let cells = Cells::of(&batch)?;
                for row in 0..cells.rows() {
                    let text = |name: &str| cells.text(name, row).unwrap_or_default();
                    let id = text("episode_id").parse().ok();
                    copies.extend(
                        id.zip(prairie_quality::copied_from(&text("message")))
                            .map(|(id, other)| (id, text("code"), other)),
                    );
                }
            }
        }
        copies.sort();
        Ok(copies)
    }

    /// Whether two episodes of the same motion are one attempt, and not a program that ran twice: they came in different formats,
    /// or took place at the same time.
    fn is_one_attempt(&self, one: &Metered, other: &Metered) -> Result<bool, EngineError> {
        if let Some((start, other)) = one.start_ns.zip(other.start_ns) {
            return Ok(start.abs_diff(other) < SAME_START_NS);
        }
        let format = |id| Ok::<_, EngineError>(self.recording(id)?.map(|stored| stored.row.format));
        Ok(one.recording != other.recording && format(one.recording)? != format(other.recording)?)
    }
}

/// Ids in one query.
const IDS_AT_ONCE: usize = 1000;

/// Two recordings of one attempt start within so many nanoseconds of each other.
const SAME_START_NS: u64 = 1_000_000_000;

/// What hours are counted from.
struct Metered {
    recording: RecordingId,
    duration_s: f64,
    is_accepted: bool,
    /// When it started; `None` where its times do not count from 1970.
    start_ns: Option<i64>,
}

/// Which episodes are one attempt: each points to another one of it, or to none.
#[derive(Default)]
struct Attempts {
    same_as: BTreeMap<EpisodeId, EpisodeId>,
}

impl Attempts {
    /// The episode that stands for the attempt.
    fn of(&self, mut id: EpisodeId) -> EpisodeId {
        while let Some(next) = self.same_as.get(&id) {
            id = *next;
        }
        id
    }

    fn join(&mut self, one: EpisodeId, other: EpisodeId) {
        let (one, other) = (self.of(one), self.of(other));
        if one != other {
            // The lesser id stands for both, so that no order of joining makes a difference.
            self.same_as.insert(one.max(other), one.min(other));
        }
    }
}

/// Ids as a list in SQL.
fn list(ids: &[EpisodeId]) -> String {
    let ids: Vec<_> = ids.iter().map(|id| literal(&id.to_string())).collect();
    ids.join(", ")
}

/// `NAME` or `NAME@VERSION`.
pub(crate) fn parse_name(name: &str) -> Result<(&str, Option<u32>), EngineError> {
    match name.split_once('@') {
        None => Ok((name, None)),
        Some((dataset, version)) => match version.trim_start_matches('v').parse() {
            Ok(version) => Ok((dataset, Some(version))),
            Err(_) => Err(EngineError::invalid(format!("dataset `{name}`"), "a version is a number, as in `NAME@2`")),
        },
    }
}

fn check_split(split: &[(String, f64)]) -> Result<(), EngineError> {
    let sum: f64 = split.iter().map(|(_, share)| share).sum();
    if split.iter().any(|(_, share)| !(0.0..=1.0).contains(share)) || (sum - 1.0).abs() > 1e-9 {
        return Err(EngineError::invalid(
            "the split",
            format!("shares are between 0 and 1 and add up to 1, not {sum}"),
        ));
    }
    let names: BTreeMap<&str, ()> = split.iter().map(|(name, _)| (name.as_str(), ())).collect();
    if names.len() != split.len() || names.contains_key("") {
        return Err(EngineError::invalid("the split", "every part has a name of its own"));
    }
    Ok(())
}

/// Deals episodes out, within each task by the hash of seed and id, so that the parts have the shares of the recipe to within
/// one episode per task.
fn split(chosen: &[(EpisodeId, Option<String>)], recipe: &DatasetRecipe) -> Vec<DatasetEpisode> {
    let mut by_task: BTreeMap<&Option<String>, Vec<(Hash256, EpisodeId)>> = BTreeMap::new();
    for (id, task) in chosen {
        let place = Hash256::of(format!("prairie/split/1\n{}\n{id}", recipe.seed).as_bytes());
        by_task.entry(task).or_default().push((place, *id));
    }
    let mut episodes = Vec::new();
    for mut members in by_task.into_values() {
        members.sort();
        let n = members.len() as f64;
        let mut bound = 0.0;
        let mut at = 0;
        for (part, (name, share)) in recipe.split.iter().enumerate() {
            bound += share * n;
            // The last part takes what rounding leaves. OK to cast: a count of members.
            let end = if part + 1 == recipe.split.len() { members.len() } else { bound.round() as usize };
            for (_, episode) in &members[at..end.clamp(at, members.len())] {
                episodes.push(DatasetEpisode { episode: *episode, split: name.clone() });
            }
            at = end.clamp(at, members.len());
        }
    }
    episodes.sort_by_key(|member| member.episode);
    episodes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipe(split: &[(&str, f64)], seed: u64) -> DatasetRecipe {
        DatasetRecipe {
            condition: "true".to_owned(),
            snapshot: None,
            split: split.iter().map(|(name, share)| ((*name).to_owned(), *share)).collect(),
            seed,
            licence: None,
        }
    }

    fn episodes(n: u8, task: &str) -> Vec<(EpisodeId, Option<String>)> {
        (0..n).map(|at| (EpisodeId::from_bytes([at; 16]), Some(task.to_owned()))).collect()
    }

    #[test]
    fn the_split_has_its_shares_within_every_task() {
        let mut chosen = episodes(20, "pick");
        chosen.extend((100..110).map(|at| (EpisodeId::from_bytes([at; 16]), Some("place".to_owned()))));
        let parts = split(&chosen, &recipe(&[("train", 0.8), ("test", 0.2)], 1));
        assert_eq!(parts.len(), 30);
        let of = |from: u8, to: u8, name: &str| {
            parts.iter().filter(|part| (from..to).contains(&part.episode.as_bytes()[0]) && part.split == name).count()
        };
        assert_eq!((of(0, 20, "train"), of(0, 20, "test")), (16, 4));
        assert_eq!((of(100, 110, "train"), of(100, 110, "test")), (8, 2));
    }

    #[test]
    fn the_split_depends_on_the_seed_alone() {
        let chosen = episodes(40, "pick");
        let mut other = chosen.clone();
        other.reverse();
        let one = recipe(&[("train", 0.5), ("test", 0.5)], 7);
        assert_eq!(split(&chosen, &one), split(&other, &one));
        assert_ne!(split(&chosen, &one), split(&chosen, &DatasetRecipe { seed: 8, ..one.clone() }));
    }

    #[test]
    fn shares_that_do_not_add_up_are_refused() {
        let bad = recipe(&[("train", 0.9), ("test", 0.2)], 0);
        assert!(check_split(&bad.split).is_err());
        assert!(check_split(&recipe(&[("a", 0.5), ("a", 0.5)], 0).split).is_err());
        assert!(check_split(&recipe(&[("a", 1.0)], 0).split).is_ok());
    }

    #[test]
    fn names_carry_versions() {
        assert_eq!(parse_name("a").unwrap(), ("a", None));
        assert_eq!(parse_name("a@2").unwrap(), ("a", Some(2)));
        assert_eq!(parse_name("a@v2").unwrap(), ("a", Some(2)));
        assert!(parse_name("a@x").is_err());
    }
}

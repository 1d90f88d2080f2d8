//! What the rows that were read refer to, and the rules between tables.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, AsArray};
use prairie_model::{DerivationId, EpisodeId, StreamKind};

use super::cells::{runs, short};
use super::report::{Place, SpecProblem, SpecReport};
use super::rules::SpecRule;
use crate::cells::Cells;

/// What is kept of the rows that were read.
#[derive(Default)]
pub(super) struct Known {
    tables: BTreeSet<String>,
    pub(super) episodes: BTreeMap<EpisodeId, KnownEpisode>,
    /// Decisions by revision.
    pub(super) decisions: BTreeMap<(EpisodeId, u64), String>,
    /// Episodes by derivation and key.
    pub(super) keys: BTreeMap<(String, String), EpisodeId>,
    pub(super) streams: BTreeMap<EpisodeId, BTreeMap<String, KnownStream>>,
    pub(super) receipts: BTreeSet<String>,
    pub(super) skills: BTreeMap<EpisodeId, Vec<Skill>>,
    /// Episodes, and streams, that were told to be missing.
    strangers: BTreeSet<(EpisodeId, Option<String>)>,
}

/// An episode, by its latest revision.
#[derive(Default)]
pub(super) struct KnownEpisode {
    pub(super) revision: u64,
    pub(super) owner: Option<String>,
    pub(super) derivation: Option<DerivationId>,
    pub(super) content: Option<String>,
    pub(super) span: (Option<i64>, Option<i64>),
    pub(super) samples: Option<u64>,
    /// Whether it was made from another one, so that its times may have been moved.
    pub(super) is_repaired: bool,
}

/// A stream, as `streams` has it, and what was seen of its rows.
#[derive(Default)]
pub(super) struct KnownStream {
    pub(super) kind: Option<StreamKind>,
    pub(super) clock: String,
    pub(super) offset: Option<i64>,
    /// Whether its samples are points that lie after their message.
    pub(super) is_trajectory: bool,
    pub(super) promised: Option<u64>,
    pub(super) span: (Option<i64>, Option<i64>),
    pub(super) rows: u64,
    pub(super) seen: Option<(i64, i64)>,
}

/// A segment of label `skill`, and where it was read.
pub(super) struct Skill {
    pub(super) start: i64,
    pub(super) end: i64,
    pub(super) file: String,
    pub(super) row: u64,
}

/// Whose rows a file holds, once that is known.
#[derive(Default)]
pub(super) struct FileOwner {
    owner: Option<Option<String>>,
    told: bool,
}

impl Known {
    /// A file of the table is read.
    pub(super) fn begin(&mut self, table: &str) {
        self.tables.insert(table.to_owned());
    }

    /// Whether the table is there, so that its silence says something.
    pub(super) fn has(&self, table: &str) -> bool {
        self.tables.contains(table)
    }

    fn has_samples(&self) -> bool {
        StreamKind::ALL.into_iter().any(|kind| self.has(kind.table()))
    }

    /// The episodes of a batch: that they are known, and all of one owner.
    pub(super) fn check_episodes(&mut self, table: &str, cells: &Cells, file: &mut FileOwner, place: &mut Place<'_>) {
        let Some(texts) = cells.array("episode_id").and_then(|column| column.as_string_opt::<i32>()) else { return };
        for run in runs(&[texts], texts.len()) {
            let Some(id) = cells.text("episode_id", run.start).and_then(|text| text.parse::<EpisodeId>().ok()) else {
                continue;
            };
            let owner = match self.episodes.get(&id) {
                // A later revision of the episode may lie in another file: the row itself says whose it is.
                Some(_) if table == "episodes" => cells.text("owner", run.start),
                Some(episode) => episode.owner.clone(),
                None => {
                    if self.has("episodes") && self.strangers.insert((id, None)) {
                        place.tell(SpecRule::EpisodeMissing, run.start, format!("`episodes` has no episode {id}"));
                    }
                    continue;
                }
            };
            let first = file.owner.get_or_insert_with(|| owner.clone());
            if *first != owner && !file.told {
                file.told = true;
                let name = |owner: &Option<String>| owner.as_deref().map_or("nobody known".to_owned(), short);
                let text = format!("this row is of `{}`, and those before are of `{}`", name(&owner), name(first));
                place.tell(SpecRule::OwnersMixed, run.start, text);
            }
        }
    }

    /// Whether a stream that `streams` does not name is met for the first time.
    pub(super) fn is_stranger(&mut self, episode: EpisodeId, stream: &str) -> bool {
        self.has("streams") && self.strangers.insert((episode, Some(stream.to_owned())))
    }

    /// Rules between tables, where both are there.
    pub(super) fn compare(&mut self, report: &mut SpecReport) {
        if self.has_samples() {
            for (episode, streams) in &self.streams {
                streams.iter().for_each(|(name, stream)| compare_stream(*episode, name, stream, report));
            }
        }
        if self.has("streams") {
            for (id, episode) in &self.episodes {
                compare_episode(*id, episode, self.streams.get(id), report);
            }
        }
        for skills in self.skills.values_mut() {
            compare_skills(skills, report);
        }
    }
}

fn compare_stream(episode: EpisodeId, name: &str, stream: &KnownStream, report: &mut SpecReport) {
    let place = format!("episode {episode}: `{}`", short(name));
    let Some(promised) = stream.promised else { return };
    if stream.rows != promised {
        let text = format!("{place} has {} rows, and `streams` promises {promised}", stream.rows);
        report.tell(SpecRule::StreamSamples, text);
    } else if let (Some(seen), (Some(start), Some(end))) = (stream.seen, stream.span)
        && seen != (start, end)
    {
        let text = format!("{place} lasts from {} to {}, and `streams` says {start} to {end}", seen.0, seen.1);
        report.tell(SpecRule::StreamSpan, text);
    }
}

fn compare_episode(
    id: EpisodeId,
    episode: &KnownEpisode,
    streams: Option<&BTreeMap<String, KnownStream>>,
    report: &mut SpecReport,
) {
    let streams = || streams.into_iter().flat_map(BTreeMap::values);
    let sum = streams().map(|stream| stream.promised).try_fold(0_u64, |sum, more| sum.checked_add(more?));
    if let (Some(samples), Some(sum)) = (episode.samples, sum)
        && samples != sum
    {
        let text = format!("episode {id}: {samples} samples, and its streams have {sum}");
        report.tell(SpecRule::EpisodeSamples, text);
    }
    let span = (streams().filter_map(|one| one.span.0).min(), streams().filter_map(|one| one.span.1).max());
    if episode.span != span {
        let name = |t: Option<i64>| t.map_or("null".to_owned(), |t| t.to_string());
        let spans = [episode.span.0, episode.span.1, span.0, span.1].map(name);
        let [start, end, first, last] = spans;
        let text = format!("episode {id}: it lasts from {start} to {end}, and its streams from {first} to {last}");
        report.tell(SpecRule::EpisodeSpan, text);
    }
}

fn compare_skills(skills: &mut [Skill], report: &mut SpecReport) {
    skills.sort_by_key(|skill| (skill.start, skill.end, skill.row));
    let mut end = i64::MIN;
    for skill in skills {
        if skill.start < end {
            let text = format!("the skill starts at {}, and one before it ends at {end}", skill.start);
            let (rule, row) = (SpecRule::SegmentSkillsOverlap, Some(skill.row));
            report.push(SpecProblem { rule, file: Some(skill.file.clone()), row, text });
        }
        end = end.max(skill.end);
    }
}

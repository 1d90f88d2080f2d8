//! What earlier episodes of the store were like, for the checks that compare.
//!
//! ```text
//!   table `episodes` ─ once per verb ─▶ Past: 160 bytes per episode ─▶ Before (one recording) ─▶ History per episode
//!                          ▲               ▲                                  │
//!                    the store             └── what this verb wrote           └─ digests of the few that may be near
//! ```
//!
//! **Invariant:** an episode is compared with episodes of recordings that were there before its own, and with those that come
//! before it in its own, whenever it is checked. Otherwise the first of two equal episodes would become a duplicate of the second.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use prairie_catalog::RowOrder;
use prairie_model::{DerivationId, EpisodeDraft, EpisodeId, Hash256, RecordingId};
use prairie_quality::{History, Sameness, SamenessDigest, Sketch, TaskDurations};

use crate::Engine;
use crate::cells::{Cells, literal};
use crate::digests::Digests;
use crate::error::EngineError;

/// Tells what earlier episodes were like.
pub(crate) trait Earlier: Sync {
    /// What counts for one episode: that of `draft`, with the hash of its rows and its digest. Asked once per episode.
    fn history(&self, draft: &EpisodeDraft, content: Hash256, sameness: &Sameness) -> Result<History, EngineError>;
}

/// Nobody looked: there is no store, or it must not matter.
pub(crate) struct Nobody;

impl Earlier for Nobody {
    fn history(&self, _: &EpisodeDraft, _: Hash256, _: &Sameness) -> Result<History, EngineError> {
        Ok(History::default())
    }
}

/// What is kept of an episode, so that later ones can be compared with it.
pub(crate) struct Known {
    id: EpisodeId,
    ordinal: u32,
    task: Option<String>,
    duration_s: Option<f64>,
    content: Hash256,
    sketch: Option<Sketch>,
}

impl Known {
    /// What is kept of an episode that was just judged.
    pub(crate) fn new(id: EpisodeId, draft: &EpisodeDraft, content: Hash256, digest: &SamenessDigest) -> Self {
        Self {
            id,
            ordinal: draft.episode.ordinal,
            task: draft.episode.task.clone(),
            duration_s: draft.episode.duration_s(),
            content,
            sketch: digest.sketch(),
        }
    }
}

/// The same in memory, where many episodes have the same task and the same recording.
struct Entry {
    id: EpisodeId,
    /// Its order in the recording.
    ordinal: u32,
    /// Place in [`Past::recordings`].
    recording: usize,
    /// Place in [`Past::tasks`].
    task: Option<usize>,
    duration_s: Option<f64>,
    /// The first bytes of the content hash. Where they agree, the whole is looked up.
    content: u64,
    sketch: Option<Sketch>,
}

/// Digests that are looked up at a time.
const DIGESTS: usize = 64;

/// The episodes of the store, read once and kept up to date by the verb that writes.
pub(crate) struct Past<'a> {
    engine: &'a Engine,
    /// Each with the snapshot that it came with.
    recordings: Vec<(RecordingId, u64)>,
    tasks: Vec<String>,
    places: BTreeMap<RecordingId, usize>,
    task_places: BTreeMap<String, usize>,
    episodes: Vec<Entry>,
}

impl<'a> Past<'a> {
    /// Reads the episodes of the latest snapshot.
    pub(crate) fn read(engine: &'a Engine) -> Result<Self, EngineError> {
        let mut past = Self {
            engine,
            recordings: Vec::new(),
            tasks: Vec::new(),
            places: BTreeMap::new(),
            task_places: BTreeMap::new(),
            episodes: Vec::new(),
        };
        let snapshot = engine.snapshot()?;
        for (id, added) in engine.recordings()? {
            past.recording(id, added);
        }
        let mut rows = engine.stream_sql(
            "SELECT episode_id, recording_id, ordinal, task, duration_s, content_hash, digest FROM episodes",
            Some(snapshot),
            RowOrder::Written,
        )?;
        while let Some(batch) = rows.next()? {
            let cells = Cells::of(&batch)?;
            for row in 0..cells.rows() {
                let broken = |what: &str| EngineError::Bug(format!("an episode without a readable `{what}`"));
                let id = cells.text("episode_id", row).and_then(|id| id.parse().ok());
                let recording = cells.text("recording_id", row).and_then(|id| id.parse().ok());
                let ordinal = cells.count("ordinal", row).and_then(|ordinal| u32::try_from(ordinal).ok());
                let content = cells.text("content_hash", row).and_then(|hash| hash.parse().ok());
                let known = Known {
                    id: id.ok_or_else(|| broken("episode_id"))?,
                    ordinal: ordinal.ok_or_else(|| broken("ordinal"))?,
                    task: cells.text("task", row),
                    duration_s: cells.float("duration_s", row),
                    content: content.ok_or_else(|| broken("content_hash"))?,
                    sketch: SamenessDigest::from_bytes(&cells.bytes("digest", row)).and_then(|digest| digest.sketch()),
                };
                let recording = past.recording(recording.ok_or_else(|| broken("recording_id"))?, u64::MAX);
                past.add(recording, known);
            }
        }
        Ok(past)
    }

    /// The place of a recording, which came with `snapshot` where it was not known before.
    fn recording(&mut self, id: RecordingId, snapshot: u64) -> usize {
        *self.places.entry(id).or_insert_with(|| {
            self.recordings.push((id, snapshot));
            self.recordings.len() - 1
        })
    }

    fn add(&mut self, recording: usize, known: Known) {
        let task = known.task.map(|task| match self.task_places.get(&task) {
            Some(place) => *place,
            None => {
                self.tasks.push(task.clone());
                self.task_places.insert(task, self.tasks.len() - 1);
                self.tasks.len() - 1
            }
        });
        let Known { id, ordinal, duration_s, sketch, .. } = known;
        let content = head(&known.content);
        self.episodes.push(Entry { id, ordinal, recording, task, duration_s, content, sketch });
    }

    /// Learns what became of a recording at `snapshot`. What was known of its episodes before is superseded.
    pub(crate) fn learn(&mut self, recording: RecordingId, snapshot: u64, episodes: Vec<Known>) {
        let place = self.recording(recording, snapshot);
        self.episodes.retain(|entry| entry.recording != place);
        for known in episodes {
            self.add(place, known);
        }
    }

    /// What counts for stored episodes of `recording`: the episodes of recordings that came before it, and its own.
    pub(crate) fn before(&self, recording: RecordingId) -> Before<'_> {
        let place = self.places.get(&recording).copied();
        // OK to index: places are those of `recordings`.
        let snapshot = place.map_or(u64::MAX, |place| self.recordings[place].1);
        Before { past: self, recording: place, snapshot, siblings: Siblings::Stored, durations: Mutex::default() }
    }

    /// What counts for episodes of `recording` that are being taken in: those that an earlier derivation made of it are
    /// superseded, and those of `derivation` are learnt as they are judged.
    pub(crate) fn before_new(&self, recording: RecordingId, derivation: DerivationId) -> Before<'_> {
        let siblings = Siblings::Judged(derivation, Mutex::default());
        Before { siblings, ..self.before(recording) }
    }
}

/// The first bytes of a hash, as a number.
fn head(hash: &Hash256) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = *hash.as_bytes();
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

/// What counts for the episodes of one recording.
pub(crate) struct Before<'a> {
    past: &'a Past<'a>,
    recording: Option<usize>,
    snapshot: u64,
    siblings: Siblings,
    /// Of the tasks that were asked for: a recording of many episodes asks for the same ones.
    durations: Mutex<BTreeMap<String, Option<TaskDurations>>>,
}

/// The other episodes of the recording.
enum Siblings {
    /// They are in the store.
    Stored,
    /// Those of this derivation that were judged so far.
    Judged(DerivationId, Mutex<Judged<EpisodeId>>),
}

/// Place of a recording among those that are judged together, and of the episode in it: what comes before what.
type Place = (usize, u32);

/// Episodes that are not in the store, in the order in which they were judged, each with an `Id`.
struct Judged<Id> {
    episodes: Vec<Sibling<Id>>,
    digests: Digests,
}

impl<Id> Default for Judged<Id> {
    fn default() -> Self {
        Self { episodes: Vec::new(), digests: Digests::default() }
    }
}

/// What is kept of one of them.
struct Sibling<Id> {
    place: Place,
    id: Id,
    content: Hash256,
    /// The sketch, and the place of the digest that it was made from.
    sketch: Option<(Sketch, usize)>,
}

/// The nearest episode so far: distance, episode, digest.
type Nearest<Id = EpisodeId> = Option<(f64, Id, SamenessDigest)>;

/// An episode, the hash of its rows and its digest, where the store has them.
type Stored = (EpisodeId, Option<Hash256>, Option<SamenessDigest>);

impl Before<'_> {
    /// The episodes of other recordings that count.
    fn earlier(&self) -> impl Iterator<Item = &Entry> {
        self.past.episodes.iter().filter(|entry| {
            // OK to index: entries hold places of `recordings`.
            Some(entry.recording) != self.recording && self.past.recordings[entry.recording].1 < self.snapshot
        })
    }

    /// The stored episodes that episode `ordinal` of the recording is compared with.
    fn compared(&self, ordinal: u32) -> impl Iterator<Item = &Entry> {
        let own = self.recording.filter(|_| matches!(self.siblings, Siblings::Stored));
        let before = move |entry: &&Entry| entry.ordinal < ordinal;
        let siblings = self.past.episodes.iter().filter(move |entry| Some(entry.recording) == own).filter(before);
        self.earlier().chain(siblings)
    }

    fn durations(&self, task: &str) -> Option<TaskDurations> {
        // The map stays whole when a thread panics while it holds the lock: inserts are single steps.
        let mut known = self.durations.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.contains_key(task) {
            known.insert(task.to_owned(), self.count_durations(task));
        }
        known.get(task).copied().flatten()
    }

    fn count_durations(&self, task: &str) -> Option<TaskDurations> {
        let place = *self.past.task_places.get(task)?;
        let mut durations: Vec<f64> =
            self.earlier().filter(|entry| entry.task == Some(place)).filter_map(|entry| entry.duration_s).collect();
        durations.sort_unstable_by(f64::total_cmp);
        let half = durations.len() / 2;
        let upper = *durations.get(half)?;
        let lower = if durations.len().is_multiple_of(2) { *durations.get(half.checked_sub(1)?)? } else { upper };
        Some(TaskDurations { median_s: (lower + upper) / 2.0, episodes: durations.len() as u64 })
    }

    /// Content hash and digest of some episodes as the store has them now.
    fn look_up(&self, ids: &[EpisodeId]) -> Result<Vec<Stored>, EngineError> {
        let list: Vec<_> = ids.iter().map(|id| literal(&id.to_string())).collect();
        let sql =
            format!("SELECT episode_id, content_hash, digest FROM episodes WHERE episode_id IN ({})", list.join(", "));
        let mut found = Vec::new();
        for batch in self.past.engine.run_sql(&sql, None)?.1 {
            let cells = Cells::of(&batch)?;
            for row in 0..cells.rows() {
                let Some(id) = cells.text("episode_id", row).and_then(|id| id.parse().ok()) else { continue };
                let content = cells.text("content_hash", row).and_then(|hash| hash.parse().ok());
                found.push((id, content, SamenessDigest::from_bytes(&cells.bytes("digest", row))));
            }
        }
        Ok(found)
    }

    /// An earlier episode of the same rows.
    fn same(&self, ordinal: u32, content: Hash256) -> Result<Option<EpisodeId>, EngineError> {
        let mut alike: Vec<_> =
            self.compared(ordinal).filter(|entry| entry.content == head(&content)).map(|entry| entry.id).collect();
        alike.sort_unstable();
        for ids in alike.chunks(DIGESTS) {
            let mut same: Vec<_> =
                self.look_up(ids)?.into_iter().filter(|(_, found, _)| *found == Some(content)).collect();
            same.sort_unstable_by_key(|(id, ..)| *id);
            if let Some((id, ..)) = same.first() {
                return Ok(Some(*id));
            }
        }
        Ok(None)
    }

    /// The nearest earlier episode, where one is near enough to be looked at.
    ///
    /// Sketches give what each distance is at least. Digests are looked up in that order, until none that is left can be nearer
    /// than the nearest so far: the result is exact.
    fn nearest(&self, ordinal: u32, sameness: &Sameness) -> Result<Nearest, EngineError> {
        let Some(sketch) = sameness.digest.sketch() else { return Ok(None) };
        let mut candidates: Vec<(f64, EpisodeId)> = self
            .compared(ordinal)
            .filter_map(|entry| {
                let other = entry.sketch.as_ref().filter(|other| sameness.lasts_as_long(other.duration_s))?;
                let least = sketch.distance_at_least(other).filter(|least| *least < sameness.distance_min)?;
                Some((least, entry.id))
            })
            .collect();
        candidates.sort_unstable_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
        let mut nearest: Nearest = None;
        for some in candidates.chunks(DIGESTS) {
            // OK to index: chunks are not empty.
            if nearest.as_ref().is_some_and(|(distance, ..)| *distance < some[0].0) {
                break;
            }
            let ids: Vec<_> = some.iter().map(|(_, id)| *id).collect();
            for (id, _, digest) in self.look_up(&ids)? {
                let Some(digest) = digest else { continue };
                let Some(distance) = sameness.digest.distance(&digest) else { continue };
                nearest = nearer(nearest, Some((distance, id, digest)));
            }
        }
        Ok(nearest)
    }
}

/// The nearer of two; of two that are equally near, the one whose id comes first.
fn nearer<Id: PartialOrd>(one: Nearest<Id>, other: Nearest<Id>) -> Nearest<Id> {
    match (one, other) {
        (Some(one), Some(other)) => Some(if (other.0, &other.1) < (one.0, &one.1) { other } else { one }),
        (one, other) => one.or(other),
    }
}

impl<Id: Ord + Clone> Judged<Id> {
    /// The episode of the same rows, and the nearest one, among those judged so far that come before `place`; then learns
    /// the episode itself.
    fn compare(
        &mut self,
        place: Place,
        id: Id,
        content: Hash256,
        sameness: &Sameness,
    ) -> Result<(Option<Id>, Nearest<Id>), EngineError> {
        let sketch = sameness.digest.sketch();
        let (mut same, mut nearest): (Option<Id>, Nearest<Id>) = (None, None);
        for sibling in self.episodes.iter().filter(|sibling| sibling.place < place) {
            if sibling.content == content {
                same = same.into_iter().chain([sibling.id.clone()]).min();
            }
            let Some((sketch, (other, at))) = sketch.as_ref().zip(sibling.sketch.as_ref()) else { continue };
            let limit = nearest.as_ref().map_or(sameness.distance_min, |(distance, ..)| *distance);
            let near = |least: &f64| *least < sameness.distance_min && *least <= limit;
            if sameness.lasts_as_long(other.duration_s)
                && sketch.distance_at_least(other).is_some_and(|least| near(&least))
            {
                let digest = self.digests.read(*at)?;
                let distance = sameness.digest.distance(&digest);
                nearest = nearer(nearest, distance.map(|distance| (distance, sibling.id.clone(), digest)));
            }
        }
        let at = self.digests.push(&sameness.digest)?;
        self.episodes.push(Sibling { place, id, content, sketch: sketch.zip(at) });
        Ok((same, nearest))
    }
}

impl Earlier for Before<'_> {
    fn history(&self, draft: &EpisodeDraft, content: Hash256, sameness: &Sameness) -> Result<History, EngineError> {
        let mut history = History { known: true, ..History::default() };
        if let Some(task) = &draft.episode.task
            && let Some(durations) = self.durations(task)
        {
            history.durations.insert(task.clone(), durations);
        }
        let ordinal = draft.episode.ordinal;
        let mut same = self.same(ordinal, content)?;
        let mut nearest = self.nearest(ordinal, sameness)?;
        if let Siblings::Judged(derivation, judged) = &self.siblings {
            // The list stays whole when a thread panics while it holds the lock: an episode is pushed in a single step.
            let mut judged = judged.lock().unwrap_or_else(PoisonError::into_inner);
            let id = EpisodeId::derive(*derivation, &ordinal.to_string());
            let (sibling, near) = judged.compare((0, ordinal), id, content, sameness)?;
            same = same.into_iter().chain(sibling).min();
            nearest = nearer(nearest, near);
        }
        if let Some(id) = same {
            history.contents.insert(content, id.to_string());
        }
        history.digests.extend(nearest.map(|(_, id, digest)| (id.to_string(), digest)));
        Ok(history)
    }
}

/// The recordings that were given before in the same call, where there is no store. A copy among them is told; that there is
/// none says nothing about what is elsewhere, so the history stays unknown.
#[derive(Default)]
pub(crate) struct Given {
    judged: Mutex<Judged<String>>,
}

impl Given {
    /// What counts for the episodes of the recording at `path`, the `at`th.
    pub(crate) fn before<'a>(&'a self, at: usize, path: &'a str) -> GivenBefore<'a> {
        GivenBefore { given: self, at, path }
    }
}

/// What counts for the episodes of one recording of [`Given`].
pub(crate) struct GivenBefore<'a> {
    given: &'a Given,
    at: usize,
    path: &'a str,
}

impl Earlier for GivenBefore<'_> {
    fn history(&self, draft: &EpisodeDraft, content: Hash256, sameness: &Sameness) -> Result<History, EngineError> {
        let episode = &draft.episode;
        let name = format!("{}, episode {}", self.path, episode.key);
        // As in `Before`: the list stays whole.
        let mut judged = self.given.judged.lock().unwrap_or_else(PoisonError::into_inner);
        let (same, near) = judged.compare((self.at, episode.ordinal), name, content, sameness)?;
        let mut history = History::default();
        history.contents.extend(same.map(|name| (content, name)));
        history.digests.extend(near.map(|(_, name, digest)| (name, digest)));
        Ok(history)
    }
}

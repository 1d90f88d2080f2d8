//! What trainers call a step: an observation, an action, a reward, and whether it is the end. Shared by the forms of steps.
//!
//! | feature | place |
//! |---|---|
//! | `action` | the action |
//! | a number `reward`, `rewards` or `next.reward` | the reward |
//! | a number `done`, `dones`, `next.done` or `is_terminal` | the end |
//! | a number `discount` | the discount |
//! | `observation.…`, and streams that are called so | an observation |
//! | anything else | a value of the step, beside the observation: what comes `next` is none |
//!
//! Where no stream has rewards, they are those of the outcome: 1 in the last row of what succeeded, else 0, and NaN where nobody
//! says how an episode ended.

use std::collections::{BTreeMap, BTreeSet};

use prairie_model::Outcome;

use crate::Engine;
use crate::error::EngineError;
use crate::export::{
    Account, ExportJob, Feature, FeatureRows, Laid, Pictures, Proof, ShownPicture, StoredEpisode, Unfit, check_alike,
    lay,
};
use crate::progress::Progress;
use prairie_catalog::DatasetEpisode;
use prairie_model::Picture;

/// Where a feature goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Action,
    Reward,
    Done,
    Discount,
    /// The full state of a simulator.
    States,
    /// An observation of that name.
    Observation(String),
    /// A value of the step, of that name.
    Step(String),
}

/// The place of each feature of a laid episode: numbers first, then cameras, which `camera` gives their names. `reserved` names
/// of a step are those that the form has a meaning for.
pub(crate) fn places(laid: &Laid<'_>, job: &ExportJob, reserved: &[&str], camera: fn(&str) -> String) -> Vec<Place> {
    let mut names = Names { steps: reserved.iter().map(|name| (*name).to_owned()).collect(), ..Names::default() };
    let numbers = laid.rows.iter().map(|rows| {
        let feature = job.selection.features.iter().find(|feature| feature.name == rows.feature);
        (feature, rows.width)
    });
    let mut places: Vec<Place> = numbers
        .map(|(feature, width)| feature.map_or(Place::Step(String::new()), |one| names.of(one, width)))
        .collect();
    places.extend(laid.cameras.iter().map(|(feature, ..)| {
        let (_, name) = bare(feature);
        Place::Observation(free(&mut names.observations, camera(&name)))
    }));
    places
}

/// Names that are taken.
#[derive(Default)]
struct Names {
    roles: BTreeSet<&'static str>,
    observations: BTreeSet<String>,
    steps: BTreeSet<String>,
}

impl Names {
    fn of(&mut self, feature: &Feature, width: usize) -> Place {
        let (observed, name) = bare(feature);
        let role = match (feature.name.as_str(), name.as_str()) {
            ("action" | "actions", _) => Some(("action", Place::Action)),
            (_, "reward" | "rewards" | "next_reward") if width == 1 => Some(("reward", Place::Reward)),
            (_, "done" | "dones" | "next_done" | "is_terminal") if width == 1 => Some(("done", Place::Done)),
            (_, "discount") if width == 1 => Some(("discount", Place::Discount)),
            // robomimic's own name, right in an episode: no sensor has it.
            _ if feature.parts.len() == 1 && feature.parts[0].stream == "states" => Some(("states", Place::States)),
            _ => None,
        };
        match role {
            Some((role, place)) if self.roles.insert(role) => place,
            _ if observed => Place::Observation(free(&mut self.observations, name)),
            _ => Place::Step(free(&mut self.steps, name)),
        }
    }
}

/// A name that is not taken yet, and is now.
fn free(taken: &mut BTreeSet<String>, mut name: String) -> String {
    while !taken.insert(name.clone()) {
        name.push('_');
    }
    name
}

/// A feature's name without what it is part of, and whether it is an observation. Streams of tables keep what they were called
/// there: `obs/agentview_image` is `agentview_image`; what lay beside the observations is none.
fn bare(feature: &Feature) -> (bool, String) {
    let name = feature.name.as_str();
    let rest = ["observation.images.", "observation."].iter().find_map(|prefix| name.strip_prefix(prefix));
    let mut observed = rest.is_some();
    let mut bare = rest.unwrap_or(name);
    let stream = feature.parts.first().map_or("", |part| part.stream.trim_start_matches('/'));
    for group in ["observation", "observations", "obs"] {
        let inside = stream.strip_prefix(group).is_some_and(|rest| rest.starts_with('/'));
        let short = bare.strip_prefix(group).and_then(|rest| rest.strip_prefix('_')).filter(|_| inside);
        bare = short.unwrap_or(bare);
    }
    // Marks of the ends and what comes after a row are no observations, whoever recorded them.
    if ["is_first", "is_last", "is_terminal"].contains(&bare) || bare.starts_with("next_") || bare.starts_with("next.")
    {
        observed = false;
    }
    let name: String = bare.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect();
    (observed, if name.is_empty() { "value".to_owned() } else { name })
}

/// The rewards of an episode of which no stream has any.
pub(crate) fn rewards(outcome: Outcome, rows: usize) -> Vec<f64> {
    let (each, last) = match outcome {
        Outcome::Success => (0.0, 1.0),
        Outcome::Partial | Outcome::Failure | Outcome::Aborted => (0.0, 0.0),
        Outcome::Unknown => (f64::NAN, f64::NAN),
    };
    at_the_end(rows, each, last)
}

/// `each` in all rows but the last, which has `last`.
pub(crate) fn at_the_end(rows: usize, each: f64, last: f64) -> Vec<f64> {
    let mut values = vec![each; rows];
    values.last_mut().into_iter().for_each(|value| *value = last);
    values
}

/// What stood in for something that no stream says, and in how many episodes.
#[derive(Debug, Default)]
pub(crate) struct Filled(BTreeMap<String, u64>);

impl Filled {
    pub(crate) fn add(&mut self, what: impl Into<String>) {
        self.add_all(what, 1);
    }

    /// Adds what stood in so many episodes.
    pub(crate) fn add_all(&mut self, what: impl Into<String>, episodes: u64) {
        *self.0.entry(what.into()).or_default() += episodes;
    }

    /// Adds that an episode's rewards are those of its outcome.
    pub(crate) fn add_rewards(&mut self, name: &str, outcome: Outcome) {
        self.add(match outcome {
            Outcome::Unknown => {
                format!("`{name}`: NaN, as no stream has rewards, and nobody says how the episode ended")
            }
            _ => format!("`{name}`: no stream has rewards: 1 in the last row of what succeeded, else 0"),
        });
    }

    pub(crate) fn close(self, proof: &mut Proof) {
        let told = |(what, episodes)| format!("{what} (in {episodes} episode{})", if episodes == 1 { "" } else { "s" });
        proof.filled.extend(self.0.into_iter().map(told));
    }
}

/// The size that the pictures of each camera have.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sizes(BTreeMap<String, (u32, u32)>);

impl Sizes {
    /// Width and height of a camera's pictures; `None` before the first.
    pub(crate) fn of(&self, name: &str) -> Option<(u32, u32)> {
        self.0.get(name).copied()
    }

    /// Takes in the cameras of another.
    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The picture in colour, or why it cannot be one of this camera.
    pub(crate) fn fit<'a>(
        &mut self,
        name: &str,
        shown: &'a ShownPicture,
    ) -> Result<std::borrow::Cow<'a, Picture>, String> {
        let picture = prairie_media::rgb(&shown.picture);
        let picture = picture.ok_or_else(|| {
            format!("cannot be exported: it is {}, not eight bits a channel", shown.picture.format.name())
        })?;
        let size = (picture.width, picture.height);
        let known = *self.0.entry(name.to_owned()).or_insert(size);
        if known != size {
            return Err(format!("is {} × {} pixels, and others are {} × {}", size.0, size.1, known.0, known.1));
        }
        Ok(picture)
    }
}

/// An episode that is to be written.
pub(crate) struct Asked<'a> {
    pub(crate) episode: &'a StoredEpisode,
    pub(crate) member: &'a DatasetEpisode,
    pub(crate) laid: &'a Laid<'a>,
    pub(crate) places: &'a [Place],
}

impl Asked<'_> {
    /// The numbers of a place.
    pub(crate) fn numbers(&self, place: &Place) -> Option<&FeatureRows> {
        self.places.iter().position(|one| one == place).and_then(|at| self.laid.rows.get(at))
    }
}

/// A form of steps under construction.
pub(crate) trait Steps {
    /// Names of a step that have a meaning of their own.
    const RESERVED: &'static [&'static str];

    /// The name of a camera among the observations.
    fn camera(name: &str) -> String;

    /// Writes one episode, or says which feature cannot be written and why; then nothing of it is left.
    fn episode<'a>(&mut self, asked: &Asked<'a>) -> Result<Result<Vec<Pictures<'a>>, (String, Unfit)>, EngineError>;
}

/// Has every episode of the job laid on its grid and written.
pub(crate) fn write_all<S: Steps>(
    engine: &Engine,
    job: &ExportJob,
    proof: &mut Proof,
    progress: &dyn Progress,
    form: &mut S,
) -> Result<(), EngineError> {
    check_alike(job)?;
    let fps = job.fps.ok_or_else(|| {
        EngineError::invalid("the rate of the rows", "no stream of the version has one: give `--fps`")
    })?;
    proof.fps = Some(fps);
    let mut account = Account::default();
    for (at, (episode, member)) in job.episodes.iter().zip(&job.members).enumerate() {
        if progress.cancelled() {
            return Err(EngineError::Cancelled);
        }
        progress.at("export", at as u64, job.episodes.len() as u64);
        let done = lay(engine, job, fps, episode, &mut |laid| {
            if let Some(why) = account.differs(laid) {
                return Ok(Err((String::new(), Unfit::Why(why))));
            }
            let places = places(laid, job, S::RESERVED, S::camera);
            let asked = Asked { episode, member, laid, places: &places };
            match form.episode(&asked)? {
                Ok(pictures) => account.add(job, laid, pictures).map(Ok),
                Err(unfit) => Ok(Err(unfit)),
            }
        })?;
        match done {
            Ok(done) => account.tell(proof, episode, member, done, fps),
            Err(why) => {
                proof.left_out.push(format!("episode {}: {why}", episode.id));
                account.leave_out(job, episode);
            }
        }
    }
    account.close(proof);
    if proof.episodes.is_empty() {
        let why = proof.left_out.last().map_or("the version is empty", String::as_str);
        return Err(EngineError::Refused(format!("no episode could be exported: {why}")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::NumberType;

    fn feature(name: &str, stream: &str) -> Feature {
        let part = crate::export::Part { stream: stream.to_owned(), series: "value" };
        Feature { name: name.to_owned(), parts: vec![part], video: false, number: NumberType::Float32 }
    }

    #[test]
    fn features_find_their_places() {
        let mut names = Names { steps: ["reward".to_owned()].into(), ..Names::default() };
        let observation = |name: &str| Place::Observation(name.to_owned());
        let step = |name: &str| Place::Step(name.to_owned());
        for (name, stream, width, place) in [
            ("action", "/command", 7, Place::Action),
            ("observation.state", "/joint_states", 7, observation("state")),
            ("observation.obs_robot0_eef_pos", "obs/robot0_eef_pos", 3, observation("robot0_eef_pos")),
            ("observation.obs_wheel", "/obs_wheel", 1, observation("obs_wheel")),
            ("observation.rewards", "rewards", 1, Place::Reward),
            ("next.reward", "next.reward", 1, step("next_reward")),
            ("next.done", "next.done", 1, Place::Done),
            ("next.success", "next.success", 1, step("next_success")),
            ("observation.is_terminal", "is_terminal", 1, step("is_terminal")),
            ("observation.discount", "discount", 1, Place::Discount),
            ("observation.states", "states", 32, Place::States),
            ("observation.is_first", "is_first", 1, step("is_first")),
            ("observation.a_b", "/a/b", 1, observation("a_b")),
            ("observation.a.b", "/a.b", 1, observation("a_b_")),
            ("subtask.index", "subtask.index", 1, step("subtask_index")),
        ] {
            assert_eq!(names.of(&feature(name, stream), width), place, "{name}");
        }
        assert_eq!(Names::default().of(&feature("observation.reward", "/reward"), 3), observation("reward"));
    }

    #[test]
    fn rewards_without_a_stream_are_those_of_the_outcome() {
        assert_eq!(rewards(Outcome::Success, 3), [0.0, 0.0, 1.0]);
        assert_eq!(rewards(Outcome::Failure, 2), [0.0, 0.0]);
        assert!(rewards(Outcome::Unknown, 2).iter().all(|reward| reward.is_nan()));
        assert!(rewards(Outcome::Success, 0).is_empty());
    }
}

//! What the caller knows better than the recording.

use std::collections::BTreeMap;

use prairie_model::{Episode, Mode, Outcome, Rights};

/// Facts about every episode of the recording, given on the command line or by the API. They win over everything that the
/// recording says; `None` leaves the recording its say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Overrides {
    /// The reader to take, where several claim the recording.
    pub format: Option<String>,
    /// What was to be done.
    pub task: Option<String>,
    /// The robot.
    pub robot: Option<String>,
    /// Pseudonym of the operator.
    pub operator: Option<String>,
    /// The station.
    pub station: Option<String>,
    /// Who was in command.
    pub mode: Option<Mode>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// Hash or version of the software that ran.
    pub software: Option<String>,
    /// Owner, licence, consent, purpose, custody.
    pub rights: Rights,
}

impl Overrides {
    /// What is given, by name, for the derivation.
    pub fn entries(&self) -> BTreeMap<String, String> {
        let Rights { owner, licence, consent, purpose, custody } = &self.rights;
        let all = [
            ("consent", consent.as_deref()),
            ("custody", custody.as_deref()),
            ("format", self.format.as_deref()),
            ("licence", licence.as_deref()),
            ("mode", self.mode.map(Mode::name)),
            ("operator", self.operator.as_deref()),
            ("outcome", self.outcome.map(Outcome::name)),
            ("owner", owner.as_deref()),
            ("purpose", purpose.as_deref()),
            ("robot", self.robot.as_deref()),
            ("software", self.software.as_deref()),
            ("station", self.station.as_deref()),
            ("task", self.task.as_deref()),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))).collect()
    }

    /// Puts what is given over what `episode` has.
    pub(crate) fn apply(&self, episode: &mut Episode) {
        let texts = [
            (&mut episode.task, &self.task),
            (&mut episode.robot, &self.robot),
            (&mut episode.operator, &self.operator),
            (&mut episode.station, &self.station),
            (&mut episode.software, &self.software),
            (&mut episode.rights.owner, &self.rights.owner),
            (&mut episode.rights.licence, &self.rights.licence),
            (&mut episode.rights.consent, &self.rights.consent),
            (&mut episode.rights.purpose, &self.rights.purpose),
            (&mut episode.rights.custody, &self.rights.custody),
        ];
        for (target, given) in texts {
            if given.is_some() {
                target.clone_from(given);
            }
        }
        episode.mode = self.mode.unwrap_or(episode.mode);
        episode.outcome = self.outcome.unwrap_or(episode.outcome);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_given_is_an_entry_and_wins() {
        let overrides = Overrides {
            task: Some("insert".to_owned()),
            mode: Some(Mode::Scripted),
            rights: Rights { owner: Some("lab".to_owned()), ..Rights::default() },
            ..Overrides::default()
        };
        let names: Vec<_> = overrides.entries().into_keys().collect();
        assert_eq!(names, ["mode", "owner", "task"]);
        let mut episode = Episode { task: Some("x".to_owned()), robot: Some("r".to_owned()), ..Episode::default() };
        overrides.apply(&mut episode);
        assert_eq!((episode.task.as_deref(), episode.robot.as_deref()), (Some("insert"), Some("r")));
        assert_eq!((episode.mode, episode.outcome), (Mode::Scripted, Outcome::Unknown));
    }
}

//! Facts about episodes among the attributes that a source has.

use std::collections::BTreeMap;

use prairie_model::{Episode, Mode, Note, NoteKind, Outcome};

use crate::Mapping;

/// Bytes of an attribute that an episode keeps; the recording has the rest.
const ATTRIBUTE_MAX_BYTES: usize = 1024;

/// Words for facts, as the last part of an attribute's name.
const WORDS: &[(&str, &[&str])] = &[
    ("calibration", &["calibration", "calibration_hash", "calibration_id"]),
    ("consent", &["consent"]),
    ("custody", &["custodian", "custody"]),
    ("licence", &["licence", "license"]),
    ("mode", &["control_mode", "mode"]),
    ("operator", &["operator", "operator_id", "teleoperator"]),
    ("outcome", &["outcome", "success"]),
    ("owner", &["owner"]),
    ("purpose", &["purpose"]),
    ("robot", &["robot", "robot_id", "robot_name", "robot_serial"]),
    ("robot_type", &["robot_model", "robot_type"]),
    ("software", &["git_hash", "software", "software_hash", "software_version"]),
    ("station", &["station", "station_id", "workstation"]),
    ("task", &["instruction", "language_instruction", "task", "task_description", "task_name"]),
];

/// Words for facts, as the last two parts of an attribute's name: a `serial` alone may be anything's.
const PAIRS: &[(&str, &[&str])] = &[
    ("calibration", &["calibration.hash", "calibration.id", "calibration.reference"]),
    ("operator", &["operator.id", "operator.pseudonym"]),
    ("robot", &["robot.id", "robot.name", "robot.serial"]),
    ("robot_type", &["robot.model", "robot.type"]),
    ("software", &["software.hash", "software.release", "software.version"]),
    ("station", &["station.id", "station.name"]),
    ("task", &["task.description", "task.name", "task.text"]),
];

/// The fact that an attribute of this name states.
fn fact_of(name: &str) -> Option<&'static str> {
    let name = name.to_lowercase().replace([' ', '-'], "_");
    let mut parts = name.rsplit('.');
    let last = parts.next().unwrap_or_default();
    let pair = parts.next().map(|before| format!("{before}.{last}"));
    let alone = WORDS.iter().find(|(_, words)| words.contains(&last));
    let paired = || PAIRS.iter().find(|(_, pairs)| pair.as_deref().is_some_and(|pair| pairs.contains(&pair)));
    alone.or_else(paired).map(|(fact, _)| *fact)
}

/// Words by which a source says that it does not know.
fn is_known(value: &str) -> bool {
    !matches!(value.trim().to_lowercase().as_str(), "" | "unknown" | "n/a" | "na" | "none" | "null" | "?")
}

/// The outcome that a text names.
pub(crate) fn outcome(text: &str) -> Option<Outcome> {
    Some(match text.trim().to_lowercase().as_str() {
        "success" | "succeeded" | "successful" | "done" | "ok" | "pass" | "passed" | "true" | "1" => Outcome::Success,
        "partial" | "partly" => Outcome::Partial,
        "failure" | "fail" | "failed" | "false" | "0" => Outcome::Failure,
        "aborted" | "abort" | "cancelled" | "canceled" => Outcome::Aborted,
        _ => return None,
    })
}

/// The mode that a text names.
pub(crate) fn mode(text: &str) -> Option<Mode> {
    Some(match text.trim().to_lowercase().as_str() {
        "autonomous" | "policy" => Mode::Autonomous,
        "assisted" | "shared" | "intervention" => Mode::Assisted,
        "teleoperated" | "teleop" | "teleoperation" | "manual" => Mode::Teleoperated,
        "scripted" | "script" => Mode::Scripted,
        "human" => Mode::Human,
        _ => return None,
    })
}

/// Writes a fact into an episode unless it has one already. A text that cannot be understood is told.
pub(crate) fn put(episode: &mut Episode, fact: &str, value: &str, notes: &mut Vec<Note>) {
    if !is_known(value) {
        return;
    }
    let text = match fact {
        "calibration" => &mut episode.calibration,
        "consent" => &mut episode.rights.consent,
        "custody" => &mut episode.rights.custody,
        "licence" => &mut episode.rights.licence,
        "operator" => &mut episode.operator,
        "owner" => &mut episode.rights.owner,
        "purpose" => &mut episode.rights.purpose,
        "robot" => &mut episode.robot,
        "robot_type" => &mut episode.robot_type,
        "software" => &mut episode.software,
        "station" => &mut episode.station,
        "task" => &mut episode.task,
        "mode" | "outcome" => {
            let understood = match fact {
                "mode" if episode.mode == Mode::Unknown => mode(value).map(|mode| episode.mode = mode),
                "outcome" if episode.outcome == Outcome::Unknown => {
                    outcome(value).map(|outcome| episode.outcome = outcome)
                }
                _ => Some(()),
            };
            if understood.is_none() {
                let value: String = value.chars().take(80).collect();
                notes.push(Note::new(NoteKind::ValueUnknown, format!("the {fact} `{value}` is not one that is known")));
            }
            return;
        }
        _ => return,
    };
    text.get_or_insert_with(|| value.trim().to_owned());
}

/// Fills an episode from the attributes that the mapping names.
pub(crate) fn fill_by_mapping(
    episode: &mut Episode,
    attributes: &BTreeMap<String, String>,
    mapping: &Mapping,
    notes: &mut Vec<Note>,
) {
    for (fact, path) in &mapping.episode {
        match attributes.get(path) {
            Some(value) => put(episode, fact, value, notes),
            None => {
                let text = format!("the mapping finds {fact} at `{path}`, which the recording lacks");
                notes.push(Note::new(NoteKind::ValueUnknown, text));
            }
        }
    }
}

/// Fills an episode from attributes whose names end in a word for a fact.
pub(crate) fn fill_by_words(episode: &mut Episode, attributes: &BTreeMap<String, String>, notes: &mut Vec<Note>) {
    for (name, value) in attributes {
        if let Some(fact) = fact_of(name) {
            put(episode, fact, value, notes);
        }
    }
}

/// Keeps attributes with the episode, cutting long ones.
pub(crate) fn keep(episode: &mut Episode, attributes: &BTreeMap<String, String>) {
    for (name, value) in attributes {
        let value = match value.char_indices().find(|(at, _)| *at >= ATTRIBUTE_MAX_BYTES) {
            Some((at, _)) => format!("{}… ({} bytes)", &value[..at], value.len()),
            None => value.clone(),
        };
        episode.attributes.entry(name.clone()).or_insert(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attributes(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn facts_are_found_by_their_words_and_unknown_stays_unknown() {
        let source = attributes(&[
            ("metadata.session.operator", "op-7"),
            ("metadata.session.Robot Serial", "G1-0042"),
            ("metadata.session.station", "unknown"),
            ("metadata.software.hash", "abc"),
            ("metadata.software.release", "1.2"),
            ("metadata.camera.serial", "cam-1"),
            ("metadata.session.outcome", "Succeeded"),
            ("metadata.session.mode", "levitating"),
            ("metadata.session.license", "CC-BY-4.0"),
            ("info.robot_type", "unitree_g1"),
        ]);
        let (mut episode, mut notes) = (Episode::default(), Vec::new());
        fill_by_words(&mut episode, &source, &mut notes);
        assert_eq!(episode.operator.as_deref(), Some("op-7"));
        assert_eq!(episode.robot.as_deref(), Some("G1-0042"));
        assert_eq!(episode.station, None);
        assert_eq!(episode.software.as_deref(), Some("abc"));
        assert_eq!((episode.outcome, episode.mode), (Outcome::Success, Mode::Unknown));
        assert_eq!(episode.rights.licence.as_deref(), Some("CC-BY-4.0"));
        assert_eq!(episode.robot_type.as_deref(), Some("unitree_g1"));
        assert_eq!(notes.len(), 1);
        assert_eq!(notes[0].text, "the mode `levitating` is not one that is known");
    }

    #[test]
    fn the_mapping_wins_over_words() {
        let mapping = Mapping::parse("[episode]\nrobot = \"metadata.x.id\"\ntask = \"metadata.x.gone\"").unwrap();
        let source = attributes(&[("metadata.a.robot", "wrong"), ("metadata.x.id", "right")]);
        let (mut episode, mut notes) = (Episode::default(), Vec::new());
        fill_by_mapping(&mut episode, &source, &mapping, &mut notes);
        fill_by_words(&mut episode, &source, &mut notes);
        assert_eq!((episode.robot.as_deref(), episode.task), (Some("right"), None));
        assert_eq!(notes[0].text, "the mapping finds task at `metadata.x.gone`, which the recording lacks");
    }

    #[test]
    fn long_attributes_are_cut_between_letters() {
        let mut episode = Episode::default();
        keep(&mut episode, &attributes(&[("a", &"é".repeat(1000)), ("b", "x")]));
        assert!(episode.attributes["a"].ends_with("é… (2000 bytes)"));
        assert_eq!(episode.attributes["b"], "x");
    }
}

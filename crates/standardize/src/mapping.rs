//! The user's mapping: TOML that has the last word.

use std::collections::BTreeMap;

use prairie_model::{Hash256, RecordingPlan, Rights, StreamKind};
use serde::{Deserialize, Serialize};

use crate::robot::Robot;
use crate::rotation::Rotation;
use crate::unit::to_si;

/// What the built-in lenses cannot know: custom types, units, names, markers. `docs/reference/mapping.md` describes the file.
/// The default is an empty mapping: lenses only.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mapping {
    /// Version of the file's format: 1, which is also what a file without it has.
    version: Option<u32>,
    /// To which recordings it applies by itself, if Prairie ships it.
    pub(crate) applies: Option<Applies>,
    /// Where facts about episodes stand among the attributes of the recording, by the fact's name.
    pub(crate) episode: BTreeMap<String, String>,
    pub(crate) rights: Rights,
    pub(crate) markers: Option<Markers>,
    /// The robot's joints, from its description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) robot: Option<Robot>,
    /// The first rule that matches a channel counts.
    #[serde(rename = "stream")]
    pub(crate) rules: Vec<Rule>,
}

/// Facts that `[episode]` may name.
pub(crate) const EPISODE_FACTS: [&str; 9] =
    ["calibration", "mode", "operator", "outcome", "robot", "robot_type", "software", "station", "task"];

/// The recordings that a mapping is for. Every condition that is stated must hold.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Applies {
    /// What its rules were checked against: a recording, or a published description.
    pub(crate) checked: String,
    /// The reader's name.
    pub(crate) format: Option<String>,
    /// The plan's profile, a glob.
    pub(crate) profile: Option<String>,
    /// Channels that must be there, globs of topics.
    pub(crate) topics: Vec<String>,
    /// Types of channels that must be there, globs.
    pub(crate) schemas: Vec<String>,
    /// Attributes of the recording, and what they must say, globs without regard to case.
    pub(crate) attributes: BTreeMap<String, String>,
}

impl Applies {
    /// Whether it asks anything of a recording.
    pub(crate) fn asks(&self) -> bool {
        self.format.is_some() || !self.topics.is_empty() || !self.schemas.is_empty() || !self.attributes.is_empty()
    }

    /// Whether a recording is one of these. Where nothing is asked there is none.
    pub(crate) fn fits(&self, plan: &RecordingPlan) -> bool {
        let topic = |pattern: &String| plan.channels.iter().any(|channel| glob(pattern, &channel.topic));
        let schema = |pattern: &String| plan.channels.iter().any(|channel| fits_schema(pattern, &channel.schema_name));
        let says = |(name, pattern): (&String, &String)| {
            plan.attributes.get(name).is_some_and(|value| glob(&pattern.to_lowercase(), &value.to_lowercase()))
        };
        self.asks()
            && self.format.as_ref().is_none_or(|format| *format == plan.format)
            && self.profile.as_ref().is_none_or(|pattern| glob(pattern, plan.profile.as_deref().unwrap_or_default()))
            && self.topics.iter().all(topic)
            && self.schemas.iter().all(schema)
            && self.attributes.iter().all(says)
    }
}

/// Messages that say where episodes begin and end.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Markers {
    /// The topic, a glob.
    pub(crate) topic: String,
    /// Path of the text that says `start` or `end`; `data` by default, as in `std_msgs/String`.
    pub(crate) event: Option<String>,
    /// What the text begins with when an episode starts; `start` by default.
    pub(crate) start: Option<String>,
    /// What the text begins with when it ends; `end` by default.
    pub(crate) end: Option<String>,
    /// Paths of texts about the episode.
    pub(crate) task: Option<String>,
    pub(crate) outcome: Option<String>,
    pub(crate) mode: Option<String>,
    pub(crate) operator: Option<String>,
    pub(crate) robot: Option<String>,
    pub(crate) station: Option<String>,
}

impl Markers {
    /// Whether a topic carries the markers.
    pub(crate) fn fits(&self, topic: &str) -> bool {
        glob(&self.topic, topic)
    }
}

/// What the messages of some channels are.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Rule {
    /// Glob of topics; any when absent.
    pub(crate) topic: Option<String>,
    /// Glob of type names, as the source spells them or canonical; any when absent.
    pub(crate) schema: Option<String>,
    /// Leave the messages unmapped. They are counted.
    pub(crate) ignore: bool,
    /// Whether later rules may make further streams of the same messages.
    pub(crate) also: bool,
    pub(crate) kind: Option<StreamKind>,
    pub(crate) name: Option<String>,
    /// Paths of the kind's columns. Without it a lens finds them.
    pub(crate) columns: BTreeMap<String, ColumnPath>,
    /// Unit of the source's numbers: of all columns, or by column. They are converted to SI.
    pub(crate) unit: Option<Units>,
    pub(crate) names: Vec<String>,
    /// Globs of names: only elements that are called so are taken, in their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) elements: Vec<String>,
    /// Path of the names in the message.
    pub(crate) names_path: Option<String>,
    pub(crate) frame: Option<String>,
    pub(crate) child_frame: Option<String>,
    pub(crate) representation: Option<String>,
    pub(crate) shape: Vec<u64>,
    /// Path of the stamp in the message.
    pub(crate) header: Option<String>,
    pub(crate) clock: Option<ClockWish>,
    pub(crate) gripper: Option<GripperRange>,
    /// The rotation of a pose, where it is no quaternion.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rotation: Option<Rotation>,
}

/// Where the numbers of a column are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum ColumnPath {
    /// One field.
    One(String),
    /// Several fields, whose numbers make a list.
    Several(Vec<String>),
}

/// Units of a rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Units {
    /// Of the first column of numbers.
    All(String),
    /// By column.
    Each(BTreeMap<String, String>),
}

/// Which clock a rule asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ClockWish {
    Header,
    Log,
}

/// What the source's gripper says when it is closed and when it is open.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GripperRange {
    pub(crate) closed: f64,
    pub(crate) open: f64,
}

/// The text is not a mapping.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// It is not TOML, or holds something that a mapping does not know.
    #[error("failed to parse the mapping: {0}")]
    Syntax(String),
    /// It says something outside of the rules that cannot be.
    #[error("section `{section}` of the mapping: {why}")]
    Section {
        /// The section.
        section: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// It parses, and contradicts itself.
    #[error("rule {rule} of the mapping: {why}")]
    Rule {
        /// Number of the rule, from one.
        rule: usize,
        /// What is wrong with it.
        why: String,
    },
}

impl Mapping {
    /// Reads a mapping.
    ///
    /// # Errors
    ///
    /// When the text is no TOML, holds an unknown key, or contradicts itself.
    pub fn parse(toml: &str) -> Result<Self, MappingError> {
        let mapping: Self = toml::from_str(toml).map_err(|error| MappingError::Syntax(error.to_string()))?;
        if let Some(version) = mapping.version.filter(|version| *version != 1) {
            let why = format!("this program knows version 1, not {version}");
            return Err(MappingError::Section { section: "version", why });
        }
        if let Some(fact) = mapping.episode.keys().find(|fact| !EPISODE_FACTS.contains(&fact.as_str())) {
            let why = format!("`{fact}` is none of {}", EPISODE_FACTS.join(", "));
            return Err(MappingError::Section { section: "episode", why });
        }
        if mapping.markers.as_ref().is_some_and(|markers| markers.topic.is_empty()) {
            return Err(MappingError::Section { section: "markers", why: "it needs a `topic`".to_owned() });
        }
        if let Some(why) = mapping.robot.as_ref().and_then(|robot| robot.check().err()) {
            return Err(MappingError::Section { section: "robot", why });
        }
        for (at, rule) in mapping.rules.iter().enumerate() {
            rule.check().map_err(|why| MappingError::Rule { rule: at + 1, why })?;
        }
        Ok(mapping)
    }

    /// The robot that it describes.
    pub fn robot(&self) -> Option<&Robot> {
        self.robot.as_ref()
    }

    /// This mapping with the joints of `robot`, unless it has some of its own.
    pub fn with_robot(self, robot: Robot) -> Self {
        Self { robot: Some(self.robot.unwrap_or(robot)), ..self }
    }

    /// Hash of what the mapping says. White space, comments and the order of keys do not count.
    pub fn hash(&self) -> Hash256 {
        // OK because a mapping holds only texts, numbers and lists of them.
        prairie_model::hash_canonical(self).expect("a mapping is JSON")
    }

    /// The rules for a channel: the first that fits, and while it says `also`, the next.
    pub(crate) fn rules(&self, topic: &str, schema: &str) -> Vec<&Rule> {
        let mut fitting = self.rules.iter().filter(|rule| {
            rule.topic.as_ref().is_none_or(|pattern| glob(pattern, topic))
                && rule.schema.as_ref().is_none_or(|pattern| fits_schema(pattern, schema))
        });
        let mut rules = Vec::new();
        while rules.last().is_none_or(|last: &&Rule| last.also)
            && let Some(rule) = fitting.next()
        {
            rules.push(rule);
        }
        rules
    }
}

/// Whether a pattern is that of a type, as the source spells it or canonical.
fn fits_schema(pattern: &str, schema: &str) -> bool {
    glob(pattern, schema) || glob(pattern, &crate::lens::canonical(schema))
}

impl Rule {
    fn check(&self) -> Result<(), String> {
        if self.topic.is_none() && self.schema.is_none() {
            return Err("it needs a `topic` or a `schema`".to_owned());
        }
        if self.also && (self.ignore || self.name.is_none()) {
            return Err("with `also` it needs a `name`, and cannot `ignore`".to_owned());
        }
        if !self.columns.is_empty() {
            let Some(kind) = self.kind else { return Err("`columns` need a `kind`".to_owned()) };
            let known: Vec<_> = kind.numbers().iter().map(|(name, ..)| *name).collect();
            let known: Vec<_> = if kind == StreamKind::Event { vec!["level", "text"] } else { known };
            if let Some(column) = self.columns.keys().find(|column| !known.contains(&column.as_str())) {
                return Err(format!("`{}` has no column `{column}`, only {}", kind.name(), known.join(", ")));
            }
            if kind.is_frames() {
                return Err(format!("`{}` is found by its bytes, not by `columns`", kind.name()));
            }
        }
        let units: Vec<&String> = match &self.unit {
            None => Vec::new(),
            Some(Units::All(unit)) => vec![unit],
            Some(Units::Each(units)) => units.values().collect(),
        };
        if let Some(unit) = units.into_iter().find(|unit| to_si(unit).is_none()) {
            return Err(format!("the unit `{unit}` is not known"));
        }
        if let Some(representation) = &self.representation
            && !["absolute", "delta", "velocity"].contains(&representation.as_str())
        {
            return Err(format!("`representation` is absolute, delta or velocity, not `{representation}`"));
        }
        if let Some(range) = self.gripper {
            if self.kind.is_some_and(|kind| kind != StreamKind::Gripper) {
                return Err("`gripper` is for streams of kind `gripper`".to_owned());
            }
            if !(range.open - range.closed).is_normal() {
                return Err("`gripper` needs `open` and `closed` to differ".to_owned());
            }
        }
        if !self.elements.is_empty() && self.columns.is_empty() {
            return Err("`elements` need `columns`".to_owned());
        }
        if let Some(rotation) = &self.rotation {
            if self.kind != Some(StreamKind::Pose) || self.columns.is_empty() {
                return Err("`rotation` is for streams of kind `pose` with `columns`".to_owned());
            }
            rotation.check()?;
        }
        Ok(())
    }

    /// Which of these names it takes.
    pub(crate) fn chosen(&self, names: &[String]) -> Vec<usize> {
        let wanted = |name: &String| self.elements.iter().any(|pattern| glob(pattern, name));
        (0..names.len()).filter(|at| wanted(&names[*at])).collect()
    }

    /// The unit of a column, where the rule states one. A single unit is that of the kind's first column.
    pub(crate) fn unit_of(&self, kind: StreamKind, column: &str) -> Option<&str> {
        match self.unit.as_ref()? {
            Units::Each(units) => units.get(column).map(String::as_str),
            Units::All(unit) => {
                let first = kind.numbers().first().map(|(name, ..)| *name);
                // Columns of one unit, such as x, y and z, share it.
                let unit_of =
                    |name: &str| kind.numbers().iter().find(|(other, ..)| *other == name).map(|(.., unit)| *unit);
                let same = first.is_some_and(|first| first == column || unit_of(first) == unit_of(column));
                (same || column == "raw_position").then_some(unit.as_str())
            }
        }
    }
}

/// Whether `text` is what `pattern` says: `*` stands for any characters, `?` for one.
fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut from) = (0, 0);
    // Where to go on when the rest does not fit: after the last `*`, with one more character under it.
    let mut star: Option<(usize, usize)> = None;
    while from < text.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at + 1, from));
                at += 1;
            }
            Some(letter) if *letter == '?' || *letter == text[from] => {
                at += 1;
                from += 1;
            }
            _ => {
                let Some((after, under)) = star else { return false };
                star = Some((after, under + 1));
                (at, from) = (after, under + 1);
            }
        }
    }
    pattern[at..].iter().all(|letter| *letter == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        for (pattern, text, fits) in [
            ("/a/*", "/a/b/c", true),
            ("*joint*", "/left/joint_states", true),
            ("/a?", "/ab", true),
            ("/a?", "/a", false),
            ("", "", true),
            ("*", "", true),
            ("a*b*c", "a__b_b_c", true),
            ("a*b*c", "a__b_b_", false),
        ] {
            assert_eq!(glob(pattern, text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn a_mapping_is_hashed_by_what_it_says() {
        let one = Mapping::parse("[[stream]]\ntopic = \"/a\"\nunit = \"deg\" # comment\n").unwrap();
        let other = Mapping::parse("[[stream]]\nunit=\"deg\"\n\n\ntopic=\"/a\"").unwrap();
        assert_eq!(one.hash(), other.hash());
        assert_ne!(one.hash(), Mapping::default().hash());
        assert_eq!(Mapping::parse("").unwrap().hash(), Mapping::default().hash());
    }

    #[test]
    fn errors_name_the_rule_and_the_reason() {
        for (toml, message) in [
            ("version = 2", "section `version` of the mapping: this program knows version 1, not 2"),
            ("[[stream]]\nunit = \"deg\"", "rule 1 of the mapping: it needs a `topic` or a `schema`"),
            ("[[stream]]\ntopic = \"*\"\nunit = \"furlong\"", "rule 1 of the mapping: the unit `furlong` is not known"),
            (
                "[[stream]]\ntopic = \"*\"\nkind = \"scalar\"\ncolumns = { x = \"y\" }",
                "rule 1 of the mapping: `scalar` has no column `x`, only value",
            ),
            ("[markers]\nstart = \"go\"", "section `markers` of the mapping: it needs a `topic`"),
        ] {
            assert_eq!(Mapping::parse(toml).unwrap_err().to_string(), message);
        }
        assert!(Mapping::parse("[[stream]]\nkinds = \"x\"").unwrap_err().to_string().contains("unknown field `kinds`"));
    }

    #[test]
    fn the_first_rule_that_fits_counts() {
        let mapping = Mapping::parse(
            "[[stream]]\ntopic=\"/a\"\nname=\"one\"\n[[stream]]\nschema=\"sensor_msgs/JointState\"\nname=\"two\"",
        )
        .unwrap();
        let name = |topic, schema| mapping.rules(topic, schema).first().and_then(|rule| rule.name.clone());
        assert_eq!(name("/a", "sensor_msgs/msg/JointState").as_deref(), Some("one"));
        assert_eq!(name("/b", "sensor_msgs/msg/JointState").as_deref(), Some("two"));
        assert_eq!(name("/b", "x"), None);
    }

    #[test]
    fn rules_that_say_so_let_others_follow() {
        let rule = |name: &str, also: bool| format!("[[stream]]\ntopic=\"/a\"\nname=\"{name}\"\nalso={also}\n");
        let mapping =
            Mapping::parse(&[rule("one", true), rule("two", true), rule("three", false), rule("four", false)].concat());
        let mapping = mapping.unwrap();
        let names: Vec<_> = mapping.rules("/a", "x").into_iter().filter_map(|rule| rule.name.clone()).collect();
        assert_eq!(names, ["one", "two", "three"]);
        assert!(mapping.rules("/b", "x").is_empty());
        let nameless = Mapping::parse("[[stream]]\ntopic='/a'\nalso=true").unwrap_err().to_string();
        assert_eq!(nameless, "rule 1 of the mapping: with `also` it needs a `name`, and cannot `ignore`");
    }
}

//! Profiles: which limits, severities, dimensions and checks count.

use std::collections::{BTreeMap, BTreeSet};

use prairie_model::{Dimension, Hash256, Severity, hash_canonical};
use serde::{Deserialize, Serialize};

use crate::CHECKS;
use crate::check::{Check, Settings};

/// What must hold for an episode to be accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Required {
    /// Dimensions that must pass, over the checks that apply.
    pub dimensions: Vec<Dimension>,
    /// Checks that must pass in their own right, whatever their dimension.
    pub checks: Vec<String>,
    /// Checks that reject when they fail, whatever their dimension; unknown from them decides nothing.
    pub vetoes: Vec<String>,
}

impl Default for Required {
    fn default() -> Self {
        Self {
            dimensions: vec![Dimension::Completeness, Dimension::Consistency, Dimension::Usability],
            checks: Vec::new(),
            vetoes: vec!["SIG005".to_owned()],
        }
    }
}

/// What a profile changes about one check.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct CheckSettings {
    /// Severity of its findings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// Its limits, by their keys.
    #[serde(flatten)]
    pub limits: BTreeMap<String, f64>,
}

/// What a profile changes for some tasks, robots or phases. What is `None` matches everything; later ones win.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Override {
    /// Pattern of the task, in which `*` stands for any text.
    pub task: Option<String>,
    /// Pattern of the robot or its type.
    pub robot: Option<String>,
    /// Pattern of the names of segments: applies to findings that lie inside one.
    pub phase: Option<String>,
    /// By code.
    pub checks: BTreeMap<String, CheckSettings>,
}

/// A versioned set of limits and rules. Its hash is in every receipt.
///
/// ```
/// let profile = prairie_quality::Profile::parse(r#"
/// name = "line 3, fine assembly"
/// version = "4"
/// ignore = ["MET003"]                    # these do not run
///
/// [required]
/// dimensions = ["completeness", "consistency", "usability", "security"]
/// checks = ["TSK002"]                    # these must pass in their own right
/// vetoes = ["SIG005"]                    # these reject when they fail, and decide nothing else
///
/// [checks.TIM003]
/// severity = "warning"
/// gap_max_s = 0.2
///
/// [[override]]                           # for some tasks, robots, or phases (names of segments)
/// task = "screw*"
/// phase = "insert*"
/// [override.checks.SIG011]
/// speed_max_mps = 0.1
/// "#)?;
/// assert_eq!(profile.title(), "line 3, fine assembly 4");
/// # Ok::<(), prairie_quality::ProfileError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Name, for people.
    pub name: String,
    /// Version, for people.
    #[serde(default)]
    pub version: String,
    /// Checks that do not run.
    #[serde(default)]
    pub ignore: Vec<String>,
    /// What must hold.
    #[serde(default)]
    pub required: Required,
    /// Changes for every episode, by code.
    #[serde(default)]
    pub checks: BTreeMap<String, CheckSettings>,
    /// Changes for some.
    #[serde(default, rename = "override")]
    pub overrides: Vec<Override>,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            name: "default".to_owned(),
            version: "1".to_owned(),
            ignore: Vec::new(),
            required: Required::default(),
            checks: BTreeMap::new(),
            overrides: Vec::new(),
        }
    }
}

/// A profile that cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ProfileError {
    /// It is no TOML, or not of the right shape.
    #[error("the profile is not valid: {0}")]
    Syntax(String),
    /// There is no such check.
    #[error("the profile names check `{0}`, which does not exist")]
    UnknownCheck(String),
    /// The check has no such limit.
    #[error("the profile sets `{key}` of {code}, which has {known}")]
    UnknownLimit {
        /// The check.
        code: String,
        /// What the profile sets.
        key: String,
        /// What it could set.
        known: String,
    },
    /// A limit is no number.
    #[error("the profile sets `{key}` of {code} to {value}, which limits nothing")]
    NotANumber {
        /// The check.
        code: String,
        /// The limit.
        key: String,
        /// Its value.
        value: f64,
    },
    /// Required and ignored at once.
    #[error("the profile both requires and ignores {0}")]
    RequiredAndIgnored(String),
}

impl Profile {
    /// Reads a profile, and holds it to the checks that there are.
    ///
    /// # Errors
    ///
    /// When it is not a profile, or names a check or a limit that does not exist.
    pub fn parse(text: &str) -> Result<Self, ProfileError> {
        let profile: Self = toml::from_str(text).map_err(|error| ProfileError::Syntax(error.to_string()))?;
        profile.validate()?;
        Ok(profile)
    }

    /// Holds it to the checks that there are.
    ///
    /// # Errors
    ///
    /// When it names a check or a limit that does not exist.
    pub fn validate(&self) -> Result<(), ProfileError> {
        let named = self.ignore.iter().chain(&self.required.checks).chain(&self.required.vetoes);
        for code in named {
            known(code)?;
        }
        let ignored: BTreeSet<_> = self.ignore.iter().collect();
        if let Some(code) = self.required.checks.iter().find(|code| ignored.contains(code)) {
            return Err(ProfileError::RequiredAndIgnored(code.clone()));
        }
        let tables = std::iter::once(&self.checks).chain(self.overrides.iter().map(|one| &one.checks));
        for (code, settings) in tables.flatten() {
            let check = known(code)?;
            for (key, value) in &settings.limits {
                if !check.doc.limits.iter().any(|limit| limit.key == key) {
                    let keys: Vec<_> = check.doc.limits.iter().map(|limit| format!("`{}`", limit.key)).collect();
                    let known = if keys.is_empty() { "no limits".to_owned() } else { keys.join(", ") };
                    return Err(ProfileError::UnknownLimit { code: code.clone(), key: key.clone(), known });
                }
                if value.is_nan() {
                    return Err(ProfileError::NotANumber { code: code.clone(), key: key.clone(), value: *value });
                }
            }
        }
        Ok(())
    }

    /// Name and version, for people.
    pub fn title(&self) -> String {
        if self.version.is_empty() { self.name.clone() } else { format!("{} {}", self.name, self.version) }
    }

    /// The hash that receipts carry. It covers every limit that is in force, also those that the profile leaves at their
    /// defaults, so that a changed default is a changed profile.
    pub fn hash(&self) -> Hash256 {
        let in_force: BTreeMap<_, _> = CHECKS
            .iter()
            .map(|check| {
                let mut settings = Settings::defaults(&check.doc);
                apply(&mut settings, self.checks.get(check.doc.code));
                let limits: BTreeMap<_, _> =
                    settings.limits.iter().map(|(key, value)| (*key, canonical(*value))).collect();
                (check.doc.code, (settings.severity, limits))
            })
            .collect();
        let mut ignore = self.ignore.clone();
        ignore.sort();
        let text = (&self.name, &self.version, &ignore, &self.required, &in_force, &self.overrides);
        // OK because strings, numbers and maps with text keys always have a JSON form.
        hash_canonical(&text).unwrap_or_else(|_| Hash256::of(b""))
    }

    /// What holds for one check on one task and robot, outside any phase.
    pub(crate) fn settings(&self, check: &Check, task: Option<&str>, robot: Option<&str>) -> Settings {
        let mut settings = Settings::defaults(&check.doc);
        apply(&mut settings, self.checks.get(check.doc.code));
        for one in self.overrides.iter().filter(|one| one.phase.is_none() && one.matches(task, robot)) {
            apply(&mut settings, one.checks.get(check.doc.code));
        }
        settings
    }

    /// The phases in which one check has other settings, in the order of the profile.
    pub(crate) fn phases(&self, check: &Check, task: Option<&str>, robot: Option<&str>) -> Vec<(String, Settings)> {
        let mut phases = Vec::new();
        for one in self.overrides.iter().filter(|one| one.matches(task, robot)) {
            if let (Some(phase), Some(change)) = (&one.phase, one.checks.get(check.doc.code)) {
                let mut settings = self.settings(check, task, robot);
                apply(&mut settings, Some(change));
                phases.push((phase.clone(), settings));
            }
        }
        phases
    }
}

impl Override {
    fn matches(&self, task: Option<&str>, robot: Option<&str>) -> bool {
        // An unknown task or robot matches only a pattern that asks for nothing.
        let holds = |pattern: &Option<String>, text: Option<&str>| match pattern {
            None => true,
            Some(pattern) => text.is_some_and(|text| glob(pattern, text)),
        };
        holds(&self.task, task) && holds(&self.robot, robot)
    }
}

fn known(code: &str) -> Result<&'static Check, ProfileError> {
    Check::find(code).ok_or_else(|| ProfileError::UnknownCheck(code.to_owned()))
}

fn apply(settings: &mut Settings, change: Option<&CheckSettings>) {
    let Some(change) = change else { return };
    settings.severity = change.severity.unwrap_or(settings.severity);
    for (key, value) in &mut settings.limits {
        *value = change.limits.get(*key).copied().unwrap_or(*value);
    }
}

/// Infinity has no place in JSON, but a profile may set it.
fn canonical(value: f64) -> serde_json::Value {
    if value.is_finite() { value.into() } else { value.to_string().into() }
}

/// Whether `text` fits `pattern`, in which `*` stands for any text. Letters count whatever their case.
pub(crate) fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.to_lowercase().chars().collect(), text.to_lowercase().chars().collect());
    let (mut p, mut t) = (0, 0);
    // Where the last star was, and how much of the text it has taken: on a mismatch it takes one more.
    let mut star = None;
    while t < text.len() {
        if pattern.get(p) == Some(&'*') {
            star = Some((p, t));
            p += 1;
        } else if pattern.get(p) == Some(&text[t]) {
            p += 1;
            t += 1;
        } else if let Some((at, taken)) = star {
            star = Some((at, taken + 1));
            p = at + 1;
            t = taken + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_changes_limits_for_some_tasks() {
        let profile = Profile::parse(
            r#"
            name = "line 3"
            version = "7"
            ignore = ["TIM004"]

            [required]
            dimensions = ["usability"]
            checks = ["SIG005"]

            [checks.TIM003]
            severity = "warning"
            gap_max_s = 1

            [[override]]
            task = "screw*"
            [override.checks.TIM003]
            gap_max_s = 0.05

            [[override]]
            phase = "grasp"
            [override.checks.TIM003]
            gap_max_s = 0.02
            "#,
        )
        .unwrap();
        let gap = Check::find("TIM003").unwrap();
        let limit = |task| profile.settings(gap, task, None).limit("gap_max_s");
        assert_eq!((limit(Some("Screw the door")), limit(Some("pick")), limit(None)), (0.05, 1.0, 1.0));
        assert_eq!(profile.settings(gap, None, None).severity(), Severity::Warning);
        let phases = profile.phases(gap, None, None);
        assert_eq!((phases.len(), phases[0].0.as_str(), phases[0].1.limit("gap_max_s")), (1, "grasp", 0.02));
        assert_eq!(profile.title(), "line 3 7");
    }

    #[test]
    fn what_does_not_exist_is_refused_by_name() {
        let error = |text: &str| Profile::parse(text).unwrap_err().to_string();
        assert_eq!(
            error("name = \"a\"\nignore = [\"XYZ001\"]"),
            "the profile names check `XYZ001`, which does not exist"
        );
        let text = error("name = \"a\"\n[checks.TIM003]\ngap_s = 1.0");
        assert!(text.starts_with("the profile sets `gap_s` of TIM003, which has `gap_max_s`"), "{text}");
        assert!(error("name = \"a\"\nrequire = 1").contains("require"));
        assert!(error("name = \"a\"\n[checks.TIM003]\ngap_max_s = nan").contains("limits nothing"));
        assert!(
            error("name = \"a\"\nignore = [\"TIM003\"]\nrequired.checks = [\"TIM003\"]").contains("ignores TIM003")
        );
    }

    #[test]
    fn the_hash_follows_what_is_in_force() {
        let plain = Profile::default();
        assert_eq!(plain.hash(), Profile::default().hash());
        // The default written out is the same rule.
        let gap_max_s =
            Check::find("TIM003").unwrap().doc.limits.iter().find(|l| l.key == "gap_max_s").unwrap().default;
        let mut same = plain.clone();
        same.checks.entry("TIM003".to_owned()).or_default().limits.insert("gap_max_s".to_owned(), gap_max_s);
        assert_eq!(same.hash(), plain.hash());
        let mut other = plain.clone();
        other.checks.entry("TIM003".to_owned()).or_default().limits.insert("gap_max_s".to_owned(), gap_max_s * 2.0);
        assert_ne!(other.hash(), plain.hash());
        let mut endless = plain.clone();
        endless.checks.entry("TIM003".to_owned()).or_default().limits.insert("gap_max_s".to_owned(), f64::INFINITY);
        assert_ne!(endless.hash(), plain.hash());
    }

    #[test]
    fn stars_match_any_text() {
        assert!(glob("pick*", "Pick the apple") && glob("*apple", "Pick the apple") && glob("*", ""));
        assert!(glob("p*k*a*", "pick an apple") && glob("a*b*b", "aXbYbb"));
        assert!(!glob("pick", "pick the apple") && !glob("*pear*", "Pick the apple") && !glob("", "a"));
    }
}

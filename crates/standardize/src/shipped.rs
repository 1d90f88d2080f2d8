//! What Prairie knows of robots and layouts beforehand: mappings that come with it, as data.
//!
//! ```text
//!   mappings/NAME.toml ─▶ Mapping with `[applies]` ─▶ the first that fits a plan ─▶ rules where the user's mapping has none
//! ```
//!
//! A shipped mapping never contradicts the user's: it is asked only about channels for which the user's has no rule. What it
//! says is part of [`crate::STANDARDIZER_VERSION`], as the lenses are.
//!
//! **Invariant:** each says what it was checked against.

use std::sync::LazyLock;

use prairie_model::RecordingPlan;

use crate::Mapping;

/// A mapping that comes with the program.
#[derive(Debug)]
pub struct Shipped {
    /// Its name: `aloha`.
    pub name: &'static str,
    /// The file, as people may read and copy it.
    pub text: &'static str,
    /// What it says.
    pub mapping: Mapping,
}

impl Shipped {
    /// What its rules were checked against.
    pub fn checked(&self) -> &str {
        self.mapping.applies.as_ref().map_or("", |applies| &applies.checked)
    }

    /// Whether it applies to recordings by itself, or only where it is named.
    pub fn is_automatic(&self) -> bool {
        self.mapping.applies.as_ref().is_some_and(crate::mapping::Applies::asks)
    }
}

macro_rules! texts {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../mappings/", $name, ".toml")))),*]
    };
}

/// Every file, by name.
const TEXTS: &[(&str, &str)] = texts![
    "agibot-world",
    "aloha",
    "franka",
    "kuavo",
    "reachy2",
    "robomimic",
    "robomind",
    "so-101",
    "so-101-degrees",
    "unitree-g1",
    "unitree-h1",
    "ur-rtde",
    "widowx-bridge",
];

/// Every shipped mapping, by name.
pub fn all() -> &'static [Shipped] {
    static ALL: LazyLock<Vec<Shipped>> = LazyLock::new(|| {
        let shipped = |(name, text): &(&'static str, &'static str)| {
            // OK because a test parses every file.
            let mapping = Mapping::parse(text).expect("a shipped mapping parses");
            Shipped { name, text, mapping }
        };
        TEXTS.iter().map(shipped).collect()
    });
    &ALL
}

/// The mapping of that name.
pub fn named(name: &str) -> Option<&'static Shipped> {
    all().iter().find(|shipped| shipped.name == name)
}

/// The first mapping, by name, that is for recordings like this one.
pub fn of_plan(plan: &RecordingPlan) -> Option<&'static Shipped> {
    all().iter().find(|shipped| shipped.mapping.applies.as_ref().is_some_and(|applies| applies.fits(plan)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test may look at its own sources")]
    fn every_file_is_shipped_and_says_what_it_was_checked_against() {
        let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/mappings")).unwrap();
        let mut names: Vec<String> =
            files.map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect();
        names.sort();
        assert_eq!(names, all().iter().map(|shipped| shipped.name).collect::<Vec<_>>());
        for shipped in all() {
            assert!(!shipped.checked().is_empty(), "{}", shipped.name);
            assert!(named(shipped.name).is_some());
        }
    }

    #[test]
    fn an_unknown_recording_has_none() {
        assert!(of_plan(&RecordingPlan::default()).is_none());
    }
}

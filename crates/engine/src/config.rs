//! Settings: flags beat the environment, that beats the project's file, that beats the user's file. Merged once, and each
//! value knows where it comes from.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::EngineError;

/// A value and where it comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// `flag`, `PRAIRIE_STORE`, a file's path, or `default`.
    pub origin: String,
}

/// The settings of one call.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Folder of the store.
    pub store: Setting<PathBuf>,
    /// Mapping that is used when no other is named.
    pub mapping: Setting<Option<PathBuf>>,
    /// Profile that is used when no other is named.
    pub profile: Setting<Option<PathBuf>>,
    /// Owner of recordings that do not say whose they are.
    pub owner: Setting<Option<String>>,
    /// Name that receipts are issued under.
    pub issuer: Setting<Option<String>>,
}

/// One line of `config show`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConfigEntry {
    /// Name of the setting.
    pub name: String,
    /// Its value; `None` is unset.
    pub value: Option<String>,
    /// Where it comes from.
    pub origin: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfigFile {
    store: Option<PathBuf>,
    mapping: Option<PathBuf>,
    profile: Option<PathBuf>,
    owner: Option<String>,
    issuer: Option<String>,
}

impl Config {
    /// Merges the flag and the environment's value of the store with the texts of the files, nearest first.
    ///
    /// # Errors
    ///
    /// When a file is not TOML, or has a setting that there is not.
    pub fn merge(
        store_flag: Option<&Path>,
        store_environment: Option<String>,
        files: &[(String, String)],
    ) -> Result<Self, EngineError> {
        let mut parsed = Vec::new();
        for (path, text) in files {
            let file: ConfigFile =
                toml::from_str(text).map_err(|error| EngineError::invalid(format!("settings `{path}`"), error))?;
            parsed.push((path, file));
        }
        fn first<T: Clone>(
            files: &[(&String, ConfigFile)],
            value: impl Fn(&ConfigFile) -> Option<T>,
        ) -> Setting<Option<T>> {
            let found = files.iter().find_map(|(path, file)| Some((value(file)?, (*path).clone())));
            match found {
                Some((value, origin)) => Setting { value: Some(value), origin },
                None => Setting { value: None, origin: "default".to_owned() },
            }
        }
        let environment = store_environment.filter(|path| !path.is_empty()).map(PathBuf::from);
        let store = match (store_flag, environment) {
            // The flag's parser reads the environment too, so a flag equal to it came from there.
            (Some(flag), Some(environment)) if flag == environment => {
                Setting { value: environment, origin: "PRAIRIE_STORE".to_owned() }
            }
            (Some(flag), _) => Setting { value: flag.to_owned(), origin: "flag".to_owned() },
            (None, Some(environment)) => Setting { value: environment, origin: "PRAIRIE_STORE".to_owned() },
            (None, None) => {
                let Setting { value, origin } = first(&parsed, |file| file.store.clone());
                Setting { value: value.unwrap_or_else(|| PathBuf::from("prairie-store")), origin }
            }
        };
        Ok(Self {
            store,
            mapping: first(&parsed, |file| file.mapping.clone()),
            profile: first(&parsed, |file| file.profile.clone()),
            owner: first(&parsed, |file| file.owner.clone()),
            issuer: first(&parsed, |file| file.issuer.clone()),
        })
    }

    /// The settings of a store at `dir`, everything else by default.
    pub fn at(dir: impl Into<PathBuf>) -> Self {
        let unset = || Setting { value: None, origin: "default".to_owned() };
        Self {
            store: Setting { value: dir.into(), origin: "flag".to_owned() },
            mapping: Setting { value: None, origin: "default".to_owned() },
            profile: Setting { value: None, origin: "default".to_owned() },
            owner: unset(),
            issuer: unset(),
        }
    }

    /// Every setting, by name.
    pub fn entries(&self) -> Vec<ConfigEntry> {
        let path = |path: &Path| path.display().to_string();
        let entry = |name: &str, value: Option<String>, origin: &str| ConfigEntry {
            name: name.to_owned(),
            value,
            origin: origin.to_owned(),
        };
        vec![
            entry("issuer", self.issuer.value.clone(), &self.issuer.origin),
            entry("mapping", self.mapping.value.as_deref().map(path), &self.mapping.origin),
            entry("owner", self.owner.value.clone(), &self.owner.origin),
            entry("profile", self.profile.value.as_deref().map(path), &self.profile.origin),
            entry("store", Some(path(&self.store.value)), &self.store.origin),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_wins_and_says_so() {
        let files = [
            ("project".to_owned(), "store = \"p\"\nowner = \"acme\"".to_owned()),
            ("user".to_owned(), "owner = \"me\"\nissuer = \"me\"".to_owned()),
        ];
        let config = Config::merge(None, None, &files).unwrap();
        assert_eq!((config.store.value.as_path(), config.store.origin.as_str()), (Path::new("p"), "project"));
        assert_eq!((config.owner.value.as_deref(), config.owner.origin.as_str()), (Some("acme"), "project"));
        assert_eq!(config.issuer.origin, "user");
        let config = Config::merge(Some(Path::new("f")), Some("e".to_owned()), &files).unwrap();
        assert_eq!((config.store.value.as_path(), config.store.origin.as_str()), (Path::new("f"), "flag"));
        assert_eq!(Config::merge(None, None, &[]).unwrap().store.value, Path::new("prairie-store"));
    }

    #[test]
    fn a_setting_that_there_is_not_is_refused() {
        let error = Config::merge(None, None, &[("p".to_owned(), "stor = 1".to_owned())]).unwrap_err();
        assert!(error.to_string().starts_with("settings `p`"), "{error}");
    }
}

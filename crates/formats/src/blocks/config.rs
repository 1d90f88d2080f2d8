//! `recording.toml`: which files there are, what their columns are, and what labels mean.

use std::collections::BTreeMap;

use prairie_model::Source;
use serde::Deserialize;

use crate::FormatError;

/// Name of the file.
const NAME: &str = "recording.toml";

/// Version of the form.
const SCHEMA: &str = "prairie/blocks/1";

/// Bytes that the file may have.
const BYTES_MAX: u64 = 1 << 20;

/// Columns that a row may have.
pub(super) const COLUMNS_MAX: usize = 4096;

/// The label that stands for every other.
const ANY: &str = "*";

/// What a recording of blocks is.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Config {
    schema: String,
    /// Seconds from row to row.
    pub(super) period_s: f64,
    /// Files, in the order of their episodes.
    pub(super) files: Vec<FileConfig>,
    /// Streams.
    pub(super) streams: Vec<StreamConfig>,
    /// Label to outcome.
    #[serde(default)]
    outcomes: BTreeMap<String, String>,
    /// Facts about the recording.
    #[serde(default)]
    pub(super) attributes: BTreeMap<String, String>,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileConfig {
    pub(super) path: String,
    /// What was to be done in its blocks.
    #[serde(default)]
    pub(super) task: Option<String>,
    /// Facts about each of its episodes.
    #[serde(default)]
    pub(super) attributes: BTreeMap<String, String>,
}

/// One stream.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StreamConfig {
    /// Its name, which says what it is: `wrench`, `observation.qpos`.
    pub(super) name: String,
    /// Numbers of its columns, from 0.
    pub(super) columns: Vec<usize>,
    /// Names of them.
    #[serde(default)]
    pub(super) names: Vec<String>,
}

impl Config {
    /// Whether a source has one of this form.
    pub(super) fn is_there(source: &dyn Source) -> bool {
        read(source).is_some_and(|text| text.contains(SCHEMA))
    }

    pub(super) fn load(source: &dyn Source) -> Result<Self, FormatError> {
        let wrong =
            |why: String| FormatError::Damaged { what: "the description", file: NAME.to_owned(), offset: 0, why };
        let text =
            read(source).ok_or_else(|| wrong("it is not there, or is no text of up to a megabyte".to_owned()))?;
        let config: Self = toml::from_str(&text).map_err(|error| wrong(error.message().to_owned()))?;
        config.check().map_err(wrong)?;
        Ok(config)
    }

    fn check(&self) -> Result<(), String> {
        if self.schema != SCHEMA {
            return Err(format!("its schema is `{}`, and this program reads `{SCHEMA}`", self.schema));
        }
        if !(self.period_s > 1e-9 && self.period_s < 86_400.0) {
            return Err(format!("`period_s` is {}, and must lie above 0 and below a day", self.period_s));
        }
        if self.streams.is_empty() {
            return Err("it names no stream".to_owned());
        }
        for stream in &self.streams {
            if stream.columns.is_empty() {
                return Err(format!("stream `{}` has no column", stream.name));
            }
            if let Some(column) = stream.columns.iter().find(|column| **column >= COLUMNS_MAX) {
                return Err(format!("stream `{}` names column {column}, and {COLUMNS_MAX} are allowed", stream.name));
            }
            if !stream.names.is_empty() && stream.names.len() != stream.columns.len() {
                let (names, columns) = (stream.names.len(), stream.columns.len());
                return Err(format!("stream `{}` has {names} names for {columns} columns", stream.name));
            }
        }
        Ok(())
    }

    /// What a label means.
    pub(super) fn outcome(&self, label: &str) -> Option<&str> {
        self.outcomes.get(label).or_else(|| self.outcomes.get(ANY)).map(String::as_str)
    }

    /// Columns that a row needs.
    pub(super) fn width(&self) -> usize {
        self.streams.iter().flat_map(|stream| &stream.columns).max().map_or(0, |last| last + 1)
    }

    /// Nanoseconds from the beginning of a block to its row number `at`.
    pub(super) fn time_ns(&self, at: u64) -> i64 {
        // OK to cast: saturates; a block of a million rows a day apart lasts less than 2^63 ns.
        (at as f64 * self.period_s * 1e9).round() as i64
    }
}

fn read(source: &dyn Source) -> Option<String> {
    let place = source.files().iter().position(|file| file.path == NAME)?;
    let size = source.files().get(place).map(|file| file.size).filter(|size| *size <= BYTES_MAX)?;
    String::from_utf8(source.read_exact(place, 0, size).ok()?).ok()
}

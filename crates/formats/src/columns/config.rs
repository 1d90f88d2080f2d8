//! `recording.toml` of tables: which files there are, how they are timed, and which columns are a stream.

use std::collections::BTreeMap;

use prairie_model::{Source, utc_offset_s};
use serde::Deserialize;

use super::glob;
use crate::FormatError;

/// Name of the file.
pub(super) const NAME: &str = "recording.toml";

/// Version of the form.
const SCHEMA: &str = "prairie/table/1";

/// Bytes that the file may have.
const BYTES_MAX: u64 = 1 << 20;

/// Columns that a stream may have, and streams of a recording.
const COLUMNS_MAX: usize = 4096;
const STREAMS_MAX: usize = 4096;

/// Patterns of paths, and bytes of one.
const PATTERNS_MAX: usize = 10_000;
const PATTERN_MAX: usize = 1024;

/// Files of a recording.
pub(super) const FILES_MAX: usize = 100_000;

/// What a recording of tables is.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Config {
    schema: String,
    /// Files, in the order of their episodes.
    pub(super) files: Vec<FileConfig>,
    /// How rows are timed.
    pub(super) time: TimeConfig,
    /// How rows are cut into episodes; by files where it is not there.
    #[serde(default)]
    pub(super) episodes: EpisodeConfig,
    /// Streams; every column is one where there are none.
    #[serde(default)]
    pub(super) streams: Vec<StreamConfig>,
    /// How CSV is written.
    #[serde(default)]
    pub(super) csv: CsvConfig,
    /// New names of columns.
    #[serde(default)]
    pub(super) renames: BTreeMap<String, String>,
    /// Facts about the recording.
    #[serde(default)]
    pub(super) attributes: BTreeMap<String, String>,
}

/// Some files.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileConfig {
    /// A path, or a pattern of paths: `runs/*.csv`.
    pub(super) path: String,
    #[serde(default)]
    pub(super) format: Option<FileFormat>,
    /// What was to be done in it.
    #[serde(default)]
    pub(super) task: Option<String>,
    /// Facts about each of its episodes.
    #[serde(default)]
    pub(super) attributes: BTreeMap<String, String>,
}

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum FileFormat {
    Csv,
    JsonLines,
    Parquet,
    Npy,
    Npz,
}

/// How rows are timed: by a column, or by a rate.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TimeConfig {
    #[serde(default)]
    pub(super) column: Option<String>,
    #[serde(default)]
    pub(super) unit: Option<TimeUnit>,
    /// Offset from UTC of times without one: `+08:00`.
    #[serde(default)]
    utc_offset: Option<String>,
    #[serde(default)]
    pub(super) rate_hz: Option<f64>,
}

/// The unit of a column of times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) enum TimeUnit {
    #[serde(rename = "s")]
    Seconds,
    #[serde(rename = "ms")]
    Milliseconds,
    #[serde(rename = "us")]
    Microseconds,
    #[serde(rename = "ns")]
    Nanoseconds,
    #[serde(rename = "iso8601")]
    Iso8601,
}

/// How rows are cut into episodes.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EpisodeConfig {
    /// Rows with one value of this column, one behind the other, are an episode.
    #[serde(default)]
    pub(super) column: Option<String>,
}

/// How CSV is written.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CsvConfig {
    /// Between cells; found from the line of names where it is not there.
    #[serde(default)]
    delimiter: Option<String>,
    /// Between whole numbers and their fractions.
    #[serde(default)]
    decimal: Option<String>,
}

/// One stream.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StreamConfig {
    /// Its name, which says what it is: `wrench`, `observation.qpos`.
    pub(super) name: String,
    /// Its columns; the one of its name where there are none.
    #[serde(default)]
    pub(super) columns: Vec<String>,
    /// Names of its elements; those of the columns where there are none.
    #[serde(default)]
    pub(super) names: Vec<String>,
    /// Unit of its numbers.
    #[serde(default)]
    pub(super) unit: Option<String>,
    /// Whether its one column is text.
    #[serde(default)]
    pub(super) text: bool,
}

impl StreamConfig {
    /// A stream of one column.
    pub(super) fn of_column(name: &str, text: bool) -> Self {
        let (columns, names) = (vec![name.to_owned()], Vec::new());
        Self { name: name.to_owned(), columns, names, unit: None, text }
    }
}

/// A file of the recording, and what is said about it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Listed<'a> {
    pub(super) file: usize,
    pub(super) path: &'a str,
    pub(super) format: FileFormat,
    pub(super) config: &'a FileConfig,
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
        let mut config: Self = toml::from_str(&text).map_err(|error| wrong(error.message().to_owned()))?;
        config.check().map_err(wrong)?;
        for stream in config.streams.iter_mut().filter(|stream| stream.columns.is_empty()) {
            stream.columns.push(stream.name.clone());
        }
        Ok(config)
    }

    fn check(&self) -> Result<(), String> {
        if self.schema != SCHEMA {
            return Err(format!("its schema is `{}`, and this program reads `{SCHEMA}`", self.schema));
        }
        if self.files.is_empty() || self.files.len() > PATTERNS_MAX {
            return Err(format!(
                "it names {} files or patterns, and 1 to {PATTERNS_MAX} are allowed",
                self.files.len()
            ));
        }
        if let Some(file) = self.files.iter().find(|file| file.path.len() > PATTERN_MAX) {
            return Err(format!("a path of it has {} bytes, and {PATTERN_MAX} are allowed", file.path.len()));
        }
        match (&self.time.column, self.time.unit, self.time.rate_hz) {
            (Some(_), Some(_), None) => {}
            (None, None, Some(rate)) if rate > 1e-6 && rate < 1e9 => {}
            (None, _, Some(rate)) => return Err(format!("`rate_hz` is {rate}, and needs no unit")),
            (Some(column), None, _) => return Err(format!("the times of `{column}` have no `unit`")),
            (Some(_), Some(_), Some(_)) => return Err("`time` has a column and a rate".to_owned()),
            (None, _, None) => return Err("`time` has neither a `column` with its `unit` nor a `rate_hz`".to_owned()),
        }
        if let Some(offset) = self.time.utc_offset.as_ref().filter(|offset| utc_offset_s(offset).is_none()) {
            return Err(format!("`utc_offset` is `{offset}`, and must be like `+08:00`"));
        }
        if self.csv.delimiter.as_ref().is_some_and(|text| text.len() != 1) {
            return Err("`delimiter` is one ASCII character".to_owned());
        }
        if let Some(decimal) = self.csv.decimal.as_ref().filter(|text| !matches!(text.as_str(), "." | ",")) {
            return Err(format!("`decimal` is `{decimal}`, and must be `.` or `,`"));
        }
        if self.streams.len() > STREAMS_MAX {
            return Err(format!("it names {} streams, and {STREAMS_MAX} are allowed", self.streams.len()));
        }
        self.streams.iter().enumerate().try_for_each(|(at, stream)| {
            let (name, columns) = (&stream.name, stream.columns.len());
            if self.streams.iter().take(at).any(|other| other.name == *name) {
                return Err(format!("two streams are called `{name}`"));
            }
            if columns > COLUMNS_MAX {
                return Err(format!("stream `{name}` has {columns} columns, and {COLUMNS_MAX} are allowed"));
            }
            if stream.text && columns > 1 {
                return Err(format!("stream `{name}` is text, and has {columns} columns"));
            }
            Ok(())
        })
    }

    /// Whether fractions follow a comma.
    pub(super) fn is_decimal_comma(&self) -> bool {
        self.csv.decimal.as_deref() == Some(",")
    }

    pub(super) fn delimiter(&self) -> Option<u8> {
        self.csv.delimiter.as_ref().and_then(|text| text.bytes().next())
    }

    /// Seconds that times without an offset are ahead of UTC.
    pub(super) fn offset_s(&self) -> i64 {
        self.time.utc_offset.as_deref().and_then(utc_offset_s).unwrap_or(0)
    }

    /// The name that a column goes by: without blanks around it, and renamed.
    pub(super) fn column_name(&self, name: &str) -> String {
        let name = name.trim();
        let renamed = self.renames.iter().find(|(old, _)| old.trim() == name);
        renamed.map_or_else(|| name.to_owned(), |(_, new)| new.clone())
    }

    /// The files that are there, each once: in the order of the patterns, and in each by their names, numbers by their size. The
    /// patterns that no file has come behind.
    pub(super) fn files<'a>(&'a self, source: &'a dyn Source) -> (Vec<Listed<'a>>, Vec<&'a FileConfig>) {
        let mut listed: Vec<Listed<'a>> = Vec::new();
        let mut absent = Vec::new();
        let mut taken = vec![false; source.files().len()];
        for config in &self.files {
            let mut found: Vec<usize> = (0..source.files().len())
                .filter(|at| source.files()[*at].path != NAME && glob::matches(&config.path, &source.files()[*at].path))
                .collect();
            if found.is_empty() {
                absent.push(config);
            }
            found.sort_by_cached_key(|at| glob::natural(&source.files()[*at].path));
            for file in found {
                // OK to index: as many as files.
                let path = source.files()[file].path.as_str();
                let Some(format) = config.format.or_else(|| FileFormat::of_path(path)) else { continue };
                if !std::mem::replace(&mut taken[file], true) && listed.len() < FILES_MAX {
                    listed.push(Listed { file, path, format, config });
                }
            }
        }
        (listed, absent)
    }
}

impl FileFormat {
    fn of_path(path: &str) -> Option<Self> {
        let (_, extension) = path.rsplit_once('.')?;
        Some(match extension.to_ascii_lowercase().as_str() {
            "csv" | "tsv" | "txt" => Self::Csv,
            "jsonl" | "ndjson" => Self::JsonLines,
            "parquet" => Self::Parquet,
            "npy" => Self::Npy,
            "npz" => Self::Npz,
            _ => return None,
        })
    }
}

impl TimeUnit {
    /// Nanoseconds of one; of texts none.
    pub(super) fn nanos(self) -> Option<i64> {
        match self {
            Self::Seconds => Some(1_000_000_000),
            Self::Milliseconds => Some(1_000_000),
            Self::Microseconds => Some(1_000),
            Self::Nanoseconds => Some(1),
            Self::Iso8601 => None,
        }
    }
}

fn read(source: &dyn Source) -> Option<String> {
    let place = source.find(NAME)?;
    let size = source.files().get(place).map(|file| file.size).filter(|size| *size <= BYTES_MAX)?;
    String::from_utf8(source.read_exact(place, 0, size).ok()?).ok()
}

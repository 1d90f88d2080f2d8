//! The mapping of a station's log: which file holds what, and what its columns and values mean.

use std::collections::BTreeMap;

use prairie_model::{Recorder, utc_offset_s};
use serde::{Deserialize, Serialize};

/// Version of the form. A reader refuses others.
pub const STATION_LOG_SCHEMA: &str = "prairie/station-log/1";

/// Sections of one mapping.
const SECTIONS_MAX: usize = 1000;

/// How a station's log is to be read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogMapping {
    /// Version of the form: [`STATION_LOG_SCHEMA`].
    pub schema: String,
    /// Who recorded it.
    #[serde(default)]
    pub recorder: Recorder,
    /// Whether it was made by a simulation.
    #[serde(default)]
    pub simulated: bool,
    /// What times without an offset are meant in: `+08:00`. Without it they are UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub utc_offset: Option<String>,
    /// Values of fields that the files leave out or empty: `station = "door-3"`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub defaults: BTreeMap<String, String>,
    /// The files.
    pub files: Vec<Section>,
}

/// One file of a log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// Its path in the log's folder. Its name ends with `csv`, `tsv`, `jsonl`, `ndjson`, `parquet` or `mcap`. Several sections may
    /// read the same file.
    pub path: String,
    /// What its rows are.
    pub kind: SectionKind,
    /// Of an MCAP: the topic whose messages are the rows. Their fields are the columns, and `log_time` is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// Set where the rows are samples at a rate instead of things: consecutive samples of one thing become one row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub samples: Option<Samples>,
    /// Values of fields that hold for every row of this file, unless a cell says otherwise: `detail = "grip lost"`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fixed: BTreeMap<String, String>,
    /// Unit of times that are numbers: `s` (default), `ms`, `us` or `ns` since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_unit: Option<String>,
    /// Field to column, where they have different names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub columns: BTreeMap<String, String>,
    /// Condition to column.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub conditions: BTreeMap<String, String>,
    /// Field to what its values mean: `outcome.OK = "success"`. A value that means `-` says that the row is nothing: `kind."0" = "-"`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, BTreeMap<String, String>>,
}

/// How a file of samples becomes things.
///
/// Samples with the same unit (of units), kind (of events) or mode (of modes) that follow each other are one thing. It lasts
/// until the next sample, at most `gap_max_s`; without a next one, the last sample lasts `period_s`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Samples {
    /// Seconds from sample to sample.
    pub period_s: f64,
    /// A longer time between two samples is a gap: two and a half periods where nothing is said. It ends an event and a mode, since
    /// nobody knows what was in it; a unit goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap_max_s: Option<f64>,
}

impl Samples {
    /// Nanoseconds from sample to sample.
    pub(super) fn period_ns(self) -> i64 {
        nanos(self.period_s)
    }

    /// The longest time between two samples that is no gap, in nanoseconds.
    pub(super) fn gap_ns(self) -> i64 {
        nanos(self.gap_max_s.unwrap_or(2.5 * self.period_s))
    }

    fn is_sound(self) -> bool {
        let fits = |seconds: f64| seconds > 0.0 && seconds < 86_400.0;
        fits(self.period_s) && self.gap_max_s.is_none_or(|gap| fits(gap) && gap >= self.period_s)
    }
}

fn nanos(seconds: f64) -> i64 {
    // OK to cast: `is_sound` has seen less than a day, and of the product by 2.5 less than three.
    (seconds * 1e9) as i64
}

/// What the rows of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SectionKind {
    /// Units of work.
    Units,
    /// Shifts of the calendar.
    Shifts,
    /// Interventions, faults, stops.
    Events,
    /// Readings of the independent counter.
    Readings,
    /// Units that others looked at again.
    Audits,
    /// Draws by lot.
    Draws,
    /// Spans in which the recorder's heartbeat arrived.
    Coverage,
    /// People near the station.
    Presence,
    /// What was found when somebody looked at units again.
    Confirmations,
    /// Who was in command, and from when to when.
    Modes,
    /// Which units are in which episodes.
    Links,
}

impl SectionKind {
    /// All of them, in the order in which a log is read: what units are compared with comes before them.
    pub const ALL: &[Self] = &[
        Self::Shifts,
        Self::Readings,
        Self::Modes,
        Self::Confirmations,
        Self::Links,
        Self::Draws,
        Self::Audits,
        Self::Coverage,
        Self::Presence,
        Self::Units,
        Self::Events,
    ];

    /// The name in mappings and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Units => "units",
            Self::Shifts => "shifts",
            Self::Events => "events",
            Self::Readings => "readings",
            Self::Audits => "audits",
            Self::Draws => "draws",
            Self::Coverage => "coverage",
            Self::Presence => "presence",
            Self::Confirmations => "confirmations",
            Self::Modes => "modes",
            Self::Links => "links",
        }
    }

    /// The fields of its rows.
    pub const fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Units => &[
                "attempts",
                "confirmed",
                "end",
                "mode",
                "outcome",
                "release",
                "robot",
                "shift",
                "start",
                "station",
                "unit",
                "worker",
            ],
            Self::Shifts => &["break_s", "crew", "drawn", "end", "kind", "shift", "start", "station"],
            Self::Events => &["at", "detail", "kind", "robot", "station", "unit", "until"],
            Self::Readings => &["at", "good", "station", "total"],
            Self::Audits => &[
                "episode",
                "found",
                "matched",
                "motion",
                "object",
                "repeat_ratio",
                "station",
                "steps",
                "train_ratio",
                "unit",
            ],
            Self::Draws => &["commitment", "committed", "kind", "seed", "share"],
            Self::Coverage => &["end", "start", "station"],
            Self::Presence => &["end", "people", "start", "station"],
            Self::Confirmations => &["at", "by", "detail", "outcome", "station", "unit"],
            Self::Modes => &["end", "mode", "robot", "start", "station"],
            Self::Links => &["episode", "station", "unit"],
        }
    }
}

/// Why a mapping cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum LogMappingError {
    /// Not TOML, or not of this form.
    #[error("the mapping has not the form of a station log's: {0}")]
    Form(String),
    /// Another version of the form.
    #[error("the mapping's schema is `{0}`, and this program reads `{STATION_LOG_SCHEMA}`")]
    OtherSchema(String),
    /// A name that means nothing here.
    #[error("{what} `{name}` of `{file}` is none of: {known}")]
    Unknown {
        /// What kind of name.
        what: &'static str,
        /// The name.
        name: String,
        /// The file of the section.
        file: String,
        /// The names that there are.
        known: String,
    },
    /// An offset from UTC that is none.
    #[error("`utc_offset` is `{0}`, and must be like `+08:00`")]
    Offset(String),
    /// Samples of things that have no duration, or times that cannot be.
    #[error("`samples` of `{file}`: {why}")]
    Samples {
        /// The file of the section.
        file: String,
        /// Why not.
        why: &'static str,
    },
    /// A topic of a file that has none, or none where one is needed.
    #[error("`{file}`: an MCAP needs a `topic`, and no other file has one")]
    Topic {
        /// The file of the section.
        file: String,
    },
    /// A path that leads out of the log's folder.
    #[error(
        "the file `{0}` lies outside of the log's folder: a log is one folder, so that it can be given to an auditor"
    )]
    Outside(String),
    /// A condition of a unit that is read from what says how the unit ended.
    #[error(
        "condition `{condition}` of `{file}` is the column `{column}`, which says how units ended: what counts would be chosen by \
         the result"
    )]
    Result {
        /// The condition.
        condition: String,
        /// Its column.
        column: String,
        /// The file of the section.
        file: String,
    },
    /// More sections than any log has.
    #[error("the mapping names {0} files, and {SECTIONS_MAX} are allowed")]
    TooMany(usize),
}

impl LogMapping {
    /// Reads a mapping.
    ///
    /// # Errors
    ///
    /// Where it is no TOML of this form, or names a field that there is not.
    pub fn from_toml(text: &str) -> Result<Self, LogMappingError> {
        let mapping: Self = toml::from_str(text).map_err(|error| LogMappingError::Form(error.to_string()))?;
        if mapping.schema != STATION_LOG_SCHEMA {
            return Err(LogMappingError::OtherSchema(mapping.schema));
        }
        if mapping.files.len() > SECTIONS_MAX {
            return Err(LogMappingError::TooMany(mapping.files.len()));
        }
        if let Some(offset) = mapping.utc_offset.as_ref().filter(|offset| utc_offset_s(offset).is_none()) {
            return Err(LogMappingError::Offset(offset.clone()));
        }
        for section in &mapping.files {
            let fields = section.kind.fields();
            let unknown = |what, name: &str, known: &[&str]| LogMappingError::Unknown {
                what,
                name: name.to_owned(),
                file: section.path.clone(),
                known: known.join(", "),
            };
            let mut named = section.columns.keys().chain(section.values.keys()).chain(section.fixed.keys());
            if let Some(name) = named.find(|name| !fields.contains(&name.as_str())) {
                return Err(unknown("field", name, fields));
            }
            let units = ["s", "ms", "us", "ns"];
            if let Some(unit) = section.time_unit.as_ref().filter(|unit| !units.contains(&unit.as_str())) {
                return Err(unknown("time unit", unit, &units));
            }
            section.check()?;
        }
        Ok(mapping)
    }

    /// Seconds that local time is ahead of UTC.
    pub(super) fn offset_s(&self) -> i64 {
        self.utc_offset.as_deref().and_then(utc_offset_s).unwrap_or(0)
    }
}

impl Section {
    fn check(&self) -> Result<(), LogMappingError> {
        let file = || self.path.clone();
        if let Some(samples) = self.samples {
            if !matches!(self.kind, SectionKind::Units | SectionKind::Events | SectionKind::Modes) {
                let why = "only units, events and modes last, so that samples of them can be put together";
                return Err(LogMappingError::Samples { file: file(), why });
            }
            if !samples.is_sound() {
                let why = "`period_s` must lie above 0 and below a day, and `gap_max_s` not below it";
                return Err(LogMappingError::Samples { file: file(), why });
            }
        }
        let parts = || self.path.split(['/', '\\']);
        if self.path.is_empty()
            || parts().any(|part| part == "..")
            || parts().next().is_some_and(|first| first.is_empty() || first.ends_with(':'))
        {
            return Err(LogMappingError::Outside(file()));
        }
        if self.kind == SectionKind::Units {
            let column_of = |field: &'static str| self.columns.get(field).map_or(field, String::as_str).trim();
            let results = [column_of("outcome"), column_of("confirmed"), column_of("attempts"), column_of("mode")];
            if let Some((condition, column)) =
                self.conditions.iter().find(|(_, column)| results.contains(&column.trim()))
            {
                let (condition, column) = (condition.clone(), column.clone());
                return Err(LogMappingError::Result { condition, column, file: file() });
            }
        }
        let is_mcap = self.path.to_ascii_lowercase().ends_with(".mcap");
        if is_mcap != self.topic.is_some() { Err(LogMappingError::Topic { file: file() }) } else { Ok(()) }
    }

    /// Nanoseconds of one unit of time.
    pub(super) fn time_unit_ns(&self) -> i64 {
        match self.time_unit.as_deref() {
            Some("ms") => 1_000_000,
            Some("us") => 1_000,
            Some("ns") => 1,
            _ => 1_000_000_000,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_stays_in_its_folder_and_does_not_choose_by_the_result() {
        let mapping = |path: &str, more: &str| {
            LogMapping::from_toml(&format!(
                "schema = \"{STATION_LOG_SCHEMA}\"\n[[files]]\npath = \"{path}\"\nkind = \"units\"\n{more}"
            ))
        };
        for path in ["../1/u.csv", "/etc/u.csv", "a/../../u.csv", "C:\\u.csv", "a\\..\\u.csv"] {
            let path = path.replace('\\', "\\\\");
            assert!(matches!(mapping(&path, ""), Err(LogMappingError::Outside(_))), "{path}");
        }
        assert!(mapping("day/u.csv", "").is_ok() && mapping("a..b.csv", "").is_ok());
        let by_result = "columns = { outcome = \"Result\" }\nconditions = { verdict = \" Result\" }\n";
        assert!(matches!(mapping("u.csv", by_result), Err(LogMappingError::Result { .. })));
        assert!(matches!(
            mapping("u.csv", "conditions = { tries = \"attempts\" }\n"),
            Err(LogMappingError::Result { .. })
        ));
        assert!(mapping("u.csv", "conditions = { family = \"family\" }\n").is_ok());
    }
}

//! What every command works with: settings, output, progress, and the store.

use std::fmt;
use std::fs;
use std::io::{BufWriter, Stdout, Write, stdout};
use std::path::{Path, PathBuf};

use prairie_engine::{Config, Engine, IngestOptions, Progress, Quiet};
use serde::Serialize;

use crate::args::{Global, OutputFormat, Reading};
use crate::error::Failure;
use crate::progress::Bars;

/// The settings of one call.
pub(crate) struct Context {
    pub(crate) config: Config,
    pub(crate) global: Global,
    bars: Option<Bars>,
}

impl Context {
    /// Merges flags, environment, project file and user file.
    pub(crate) fn new(global: Global) -> Result<Self, Failure> {
        let user = user_config_dir().map(|dir| dir.join("prairie").join("config.toml"));
        let mut files = Vec::new();
        for path in [Some(PathBuf::from("prairie.toml")), user].into_iter().flatten() {
            if path.is_file() {
                files.push((path.display().to_string(), read_text(&path)?));
            }
        }
        let config = Config::merge(global.store.as_deref(), std::env::var("PRAIRIE_STORE").ok(), &files)?;
        let bars = Bars::new(global.quiet);
        Ok(Self { config, global, bars })
    }

    /// Whether stdout is for programs.
    pub(crate) fn json(&self) -> bool {
        self.global.output_format == Some(OutputFormat::Json)
    }

    /// Where progress is told.
    pub(crate) fn progress(&self) -> &dyn Progress {
        match &self.bars {
            Some(bars) => bars,
            None => &Quiet,
        }
    }

    /// The store, made when it is not there.
    pub(crate) fn create_store(&self) -> Result<Engine, Failure> {
        Ok(Engine::create(&self.config)?)
    }

    /// The store, which must be there.
    pub(crate) fn open_store(&self) -> Result<Engine, Failure> {
        Ok(Engine::open(&self.config)?)
    }

    /// Buffered stdout.
    pub(crate) fn out(&self) -> BufWriter<Stdout> {
        BufWriter::new(stdout())
    }

    /// Prints `value` as JSON.
    pub(crate) fn print_json(&self, value: &impl Serialize) -> Result<(), Failure> {
        let mut out = self.out();
        serde_json::to_writer_pretty(&mut out, value)?;
        writeln!(out)?;
        out.flush()?;
        Ok(())
    }

    /// Tells a person something on stderr, unless they asked for quiet.
    pub(crate) fn say(&self, line: impl AsRef<str>) {
        if !self.global.quiet {
            eprintln!("{}", line.as_ref());
        }
    }

    /// Mapping, profile and facts of a verb that reads recordings.
    pub(crate) fn reading(&self, reading: &Reading) -> Result<IngestOptions, Failure> {
        let mapping = reading.mapping.clone().or_else(|| self.config.mapping.value.clone());
        let profile = reading.profile.clone().or_else(|| self.config.profile.value.clone());
        let mapping = mapping_with_robot(mapping.as_deref(), reading.robot_model.as_deref())?;
        let profile = profile.as_deref().map(read_text).transpose()?;
        let facts = &reading.facts;
        let mut given: Vec<(&'static str, Option<String>)> = vec![
            ("format", reading.format.clone()),
            ("task", facts.task.clone()),
            ("robot", facts.robot.clone()),
            ("operator", facts.operator.clone()),
            ("station", facts.station.clone()),
            ("mode", facts.mode.clone()),
            ("outcome", facts.outcome.clone()),
            ("licence", facts.licence.clone()),
            ("consent", facts.consent.clone()),
            ("purpose", facts.purpose.clone()),
            ("custody", facts.custody.clone()),
        ];
        given.push(("owner", facts.owner.clone().or_else(|| self.config.owner.value.clone())));
        let given = given.into_iter().filter_map(|(name, value)| value.map(|value| (name.to_owned(), value)));
        Ok(IngestOptions::new(mapping.as_deref(), profile.as_deref(), given.collect(), !reading.no_video)?)
    }
}

/// Prints a line of data, and ends the program where that cannot be done: quietly where nobody reads any more.
pub(crate) fn out_line(text: fmt::Arguments<'_>) {
    if let Err(error) = writeln!(stdout().lock(), "{text}") {
        let failure = Failure::from(error);
        eprint!("{}", failure.render());
        std::process::exit(i32::from(failure.exit()));
    }
}

/// The text of a mapping with the section that a robot's description makes.
pub(crate) fn mapping_with_robot(mapping: Option<&Path>, robot: Option<&Path>) -> Result<Option<String>, Failure> {
    let mapping = mapping.map(mapping_text).transpose()?;
    let Some(robot) = robot else { return Ok(mapping) };
    let section = prairie_engine::robot_section(&read_text(robot)?)?;
    Ok(Some(format!("{}\n{section}", mapping.unwrap_or_default())))
}

/// The text of a mapping: a file, or one that comes with Prairie.
fn mapping_text(path: &Path) -> Result<String, Failure> {
    let shipped = path.to_str().filter(|_| !path.exists()).map(prairie_engine::shipped_mapping);
    match shipped {
        Some(Ok(text)) => Ok(text.to_owned()),
        _ => read_text(path),
    }
}

/// Reads a text file that the user named.
pub(crate) fn read_text(path: impl AsRef<Path>) -> Result<String, Failure> {
    let path = path.as_ref();
    fs::read_to_string(path).map_err(|error| Failure::Other {
        chain: vec![format!("failed to read `{}`", path.display()), error.to_string()],
        hint: None,
    })
}

/// Writes a file that the user named, or stdout where there is none.
pub(crate) fn write_text(path: Option<&Path>, text: &str) -> Result<(), Failure> {
    let Some(path) = path else {
        let mut out = stdout().lock();
        out.write_all(text.as_bytes())?;
        return Ok(());
    };
    fs::write(path, text).map_err(|error| Failure::Other {
        chain: vec![format!("failed to write `{}`", path.display()), error.to_string()],
        hint: None,
    })
}

fn user_config_dir() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("XDG_CONFIG_HOME").or_else(|| set("HOME").map(|home| home.join(".config")))
}

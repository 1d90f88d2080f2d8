//! Python environments for the tests that compare with independent readers.
//!
//! Each lies in the cache under the hash of its requirements, so that it is made once and never changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use crate::place;

/// A Python environment.
pub(crate) struct Environment {
    /// What it is for.
    pub(crate) name: &'static str,
    /// The variable that tells tests where its interpreter lies.
    pub(crate) variable: &'static str,
    /// Lines of a requirements file.
    pub(crate) requirements: &'static str,
    /// Interpreters that will do, best first.
    interpreters: &'static [&'static str],
    /// The environment whose packages it has too, beside those of its own, which are installed without what they ask for.
    over: Option<&'static Environment>,
}

/// Independent readers of MCAP and bags.
pub(crate) const READERS: Environment = Environment {
    name: "python",
    variable: "PRAIRIE_PYTHON",
    requirements: include_str!("../requirements.txt"),
    interpreters: &["python3", "python3.12", "python3.11", "python3.13"],
    over: None,
};

/// Independent statistics.
pub(crate) const STATISTICS: Environment = Environment {
    name: "statistics",
    variable: "PRAIRIE_STATISTICS_PYTHON",
    requirements: include_str!("../requirements-statistics.txt"),
    interpreters: &["python3.12", "python3.11", "python3.13"],
    over: None,
};

/// LeRobot itself, with PyTorch: several gigabytes.
pub(crate) const LEROBOT: Environment = Environment {
    name: "lerobot",
    variable: "PRAIRIE_LEROBOT_PYTHON",
    requirements: include_str!("../requirements-lerobot.txt"),
    interpreters: &["python3.12", "python3.13"],
    over: None,
};

/// LeRobot of the time of v2.1, with the PyTorch of the other.
pub(crate) const LEROBOT_V21: Environment = Environment {
    name: "lerobot-v21",
    variable: "PRAIRIE_LEROBOT_V21_PYTHON",
    requirements: include_str!("../requirements-lerobot-v21.txt"),
    interpreters: &[],
    over: Some(&LEROBOT),
};

/// TensorFlow Datasets, with TensorFlow: two gigabytes.
pub(crate) const TFDS: Environment = Environment {
    name: "tfds",
    variable: "PRAIRIE_TFDS_PYTHON",
    requirements: include_str!("../requirements-tfds.txt"),
    interpreters: &["python3.12", "python3.11", "python3.13"],
    over: None,
};

/// Rerun, which the benchmark measures against.
pub(crate) const RERUN: Environment = Environment {
    name: "rerun",
    variable: "PRAIRIE_RERUN_PYTHON",
    requirements: include_str!("../requirements-bench.txt"),
    interpreters: &["python3", "python3.12", "python3.11", "python3.13"],
    over: None,
};

/// How long the environment below another may take.
const UNDER_MAX: Duration = Duration::from_secs(900);

/// An environment that is being made by another process.
pub(crate) struct Making {
    folder: PathBuf,
    log: PathBuf,
    child: Child,
    begun: Instant,
}

/// An environment that is there, or is being made.
pub(crate) enum Start {
    Ready(PathBuf),
    Making(Making),
}

impl Environment {
    /// The first interpreter that runs; under pyenv, a version that is installed but not selected will do.
    pub(crate) fn interpreter(&self) -> Option<PathBuf> {
        let runs =
            |program: &PathBuf| place::starts(program, &["-c", "import sys; assert sys.version_info >= (3, 10)"]);
        self.interpreters.iter().find_map(|name| {
            let plain = PathBuf::from(name);
            if runs(&plain) {
                return Some(plain);
            }
            let versions = PathBuf::from(std::env::var_os("HOME")?).join(".pyenv/versions");
            let mut folders: Vec<_> = fs::read_dir(versions).ok()?.flatten().map(|entry| entry.path()).collect();
            folders.sort();
            folders.into_iter().rev().map(|folder| folder.join("bin").join(name)).find(runs)
        })
    }

    /// Finds the environment in the cache, or begins to make it in the background.
    ///
    /// # Errors
    ///
    /// A sentence that says what is missing.
    pub(crate) fn start(&self) -> Result<Start, String> {
        if let Some(python) = std::env::var_os(self.variable) {
            return Ok(Start::Ready(python.into()));
        }
        let digest = Sha256::digest(self.requirements.as_bytes());
        let hash: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        let folder = place::cache().join(format!("{}-{hash}", self.name));
        if folder.join("complete").exists() {
            return Ok(Start::Ready(folder.join("bin/python")));
        }
        let below = self.over.map(|over| over.get(UNDER_MAX)).transpose()?;
        let Some(interpreter) = below.clone().or_else(|| self.interpreter()) else {
            return Err(format!("not installed: none of {} runs", self.interpreters.join(", ")));
        };
        let failed = |what: &str, error: &dyn std::fmt::Display| format!("failed to {what}: {error}");
        fs::create_dir_all(place::cache()).map_err(|error| failed("make the cache folder", &error))?;
        let requirements = folder.with_extension("requirements.txt");
        fs::write(&requirements, self.requirements).map_err(|error| failed("write requirements", &error))?;
        let log = folder.with_extension("log");
        let output = fs::File::create(&log).map_err(|error| failed("write a log", &error))?;
        let errors = output.try_clone().map_err(|error| failed("write a log", &error))?;
        // One shell, so that both steps run in the background and can be ended together by ending `exec`'s process.
        let script = match below {
            None => {
                "rm -rf \"$2\" && \"$1\" -m venv \"$2\" && \
                 exec \"$2/bin/python\" -m pip install --quiet --only-binary :all: -r \"$3\""
            }
            // A line in a `.pth` file is one more folder of packages.
            Some(_) => {
                "rm -rf \"$2\" && \"$1\" -m venv \"$2\" && \
                 \"$1\" -c 'import sysconfig; print(sysconfig.get_path(\"purelib\"))' \
                 > \"$(\"$2/bin/python\" -c 'import sysconfig; print(sysconfig.get_path(\"purelib\"))')/below.pth\" && \
                 exec \"$2/bin/python\" -m pip install --quiet --only-binary :all: --no-deps -r \"$3\""
            }
        };
        let child = Command::new("sh")
            .args(["-c", script, "sh"])
            .args([interpreter.as_path(), &folder, &requirements])
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .map_err(|error| failed("start `sh`", &error))?;
        Ok(Start::Making(Making { folder, log, child, begun: Instant::now() }))
    }

    /// The interpreter of the environment, made now if need be.
    ///
    /// # Errors
    ///
    /// A sentence that says why there is none.
    pub(crate) fn get(&self, limit: Duration) -> Result<PathBuf, String> {
        let mut started = self.start()?;
        loop {
            let making = match started {
                Start::Ready(python) => return Ok(python),
                Start::Making(making) => making,
            };
            match making.finish(limit) {
                Err(why) if why.contains("ensurepip") && self.install_venv() => started = self.start()?,
                other => return other,
            }
        }
    }

    /// Debian keeps `venv` in a package of its own.
    fn install_venv(&self) -> bool {
        let missing = !place::starts("python3", &["-c", "import ensurepip"]);
        missing && place::can_apt() && apt_install(&["python3-venv"])
    }
}

impl Making {
    /// Waits until the environment is made, at most `limit` from its beginning.
    pub(crate) fn finish(mut self, limit: Duration) -> Result<PathBuf, String> {
        let status = loop {
            match self.child.try_wait() {
                Ok(Some(status)) => break status,
                Ok(None) if self.begun.elapsed() < limit => std::thread::sleep(Duration::from_millis(200)),
                Ok(None) => {
                    // It may have ended by itself in this instant; then there is nothing to end.
                    self.child.kill().ok();
                    self.child.wait().ok();
                    return Err(format!("not installed within {} s", limit.as_secs()));
                }
                Err(error) => return Err(format!("failed to wait for pip: {error}")),
            }
        };
        if !status.success() {
            return Err(format!("failed to install: {}", last_line(&self.log)));
        }
        let mark = fs::write(self.folder.join("complete"), "");
        mark.map_err(|error| format!("failed to mark the environment as complete: {error}"))?;
        Ok(self.folder.join("bin/python"))
    }
}

/// Installs Debian packages; false when that failed.
pub(crate) fn apt_install(packages: &[&str]) -> bool {
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").args(arguments).stdout(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    apt(&["update", "-qq"]) && apt(&[&["install", "-qq", "-y", "--no-install-recommends"], packages].concat())
}

/// The last line that says something: pip puts its reason there.
fn last_line(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    // Debian explains a missing `ensurepip` in a paragraph; its name is what matters.
    if text.contains("ensurepip") {
        return "Python has no `ensurepip`; install `python3-venv`".to_owned();
    }
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("[notice]"));
    lines.next_back().unwrap_or("it says nothing").to_owned()
}

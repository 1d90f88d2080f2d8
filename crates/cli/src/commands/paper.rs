//! Writes a report: as a page, as JSON, and as PDF through Chromium.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use prairie_engine::{Language, report_page};

use crate::args::{Lang, Paper};
use crate::context::{Context, write_text};
use crate::error::Failure;

/// Names under which Chromium and its kin are installed.
const BROWSERS: [&str; 6] =
    ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge"];

/// Writes what was asked for, and says where.
pub(crate) fn write(context: &Context, envelope: &str, out: Option<&Path>, paper: &Paper) -> Result<(), Failure> {
    let language = match paper.lang {
        Lang::En => Language::English,
        Lang::Zh => Language::Chinese,
    };
    if let Some(path) = out {
        let text = match path.extension().and_then(|extension| extension.to_str()) {
            Some("json") => format!("{}\n", envelope.trim_end()),
            _ => report_page(envelope, language)?,
        };
        write_text(Some(path), &text)?;
        context.say(format!("Wrote `{}`", path.display()));
    }
    if let Some(path) = &paper.pdf {
        pdf(&report_page(envelope, language)?, path)?;
        context.say(format!("Wrote `{}`", path.display()));
    }
    Ok(())
}

/// Lets Chromium print a page, with an empty profile and nothing of the network.
fn pdf(page: &str, path: &Path) -> Result<(), Failure> {
    let browser = browser().ok_or_else(|| {
        Failure::new(format!("failed to write `{}`: no Chromium was found to make a PDF", path.display())).hint(
            "install Chromium or set `PRAIRIE_CHROMIUM` to its program; `--out report.html` needs none, and any browser prints it",
        )
    })?;
    let folder = Scratch::new()?;
    let html = folder.0.join("report.html");
    write_text(Some(&html), page)?;
    let printed = folder.0.join("report.pdf");
    let mut flag = OsString::from("--print-to-pdf=");
    flag.push(&printed);
    let mut profile = OsString::from("--user-data-dir=");
    profile.push(folder.0.join("profile"));
    let run = Command::new(&browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--disable-dev-shm-usage", "--no-pdf-header-footer"])
        .args([&profile, &flag])
        .arg(&html)
        .stdin(Stdio::null())
        .output();
    let failed = |why: String| {
        Failure::new(format!("failed to write `{}`: `{}` made no PDF: {why}", path.display(), browser.display()))
            .hint("`--out report.html` needs no browser; print that page from any")
    };
    let output = run.map_err(|error| failed(error.to_string()))?;
    let told = String::from_utf8_lossy(&output.stderr);
    let bytes =
        fs::read(&printed).map_err(|_error| failed(told.lines().last().unwrap_or("it said nothing").to_owned()))?;
    if !bytes.starts_with(b"%PDF-") {
        return Err(failed("what it wrote is none".to_owned()));
    }
    fs::write(path, bytes).map_err(|error| failed(error.to_string()))
}

/// The browser that the user names, or the first of the usual names on the path.
fn browser() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("PRAIRIE_CHROMIUM") {
        return Some(PathBuf::from(named)).filter(|path| path.is_file());
    }
    let path = std::env::var_os("PATH")?;
    let mut places = BROWSERS.iter().flat_map(|name| std::env::split_paths(&path).map(move |folder| folder.join(name)));
    places.find(|place| place.is_file())
}

/// A folder that goes when it is no longer needed.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self, Failure> {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let name = format!("prairie-pdf-{}-{}", std::process::id(), since.as_nanos());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).map_err(|error| Failure::new(format!("failed to make `{}`: {error}", path.display())))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // OK to ignore: what is left lies in the system's folder for such things.
        drop(fs::remove_dir_all(&self.0));
    }
}

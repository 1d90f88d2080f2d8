//! What the house knows: checks, readers, targets.

use prairie_formats::FormatPage;
use prairie_verify::calc::Method;
use serde::Serialize;

use crate::error::{EngineError, chain};
use crate::target::{TARGETS, TargetPage};

/// A line of `explain`.
#[derive(Debug, Clone, Serialize)]
pub struct CheckLine {
    /// `TIM003`.
    pub code: String,
    /// `gap`.
    pub name: String,
    /// The dimension it informs.
    pub dimension: String,
    /// Severity of its findings, unless the profile says otherwise.
    pub severity: String,
    /// What it does, in one line.
    pub summary: String,
}

/// A line of `formats`.
#[derive(Debug, Clone, Serialize)]
pub struct FormatLine {
    /// `mcap`, `lerobot-v3`.
    pub name: String,
    /// `in` or `out`.
    pub direction: String,
    /// What it carries.
    pub what: String,
}

/// Every check, by code.
pub fn checks() -> Vec<CheckLine> {
    prairie_quality::CHECKS
        .iter()
        .map(|check| {
            let doc = check.doc();
            CheckLine {
                code: doc.code.to_owned(),
                name: doc.name.to_owned(),
                dimension: doc.dimension.name().to_owned(),
                severity: doc.severity.name().to_owned(),
                summary: doc.summary.to_owned(),
            }
        })
        .collect()
}

/// A line of `explain` about what verdicts are made of.
#[derive(Debug, Clone, Serialize)]
pub struct SubjectLine {
    /// `control`, `endpoint`, `gate`, `watch`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// What it asks, in one line.
    pub summary: String,
}

/// Everything that verdicts are made of and that has a page, by kind and name.
pub fn subjects() -> Vec<SubjectLine> {
    let line = |subject: prairie_verify::explain::Subject| SubjectLine {
        kind: subject.kind.to_owned(),
        name: subject.name.to_owned(),
        summary: subject.summary(),
    };
    prairie_verify::explain::subjects().into_iter().map(line).collect()
}

/// The page of a check, a control, an endpoint, a gate or a watch, in Markdown.
///
/// # Errors
///
/// When nothing has that name.
pub fn explain(name: &str) -> Result<String, EngineError> {
    prairie_quality::explain(&name.to_uppercase())
        .or_else(|| prairie_standardize::station::explain_log(&name.to_uppercase()))
        .or_else(|| prairie_verify::explain::explain(&name.to_lowercase().replace('-', "_")))
        .ok_or(EngineError::NotFound { kind: "check, control, endpoint, gate or watch", name: name.to_owned() })
}

/// Every reader and target, by direction and name.
pub fn formats() -> Vec<FormatLine> {
    let readers = prairie_formats::READERS.iter().map(|reader| (reader.name(), "in", reader.describe()));
    let targets = TARGETS.iter().map(|target| (target.name(), "out", target.describe()));
    readers
        .chain(targets)
        .map(|(name, direction, what)| FormatLine {
            name: name.to_owned(),
            direction: direction.to_owned(),
            what: what.to_owned(),
        })
        .collect()
}

/// The page of a reader or a target, in Markdown.
///
/// # Errors
///
/// When there is none of that name.
pub fn format_page(name: &str) -> Result<String, EngineError> {
    let reader = prairie_formats::READERS.iter().find(|reader| reader.name() == name);
    let target = TARGETS.iter().find(|target| target.name() == name);
    if reader.is_none() && target.is_none() {
        return Err(EngineError::NotFound { kind: "format", name: name.to_owned() });
    }
    let mut page = format!("## {name}\n");
    if let Some(reader) = reader {
        let FormatPage { recognised, carries, limits } = reader.page();
        add(&mut page, &format!("\n{}.\n\nRecognised by {recognised}.\n", sentence(reader.describe())));
        list(&mut page, "Comes over", carries);
        list(&mut page, "Does not", limits);
    }
    if let Some(target) = target {
        let TargetPage { carries, limits } = target.page();
        add(&mut page, &format!("\n{}: `prairie export NAME --to {name} DIR`.\n", sentence(target.describe())));
        list(&mut page, "Goes over", carries);
        list(&mut page, "Does not", limits);
    }
    Ok(page)
}

/// The page `docs/reference/formats.md`.
///
/// # Errors
///
/// Never: every name that it asks for is there.
pub fn formats_reference() -> Result<String, EngineError> {
    let mut text = String::from(
        "# Formats\n\nMade from the program itself: `UPDATE_DOCS=1 cargo nextest run --workspace -E 'test(the_reference)'` writes it \
         anew.\n\nA format is recognised by what is in the files, never by their names alone. Where several readers claim a \
         recording, it is not\ntaken, and the message names them: `--format NAME` chooses. `prairie formats NAME` prints one of \
         these pages.\n\nWhatever the format, numbers become streams at their own rate and pictures stay where they are; what is \
         damaged, missing or\nnot decoded is a finding with its place, and counted.\n",
    );
    for (title, direction) in [("# Read", "in"), ("# Written", "out")] {
        add(&mut text, &format!("\n{title}\n\n| format | what |\n|---|---|\n"));
        for line in formats().iter().filter(|line| line.direction == direction) {
            add(&mut text, &format!("| [{0}](#{0}) | {1} |\n", line.name, sentence(&line.what)));
        }
    }
    let mut names: Vec<String> = formats().into_iter().map(|line| line.name).collect();
    names.sort();
    names.dedup();
    for name in names {
        add(&mut text, "\n");
        add(&mut text, &format_page(&name)?);
    }
    Ok(text)
}

fn add(text: &mut String, more: &str) {
    text.push_str(more);
}

/// With a capital letter.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn list(page: &mut String, title: &str, items: &[&str]) {
    if !items.is_empty() {
        add(page, &format!("\n{title}:\n\n"));
        items.iter().for_each(|item| add(page, &format!("- {item}\n")));
    }
}

/// Every statistic that can be computed by name.
pub fn methods() -> &'static [&'static Method] {
    prairie_verify::calc::METHODS
}

/// Computes a statistic from JSON.
///
/// # Errors
///
/// When there is no such method, or its input does not fit it.
pub fn calculate(method: &str, input: &str) -> Result<serde_json::Value, EngineError> {
    let found = prairie_verify::calc::method(method)
        .ok_or_else(|| EngineError::NotFound { kind: "method", name: method.to_owned() })?;
    let input = serde_json::from_str(input).map_err(|error| EngineError::invalid("the input", error))?;
    (found.run)(input).map_err(|error| EngineError::invalid(format!("`{method}`"), chain(&error)))
}

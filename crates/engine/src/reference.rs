//! What the house knows: checks, readers, targets.

use prairie_verify::calc::Method;
use serde::Serialize;

use crate::error::{EngineError, chain};
use crate::target::TARGETS;

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

//! The pages of checks, from their own files.

use std::fmt::Write;

use prairie_model::Severity;

use crate::CHECKS;
use crate::check::{Check, CheckDoc, Family, Need};

/// The page of a check, as Markdown; `None` where there is no such check.
pub fn explain(code: &str) -> Option<String> {
    Check::find(&code.to_ascii_uppercase()).map(|check| page(&check.doc, 1))
}

fn page(doc: &CheckDoc, level: usize) -> String {
    let heading = "#".repeat(level);
    let mut text = String::new();
    let mut line = |words: String| {
        text.push_str(&words);
        text.push('\n');
    };
    line(format!("{heading} {} {}", doc.code, doc.name));
    line(String::new());
    line(format!("{}.", doc.summary));
    line(String::new());
    line(format!("- dimension: {}", doc.dimension.name()));
    line(format!("- severity: {}{}", doc.severity.name(), consequence(doc.severity)));
    for need in doc.needs {
        line(format!("- needs: {}", needed(*need)));
    }
    for (title, words) in [("What it does", doc.what()), ("Why it matters", doc.why()), ("Example", doc.example())] {
        line(String::new());
        line(format!("{heading}# {title}"));
        line(String::new());
        line(words);
    }
    if !doc.limits.is_empty() {
        line(String::new());
        line(format!("{heading}# Limits"));
        line(String::new());
        line(format!("Set them in a profile under `[checks.{}]`.", doc.code));
        line(String::new());
        line("| key | default | unit | meaning |".to_owned());
        line("|---|---|---|---|".to_owned());
        for limit in doc.limits {
            line(format!("| `{}` | {} | {} | {} |", limit.key, limit.default, limit.unit, limit.meaning));
        }
    }
    text
}

const fn consequence(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => ", fails its dimension",
        Severity::Warning | Severity::Info => ", does not fail its dimension",
    }
}

const fn needed(need: Need) -> &'static str {
    match need {
        Need::History => "earlier episodes, so it cannot be recomputed from the recording alone",
        Need::JointLimits => "the limits of the joints; unknown without them",
        Need::Pixels => "decoded pictures; unknown with `--no-video`",
    }
}

/// The reference of all checks: `docs/reference/checks.md`.
pub fn reference() -> String {
    let mut text = String::from(
        "# Checks\n\n\
         This page is generated from `crates/quality/src/checks/`; `UPDATE_DOCS=1 cargo nextest run -p prairie-quality` \
         rewrites it.\n\n\
         Only findings of severity `error` fail a check; `warning` and `info` leave a pass. A check whose input is missing is \
         `unknown`, never a pass. `prairie explain CODE` prints one page.\n\n\
         | code | name | dimension | severity | summary |\n|---|---|---|---|---|\n",
    );
    for check in CHECKS {
        let doc = &check.doc;
        let (dimension, severity) = (doc.dimension.name(), doc.severity.name());
        // OK to ignore: writing to a String cannot fail.
        writeln!(
            text,
            "| [{0}](#{1}-{2}) | {3} | {dimension} | {severity} | {4} |",
            doc.code,
            doc.code.to_lowercase(),
            doc.name.replace(' ', "-"),
            doc.name,
            doc.summary
        )
        .unwrap_or_default();
    }
    for family in Family::ALL {
        let mut of_family = CHECKS.iter().filter(|check| check.doc.family == family).peekable();
        if of_family.peek().is_some() {
            text.push_str(&format!("\n## {}: {}\n", family.letters(), family.title()));
        }
        for check in of_family {
            text.push('\n');
            text.push_str(&page(&check.doc, 3));
        }
    }
    text
}

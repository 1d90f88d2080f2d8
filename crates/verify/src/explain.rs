//! Pages about controls, endpoints, gates and watches: the head of the file that does the work.

use crate::control::CONTROLS;
use crate::endpoint::ENDPOINTS;
use crate::gate::GATES;
use crate::monitor::WATCHES;

/// A line of a list of pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// What it is: `control`, `endpoint`, `gate`, `watch`.
    pub kind: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Its source text, of which the head is its page.
    source: &'static str,
}

impl Subject {
    /// Its page in Markdown.
    pub fn page(&self) -> String {
        page(self.kind, self.name, self.source)
    }

    /// The first sentence of what it asks.
    pub fn summary(&self) -> String {
        let text = self.page();
        let body: Vec<&str> = text.lines().skip_while(|line| !line.starts_with("## What")).skip(1).collect();
        let paragraph: Vec<&str> =
            body.into_iter().skip_while(|line| line.is_empty()).take_while(|line| !line.is_empty()).collect();
        let paragraph = paragraph.join(" ");
        let end = paragraph.find(". ").map_or(paragraph.len(), |at| at + 1);
        paragraph.get(..end).unwrap_or_default().trim_end_matches(['.', ':']).to_owned()
    }
}

/// Everything that has a page, by kind and name.
pub fn subjects() -> Vec<Subject> {
    let mut all: Vec<Subject> = Vec::new();
    all.extend(CONTROLS.iter().map(|it| Subject { kind: "control", name: it.name(), source: it.source() }));
    all.extend(ENDPOINTS.iter().map(|it| Subject { kind: "endpoint", name: it.name(), source: it.source() }));
    all.extend(GATES.iter().map(|it| Subject { kind: "gate", name: it.gate().name(), source: it.source() }));
    all.extend(WATCHES.iter().map(|it| Subject { kind: "watch", name: it.name(), source: it.source() }));
    all.sort_by_key(|subject| (subject.kind, subject.name));
    all
}

/// The page of that name, in Markdown; `None` where nothing has it.
pub fn explain(name: &str) -> Option<String> {
    subjects().into_iter().find(|subject| subject.name == name).map(|subject| subject.page())
}

/// The head of a source text as a page. Its headings move one level down, below the page's own.
pub fn page(kind: &str, name: &str, source: &str) -> String {
    let mut text = format!("# {name} ({kind})\n\n");
    for line in source.lines().map_while(|line| line.strip_prefix("//!")) {
        let line = line.strip_prefix(' ').unwrap_or(line);
        if line.starts_with('#') {
            text.push('#');
        }
        text.push_str(line);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_has_its_sections_and_every_name_is_one() {
        let all = subjects();
        for subject in &all {
            let page = subject.page();
            let sections = match subject.kind {
                "control" => ["## What it does", "## What it can show", "## What it cannot show", "## Example"],
                _ => ["## What it asks", "## Why", "## Formula and source", "## Example"],
            };
            for section in sections {
                assert!(page.contains(section), "{} has no section `{section}`", subject.name);
            }
            assert!(subject.summary().len() > 20, "{}: {}", subject.name, subject.summary());
            assert_eq!(all.iter().filter(|other| other.name == subject.name).count(), 1, "{}", subject.name);
        }
        assert!(explain("success").is_some_and(|page| page.starts_with("# success (endpoint)")));
        assert_eq!(explain("nothing"), None);
    }
}

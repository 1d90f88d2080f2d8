//! The pages of what a protocol can ask for, from the files that do it.

use crate::control::CONTROLS;

/// A page of `prairie explain`.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// What kind of thing: `control`.
    pub kind: &'static str,
    /// Its name in task books.
    pub name: &'static str,
    /// What it asks, in one line.
    pub summary: &'static str,
    /// The source file that begins with the page.
    source: &'static str,
}

impl Page {
    /// The page as Markdown.
    pub fn markdown(&self) -> String {
        let mut text = format!("# {} ({})\n\n{}.\n\n", self.name, self.kind, self.summary);
        for line in self.source.lines().map_while(|line| line.strip_prefix("//!")) {
            text.push_str(line.strip_prefix(' ').unwrap_or(line));
            text.push('\n');
        }
        text
    }
}

/// Every page, by kind and name.
pub fn pages() -> Vec<Page> {
    let controls = CONTROLS.iter().map(|control| Page {
        kind: "control",
        name: control.name(),
        summary: control.summary(),
        source: control.source(),
    });
    controls.collect()
}

/// The page of that name.
pub fn page(name: &str) -> Option<Page> {
    pages().into_iter().find(|page| page.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_has_its_sections() {
        for page in pages() {
            let text = page.markdown();
            for section in ["## What it does", "## What it can show", "## What it cannot show", "## Example"] {
                assert!(text.contains(section), "{}: {section}", page.name);
            }
            assert!(text.contains(page.name) && !text.contains("//!"), "{}", page.name);
        }
        assert!(page("counter").is_some() && page("no-such-page").is_none());
    }
}

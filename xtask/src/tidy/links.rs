//! Pages: every link leads somewhere, and every page of `docs/` can be reached.

use std::collections::BTreeSet;

use super::Tree;
use super::files::normal;
use super::tree::is_below;

pub(crate) fn problems(tree: &Tree) -> Vec<String> {
    let mut problems = Vec::new();
    let mut linked = BTreeSet::new();
    for (path, text) in tree.texts_in("", ".md") {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for target in targets(text) {
            let there = normal(&format!("{folder}/{target}"));
            let is_folder = tree.files.keys().any(|file| is_below(file, &there));
            if tree.files.contains_key(&there) {
                if there != path {
                    linked.insert(there);
                }
            } else if !is_folder {
                problems.push(format!("{path}: the link to `{target}` leads nowhere"));
            }
        }
    }
    let pages = tree.texts_in("docs", ".md").map(|(path, _)| path);
    let lonely = pages.filter(|path| !linked.contains(*path));
    problems.extend(lonely.map(|path| format!("{path}: no page links here")));
    problems
}

/// The targets of links into the tree, without what follows `#`.
fn targets(text: &str) -> Vec<&str> {
    let mut targets = Vec::new();
    let mut fenced = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        // What stands in backticks is an example, not a link.
        for plain in line.split('`').step_by(2) {
            for rest in plain.split("](").skip(1) {
                let target = rest.split([')', '#', ' ']).next().unwrap_or_default();
                if !target.is_empty() && !target.contains("://") && !target.starts_with("mailto:") {
                    targets.push(target);
                }
            }
        }
        // `[`code`](target)` splits at its backticks: the target is in the part that begins with `](`, which the loop sees.
    }
    targets
}

#[cfg(test)]
mod tests {
    use super::super::tree::planted;
    use super::*;

    #[test]
    fn broken_links_and_lonely_pages_are_found() {
        let (_folder, tree) = planted::tree(&[
            (
                "README.md",
                "[a](docs/a.md#part), [`b`](docs/sub/b.md), [out](https://example.org/x.md), [gone](docs/x.md)\n",
            ),
            (
                "docs/a.md",
                "[self](a.md), [folder](sub), [up](../README.md), `[no](link.md)`\n```\n[no](fence.md)\n```\n",
            ),
            ("docs/sub/b.md", "\n"),
            ("docs/lonely.md", "[self](lonely.md)\n"),
        ]);
        assert_eq!(
            problems(&tree),
            ["README.md: the link to `docs/x.md` leads nowhere", "docs/lonely.md: no page links here"]
        );
    }
}

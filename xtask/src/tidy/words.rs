//! Words that have no place in the tree: paths of somebody's machine, registries that only one network knows.

use super::Tree;
use super::tree::is_below;

/// Beginnings of absolute paths of a machine. Written in two parts, so that this file passes its own rule.
const PATHS: &[&str] = &[
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
    concat!("/wo", "rk/"),
    concat!("/opt/", "wheels"),
    concat!("/tmp/", "briefs"),
    concat!("C:", "\\Users"),
];

/// Words that are wrong wherever they stand but in code.
const WORDS: &[(&str, &str)] = &[
    (concat!("-----BEGIN ", "PRIVATE KEY"), "a private key"),
    (concat!("PIP_", "INDEX_URL"), "a registry that only one network knows"),
    (concat!("<<<<", "<<< "), "a merge that was not finished"),
];

/// The one registry that the lock file may name.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

pub(crate) fn problems(tree: &Tree) -> Vec<String> {
    let mut problems = Vec::new();
    for (path, text) in tree.texts() {
        let is_lock = path.ends_with("Cargo.lock");
        // Conformance data shows what checks look for, such paths among it.
        let is_data = is_below(path, "conformance");
        for (number, line) in text.lines().enumerate() {
            let place = format!("{path}:{}", number + 1);
            if let Some(found) = PATHS.iter().find(|start| !is_data && holds_path(line, start)) {
                problems.push(format!("{place}: `{found}` is a path of one machine"));
            }
            // Code that reads and writes keys names their headers; a key itself lies in a file of its own.
            for (_, what) in WORDS.iter().filter(|(word, _)| line.contains(word) && !path.ends_with(".rs")) {
                problems.push(format!("{place}: {what}"));
            }
            let foreign = is_lock && line.starts_with("source = ") && !line.contains(REGISTRY);
            if foreign {
                problems.push(format!("{place}: only crates.io may be a source: {line}"));
            }
        }
    }
    problems
}

/// Whether an absolute path that begins so stands in the line: not as a part of a longer relative one.
fn holds_path(line: &str, start: &str) -> bool {
    let is_part = |character: char| character.is_alphanumeric() || "_-.~}/".contains(character);
    line.match_indices(start).any(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + start.len()..]);
        // Code that looks for such paths in recordings names their beginnings only.
        !before.ends_with(is_part) && (!start.ends_with('/') || after.starts_with(char::is_alphanumeric))
    })
}

#[cfg(test)]
mod tests {
    use super::super::tree::planted;
    use super::*;

    #[test]
    fn machine_paths_and_foreign_registries_are_found() {
        let path = concat!("/ro", "ot/");
        let (_folder, tree) = planted::tree(&[
            ("conformance/checks/PRV002/bad.json", &format!("\"{path}x\"")),
            ("a.md", &format!("in `{path}x`\nin src{path}x and $HOME{path}x\n")),
            (
                "Cargo.lock",
                "source = \"registry+https://github.com/rust-lang/crates.io-index\"\nsource = \"git+https://x\"\n",
            ),
        ]);
        assert_eq!(
            problems(&tree),
            [
                "Cargo.lock:2: only crates.io may be a source: source = \"git+https://x\"".to_owned(),
                format!("a.md:1: `{path}` is a path of one machine"),
            ]
        );
    }
}

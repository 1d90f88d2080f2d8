//! Files: their names, their length, and whether anything uses them.

use std::collections::{BTreeMap, BTreeSet};

use super::Tree;
use super::source::{declared_modules, without_tests};
use super::tree::is_below;

/// Names that say nothing about what is inside.
const VAGUE: &[&str] = &["common.rs", "helper.rs", "helpers.rs", "misc.rs", "util.rs", "utils.rs"];

/// Lines of one file without its tests.
const LINES_MAX: usize = 800;

pub(crate) fn problems(tree: &Tree) -> Vec<String> {
    let mut problems = Vec::new();
    for (path, text) in tree.texts_in("", ".rs") {
        let name = path.rsplit('/').next().unwrap_or(path);
        if VAGUE.contains(&name) {
            problems.push(format!("{path}: name the file after what it holds"));
        }
        let lines = without_tests(text).lines().count();
        if lines > LINES_MAX {
            problems.push(format!("{path}: {lines} lines without tests (limit {LINES_MAX}): split it by noun"));
        }
    }
    for room in tree.crates() {
        problems.extend(unreachable(tree, room.folder));
    }
    problems
}

/// Files of a crate that no `mod` leads to.
fn unreachable(tree: &Tree, folder: &str) -> Vec<String> {
    let sources: BTreeMap<&str, &str> = tree.texts_in(folder, ".rs").collect();
    let is_root = |path: &&str| {
        let inside = path.strip_prefix(folder).unwrap_or(path).trim_start_matches('/');
        matches!(
            inside.split('/').collect::<Vec<_>>()[..],
            ["build.rs"]
                | ["src", "lib.rs" | "main.rs"]
                | ["src", "bin", _]
                | ["src", "bin", _, "main.rs"]
                | ["tests" | "benches" | "examples", _]
                | ["tests" | "benches" | "examples", _, "main.rs"]
        )
    };
    let mut open: Vec<String> = sources.keys().filter(|path| is_root(path)).map(|path| (*path).to_owned()).collect();
    let mut reached: BTreeSet<String> = open.iter().cloned().collect();
    while let Some(path) = open.pop() {
        let Some(text) = sources.get(path.as_str()) else { continue };
        let Some((parent, name)) = path.rsplit_once('/') else { continue };
        // The modules of `x.rs` lie in `x/`; those of a crate's root and of `mod.rs` lie beside it.
        let stem = name.trim_end_matches(".rs");
        let beside = stem == "mod" || is_root(&path.as_str());
        let home = if beside { parent.to_owned() } else { format!("{parent}/{stem}") };
        for (module, at) in declared_modules(text) {
            let places = match at {
                Some(at) => vec![normal(&format!("{parent}/{at}"))],
                None => vec![format!("{home}/{module}.rs"), format!("{home}/{module}/mod.rs")],
            };
            for place in places {
                if sources.contains_key(place.as_str()) && reached.insert(place.clone()) {
                    open.push(place);
                }
            }
        }
    }
    // A file of the tests may be shared by `#[path]` from another crate; what lies in no source folder is data.
    let is_source = |path: &str| {
        ["src", "tests", "benches", "examples"].iter().any(|part| is_below(path, &format!("{folder}/{part}")))
    };
    let dead = sources.keys().filter(|path| is_source(path) && !reached.contains(**path));
    dead.map(|path| format!("{path}: no `mod` leads here: declare it or delete it")).collect()
}

/// A path without `.` and `..`.
pub(crate) fn normal(path: &str) -> String {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::super::tree::planted;
    use super::*;

    #[test]
    fn vague_names_and_long_files_are_found() {
        let long = "// line\n".repeat(801);
        let mostly_tests = format!("// line\n#[cfg(test)]\n{long}");
        let (_folder, tree) = planted::tree(&[
            ("crates/a/Cargo.toml", "[package]\nname = \"a\"\n"),
            ("crates/a/src/lib.rs", "mod long;\nmod tested;\nmod utils;\n"),
            ("crates/a/src/long.rs", &long),
            ("crates/a/src/tested.rs", &mostly_tests),
            ("crates/a/src/utils.rs", ""),
        ]);
        assert_eq!(
            problems(&tree),
            [
                "crates/a/src/long.rs: 801 lines without tests (limit 800): split it by noun",
                "crates/a/src/utils.rs: name the file after what it holds",
            ]
        );
    }

    #[test]
    fn only_files_that_no_mod_leads_to_are_dead() {
        let (_folder, tree) = planted::tree(&[
            ("crates/a/Cargo.toml", "[package]\nname = \"a\"\n"),
            ("crates/a/build.rs", ""),
            ("crates/a/src/lib.rs", "mod b;\npub(crate) mod c;\n"),
            ("crates/a/src/b.rs", "mod inner;\n"),
            ("crates/a/src/b/inner.rs", ""),
            ("crates/a/src/b/lost.rs", ""),
            ("crates/a/src/c/mod.rs", "#[cfg(test)]\n#[path = \"../odd.rs\"]\nmod odd;\n"),
            ("crates/a/src/odd.rs", ""),
            ("crates/a/src/inner.rs", "// the name of another's module\n"),
            ("crates/a/tests/it/main.rs", "mod one;\n"),
            ("crates/a/tests/it/one.rs", ""),
            ("crates/a/tests/it/two.rs", ""),
            ("crates/a/data/sample.rs", ""),
        ]);
        assert_eq!(
            problems(&tree),
            [
                "crates/a/src/b/lost.rs: no `mod` leads here: declare it or delete it",
                "crates/a/src/inner.rs: no `mod` leads here: declare it or delete it",
                "crates/a/tests/it/two.rs: no `mod` leads here: declare it or delete it",
            ]
        );
    }
}

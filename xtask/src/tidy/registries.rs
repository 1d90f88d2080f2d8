//! One file, one line: every reader, check, lens and target is registered, and every check has its page and its data.

use std::collections::BTreeMap;

use super::Tree;
use super::source::{codes, implementors, is_word, slice_entries, without_tests};
use super::tree::is_below;

/// A `const` slice, and what must stand in it.
struct Registry {
    /// Name of the slice.
    slice: &'static str,
    /// Sources of the crate that holds it.
    sources: &'static str,
    /// The trait that entries implement.
    entry: &'static str,
    /// Folder below `sources` in which each file is one entry; `None` where an entry may be anywhere.
    folder: Option<&'static str>,
}

const REGISTRIES: &[Registry] = &[
    Registry { slice: "CHECKS", sources: "crates/quality/src", entry: "Check", folder: Some("checks") },
    Registry { slice: "CONTROLS", sources: "crates/verify/src", entry: "Control", folder: Some("control") },
    Registry { slice: "ENDPOINTS", sources: "crates/verify/src", entry: "Endpoint", folder: Some("endpoint") },
    Registry { slice: "GATES", sources: "crates/verify/src", entry: "GateRules", folder: Some("gate") },
    Registry { slice: "LENSES", sources: "crates/standardize/src", entry: "Lens", folder: None },
    Registry {
        slice: "LOG_CHECKS",
        sources: "crates/standardize/src",
        entry: "LogCheck",
        folder: Some("station/checks"),
    },
    Registry { slice: "METHODS", sources: "crates/verify/src", entry: "Method", folder: Some("calc") },
    Registry { slice: "READERS", sources: "crates/formats/src", entry: "Reader", folder: None },
    Registry { slice: "TARGETS", sources: "crates/engine/src", entry: "Target", folder: Some("target") },
    Registry { slice: "WATCHES", sources: "crates/verify/src", entry: "Watch", folder: Some("monitor") },
];

/// Folders of which each entry's head is its page, and the sections of such a page.
const PAGES: &[(&str, &[&str])] = &[
    ("crates/verify/src/control", CONTROL_SECTIONS),
    ("crates/verify/src/endpoint", PAGE_SECTIONS),
    ("crates/verify/src/gate", PAGE_SECTIONS),
    ("crates/verify/src/monitor", PAGE_SECTIONS),
];
const PAGE_SECTIONS: &[&str] = &["# What it asks", "# Why", "# Formula and source", "# Example"];
const CONTROL_SECTIONS: &[&str] = &["# What it does", "# What it can show", "# What it cannot show", "# Example"];

/// The sections of a check's page, which `prairie explain` prints.
const SECTIONS: &[&str] = &["What it does", "Why it matters", "Example"];

pub(crate) fn problems(tree: &Tree) -> Vec<String> {
    let mut problems: Vec<_> = REGISTRIES.iter().flat_map(|registry| of_registry(tree, registry)).collect();
    problems.extend(of_checks(tree));
    problems.extend(PAGES.iter().flat_map(|(folder, sections)| of_pages(tree, folder, sections)));
    problems
}

/// Every entry of a folder begins with its page.
fn of_pages(tree: &Tree, folder: &str, sections: &[&str]) -> Vec<String> {
    let entries = tree.texts_in(folder, ".rs").filter(|(path, _)| is_entry_file(path, folder));
    let missing = |(path, text): (&str, &str)| {
        let page: Vec<&str> = text.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim).collect();
        let lacks = sections.iter().filter(move |section| !page.contains(section));
        lacks.map(|section| format!("{path}: its page has no section `{section}`")).collect::<Vec<_>>()
    };
    entries.flat_map(missing).collect()
}

fn of_registry(tree: &Tree, registry: &Registry) -> Vec<String> {
    let Registry { slice, sources, entry, folder } = registry;
    let folder = folder.map(|folder| format!("{sources}/{folder}"));
    let files: Vec<_> = tree.texts_in(sources, ".rs").collect();
    let holder = files.iter().find_map(|(path, text)| Some((*path, slice_entries(text, slice)?)));
    let Some((holder, entries)) = holder else {
        let waiting = folder.filter(|folder| files.iter().any(|(path, _)| is_entry_file(path, folder)));
        return waiting
            .map(|folder| format!("{folder}: there are files, but no slice `{slice}`"))
            .into_iter()
            .collect();
    };
    let mut problems = Vec::new();
    let heads: Vec<&str> = entries.iter().map(|entry| head(entry)).collect();
    if let Some(pair) = heads.windows(2).find(|pair| pair[0] >= pair[1]) {
        problems.push(format!("{holder}: `{}` stands before `{}` in `{slice}`: sort it", pair[0], pair[1]));
    }
    for (path, text) in &files {
        for name in implementors(text, entry) {
            if !heads.iter().any(|head| head.rsplit("::").next() == Some(name)) {
                problems.push(format!("{path}: `{name}` is a {entry}, but not in `{slice}` of `{holder}`"));
            }
        }
    }
    let Some(folder) = folder else { return problems };
    for (path, text) in files.iter().filter(|(path, _)| is_entry_file(path, &folder)) {
        let module = path.trim_end_matches("/mod.rs").trim_end_matches(".rs").rsplit('/').next().unwrap_or(path);
        // `module::Name` registers the file of that module; a bare `Name` the file that defines it.
        let registers = |head: &&str| match head.rsplit_once("::") {
            Some((way, _)) => way.split("::").any(|part| part == module),
            None => defines(text, head),
        };
        if !heads.iter().any(registers) {
            problems.push(format!("{path}: nothing that it defines stands in `{slice}` of `{holder}`"));
        }
    }
    problems
}

/// Whether a file is an entry of a folder: any file of it but `mod.rs`, and the `mod.rs` of each folder in it.
fn is_entry_file(path: &str, folder: &str) -> bool {
    let inside = path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')).unwrap_or_default();
    match inside.split('/').collect::<Vec<_>>()[..] {
        [file] => file != "mod.rs" && file.ends_with(".rs"),
        [_, file] => file == "mod.rs",
        _ => false,
    }
}

/// `path::to::Name` of `path::to::Name { … }` and `path::to::Name(…)`.
fn head(entry: &str) -> &str {
    entry.split(|c: char| !is_word(c) && c != ':').next().unwrap_or(entry)
}

/// Whether the text defines an item of that name.
fn defines(text: &str, name: &str) -> bool {
    let items = ["struct", "enum", "const", "static", "fn"];
    without_tests(text).lines().any(|line| {
        let mut words = line.split(|c: char| !is_word(c)).filter(|word| !word.is_empty());
        words.any(|word| items.contains(&word)) && words.next() == Some(name)
    })
}

/// Folders of checks, and where their data lie.
const CHECKS: &[(&str, &str)] = &[
    ("crates/quality/src/checks", "conformance/checks"),
    ("crates/standardize/src/station/checks", "conformance/logs"),
];

/// Codes are unique; each check has its page and its data.
fn of_checks(tree: &Tree) -> Vec<String> {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    CHECKS.iter().flat_map(|(folder, data)| of_folder(tree, folder, data, &mut seen)).collect()
}

fn of_folder<'a>(tree: &'a Tree, folder: &'a str, data: &str, seen: &mut BTreeMap<&'a str, &'a str>) -> Vec<String> {
    let mut problems = Vec::new();
    for (path, text) in tree.texts_in(folder, ".rs").filter(|(path, _)| is_entry_file(path, folder)) {
        let Some(code) = codes(without_tests(text)).first().copied() else {
            problems.push(format!("{path}: no code such as `TIM003`"));
            continue;
        };
        if let Some(other) = seen.insert(code, path) {
            problems.push(format!("{path}: `{code}` is also the code of {other}"));
        }
        let page: String =
            text.lines().filter(|line| line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
        for section in SECTIONS.iter().filter(|section| !page.to_lowercase().contains(&section.to_lowercase())) {
            problems.push(format!("{path}: its page has no section `{section}`"));
        }
        for file in ["good.json", "bad.json"].map(|name| format!("{data}/{code}/{name}")) {
            if !tree.files.contains_key(&file) {
                problems.push(format!("{path}: `{file}` is missing"));
            }
        }
    }
    for path in tree.files.keys().filter(|path| is_below(path, data)) {
        let code = path.split('/').nth(2).unwrap_or_default();
        if codes(&format!("\"{code}\"")).len() == 1 && !seen.contains_key(code) {
            problems.push(format!("{path}: there is no check `{code}`"));
        }
    }
    problems
}

/// Each control has its page.
#[cfg(test)]
mod tests {
    use super::super::tree::planted;
    use super::*;

    const GOOD: &str = "//! # What it does\n//! # Why it matters\n//! # Example\npub struct Gap;\nimpl Check for Gap {}\n\
                        const CODE: &str = \"TIM003\";\n";

    #[test]
    fn a_complete_registry_is_clean() {
        let (_folder, tree) = planted::tree(&[
            ("crates/quality/src/checks/mod.rs", "pub const CHECKS: &[&dyn Check] = &[&gap::Gap];\n"),
            ("crates/quality/src/checks/gap.rs", GOOD),
            ("conformance/checks/TIM003/good.json", "{}"),
            ("conformance/checks/TIM003/bad.json", "{}"),
        ]);
        assert_eq!(problems(&tree), Vec::<String>::new());
    }

    #[test]
    fn a_forgotten_check_and_a_double_code_are_found() {
        let stuck = GOOD.replace("Gap", "Stuck").replace("//! # Example\n", "");
        let (_folder, tree) = planted::tree(&[
            ("crates/quality/src/checks/mod.rs", "pub const CHECKS: &[&dyn Check] = &[&gap::Gap];\n"),
            ("crates/quality/src/checks/gap.rs", GOOD),
            ("crates/quality/src/checks/stuck.rs", &stuck),
            ("crates/quality/src/checks/empty.rs", "// nothing yet\n"),
            ("conformance/checks/TIM003/good.json", "{}"),
            ("conformance/checks/SIG099/bad.json", "{}"),
        ]);
        assert_eq!(
            problems(&tree),
            [
                "crates/quality/src/checks/stuck.rs: `Stuck` is a Check, but not in `CHECKS` of \
                 `crates/quality/src/checks/mod.rs`",
                "crates/quality/src/checks/empty.rs: nothing that it defines stands in `CHECKS` of \
                 `crates/quality/src/checks/mod.rs`",
                "crates/quality/src/checks/stuck.rs: nothing that it defines stands in `CHECKS` of \
                 `crates/quality/src/checks/mod.rs`",
                "crates/quality/src/checks/empty.rs: no code such as `TIM003`",
                "crates/quality/src/checks/gap.rs: `conformance/checks/TIM003/bad.json` is missing",
                "crates/quality/src/checks/stuck.rs: `TIM003` is also the code of crates/quality/src/checks/gap.rs",
                "crates/quality/src/checks/stuck.rs: its page has no section `Example`",
                "crates/quality/src/checks/stuck.rs: `conformance/checks/TIM003/bad.json` is missing",
                "conformance/checks/SIG099/bad.json: there is no check `SIG099`",
            ]
        );
    }

    #[test]
    fn a_control_without_a_page_is_found() {
        let page = "//! # What it does\n//! # What it can show\n//! # What it cannot show\n//! # Example\n";
        let (_folder, tree) = planted::tree(&[
            ("crates/verify/src/control/mod.rs", "pub const CONTROLS: &[&dyn Control] = &[&counter::Counter];\n"),
            (
                "crates/verify/src/control/counter.rs",
                &format!("{page}struct Counter;\nimpl Control for Counter {{}}\n"),
            ),
            ("crates/verify/src/control/cut.rs", "//! # What it does\nstruct Cut;\nimpl Control for Cut {}\n"),
        ]);
        assert_eq!(
            problems(&tree),
            [
                "crates/verify/src/control/cut.rs: `Cut` is a Control, but not in `CONTROLS` of \
                 `crates/verify/src/control/mod.rs`",
                "crates/verify/src/control/cut.rs: nothing that it defines stands in `CONTROLS` of \
                 `crates/verify/src/control/mod.rs`",
                "crates/verify/src/control/cut.rs: its page has no section `# What it can show`",
                "crates/verify/src/control/cut.rs: its page has no section `# What it cannot show`",
                "crates/verify/src/control/cut.rs: its page has no section `# Example`",
            ]
        );
    }

    #[test]
    fn an_endpoint_without_its_page_is_found() {
        let page = "//! # What it asks\n//!\n//! # Why\n//!\n//! # Formula and source\n";
        let (_folder, tree) = planted::tree(&[
            ("crates/verify/src/endpoint/mod.rs", "pub const ENDPOINTS: &[&dyn Endpoint] = &[&rhythm::Rhythm];\n"),
            ("crates/verify/src/endpoint/rhythm.rs", &format!("{page}struct Rhythm;\nimpl Endpoint for Rhythm {{}}\n")),
        ]);
        assert_eq!(problems(&tree), ["crates/verify/src/endpoint/rhythm.rs: its page has no section `# Example`"]);
    }

    #[test]
    fn unsorted_and_missing_slices_are_found() {
        let (_folder, tree) = planted::tree(&[
            ("crates/formats/src/reader.rs", "pub const READERS: &[&dyn Reader] = &[&Mcap, &LeRobot];\n"),
            ("crates/formats/src/mcap.rs", "pub struct Mcap;\nimpl Reader for Mcap {}\n"),
            ("crates/formats/src/lerobot.rs", "pub struct LeRobot;\nimpl Reader for LeRobot {}\n"),
            ("crates/engine/src/target/lerobot.rs", "impl Target for LeRobot {}\n"),
        ]);
        assert_eq!(
            problems(&tree),
            [
                "crates/formats/src/reader.rs: `Mcap` stands before `LeRobot` in `READERS`: sort it",
                "crates/engine/src/target: there are files, but no slice `TARGETS`",
            ]
        );
    }

    #[test]
    fn functions_and_constants_may_be_entries_too() {
        let (_folder, tree) = planted::tree(&[
            ("crates/engine/src/target/mod.rs", "const TARGETS: &[Target] = &[MCAP, rlds::write];\n"),
            ("crates/engine/src/target/mcap.rs", "pub(crate) const MCAP: Target = Target {};\n"),
            ("crates/engine/src/target/rlds/mod.rs", "pub(super) fn write() {}\n"),
            ("crates/engine/src/target/rlds/shard.rs", "// a part of the one above\n"),
        ]);
        assert_eq!(problems(&tree), Vec::<String>::new());
    }
}

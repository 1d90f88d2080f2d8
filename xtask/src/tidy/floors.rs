//! The floors of the house: a crate uses only lower floors; neighbours never import each other.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Tree;

/// The floor of each crate. A new crate gets its line here with its first code.
const FLOORS: &[(&str, u8)] = &[
    ("prairie-catalog", 2),
    ("prairie-cli", 4),
    ("prairie-engine", 3),
    ("prairie-formats", 1),
    ("prairie-ledger", 1),
    ("prairie-media", 1),
    ("prairie-model", 0),
    ("prairie-policy", 1),
    ("prairie-quality", 1),
    ("prairie-server", 4),
    ("prairie-standardize", 1),
    ("prairie-store", 1),
    ("prairie-verify", 1),
];

/// Crates beside the house. They may use any floor, and no floor uses them.
const BESIDE: &[&str] = &["prairie-fuzz-targets", "xtask"];

pub(crate) fn problems(tree: &Tree) -> Vec<String> {
    if tree.text("Cargo.toml").is_none() {
        return Vec::new();
    }
    let output = crate::place::cargo()
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(&tree.root)
        .output();
    let output = match output {
        Ok(output) if output.status.success() => output.stdout,
        Ok(output) => return vec![format!("`cargo metadata` failed: {}", String::from_utf8_lossy(&output.stderr))],
        Err(error) => return vec![format!("`cargo metadata` does not start: {error}")],
    };
    match serde_json::from_slice(&output) {
        Ok(metadata) => of_metadata(&metadata),
        Err(error) => vec![format!("`cargo metadata` wrote no JSON: {error}")],
    }
}

fn of_metadata(metadata: &Value) -> Vec<String> {
    let floors: BTreeMap<_, _> = FLOORS.iter().copied().collect();
    let mut problems = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let name = package["name"].as_str().unwrap_or_default();
        if BESIDE.contains(&name) {
            continue;
        }
        let Some(&floor) = floors.get(name) else {
            problems.push(format!("`{name}` has no floor: give it a line in FLOORS of `xtask/src/tidy/floors.rs`"));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            // Only dependencies of the workspace have a path.
            if dependency["path"].is_null() {
                continue;
            }
            let used = dependency["name"].as_str().unwrap_or_default();
            match floors.get(used) {
                Some(&below) if below < floor => {}
                Some(&below) => problems.push(format!(
                    "`{name}` (floor {floor}) uses `{used}` (floor {below}): only lower floors may be used; let a higher \
                     floor introduce them"
                )),
                None => problems.push(format!("`{name}` uses `{used}`, which stands on no floor")),
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::super::tree::planted;
    use super::*;
    use serde_json::json;

    #[test]
    fn floors_are_sorted_and_named_once() {
        assert!(FLOORS.is_sorted_by(|one, other| one.0 < other.0));
    }

    #[test]
    fn a_neighbour_a_higher_floor_and_a_crate_beside_are_found() {
        let uses = |name: &str| json!({ "name": name, "path": "somewhere" });
        let metadata = json!({ "packages": [
            { "name": "prairie-engine", "dependencies": [uses("prairie-catalog"), uses("prairie-media")] },
            { "name": "prairie-media", "dependencies": [uses("prairie-formats"), { "name": "png", "path": null }] },
            { "name": "prairie-model", "dependencies": [uses("prairie-store")] },
            { "name": "prairie-store", "dependencies": [uses("xtask")] },
            { "name": "prairie-extra", "dependencies": [] },
            { "name": "xtask", "dependencies": [uses("prairie-engine")] },
        ]});
        let problems = of_metadata(&metadata);
        assert_eq!(problems.len(), 4, "{problems:#?}");
        assert!(problems[0].starts_with("`prairie-media` (floor 1) uses `prairie-formats` (floor 1)"));
        assert!(problems[1].starts_with("`prairie-model` (floor 0) uses `prairie-store` (floor 1)"));
        assert!(problems[2].starts_with("`prairie-store` uses `xtask`"));
        assert!(problems[3].starts_with("`prairie-extra` has no floor"));
    }

    #[test]
    fn a_real_workspace_is_asked_through_cargo_and_development_counts() {
        let manifest = |name: &str, rest: &str| {
            format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n{rest}")
        };
        let (_folder, tree) = planted::tree(&[
            ("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"a\", \"b\"]\n"),
            ("a/Cargo.toml", &manifest("prairie-formats", "[dev-dependencies]\nprairie-store = { path = \"../b\" }\n")),
            ("a/src/lib.rs", ""),
            ("b/Cargo.toml", &manifest("prairie-store", "")),
            ("b/src/lib.rs", ""),
        ]);
        let problems = problems(&tree);
        assert_eq!(problems.len(), 1, "{problems:#?}");
        assert!(problems[0].starts_with("`prairie-formats` (floor 1) uses `prairie-store` (floor 1)"));
    }
}

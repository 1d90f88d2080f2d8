//! Bundled recordings: small, listed with source and licence, and none that belongs to others.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::{fs, io};

use sha2::{Digest, Sha256};

use super::Tree;
use super::tree::is_below;

/// What all samples may weigh together.
const SAMPLES_MAX_BYTES: u64 = 15_000_000;

/// Files below this may be the same by chance (`{}`), and are nobody's recording.
const RECORDING_MIN_BYTES: u64 = 200;

pub(crate) fn problems(tree: &Tree) -> Vec<String> {
    let mut problems = of_folder(tree);
    if let Some(foreign) = crate::place::foreign_samples(&tree.root) {
        match copies(tree, &foreign) {
            Ok(copies) => problems.extend(copies),
            Err(error) => problems.push(format!("failed to read `{}`: {error}", foreign.display())),
        }
    }
    problems
}

/// Every file of `samples/` is listed, by its path or that of a folder that it lies in, and all of them are small.
fn of_folder(tree: &Tree) -> Vec<String> {
    let page = tree.text("samples/README.md").unwrap_or_default();
    let mut problems = Vec::new();
    let mut weight = 0;
    for (path, bytes) in tree.files.iter().filter(|(path, _)| is_below(path, "samples")) {
        weight += bytes;
        let inside = path.trim_start_matches("samples/");
        let folders = inside.char_indices().filter(|(_, c)| *c == '/').map(|(at, _)| &inside[..=at]);
        let listed = folders.chain([inside]).any(|name| page.contains(&format!("`{name}`")));
        // `samples/make` holds the scripts that make recordings.
        if !listed && inside != "README.md" && !inside.starts_with("make/") {
            problems.push(format!("{path}: `samples/README.md` does not list it with its source and licence"));
        }
    }
    if weight > SAMPLES_MAX_BYTES {
        problems.push(format!("samples: {weight} bytes together (limit {SAMPLES_MAX_BYTES})"));
    }
    problems
}

/// Files of the tree that are copies of files in `foreign`, but for the texts of licences.
fn copies(tree: &Tree, foreign: &Path) -> io::Result<Vec<String>> {
    let mut by_size: BTreeMap<u64, Vec<&str>> = BTreeMap::new();
    for (path, &bytes) in tree.files.iter().filter(|(path, _)| !path.contains("LICENSE")) {
        if bytes >= RECORDING_MIN_BYTES {
            by_size.entry(bytes).or_default().push(path);
        }
    }
    let mut theirs: BTreeMap<u64, BTreeSet<[u8; 32]>> = BTreeMap::new();
    let mut folders = vec![foreign.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let facts = entry.metadata()?;
            if facts.is_dir() {
                folders.push(entry.path());
            } else if by_size.contains_key(&facts.len()) {
                theirs.entry(facts.len()).or_default().insert(hash(&entry.path())?);
            }
        }
    }
    let mut problems = Vec::new();
    for (bytes, hashes) in theirs {
        for path in by_size.get(&bytes).into_iter().flatten() {
            // A file that is gone since the tree was listed is no copy.
            if hash(&tree.root.join(path)).is_ok_and(|own| hashes.contains(&own)) {
                problems.push(format!("{path}: it is a copy of a recording in `{}`: delete it", foreign.display()));
            }
        }
    }
    problems.sort();
    Ok(problems)
}

fn hash(path: &Path) -> io::Result<[u8; 32]> {
    Ok(Sha256::digest(fs::read(path)?).into())
}

#[cfg(test)]
mod tests {
    use super::super::tree::planted;
    use super::*;

    #[test]
    fn unlisted_samples_are_found() {
        let (_folder, tree) = planted::tree(&[
            ("samples/README.md", "| `arm.mcap` | `lerobot/` |"),
            ("samples/arm.mcap", "x"),
            ("samples/lerobot/meta/info.json", "x"),
            ("samples/m.mcap", "x"),
            ("samples/make/arm.py", "x"),
        ]);
        assert_eq!(
            of_folder(&tree),
            ["samples/m.mcap: `samples/README.md` does not list it with its source and licence"]
        );
    }

    #[test]
    fn heavy_samples_are_found() {
        let (folder, _) = planted::tree(&[("samples/README.md", "`big.mcap`")]);
        let big = fs::File::create(folder.path().join("samples/big.mcap")).expect("a file can be made");
        big.set_len(SAMPLES_MAX_BYTES).expect("a sparse file can be long");
        let tree = Tree::open(folder.path()).expect("the tree can be read");
        assert_eq!(of_folder(&tree), ["samples: 15000010 bytes together (limit 15000000)"]);
    }

    #[test]
    fn a_copy_of_a_foreign_recording_is_found_and_a_licence_is_none() {
        let (recording, licence) = ("r".repeat(300), "l".repeat(300));
        let (_folder, tree) = planted::tree(&[
            ("samples/renamed.bin", &recording),
            ("LICENSE-MIT", &licence),
            ("crates/a/tests/same-size.bin", &"s".repeat(300)),
            ("empty", ""),
        ]);
        let (foreign, _) = planted::tree(&[("a/r.mcap", &recording), ("LICENSE", &licence), ("empty", "")]);
        let problems = copies(&tree, foreign.path()).expect("both can be read");
        assert_eq!(problems.len(), 1, "{problems:#?}");
        assert!(problems[0].starts_with("samples/renamed.bin: it is a copy"));
    }
}

//! The files of a tree, as the rules see them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use anyhow::Context;
use toml::Table;

/// A file longer than this is not read as text.
const TEXT_MAX_BYTES: u64 = 2_000_000;

/// The files of a tree.
pub(crate) struct Tree {
    /// Where it lies.
    pub(crate) root: PathBuf,
    /// Every file that git knows or would know, relative to the root with `/` between the parts, and its bytes, sorted.
    pub(crate) files: BTreeMap<String, u64>,
    texts: BTreeMap<String, String>,
}

/// A crate of the tree.
pub(crate) struct Crate<'a> {
    /// Its folder, relative to the root.
    pub(crate) folder: &'a str,
    /// Its manifest; empty where that is no TOML.
    pub(crate) manifest: Table,
}

impl Tree {
    /// Lists the files under `root` and reads those that are text.
    pub(crate) fn open(root: &Path) -> anyhow::Result<Self> {
        let names = match listed(root)? {
            Some(names) => names,
            None => walked(root).with_context(|| format!("failed to list `{}`", root.display()))?,
        };
        let mut tree = Self { root: root.to_owned(), files: BTreeMap::new(), texts: BTreeMap::new() };
        for name in names {
            // A file that git lists and somebody just removed is no file of the tree.
            let Ok(facts) = fs::symlink_metadata(root.join(&name)) else { continue };
            if facts.is_file() && facts.len() <= TEXT_MAX_BYTES {
                let bytes = fs::read(root.join(&name)).with_context(|| format!("failed to read `{name}`"))?;
                if let Ok(text) = String::from_utf8(bytes) {
                    tree.texts.insert(name.clone(), text);
                }
            }
            tree.files.insert(name, facts.len());
        }
        Ok(tree)
    }

    /// The text of a file; `None` where there is no such file, or it is no text.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }

    /// Every text file, sorted by path.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The text files with this ending, below this folder (all where it is empty).
    pub(crate) fn texts_in<'a>(&'a self, folder: &'a str, ending: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.texts().filter(move |(path, _)| is_below(path, folder) && path.ends_with(ending))
    }

    /// The crates of the workspace: every folder with a manifest that names a package, but for `fuzz/` itself, which is a
    /// workspace of its own.
    pub(crate) fn crates(&self) -> Vec<Crate<'_>> {
        let mut crates = Vec::new();
        for (path, text) in self.texts() {
            let Some(folder) = path.strip_suffix("/Cargo.toml") else { continue };
            let manifest: Table = text.parse().unwrap_or_default();
            if manifest.contains_key("package") && !manifest.contains_key("workspace") {
                crates.push(Crate { folder, manifest });
            }
        }
        crates
    }
}

/// Whether a path lies below a folder; everything lies below the empty one.
pub(crate) fn is_below(path: &str, folder: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// What git knows or would know; `None` outside a repository.
fn listed(root: &Path) -> anyhow::Result<Option<Vec<String>>> {
    if !root.join(".git").exists() {
        return Ok(None);
    }
    let git = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output();
    // A tree that was unpacked where there is no git is walked instead.
    let Ok(output) = git else { return Ok(None) };
    anyhow::ensure!(output.status.success(), "`git ls-files` failed: {}", String::from_utf8_lossy(&output.stderr));
    let names = String::from_utf8(output.stdout).context("a path of the tree is no UTF-8")?;
    Ok(Some(names.split('\0').filter(|name| !name.is_empty()).map(str::to_owned).collect()))
}

/// Every file below `root`, but for what is built and what git keeps.
fn walked(root: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root.join(&folder))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
            if !entry.file_type()?.is_dir() {
                names.push(path);
            } else if !matches!(path.as_str(), ".git" | "target") && name != "__pycache__" {
                folders.push(path);
            }
        }
    }
    Ok(names)
}

#[cfg(test)]
pub(crate) mod planted {
    use super::*;

    /// A tree in a temporary folder, with these files.
    pub(crate) fn tree(files: &[(&str, &str)]) -> (tempfile::TempDir, Tree) {
        let folder = tempfile::tempdir().expect("there is room for a temporary folder");
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("it lies in the folder")).expect("a folder can be made");
            fs::write(path, text).expect("a file can be written");
        }
        let tree = Tree::open(folder.path()).expect("the tree can be read");
        (folder, tree)
    }
}

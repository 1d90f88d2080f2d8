//! Everything that a file names: groups, and datasets with their axes and types.
//!
//! A group that has several names is there under the first of them, as `visititems` of `h5py` has it; a dataset is there under each.
//! Soft links count like names; links that lead nowhere, or into other files, are told.
//!
//! **Invariant:** a group is entered once, so that links which lead in a circle end, and a file has at most [`NODES_MAX`] nodes.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use prairie_model::{Note, NoteKind};

use super::column::{Leaf, leaves};
use super::container::{Attribute, Dataset, File, Header, Link, attributes, links};
use crate::FormatError;

/// Names in one file.
const NODES_MAX: usize = 400_000;

/// Groups inside of each other.
const DEPTH_MAX: usize = 64;

/// Soft links that lead to soft links.
const HOPS_MAX: usize = 16;

/// Damaged objects that are told one by one.
const NOTES_MAX: usize = 64;

/// A dataset as the tree has it.
#[derive(Debug, Clone)]
pub(super) struct Head {
    pub(super) address: u64,
    pub(super) dims: Vec<u64>,
    /// Bytes of an element.
    pub(super) element: usize,
    pub(super) leaves: Vec<Leaf>,
    /// Why its elements cannot be read.
    pub(super) unreadable: Option<String>,
}

impl Head {
    /// Rows, where it has axes.
    pub(super) fn rows(&self) -> Option<u64> {
        self.dims.first().copied()
    }

    /// Elements; `None` where they are too many to count.
    pub(super) fn elements(&self) -> Option<u64> {
        self.dims.iter().try_fold(1_u64, |product, dim| product.checked_mul(*dim))
    }
}

/// What has a name.
#[derive(Debug, Clone)]
pub(super) enum Object {
    Group(u64),
    Dataset(Head),
}

/// A name in the file.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// All names from the root on: `/data/demo_1`.
    pub(super) path: String,
    /// In the order of their names, numbers in them by their value.
    pub(super) children: Vec<usize>,
    pub(super) object: Object,
}

impl Node {
    /// The last of its names.
    pub(super) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    pub(super) fn dataset(&self) -> Option<&Head> {
        match &self.object {
            Object::Dataset(head) => Some(head),
            Object::Group(_) => None,
        }
    }
}

/// All of a file.
#[derive(Debug)]
pub(super) struct Tree {
    /// The root comes first, and what is in a group after it.
    pub(super) nodes: Vec<Node>,
    /// What could not be read, and links that lead nowhere.
    pub(super) notes: Vec<Note>,
}

struct Walk<'f, 'a> {
    file: &'f File<'a>,
    tree: Tree,
    entered: BTreeSet<u64>,
    /// Soft links that wait: the group, the name, and the path.
    soft: Vec<(usize, String, String)>,
    untold: usize,
    full: bool,
}

impl Tree {
    /// Reads the headers of all objects.
    pub(super) fn read(file: &File<'_>) -> Result<Self, FormatError> {
        let root = file.header(file.root())?;
        let tree = Self { nodes: Vec::new(), notes: Vec::new() };
        let mut walk = Walk { file, tree, entered: BTreeSet::new(), soft: Vec::new(), untold: 0, full: false };
        walk.tree.nodes.push(Node { path: String::new(), children: Vec::new(), object: Object::Group(root.address) });
        walk.entered.insert(root.address);
        walk.enter(0, &root, 0)?;
        walk.soft_links()?;
        if walk.untold > 0 {
            let text = format!("{} more objects of the file could not be read", walk.untold);
            walk.tree.notes.push(Note::new(NoteKind::Corrupt, text).in_file(file.path()));
        }
        let mut tree = walk.tree;
        let names: Vec<String> = tree.nodes.iter().map(|node| node.name().to_owned()).collect();
        for node in &mut tree.nodes {
            node.children.sort_by(|one, other| natural(&names[*one], &names[*other]));
        }
        Ok(tree)
    }

    /// The node at a path from `from` on.
    pub(super) fn find(&self, from: usize, path: &str) -> Option<usize> {
        path.split('/').filter(|name| !name.is_empty()).try_fold(from, |node, name| {
            self.nodes.get(node)?.children.iter().copied().find(|child| self.nodes[*child].name() == name)
        })
    }

    /// The groups right in a group.
    pub(super) fn groups(&self, node: usize) -> impl Iterator<Item = usize> {
        self.nodes[node].children.iter().copied().filter(|child| self.nodes[*child].dataset().is_none())
    }

    /// The datasets right in a group.
    pub(super) fn datasets(&self, node: usize) -> impl Iterator<Item = (usize, &Head)> {
        let children = self.nodes[node].children.iter().copied();
        children.filter_map(|child| Some((child, self.nodes[child].dataset()?)))
    }

    /// All datasets in a group and the groups in it, in order.
    pub(super) fn all_datasets(&self, node: usize) -> Vec<usize> {
        let mut found = Vec::new();
        let mut waiting = vec![node];
        while let Some(node) = waiting.pop() {
            match self.nodes[node].object {
                Object::Dataset(_) => found.push(node),
                Object::Group(_) => waiting.extend(self.nodes[node].children.iter().rev()),
            }
        }
        found
    }

    /// The attributes of a node, by name.
    pub(super) fn attributes(&self, file: &File<'_>, node: usize) -> BTreeMap<String, Attribute> {
        let address = match &self.nodes[node].object {
            Object::Group(address) => *address,
            Object::Dataset(head) => head.address,
        };
        // That the header can be read is known from the walk; a damaged attribute is left out.
        let Ok(header) = file.header(address) else { return BTreeMap::new() };
        let (found, _) = attributes(file, &header);
        found.into_iter().map(|attribute| (attribute.name.clone(), attribute)).collect()
    }
}

impl Walk<'_, '_> {
    fn note(&mut self, note: Note) {
        if self.tree.notes.len() < NOTES_MAX {
            self.tree.notes.push(note);
        } else {
            self.untold += 1;
        }
    }

    /// Damage is told; a failing source ends the walk.
    fn damaged(&mut self, error: FormatError, path: &str) -> Result<(), FormatError> {
        let note = error.into_note()?;
        self.note(Note { text: format!("{}; that concerns `{path}`", note.text), ..note });
        Ok(())
    }

    fn enter(&mut self, node: usize, header: &Header, depth: usize) -> Result<(), FormatError> {
        let path = self.tree.nodes[node].path.clone();
        let (found, faults) = match links(self.file, header) {
            Ok(found) => found,
            Err(error) => return self.damaged(error, if path.is_empty() { "/" } else { &path }),
        };
        for fault in faults {
            self.damaged(fault, if path.is_empty() { "/" } else { &path })?;
        }
        let mut found = found;
        found.sort_by(|one, other| natural(&one.0, &other.0));
        found.dedup_by(|one, other| one.0 == other.0);
        for (name, link) in found {
            let path = format!("{path}/{name}");
            match link {
                Link::Hard(address) => self.object(node, path, address, depth)?,
                Link::Soft(target) => self.soft.push((node, path, target)),
                Link::External { file, path: inside } => {
                    let text = format!("the link `{path}` leads to `{inside}` of another file, `{file}`");
                    self.note(Note::new(NoteKind::FileMissing, text).in_file(self.file.path()));
                }
                Link::Other(kind) => {
                    let text = format!("the link `{path}` is of the unknown kind {kind}");
                    self.note(Note::new(NoteKind::Unmapped, text).in_file(self.file.path()));
                }
            }
        }
        Ok(())
    }

    fn object(&mut self, parent: usize, path: String, address: u64, depth: usize) -> Result<(), FormatError> {
        if self.tree.nodes.len() >= NODES_MAX {
            if !self.full {
                self.full = true;
                let text = format!("the file has more than {NODES_MAX} objects; the rest is left out");
                self.note(Note::new(NoteKind::Corrupt, text).in_file(self.file.path()));
            }
            return Ok(());
        }
        let header = match self.file.header(address) {
            Ok(header) => header,
            Err(error) => return self.damaged(error, &path),
        };
        if header.is_dataset() {
            let dataset = match Dataset::of(self.file, &header) {
                Ok(dataset) => dataset,
                Err(error) => return self.damaged(error, &path),
            };
            let head = Head {
                address,
                dims: dataset.space.dims().to_vec(),
                element: dataset.datatype.size,
                leaves: leaves(&dataset.datatype),
                unreadable: dataset.unreadable,
            };
            self.add(parent, path, Object::Dataset(head));
        } else if header.is_group() && self.entered.insert(address) {
            if depth >= DEPTH_MAX {
                let text = format!("the group `{path}` lies more than {DEPTH_MAX} groups deep, and is left out");
                self.note(Note::new(NoteKind::Corrupt, text).in_file(self.file.path()));
                return Ok(());
            }
            let node = self.add(parent, path, Object::Group(address));
            self.enter(node, &header, depth + 1)?;
        }
        Ok(())
    }

    fn add(&mut self, parent: usize, path: String, object: Object) -> usize {
        let node = self.tree.nodes.len();
        self.tree.nodes.push(Node { path, children: Vec::new(), object });
        self.tree.nodes[parent].children.push(node);
        node
    }

    /// Adds the datasets that soft links lead to. The groups are all there already.
    fn soft_links(&mut self) -> Result<(), FormatError> {
        let links = std::mem::take(&mut self.soft);
        let targets: BTreeMap<&str, &str> =
            links.iter().map(|(_, path, target)| (path.as_str(), target.as_str())).collect();
        for (parent, path, target) in &links {
            let base = self.tree.nodes[*parent].path.clone();
            let mut wanted = absolute(&base, target);
            let mut found = None;
            for _ in 0..HOPS_MAX {
                found = self.tree.find(0, &wanted);
                match (found, targets.get(wanted.as_str())) {
                    (None, Some(next)) => {
                        let group = wanted.rsplit_once('/').map_or("", |(group, _)| group).to_owned();
                        wanted = absolute(&group, next);
                    }
                    _ => break,
                }
            }
            match found.map(|node| self.tree.nodes[node].object.clone()) {
                Some(Object::Dataset(head)) if self.tree.nodes.len() < NODES_MAX => {
                    self.add(*parent, path.clone(), Object::Dataset(head));
                }
                Some(_) => {}
                None => {
                    let text = format!("the link `{path}` leads to `{target}`, which is not there");
                    self.note(Note::new(NoteKind::FileMissing, text).in_file(self.file.path()));
                }
            }
        }
        Ok(())
    }
}

/// A path from the root on, of one that may begin at a group.
fn absolute(group: &str, path: &str) -> String {
    let start = if path.starts_with('/') { "" } else { group };
    let mut names: Vec<&str> = start.split('/').filter(|name| !name.is_empty()).collect();
    names.extend(path.split('/').filter(|name| !name.is_empty() && *name != "."));
    names.iter().map(|name| format!("/{name}")).collect()
}

/// The order of names in which `demo_2` comes before `demo_10`.
pub(super) fn natural(one: &str, other: &str) -> Ordering {
    let (mut left, mut right) = (one.as_bytes(), other.as_bytes());
    loop {
        let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let order = match (digits(left), digits(right)) {
            (n, m) if n > 0 && m > 0 => {
                // Leading zeros count nothing; then the longer number is the larger one.
                let number = |text: &[u8], n: usize| {
                    let zeros = text[..n].iter().take_while(|byte| **byte == b'0').count();
                    text[zeros..n].to_vec()
                };
                let (a, b) = (number(left, n), number(right, m));
                (left, right) = (&left[n..], &right[m..]);
                a.len().cmp(&b.len()).then_with(|| a.cmp(&b))
            }
            _ => match (left.split_first(), right.split_first()) {
                (Some((a, rest)), Some((b, other_rest))) => {
                    (left, right) = (rest, other_rest);
                    a.cmp(b)
                }
                // Names that differ in leading zeros only are told apart by them.
                (None, None) => return one.cmp(other),
                (left, right) => left.is_some().cmp(&right.is_some()),
            },
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_names_count_by_their_value() {
        let mut names = ["demo_10", "demo_2", "demo", "demo_1", "demo_010", "obs", "demo_2b"];
        names.sort_by(|one, other| natural(one, other));
        assert_eq!(names, ["demo", "demo_1", "demo_2", "demo_2b", "demo_010", "demo_10", "obs"]);
    }

    #[test]
    fn paths_begin_at_the_root() {
        assert_eq!(absolute("/a/b", "c/./d"), "/a/b/c/d");
        assert_eq!(absolute("/a/b", "/c"), "/c");
        assert_eq!(absolute("", "."), "");
    }
}

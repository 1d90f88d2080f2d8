//! The tree checks itself: what the design promises and no compiler proves.
//!
//! ```text
//!   Tree::open(root) ─▶ each of RULES ─▶ problems ("path: what is wrong, and what to do")
//! ```
//!
//! The whole pass is also a unit test below, so that `cargo nextest run -p xtask` proves it.
//!
//! **Invariant:** a rule never changes the tree; it returns problems.

mod doors;
mod files;
mod floors;
mod links;
mod registries;
mod samples;
mod source;
mod tree;
mod words;

use std::process::ExitCode;

pub(crate) use tree::Tree;

/// A rule returns the problems it finds, each one line.
type Rule = fn(&Tree) -> Vec<String>;

/// Every rule, by name.
const RULES: &[(&str, Rule)] = &[
    ("doors", doors::problems),
    ("files", files::problems),
    ("floors", floors::problems),
    ("links", links::problems),
    ("registries", registries::problems),
    ("samples", samples::problems),
    ("words", words::problems),
];

/// All problems of a tree, each with the name of its rule.
pub(crate) fn problems(tree: &Tree) -> Vec<String> {
    let of = |(name, rule): &(&str, Rule)| {
        let named: Vec<_> = rule(tree).into_iter().map(|problem| format!("{name}: {problem}")).collect();
        named
    };
    RULES.iter().flat_map(of).collect()
}

/// `cargo xtask tidy`.
pub(crate) fn run(arguments: &[String]) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(arguments.is_empty(), "`tidy` takes no arguments");
    let tree = Tree::open(&crate::place::root())?;
    let problems = problems(&tree);
    for problem in &problems {
        println!("{problem}");
    }
    println!("Checked {} files by {} rules: {} problems", tree.files.len(), RULES.len(), problems.len());
    Ok(if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_is_tidy() {
        let tree = Tree::open(&crate::place::root()).expect("the tree can be read");
        let problems = problems(&tree);
        assert!(problems.is_empty(), "{}", problems.join("\n"));
    }

    #[test]
    fn rules_are_sorted() {
        assert!(RULES.is_sorted_by_key(|(name, _)| name));
    }
}

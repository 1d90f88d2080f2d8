//! Each crate's front door: its lints, its front page, and what is deliberately absent.

use super::Tree;
use super::tree::Crate;

pub(crate) fn problems(tree: &Tree) -> Vec<String> {
    tree.crates().iter().flat_map(|room| of_crate(tree, room)).collect()
}

fn of_crate(tree: &Tree, room: &Crate<'_>) -> Vec<String> {
    let Crate { folder, manifest } = room;
    let mut problems = Vec::new();
    let inherits = manifest.get("lints").and_then(|lints| lints.get("workspace")).and_then(|on| on.as_bool());
    if inherits != Some(true) {
        problems.push(format!("{folder}/Cargo.toml: add `[lints] workspace = true`"));
    }
    let described = manifest.get("package").and_then(|package| package.get("description")).is_some();
    if !described {
        problems.push(format!("{folder}/Cargo.toml: the package has no description"));
    }
    let doors = [format!("{folder}/src/lib.rs"), format!("{folder}/src/main.rs")];
    let Some((door, text)) = doors.iter().find_map(|door| Some((door, tree.text(door)?))) else {
        problems.push(format!("{folder}: there is neither `src/lib.rs` nor `src/main.rs`"));
        return problems;
    };
    let page: String = text.lines().take_while(|line| line.starts_with("//!")).collect::<Vec<_>>().join("\n");
    if page.is_empty() {
        problems.push(format!("{door}: begin with a front page (`//!`): a picture, the nouns, what it does not do"));
    } else if !page.contains("**Invariant:**") {
        problems.push(format!("{door}: the front page states no **Invariant:**"));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::super::tree::planted;
    use super::*;

    #[test]
    fn a_crate_without_lints_page_or_invariant_is_found() {
        let good = "[package]\nname = \"good\"\ndescription = \"x\"\n[lints]\nworkspace = true\n";
        let (_folder, tree) = planted::tree(&[
            ("crates/good/Cargo.toml", good),
            ("crates/good/src/lib.rs", "//! Turns.\n//!\n//! **Invariant:** none.\n"),
            ("crates/bare/Cargo.toml", "[package]\nname = \"bare\"\n[lints]\nworkspace = false\n"),
            ("crates/bare/src/main.rs", "// **Invariant:** not on the page\nfn main() {}\n"),
            ("crates/vague/Cargo.toml", good),
            ("crates/vague/src/lib.rs", "//! Does things.\n\n// **Invariant:** below the page.\n"),
        ]);
        assert_eq!(
            problems(&tree),
            [
                "crates/bare/Cargo.toml: add `[lints] workspace = true`",
                "crates/bare/Cargo.toml: the package has no description",
                "crates/bare/src/main.rs: begin with a front page (`//!`): a picture, the nouns, what it does not do",
                "crates/vague/src/lib.rs: the front page states no **Invariant:**",
            ]
        );
    }
}

//! Patterns of paths, and their order.

/// Whether a path fits a pattern: `?` is any letter and `*` any letters of one part, `**` any letters at all.
pub(super) fn matches(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<char>, Vec<char>) = (pattern.chars().collect(), path.chars().collect());
    // Which beginnings of the path fit the beginning of the pattern that was looked at.
    let mut fits = vec![false; path.len() + 1];
    fits[0] = true;
    let mut at = 0;
    while let Some(&letter) = pattern.get(at) {
        let is_deep = letter == '*' && pattern.get(at + 1) == Some(&'*');
        let mut next = vec![false; path.len() + 1];
        for end in 0..=path.len() {
            // OK to index: `end` is at most the length, and not zero where one is taken off.
            next[end] = match letter {
                '*' => fits[end] || (end > 0 && next[end - 1] && (is_deep || path[end - 1] != '/')),
                '?' => end > 0 && fits[end - 1] && path[end - 1] != '/',
                letter => end > 0 && fits[end - 1] && path[end - 1] == letter,
            };
        }
        fits = next;
        at += if is_deep { 2 } else { 1 };
    }
    fits.last().copied().unwrap_or(false)
}

/// A key that sorts `run_2` before `run_10`: numbers are filled up with zeros.
pub(super) fn natural(path: &str) -> (String, String) {
    let mut key = String::with_capacity(path.len());
    let mut digits = String::new();
    for letter in path.chars().chain(['\0']) {
        if letter.is_ascii_digit() {
            digits.push(letter);
            continue;
        }
        if !digits.is_empty() {
            key.push_str(&format!("{digits:0>20}"));
            digits.clear();
        }
        key.push(letter);
    }
    (key, path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, path, fits) in [
            ("run.csv", "run.csv", true),
            ("run.csv", "run_csv", false),
            ("*.csv", "run.csv", true),
            ("*.csv", "a/run.csv", false),
            ("**.csv", "a/b/run.csv", true),
            ("a/**/x?.npz", "a/b/c/x1.npz", true),
            ("a/*/x?.npz", "a/b/c/x1.npz", false),
            ("*", "", true),
            ("?", "", false),
            ("****a*b", "aaaaaaaaaaaaaaaaaaaac", false),
        ] {
            assert_eq!(matches(pattern, path), fits, "{pattern} {path}");
        }
    }

    #[test]
    fn numbers_are_sorted_by_size() {
        let mut names = ["r10", "r2", "r1b", "r1"];
        names.sort_by_cached_key(|name| natural(name));
        assert_eq!(names, ["r1", "r1b", "r2", "r10"]);
    }
}

//! Just enough reading of Rust source for the rules: no parser, since rustfmt has already made the shape regular.

/// The part before the unit tests, which is what the file is about.
pub(crate) fn without_tests(text: &str) -> &str {
    // rustfmt puts attributes at the start of their line, so that this finds no mention in a comment or a string.
    text.find("\n#[cfg(test)]\n").map_or(text, |end| &text[..=end])
}

/// Modules that the file declares with a body elsewhere: (name, path attribute).
pub(crate) fn declared_modules(text: &str) -> Vec<(&str, Option<&str>)> {
    let mut modules = Vec::new();
    let mut path = None;
    for line in text.lines().map(str::trim) {
        if let Some(rest) = line.strip_prefix("#[path = \"") {
            path = rest.split('"').next();
            continue;
        }
        // `pub`, `pub(crate)`, `pub(in …)` and nothing all stand before `mod`.
        let plain = match line.strip_prefix("pub") {
            Some(rest) if rest.starts_with('(') => rest.split_once(") ").map_or("", |(_, after)| after),
            Some(rest) => rest.trim_start(),
            None => line,
        };
        if let Some(name) =
            plain.strip_prefix("mod ").and_then(|rest| rest.split(';').next().filter(|_| rest.contains(';')))
        {
            modules.push((name.trim(), path.take()));
        } else if !line.starts_with("#[") && !line.starts_with("//") {
            path = None;
        }
    }
    modules
}

/// The entries of `const NAME: &[…] = &[…];`, without `&` and comments; `None` where there is no such slice.
pub(crate) fn slice_entries(text: &str, name: &str) -> Option<Vec<String>> {
    let start = text.find(&format!("const {name}:")).or_else(|| text.find(&format!("static {name}:")))?;
    let value = text[start..].split_once('=')?.1;
    // The first `]` that closes the slice itself: entries may hold brackets of their own.
    let mut depth = 0;
    let mut body = String::new();
    for line in value.lines() {
        for character in line.split("//").next().unwrap_or_default().chars() {
            match character {
                '[' | '(' | '{' => depth += 1,
                ']' | ')' | '}' => depth -= 1,
                ';' if depth == 0 => {
                    return Some(split_entries(&body));
                }
                _ => {}
            }
            body.push(character);
        }
    }
    None
}

fn split_entries(body: &str) -> Vec<String> {
    let inner = body.trim().trim_start_matches('&').trim_start_matches('[');
    let inner = inner.strip_suffix(']').unwrap_or(inner);
    let mut entries = vec![String::new()];
    let mut depth = 0;
    for character in inner.chars() {
        match character {
            '[' | '(' | '{' => depth += 1,
            ']' | ')' | '}' => depth -= 1,
            ',' if depth == 0 => {
                entries.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = entries.last_mut() {
            last.push(character);
        }
    }
    let clean = |entry: &String| entry.trim().trim_start_matches('&').to_owned();
    entries.iter().map(clean).filter(|entry| !entry.is_empty()).collect()
}

/// The types for which the text implements a trait, outside its tests: `X` of `impl TRAIT for X`.
pub(crate) fn implementors<'a>(text: &'a str, trait_name: &str) -> Vec<&'a str> {
    let head = format!("impl {trait_name} for ");
    let name = |line: &'a str| line.strip_prefix(head.as_str())?.split(|c: char| !is_word(c)).next();
    without_tests(text).lines().filter_map(name).filter(|name| !name.is_empty()).collect()
}

/// Whether a character can stand in an identifier.
pub(crate) fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Codes like `TIM003` that stand alone in a string literal, in order.
pub(crate) fn codes(text: &str) -> Vec<&str> {
    let is_code = |word: &&str| {
        word.len() == 6
            && word.bytes().take(3).all(|byte| byte.is_ascii_uppercase())
            && word.bytes().skip(3).all(|byte| byte.is_ascii_digit())
    };
    text.split('"').filter(is_code).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_with_and_without_paths() {
        let text =
            "mod a;\n#[cfg(test)]\npub(crate) mod b;\n#[path = \"odd.rs\"]\nmod c;\nmod inline {\n}\n// mod d;\n";
        assert_eq!(declared_modules(text), [("a", None), ("b", None), ("c", Some("odd.rs"))]);
    }

    #[test]
    fn slices_are_read_through_comments_and_nesting() {
        let text =
            "pub const T: &[&dyn X] = &[\n    &a::One, // first, of many\n    &Two { n: [1, 2] },\n    f(1, 2),\n];\n";
        assert_eq!(slice_entries(text, "T").expect("it is there"), ["a::One", "Two { n: [1, 2] }", "f(1, 2)"]);
        assert_eq!(slice_entries(text, "U"), None);
    }

    #[test]
    fn tests_are_no_part_of_the_file() {
        let text = "impl Check for A {}\n\n#[cfg(test)]\nmod tests {\nimpl Check for B {}\n}\n";
        assert_eq!(implementors(text, "Check"), ["A"]);
    }

    #[test]
    fn only_whole_literals_are_codes() {
        assert_eq!(codes(r#"("TIM003", "TIM0033", "see TIM004", "tim005", "VID010")"#), ["TIM003", "VID010"]);
    }
}

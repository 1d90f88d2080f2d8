//! What the `metadata.yaml` of a ROS 2 bag says: which files there should be, how many messages, and what its owner wrote.
//!
//! ```text
//!   rosbag2_bagfile_information:
//!     message_count: 6074
//!     relative_file_paths:
//!       - run_0.mcap
//!     custom_data:
//!       operator: p-17
//! ```
//!
//! Only these keys are read, line by line: rosbag2 writes its YAML in blocks, and a line that is anything else is passed over.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use prairie_model::{Note, NoteKind, Source};

use super::layout::Layout;

/// The file's name in the bag's folder.
const NAME: &str = "metadata.yaml";

/// Bags of thousands of topics write a few megabytes.
const SIZE_MAX: u64 = 16 << 20;

/// Files and entries that are kept.
const ENTRIES_MAX: usize = 100_000;

/// What the file says.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Said {
    files: Vec<String>,
    messages: Option<u64>,
    custom: BTreeMap<String, String>,
}

/// Reads the bag's description; `None` where there is none, or it cannot be read.
pub(crate) fn read(source: &dyn Source) -> Option<Said> {
    let files = source.files();
    let at = files.iter().position(|file| file.path == NAME)?;
    if files.len() < 2 || files[at].size > SIZE_MAX {
        return None;
    }
    let bytes = source.read_exact(at, 0, files[at].size).ok()?;
    parse(&String::from_utf8_lossy(&bytes))
}

fn parse(text: &str) -> Option<Said> {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
    lines.by_ref().find(|line| line.trim_end() == "rosbag2_bagfile_information:")?;
    let (mut said, mut keys_at, mut section) = (Said::default(), None, String::new());
    for line in lines {
        let indent = line.len() - line.trim_start().len();
        let body = line.trim();
        if indent == 0 {
            break;
        }
        let item = body.strip_prefix("- ");
        // A list may stand as far left as its own key.
        if indent == *keys_at.get_or_insert(indent) && item.is_none() {
            let (key, value) = body.split_once(':')?;
            key.clone_into(&mut section);
            if key == "message_count" {
                said.messages = value.trim().parse().ok();
            }
            continue;
        }
        match (section.as_str(), item) {
            ("relative_file_paths", Some(path)) if said.files.len() < ENTRIES_MAX => said.files.push(plain(path)),
            ("custom_data", None) if said.custom.len() < ENTRIES_MAX => {
                if let Some((key, value)) = body.split_once(": ") {
                    said.custom.insert(plain(key), plain(value));
                }
            }
            _ => {}
        }
    }
    Some(said)
}

/// A scalar without its quotes.
fn plain(text: &str) -> String {
    let text = text.trim();
    let quoted = ['"', '\''].into_iter().find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote));
    quoted.unwrap_or(text).to_owned()
}

impl Said {
    /// Adds what the description says to `layout`, and what of it is not so.
    pub(crate) fn compare(self, source: &dyn Source, layout: &mut Layout) {
        let last = |path: &str| path.rsplit(['/', '\\']).next().unwrap_or(path).to_owned();
        let there: Vec<_> = source.files().iter().map(|file| last(&file.path)).collect();
        let mut missing = 0;
        for file in self.files.iter().filter(|file| !there.contains(&last(file))) {
            missing += 1;
            let text = format!("`{NAME}` lists `{file}`, which is not there");
            layout.notes.push(Note::new(NoteKind::FileMissing, text).in_file(NAME));
        }
        let counts = layout.files.iter().map(|file| Some(file.summary.as_ref()?.statistics.as_ref()?.message_count));
        let counted = counts.sum::<Option<u64>>().filter(|_| missing == 0);
        if let (Some(claimed), Some(counted)) = (self.messages, counted)
            && claimed != counted
        {
            let text = format!("`{NAME}` claims {claimed} messages and the files count {counted}");
            let note = Note::new(NoteKind::CountMismatch, text).in_file(NAME);
            layout.notes.push(note.numbers(counted as f64, Some(claimed as f64)));
        }
        for (key, value) in self.custom {
            layout.attributes.beside(format!("bag.custom_data.{key}"), value);
        }
    }
}

/// The order of names whose runs of digits are numbers: `run_2` before `run_10`.
pub(crate) fn by_number(one: &str, other: &str) -> Ordering {
    let (mut left, mut right) = (one, other);
    loop {
        let (Some(a), Some(b)) = (left.chars().next(), right.chars().next()) else {
            return left.len().cmp(&right.len()).then_with(|| one.cmp(other));
        };
        if a.is_ascii_digit() && b.is_ascii_digit() {
            let (one_digits, other_digits) = (digits(left), digits(right));
            let (one_number, other_number) = (one_digits.trim_start_matches('0'), other_digits.trim_start_matches('0'));
            // Of numbers without leading zeros the longer is the greater.
            match one_number.len().cmp(&other_number.len()).then_with(|| one_number.cmp(other_number)) {
                Ordering::Equal => {}
                unequal => return unequal,
            }
            // OK to slice here and below: digits, and the character, are where they begin.
            (left, right) = (&left[one_digits.len()..], &right[other_digits.len()..]);
        } else if a == b {
            (left, right) = (&left[a.len_utf8()..], &right[b.len_utf8()..]);
        } else {
            return a.cmp(&b);
        }
    }
}

/// The digits that a text begins with.
fn digits(text: &str) -> &str {
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_of_indenting_a_list_are_read() {
        for item in ["  - run_0.mcap", "    - run_0.mcap", "    - \"run_0.mcap\""] {
            let text = format!(
                "rosbag2_bagfile_information:\n  version: 8\n  relative_file_paths:\n{item}\n  message_count: 7\n  \
                 topics_with_message_count:\n    - topic_metadata:\n        name: /a\n      message_count: 3\n  \
                 custom_data:\n    operator: 'p-17'\n    task: pick: place\n"
            );
            let custom = [("operator", "p-17"), ("task", "pick: place")];
            let said = Said {
                files: vec!["run_0.mcap".to_owned()],
                messages: Some(7),
                custom: custom.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
            };
            assert_eq!(parse(&text), Some(said), "{item}");
        }
    }

    #[test]
    fn other_yaml_says_nothing() {
        for text in ["", "a: 1", "rosbag2_bagfile_information: [", "\u{feff}{}", "rosbag2_bagfile_information:\n  x"] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse("rosbag2_bagfile_information:\n  message_count: many\n"), Some(Said::default()));
    }

    #[test]
    fn the_tenth_file_comes_after_the_ninth() {
        let mut names = ["b_10.mcap", "b_9.mcap", "a_11.mcap", "b_09.mcap", "b_1.mcap", "b.mcap", "ö_2", "ö_10"];
        names.sort_by(|one, other| by_number(one, other));
        assert_eq!(names, ["a_11.mcap", "b.mcap", "b_1.mcap", "b_09.mcap", "b_9.mcap", "b_10.mcap", "ö_2", "ö_10"]);
    }
}

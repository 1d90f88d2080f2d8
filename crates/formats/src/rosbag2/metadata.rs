//! What the `metadata.yaml` of a ROS 2 bag says: which files there should be, how many messages, and what its owner wrote.
//!
//! ```text
//!   rosbag2_bagfile_information:
//!     message_count: 6074
//!     relative_file_paths:
//!       - run_0.mcap
//!     topics_with_message_count:
//!       - topic_metadata:
//!           name: /joint_states
//!         message_count: 6074
//!     custom_data:
//!       operator: p-17
//! ```
//!
//! Only keys that are used are read, line by line: rosbag2 writes its YAML in blocks, and a line that is anything else is passed
//! over. Databases hold the same text, without its first line.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use prairie_model::{Note, NoteKind, Source};

/// The file's name in the bag's folder.
pub(crate) const NAME: &str = "metadata.yaml";

/// Bags of thousands of topics write a few megabytes.
const SIZE_MAX: u64 = 16 << 20;

/// Files and entries that are kept.
const ENTRIES_MAX: usize = 100_000;

/// What the file says.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Said {
    pub(crate) files: Vec<String>,
    pub(crate) messages: Option<u64>,
    /// Messages per topic.
    pub(crate) topics: BTreeMap<String, u64>,
    pub(crate) custom: BTreeMap<String, String>,
    /// `storage_identifier`, `compression_mode`, `compression_format` and `ros_distro`, where they are not empty.
    pub(crate) words: BTreeMap<String, String>,
    /// The first log time and the nanoseconds up to the last.
    pub(crate) start: Option<i64>,
    pub(crate) duration: Option<i64>,
}

/// Keys whose values are kept as they are.
const WORDS: [&str; 4] = ["storage_identifier", "compression_mode", "compression_format", "ros_distro"];

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

/// What a description says.
pub(crate) fn parse(text: &str) -> Option<Said> {
    let mut lines = lines(text);
    lines.by_ref().find(|line| line.trim_end() == "rosbag2_bagfile_information:")?;
    keys(lines.take_while(|line| line.starts_with(' ')))
}

/// What a description says that lies in a database.
pub(crate) fn parse_inner(text: &str) -> Option<Said> {
    keys(lines(text))
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
}

fn keys<'a>(lines: impl Iterator<Item = &'a str>) -> Option<Said> {
    let (mut said, mut keys_at, mut section) = (Said::default(), None, String::new());
    let mut topic = None;
    for line in lines {
        let indent = line.len() - line.trim_start().len();
        let body = line.trim();
        let item = body.strip_prefix("- ");
        // A list may stand as far left as its own key.
        if indent == *keys_at.get_or_insert(indent) && item.is_none() {
            let (key, value) = body.split_once(':')?;
            key.clone_into(&mut section);
            said.key(key, value.trim());
            continue;
        }
        said.below(&section, item, body, &mut topic);
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
    /// Takes a key of the description itself.
    fn key(&mut self, key: &str, value: &str) {
        match key {
            "message_count" => self.messages = value.parse().ok(),
            "relative_file_paths" => {
                let list = value.strip_prefix('[').and_then(|list| list.strip_suffix(']'));
                let names = list.unwrap_or_default().split(',').map(plain).filter(|name| !name.is_empty());
                self.files.extend(names.take(ENTRIES_MAX));
            }
            word if WORDS.contains(&word) && !plain(value).is_empty() => {
                self.words.insert(word.to_owned(), plain(value));
            }
            _ => {}
        }
    }

    /// Takes a line below the key `section`. `topic` is the one that is described there.
    fn below(&mut self, section: &str, item: Option<&str>, body: &str, topic: &mut Option<String>) {
        match (section, item) {
            ("relative_file_paths", Some(path)) if self.files.len() < ENTRIES_MAX => self.files.push(plain(path)),
            ("custom_data", None) if self.custom.len() < ENTRIES_MAX => {
                if let Some((key, value)) = body.split_once(": ") {
                    self.custom.insert(plain(key), plain(value));
                }
            }
            ("starting_time", None) => {
                let nanos = body.strip_prefix("nanoseconds_since_epoch:").and_then(|value| value.trim().parse().ok());
                // A bag without messages says the largest number.
                self.start = nanos.filter(|nanos| *nanos != i64::MAX);
            }
            ("duration", None) => {
                self.duration = body.strip_prefix("nanoseconds:").and_then(|value| value.trim().parse().ok());
            }
            ("topics_with_message_count", Some(item)) if item.starts_with("topic_metadata") => *topic = None,
            ("topics_with_message_count", None) if topic.is_none() && body.starts_with("name:") => {
                *topic = body.strip_prefix("name:").map(plain);
            }
            ("topics_with_message_count", None) if self.topics.len() < ENTRIES_MAX => {
                let count = body.strip_prefix("message_count:").and_then(|value| value.trim().parse().ok());
                if let (Some(topic), Some(count)) = (topic.as_ref(), count) {
                    self.topics.insert(topic.clone(), count);
                }
            }
            _ => {}
        }
    }

    /// The word under that key.
    pub(crate) fn word(&self, key: &str) -> Option<&str> {
        self.words.get(key).map(String::as_str)
    }

    /// A note for each file that is listed and not there.
    pub(crate) fn missing<'s>(&'s self, source: &'s dyn Source) -> impl Iterator<Item = Note> + 's {
        let there: Vec<_> = source.files().iter().map(|file| last(&file.path)).collect();
        // A file that was compressed or unpacked after it was listed is there.
        let is_there = move |file: &String| there.iter().any(|name| unpacked(name) == unpacked(last(file)));
        self.files.iter().filter(move |file| !is_there(file)).map(|file| {
            let text = format!("`{NAME}` lists `{file}`, which is not there");
            Note::new(NoteKind::FileMissing, text).in_file(NAME)
        })
    }

    /// Where a file stands in the list.
    pub(crate) fn place(&self, path: &str) -> Option<usize> {
        self.files.iter().position(|file| unpacked(last(file)) == unpacked(last(path)))
    }
}

/// A path's last part.
fn last(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// A name without the ending that compression adds.
pub(crate) fn unpacked(name: &str) -> &str {
    name.strip_suffix(".zstd").or_else(|| name.strip_suffix(".zst")).unwrap_or(name)
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
                "rosbag2_bagfile_information:\n  version: 8\n  storage_identifier: mcap\n  duration:\n    nanoseconds: \
                 411\n  starting_time:\n    nanoseconds_since_epoch: 1000\n  compression_mode: \"\"\n  relative_file_paths:\n{item}\n  message_count: 7\n  \
                 topics_with_message_count:\n    - topic_metadata:\n        name: /a\n      message_count: 3\n  \
                 custom_data:\n    operator: 'p-17'\n    task: pick: place\n"
            );
            let custom = [("operator", "p-17"), ("task", "pick: place")];
            let said = Said {
                files: vec!["run_0.mcap".to_owned()],
                messages: Some(7),
                topics: [("/a".to_owned(), 3)].into(),
                custom: custom.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
                words: [("storage_identifier".to_owned(), "mcap".to_owned())].into(),
                start: Some(1000),
                duration: Some(411),
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

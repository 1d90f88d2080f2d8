//! What a log says about itself: information and parameters, as attributes.

use std::collections::BTreeMap;

use super::format::basic;

/// Bytes of one attribute, and of all.
const TEXT_MAX: usize = 64 << 10;
const TEXTS_MAX: usize = 4 << 20;

/// Attributes by name.
#[derive(Debug, Default, Clone)]
pub(super) struct Facts {
    pub(super) attributes: BTreeMap<String, String>,
    bytes: usize,
}

impl Facts {
    /// An `I` message.
    pub(super) fn info(&mut self, body: &[u8]) {
        if let Some((name, value)) = pair(body) {
            self.put(format!("info.{name}"), value);
        }
    }

    /// An `M` message: one of several of its key, or the rest of the one before.
    pub(super) fn more_info(&mut self, body: &[u8]) {
        let Some((continued, body)) = body.split_first() else { return };
        let Some((name, value)) = pair(body) else { return };
        let name = format!("info.{name}");
        match self.attributes.get_mut(&name) {
            Some(text) if text.len() + value.len() < TEXT_MAX && self.bytes < TEXTS_MAX => {
                self.bytes += value.len();
                if *continued == 0 {
                    text.push('\n');
                }
                text.push_str(&value);
            }
            Some(_) => {}
            None => self.put(name, value),
        }
    }

    /// A `P` message: the name and the value of a parameter.
    pub(super) fn parameter(&mut self, body: &[u8]) {
        if let Some((name, value)) = pair(body) {
            self.put(format!("parameter.{name}"), value);
        }
    }

    /// A `Q` message: what a parameter is by default, of the system or of the vehicle's setup.
    pub(super) fn parameter_default(&mut self, body: &[u8]) {
        let Some((kinds, body)) = body.split_first() else { return };
        let Some((name, value)) = pair(body) else { return };
        for (bit, of) in [(1, "system_default"), (2, "setup_default")] {
            if kinds & bit != 0 {
                self.put(format!("parameter.{name}.{of}"), value.clone());
            }
        }
    }

    fn put(&mut self, name: String, mut value: String) {
        if value.len() > TEXT_MAX {
            let end = (0..=TEXT_MAX).rev().find(|end| value.is_char_boundary(*end)).unwrap_or(0);
            value.truncate(end);
        }
        if self.bytes + value.len() + name.len() <= TEXTS_MAX {
            self.bytes += value.len() + name.len();
            self.attributes.insert(name, value);
        }
    }
}

/// Name and value: `length, "type name", value`.
pub(super) fn pair(body: &[u8]) -> Option<(String, String)> {
    let (length, rest) = body.split_first()?;
    let key = std::str::from_utf8(rest.get(..usize::from(*length))?).ok()?;
    let value = rest.get(usize::from(*length)..)?;
    let (kind, name) = key.split_once(' ')?;
    let (kind, is_list) = match kind.split_once('[') {
        Some((kind, _)) => (kind, true),
        None => (kind, false),
    };
    let element = basic(kind)?;
    let text = if kind == "char" {
        String::from_utf8_lossy(value).trim_end_matches('\0').to_owned()
    } else {
        let texts: Option<Vec<String>> = value.chunks_exact(element.size).map(|bytes| element.display(bytes)).collect();
        match (texts?.as_slice(), is_list) {
            ([one], false) => one.clone(),
            (several, _) => format!("[{}]", several.join(", ")),
        }
    };
    Some((name.to_owned(), text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(key: &str, value: &[u8]) -> Vec<u8> {
        [&[key.len() as u8], key.as_bytes(), value].concat()
    }

    #[test]
    fn values_are_texts() {
        let mut facts = Facts::default();
        facts.info(&body("char[3] sys_name", b"PX4"));
        facts.info(&body("uint32_t ver", &7_u32.to_le_bytes()));
        facts.parameter(&body("float GAIN", &0.5_f32.to_le_bytes()));
        facts.parameter_default(&[&[3], &body("int32_t MODE", &(-1_i32).to_le_bytes())[..]].concat());
        facts.more_info(&[&[0], &body("char[2] perf", b"ab")[..]].concat());
        facts.more_info(&[&[1], &body("char[2] perf", b"cd")[..]].concat());
        facts.more_info(&[&[0], &body("char[2] perf", b"ef")[..]].concat());
        let told: Vec<_> = facts.attributes.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let expected = [
            ("info.perf", "abcd\nef"),
            ("info.sys_name", "PX4"),
            ("info.ver", "7"),
            ("parameter.GAIN", "0.5"),
            ("parameter.MODE.setup_default", "-1"),
            ("parameter.MODE.system_default", "-1"),
        ];
        assert_eq!(told, expected);
        for odd in [&b""[..], b"\x05ab", b"\x03a b", b"\x01a", b"\x09unknown x\x01"] {
            assert_eq!(pair(odd), None);
        }
    }
}

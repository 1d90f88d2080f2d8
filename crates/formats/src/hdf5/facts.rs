//! Attributes and small datasets as texts: what a file says beside its rows.
//!
//! Texts that are JSON objects are flattened two levels deep, `env_args.env_kwargs.control_freq`, and what is deeper is left as JSON.
//! Long texts that are no JSON (a simulation's model in XML) are told by their length alone.

use std::collections::BTreeMap;

use serde_json::Value;

use super::column::{Item, Leaf, VALUE_MAX, fixed_text, gather, leaves, variable};
use super::container::{Attribute, File, GlobalHeaps, NumberKind};

/// What a source says, by its names.
pub(super) type Facts = BTreeMap<String, String>;

/// Characters of a text that is kept.
const TEXT_MAX: usize = 2048;

/// Numbers of a list that is kept.
const LIST_MAX: usize = 64;

/// Levels of a JSON object that become names.
const LEVELS: usize = 2;

/// Facts of one object, of which JSON may have many.
const FACTS_MAX: usize = 4096;

/// A small value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Small {
    Texts(Vec<String>),
    Numbers(Vec<f64>),
    Integers(Vec<i64>),
    Bools(Vec<bool>),
}

impl Small {
    /// The one text.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Texts(texts) => texts.first().filter(|_| texts.len() == 1).map(String::as_str),
            _ => None,
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Texts(all) => all.len(),
            Self::Numbers(all) => all.len(),
            Self::Integers(all) => all.len(),
            Self::Bools(all) => all.len(),
        }
    }

    /// As a text: one value as it is, several as a JSON list.
    fn describe(&self) -> Option<String> {
        fn join<T: ToString>(all: &[T]) -> String {
            let all: Vec<String> = all.iter().map(T::to_string).collect();
            if let [one] = &all[..] { one.clone() } else { format!("[{}]", all.join(", ")) }
        }
        if self.len() == 0 || self.len() > LIST_MAX {
            return None;
        }
        Some(match self {
            Self::Texts(all) => match &all[..] {
                [one] => one.clone(),
                all => serde_json::to_string(all).ok()?,
            },
            Self::Numbers(all) => join(all),
            Self::Integers(all) => join(all),
            Self::Bools(all) => join(all),
        })
    }
}

/// The values of elements, where they are numbers or texts.
pub(super) fn small(file: &File<'_>, leaf: &Leaf, element: usize, bytes: &[u8]) -> Option<Small> {
    let items = usize::try_from(leaf.items()).ok()?;
    let mut room = Vec::new();
    match &leaf.item {
        Item::Number(number) => {
            let bytes = gather(bytes, element, leaf.offset, number.size * items, &mut room);
            let each = bytes.chunks_exact(number.size);
            Some(match number.kind {
                NumberKind::Bool => Small::Bools(each.map(|bytes| number.integer(bytes) != 0).collect()),
                NumberKind::Float | NumberKind::Bfloat16 => {
                    Small::Numbers(each.map(|bytes| number.float(bytes)).collect())
                }
                _ => Small::Integers(each.map(|bytes| number.integer(bytes)).collect()),
            })
        }
        Item::Text { size, padding } => {
            let bytes = gather(bytes, element, leaf.offset, size * items, &mut room);
            Some(Small::Texts(bytes.chunks_exact(*size).map(|text| fixed_text(text, *padding)).collect()))
        }
        Item::VariableText => {
            let size = super::container::HeapId::size(file);
            let bytes = gather(bytes, element, leaf.offset, size.checked_mul(items)?, &mut room);
            let mut heaps = GlobalHeaps::default();
            let mut left = VALUE_MAX;
            let mut texts = Vec::new();
            for reference in bytes.chunks_exact(size) {
                let text = variable(file, &mut heaps, reference, 1).ok()?.unwrap_or_default();
                left = left.checked_sub(text.len() as u64)?;
                texts.push(fixed_text(&text, super::container::Padding::ZeroEnd));
            }
            Some(Small::Texts(texts))
        }
        Item::VariableNumbers(_) | Item::Bytes(_) | Item::Refused(_) => None,
    }
}

/// The value of an attribute, where it is numbers or texts.
pub(super) fn value(file: &File<'_>, attribute: &Attribute) -> Option<Small> {
    let leaves = leaves(&attribute.datatype);
    let [leaf] = &leaves[..] else { return None };
    attribute.space.elements()?;
    small(file, leaf, attribute.datatype.size, &attribute.data)
}

/// Adds what an attribute says under `name`.
pub(super) fn tell(facts: &mut Facts, name: &str, value: &Small) {
    if facts.len() >= FACTS_MAX {
        return;
    }
    if let Some(text) = value.text() {
        let starts = text.trim_start().starts_with(['{', '[']);
        let json = starts.then(|| serde_json::from_str(text).ok()).flatten();
        match json {
            Some(json @ Value::Object(_)) => flatten(facts, name, &json, LEVELS),
            _ if text.len() > TEXT_MAX => {
                facts.insert(format!("{name}.length"), text.len().to_string());
            }
            _ if !text.is_empty() => {
                facts.insert(name.to_owned(), text.to_owned());
            }
            _ => {}
        }
        return;
    }
    match value.describe() {
        Some(text) if text.len() <= TEXT_MAX => facts.insert(name.to_owned(), text),
        _ if value.len() > 0 => facts.insert(format!("{name}.length"), value.len().to_string()),
        _ => None,
    };
}

fn flatten(facts: &mut Facts, name: &str, value: &Value, levels: usize) {
    if facts.len() >= FACTS_MAX {
        return;
    }
    match value {
        Value::Object(members) if levels > 0 => {
            for (key, value) in members {
                flatten(facts, &format!("{name}.{key}"), value, levels - 1);
            }
        }
        Value::Null => {}
        Value::String(text) if text.is_empty() => {}
        Value::String(text) if text.len() <= TEXT_MAX => {
            facts.insert(name.to_owned(), text.clone());
        }
        other => {
            let text = other.to_string();
            if text.len() <= TEXT_MAX {
                facts.insert(name.to_owned(), text);
            } else {
                facts.insert(format!("{name}.length"), text.len().to_string());
            }
        }
    }
}

/// Adds what the attributes of an object say, each under `prefix` and its name.
pub(super) fn tell_all(file: &File<'_>, facts: &mut Facts, prefix: &str, attributes: &BTreeMap<String, Attribute>) {
    for (name, attribute) in attributes {
        let name = format!("{prefix}{name}");
        match value(file, attribute) {
            Some(value) => tell(facts, &name, &value),
            None if facts.len() < FACTS_MAX => {
                facts.insert(format!("{name}.bytes"), attribute.data.len().to_string());
            }
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_becomes_names_and_long_texts_lengths() {
        let mut facts = Facts::new();
        let json =
            r#"{"env_name": "Lift", "type": 1, "env_kwargs": {"control_freq": 20, "cfg": {"kp": 1}}, "no": null}"#;
        tell(&mut facts, "env_args", &Small::Texts(vec![json.to_owned()]));
        tell(&mut facts, "model_file", &Small::Texts(vec![format!("<mujoco>{}", " ".repeat(5000))]));
        tell(&mut facts, "sim", &Small::Bools(vec![true]));
        tell(&mut facts, "gains", &Small::Numbers(vec![1.0, 0.5]));
        tell(&mut facts, "none", &Small::Texts(vec![String::new()]));
        let expected = [
            ("env_args.env_kwargs.cfg", r#"{"kp":1}"#),
            ("env_args.env_kwargs.control_freq", "20"),
            ("env_args.env_name", "Lift"),
            ("env_args.type", "1"),
            ("gains", "[1, 0.5]"),
            ("model_file.length", "5008"),
            ("sim", "true"),
        ];
        assert_eq!(facts, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    }
}

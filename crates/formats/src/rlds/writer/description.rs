//! `features.json` and `dataset_info.json`, as the Protocol Buffers JSON mapping has them.

use serde_json::{Map, Value, json};

use super::NewDataset;
use crate::rlds::info::TEMPLATE;

/// What a feature holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewKind {
    /// Numbers of 32 bits.
    Float32,
    /// Whole numbers.
    Int64,
    /// Truth values.
    Bool,
    /// A text.
    Text,
    /// Encoded pictures: `jpeg` or `png`; `None` where there are both.
    Picture(Option<&'static str>),
}

/// A feature of the data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFeature {
    /// Its key: what comes after `steps/` is a feature of each step, anything else one of the episode.
    pub key: String,
    /// What it holds.
    pub kind: NewKind,
    /// Elements per axis of one value; none for one number or a text; height, width and channels of pictures.
    pub shape: Vec<u64>,
    /// What it is, for people.
    pub description: String,
}

/// A name that TensorFlow Datasets takes: small letters, digits and underscores, a letter first.
pub fn dataset_name(name: &str) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '_' };
    let text: String = name.chars().map(plain).collect();
    match text.trim_matches('_') {
        text if text.starts_with(|first: char| first.is_ascii_lowercase()) => text.to_owned(),
        text => format!("dataset_{text}").trim_end_matches('_').to_owned(),
    }
}

fn class(module: &str, name: &str) -> String {
    format!("tensorflow_datasets.core.features.{module}.{name}")
}

fn dict(features: Map<String, Value>) -> Value {
    json!({"pythonClassName": class("features_dict", "FeaturesDict"), "featuresDict": {"features": features}})
}

fn leaf(feature: &NewFeature) -> Value {
    let dimensions: Vec<String> = feature.shape.iter().map(u64::to_string).collect();
    let shape = if dimensions.is_empty() { json!({}) } else { json!({"dimensions": dimensions}) };
    let numbers = |dtype: &str| {
        let (module, name) = if feature.shape.is_empty() { ("scalar", "Scalar") } else { ("tensor_feature", "Tensor") };
        json!({"pythonClassName": class(module, name), "tensor": {"shape": shape, "dtype": dtype, "encoding": "none"}})
    };
    let mut value = match &feature.kind {
        NewKind::Float32 => numbers("float32"),
        NewKind::Int64 => numbers("int64"),
        NewKind::Bool => numbers("bool"),
        NewKind::Text => json!({"pythonClassName": class("text_feature", "Text"), "text": {}}),
        NewKind::Picture(format) => {
            let mut image = json!({"shape": shape, "dtype": "uint8"});
            if let Some(format) = format {
                image["encodingFormat"] = json!(format);
            }
            json!({"pythonClassName": class("image_feature", "Image"), "image": image})
        }
    };
    if !feature.description.is_empty() {
        value["description"] = json!(feature.description);
    }
    value
}

/// Groups features by the first parts of their keys.
fn tree(features: &[(&str, &NewFeature)]) -> Map<String, Value> {
    let mut found = Map::new();
    for (key, feature) in features {
        match key.split_once('/') {
            None => {
                found.insert((*key).to_owned(), leaf(feature));
            }
            Some((first, _)) if found.contains_key(first) => {}
            Some((first, _)) => {
                let prefix = format!("{first}/");
                let inside: Vec<_> = features
                    .iter()
                    .filter_map(|(key, feature)| Some((key.strip_prefix(prefix.as_str())?, *feature)))
                    .collect();
                found.insert(first.to_owned(), dict(tree(&inside)));
            }
        }
    }
    found
}

/// `features.json`: the features of `steps` are a data set of their own in each record.
pub(super) fn features(features: &[NewFeature]) -> Value {
    let mut all: Vec<(&str, &NewFeature)> = features.iter().map(|feature| (feature.key.as_str(), feature)).collect();
    all.sort_by_key(|(key, _)| *key);
    let mut root = tree(&all);
    if let Some(steps) = root.remove("steps") {
        let steps = json!({
            "pythonClassName": class("dataset_feature", "Dataset"),
            "sequence": {"feature": steps, "length": "-1"},
        });
        root.insert("steps".to_owned(), steps);
    }
    dict(root)
}

/// `dataset_info.json`: the splits with the records and bytes of each file.
pub(super) fn info(new: &NewDataset, splits: &[(String, Vec<(u64, u64)>)]) -> Value {
    let splits = splits.iter().map(|(name, shards)| {
        let lengths: Vec<String> = shards.iter().map(|(records, _)| records.to_string()).collect();
        let bytes: u64 = shards.iter().map(|(_, bytes)| bytes).sum();
        json!({
            "name": name,
            "shardLengths": lengths,
            "numBytes": bytes.to_string(),
            "filepathTemplate": TEMPLATE,
        })
    });
    let mut info = json!({
        "name": new.name,
        "version": new.version,
        "description": new.description,
        "fileFormat": "tfrecord",
        "splits": splits.collect::<Vec<_>>(),
    });
    if let Some(licence) = &new.licence {
        info["redistributionInfo"] = json!({"license": licence});
    }
    info
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_tensorflow_datasets() {
        for (name, expected) in [
            ("Screws-2026", "screws_2026"),
            ("7dof", "dataset_7dof"),
            ("叠毛巾", "dataset"),
            ("_a_", "a"),
            ("bridge_dataset", "bridge_dataset"),
        ] {
            assert_eq!(dataset_name(name), expected);
        }
    }
}

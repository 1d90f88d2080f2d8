//! `features.json`: the tree of features, flattened to leaves by the keys that records have.
//!
//! ```text
//!   FeaturesDict { steps: Dataset { FeaturesDict { observation: FeaturesDict { image, state }, action } }, episode_metadata: ... }
//!     ─▶ steps/observation/image, steps/observation/state, steps/action, episode_metadata/...
//! ```
//!
//! Two writings are known: that of the Protocol Buffers JSON mapping (`pythonClassName` beside `featuresDict`, `tensor`, ...), and the
//! older one (`type` beside `content`). What a node is, its content says; its class decides only where there are several.

use std::collections::BTreeMap;

use prairie_model::PixelFormat;
use serde_json::{Map, Value};

/// Leaves that a data set may have.
const LEAVES_MAX: usize = 4096;

/// Type of the numbers of a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dtype {
    Bool,
    I8,
    U8,
    I16,
    U16,
    I32,
    U32,
    I64,
    U64,
    F16,
    Bf16,
    F32,
    F64,
}

impl Dtype {
    fn from_name(name: &str) -> Option<Self> {
        Some(match name.strip_prefix("tf.").unwrap_or(name) {
            "bool" => Self::Bool,
            "int8" => Self::I8,
            "uint8" => Self::U8,
            "int16" => Self::I16,
            "uint16" => Self::U16,
            "int32" => Self::I32,
            "uint32" => Self::U32,
            "int64" => Self::I64,
            "uint64" => Self::U64,
            "float16" | "half" => Self::F16,
            "bfloat16" => Self::Bf16,
            "float32" => Self::F32,
            "float64" | "double" => Self::F64,
            _ => return None,
        })
    }

    /// Bytes of a number where tensors are stored as bytes.
    pub(super) const fn bytes(self) -> usize {
        match self {
            Self::Bool | Self::I8 | Self::U8 => 1,
            Self::I16 | Self::U16 | Self::F16 | Self::Bf16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::I64 | Self::U64 | Self::F64 => 8,
        }
    }
}

/// How a tensor lies in a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Storage {
    /// As a list of numbers.
    List,
    /// As its bytes, little-endian.
    Bytes,
    /// As its bytes, compressed by zlib.
    Zlib,
}

/// What a leaf holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Numbers(Dtype, Storage),
    Text,
    /// An encoded picture; its format where one is declared.
    Image(Option<String>),
    /// Rows of pixels.
    Pixels(PixelFormat),
    /// Something that is not read, and why.
    Unread(String),
}

/// Where the values of a leaf belong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Step,
    Episode,
}

/// One leaf of the tree.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Leaf {
    /// The key in a record.
    pub(super) key: String,
    /// The key without the name of the feature that holds the steps.
    pub(super) topic: String,
    pub(super) level: Level,
    pub(super) kind: Kind,
    /// Elements per axis of one value; `None` where that differs from value to value.
    pub(super) shape: Vec<Option<u64>>,
    /// Sequences that it lies in, apart from that of the steps.
    pub(super) sequences: u32,
    pub(super) metadata: BTreeMap<String, String>,
}

impl Leaf {
    /// Numbers of one value; `None` where that differs.
    pub(super) fn width(&self) -> Option<u64> {
        self.shape.iter().try_fold(1_u64, |width, axis| width.checked_mul((*axis)?))
    }

    /// Whether a tensor has several axes of unknown length, and is stored with its shape beside it.
    pub(super) fn is_dynamic(&self) -> bool {
        self.shape.iter().filter(|axis| axis.is_none()).count() > 1 && matches!(self.kind, Kind::Numbers(..))
    }

    /// The last part of the key.
    pub(super) fn name(&self) -> &str {
        self.key.rsplit('/').next().unwrap_or(&self.key)
    }
}

/// A node: what class it says it is, what its content is called, and the content.
struct Node<'a> {
    class: &'a str,
    part: &'a str,
    content: &'a Value,
    description: Option<&'a str>,
}

/// Names of contents, as the Protocol Buffers JSON mapping has them.
const PARTS: [&str; 15] = [
    "featuresDict",
    "sequence",
    "dataset",
    "tensor",
    "text",
    "image",
    "classLabel",
    "boundingBox",
    "audio",
    "video",
    "labeledImage",
    "optional",
    "scalar",
    "translation",
    "jsonFeature",
];

fn node(value: &Value) -> Option<Node<'_>> {
    let object = value.as_object()?;
    let text = |key: &str| object.get(key).and_then(Value::as_str);
    let class = text("pythonClassName").or_else(|| text("type")).unwrap_or_default();
    let class = class.rsplit('.').next().unwrap_or(class);
    let description = text("description");
    if let Some(content) = object.get("content") {
        return Some(Node { class, part: "", content, description });
    }
    let part = PARTS.iter().find(|part| object.contains_key(**part));
    match part {
        Some(part) => Some(Node { class, part, content: object.get(*part)?, description }),
        None if class.is_empty() => None,
        None => Some(Node { class, part: "", content: value, description }),
    }
}

/// What a node is.
enum Form<'a> {
    Dict(&'a Map<String, Value>),
    /// Its inner feature, and whether it is a nested data set.
    Sequence(&'a Value, bool),
    Optional(&'a Value),
    Leaf(Kind, Vec<Option<u64>>),
    /// A leaf in a sequence of its own: a video is a sequence of pictures.
    Pictures(Kind, Vec<Option<u64>>),
}

fn form<'a>(node: &Node<'a>) -> Form<'a> {
    let content = node.content;
    let is = |parts: &[&str], classes: &[&str]| parts.contains(&node.part) || classes.contains(&node.class);
    let numbers = |dtype| Kind::Numbers(dtype, Storage::List);
    if node.part == "featuresDict" || node.class == "FeaturesDict" {
        let features = content.get("features").unwrap_or(content).as_object();
        return features.map_or_else(|| unread("a `FeaturesDict` without features"), Form::Dict);
    }
    if is(&["sequence", "dataset"], &["Sequence", "Dataset"]) {
        let is_dataset = node.part == "dataset" || node.class == "Dataset";
        return match content.get("feature") {
            Some(inner) => Form::Sequence(inner, is_dataset),
            None => unread("a sequence of nothing"),
        };
    }
    if is(&["optional"], &["Optional"]) {
        return content.get("feature").map_or_else(|| unread("an `Optional` of nothing"), Form::Optional);
    }
    if is(&["image", "labeledImage"], &["Image", "LabeledImage"]) {
        return Form::Leaf(Kind::Image(text(content, &["encodingFormat", "encoding_format"])), shape(content));
    }
    if is(&["video"], &["Video"]) {
        let mut shape = shape(content);
        // The first axis is that of the pictures.
        shape.drain(..shape.len().min(1));
        return Form::Pictures(Kind::Image(text(content, &["encodingFormat", "encoding_format"])), shape);
    }
    if is(&["text"], &["Text"]) {
        return Form::Leaf(Kind::Text, Vec::new());
    }
    if is(&["classLabel"], &["ClassLabel"]) {
        return Form::Leaf(numbers(Dtype::I64), Vec::new());
    }
    if is(&["boundingBox"], &["BBoxFeature", "BBox"]) {
        return Form::Leaf(numbers(Dtype::F32), vec![Some(4)]);
    }
    if is(&["tensor", "scalar", "audio"], &["Tensor", "Scalar", "Audio", "Array2D", "Array3D"]) {
        return tensor(content);
    }
    unread(&format!("features of class `{}` are not read", node.class))
}

fn unread(why: &str) -> Form<'static> {
    Form::Leaf(Kind::Unread(why.to_owned()), Vec::new())
}

fn tensor(content: &Value) -> Form<'static> {
    let shape = shape(content);
    let name = text(content, &["dtype"]).unwrap_or_default();
    if matches!(name.as_str(), "string" | "object" | "str" | "bytes") {
        // Several texts per step have no column.
        return match shape.is_empty() {
            true => Form::Leaf(Kind::Text, shape),
            false => unread("tensors of texts are not read"),
        };
    }
    let Some(dtype) = Dtype::from_name(&name) else {
        return unread(&format!("tensors of the type `{name}` are not read"));
    };
    let storage = match text(content, &["encoding"]).unwrap_or_default().to_ascii_lowercase().as_str() {
        "" | "none" => Storage::List,
        "bytes" => Storage::Bytes,
        "zlib" => Storage::Zlib,
        other => return unread(&format!("tensors of the encoding `{other}` are not read")),
    };
    let kind = match pixels(dtype, storage, &shape) {
        Some(format) => Kind::Pixels(format),
        None => Kind::Numbers(dtype, storage),
    };
    Form::Leaf(kind, shape)
}

/// Rows of pixels, where bytes of a tensor can be nothing else: height, width, and channels of a byte each.
fn pixels(dtype: Dtype, storage: Storage, shape: &[Option<u64>]) -> Option<PixelFormat> {
    let ([Some(height), Some(width), Some(channels)], Storage::Bytes) = (shape, storage) else { return None };
    if *height < 16 || *width < 16 {
        return None;
    }
    match (dtype, channels) {
        (Dtype::U8, 1) => Some(PixelFormat::Mono8),
        (Dtype::U8, 3) => Some(PixelFormat::Rgb8),
        (Dtype::U8, 4) => Some(PixelFormat::Rgba8),
        (Dtype::U16, 1) => Some(PixelFormat::Mono16),
        _ => None,
    }
}

/// Whether pictures are depth: one channel of more than eight bits.
fn is_depth(kind: &Kind, dtype: Option<&String>, shape: &[Option<u64>]) -> bool {
    let is_wide = dtype.is_some_and(|dtype| matches!(dtype.as_str(), "uint16" | "float32"));
    matches!(kind, Kind::Image(_) | Kind::Pixels(_)) && is_wide && shape.last() == Some(&Some(1))
}

fn text(content: &Value, keys: &[&str]) -> Option<String> {
    keys.iter().find_map(|key| content.get(*key)?.as_str()).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// Axes: `{"dimensions": ["7", "-1"]}`, or `[7, null]`.
fn shape(content: &Value) -> Vec<Option<u64>> {
    let axes = content.get("shape").map(|shape| shape.get("dimensions").unwrap_or(shape));
    let axis = |axis: &Value| match axis {
        // Numbers of 64 bits are texts in JSON; what is negative is unknown.
        Value::String(text) => text.parse().ok(),
        other => other.as_u64(),
    };
    axes.and_then(Value::as_array).into_iter().flatten().map(axis).collect()
}

/// The leaves of the tree, and the key of the feature that holds the steps; `None` for both where the text is no tree of features.
pub(super) fn leaves(root: &Value) -> Option<(Vec<Leaf>, Option<String>)> {
    let mut found = Found::default();
    let root_node = node(root)?;
    let Form::Dict(features) = form(&root_node) else { return None };
    found.dict(features, "", Level::Episode, 0);
    // `steps` is what RLDS calls it; another name is taken where there is no such.
    let is_steps = |key: &&String| key.as_str() == "steps";
    let steps = found.datasets.iter().find(is_steps).or_else(|| found.datasets.first()).cloned();
    let mut leaves = found.leaves;
    if let Some(steps) = &steps {
        for leaf in &mut leaves {
            if let Some(rest) = leaf.key.strip_prefix(steps.as_str()).and_then(|rest| rest.strip_prefix('/')) {
                leaf.topic = rest.to_owned();
            } else {
                // Steps of another data set than that of the episode are a sequence beside it.
                leaf.sequences += u32::from(leaf.level == Level::Step);
                leaf.level = Level::Episode;
            }
        }
    }
    leaves.sort_by(|one, other| one.key.cmp(&other.key));
    Some((leaves, steps))
}

#[derive(Default)]
struct Found {
    leaves: Vec<Leaf>,
    datasets: Vec<String>,
}

impl Found {
    fn dict(&mut self, features: &Map<String, Value>, above: &str, level: Level, sequences: u32) {
        for (name, feature) in features {
            let key = if above.is_empty() { name.clone() } else { format!("{above}/{name}") };
            self.feature(feature, key, level, sequences);
        }
    }

    // The nesting is bounded, since serde_json refuses more than 128 levels.
    fn feature(&mut self, feature: &Value, key: String, level: Level, sequences: u32) {
        if self.leaves.len() >= LEAVES_MAX {
            return;
        }
        let Some(node) = node(feature) else { return };
        match form(&node) {
            Form::Dict(features) => self.dict(features, &key, level, sequences),
            Form::Optional(inner) => self.feature(inner, key, level, sequences),
            Form::Sequence(inner, is_dataset) => {
                // Early data sets have a sequence of a dictionary for the steps.
                let is_steps = level == Level::Episode && sequences == 0 && (is_dataset || key == "steps");
                if is_steps {
                    self.datasets.push(key.clone());
                    self.feature(inner, key, Level::Step, sequences);
                } else {
                    self.feature(inner, key, level, sequences + 1);
                }
            }
            Form::Leaf(kind, shape) => self.leaf(&node, key, level, kind, shape, sequences),
            Form::Pictures(kind, shape) => self.leaf(&node, key, level, kind, shape, sequences + 1),
        }
    }

    fn leaf(
        &mut self,
        node: &Node<'_>,
        key: String,
        level: Level,
        kind: Kind,
        shape: Vec<Option<u64>>,
        sequences: u32,
    ) {
        let mut metadata = BTreeMap::from([("class".to_owned(), node.class.to_owned())]);
        metadata.extend(node.description.map(|text| ("description".to_owned(), text.to_owned())));
        for name in ["dtype", "encoding", "encodingFormat", "encoding_format", "numClasses", "sampleRate"] {
            metadata.extend(text(node.content, &[name]).map(|text| (name.to_owned(), text)));
        }
        // One channel of 16 bits is depth; colours have eight.
        if is_depth(&kind, metadata.get("dtype"), &shape) {
            metadata.insert("is_depth_map".to_owned(), "true".to_owned());
        }
        // More than a few axes, and nobody means them.
        let kind = match kind {
            Kind::Unread(why) => Kind::Unread(why),
            _ if shape.len() > 16 => Kind::Unread("a tensor of more than 16 axes".to_owned()),
            _ if level == Level::Step && sequences > 1 => {
                Kind::Unread("sequences of sequences within a step are not read".to_owned())
            }
            Kind::Numbers(_, Storage::Bytes | Storage::Zlib) | Kind::Image(_) | Kind::Pixels(_) | Kind::Text
                if level == Level::Step && sequences > 0 =>
            {
                Kind::Unread("sequences of texts, pictures or stored bytes within a step are not read".to_owned())
            }
            kind => kind,
        };
        self.leaves.push(Leaf { topic: key.clone(), key, level, kind, shape, sequences, metadata });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn both_writings_are_one_tree() {
        let new = json!({"pythonClassName": "tfds.core.features.features_dict.FeaturesDict", "featuresDict": {"features": {
            "steps": {"pythonClassName": "x.dataset_feature.Dataset", "sequence": {"length": "-1", "feature": {
                "pythonClassName": "x.FeaturesDict", "featuresDict": {"features": {
                    "image": {"pythonClassName": "x.Image", "image": {"shape": {"dimensions": ["64", "-1", "3"]}, "dtype": "uint8",
                        "encodingFormat": "jpeg"}},
                    "action": {"pythonClassName": "x.Tensor", "tensor": {"shape": {"dimensions": ["7"]}, "dtype": "float32",
                        "encoding": "none"}},
                    "done": {"pythonClassName": "x.Scalar", "tensor": {"shape": {}, "dtype": "bool", "encoding": "none"}},
                    "said": {"pythonClassName": "x.Text", "text": {}}}}}}},
            "id": {"pythonClassName": "x.Scalar", "tensor": {"shape": {}, "dtype": "int32"}}}}});
        let old = json!({"type": "tfds.core.features.features_dict.FeaturesDict", "content": {
            "steps": {"type": "x.dataset_feature.Dataset", "content": {"length": null, "feature": {
                "type": "x.FeaturesDict", "content": {
                    "image": {"type": "x.Image", "content": {"shape": [64, null, 3], "dtype": "uint8", "encoding_format": "jpeg"}},
                    "action": {"type": "x.Tensor", "content": {"shape": [7], "dtype": "float32", "encoding": "none"}},
                    "done": {"type": "x.Tensor", "content": {"shape": [], "dtype": "bool"}},
                    "said": {"type": "x.Text", "content": {"use_encoder": false}}}}}},
            "id": {"type": "x.Tensor", "content": {"shape": [], "dtype": "int32"}}}});
        let plain = |tree: &Value| -> Vec<_> {
            let (leaves, steps) = leaves(tree).unwrap();
            assert_eq!(steps.as_deref(), Some("steps"));
            leaves.into_iter().map(|leaf| (leaf.key, leaf.topic, leaf.level, leaf.kind, leaf.shape)).collect()
        };
        let found = plain(&new);
        assert_eq!(found, plain(&old));
        let image = found.iter().find(|leaf| leaf.0 == "steps/image").unwrap();
        assert_eq!((image.1.as_str(), image.2), ("image", Level::Step));
        assert_eq!(image.3, Kind::Image(Some("jpeg".to_owned())));
        assert_eq!(image.4, [Some(64), None, Some(3)]);
        assert_eq!(
            found[0],
            ("id".to_owned(), "id".to_owned(), Level::Episode, Kind::Numbers(Dtype::I32, Storage::List), vec![])
        );
    }

    #[test]
    fn what_is_no_tree_is_none_and_what_is_unknown_says_so() {
        assert!(leaves(&json!({})).is_none() && leaves(&json!([1])).is_none());
        let odd = json!({"pythonClassName": "x.FeaturesDict", "featuresDict": {"features": {
            "a": {"pythonClassName": "my.Strange"}, "b": 3,
            "c": {"pythonClassName": "x.Tensor", "tensor": {"dtype": "complex64"}}}}});
        let (leaves, steps) = leaves(&odd).unwrap();
        assert_eq!((leaves.len(), steps), (2, None));
        assert!(leaves.iter().all(|leaf| matches!(leaf.kind, Kind::Unread(_))));
    }
}

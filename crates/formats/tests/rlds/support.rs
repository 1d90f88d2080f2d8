//! Sources, records, and what comes of reading them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use prairie_formats::Reader;
use prairie_formats::rlds::Rlds;
use prairie_model::{
    BlobColumns, BlobRef, Note, NoteKind, Payload, ReadEvent, ReadOptions, ReadSummary, RecordingPlan, Source,
    SourceFile,
};

/// A folder of files without folders.
pub(crate) struct Folder {
    pub(crate) root: PathBuf,
    files: Vec<SourceFile>,
}

impl Source for Folder {
    fn files(&self) -> &[SourceFile] {
        &self.files
    }

    fn read_at(&self, file: usize, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        File::open(self.root.join(&self.files[file].path))?.read_at(buffer, offset)
    }
}

pub(crate) fn sample(name: &str) -> Option<Folder> {
    let root = std::env::var_os("PRAIRIE_SAMPLES")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/samples")), PathBuf::from)
        .join(name);
    if !root.is_dir() {
        println!("skipped: {} is not there", root.display());
        return None;
    }
    let entry = |entry: io::Result<std::fs::DirEntry>| {
        let entry = entry.unwrap();
        SourceFile { path: entry.file_name().into_string().unwrap(), size: entry.metadata().unwrap().len() }
    };
    let mut files: Vec<_> = std::fs::read_dir(&root).unwrap().map(entry).collect();
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Some(Folder { root, files })
}

/// What came of a feature in one episode.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Got {
    pub(crate) times: Vec<i64>,
    pub(crate) values: Vec<f64>,
    pub(crate) lengths: Vec<usize>,
    pub(crate) texts: Vec<Option<String>>,
    pub(crate) blobs: Vec<BlobRef>,
}

#[derive(Debug, Default)]
pub(crate) struct All {
    pub(crate) got: BTreeMap<(u32, String), Got>,
    pub(crate) ended: Vec<u32>,
    pub(crate) notes: Vec<Note>,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) summary: ReadSummary,
}

impl All {
    pub(crate) fn of(&self, episode: u32, topic: &str) -> &Got {
        self.got.get(&(episode, topic.to_owned())).unwrap_or_else(|| panic!("no `{topic}` in {:?}", self.got.keys()))
    }

    pub(crate) fn kinds(&self) -> Vec<NoteKind> {
        self.notes.iter().map(|note| note.kind).collect()
    }
}

/// Reads, and checks what holds for every recording: episodes are planned, types are those of the channel, counts reconcile.
pub(crate) fn read(source: &dyn Source, options: &ReadOptions) -> Option<(RecordingPlan, All)> {
    let plan = Rlds.plan(source, options).ok()?;
    let mut all = All::default();
    let mut delivered = 0;
    let summary = Rlds.read(source, &plan, options, &mut |event| {
        match event {
            ReadEvent::Batch(batch) => {
                delivered += batch.len() as u64;
                let episode = batch.episode.unwrap();
                assert!((episode as usize) < plan.episodes.len());
                assert!(!all.ended.contains(&episode), "messages after the end of episode {episode}");
                let got = all.got.entry((episode, batch.channel.topic.clone())).or_default();
                let Payload::Decoded(rows) = &batch.payload else { panic!("nothing is opaque here") };
                assert_eq!((rows.len(), Some(rows.fields())), (batch.len(), batch.channel.fields.as_ref()));
                got.times.extend(&batch.log_time);
                if let Some(value) = rows.column_by_name("value") {
                    let lists = value.as_list::<i32>();
                    got.lengths.extend((0..lists.len()).map(|row| lists.value(row).len()));
                    let values = cast(lists.values(), &DataType::Float64).unwrap();
                    got.values.extend(values.as_primitive::<Float64Type>().iter().flatten());
                }
                if let Some(text) = rows.column_by_name("text") {
                    got.texts.extend(text.as_string::<i32>().iter().map(|text| text.map(str::to_owned)));
                }
                if let Some(blobs) = rows.column_by_name("data") {
                    got.blobs.extend(BlobColumns::read(blobs).unwrap());
                }
            }
            ReadEvent::EpisodeEnd(episode) => all.ended.push(episode),
            ReadEvent::Note(note) => all.notes.push(note),
            ReadEvent::Attribute(key, value) => drop(all.attributes.insert(key, value)),
            ReadEvent::Channel(channel) => panic!("the plan knows every channel, and not {channel:?}"),
        }
        ControlFlow::Continue(())
    });
    all.summary = summary.ok()?;
    let channels = all.summary.channels.values();
    let (messages, undecodable) = channels.fold((0, 0), |sum, one| (sum.0 + one.messages, sum.1 + one.undecodable));
    assert_eq!(delivered + undecodable, messages, "what was read is delivered or counted");
    Some((plan, all))
}

/// CRC-32C bit by bit, masked.
fn masked(bytes: &[u8]) -> u32 {
    let mut crc = !0_u32;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = crc >> 1 ^ if crc & 1 == 1 { 0x82f6_3b78 } else { 0 };
        }
    }
    (!crc).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// A file of these records.
pub(crate) fn file(records: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    for record in records {
        let length = (record.len() as u64).to_le_bytes();
        out.extend_from_slice(&length);
        out.extend_from_slice(&masked(&length).to_le_bytes());
        out.extend_from_slice(record);
        out.extend_from_slice(&masked(record).to_le_bytes());
    }
    out
}

fn varint(mut number: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while number > 0x7f {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
    out
}

fn part(number: u64, bytes: &[u8]) -> Vec<u8> {
    [varint(number << 3 | 2), varint(bytes.len() as u64), bytes.to_vec()].concat()
}

/// The list of a feature.
pub(crate) enum List<'a> {
    Bytes(Vec<&'a [u8]>),
    Floats(Vec<f32>),
    Integers(Vec<i64>),
    /// Each number in a field of its own.
    UnpackedFloats(Vec<f32>),
    UnpackedIntegers(Vec<i64>),
}

/// A record of these features.
pub(crate) fn example(features: &[(&str, List<'_>)]) -> Vec<u8> {
    let mut map = Vec::new();
    for (key, list) in features {
        let feature = match list {
            List::Bytes(items) => part(1, &items.iter().flat_map(|item| part(1, item)).collect::<Vec<_>>()),
            List::Floats(items) => {
                part(2, &part(1, &items.iter().flat_map(|item| item.to_le_bytes()).collect::<Vec<_>>()))
            }
            List::Integers(items) => {
                part(3, &part(1, &items.iter().flat_map(|item| varint(*item as u64)).collect::<Vec<_>>()))
            }
            List::UnpackedFloats(items) => {
                part(2, &items.iter().flat_map(|item| [&[0x0d], &item.to_le_bytes()[..]].concat()).collect::<Vec<_>>())
            }
            List::UnpackedIntegers(items) => {
                part(3, &items.iter().flat_map(|item| [vec![8], varint(*item as u64)].concat()).collect::<Vec<_>>())
            }
        };
        map.extend(part(1, &[part(1, key.as_bytes()), part(2, &feature)].concat()));
    }
    part(1, &map)
}

/// A tree of features: the steps' by their path, and those beside them.
pub(crate) fn features(steps: &[(&str, &str)], beside: &[(&str, &str)]) -> Vec<u8> {
    let dict = |features: &[(&str, &str)]| {
        let each: Vec<_> = features.iter().map(|(name, node)| format!("\"{name}\":{node}")).collect();
        format!(r#"{{"pythonClassName":"x.FeaturesDict","featuresDict":{{"features":{{{}}}}}}}"#, each.join(","))
    };
    let inner = dict(steps);
    let steps = format!(r#"{{"pythonClassName":"x.Dataset","sequence":{{"length":"-1","feature":{inner}}}}}"#);
    dict(&[&[("steps", steps.as_str())], beside].concat()).into_bytes()
}

/// A tensor's node.
pub(crate) fn tensor(dtype: &str, shape: &[i64], encoding: &str) -> String {
    let axes: Vec<_> = shape.iter().map(|axis| format!("\"{axis}\"")).collect();
    format!(
        r#"{{"pythonClassName":"x.Tensor","tensor":{{"dtype":"{dtype}","shape":{{"dimensions":[{}]}},"encoding":"{encoding}"}}}}"#,
        axes.join(",")
    )
}

/// A text's node.
pub(crate) const TEXT: &str = r#"{"pythonClassName":"x.Text","text":{}}"#;

/// A picture's node.
pub(crate) const IMAGE: &str = r#"{"pythonClassName":"x.Image","image":{"shape":{"dimensions":["8","8","3"]},"dtype":"uint8","encodingFormat":"png"}}"#;

//! Recordings that are exported and proved by the real command, and files that are taken apart to be tampered with.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::concat_batches;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use prairie_formats::mcap::record::{Channel, ChunkHead, MessageHead, Metadata, Schema};
use prairie_formats::mcap::walk::next_frame;
use prairie_formats::mcap::{McapWriter, WriterOptions};
use serde_json::Value;
use tempfile::TempDir;

/// A recording of the repository.
pub(crate) fn bundled(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples").join(name)
}

/// A recording of others; `None`, and told, where there is none.
#[expect(clippy::print_stdout, reason = "it says what it skipped")]
pub(crate) fn sample(name: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/samples");
    let path = std::env::var_os("PRAIRIE_SAMPLES").map_or(beside, PathBuf::from).join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: there is no sample `{name}`");
    None
}

pub(crate) fn run(dir: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_prairie"));
    command.env_remove("PRAIRIE_STORE").env("HOME", dir).env("XDG_CONFIG_HOME", dir);
    command.current_dir(dir).arg("--store").arg(dir.join("store")).args(arguments).output().unwrap()
}

fn done(dir: &Path, arguments: &[&str], codes: &[i32]) {
    let output = run(dir, arguments);
    let code = output.status.code().unwrap();
    assert!(codes.contains(&code), "{arguments:?}: {code}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A recording and its export.
pub(crate) struct Trip {
    pub(crate) dir: TempDir,
    pub(crate) source: PathBuf,
    pub(crate) out: PathBuf,
}

/// Ingests a recording and exports all of its episodes.
pub(crate) fn trip(source: PathBuf, target: &str, more: &[&str]) -> Trip {
    let dir = TempDir::new().unwrap();
    let out = dir.path().join("out");
    // A recording with losses is a recording.
    done(dir.path(), &["ingest", "--no-video", source.to_str().unwrap()], &[0, 3]);
    done(dir.path(), &["dataset", "create", "all", "--where", "true"], &[0]);
    let arguments = [&["export", "all", out.to_str().unwrap(), "--to", target], more].concat();
    done(dir.path(), &arguments, &[0]);
    Trip { dir, source, out }
}

impl Trip {
    /// Proves an export of the source: the exit code and the report.
    pub(crate) fn prove(&self, export: &Path, more: &[&str]) -> (i32, Value) {
        prove(self.dir.path(), &self.source, export, more)
    }

    /// A copy of the export that may be changed, without Prairie's own proof of it unless that is `kept`.
    pub(crate) fn copy(&self, name: &str, kept: bool) -> PathBuf {
        let to = self.dir.path().join(name);
        copy(&self.out, &to);
        if !kept {
            fs::remove_file(to.join("prairie-proof.json")).unwrap();
        }
        to
    }
}

pub(crate) fn prove(dir: &Path, source: &Path, export: &Path, more: &[&str]) -> (i32, Value) {
    let (source, export) = (source.to_str().unwrap(), export.to_str().unwrap());
    let arguments = [&["prove", "--output-format", "json", source, export], more].concat();
    let output = run(dir, &arguments);
    let report = serde_json::from_slice(&output.stdout);
    let said = String::from_utf8_lossy(&output.stderr);
    (output.status.code().unwrap(), report.unwrap_or_else(|error| panic!("{error}: {said}")))
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

/// What is left out of a report, by name.
pub(crate) fn left_out(report: &Value) -> Vec<String> {
    report["left_out"].as_object().unwrap().keys().cloned().collect()
}

/// The differences of a report, one a line.
pub(crate) fn differences(report: &Value) -> Vec<String> {
    let line = |each: &Value| format!("{}: {}", each["what"].as_str().unwrap(), each["text"].as_str().unwrap());
    report["differences"].as_array().unwrap().iter().map(line).collect()
}

/// All rows of a Parquet file.
pub(crate) fn read_table(path: &Path) -> RecordBatch {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
    let schema = reader.schema().clone();
    let batches: Vec<_> = reader.build().unwrap().map(Result::unwrap).collect();
    concat_batches(&schema, &batches).unwrap()
}

pub(crate) fn write_table(path: &Path, rows: &RecordBatch) {
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), rows.schema(), None).unwrap();
    writer.write(rows).unwrap();
    writer.close().unwrap();
}

/// The table with another column of that name.
pub(crate) fn with_column(rows: &RecordBatch, name: &str, column: ArrayRef) -> RecordBatch {
    let at = rows.schema().index_of(name).unwrap();
    let mut columns = rows.columns().to_vec();
    columns[at] = column;
    RecordBatch::try_new(rows.schema(), columns).unwrap()
}

/// A message of an MCAP file.
#[derive(Clone)]
pub(crate) struct Message {
    pub(crate) channel: u16,
    pub(crate) log_time: u64,
    pub(crate) publish_time: u64,
    pub(crate) data: Vec<u8>,
}

/// An MCAP file, taken apart.
#[derive(Clone, Default)]
pub(crate) struct Mcap {
    /// Name, encoding, definition.
    schemas: BTreeMap<u16, (String, String, Vec<u8>)>,
    /// Schema, topic, metadata.
    pub(crate) channels: BTreeMap<u16, (u16, String, BTreeMap<String, String>)>,
    pub(crate) metadata: Vec<(String, BTreeMap<String, String>)>,
    pub(crate) messages: Vec<Message>,
}

impl Mcap {
    pub(crate) fn read(path: &Path) -> Self {
        let bytes = fs::read(path).unwrap();
        let mut file = Self::default();
        file.records(&bytes[8..bytes.len() - 8]);
        file
    }

    fn records(&mut self, bytes: &[u8]) {
        let (mut slice, mut at) = (bytes, 0);
        while let Some(frame) = next_frame(&mut slice, at, bytes.len() as u64).unwrap() {
            let body = &bytes[frame.body() as usize..frame.end() as usize];
            at = frame.end();
            match frame.opcode {
                3 => {
                    let schema = Schema::parse(body).unwrap().0;
                    let parts = (schema.name.to_owned(), schema.encoding.to_owned(), schema.data.to_vec());
                    self.schemas.insert(schema.id, parts);
                }
                4 => {
                    let channel = Channel::parse(body).unwrap().0;
                    let parts = (channel.schema_id, channel.topic.to_owned(), channel.metadata);
                    self.channels.insert(channel.id, parts);
                }
                5 => {
                    let (head, length) = MessageHead::parse(body).unwrap();
                    let MessageHead { channel_id: channel, log_time, publish_time, .. } = head;
                    self.messages.push(Message { channel, log_time, publish_time, data: body[length..].to_vec() });
                }
                6 => {
                    let (head, length) = ChunkHead::parse(body).unwrap();
                    assert_eq!(head.compression, "zstd");
                    self.records(&zstd::decode_all(&body[length..]).unwrap());
                }
                12 => {
                    let record = Metadata::parse(body).unwrap().0;
                    self.metadata.push((record.name.to_owned(), record.metadata));
                }
                // The summary repeats what came before.
                15 => break,
                _ => {}
            }
        }
    }

    pub(crate) fn write(&self, path: &Path) {
        let options = WriterOptions { profile: "ros2".to_owned(), ..WriterOptions::default() };
        let mut writer = McapWriter::new(BufWriter::new(File::create(path).unwrap()), options).unwrap();
        let mut channels = BTreeMap::new();
        for (id, (schema, topic, metadata)) in &self.channels {
            let (name, encoding, data) = &self.schemas[schema];
            let schema = writer.add_schema(name, encoding, data).unwrap();
            channels.insert(*id, writer.add_channel(Some(schema), topic, "cdr", metadata.clone()).unwrap());
        }
        for (name, record) in &self.metadata {
            writer.metadata(name, record.clone()).unwrap();
        }
        for (at, message) in (0..).zip(&self.messages) {
            let channel = channels[&message.channel];
            writer.write(channel, at, message.log_time, message.publish_time, &message.data).unwrap();
        }
        writer.finish().unwrap();
    }

    /// The places of the messages of a topic.
    pub(crate) fn of(&self, topic: &str) -> Vec<usize> {
        let id = self.channel(topic);
        (0..self.messages.len()).filter(|at| self.messages[*at].channel == id).collect()
    }

    pub(crate) fn channel(&self, topic: &str) -> u16 {
        let found = self.channels.iter().find(|(_, (_, known, _))| known == topic);
        *found.unwrap_or_else(|| panic!("no channel `{topic}`")).0
    }
}

/// A walk over the bytes of a CDR message.
struct Cdr<'a> {
    data: &'a [u8],
    at: usize,
}

impl Cdr<'_> {
    fn align(&mut self, size: usize) {
        // Alignment counts from behind the four bytes of the encapsulation.
        self.at = 4 + (self.at - 4).next_multiple_of(size);
    }

    fn length(&mut self) -> usize {
        self.align(4);
        let bytes = self.data[self.at..self.at + 4].try_into().unwrap();
        self.at += 4;
        u32::from_le_bytes(bytes) as usize
    }

    fn skip_string(&mut self) {
        let length = self.length();
        self.at += length;
    }
}

/// Where the positions of a `sensor_msgs/JointState` begin.
pub(crate) fn positions(data: &[u8]) -> usize {
    let mut cdr = Cdr { data, at: 12 };
    cdr.skip_string();
    for _ in 0..cdr.length() {
        cdr.skip_string();
    }
    cdr.length();
    cdr.align(8);
    cdr.at
}

/// Where the bytes of the picture of a `sensor_msgs/CompressedImage` begin.
pub(crate) fn picture(data: &[u8]) -> usize {
    let mut cdr = Cdr { data, at: 12 };
    cdr.skip_string();
    cdr.skip_string();
    cdr.length();
    cdr.at
}

/// The same message with another picture.
pub(crate) fn with_picture(data: &[u8], bytes: &[u8]) -> Vec<u8> {
    let at = picture(data);
    [&data[..at - 4], &u32::try_from(bytes.len()).unwrap().to_le_bytes(), bytes].concat()
}

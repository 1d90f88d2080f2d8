//! The official conformance suite: every specification is written and read.
//!
//! A specification is a JSON file of the records in a file; its name says which features the writer uses. The suite's own
//! `.mcap` files and the SHA-256 of all of them say what must come out. Some files are there by their hash alone, and some of
//! those without a specification: their records are those of the specification of the same base.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use prairie_formats::mcap::record::{self, op};
use prairie_formats::mcap::walk::{MAGIC, next_frame};
use prairie_formats::mcap::{McapWriter, WriterOptions};
use prairie_model::{Compression, Hash256};
use serde_json::{Map, Value, json};

use crate::support;

/// What the suite adds to records that may grow.
const PADDING: &[u8] = &[0x01, 0xff, 0xff];

/// A record as the suite writes it down.
#[derive(Debug, Clone, PartialEq)]
struct Record {
    kind: String,
    fields: BTreeMap<String, Value>,
}

impl Record {
    fn text(&self, field: &str) -> &str {
        self.fields[field].as_str().expect("the suite writes numbers and texts as strings")
    }

    fn number<T: std::str::FromStr<Err: std::fmt::Debug>>(&self, field: &str) -> T {
        self.text(field).parse().expect("the suite writes numbers as strings")
    }

    fn bytes(&self, field: &str) -> Vec<u8> {
        let items = self.fields[field].as_array().expect("the suite writes bytes as arrays");
        items.iter().map(|item| item.as_str().expect("of strings").parse().expect("of numbers")).collect()
    }

    fn map(&self, field: &str) -> BTreeMap<String, String> {
        let members = self.fields[field].as_object().expect("the suite writes maps as objects");
        members.iter().map(|(key, value)| (key.clone(), value.as_str().expect("of strings").to_owned())).collect()
    }
}

/// The records of a specification.
fn specified(json: &str) -> Vec<Record> {
    let value: Value = serde_json::from_str(json).expect("a specification is JSON");
    let records = value["records"].as_array().expect("a specification has records");
    let record = |record: &Value| Record {
        kind: record["type"].as_str().expect("a record has a type").to_owned(),
        fields: record["fields"]
            .as_array()
            .expect("a record has fields")
            .iter()
            .map(|field| (field[0].as_str().expect("a field has a name").to_owned(), field[1].clone()))
            .collect(),
    };
    records.iter().map(record).collect()
}

/// Writes the records up to the end of the data, with the features in the name of the file.
fn write(records: &[Record], features: &BTreeSet<&str>) -> Vec<u8> {
    let has = |feature: &str| features.contains(feature);
    let options = WriterOptions {
        profile: records[0].text("profile").to_owned(),
        library: records[0].text("library").to_owned(),
        chunk_bytes: has("ch").then_some(usize::MAX),
        compression: Compression::None,
        message_indexes: has("mx"),
        chunk_indexes: has("chx"),
        attachment_indexes: has("ax"),
        metadata_indexes: has("mdx"),
        statistics: has("st"),
        repeat_schemas: has("rsh"),
        repeat_channels: has("rch"),
        summary_offsets: has("sum"),
        padding: if has("pad") { PADDING } else { &[] },
    };
    let mut writer = McapWriter::new(Vec::new(), options).expect("memory");
    let (mut schemas, mut channels) = (BTreeMap::new(), BTreeMap::new());
    for record in records.iter().skip(1).take_while(|record| record.kind != "DataEnd") {
        let number = |field| record.number::<u64>(field);
        match record.kind.as_str() {
            "Schema" => {
                let schema = writer
                    .add_schema(record.text("name"), record.text("encoding"), &record.bytes("data"))
                    .expect("memory");
                assert_eq!(u64::from(schema.number()), number("id"));
                schemas.insert(number("id"), schema);
            }
            "Channel" => {
                let schema = schemas.get(&number("schema_id")).copied();
                let (topic, encoding) = (record.text("topic"), record.text("message_encoding"));
                let channel = writer.add_channel(schema, topic, encoding, record.map("metadata")).expect("memory");
                assert_eq!(u64::from(channel.number()), number("id"));
                channels.insert(number("id"), channel);
            }
            "Message" => writer
                .write(
                    channels[&number("channel_id")],
                    record.number("sequence"),
                    number("log_time"),
                    number("publish_time"),
                    &record.bytes("data"),
                )
                .expect("memory"),
            "Attachment" => writer
                .attachment(
                    record.text("name"),
                    record.text("media_type"),
                    number("log_time"),
                    number("create_time"),
                    &record.bytes("data"),
                )
                .expect("memory"),
            "Metadata" => writer.metadata(record.text("name"), record.map("metadata")).expect("memory"),
            other => panic!("the data section holds a {other}"),
        }
    }
    writer.finish().expect("memory")
}

fn bytes(data: &[u8]) -> Value {
    data.iter().map(u8::to_string).collect()
}

fn pairs(pairs: &[(u16, u64)]) -> Value {
    Value::Object(pairs.iter().map(|(key, value)| (key.to_string(), json!(value.to_string()))).collect::<Map<_, _>>())
}

/// Walks a file and writes down its records the way the suite does: those of chunks in their place, message indexes left
/// out.
fn written_down(file: &[u8]) -> Vec<Record> {
    assert!(file.starts_with(&MAGIC) && file.ends_with(&MAGIC));
    let mut records = Vec::new();
    walk(file, MAGIC.len() as u64, (file.len() - MAGIC.len()) as u64, &mut records);
    records
}

fn walk(mut file: &[u8], from: u64, to: u64, records: &mut Vec<Record>) {
    let mut offset = from;
    while let Some(frame) = next_frame(&mut file, offset, to).expect("the suite's files are valid") {
        offset = frame.end();
        let body = &file[frame.body() as usize..frame.end() as usize];
        if frame.opcode == op::CHUNK {
            let (head, used) = record::ChunkHead::parse(body).expect("valid");
            assert_eq!(head.compression, "", "the suite does not compress");
            let start = frame.body() + used as u64;
            assert_eq!(
                crc32fast::hash(&body[used..used + head.compressed_size as usize]),
                head.uncompressed_crc,
                "a chunk's checksum"
            );
            walk(file, start, start + head.compressed_size, records);
        } else if let Some((kind, fields)) = fields(frame.opcode, body) {
            let Value::Object(fields) = fields else { panic!("fields are an object") };
            let text = |value: Value| if value.is_number() { json!(value.to_string()) } else { value };
            let fields = fields.into_iter().map(|(key, value)| (key, text(value))).collect();
            records.push(Record { kind: kind.to_owned(), fields });
        }
    }
}

fn with(mut object: Value, further: Vec<(&str, Value)>) -> Value {
    for (key, value) in further {
        object[key] = value;
    }
    object
}

fn fields(opcode: u8, body: &[u8]) -> Option<(&'static str, Value)> {
    macro_rules! parse {
        ($type:ident { $($field:ident),* } $(, $key:literal: $value:expr)*) => {{
            let (parsed, _used) = record::$type::parse(body).expect("valid");
            let further: Vec<(&str, Value)> = vec![$(($key, {
                let value: &dyn Fn(&record::$type<'_>, usize) -> Value = &$value;
                value(&parsed, _used)
            })),*];
            with(json!({ $(stringify!($field): parsed.$field),* }), further)
        }};
        (own $type:ident { $($field:ident),* } $(, $key:literal: $value:expr)*) => {{
            let (parsed, _used) = record::$type::parse(body).expect("valid");
            let further: Vec<(&str, Value)> = vec![$(($key, {
                let value: &dyn Fn(&record::$type, usize) -> Value = &$value;
                value(&parsed, _used)
            })),*];
            with(json!({ $(stringify!($field): parsed.$field),* }), further)
        }};
    }
    Some(match opcode {
        op::HEADER => ("Header", parse!(Header { profile, library })),
        op::FOOTER => ("Footer", parse!(own Footer { summary_start, summary_offset_start, summary_crc })),
        op::SCHEMA => ("Schema", parse!(Schema { id, name, encoding }, "data": |schema, _| bytes(schema.data))),
        op::CHANNEL => ("Channel", parse!(Channel { id, schema_id, topic, message_encoding, metadata })),
        op::MESSAGE => (
            "Message",
            parse!(own MessageHead { channel_id, sequence, log_time, publish_time },
                "data": |_, used| bytes(&body[used..])),
        ),
        op::ATTACHMENT => (
            "Attachment",
            parse!(AttachmentHead { log_time, create_time, name, media_type }, "data": |head, used| {
                let end = used + head.data_size as usize;
                assert_eq!(crc32fast::hash(&body[..end]).to_le_bytes(), body[end..end + 4], "its checksum");
                bytes(&body[used..end])
            }),
        ),
        op::METADATA => ("Metadata", parse!(Metadata { name, metadata })),
        op::DATA_END => ("DataEnd", parse!(own DataEnd { data_section_crc })),
        op::CHUNK_INDEX => (
            "ChunkIndex",
            parse!(
                ChunkIndex {
                    message_start_time, message_end_time, chunk_start_offset, chunk_length, message_index_length,
                    compression, compressed_size, uncompressed_size
                },
                "message_index_offsets": |index, _| pairs(&index.message_index_offsets)
            ),
        ),
        op::ATTACHMENT_INDEX => (
            "AttachmentIndex",
            parse!(AttachmentIndex { offset, length, log_time, create_time, data_size, name, media_type }),
        ),
        op::METADATA_INDEX => ("MetadataIndex", parse!(MetadataIndex { offset, length, name })),
        op::SUMMARY_OFFSET => ("SummaryOffset", parse!(own SummaryOffset { group_opcode, group_start, group_length })),
        op::STATISTICS => (
            "Statistics",
            parse!(
                own Statistics {
                    message_count, schema_count, channel_count, attachment_count, metadata_count, chunk_count,
                    message_start_time, message_end_time
                },
                "channel_message_counts": |statistics, _| pairs(&statistics.channel_message_counts)
            ),
        ),
        op::MESSAGE_INDEX => {
            record::MessageIndex::parse(body).expect("valid");
            return None;
        }
        other => panic!("the suite has no record {other:#04x}"),
    })
}

/// The product's reader must give the messages, the metadata and the attachments of the specification.
fn check_reader(name: &str, file: Vec<u8>, records: &[Record]) {
    let recording = support::read(file).expect("valid");
    assert!(recording.summary.complete, "{name}");
    let data: Vec<_> = records.iter().take_while(|record| record.kind != "DataEnd").collect();
    let messages: Vec<_> = data.iter().filter(|record| record.kind == "Message").collect();
    let got = recording.topic("example");
    assert_eq!(got.len(), messages.len(), "{name}");
    for (got, message) in got.iter().zip(messages) {
        assert_eq!(got.log_time, message.number::<i64>("log_time"), "{name}");
        assert_eq!(got.publish_time, message.number::<i64>("publish_time"), "{name}");
        assert_eq!(got.data, Some(message.bytes("data")), "{name}");
    }
    for record in data {
        match record.kind.as_str() {
            "Attachment" => {
                let key = format!("attachment.{}", record.text("name"));
                let value = format!("{}, {} bytes", record.text("media_type"), record.bytes("data").len());
                assert_eq!(recording.attributes.get(&key), Some(&value), "{name}");
            }
            "Metadata" => {
                for (key, value) in record.map("metadata") {
                    let key = format!("metadata.{}.{key}", record.text("name"));
                    assert_eq!(recording.attributes.get(&key), Some(&value), "{name}");
                }
            }
            _ => {}
        }
    }
    let strange: Vec<_> =
        recording.notes.iter().filter(|note| note.kind != prairie_model::NoteKind::IndexMissing).collect();
    assert!(strange.is_empty(), "{name}: {strange:?}");
}

#[test]
fn the_official_suite() {
    let Some(samples) = support::samples("the official MCAP conformance suite") else { return };
    let suite = samples.join("mcap-conformance");
    let Ok(list) = fs::read_to_string(suite.join("lfs_sha256_expected.tsv")) else {
        println!("skipped: the official MCAP conformance suite is not among the samples");
        return;
    };
    let (mut written, mut compared, mut read, mut derived) = (0, 0, 0, 0);
    for line in list.lines() {
        let Some((hash, path)) = line.split_once('\t') else { continue };
        let Some(path) = path.strip_prefix("tests/conformance/data/") else { continue };
        let path = Path::new(path);
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a name");
        let (base, features) = name.split_once('-').unwrap_or((name, ""));
        let features: BTreeSet<_> = features.split('-').collect();
        let specification = fs::read_to_string(suite.join(path).with_extension("json"));
        let own = specification.as_deref().map(specified).ok();
        let records = own.clone().unwrap_or_else(|| {
            let base = suite.join(base).join(base).with_extension("json");
            specified(&fs::read_to_string(base).expect("each base has its plain specification"))
        });

        let file = write(&records, &features);
        assert_eq!(Hash256::of(&file).to_string(), hash, "{name} is not what the official writer writes");
        written += 1;
        if let Ok(official) = fs::read(suite.join(path)) {
            assert_eq!(file, official, "{name}");
            compared += 1;
        }
        // By its hash, the file that was written is the official one.
        match own {
            Some(own) => assert_eq!(written_down(&file), own, "{name}"),
            None => derived += 1,
        }
        check_reader(name, file, &records);
        read += 1;
    }
    println!(
        "{written} files written with the official hash ({compared} also compared byte by byte), {read} read; \
         of {derived} there is no specification of their own, so messages were compared with their base's"
    );
    assert!(written > 0);
}

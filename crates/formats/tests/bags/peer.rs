//! The readers against the Python library `rosbags`, over bags that it writes and bags by others.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use arrow::array::{
    Array, ArrayRef, BooleanArray, DurationNanosecondArray, FixedSizeListArray, ListArray, PrimitiveArray, StringArray,
    StructArray, TimestampNanosecondArray,
};
use arrow::datatypes::{
    DataType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type,
    UInt64Type,
};
use prairie_formats::{BlobReader, sniff};
use prairie_model::{BlobColumns, Hash256, Payload, ReadEvent, ReadOptions, Source, is_blob};

use crate::support;

/// The text of a value, as the script writes it.
fn told(column: &ArrayRef, row: usize, blob: bool) -> String {
    if column.is_null(row) {
        return "null".to_owned();
    }
    if blob {
        let blob = BlobColumns::read(column).expect("a column of blobs")[row];
        return format!("blob {}", blob.sha256.expect("bytes that were read are hashed"));
    }
    macro_rules! number {
        ($kind:ty) => {
            column.as_any().downcast_ref::<PrimitiveArray<$kind>>().expect("its type").value(row)
        };
    }
    let float = |value: f64| value.to_bits().to_be_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    match column.data_type() {
        DataType::Boolean => {
            u8::from(column.as_any().downcast_ref::<BooleanArray>().expect("truth values").value(row)).to_string()
        }
        DataType::Int8 => number!(Int8Type).to_string(),
        DataType::Int16 => number!(Int16Type).to_string(),
        DataType::Int32 => number!(Int32Type).to_string(),
        DataType::Int64 => number!(Int64Type).to_string(),
        DataType::UInt8 => number!(UInt8Type).to_string(),
        DataType::UInt16 => number!(UInt16Type).to_string(),
        DataType::UInt32 => number!(UInt32Type).to_string(),
        DataType::UInt64 => number!(UInt64Type).to_string(),
        DataType::Float32 => float(f64::from(number!(Float32Type))),
        DataType::Float64 => float(number!(Float64Type)),
        DataType::Utf8 => {
            let text = column.as_any().downcast_ref::<StringArray>().expect("texts").value(row);
            serde_json::Value::from(text).to_string()
        }
        DataType::Timestamp(..) => {
            column.as_any().downcast_ref::<TimestampNanosecondArray>().expect("times").value(row).to_string()
        }
        DataType::Duration(_) => {
            column.as_any().downcast_ref::<DurationNanosecondArray>().expect("durations").value(row).to_string()
        }
        DataType::List(_) => items(&column.as_any().downcast_ref::<ListArray>().expect("lists").value(row)),
        DataType::FixedSizeList(..) => {
            items(&column.as_any().downcast_ref::<FixedSizeListArray>().expect("lists").value(row))
        }
        DataType::Struct(_) => message(column.as_any().downcast_ref::<StructArray>().expect("structs"), row),
        other => panic!("no message has {other}"),
    }
}

fn items(items: &ArrayRef) -> String {
    let all: Vec<_> = (0..items.len()).map(|row| told(items, row, false)).collect();
    format!("[{}]", all.join(","))
}

fn message(rows: &StructArray, row: usize) -> String {
    let all: Vec<_> = rows
        .fields()
        .iter()
        .zip(rows.columns())
        .map(|(field, column)| format!("{}:{}", field.name(), told(column, row, is_blob(field))))
        .collect();
    format!("{{{}}}", all.join(","))
}

/// `a/B` of ROS 1 is `a/msg/B` to the library.
fn named(kind: &str) -> String {
    if kind.matches('/').count() == 1 { kind.replacen('/', "/msg/", 1) } else { kind.to_owned() }
}

/// Every message as the script tells it.
fn messages(source: &dyn Source) -> Vec<String> {
    let reader = sniff(source).expect("a reader");
    let options = ReadOptions::default();
    let plan = reader.plan(source, &options).expect("a plan");
    let mut all = Vec::new();
    let mut blobs = BlobReader::new(source);
    let summary = reader.read(source, &plan, &options, &mut |event| {
        if let ReadEvent::Batch(batch) = event {
            let head = |row: usize| {
                let channel = &batch.channel;
                format!("{} {} {} ", channel.topic, named(&channel.schema_name), batch.log_time[row])
            };
            match &batch.payload {
                Payload::Decoded(rows) => {
                    all.extend((0..batch.len()).map(|row| head(row) + &message(rows, row)));
                }
                Payload::Opaque(places) => all.extend(places.iter().enumerate().map(|(row, place)| {
                    format!("{}raw {}", head(row), Hash256::of(&blobs.read(place).expect("it can be read again")))
                })),
            }
        }
        std::ops::ControlFlow::Continue(())
    });
    assert!(summary.expect("it is read").complete);
    all
}

fn run(python: &Path, folder: &Path) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bags/peer.py");
    let mut command = Command::new(python);
    command.arg(script).arg(folder).args(support::samples("bags by others"));
    let output = command.output().expect("Python starts");
    let (said, warned) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{warned}");
}

#[test]
fn rosbags_reads_the_same_messages() {
    let Some(python) = env::var_os("PRAIRIE_PYTHON") else {
        println!("skipped: PRAIRIE_PYTHON does not name a Python with rosbags");
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    run(Path::new(&python), folder.path());
    let mut differing = Vec::new();
    for number in 0.. {
        let Ok(text) = fs::read_to_string(folder.path().join(format!("{number}.json"))) else { break };
        let job: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let path = PathBuf::from(job["path"].as_str().expect("a path"));
        if let Some(why) = job["refused"].as_str() {
            println!("{}: the library refuses it: {why}", path.display());
            continue;
        }
        let list = job["messages"].as_array().expect("a list");
        let mut theirs: Vec<_> = list.iter().map(|text| text.as_str().expect("a text").to_owned()).collect();
        let mut ours = messages(&support::open(&path));
        // The library gives messages by time, and we in the order of the file.
        theirs.sort();
        ours.sort();
        println!("{}: {} messages", path.display(), ours.len());
        if ours != theirs {
            let at = ours.iter().zip(&theirs).position(|(one, other)| one != other);
            let at = at.unwrap_or(ours.len().min(theirs.len()));
            differing.push(format!(
                "{}: {} and {} messages; at {at}:\n  ours   {:.1500}\n  theirs {:.1500}",
                path.display(),
                ours.len(),
                theirs.len(),
                ours.get(at).map_or("", String::as_str),
                theirs.get(at).map_or("", String::as_str)
            ));
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

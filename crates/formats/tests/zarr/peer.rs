//! The reader against the Python packages `zarr` and `numcodecs`, which write the stores and say what is in them.

use std::collections::BTreeMap;
use std::env;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::{Got, folder, read};

fn expected(row: &Value) -> Got {
    if let Some(hash) = row.get("sha256") {
        return Got::Picture(Some(hash.as_str().expect("a hash").to_owned()));
    }
    if let Some(text) = row.get("text") {
        return Got::Text(text.as_str().expect("a text").to_owned());
    }
    let numbers = row["numbers"].as_array().expect("numbers");
    Got::Numbers(numbers.iter().map(|text| text.as_str().expect("a text").parse().expect("a number")).collect())
}

#[test]
fn what_the_python_package_writes_is_read_as_it_reads_it() {
    let Some(python) = env::var_os("PRAIRIE_PYTHON") else {
        println!("skipped: PRAIRIE_PYTHON does not name a Python with zarr");
        return;
    };
    let can = Command::new(&python).args(["-c", "import zarr, numcodecs; assert zarr.__version__ >= '3'"]).output();
    if !can.is_ok_and(|output| output.status.success()) {
        println!("skipped: the Python of PRAIRIE_PYTHON has no zarr 3");
        return;
    }
    let made = tempfile::tempdir().expect("a folder");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/zarr/peer.py");
    let output = Command::new(&python).arg(script).arg(made.path()).output().expect("Python starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut stores = 0;
    let mut names: Vec<_> =
        std::fs::read_dir(made.path()).expect("a folder").map(|e| e.expect("a file").path()).collect();
    names.sort();
    for told in names.iter().filter(|path| path.extension().is_some_and(|extension| extension == "json")) {
        compare(told);
        stores += 1;
    }
    assert!(stores > 40, "{stores}");
}

fn compare(told: &Path) {
    let name = told.file_stem().expect("a name").to_string_lossy().into_owned();
    let text = std::fs::read_to_string(told).expect("a file");
    let topics: BTreeMap<String, Vec<Value>> = serde_json::from_str(&text).expect("JSON");
    let zip = told.with_extension("zip");
    let plain = told.with_extension("");
    let source = folder(if zip.is_file() { &zip } else { &plain });
    let recording = read(&source).expect("a store");
    let is_buffer = name.starts_with("buffer");
    assert_eq!(recording.plan.episodes.len(), if is_buffer { 3 } else { 1 }, "{name}");
    let mut compared = 0;
    for (topic, rows) in &topics {
        let got = recording.topic(topic);
        assert_eq!(got.len(), rows.len(), "{name} {topic} {:?}", recording.notes);
        for (at, (got, row)) in got.iter().zip(rows).enumerate() {
            let expected = expected(row);
            let alike = match (got, &expected) {
                (Got::Numbers(got), Got::Numbers(expected)) => {
                    got.len() == expected.len() && got.iter().zip(expected).all(|(a, b)| a.to_bits() == b.to_bits())
                }
                (got, expected) => got == expected,
            };
            assert!(alike, "{name} {topic} row {at}: {got:?} instead of {expected:?}");
        }
        compared += 1;
    }
    println!("{name}: {compared} of {} topics are alike", topics.len());
    assert!(recording.summary.complete, "{name}: {:?}", recording.notes);
}

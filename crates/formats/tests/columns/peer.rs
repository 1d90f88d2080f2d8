//! Arrays against NumPy itself.

use std::env;
use std::process::Command;

use serde_json::Value;

use crate::support::{read, source};

#[test]
fn what_numpy_saves_is_read_as_it_loads_it() {
    let Some(python) = env::var_os("PRAIRIE_PYTHON") else {
        println!("skipped: PRAIRIE_PYTHON does not name a Python with numpy");
        return;
    };
    if !Command::new(&python).args(["-c", "import numpy"]).output().is_ok_and(|output| output.status.success()) {
        println!("skipped: the Python of PRAIRIE_PYTHON has no numpy");
        return;
    }
    let made = tempfile::tempdir().expect("a folder");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/columns/peer.py");
    let output = Command::new(&python).arg(script).arg(made.path()).output().expect("Python starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told = std::fs::read(made.path().join("told.json")).expect("a file");
    let told: Value = serde_json::from_slice(&told).expect("JSON");
    let config = "[time]\ncolumn = \"t\"\nunit = \"s\"\n[[files]]\npath = \"*.npz\"\n";
    for name in ["plain.npz", "packed.npz"] {
        let bytes = std::fs::read(made.path().join(name)).expect("a file");
        let recording = read(&source(config, &[(name, &bytes)])).expect("arrays");
        assert!(recording.notes.is_empty(), "{:?}", recording.notes);
        let arrays = told["arrays"].as_object().expect("arrays");
        assert_eq!(recording.plan.channels.len(), arrays.len());
        for (array, rows) in arrays {
            let number = |text: &Value| text.as_str().and_then(|text| text.parse().ok());
            let rows = rows.as_array().expect("rows").iter();
            let rows: Vec<Vec<Option<f64>>> =
                rows.map(|row| row.as_array().expect("a row").iter().map(number).collect()).collect();
            assert_eq!(recording.numbers(0, array), rows, "{name} {array}");
        }
        let times: Vec<i64> = serde_json::from_value(told["times"].clone()).expect("times");
        // Seconds since 1970 in 64 bits are good to a quarter of a microsecond.
        let off = recording.times(0, "one").iter().zip(&times).map(|(ours, theirs)| (ours - theirs).abs()).max();
        assert!(off.is_some_and(|off| off < 500), "{off:?}");
    }
}

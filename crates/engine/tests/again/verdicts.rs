//! Verdicts and the ledger, again: the same logs in another order, and a published ledger with one byte changed.

use std::fs;
use std::path::{Path, PathBuf};

use prairie_engine::{Config, Engine, EngineError, Quiet, ledger_verify_files, simulate_station};
use prairie_ledger::Envelope;
use prairie_model::Nanos;
use tempfile::TempDir;

const BOOK: &str = r#"schema = "prairie/protocol/1"
scenario = "sorting"
gate = "verified"
scope = { stations = ["station-1", "station-2"], release = "sha256:simulated" }
success = { definition = "the part lies in its tray, by the tray's own scale" }
baseline = { stations = ["station-1", "station-2"] }
weights_source = "the plant's own orders of 2025"
[[strata]]
name = "small"
weight = 0.7
where = { object_family = ["small"] }
[[strata]]
name = "large"
weight = 0.3
where = { object_family = ["large"] }
[endpoints]
success = { at_least = 0.95, stratum_at_least = 0.75, looks = [20, 30] }
[[without]]
endpoint = "economics"
reason = "a simulated station has no prices"
"#;

/// The day of the first baseline shift of a simulation; robots begin fifteen days later.
const FIRST_DAY: i64 = 20_697;

/// The log of a station, of its own seed.
fn log(dir: &Path, station: u32) -> PathBuf {
    let truth = format!(
        "schema = \"prairie/simulation/1\"\nseed = {station}\nstation = \"station-{station}\"\nfirst_day = {FIRST_DAY}\n\
         [robots]\nsuccess = 0.98\nshifts = 16\n[[strata]]\nname = \"small\"\nshare = 0.7\n[[strata]]\nname = \"large\"\nshare = 0.3\n"
    );
    let folder = dir.join(format!("log-{station}"));
    simulate_station(Some(&truth), &folder).unwrap();
    folder
}

/// A store that froze the book at the same moment, read these logs in this order, and judged.
fn judged(dir: &Path, name: &str, logs: &[&PathBuf]) -> (Engine, Envelope) {
    let engine = Engine::create(&Config::at(dir.join(name))).unwrap();
    let frozen = Nanos((FIRST_DAY + 15) * 86_400_000_000_000);
    engine.freeze_protocol_at(BOOK, frozen).unwrap();
    for log in logs {
        engine.import_log(log, None, &Quiet).unwrap();
    }
    let report = engine.verify("sorting", "verified", &Quiet).unwrap();
    let envelope = Envelope::from_json(&report.envelope).unwrap();
    (engine, envelope)
}

#[test]
fn a_verdict_does_not_depend_on_the_order_of_import() {
    let dir = TempDir::new().unwrap();
    let (one, two) = (log(dir.path(), 1), log(dir.path(), 2));
    let (_, first) = judged(dir.path(), "first", &[&one, &two]);
    let (engine, second) = judged(dir.path(), "second", &[&two, &one]);
    assert_eq!(String::from_utf8(first.payload).unwrap(), String::from_utf8(second.payload.clone()).unwrap());
    let text = String::from_utf8(second.payload).unwrap();
    assert!(text.contains("\"counted\":") && !text.contains("\"counted\":0,"), "there was something to judge: {text}");
    // Merged files are other bytes and the same rows.
    engine.compact().unwrap();
    let again = engine.verify("sorting", "verified", &Quiet).unwrap();
    assert_eq!(Envelope::from_json(&again.envelope).unwrap().payload, text.into_bytes());
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let (mut open, mut files) = (vec![dir.to_owned()], Vec::new());
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { open.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}

#[test]
fn every_changed_byte_of_a_published_ledger_is_found() {
    let dir = TempDir::new().unwrap();
    let (engine, _) = judged(dir.path(), "store", &[&log(dir.path(), 1)]);
    let out = dir.path().join("ledger");
    let exported = engine.ledger_export(&out).unwrap();
    assert_eq!((exported.leaves, exported.written, exported.kept), (3, 3, 0));
    let keys = [exported.key.clone()];
    let whole = ledger_verify_files(&out, &keys, None).unwrap();
    assert!(whole.holds() && whole.leaves == 3, "{whole:?}");
    let kinds: Vec<_> = whole.kinds.keys().map(String::as_str).collect();
    assert_eq!(kinds, ["protocol", "station-log", "verdict"]);
    let mut changed = 0;
    for file in files(&out) {
        let bytes = fs::read(&file).unwrap();
        let name = file.strip_prefix(&out).unwrap().to_str().unwrap();
        for at in 0..bytes.len() {
            let mut other = bytes.clone();
            other[at] ^= 1;
            fs::write(&file, other).unwrap();
            let told = match ledger_verify_files(&out, &keys, None) {
                Ok(check) => check.wrong.unwrap_or_else(|| panic!("byte {at} of {name} was changed and not found")),
                Err(EngineError::Refused(what)) => what,
                Err(error) => panic!("byte {at} of {name}: {error}"),
            };
            assert!(told.contains(name), "byte {at} of {name}: {told}");
            changed += 1;
        }
        fs::write(&file, bytes).unwrap();
    }
    assert!(changed > 500, "{changed}");
    // What grows keeps what is there; the earlier partial tiles are still its beginning.
    let early = engine.ledger_checkpoint().unwrap();
    engine.verify("sorting", "verified", &Quiet).unwrap();
    let exported = engine.ledger_export(&out).unwrap();
    assert_eq!((exported.leaves, exported.written), (4, 3));
    let grown = ledger_verify_files(&out, &keys, Some(&early)).unwrap();
    assert_eq!((grown.holds(), grown.against), (true, Some(3)), "{grown:?}");
    let stale = files(&out).into_iter().find(|file| file.ends_with("tile/0/000.p/3")).unwrap();
    let mut bytes = fs::read(&stale).unwrap();
    bytes[40] ^= 1;
    fs::write(&stale, bytes).unwrap();
    let check = ledger_verify_files(&out, &keys, None).unwrap();
    assert!(check.wrong.as_ref().is_some_and(|what| what.contains("tile/0/000.p/3")), "{check:?}");
    assert!(matches!(engine.ledger_export(&out), Ok(exported) if exported.kept == 2), "it is not written again");
    // Another store's ledger does not go into the same folder.
    let (other, _) = judged(dir.path(), "other", &[&log(&dir.path().join("."), 2)]);
    assert!(matches!(other.ledger_export(&out), Err(EngineError::Refused(_))));
}

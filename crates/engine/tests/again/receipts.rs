//! Receipts against recordings: the honest ones agree, and each way of cheating is told.

use std::fs;
use std::path::Path;

use prairie_engine::{Engine, EngineError, Quiet, ReceiptCheck, check_receipt};
use prairie_ledger::{Envelope, PrivateKey};
use prairie_model::{ReceiptPayload, canonical_json};
use tempfile::TempDir;

use crate::synth::Take;
use crate::{blind, ingest_one, opened, sample, store};

fn check(text: &str, key: &str, recording: &Path) -> Result<ReceiptCheck, EngineError> {
    check_receipt(text, &[key.to_owned()], Some(recording), None, None, &Quiet)
}

fn differences(check: &ReceiptCheck) -> Vec<&str> {
    check.recomputed.as_ref().unwrap().iter().map(|line| line.split(": ").next().unwrap()).collect()
}

/// The receipt with another payload, signed by whoever changed it.
fn forge(receipt: &str, change: impl FnOnce(&mut ReceiptPayload)) -> (String, String) {
    let mut payload = opened(receipt);
    change(&mut payload);
    let key = PrivateKey::generate().unwrap();
    let envelope = Envelope::sign(canonical_json(&payload).unwrap().into_bytes(), &key);
    (envelope.to_json(), key.public().to_pem())
}

/// A store that knows other episodes already, so that the checks that compare say something.
fn store_with_a_past(dir: &TempDir, path: &Path) -> Engine {
    let engine = store(dir);
    for seed in 0..2 {
        let other = dir.path().join(format!("other{seed}.mcap"));
        Take { seed, ..Take::default() }.write(&other);
        ingest_one(&engine, &other, &blind());
    }
    ingest_one(&engine, path, &blind());
    engine
}

#[test]
fn the_bundled_recordings_agree_with_their_receipts() {
    for name in ["contact-cell.mcap", "contact-lerobot-v21"] {
        let dir = TempDir::new().unwrap();
        let engine = store_with_a_past(&dir, &sample(name));
        let format = if name.ends_with("mcap") { "mcap" } else { "lerobot" };
        let sql = format!(
            "SELECT e.episode_id AS id FROM episodes e JOIN recordings r ON e.recording_id = r.recording_id \
             WHERE r.format = '{format}' AND r.origin LIKE '%{name}'"
        );
        let episodes = crate::rows(&engine, &sql);
        assert!(episodes.len() > 1);
        for row in episodes {
            let receipt = engine.receipt(row["id"].as_str().unwrap()).unwrap();
            let check = check(&receipt, &engine.public_key().unwrap(), &sample(name)).unwrap();
            assert_eq!(check.recomputed, Some(vec![]), "{name}");
            assert!(check.holds());
            assert_eq!(check.not_recomputable, ["DUP001", "DUP002", "TSK003"], "what was not computed again is named");
        }
    }
}

#[test]
fn one_flipped_value_is_told() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("take.mcap");
    Take::default().write(&path);
    let engine = store(&dir);
    let id = ingest_one(&engine, &path, &blind())[0];
    let receipt = engine.receipt(&id.to_string()).unwrap();
    assert!(check(&receipt, &engine.public_key().unwrap(), &path).unwrap().holds());
    Take { flip: Some(321), ..Take::default() }.write(&path);
    let flipped = check(&receipt, &engine.public_key().unwrap(), &path).unwrap();
    assert!(!flipped.holds());
    // A billionth of a radian changes no finding, and still neither hash.
    assert_eq!(differences(&flipped), ["content", "derivation.recording"]);
    fs::write(&path, b"something else").unwrap();
    assert!(matches!(check(&receipt, &engine.public_key().unwrap(), &path), Err(EngineError::Read { .. })));
}

#[test]
fn one_flipped_byte_of_the_bundled_recording_is_told() {
    let dir = TempDir::new().unwrap();
    let engine = store(&dir);
    let id = ingest_one(&engine, &sample("contact-cell.mcap"), &blind())[0];
    let receipt = engine.receipt(&id.to_string()).unwrap();
    let mut bytes = fs::read(sample("contact-cell.mcap")).unwrap();
    let middle = bytes.len() / 5;
    bytes[middle] ^= 0x10;
    let path = dir.path().join("flipped.mcap");
    fs::write(&path, bytes).unwrap();
    match check(&receipt, &engine.public_key().unwrap(), &path) {
        Ok(check) => {
            assert!(!check.holds());
            assert!(differences(&check).contains(&"derivation.recording"), "{:?}", check.recomputed);
        }
        // The episode itself may be gone with the damaged bytes.
        Err(EngineError::Refused(why)) => assert!(why.contains("is recording"), "{why}"),
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn a_changed_payload_breaks_the_signature_and_a_new_signature_does_not_help() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("take.mcap");
    // An idle start gives a finding with a number.
    Take { seconds: 16.0, moves_s: (3.0, 16.0), ..Take::default() }.write(&path);
    let engine = store(&dir);
    let id = ingest_one(&engine, &path, &blind())[0];
    let receipt = engine.receipt(&id.to_string()).unwrap();
    let idle = opened(&receipt).findings.into_iter().find(|finding| finding.code == "ACT004").unwrap();
    assert!((idle.measured.unwrap() - 3.0).abs() < 0.2, "{idle:?}");

    let change = |payload: &mut ReceiptPayload| {
        for finding in payload.findings.iter_mut().filter(|finding| finding.code == "ACT004") {
            finding.measured = Some(0.5);
        }
    };
    let (forged, forger) = forge(&receipt, change);
    assert!(
        !check(&forged, &engine.public_key().unwrap(), &path).unwrap().holds(),
        "it is not signed by whom we trust"
    );
    let signed = check(&forged, &forger, &path).unwrap();
    assert!(signed.signatures[0].verified && !signed.holds());
    let told = signed.recomputed.unwrap();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("findings.ACT004.measured: 0.5 in the receipt, 3"), "{told:?}");

    // The old signature under the new payload.
    let (mut old, new): (serde_json::Value, serde_json::Value) =
        (serde_json::from_str(&receipt).unwrap(), serde_json::from_str(&forged).unwrap());
    old["payload"] = new["payload"].clone();
    let mixed = check(&old.to_string(), &engine.public_key().unwrap(), &path).unwrap();
    assert!(mixed.signatures.iter().all(|signature| !signature.verified && signature.trusted));

    // One finding less is one finding less, and no shift of all others.
    let (forged, forger) = forge(&receipt, |payload| payload.findings.retain(|finding| finding.code != "ACT004"));
    let told = check(&forged, &forger, &path).unwrap().recomputed.unwrap();
    assert!(!told.is_empty() && told.iter().all(|line| line.starts_with("findings.ACT004.")), "{told:?}");

    // A better decision.
    let (forged, forger) = forge(&receipt, |payload| payload.decision = prairie_model::Decision::Reject);
    let told = check(&forged, &forger, &path).unwrap().recomputed.unwrap();
    assert!(told.len() == 1 && told[0].starts_with("decision: \"reject\" in the receipt"), "{told:?}");
}

#[test]
fn a_duplicate_that_is_an_error_does_not_make_its_receipt_wrong() {
    let profile = "name = \"once\"\n[required]\nchecks = [\"DUP001\"]\n[checks.DUP001]\nseverity = \"error\"\n";
    let dir = TempDir::new().unwrap();
    let engine = store(&dir);
    let [one, same] = ["one.mcap", "same.mcap"].map(|name| dir.path().join(name));
    Take::default().write(&one);
    Take { chunk_bytes: Some(4000), ..Take::default() }.write(&same);
    let options =
        prairie_engine::InspectOptions::new(None, Some(profile), std::collections::BTreeMap::new(), false).unwrap();
    ingest_one(&engine, &one, &options);
    let id = ingest_one(&engine, &same, &options)[0];
    let receipt = engine.receipt(&id.to_string()).unwrap();
    assert_eq!(opened(&receipt).decision, prairie_model::Decision::Reject);
    let keys = [engine.public_key().unwrap()];
    let check = check_receipt(&receipt, &keys, Some(&same), None, Some(profile), &Quiet).unwrap();
    assert_eq!(check.recomputed, Some(vec![]));
}

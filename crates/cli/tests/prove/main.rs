//! `prairie prove` as a whole process: round trips are proved, and every tampering is found and named.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests make and damage files of their own")]

mod lerobot;
mod made;
mod mcap;
mod support;
mod trips;

use std::fs;

use prairie_ledger::{Envelope, PublicKey};
use support::{bundled, prove, run, trip};

#[test]
fn a_proof_is_signed_by_the_store_or_by_a_key_and_says_so_where_there_is_none() {
    let trip = trip(bundled("kalanos/lerobot_v2_0_tiny"), "mcap", &[]);
    let dir = trip.dir.path();
    let (source, export) = (trip.source.to_str().unwrap(), trip.out.to_str().unwrap());
    let out = dir.join("proof.json");
    let written = |store: &str, more: &[&str]| {
        let arguments = ["prove", source, export, "--out", out.to_str().unwrap()];
        let output = run(&dir.join(store), &[&arguments[..], more].concat());
        assert_eq!(output.status.code(), Some(0));
        (fs::read_to_string(&out).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (signed, said) = written("", &[]);
    assert!(said.contains("the signed proof is"), "{said}");
    let key = PublicKey::from_text(&String::from_utf8(run(dir, &["receipt", "key"]).stdout).unwrap()).unwrap();
    let envelope = Envelope::from_json(&signed).unwrap();
    assert_eq!(envelope.payload_type, "application/vnd.prairie.proof+json");
    assert!(envelope.verify(std::slice::from_ref(&key)).is_signed());
    let mut forged = envelope.clone();
    forged.payload[20] ^= 1;
    assert!(!forged.verify(&[key]).is_signed());
    let payload: serde_json::Value = serde_json::from_slice(&envelope.payload).unwrap();
    assert_eq!((&payload["equal"], &payload["schema"]), (&true.into(), &"prairie/prove/1".into()));
    let text = String::from_utf8(envelope.payload.clone()).unwrap();
    assert!(!text.contains(dir.to_str().unwrap()), "no path is signed");

    fs::create_dir(dir.join("elsewhere")).unwrap();
    let (unsigned, said) = written("elsewhere", &[]);
    assert!(said.contains("is not signed: there is no store and no `--key`"), "{said}");
    assert_eq!(unsigned.trim_end().as_bytes(), envelope.payload, "the payload is the same anywhere");
    let (by_key, _) = written("elsewhere", &["--key", dir.join("store/keys/issuer.pem").to_str().unwrap()]);
    assert_eq!(Envelope::from_json(&by_key).unwrap().signatures, envelope.signatures);
    assert!(!dir.join("elsewhere/store").exists(), "proving makes no store");
}

#[test]
fn a_recording_is_equal_to_itself_and_to_no_other() {
    let dir = tempfile::TempDir::new().unwrap();
    let (one, two) = (bundled("kalanos/lerobot_v2_0_tiny"), bundled("kalanos/lerobot_v3_tiny"));
    let (code, report) = prove(dir.path(), &one, &one, &[]);
    assert_eq!((code, &report["equal"], &report["numbers"]), (0, &true.into(), &168.into()), "{report}");
    assert_eq!(report["source"], report["export"]);
    assert_eq!(prove(dir.path(), &one, &two, &["--subset"]).0, 1);
    let cell = bundled("contact-cell.mcap");
    assert_eq!(prove(dir.path(), &cell, &one, &["--subset"]).0, 1, "nothing of it is the same");
    let output = run(dir.path(), &["prove", one.to_str().unwrap(), "nowhere"]);
    assert_eq!(output.status.code(), Some(2), "what cannot be read is no difference");
    assert_eq!(run(dir.path(), &["prove", one.to_str().unwrap()]).status.code(), Some(2));
}

#[test]
fn a_unit_that_was_changed_is_named_and_a_mapping_reads_the_source() {
    let dir = tempfile::TempDir::new().unwrap();
    let measured = |name: &str, schema: &str, field: &str| {
        let path = dir.path().join(name);
        made::measured(&path, schema, field);
        path
    };
    let warm = measured("one.mcap", "sensor_msgs/msg/Temperature", "temperature");
    let pressed = measured("two.mcap", "sensor_msgs/msg/FluidPressure", "fluid_pressure");
    let same = measured("three.mcap", "sensor_msgs/msg/Temperature", "temperature");
    assert_eq!(prove(dir.path(), &warm, &same, &[]).0, 0);
    let (code, report) = prove(dir.path(), &warm, &pressed, &[]);
    assert_eq!(code, 1);
    assert_eq!(support::differences(&report), ["sensor scalar[0]: its unit is `Pa`, and in the source `°C`"]);
    let (code, report) = prove(dir.path(), &warm, &same, &["--task", "press"]);
    assert_eq!((code, support::left_out(&report)), (1, vec!["task `press`".to_owned()]), "facts are of the source");
    let mapping = dir.path().join("mapping.toml");
    fs::write(&mapping, "[[stream]]\ntopic = \"/sensor\"\nignore = true\n").unwrap();
    let (code, report) = prove(dir.path(), &warm, &same, &["--mapping", mapping.to_str().unwrap()]);
    assert_eq!(code, 1, "{report}");
    let told = support::differences(&report);
    assert!(told[0].contains("nothing in the source has these 50 numbers"), "{told:#?}");
}

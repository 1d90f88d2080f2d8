//! The proof road as a whole process: what was edited, forged or left out is refused, and the first of it named.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests make and damage files of their own")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use serde_json::Value;
use tempfile::TempDir;

const TASK_BOOK: &str = r#"schema = "prairie/protocol/1"
scenario = "sorting"
gate = "verified"
scope = { stations = ["station-1"], release = "sha256:simulated" }
success = { definition = "the part lies in its tray, by the tray's own scale" }
baseline = { stations = ["station-1"] }
[endpoints]
success = { at_least = 0.95, stratum_at_least = 0.75, looks = [20, 30] }
hardware = { at_least_h = 40, confidence = 0.80 }
[[without]]
endpoint = "economics"
reason = "a simulated station has no prices"
"#;

fn run(store: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_prairie"));
    command.env_remove("PRAIRIE_STORE").env("HOME", store).env("XDG_CONFIG_HOME", store);
    command.arg("--store").arg(store.join("store")).args(arguments).output().unwrap()
}

fn done(store: &Path, arguments: &[&str]) -> Output {
    let output = run(store, arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
}

/// A store with one verdict: its folder has `book.toml`, `log`, `report.html`, `report.json`, `key.pem`.
fn road(dir: &Path) {
    let at = |name: &str| dir.join(name).to_str().unwrap().to_owned();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    // Robots begin tomorrow or later, so that the freeze of now comes before them.
    let truth = format!("schema = \"prairie/simulation/1\"\nfirst_day = {}\n", now.as_secs() / 86_400 + 1);
    fs::write(at("truth.toml"), truth).unwrap();
    fs::write(at("book.toml"), TASK_BOOK).unwrap();
    done(dir, &["simulate", "station", &at("truth.toml"), "--out", &at("log")]);
    done(dir, &["protocol", "freeze", &at("book.toml")]);
    done(dir, &["log", "import", &at("log")]);
    for name in ["report.html", "report.json"] {
        run(dir, &["verify", "sorting", "--gate", "verified", "--out", &at(name)]);
    }
    fs::write(at("key.pem"), done(dir, &["receipt", "key"]).stdout).unwrap();
}

/// One such store for tests that change nothing in it.
fn shared() -> &'static Path {
    static ROAD: OnceLock<TempDir> = OnceLock::new();
    ROAD.get_or_init(|| {
        let dir = TempDir::new().unwrap();
        road(dir.path());
        dir
    })
    .path()
}

/// Checks a report by the shared key, and gives exit code and the first thing that does not match.
fn checked(dir: &Path, report: &Path, data: Option<&Path>) -> (i32, String) {
    let key = dir.join("key.pem");
    let mut arguments = vec!["report", "check", report.to_str().unwrap(), "--key", key.to_str().unwrap()];
    arguments.extend(["--output-format", "json"]);
    if let Some(data) = data {
        arguments.extend(["--data", data.to_str().unwrap()]);
    }
    let output = run(dir, &arguments);
    let refused = json(&output)["refused"].as_str().unwrap_or_default().to_owned();
    let code = output.status.code().unwrap();
    assert_eq!(code == 0, refused.is_empty(), "{refused}");
    (code, refused)
}

/// Writes a changed copy of the JSON report.
fn changed(name: &str, change: &dyn Fn(&mut Value)) -> (TempDir, PathBuf) {
    let mut report: Value = serde_json::from_str(&fs::read_to_string(shared().join("report.json")).unwrap()).unwrap();
    change(&mut report);
    let dir = TempDir::new().unwrap();
    let path = dir.path().join(name);
    fs::write(&path, report.to_string()).unwrap();
    (dir, path)
}

#[test]
fn a_report_holds_offline_by_its_store_and_by_the_log_alone() {
    let dir = shared();
    for name in ["report.html", "report.json"] {
        let report = dir.join(name);
        for data in [None, Some(dir.join("store")), Some(dir.join("log")), Some(dir.to_owned())] {
            assert_eq!(checked(dir, &report, data.as_deref()), (0, String::new()), "{name}, {data:?}");
        }
    }
    let (elsewhere, other) = (TempDir::new().unwrap(), dir.join("report.json"));
    let check = ["report", "check", other.to_str().unwrap()];
    assert_eq!(run(elsewhere.path(), &check).status.code(), Some(2), "without a key nothing can be said");
}

#[test]
fn an_edited_verdict_and_a_forged_signature_are_refused() {
    let dir = shared();
    // The payload is base64 of JSON: one letter of a base64 group stands for other bytes.
    let (_one, path) = changed("edited.json", &|report| {
        let payload = report["payload"].as_str().unwrap();
        let letter = if &payload[1000..1001] == "A" { "B" } else { "A" };
        report["payload"] = format!("{}{letter}{}", &payload[..1000], &payload[1001..]).into();
    });
    let output = run(dir, &["report", "check", path.to_str().unwrap(), "--key", dir.join("key.pem").to_str().unwrap()]);
    let told = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    // The changed letter may make it no JSON at all, which is a failure, or another verdict, which is refused.
    assert!(matches!(output.status.code(), Some(1 | 2)), "{told}");
    let (_two, path) = changed("decision.json", &|report| {
        use_payload(report, &|text| text.replace("\"attempt\":1", "\"attempt\":2"));
    });
    let (code, refused) = checked(dir, &path, None);
    assert!(code == 1 && refused.starts_with("signature: the signature of key "), "{refused}");
    let (_three, path) = changed("forged.json", &|report| {
        let sig = report["signatures"][0]["sig"].as_str().unwrap();
        let first = if sig.starts_with('A') { "B" } else { "A" };
        report["signatures"][0]["sig"] = format!("{first}{}", &sig[1..]).into();
    });
    let (code, refused) = checked(dir, &path, None);
    assert!(code == 1 && refused.contains("is forged"), "{refused}");
    let (_four, path) = changed("unsigned.json", &|report| report["signatures"] = Value::Array(Vec::new()));
    assert_eq!(checked(dir, &path, None), (1, "signature: no trusted key signed it".to_owned()));
}

/// Changes the text of the payload.
fn use_payload(report: &mut Value, change: &dyn Fn(&str) -> String) {
    let text = String::from_utf8(base64(report["payload"].as_str().unwrap())).unwrap();
    let other = change(&text);
    assert_ne!(text, other, "the change must change something");
    report["payload"] = to_base64(other.as_bytes()).into();
}

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn base64(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text
        .bytes()
        .filter(|letter| *letter != b'=')
        .map(|letter| LETTERS.iter().position(|one| *one == letter).unwrap() as u32)
        .collect();
    let group = |digits: &[u32]| {
        let number = digits.iter().fold(0, |number, digit| (number << 6) | digit) << (6 * (4 - digits.len()));
        number.to_be_bytes()[1..digits.len()].to_vec()
    };
    digits.chunks(4).flat_map(group).collect()
}

fn to_base64(bytes: &[u8]) -> String {
    let group = |bytes: &[u8]| {
        let number =
            bytes.iter().fold(0_u32, |number, byte| (number << 8) | u32::from(*byte)) << (8 * (3 - bytes.len()));
        let letter = |at: usize| {
            if at > bytes.len() { '=' } else { char::from(LETTERS[(number >> (18 - 6 * at)) as usize & 63]) }
        };
        (0..4).map(letter).collect::<String>()
    };
    bytes.chunks(3).map(group).collect()
}

#[test]
fn a_report_without_its_place_in_the_ledger_is_refused() {
    let dir = shared();
    let (_one, path) = changed("none.json", &|report| drop(report.as_object_mut().unwrap().remove("ledger")));
    let (code, refused) = checked(dir, &path, None);
    assert!(code == 1 && refused.starts_with("ledger: the envelope holds no proof"), "{refused}");
    let (_two, path) = changed("moved.json", &|report| report["ledger"]["seq"] = 0.into());
    let (code, refused) = checked(dir, &path, None);
    assert!(code == 1 && refused.starts_with("ledger: leaf 0 of a ledger of"), "{refused}");
    let (_three, path) = changed("unsigned.json", &|report| {
        let note = report["ledger"]["checkpoint"].as_str().unwrap().to_owned();
        let other = note.replacen("\n4\n", "\n5\n", 1);
        report["ledger"]["checkpoint"] =
            if other == note { note.replace("prairie/", "Prairie/") } else { other }.into();
    });
    let (code, refused) = checked(dir, &path, None);
    assert!(code == 1 && refused.starts_with("ledger: "), "{refused}");
    let (_four, path) = changed("protocol.json", &|report| report["protocol"]["attempt"] = 7.into());
    let (code, refused) = checked(dir, &path, None);
    assert!(code == 1 && refused.starts_with("data: the protocol in the report was edited"), "{refused}");
    let (_five, path) = changed("bare.json", &|report| drop(report.as_object_mut().unwrap().remove("protocol")));
    let (code, refused) = checked(dir, &path, None);
    assert!(code == 1 && refused.starts_with("data: the report does not hold the protocol"), "{refused}");
    let (_six, path) = changed("late.json", &|report| {
        let own = report["ledger"].clone();
        report["protocol_ledger"] = own;
    });
    let (code, refused) = checked(dir, &path, None);
    assert!(code == 1 && refused.starts_with("ledger: the protocol: leaf"), "{refused}");
    let (_seven, path) =
        changed("never.json", &|report| drop(report.as_object_mut().unwrap().remove("protocol_ledger")));
    let (code, refused) = checked(dir, &path, None);
    assert!(code == 1 && refused.starts_with("ledger: the report does not show that its protocol"), "{refused}");
}

/// Changes the first text of that length in every file of the store's database.
fn edit_database(store: &Path, from: &str, to: &str) {
    assert_eq!(from.len(), to.len(), "an edit in place");
    let mut edited = 0;
    for entry in fs::read_dir(store).unwrap().map(|entry| entry.unwrap().path()) {
        let is_database = entry.file_name().is_some_and(|name| name.to_string_lossy().starts_with("catalog.sqlite"));
        if is_database && entry.is_file() {
            let mut bytes = fs::read(&entry).unwrap();
            let places: Vec<usize> = bytes
                .windows(from.len())
                .enumerate()
                .filter(|(_, at)| *at == from.as_bytes())
                .map(|(at, _)| at)
                .collect();
            for place in &places {
                bytes[*place..*place + to.len()].copy_from_slice(to.as_bytes());
            }
            edited += places.len();
            fs::write(&entry, bytes).unwrap();
        }
    }
    assert!(edited > 0, "`{from}` is nowhere in the database");
}

#[test]
fn a_protocol_that_was_edited_in_the_store_judges_nothing() {
    let dir = TempDir::new().unwrap();
    road(dir.path());
    edit_database(&dir.path().join("store"), "\"at_least\":0.95", "\"at_least\":0.55");
    let output = run(dir.path(), &["verify", "sorting", "--gate", "verified"]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("was edited in the store"), "{told}");
}

#[test]
fn work_that_is_dated_after_its_import_is_told_and_does_not_count() {
    let dir = TempDir::new().unwrap();
    road(dir.path());
    // The same log without the mark of a simulation: its robots begin tomorrow.
    let mapping = dir.path().join("log/station-log.toml");
    let text = fs::read_to_string(&mapping).unwrap();
    fs::write(&mapping, text.replace("simulated = true\n", "")).unwrap();
    let log = dir.path().join("log");
    let output = run(dir.path(), &["log", "import", "--output-format", "json", log.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(3), "something of it is lost");
    let report = json(&output);
    let future = report["findings"].as_array().unwrap().iter().find(|finding| finding["code"] == "LOG024");
    assert!(future.is_some_and(|finding| finding["file"] == "audits.csv" || finding["rows"].as_u64() > Some(10)));
    let output = run(dir.path(), &["verify", "sorting", "--gate", "verified", "--output-format", "json"]);
    let verdict = json(&output);
    let tally = &verdict["tally"];
    assert!(tally["future"].as_u64() > Some(10_000), "{tally}");
    assert_ne!(verdict["decision"], "promote");
    assert!(tally["counted"].as_u64() < Some(2_000), "a day may be ahead: {tally}");
}

#[test]
fn a_log_that_was_edited_after_its_import_is_refused() {
    let dir = TempDir::new().unwrap();
    road(dir.path());
    let (report, log) = (dir.path().join("report.html"), dir.path().join("log"));
    // In the folder that it came from: one failed unit is made a success.
    let units = log.join("units.csv");
    let text = fs::read_to_string(&units).unwrap();
    fs::write(&units, text.replacen("failure", "success", 1)).unwrap();
    let (code, refused) = checked(dir.path(), &report, Some(&log));
    assert!(
        code == 1 && refused.starts_with("data: log `") && refused.contains("was edited after its import"),
        "{refused}"
    );
    let store = dir.path().join("store");
    assert_eq!(checked(dir.path(), &report, Some(&store)), (0, String::new()), "the store has what was imported");
    // In the store: the bytes of the object.
    let objects =
        json(&done(dir.path(), &["query", "--output-format", "json", "SELECT path, object_id FROM recording_files"]));
    let object = objects.as_array().unwrap().iter().find(|row| row["path"] == "units.csv").unwrap();
    let id = object["object_id"].as_str().unwrap();
    let path = find(&store, id).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let last = bytes.len() - 2;
    bytes[last] ^= 1;
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    #[expect(clippy::permissions_set_readonly_false, reason = "a file of the test's own")]
    permissions.set_readonly(false);
    fs::set_permissions(&path, permissions).unwrap();
    fs::write(&path, bytes).unwrap();
    let (code, refused) = checked(dir.path(), &report, Some(&store));
    assert!(code == 1 && refused.contains("file `units.csv` of log `"), "{refused}");
}

/// The file whose path ends with these digits, however they are split.
fn find(folder: &Path, digits: &str) -> Option<PathBuf> {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let joined: String = path.to_str().unwrap().chars().filter(char::is_ascii_alphanumeric).collect();
        let found = if path.is_dir() { find(&path, digits) } else { joined.ends_with(digits).then_some(path) };
        if found.is_some() {
            return found;
        }
    }
    None
}

#[test]
fn a_published_ledger_is_verified_and_a_changed_one_named() {
    let dir = TempDir::new().unwrap();
    road(dir.path());
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let key = at("key.pem");
    fs::write(at("early"), done(dir.path(), &["ledger", "checkpoint"]).stdout).unwrap();
    done(dir.path(), &["ledger", "export", &at("ledger")]);
    let elsewhere = TempDir::new().unwrap();
    let verify = |more: &[&str]| {
        let ledger = at("ledger");
        let mut arguments = vec!["ledger", "verify", ledger.as_str(), "--key", &key, "--output-format", "json"];
        arguments.extend(more);
        run(elsewhere.path(), &arguments)
    };
    let whole = verify(&["--against", &at("early")]);
    assert_eq!(whole.status.code(), Some(0), "{}", String::from_utf8_lossy(&whole.stderr));
    let whole = json(&whole);
    assert_eq!((&whole["leaves"], &whole["against"]), (&whole["against"], &whole["leaves"]));
    assert_eq!(run(elsewhere.path(), &["ledger", "verify", &at("ledger")]).status.code(), Some(2), "no key, no answer");
    let named = at("named.vkey");
    fs::write(&named, done(dir.path(), &["ledger", "key"]).stdout).unwrap();
    assert_eq!(run(elsewhere.path(), &["ledger", "verify", &at("ledger"), "--key", &named]).status.code(), Some(0));

    let bundle = find_bundle(&dir.path().join("ledger/tile/entries"));
    let bytes = fs::read(&bundle).unwrap();
    let length = usize::from(u16::from_be_bytes([bytes[0], bytes[1]])) + 2;
    let wrong = |bytes: &[u8]| {
        fs::write(&bundle, bytes).unwrap();
        let output = verify(&[]);
        assert_eq!(output.status.code(), Some(1));
        json(&output)["wrong"].as_str().unwrap().to_owned()
    };
    let mut edited = bytes.clone();
    edited[20] ^= 1;
    assert!(wrong(&edited).contains("entry 0 was changed"));
    assert!(wrong(&bytes[length..]).contains("entry 0 is missing"), "{}", wrong(&bytes[length..]));
    fs::write(&bundle, &bytes).unwrap();
    fs::write(at("ledger/tile/strange"), "x").unwrap();
    assert!(String::from_utf8_lossy(&verify(&[]).stdout).contains("tile/strange"));
    fs::remove_file(at("ledger/tile/strange")).unwrap();
    fs::remove_file(&bundle).unwrap();
    assert!(String::from_utf8_lossy(&verify(&[]).stdout).contains("is missing"));

    // The store itself, and a fork: a copy of the store that went its own way with the same key.
    let own = json(&done(dir.path(), &["ledger", "verify", "--against", &at("early"), "--output-format", "json"]));
    assert_eq!(own["facts"], own["leaves"], "every leaf is about something that is here: {own}");
    fs::create_dir_all(at("fork/store/keys")).unwrap();
    fs::copy(at("store/keys/issuer.pem"), at("fork/store/keys/issuer.pem")).unwrap();
    let fork = dir.path().join("fork");
    road(&fork);
    let output = run(&fork, &["ledger", "verify", "--against", &at("early"), "--output-format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(json(&output)["wrong"].as_str().unwrap().starts_with("fork: the first"), "{}", json(&output));
    assert_eq!(run(&fork, &["ledger", "verify"]).status.code(), Some(0), "alone it is whole");
    assert_eq!(
        run(&fork, &["ledger", "export", &at("ledger")]).status.code(),
        Some(1),
        "nor is it published over the other"
    );
}

fn find_bundle(folder: &Path) -> PathBuf {
    let partial = fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    fs::read_dir(partial).unwrap().next().unwrap().unwrap().path()
}

#[test]
fn a_leaf_is_proved_in_the_envelope_and_apart() {
    let dir = shared();
    let report = dir.join("report.html");
    let report = report.to_str().unwrap();
    let envelope = json(&done(dir, &["ledger", "prove", "--receipt", report]));
    let leaf = envelope["ledger"]["seq"].as_u64().unwrap().to_string();
    let apart = done(dir, &["ledger", "prove", "--receipt", report, "--detached"]).stdout;
    assert_eq!(apart, done(dir, &["ledger", "prove", &leaf]).stdout);
    let text = String::from_utf8(apart).unwrap();
    assert!(
        text.starts_with("c2sp.org/tlog-proof@v1\nextra ") && text.contains(&format!("\nindex {leaf}\n")),
        "{text}"
    );
    assert_eq!(run(dir, &["ledger", "prove", "999"]).status.code(), Some(2));
    let (_kept, other) =
        changed("other.json", &|report| use_payload(report, &|text| text.replace("\"attempt\":1", "\"attempt\":2")));
    assert_eq!(run(dir, &["ledger", "prove", "--receipt", other.to_str().unwrap()]).status.code(), Some(1));
}

#[test]
fn a_receipt_takes_its_proof_along() {
    let dir = TempDir::new().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/contact-lerobot-v21");
    done(dir.path(), &["ingest", "--no-video", "--quiet", sample.to_str().unwrap()]);
    let episodes = json(&done(dir.path(), &["ls", "--output-format", "json"]));
    let id = episodes["episodes"][0]["id"].as_str().unwrap();
    done(dir.path(), &["receipt", id, "--out", &at("bare.json")]);
    done(dir.path(), &["ledger", "prove", "--receipt", &at("bare.json"), "--out", &at("proved.json")]);
    fs::write(at("key.pem"), done(dir.path(), &["receipt", "key"]).stdout).unwrap();
    let elsewhere = TempDir::new().unwrap();
    let check = |name: &str| {
        let arguments = ["receipt", "check", &at(name), "--key", &at("key.pem"), "--output-format", "json"];
        let output = run(elsewhere.path(), &arguments);
        (output.status.code(), json(&output)["ledger"].clone())
    };
    assert_eq!(check("bare.json"), (Some(0), Value::Null));
    let (code, ledger) = check("proved.json");
    assert_eq!((code, &ledger["wrong"]), (Some(0), &Value::Null), "{ledger}");
    let text = fs::read_to_string(at("proved.json")).unwrap();
    let mut moved: Value = serde_json::from_str(&text).unwrap();
    moved["ledger"]["seq"] = (1 - moved["ledger"]["seq"].as_u64().unwrap()).into();
    fs::write(at("moved.json"), moved.to_string()).unwrap();
    let (code, ledger) = check("moved.json");
    assert_eq!(code, Some(1), "{ledger}");
    assert!(ledger["wrong"].as_str().unwrap().contains("is not this payload's"), "{ledger}");
    // The store attests every receipt and document that it has.
    let own = json(&done(dir.path(), &["ledger", "verify", "--output-format", "json"]));
    assert_eq!((&own["facts"], &own["leaves"], &own["wrong"]), (&2.into(), &2.into(), &Value::Null));
}

#[test]
fn a_page_is_made_again_in_chinese_and_as_pdf_where_a_browser_is() {
    let dir = shared();
    let (out, made) = (TempDir::new().unwrap(), dir.join("report.json"));
    let (page, pdf) = (out.path().join("zh.html"), out.path().join("zh.pdf"));
    let [made, page_name, pdf_name] = [&made, &page, &pdf].map(|path| path.to_str().unwrap());
    done(dir, &["report", "page", made, "--lang", "zh", "--out", page_name]);
    assert!(fs::read_to_string(&page).unwrap().contains("<html lang=\"zh\">"));
    assert_eq!(checked(dir, &page, None), (0, String::new()), "it opens in Chinese and is the same report");
    let text = fs::read_to_string(&page).unwrap();
    for both in ["Evidence over looks", "证据随查看的累积", "Interventions and faults", "干预与故障", "逐班成功率"]
    {
        assert!(text.contains(both), "{both}");
    }
    let alone = ["http:", "https:", "<script src", "<img", "<link", "url(", "NaN"];
    assert!(alone.iter().all(|other| !text.contains(other)), "it needs nothing but itself");
    assert_eq!(text.matches("<script").count(), 1, "the envelope, as data");
    assert!(text.matches("<svg").count() >= 5, "{} pictures", text.matches("<svg").count());
    let mut bare = Command::new(env!("CARGO_BIN_EXE_prairie"));
    let output =
        bare.env("PRAIRIE_CHROMIUM", "/nowhere").args(["report", "page", made, "--pdf", pdf_name]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("no Chromium was found") && told.contains("hint: "), "{told}");
    let output = run(dir, &["report", "page", made, "--pdf", pdf_name]);
    if String::from_utf8_lossy(&output.stderr).contains("no Chromium was found") {
        println!("skipped: no Chromium is installed to make a PDF");
        return;
    }
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let bytes = fs::read(&pdf).unwrap();
    assert!(bytes.starts_with(b"%PDF-") && bytes.len() > 10_000, "{} bytes", bytes.len());
}

#[test]
fn the_reference_is_current() {
    let dir = TempDir::new().unwrap();
    for page in ["cli", "formats"] {
        let made = String::from_utf8(done(dir.path(), &["reference", page]).stdout).unwrap();
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../docs/reference/{page}.md"));
        if std::env::var_os("UPDATE_DOCS").is_some() {
            fs::write(&path, &made).unwrap();
        }
        let kept = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(kept, made, "docs/reference/{page}.md is old: run the tests once with UPDATE_DOCS=1");
    }
}

//! The store as others leave it: used by several processes at once, for reading only, damaged, and with things erased.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests make and damage files of their own")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/contact-lerobot-v21")
}

fn prairie(home: &Path) -> Command {
    as_binary(Path::new(env!("CARGO_BIN_EXE_prairie")), home)
}

fn as_binary(binary: &Path, home: &Path) -> Command {
    let mut command = Command::new(binary);
    command.env_remove("PRAIRIE_STORE").env("HOME", home).env("XDG_CONFIG_HOME", home);
    command.arg("--store").arg(home.join("store")).current_dir(home);
    command
}

fn run(home: &Path, arguments: &[&str]) -> Output {
    prairie(home).args(arguments).output().unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn number(home: &Path, sql: &str) -> u64 {
    let rows = json(&run(home, &["query", "--output-format", "json", sql]));
    rows[0].as_object().unwrap().values().next().unwrap().as_u64().unwrap()
}

fn ingest(home: &Path) -> Value {
    let report = run(home, &["ingest", "--no-video", "--output-format", "json", sample().to_str().unwrap()]);
    json(&report)["recordings"][0].clone()
}

/// Starts a call several times at once, and gives what each printed.
fn at_once(home: &Path, times: usize, arguments: &[&str]) -> Vec<Value> {
    all_at_once(home, &vec![arguments; times])
}

/// Starts several calls at once, and gives what each printed.
fn all_at_once(home: &Path, calls: &[&[&str]]) -> Vec<Value> {
    let start = |arguments: &&[&str]| {
        prairie(home).args(*arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let children: Vec<Child> = calls.iter().map(start).collect();
    children
        .into_iter()
        .map(|child| {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{}", said(&output));
            json(&output)
        })
        .collect()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap().path();
        let target = to.join(entry.file_name().unwrap());
        if entry.is_dir() {
            copy(&entry, &target);
        } else {
            fs::copy(&entry, &target).unwrap();
        }
    }
}

#[test]
fn of_four_ingests_at_once_one_says_ingested() {
    let dir = TempDir::new().unwrap();
    let mut arguments = vec!["ingest".to_owned(), "--no-video".to_owned()];
    for name in ["a", "b"] {
        let folder = dir.path().join(name);
        copy(&sample(), &folder);
        // Another byte makes another recording.
        fs::write(folder.join("note.txt"), name).unwrap();
        arguments.push(folder.to_str().unwrap().to_owned());
    }
    arguments.extend(["--output-format".to_owned(), "json".to_owned()]);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let reports = at_once(dir.path(), 4, &arguments);
    for at in 0..2 {
        let of: Vec<&Value> = reports.iter().map(|report| &report["recordings"][at]).collect();
        let with = |status: &str| of.iter().filter(|one| one["status"] == status).count();
        assert_eq!((with("ingested"), with("already")), (1, 3), "{of:#?}");
        for one in &of {
            for key in ["id", "sha256", "bytes", "format", "episodes", "messages", "frames", "exit"] {
                assert_eq!(one[key], of[0][key], "`{key}` is the same whoever was first");
            }
        }
    }
    assert_eq!(number(dir.path(), "SELECT count(*) AS n FROM episodes"), 4);
    assert_eq!(number(dir.path(), "SELECT count(*) AS n FROM receipts"), 4);
    assert_eq!(number(dir.path(), "SELECT count(*) AS n FROM derivations"), 2);
    assert_eq!(run(dir.path(), &["fsck", "--deep"]).status.code(), Some(0));
}

#[test]
fn protocols_that_are_frozen_at_once_are_attempts_one_after_the_other() {
    let dir = TempDir::new().unwrap();
    let book = fs::read_to_string(sample().join("../task-books/lab.toml")).unwrap();
    let books: Vec<PathBuf> = (0..4)
        .map(|at| {
            let path = dir.path().join(format!("{at}.toml"));
            let changed = book.replacen("definition = \"", &format!("definition = \"{at} "), 1);
            assert_ne!(changed, book);
            fs::write(&path, changed).unwrap();
            path
        })
        .collect();
    let calls: Vec<[&str; 5]> =
        books.iter().map(|book| ["protocol", "freeze", book.to_str().unwrap(), "--output-format", "json"]).collect();
    let calls: Vec<&[&str]> = calls.iter().map(|call| &call[..]).collect();
    let mut attempts: Vec<u64> =
        all_at_once(dir.path(), &calls).iter().map(|report| report["attempt"].as_u64().unwrap()).collect();
    attempts.sort_unstable();
    assert_eq!(attempts, [1, 2, 3, 4]);
    let last = number(dir.path(), "SELECT count(*) AS n FROM ledger WHERE kind = 'protocol'");
    assert_eq!(last, 4);
}

#[test]
fn of_imports_of_a_log_at_once_one_counts_and_erasing_it_takes_everything() {
    let dir = TempDir::new().unwrap();
    let log = dir.path().join("log");
    run(dir.path(), &["simulate", "station", "--out", log.to_str().unwrap()]);
    let import = ["log", "import", log.to_str().unwrap(), "--output-format", "json"];
    let reports = at_once(dir.path(), 3, &import);
    assert_eq!(reports.iter().filter(|report| report["already"] == true).count(), 2, "{reports:#?}");
    let units = reports[0]["units"].as_u64().unwrap();
    assert!(units > 0);
    assert_eq!(number(dir.path(), "SELECT count(*) AS n FROM units"), units, "no unit counts twice");

    let book = dir.path().join("book.toml");
    fs::write(&book, TASK_BOOK).unwrap();
    run(dir.path(), &["protocol", "freeze", book.to_str().unwrap()]);
    let page = dir.path().join("report.json");
    let page = page.to_str().unwrap();
    let verdict = run(dir.path(), &["verify", "sorting", "--gate", "verified", "--out", page]);
    assert_ne!(verdict.status.code(), Some(2), "{}", said(&verdict));

    let (id, recording) = (reports[0]["id"].as_str().unwrap(), reports[0]["recording"].as_str().unwrap());
    let erase = |more: &[&str]| {
        let arguments = [&["erase", id, "--reason", "asked for", "--output-format", "json"], more].concat();
        json(&run(dir.path(), &arguments))
    };
    let mut planned = erase(&["--dry-run"]);
    assert_eq!(number(dir.path(), "SELECT count(*) AS n FROM units"), units, "a dry run changes nothing");
    let report = erase(&[]);
    assert!(planned["snapshot"].is_null() && report["snapshot"].is_u64());
    planned["snapshot"] = report["snapshot"].clone();
    assert_eq!(planned, report, "the dry run told the same");
    assert_eq!((&report["recording"], &report["logs"][0]), (&recording.into(), &id.into()));
    assert_eq!(report["rows"]["units"], units);
    assert_eq!(report["verdicts"], Value::from(vec!["sorting/verified, 1"]));
    assert!(report["objects"].as_u64().unwrap() > 0 && report["bytes"].as_u64().unwrap() > 0);
    assert!(report["rows"].as_object().unwrap().len() >= 5, "what a simulated station keeps: {}", report["rows"]);
    for table in report["rows"].as_object().unwrap().keys() {
        assert_eq!(number(dir.path(), &format!("SELECT count(*) AS n FROM {table}")), 0, "{table}");
    }
    assert_eq!(number(dir.path(), "SELECT count(*) AS n FROM documents WHERE kind = 'verdict' AND flagged"), 1);
    assert_eq!(number(dir.path(), "SELECT count(*) AS n FROM tombstones WHERE reason = 'asked for'"), 2);
    let check = run(dir.path(), &["report", "check", page, "--data", dir.path().join("store").to_str().unwrap()]);
    assert!(said(&check).contains("was erased from this store (asked for)"), "{}", said(&check));
    assert_eq!(check.status.code(), Some(1));
    let again = run(dir.path(), &import);
    assert!(said(&again).contains("was erased from this store"), "{}", said(&again));
    assert_eq!(run(dir.path(), &["fsck", "--deep"]).status.code(), Some(0));
}

#[test]
fn erasing_the_log_of_a_promotion_flags_what_was_said_by_it_and_ends_its_watch() {
    let dir = TempDir::new().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let run = |arguments: &[&str]| run(dir.path(), arguments);
    let books = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/task-books");
    let frozen =
        json(&run(&["protocol", "freeze", books.join("lab.toml").to_str().unwrap(), "--output-format", "json"]));
    let (scenario, gate) = (frozen["scenario"].as_str().unwrap(), frozen["gate"].as_str().unwrap());
    // What was done before the freeze would not count.
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let truth = fs::read_to_string(books.join("lab-truth.toml")).unwrap();
    let schema = "schema = \"prairie/simulation/1\"\n";
    let dated = format!("{schema}first_day = {}\n", now.as_secs() / 86_400 + 1);
    fs::write(at("truth.toml"), truth.replacen(schema, &dated, 1)).unwrap();
    run(&["simulate", "station", &at("truth.toml"), "--out", &at("log")]);
    let log = json(&run(&["log", "import", &at("log"), "--output-format", "json"]));
    let verdict = json(&run(&["verify", scenario, "--gate", gate, "--output-format", "json"]));
    assert_eq!(verdict["decision"], "promote", "{verdict:#}");
    let watched = json(&run(&["monitor", scenario, "--output-format", "json"]));
    assert_eq!(watched["provenance"]["logs"][0], log["id"]);
    let id = log["id"].as_str().unwrap();
    let report = json(&run(&["erase", id, "--reason", "asked for", "--output-format", "json"]));
    let named = Value::from(vec![format!("{scenario}/{gate}, 1")]);
    assert_eq!((&report["verdicts"], &report["standings"]), (&named, &named));
    let flagged = "SELECT count(*) AS n FROM documents WHERE flagged AND kind IN ('verdict', 'standing')";
    assert_eq!(number(dir.path(), flagged), 2);
    assert_eq!(number(dir.path(), "SELECT count(*) AS n FROM documents WHERE kind = 'protocol' AND NOT flagged"), 1);
    let watch = run(&["monitor", scenario]);
    assert!(said(&watch).contains("was erased from this store (asked for)"), "{}", said(&watch));
    assert_eq!(watch.status.code(), Some(1), "refused: the promoted shifts cannot be told from those since");
}

/// A task book for the simulated station.
const TASK_BOOK: &str = r#"schema = "prairie/protocol/1"
scenario = "sorting"
gate = "verified"
scope = { stations = ["station-1"], release = "sha256:simulated" }
success = { definition = "the part lies in its tray, by the tray's own scale" }
baseline = { stations = ["station-1"] }
[endpoints]
success = { at_least = 0.95, stratum_at_least = 0.75, looks = [20, 30] }
[[without]]
endpoint = "economics"
reason = "a simulated station has no prices"
"#;

#[test]
fn erasing_tells_what_goes_and_what_stays() {
    let dir = TempDir::new().unwrap();
    let recording = ingest(dir.path());
    run(dir.path(), &["dataset", "create", "all", "--where", "true"]);
    let out = dir.path().join("out");
    run(dir.path(), &["export", "all", out.to_str().unwrap()]);
    let id = recording["id"].as_str().unwrap();
    let mut planned = json(&run(dir.path(), &["erase", id, "--dry-run", "--output-format", "json"]));
    assert!(planned["objects"].as_u64().unwrap() > 1, "{planned:#}");
    assert_eq!(planned["bytes"], recording["bytes"], "none of its bytes is anybody else's");
    let text = run(dir.path(), &["erase", id, "--dry-run"]);
    let text = String::from_utf8(text.stdout).unwrap();
    for line in ["would go: ", "rows of `joint_state`", "flagged: dataset version `all@1`", "would stay: 1 exports: "] {
        assert!(text.contains(line), "`{line}` is missing: {text}");
    }
    let report = json(&run(dir.path(), &["erase", id, "--output-format", "json"]));
    planned["snapshot"] = report["snapshot"].clone();
    assert_eq!(planned, report);
    let kept: Vec<_> = report["kept"].as_array().unwrap().iter().map(|kept| kept["what"].as_str().unwrap()).collect();
    assert_eq!(kept, ["recording-row", "dataset-lists", "leaves", "tombstones", "exports"]);
    assert_eq!(report["rows"]["episodes"], 2);
    assert_eq!(run(dir.path(), &["erase", id, "--dry-run"]).status.code(), Some(2), "it is gone already");
}

#[test]
fn a_lost_database_is_damage_and_no_new_store() {
    let dir = TempDir::new().unwrap();
    ingest(dir.path());
    let database = dir.path().join("store/catalog.sqlite");
    for emptied in [true, false] {
        if emptied {
            fs::write(&database, "").unwrap();
        } else {
            fs::remove_file(&database).unwrap();
        }
        for arguments in [vec!["fsck"], vec!["ls"], vec!["ingest", sample().to_str().unwrap()]] {
            let output = run(dir.path(), &arguments);
            assert_eq!(output.status.code(), Some(2), "{arguments:?}");
            let said = said(&output);
            assert!(said.contains("the database of this store was lost") && said.contains("hint: "), "{said}");
        }
    }
    assert!(!database.exists());
}

#[test]
fn a_message_says_once_what_is_wrong() {
    let dir = TempDir::new().unwrap();
    ingest(dir.path());
    for (sql, wrong) in [("SELEC 1", "SELEC"), ("SELECT nothing FROM episodes", "No field named nothing")] {
        let output = run(dir.path(), &["query", sql]);
        let said = said(&output);
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(said.matches(wrong).count(), 1, "{said}");
        assert_eq!(said.matches("Caused by").count(), 1, "{said}");
        assert!(said.starts_with("error: Failed to run the query\n"), "{said}");
    }
}

/// Users other than root, for whom permissions hold.
#[cfg(unix)]
mod permissions {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::process::CommandExt as _;

    use super::*;

    /// `nobody` on every system that has one; any number that is not root's does.
    const NOBODY: u32 = 65534;

    fn is_root() -> bool {
        let output = Command::new("id").arg("-u").output();
        output.is_ok_and(|output| output.stdout == b"0\n")
    }

    /// A folder that anybody may pass, with the binary in it, which may lie where nobody else may look.
    fn public() -> (TempDir, PathBuf) {
        let dir = TempDir::new().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let binary = dir.path().join("prairie");
        let built = env!("CARGO_BIN_EXE_prairie");
        fs::hard_link(built, &binary).or_else(|_| fs::copy(built, &binary).map(drop)).unwrap();
        (dir, binary)
    }

    /// Takes or gives the right to write in a folder and everything below it.
    fn protect(path: &Path, writable: bool) {
        let folder = path.is_dir();
        if folder {
            for entry in fs::read_dir(path).unwrap() {
                protect(&entry.unwrap().path(), writable);
            }
        }
        let mode = match (folder, writable) {
            (true, true) => 0o755,
            (true, false) => 0o555,
            (false, true) => 0o644,
            (false, false) => 0o444,
        };
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn somebody(binary: &Path, home: &Path, arguments: &[&str]) -> Output {
        let mut command = as_binary(binary, home);
        if is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        command.args(arguments).output().unwrap()
    }

    /// Every verb that reads works, and every verb that writes says why it does not.
    fn reads_and_refuses(run: &dyn Fn(&[&str]) -> Output, out: &Path, cause: &str) {
        let listed = run(&["ls", "--output-format", "json"]);
        assert_eq!(listed.status.code(), Some(0), "{}", said(&listed));
        let id = json(&listed)["episodes"][0]["id"].as_str().unwrap().to_owned();
        let out = out.to_str().unwrap();
        for reading in [
            vec!["show", &id],
            vec!["query", "SELECT count(*) FROM joint_state"],
            vec!["receipt", &id],
            vec!["fsck", "--deep"],
            vec!["dataset", "ls"],
            vec!["dataset", "show", "all"],
            vec!["erase", &id, "--dry-run"],
            vec!["export", "all", out],
        ] {
            let output = run(&reading);
            assert_eq!(output.status.code(), Some(0), "{reading:?}: {}", said(&output));
        }
        assert!(Path::new(out).join("prairie-proof.json").is_file());
        fs::remove_dir_all(out).unwrap();
        let recording = sample();
        for writing in [
            vec!["ingest", "--no-video", recording.to_str().unwrap()],
            vec!["erase", &id],
            vec!["compact"],
            vec!["gc"],
            vec!["dataset", "create", "more", "--where", "true"],
            vec!["check", "--stored"],
        ] {
            let output = run(&writing);
            let said = said(&output);
            assert_eq!(output.status.code(), Some(2), "{writing:?}: {said}");
            assert!(said.contains(cause) && said.contains("hint: "), "{writing:?}: {said}");
            assert!(said.contains("store"), "it says what cannot be written: {said}");
        }
    }

    #[test]
    fn a_store_that_may_not_be_written_can_be_read() {
        let (dir, binary) = public();
        ingest(dir.path());
        run(dir.path(), &["dataset", "create", "all", "--where", "true"]);
        let store = dir.path().join("store");
        let exports = TempDir::new().unwrap();
        fs::set_permissions(exports.path(), fs::Permissions::from_mode(0o777)).unwrap();
        protect(&store, false);
        let run = |arguments: &[&str]| somebody(&binary, dir.path(), arguments);
        reads_and_refuses(&run, &exports.path().join("out"), "Permission denied");
        let key = store.join("keys/issuer.pem");
        if is_root() {
            // The key of somebody else is not needed to read.
            fs::set_permissions(&key, fs::Permissions::from_mode(0o400)).unwrap();
            reads_and_refuses(&run, &exports.path().join("out"), "Permission denied");
        }
        protect(&store, true);
        assert_eq!(super::run(dir.path(), &["fsck", "--deep"]).status.code(), Some(0));
    }

    #[test]
    fn a_store_on_a_file_system_for_reading_can_be_read() {
        let dir = TempDir::new().unwrap();
        ingest(dir.path());
        run(dir.path(), &["dataset", "create", "all", "--where", "true"]);
        let (store, exports) = (dir.path().join("store"), TempDir::new().unwrap());
        let mounted = |arguments: &[&str]| {
            let script = "mount --bind \"$1\" \"$1\" && mount -o remount,ro,bind \"$1\" || exit 99; shift; exec \"$@\"";
            let mut command = Command::new("unshare");
            command.args(["--mount", "sh", "-c", script, "sh"]).arg(&store).arg(env!("CARGO_BIN_EXE_prairie"));
            command.env_remove("PRAIRIE_STORE").env("HOME", dir.path()).current_dir(dir.path());
            command.arg("--store").arg(&store).args(arguments).output()
        };
        match mounted(&["ls"]) {
            Ok(output) if !said(&output).contains("unshare") && output.status.code() != Some(99) => {}
            _ => return println!("skipped: this user may not mount"),
        }
        let run = |arguments: &[&str]| mounted(arguments).unwrap();
        reads_and_refuses(&run, &exports.path().join("out"), "Read-only file system");
        // A writer that was killed left its log behind: what is in it is read, too.
        let database = store.join("catalog.sqlite");
        let before = number(dir.path(), "SELECT count(*) AS n FROM snapshots");
        let log = fs::metadata(database.with_extension("sqlite-wal"));
        assert!(log.map_or(true, |log| log.len() == 0), "a store at rest is one file");
        let rows = json(&run(&["query", "--output-format", "json", "SELECT count(*) AS n FROM snapshots"]));
        assert_eq!(rows[0]["n"], before);
    }

    #[test]
    fn what_may_not_be_read_is_not_called_something_else() {
        let (dir, binary) = public();
        ingest(dir.path());
        let store = dir.path().join("store");
        protect(&store, true);
        let locked = dir.path().join("locked.mcap");
        fs::write(&locked, "no matter").unwrap();
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).unwrap();
        let run = |arguments: &[&str]| somebody(&binary, dir.path(), arguments);
        let check = run(&["check", locked.to_str().unwrap()]);
        assert_eq!(check.status.code(), Some(2));
        let told = format!("{}{}", said(&check), String::from_utf8_lossy(&check.stdout));
        assert!(told.contains("Permission denied") && !told.contains("no reader"), "{told}");
        let into = run(&["ingest", "--no-video", sample().to_str().unwrap()]);
        let told = said(&into);
        assert!(told.contains("Failed to open the store") && told.contains("Permission denied"), "{told}");
        fs::set_permissions(&store, fs::Permissions::from_mode(0o700)).unwrap();
        let closed = said(&run(&["ls"]));
        if is_root() {
            assert!(closed.contains("Permission denied") && !closed.contains("There is no store"), "{closed}");
        }
    }
}

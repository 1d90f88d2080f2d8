//! The command line as a whole process: exit codes, JSON, and what a kill leaves behind.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests make and damage files of their own")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples")
}

fn prairie(store: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_prairie"));
    command
        .env_remove("PRAIRIE_STORE")
        .env("HOME", store)
        .env("XDG_CONFIG_HOME", store)
        .arg("--store")
        .arg(store.join("store"));
    command
}

fn run(store: &Path, arguments: &[&str]) -> Output {
    prairie(store).args(arguments).output().unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
}

#[test]
fn each_exit_code_means_what_the_help_says() {
    let dir = TempDir::new().unwrap();
    let whole = fs::read(samples().join("contact-cell.mcap")).unwrap();
    let cut = dir.path().join("cut.mcap");
    fs::write(&cut, &whole[..whole.len() / 3]).unwrap();
    let noise = dir.path().join("noise.bin");
    fs::write(&noise, b"no recording").unwrap();
    let (cut, noise) = (cut.to_str().unwrap(), noise.to_str().unwrap());
    let ingest = |paths: &[&str]| {
        let mut arguments = vec!["ingest", "--no-video", "--output-format", "json"];
        arguments.extend(paths);
        run(dir.path(), &arguments)
    };
    assert_eq!(run(dir.path(), &["ls"]).status.code(), Some(2), "there is no store yet");
    assert_eq!(ingest(&[cut]).status.code(), Some(3));
    let both = ingest(&[noise, cut]);
    assert_eq!(both.status.code(), Some(2), "a failure beats data loss");
    let report = json(&both);
    let codes: Vec<_> = report["recordings"].as_array().unwrap().iter().map(|one| one["exit"].clone()).collect();
    assert_eq!(codes, [2, 3], "what damage took is missing the second time as well");
    assert_eq!(json(&both)["recordings"][1]["status"], "already");
    assert_eq!(run(dir.path(), &["explain", "TIM003"]).status.code(), Some(0));
    assert_eq!(run(dir.path(), &["explain", "NOPE01"]).status.code(), Some(2));
    let error = String::from_utf8(run(dir.path(), &["show", "ffff"]).stderr).unwrap();
    assert!(error.starts_with("error: There is no episode `ffff`"), "{error}");
    assert!(error.contains("hint: `prairie ls`"), "{error}");
}

#[test]
fn papers_in_a_folder_do_not_fail_it() {
    let dir = TempDir::new().unwrap();
    let day = dir.path().join("day");
    fs::create_dir(&day).unwrap();
    fs::copy(samples().join("contact-cell.mcap"), day.join("run.mcap")).unwrap();
    for name in ["LICENSE", "README.md", "metadata.yaml", "notes.txt", "times.csv"] {
        fs::write(day.join(name), "Größe: 3\n").unwrap();
    }
    let run = |verb: &str, more: &[&str], path: &Path| {
        let mut arguments = vec![verb, "--no-video", path.to_str().unwrap()];
        arguments.extend(more);
        run(dir.path(), &arguments)
    };
    let as_json = ["--output-format", "json"];
    let passed = "note: passed over 5 files that are no recordings: ";
    for (verb, more) in [("ingest", &["--dry-run"][..]), ("ingest", &[]), ("check", &[])] {
        let output = run(verb, more, &day);
        assert_eq!(output.status.code(), Some(0), "{verb} {more:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(passed) && said.contains("day/LICENSE, ") && !said.contains("error"), "{verb}: {said}");
        let report = json(&run(verb, &[more, &as_json].concat(), &day));
        assert_eq!(report["passed_over_count"], 5, "{verb} {more:?}");
        assert_eq!(report["passed_over"].as_array().unwrap().len(), 5);
        if verb == "ingest" {
            assert_eq!(report["recordings"].as_array().unwrap().len(), 1);
        }
    }
    fs::write(day.join("empty.mcap"), "").unwrap();
    let report = json(&run("check", &as_json, &day));
    assert_eq!(report["failed"].as_array().unwrap().len(), 1, "{report}");
    assert_eq!(run("check", &[], &day.join("README.md")).status.code(), Some(2), "it was named");
    fs::remove_file(day.join("empty.mcap")).unwrap();
    fs::remove_file(day.join("run.mcap")).unwrap();
    assert_eq!(run("check", &[], &day).status.code(), Some(2), "there are only papers");
}

#[test]
fn tables_that_break_a_must_are_refused_and_a_should_is_a_warning() {
    let dir = TempDir::new().unwrap();
    let tested = |name: &str| {
        let folder = samples().join("../conformance/tables").join(name);
        let output = run(dir.path(), &["spec", "check", "--output-format", "json", folder.to_str().unwrap()]);
        (output.status.code(), json(&output))
    };
    let (code, good) = tested("good");
    assert_eq!(code, Some(0), "{good}");
    assert_eq!((&good["specification"], &good["problems"]), (&"prairie.episode/1".into(), &Value::Array(Vec::new())));
    assert!(good["files"].as_u64() > Some(10) && good["rows"].as_u64() > Some(50), "{good}");
    let (code, bad) = tested("segment_ends_first");
    assert_eq!(code, Some(1), "{bad}");
    let problem = &bad["problems"][0];
    assert_eq!((&problem["rule"], &problem["row"]), (&"segment_ends_first".into(), &3.into()));
    assert!(problem["text"].as_str().unwrap().starts_with("`end_ns` "), "{problem}");
    let (code, odd) = tested("segment_name");
    assert_eq!(code, Some(0), "{odd}");
    assert_eq!(odd["warnings"].as_array().unwrap().len(), 3);
}

#[test]
fn the_json_has_the_promised_shape() {
    let dir = TempDir::new().unwrap();
    let path = samples().join("contact-lerobot-v21");
    let report = json(&run(dir.path(), &["ingest", "--no-video", "--output-format", "json", path.to_str().unwrap()]));
    let recording = &report["recordings"][0];
    for key in ["id", "path", "sha256", "bytes", "format", "status", "error", "episodes", "messages", "frames"] {
        assert!(recording.get(key).is_some(), "`{key}` is missing: {recording}");
    }
    let messages = &recording["messages"];
    let count = |key: &str| messages[key].as_u64().unwrap();
    assert_eq!(count("in"), count("mapped") + count("unmapped") + count("undecodable"));
    let listed = json(&run(dir.path(), &["ls", "--output-format", "json"]));
    let episode = &listed["episodes"][0];
    for key in ["id", "recording", "task", "start_ns", "duration_s", "robot", "mode", "outcome", "decision", "streams"]
    {
        assert!(episode.get(key).is_some(), "`{key}` is missing: {episode}");
    }
    let id = episode["id"].as_str().unwrap();
    let shown = json(&run(dir.path(), &["show", "--output-format", "json", id]));
    for key in ["name", "kind", "rate_hz", "samples", "unit"] {
        assert!(shown["streams"][0].get(key).is_some(), "`{key}` is missing");
    }
    assert!(shown["dimensions"]["completeness"].is_string() && shown["findings"].is_array());
    let rows = json(&run(dir.path(), &["query", "--output-format", "json", "SELECT count(*) AS n FROM episodes"]));
    assert_eq!(rows[0]["n"], 2);
}

#[test]
fn a_killed_ingest_leaves_a_store_that_opens_and_a_rerun_that_completes() {
    let dir = TempDir::new().unwrap();
    let path = samples().join("contact-cell.mcap");
    let path = path.to_str().unwrap();
    // Pseudo-random moments over the length of an ingest; the issue's 200 are run by hand.
    let rounds: u64 = std::env::var("PRAIRIE_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(6);
    for round in 0..rounds {
        let mut child = prairie(dir.path()).args(["ingest", "--no-video", "--quiet", path]).spawn().unwrap();
        std::thread::sleep(Duration::from_millis((round * 2_654_435_761 % 1500) + 5));
        drop(child.kill());
        child.wait().unwrap();
        let fsck = run(dir.path(), &["fsck", "--output-format", "json"]);
        // Before the first store there is nothing to look at.
        if dir.path().join("store/catalog.sqlite").is_file() && fsck.status.code() != Some(0) {
            panic!("round {round}: {}", String::from_utf8_lossy(&fsck.stdout));
        }
    }
    let done = json(&run(dir.path(), &["ingest", "--no-video", "--output-format", "json", path]));
    assert_eq!(done["recordings"][0]["episodes"].as_array().unwrap().len(), 3);
    let rows = json(&run(dir.path(), &["query", "--output-format", "json", "SELECT count(*) AS n FROM episodes"]));
    assert_eq!(rows[0]["n"], 3, "nothing is counted twice");
    assert_eq!(run(dir.path(), &["fsck", "--deep"]).status.code(), Some(0));
}

/// A task book whose gate a good simulated station passes.
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
reason = "the robot was lent for the trial"
"#;

/// Simulates a station whose robots begin tomorrow, with these lines about the robots.
fn simulated(dir: &Path, name: &str, robots: &str) -> PathBuf {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let tomorrow = now.as_secs() / 86_400 + 1;
    let truth = format!("schema = \"prairie/simulation/1\"\nfirst_day = {tomorrow}\n[robots]\n{robots}\n");
    let path = dir.join(format!("{name}.toml"));
    fs::write(&path, truth).unwrap();
    let folder = dir.join(name);
    let output = run(dir, &["simulate", "station", path.to_str().unwrap(), "--out", folder.to_str().unwrap()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    folder
}

#[test]
fn a_simulated_station_goes_the_whole_proof_road() {
    let dir = TempDir::new().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    fs::write(at("book.toml"), TASK_BOOK).unwrap();
    let run = |arguments: &[&str]| run(dir.path(), arguments);
    let frozen = json(&run(&["protocol", "freeze", &at("book.toml"), "--output-format", "json"]));
    assert_eq!((&frozen["attempt"], &frozen["already"]), (&Value::from(1), &Value::from(false)));
    let again = json(&run(&["protocol", "freeze", &at("book.toml"), "--output-format", "json"]));
    assert_eq!(
        (&again["hash"], &again["already"]),
        (&frozen["hash"], &Value::from(true)),
        "no second attempt for nothing"
    );

    let log = simulated(dir.path(), "good", "success = 0.99");
    let imported = json(&run(&["log", "import", log.to_str().unwrap(), "--output-format", "json"]));
    let units = imported["units"].as_u64().unwrap();
    assert_eq!(imported["simulated"], true);
    assert!(imported["files"].as_array().unwrap().iter().all(|file| file["rows"] == file["made"]), "{imported}");
    let page = at("report.html");
    let output = run(&["verify", "sorting", "--gate", "verified", "--out", &page, "--output-format", "json"]);
    let verdict = json(&output);
    assert_eq!(verdict["decision"], "promote", "{verdict:#}");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(verdict["tally"]["read"], units);
    assert!(verdict["not_shown"][0].as_str().unwrap().contains("simulated"));

    // Every control that the gate asks for was carried out, and passes.
    let required = verdict["controls"].as_array().unwrap().iter().filter(|result| result["required"] == true);
    let asked: Vec<_> =
        required.map(|result| (result["control"].as_str().unwrap(), result["state"].as_str().unwrap())).collect();
    for control in ["attempts", "calendar", "counter", "drawn_shifts", "perturbation", "releases", "uplink_cut"] {
        assert!(asked.contains(&(control, "pass")), "{control} of {asked:?}");
    }
    assert_eq!(verdict["self_attested"], false);

    let key = run(&["receipt", "key"]);
    fs::write(at("key.pem"), &key.stdout).unwrap();
    let check = |file: &str| {
        run(&["report", "check", file, "--key", &at("key.pem"), "--data", &at("store"), "--output-format", "json"])
    };
    let held = check(&page);
    assert_eq!(held.status.code(), Some(0), "{}", String::from_utf8_lossy(&held.stdout));
    assert_eq!(json(&held)["recomputed"], Value::Array(Vec::new()));
    let offline = run(&["report", "check", &page, "--key", &at("key.pem")]);
    assert_eq!(offline.status.code(), Some(0));

    // A sentence of the page was made nicer; the signed verdict was not.
    let text = fs::read_to_string(&page).unwrap();
    fs::write(at("edited.html"), text.replace("What this verdict does not show", "Everything was shown")).unwrap();
    let edited = check(&at("edited.html"));
    assert_eq!(edited.status.code(), Some(1));
    assert!(
        json(&edited)["page"].as_str().unwrap().starts_with("line "),
        "{}",
        String::from_utf8_lossy(&edited.stdout)
    );
}

#[test]
fn a_poor_station_is_not_promoted_and_old_data_do_not_count() {
    let dir = TempDir::new().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let store = TempDir::new().unwrap();
    let other = |arguments: &[&str]| run(store.path(), arguments);
    let run = |arguments: &[&str]| run(dir.path(), arguments);
    let log = simulated(dir.path(), "poor", "success = 0.90\ntakt_s = 90.0");
    fs::write(at("book.toml"), TASK_BOOK).unwrap();
    run(&["protocol", "freeze", &at("book.toml")]);
    run(&["log", "import", log.to_str().unwrap()]);
    let output = run(&["verify", "sorting", "--gate", "verified", "--output-format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let verdict = json(&output);
    assert_eq!(verdict["decision"], "reject");
    let state = |name: &str| {
        let endpoints = verdict["endpoints"].as_array().unwrap();
        endpoints.iter().find(|result| result["endpoint"] == name).unwrap()["state"].clone()
    };
    assert_eq!((state("success"), state("rhythm")), (Value::from("fail"), Value::from("fail")));

    // The default truth lies in the past of any freeze of today.
    let old = at("old");
    run(&["simulate", "station", "--out", &old]);
    other(&["protocol", "freeze", &at("book.toml")]);
    other(&["log", "import", &old]);
    let verdict = json(&other(&["verify", "sorting", "--gate", "verified", "--output-format", "json"]));
    assert_eq!(verdict["decision"], "hold");
    assert_eq!(verdict["tally"]["counted"], 0, "data from before the freeze do not count");
    assert!(verdict["tally"]["before_freeze"].as_u64().unwrap() > 1_000);
}

#[test]
fn a_log_that_hides_units_is_rejected_by_the_counter_and_a_vendors_own_says_so() {
    let dir = TempDir::new().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let run = |arguments: &[&str]| run(dir.path(), arguments);
    let cheat = "success = 0.92\n[[cheats]]\nkind = \"missing_units\"\nstrength = 0.8";
    let log = simulated(dir.path(), "hides", cheat);
    let mapping = fs::read_to_string(log.join("station-log.toml")).unwrap();
    fs::write(log.join("station-log.toml"), mapping.replace("\"independent\"", "\"self_attested\"")).unwrap();
    fs::write(at("book.toml"), TASK_BOOK).unwrap();
    run(&["protocol", "freeze", &at("book.toml")]);
    run(&["log", "import", log.to_str().unwrap()]);
    let page = at("report.html");
    let output = run(&["verify", "sorting", "--gate", "verified", "--out", &page, "--output-format", "json"]);
    let verdict = json(&output);
    assert_eq!((&verdict["decision"], output.status.code()), (&Value::from("reject"), Some(1)));
    let controls = verdict["controls"].as_array().unwrap();
    let of = |name: &str| controls.iter().find(|result| result["control"] == name).unwrap();
    let counter = of("counter");
    assert_eq!(counter["state"], "fail", "{counter}");
    let imputed = counter["numbers"]["imputed"].as_f64().unwrap();
    assert!(imputed > 500.0, "{counter}");
    // What is missing is bad in the success evidence too.
    let lines = verdict["robot_shifts"].as_array().unwrap();
    assert_eq!(lines.iter().map(|line| line["imputed"].as_f64().unwrap()).sum::<f64>(), imputed);
    assert_eq!(verdict["self_attested"], true);
    assert!(fs::read_to_string(&page).unwrap().contains("Self-attested"));
    let held = run(&["report", "check", &page, "--data", &at("store"), "--output-format", "json"]);
    assert_eq!(held.status.code(), Some(0), "{}", String::from_utf8_lossy(&held.stdout));
    let page = run(&["explain", "uplink-cut"]);
    assert!(String::from_utf8_lossy(&page.stdout).contains("What it cannot show"));
}

#[test]
fn the_calculator_answers_and_refuses() {
    use std::io::Write;
    let dir = TempDir::new().unwrap();
    let calc = |method: &str, input: &str| {
        let mut child = prairie(dir.path())
            .args(["calc", method])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    let answer = json(&calc("clopper-pearson", r#"{"successes": 50, "trials": 50, "confidence": 0.95}"#));
    assert!((answer["lower"].as_f64().unwrap() - 0.941_845).abs() < 1e-6);
    assert_eq!(calc("clopper-pearson", r#"{"successes": 51, "trials": 50}"#).status.code(), Some(2));
    assert_eq!(calc("no-such-method", "{}").status.code(), Some(2));
    let list = json(&run(dir.path(), &["calc", "--list", "--output-format", "json"]));
    let names: Vec<_> = list.as_array().unwrap().iter().map(|method| method["method"].as_str().unwrap()).collect();
    for promised in [
        "clopper-pearson",
        "crow-amsaa",
        "farrington-manning",
        "irr",
        "ldlj",
        "mtbf-bound",
        "npv",
        "sparc",
        "success-bound",
        "takt-noninferiority",
    ] {
        assert!(names.contains(&promised), "{promised} of {names:?}");
    }
}

#[test]
fn every_family_goes_the_whole_proof_road() {
    let books = samples().join("task-books");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let tomorrow = now.as_secs() / 86_400 + 1;
    for family in ["lab", "counted", "inspection", "care", "mission"] {
        let dir = TempDir::new().unwrap();
        let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
        let run = |arguments: &[&str]| run(dir.path(), arguments);
        let book = books.join(format!("{family}.toml"));
        let frozen = json(&run(&["protocol", "freeze", book.to_str().unwrap(), "--output-format", "json"]));
        let scenario = frozen["scenario"].as_str().unwrap().to_owned();
        let gate = frozen["gate"].as_str().unwrap().to_owned();
        // The truth of the sample, from tomorrow on: what was done before the freeze would not count.
        let truth = fs::read_to_string(books.join(format!("{family}-truth.toml"))).unwrap();
        let schema = "schema = \"prairie/simulation/1\"\n";
        let truth = truth.replacen(schema, &format!("{schema}first_day = {tomorrow}\n"), 1);
        fs::write(at("truth.toml"), truth).unwrap();
        run(&["simulate", "station", &at("truth.toml"), "--out", &at("log")]);
        run(&["log", "import", &at("log")]);
        let page = at("report.html");
        let output = run(&["verify", &scenario, "--gate", &gate, "--out", &page, "--output-format", "json"]);
        let verdict = json(&output);
        assert_eq!(verdict["decision"], "promote", "{family}: {verdict:#}");
        let key = run(&["receipt", "key"]);
        fs::write(at("key.pem"), &key.stdout).unwrap();
        let check = ["report", "check", &page, "--key", &at("key.pem"), "--data", &at("store")];
        let checked = run(&check);
        assert_eq!(checked.status.code(), Some(0), "{family}: {}", String::from_utf8_lossy(&checked.stdout));
        let html = fs::read_to_string(&page).unwrap();
        assert!(!html.contains("another endpoint"), "{family}: an endpoint has no name on the page");
        let monitored = json(&run(&["monitor", &scenario, "--output-format", "json"]));
        assert!(monitored["watches"].as_array().unwrap().len() >= 6, "{monitored:#}");
    }
}

#[test]
fn a_change_of_the_model_voids_what_depended_on_it() {
    let dir = TempDir::new().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let run = |arguments: &[&str]| run(dir.path(), arguments);
    fs::write(at("book.toml"), TASK_BOOK).unwrap();
    run(&["protocol", "freeze", &at("book.toml")]);
    assert_eq!(run(&["monitor", "sorting"]).status.code(), Some(2), "nothing was promoted yet");
    let log = simulated(dir.path(), "good", "success = 0.99");
    run(&["log", "import", log.to_str().unwrap()]);
    assert_eq!(run(&["verify", "sorting", "--gate", "verified"]).status.code(), Some(0));
    let stands = json(&run(&["monitor", "sorting", "--output-format", "json"]));
    assert_eq!(stands["standing"], "stands", "{stands:#}");
    let at_ns = stands["now_ns"].as_str().map_or_else(|| stands["now_ns"].to_string(), str::to_owned);
    fs::write(at("changes.toml"), format!("[[change]]\nat_ns = \"{at_ns}\"\nwhat = \"model\"\nto = \"sha256:new\"\n"))
        .unwrap();
    let output = run(&["monitor", "sorting", "--changes", &at("changes.toml"), "--output-format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let held = json(&output);
    assert_eq!(held["standing"], "hold");
    let stands = |name: &str| {
        let claims = held["claims"].as_array().unwrap();
        claims.iter().find(|claim| claim["endpoint"] == name).unwrap()["stands"].clone()
    };
    assert_eq!((stands("success"), stands("hardware")), (Value::from(false), Value::from(true)));
    // Half a year later nobody has looked again.
    let later = at_ns.parse::<i64>().unwrap() + 400 * 86_400 * 1_000_000_000;
    let old = json(&run(&["monitor", "sorting", "--at", &later.to_string(), "--output-format", "json"]));
    assert_eq!(old["standing"], "hold", "{old:#}");
    assert!(old["reasons"][0].as_str().unwrap().contains("`age`"), "{old:#}");
}

#[test]
fn things_are_registered_shown_and_refused() {
    let dir = TempDir::new().unwrap();
    let robot = |identity: &str| {
        let identity = format!("identity={identity}");
        run(dir.path(), &["register", "robot", "--set", "robot=r-1", "--set", &identity, "--output-format", "json"])
    };
    let short = robot("CN0451");
    assert_eq!(short.status.code(), Some(2));
    let error = String::from_utf8(short.stderr).unwrap();
    assert!(error.contains("has 6 characters, and an identity has 29"), "{error}");
    let first = json(&robot("CN0451G1EDU0202600000000012AB"));
    assert_eq!((&first["version"], &first["already"]), (&Value::from(1), &Value::from(false)));
    let model = dir.path().join("weights.bin");
    fs::write(&model, b"abc").unwrap();
    let hash = format!("model={}", model.display());
    let release =
        run(dir.path(), &["register", "release", "--set", "release=v7", "--hash", &hash, "--output-format", "json"]);
    let sha256_of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(json(&release)["entry"]["model"], sha256_of_abc);
    let person = json(&run(dir.path(), &["register", "person", "--name", "Li Lei", "--output-format", "json"]));
    assert!(person["name"].as_str().unwrap().starts_with("p-") && !person.to_string().contains("Lei"), "{person}");
    let shown = run(dir.path(), &["register", "show", "robot", "r-1"]);
    assert!(String::from_utf8(shown.stdout).unwrap().starts_with("version 1  "));
    assert_eq!(run(dir.path(), &["register", "show", "robot", "r-2"]).status.code(), Some(2));
}

#[test]
fn a_claim_is_not_demonstrated_and_exits_with_1() {
    let dir = TempDir::new().unwrap();
    let claim = samples().join("claims/figure-02-bmw.toml");
    let told = run(dir.path(), &["claim", claim.to_str().unwrap()]);
    assert_eq!(told.status.code(), Some(1));
    let text = String::from_utf8(told.stdout).unwrap();
    assert!(text.starts_with("`figure-02-bmw` by Figure AI: not demonstrated\n"), "{text}");
    assert!(
        text.contains("success        not demonstrated; missing: every unit of work as a row of its own"),
        "{text}"
    );
}

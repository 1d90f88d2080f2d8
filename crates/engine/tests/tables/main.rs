//! `spec_check` against the conformance data of tables, and that data against its rules.
//!
//! `cargo nextest run -p prairie-engine --test tables --run-ignored only` writes `conformance/tables/` anew.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests read and write their data where it lies")]

mod cases;
mod good;
mod set;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use arrow::datatypes::DataType;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use prairie_catalog::table_schema;
use prairie_engine::{Config, Engine, InspectOptions, Quiet, SpecProblem, SpecRule, spec_check};
use serde_json::{Value, json};

use cases::{Case, cases};
use set::GARBAGE;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The folders of the data, by name.
fn folders() -> BTreeMap<String, PathBuf> {
    let entries = fs::read_dir(repository().join("conformance/tables")).unwrap().map(|entry| entry.unwrap().path());
    let named = |path: PathBuf| (path.file_name().unwrap().to_string_lossy().into_owned(), path);
    entries.filter(|path| path.is_dir()).map(named).collect()
}

/// A problem as `expected.json` has it.
fn line(rule: &str, file: Option<&str>, row: Option<u64>) -> Value {
    json!({ "rule": rule, "file": file, "row": row })
}

fn lines(problems: &[SpecProblem]) -> Vec<Value> {
    sorted(problems.iter().map(|one| line(one.rule.name(), one.file.as_deref(), one.row)).collect())
}

fn sorted(mut lines: Vec<Value>) -> Vec<Value> {
    lines.sort_by_key(Value::to_string);
    lines
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Writes the folder of a case anew.
fn write(case: &Case) {
    let folder = repository().join("conformance/tables").join(case.name);
    if folder.is_dir() {
        fs::remove_dir_all(&folder).unwrap();
    }
    fs::create_dir_all(&folder).unwrap();
    for (table, rows) in &case.set.tables {
        fs::write(folder.join(format!("{table}.parquet")), rows.to_parquet()).unwrap();
    }
    let of = |is_must: bool| {
        let lines = case.expect.iter().filter(|(rule, ..)| rule.is_must() == is_must);
        sorted(lines.map(|(rule, file, row)| line(rule.name(), *file, *row)).collect())
    };
    // A line for each place.
    let list = |lines: Vec<Value>| {
        let lines: Vec<_> = lines.iter().map(|line| format!("\n    {line}")).collect();
        if lines.is_empty() { "[]".to_owned() } else { format!("[{}\n  ]", lines.join(",")) }
    };
    let (about, problems, warnings) = (json!(case.about), list(of(true)), list(of(false)));
    let text = format!("{{\n  \"about\": {about},\n  \"problems\": {problems},\n  \"warnings\": {warnings}\n}}\n");
    fs::write(folder.join("expected.json"), text).unwrap();
}

#[test]
#[ignore = "it writes conformance/tables/, which the other tests read"]
fn the_data_can_be_written() {
    cases().iter().for_each(write);
}

#[test]
fn every_folder_gives_what_it_expects() {
    let mut wrong = Vec::new();
    for (name, folder) in folders() {
        let expected: Value = serde_json::from_str(&read(&folder.join("expected.json"))).unwrap();
        let report = spec_check(&folder).unwrap();
        for (list, found) in [("problems", &report.problems), ("warnings", &report.warnings)] {
            let wanted = sorted(expected[list].as_array().unwrap_or_else(|| panic!("{name} expects `{list}`")).clone());
            if lines(found) != wanted {
                wrong.push(format!("{name}: expected {list} {wanted:#?}, found {found:#?}"));
            }
        }
        assert!(expected["about"].as_str().is_some_and(|about| about.len() > 10), "{name} says what it is about");
        assert!(report.left_out.is_empty(), "{name}");
        assert_eq!(name == "good", report.problems.is_empty() && report.warnings.is_empty(), "{name}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_has_a_bad_case_and_every_folder_a_rule() {
    let mut folders = folders();
    assert!(folders.remove("good").is_some(), "there is a good set");
    let rules: BTreeSet<_> = SpecRule::ALL.iter().map(|rule| rule.name().to_owned()).collect();
    assert_eq!(folders.keys().cloned().collect::<BTreeSet<_>>(), rules);
    for (name, folder) in folders {
        let expected: Value = serde_json::from_str(&read(&folder.join("expected.json"))).unwrap();
        let told: Vec<_> =
            ["problems", "warnings"].iter().flat_map(|list| expected[list].as_array().unwrap()).collect();
        assert!(
            !told.is_empty() && told.iter().all(|told| told["rule"] == name),
            "{name} shows that rule, and no other"
        );
    }
}

#[test]
fn the_data_is_what_the_cases_make() {
    let folders = folders();
    let mut bytes = 0;
    for case in cases() {
        let folder = folders.get(case.name).unwrap_or_else(|| panic!("`{}` has no folder", case.name));
        let mut files: BTreeSet<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        bytes += files.iter().map(|file| fs::metadata(file).unwrap().len()).sum::<u64>();
        assert!(files.remove(&folder.join("expected.json")));
        assert_eq!(files.len(), case.set.tables.len(), "{}", case.name);
        for (table, rows) in &case.set.tables {
            let path = folder.join(format!("{table}.parquet"));
            if rows.is_garbage {
                assert_eq!(fs::read(path).unwrap(), GARBAGE);
                continue;
            }
            // The rows, not the bytes: those name the version of the library that wrote them.
            let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap().build().unwrap();
            let found: Vec<_> = reader.map(|batch| batch.unwrap()).collect();
            let columns: Vec<_> = found.iter().map(|batch| batch.columns().to_vec()).collect();
            assert_eq!(columns, [rows.to_batch().columns().to_vec()], "{}/{table}", case.name);
        }
    }
    assert!(bytes < 300_000, "{bytes} bytes");
}

#[test]
fn the_tables_of_a_store_follow_the_specifications() {
    let dir = tempfile::TempDir::new().unwrap();
    let engine = Engine::create(&Config::at(dir.path().join("store"))).unwrap();
    let options = InspectOptions::new(None, None, BTreeMap::new(), false).unwrap();
    let samples = ["contact-cell.mcap", "contact-lerobot-v21"].map(|name| repository().join("samples").join(name));
    let report = engine.ingest(&samples, &options, &Quiet).unwrap();
    // Later revisions lie in files of their own.
    assert_eq!(report.recordings.len(), 2);
    assert!(engine.check_stored(None, &options, &Quiet).unwrap().failed.is_empty());
    let report = spec_check(&dir.path().join("store/tables")).unwrap();
    assert!(report.holds() && report.rows > 1000, "{:#?}", report.problems);
}

#[test]
fn the_readme_lists_every_rule() {
    let page = read(&repository().join("conformance/tables/README.md"));
    for rule in SpecRule::ALL {
        let word = if rule.is_must() { "MUST" } else { "SHOULD" };
        let row = format!("| `{}` | {} | {word} | {} |", rule.name(), rule.specification(), rule.what());
        assert!(page.contains(&row), "conformance/tables/README.md lacks the line\n{row}");
    }
    assert_eq!(page.lines().filter(|line| line.contains("| prairie.")).count(), SpecRule::ALL.len());
}

/// Name, type and whether it is never null, of every column that the page lists under a heading.
fn columns(page: &str, heading: &str) -> Vec<(String, String, bool)> {
    let section = page.split("\n#").find(|section| section.trim_start_matches('#').trim_start().starts_with(heading));
    let section = section.unwrap_or_else(|| panic!("the page has no `{heading}`"));
    let mut columns = Vec::new();
    for row in section.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        let (kind, never) = cells[1].split_once(',').map_or((cells[1], false), |(kind, _)| (kind, true));
        let names = cells[0].split('`').skip(1).step_by(2);
        columns.extend(names.map(|name| (name.to_owned(), kind.to_owned(), never)));
    }
    columns
}

fn word(kind: &DataType) -> String {
    match kind {
        DataType::Utf8 => "utf8".to_owned(),
        DataType::Float64 => "f64".to_owned(),
        DataType::Int64 => "i64".to_owned(),
        DataType::UInt64 => "u64".to_owned(),
        DataType::UInt32 => "u32".to_owned(),
        DataType::Boolean => "bool".to_owned(),
        DataType::Binary => "binary".to_owned(),
        DataType::List(item) => format!("list<{}>", word(item.data_type())),
        other => panic!("no word for {other}"),
    }
}

#[test]
fn the_pages_list_the_columns_that_are_tested() {
    let episode = read(&repository().join("docs/spec/episode.md"));
    let annotation = read(&repository().join("docs/spec/annotation.md"));
    for table in ["episodes", "streams", "findings", "receipts", "segments"] {
        let listed = match table {
            "segments" => columns(&annotation, "The table `segments`"),
            table => columns(&episode, &format!("`{table}`")),
        };
        let schema = table_schema(table).unwrap();
        let tested = schema.fields().iter();
        let tested: Vec<_> =
            tested.map(|one| (one.name().clone(), word(one.data_type()), !one.is_nullable())).collect();
        // `segments` could state its times as never null; the page asks for less than the tables of a store have.
        assert_eq!(listed, tested, "{table}");
    }
}

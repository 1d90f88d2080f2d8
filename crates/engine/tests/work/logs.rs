use std::collections::BTreeSet;
use std::fs;

use prairie_engine::{LogReport, Quiet};
use prairie_model::Severity;
use serde_json::{Map, Value, json};

use super::links::take;
use super::{lines, repository, store};

/// Imports the log of a conformance file.
fn import(spec: &Value) -> LogReport {
    let (dir, engine) = store();
    for (at, episode) in spec["episodes"].as_array().into_iter().flatten().enumerate() {
        take(&engine, &dir.path().join(format!("take-{at}.mcap")), episode);
    }
    let folder = dir.path().join("log");
    fs::create_dir(&folder).unwrap();
    let mut mapping = Map::new();
    mapping.insert("schema".to_owned(), json!("prairie/station-log/1"));
    mapping.extend(spec["mapping"].as_object().unwrap().clone());
    fs::write(folder.join("station-log.toml"), toml::to_string(&mapping).unwrap()).unwrap();
    for (name, text) in spec["files"].as_object().unwrap() {
        let text: Vec<&str> = text.as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
        fs::write(folder.join(name), text.join("\n")).unwrap();
    }
    let report = engine.import_log(&folder, None, &Quiet).unwrap();
    for file in &report.files {
        assert_eq!(file.rows, file.made + file.merged + file.nothing + file.incomplete, "{file:?}");
    }
    let again = engine.import_log(&folder, None, &Quiet).unwrap();
    assert!(again.already && again.findings == report.findings && again.links == report.links);
    // What is in the table is what was found, but for links, which follow from the store as it is now.
    let stored = lines(&engine, "SELECT code FROM log_findings ORDER BY code");
    let told: Vec<_> = report.findings.iter().map(|finding| &finding.code).filter(|code| *code != "LOG022").collect();
    assert_eq!(stored.iter().collect::<Vec<_>>(), told);
    report
}

#[test]
fn every_check_keeps_to_its_conformance_data() {
    let folder = repository().join("conformance/logs");
    let mut codes = BTreeSet::new();
    for entry in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        let code = entry.file_name().unwrap().to_string_lossy().into_owned();
        for name in ["good", "bad"] {
            let text = fs::read_to_string(entry.join(format!("{name}.json"))).unwrap();
            let spec: Value = serde_json::from_str(&text).unwrap();
            assert!(spec["about"].as_str().is_some_and(|about| !about.is_empty()));
            let report = import(&spec);
            let expect = &spec["expect"];
            let own: Vec<_> = report.findings.iter().filter(|finding| finding.code == code).collect();
            let place = format!("{code}/{name}: {:#?}", report.findings);
            assert_eq!(own.len(), usize::from(name == "bad"), "{place}");
            for finding in &own {
                assert_eq!(Some(finding.rows), expect["rows"].as_u64(), "{place}");
                assert_eq!(finding.first_row, expect["first_row"].as_u64(), "{place}");
                assert_eq!(Some(finding.severity.name()), expect["severity"].as_str(), "{place}");
                assert!(!finding.message.ends_with('.') && !finding.message.is_empty());
            }
            let also = |code: &String| {
                expect["also"].as_array().is_some_and(|also| also.iter().any(|other| other.as_str() == Some(code)))
            };
            let errors = report.findings.iter().filter(|finding| finding.severity == Severity::Error);
            let errors: Vec<_> = errors.filter(|finding| finding.code != code && !also(&finding.code)).collect();
            assert!(errors.is_empty(), "{place}");
            assert_eq!(!report.is_whole(), expect["lossy"].as_bool().unwrap_or(false), "{place}");
            if let Some(made) = expect["made"].as_u64() {
                let units: u64 =
                    report.files.iter().filter(|file| file.path != "shifts.csv").map(|file| file.made).sum();
                assert_eq!(units, made, "{place}");
            }
            if let Some(links) = expect["links"].as_object() {
                assert_eq!(serde_json::to_value(report.links).unwrap(), Value::Object(links.clone()), "{place}");
            }
        }
        codes.insert(code);
    }
    for code in 1..=codes.len() {
        let code = format!("LOG{code:03}");
        assert!(codes.contains(&code) && prairie_engine::explain(&code).is_ok(), "{code}");
    }
}

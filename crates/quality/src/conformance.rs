//! Every check against its conformance data, and the house rules of checks.

#![expect(clippy::disallowed_methods, reason = "tests read their data where it lies")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use prairie_model::{DimensionState, NoteKind, Severity};

use crate::testing::Spec;
use crate::{CHECKS, Examined, Family, Need, Profile, explain, reference};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What differs from what the file expects of `code`.
fn differences(spec: &Spec, code: &str, good: bool, examined: &Examined) -> Vec<String> {
    let mut wrong = Vec::new();
    let own: Vec<_> = examined.findings.iter().filter(|finding| finding.code == code).collect();
    if own.is_empty() != good {
        wrong.push(format!("{} findings of {code}: {own:#?}", own.len()));
    }
    let result = examined.checks.iter().find(|result| result.code == code).expect("every check has a result");
    let expected = spec.expect.state.as_deref().unwrap_or("pass");
    if (good || spec.expect.state.is_some()) && result.state.name() != expected {
        wrong.push(format!("state is {}, expected {expected}: {:?}", result.state.name(), result.reason));
    }
    let worst = own.iter().map(|finding| finding.severity).max().map(Severity::name);
    if spec.expect.severity.is_some() && worst != spec.expect.severity.as_deref() {
        wrong.push(format!("worst severity is {worst:?}"));
    }
    if let Some(expected) = spec.expect.measured {
        let measured = own.first().and_then(|finding| finding.measured);
        if measured.is_none_or(|measured| (measured - expected).abs() > 1e-6 * expected.abs().max(1e-3)) {
            wrong.push(format!("measured {measured:?}, expected {expected}"));
        }
    }
    if spec.expect.decision.as_deref().is_some_and(|decision| decision != examined.decision.name()) {
        wrong.push(format!("decision is {}", examined.decision.name()));
    }
    if spec.expect.repairs.as_ref().is_some_and(|repairs| *repairs != examined.repairs) {
        wrong.push(format!("repairs are {:?}", examined.repairs));
    }
    let errors = examined.findings.iter().filter(|finding| finding.severity == Severity::Error);
    for finding in errors.filter(|finding| finding.code != code && !spec.expect.also.contains(&finding.code)) {
        wrong.push(format!("an error of another check: {} {}", finding.code, finding.message));
    }
    for finding in &examined.findings {
        let text = &finding.message;
        if text.is_empty() || text.ends_with('.') || text.contains("NaN") || text.contains("inf ") {
            wrong.push(format!("message `{text}`"));
        }
    }
    wrong
}

#[test]
fn every_check_keeps_to_its_conformance_data() {
    let profile = Profile::default();
    let mut wrong = Vec::new();
    for check in CHECKS {
        let code = check.doc.code;
        for (name, good) in [("good", true), ("bad", false)] {
            let path = repository().join(format!("conformance/checks/{code}/{name}.json"));
            let Ok(text) = std::fs::read_to_string(&path) else {
                wrong.push(format!("{code}/{name}.json is missing"));
                continue;
            };
            let spec = Spec::parse(&text);
            assert!(!spec.about.is_empty(), "{code}/{name}.json says what it is about");
            let examined = spec.examine(&profile);
            assert_eq!(examined, spec.examine(&profile), "{code}/{name}.json gives the same twice");
            let differences = differences(&spec, code, good, &examined);
            wrong.extend(differences.into_iter().map(|text| format!("{code}/{name}.json: {text}")));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_folder_of_conformance_data_has_its_check() {
    let folder = repository().join("conformance/checks");
    let codes: BTreeSet<_> = CHECKS.iter().map(|check| check.doc.code.to_owned()).collect();
    let folders = std::fs::read_dir(&folder).expect("conformance data").map(|entry| entry.expect("an entry"));
    let folders =
        folders.filter(|entry| entry.path().is_dir()).map(|entry| entry.file_name().to_string_lossy().into_owned());
    assert_eq!(folders.collect::<BTreeSet<_>>(), codes);
}

#[test]
fn every_file_is_one_check_and_every_check_one_file() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/checks");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).expect("checks").map(|entry| entry.expect("a file").path()).collect();
    files.retain(|path| path.file_name().is_some_and(|name| name != "mod.rs"));
    files.sort();
    assert_eq!(files.len(), CHECKS.len());
    assert!(CHECKS.is_sorted_by(|one, other| one.doc.code < other.doc.code), "alphabetical, and no code twice");
    for (path, check) in files.iter().zip(CHECKS) {
        let doc = &check.doc;
        let name = path.file_name().expect("a name").to_string_lossy().to_uppercase();
        assert!(name.starts_with(&format!("{}_", doc.code)), "{} is the file of {}", path.display(), doc.code);
        assert_eq!(doc.source, read(path), "{} includes its own file", doc.code);
        assert!(doc.code.starts_with(doc.family.letters()));
    }
}

#[test]
fn every_page_is_whole() {
    for check in CHECKS {
        let doc = &check.doc;
        let code = doc.code;
        assert!(doc.what().len() > 20 && doc.why().len() > 60, "{code} says what and why");
        assert!(doc.example().contains(&format!("{code} ")), "{code} has an example of its finding");
        assert!(!doc.summary.ends_with('.') && doc.summary.len() < 80, "{code}");
        assert!(Family::ALL.contains(&doc.family));
        // A check asks for its own limits, and for all of them.
        let asked: BTreeSet<_> = doc.source.split("(\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let quoted = |key: &str| doc.source.matches(&format!("\"{key}\"")).count() >= 2;
        for limit in doc.limits {
            assert!(quoted(limit.key), "{code} never uses {}", limit.key);
            assert!(limit.default.is_finite() && !limit.meaning.is_empty(), "{code} {}", limit.key);
        }
        let settings = crate::Settings::defaults(doc);
        for line in doc.source.lines().filter(|line| line.contains(".limit(\"")) {
            for key in line.split(".limit(\"").skip(1).filter_map(|rest| rest.split('"').next()) {
                assert!(settings.limit(key).is_finite(), "{code} asks for the limit `{key}`, which it does not have");
            }
        }
        assert!(!asked.is_empty() || doc.limits.is_empty());
        let page = explain(code).expect("a page");
        let shown = [code, doc.name, doc.dimension.name(), doc.severity.name(), "What it does", "Why it matters"];
        assert!(shown.iter().all(|text| page.contains(text)), "{page}");
        assert!(doc.limits.iter().all(|limit| page.contains(&format!("`{}`", limit.key))), "{page}");
    }
    assert_eq!(explain("XYZ999"), None);
    assert_eq!(explain("tim003"), explain("TIM003"));
}

#[test]
fn every_kind_of_note_is_judged_by_one_check() {
    let kinds = [
        NoteKind::Truncated,
        NoteKind::Corrupt,
        NoteKind::Trailing,
        NoteKind::Checksum,
        NoteKind::IndexMissing,
        NoteKind::IndexWrong,
        NoteKind::SchemaMissing,
        NoteKind::Undecodable,
        NoteKind::Unmapped,
        NoteKind::FileMissing,
        NoteKind::CountMismatch,
        NoteKind::TimeInvalid,
        NoteKind::ClockUnproven,
        NoteKind::ClockDrift,
        NoteKind::Ragged,
        NoteKind::UnitAssumed,
        NoteKind::ValueUnknown,
        NoteKind::NamesReconciled,
        NoteKind::NamesAssumed,
        NoteKind::MarkerUnpaired,
    ];
    for kind in kinds {
        // A new kind makes this match fail to compile, and then the list above.
        match kind {
            NoteKind::Truncated
            | NoteKind::Corrupt
            | NoteKind::Trailing
            | NoteKind::Checksum
            | NoteKind::IndexMissing
            | NoteKind::IndexWrong
            | NoteKind::SchemaMissing
            | NoteKind::Undecodable
            | NoteKind::Unmapped
            | NoteKind::FileMissing
            | NoteKind::CountMismatch
            | NoteKind::TimeInvalid
            | NoteKind::ClockUnproven
            | NoteKind::ClockDrift
            | NoteKind::Ragged
            | NoteKind::UnitAssumed
            | NoteKind::ValueUnknown
            | NoteKind::NamesReconciled
            | NoteKind::NamesAssumed
            | NoteKind::MarkerUnpaired => {}
        }
        let kind = serde_json::to_value(kind).expect("a name");
        let marker = "a sentence that only this note says";
        let spec = serde_json::json!({"about": "a note", "notes": [{"kind": kind, "text": marker}]});
        let examined = Spec::parse(&spec.to_string()).examine(&Profile::default());
        let judges: BTreeSet<_> =
            examined.findings.iter().filter(|f| f.message == marker).map(|f| f.code.as_str()).collect();
        assert_eq!(judges.len(), 1, "{kind} is judged by {judges:?}");
        let findings = examined.findings.iter().filter(|f| f.message == marker).count();
        assert_eq!(findings, 1, "{kind} is told once");
    }
}

#[test]
fn checks_that_need_pixels_are_unknown_without() {
    let spec = |video: bool| {
        Spec::parse(&format!(
            r#"{{"about": "a camera", "video_checked": {video}, "streams": [
                {{"name": "/camera", "kind": "image", "t": {{"rate_hz": 30, "n": 60}},
                  "pictures": {{"shift": {{"ramp": {{"to": 60, "end_s": 2}}}}}}}},
                {{"name": "/joints", "kind": "joint_state", "stream": {{"names": ["a"]}}, "t": {{"rate_hz": 100, "n": 200}},
                  "columns": {{"position": [{{"sine": {{}}}}]}}}}]}}"#
        ))
    };
    let (without, with) = (spec(false).examine(&Profile::default()), spec(true).examine(&Profile::default()));
    for check in CHECKS.iter().filter(|check| check.doc.needs.contains(&Need::Pixels)) {
        let state = |examined: &Examined| examined.checks.iter().find(|r| r.code == check.doc.code).map(|r| r.state);
        assert_eq!(state(&without), Some(DimensionState::Unknown), "{}", check.doc.code);
        assert_eq!(state(&with), Some(DimensionState::Pass), "{}", check.doc.code);
    }
    assert_eq!(without.decision.name(), "unknown");
    assert_eq!(with.decision.name(), "accept", "{:#?}", with.findings);
}

#[test]
fn what_no_decoder_can_show_is_unknown() {
    let spec = Spec::parse(
        r#"{"about": "a camera whose codec nobody knows", "streams": [
            {"name": "/camera", "kind": "image", "t": {"rate_hz": 30, "n": 60}, "pictures": {"shift": 0, "unsupported": true}},
            {"name": "/joints", "kind": "joint_state", "stream": {"names": ["a"]}, "t": {"rate_hz": 100, "n": 200},
             "columns": {"position": [{"sine": {}}]}}]}"#,
    );
    let examined = spec.examine(&Profile::default());
    for code in ["TIM009", "VID001", "VID002", "VID003", "VID004"] {
        let result = examined.checks.iter().find(|result| result.code == code).expect("a result");
        assert_eq!(result.state, DimensionState::Unknown, "{code}");
    }
    assert_eq!(examined.decision.name(), "unknown");
}

#[test]
fn the_reference_is_current() {
    let path = repository().join("docs/reference/checks.md");
    let text = reference();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("docs/reference");
        std::fs::write(&path, &text).expect("docs/reference/checks.md");
    }
    assert!(
        read(&path) == text,
        "docs/reference/checks.md is old: run `UPDATE_DOCS=1 cargo nextest run -p prairie-quality`"
    );
}

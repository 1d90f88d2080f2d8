//! Real logs and recordings by others. What they say about themselves was counted apart from this program.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use prairie_engine::{Engine, Input, InspectOptions, Quiet, Status, VerdictDecision, VerdictState};
use prairie_model::Nanos;

use super::{foreign, lines, repository, store};

fn copy(from: &Path, to: &Path) {
    fs::copy(from, to).unwrap();
    let mut permissions = fs::metadata(to).unwrap().permissions();
    #[expect(clippy::permissions_set_readonly_false, reason = "a copy in a folder of the test")]
    permissions.set_readonly(false);
    fs::set_permissions(to, permissions).unwrap();
}

fn import_ur3(engine: &Engine, folder: &Path) -> Option<prairie_engine::LogReport> {
    let samples = foreign("ur3-cobotops")?;
    fs::create_dir_all(folder).unwrap();
    copy(&samples.join("ur3_rows_0001_4445.csv"), &folder.join("ur3.csv"));
    copy(&repository().join("conformance/mappings/ur3-cobotops.toml"), &folder.join("station-log.toml"));
    Some(engine.import_log(folder, None, &Quiet).unwrap())
}

#[test]
fn the_log_of_a_real_ur3_is_read_with_its_gaps_and_odd_names() {
    let (dir, engine) = store();
    let Some(report) = import_ur3(&engine, &dir.path().join("log")) else { return };
    assert!(report.is_whole(), "{:#?}", report.findings);
    for file in &report.files {
        assert_eq!(file.rows, 4445);
        assert_eq!(file.rows, file.made + file.merged + file.nothing + file.incomplete, "{file:?}");
        assert_eq!(file.unreadable, 0);
    }
    assert_eq!(report.units, 158, "one per cycle, and the cycle is in a column with a blank behind its name");
    let found = |code: &str| report.findings.iter().filter(|finding| finding.code == code).collect::<Vec<_>>();
    // Sixteen rows lack the stop; three times the log is silent for longer than two seconds and a half.
    assert_eq!(found("LOG007").iter().map(|finding| finding.rows).collect::<Vec<_>>(), [16]);
    assert_eq!(found("LOG007")[0].column.as_deref(), Some("Robot_ProtectiveStop"));
    assert!(found("LOG011").iter().all(|finding| finding.rows == 3), "{:#?}", report.findings);
    // The longest silence, of five hours, lies within a cycle, whose number goes on after it.
    assert_eq!(lines(&engine, "SELECT unit FROM units WHERE end_ns - start_ns > 18000000000000"), ["105"]);
    assert!(found("LOG005").is_empty() && found("LOG006").is_empty(), "quoted times and odd names are understood");
    let kinds = lines(&engine, "SELECT kind, detail, count(*) FROM station_events GROUP BY kind, detail ORDER BY kind");
    assert_eq!(kinds, ["safety_stop protective stop 38", "software_fault grip lost 42"]);
    let unknown = "SELECT count(*) FROM units WHERE outcome = 'unknown' AND mode = 'unknown' AND attempts IS NULL";
    assert_eq!(lines(&engine, unknown), ["158"]);
}

#[test]
fn the_log_of_a_real_ur3_says_what_it_cannot_show() {
    let (dir, engine) = store();
    let Some(report) = import_ur3(&engine, &dir.path().join("log")) else { return };
    let show = engine.log_show(&report.id[..12]).unwrap();
    assert!(show.inputs.contains(&Input::Units) && show.inputs.contains(&Input::Times));
    assert!(show.inputs.contains(&Input::Failures) && !show.inputs.contains(&Input::Interventions));
    for need in &show.endpoints {
        assert!(need.sentence().starts_with("not demonstrated"), "{need:?}");
    }
    let missing = |endpoint: &str| {
        let need = show.endpoints.iter().find(|need| need.endpoint == endpoint).unwrap();
        need.missing.clone()
    };
    assert!(missing("success").contains(&Input::Outcomes));
    assert!(missing("rhythm").contains(&Input::Baseline));
}

#[test]
fn no_verdict_about_the_real_ur3_is_a_promotion() {
    let (dir, engine) = store();
    let Some(_) = import_ur3(&engine, &dir.path().join("log")) else { return };
    let book = r#"
        schema = "prairie/protocol/1"
        scenario = "ur3-cell"
        gate = "verified"
        scope = { stations = ["ur3-cell"] }
        success = { definition = "the cycle ends with the part in place" }
        baseline = { stations = ["ur3-cell"] }
        [[without]]
        endpoint = "economics"
        reason = "nobody published what this cell costs"
    "#;
    // Long before the log begins, so that the freeze is not what it fails by.
    engine.freeze_protocol_at(book, Nanos(1_600_000_000_000_000_000)).unwrap();
    let verdict = engine.verify("ur3-cell", "verified", &Quiet).unwrap().verdict;
    assert_eq!((verdict.decision, verdict.self_attested), (VerdictDecision::Hold, true));
    assert_eq!((verdict.tally.read, verdict.tally.unscheduled, verdict.tally.counted), (158, 158, 0));
    assert!(verdict.endpoints.iter().all(|result| matches!(result.state, VerdictState::Hold | VerdictState::Unknown)));
    let success = verdict.endpoints.iter().find(|result| result.endpoint == "success").unwrap();
    assert_eq!(success.reason, "no shift of robots counts; of 158 units: 158 in no scheduled shift");
}

#[test]
fn windows_of_force_around_failures_become_episodes_with_their_labels() {
    let Some(samples) = foreign("uci-robot-execution-failures") else { return };
    let (dir, engine) = store();
    let folder = dir.path().join("windows");
    fs::create_dir(&folder).unwrap();
    for name in ["lp1.data", "lp2.data", "lp4.data"] {
        copy(&samples.join(name), &folder.join(name));
    }
    copy(&repository().join("conformance/mappings/uci-robot-execution-failures.toml"), &folder.join("recording.toml"));
    let options = InspectOptions::new(None, None, BTreeMap::new(), false).unwrap();
    let report = engine.ingest(&[folder], &options, &Quiet).unwrap();
    assert_eq!(report.recordings.len(), 1);
    assert_eq!(report.recordings[0].status, Status::Ingested, "{:?}", report.recordings[0].error);
    let outcomes =
        lines(&engine, "SELECT task, outcome, count(*) FROM episodes GROUP BY task, outcome ORDER BY task, outcome");
    assert_eq!(
        outcomes,
        [
            "approach to the grasp position failure 67",
            "approach to the grasp position success 21",
            "approach to the ungrasp position failure 93",
            "approach to the ungrasp position success 24",
            "transfer of a part failure 27",
            "transfer of a part success 20"
        ]
    );
    let label = "SELECT count(*) FROM episodes WHERE attributes LIKE '%\"label\":\"fr_collision\"%'";
    assert_eq!(lines(&engine, label), ["16"]);
    // Fifteen rows of each of 252 windows, and the first one as it stands in the file.
    assert_eq!(lines(&engine, "SELECT count(*), count(DISTINCT episode_id) FROM wrench"), ["3780 252"]);
    let first = "SELECT fx_n, fy_n, fz_n, tx_nm, ty_nm, tz_nm FROM wrench w JOIN episodes e ON w.episode_id = e.episode_id \
                 WHERE e.key = 'lp1.data#000000' ORDER BY t_ns LIMIT 1";
    assert_eq!(lines(&engine, first), ["-1.0 -1.0 63.0 -3.0 -1.0 0.0"]);
    let broken = "SELECT count(*) FROM episodes WHERE messages <> mapped + unmapped + undecodable OR messages <> 15";
    assert_eq!(lines(&engine, broken), ["0"]);
}

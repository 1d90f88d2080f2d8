//! Units and episodes that belong together, whichever came first.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use prairie_engine::{Engine, InspectOptions, Quiet, Status};
use prairie_formats::mcap::{McapWriter, WriterOptions};
use serde_json::{Value, json};

use super::{lines, store};

/// Seconds since 1970 of `2026-10-05THH:MM:SSZ`.
fn seconds(time: &str) -> i64 {
    let (day, clock) = time.trim_end_matches('Z').split_once('T').unwrap();
    assert_eq!(day, "2026-10-05");
    let parts: Vec<i64> = clock.split(':').map(|part| part.parse().unwrap()).collect();
    1_791_158_400 + parts[0] * 3600 + parts[1] * 60 + parts[2]
}

/// Ingests a recording of ten messages a second from `start` to `end`, at `station` by `robot`; `unit` names units.
pub(crate) fn take(engine: &Engine, path: &Path, facts: &Value) {
    let text = |name: &str| facts[name].as_str().map(str::to_owned);
    let (start, end) = (seconds(&text("start").unwrap()), seconds(&text("end").unwrap()));
    let mut writer = McapWriter::new(Vec::new(), WriterOptions::default()).unwrap();
    let schema = json!({ "type": "object", "properties": { "value": { "type": "number" } } }).to_string();
    let schema = writer.add_schema("prairie.Sample", "jsonschema", schema.as_bytes()).unwrap();
    let channel = writer.add_channel(Some(schema), "/value", "json", BTreeMap::new()).unwrap();
    for tenth in start * 10..=end * 10 {
        let message = json!({ "value": (tenth % 7) as f64 }).to_string();
        let at = u64::try_from(tenth * 100_000_000).unwrap();
        writer.write(channel, 0, at, at, message.as_bytes()).unwrap();
    }
    if let Some(unit) = text("unit") {
        writer.metadata("job", BTreeMap::from([("unit".to_owned(), unit)])).unwrap();
    }
    fs::write(path, writer.finish().unwrap()).unwrap();
    let known = ["station", "robot", "outcome"].into_iter().filter_map(|name| Some((name.to_owned(), text(name)?)));
    let options = InspectOptions::new(None, None, known.collect(), false).unwrap();
    let report = engine.ingest(&[path.to_owned()], &options, &Quiet).unwrap();
    assert_eq!(report.recordings[0].status, Status::Ingested, "{:?}", report.recordings[0].error);
}

const MAPPING: &str = "schema = \"prairie/station-log/1\"\n[[files]]\npath = \"units.csv\"\nkind = \"units\"\n\
    [[files]]\npath = \"links.csv\"\nkind = \"links\"\n";

fn log(engine: &Engine, folder: &Path, claims: &str) {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("station-log.toml"), MAPPING).unwrap();
    let units = "unit,station,robot,start,end,outcome\n\
        u1,s,r1,2026-10-05T06:59:30Z,2026-10-05T07:00:30Z,success\n\
        u2,s,r1,2026-10-05T07:00:30Z,2026-10-05T07:01:30Z,failure\n\
        u3,s,r2,2026-10-05T07:00:30Z,2026-10-05T07:01:30Z,failure\n\
        u4,t,r1,2026-10-05T07:00:30Z,2026-10-05T07:01:30Z,failure\n\
        u5,s,r1,2026-10-05T08:00:00Z,2026-10-05T08:01:00Z,failure\n";
    fs::write(folder.join("units.csv"), units).unwrap();
    fs::write(folder.join("links.csv"), claims).unwrap();
    engine.import_log(folder, None, &Quiet).unwrap();
}

fn takes(engine: &Engine, folder: &Path) {
    let one = |name: &str, facts: Value| take(engine, &folder.join(format!("{name}.mcap")), &facts);
    // Over the hour, twice in one unit: two cameras' recordings, or a retry.
    one("a", json!({ "start": "2026-10-05T06:59:35Z", "end": "2026-10-05T07:00:20Z", "station": "s", "robot": "r1" }));
    one("b", json!({ "start": "2026-10-05T07:00:00Z", "end": "2026-10-05T07:00:25Z", "station": "s", "robot": "r1" }));
    // Longer than the unit of its robot.
    one("c", json!({ "start": "2026-10-05T06:59:00Z", "end": "2026-10-05T07:02:00Z", "station": "s", "robot": "r2" }));
    // Nobody says which robot, and two worked there.
    one("d", json!({ "start": "2026-10-05T07:00:50Z", "end": "2026-10-05T07:01:20Z", "station": "s" }));
    // It names a unit of another station, which says nothing: its time counts.
    one(
        "e",
        json!({ "start": "2026-10-05T07:00:40Z", "end": "2026-10-05T07:01:10Z", "station": "t", "robot": "r1", "unit": "u5" }),
    );
}

/// The links, by what is known of both.
fn links(engine: &Engine) -> Vec<String> {
    lines(
        engine,
        "SELECT l.unit, l.basis, l.ambiguous, r.origin FROM links l JOIN episodes e ON l.episode_id = e.episode_id \
         JOIN recordings r ON e.recording_id = r.recording_id ORDER BY l.unit, r.origin",
    )
    .into_iter()
    .map(|line| {
        let (facts, origin) = line.rsplit_once(' ').unwrap();
        format!("{facts} {}", Path::new(origin).file_stem().unwrap().to_string_lossy())
    })
    .collect()
}

#[test]
fn links_are_the_same_whichever_came_first_and_follow_ids_before_times() {
    let expected = [
        "u1 time false a",
        "u1 time false b",
        "u2 time true d",
        "u3 time false c",
        "u3 time true d",
        "u4 time false e",
    ];
    let mut seen = Vec::new();
    for log_first in [true, false] {
        let (dir, engine) = store();
        let folder = dir.path().join("log");
        let claims = "station,unit,episode\n";
        if log_first {
            log(&engine, &folder, claims);
        }
        takes(&engine, dir.path());
        if !log_first {
            log(&engine, &folder, claims);
        }
        seen.push(links(&engine));
        let report = &engine.logs().unwrap()[0];
        let show = engine.log(&report.id).unwrap();
        assert_eq!(show.links.unwrap().ambiguous, 2, "{:?}", show.links);
        assert!(show.findings.iter().any(|finding| finding.code == "LOG022" && finding.rows == 2));
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0], expected);
}

#[test]
fn what_the_log_or_the_recording_names_is_linked_by_id() {
    let (dir, engine) = store();
    let facts = json!({ "start": "2026-10-05T09:00:00Z", "end": "2026-10-05T09:00:10Z", "station": "s", "robot": "r9", "unit": "u2; u3" });
    take(&engine, &dir.path().join("e.mcap"), &facts);
    let plain = json!({ "start": "2026-10-05T10:00:00Z", "end": "2026-10-05T10:00:10Z" });
    take(&engine, &dir.path().join("f.mcap"), &plain);
    let id = lines(&engine, "SELECT episode_id FROM episodes ORDER BY start_ns")[1].clone();
    log(&engine, &dir.path().join("log"), &format!("station,unit,episode\ns,u5,{id}\n"));
    assert_eq!(links(&engine), ["u2 id false e", "u3 id false e", "u5 id false f"]);
    // Which failures should we record next? One join.
    let next = lines(
        &engine,
        "SELECT u.unit FROM units_current u LEFT ANTI JOIN links l ON u.station = l.station AND u.unit = l.unit \
         WHERE u.outcome = 'failure' ORDER BY u.unit",
    );
    assert_eq!(next, ["u4"]);
}

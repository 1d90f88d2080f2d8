//! What comes after the log itself: the record of modes and later looks at units, from another log and in any order.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use prairie_engine::{Engine, Quiet};
use prairie_formats::mcap::{McapWriter, WriterOptions};

use super::{lines, store};

const UNITS: &str = "unit,station,robot,start,end,mode,outcome\n\
    u1,s,r,2026-10-05T06:00:00Z,2026-10-05T06:00:10Z,autonomous,success\n\
    u2,s,r,2026-10-05T06:00:10Z,2026-10-05T06:00:20Z,autonomous,success\n\
    u3,s,r,2026-10-05T06:00:20Z,2026-10-05T06:00:30Z,autonomous,failure\n";

fn import(engine: &Engine, folder: &Path, file: &str, kind: &str, text: &str) -> u64 {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join(file), text).unwrap();
    let mapping = format!("schema = \"prairie/station-log/1\"\n[[files]]\npath = \"{file}\"\nkind = \"{kind}\"\n");
    fs::write(folder.join("station-log.toml"), mapping).unwrap();
    let report = engine.import_log(folder, None, &Quiet).unwrap();
    assert!(report.is_whole());
    report.files[0].made
}

fn current(engine: &Engine) -> Vec<String> {
    lines(engine, "SELECT unit, logged, confirmed, outcome FROM units_current ORDER BY unit")
}

#[test]
fn the_last_look_counts_in_whatever_order_looks_are_imported() {
    let first = "station,unit,outcome,at,by\ns,u1,failure,2026-10-06T08:00:00Z,next-station\ns,u2,failure,2026-10-06T08:00:00Z,a\n";
    let second = "station,unit,outcome,at,by\ns,u1,success,2026-10-07T08:00:00Z,laboratory\ns,u2,success,2026-10-06T08:00:00Z,b\n\
                  s,u3,success,,c\ns,u3,unknown,2026-10-08T08:00:00Z,d\n";
    let expected = ["u1 success success success", "u2 success failure failure", "u3 failure success success"];
    let logs = [
        ("units", UNITS, "units.csv", 3),
        ("confirmations", first, "later.csv", 2),
        ("confirmations", second, "more.csv", 3),
    ];
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let (dir, engine) = store();
        for at in order {
            let (kind, text, file, made) = logs[at];
            let folder = dir.path().join(format!("log-{at}"));
            assert_eq!(import(&engine, &folder, file, kind, text), made, "{file}");
            // Once more changes nothing.
            assert!(engine.import_log(&folder, None, &Quiet).unwrap().already);
        }
        assert_eq!(current(&engine), expected, "{order:?}");
        let before = engine.snapshot().unwrap();
        assert_eq!(before, 3);
    }
}

#[test]
fn a_unit_has_the_mode_of_its_worst_second() {
    let seconds = |touched: i64| {
        let mut text = "station,robot,start,mode\n".to_owned();
        for second in 0..30 {
            let mode = if second == touched { "teleoperated" } else { "autonomous" };
            text.push_str(&format!("s,r,2026-10-05T06:00:{second:02}Z,{mode}\n"));
        }
        text
    };
    let (dir, engine) = store();
    let folder = dir.path().join("log");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("units.csv"), UNITS).unwrap();
    fs::write(folder.join("modes.csv"), seconds(14)).unwrap();
    let mapping = "schema = \"prairie/station-log/1\"\n[[files]]\npath = \"units.csv\"\nkind = \"units\"\n\
                   [[files]]\npath = \"modes.csv\"\nkind = \"modes\"\nsamples = { period_s = 1.0 }\n";
    fs::write(folder.join("station-log.toml"), mapping).unwrap();
    let report = engine.import_log(&folder, None, &Quiet).unwrap();
    assert!(report.findings.is_empty(), "{:#?}", report.findings);
    assert_eq!((report.modes, report.files[1].merged), (3, 27), "thirty seconds are three stretches");
    let modes = lines(&engine, "SELECT unit, mode FROM units ORDER BY unit");
    assert_eq!(modes, ["u1 autonomous", "u2 teleoperated", "u3 autonomous"]);
    let spent = "SELECT mode, sum(end_ns - start_ns) / 1000000000 FROM mode_spans GROUP BY mode ORDER BY mode";
    assert_eq!(lines(&engine, spent), ["autonomous 29", "teleoperated 1"]);
}

#[test]
fn a_name_in_a_log_becomes_a_pseudonym() {
    let (dir, engine) = store();
    let text = "unit,station,worker,start,end\nu1,s,Li Lei,2026-10-05T06:00:00Z,2026-10-05T06:00:10Z\n\
                u2,s,w-07,2026-10-05T06:00:10Z,2026-10-05T06:00:20Z\n";
    import(&engine, &dir.path().join("log"), "units.csv", "units", text);
    let workers = lines(&engine, "SELECT worker FROM units ORDER BY unit");
    assert_eq!(workers, [engine.pseudonym("Li Lei").unwrap(), "w-07".to_owned()]);
}

#[test]
fn the_messages_of_a_topic_are_rows_too() {
    let (dir, engine) = store();
    let mut writer = McapWriter::new(Vec::new(), WriterOptions::default()).unwrap();
    let plain = writer.add_channel(None, "/work", "json", BTreeMap::new()).unwrap();
    let text = r#"{"type":"object","properties":{"who":{"type":"object","properties":{"mode":{"type":"string"}}}}}"#;
    let schema = writer.add_schema("cell.Source", "jsonschema", text.as_bytes()).unwrap();
    let typed = writer.add_channel(Some(schema), "/source", "json", BTreeMap::new()).unwrap();
    // 2026-10-05T06:00:00Z.
    let start: u64 = 1_791_180_000;
    for second in 0..30 {
        let at = (start + second) * 1_000_000_000;
        let mode = if second == 14 { "teleoperated" } else { "autonomous" };
        let message = format!("{{\"who\":{{\"mode\":\"{mode}\"}}}}");
        writer.write(typed, 0, at, at, message.as_bytes()).unwrap();
        if second % 10 == 0 {
            let (from, to) = (start + second, start + second + 10);
            let message =
                format!("{{\"id\":\"u{}\",\"begin\":{from},\"finish\":{to},\"result\":{{\"ok\":true}}}}", second / 10);
            writer.write(plain, 0, at, at, message.as_bytes()).unwrap();
        }
    }
    writer.write(plain, 0, 1, 1, b"[no object]").unwrap();
    let folder = dir.path().join("log");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("cell.mcap"), writer.finish().unwrap()).unwrap();
    let mapping = "schema = \"prairie/station-log/1\"\ndefaults = { station = \"s\" }\n\
        [[files]]\npath = \"cell.mcap\"\nkind = \"units\"\ntopic = \"/work\"\n\
        columns = { unit = \"id\", start = \"begin\", end = \"finish\", outcome = \"result.ok\" }\n\
        values = { outcome = { true = \"success\" } }\n\
        [[files]]\npath = \"cell.mcap\"\nkind = \"modes\"\ntopic = \"/source\"\n\
        columns = { start = \"log_time\", mode = \"who.mode\" }\nsamples = { period_s = 1.0 }\n";
    fs::write(folder.join("station-log.toml"), mapping).unwrap();
    let report = engine.import_log(&folder, None, &Quiet).unwrap();
    let units = lines(&engine, "SELECT unit, mode, outcome, (end_ns - start_ns) / 1000000000 FROM units ORDER BY unit");
    assert_eq!(units, ["u0 autonomous success 10", "u1 teleoperated success 10", "u2 autonomous success 10"]);
    let codes: Vec<_> = report.findings.iter().map(|finding| (finding.code.as_str(), finding.rows)).collect();
    assert_eq!(codes, [("LOG003", 1)], "{:#?}", report.findings);
}

//! CSV, JSON Lines and Parquet.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use prairie_formats::{Reader, sniff};
use prairie_model::NoteKind;

use crate::support::{Got, read, samples, source};

const TIMED: &str = "[time]\ncolumn = \"t\"\nunit = \"s\"\n";

fn some(numbers: &[f64]) -> Vec<Option<f64>> {
    numbers.iter().copied().map(Some).collect()
}

#[test]
fn a_file_is_an_episode_and_columns_are_vectors() {
    let config = format!(
        "{TIMED}[[files]]\npath = \"runs/*.csv\"\ntask = \"polish\"\nattributes = {{ cell = \"4\" }}\n\
         [[streams]]\nname = \"qpos\"\ncolumns = [\"q0\", \"q1\"]\nunit = \"rad\"\n\
         [[streams]]\nname = \"force\"\n[[streams]]\nname = \"state\"\ntext = true\n[attributes]\nrobot = \"ur3\"\n"
    );
    let one = "\u{feff}t , q0,q1 ,force,state\n100.5,1, 2,,idle\n100.75,3,,7.5,idle\n100.25,x,4,8,\n,1,1,1,\n";
    let ten = "q1;t;q0;state;force\n1;0;2;go;3\n";
    let source = source(&config, &[("runs/r10.csv", ten.as_bytes()), ("runs/r1.csv", one.as_bytes())]);
    assert_eq!(sniff(&source).expect("it is known").name(), "table");
    let recording = read(&source).expect("tables");
    let keys: Vec<_> = recording.plan.episodes.iter().map(|it| it.key.as_str()).collect();
    assert_eq!(keys, ["runs/r1.csv", "runs/r10.csv"]);
    assert_eq!(recording.plan.episodes[0].task.as_deref(), Some("polish"));
    assert_eq!(recording.plan.episodes[1].attributes["cell"], "4");
    assert_eq!(recording.plan.attributes["robot"], "ur3");
    let qpos = &recording.plan.channels[0];
    assert_eq!((qpos.names.join(" "), qpos.metadata["unit"].as_str()), ("q0 q1".to_owned(), "rad"));
    assert_eq!(recording.numbers(0, "qpos"), [some(&[1.0, 2.0]), vec![Some(3.0), None], vec![None, Some(4.0)]]);
    assert_eq!(recording.times(0, "qpos"), [0, 250_000_000, -250_000_000], "times go back, and are delivered");
    assert_eq!(recording.times(0, "force"), [250_000_000, -250_000_000], "a row without a cell is none");
    assert_eq!(recording.stream(0, "state").len(), 2);
    assert_eq!(recording.numbers(1, "qpos"), [some(&[2.0, 1.0])], "columns are found by name");
    assert_eq!(recording.stream(1, "state"), [(0, Got::Text("go".to_owned()))]);
    assert_eq!(recording.kinds(), [NoteKind::TimeInvalid, NoteKind::ValueUnknown]);
    assert_eq!(recording.notes[1].text, "1 cells of `qpos` are no numbers, and unknown");
    assert_eq!(recording.ended, [0, 1]);
    assert!(recording.summary.complete);
}

#[test]
fn a_column_cuts_a_file_into_episodes() {
    let config = "[time]\nrate_hz = 10\n[episodes]\ncolumn = \"cycle\"\n[[files]]\npath = \"log.csv\"\n";
    let text = "cycle,a\n1,10\n1,11\n2,20\n,99\n1,12\n";
    let recording = read(&source(config, &[("log.csv", text.as_bytes())])).expect("a table");
    let episodes: Vec<_> = recording.plan.episodes.iter().map(|it| (it.key.as_str(), it.claimed_length)).collect();
    assert_eq!(episodes, [("log.csv#1", Some(2)), ("log.csv#2", Some(1)), ("log.csv#1~2", Some(1))]);
    assert_eq!(recording.plan.episodes[1].attributes["cycle"], "2");
    assert_eq!(recording.numbers(0, "a"), [some(&[10.0]), some(&[11.0])]);
    assert_eq!(recording.times(0, "a"), [0, 100_000_000]);
    assert_eq!(recording.times(2, "a"), [0]);
    assert_eq!(recording.kinds(), [NoteKind::IndexWrong, NoteKind::IndexWrong]);
    assert_eq!(recording.notes[1].text, "1 rows of `log.csv` are of no episode");
}

#[test]
fn options_of_csv_and_units_of_time() {
    let config = "[time]\ncolumn = \"Zeit\"\nunit = \"ms\"\n[csv]\ndelimiter = \";\"\ndecimal = \",\"\n\
                  [renames]\n\"Kraft [N]\" = \"force\"\n[[files]]\npath = \"a.txt\"\nformat = \"csv\"\n";
    let text = "Zeit;Kraft [N] ;gut\n0,5;1,25;True\n1;-2;false\n";
    let recording = read(&source(config, &[("a.txt", text.as_bytes())])).expect("a table");
    assert_eq!(recording.numbers(0, "force"), [some(&[1.25]), some(&[-2.0])]);
    assert_eq!(recording.numbers(0, "gut"), [some(&[1.0]), some(&[0.0])]);
    assert_eq!(recording.times(0, "force"), [0, 500_000]);

    let config =
        "[time]\ncolumn = \"at\"\nunit = \"iso8601\"\nutc_offset = \"+08:00\"\n[[files]]\npath = \"a.jsonl\"\n";
    let text =
        "{\"at\":\"2026-01-01T08:00:00\",\"pose\":{\"x\":1}}\n{\"at\":\"2026-01-01T00:00:01.5Z\",\"pose\":{\"x\":2}}\n";
    let recording = read(&source(config, &[("a.jsonl", text.as_bytes())])).expect("a table");
    assert_eq!(recording.times(0, "pose.x"), [0, 1_500_000_000]);
}

#[test]
fn parquet_with_its_own_times() {
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("at", Arc::new(TimestampMicrosecondArray::from(vec![1_000, 3_000, 2_000]))),
        ("a", Arc::new(Float64Array::from(vec![Some(1.0), None, Some(3.0)]))),
        ("mode", Arc::new(StringArray::from(vec!["x", "y", "y"]))),
    ];
    let batch = RecordBatch::try_from_iter(columns).expect("columns of one length");
    let mut bytes = Vec::new();
    let mut writer = parquet::arrow::ArrowWriter::try_new(&mut bytes, batch.schema(), None).expect("a writer");
    writer.write(&batch).expect("rows");
    writer.close().expect("a footer");
    let config = "[time]\ncolumn = \"at\"\nunit = \"us\"\n[[files]]\npath = \"*.parquet\"\n";
    let whole = read(&source(config, &[("a.parquet", &bytes)])).expect("a table");
    assert_eq!(whole.plan.episodes[0].claimed_length, Some(3));
    assert_eq!(whole.times(0, "a"), [0, 1_000_000]);
    assert_eq!(whole.times(0, "mode"), [0, 2_000_000, 1_000_000]);
    for cut in (0..bytes.len()).step_by(5) {
        let recording = read(&source(config, &[("a.parquet", &bytes[..cut])])).expect("only the file is damaged");
        assert!(!recording.notes.is_empty() && !recording.summary.complete, "{cut}");
    }
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        drop(read(&source(config, &[("a.parquet", &changed)])));
    }
}

#[test]
fn long_tables_come_in_batches() {
    let rows: String = (0..10_000).map(|row| format!("{},{row}\n", f64::from(row) * 0.01)).collect();
    let text = format!("t,a\n{rows}");
    let config = format!("{TIMED}[[files]]\npath = \"a.csv\"\n");
    let recording = read(&source(&config, &[("a.csv", text.as_bytes())])).expect("a table");
    let numbers: Vec<f64> = recording.numbers(0, "a").into_iter().flatten().flatten().collect();
    assert_eq!(numbers, (0..10_000).map(f64::from).collect::<Vec<_>>());
    assert_eq!(recording.times(0, "a")[9_999], 99_990_000_000);
}

#[test]
fn what_is_wrong_is_told_and_the_rest_is_read() {
    let config = format!(
        "{TIMED}[[files]]\npath = \"a.csv\"\n[[files]]\npath = \"b.csv\"\n[[files]]\npath = \"c.csv\"\n[[streams]]\n\
         name = \"a\"\n[[streams]]\nname = \"gone\"\n"
    );
    let files: [(&str, &[u8]); 2] = [("a.csv", b"t,a\n0,1\n1,2,3\n2"), ("b.csv", b"")];
    let recording = read(&source(&config, &files)).expect("tables");
    assert_eq!(recording.numbers(0, "a"), [some(&[1.0])]);
    let told: Vec<_> = recording.notes.iter().map(|note| note.text.as_str()).collect();
    let expected = [
        "no file is called `c.csv`",
        "there is no column `gone` in `a.csv`",
        "2 rows of `a.csv` cannot be read",
        "failed to read the line of names at byte 0 of `b.csv`: the file is empty",
    ];
    assert_eq!(told, expected);
    assert_eq!(recording.ended, [0]);
}

#[test]
fn a_wrong_description_says_why() {
    for (config, why) in [
        ("[time]\nrate_hz = 10", "missing field `files`"),
        ("files = []\n[time]\nrate_hz = 10", "0 files"),
        ("[[files]]\npath = \"a\"", "missing field `time`"),
        ("[time]\n[[files]]\npath = \"a\"", "neither"),
        ("[time]\ncolumn = \"t\"\n[[files]]\npath = \"a\"", "no `unit`"),
        ("[time]\nrate_hz = -1\n[[files]]\npath = \"a\"", "`rate_hz` is -1"),
        ("[time]\ncolumn = \"t\"\nunit = \"h\"\n[[files]]\npath = \"a\"", "unknown variant `h`"),
        ("[time]\nrate_hz = 1\n[csv]\ndecimal = \"'\"\n[[files]]\npath = \"a\"", "`decimal`"),
        ("[time]\nrate_hz = 1\n[csv]\ndelimiter = \"ab\"\n[[files]]\npath = \"a\"", "`delimiter`"),
        (
            "[time]\nrate_hz = 1\n[[files]]\npath = \"a\"\n[[streams]]\nname = \"x\"\n[[streams]]\nname = \"x\"",
            "two streams",
        ),
        ("[time]\nrate_hz = 1\nzone = 1\n[[files]]\npath = \"a\"", "unknown field `zone`"),
    ] {
        let error = read(&source(config, &[])).expect_err("no plan").to_string();
        assert!(error.contains(why), "{error}");
    }
    let other = prairie_model::MemorySource::new([("recording.toml".to_owned(), b"schema = \"x\"".to_vec())]);
    assert!(!prairie_formats::columns::Columns.claims(&other));
}

#[test]
fn a_real_cobot_is_read() {
    let Some(samples) = samples("the UR3 of `ur3-cobotops`") else { return };
    let text = std::fs::read(samples.join("ur3-cobotops/ur3_rows_0001_4445.csv")).expect("the sample");
    let joints = |name: &str| (0..6).map(|at| format!("\"{name}{at}\"")).collect::<Vec<_>>().join(", ");
    let config = format!(
        "[time]\ncolumn = \"Timestamp\"\nunit = \"iso8601\"\n[[files]]\npath = \"*.csv\"\n[renames]\n\
         Temperature_T0 = \"Temperature_J0\"\n[[streams]]\nname = \"joint_currents\"\ncolumns = [{}]\nunit = \"A\"\n\
         [[streams]]\nname = \"joint_velocities\"\ncolumns = [{}]\n[[streams]]\nname = \"joint_temperatures\"\ncolumns = [{}]\n\
         [[streams]]\nname = \"cycle\"\n[[streams]]\nname = \"protective_stop\"\ncolumns = [\"Robot_ProtectiveStop\"]\n\
         [[streams]]\nname = \"grip_lost\"\n",
        joints("Current_J"),
        joints("Speed_J"),
        joints("Temperature_J")
    );
    let recording = read(&source(&config, &[("ur3.csv", &text)])).expect("a table");
    let rows = recording.numbers(0, "joint_currents");
    // Rows, and cells that are empty, as `grep` and `awk` count them.
    let lines = String::from_utf8(text).expect("text");
    let whole = lines.lines().skip(1).count();
    let with_currents = lines.lines().skip(1).filter(|line| {
        let cells: Vec<&str> = line.split(',').collect();
        [2, 4, 6, 8, 10, 12].iter().any(|at| !cells[*at].trim().is_empty())
    });
    assert_eq!(rows.len(), with_currents.count());
    println!("{whole} rows, {} with currents, notes {:?}", rows.len(), recording.notes);
    assert_eq!(rows[0][0], Some(0.109627604484558));
    assert_eq!(recording.times(0, "joint_currents")[1], 1_005_000_000);
    assert!(!recording.numbers(0, "cycle").is_empty(), "the column `cycle ` has a blank behind it");
    let stops: Vec<_> = recording.numbers(0, "protective_stop").into_iter().flatten().flatten().collect();
    assert!(stops.iter().all(|stop| *stop == 0.0 || *stop == 1.0) && stops.contains(&1.0));
    let lost: Vec<_> = recording.numbers(0, "grip_lost").into_iter().flatten().flatten().collect();
    assert!(lost.iter().all(|lost| *lost == 0.0 || *lost == 1.0) && lost.contains(&1.0));
}

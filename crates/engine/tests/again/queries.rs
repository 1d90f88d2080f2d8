//! Queries: no rows, and more rows than memory holds.

use tempfile::TempDir;

use crate::synth::Take;
use crate::{blind, ingest_one, store};

#[test]
fn no_rows_still_have_columns() {
    let dir = TempDir::new().unwrap();
    let engine = store(&dir);
    let none = "SELECT episode_id, duration_s, start_ns FROM episodes WHERE false";
    let mut text = Vec::new();
    assert_eq!(engine.query(none, None).unwrap().write_csv(&mut text).unwrap(), 0);
    assert_eq!(String::from_utf8(text).unwrap(), "episode_id,duration_s,start_ns\n");
    let mut text = Vec::new();
    engine.query(none, None).unwrap().write_json(&mut text).unwrap();
    assert_eq!(String::from_utf8(text).unwrap().trim(), "[]");
    let mut text = Vec::new();
    engine.query(none, None).unwrap().write_table(&mut text).unwrap();
    assert_eq!(String::from_utf8(text).unwrap().split_whitespace().count(), 3);
    let mut bytes = Vec::new();
    assert_eq!(engine.query(none, None).unwrap().write_parquet(&mut bytes).unwrap(), 0);
    let path = dir.path().join("none.parquet");
    std::fs::write(&path, bytes).unwrap();
    let file = std::fs::File::open(path).unwrap();
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let names: Vec<_> = reader.schema().fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!(names, ["episode_id", "duration_s", "start_ns"]);
}

#[test]
fn rows_come_as_they_are_made() {
    let dir = TempDir::new().unwrap();
    let engine = store(&dir);
    let path = dir.path().join("take.mcap");
    Take::default().write(&path);
    ingest_one(&engine, &path, &blind());
    // 800 to the power of four rows: to collect them would take years and an exabyte.
    let sql = "SELECT a.t_ns + b.t_ns - c.t_ns AS t FROM joint_state a, joint_state b, joint_state c, joint_state d";
    let mut rows = engine.query(sql, None).unwrap();
    assert_eq!(rows.schema().field(0).name(), "t");
    assert!(rows.next_batch().unwrap().is_some_and(|batch| batch.num_rows() > 0));
    drop(rows);
    // More than a table for people is measured by, with a value at its end that is wider than its column.
    let sql = "SELECT CASE WHEN a.t_ns = (SELECT max(t_ns) FROM joint_state) THEN 'the last of them' ELSE 'x' END AS w \
               FROM joint_state a, (SELECT 1 UNION ALL SELECT 2) b ORDER BY a.t_ns";
    let mut text = Vec::new();
    assert_eq!(engine.query(sql, None).unwrap().write_table(&mut text).unwrap(), 1600);
    let text = String::from_utf8(text).unwrap();
    assert_eq!(text.lines().count(), 1601);
    assert!(text.lines().last().unwrap().starts_with('…'), "{:?}", text.lines().last());
}

#[test]
fn rows_outlive_the_engine_that_began_the_query() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("take.mcap");
    Take::default().write(&path);
    ingest_one(&store(&dir), &path, &blind());
    for _ in 0..20 {
        let engine = store(&dir);
        // Aggregates run in tasks of their own, which would end with the runtime.
        let sql = "SELECT count(*) AS n FROM joint_state a, joint_state b WHERE a.t_ns <= b.t_ns";
        let rows = engine.query(sql, None).unwrap();
        drop(engine);
        let mut text = Vec::new();
        assert_eq!(rows.write_csv(&mut text).unwrap(), 1);
    }
}

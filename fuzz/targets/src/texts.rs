//! Files that people and other parties write: mappings, profiles, signed envelopes.

use prairie_formats::robot_model::RobotModel;
use prairie_formats::table::{TableFormat, read_table};
use prairie_ledger::{Envelope, PrivateKey};
use prairie_model::MemorySource;
use prairie_quality::Profile;
use prairie_standardize::Mapping;
use prairie_standardize::station::{LogMapping, SectionReader};
use prairie_verify::protocol::Protocol;
use prairie_verify::simulate::Truth;

pub(crate) fn mapping(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(mapping) = Mapping::parse(text) {
        let again = Mapping::parse(text).map(|again| again.hash());
        assert_eq!(again.ok(), Some(mapping.hash()), "the same text is the same mapping");
    }
}

pub(crate) fn profile(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(profile) = Profile::parse(text) {
        assert!(profile.validate().is_ok(), "what was parsed is valid");
        profile.title();
        profile.hash();
    }
}

/// What is read and written again is the same, and nobody's signature appears from nothing.
pub(crate) fn envelope(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(envelope) = Envelope::from_json(text) else { return };
    assert_eq!(Envelope::from_json(&envelope.to_json()).ok(), Some(envelope.clone()));
    let stranger = PrivateKey::from_seed([99; 32]);
    assert!(!envelope.verify(&[stranger.public()]).is_signed(), "a key that nobody used has signed");
}

/// The mapping that station logs are read by: every kind of row, and a condition.
const LOG_MAPPING: &str = r#"schema = "prairie/station-log/1"
utc_offset = "+08:00"
[defaults]
station = "s"
[[files]]
path = "log"
kind = "units"
conditions = { lighting_lux = "lux" }
[files.values.outcome]
OK = "success"
[[files]]
path = "log"
kind = "shifts"
[[files]]
path = "log"
kind = "events"
time_unit = "ms"
[[files]]
path = "log"
kind = "readings"
[[files]]
path = "log"
kind = "audits"
conditions = { lighting_lux = "lux" }
[[files]]
path = "log"
kind = "draws"
[[files]]
path = "log"
kind = "coverage"
[[files]]
path = "log"
kind = "presence"
"#;

/// The first byte chooses the format. Every row is handed over or counted.
pub(crate) fn station_log(data: &[u8]) {
    let Some((first, data)) = data.split_first() else { return };
    let format = &[TableFormat::Csv, TableFormat::JsonLines, TableFormat::Parquet][usize::from(first % 3)];
    let source = MemorySource::new([("log".to_owned(), data.to_vec())]);
    let mapping = LogMapping::from_toml(LOG_MAPPING).expect("a mapping of this program");
    for section in &mapping.files {
        let mut reader = SectionReader::new(&mapping, section, "log");
        let mut rows = 0;
        let summary = read_table(&source, 0, format, &mut |row| {
            assert_eq!(row.names.len(), row.cells.len(), "a cell per name");
            rows += 1;
            reader.row(row);
        });
        if let Ok(summary) = summary {
            assert_eq!(summary.rows, rows, "what was handed over was counted");
        }
        reader.last();
        let (tally, _) = reader.finish();
        let sum = tally.made + tally.merged + tally.nothing + tally.incomplete;
        assert_eq!(tally.rows, sum, "every row became something or is counted");
    }
}

/// A task book that is complete is complete again, and a truth that is accepted can be simulated in principle.
pub(crate) fn task_book(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(protocol) = Protocol::from_toml(text).and_then(Protocol::complete) {
        assert_eq!(protocol.clone().complete().ok(), Some(protocol.clone()));
        assert!(prairie_model::hash_canonical(&protocol).is_ok(), "what was accepted can be hashed");
    }
    drop(Truth::from_toml(text));
    drop(LogMapping::from_toml(text));
}

/// A robot has no more parts than its description has bytes, and every number of it is one.
pub(crate) fn robot_model(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(model) = RobotModel::parse(text) else { return };
    assert!(model.joints.len() + model.links.len() + model.actuators.len() <= data.len());
    for joint in &model.joints {
        let numbers = [joint.lower, joint.upper, joint.velocity, joint.effort];
        assert!(numbers.into_iter().flatten().all(f64::is_finite), "{joint:?}");
        let length: f64 = joint.origin.orientation.iter().map(|part| part * part).sum();
        assert!((length - 1.0).abs() < 1e-6, "{joint:?}");
    }
}

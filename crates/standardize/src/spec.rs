//! The specification, held against the code.

use arrow::datatypes::DataType;
use prairie_model::{FRAME_FIELDS, StreamKind};

const EPISODE: &str = include_str!("../../../docs/spec/episode.md");
const MAPPING: &str = include_str!("../../../docs/reference/mapping.md");

/// Column names, types and units in the table under the heading `name`.
fn columns(name: &str) -> Vec<(String, String, String)> {
    let heading = format!("### `{name}`");
    let section = EPISODE.split("\n##").find(|section| section.starts_with(heading.trim_start_matches("##")));
    let section = section.unwrap_or_else(|| panic!("the specification has no `{name}`"));
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        (cells[0].trim_matches('`').to_owned(), cells[1].to_owned(), cells[2].to_owned())
    })
    .collect()
}

#[test]
fn the_specification_lists_the_columns_of_every_kind() {
    for kind in StreamKind::ALL {
        let listed = columns(kind.table());
        // What stands in every table is listed once: two keys are the catalog's, three times the kind's.
        let fields = kind.fields();
        let own = &fields[3..];
        let names: Vec<_> = listed.iter().map(|(name, ..)| name.as_str()).collect();
        assert_eq!(names, own.iter().map(|field| field.name().as_str()).collect::<Vec<_>>(), "{}", kind.name());
        for (field, (name, text, unit)) in own.iter().zip(&listed) {
            let (kind_name, never) = text.split_once(',').map_or((text.as_str(), false), |(kind, _)| (kind, true));
            let expect = match field.data_type() {
                DataType::Float64 => "f64",
                DataType::List(_) => "list<f64>",
                DataType::Utf8 => "utf8",
                DataType::Binary => "binary",
                DataType::Boolean => "bool",
                DataType::UInt32 => "u32",
                DataType::UInt64 => "u64",
                other => panic!("no word for {other}"),
            };
            assert_eq!((kind_name, never), (expect, !field.is_nullable()), "{} {name}", kind.name());
            let fixed = kind.numbers().iter().find(|(number, ..)| number == name).map_or("", |(.., unit)| unit);
            assert!(fixed.is_empty() || unit.starts_with(fixed), "{} {name}: `{unit}` is not `{fixed}`", kind.name());
        }
    }
    assert_eq!(columns("frames").len(), FRAME_FIELDS.len());
}

#[test]
fn the_specification_names_every_kind() {
    for kind in StreamKind::ALL {
        assert!(EPISODE.contains(&format!("`{}`", kind.name())), "{}", kind.name());
    }
}

#[test]
fn the_example_of_the_reference_is_a_mapping() {
    let example = MAPPING.split("```toml").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let mapping = crate::Mapping::parse(example).unwrap();
    assert_ne!(mapping.hash(), crate::Mapping::default().hash());
}

#[test]
fn the_units_of_the_reference_are_known() {
    let list = MAPPING.split("**Units**:").nth(1).and_then(|rest| rest.split(". `").next()).unwrap();
    let code = list.split('`').skip(1).step_by(2);
    for unit in code.flat_map(str::split_whitespace) {
        assert!(crate::unit::to_si(unit).is_some(), "{unit}");
        let plain = unit.replace('²', "2").replace('µ', "u");
        assert!(crate::unit::to_si(&plain).is_some(), "{plain}");
        for joint in [".", ""] {
            let spelled = unit.replace('·', joint);
            assert!(crate::unit::to_si(&spelled).is_some(), "{spelled}");
        }
    }
}

//! Protobuf by hand-made descriptors and messages.

use arrow::array::{Array, AsArray};
use arrow::datatypes::{
    DataType, DurationNanosecondType, Float64Type, Int32Type, Int64Type, TimestampNanosecondType, UInt32Type,
};
use prairie_model::{BlobColumns, BlobRef, Compression, MessageEncoding, is_blob};
use prost::Message;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumValueDescriptorProto, FieldDescriptorProto, FieldOptions,
    FileDescriptorProto, FileDescriptorSet, MessageOptions, OneofDescriptorProto,
};

use super::{DecodeError, Decoder, SchemaBytes, decoder};

fn field(name: &str, number: i32, kind: Type, type_name: &str) -> FieldDescriptorProto {
    FieldDescriptorProto {
        name: Some(name.to_owned()),
        number: Some(number),
        label: Some(Label::Optional as i32),
        r#type: Some(kind as i32),
        type_name: (!type_name.is_empty()).then(|| type_name.to_owned()),
        ..Default::default()
    }
}

fn repeated(mut field: FieldDescriptorProto) -> FieldDescriptorProto {
    field.label = Some(Label::Repeated as i32);
    field
}

fn message(name: &str, fields: Vec<FieldDescriptorProto>) -> DescriptorProto {
    DescriptorProto { name: Some(name.to_owned()), field: fields, ..Default::default() }
}

fn set(messages: Vec<DescriptorProto>) -> Vec<u8> {
    let file = FileDescriptorProto {
        name: Some("t.proto".to_owned()),
        package: Some("t".to_owned()),
        // Not in the set: some writers leave them out.
        dependency: vec!["google/protobuf/timestamp.proto".to_owned(), "google/protobuf/duration.proto".to_owned()],
        message_type: messages,
        enum_type: vec![EnumDescriptorProto {
            name: Some("E".to_owned()),
            value: vec![EnumValueDescriptorProto { name: Some("ZERO".to_owned()), number: Some(0), options: None }],
            ..Default::default()
        }],
        syntax: Some("proto3".to_owned()),
        ..Default::default()
    };
    FileDescriptorSet { file: vec![file] }.encode_to_vec()
}

fn make(name: &str, data: &[u8]) -> Result<Box<dyn Decoder>, DecodeError> {
    let schema = SchemaBytes { name, encoding: "protobuf", data };
    decoder(Some(schema), &MessageEncoding::Protobuf, |_, path| path.ends_with("inlined"))
}

fn push(decoder: &mut dyn Decoder, message: &[u8]) -> Result<(), String> {
    let at = BlobRef {
        file: 0,
        chunk_offset: 100,
        chunk_length: message.len() as u64,
        compression: Compression::None,
        inner_offset: 0,
        length: message.len() as u64,
        key_frame: None,
        sha256: None,
    };
    decoder.push(message, at).map_err(|error| error.0)
}

/// One field of wire type two.
fn lengthy(number: u8, bytes: &[u8]) -> Vec<u8> {
    [&[number << 3 | 2, bytes.len() as u8], bytes].concat()
}

fn scalars() -> Vec<u8> {
    let mut choice_a = field("a", 14, Type::Int32, "");
    let mut choice_b = field("b", 15, Type::String, "");
    choice_a.oneof_index = Some(0);
    choice_b.oneof_index = Some(0);
    let mut optional = field("maybe", 12, Type::Double, "");
    optional.oneof_index = Some(1);
    optional.proto3_optional = Some(true);
    let mut all = message(
        "T",
        vec![
            field("d", 1, Type::Double, ""),
            field("i", 2, Type::Int32, ""),
            field("s", 3, Type::Sint64, ""),
            field("f", 4, Type::Fixed32, ""),
            field("flag", 5, Type::Bool, ""),
            field("text", 6, Type::String, ""),
            field("kind", 7, Type::Enum, ".t.E"),
            field("data", 8, Type::Bytes, ""),
            field("inlined", 9, Type::Bytes, ""),
            field("stamp", 10, Type::Message, ".google.protobuf.Timestamp"),
            field("span", 11, Type::Message, ".google.protobuf.Duration"),
            optional,
            repeated(field("numbers", 13, Type::Int64, "")),
            choice_a,
            choice_b,
        ],
    );
    all.oneof_decl =
        ["choice", "_maybe"].map(|name| OneofDescriptorProto { name: Some(name.to_owned()), options: None }).to_vec();
    set(vec![all])
}

#[test]
fn absent_fields_are_defaults_or_null() {
    let mut decoder = make("t.T", &scalars()).unwrap();
    push(&mut *decoder, &[]).unwrap();
    let rows = decoder.finish();
    let nulls: Vec<_> = rows
        .fields()
        .iter()
        .zip(rows.columns())
        .filter(|(_, column)| column.is_null(0))
        .map(|(field, _)| field.name().as_str())
        .collect();
    assert_eq!(nulls, ["stamp", "span", "maybe", "a", "b"]);
    assert_eq!(rows.column_by_name("text").unwrap().as_string::<i32>().value(0), "");
    assert_eq!(rows.column_by_name("kind").unwrap().as_primitive::<Int32Type>().value(0), 0);
    assert_eq!(BlobColumns::read(rows.column_by_name("data").unwrap()).unwrap()[0].length, 0);
}

#[test]
fn scalars_become_columns() {
    let mut decoder = make(".t.T", &scalars()).unwrap();
    let mut bytes = vec![0x09];
    bytes.extend(2.5_f64.to_le_bytes());
    bytes.extend([0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]); // i = -1
    bytes.extend([0x18, 0x03]); // s = -2
    bytes.extend([0x25, 5, 0, 0, 0, 0x28, 1]);
    bytes.extend(lengthy(6, "né".as_bytes()));
    bytes.extend([0x38, 7]); // an enumerator that the schema does not know
    let data_at = bytes.len() + 2;
    bytes.extend(lengthy(8, b"blob"));
    bytes.extend(lengthy(9, b"in"));
    bytes.extend(lengthy(10, &[0x08, 2, 0x10, 5]));
    bytes.extend(lengthy(11, &[0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]));
    bytes.extend([0x61]);
    bytes.extend(0.0_f64.to_le_bytes());
    bytes.extend(lengthy(13, &[1, 0x80, 1]));
    bytes.extend([0x68, 3]); // unpacked, after the packed ones
    bytes.extend([0xf8, 0x07, 9]); // field 127 is not in the schema
    push(&mut *decoder, &bytes).unwrap();
    let rows = decoder.finish();
    rows.to_data().validate_full().unwrap();
    let column = |name: &str| rows.column_by_name(name).unwrap();
    assert_eq!(column("d").as_primitive::<Float64Type>().value(0), 2.5);
    assert_eq!(column("i").as_primitive::<Int32Type>().value(0), -1);
    assert_eq!(column("s").as_primitive::<Int64Type>().value(0), -2);
    assert_eq!(column("f").as_primitive::<UInt32Type>().value(0), 5);
    assert!(column("flag").as_boolean().value(0));
    assert_eq!(column("text").as_string::<i32>().value(0), "né");
    assert_eq!(column("kind").as_primitive::<Int32Type>().value(0), 7);
    let blob = BlobColumns::read(column("data")).unwrap()[0];
    assert_eq!((blob.chunk_offset, blob.length), (100 + data_at as u64, 4));
    assert_eq!(column("inlined").as_list::<i32>().value(0).len(), 2);
    assert_eq!(column("stamp").as_primitive::<TimestampNanosecondType>().value(0), 2_000_000_005);
    assert_eq!(column("span").as_primitive::<DurationNanosecondType>().value(0), -1);
    assert!(column("maybe").is_valid(0), "an explicit zero is no absence");
    assert_eq!(column("numbers").as_list::<i32>().value(0).as_primitive::<Int64Type>().values()[..], [1, 128, 3]);
}

#[test]
fn the_last_value_and_the_last_choice_count() {
    let mut decoder = make("t.T", &scalars()).unwrap();
    let bytes =
        [&[0x10, 1, 0x70, 5][..], &lengthy(15, b"x"), &lengthy(9, b"one"), &[0x10, 2], &lengthy(9, b"2")].concat();
    push(&mut *decoder, &bytes).unwrap();
    let rows = decoder.finish();
    let column = |name: &str| rows.column_by_name(name).unwrap();
    assert_eq!(column("i").as_primitive::<Int32Type>().value(0), 2);
    assert!(column("a").is_null(0));
    assert_eq!(column("b").as_string::<i32>().value(0), "x");
    assert_eq!(column("inlined").as_list::<i32>().value(0).len(), 1);
}

fn nested() -> Vec<u8> {
    let mut entry = message("LabelsEntry", vec![field("key", 1, Type::String, ""), field("value", 2, Type::Int32, "")]);
    entry.options = Some(MessageOptions { map_entry: Some(true), ..Default::default() });
    let mut packed = repeated(field("packed", 3, Type::Double, ""));
    packed.options = Some(FieldOptions { packed: Some(false), ..Default::default() });
    let mut outer = message(
        "Outer",
        vec![
            field("one", 1, Type::Message, ".t.Inner"),
            repeated(field("many", 2, Type::Message, ".t.Inner")),
            repeated(field("labels", 3, Type::Message, ".t.Outer.LabelsEntry")),
        ],
    );
    outer.nested_type = vec![entry];
    let inner = message(
        "Inner",
        vec![
            field("x", 1, Type::Int32, ""),
            field("y", 2, Type::Int32, ""),
            packed,
            field("again", 4, Type::Message, ".t.Inner"),
            field("data", 5, Type::Bytes, ""),
        ],
    );
    set(vec![outer, inner])
}

#[test]
fn messages_merge_lists_go_on_and_recursion_stays_bytes() {
    let mut decoder = make("t.Outer", &nested()).unwrap();
    let numbers: Vec<u8> = [1.0_f64, 2.0].iter().flat_map(|number| number.to_le_bytes()).collect();
    let mut bytes = lengthy(1, &[0x08, 1]);
    bytes.extend(lengthy(2, &[0x10, 5]));
    bytes.extend(lengthy(3, &[&lengthy(1, b"k")[..], &[0x10, 3]].concat()));
    bytes.extend(lengthy(1, &[&[0x10, 2][..], &lengthy(3, &numbers), &lengthy(4, &[0x08, 9])].concat()));
    bytes.extend(lengthy(2, &lengthy(5, b"zz")));
    push(&mut *decoder, &bytes).unwrap();
    push(&mut *decoder, &[]).unwrap();
    let rows = decoder.finish();
    rows.to_data().validate_full().unwrap();
    let one = rows.column(0).as_struct();
    assert!(one.is_null(1));
    let xy = [one.column(0), one.column(1)].map(|column| column.as_primitive::<Int32Type>().value(0));
    assert_eq!(xy, [1, 2], "both parts of the message count");
    assert_eq!(one.column(2).as_list::<i32>().value(0).as_primitive::<Float64Type>().values()[..], [1.0, 2.0]);
    let again = BlobColumns::read(one.column(3)).unwrap()[0];
    assert_eq!(bytes[again.chunk_offset as usize - 100..][..again.length as usize], [0x08, 9]);
    let many = rows.column(1).as_list::<i32>().value(0);
    assert_eq!(many.as_struct().column(1).as_primitive::<Int32Type>().values()[..], [5, 0]);
    assert_eq!(BlobColumns::read(many.as_struct().column(4)).unwrap()[1].length, 2);
    let labels = rows.column(2).as_list::<i32>().value(0);
    assert_eq!(labels.as_struct().column_by_name("key").unwrap().as_string::<i32>().value(0), "k");
    assert_eq!(labels.as_struct().column_by_name("value").unwrap().as_primitive::<Int32Type>().value(0), 3);
    assert_eq!(rows.column(1).as_list::<i32>().value(1).len(), 0);
    let DataType::Struct(inner) = rows.fields()[0].data_type() else { panic!("a message is a struct") };
    assert!(is_blob(&inner[3]) && is_blob(&inner[4]));
}

#[test]
fn damaged_messages_leave_no_trace() {
    let mut decoder = make("t.Outer", &nested()).unwrap();
    let whole = [&lengthy(1, &[0x08, 1])[..], &lengthy(2, &lengthy(5, b"zz")), &lengthy(3, &lengthy(1, b"k"))].concat();
    push(&mut *decoder, &whole).unwrap();
    let mut failed = 0;
    for at in 0..whole.len() {
        for flip in [1, 4, 8, 0x40, 0x80] {
            let mut bytes = whole.clone();
            bytes[at] ^= flip;
            let rows = decoder.len();
            failed += usize::from(push(&mut *decoder, &bytes).is_err_and(|_| decoder.len() == rows));
        }
        let rows = decoder.len();
        if push(&mut *decoder, &whole[..at]).is_err() {
            assert_eq!(decoder.len(), rows);
        }
    }
    assert!(failed > 10, "{failed} of the damaged messages were refused");
    push(&mut *decoder, &whole).unwrap();
    let rows = decoder.finish();
    rows.to_data().validate_full().unwrap();
    assert_eq!(rows.slice(0, 1).to_data(), rows.slice(rows.len() - 1, 1).to_data());
    assert_eq!(
        push(&mut *decoder, &[0x0a, 9, 0]).unwrap_err(),
        "protobuf buffer ends 8 bytes early in `one` (needs 11, has 3)"
    );
    assert_eq!(push(&mut *decoder, &[0x08, 9]).unwrap_err(), "wire type 0 was found where 2 was expected in `one`");
    assert_eq!(push(&mut *decoder, &[0]).unwrap_err(), "field number 0 is not allowed");
    assert_eq!(push(&mut *decoder, &[0xff; 11]).unwrap_err(), "a number has more than 10 bytes");
    assert_eq!(push(&mut *decoder, &[0x6b; 300]).unwrap_err(), "groups are nested deeper than 100");
}

#[test]
fn unusable_descriptors_say_why() {
    let wrong = |name: &str, data: &[u8]| make(name, data).map(|_| ()).unwrap_err().0;
    assert_eq!(
        wrong("t.Lost", &nested()),
        "schema `t.Lost` (protobuf) is unusable: message `t.Lost` is not in the descriptor set"
    );
    assert!(wrong("t.T", b"\xff\xff").contains("the descriptor set cannot be read"));
    let text = SchemaBytes { name: "T", encoding: "ros2msg", data: b"" };
    let why = decoder(Some(text), &MessageEncoding::Protobuf, |_, _| false).map(|_| ()).unwrap_err();
    assert_eq!(why.0, "schema `T` (ros2msg) is unusable: `protobuf` messages need a descriptor set");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the samples are files")]
fn every_foxglove_message_has_a_decoder() {
    let samples = std::env::var("PRAIRIE_SAMPLES")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/samples").to_owned());
    let Ok(folder) = std::fs::read_dir(format!("{samples}/foxglove-sdk-messages")) else {
        println!("skipped: the samples are not at `{samples}`");
        return;
    };
    let mut seen = 0;
    for entry in folder {
        let path = entry.unwrap().path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".bin")) else { continue };
        let package = if matches!(name, "Duration" | "Timestamp") { "google.protobuf" } else { "foxglove" };
        let data = std::fs::read(&path).unwrap();
        let mut decoder = make(&format!("{package}.{name}"), &data).unwrap_or_else(|error| panic!("{name}: {error}"));
        push(&mut *decoder, &[]).unwrap();
        assert_eq!(decoder.finish().len(), 1);
        seen += 1;
    }
    assert!(seen > 40, "{seen} messages");
}

//! CDR and ROS 1, by hand-made messages.

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Float64Type, Int8Type, Int32Type, TimestampNanosecondType, UInt8Type, UInt32Type};
use prairie_model::{BlobColumns, BlobRef, Compression, MessageEncoding, is_blob, time_type};

use super::{CdrWriter, DecodeError, Decoder, SchemaBytes, decoder, ros2_types};

/// A message of `length` bytes at byte 1000 of a file.
fn place(length: usize) -> BlobRef {
    BlobRef {
        file: 0,
        chunk_offset: 1000,
        chunk_length: length as u64,
        compression: Compression::None,
        inner_offset: 0,
        length: length as u64,
        key_frame: None,
        sha256: None,
    }
}

fn make(name: &str, encoding: &str, text: &str) -> Result<Box<dyn Decoder>, DecodeError> {
    let message = if encoding == "ros1msg" { MessageEncoding::Ros1 } else { MessageEncoding::Cdr };
    let schema = SchemaBytes { name, encoding, data: text.as_bytes() };
    decoder(Some(schema), &message, |_, path| path.ends_with("inlined"))
}

fn ros2(text: &str) -> Box<dyn Decoder> {
    make("test_msgs/msg/Test", "ros2msg", text).unwrap()
}

fn push(decoder: &mut dyn Decoder, message: &[u8]) -> Result<(), String> {
    decoder.push(message, place(message.len())).map_err(|error| error.0)
}

fn joint_state(names: &[&str], values: &[f64]) -> Vec<u8> {
    let mut message = CdrWriter::new();
    assert!(message.header(1_500_000_000, "base"));
    message.strings(names);
    message.f64s(values);
    message.f64s(&[]);
    message.f64s(&values.iter().map(|value| value * 2.0).collect::<Vec<_>>());
    message.finish()
}

#[test]
fn joint_states_become_columns() {
    let text = ros2_types::definition("sensor_msgs/msg/JointState").unwrap();
    let mut decoder = make("sensor_msgs/msg/JointState", "ros2msg", &text).unwrap();
    let names: Vec<_> = decoder.fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!(names, ["header", "name", "position", "velocity", "effort"]);
    push(&mut *decoder, &joint_state(&["a", "bb"], &[1.0, 2.0])).unwrap();
    push(&mut *decoder, &joint_state(&[], &[3.0])).unwrap();
    assert_eq!(decoder.len(), 2);
    let rows = decoder.finish();
    assert!(decoder.is_empty());
    assert_eq!(rows.fields(), decoder.fields());
    let header = rows.column(0).as_struct();
    assert_eq!(header.column(0).data_type(), &time_type());
    assert_eq!(header.column(0).as_primitive::<TimestampNanosecondType>().values()[..], [1_500_000_000; 2]);
    assert_eq!(header.column(1).as_string::<i32>().value(1), "base");
    assert_eq!(rows.column(1).as_list::<i32>().value(0).as_string::<i32>().value(1), "bb");
    assert_eq!(rows.column(2).as_list::<i32>().value(0).as_primitive::<Float64Type>().values()[..], [1.0, 2.0]);
    assert_eq!(rows.column(3).as_list::<i32>().value(0).len(), 0);
    assert_eq!(rows.column(4).as_list::<i32>().value(1).as_primitive::<Float64Type>().values()[..], [6.0]);
    assert_eq!(decoder.finish().len(), 0, "the rows were taken");
}

#[test]
fn names_that_come_again_are_read_as_if_they_came_first() {
    let text = ros2_types::definition("sensor_msgs/msg/JointState").unwrap();
    let mut decoder = make("sensor_msgs/msg/JointState", "ros2msg", &text).unwrap();
    let lists: [&[&str]; 9] = [
        &["a", "bb"],
        &["a", "bb"],
        &["a"],
        &["a", "bb", "c"],
        &["a", "bb"],
        &[],
        &["", ""],
        &["a", "bc"],
        &["a", "bc"],
    ];
    let swap = |message: &[u8]| {
        let mut message = message.to_vec();
        message[1] = 0;
        message
    };
    for taken in [1, 4, 100] {
        let mut names = Vec::new();
        for (at, list) in lists.iter().enumerate() {
            let message = joint_state(list, &[1.0]);
            push(&mut *decoder, &message).unwrap();
            // The same bytes in the other byte order are another message, whatever was read before.
            assert!(push(&mut *decoder, &swap(&message)).is_err());
            if (at + 1) % taken == 0 || at + 1 == lists.len() {
                let rows = decoder.finish();
                let column = rows.column(1).as_list::<i32>();
                names.extend((0..column.len()).map(|row| {
                    let row = column.value(row);
                    row.as_string::<i32>().iter().flatten().map(str::to_owned).collect::<Vec<_>>()
                }));
            }
        }
        assert_eq!(names, lists);
    }
}

#[test]
fn a_short_message_is_told_with_its_numbers_and_leaves_no_trace() {
    let text = ros2_types::definition("sensor_msgs/msg/JointState").unwrap();
    let mut decoder = make("sensor_msgs/msg/JointState", "ros2msg", &text).unwrap();
    let whole = joint_state(&["a", "b"], &[1.0, 2.0]);
    push(&mut *decoder, &whole).unwrap();
    for length in 0..whole.len() {
        let why = push(&mut *decoder, &whole[..length]).unwrap_err();
        assert!(why.starts_with("CDR buffer ends"), "{why}");
        assert_eq!(decoder.len(), 1);
    }
    let why = push(&mut *decoder, &whole[..whole.len() - 6]).unwrap_err();
    assert_eq!(
        why,
        format!("CDR buffer ends 6 bytes early in `effort` (needs {}, has {})", whole.len(), whole.len() - 6)
    );
    let why = push(&mut *decoder, &whole[..10]).unwrap_err();
    assert_eq!(why, "CDR buffer ends 2 bytes early in `header.stamp` (needs 12, has 10)");
    push(&mut *decoder, &whole).unwrap();
    let rows = decoder.finish();
    assert_eq!(rows.slice(0, 1), rows.slice(1, 1));
    rows.to_data().validate_full().unwrap();
}

#[test]
fn trailing_padding_is_tolerated_in_cdr_and_refused_in_ros1() {
    let mut decoder = ros2("uint8 a\n");
    push(&mut *decoder, &[0, 1, 0, 0, 5, 0, 0, 0]).unwrap();
    let mut decoder = make("p/T", "ros1msg", "uint8 a").unwrap();
    push(&mut *decoder, &[5]).unwrap();
    assert_eq!(
        push(&mut *decoder, &[5, 0]).unwrap_err(),
        "ros1 message has 1 bytes more than its type (needs 1, has 2)"
    );
}

#[test]
fn byte_arrays_point_into_the_recording() {
    let mut decoder = ros2("uint32 n\nuint8[] data\nint8[<=5000] large\nuint8[16] uuid\nuint8[] inlined\n");
    let fields = decoder.fields().clone();
    assert_eq!(fields.iter().map(|field| is_blob(field)).collect::<Vec<_>>(), [false, true, true, false, false]);
    let mut message = CdrWriter::new();
    message.u32(1);
    message.byte_sequence(b"abc");
    message.byte_sequence(b"de");
    (0..16).for_each(|byte| message.u8(byte));
    message.byte_sequence(b"fg");
    let message = message.finish();
    push(&mut *decoder, &message).unwrap();
    let packed = BlobRef { compression: Compression::Zstd, chunk_length: 77, inner_offset: 50, ..place(message.len()) };
    decoder.push(&message, packed).unwrap();
    let rows = decoder.finish();
    let data = BlobColumns::read(rows.column(1)).unwrap();
    assert_eq!((data[0].chunk_offset, data[0].chunk_length, data[0].inner_offset, data[0].length), (1012, 3, 0, 3));
    assert_eq!((data[1].chunk_offset, data[1].chunk_length, data[1].inner_offset, data[1].length), (1000, 77, 62, 3));
    let large = BlobColumns::read(rows.column(2)).unwrap();
    assert_eq!(&message[large[0].chunk_offset as usize - 1000..][..large[0].length as usize], b"de");
    assert_eq!(rows.column(3).as_list::<i32>().value(0).as_primitive::<UInt8Type>().len(), 16);
    assert_eq!(rows.column(4).as_list::<i32>().value(0).as_primitive::<UInt8Type>().values()[..], *b"fg");
}

#[test]
fn a_count_beyond_the_message_allocates_nothing() {
    let mut decoder = ros2("float64[] values\nstring[] names\n");
    let mut message = CdrWriter::new();
    message.length(u32::MAX as usize);
    let message = message.finish();
    let why = push(&mut *decoder, &message).unwrap_err();
    assert_eq!(why, "CDR buffer ends 34359738360 bytes early in `values` (needs 34359738368, has 8)");
    let mut decoder = ros2("float64[1000000000000] values\n");
    assert!(push(&mut *decoder, &message).unwrap_err().starts_with("CDR buffer ends"));
    let mut decoder = make("p/T", "ros1msg", "Nothing[] many\n====================\nMSG: p/Nothing\n").unwrap();
    assert_eq!(
        push(&mut *decoder, &[255, 255, 255, 255]).unwrap_err(),
        "4294967295 items of no bytes in a message of 4 bytes in `many`"
    );
}

#[test]
fn big_endian_and_unknown_encapsulation() {
    let mut decoder = ros2("uint16 a\nfloat64[] b\n");
    let mut message = vec![0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
    message[12..20].copy_from_slice(&1.5_f64.to_be_bytes());
    push(&mut *decoder, &message).unwrap();
    assert_eq!(decoder.finish().column(1).as_list::<i32>().value(0).as_primitive::<Float64Type>().value(0), 1.5);
    message[1] = 0x77;
    assert_eq!(push(&mut *decoder, &message).unwrap_err(), "CDR encapsulation is unknown: 0x0077");
}

#[test]
fn strings_are_forgiven() {
    let mut decoder = ros2("string<=4 a\nwstring b\n");
    // A length of zero, where a correct writer sends one byte; then `é€` in UTF-16.
    push(&mut *decoder, &[0, 1, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0xe9, 0, 0, 0, 0xac, 0x20, 0, 0]).unwrap();
    // No closing zero, and not UTF-8.
    push(&mut *decoder, &[0, 1, 0, 0, 2, 0, 0, 0, b'x', 0xff, 0, 0, 0, 0, 0, 0]).unwrap();
    let rows = decoder.finish();
    let (a, b) = (rows.column(0).as_string::<i32>(), rows.column(1).as_string::<i32>());
    assert_eq!((a.value(0), b.value(0), a.value(1), b.value(1)), ("", "é€", "x\u{fffd}", ""));
}

#[test]
fn a_fraction_of_a_second_or_more_is_unknown() {
    let mut decoder = ros2("builtin_interfaces/Time t\nbuiltin_interfaces/Duration d\ntime old\n");
    let mut message = CdrWriter::new();
    message.time(-1, 999_999_999);
    message.time(-2, 500_000_000);
    message.time(3, 1_000_000_000);
    push(&mut *decoder, &message.finish()).unwrap();
    let rows = decoder.finish();
    assert_eq!(rows.column(0).as_primitive::<TimestampNanosecondType>().value(0), -1);
    assert_eq!(rows.column(1).data_type(), &DataType::Duration(arrow::datatypes::TimeUnit::Nanosecond));
    assert!(rows.column(2).is_null(0));
}

#[test]
fn ros1_has_bare_headers_and_no_padding() {
    let text = "Header header\nbyte b\nchar c\nduration d\nuint8[] data\n";
    let mut decoder = make("p/T", "ros1msg", text).unwrap();
    let mut message = Vec::new();
    message.extend(7_u32.to_le_bytes());
    message.extend(4_000_000_000_u32.to_le_bytes());
    message.extend(5_u32.to_le_bytes());
    message.extend(2_u32.to_le_bytes());
    message.extend(b"ab");
    message.extend([0xff, 0xff]);
    message.extend((-1_i32).to_le_bytes());
    message.extend((-5_i32).to_le_bytes());
    message.extend([3, 0, 0, 0, 1, 2, 3]);
    push(&mut *decoder, &message).unwrap();
    let rows = decoder.finish();
    let header = rows.column(0).as_struct();
    assert_eq!(header.column_by_name("seq").unwrap().as_primitive::<UInt32Type>().value(0), 7);
    let stamp = header.column_by_name("stamp").unwrap().as_primitive::<TimestampNanosecondType>();
    assert_eq!(stamp.value(0), 4_000_000_000_000_000_005);
    assert_eq!(header.column_by_name("frame_id").unwrap().as_string::<i32>().value(0), "ab");
    assert_eq!(rows.column(1).as_primitive::<Int8Type>().value(0), -1);
    assert_eq!(rows.column(2).as_primitive::<UInt8Type>().value(0), 255);
    let duration = rows.column(3).as_primitive::<arrow::datatypes::DurationNanosecondType>();
    assert_eq!(duration.value(0), -1_000_000_005);
    assert_eq!(BlobColumns::read(rows.column(4)).unwrap()[0].chunk_offset, 1000 + message.len() as u64 - 3);
}

#[test]
fn definitions_are_found_by_short_names_and_odd_titles() {
    let text = "# a comment with ====================\r\nvendor_msgs/msg/Inner[<=3] inner [] # why\r\nint32 LIMIT=5\r\n\
                string NAME = \"a # b\"\r\nint32 last 7\r\n\
                ================================================================================\r\n\
                MSG: fastdds/vendor_msgs/msg/Inner\r\nDeep[2] deep\r\n\
                ================================================================================\r\n\
                MSG: vendor_msgs/Deep\r\nint32 x\r\nNothing nothing\r\n\
                ================================================================================\r\n\
                MSG: vendor_msgs/Nothing\r\nint32 ONLY=1\r\n";
    let mut decoder = ros2(text);
    let mut message = CdrWriter::new();
    message.length(1);
    for x in [1, 2] {
        message.i32(x);
        message.u8(0);
    }
    message.i32(9);
    push(&mut *decoder, &message.finish()).unwrap();
    let rows = decoder.finish();
    assert_eq!(rows.fields().iter().map(|field| field.name().as_str()).collect::<Vec<_>>(), ["inner", "last"]);
    assert_eq!(rows.column(1).as_primitive::<Int32Type>().value(0), 9);
    let inner = rows.column(0).as_list::<i32>().value(0);
    let deep = inner.as_struct().column(0).as_list::<i32>().value(0);
    assert_eq!(deep.as_struct().column(0).as_primitive::<Int32Type>().values()[..], [1, 2]);
}

#[test]
fn well_known_types_need_no_definition() {
    let decoder = ros2("Header header\nstd_msgs/Header again\ngeometry_msgs/PoseStamped pose\n");
    let DataType::Struct(fields) = decoder.fields()[0].data_type() else { panic!("a header is a struct") };
    assert_eq!(fields.iter().map(|field| field.name().as_str()).collect::<Vec<_>>(), ["stamp", "frame_id"]);
    assert_eq!(decoder.fields()[0].data_type(), decoder.fields()[1].data_type());
    let decoder = make("p/T", "ros1msg", "geometry_msgs/PoseStamped pose").unwrap();
    let DataType::Struct(fields) = decoder.fields()[0].data_type() else { panic!("a pose is a struct") };
    let DataType::Struct(fields) = fields[0].data_type() else { panic!("a header is a struct") };
    assert_eq!(fields[0].name(), "seq", "a ROS 1 header has a sequence number wherever it is");
}

#[test]
fn unusable_schemas_say_why() {
    let wrong = |text: &str| make("p/msg/T", "ros2msg", text).map(|_| ()).unwrap_err().0;
    let prefix = "schema `p/msg/T` (ros2msg) is unusable: ";
    assert_eq!(wrong("Missing m"), format!("{prefix}type `p/Missing` is not defined in the schema"));
    assert_eq!(wrong("T again"), format!("{prefix}type `p/T` contains itself"));
    assert_eq!(wrong("int32"), format!("{prefix}line 1 of `p/msg/T` makes no sense: there is no name: `int32`"));
    assert_eq!(
        wrong("\nint32[x] a"),
        format!("{prefix}line 2 of `p/msg/T` makes no sense: the array bound is no number: `int32[x] a`")
    );
    let mut bomb = String::new();
    for depth in 0..30 {
        bomb += &format!("B{depth} a\nB{depth} b\n====================\nMSG: p/B{depth}\n");
    }
    assert_eq!(wrong(&bomb), format!("{prefix}the type has more than 10000 parts"));
    let mut tower = String::new();
    for depth in 0..60 {
        tower += &format!("B{depth} a\n====================\nMSG: p/B{depth}\n");
    }
    assert!(wrong(&tower).contains("types are nested deeper than 48"));
    let missing = decoder(None, &MessageEncoding::Cdr, |_, _| false).map(|_| ()).unwrap_err();
    assert_eq!(missing.0, "the channel has no schema, and `cdr` messages need one");
    let flat = SchemaBytes { name: "T", encoding: "flatbuffer", data: b"" };
    let why = decoder(Some(flat), &MessageEncoding::Cdr, |_, _| false).map(|_| ()).unwrap_err();
    assert_eq!(
        why.0,
        "schema `T` (flatbuffer) is unusable: schema encoding `flatbuffer` is unknown for `cdr` messages"
    );
}

#[test]
fn every_type_that_is_written_can_be_read() {
    for name in ros2_types::names() {
        let text = ros2_types::definition(name).unwrap();
        let decoder = make(name, "ros2msg", &text).unwrap();
        assert!(!decoder.fields().is_empty(), "{name}");
    }
}

#[test]
fn an_empty_definition_is_no_excuse() {
    let mut decoder = ros2("# nothing\nint32 ONLY=1\n");
    push(&mut *decoder, &[0, 1, 0, 0]).unwrap();
    push(&mut *decoder, &[0, 1, 0, 0, 0, 0, 0, 0]).unwrap();
    let why = push(&mut *decoder, &[0; 24]).unwrap_err();
    assert_eq!(why, "message has 20 bytes and its schema no fields");
    let rows = decoder.finish();
    assert_eq!((rows.len(), rows.num_columns()), (2, 0));
}

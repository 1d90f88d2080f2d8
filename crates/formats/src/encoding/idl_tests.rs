//! OMG IDL: parsing, and XCDR by hand-made messages.

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Float64Type, Int32Type, TimestampNanosecondType, UInt8Type, UInt32Type};
use prairie_model::{BlobRef, Compression, MessageEncoding, is_blob};

use super::schema::{Count, Primitive, Type};
use super::{CdrWriter, DecodeError, Decoder, SchemaBytes, decoder, idl};

fn make(name: &str, text: &str) -> Result<Box<dyn Decoder>, DecodeError> {
    let schema = SchemaBytes { name, encoding: "omgidl", data: text.as_bytes() };
    decoder(Some(schema), &MessageEncoding::Cdr, |_, _| false)
}

fn push(decoder: &mut dyn Decoder, message: &[u8]) -> Result<(), String> {
    let at = BlobRef {
        file: 0,
        chunk_offset: 0,
        chunk_length: message.len() as u64,
        compression: Compression::None,
        inner_offset: 0,
        length: message.len() as u64,
        key_frame: None,
        sha256: None,
    };
    decoder.push(message, at).map_err(|error| error.0)
}

const ROS: &str = r#"================================================================================
IDL: sensor_msgs/msg/Thing
// generated from rosidl_adapter/resource/msg.idl.em
#include "std_msgs/msg/Header.idl"
#include "builtin_interfaces/msg/Time.idl"

module sensor_msgs {
  module msg {
    typedef double double__9[9];
    module Thing_Constants {
      @verbatim (language="comment", text=
        "the (first)" "\n" "of two; }")
      const uint8 SIZE = 1 << 1;
      const string<4> NAME = "a;b";
    };
    @verbatim (language="comment", text="a thing")
    struct Thing {
      @verbatim (language="comment", text="when")
      std_msgs::msg::Header header;
      @default (value=TRUE)
      @unit (value="rad")
      boolean ok;
      double__9 covariance;
      sequence<double, Thing_Constants::SIZE> pair;
      sequence<sequence<octet>> parts;
      long grid[2][3];
    };
  };
};

================================================================================
IDL: std_msgs/msg/Header
#include "builtin_interfaces/msg/Time.idl"
module std_msgs { module msg { struct Header { builtin_interfaces::msg::Time stamp; string frame_id; }; }; };
================================================================================
IDL: builtin_interfaces/msg/Time
module builtin_interfaces { module msg { struct Time { int32 sec; uint32 nanosec; }; }; };
"#;

#[test]
fn ros2idl_becomes_columns() {
    let schema = SchemaBytes { name: "sensor_msgs/msg/Thing", encoding: "ros2idl", data: ROS.as_bytes() };
    let mut decoder = decoder(Some(schema), &MessageEncoding::Cdr, |_, _| false).unwrap();
    let mut message = CdrWriter::new();
    assert!(message.header(5, "f"));
    message.bool(true);
    (0..9).for_each(|value| message.f64(f64::from(value)));
    message.f64s(&[1.5]);
    message.length(2);
    message.byte_sequence(b"abc");
    message.byte_sequence(b"");
    (0..6).for_each(|value| message.i32(value));
    push(&mut *decoder, &message.finish()).unwrap();
    let rows = decoder.finish();
    let stamp = rows.column(0).as_struct().column(0).as_primitive::<TimestampNanosecondType>();
    assert_eq!(stamp.value(0), 5);
    assert!(rows.column(1).as_boolean().value(0));
    assert_eq!(rows.column(2).as_list::<i32>().value(0).as_primitive::<Float64Type>().value(8), 8.0);
    assert_eq!(rows.column(3).as_list::<i32>().value(0).len(), 1);
    let DataType::List(item) = rows.column(4).data_type() else { panic!("parts are a list") };
    assert!(is_blob(item));
    assert_eq!(rows.column(4).as_list::<i32>().value(0).len(), 2);
    assert_eq!(rows.column(5).as_list::<i32>().value(0).as_primitive::<Int32Type>().values()[..], [0, 1, 2, 3, 4, 5]);
}

#[test]
fn constants_enums_and_aliases_resolve_in_their_scope() {
    let text = "const long N = 2; module a { const long N = (1 + 2) * 3 - 0x1; enum Color { RED, @value(7) BLUE };
                @bit_bound(16) bitmask Flags { @position(0) F };
                typedef sequence<Color, N> Colors;
                struct Base { long base_x; };
                struct T : Base { Colors colors; ::a::Flags flags; octet raw[::N]; unsigned long long u, v[N]; }; };";
    let root = idl::parse("a::T", text.as_bytes()).unwrap();
    let kinds: Vec<_> = root.members.iter().map(|member| (member.name.as_str(), &member.kind, member.id)).collect();
    let colors = Type::Array(Box::new(Type::Enum(Primitive::I32)), Count::Bounded(8));
    let raw = Type::Array(Box::new(Type::Primitive(Primitive::U8)), Count::Fixed(2));
    let v = Type::Array(Box::new(Type::Primitive(Primitive::U64)), Count::Fixed(8));
    assert_eq!(
        kinds,
        [
            ("base_x", &Type::Primitive(Primitive::I32), 0),
            ("colors", &colors, 1),
            ("flags", &Type::Enum(Primitive::U16), 2),
            ("raw", &raw, 3),
            ("u", &Type::Primitive(Primitive::U64), 4),
            ("v", &v, 5),
        ]
    );
    // The type is found by its last part, and by the name that ROS 2 gives it.
    assert_eq!(idl::parse("T", text.as_bytes()).unwrap(), root);
}

#[test]
fn what_is_not_decoded_is_refused_only_where_it_is_needed() {
    let wrong = |name: &str, text: &str| make(name, text).map(|_| ()).unwrap_err().0;
    let text =
        "bitset B { bitfield<3> a; }; struct Good { long x; }; struct Bad { B b; }; struct M { map<long, long> m; };";
    assert!(make("Good", text).is_ok());
    assert_eq!(wrong("Bad", text), "schema `Bad` (omgidl) is unusable: `B` is a bitset, which is not decoded");
    assert_eq!(wrong("M", text), "schema `M` (omgidl) is unusable: type `map` is not decoded");
    assert!(wrong("Lost", text).ends_with("type `Lost` is not defined in the schema"));
    assert!(wrong("T", "struct T { Lost x; };").ends_with("type `Lost` is not defined in the schema"));
    assert!(wrong("T", "struct T { sequence<T> x; };").ends_with("type `T` contains itself"));
    assert!(wrong("T", "\nstruct T { long x }").ends_with("line 2: found `}` where `;` was expected"));
    assert!(wrong("T", "struct T { long x; ").ends_with("found the end where a name was expected"));
    assert!(wrong("T", "/* never closed").ends_with("type `T` is not defined in the schema"));
    let deep = format!("struct T {{ {}long{} x; }};", "sequence<".repeat(5000), ">".repeat(5000));
    assert!(wrong("T", &deep).ends_with("types are nested deeper than 48"));
    let deep = format!("const long X = {}1;", "(".repeat(100_000));
    assert!(wrong("T", &deep).ends_with("type `T` is not defined in the schema"));
}

/// `D_CDR2`, little-endian.
const DELIMITED: [u8; 4] = [0, 9, 0, 0];

#[test]
fn appendable_structs_of_xcdr2_have_sizes() {
    let text = "@appendable struct In { long a; double b; }; @extensibility(APPENDABLE) struct T { sequence<In> list; octet last; };";
    let mut decoder = make("T", text).unwrap();
    let mut message = DELIMITED.to_vec();
    let words: [u32; 9] = [
        36, // all that follows
        28, // the sequence
        2,  // items
        12,
        7,
        0,
        0x3ff8_0000, // a = 7, b = 1.5 at a multiple of four
        4,
        9, // an older writer knows no b
    ];
    words.iter().for_each(|word| message.extend(word.to_le_bytes()));
    message.extend([5, 0, 0, 0]);
    push(&mut *decoder, &message).unwrap();
    let rows = decoder.finish();
    let list = rows.column(0).as_list::<i32>().value(0);
    let item = list.as_struct();
    assert_eq!(item.column(0).as_primitive::<Int32Type>().values()[..], [7, 9]);
    let b = item.column(1).as_primitive::<Float64Type>();
    assert_eq!((b.value(0), b.is_null(1)), (1.5, true));
    assert_eq!(rows.column(1).as_primitive::<UInt8Type>().value(0), 5);
    for length in 0..40 {
        assert!(push(&mut *decoder, &message[..length]).is_err(), "{length} bytes");
        assert!(decoder.is_empty());
    }
}

#[test]
fn mutable_structs_have_ids() {
    let text = "@mutable struct T { long a; @id(9) string b; double c; };";
    let mut decoder = make("T", text).unwrap();
    // XCDR2: size, then c (8 bytes, id 10), b (with its own size, id 9).
    let mut message = vec![0, 0x0b, 0, 0];
    let words: [u32; 7] = [26, 0x3000_000a, 0, 0x3ff8_0000, 0x4000_0009, 6, 2];
    words.iter().for_each(|word| message.extend(word.to_le_bytes()));
    message.extend([b'x', 0]);
    push(&mut *decoder, &message).unwrap();
    // XCDR1: the same by parameter ids, aligned within each parameter, and an end.
    let mut message = vec![0, 3, 0, 0];
    message.extend([0, 0, 4, 0, 3, 0, 0, 0, 10, 0, 8, 0]);
    message.extend(2.5_f64.to_le_bytes());
    message.extend([0x02, 0x3f, 0, 0]);
    push(&mut *decoder, &message).unwrap();
    let rows = decoder.finish();
    let (a, c) = (rows.column(0).as_primitive::<Int32Type>(), rows.column(2).as_primitive::<Float64Type>());
    let b = rows.column(1).as_string::<i32>();
    assert_eq!((a.is_null(0), b.value(0), c.value(0)), (true, "x", 1.5));
    assert_eq!((a.value(1), b.is_null(1), c.value(1)), (3, true, 2.5));
}

#[test]
fn optional_members_are_null_when_absent() {
    let text = "struct T { @optional long a; octet b; @optional double c; };";
    let mut decoder = make("T", text).unwrap();
    // XCDR2: a byte says whether the member is there.
    push(&mut *decoder, &[0, 7, 0, 0, 0, 7, 1, 0, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f]).unwrap();
    // XCDR1: a parameter header before the member.
    let mut message = vec![0, 1, 0, 0, 0, 0, 4, 0, 3, 0, 0, 0, 8, 0, 0, 0, 2, 0, 0, 0];
    push(&mut *decoder, &message).unwrap();
    let rows = decoder.finish();
    let (a, b) = (rows.column(0).as_primitive::<Int32Type>(), rows.column(1).as_primitive::<UInt8Type>());
    let c = rows.column(2).as_primitive::<Float64Type>();
    assert_eq!((a.is_null(0), b.value(0), c.value(0)), (true, 7, 1.5));
    assert_eq!((a.value(1), b.value(1), c.is_null(1)), (3, 8, true));
    // A member that claims more than there is.
    message[6] = 200;
    assert!(push(&mut *decoder, &message).unwrap_err().starts_with("CDR buffer ends"));
}

#[test]
fn unions_fill_one_column() {
    let text = "enum K { A, B }; union U switch (K) { case A: long x; case B: string y; default: octet z; };
                @final struct T { U u; };";
    let mut decoder = make("T", text).unwrap();
    for (kind, text) in [(0, None), (1, Some("hi"))] {
        let mut message = CdrWriter::new();
        message.i32(kind);
        match text {
            None => message.i32(42),
            Some(text) => message.string(text),
        }
        push(&mut *decoder, &message.finish()).unwrap();
    }
    let rows = decoder.finish();
    let union = rows.column(0).as_struct();
    assert_eq!(union.column_by_name("_d").unwrap().as_primitive::<Int32Type>().values()[..], [0, 1]);
    let x = union.column_by_name("x").unwrap().as_primitive::<Int32Type>();
    assert_eq!((x.value(0), x.is_null(1)), (42, true));
    assert_eq!(union.column_by_name("y").unwrap().as_string::<i32>().value(1), "hi");
    assert_eq!(union.column_by_name("z").unwrap().null_count(), 2);
}

#[test]
fn names_mangled_for_dds_are_unmangled() {
    let text = "module p { module msg { module dds_ { struct T_ { unsigned long n_; }; }; }; };";
    let mut decoder = make("p::msg::dds_::T_", text).unwrap();
    assert_eq!(decoder.fields()[0].name(), "n");
    push(&mut *decoder, &[0, 1, 0, 0, 4, 0, 0, 0]).unwrap();
    assert_eq!(decoder.finish().column(0).as_primitive::<UInt32Type>().value(0), 4);
}

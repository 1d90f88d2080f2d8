//! Writes the seeds of every fuzz target into `fuzz/corpus`: `cargo run -p prairie-fuzz-targets --example seeds`.
//!
//! Seeds are small and valid, so that mutations of them reach far into a parser. They are made by the project's own writers, and
//! from the first frames of its own recordings in `samples/`. Those of `hdf5` are made by `h5py`, since nothing here writes HDF5:
//! `python crates/formats/tests/hdf5/peer.py seeds fuzz/corpus/hdf5`. Those of `zarr` are made by the package `zarr` in the same way.
#![expect(clippy::disallowed_methods, reason = "seeds are files of the tree")]

#[path = "../../../crates/formats/tests/bags/write.rs"]
mod write;

use std::fs;
use std::io::Cursor;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use arrow::array::{
    ArrayRef, BinaryArray, FixedSizeListArray, Float32Array, Float64Array, Int64Array, RecordBatch, StringArray,
    StructArray,
};
use arrow::datatypes::{DataType, Field};
use arrow::ipc::writer::StreamWriter;
use parquet::arrow::ArrowWriter;
use prairie_formats::BlobReader;
use prairie_formats::Reader;
use prairie_formats::encoding::CdrWriter;
use prairie_formats::mcap::{Mcap, McapWriter, WriterOptions};
use prairie_formats::mp4::{Mp4Writer, NewSample, TrackSpec, annexb, read_track};
use prairie_fuzz_targets::pack;
use prairie_ledger::{
    Checkpoint, Entry, Envelope, InclusionProof, Layer, PrivateKey, TileError, TilePath, TileWriter, inclusion_proof,
    verifier_key,
};
use prairie_media::{H264Encoder, H264Settings};
use prairie_model::{
    BlobColumns, Codec, Compression, Hash256, MemorySource, Payload, Picture, PixelFormat, ReadEvent, ReadOptions,
    Source, is_blob,
};

/// No seed is longer: the fuzzer spends its time on what it reads.
const SEED_MAX_BYTES: usize = 64 * 1024;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn save(target: &str, name: &str, bytes: &[u8]) -> Result<()> {
    ensure!(bytes.len() <= SEED_MAX_BYTES, "`{target}/{name}` has {} bytes", bytes.len());
    let folder = root().join("fuzz/corpus").join(target);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(name), bytes).with_context(|| format!("failed to write `{target}/{name}`"))
}

fn main() -> Result<()> {
    mcap().context("failed to make the seeds of mcap")?;
    bags().context("failed to make the seeds of bags")?;
    encodings().context("failed to make the seeds of the encodings")?;
    let units = h264_units()?;
    videos(&units).context("failed to make the seeds of videos")?;
    stills().context("failed to make the seeds of stills")?;
    lerobot().context("failed to make the seeds of lerobot")?;
    lerobot_v1().context("failed to make the seeds of lerobot before v2")?;
    rlds().context("failed to make the seeds of rlds")?;
    xr_teleoperate().context("failed to make the seeds of xr_teleoperate")?;
    ledger().context("failed to make the seeds of the ledger")?;
    tables().context("failed to make the seeds of tables")?;
    robots().context("failed to make the seeds of robots")?;
    texts()
}

/// Tables with their description: rows, and arrays.
fn tables() -> Result<()> {
    let rows = b"schema = \"prairie/table/1\"\n[time]\ncolumn = \"t\"\nunit = \"iso8601\"\n[episodes]\ncolumn = \"run\"\n\
        [[files]]\npath = \"*.csv\"\n[csv]\ndecimal = \",\"\n[renames]\n\"q 1\" = \"q1\"\n\
        [[streams]]\nname = \"qpos\"\ncolumns = [\"q0\", \"q1\"]\nunit = \"rad\"\n[[streams]]\nname = \"mode\"\ntext = true\n";
    let csv =
        b"t;run;q0;q 1 ;mode\n2026-01-01T00:00:00Z;1;0,5;;idle\n2026-01-01T00:00:01.5+08:00;1;-1;2;go\nx;2;1;2;\n";
    save("table", "csv", &pack([("recording.toml", &rows[..]), ("a.csv", csv)]))?;
    let arrays = b"schema = \"prairie/table/1\"\n[time]\nrate_hz = 10\n[[files]]\npath = \"**.npy\"\n\
        [[streams]]\nname = \"a\"\ncolumns = [\"array[0:2]\", \"array[2]\"]\n";
    let array = |fortran: &str| {
        let header = format!("{{'descr': '<f2', 'fortran_order': {fortran}, 'shape': (2, 3), }}\n");
        let length = u16::try_from(header.len()).map(u16::to_le_bytes);
        Ok::<_, anyhow::Error>(
            [b"\x93NUMPY\x01\x00", &length?[..], header.as_bytes(), &[0, 60, 0, 64, 0, 66].repeat(2)].concat(),
        )
    };
    let (one, other) = (array("False")?, array("True")?);
    save("table", "npy", &pack([("recording.toml", &arrays[..]), ("a.npy", &one), ("b/c.npy", &other)]))?;
    let message =
        |kind: u8, body: &[u8]| [&u16::try_from(body.len()).unwrap_or(0).to_le_bytes()[..], &[kind], body].concat();
    let mut flags = [0; 40];
    flags[8] = 1;
    let mut log = [&b"ULog\x01\x12\x35\x01"[..], &[0; 8], &message(b'B', &flags)].concat();
    log.extend(message(b'F', b"a:uint64_t timestamp;part[2] p;char[3] c;uint8_t[4] _padding0;"));
    log.extend(message(b'F', b"part:float x;int16_t[2] y;"));
    log.extend(message(b'I', b"\x0fchar[3] sys_namePX4"));
    log.extend(message(b'P', b"\x07float G\0\0\0?"));
    log.extend(message(b'M', b"\x00\x09char[1] mx"));
    log.extend(message(b'A', b"\x00\x07\x00a"));
    log.extend(message(b'A', b"\x01\x08\x00a"));
    for at in 0..6_u8 {
        log.extend(message(b'D', &[&[7 + at % 2, 0, at], &[0; 7][..], &[at; 16], b"hi\0"].concat()));
    }
    log.extend(message(b'L', b"4\x09\0\0\0\0\0\0\0low"));
    log.extend(message(b'C', b"6\x01\0\x09\0\0\0\0\0\0\0tag"));
    log.extend(message(b'P', b"\x07float G\0\0\0@"));
    log.extend(message(b'O', &[5, 0]));
    log.extend(message(b'S', &[0x2F, 0x73, 0x13, 0x20, 0x25, 0x0C, 0xBB, 0x12]));
    log.extend(message(b'D', &[&[7, 0, 9], &[0; 7][..], &[1; 19]].concat()));
    save("ulog", "log", &log)?;
    let data = root().join("crates/media/tests/data");
    for name in ["gradient", "grey"] {
        save("jpegxl", name, &fs::read(data.join(format!("{name}.jxl")))?)?;
    }
    Ok(())
}

/// A robot in each language.
fn robots() -> Result<()> {
    let urdf = br#"<robot name="r"><link name="a"><inertial><origin xyz="1 2 3" rpy="0 0 1"/><mass value="2"/></inertial></link>
        <link name="b"/><joint name="j" type="revolute"><origin xyz="0 0 1"/><parent link="a"/><child link="b"/>
        <axis xyz="0 1 0"/><limit lower="-1" upper="1" effort="5" velocity="2"/><mimic joint="k" offset="0.5"/></joint>
        <transmission name="t"><type>x</type><joint name="j"/><actuator name="m"/></transmission></robot>"#;
    let mjcf = br#"<mujoco model="m"><compiler angle="degree" eulerseq="xyz"/><default><joint range="-90 90"/>
        <default class="c"><joint axis="0 1 0" actuatorfrcrange="-3 2"/></default></default>
        <worldbody><body name="b" pos="0 0 1" quat="1 0 0 0" childclass="c"><freejoint/><inertial pos="0 0 0" mass="1"/>
        <frame euler="0 0 90"><body xyaxes="1 0 0 0 1 0"><joint name="j"/><joint name="k" type="slide" limited="false"/></body></frame>
        <body zaxis="0 1 1"><joint type="ball" range="0 40"/></body></body></worldbody>
        <actuator><motor joint="j" ctrlrange="-1 1"/></actuator>
        <equality><joint joint1="j" joint2="k" polycoef="0 2"/></equality></mujoco>"#;
    save("robot_model", "urdf", urdf)?;
    save("robot_model", "mjcf", mjcf)
}

/// The same messages, in the shapes that a container can have.
fn mcap() -> Result<()> {
    let base = WriterOptions { profile: "ros2".to_owned(), library: "seed".to_owned(), ..WriterOptions::default() };
    let plain = WriterOptions { compression: Compression::None, ..base.clone() };
    let bare = WriterOptions {
        chunk_bytes: None,
        message_indexes: false,
        chunk_indexes: false,
        statistics: false,
        repeat_schemas: false,
        repeat_channels: false,
        summary_offsets: false,
        ..plain.clone()
    };
    let lz4 = WriterOptions { compression: Compression::Lz4, ..base.clone() };
    for (name, options) in [("plain", plain), ("bare", bare), ("lz4", lz4), ("zstd", base)] {
        let bytes = recording(options)?;
        save("mcap", name, &bytes)?;
        if name == "plain" {
            save("mcap", "cut", &bytes[..bytes.len() * 2 / 3])?;
        }
    }
    Ok(())
}

/// Bags of ROS 1 and of ROS 2, in their compressions, with and without what they can do without.
fn bags() -> Result<()> {
    let fields = [("type", "std_msgs/String"), ("message_definition", "string data\n"), ("callerid", "/a")];
    let connections = [
        write::Connection { number: 0, topic: "/text", fields: &fields },
        write::Connection { number: 1, topic: "/blind", fields: &[("type", "acme/Blind")] },
    ];
    let text = |at: u8| [&[6, 0, 0, 0][..], b"text ", &[b'0' + at]].concat();
    let message = |at: u8| (u32::from(at % 3 == 2), 1_700_000_000_000_000_000 + u64::from(at) * 2_000_000, text(at));
    let messages: Vec<_> = (0..9).map(message).collect();
    for (name, compression, indexed) in
        [("none", "none", true), ("bz2", "bz2", true), ("lz4", "lz4", true), ("open", "none", false)]
    {
        let shape = write::BagShape { compression, per_chunk: 4, indexed };
        let bytes = write::bag(shape, &connections, &messages);
        save("bag", name, &bytes)?;
        if name == "none" {
            save("bag", "cut", &bytes[..bytes.len() * 2 / 3])?;
        }
    }
    let topics = [(1, "/joints", "sensor_msgs/msg/JointState", "cdr"), (2, "/blind", "acme/msg/Blind", "cdr")];
    let message = |at: u8| match at % 3 {
        2 => (2, u64::from(at) + 1, vec![at; 700]),
        _ => (1, u64::from(at) + 1, joint_state(i64::from(at))),
    };
    let messages: Vec<_> = (0..9).map(message).collect();
    let squeezed: Vec<_> = messages
        .iter()
        .map(|(topic, time, data)| Ok((*topic, *time, zstd::bulk::compress(data, 1)?)))
        .collect::<Result<_>>()?;
    let list = b"rosbag2_bagfile_information:\n  storage_identifier: sqlite3\n  relative_file_paths:\n    - a.db3\n  \
                 message_count: 9\n  compression_format: zstd\n  compression_mode: MESSAGE\n";
    let (before, after) = (write::db3(512, &topics, &messages[..3]), write::db3(512, &topics, &messages));
    let log = write::log(512, &before, &after, true);
    save("rosbag2", "plain", &pack([("a.db3", &after[..])]))?;
    save("rosbag2", "log", &pack([("a.db3", &before[..]), ("a.db3-wal", &log)]))?;
    let squeezed = write::db3(512, &topics, &squeezed);
    save("rosbag2", "messages", &pack([("a.db3", &squeezed[..]), ("metadata.yaml", &list[..])]))?;
    let file = zstd::bulk::compress(&after, 1)?;
    save("rosbag2", "file", &pack([("a.db3.zstd", &file[..])]))
}

fn joint_state(stamp_ns: i64) -> Vec<u8> {
    let mut cdr = CdrWriter::new();
    assert!(cdr.header(stamp_ns, "base"), "the stamp fits into a header");
    cdr.strings(&["shoulder", "elbow"]);
    cdr.f64s(&[0.1, 0.2]);
    cdr.f64s(&[]);
    cdr.f64s(&[]);
    cdr.finish()
}

fn ros2_schema(name: &str) -> Result<String> {
    prairie_formats::encoding::ros2_types::definition(name).with_context(|| format!("no definition of `{name}`"))
}

fn recording(options: WriterOptions) -> Result<Vec<u8>> {
    let mut writer = McapWriter::new(Vec::new(), options)?;
    let joints = ros2_schema("sensor_msgs/msg/JointState")?;
    let joints = writer.add_schema("sensor_msgs/msg/JointState", "ros2msg", joints.as_bytes())?;
    let joints = writer.add_channel(Some(joints), "/joint_states", "cdr", [("k".to_owned(), "v".to_owned())].into())?;
    let text =
        writer.add_schema("Text", "jsonschema", br#"{"type":"object","properties":{"data":{"type":"string"}}}"#)?;
    let text = writer.add_channel(Some(text), "/text", "json", Default::default())?;
    let blind = writer.add_channel(None, "/blind", "secret", Default::default())?;
    for at in 0..4_u32 {
        let time = u64::from(at) * 2_000_000 + 1_700_000_000_000_000_000;
        writer.write(joints, at, time, time, &joint_state(i64::try_from(time)?))?;
        writer.write(text, at, time + 1, time + 1, br#"{"data":"go"}"#)?;
        writer.write(blind, at, time + 2, time + 2, &[1, 2, 3])?;
    }
    writer.attachment("notes.txt", "text/plain", 1, 1, b"attached")?;
    writer.metadata("robot", [("serial".to_owned(), "R-1".to_owned())].into())?;
    Ok(writer.finish()?)
}

/// `name \n length schema message`
fn with_schema(name: &str, schema: &[u8], message: &[u8]) -> Result<Vec<u8>> {
    let length = u16::try_from(schema.len())?.to_le_bytes();
    Ok([name.as_bytes(), b"\n", &length, schema, message].concat())
}

fn encodings() -> Result<()> {
    let joints = ros2_schema("sensor_msgs/msg/JointState")?;
    save("cdr", "joint_state", &with_schema("sensor_msgs/msg/JointState", joints.as_bytes(), &joint_state(5))?)?;
    let odd = "uint8 KIND=3\nbool[] flags\nstring<=8 name \"x\"\nbyte[16] id\nPart[<=4] parts\nwstring w\n\
               ================================================================================\n\
               MSG: pkg/Part\nfloat32[3] xyz\nbuiltin_interfaces/Duration d\n\
               ================================================================================\n\
               MSG: builtin_interfaces/Duration\nint32 sec\nuint32 nanosec\n";
    save("cdr", "odd", &with_schema("pkg/msg/Odd", odd.as_bytes(), &[0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0])?)?;
    let idl = "module pkg { module msg {\n  enum Color { RED, GREEN };\n  typedef sequence<double, 8> Row;\n\
               @verbatim(language=\"comment\", text=\"a row\")\n  struct Inner { Row row; octet raw[4]; };\n\
               @mutable struct Outer { @id(1) Color color; @optional long n; sequence<Inner> inner; string<10> s; };\n\
               union U switch (long) { case 1: double d; default: boolean b; };\n}; };\n";
    save(
        "idl",
        "module",
        &with_schema("pkg::msg::Outer", idl.as_bytes(), &[0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 7, 0, 0, 0])?,
    )?;
    let inner = with_schema(
        "pkg/msg/Inner",
        idl.as_bytes(),
        &[0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x59, 0x40],
    )?;
    save("idl", "inner", &inner)?;
    let twist = "Header header\nVector3 linear\nuint8[] data\ntime[2] t\n\
                 ================================================================================\n\
                 MSG: std_msgs/Header\nuint32 seq\ntime stamp\nstring frame_id\n\
                 ================================================================================\n\
                 MSG: geometry_msgs/Vector3\nfloat64 x\nfloat64 y\nfloat64 z\n";
    let mut message = vec![1, 0, 0, 0, 5, 0, 0, 0, 6, 0, 0, 0, 1, 0, 0, 0, b'b'];
    message.extend_from_slice(&[0; 24]);
    message.extend_from_slice(&[2, 0, 0, 0, 8, 9]);
    message.extend_from_slice(&[0; 16]);
    save("ros1", "twist", &with_schema("geometry_msgs/TwistStamped", twist.as_bytes(), &message)?)?;
    let schema = br#"{"type":"object","properties":{"t":{"type":"object","properties":{"sec":{"type":"integer"},"nsec":{"type":
"integer"}}},"v":{"type":"array","items":{"type":"number"}},"d":{"type":"string","contentEncoding":"base64"}},"required":["v"]}"#;
    let message = br#"{"t":{"sec":1,"nsec":2},"v":[1,2.5,-3e300],"d":"AAEC","extra":{"deep":[[[null]]]}}"#;
    save("json", "object", &with_schema("Pose", schema, message)?)?;
    save("json", "schemaless", &with_schema("Any", b"", message)?)?;
    save("protobuf", "nested", &with_schema("t.Outer", &descriptors(), &protobuf_message())?)
}

/// `message Outer { Inner inner = 1; repeated double v = 2; bytes data = 3; repeated Inner all = 4; }` and
/// `message Inner { string name = 1; sint64 count = 2; Inner next = 3; }` as a `FileDescriptorSet`.
fn descriptors() -> Vec<u8> {
    const OPTIONAL: u8 = 1;
    const REPEATED: u8 = 3;
    const DOUBLE: u8 = 1;
    const STRING: u8 = 9;
    const MESSAGE: u8 = 11;
    const BYTES: u8 = 12;
    const SINT64: u8 = 18;
    // A field with a length: all texts and messages here are shorter than 128 bytes, so that it is one byte.
    let part =
        |number: u8, bytes: &[u8]| [&[number << 3 | 2, u8::try_from(bytes.len()).unwrap_or(127)], bytes].concat();
    let field = |name: &str, number: u8, label: u8, kind: u8, of: &str| {
        let of = if of.is_empty() { Vec::new() } else { part(6, of.as_bytes()) };
        let content = [part(1, name.as_bytes()), vec![3 << 3, number, 4 << 3, label, 5 << 3, kind], of].concat();
        part(2, &content)
    };
    let inner = [
        part(1, b"Inner"),
        field("name", 1, OPTIONAL, STRING, ""),
        field("count", 2, OPTIONAL, SINT64, ""),
        field("next", 3, OPTIONAL, MESSAGE, ".t.Inner"),
    ];
    let outer = [
        part(1, b"Outer"),
        field("inner", 1, OPTIONAL, MESSAGE, ".t.Inner"),
        field("v", 2, REPEATED, DOUBLE, ""),
        field("data", 3, OPTIONAL, BYTES, ""),
        field("all", 4, REPEATED, MESSAGE, ".t.Inner"),
    ];
    let messages = [part(4, &inner.concat()), part(4, &outer.concat())].concat();
    let file = [part(1, b"t.proto"), part(2, b"t"), messages, part(12, b"proto3")].concat();
    // The file is longer than 127 bytes: its length takes two.
    let length = file.len();
    let head = [1 << 3 | 2, (length & 0x7F) as u8 | 0x80, (length >> 7) as u8];
    [&head, file.as_slice()].concat()
}

fn protobuf_message() -> Vec<u8> {
    let inner = [0x0A, 2, b'h', b'i', 0x10, 7];
    let mut bytes = vec![0x0A, 6];
    bytes.extend_from_slice(&inner);
    bytes.extend_from_slice(&[0x12, 8]);
    bytes.extend_from_slice(&1.5_f64.to_le_bytes());
    bytes.extend_from_slice(&[0x1A, 3, 1, 2, 3, 0x22, 6]);
    bytes.extend_from_slice(&inner);
    bytes
}

/// A few access units of a moving gradient.
fn h264_units() -> Result<Vec<Vec<u8>>> {
    let (width, height) = (64_u32, 48_u32);
    let settings = H264Settings { width, height, fps: 30.0, ..H264Settings::default() };
    let mut encoder = H264Encoder::new(settings)?;
    let mut units = Vec::new();
    for at in 0..3_u32 {
        let pixel = |n: u32| u8::try_from((n + at * 40) % 256).unwrap_or_default();
        let pixels = (0..width * height * 3).map(pixel).collect();
        units.push(encoder.encode(&Picture { width, height, format: PixelFormat::Rgb8, pixels })?.data);
    }
    Ok(units)
}

/// `length bytes`, again and again.
fn frames<'a>(frames: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<u8>> {
    let mut data = Vec::new();
    for frame in frames {
        data.extend_from_slice(&u16::try_from(frame.len()).context("a frame is too long")?.to_le_bytes());
        data.extend_from_slice(frame);
    }
    Ok(data)
}

fn videos(units: &[Vec<u8>]) -> Result<()> {
    save("h264", "gradient", &frames(units.iter().map(Vec::as_slice))?)?;
    for (at, unit) in units.iter().enumerate() {
        save("annexb", &format!("unit-{at}"), &[&[0], unit.as_slice()].concat())?;
    }
    let config = annexb::config(Codec::H264, &units[0]).context("the first unit has no parameter sets")?;
    let spec = TrackSpec { codec: Codec::H264, width: 64, height: 48, config, timescale: 30 };
    let mut writer = Mp4Writer::new(Cursor::new(Vec::new()), spec, 4096)?;
    for (at, unit) in units.iter().enumerate() {
        let bytes = annexb::length_prefixed(Codec::H264, unit);
        writer.push(&NewSample { bytes: &bytes, duration: 1, composition_offset: 0, key_frame: at == 0 })?;
    }
    save("mp4", "gradient", writer.finish()?.get_ref())?;
    let video = root().join("samples/contact-lerobot-v21/videos/chunk-000/observation.images.front/episode_000000.mp4");
    let source = MemorySource::new([("v.mp4".to_owned(), fs::read(&video).context("failed to read the AV1 sample")?)]);
    let track = read_track(&source, 0)?;
    ensure!(track.codec == Codec::Av1, "the front camera is no longer AV1");
    let first: Vec<_> = track.samples.iter().take(3).collect();
    let bytes: std::io::Result<Vec<_>> =
        first.iter().map(|sample| source.read_exact(0, sample.offset, sample.size.into())).collect();
    save("av1", "front", &frames(bytes?.iter().map(Vec::as_slice))?)
}

/// The first picture of each camera of the bundled recording that stands for itself, and raw rows.
fn stills() -> Result<()> {
    let bytes = fs::read(root().join("samples/contact-cell.mcap")).context("failed to read the sample")?;
    let source = MemorySource::new([("a.mcap".to_owned(), bytes)]);
    let plan = Mcap.plan(&source, &ReadOptions::default())?;
    let topics = ["/camera/front/image/compressed", "/camera/wrist/image/compressed"];
    let mut found = Vec::new();
    Mcap.read(&source, &plan, &ReadOptions::default(), &mut |event| {
        if let ReadEvent::Batch(batch) = event
            && topics.contains(&batch.channel.topic.as_str())
            && !found.iter().any(|(topic, _)| *topic == batch.channel.topic)
            && let Payload::Decoded(rows) = &batch.payload
        {
            let column = rows.fields().iter().position(|field| is_blob(field)).map(|at| rows.column(at));
            let places = column.and_then(|column| BlobColumns::read(column)).unwrap_or_default();
            found.extend(places.first().map(|place| (batch.channel.topic.clone(), *place)));
        }
        if found.len() == topics.len() { std::ops::ControlFlow::Break(()) } else { std::ops::ControlFlow::Continue(()) }
    })?;
    ensure!(found.len() == topics.len(), "found only {found:?}");
    let mut reader = BlobReader::new(&source);
    for (topic, place) in found {
        let bytes = reader.read(&place)?;
        let target = if prairie_media::sniff(&bytes) == Codec::Jpeg { "jpeg" } else { "png" };
        ensure!(target == "jpeg" || topic == topics[1], "`{topic}` is no JPEG");
        save(target, "camera", &bytes)?;
    }
    for format in [0_u8, 3, 7, 9] {
        let rows: Vec<u8> = (0..8 * 6 * 4_u8).collect();
        save("raw", &format!("format-{format}"), &[&[format, 8, 6, 0, 0], rows.as_slice()].concat())?;
    }
    Ok(())
}

fn parquet_file(columns: Vec<(&str, ArrayRef)>) -> Result<Vec<u8>> {
    let batch = RecordBatch::try_from_iter(columns)?;
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None)?;
    writer.write(&batch)?;
    writer.close()?;
    Ok(bytes)
}

fn rows() -> Result<Vec<u8>> {
    let integers = |values: [i64; 4]| Arc::new(Int64Array::from_iter_values(values)) as ArrayRef;
    let values = Arc::new(Float32Array::from_iter_values((0..8_u8).map(f32::from)));
    let item = Arc::new(Field::new_list_field(DataType::Float32, true));
    let state = Arc::new(FixedSizeListArray::try_new(item, 2, values, None)?);
    parquet_file(vec![
        ("observation.state", state.clone()),
        ("action", state),
        ("timestamp", Arc::new(Float32Array::from_iter_values([0.0, 0.1, 0.2, 0.3]))),
        ("frame_index", integers([0, 1, 2, 3])),
        ("episode_index", integers([0; 4])),
        ("index", integers([0, 1, 2, 3])),
        ("task_index", integers([0; 4])),
    ])
}

/// The smallest datasets that are whole: v2.1, v3.0, and a v2.1 whose metadata promises more.
fn lerobot() -> Result<()> {
    let info = |version: &str, data: &str, episodes: u32| {
        let feature = |name: &str, shape: u32, kind: &str| {
            format!(r#""{name}":{{"dtype":"{kind}","shape":[{shape}],"names":null}}"#)
        };
        let features = [
            feature("observation.state", 2, "float32"),
            feature("action", 2, "float32"),
            feature("timestamp", 1, "float32"),
            feature("frame_index", 1, "int64"),
            feature("episode_index", 1, "int64"),
            feature("index", 1, "int64"),
            feature("task_index", 1, "int64"),
        ];
        format!(
            r#"{{"codebase_version":"{version}","robot_type":"seed","total_episodes":{episodes},"total_frames":4,"total_tasks":1,"chunks_size":1000,"fps":10,"splits":{{"train":"0:1"}},"data_path":"{data}","video_path":null,"features":{{{}}}}}"#,
            features.join(",")
        )
    };
    let by_episode = "data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet";
    let rows = rows()?;
    let tasks = br#"{"task_index":0,"task":"wave"}"#;
    let one = br#"{"episode_index":0,"tasks":["wave"],"length":4}"#;
    for (name, episodes) in [("v21", 1), ("v21-partial", 3)] {
        let info = info("v2.1", by_episode, episodes);
        let files: [(&str, &[u8]); 4] = [
            ("data/chunk-000/episode_000000.parquet", &rows),
            ("meta/episodes.jsonl", one),
            ("meta/info.json", info.as_bytes()),
            ("meta/tasks.jsonl", tasks),
        ];
        save("lerobot", name, &pack(files))?;
    }
    let integer = |value: i64| Arc::new(Int64Array::from_iter_values([value])) as ArrayRef;
    let episodes = parquet_file(vec![
        ("episode_index", integer(0)),
        ("length", integer(4)),
        ("data/chunk_index", integer(0)),
        ("data/file_index", integer(0)),
        ("dataset_from_index", integer(0)),
        ("dataset_to_index", integer(4)),
        ("stats/action/mean", Arc::new(Float64Array::from_iter_values([0.5]))),
    ])?;
    let tasks = parquet_file(vec![
        ("task_index", integer(0)),
        ("__index_level_0__", Arc::new(StringArray::from_iter_values(["wave"]))),
    ])?;
    let info = info("v3.0", "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet", 1);
    let files: [(&str, &[u8]); 4] = [
        ("data/chunk-000/file-000.parquet", &rows),
        ("meta/episodes/chunk-000/file-000.parquet", &episodes),
        ("meta/info.json", info.as_bytes()),
        ("meta/tasks.parquet", &tasks),
    ];
    save("lerobot", "v30", &pack(files))
}

/// A saved table with a picture per row, and the index of its episodes.
fn lerobot_v1() -> Result<()> {
    let integers = |values: [i64; 4]| Arc::new(Int64Array::from_iter_values(values)) as ArrayRef;
    let item = Arc::new(Field::new_list_field(DataType::Float32, true));
    let values = Arc::new(Float32Array::from_iter_values((0..8_u8).map(f32::from)));
    let bytes: ArrayRef = Arc::new(BinaryArray::from_iter_values(["one", "two", "three", ""]));
    let paths: ArrayRef = Arc::new(StringArray::from_iter_values(["", "", "", "a.png"]));
    let pictures = StructArray::from(vec![
        (Arc::new(Field::new("bytes", DataType::Binary, true)), bytes),
        (Arc::new(Field::new("path", DataType::Utf8, true)), paths),
    ]);
    let batch = RecordBatch::try_from_iter([
        ("observation.image", Arc::new(pictures) as ArrayRef),
        ("observation.state", Arc::new(FixedSizeListArray::try_new(item, 2, values, None)?) as ArrayRef),
        ("episode_index", integers([0, 0, 1, 1])),
        ("frame_index", integers([0, 1, 0, 1])),
        ("timestamp", Arc::new(Float32Array::from_iter_values([0.0, 0.1, 0.0, 0.1])) as ArrayRef),
    ])?;
    let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema())?;
    writer.write(&batch.slice(0, 3))?;
    writer.write(&batch.slice(3, 1))?;
    let table = writer.into_inner()?;
    let header = br#"{"from":{"dtype":"I64","shape":[2],"data_offsets":[0,16]},"to":{"dtype":"I64","shape":[2],"data_offsets":[16,32]}}"#;
    let ends: Vec<u8> = [0_i64, 2, 2, 4].iter().flat_map(|number| number.to_le_bytes()).collect();
    let index = [&(header.len() as u64).to_le_bytes(), header.as_slice(), &ends].concat();
    let files: [(&str, &[u8]); 4] = [
        ("data/data-00000-of-00001.arrow", &table),
        ("data/state.json", br#"{"_data_files":[{"filename":"data-00000-of-00001.arrow"}]}"#),
        ("meta_data/episode_data_index.safetensors", &index),
        ("meta_data/info.json", br#"{"codebase_version":"v1.6","fps":10,"video":false}"#),
    ];
    save("lerobot", "v16", &pack(files))
}

/// A field of Protocol Buffers with a length below 16,384.
fn part(number: u8, bytes: &[u8]) -> Vec<u8> {
    // OK to cast: seven bits each.
    let length = [(bytes.len() & 0x7F) as u8 | 0x80, (bytes.len() >> 7) as u8];
    [&[number << 3 | 2], &length[..], bytes].concat()
}

/// The checksum of TFRecord files.
fn masked(bytes: &[u8]) -> [u8; 4] {
    let byte = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| crc >> 1 ^ if crc & 1 == 1 { 0x82f6_3b78 } else { 0 })
    };
    (!bytes.iter().fold(!0, byte)).rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes()
}

/// Two episodes with every kind of feature.
fn rlds() -> Result<()> {
    let tensor = |dtype: &str, axes: &str, encoding: &str| {
        format!(r#"{{"tensor":{{"dtype":"{dtype}","shape":{{"dimensions":[{axes}]}},"encoding":"{encoding}"}}}}"#)
    };
    let text = r#"{"pythonClassName":"x.Text","text":{}}"#;
    let dict = |features: &[(&str, String)]| {
        let each: Vec<_> = features.iter().map(|(name, node)| format!("\"{name}\":{node}")).collect();
        format!(r#"{{"pythonClassName":"x.FeaturesDict","featuresDict":{{"features":{{{}}}}}}}"#, each.join(","))
    };
    let sequence = |class: &str, node: &str| {
        format!(r#"{{"pythonClassName":"x.{class}","sequence":{{"length":"-1","feature":{node}}}}}"#)
    };
    let image = r#"{"image":{"shape":{"dimensions":["2","2","3"]},"encodingFormat":"png"}}"#;
    let steps = dict(&[
        ("action", tensor("float32", "\"2\"", "none")),
        ("boxes", sequence("Sequence", &tensor("int64", "", "none"))),
        ("image", image.to_owned()),
        ("is_last", tensor("bool", "", "none")),
        ("language_instruction", text.to_owned()),
        ("raw", tensor("int16", "\"1\"", "bytes")),
        ("timestamp", tensor("int64", "", "none")),
    ]);
    let meta = dict(&[("has_image", tensor("bool", "", "none")), ("path", text.to_owned())]);
    let tree = dict(&[("episode_metadata", meta), ("steps", sequence("Dataset", &steps))]);
    let floats: Vec<u8> = [0.5_f32, 1.0, 1.5, 2.0].iter().flat_map(|number| number.to_le_bytes()).collect();
    let mut file = Vec::new();
    for word in ["go", "no"] {
        let features: [(&str, u8, Vec<u8>); 10] = [
            ("episode_metadata/has_image", 3, vec![8, 1]),
            ("episode_metadata/path", 1, part(1, b"there")),
            ("steps/action", 2, part(1, &floats)),
            ("steps/boxes/ragged_flat_values", 3, part(1, &[1, 2, 3])),
            ("steps/boxes/ragged_row_lengths_0", 3, part(1, &[1, 2])),
            ("steps/image", 1, [part(1, b"\x89PNG1"), part(1, b"\x89PNG2")].concat()),
            ("steps/is_last", 3, part(1, &[0, 1])),
            ("steps/language_instruction", 1, [part(1, b"go"), part(1, word.as_bytes())].concat()),
            ("steps/raw", 1, [part(1, &[1, 0]), part(1, &[2, 0])].concat()),
            ("steps/timestamp", 3, vec![8, 0, 8, 100]),
        ];
        let entry = |(key, kind, list): &(&str, u8, Vec<u8>)| {
            part(1, &[part(1, key.as_bytes()), part(2, &part(*kind, list))].concat())
        };
        let record = part(1, &features.iter().map(entry).collect::<Vec<_>>().concat());
        let length = (record.len() as u64).to_le_bytes();
        file.extend([&length[..], &masked(&length), &record, &masked(&record)].concat());
    }
    let info = br#"{"name":"d","version":"1.0.0","fileFormat":"tfrecord","splits":[{"name":"train","shardLengths":["2","1"]}]}"#;
    let files: [(&str, &[u8]); 3] =
        [("d-train.tfrecord-00000-of-00002", &file), ("dataset_info.json", info), ("features.json", tree.as_bytes())];
    save("rlds", "episodes", &pack(files))
}

/// An episode that is whole, and one whose writer was killed.
fn xr_teleoperate() -> Result<()> {
    let info = r#"{"version":"1.0.0","image":{"width":2,"height":2,"fps":30},"joint_names":{"left_arm":["a","b"]},"tactile_names":{}}"#;
    let row = |idx: u32| {
        format!(
            r#"{{"idx":{idx},"colors":{{"color_0":"colors/{idx:06}_color_0.jpg"}},"depths":{{}},"states":{{"left_arm":{{"qpos":[0.5,NaN],"qvel":[]}},"body":null}},"actions":{{"left_arm":{{"qpos":[1,2]}}}},"tactiles":null,"audios":null,"sim_state":"x"}}"#
        )
    };
    let text = |rows: &str| format!("{{\n\"info\": {info},\n\"text\": {{\"goal\":\"wave\"}},\n\"data\": [\n{rows}");
    let whole = format!("{}\n],\n\"rewards\": {{\"success\":true}}\n}}", text(&format!("{},\n{}", row(0), row(2))));
    let cut = text(&format!("{},\n{}", row(0), &row(1)[..40]));
    let files: [(&str, &[u8]); 4] = [
        ("episode_0000/colors/000000_color_0.jpg", b"\xff\xd8\xff"),
        ("episode_0000/data.json", whole.as_bytes()),
        ("episode_0001/colors/000000_color_0.jpg", b"\xff\xd8\xff"),
        ("episode_0001/data.json", cut.as_bytes()),
    ];
    save("xr_teleoperate", "episodes", &pack(files))
}

fn texts() -> Result<()> {
    let mapping = "version = 1\n[episode]\nrobot = \"metadata.robot.serial\"\n[rights]\nowner = \"us\"\n[markers]\ntopic = \"/episode/*\"\n\
                   event = \"data\"\n[[stream]]\ntopic = \"/cell/*\"\nkind = \"scalar\"\nunit = \"mm\"\n";
    prairie_standardize::Mapping::parse(mapping).context("the mapping is not valid")?;
    save("mapping", "rules", mapping.as_bytes())?;
    let profile = "name = \"strict\"\nversion = \"1\"\n[required]\ndimensions = [\"completeness\"]\nchecks = [\"TIM003\"]\n\
                   [checks.TIM003]\ngap_max_s = 0.2\nseverity = \"error\"\n[[override]]\ntask = \"screw *\"\n\
                   [override.checks.TIM003]\ngap_max_s = 0.05\n";
    prairie_quality::Profile::parse(profile).context("the profile is not valid")?;
    save("profile", "strict", profile.as_bytes())?;
    let mut envelope = Envelope::sign(br#"{"decision":"accept"}"#.to_vec(), &PrivateKey::from_seed([7; 32]));
    envelope.countersign(&PrivateKey::from_seed([8; 32]));
    envelope.issuer = Some("lab".to_owned());
    save("envelope", "countersigned", envelope.to_json().as_bytes())
}

/// A small ledger: its checkpoint, a proof, a key, and its files.
fn ledger() -> Result<()> {
    let key = PrivateKey::from_seed([7; 32]);
    let entries: Vec<Entry> = ["protocol", "receipt", "verdict"]
        .map(|kind| Entry::about(kind, Hash256::of(b"salt"), Hash256::of(kind.as_bytes())))
        .to_vec();
    let leaves: Vec<Hash256> = entries.iter().map(Entry::leaf).collect();
    let mut writer = TileWriter::default();
    // The first byte of a seed is the width less one.
    let mut put = |path: &TilePath, bytes: &[u8]| {
        let name = if path.layer == Layer::Entries { "bundle" } else { "hashes" };
        save("tile", name, &[&[2], bytes].concat()).map_err(Put)
    };
    for entry in &entries {
        writer.push(&entry.to_bytes(), &mut put).map_err(|Put(error)| error)?;
    }
    let (size, root) = writer.finish(&mut put).map_err(|Put(error)| error)?;
    save("tile", "name", b"\x00tile/0/x001/x234/067.p/5")?;
    let origin = Checkpoint::origin_of(&key.public());
    let checkpoint = Checkpoint { origin: origin.clone(), size, root };
    let note = checkpoint.sign(&key)?.to_string();
    let hashes = inclusion_proof(&leaves, 1).context("there is a leaf 1")?;
    let proof = InclusionProof { extra: Some(vec![7; 32]), index: 1, hashes, checkpoint: note.clone() };
    save("checkpoint", "note", note.as_bytes())?;
    save("checkpoint", "text", checkpoint.text().as_bytes())?;
    save("checkpoint", "proof", proof.to_string().as_bytes())?;
    save("checkpoint", "key", verifier_key(&origin, &key.public())?.as_bytes())
}

/// The error of a file that could not be written.
struct Put(anyhow::Error);

impl From<TileError> for Put {
    fn from(error: TileError) -> Self {
        Self(error.into())
    }
}

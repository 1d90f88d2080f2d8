//! Arrays of NumPy, written byte by byte.

use prairie_model::{Codec, NoteKind, PixelFormat};

use crate::support::{Got, read, source};

/// A `.npy` file.
pub(crate) fn npy(descr: &str, fortran: bool, shape: &str, bytes: &[u8]) -> Vec<u8> {
    let order = if fortran { "True" } else { "False" };
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': ({shape}), }}");
    while !(header.len() + 11).is_multiple_of(64) {
        header.push(' ');
    }
    header.push('\n');
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((header.len() as u16).to_le_bytes());
    file.extend(header.as_bytes());
    file.extend(bytes);
    file
}

/// An archive of entries, stored or deflated.
pub(crate) fn npz(entries: &[(&str, Vec<u8>)], deflated: bool) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in entries {
        let name = format!("{name}.npy");
        let packed = if deflated {
            let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
            std::io::Write::write_all(&mut encoder, content).expect("memory");
            encoder.finish().expect("memory")
        } else {
            content.clone()
        };
        let mut common = vec![20, 0, 0, 0, if deflated { 8 } else { 0 }, 0, 0, 0, 0, 0];
        let sizes = [crc32fast::hash(content), packed.len() as u32, content.len() as u32];
        common.extend(sizes.into_iter().flat_map(u32::to_le_bytes));
        common.extend((name.len() as u16).to_le_bytes());
        common.extend([0, 0]);
        let offset = bytes.len() as u32;
        bytes.extend(b"PK\x03\x04");
        bytes.extend(&common);
        bytes.extend(name.as_bytes());
        bytes.extend(&packed);
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&common);
        directory.extend([0; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let (count, offset) = (entries.len() as u16, bytes.len() as u32);
    bytes.extend(&directory);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend([count, count].into_iter().flat_map(u16::to_le_bytes));
    bytes.extend((directory.len() as u32).to_le_bytes());
    bytes.extend(offset.to_le_bytes());
    bytes.extend([0, 0]);
    bytes
}

fn floats(numbers: impl IntoIterator<Item = f32>) -> Vec<u8> {
    numbers.into_iter().flat_map(f32::to_le_bytes).collect()
}

fn entries() -> Vec<(&'static str, Vec<u8>)> {
    let times = [10.0_f64, 10.5, 12.0].map(f64::to_be_bytes).concat();
    let pixels: Vec<u8> = (0..3 * 8 * 8 * 3).map(|n| (n % 251) as u8).collect();
    vec![
        ("t", npy(">f8", false, "3,", &times)),
        ("qpos", npy("<f4", false, "3, 2", &floats([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]))),
        ("turned", npy("<f4", true, "3, 2", &floats([1.0, 3.0, 5.0, 2.0, 4.0, 6.0]))),
        ("cam", npy("|u1", false, "3, 8, 8, 3", &pixels)),
        ("fps", npy("<i8", false, "", &30_i64.to_le_bytes())),
        ("pickled", npy("|O", false, "3,", &[])),
    ]
}

const CONFIG: &str = "[time]\ncolumn = \"t\"\nunit = \"s\"\n[[files]]\npath = \"*.npz\"\n";

#[test]
fn arrays_of_one_length_are_streams() {
    let config = CONFIG;
    for deflated in [false, true] {
        let source = source(config, &[("a.npz", &npz(&entries(), deflated))]);
        let recording = read(&source).expect("arrays");
        assert_eq!(recording.plan.episodes[0].claimed_length, Some(3));
        assert_eq!(recording.plan.episodes[0].attributes["fps"], "30");
        let topics: Vec<_> = recording.plan.channels.iter().map(|it| it.topic.as_str()).collect();
        assert_eq!(topics, ["cam", "qpos", "turned"]);
        let expected = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]].map(|row| row.map(Some).to_vec());
        assert_eq!(recording.numbers(0, "qpos"), expected);
        assert_eq!(recording.numbers(0, "turned"), expected);
        assert_eq!(recording.times(0, "qpos"), [0, 500_000_000, 2_000_000_000]);
        let picture = recording.plan.channels[0].picture.as_ref().expect("pictures");
        assert_eq!((picture.codec, picture.width), (Codec::Raw(PixelFormat::Rgb8), Some(8)));
        let told: Vec<_> = recording.notes.iter().map(|note| (note.kind, note.text.as_str())).collect();
        assert!(told[0].1.contains("type `|O`"), "{told:?}");
        if deflated {
            assert_eq!(told[1], (NoteKind::SchemaMissing, "`a.npz` holds no arrays of which `cam` is made"));
        } else {
            let pictures = recording.stream(0, "cam");
            assert_eq!(pictures.len(), 3);
            assert_eq!(pictures[1].1, Got::Picture((192..384).map(|n| (n % 251) as u8).collect()));
        }
    }
}

#[test]
fn parts_of_rows_are_streams() {
    let config = "[time]\nrate_hz = 2\n[[files]]\npath = \"*.npy\"\n[[streams]]\nname = \"left\"\ncolumns = [\"array[0:2]\"]\n\
                  [[streams]]\nname = \"gripper\"\ncolumns = [\"array[3]\", \"array[0]\"]\nnames = [\"g\", \"x\"]\n\
                  [[streams]]\nname = \"beyond\"\ncolumns = [\"array[4]\"]\n";
    let file = npy("<f4", false, "2, 4", &floats((0..8).map(|n| n as f32)));
    let recording = read(&source(config, &[("a.npy", &file)])).expect("an array");
    let some = |rows: [[f64; 2]; 2]| rows.map(|row| row.map(Some).to_vec());
    assert_eq!(recording.numbers(0, "left"), some([[0.0, 1.0], [4.0, 5.0]]));
    assert_eq!(recording.numbers(0, "gripper"), some([[3.0, 0.0], [7.0, 4.0]]));
    assert_eq!(recording.plan.channels[1].names, ["g", "x"]);
    assert_eq!(recording.times(0, "left"), [0, 500_000_000]);
    assert_eq!(recording.kinds(), [NoteKind::SchemaMissing]);
}

#[test]
fn a_column_of_arrays_cuts_them_into_episodes() {
    let config = "[time]\nrate_hz = 10\n[episodes]\ncolumn = \"ep\"\n[[files]]\npath = \"*.npz\"\n";
    let entries = vec![
        ("ep", npy("<i4", false, "4,", &[0_i32, 0, 1, 1].map(i32::to_le_bytes).concat())),
        ("a", npy("<f4", false, "4,", &floats([1.0, 2.0, 3.0, 4.0]))),
        ("label", npy("|S4", false, "4,", b"go\0\0go\0\0stop\0\0\0\0")),
    ];
    let recording = read(&source(config, &[("a.npz", &npz(&entries, true))])).expect("arrays");
    let keys: Vec<_> = recording.plan.episodes.iter().map(|it| (it.key.as_str(), it.claimed_length)).collect();
    assert_eq!(keys, [("a.npz#0", Some(2)), ("a.npz#1", Some(2))]);
    assert_eq!(recording.numbers(1, "a"), [[Some(3.0)], [Some(4.0)]]);
    assert_eq!(recording.stream(1, "label"), [(0, Got::Text("stop".to_owned()))]);
}

#[test]
fn cut_and_changed_archives_are_told_or_read() {
    for deflated in [false, true] {
        let bytes = npz(&entries(), deflated);
        for cut in (0..bytes.len()).step_by(11) {
            drop(read(&source(CONFIG, &[("a.npz", &bytes[..cut])])));
        }
        for at in (0..bytes.len()).step_by(2) {
            for value in [0xff, bytes[at] ^ (1 << (at % 8))] {
                let mut changed = bytes.clone();
                changed[at] = value;
                drop(read(&source(CONFIG, &[("a.npz", &changed)])));
            }
        }
    }
    let config = "[time]\nrate_hz = 2\n[[files]]\npath = \"*.npy\"\n";
    let file = npy("<f4", false, "4, 2", &floats((0..8).map(|n| n as f32)));
    for cut in 0..file.len() {
        let recording = read(&source(config, &[("a.npy", &file[..cut])])).expect("a description");
        assert!(!recording.summary.complete, "{cut}");
    }
    let recording = read(&source(config, &[("a.npy", &file[..file.len() - 3])])).expect("an array");
    assert_eq!(recording.numbers(0, "array").len(), 3, "rows that are there are read");
    assert_eq!(recording.kinds(), [NoteKind::Truncated]);
    for shape in ["18446744073709551615, 2", "1, 18446744073709551615", "9223372036854775807, 0", "4, 0"] {
        for fortran in [false, true] {
            let file = npy("<f4", fortran, shape, &floats([1.0]));
            drop(read(&source(config, &[("a.npy", &file)])));
        }
    }
}

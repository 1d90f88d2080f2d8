//! Stores that are cut, changed, or made to hurt.

use std::time::{Duration, Instant};

use prairie_formats::Reader;
use prairie_formats::zarr::Zarr;
use prairie_model::{MemorySource, ReadOptions};
use serde_json::{Value, json};

use crate::stores::{Store, archive};
use crate::support::read;

/// Bytes of every compressor that is read, each the same numbers.
fn compressed() -> Store {
    let mut store = Store::buffer();
    let plain: Vec<u8> = (0..80).flat_map(|n| (n as f32).to_le_bytes()).collect();
    let zlib = {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut encoder, &plain).expect("memory");
        encoder.finish().expect("memory")
    };
    let lz4 = [&320_u32.to_le_bytes()[..], &lz4_flex::block::compress(&plain)].concat();
    let zstd = zstd::bulk::compress(&plain, 1).expect("memory");
    let stream = |codec: u8, bytes: &[u8]| {
        let body = [&(bytes.len() as i32).to_le_bytes()[..], bytes].concat();
        let packed = 20 + body.len() as u32;
        let mut head = vec![2, 1, 16 | codec << 5, 4];
        head.extend([320, 320, packed, 20].into_iter().flat_map(u32::to_le_bytes));
        [head, body].concat()
    };
    let blosc =
        [stream(1, &lz4[4..]), stream(3, &zlib), stream(4, &zstd), stream(0, &[&[31][..], &plain[..32]].concat())];
    store.array("data/plain", &[5, 16], &[2, 16], "<f4", &plain);
    let mut put = |name: &str, id: &str, bytes: &[u8]| {
        let about = json!({
            "zarr_format": 2, "shape": [5, 16], "chunks": [5, 16], "dtype": "<f4", "compressor": {"id": id}, "fill_value": 0,
            "order": "C", "filters": null,
        });
        store.json(&format!("data/{name}/.zarray"), &about);
        store.put(&format!("data/{name}/0.0"), bytes);
    };
    put("zlib", "zlib", &zlib);
    put("lz4", "lz4", &lz4);
    put("zstd", "zstd", &zstd);
    for (at, bytes) in blosc.iter().enumerate() {
        put(&format!("blosc{at}"), "blosc", bytes);
    }
    store
}

/// Reads it if it can be read; `read` asserts what must hold whatever the bytes are.
fn survive(source: &MemorySource) {
    drop(read(source));
}

#[test]
fn every_compressor_of_the_hostile_store_is_read_while_it_is_whole() {
    let recording = read(&compressed().source()).expect("a store");
    for topic in ["zlib", "lz4", "zstd", "blosc0", "blosc1", "blosc2"] {
        assert_eq!(recording.topic(topic), recording.topic("plain"), "{topic}");
    }
}

#[test]
fn files_cut_anywhere_and_with_any_bit_changed() {
    let store = compressed();
    for at in 0..store.0.len() {
        let bytes = store.0[at].1.clone();
        let step = (bytes.len() / 60).max(1);
        for cut in (0..bytes.len()).step_by(step) {
            let mut cut_store = store.clone();
            cut_store.0[at].1.truncate(cut);
            survive(&cut_store.source());
        }
        for place in (0..bytes.len()).step_by(step) {
            let mut changed = store.clone();
            changed.0[at].1[place] ^= 1 << (place % 8);
            survive(&changed.source());
        }
    }
}

#[test]
fn archives_cut_anywhere_and_with_any_byte_changed() {
    let bytes = Store::buffer().zip("");
    for cut in (0..bytes.len()).step_by(7) {
        survive(&archive(bytes[..cut].to_vec()));
    }
    for place in (0..bytes.len()).step_by(3) {
        for value in [0, 0xff, bytes[place] ^ 1] {
            let mut changed = bytes.clone();
            changed[place] = value;
            survive(&archive(changed));
        }
    }
    let directory = bytes.windows(4).position(|window| window == b"PK\x01\x02").expect("a directory");
    for place in directory..bytes.len() {
        let mut changed = bytes.clone();
        changed[place] = 0xff;
        survive(&archive(changed));
    }
}

#[test]
fn an_archive_that_names_one_entry_many_times_is_refused() {
    let mut store = Store::buffer();
    let first = store.zip("");
    store.put("data/action/7.0", &[]);
    let bytes = store.zip("");
    // The last entry of the directory points to the first.
    let directory = bytes.windows(4).rposition(|window| window == b"PK\x01\x02").expect("a directory");
    let mut bomb = bytes.clone();
    bomb[directory + 42..directory + 46].fill(0);
    let error = read(&archive(bomb)).expect_err("it is refused").to_string();
    assert!(error.contains("several of its entries are the same bytes"), "{error}");
    assert!(read(&archive(first)).is_ok());
}

#[test]
fn claims_of_size_cost_neither_memory_nor_time() {
    let begun = Instant::now();
    let about = |shape: Value, chunks: Value, compressor: Value| {
        json!({
            "zarr_format": 2, "shape": shape, "chunks": chunks, "dtype": "<f8", "compressor": compressor, "fill_value": 1,
            "order": "C", "filters": null,
        })
    };
    for (shape, chunks, compressor) in [
        (json!([u64::MAX, 2]), json!([1, 2]), json!(null)),
        (json!([1u64 << 60]), json!([1]), json!(null)),
        (json!([1u64 << 40, 4]), json!([1, 1]), json!(null)),
        (json!([5, 1u64 << 23]), json!([5, 1]), json!(null)),
        (json!([5, 1u64 << 40]), json!([5, 1]), json!(null)),
        (json!([5, 2]), json!([1u64 << 24, 2]), json!({"id": "zstd"})),
        (json!([5, 2]), json!([u64::MAX, u64::MAX]), json!({"id": "blosc"})),
    ] {
        let mut store = Store::buffer();
        store.json("data/action/.zarray", &about(shape, chunks, compressor));
        survive(&store.source());
        // Without ends of episodes the rows themselves are the episode.
        store.drop("meta/episode_ends/.zarray");
        survive(&store.source());
    }
    let mut store = Store::buffer();
    store.array("meta/episode_ends", &[2], &[2], "<i8", &[3_i64, i64::MAX].map(i64::to_le_bytes).concat());
    survive(&store.source());
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
}

#[test]
fn what_is_no_store_is_not_claimed() {
    let claims = |files: &[(&str, &[u8])]| {
        let files = files.iter().map(|(path, bytes)| ((*path).to_owned(), bytes.to_vec()));
        let source = MemorySource::new(files);
        let claimed = Zarr.claims(&source);
        if !claimed {
            assert!(Zarr.plan(&source, &ReadOptions::default()).is_err());
        }
        claimed
    };
    assert!(!claims(&[]));
    assert!(!claims(&[("a", b"")]));
    assert!(!claims(&[("a.zip", b"PK\x03\x04")]));
    let mut other = Store::default();
    other.put("notes.txt", b"hello");
    assert!(!claims(&[("a.zip", &other.zip(""))]));
    assert!(claims(&[(".zgroup", b"{}")]));
    assert!(claims(&[("a.zip", &Store::buffer().zip(""))]));
}

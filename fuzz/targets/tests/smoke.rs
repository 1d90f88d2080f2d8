//! A short smoke of every fuzz target: its seeds, and seeded mutations of them. No libFuzzer, no nightly.
#![expect(clippy::disallowed_methods, reason = "seeds are files of the tree")]
#![expect(clippy::print_stderr, reason = "a failure tells which input replays it")]

use std::path::PathBuf;
use std::{env, fs};

use prairie_fuzz_targets::{TARGETS, Target};

/// Mutations of each target, over all of its seeds. `PRAIRIE_SMOKE` gives another number.
const MUTATIONS: usize = 400;

fn corpus(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../corpus").join(name);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("no corpus in {}: {error}", folder.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("it can be listed").path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} is empty", folder.display());
    paths.into_iter().map(|path| (path.clone(), fs::read(path).expect("a seed can be read"))).collect()
}

/// SplitMix64: the same numbers on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % (end.max(1) as u64)).expect("it is below a usize")
    }
}

/// Numbers that lengths and counts go wrong at.
const EDGES: [u64; 8] = [0, 1, 0x7F, 0xFF, 0xFFFF, 0x7FFF_FFFF, 0xFFFF_FFFF, u64::MAX];

fn mutate(seed: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut data = seed.to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(data.len());
        match random.below(7) {
            0 if !data.is_empty() => data[at] ^= 1 << random.below(8),
            1 if !data.is_empty() => data[at] = random.next().to_le_bytes()[0],
            2 => data.truncate(at),
            3 => {
                let width = [1, 2, 4, 8][random.below(4)].min(data.len() - at.min(data.len()));
                let edge = EDGES[random.below(EDGES.len())].to_le_bytes();
                data[at..at + width].copy_from_slice(&edge[..width]);
            }
            4 => {
                let end = (at + random.below(64)).min(data.len());
                let part = data[at.min(end)..end].to_vec();
                data.splice(at..at, part);
            }
            5 => {
                let end = (at + random.below(64)).min(data.len());
                data.drain(at.min(end)..end);
            }
            _ => {
                let from = random.below(other.len()).min(other.len());
                let end = (from + random.below(256)).min(other.len());
                data.splice(at..at, other[from..end].iter().copied());
            }
        }
    }
    data
}

fn smoke(target: &Target) {
    (target.run)(&[]);
    let seeds = corpus(target.name);
    for (_, seed) in &seeds {
        (target.run)(seed);
    }
    let mutations = env::var("PRAIRIE_SMOKE").map_or(MUTATIONS, |text| text.parse().expect("it is a number"));
    for number in 0..mutations {
        let mut random = Random(number as u64);
        let (path, seed) = &seeds[number % seeds.len()];
        let (_, other) = &seeds[random.below(seeds.len())];
        let data = mutate(seed, other, &mut random);
        let run = std::panic::catch_unwind(|| (target.run)(&data));
        if let Err(panic) = run {
            let kept = env::temp_dir().join(format!("prairie-{}-{number}", target.name));
            let told = fs::write(&kept, &data);
            eprintln!("mutation {number} of {}: {} ({told:?})", path.display(), kept.display());
            std::panic::resume_unwind(panic);
        }
    }
}

/// One test per target, so that each has its own name and its own time.
macro_rules! smokes {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            let target = TARGETS.iter().find(|target| target.name == stringify!($name));
            smoke(target.expect("the macro names targets"));
        })*

        #[test]
        fn every_target_has_its_smoke_and_its_binary() {
            let names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
            assert_eq!(names, [$(stringify!($name)),*]);
            let fuzz = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
            let manifest = fs::read_to_string(fuzz.join("Cargo.toml")).expect("the manifest can be read");
            for name in names {
                assert!(fuzz.join(format!("fuzz_targets/{name}.rs")).is_file(), "fuzz_targets/{name}.rs is missing");
                assert!(manifest.contains(&format!("name = \"{name}\"")), "fuzz/Cargo.toml has no binary `{name}`");
            }
        }
    };
}

smokes!(
    annexb av1 bag blocks cdr checkpoint envelope h264 hdf5 idl jpeg jpegxl json lerobot mapping mcap mp4 png profile
    protobuf raw rlds robot_model ros1 rosbag2 rvl station_log table task_book tile ulog xr_teleoperate zarr
);

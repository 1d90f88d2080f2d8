//! Damaged files: whatever their bytes are, reading ends, in bounded memory and time, and its counts reconcile.

use std::time::Instant;

use prairie_model::ReadOptions;

use crate::support;

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
        usize::try_from(self.next() % end.max(1) as u64).expect("below a usize")
    }
}

/// Files that are small enough for many tries.
const BYTES_MAX: usize = 200_000;

/// The most memory that this process has had, in bytes; `None` where the system does not say.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? * 1024)
}

#[test]
fn flipped_bytes_never_panic_or_hang() {
    let tries: usize = std::env::var("PRAIRIE_HDF5_TRIES").ok().and_then(|tries| tries.parse().ok()).unwrap_or(40);
    let mut files = support::seeds();
    files.extend(support::sample_files());
    for (name, bytes) in files.iter().filter(|(_, bytes)| bytes.len() <= BYTES_MAX) {
        let mut random = Random(bytes.len() as u64);
        let mut worst = std::time::Duration::ZERO;
        for attempt in 0..tries {
            let mut data = bytes.clone();
            for _ in 0..=random.below(6) {
                // Most of the metadata lies at the beginning and at the end.
                let near = random.below(data.len().min(8192));
                let at = match random.below(3) {
                    0 => near,
                    1 => data.len() - 1 - near,
                    _ => random.below(data.len()),
                };
                match random.below(4) {
                    0 => data[at] ^= 1 << random.below(8),
                    1 => data[at] = 0xFF,
                    2 => data[at] = random.next() as u8,
                    _ => {
                        let end = (at + 8).min(data.len());
                        let value = [0, 1, 0x7FFF_FFFF, u64::MAX, random.next() % 4096][random.below(5)];
                        data[at..end].copy_from_slice(&value.to_le_bytes()[..end - at]);
                    }
                }
            }
            let begun = Instant::now();
            // Without checksums, flips reach what they protect.
            let options = ReadOptions { verify: attempt % 3 == 0, ..ReadOptions::default() };
            drop(support::read_with(&support::memory(data), &options));
            worst = worst.max(begun.elapsed());
            assert!(begun.elapsed().as_secs() < 20, "{name}: try {attempt} takes {:?}", begun.elapsed());
        }
        println!("{name}: the slowest of {tries} tries took {worst:?}; {:?} bytes at most", peak());
    }
    assert!(peak().is_none_or(|bytes| bytes < 400 << 20), "{:?} bytes", peak());
}

#[test]
fn a_file_that_ends_anywhere_is_read_as_far_as_it_goes() {
    for (name, bytes) in support::seeds().into_iter().chain(support::sample_files()) {
        let step = (bytes.len() / 40).max(1);
        for end in (0..bytes.len()).step_by(step) {
            if let Ok(recording) = support::read(&support::memory(bytes[..end].to_vec())) {
                assert!(!recording.summary.complete, "{name} ends at {end}: {:?}", recording.texts());
            }
        }
    }
}

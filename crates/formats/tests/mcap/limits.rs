//! Memory and speed, at sizes that no test could hold.

use std::io;
use std::ops::ControlFlow;
use std::time::Instant;

use prairie_formats::Reader;
use prairie_formats::mcap::walk::MAGIC;
use prairie_formats::mcap::{Mcap, WriterOptions};
use prairie_model::{Compression, ReadEvent, ReadOptions, Source, SourceFile};

use crate::round_trip;

/// A file that repeats its middle, so that it can be any size and is nowhere.
struct Endless {
    files: [SourceFile; 1],
    head: Vec<u8>,
    middle: Vec<u8>,
}

impl Endless {
    /// Two cameras with 4 pictures of 300 kB each in every chunk, and 500 messages of 400 bytes; `bytes` in all, no index.
    fn new(compression: Compression, bytes: u64) -> (Self, u64) {
        let options = WriterOptions { chunk_bytes: Some(3 << 20), compression, ..WriterOptions::default() };
        let mut noise = 1_u32;
        let mut picture = |n: u64| {
            let byte = |_| {
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (noise >> 24) as u8
            };
            ((n % 2) as usize, n, n, (0..300_000).map(byte).collect::<Vec<u8>>())
        };
        let mut messages: Vec<_> = (0..8).map(&mut picture).collect();
        messages.extend((0..500_u64).map(|n| (2, n, n, vec![n as u8; 400])));
        let file = round_trip::write(&options, 3, &messages);
        // The header, and then everything up to the end of the first chunk: again and again.
        let length = |at: usize| u64::from_le_bytes(file[at + 1..at + 9].try_into().expect("eight bytes")) as usize + 9;
        let chunk = MAGIC.len() + length(MAGIC.len());
        let (head, middle) = (file[..chunk].to_vec(), file[chunk..chunk + length(chunk)].to_vec());
        let repeats = bytes / middle.len() as u64;
        let size = head.len() as u64 + repeats * middle.len() as u64;
        (Self { files: [SourceFile { path: "endless.mcap".to_owned(), size }], head, middle }, repeats)
    }
}

impl Source for Endless {
    fn files(&self) -> &[SourceFile] {
        &self.files
    }

    fn read_at(&self, _: usize, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.files[0].size.saturating_sub(offset);
        let from = match offset.checked_sub(self.head.len() as u64) {
            None => &self.head[offset as usize..],
            Some(inside) => &self.middle[(inside % self.middle.len() as u64) as usize..],
        };
        let n = from.len().min(buffer.len()).min(usize::try_from(left).unwrap_or(usize::MAX));
        buffer[..n].copy_from_slice(&from[..n]);
        Ok(n)
    }
}

fn read_all(source: &Endless) -> u64 {
    let options = ReadOptions::default();
    let plan = Mcap.plan(source, &options).expect("it is readable");
    let mut messages = 0;
    let summary = Mcap
        .read(source, &plan, &options, &mut |event| {
            if let ReadEvent::Batch(batch) = event {
                messages += batch.len() as u64;
            }
            ControlFlow::Continue(())
        })
        .expect("it is readable");
    assert_eq!(messages, summary.channels.values().map(|tally| tally.messages).sum::<u64>());
    messages
}

/// Most memory that this process ever had, in bytes; `None` where the system does not say.
fn peak_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
}

#[test]
fn memory_does_not_grow_with_the_file() {
    let Some(before) = peak_bytes() else {
        println!("skipped: memory is not measured, because /proc/self/status is not there");
        return;
    };
    for compression in [Compression::None, Compression::Lz4, Compression::Zstd] {
        let (source, repeats) = Endless::new(compression, 400 << 20);
        assert_eq!(read_all(&source), repeats * 508);
    }
    let grown = peak_bytes().expect("it was there before") - before;
    println!("{} MiB more for three files of 400 MiB", grown >> 20);
    // Other tests may run in the same process.
    assert!(grown < 300 << 20, "{grown}");
}

#[test]
#[ignore = "a measurement, not a test"]
fn speed() {
    for compression in [Compression::None, Compression::Lz4, Compression::Zstd] {
        let (source, _) = Endless::new(compression, 2 << 30);
        let mut buffer = vec![0; 4 << 20];
        let began = Instant::now();
        let mut at = 0;
        while at < source.files[0].size {
            at += source.read_at(0, at, &mut buffer).expect("memory") as u64;
        }
        let copied = began.elapsed();
        let began = Instant::now();
        let messages = read_all(&source);
        let read = began.elapsed();
        println!(
            "{}: {messages} messages, {:.0} MB/s; copying alone {:.0} MB/s",
            compression.name(),
            source.files[0].size as f64 / 1e6 / read.as_secs_f64(),
            source.files[0].size as f64 / 1e6 / copied.as_secs_f64(),
        );
    }
}

//! The sample table of a track: sizes, chunks, times, key frames.

use prairie_model::{Note, NoteKind};

use super::Sample;
use super::boxes::{child, rows, u32_at, u64_at};
use super::demux::MAX_SAMPLES;

/// The samples that `stbl` describes, in the order of decoding.
pub(super) fn read_table(stbl: &[u8], notes: &mut Vec<Note>) -> Vec<Sample> {
    let sizes = sizes(stbl, notes);
    let mut samples = place(stbl, &sizes);
    if samples.len() < sizes.len() {
        let text = format!("chunks hold {} pictures, sizes are given for {}", samples.len(), sizes.len());
        notes.push(Note::new(NoteKind::IndexWrong, text).numbers(samples.len() as f64, Some(sizes.len() as f64)));
    }
    set_times(stbl, &mut samples);
    if let Some(stss) = child(stbl, b"stss") {
        for row in rows(stss, 4, 4) {
            // Sample numbers count from one.
            let number = u32_at(row, 0).and_then(|number| usize::try_from(number).ok()).unwrap_or(0);
            if let Some(sample) = number.checked_sub(1).and_then(|at| samples.get_mut(at)) {
                sample.key_frame = true;
            }
        }
    } else {
        // Without the table every sample is one.
        samples.iter_mut().for_each(|sample| sample.key_frame = true);
    }
    samples
}

fn sizes(stbl: &[u8], notes: &mut Vec<Note>) -> Vec<u32> {
    let sizes = if let Some(stsz) = child(stbl, b"stsz") {
        let claimed = u32_at(stsz, 8).unwrap_or(0);
        match u32_at(stsz, 4) {
            Some(0) | None => {
                let sizes: Vec<_> = rows(stsz, 8, 4).take(MAX_SAMPLES).filter_map(|row| u32_at(row, 0)).collect();
                (claimed, sizes)
            }
            Some(same) => (claimed, vec![same; usize::try_from(claimed).map_or(MAX_SAMPLES, |n| n.min(MAX_SAMPLES))]),
        }
    } else if let Some(stz2) = child(stbl, b"stz2") {
        let claimed = u32_at(stz2, 8).unwrap_or(0);
        let table = stz2.get(12..).unwrap_or_default();
        let wanted = usize::try_from(claimed).map_or(MAX_SAMPLES, |n| n.min(MAX_SAMPLES));
        let sizes: Vec<u32> = match stz2.get(7) {
            Some(4) => table.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(u32::from).take(wanted).collect(),
            Some(8) => table.iter().copied().map(u32::from).take(wanted).collect(),
            Some(16) => {
                table.chunks_exact(2).map(|two| u32::from(two[0]) << 8 | u32::from(two[1])).take(wanted).collect()
            }
            _ => Vec::new(),
        };
        (claimed, sizes)
    } else {
        (0, Vec::new())
    };
    let (claimed, sizes) = sizes;
    if sizes.len() as u64 != u64::from(claimed) {
        let text = format!("the table of sizes claims {claimed} pictures and holds {}", sizes.len());
        notes.push(Note::new(NoteKind::IndexWrong, text).numbers(sizes.len() as f64, Some(claimed.into())));
    }
    sizes
}

/// Gives each size its place: chunk by chunk, as many samples per chunk as `stsc` says.
fn place(stbl: &[u8], sizes: &[u32]) -> Vec<Sample> {
    let runs: Vec<(u32, u32)> = child(stbl, b"stsc").map_or_else(Vec::new, |stsc| {
        rows(stsc, 4, 12).filter_map(|row| Some((u32_at(row, 0)?, u32_at(row, 4)?))).collect()
    });
    let offsets: Vec<u64> = if let Some(stco) = child(stbl, b"stco") {
        rows(stco, 4, 4).filter_map(|row| u32_at(row, 0)).map(u64::from).collect()
    } else {
        child(stbl, b"co64").map_or_else(Vec::new, |co64| rows(co64, 4, 8).filter_map(|row| u64_at(row, 0)).collect())
    };
    let mut samples = Vec::with_capacity(sizes.len());
    let mut sizes = sizes.iter();
    let mut run = 0;
    for (chunk, mut offset) in (1_u64..).zip(offsets) {
        while runs.get(run + 1).is_some_and(|(first, _)| u64::from(*first) <= chunk) {
            run += 1;
        }
        let Some((_, per_chunk)) = runs.get(run) else { break };
        for _ in 0..*per_chunk {
            let Some(&size) = sizes.next() else { return samples };
            samples.push(Sample { offset, size, decode_time: 0, composition_time: 0, key_frame: false });
            offset = offset.saturating_add(size.into());
        }
    }
    samples
}

/// Gives each sample its times, from runs of durations (`stts`) and of offsets (`ctts`).
fn set_times(stbl: &[u8], samples: &mut [Sample]) {
    let mut durations = runs(stbl, b"stts");
    let mut offsets = runs(stbl, b"ctts");
    let mut time = 0_i64;
    let mut duration = 0;
    for sample in samples {
        sample.decode_time = time;
        // Version 0 says that offsets are unsigned, and writers put negative ones there all the same.
        let offset = offsets.next().unwrap_or(0) as i32; // OK to cast: the bits are those of an i32.
        sample.composition_time = time.saturating_add(offset.into());
        // A table that ends early goes on with its last duration, as players do.
        duration = durations.next().unwrap_or(duration);
        time = time.saturating_add(duration.into());
    }
}

/// The values of a run-length table, one by one. Lazy, since a run may claim four billion.
fn runs(stbl: &[u8], kind: &[u8; 4]) -> impl Iterator<Item = u32> {
    let table = child(stbl, kind).unwrap_or_default();
    rows(table, 4, 8)
        .filter_map(|row| Some((u32_at(row, 0)?, u32_at(row, 4)?)))
        .flat_map(|(count, value)| (0..count).map(move |_| value))
}

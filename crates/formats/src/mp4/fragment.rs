//! The samples of a movie fragment (`moof`).

use super::Sample;
use super::boxes::{Boxes, child, descend, flags, u32_at, u64_at, version};
use super::demux::MAX_SAMPLES;

/// What fragments leave out, from `trex`.
#[derive(Debug, Default)]
pub(super) struct Defaults {
    track: u32,
    duration: u32,
    size: u32,
    flags: u32,
}

impl Defaults {
    /// The defaults of a track.
    pub(super) fn of(moov: &[u8], track: u32) -> Self {
        let trex = descend(moov, &[b"mvex"]).and_then(|mvex| {
            Boxes(mvex).find(|(kind, body)| kind == b"trex" && u32_at(body, 4) == Some(track)).map(|(_, body)| body)
        });
        let Some(trex) = trex else { return Self { track, ..Self::default() } };
        let word = |at| u32_at(trex, at).unwrap_or(0);
        Self { track, duration: word(12), size: word(16), flags: word(20) }
    }
}

/// Reads words one after the other.
struct Words<'a>(&'a [u8]);

impl Words<'_> {
    fn next(&mut self) -> Option<u32> {
        let word = u32_at(self.0, 0)?;
        self.0 = &self.0[4..];
        Some(word)
    }

    /// The next word if `present`, else `None` in its place; `Err` when the box ends first.
    fn optional(&mut self, present: bool) -> Result<Option<u32>, ()> {
        if !present { Ok(None) } else { self.next().map(Some).ok_or(()) }
    }
}

/// Appends the samples of the track in the fragment whose `moof` begins at `start`. `next_time` is where the last fragment
/// ended, for fragments without a time of their own.
pub(super) fn read_fragment(
    moof: &[u8],
    start: u64,
    defaults: &Defaults,
    next_time: &mut i64,
    samples: &mut Vec<Sample>,
) {
    for (_, traf) in Boxes(moof).filter(|(kind, _)| kind == b"traf") {
        let Some(tfhd) = child(traf, b"tfhd") else { continue };
        if u32_at(tfhd, 4) != Some(defaults.track) {
            continue;
        }
        let header = flags(tfhd);
        let mut words = Words(tfhd.get(8..).unwrap_or_default());
        let mut base = start;
        if header & 1 != 0 {
            let Some(offset) = u64_at(words.0, 0) else { continue };
            base = offset;
            words.0 = &words.0[8..];
        }
        let rest = (|| {
            words.optional(header & 2 != 0)?;
            let duration = words.optional(header & 8 != 0)?.unwrap_or(defaults.duration);
            let size = words.optional(header & 0x10 != 0)?.unwrap_or(defaults.size);
            let flags = words.optional(header & 0x20 != 0)?.unwrap_or(defaults.flags);
            Ok::<_, ()>(Defaults { track: defaults.track, duration, size, flags })
        })();
        let Ok(rest) = rest else { continue };
        if let Some(tfdt) = child(traf, b"tfdt") {
            let time = if version(tfdt) == 1 { u64_at(tfdt, 4) } else { u32_at(tfdt, 4).map(u64::from) };
            *next_time = time.and_then(|time| i64::try_from(time).ok()).unwrap_or(*next_time);
        }
        let mut at = base;
        for (_, trun) in Boxes(traf).filter(|(kind, _)| kind == b"trun") {
            if read_run(trun, base, &mut at, &rest, next_time, samples).is_err() {
                break;
            }
        }
    }
}

/// One run of samples. `Err` when the box ends before its samples do.
fn read_run(
    trun: &[u8],
    base: u64,
    at: &mut u64,
    defaults: &Defaults,
    time: &mut i64,
    samples: &mut Vec<Sample>,
) -> Result<(), ()> {
    let present = flags(trun);
    let mut words = Words(trun.get(4..).unwrap_or_default());
    let count = words.next().ok_or(())?;
    if let Some(offset) = words.optional(present & 1 != 0)? {
        // OK to cast: the offset is signed.
        *at = base.checked_add_signed((offset as i32).into()).ok_or(())?;
    }
    let mut first_flags = words.optional(present & 4 != 0)?;
    for _ in 0..count {
        if samples.len() >= MAX_SAMPLES {
            return Err(());
        }
        let duration = words.optional(present & 0x100 != 0)?.unwrap_or(defaults.duration);
        let size = words.optional(present & 0x200 != 0)?.unwrap_or(defaults.size);
        let own_flags = words.optional(present & 0x400 != 0)?;
        let offset = words.optional(present & 0x800 != 0)?.unwrap_or(0);
        let flags = first_flags.take().or(own_flags).unwrap_or(defaults.flags);
        samples.push(Sample {
            offset: *at,
            size,
            decode_time: *time,
            // OK to cast: writers put signed offsets there in either version.
            composition_time: time.saturating_add((offset as i32).into()),
            // Bit 16 says that the sample is not a key frame.
            key_frame: flags & 0x0001_0000 == 0,
        });
        *at = at.saturating_add(size.into());
        *time = time.saturating_add(duration.into());
    }
    Ok(())
}

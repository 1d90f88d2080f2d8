//! Finds the video track of a file and reads its sample table.

use prairie_model::{Codec, Note, NoteKind, Source};

use super::boxes::{Boxes, FourCc, TopBoxes, child, descend, fourcc, u16_at, u32_at, u64_at, version};
use super::fragment::{Defaults, read_fragment};
use super::table::read_table;
use super::{Sample, Track};
use crate::FormatError;

/// Bytes of `moov`, and of one `moof`. The table of four million samples takes less than half of it.
const MAX_INDEX_BYTES: u64 = 256 << 20;

/// Samples of one track: 38 hours at 30 frames a second.
pub(super) const MAX_SAMPLES: usize = 1 << 22;

/// Reads the first video track of an MP4 file: its codec and where each picture lies. Reads the boxes that describe the track
/// and no picture.
///
/// Samples that lie beyond the end of the file are left out and told as a note.
///
/// # Errors
///
/// When the source fails, or the file has no video track with a sample table.
pub fn read_track(source: &dyn Source, file: usize) -> Result<Track, FormatError> {
    let (path, size) = source.files().get(file).map_or((String::new(), 0), |file| (file.path.clone(), file.size));
    let damaged =
        |what, offset, why: &str| FormatError::Damaged { what, file: path.clone(), offset, why: why.to_owned() };
    let cut = |offset, why| FormatError::Cut { what: "the movie box", file: path.clone(), offset, why };
    let mut moov = None;
    let mut fragments = Vec::new();
    let mut boxes = TopBoxes::new(source, file);
    while let Some(top) = boxes.next()? {
        let wanted = moov.is_none() && top.kind == *b"moov";
        if !wanted && top.kind != *b"moof" {
            continue;
        }
        if top.end > size {
            if wanted {
                let why = format!("the box goes from byte {} to {}", top.start, top.end);
                return Err(cut(size, why));
            }
            break;
        }
        if top.end - top.body > MAX_INDEX_BYTES {
            return Err(damaged("the movie box", top.start, "it is larger than 256 MiB"));
        }
        if wanted {
            let bytes = source.read_exact(file, top.body, top.end - top.body);
            moov = Some((top.start, bytes.map_err(|source| FormatError::Io { file: path.clone(), source })?));
        } else {
            fragments.push(top);
        }
    }
    let Some((at, moov)) = moov else {
        return Err(cut(size, "there is no `moov` box, and without it no picture can be found".to_owned()));
    };
    let Some((trak, entry)) = video_track(&moov) else {
        return Err(damaged("the video track", at, "no track with a video sample entry"));
    };
    let mut track = describe(&moov, trak, &entry);
    let mut notes = Vec::new();
    if let Some(stbl) = descend(trak, &[b"mdia", b"minf", b"stbl"]) {
        track.samples = read_table(stbl, &mut notes);
    }
    let defaults = Defaults::of(&moov, track_id(trak));
    let mut next_time = 0;
    for top in fragments {
        let bytes = source.read_exact(file, top.body, top.end - top.body);
        let bytes = bytes.map_err(|source| FormatError::Io { file: path.clone(), source })?;
        read_fragment(&bytes, top.start, &defaults, &mut next_time, &mut track.samples);
    }
    drop_beyond(&mut track.samples, size, &mut notes);
    let end = boxes.at();
    if end > size {
        let text = format!("the last box ends at byte {end} of {size}");
        notes.push(Note::new(NoteKind::Truncated, text).numbers(size as f64, Some(end as f64)));
    } else if end < size {
        let left = size - end;
        let (verb, are) = if left == 1 { ("byte follows", "is") } else { ("bytes follow", "are") };
        let text = format!("{left} {verb} the last box of the file and {are} no box");
        let note = Note::new(NoteKind::Trailing, text).at(path.clone(), end);
        notes.push(note.numbers(left as f64, Some(0.0)));
    }
    let place = |note: Note| match note.kind {
        NoteKind::Trailing => note,
        // What is missing would stand behind the end.
        NoteKind::Truncated => note.at(path.clone(), size),
        _ => note.in_file(path.clone()),
    };
    track.notes = notes.into_iter().map(place).collect();
    Ok(track)
}

/// The first visual sample entry of a track: its name and its body.
struct Entry<'a> {
    kind: FourCc,
    body: &'a [u8],
}

fn video_track(moov: &[u8]) -> Option<(&[u8], Entry<'_>)> {
    Boxes(moov).filter(|(kind, _)| kind == b"trak").find_map(|(_, trak)| {
        let handler = descend(trak, &[b"mdia", b"hdlr"])?;
        if fourcc(handler, 8)? != *b"vide" {
            return None;
        }
        let stsd = descend(trak, &[b"mdia", b"minf", b"stbl", b"stsd"])?;
        let (kind, body) = Boxes(stsd.get(8..)?).next()?;
        Some((trak, Entry { kind, body }))
    })
}

fn track_id(trak: &[u8]) -> u32 {
    let Some(tkhd) = child(trak, b"tkhd") else { return 0 };
    u32_at(tkhd, if version(tkhd) == 1 { 20 } else { 12 }).unwrap_or(0)
}

/// Bytes of a visual sample entry before its boxes.
const VISUAL_ENTRY: usize = 78;

fn describe(moov: &[u8], trak: &[u8], entry: &Entry<'_>) -> Track {
    let (codec, config) = match &entry.kind {
        b"avc1" | b"avc3" => (Codec::H264, Some(b"avcC")),
        b"hvc1" | b"hev1" => (Codec::H265, Some(b"hvcC")),
        b"av01" => (Codec::Av1, Some(b"av1C")),
        b"jpeg" | b"mjpg" | b"mjpa" => (Codec::Jpeg, None),
        b"png " => (Codec::Png, None),
        _ => (Codec::Other, None),
    };
    let children = entry.body.get(VISUAL_ENTRY..).unwrap_or_default();
    let mdhd = descend(trak, &[b"mdia", b"mdhd"]).unwrap_or_default();
    let timescale = u32_at(mdhd, if version(mdhd) == 1 { 20 } else { 12 }).filter(|scale| *scale > 0).unwrap_or(1000);
    Track {
        codec,
        sample_entry: String::from_utf8_lossy(&entry.kind).into_owned(),
        width: u16_at(entry.body, 24).unwrap_or(0).into(),
        height: u16_at(entry.body, 26).unwrap_or(0).into(),
        config: config.and_then(|kind| child(children, kind)).unwrap_or_default().to_vec(),
        timescale,
        edit_offset: edit_offset(moov, trak, timescale),
        samples: Vec::new(),
        notes: Vec::new(),
    }
}

/// The composition time that is presented at time zero.
///
/// An edit list is a row of (duration, media time); a media time of −1 is an empty edit, which delays what follows.
fn edit_offset(moov: &[u8], trak: &[u8], timescale: u32) -> i64 {
    let Some(elst) = descend(trak, &[b"edts", b"elst"]) else { return 0 };
    let mvhd = child(moov, b"mvhd").unwrap_or_default();
    let movie_scale = u32_at(mvhd, if version(mvhd) == 1 { 20 } else { 12 }).filter(|scale| *scale > 0).unwrap_or(1000);
    let long = version(elst) == 1;
    let mut delay: i128 = 0;
    for row in super::boxes::rows(elst, 4, if long { 20 } else { 12 }) {
        // OK to cast: the times of an edit list are signed.
        let (duration, media_time) = if long {
            (u64_at(row, 0).unwrap_or(0), u64_at(row, 8).unwrap_or(0) as i64)
        } else {
            (u32_at(row, 0).unwrap_or(0).into(), (u32_at(row, 4).unwrap_or(0) as i32).into())
        };
        if media_time >= 0 {
            let offset = i128::from(media_time) - delay * i128::from(timescale) / i128::from(movie_scale);
            return i64::try_from(offset).unwrap_or(0);
        }
        delay += i128::from(duration);
    }
    0
}

fn drop_beyond(samples: &mut Vec<Sample>, size: u64, notes: &mut Vec<Note>) {
    let claimed = samples.len();
    samples.retain(|sample| sample.offset.checked_add(sample.size.into()).is_some_and(|end| end <= size));
    let lost = claimed - samples.len();
    if lost > 0 {
        let text = format!("{lost} of {claimed} pictures lie beyond the end of the file ({size} bytes)");
        notes.push(Note::new(NoteKind::Truncated, text).numbers(samples.len() as f64, Some(claimed as f64)));
    }
}

//! Pictures of one episode: the same bytes, the same pixels, or how alike.
//!
//! ```text
//!   essence of both equal? ─ yes ─▶ equal
//!          └─ no ─ pixels of both ─ equal? ─ yes ─▶ the same pixels
//!                                     └─ no ─ 8 bits? ─ PSNR, SSIM, the worst part, the neighbours ─▶ alike, or a difference
//! ```
//!
//! **Invariant:** where pictures of a stream were copied, one that was encoded is a difference, however alike.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{Array as _, Int64Array};
use prairie_media::even_rgb;
use prairie_model::{Clock, StreamBatch, StreamKind};

use super::decoding::Frames;
use super::likeness::{is_rather, likeness, outliers};
use super::rows::{Pairing, Rows};
use super::said::Said;
use super::side::Loaded;
use super::{Pair, ProveReport, alike, facts, plain};
use crate::error::EngineError;

/// Compares the pictures of one episode, each stream of the export with the one of the source that its name is most like. Gives
/// the streams of the source that were found, and the pairs.
pub(super) fn compare(
    at: usize,
    (from, to): (&Loaded<'_>, &Loaded<'_>),
    pairing: Pairing,
    said: Option<&Said>,
    report: &mut ProveReport,
) -> Result<(BTreeSet<usize>, Vec<Pair>), EngineError> {
    let frames = |loaded: &Loaded<'_>| -> Vec<usize> {
        let is_frames = |it: &StreamBatch| it.kind().is_some_and(StreamKind::is_frames) && !it.is_empty();
        (0..loaded.streams.len()).filter(|place| is_frames(&loaded.streams[*place])).collect()
    };
    let (ours, theirs) = (frames(from), frames(to));
    let mut all = Vec::new();
    for &their in &theirs {
        for &our in ours.iter().filter(|our| from.streams[**our].kind() == to.streams[their].kind()) {
            let names = (plain(&from.streams[our].stream.name), plain(&to.streams[their].stream.name));
            let size = |it: &StreamBatch| it.stream.picture.as_ref().and_then(|it| it.width.zip(it.height));
            let same_size = size(&from.streams[our]) == size(&to.streams[their]);
            all.push(((names.0 == names.1, alike(names.0, names.1), same_size), (their, our)));
        }
    }
    all.sort_by(|(one, places), (two, others)| two.cmp(one).then(places.cmp(others)));
    let (mut found, mut done, mut pairs) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    for (_, (their, our)) in all {
        if found.contains(&our) || !done.insert(their) {
            continue;
        }
        found.insert(our);
        let (source, export) = (&from.streams[our], &to.streams[their]);
        pairs.push(Pair {
            export: plain(&export.stream.name).to_owned(),
            source: plain(&source.stream.name).to_owned(),
        });
        facts::streams(at, (&export.stream, &source.stream), report);
        stream(at, (from, source), (to, export), pairing, said, report)?;
    }
    for their in theirs.into_iter().filter(|their| !done.contains(their)) {
        let export = &to.streams[their];
        report.differs(Some(at), plain(&export.stream.name), "the source has no such pictures");
    }
    Ok((found, pairs))
}

/// Compares one stream of pictures.
fn stream(
    at: usize,
    (from, source): (&Loaded<'_>, &StreamBatch),
    (to, export): (&Loaded<'_>, &StreamBatch),
    pairing: Pairing,
    said: Option<&Said>,
    report: &mut ProveReport,
) -> Result<(), EngineError> {
    let name = plain(&export.stream.name);
    let (source, export) = (&in_order_of_showing(source)?, &in_order_of_showing(export)?);
    let rows = pairing.pictures(export.t_ns(), source.t_ns(), source.stream.clock);
    facts::times(at, (source, export), &rows, pairing, report);
    let mut stream = Stream::new((from, source), (to, export), &rows)?;
    for row in 0..export.len() {
        stream.compare(row, report);
    }
    let said_copied = said.is_some_and(|said| said.is_copied(&export.stream.name));
    stream.finish(at, name, said_copied, report);
    Ok(())
}

/// Messages lie in the order of decoding, and with B-frames so do their log times. What was made to be shown in another order says
/// so in its stamps.
fn in_order_of_showing(pictures: &StreamBatch) -> Result<StreamBatch, EngineError> {
    // A stamp of zero is none, which one picture may well have.
    let stamps = pictures.header_time_ns().filter(|stamps| stamps.null_count() <= 1 && stamps.len() > 1);
    let is_coded = pictures.stream.picture.as_ref().is_some_and(|picture| !picture.codec.is_intra());
    let Some(stamps) = stamps.filter(|_| is_coded && pictures.stream.clock == Clock::Log) else {
        return Ok(pictures.clone());
    };
    let shown: Int64Array = stamps.iter().zip(pictures.t_ns()).map(|(stamp, t)| Some(stamp.unwrap_or(*t))).collect();
    let bug = |error: arrow::error::ArrowError| EngineError::Bug(error.to_string());
    let order = arrow::compute::sort_to_indices(&shown, None, None).map_err(bug)?;
    let mut columns = pictures.samples.columns().to_vec();
    let times = pictures.samples.schema().index_of("t_ns").map_err(bug)?;
    // OK to index: its place was just found. The schema lets no time be missing, and none is.
    columns[times] = Arc::new(shown);
    let samples = arrow::array::RecordBatch::try_new(pictures.samples.schema(), columns).map_err(bug)?;
    let samples = arrow::compute::take_record_batch(&samples, &order).map_err(bug)?;
    Ok(StreamBatch { samples, ..pictures.clone() })
}

/// Pictures among which one must say what a decoder must know: an episode may begin between two key frames.
const CONFIGURATION_AMONG: usize = 300;

/// One stream of pictures on both sides, compared row by row.
struct Stream<'a> {
    ours: Frames<'a>,
    theirs: Frames<'a>,
    /// The picture of the source that each row shows.
    picks: Vec<Option<usize>>,
    /// Whether equal coded pictures give equal pixels: what else decoders must know is the same.
    same_configuration: bool,
    /// Rows whose bytes are those of the source.
    equal: u64,
    /// The first that has other pixels, and how alike it is.
    first_encoded: Option<(usize, String)>,
    encoded: u64,
    psnr_db: Vec<(usize, f64)>,
    /// Rows that differ too much: how many, and the first.
    worse: u64,
    first_worse: Option<(usize, String)>,
    /// Rows that show the picture before one that cannot be decoded.
    repeated: u64,
    /// The last picture of the source that could be decoded.
    last_good: Option<usize>,
}

impl<'a> Stream<'a> {
    fn new(
        (from, source): (&Loaded<'a>, &StreamBatch),
        (to, export): (&Loaded<'a>, &StreamBatch),
        rows: &Rows,
    ) -> Result<Self, EngineError> {
        let picks: Vec<Option<usize>> = rows.picks.iter().map(|pick| pick.map(|pick| pick.from)).collect();
        let mut wanted: Vec<usize> = picks.iter().flatten().copied().collect();
        wanted.sort_unstable();
        wanted.dedup();
        let mut ours = Frames::new(from, source, wanted)?;
        let mut theirs = Frames::new(to, export, (0..export.len()).collect())?;
        let both = picks
            .iter()
            .enumerate()
            .take(CONFIGURATION_AMONG)
            .find_map(|(row, pick)| Some((ours.configuration((*pick)?)?, theirs.configuration(row)?)));
        let same_configuration = both.is_some_and(|(ours, theirs)| ours == theirs);
        Ok(Self {
            ours,
            theirs,
            picks,
            same_configuration,
            equal: 0,
            first_encoded: None,
            encoded: 0,
            psnr_db: Vec::new(),
            worse: 0,
            first_worse: None,
            repeated: 0,
            last_good: None,
        })
    }

    fn compare(&mut self, row: usize, report: &mut ProveReport) {
        // A row without a pick was told with the times.
        let Some(pick) = self.picks[row] else { return };
        report.pictures += 1;
        let (one, two) = (self.theirs.essence(row), self.ours.essence(pick));
        let same_coding = self.theirs.codec(row) == self.ours.codec(pick) && one.is_ok() && one == two;
        if same_coding && self.same_configuration {
            self.equal += 1;
            report.pictures_equal += 1;
            return;
        }
        // The pictures before are asked for as long as a neighbour may need them.
        self.theirs.forget_before(row);
        let before = self.neighbours(row)[0].unwrap_or(pick);
        self.ours.forget_before(self.last_good.map_or(before, |good| good.min(before)));
        if same_coding && self.theirs.picture(row).is_err() && self.ours.picture(pick).is_err() {
            self.equal += 1;
            report.pictures_equal += 1;
        } else if let Err(why) = self.pixels(row, pick, report) {
            self.worse += 1;
            self.first_worse.get_or_insert((row, why));
        }
    }

    /// The pictures of the source that the rows before and after show, as far as they are others.
    fn neighbours(&self, row: usize) -> [Option<usize>; 2] {
        let own = self.picks[row];
        let before = self.picks[..row].iter().rev().flatten().find(|pick| Some(**pick) != own);
        let after = self.picks[row + 1..].iter().flatten().find(|pick| Some(**pick) != own);
        [before.copied(), after.copied()]
    }

    /// Compares pixels, or says why they are not those of the source.
    fn pixels(&mut self, row: usize, pick: usize, report: &mut ProveReport) -> Result<(), String> {
        let is = self.theirs.picture(row).map_err(|why| format!("it cannot be decoded: {why}"))?;
        let should = match (self.ours.picture(pick), self.last_good) {
            (Ok(picture), _) => {
                self.last_good = Some(pick);
                picture
            }
            // An export shows the picture before one that cannot be decoded.
            (Err(_), Some(before)) if self.ours.picture(before).is_ok() => {
                self.repeated += 1;
                self.ours.picture(before)?
            }
            (Err(why), _) => return Err(format!("that of the source cannot be decoded: {why}")),
        };
        if is == should {
            report.pictures_same_pixels += 1;
            return Ok(());
        }
        let (Some(one), Some(two)) = (even_rgb(&is), even_rgb(&should)) else {
            return Err(format!("its pixels are others, of {}", is.format.name()));
        };
        if one == two {
            // Grey as three equal channels, or a side made even.
            report.pictures_same_pixels += 1;
            return Ok(());
        }
        let size = format!("{} × {} pixels", is.width, is.height);
        let alike = likeness(&one, &two);
        let alike = alike
            .ok_or_else(|| format!("it has {size}, and that of the source {} × {}", should.width, should.height))?;
        report.psnr_least_db = Some(report.psnr_least_db.map_or(alike.psnr_db, |least| least.min(alike.psnr_db)));
        report.ssim_least = Some(report.ssim_least.map_or(alike.ssim, |least| least.min(alike.ssim)));
        self.psnr_db.push((row, alike.psnr_db));
        let text =
            format!("PSNR {:.1} dB, SSIM {:.3}, in its worst part {:.1} dB", alike.psnr_db, alike.ssim, alike.worst_db);
        for other in self.neighbours(row).into_iter().flatten() {
            let Ok(picture) = self.ours.picture(other) else { continue };
            if even_rgb(&picture).is_some_and(|other| is_rather(&one, &two, &other)) {
                return Err(format!("it is picture {other} of the source, and should be picture {pick} ({text})"));
            }
        }
        let options = &report.options;
        let is_bad = alike.psnr_db < options.psnr_min_db
            || alike.ssim < options.ssim_min
            || alike.worst_db < options.worst_part_min_db;
        if is_bad {
            return Err(text);
        }
        self.encoded += 1;
        self.first_encoded.get_or_insert((row, text));
        Ok(())
    }

    /// Tells what came of the whole stream.
    fn finish(mut self, at: usize, name: &str, said_copied: bool, report: &mut ProveReport) {
        if let Some((row, text)) = self.first_encoded.filter(|_| said_copied || self.equal > 0) {
            let why =
                if said_copied { "the export's own proof says that they are copied" } else { "the others are copied" };
            let text = format!("{} pictures were encoded again, and {why}: picture {row}: {text}", self.encoded);
            report.differs(Some(at), name, text);
        }
        let values: Vec<f64> = self.psnr_db.iter().map(|(_, db)| *db).collect();
        let worse = outliers(&values);
        if let (Some((place, by_db)), None) = (worse.first(), &self.first_worse) {
            self.worse = worse.len() as u64;
            let (row, db) = self.psnr_db[*place];
            self.first_worse = Some((row, format!("PSNR {db:.1} dB, {by_db:.1} dB less than those around it")));
        }
        if let Some((row, text)) = self.first_worse {
            report.differs(
                Some(at),
                name,
                format!("{} of {} pictures differ: picture {row}: {text}", self.worse, self.picks.len()),
            );
        }
        if self.repeated > 0 {
            let what = format!("pictures of `{name}` that cannot be decoded, and are the one before in the export");
            report.leaves_out(what, self.repeated);
        }
    }
}

//! What is no number and no picture: times, stamps, texts, labelled parts, and what is said of episodes and streams.

use std::collections::BTreeSet;

use arrow::array::{Array, AsArray, Int64Array};
use prairie_model::{Clock, Episode, Mode, Outcome, Segment, Stream, StreamBatch, StreamKind};

use super::rows::{Pairing, Rows};
use super::side::Loaded;
use super::{ProveReport, plain};

/// What is said of the episode, and of parts of it.
pub(super) fn episode(at: usize, (from, to): (&Loaded<'_>, &Loaded<'_>), pairing: Pairing, report: &mut ProveReport) {
    let facts = |episode: &Episode| {
        let mode = Some(episode.mode.name().to_owned()).filter(|_| episode.mode != Mode::Unknown);
        let outcome = Some(episode.outcome.name().to_owned()).filter(|_| episode.outcome != Outcome::Unknown);
        [
            // LeRobot has a task in every episode, which says nothing where nobody named one.
            ("task", episode.task.clone().filter(|task| !task.is_empty())),
            ("robot", episode.robot.clone()),
            ("type of the robot", episode.robot_type.clone()),
            ("operator", episode.operator.clone()),
            ("station", episode.station.clone()),
            ("mode", mode),
            ("outcome", outcome),
        ]
    };
    let (ours, theirs) = (facts(&from.draft.episode), facts(&to.draft.episode));
    for ((what, our), (_, their)) in ours.iter().zip(&theirs) {
        fact(at, what, (our.as_deref(), their.as_deref()), report);
    }
    segments(at, (&from.draft.segments, &to.draft.segments), pairing, report);
}

/// What is said of a stream besides its numbers.
pub(super) fn streams(at: usize, (theirs, ours): (&Stream, &Stream), report: &mut ProveReport) {
    let facts = |stream: &Stream| {
        [
            ("frame", stream.frame.clone()),
            ("child frame", stream.child_frame.clone()),
            ("representation", stream.representation.clone()),
        ]
    };
    for ((what, our), (_, their)) in facts(ours).into_iter().zip(facts(theirs)) {
        let what = format!("{what} of `{}`", plain(&ours.name));
        fact(at, &what, (our.as_deref(), their.as_deref()), report);
    }
}

fn fact(at: usize, what: &str, (our, their): (Option<&str>, Option<&str>), report: &mut ProveReport) {
    match (our, their) {
        (Some(our), Some(their)) if our != their => {
            report.differs(Some(at), what, format!("the export says `{their}`, and the source `{our}`"));
        }
        (Some(our), None) => report.leaves_out(format!("{what} `{our}`"), 0),
        (None, Some(their)) => report.adds(format!("{what} `{their}`")),
        _ => {}
    }
}

/// Labelled parts, by time.
fn segments(at: usize, (ours, theirs): (&[Segment], &[Segment]), pairing: Pairing, report: &mut ProveReport) {
    let offset_ns = pairing.taken.map_or(pairing.offset_ns, |taken| taken.start_ns.saturating_neg());
    let is_same = |our: &Segment, their: &Segment| {
        let near =
            |our: i64, their: i64| their.saturating_sub(offset_ns).abs_diff(our) <= pairing.tolerance_ns.unsigned_abs();
        let times = near(our.span.start.0, their.span.start.0) && near(our.span.end.0, their.span.end.0);
        times && (our.label, &our.name, &our.cause) == (their.label, &their.name, &their.cause)
    };
    let odd = theirs.iter().filter(|their| !ours.iter().any(|our| is_same(our, their)));
    for their in odd {
        let text = "the source has no part of this label, name, cause and time";
        report.differs(Some(at), format!("{} `{}`", their.label.name(), their.name), text);
    }
    let lost = ours.iter().filter(|our| !theirs.iter().any(|their| is_same(our, their))).count() as u64;
    if lost > 0 {
        report.leaves_out("labelled parts".to_owned(), lost);
    }
}

/// Compares texts: what the export holds of an event stream is what the source says. Gives the streams of the source that were
/// found.
pub(super) fn texts(
    at: usize,
    (from, to): (&Loaded<'_>, &Loaded<'_>),
    pairing: Pairing,
    report: &mut ProveReport,
) -> BTreeSet<usize> {
    let events = |loaded: &Loaded<'_>| -> Vec<usize> {
        let all = loaded.streams.iter().enumerate();
        let of_texts = all.filter(|(_, it)| it.kind() == Some(StreamKind::Event) && !it.is_empty());
        of_texts.map(|(place, _)| place).collect()
    };
    let (ours, mut found) = (events(from), BTreeSet::new());
    for place in events(to) {
        let theirs = &to.streams[place];
        let name = plain(&theirs.stream.name);
        let free = || ours.iter().copied().filter(|place| !found.contains(place));
        let same_name = free().find(|place| plain(&from.streams[*place].stream.name) == name);
        let Some(best) = same_name.or_else(|| free().find(|place| said(&from.streams[*place]) == said(theirs))) else {
            // A form that asks for a text where nobody says one holds an empty one.
            if said(theirs).iter().all(|(_, text)| text.is_empty()) {
                report.adds(format!("`{name}`, which says nothing"));
            } else {
                report.differs(Some(at), name, format!("nothing in the source says its {} texts", theirs.len()));
            }
            continue;
        };
        found.insert(best);
        let ours = &from.streams[best];
        let (our, their) = (said(ours), said(theirs));
        report.texts += their.len() as u64;
        let rows = Pairing { taken: None, ..pairing }.numbers(theirs.t_ns(), ours.t_ns(), Clock::Log, true);
        times(at, (ours, theirs), &rows, Pairing { taken: None, ..pairing }, report);
        let is_odd = |row: &usize| {
            let pick = rows.picks.get(*row).copied().flatten();
            pick.is_some_and(|pick| our.get(pick.from) != their.get(*row))
        };
        if let Some(row) = (0..their.len()).find(is_odd) {
            let wrong = (0..their.len()).filter(is_odd).count();
            let text = |said: Option<&Said<'_>>| said.map_or_else(String::new, |(_, text)| shortened(text));
            let should = rows.picks[row].and_then(|pick| our.get(pick.from));
            let text = format!(
                "{wrong} of {} texts differ: text {row} is `{}` and should be `{}`",
                their.len(),
                text(their.get(row)),
                text(should)
            );
            report.differs(Some(at), name, text);
        }
    }
    found
}

/// The level and the text of an event.
type Said<'a> = (Option<&'a str>, &'a str);

fn said(stream: &StreamBatch) -> Vec<Said<'_>> {
    let column = |name: &str| stream.samples.column_by_name(name)?.as_string_opt::<i32>();
    let (levels, Some(texts)) = (column("level"), column("text")) else { return Vec::new() };
    let level = |row: usize| levels.filter(|levels| levels.is_valid(row)).map(|levels| levels.value(row));
    (0..texts.len()).map(|row| (level(row), texts.value(row))).collect()
}

/// The beginning of a text that fits a line.
fn shortened(text: &str) -> String {
    const LONGEST: usize = 60;
    let line: String =
        text.chars().take(LONGEST).map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    if text.chars().count() > LONGEST { format!("{line}…") } else { line }
}

/// What is wrong with the times of rows, and which samples make no row.
pub(super) fn times(
    at: usize,
    (ours, theirs): (&StreamBatch, &StreamBatch),
    rows: &Rows,
    pairing: Pairing,
    report: &mut ProveReport,
) {
    let name = plain(&theirs.stream.name);
    if let Some(wrong) = &rows.wrong_times {
        // All streams of a container with rows have the times of the rows.
        let what = if pairing.taken.is_some() { "times of the rows".to_owned() } else { format!("times of `{name}`") };
        report.differs_once(at, what, wrong);
    }
    report.largest_shift_s = report.largest_shift_s.max(rows.largest_shift_ns as f64 / 1e9);
    let without = rows.picks.iter().filter(|pick| pick.is_none()).count();
    if let Some(row) = rows.picks.iter().position(Option::is_none) {
        let text =
            format!("{without} of {} rows are at times at which the source has no sample: row {row}", theirs.len());
        report.differs(Some(at), format!("times of `{name}`"), text);
    }
    let (unused, first) = rows.unused(ours.len());
    let Some(first) = first else { return };
    if pairing.taken.is_some() {
        report.leaves_out(format!("samples of stream `{}` that no row holds", ours.stream.name), unused);
    } else {
        let t_s = ours.t_ns()[first].saturating_sub(ours.t_ns()[0]) as f64 / 1e9;
        let text = format!(
            "{unused} of {} samples of the source have no row in the export: sample {first}, at {t_s:.3} s",
            ours.len()
        );
        report.differs(Some(at), name, text);
    }
}

/// The times at which samples were recorded, and their own stamps, where rows are compared one by one.
pub(super) fn stamps(
    at: usize,
    (ours, theirs): (&StreamBatch, &StreamBatch),
    rows: &Rows,
    pairing: Pairing,
    report: &mut ProveReport,
) {
    let columns = [
        ("times of recording", ours.log_time_ns(), theirs.log_time_ns()),
        ("stamps", ours.header_time_ns(), theirs.header_time_ns()),
    ];
    for (what, our, their) in columns {
        let value =
            |column: Option<&Int64Array>, row: usize| column.filter(|it| it.is_valid(row)).map(|it| it.value(row));
        let (mut wrong, mut first, mut lost) = (0_u64, None, 0_u64);
        for (row, pick) in rows.picks.iter().enumerate() {
            let Some(pick) = pick else { continue };
            match (value(our, pick.from), value(their, row)) {
                (Some(our), Some(their)) => {
                    let apart = their.saturating_sub(pairing.offset_ns).abs_diff(our);
                    if apart > pairing.tolerance_ns.unsigned_abs() {
                        wrong += 1;
                        first.get_or_insert((row, apart));
                    }
                }
                (Some(_), None) => lost += 1,
                _ => {}
            }
        }
        if let Some((row, apart)) = first {
            let text = format!("{wrong} of {} differ: row {row} is {:.6} s off", theirs.len(), apart as f64 / 1e9);
            report.differs(Some(at), format!("{what} of `{}`", plain(&theirs.stream.name)), text);
        }
        if lost > 0 {
            report.leaves_out(format!("{what} of stream `{}`", ours.stream.name), lost);
        }
    }
}

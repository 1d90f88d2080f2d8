//! Numbers of one episode: which element of the source each element of the export is, and whether it is that one.
//!
//! ```text
//!   series ─ alike by name, by values ─▶ homes ─ by name, else by place ─▶ expected ─ same? ─▶ found
//!                                                                             └─ no ─▶ whose numbers are they? ─▶ told
//! ```
//!
//! **Invariant:** an element that has a name of the source is compared with that one, whatever else has its numbers.

use std::collections::{BTreeMap, BTreeSet};

use prairie_model::Clock;

use super::elements::{Comparison, Element, Numbers, Outcome};
use super::rows::Pairing;
use super::said::Said;
use super::side::Loaded;
use super::{Pair, ProveReport, ProvenEpisode, alike, plain};

/// Elements of a series that are looked at to find the series of the source that it is.
const VOTERS: usize = 32;

/// What exports add of their own, and no source has.
const DERIVED: [&str; 12] = [
    "discount",
    "dones",
    "episode_index",
    "frame_index",
    "index",
    "is_first",
    "is_last",
    "is_terminal",
    "next.done",
    "task_index",
    "timestamp",
    "timestamp_ns",
];

/// Compares the numbers of one episode. Gives the streams of the source that were found.
pub(super) fn compare(
    at: usize,
    (from, to): (&Loaded<'_>, &Loaded<'_>),
    pairing: Pairing,
    said: Option<&Said>,
    episode: &mut ProvenEpisode,
    report: &mut ProveReport,
) -> BTreeSet<usize> {
    let (ours, theirs) = (Numbers::of(from), Numbers::of(to));
    ragged(at, &ours, &theirs, report);
    let comparison = Comparison::new((&ours, &theirs), pairing, said, report.options.tolerance);
    let mut matcher = Matcher { comparison, free: ours.elements().collect(), found: BTreeMap::new() };
    let homes = matcher.homes();
    let expected = matcher.expected(&homes);
    let mut facts = BTreeSet::new();
    for export in theirs.elements() {
        let name = theirs.name(export);
        let Some((source, outcome)) = matcher.find(export, expected.get(&export).copied(), &homes) else {
            let rows = theirs.series[export.series].batch.len();
            if (0..rows).all(|row| theirs.value(export, row).is_nan()) {
                // A column without a number is none in a recording that can say so.
                report.adds(format!("`{name}`, which has no number"));
            } else if is_derived(&theirs, &ours, export.series) {
                report.adds(format!("`{name}`"));
            } else {
                report.differs(Some(at), &name, format!("nothing in the source has these {rows} numbers"));
            }
            continue;
        };
        report.numbers += outcome.rows;
        report.largest_difference = report.largest_difference.max(outcome.largest);
        if !outcome.is_whole() {
            report.differs(Some(at), &name, matcher.what_differs(export, source, &outcome, &homes));
        }
        episode.elements.push(Pair { export: name, source: ours.name(source) });
        named(at, (&theirs, export), (&ours, source), report);
        matcher.found.entry(export).or_insert(source);
        if facts.insert((export.series, source.series)) {
            let (their, our) = (&theirs.series[export.series].batch.stream, &ours.series[source.series].batch.stream);
            super::facts::streams(at, (their, our), report);
        }
    }
    let pairs: BTreeSet<(usize, usize)> =
        matcher.found.iter().map(|(export, source)| (export.series, source.series)).collect();
    times(at, &pairs, &mut matcher.comparison, pairing, report);
    left_out(&ours, matcher.found.values().copied().collect(), report)
}

/// Names and units of an element that was found.
fn named(
    at: usize,
    (theirs, export): (&Numbers<'_>, Element),
    (ours, source): (&Numbers<'_>, Element),
    report: &mut ProveReport,
) {
    let name = theirs.name(export);
    if theirs.own_name(export).is_none() && ours.stated_name(source).is_some() {
        let stream = &ours.series[source.series].batch.stream.name;
        report.leaves_out(format!("names of the elements of `{stream}`"), 0);
    }
    match (theirs.own_name(export), ours.own_name(source)) {
        (Some(their), Some(our)) if !ours.names(source).iter().any(|name| name == their) => {
            report.differs(Some(at), &name, format!("the export calls it `{their}`, and the source `{our}`"));
        }
        (Some(their), None) if !ours.names(source).iter().any(|name| name == their) => {
            let stream = &theirs.series[export.series].batch.stream.name;
            report.adds(format!("names of the elements of `{stream}`"));
        }
        _ => {}
    }
    let stream = &ours.series[source.series].batch.stream.name;
    match (theirs.unit(export), ours.unit(source)) {
        (Some(their), Some(our)) if their != our => {
            report.differs(Some(at), &name, format!("its unit is `{their}`, and in the source `{our}`"));
        }
        (None, Some(our)) => report.leaves_out(format!("unit `{our}` of `{stream}`"), 0),
        (Some(their), None) => report.adds(format!("unit `{their}` of `{stream}`")),
        _ => {}
    }
}

/// Lists of another length than their stream's have no place in a series, so that nobody compared them.
fn ragged(at: usize, ours: &Numbers<'_>, theirs: &Numbers<'_>, report: &mut ProveReport) {
    for of in theirs.series.iter().filter(|of| of.series.ragged > 0) {
        let text = format!("{} lists of another length were not compared", of.series.ragged);
        report.differs(Some(at), plain(&of.batch.stream.name), text);
    }
    for of in ours.series.iter().filter(|of| of.series.ragged > 0) {
        let what = format!("lists of another length in `{}`, which were not compared", of.batch.stream.name);
        report.leaves_out(what, of.series.ragged as u64);
    }
}

/// What is wrong with the times of rows, and which samples make no row.
fn times(
    at: usize,
    pairs: &BTreeSet<(usize, usize)>,
    comparison: &mut Comparison<'_>,
    pairing: Pairing,
    report: &mut ProveReport,
) {
    let mut told = BTreeSet::new();
    for &(export, source) in pairs {
        let (ours, theirs) = (&comparison.from.series[source], &comparison.to.series[export]);
        if !told.insert((theirs.stream, ours.stream)) {
            continue;
        }
        let rows = comparison.rows(export, source).clone();
        super::facts::times(at, (ours.batch, theirs.batch), &rows, pairing, report);
        if pairing.taken.is_none() && theirs.batch.stream.clock != Clock::Row && ours.batch.stream.clock != Clock::Row {
            super::facts::stamps(at, (ours.batch, theirs.batch), &rows, pairing, report);
        }
    }
}

/// Tells what of the source nothing in the export was found to be, and gives the streams that were found.
fn left_out(ours: &Numbers<'_>, found: BTreeSet<Element>, report: &mut ProveReport) -> BTreeSet<usize> {
    let streams: BTreeSet<usize> = found.iter().map(|element| ours.series[element.series].stream).collect();
    for (place, of) in ours.series.iter().enumerate().filter(|(_, of)| streams.contains(&of.stream)) {
        let samples = of.batch.len() as u64;
        let lost: Vec<Element> = (0..of.series.width)
            .map(|at| Element { series: place, at })
            .filter(|element| !found.contains(element))
            .collect();
        if lost.len() == of.series.width {
            report.leaves_out(format!("`{}` of stream `{}`", of.series.name, of.batch.stream.name), samples);
        } else {
            lost.iter().for_each(|element| report.leaves_out(format!("element `{}`", ours.name(*element)), samples));
        }
    }
    streams
}

/// Whether a series of the export is one that exports add of their own, and the source has none of its name.
fn is_derived(theirs: &Numbers<'_>, ours: &Numbers<'_>, export: usize) -> bool {
    let name = plain(&theirs.series[export].batch.stream.name);
    DERIVED.contains(&name) && !ours.series.iter().any(|of| plain(&of.batch.stream.name) == name)
}

/// A series of the export and one of the source that it may be.
#[derive(Debug, Clone, Copy)]
struct Home {
    export: usize,
    source: usize,
    /// Whether more than the names of elements speak for it.
    is_likely: bool,
}

/// Which element of the source is which element of the export.
struct Matcher<'a> {
    comparison: Comparison<'a>,
    /// Elements of the source that nothing was found to be yet.
    free: BTreeSet<Element>,
    found: BTreeMap<Element, Element>,
}

impl Matcher<'_> {
    /// Every series of the export with every one of the source, the most alike first.
    fn homes(&mut self) -> Vec<Home> {
        let (from, to) = (self.comparison.from, self.comparison.to);
        let mut all = Vec::new();
        for export in 0..to.series.len() {
            for source in 0..from.series.len() {
                let (theirs, ours) = (&to.series[export], &from.series[source]);
                let names = (plain(&theirs.batch.stream.name), plain(&ours.batch.stream.name));
                let same = names.0 == names.1 && theirs.series.name == ours.series.name;
                let (moving, resting) = self.votes(export, source);
                let alike = alike(names.0, names.1) + usize::from(theirs.series.name == ours.series.name);
                let is_likely = same || moving + resting > 0;
                all.push(((same, moving, resting, alike), Home { export, source, is_likely }));
            }
        }
        all.sort_by(|(one, home), (two, other)| {
            two.cmp(one).then((home.export, home.source).cmp(&(other.export, other.source)))
        });
        all.into_iter().map(|(_, home)| home).collect()
    }

    /// How many of a series' elements have the numbers of the element of that name or place: those that move, and those that
    /// do not.
    fn votes(&mut self, export: usize, source: usize) -> (usize, usize) {
        let to = self.comparison.to;
        let width = to.series[export].series.width;
        let by_name = self.by_name(source);
        let (mut moving, mut resting) = (0, 0);
        for at in (0..width).step_by(width.div_ceil(VOTERS).max(1)) {
            let element = Element { series: export, at };
            let Some(candidate) = self.candidate(element, source, &by_name) else { continue };
            if self.comparison.is_like(element, candidate) {
                let counted = if to.is_constant(element) { &mut resting } else { &mut moving };
                *counted += 1;
            }
        }
        (moving, resting)
    }

    fn by_name(&self, source: usize) -> BTreeMap<String, Element> {
        let from = self.comparison.from;
        let elements = (0..from.series[source].series.width).map(|at| Element { series: source, at });
        elements.flat_map(|element| from.names(element).into_iter().map(move |name| (name, element))).collect()
    }

    /// The element of a series of the source that an element of the export should be: the one of its name, or of its place
    /// where one of them has no names.
    fn candidate(&self, export: Element, source: usize, by_name: &BTreeMap<String, Element>) -> Option<Element> {
        let (from, to) = (self.comparison.from, self.comparison.to);
        if let Some(own) = to.own_name(export) {
            if let Some(named) = by_name.get(own) {
                return Some(*named);
            }
            if from.own_name(Element { series: source, at: 0 }).is_some() {
                return None;
            }
        }
        let even = from.series[source].series.width == to.series[export.series].series.width;
        even.then_some(Element { series: source, at: export.at })
    }

    /// What each element of the export should be. No element of the source is two of them.
    fn expected(&mut self, homes: &[Home]) -> BTreeMap<Element, Element> {
        let mut expected = BTreeMap::new();
        let mut taken = BTreeSet::new();
        let to = self.comparison.to;
        for &Home { export, source, is_likely } in homes {
            if is_derived(to, self.comparison.from, export) {
                continue;
            }
            let by_name = self.by_name(source);
            for at in 0..to.series[export].series.width {
                let element = Element { series: export, at };
                if let Some(candidate) = self.candidate(element, source, &by_name)
                    && (is_likely || to.own_name(element).is_some_and(|own| by_name.contains_key(own)))
                    && !expected.contains_key(&element)
                    && taken.insert(candidate)
                {
                    expected.insert(element, candidate);
                }
            }
        }
        self.free.retain(|element| !taken.contains(element));
        expected
    }

    /// What an element of the export is: what it should be, else whatever has its numbers.
    fn find(&mut self, export: Element, expected: Option<Element>, homes: &[Home]) -> Option<(Element, Outcome)> {
        if let Some(expected) = expected {
            let outcome = self.comparison.whole(export, expected);
            return Some((expected, outcome));
        }
        let (source, outcome) = self.owner(export, None, homes)?;
        self.free.remove(&source);
        Some((source, outcome))
    }

    /// The element of the source that has these numbers: one that nothing is yet, in the most likely series, if there is.
    fn owner(&mut self, export: Element, except: Option<Element>, homes: &[Home]) -> Option<(Element, Outcome)> {
        let mut second = None;
        for source in homes.iter().filter(|home| home.export == export.series).map(|home| home.source) {
            let width = self.comparison.from.series[source].series.width;
            let first = Some(export.at).filter(|at| *at < width);
            for at in first.into_iter().chain((0..width).filter(|at| Some(*at) != first)) {
                let candidate = Element { series: source, at };
                if Some(candidate) == except || !self.comparison.may_be(export, candidate) {
                    continue;
                }
                let outcome = self.comparison.whole(export, candidate);
                if !outcome.is_whole() {
                    continue;
                }
                if self.free.contains(&candidate) {
                    return Some((candidate, outcome));
                }
                second.get_or_insert((candidate, outcome));
            }
        }
        second
    }

    /// In what an element differs from the one that it should be.
    fn what_differs(&mut self, export: Element, source: Element, outcome: &Outcome, homes: &[Home]) -> String {
        let (from, to) = (self.comparison.from, self.comparison.to);
        let mut text = match outcome.first {
            Some((row, is, should)) => {
                let differ = outcome.rows - outcome.agreed - outcome.without;
                let t_ns = to.series[export.series].batch.t_ns();
                let t_s = t_ns.get(row).map_or(0.0, |t| t.saturating_sub(t_ns[0]) as f64 / 1e9);
                format!(
                    "{differ} of {} numbers differ: row {row}, at {t_s:.3} s, is {is} and should be {should}",
                    outcome.rows
                )
            }
            None => format!("none of its {} rows has a sample in the source", outcome.rows),
        };
        text.push_str(&format!(" (source `{}`)", from.name(source)));
        if !to.is_constant(export)
            && let Some((owner, _)) = self.owner(export, Some(source), homes)
        {
            text.push_str(&format!("; they are the numbers of `{}`", from.name(owner)));
        }
        text
    }
}

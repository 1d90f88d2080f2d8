//! The series of numbers of an episode, their elements, and how two elements compare.

use std::collections::BTreeMap;

use prairie_model::{Series, StreamBatch, StreamKind};

use super::plain;
use super::rows::{Pairing, Rows};
use super::said::Said;
use super::side::Loaded;
use crate::export::align::{Pick, blend};

/// Rows that are looked at before all are.
const PROBES: usize = 16;

/// Picks that are kept, of all pairs of streams together; beyond, those of other pairs are found again when they are asked for.
const PICKS_MAX: usize = 1 << 20;

/// What two numbers may differ by however small they are: nothing that a robot measures is as small.
const TINY: f64 = 1e-15;

/// One series of one stream.
pub(super) struct SeriesOf<'a> {
    /// The stream, by place.
    pub(super) stream: usize,
    pub(super) batch: &'a StreamBatch,
    pub(super) series: Series<'a>,
}

/// One element of one series, by places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Element {
    pub(super) series: usize,
    pub(super) at: usize,
}

/// The numbers of one episode.
pub(super) struct Numbers<'a> {
    pub(super) series: Vec<SeriesOf<'a>>,
}

impl<'a> Numbers<'a> {
    pub(super) fn of(loaded: &'a Loaded<'_>) -> Self {
        let all = loaded.streams.iter().enumerate();
        let numeric = all.filter(|(_, it)| !it.is_empty() && !it.kind().is_none_or(StreamKind::is_frames));
        let series = numeric.flat_map(|(stream, batch)| {
            batch.series().into_iter().map(move |series| SeriesOf { stream, batch, series })
        });
        Self { series: series.collect() }
    }

    pub(super) fn elements(&self) -> impl Iterator<Item = Element> + '_ {
        let widths = self.series.iter().map(|it| it.series.width).enumerate();
        widths.flat_map(|(series, width)| (0..width).map(move |at| Element { series, at }))
    }

    /// What the recording itself calls the element of a list, if it does.
    pub(super) fn stated_name(&self, element: Element) -> Option<&str> {
        let of = &self.series[element.series];
        let names = of.series.columns.is_empty().then_some(&of.batch.stream.names)?;
        names.get(element.at).map(String::as_str)
    }

    /// The name of the element: that of its column, unless it is any number's, or what the recording calls it.
    pub(super) fn own_name(&self, element: Element) -> Option<&str> {
        let column = self.series[element.series].series.columns.get(element.at).copied();
        column.filter(|column| *column != "value").or_else(|| self.stated_name(element))
    }

    /// The element in full: `observation.state position[left_elbow]`.
    pub(super) fn name(&self, element: Element) -> String {
        let of = &self.series[element.series];
        let own = self.own_name(element).map_or_else(|| element.at.to_string(), str::to_owned);
        format!("{} {}[{own}]", plain(&of.batch.stream.name), of.series.name)
    }

    /// Everything that an export may call the element: its name, with its stream's where several share a feature, and what
    /// stands for a name where there is none.
    pub(super) fn names(&self, element: Element) -> Vec<String> {
        let of = &self.series[element.series];
        let slug = plain(&of.batch.stream.name).replace('/', "_");
        let bare = match self.own_name(element) {
            Some(own) => vec![own.to_owned()],
            None if of.series.width == 1 => vec![of.series.name.to_owned(), format!("{}_0", of.series.name)],
            None => vec![format!("{}_{}", of.series.name, element.at)],
        };
        let long = bare.iter().map(|name| format!("{slug}.{name}")).collect::<Vec<_>>();
        bare.into_iter().chain(long).collect()
    }

    /// The unit of the element, by its kind or by its stream; `None` is unknown.
    pub(super) fn unit(&self, element: Element) -> Option<&str> {
        let of = &self.series[element.series];
        let column = of.series.columns.get(element.at).copied().unwrap_or(of.series.name);
        let stated = of.batch.stream.unit.as_deref().filter(|unit| !unit.is_empty());
        // Columns of a table are taken for joints by their names, which say nothing of units.
        if of.batch.stream.schema.ends_with(".feature") {
            return stated;
        }
        let of_kind = of.batch.kind().into_iter().flat_map(|kind| kind.numbers()).find(|(name, ..)| *name == column);
        of_kind.map(|(.., unit)| *unit).filter(|unit| !unit.is_empty()).or(stated)
    }

    pub(super) fn value(&self, element: Element, row: usize) -> f64 {
        let series = &self.series[element.series].series;
        series.values[row * series.width + element.at]
    }

    pub(super) fn is_constant(&self, element: Element) -> bool {
        let first = self.value(element, 0);
        let rows = self.series[element.series].batch.len();
        (1..rows).all(|row| self.value(element, row).to_bits() == first.to_bits())
    }

    /// What a row should hold that is made of `pick`.
    fn expected(&self, element: Element, pick: Pick) -> f64 {
        let (one, two) = (self.value(element, pick.from), self.value(element, pick.to));
        if pick.from == pick.to || pick.share == 0.0 {
            return one;
        }
        let between = Pick { from: 0, to: 1, ..pick };
        let series = &self.series[element.series].series;
        let first = series.columns.iter().position(|column| *column == "qx");
        let Some(first) = first.filter(|first| (*first..first + 4).contains(&element.at)) else {
            return blend(&[one, two], 1, between, &[])[0];
        };
        // An orientation is interpolated as a whole.
        let of = |row: usize| (first..first + 4).map(move |at| self.value(Element { at, ..element }, row));
        let both: Vec<f64> = of(pick.from).chain(of(pick.to)).collect();
        blend(&both, 4, between, &[0])[element.at - first]
    }
}

/// How two elements compare.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Outcome {
    pub(super) rows: u64,
    pub(super) agreed: u64,
    /// Rows for which the source has no sample.
    pub(super) without: u64,
    /// The largest difference among those that agree.
    pub(super) largest: f64,
    /// The first row that differs: what it is and what it should be.
    pub(super) first: Option<(usize, f64, f64)>,
}

impl Outcome {
    /// Whether every row that has a sample agrees.
    pub(super) fn is_whole(&self) -> bool {
        self.agreed + self.without == self.rows && self.agreed > 0
    }
}

/// Compares elements of an export with those of its source. How rows are paired is found once for every two streams.
pub(super) struct Comparison<'a> {
    pub(super) from: &'a Numbers<'a>,
    pub(super) to: &'a Numbers<'a>,
    pairing: Pairing,
    said: Option<&'a Said>,
    tolerance: f64,
    rows: BTreeMap<(usize, usize), Rows>,
}

impl<'a> Comparison<'a> {
    pub(super) fn new(
        (from, to): (&'a Numbers<'a>, &'a Numbers<'a>),
        pairing: Pairing,
        said: Option<&'a Said>,
        tolerance: f64,
    ) -> Self {
        Self { from, to, pairing, said, tolerance, rows: BTreeMap::new() }
    }

    /// How the rows of a stream of the export are made of a stream of the source.
    pub(super) fn rows(&mut self, export: usize, source: usize) -> &Rows {
        let (ours, theirs) = (&self.from.series[source], &self.to.series[export]);
        let stream = &theirs.batch.stream.name;
        let discrete = self.said.is_some_and(|said| said.is_discrete(stream));
        let (pairing, clock) = (self.pairing, ours.batch.stream.clock);
        let key = (theirs.stream, ours.stream);
        let kept: usize = self.rows.values().map(|rows| rows.picks.len()).sum();
        if !self.rows.contains_key(&key) && kept + theirs.batch.len() > PICKS_MAX {
            self.rows.clear();
        }
        self.rows.entry(key).or_insert_with(|| pairing.numbers(theirs.batch.t_ns(), ours.batch.t_ns(), clock, discrete))
    }

    fn looks_same(&self, one: f64, two: f64) -> bool {
        let most = self.tolerance * one.abs().max(two.abs());
        one == two || (one.is_nan() && two.is_nan()) || (one - two).abs() <= most.max(TINY)
    }

    /// Compares some rows, spread evenly.
    fn probe(&mut self, export: Element, source: Element) -> Outcome {
        self.rows(export.series, source.series);
        let rows = self.to.series[export.series].batch.len();
        self.over(export, source, (0..rows).step_by(rows.div_ceil(PROBES).max(1)))
    }

    /// Whether all of some rows agree, so that it is worth comparing the others.
    pub(super) fn may_be(&mut self, export: Element, source: Element) -> bool {
        self.probe(export, source).is_whole()
    }

    /// Whether half of some rows agree.
    pub(super) fn is_like(&mut self, export: Element, source: Element) -> bool {
        let probe = self.probe(export, source);
        2 * probe.agreed > probe.rows
    }

    /// Compares all rows.
    pub(super) fn whole(&mut self, export: Element, source: Element) -> Outcome {
        self.rows(export.series, source.series);
        self.over(export, source, 0..self.to.series[export.series].batch.len())
    }

    /// Compares some rows, whose pairing is known.
    fn over(&self, export: Element, source: Element, rows: impl Iterator<Item = usize>) -> Outcome {
        let key = (self.to.series[export.series].stream, self.from.series[source.series].stream);
        let mut outcome = Outcome::default();
        let Some(paired) = self.rows.get(&key) else { return outcome };
        for row in rows {
            outcome.rows += 1;
            let Some(pick) = paired.picks.get(row).copied().flatten() else {
                outcome.without += 1;
                continue;
            };
            let (is, should) = (self.to.value(export, row), self.from.expected(source, pick));
            if self.looks_same(is, should) {
                outcome.agreed += 1;
                let difference = (is - should).abs();
                if difference.is_finite() {
                    outcome.largest = outcome.largest.max(difference);
                }
            } else if outcome.first.is_none() {
                outcome.first = Some((row, is, should));
            }
        }
        outcome
    }
}

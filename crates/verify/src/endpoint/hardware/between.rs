//! Hours between events of some kinds: a trend test first, then the bound that the trend allows.

use std::collections::BTreeMap;

use prairie_model::StationEventKind;

use crate::bound::{Confidence, Side};
use crate::endpoint::{Case, Endpoint, Measured, float, hold_for, measured, numbers, percent_of, undefined, unknown};
use crate::evidence::ShiftSums;
use crate::protocol::Hours;
use crate::stats::reliability::Terminated;
use crate::stats::reliability::exponential::overdispersed;
use crate::stats::reliability::growth::crow_amsaa;
use crate::stats::reliability::recurrence::{System, Variance, mean_cumulative_function};
use crate::stats::reliability::trend::{Trend, trend};
use crate::verdict::{EndpointResult, State};

/// Events below which no trend is looked for.
const TREND_EVENTS_MIN: usize = 4;

/// Below this two-sided probability there is a trend.
const TREND_P: f64 = 0.05;

/// Stations below which the mean cumulative function says nothing.
const STATIONS_MIN: usize = 3;

/// Events of some kinds on the clock of the station's own hours.
struct Clock {
    /// Hours of each shift: scheduled, without the time that it was down.
    hours: Vec<f64>,
    /// Events of each shift.
    counts: Vec<u64>,
    /// Hours of all shifts before each event, and its own shift's in proportion, ascending.
    times: Vec<f64>,
    /// All hours.
    total: f64,
}

impl Clock {
    fn of<'a>(shifts: impl IntoIterator<Item = &'a ShiftSums>, kinds: &[StationEventKind]) -> Self {
        let mut clock = Self { hours: Vec::new(), counts: Vec::new(), times: Vec::new(), total: 0.0 };
        for sums in shifts {
            let hours = ((sums.shift.scheduled_s() - sums.down_s) / 3600.0).max(0.0);
            let length = sums.shift.span.seconds().max(1e-3);
            let events = sums.happened.iter().filter(|event| kinds.contains(&event.kind));
            clock.times.extend(events.map(|event| clock.total + hours * (event.at_s / length).clamp(0.0, 1.0)));
            clock.counts.push(kinds.iter().map(|kind| sums.events_of(*kind)).sum());
            clock.hours.push(hours);
            clock.total += hours;
        }
        clock
    }

    /// What the trend tests say; `None` where there are too few events.
    fn trend(&self) -> Option<Trend> {
        if self.times.len() < TREND_EVENTS_MIN || self.total <= 0.0 {
            return None;
        }
        trend(&self.positive_times(), Some(self.total), Terminated::Time).ok()
    }

    /// Times that a logarithm may be taken of: an event at the very start is one a moment later.
    fn positive_times(&self) -> Vec<f64> {
        self.times.iter().map(|time| time.max(1e-9 * self.total)).collect()
    }
}

/// Hours of the station between events of these kinds, with a bound that allows for shifts that differ and for a trend.
pub(crate) fn between(
    endpoint: &dyn Endpoint,
    case: &Case<'_>,
    asked: &Hours,
    kinds: &[StationEventKind],
    what: &str,
) -> EndpointResult {
    if !case.provenance.events {
        return unknown(endpoint, "h", format!("the log keeps no events, so that nobody can count {what}"));
    }
    let level = case.level(asked.confidence);
    let clock = Clock::of(case.robot, kinds);
    // A shift that was down from beginning to end has no hours to count events in.
    let kept: Vec<usize> = (0..clock.hours.len()).filter(|at| clock.hours[*at] > 0.0).collect();
    let counts: Vec<u64> = kept.iter().map(|at| clock.counts[*at]).collect();
    let hours: Vec<f64> = kept.iter().map(|at| clock.hours[*at]).collect();
    let bound = |side| overdispersed(&counts, &hours, level.confidence, side);
    let (below, above) = match (bound(Side::Lower), bound(Side::Upper)) {
        (Ok(below), Ok(above)) => (below, above),
        (Err(error), _) | (_, Err(error)) => return undefined(endpoint, "h", case, &error),
    };
    let events: u64 = clock.counts.iter().sum();
    let mut ends = Measured {
        estimate: (events > 0).then(|| clock.total / float(events)),
        lower: below.mtbf.interval.lower.unwrap_or(0.0),
        upper: above.mtbf.interval.upper.unwrap_or(f64::INFINITY),
        threshold: asked.at_least_h,
        side: Side::Lower,
    };
    let found = clock.trend();
    let growth = found.as_ref().and_then(|trend| growth(&clock, trend, level.confidence));
    if let Some((_, mtbf, lower, upper)) = growth {
        ends = Measured { estimate: Some(mtbf), lower, upper, ..ends };
    }
    let model = if growth.is_some() { "by Crow's model at the end" } else { "overdispersion" };
    let reason = format!(
        "{events} {what} in {:.1} station hours: at least {:.2} h between them at {} ({model}{})",
        clock.total,
        ends.lower,
        percent_of(level.confidence),
        if growth.is_some() { String::new() } else { format!(" {:.2}", below.phi) }
    );
    let mut result = measured(endpoint, "h", case, level, ends, reason);
    result.numbers = numbers(&[("events", float(events)), ("hours", clock.total), ("overdispersion", below.phi)]);
    if let Some(trend) = &found {
        tell_trend(&mut result, trend, growth.map(|(beta, ..)| beta));
    }
    stations(&mut result, case, kinds, level.confidence);
    result
}

/// Crow's shape, mean time and its ends, where events become rarer.
fn growth(clock: &Clock, trend: &Trend, confidence: Confidence) -> Option<(f64, f64, f64, f64)> {
    if trend.chi2_p >= TREND_P || trend.chi2_growth_p > trend.chi2_wear_p {
        return None;
    }
    let times = clock.positive_times();
    let fit = |side| crow_amsaa(&times, Some(clock.total), Terminated::Time, confidence, side).ok();
    let (below, above) = (fit(Side::Lower)?, fit(Side::Upper)?);
    Some((below.beta, below.mtbf, below.interval.lower?, above.interval.upper.unwrap_or(f64::INFINITY)))
}

/// Tells of a trend; wear blocks.
fn tell_trend(result: &mut EndpointResult, trend: &Trend, beta: Option<f64>) {
    result.numbers.insert("trend.chi2_p".to_owned(), trend.chi2_p);
    result.numbers.insert("trend.laplace".to_owned(), trend.laplace);
    let wear = trend.chi2_wear_p.min(trend.laplace_wear_p);
    result.numbers.insert("trend.wear_p".to_owned(), wear);
    if let Some(beta) = beta {
        result.numbers.insert("crow.beta".to_owned(), beta);
        result.notes.push(format!(
            "events become rarer (p {:.3}, beta {beta:.2}): the bound is Crow's at the end of the hours, and no mean over all of them",
            trend.chi2_p
        ));
    } else if wear < 0.5 * TREND_P {
        hold_for(
            result,
            format!("events become more frequent (one-sided p {wear:.3}): wear blocks promotion until it is found"),
        );
    }
}

/// The mean cumulative number of events of a station, at the age that all have reached.
fn stations(result: &mut EndpointResult, case: &Case<'_>, kinds: &[StationEventKind], confidence: Confidence) {
    let mut systems: BTreeMap<&str, Vec<&ShiftSums>> = BTreeMap::new();
    for sums in case.robot {
        systems.entry(&sums.shift.station).or_default().push(sums);
    }
    if systems.len() < STATIONS_MIN || result.state == State::Unknown {
        return;
    }
    let of_station = |shifts: &Vec<&ShiftSums>| {
        let clock = Clock::of(shifts.iter().copied(), kinds);
        System { events: clock.times, end: clock.total }
    };
    let systems: Vec<System> = systems.values().map(of_station).collect();
    let Ok(points) = mean_cumulative_function(&systems, Variance::Robust, confidence, Side::Two) else { return };
    let age = systems.iter().map(|system| system.end).fold(f64::INFINITY, f64::min);
    let Some(point) = points.iter().rfind(|point| point.time <= age) else { return };
    for (name, number) in [
        ("mcf.hours", Some(age)),
        ("mcf.mean", Some(point.mean)),
        ("mcf.lower", point.interval.lower),
        ("mcf.upper", point.interval.upper),
    ] {
        if let Some(number) = number {
            result.numbers.insert(name.to_owned(), number);
        }
    }
}

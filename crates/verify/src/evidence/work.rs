//! What one shift's seconds were spent on, and how its rhythm changed while it lasted.

use crate::stats::rhythm::Takts;

/// Seconds of one shift, and sums that the rhythm's steadiness is computed from.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Work {
    /// Seconds in which some unit was under way that nobody helped with; seconds of several robots at once count once.
    pub autonomous_s: f64,
    /// Seconds in which some unit was under way with a person's help.
    pub helped_s: f64,
    /// Seconds in which a person helped, repaired or stepped in: helped units and events together, each second once.
    pub people_s: f64,
    /// Events that kept the station from work and of which nobody wrote when they were over.
    pub open_events: u64,
    /// Units of which nobody wrote when they began, or that took no time.
    pub untimed: u64,
    /// Seconds from the last good unit to the end of the shift.
    pub trailing_s: f64,
    /// The longest time without a good unit, in seconds.
    pub longest_gap_s: f64,
    /// Sums over takts, hours since the start of the shift against ln takt: products and squares around their means.
    pub slope: Slope,
    /// Takts that ended in the first hour.
    pub first_hour: Logs,
    /// Takts that ended in the last hour.
    pub last_hour: Logs,
    /// Spans of helped units, until events are known.
    pub(super) helped: Vec<(i64, i64)>,
}

/// Sums for the slope of ln takt over the hours of one shift.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Slope {
    /// Sum of products of both deviations.
    pub products: f64,
    /// Sum of squares of the hours' deviations.
    pub squares: f64,
}

/// Some takts, by their logarithms.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Logs {
    /// How many.
    pub count: u64,
    /// The sum of ln takt.
    pub sum: f64,
}

impl Logs {
    fn add(&mut self, ln_takt: f64) {
        self.count += 1;
        self.sum += ln_takt;
    }

    /// The mean; `None` where there are none.
    pub fn mean(&self) -> Option<f64> {
        // OK to cast: a count of units.
        (self.count > 0).then(|| self.sum / self.count as f64)
    }
}

impl Work {
    /// Takes one shift's takts, which ended at these seconds since its start.
    pub(super) fn take_takts(&mut self, takts: &Takts, good_s: &[f64], length_s: f64) {
        self.trailing_s = takts.trailing_s;
        self.longest_gap_s = takts.longest_gap_s;
        let points: Vec<(f64, f64)> =
            good_s.iter().zip(&takts.takt_s).map(|(at, takt)| (at / 3600.0, libm::log(*takt))).collect();
        if points.is_empty() {
            return;
        }
        // OK to cast: a count of units.
        let count = points.len() as f64;
        let hour = points.iter().map(|(hour, _)| hour).sum::<f64>() / count;
        let mean = points.iter().map(|(_, log)| log).sum::<f64>() / count;
        for (at, log) in &points {
            self.slope.products += (at - hour) * (log - mean);
            self.slope.squares += (at - hour) * (at - hour);
            if *at < 1.0 {
                self.first_hour.add(*log);
            }
            if *at >= length_s / 3600.0 - 1.0 {
                self.last_hour.add(*log);
            }
        }
    }

    /// Takes the spans of a shift's units, each with whether nobody helped, clipped to the shift.
    pub(super) fn take_spans(&mut self, spans: impl Iterator<Item = (i64, i64, bool)>, shift: (i64, i64)) {
        let (mut alone, mut helped) = (Vec::new(), Vec::new());
        for (from, to, autonomous) in spans {
            let (from, to) = (from.max(shift.0), to.min(shift.1));
            if from >= to {
                self.untimed += 1;
            } else if autonomous {
                alone.push((from, to));
            } else {
                helped.push((from, to));
            }
        }
        self.autonomous_s = covered_s(&mut alone);
        self.helped_s = covered_s(&mut helped);
        self.helped = helped;
    }

    /// Takes the spans in which events kept the station from work; what people spent follows.
    pub(super) fn take_down(&mut self, down: &[(i64, i64)]) {
        let mut all = std::mem::take(&mut self.helped);
        all.extend_from_slice(down);
        self.people_s = covered_s(&mut all);
    }
}

/// Seconds that spans cover, each second once. Sorts them.
pub(super) fn covered_s(spans: &mut [(i64, i64)]) -> f64 {
    spans.sort_unstable();
    let mut reached = i64::MIN;
    let mut total = 0_i64;
    for (from, to) in spans {
        let from = (*from).max(reached);
        if *to > from {
            // OK: spans lie within one shift, whose length in nanoseconds fits.
            total = total.saturating_add(*to - from);
            reached = *to;
        }
    }
    // OK to cast: nanoseconds of one shift.
    total as f64 / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_of_several_counts_once() {
        let second = 1_000_000_000;
        assert_eq!(covered_s(&mut [(0, 10 * second), (5 * second, 12 * second), (20 * second, 21 * second)]), 13.0);
        let mut work = Work::default();
        let spans = [(0, 10 * second, true), (5 * second, 20 * second, false), (3, 3, true)];
        work.take_spans(spans.into_iter(), (0, 15 * second));
        assert_eq!((work.autonomous_s, work.helped_s, work.untimed), (10.0, 10.0, 1));
        work.take_down(&[(14 * second, 15 * second), (15 * second, 18 * second)]);
        assert_eq!(work.people_s, 13.0, "help to 15 s, then three more");
    }
}

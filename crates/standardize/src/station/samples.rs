//! Samples at a rate, put together to things that last.

use prairie_model::{Nanos, TimeSpan};

use super::LogRow;
use super::mapping::Samples;

/// One sample: what its row would be if it were a thing of its own.
#[derive(Debug)]
pub(super) struct Sample {
    pub(super) at: Nanos,
    row: LogRow,
}

impl Sample {
    /// The sample that a row is; `None` where it has no time, or is nothing that lasts.
    pub(super) fn of(row: LogRow) -> Option<Self> {
        let at = match &row {
            LogRow::Unit(unit) => unit.start.or(unit.end)?,
            LogRow::Event(event) => event.at,
            LogRow::Mode(mode) => mode.span.start,
            _ => return None,
        };
        Some(Self { at, row })
    }

    /// Whether another sample is of the same thing.
    fn same(&self, other: &LogRow) -> bool {
        match (&self.row, other) {
            (LogRow::Unit(one), LogRow::Unit(other)) => one.unit == other.unit && one.station == other.station,
            (LogRow::Event(one), LogRow::Event(other)) => {
                (one.kind, &one.station, &one.robot, &one.detail)
                    == (other.kind, &other.station, &other.robot, &other.detail)
            }
            (LogRow::Mode(one), LogRow::Mode(other)) => {
                (one.mode, &one.station, &one.robot) == (other.mode, &other.station, &other.robot)
            }
            _ => false,
        }
    }
}

/// A thing that samples belong to.
#[derive(Debug)]
pub(super) struct Run {
    first: Sample,
    last: Nanos,
}

impl Run {
    pub(super) fn begin(first: Sample) -> Self {
        Self { last: first.at, first }
    }

    /// Seconds since the last sample.
    pub(super) fn since(&self, at: Nanos) -> f64 {
        TimeSpan::new(self.last, at.max(self.last)).seconds()
    }

    /// Whether so much time passed since the last sample that one is missing.
    pub(super) fn is_gap(&self, at: Nanos, samples: Samples) -> bool {
        at.0.saturating_sub(self.last.0) > samples.gap_ns()
    }

    /// Whether a sample belongs to it. A unit goes on over a gap and a clock that was set back; nobody knows that of anything else.
    pub(super) fn takes(&self, sample: &Sample, samples: Samples) -> bool {
        let is_unit = matches!(self.first.row, LogRow::Unit(_));
        let follows = sample.at >= self.last && !self.is_gap(sample.at, samples);
        self.first.same(&sample.row) && (is_unit || follows)
    }

    pub(super) fn extend(&mut self, sample: Sample) {
        self.last = self.last.max(sample.at);
        // What a unit is, it is by its worst sample: no later one makes it better.
        if let (LogRow::Unit(unit), LogRow::Unit(other)) = (&mut self.first.row, sample.row) {
            unit.mode = unit.mode.least_autonomous(other.mode);
            unit.robot = unit.robot.take().or(other.robot);
            unit.release = unit.release.take().or(other.release);
            unit.attempts = unit.attempts.max(other.attempts);
            if other.outcome != prairie_model::Outcome::Unknown {
                unit.outcome = other.outcome;
            }
        }
    }

    /// The thing itself, which lasted until the sample of the next one at `next`.
    pub(super) fn end(self, next: Option<Nanos>, samples: Samples) -> LogRow {
        let until = match next {
            Some(next) if next >= self.last && !self.is_gap(next, samples) => next,
            _ => Nanos(self.last.0.saturating_add(samples.period_ns())),
        };
        let at = self.first.at;
        let mut row = self.first.row;
        match &mut row {
            LogRow::Unit(unit) => {
                unit.start = Some(at);
                unit.end = Some(until);
            }
            LogRow::Event(event) => event.until = Some(until),
            LogRow::Mode(mode) => mode.span = TimeSpan::new(at, until),
            _ => {}
        }
        row
    }
}

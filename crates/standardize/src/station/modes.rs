//! Who was in command, second by second.

use std::collections::BTreeMap;

use prairie_model::{Mode, ModeSpan, TimeSpan, UnitOfWork};

/// Seconds of a unit of which the record may say nothing: a record per second has no finer edges.
const UNCOVERED_MAX_S: f64 = 1.0;

/// The modes of stations over time. Of a unit it tells the least autonomous of its seconds.
#[derive(Debug, Default)]
pub struct ModeRecord {
    /// Per station and robot; without a robot for whatever works there.
    lanes: BTreeMap<String, BTreeMap<Option<String>, Lane>>,
}

/// The modes of one robot, or of one station.
#[derive(Debug, Default)]
struct Lane {
    spans: Vec<(TimeSpan, Mode)>,
    /// The latest end of the spans up to each, once they are sorted: where to begin to look.
    ends: Vec<i64>,
}

impl ModeRecord {
    /// Adds a stretch of time.
    pub fn add(&mut self, mode: &ModeSpan) {
        let of_station = self.lanes.entry(mode.station.clone()).or_default();
        let lane = of_station.entry(mode.robot.clone()).or_default();
        lane.ends.clear();
        lane.spans.push((mode.span, mode.mode));
    }

    /// Whether it says nothing at all.
    pub fn is_empty(&self) -> bool {
        self.lanes.is_empty()
    }

    /// Gives a unit the mode of its least autonomous second: that of the record or of the log itself, whichever is worse. A unit
    /// of which the record does not cover every second has an unknown mode.
    ///
    /// Returns the seconds that the record leaves open; `None` where it says nothing of the unit's station and robot.
    pub fn apply(&mut self, unit: &mut UnitOfWork) -> Option<f64> {
        let of_station = self.lanes.get_mut(&unit.station)?;
        let (Some(start), Some(end)) = (unit.start, unit.end) else {
            // Without times nobody knows which seconds are meant.
            unit.mode = Mode::Unknown;
            return Some(0.0);
        };
        let span = TimeSpan::new(start, end.max(start));
        let mut seen: Option<(Mode, f64)> = None;
        let keys = [unit.robot.clone(), None];
        for key in keys.iter().skip(usize::from(unit.robot.is_none())) {
            let Some(lane) = of_station.get_mut(key) else { continue };
            let (worst, open_s) = lane.look(span);
            seen = Some(match seen {
                None => (worst, open_s),
                // What one record leaves open, the other may say.
                Some((before, open)) if open_s <= UNCOVERED_MAX_S && open <= UNCOVERED_MAX_S => {
                    (before.least_autonomous(worst), open.min(open_s))
                }
                Some((before, open)) if open < open_s => (before, open),
                Some(_) => (worst, open_s),
            });
        }
        let (worst, open_s) = seen?;
        let worst = if open_s > UNCOVERED_MAX_S { Mode::Unknown } else { worst };
        unit.mode = if unit.mode == Mode::Unknown { worst } else { unit.mode.least_autonomous(worst) };
        Some(open_s)
    }
}

impl Lane {
    /// The least autonomous mode within a span, and the seconds of it that nothing is said of.
    fn look(&mut self, span: TimeSpan) -> (Mode, f64) {
        self.sort();
        let from = self.ends.partition_point(|end| *end <= span.start.0);
        let mut worst: Option<Mode> = None;
        let mut reached = span.start.0;
        let mut covered_ns: i64 = 0;
        for (at, mode) in self.spans.iter().skip(from).take_while(|(at, _)| at.start < span.end) {
            let (begin, end) = (at.start.0.max(reached), at.end.0.min(span.end.0));
            if at.end.0 <= span.start.0 {
                continue;
            }
            worst = Some(worst.map_or(*mode, |worst| worst.least_autonomous(*mode)));
            if end > begin {
                covered_ns = covered_ns.saturating_add(end - begin);
                reached = end;
            }
        }
        let open_ns = span.end.0.saturating_sub(span.start.0).saturating_sub(covered_ns);
        // OK to cast: a unit's nanoseconds, far below 2^53 of them or close enough to it.
        (worst.unwrap_or_default(), open_ns as f64 / 1e9)
    }

    fn sort(&mut self) {
        if self.ends.len() == self.spans.len() {
            return;
        }
        self.spans.sort();
        let mut latest = i64::MIN;
        self.ends = self
            .spans
            .iter()
            .map(|(span, _)| {
                latest = latest.max(span.end.0);
                latest
            })
            .collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prairie_model::Nanos;

    const S: i64 = 1_000_000_000;

    fn record(spans: &[(Option<&str>, i64, i64, Mode)]) -> ModeRecord {
        let mut record = ModeRecord::default();
        for (robot, start, end, mode) in spans {
            record.add(&ModeSpan {
                station: "s".to_owned(),
                robot: robot.map(str::to_owned),
                span: TimeSpan::new(Nanos(start * S), Nanos(end * S)),
                mode: *mode,
            });
        }
        record
    }

    fn unit(start: i64, end: i64, mode: Mode) -> UnitOfWork {
        UnitOfWork {
            unit: "u".to_owned(),
            station: "s".to_owned(),
            robot: Some("r".to_owned()),
            start: Some(Nanos(start * S)),
            end: Some(Nanos(end * S)),
            mode,
            ..UnitOfWork::default()
        }
    }

    #[test]
    fn the_worst_second_counts_and_an_open_one_is_unknown() {
        use Mode::{Assisted, Autonomous, Teleoperated, Unknown};
        let mut of_robot = record(&[
            (Some("r"), 0, 10, Autonomous),
            (Some("r"), 10, 11, Teleoperated),
            (Some("r"), 11, 30, Autonomous),
            (Some("r"), 40, 50, Unknown),
            (Some("r"), 50, 60, Autonomous),
        ]);
        for (start, end, before, after, open) in [
            (0, 10, Unknown, Autonomous, 0.0),
            (5, 15, Unknown, Teleoperated, 0.0),
            (11, 20, Assisted, Assisted, 0.0),
            (20, 31, Unknown, Autonomous, 1.0),
            (20, 33, Autonomous, Unknown, 3.0),
            (45, 55, Autonomous, Unknown, 0.0),
            (70, 80, Autonomous, Unknown, 10.0),
        ] {
            let mut unit = unit(start, end, before);
            assert_eq!(of_robot.apply(&mut unit), Some(open), "{start}..{end}");
            assert_eq!(unit.mode, after, "{start}..{end}");
        }
        let mut elsewhere = UnitOfWork { station: "t".to_owned(), ..unit(0, 10, Autonomous) };
        assert_eq!(of_robot.apply(&mut elsewhere), None);
        assert_eq!(elsewhere.mode, Autonomous, "nothing is said of this station");
    }

    #[test]
    fn a_record_of_the_station_holds_for_its_robots_too() {
        let mut both = record(&[
            (None, 0, 100, Mode::Autonomous),
            (None, 50, 51, Mode::Assisted),
            (Some("r"), 0, 100, Mode::Autonomous),
        ]);
        let mut touched = unit(45, 55, Mode::Unknown);
        assert_eq!(both.apply(&mut touched), Some(0.0));
        assert_eq!(touched.mode, Mode::Assisted);
        let mut before = unit(10, 20, Mode::Unknown);
        both.apply(&mut before);
        assert_eq!(before.mode, Mode::Autonomous);
    }
}

//! # What it asks
//!
//! Whether people step in more often since the promotion, intervention by intervention.
//!
//! # Why
//!
//! Good units can stay good because somebody helps. The time between interventions is the first to fall.
//!
//! # Formula and source
//!
//! `S = max(0, S + ln(good/bad) − (1/bad − 1/good)·t)` after each intervention, with `t` the station hours since the one
//! before: the exponential CUSUM (Lucas, Technometrics 27, 1985). `good` is the mean time when promoted, `bad` what the
//! gate asked, or half of `good` where that is less; the limit is 4. After an alarm it starts over.
//!
//! # Example
//!
//! ```text
//! help   highest sum 1.10, alarm at 4 (10.6 h between interventions when promoted, 4.0 h looked for)
//! ```

use prairie_model::StationEventKind;

use super::{Alarm, Stream, Watch, Watched};
use crate::evidence::ShiftSums;
use crate::stats::monitor::exponential_cusum;

/// Where the sum alarms.
const LIMIT: f64 = 4.0;

/// What counts as stepping in.
const KINDS: [StationEventKind; 3] =
    [StationEventKind::Intervention, StationEventKind::SoftwareFault, StationEventKind::SafetyStop];

/// Interventions since the promotion.
#[derive(Debug)]
pub(super) struct Help;

impl Watch for Help {
    fn name(&self) -> &'static str {
        "help"
    }

    fn watch(&self, stream: &Stream<'_>) -> Watched {
        let asked = stream.frozen.protocol.endpoints.interventions.as_ref();
        let Some(asked_h) = asked.map(|asked| asked.at_least_h) else {
            return Watched::unknown(self, "the protocol asks for no time between interventions");
        };
        let (times, hours) = clock(stream.promoted);
        // OK to cast: a count of events. One more than there were, so that none is not for ever.
        let good = hours / (times.len() as f64 + 1.0);
        if hours <= 0.0 {
            return Watched::unknown(self, "the shifts of the promotion have no hours");
        }
        let bad = asked_h.min(0.5 * good);
        let (times, _) = clock(stream.since);
        let gaps: Vec<f64> =
            times.iter().scan(0.0, |last, (time, _)| Some(time - std::mem::replace(last, *time))).collect();
        let (mut alarms, mut highest, mut from) = (Vec::new(), 0.0_f64, 0);
        while let Some(rest) = gaps.get(from..).filter(|rest| !rest.is_empty()) {
            let Ok(path) = exponential_cusum(rest, good, bad, LIMIT) else { break };
            let until = path.alarm.unwrap_or(rest.len() - 1);
            highest = path.statistic.iter().take(until + 1).copied().fold(highest, f64::max);
            let Some(at) = path.alarm else { break };
            alarms.push(Alarm::of(&stream.since[times[from + at].1], path.statistic[at], LIMIT));
            from += at + 1;
        }
        let mut watched = Watched::quiet(
            self,
            format!(
                "highest sum {highest:.2}, alarm at {LIMIT:.0} ({good:.1} h between interventions when promoted, {bad:.1} h looked for)"
            ),
        );
        watched.tell("highest", highest).tell("good_h", good).tell("bad_h", bad);
        watched.with(alarms)
    }

    fn source(&self) -> &'static str {
        include_str!("help.rs")
    }
}

/// Station hours before each intervention with the place of its shift, and all hours.
fn clock(shifts: &[ShiftSums]) -> (Vec<(f64, usize)>, f64) {
    let (mut times, mut total) = (Vec::new(), 0.0);
    for (at, sums) in shifts.iter().enumerate() {
        let hours = ((sums.shift.scheduled_s() - sums.down_s) / 3600.0).max(0.0);
        let length = sums.shift.span.seconds().max(1e-3);
        let events = sums.happened.iter().filter(|event| KINDS.contains(&event.kind));
        times.extend(events.map(|event| (total + hours * (event.at_s / length).clamp(0.0, 1.0), at)));
        total += hours;
    }
    (times, total)
}

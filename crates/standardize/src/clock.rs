//! Which clock a stream follows, decided on its first samples and watched to its end.
//!
//! Let `d = log − header` for each sample with a stamp. On one clock `d` is the latency: small, never negative. On two clocks
//! that run alike it is constant but for the latency. So, over the window:
//!
//! 1. No usable stamps on more than half of the samples: log time.
//! 2. Log times stand still while stamps advance (a bulk conversion): header time, offset zero.
//! 3. The 5th percentile of `d` lies in [−1 ms, 0.5 s], and `d` spreads over less than 0.1 s (5th to 95th percentile): one
//!    clock, header time, offset zero.
//! 4. `d` spreads over less than 0.1 s in at least 16 samples: a constant offset is proven, header time plus the 5th
//!    percentile of `d`.
//! 5. Otherwise log time; the stamps are kept, and a note says by how much they spread.
//!
//! `docs/spec/episode.md` is the normative text.

use prairie_model::{Note, NoteKind};

/// Samples after which the clock is decided, if they span [`WINDOW_MIN_NS`].
const WINDOW_ROWS: usize = 1024;
/// Samples after which it is decided whatever they span.
const WINDOW_MAX_ROWS: usize = 16 * 1024;
const WINDOW_MIN_NS: i64 = 1_000_000_000;
/// Span of log times after which it is decided.
const WINDOW_NS: i64 = 2_000_000_000;
/// Largest spread of `d` that a constant offset explains.
const SPREAD_MAX_NS: i64 = 100_000_000;
/// Latency of one clock.
const LATENCY_MAX_NS: i64 = 500_000_000;
/// A sample cannot be recorded before it was taken; this much is rounding.
const LATENCY_MIN_NS: i64 = -1_000_000;
/// Samples that prove an offset.
const PROOF_ROWS: usize = 16;
/// Samples over which the smallest `d` is taken, to see it drift.
const BLOCK_ROWS: usize = 256;
/// Drift that is told.
const DRIFT_MIN_NS: i64 = 1_000_000;

/// The stamp and the log time of a sample. A stamp that is no time has become `None`.
pub(crate) type Pair = (Option<i64>, i64);

/// What `t_ns` follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    /// The stamp plus this many nanoseconds; log time where a sample has none.
    Header(i64),
    /// Log time.
    Log,
}

impl Choice {
    /// The canonical time of a sample.
    pub(crate) fn time(self, (header, log): Pair) -> i64 {
        match (self, header) {
            (Self::Header(offset), Some(header)) => header.saturating_add(offset),
            _ => log,
        }
    }
}

/// Whether a stamp is a time: zero and less is what drivers send when they have none.
pub(crate) fn is_time(stamp: i64) -> bool {
    stamp > 0
}

/// How many of the first `pairs` suffice to decide; `None` when all of them do not. It does not depend on how samples came in
/// batches. The first `known` are known not to suffice.
pub(crate) fn window(pairs: &[Pair], known: usize) -> Option<usize> {
    let first = pairs.first()?.1;
    let full = |(at, pair): (usize, &Pair)| {
        let (rows, span) = (at + 1, pair.1.saturating_sub(first));
        span >= WINDOW_NS || rows >= WINDOW_MAX_ROWS || (rows >= WINDOW_ROWS && span >= WINDOW_MIN_NS)
    };
    pairs.iter().enumerate().skip(known).find(|pair| full(*pair)).map(|(at, _)| at + 1)
}

/// Decides, and says what is odd.
pub(crate) fn judge(pairs: &[Pair]) -> (Choice, Option<Note>) {
    let mut differences: Vec<i64> =
        pairs.iter().filter_map(|(header, log)| Some(log.saturating_sub((*header)?))).collect();
    if differences.is_empty() || differences.len() * 2 < pairs.len() {
        return (Choice::Log, None);
    }
    if log_stands_still(pairs) {
        let text = "log times do not advance, so stamps are the only times";
        return (
            Choice::Header(0),
            Some(Note::new(NoteKind::TimeInvalid, text).numbers(pairs.len() as f64, Some(0.0))),
        );
    }
    differences.sort_unstable();
    // OK because there is at least one difference, and the ranks are below their number.
    let rank = |share: usize| differences[(differences.len() - 1) * share / 100];
    let (low, high) = (rank(5), rank(95));
    let spread = high.saturating_sub(low);
    if spread < SPREAD_MAX_NS {
        if (LATENCY_MIN_NS..=LATENCY_MAX_NS).contains(&low) {
            return (Choice::Header(0), None);
        }
        if differences.len() >= PROOF_ROWS {
            return (Choice::Header(low), None);
        }
    }
    let seconds = |nanos: i64| nanos as f64 / 1e9;
    let note = if spread < SPREAD_MAX_NS {
        let text = format!("stamps are {:.3} s off, and {} samples do not prove it", seconds(low), differences.len());
        Note::new(NoteKind::ClockUnproven, text).numbers(differences.len() as f64, Some(PROOF_ROWS as f64))
    } else {
        let text = format!("log time minus stamp spreads over {:.3} s", seconds(spread));
        Note::new(NoteKind::ClockUnproven, text).numbers(seconds(spread), Some(seconds(SPREAD_MAX_NS)))
    };
    // One stamp alone (a latched message) says nothing about a clock.
    (Choice::Log, (differences.len() > 1).then_some(note))
}

fn log_stands_still(pairs: &[Pair]) -> bool {
    let stamps = || pairs.iter().filter_map(|(header, _)| *header);
    let logs = || pairs.iter().map(|(_, log)| *log);
    let (Some(first), Some(last)) = (stamps().min(), stamps().max()) else { return false };
    logs().min() == logs().max() && last.saturating_sub(first) > SPREAD_MAX_NS
}

/// Watches a stream that follows its stamps: the smallest `d` of every block, which is the offset with the least latency.
#[derive(Debug, Clone, Default)]
pub(crate) struct Watch {
    block: Option<i64>,
    rows: usize,
    first: Option<i64>,
    last: Option<i64>,
}

impl Watch {
    pub(crate) fn observe(&mut self, (header, log): Pair) {
        let Some(header) = header else { return };
        let difference = log.saturating_sub(header);
        self.block = Some(self.block.map_or(difference, |least| least.min(difference)));
        self.rows += 1;
        if self.rows == BLOCK_ROWS {
            self.first = self.first.or(self.block);
            self.last = self.block.take();
            self.rows = 0;
        }
    }

    /// By how much stamps moved against log times between the first and the last full block, if that is worth telling.
    pub(crate) fn drift(&self) -> Option<Note> {
        let drift = self.last?.saturating_sub(self.first?);
        if drift.saturating_abs() < DRIFT_MIN_NS {
            return None;
        }
        let seconds = drift as f64 / 1e9;
        let text = format!("stamps moved against log times by {seconds:.4} s");
        Some(Note::new(NoteKind::ClockDrift, text).numbers(seconds, None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: i64 = 1_000_000;
    const YEAR_2026: i64 = 1_767_225_600_000_000_000;

    /// Samples at 100 Hz for 2 s: stamps by `stamp` from the true time, recorded with a latency of 1 to 5 ms.
    fn pairs(stamp: impl Fn(i64) -> Option<i64>) -> Vec<Pair> {
        (0..201).map(|i| (stamp(i * 10 * MS), YEAR_2026 + i * 10 * MS + MS * (1 + i % 5))).collect()
    }

    #[test]
    fn one_clock_keeps_its_stamps() {
        let pairs = pairs(|t| Some(YEAR_2026 + t));
        assert_eq!((window(&pairs, 0), window(&pairs[..200], 7)), (Some(200 + 1), None));
        assert_eq!(judge(&pairs), (Choice::Header(0), None));
        assert_eq!(judge(&pairs[..1]), (Choice::Header(0), None), "one sample with a sane latency");
    }

    #[test]
    fn a_constant_offset_is_proven_by_many_and_not_by_few() {
        let pairs = pairs(|t| Some(5_000 * MS + t));
        let (choice, note) = judge(&pairs);
        assert_eq!((choice, note), (Choice::Header(YEAR_2026 - 5_000 * MS + MS), None));
        assert_eq!(choice.time(pairs[0]), YEAR_2026 + MS, "as close to log time as the least latency allows");
        let (choice, note) = judge(&pairs[..PROOF_ROWS - 1]);
        assert_eq!((choice, note.map(|note| note.kind)), (Choice::Log, Some(NoteKind::ClockUnproven)));
        assert_eq!(judge(&pairs[..1]), (Choice::Log, None), "a latched message");
    }

    #[test]
    fn stamps_from_the_future_are_another_clock() {
        let pairs = pairs(|t| Some(YEAR_2026 + t + 300 * MS));
        assert_eq!(judge(&pairs).0, Choice::Header(-299 * MS));
    }

    #[test]
    fn stamps_that_wander_are_not_trusted() {
        let wandering = pairs(|t| Some(YEAR_2026 + t / 2));
        let (choice, note) = judge(&wandering);
        assert_eq!(choice, Choice::Log);
        let note = note.expect("the spread is told");
        assert_eq!((note.kind, note.limit), (NoteKind::ClockUnproven, Some(0.1)));
        assert!((note.measured.unwrap() - 0.9).abs() < 0.05, "{note:?}");
        assert_eq!(judge(&pairs(|_| Some(YEAR_2026))).0, Choice::Log, "stamps stand still");
    }

    #[test]
    fn without_stamps_it_is_log_time() {
        assert_eq!(judge(&pairs(|_| None)), (Choice::Log, None));
        assert_eq!(judge(&[]), (Choice::Log, None));
        assert_eq!(judge(&pairs(|t| (t > 1_500 * MS).then_some(YEAR_2026 + t))).0, Choice::Log);
        let some_missing = pairs(|t| (t > 100 * MS).then_some(YEAR_2026 + t));
        let choice = judge(&some_missing).0;
        assert_eq!(choice, Choice::Header(0));
        assert_eq!(choice.time(some_missing[0]), some_missing[0].1, "a sample without stamp keeps its log time");
    }

    #[test]
    fn log_times_that_stand_still_are_not_trusted() {
        let pairs: Vec<Pair> = (0..100).map(|i| (Some(YEAR_2026 + i * 10 * MS), YEAR_2026)).collect();
        let (choice, note) = judge(&pairs);
        assert_eq!((choice, note.map(|note| note.kind)), (Choice::Header(0), Some(NoteKind::TimeInvalid)));
    }

    #[test]
    fn drift_is_seen_through_the_latency() {
        let mut watch = Watch::default();
        for i in 0..2_560_i64 {
            // 20 ppm slow at 100 Hz: 0.5 ms over 25.6 s, and 12.5 ms over 640 s.
            watch.observe((Some(YEAR_2026 + i * 10 * MS), YEAR_2026 + i * 10 * MS + i * 5_000 + MS * (1 + i % 5)));
        }
        let drift = watch.drift().expect("11.5 ms are worth telling");
        assert!((drift.measured.unwrap() - 0.011_52).abs() < 1e-4, "{drift:?}");
        let mut steady = Watch::default();
        (0..2_560).for_each(|i| steady.observe((Some(i), i + MS)));
        assert_eq!(steady.drift(), None);
    }

    #[test]
    fn absurd_times_overflow_nothing() {
        let pairs = [(Some(i64::MAX), i64::MIN), (Some(1), i64::MAX)];
        assert_eq!(judge(&pairs).0, Choice::Log);
        assert_eq!(Choice::Header(i64::MAX).time((Some(i64::MAX), 0)), i64::MAX);
    }
}

//! The intervals of one stream: typical interval, gaps, jumps back, repeats. Bounded, however long the stream is.

/// How many gaps are kept: the widest.
const GAPS_MAX: usize = 16;

/// How many places of samples that lie behind, and of repeats, are kept: the first.
const PLACES_MAX: usize = 8;

/// Bins of a histogram over the logarithm of intervals: 32 per doubling, from 1 ns to 2^64 ns.
const BINS: usize = 64 * 32;

/// What was seen of the times of one stream, in the order of its samples.
#[derive(Debug, Clone, Default)]
pub struct RateStats {
    /// Samples.
    pub samples: u64,
    /// The least time.
    pub first: Option<i64>,
    /// The greatest time.
    pub last: Option<i64>,
    /// Samples whose time lies before that of any earlier sample.
    pub behind: u64,
    /// Samples whose time is that of the sample before.
    pub repeated: u64,
    /// The first samples that lie behind: the latest time so far, and theirs.
    pub behind_at: Vec<(i64, i64)>,
    /// The first times that repeat.
    pub repeated_at: Vec<i64>,
    /// The widest intervals, in no order: nanoseconds, and when they begin.
    gaps: Vec<(u64, i64)>,
    previous: Option<i64>,
    intervals: u64,
    sum_s: f64,
    sum_squares: f64,
    /// Per bin: intervals, and their sum in nanoseconds.
    bins: Vec<(u64, f64)>,
}

fn bin(interval_ns: u64) -> usize {
    let bits = (interval_ns as f64).to_bits();
    // The exponent and five bits of the fraction. OK to subtract: an interval of at least 1 ns has an exponent of at least
    // 1023; OK to cast: what is left is below BINS.
    ((bits >> 47).saturating_sub(1023 << 5) as usize).min(BINS - 1)
}

impl RateStats {
    /// Counts times in.
    pub fn observe(&mut self, t_ns: &[i64]) {
        for &t in t_ns {
            self.samples += 1;
            self.first = Some(self.first.map_or(t, |first| first.min(t)));
            let previous = self.previous.replace(t);
            let last = self.last.replace(self.last.map_or(t, |last| last.max(t)));
            let Some(last) = last else { continue };
            if previous == Some(t) {
                self.repeated += 1;
                if self.repeated_at.len() < PLACES_MAX {
                    self.repeated_at.push(t);
                }
            }
            if t < last {
                self.behind += 1;
                if self.behind_at.len() < PLACES_MAX {
                    self.behind_at.push((last, t));
                }
            } else if t > last {
                // Measured from the latest time so far, so that what follows a jump back is no gap.
                self.interval(t.abs_diff(last), last);
            }
        }
    }

    fn interval(&mut self, interval_ns: u64, start: i64) {
        if self.bins.is_empty() {
            self.bins = vec![(0, 0.0); BINS];
        }
        let seconds = interval_ns as f64 / 1e9;
        self.intervals += 1;
        self.sum_s += seconds;
        self.sum_squares += seconds * seconds;
        let (count, sum) = &mut self.bins[bin(interval_ns)];
        *count += 1;
        *sum += interval_ns as f64;
        if self.gaps.len() < GAPS_MAX {
            self.gaps.push((interval_ns, start));
        } else if let Some(least) = self.gaps.iter_mut().min_by_key(|gap| gap.0)
            && interval_ns > least.0
        {
            *least = (interval_ns, start);
        }
    }

    /// Intervals forward in time.
    pub fn intervals(&self) -> u64 {
        self.intervals
    }

    /// The mean of the intervals around the median one; `None` without an interval.
    pub fn median_s(&self) -> Option<f64> {
        let half = self.intervals.div_ceil(2);
        let mut seen = 0;
        for (count, sum) in &self.bins {
            seen += count;
            if seen >= half && *count > 0 {
                return Some(sum / *count as f64 / 1e9);
            }
        }
        None
    }

    /// Standard deviation of the intervals over their mean, without the widest ones beyond `gap_s`, which are gaps and not
    /// jitter. `None` below two intervals.
    pub fn jitter(&self, gap_s: f64) -> Option<f64> {
        let (mut n, mut sum, mut squares) = (0_u64, 0.0, 0.0);
        for (count, total) in self.bins.iter().filter(|(count, _)| *count > 0) {
            let mean = total / *count as f64 / 1e9;
            if mean <= gap_s {
                n += count;
                sum += total / 1e9;
                squares += mean * mean * *count as f64;
            }
        }
        if n < 2 || sum <= 0.0 {
            return None;
        }
        // Where nothing was left out the exact sum of squares is better than that over bins.
        let squares = if n == self.intervals { self.sum_squares } else { squares };
        let mean = sum / n as f64;
        let variance = (squares / n as f64 - mean * mean).max(0.0);
        Some(libm::sqrt(variance) / mean)
    }

    /// Samples that are missing if there should be one every `period_s`: Σ(round(Δt / Δt₀) − 1).
    pub fn dropped(&self, period_s: f64) -> f64 {
        let missing = |(count, sum): &(u64, f64)| {
            let mean_s = sum / *count as f64 / 1e9;
            (libm::round(mean_s / period_s) - 1.0).max(0.0) * *count as f64
        };
        self.bins.iter().filter(|(count, _)| *count > 0).map(missing).sum()
    }

    /// The share of the intervals within a quarter of the median: how regular the stream is.
    pub fn regular_share(&self) -> Option<f64> {
        let median_ns = self.median_s()? * 1e9;
        let near = |(count, sum): &&(u64, f64)| {
            let mean = sum / *count as f64;
            (mean - median_ns).abs() <= median_ns / 4.0
        };
        let regular: u64 = self.bins.iter().filter(|(count, _)| *count > 0).filter(near).map(|(count, _)| count).sum();
        Some(regular as f64 / self.intervals as f64)
    }

    /// The widest intervals of more than `limit_s`, in the order of time: seconds, from, to.
    pub fn gaps_over(&self, limit_s: f64) -> Vec<(f64, i64, i64)> {
        let mut gaps: Vec<_> = self
            .gaps
            .iter()
            .map(|&(ns, start)| (ns as f64 / 1e9, start, start.saturating_add_unsigned(ns)))
            .filter(|(seconds, _, _)| *seconds > limit_s)
            .collect();
        gaps.sort_by_key(|(_, start, _)| *start);
        gaps
    }

    /// How many intervals exceed `limit_s`. Right to one bin: 3 %.
    pub fn intervals_over(&self, limit_s: f64) -> u64 {
        let over = |(count, sum): &&(u64, f64)| *count > 0 && sum / *count as f64 / 1e9 > limit_s;
        self.bins.iter().filter(over).map(|(count, _)| count).sum()
    }

    /// Intervals per second; `None` without an interval.
    pub fn mean_rate_hz(&self) -> Option<f64> {
        (self.sum_s > 0.0).then(|| self.intervals as f64 / self.sum_s)
    }

    /// Seconds from first to last.
    pub fn duration_s(&self) -> f64 {
        match (self.first, self.last) {
            (Some(first), Some(last)) => last.abs_diff(first) as f64 / 1e9,
            _ => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stats(t_ns: &[i64]) -> RateStats {
        let mut stats = RateStats::default();
        stats.observe(t_ns);
        stats
    }

    #[test]
    fn intervals_are_summed_exactly() {
        // 100 Hz for a second, with samples 40, 41 and 42 missing.
        let times: Vec<i64> = (0..=100).filter(|i| !(40..43).contains(i)).map(|i| i * 10_000_000).collect();
        let stats = stats(&times);
        assert_eq!((stats.samples, stats.intervals()), (98, 97));
        assert!((stats.median_s().unwrap() - 0.01).abs() < 1e-12);
        assert_eq!(stats.dropped(0.01), 3.0);
        assert_eq!(stats.gaps_over(0.02), [(0.04, 390_000_000, 430_000_000)]);
        assert_eq!((stats.intervals_over(0.02), stats.intervals_over(0.1)), (1, 0));
        // std / mean of 96 × 0.01 and 1 × 0.04: the oracle is numpy's.
        assert!((stats.jitter(1.0).unwrap() - 0.293_939).abs() < 1e-5, "{:?}", stats.jitter(1.0));
        assert!(stats.jitter(0.02).unwrap() < 1e-6, "the gap is no jitter");
    }

    #[test]
    fn extremes_do_not_overflow() {
        let stats = stats(&[i64::MIN, i64::MAX, i64::MAX, i64::MIN, 0, 1]);
        assert_eq!((stats.behind, stats.repeated, stats.intervals()), (3, 1, 1));
        assert!(stats.duration_s() > 1e10 && stats.median_s().is_some());
        assert_eq!(stats.gaps_over(1.0).len(), 1);
        assert_eq!(bin(1), 0);
        assert!(bin(u64::MAX) < BINS);
    }

    #[test]
    fn nothing_is_known_of_one_sample() {
        let stats = stats(&[5]);
        assert_eq!((stats.median_s(), stats.jitter(1.0), stats.regular_share()), (None, None, None));
        assert_eq!(stats.duration_s(), 0.0);
    }
}

//! Times and spans of time.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Nanoseconds since the Unix epoch, or since the zero of a clock that has no date.
///
/// In JSON a string of digits, since 64-bit integers do not survive every JSON reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nanos(pub i64);

impl Nanos {
    /// The seconds from `earlier` to `self`; negative when `self` comes first.
    pub fn seconds_since(self, earlier: Self) -> f64 {
        // i128 because the difference of two i64 may not fit; f64 is exact to a nanosecond below 104 days.
        (i128::from(self.0) - i128::from(earlier.0)) as f64 / 1e9
    }

    /// So many seconds later; `None` where no such time can be counted.
    pub fn plus_seconds(self, seconds: f64) -> Option<Self> {
        let nanos = (seconds * 1e9).round();
        // OK to cast: the product lies within i64.
        (nanos.is_finite() && nanos.abs() < 9.2e18)
            .then_some(nanos as i64)
            .and_then(|nanos| self.0.checked_add(nanos))
            .map(Self)
    }

    /// Year, month and day in UTC, by the proleptic Gregorian calendar (H. Hinnant, *chrono-compatible low-level date
    /// algorithms*).
    pub fn date(self) -> (i64, i64, i64) {
        // Days since the first of March of the year 0, so that a leap day is the last of its year.
        let days = self.0.div_euclid(86_400_000_000_000) + 719_468;
        let era = days.div_euclid(146_097);
        let of_era = days.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * of_year + 2) / 153;
        let day = of_year - (153 * from_march + 2) / 5 + 1;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        (year_of_era + era * 400 + i64::from(month <= 2), month, day)
    }
}

impl Serialize for Nanos {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Nanos {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map(Self).map_err(serde::de::Error::custom)
    }
}

/// From `start` to `end`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TimeSpan {
    /// The first instant.
    pub start: Nanos,
    /// The last instant; never before `start`.
    pub end: Nanos,
}

impl TimeSpan {
    /// The span that holds both ends, whichever comes first.
    pub fn new(one: Nanos, other: Nanos) -> Self {
        Self { start: one.min(other), end: one.max(other) }
    }

    /// The smallest span that holds both.
    pub fn union(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// Seconds from start to end.
    pub fn seconds(self) -> f64 {
        self.end.seconds_since(self.start)
    }

    /// Whether `t` lies inside.
    pub fn contains(self, t: Nanos) -> bool {
        self.start <= t && t <= self.end
    }
}

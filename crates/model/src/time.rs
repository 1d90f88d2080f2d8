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

    /// A date and a time of ISO 8601 (`2026-10-05T06:00:01.25+08:00`), with `T`, `t` or a blank between them, `/` or `-` in the
    /// date, with or without seconds and an offset; without one it is `offset_s` seconds ahead of UTC.
    pub fn from_iso_8601(text: &str, offset_s: i64) -> Option<Self> {
        if !text.is_ascii() || text.len() < 16 {
            return None;
        }
        let digits = |from: usize, to: usize| -> Option<i64> {
            let part = text.get(from..to)?;
            part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok())?
        };
        let at = |place: usize| text.as_bytes().get(place).copied().unwrap_or(0);
        if !(matches!(at(4), b'-' | b'/') && at(7) == at(4) && matches!(at(10), b'T' | b't' | b' ') && at(13) == b':') {
            return None;
        }
        let days = days_of(digits(0, 4)?, digits(5, 7)?, digits(8, 10)?)?;
        let (hour, minute) = (digits(11, 13)?, digits(14, 16)?);
        let mut rest = &text[16..];
        let mut second = 0;
        let mut nanos = 0;
        if rest.starts_with(':') {
            second = digits(17, 19)?;
            rest = &text[19..];
            if let Some(fraction) = rest.strip_prefix(['.', ',']) {
                let length = fraction.bytes().take_while(u8::is_ascii_digit).count();
                if length == 0 {
                    return None;
                }
                // Digits beyond nanoseconds are left out.
                let kept = length.min(9);
                // OK to cast: at most 9.
                nanos = fraction[..kept].parse::<i64>().ok()? * 10_i64.pow(9 - kept as u32);
                rest = &fraction[length..];
            }
        }
        let offset = match rest.trim() {
            "" => offset_s,
            rest => utc_offset_s(rest)?,
        };
        if hour > 24 || minute > 59 || second > 60 {
            return None;
        }
        let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset;
        seconds.checked_mul(1_000_000_000)?.checked_add(nanos).map(Self)
    }
}

/// Seconds of an offset from UTC: `Z`, `+08:00`, `-0530`, `+08`.
pub fn utc_offset_s(text: &str) -> Option<i64> {
    if matches!(text, "Z" | "z") {
        return Some(0);
    }
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits: String = text[1..].chars().filter(|letter| *letter != ':').collect();
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes) = match digits.len() {
        2 => (digits.parse::<i64>().ok()?, 0),
        4 => (digits[..2].parse().ok()?, digits[2..].parse().ok()?),
        _ => return None,
    };
    (hours <= 15 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

/// Days since 1970-01-01 of a date of the Gregorian calendar; `None` for a date that there is not.
///
/// The calendar is counted from a first of March, so that a leap day is the last of its year.
fn days_of(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let length = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => return None,
    };
    if day < 1 || day > length {
        return None;
    }
    let (years, months) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let before = years * 365 + years.div_euclid(4) - years.div_euclid(100) + years.div_euclid(400);
    // Months from March on have 31, 30, 31, 30, 31 days, again and again: 153 in five.
    Some(before + (153 * months + 2) / 5 + day - 1 - 719_468)
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

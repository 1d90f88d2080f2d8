//! What a cell says: a time, a number, a text.

use prairie_model::{Cell, Nanos};

/// How times of a file are to be understood.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    /// Seconds that times without an offset are ahead of UTC.
    pub(super) offset_s: i64,
    /// Nanoseconds of one unit of times that are numbers.
    pub(super) unit_ns: i64,
}

impl Clock {
    /// The time that a cell says.
    pub(super) fn time_of(self, cell: &Cell) -> Option<Nanos> {
        match cell {
            Cell::Time(nanos) => Some(Nanos(*nanos)),
            Cell::Int(number) => number.checked_mul(self.unit_ns).map(Nanos),
            Cell::Float(number) => self.of_float(*number),
            Cell::Text(text) => self.of_text(text),
            Cell::Null | Cell::Bool(_) => None,
        }
    }

    fn of_float(self, number: f64) -> Option<Nanos> {
        // OK to cast: the unit is at most 1e9, and the result is checked to lie within i64.
        let nanos = (number * self.unit_ns as f64).round();
        (nanos.is_finite() && nanos.abs() < 9.2e18).then_some(Nanos(nanos as i64))
    }

    fn of_text(self, text: &str) -> Option<Nanos> {
        // Exports of exports keep the quotes of the first.
        let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
        if let Ok(number) = text.parse::<i64>() {
            return number.checked_mul(self.unit_ns).map(Nanos);
        }
        if let Ok(number) = text.parse::<f64>() {
            return self.of_float(number);
        }
        date_time(text, self.offset_s)
    }
}

/// The text of a cell.
pub(super) fn text_of(cell: &Cell) -> String {
    match cell {
        Cell::Null => String::new(),
        Cell::Bool(value) => value.to_string(),
        Cell::Int(number) => number.to_string(),
        Cell::Float(number) => number.to_string(),
        Cell::Time(nanos) => nanos.to_string(),
        Cell::Text(text) => text.clone(),
    }
}

/// The number that a cell says. An infinity is none.
pub(super) fn number_of(cell: &Cell) -> Option<f64> {
    let number = match cell {
        // OK to cast: conditions and durations are far below 2^53.
        Cell::Int(number) => *number as f64,
        Cell::Float(number) => *number,
        Cell::Text(text) => text.parse().ok()?,
        Cell::Null | Cell::Bool(_) | Cell::Time(_) => return None,
    };
    number.is_finite().then_some(number)
}

/// The whole number that a cell says; `3.0` is one.
pub(super) fn whole_of(cell: &Cell) -> Option<i64> {
    match cell {
        Cell::Int(number) => Some(*number),
        Cell::Text(text) => text.parse().ok().or_else(|| whole(text.parse().ok()?)),
        Cell::Float(number) => whole(*number),
        Cell::Null | Cell::Bool(_) | Cell::Time(_) => None,
    }
}

fn whole(number: f64) -> Option<i64> {
    // OK to cast: checked to be whole and below 2^53.
    (number.fract() == 0.0 && number.abs() < 9.0e15).then_some(number as i64)
}

/// Seconds of an offset from UTC: `Z`, `+08:00`, `-0530`, `+08`.
pub(super) fn offset_of(text: &str) -> Option<i64> {
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

/// A date and a time of ISO 8601 (`2026-10-05T06:00:01.25+08:00`), with `T`, `t` or a blank between them, `/` or `-` in the
/// date, with or without seconds and an offset.
fn date_time(text: &str, offset_s: i64) -> Option<Nanos> {
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
        rest => offset_of(rest)?,
    };
    if hour > 24 || minute > 59 || second > 60 {
        return None;
    }
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset;
    seconds.checked_mul(1_000_000_000)?.checked_add(nanos).map(Nanos)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str, offset: &str) -> Option<i64> {
        let clock = Clock { offset_s: offset_of(offset).expect("an offset"), unit_ns: 1_000_000_000 };
        clock.time_of(&Cell::Text(text.to_owned())).map(|nanos| nanos.0)
    }

    #[test]
    fn dates_and_times() {
        assert_eq!(time("1970-01-01T00:00:00Z", "+08:00"), Some(0));
        assert_eq!(time("1970-01-01 08:00", "+08:00"), Some(0));
        assert_eq!(time("2022-10-26T08:17:21.847Z", "Z"), Some(1_666_772_241_847_000_000));
        assert_eq!(time("2000/02/29 23:59:59.123456789123+00", "Z"), Some(951_868_799_123_456_789));
        assert_eq!(time("2024-12-31T23:59:60-05:30", "Z"), Some(1_735_709_400_000_000_000));
        assert_eq!(time("12.5", "Z"), Some(12_500_000_000));
        assert_eq!(time("\"1970-01-01T00:00:01.000+00:00\"", "Z"), Some(1_000_000_000));
        for none in [
            "",
            "2023-02-29 10:00",
            "2023-13-01 10:00",
            "10:00",
            "2023-01-01T10",
            "2023-01-01T10:00:00.",
            "nan",
            "1e300",
        ] {
            assert_eq!(time(none, "Z"), None, "{none}");
        }
    }

    #[test]
    fn numbers() {
        assert_eq!(number_of(&Cell::Text("310.5".to_owned())), Some(310.5));
        assert_eq!(number_of(&Cell::Text("inf".to_owned())), None);
        assert_eq!(whole_of(&Cell::Float(3.0)), Some(3));
        assert_eq!(whole_of(&Cell::Text("3.5".to_owned())), None);
        assert_eq!(offset_of("+8"), None);
        assert_eq!(offset_of("-0530"), Some(-19_800));
    }
}

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
        Nanos::from_iso_8601(text, self.offset_s)
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

#[cfg(test)]
mod tests {
    use super::*;
    use prairie_model::utc_offset_s;

    fn time(text: &str, offset: &str) -> Option<i64> {
        let clock = Clock { offset_s: utc_offset_s(offset).expect("an offset"), unit_ns: 1_000_000_000 };
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
        assert_eq!(utc_offset_s("+8"), None);
        assert_eq!(utc_offset_s("-0530"), Some(-19_800));
    }
}

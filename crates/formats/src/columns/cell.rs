//! What a cell says: a number, a time, a text.

use prairie_model::{Cell, Nanos};

use super::config::{Config, TimeUnit};

/// How cells are understood.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    comma: bool,
    unit: Option<TimeUnit>,
    offset_s: i64,
}

impl Reading {
    pub(super) fn new(config: &Config) -> Self {
        Self { comma: config.is_decimal_comma(), unit: config.time.unit, offset_s: config.offset_s() }
    }

    /// The number of a cell. `Ok(None)` is a cell of nothing.
    ///
    /// # Errors
    ///
    /// When it is something else than a number.
    pub(super) fn number(self, cell: &Cell) -> Result<Option<f64>, ()> {
        match cell {
            Cell::Null => Ok(None),
            Cell::Bool(truth) => Ok(Some(f64::from(u8::from(*truth)))),
            // OK to cast: a number beyond 2^53 is rounded.
            Cell::Int(number) => Ok(Some(*number as f64)),
            Cell::Float(number) => Ok(Some(*number)),
            Cell::Time(_) => Err(()),
            Cell::Text(text) => match text.as_str() {
                "NA" | "N/A" | "NULL" | "null" | "None" | "-" => Ok(None),
                text if text.eq_ignore_ascii_case("true") => Ok(Some(1.0)),
                text if text.eq_ignore_ascii_case("false") => Ok(Some(0.0)),
                text if self.comma => text.replacen(',', ".", 1).parse().map(Some).map_err(|_error| ()),
                text => text.parse().map(Some).map_err(|_error| ()),
            },
        }
    }

    /// The instant of a cell, in nanoseconds of its own clock.
    pub(super) fn time(self, cell: &Cell) -> Option<i64> {
        let unit = self.unit?.nanos();
        match (cell, unit) {
            (Cell::Time(nanos), _) => Some(*nanos),
            (Cell::Int(number), Some(unit)) => number.checked_mul(unit),
            (Cell::Float(number), Some(unit)) => {
                let nanos = (number * unit as f64).round();
                // OK to cast: checked to lie within i64.
                (nanos.abs() < 9.2e18).then_some(nanos as i64)
            }
            (Cell::Text(text), Some(unit)) => match self.comma {
                true => decimal(&text.replacen(',', ".", 1), unit),
                false => decimal(text, unit),
            },
            (Cell::Text(text), None) => {
                // Exports of exports keep the quotes of the first.
                let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
                Nanos::from_iso_8601(text, self.offset_s).map(|nanos| nanos.0)
            }
            (Cell::Int(_) | Cell::Float(_), None) | (Cell::Null | Cell::Bool(_), _) => None,
        }
    }

    /// The text of a cell; `None` for nothing.
    pub(super) fn text(cell: &Cell) -> Option<String> {
        Some(match cell {
            Cell::Null => return None,
            Cell::Bool(value) => value.to_string(),
            Cell::Int(number) => number.to_string(),
            Cell::Float(number) => number.to_string(),
            Cell::Time(nanos) => nanos.to_string(),
            Cell::Text(text) => text.clone(),
        })
    }
}

/// A decimal number times a unit, exactly where it is written without an exponent: seconds since 1970 with nanoseconds have more digits
/// than a float.
fn decimal(text: &str, unit: i64) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_plain(whole) || !is_plain(fraction) || fraction.len() > 18 {
        let nanos = (text.parse::<f64>().ok()? * unit as f64).round();
        // OK to cast: checked to lie within i64, which what is no number does not.
        return (nanos.abs() < 9.2e18).then_some(nanos as i64);
    }
    let whole: i64 = whole.parse().ok()?;
    // OK to multiply: a fraction of 18 digits times 10^9 is below 2^127.
    let scaled = i128::from(fraction.parse::<i64>().unwrap_or(0)) * i128::from(unit);
    let scale = 10_i128.pow(u32::try_from(fraction.len()).ok()?);
    let part = i64::try_from((scaled + scale / 2) / scale).ok()?;
    whole.checked_mul(unit)?.checked_add(part)?.checked_mul(sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_exact() {
        let s = 1_000_000_000;
        assert_eq!(decimal("1666772241.847123456", s), Some(1_666_772_241_847_123_456));
        assert_eq!(decimal("-0.25", s), Some(-250_000_000));
        assert_eq!(decimal("1.5e3", 1_000_000), Some(1_500_000_000));
        assert_eq!(decimal(".5", s), Some(500_000_000));
        for none in ["", "nan", "1e300", "x", "99999999999999999999"] {
            assert_eq!(decimal(none, s), None, "{none}");
        }
        let reading = Reading { comma: true, unit: Some(TimeUnit::Seconds), offset_s: 0 };
        assert_eq!(reading.time(&Cell::Text("0,5".to_owned())), Some(500_000_000));
        assert_eq!(reading.number(&Cell::Text("-1,25".to_owned())), Ok(Some(-1.25)));
        assert_eq!(reading.number(&Cell::Text("True".to_owned())), Ok(Some(1.0)));
        assert_eq!(reading.number(&Cell::Text("open".to_owned())), Err(()));
        let iso = Reading { comma: false, unit: Some(TimeUnit::Iso8601), offset_s: 0 };
        assert_eq!(iso.time(&Cell::Text("1970-01-01T00:00:01.5Z".to_owned())), Some(1_500_000_000));
        assert_eq!(iso.time(&Cell::Int(3)), None);
    }
}

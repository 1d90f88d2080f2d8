//! When the rows of an episode were recorded.
//!
//! Times come from an array of them, counted from the first of the episode. Their unit is that which the array's attributes name,
//! else it follows from their size: numbers above 10^8 are instants since 1970, whose digits tell the unit; of smaller ones the
//! median step does. Without such an array a row is `1 / rate` after the one before.

use crate::elements::{Element, Kind};

/// Values that the unit is found from.
pub(super) const LOOKED_AT: u64 = 4096;

/// Rate of Push-T and of the real robots of diffusion policy, where nothing states one.
pub(super) const RATE_HZ: f64 = 10.0;
/// Rate of UMI, whose rows are frames of a GoPro at 60000/1001 frames per second.
pub(super) const UMI_RATE_HZ: f64 = 60_000.0 / 1001.0;

/// How stamps become nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Unit {
    nanos: i64,
}

impl Unit {
    /// The unit of an array: as it says, else as its first values suggest. `None` where they are no times, such as counts of rows.
    pub(super) fn of(element: Element, stated: Option<&str>, values: &[u8]) -> Option<Self> {
        if let Kind::Time(nanos) = element.kind {
            return Some(Self { nanos });
        }
        let stated = stated.and_then(|text| match text.trim().to_ascii_lowercase().as_str() {
            "s" | "sec" | "secs" | "second" | "seconds" => Some(1_000_000_000),
            "ms" | "millisecond" | "milliseconds" => Some(1_000_000),
            "us" | "µs" | "microsecond" | "microseconds" => Some(1_000),
            "ns" | "nanosecond" | "nanoseconds" => Some(1),
            _ => None,
        });
        if let Some(nanos) = stated {
            return Some(Self { nanos });
        }
        let numbers: Vec<f64> = values.chunks_exact(element.size).filter_map(|bytes| element.number(bytes)).collect();
        let largest =
            numbers.iter().copied().filter(|number| number.is_finite()).fold(0.0, |most: f64, n| most.max(n.abs()));
        let mut steps: Vec<f64> =
            numbers.windows(2).map(|pair| pair[1] - pair[0]).filter(|step| *step > 0.0 && step.is_finite()).collect();
        steps.sort_by(f64::total_cmp);
        let step = steps.get(steps.len() / 2).copied();
        let nanos = match (largest, step) {
            (largest, _) if largest > 1e17 => 1,
            (largest, _) if largest > 1e14 => 1_000,
            (largest, _) if largest > 1e11 => 1_000_000,
            (largest, _) if largest > 1e8 => 1_000_000_000,
            (_, Some(step)) if element.kind != Kind::Float && step <= 1.0 => return None,
            (_, Some(step)) if step >= 1e6 => 1,
            (_, Some(step)) if step >= 1e3 => 1_000,
            (_, Some(step)) if step >= 2.0 => 1_000_000,
            _ if element.kind != Kind::Float => return None,
            _ => 1_000_000_000,
        };
        Some(Self { nanos })
    }

    /// Nanoseconds from `origin` to `stamp`; `None` for what is no time.
    pub(super) fn since(self, element: Element, origin: &[u8], stamp: &[u8]) -> Option<i64> {
        match element.kind {
            Kind::Float => {
                let nanos = ((element.number(stamp)? - element.number(origin)?) * self.nanos as f64).round();
                // OK to cast: checked to lie within i64.
                (nanos.abs() < 9.2e18).then_some(nanos as i64)
            }
            _ => {
                let valid = |bytes| element.integer(bytes).filter(|stamp| *stamp != i64::MIN);
                valid(stamp)?.checked_sub(valid(origin)?)?.checked_mul(self.nanos)
            }
        }
    }
}

/// Nanoseconds from the beginning of an episode to its row number `row`.
pub(super) fn on_grid(row: u64, rate_hz: f64) -> i64 {
    // OK to cast: saturates.
    (row as f64 / rate_hz * 1e9).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(values: &[f64], stated: Option<&str>) -> Option<i64> {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Unit::of(Element::of(Kind::Float, 8), stated, &bytes).map(|unit| unit.nanos)
    }

    #[test]
    fn the_unit_follows_from_the_size() {
        assert_eq!(unit(&[0.0, 0.1, 0.2], None), Some(1_000_000_000));
        assert_eq!(unit(&[1.7e9, 1.7e9 + 0.1], None), Some(1_000_000_000));
        assert_eq!(unit(&[1.7e12, 1.7e12 + 100.0], None), Some(1_000_000));
        assert_eq!(unit(&[1.7e15], None), Some(1_000));
        assert_eq!(unit(&[1.7e18], None), Some(1));
        assert_eq!(unit(&[0.0, 33.3, 66.7], None), Some(1_000_000));
        assert_eq!(unit(&[0.0, 0.1], Some("ms")), Some(1_000_000));
        let counts: Vec<u8> = (0_i64..5).flat_map(i64::to_le_bytes).collect();
        assert_eq!(Unit::of(Element::of(Kind::Int, 8), None, &counts), None, "rows are counted");
    }

    #[test]
    fn stamps_are_counted_from_the_first() {
        let element = Element::of(Kind::Float, 8);
        let since = |origin: f64, stamp: f64| {
            Unit { nanos: 1_000_000_000 }.since(element, &origin.to_le_bytes(), &stamp.to_le_bytes())
        };
        assert_eq!(since(100.0, 100.25), Some(250_000_000));
        assert_eq!(since(100.0, f64::NAN), None);
        assert_eq!(on_grid(3, 10.0), 300_000_000);
    }
}

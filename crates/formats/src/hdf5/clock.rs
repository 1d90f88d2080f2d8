//! The times of an episode's rows, in nanoseconds from its beginning.
//!
//! | the source has | time of a row |
//! |---|---|
//! | a dataset `timestamp`, `time` or the like | its number less the first, in the unit of its attribute `units`; else by size: from 1e17 on nanoseconds since 1970, from 1e14 on microseconds, from 1e11 on milliseconds, from 1e8 on seconds; else by the usual step: up to 1 (whole numbers: below 1, others: up to 2) seconds, below 1000 milliseconds, below 1e6 microseconds, else nanoseconds |
//! | a rate | its index by the rate |
//! | states of MuJoCo, and no rate | the first number of its state, in seconds, less that of the first row |
//! | nothing | its index by the rate of the layout, which is told |

use prairie_model::{Note, NoteKind};

use super::column::Item;
use super::container::{Dataset, File, NumberKind, Rows};
use super::episode::Clock;
use crate::FormatError;

/// Times of one episode.
const TIMES_MAX: u64 = 8 << 20;

/// The times of an episode.
pub(super) enum Times {
    Grid(f64),
    /// One per row, and the rate for rows beyond.
    Stamps(Vec<i64>, f64),
}

impl Times {
    /// The time of a row.
    pub(super) fn at(&self, row: u64) -> i64 {
        match self {
            Self::Grid(rate) => grid(row, *rate),
            Self::Stamps(all, rate) => match usize::try_from(row).ok().and_then(|row| all.get(row)) {
                Some(time) => *time,
                None => {
                    let last = all.last().copied().unwrap_or(0);
                    last.saturating_add(grid((row + 1).saturating_sub(all.len() as u64), *rate))
                }
            },
        }
    }

    /// The times of an episode of `rows` rows; with a note where the source's own make no sense.
    pub(super) fn of(file: &File<'_>, clock: &Clock, rows: u64) -> Result<(Self, Option<Note>), FormatError> {
        let (address, unit, otherwise, column) = match clock {
            Clock::Rate(rate) | Clock::Assumed(rate) => return Ok((Self::Grid(*rate), None)),
            Clock::Stamps { address, unit, otherwise } => (*address, unit.as_deref(), *otherwise, "timestamps"),
            Clock::States { address, otherwise } => (*address, Some("s"), *otherwise, "times of the states"),
        };
        let read = if rows > TIMES_MAX {
            Err(FormatError::Unsupported(format!("{rows} are more than are read")))
        } else {
            stamps(file, address, rows)
        };
        let why = match read {
            Ok(raw) => match relative(&raw, unit) {
                Ok(times) => return Ok((Self::Stamps(times, otherwise), None)),
                Err(why) => why,
            },
            Err(error @ FormatError::Io { .. }) => return Err(error),
            Err(error) => error.to_string(),
        };
        let text = format!("the {column} cannot be used: {why}; rows are taken as 1/{otherwise} s apart");
        Ok((Self::Grid(otherwise), Some(Note::new(NoteKind::TimeInvalid, text))))
    }
}

fn grid(row: u64, rate: f64) -> i64 {
    // OK to cast: it saturates, beyond three hundred years.
    (row as f64 / rate * 1e9).round() as i64
}

/// Times as they are in the file.
#[derive(Debug)]
enum Raw {
    Integers(Vec<i64>),
    Floats(Vec<f64>),
}

/// The first number of each row.
fn stamps(file: &File<'_>, address: u64, rows: u64) -> Result<Raw, FormatError> {
    let dataset = Dataset::of(file, &file.header(address)?)?;
    let leaves = super::column::leaves(&dataset.datatype);
    let number = leaves.first().and_then(|leaf| if let Item::Number(number) = leaf.item { Some(number) } else { None });
    let number = number.ok_or_else(|| FormatError::Unsupported("they are no numbers".to_owned()))?;
    let mut reader = Rows::open(file, dataset)?;
    let is_float = matches!(number.kind, NumberKind::Float | NumberKind::Bfloat16);
    let (mut integers, mut floats) = (Vec::new(), Vec::new());
    let mut bytes = Vec::new();
    let mut row = 0;
    while row < rows.min(reader.rows()) {
        let slab = reader.slab(row);
        reader.read(file, slab.clone(), &mut bytes)?;
        for first in bytes.chunks_exact(reader.row_bytes().max(1)) {
            let first = &first[..number.size.min(first.len())];
            if is_float { floats.push(number.float(first)) } else { integers.push(number.integer(first)) }
        }
        row = slab.end;
    }
    Ok(if is_float { Raw::Floats(floats) } else { Raw::Integers(integers) })
}

/// Nanoseconds from the first one on.
fn relative(raw: &Raw, unit: Option<&str>) -> Result<Vec<i64>, String> {
    let backwards = |at: usize| format!("that of row {at} is not later than the one before");
    match raw {
        Raw::Integers(all) => {
            let Some(first) = all.first() else { return Err("there are none".to_owned()) };
            if let Some(at) = all.windows(2).position(|pair| pair[1] < pair[0]) {
                return Err(backwards(at + 1));
            }
            // OK to cast: only its size counts.
            let step = median(all.windows(2).map(|pair| pair[1].wrapping_sub(pair[0]) as f64).collect());
            let nanos = unit_nanos(unit, *first as f64, step, true);
            moves(step)?;
            // OK to cast: a unit is a whole number of nanoseconds.
            let scaled = all.iter().map(|time| time.checked_sub(*first)?.checked_mul(nanos as i64));
            scaled.collect::<Option<Vec<i64>>>().ok_or_else(|| "they span more than 292 years".to_owned())
        }
        Raw::Floats(all) => {
            let Some(first) = all.first() else { return Err("there are none".to_owned()) };
            if let Some(at) = all.iter().position(|time| !time.is_finite()) {
                return Err(format!("that of row {at} is no number"));
            }
            if let Some(at) = all.windows(2).position(|pair| pair[1] < pair[0]) {
                return Err(backwards(at + 1));
            }
            let step = median(all.windows(2).map(|pair| pair[1] - pair[0]).collect());
            let nanos = unit_nanos(unit, *first, step, false);
            moves(step)?;
            let scaled = all.iter().map(|time| {
                let time = ((time - first) * nanos).round();
                // OK to cast: checked to lie within i64.
                (time.abs() < 9.2e18).then_some(time as i64)
            });
            scaled.collect::<Option<Vec<i64>>>().ok_or_else(|| "they span more than 292 years".to_owned())
        }
    }
}

/// Times that mostly stand still are none.
fn moves(step: Option<f64>) -> Result<(), String> {
    if step.is_none_or(|step| step > 0.0) { Ok(()) } else { Err("most of them are like the one before".to_owned()) }
}

fn median(mut steps: Vec<f64>) -> Option<f64> {
    let middle = steps.len() / 2;
    if steps.is_empty() {
        return None;
    }
    let (_, median, _) = steps.select_nth_unstable_by(middle, f64::total_cmp);
    Some(*median)
}

/// Nanoseconds of one unit.
fn unit_nanos(unit: Option<&str>, first: f64, step: Option<f64>, whole: bool) -> f64 {
    match unit.map(|unit| unit.trim().to_ascii_lowercase()).as_deref() {
        Some("s" | "sec" | "secs" | "second" | "seconds") => return 1e9,
        Some("ms" | "msec" | "millisecond" | "milliseconds") => return 1e6,
        Some("us" | "µs" | "usec" | "microsecond" | "microseconds") => return 1e3,
        Some("ns" | "nsec" | "nanosecond" | "nanoseconds") => return 1.0,
        _ => {}
    }
    match first.abs() {
        first if first >= 1e17 => return 1.0,
        first if first >= 1e14 => return 1e3,
        first if first >= 1e11 => return 1e6,
        first if first >= 1e8 => return 1e9,
        _ => {}
    }
    let step = step.unwrap_or(0.0);
    let seconds = if whole { step < 1.0 } else { step <= 2.0 };
    match step {
        _ if seconds => 1e9,
        step if step < 1e3 => 1e6,
        step if step < 1e6 => 1e3,
        _ => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_known_by_their_size() {
        let floats = |all: &[f64]| relative(&Raw::Floats(all.to_vec()), None);
        let integers = |all: &[i64]| relative(&Raw::Integers(all.to_vec()), None);
        assert_eq!(floats(&[1.7e9, 1.7e9 + 0.5]), Ok(vec![0, 500_000_000]));
        assert_eq!(floats(&[0.0, 0.02, 0.04]), Ok(vec![0, 20_000_000, 40_000_000]));
        assert_eq!(floats(&[0.0, 33.0, 66.0]), Ok(vec![0, 33_000_000, 66_000_000]));
        assert_eq!(integers(&[0, 20, 40]), Ok(vec![0, 20_000_000, 40_000_000]));
        assert_eq!(integers(&[1_700_000_000_000_000_001, 1_700_000_000_033_333_334]), Ok(vec![0, 33_333_333]));
        assert_eq!(integers(&[1_700_000_000_000_000, 1_700_000_000_000_033]), Ok(vec![0, 33_000]));
        assert_eq!(relative(&Raw::Integers(vec![0, 5]), Some("us")), Ok(vec![0, 5_000]));
        assert!(floats(&[0.0, 1.0, 0.5]).is_err());
        assert!(floats(&[0.0, f64::NAN]).is_err());
        assert!(integers(&[3, 3, 3, 3]).is_err());
        assert!(integers(&[i64::MIN, i64::MAX]).is_err());
    }

    #[test]
    fn rows_beyond_the_stamps_go_on() {
        let times = Times::Stamps(vec![0, 7], 100.0);
        assert_eq!((times.at(1), times.at(2), times.at(3)), (7, 10_000_007, 20_000_007));
        assert_eq!(Times::Grid(50.0).at(3), 60_000_000);
    }
}

//! Success of each shift, against the bound of all of them and what is asked.

use super::super::grouped;
use super::super::svg::{Anchor, ShareAxis, dot, label, line, nothing, open, percent, plain};

/// Columns that are drawn one by one; more shifts are drawn in groups of neighbours.
const COLUMNS_MAX: usize = 150;

/// One shift.
#[derive(Debug, Clone, Copy)]
pub(super) struct Share<'a> {
    /// Its name.
    pub(super) name: &'a str,
    /// Good units.
    pub(super) good: u64,
    /// Units.
    pub(super) units: u64,
}

/// A shift or some neighbours.
struct Column {
    title: String,
    good: u64,
    units: u64,
    /// The poorest and the best of them.
    ends: Option<(f64, f64)>,
}

fn columns(shifts: &[Share<'_>]) -> Vec<Column> {
    let each = shifts.len().div_ceil(COLUMNS_MAX).max(1);
    let column = |group: &[Share<'_>]| {
        let (good, units) = group.iter().fold((0, 0), |(good, units), it| (good + it.good, units + it.units));
        let shares = group.iter().filter(|it| it.units > 0).map(|it| share(it.good, it.units));
        let ends = (group.len() > 1)
            .then(|| shares.fold((1.0, 0.0), |(low, high): (f64, f64), it| (low.min(it), high.max(it))));
        let names = match group {
            [first, .., last] => format!("{} – {}", first.name, last.name),
            _ => group.first().map(|it| it.name.to_owned()).unwrap_or_default(),
        };
        let title = format!("{}: {} / {}", super::super::escape(&names), grouped(good), grouped(units));
        Column { title, good, units, ends: ends.filter(|(low, high)| low <= high) }
    };
    shifts.chunks(each).map(column).collect()
}

/// OK to cast: counts for a picture.
fn share(good: u64, units: u64) -> f64 {
    good as f64 / units.max(1) as f64
}

pub(super) fn draw(shifts: &[Share<'_>], lower: Option<f64>, asked: Option<f64>) -> String {
    if shifts.is_empty() {
        return nothing();
    }
    let columns = columns(shifts);
    let worked = columns.iter().filter(|it| it.units > 0);
    let least = worked.map(|it| it.ends.map_or(share(it.good, it.units), |(low, _)| low)).fold(1.0, f64::min);
    let low = [lower, asked].into_iter().flatten().fold(least, f64::min);
    let (left, right, top, base) = (46.0, 366.0, 14.0, 206.0);
    let axis = ShareAxis::down_to(low, top, base);
    let x = |at: usize| left + 8.0 + (right - left - 16.0) * at as f64 / (columns.len() as f64 - 1.0).max(1.0);
    let mut svg = open(480.0, 250.0, "share of good units of every shift");
    svg += &axis.draw(left, right);
    if let Some(asked) = asked {
        svg += &line(left, axis.y(asked), right, axis.y(asked), "thr");
    }
    if let Some(lower) = lower {
        svg += &line(left, axis.y(lower), right, axis.y(lower), "low");
    }
    for (at, column) in columns.iter().enumerate() {
        if column.units == 0 {
            svg += &plain(x(at), base - 3.0, "bad-t", Anchor::Middle, "×");
            continue;
        }
        let found = share(column.good, column.units);
        if let Some((low, high)) = column.ends {
            svg += &line(x(at), axis.y(low), x(at), axis.y(high), "range");
        }
        let class = if asked.is_some_and(|asked| found < asked) { "poor" } else { "fine" };
        let radius = if columns.len() > 60 { 2.2 } else { 3.4 };
        svg += &dot(x(at), axis.y(found), radius, class, &column.title);
    }
    svg += &line(left, base, right, base, "axis");
    svg += &plain(x(0), base + 18.0, "", Anchor::Middle, "1");
    if shifts.len() > 1 {
        svg += &plain(x(columns.len() - 1), base + 18.0, "", Anchor::Middle, &shifts.len().to_string());
    }
    let group = shifts.len().div_ceil(columns.len());
    let (english, chinese) = match (group, shifts.iter().any(|it| it.units == 0)) {
        (1, false) => {
            ("a dot per shift; hollow: below what is asked".to_owned(), "每点一个班次；空心：低于要求".to_owned())
        }
        (1, true) => (
            "a dot per shift; hollow: below what is asked; ×: not worked".to_owned(),
            "每点一个班次；空心：低于要求；×：未作业".to_owned(),
        ),
        _ => (
            format!("a dot per {group} shifts, from the poorest to the best"),
            format!("每点 {group} 个班次，线段为最差到最好"),
        ),
    };
    svg += &label(left, base + 38.0, "", Anchor::Start, &english, &chinese);
    svg += &ends(&axis, right, lower, asked);
    svg + "</svg>"
}

/// What the two lines are, kept apart where they lie close together.
fn ends(axis: &ShareAxis, right: f64, lower: Option<f64>, asked: Option<f64>) -> String {
    let mut svg = String::new();
    let asked_y = asked.map(|asked| axis.y(asked) + 4.0);
    let lower_y = lower.map(|lower| match asked_y {
        Some(other) if (axis.y(lower) + 4.0 - other).abs() < 16.0 => {
            if lower >= asked.unwrap_or(0.0) {
                other - 16.0
            } else {
                other + 16.0
            }
        }
        _ => axis.y(lower) + 4.0,
    });
    if let (Some(asked), Some(y)) = (asked, asked_y) {
        let text = percent(asked);
        svg += &label(right + 8.0, y, "thr-t", Anchor::Start, &format!("{text} asked"), &format!("要求 {text}"));
    }
    if let (Some(lower), Some(y)) = (lower, lower_y) {
        let text = format!("≥ {}", percent(lower));
        svg += &label(right + 8.0, y, "lower", Anchor::Start, &format!("{text} all"), &format!("{text} 总体"));
    }
    svg
}

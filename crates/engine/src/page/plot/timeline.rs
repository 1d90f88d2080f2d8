//! Interventions and faults over time: a lane per kind, a dot per shift.

use prairie_model::Nanos;

use super::super::svg::{Anchor, dot, label, line, nothing, open, plain, rect, wide};

/// Columns of the time line; more shifts share some.
const COLUMNS_MAX: usize = 240;

/// What happened in a shift.
#[derive(Debug, Clone, Copy)]
pub(super) struct Happened<'a> {
    /// Its name.
    pub(super) name: &'a str,
    /// When it began.
    pub(super) start: Nanos,
    /// Events, in the order of [`LANES`].
    pub(super) events: [u64; 8],
    /// Share of its scheduled time in which the station could not work on its own.
    pub(super) down: f64,
    /// Whether any unit was begun.
    pub(super) worked: bool,
}

/// English, Chinese, class of the dots, and whether the lane is drawn where nothing happened.
const LANES: [(&str, &str, &str, bool); 8] = [
    ("interventions", "人工干预", "fhelp", true),
    ("hardware faults", "硬件故障", "fbad", true),
    ("software faults", "软件故障", "fbad", true),
    ("safety stops", "安全停机", "fbad", true),
    ("uplink cut", "切断上行链路", "ftest", false),
    ("perturbations", "人为扰动", "ftest", false),
    ("robot swaps", "换机演练", "ftest", false),
    ("rollbacks", "版本回退演练", "ftest", false),
];

const LEFT: f64 = 150.0;
const RIGHT: f64 = 1060.0;
const LANE: f64 = 28.0;

pub(super) fn draw(shifts: &[Happened<'_>]) -> String {
    if shifts.is_empty() {
        return nothing();
    }
    let each = shifts.len().div_ceil(COLUMNS_MAX).max(1);
    let columns: Vec<&[Happened<'_>]> = shifts.chunks(each).collect();
    let step = (RIGHT - LEFT) / columns.len() as f64;
    let x = |at: usize| LEFT + step * (at as f64 + 0.5);
    let sums: [u64; 8] = std::array::from_fn(|kind| shifts.iter().map(|it| it.events[kind]).sum());
    let lanes: Vec<usize> = (0..LANES.len()).filter(|kind| LANES[*kind].3 || sums[*kind] > 0).collect();
    let base = LANE * (lanes.len() + 1) as f64 + 6.0;
    let mut svg = open(1152.0, base + 40.0, "interventions, faults and time down over the shifts");
    for (row, kind) in lanes.iter().enumerate() {
        let (english, chinese, class, _) = LANES[*kind];
        let y = LANE * row as f64 + 16.0;
        svg += &label(LEFT - 12.0, y + 4.0, "", Anchor::End, english, chinese);
        svg += &line(LEFT, y, RIGHT, y, "grid");
        for (at, column) in columns.iter().enumerate() {
            let count: u64 = column.iter().map(|it| it.events[*kind]).sum();
            if count > 0 {
                // The area stands for the count. OK to cast: a count for a picture.
                let radius = (1.2 + 2.4 * (count as f64).sqrt()).min(LANE / 2.0 - 1.0);
                svg += &dot(x(at), y, radius, class, &format!("{}: {count}", name(column)));
            }
        }
        svg += &plain(RIGHT + 12.0, y + 4.0, "fg", Anchor::Start, &super::super::grouped(sums[*kind]));
    }
    let top = LANE * lanes.len() as f64 + 6.0;
    svg += &label(LEFT - 12.0, top + 18.0, "", Anchor::End, "station down", "停机");
    for (at, column) in columns.iter().enumerate() {
        let down = column.iter().map(|it| it.down).sum::<f64>() / column.len() as f64;
        let height = (LANE - 4.0) * down;
        let width = (step - 1.0).clamp(0.6, 14.0);
        svg += &rect(
            x(at) - width / 2.0,
            base - height,
            width,
            height,
            "fdown",
            &format!("{}: {:.1} %", name(column), down * 100.0),
        );
        if column.iter().all(|it| !it.worked) {
            svg += &plain(x(at), base - 3.0, "bad-t", Anchor::Middle, "×");
        }
    }
    let down = shifts.iter().map(|it| it.down).sum::<f64>() / shifts.len() as f64;
    svg += &plain(RIGHT + 12.0, top + 18.0, "fg", Anchor::Start, &format!("{:.1} %", down * 100.0));
    svg += &line(LEFT, base, RIGHT, base, "axis");
    let every = columns.len().div_ceil(8).max(1);
    for at in (0..columns.len()).step_by(every) {
        svg += &line(x(at), base, x(at), base + 4.0, "axis");
        svg += &plain(x(at), base + 19.0, "", Anchor::Middle, &date(columns[at][0].start));
    }
    svg += &label(
        RIGHT,
        base + 36.0,
        "",
        Anchor::End,
        "shifts in order, dates in UTC; ×: not worked",
        "按班次排列，日期为 UTC；×：未作业",
    );
    wide(&(svg + "</svg>"))
}

fn name(column: &[Happened<'_>]) -> String {
    match column {
        [first, .., last] => super::super::escape(&format!("{} – {}", first.name, last.name)),
        _ => column.first().map(|it| super::super::escape(it.name)).unwrap_or_default(),
    }
}

/// A day as tables and plots write it.
pub(in crate::page) fn date(at: Nanos) -> String {
    let (year, month, day) = at.date();
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        let of = |seconds: i64| date(Nanos(seconds * 1_000_000_000));
        assert_eq!(of(0), "1970-01-01");
        assert_eq!(of(951_782_400), "2000-02-29");
        assert_eq!(of(951_868_800), "2000-03-01");
        assert_eq!(of(1_798_761_599), "2026-12-31");
        assert_eq!(of(-1), "1969-12-31");
    }
}

//! Every shift as a row: good and other units as shares of its length, time down, and events as marks.

use prairie_verify::verdict::ShiftLine;

use super::super::svg::{Anchor, label, nothing, open, plain, rect, wide};

/// Shifts that are drawn one by one; of more, the first and the last.
const SHIFTS_DRAWN: usize = 60;

const LEFT: f64 = 150.0;
const RIGHT: f64 = 900.0;
const ROW: f64 = 17.0;

pub(super) fn draw(shifts: &[ShiftLine]) -> String {
    if shifts.is_empty() {
        return nothing();
    }
    let half = SHIFTS_DRAWN / 2;
    // `None` stands for those between.
    let rows: Vec<Option<usize>> = if shifts.len() <= SHIFTS_DRAWN {
        (0..shifts.len()).map(Some).collect()
    } else {
        (0..half).map(Some).chain([None]).chain((shifts.len() - half..shifts.len()).map(Some)).collect()
    };
    let most = shifts.iter().map(|shift| shift.units).max().unwrap_or(1).max(1);
    let mut svg = open(1152.0, ROW * rows.len() as f64 + 8.0, "units and events of every shift");
    for (place, at) in rows.iter().enumerate() {
        let y = ROW * place as f64 + 4.0;
        match at {
            Some(at) => svg += &row(&shifts[*at], y, most),
            None => {
                let between = shifts.len() - 2 * half;
                let (english, chinese) = (format!("… {between} shifts more …"), format!("…… 其余 {between} 个班次 ……"));
                svg += &label(LEFT, y + 10.0, "", Anchor::Start, &english, &chinese);
            }
        }
    }
    wide(&(svg + "</svg>"))
}

fn row(shift: &ShiftLine, y: f64, most: u64) -> String {
    // OK to cast: counts for a picture.
    let share = |count: u64| (RIGHT - LEFT) * count as f64 / most as f64;
    let name = super::super::escape(&shift.shift.shift);
    let mut svg = plain(LEFT - 12.0, y + 10.0, "", Anchor::End, &name);
    svg += &rect(LEFT, y, RIGHT - LEFT, 11.0, "sched", "");
    let good = share(shift.good);
    svg += &rect(LEFT, y, good, 11.0, "fgood", &format!("{name}: {} / {}", shift.good, shift.units));
    svg += &rect(LEFT + good, y, share(shift.units - shift.good.min(shift.units)), 11.0, "fbad", "");
    let down = (RIGHT - LEFT) * (shift.down_s / shift.shift.scheduled_s().max(1.0)).min(1.0);
    svg += &rect(RIGHT - down, y + 8.0, down, 3.0, "fdown", &format!("{:.0} s", shift.down_s));
    let events: u64 = shift.events[..4].iter().sum();
    for mark in 0..events.min(20) {
        svg += &rect(RIGHT + 8.0 + 5.0 * mark as f64, y, 2.5, 11.0, "fmark", "");
    }
    if shift.units == 0 {
        return svg + &label(1152.0, y + 10.0, "bad-t", Anchor::End, "not worked", "未作业");
    }
    let share = 100.0 * shift.good as f64 / shift.units as f64;
    svg + &plain(1152.0, y + 10.0, "", Anchor::End, &format!("{} / {} · {share:.1} %", shift.good, shift.units))
}

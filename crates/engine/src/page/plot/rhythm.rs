//! Rhythm: how long robots and people take from good unit to good unit.

use prairie_verify::verdict::{TaktHistogram, TaktMarks};

use super::super::svg::{Anchor, label, line, nothing, open, places, plain};

/// The comparison that is decided by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ratio {
    /// Robots' time per good unit over people's.
    pub(super) found: f64,
    /// Its upper bound.
    pub(super) at_most: f64,
    /// The most that is allowed.
    pub(super) asked: f64,
}

const LEFT: f64 = 10.0;
const RIGHT: f64 = 470.0;
const TOP: f64 = 66.0;
const BASE: f64 = 206.0;

pub(super) fn draw(takts: &TaktHistogram, ratio: Option<Ratio>) -> String {
    let sums = [&takts.robot, &takts.human].map(|counts| counts.iter().sum::<u64>());
    if sums == [0, 0] {
        return nothing();
    }
    let shares = |counts: &[u64], sum: u64| -> Vec<f64> {
        // OK to cast: counts for a picture.
        counts.iter().map(|count| *count as f64 / sum.max(1) as f64).collect()
    };
    let (robot, human) = (shares(&takts.robot, sums[0]), shares(&takts.human, sums[1]));
    let (Some((first, last)), beyond) = shown([&robot, &human]) else { return nothing() };
    // OK to cast: places among some hundred bins.
    let edge = |at: usize| takts.first_s * libm::exp(libm::log(takts.ratio) * at as f64);
    let (from_s, to_s) = (edge(first), edge(last + 1));
    let x = |seconds: f64| {
        let part = libm::log(seconds / from_s) / libm::log(to_s / from_s);
        LEFT + (RIGHT - LEFT) * part.clamp(0.0, 1.0)
    };
    let most = robot.iter().chain(&human).copied().fold(1e-9, f64::max);
    let mut svg = open(480.0, 250.0, "seconds per good unit, robots and people");
    for (shares, class) in [(&human, "human"), (&robot, "robot")] {
        let heights = shares.iter().enumerate().skip(first).take(last + 1 - first);
        let steps = heights.flat_map(|(at, share)| {
            let y = BASE - (BASE - TOP) * share / most;
            [(x(edge(at)), y), (x(edge(at + 1)), y)]
        });
        let steps = [(LEFT, BASE)].into_iter().chain(steps).chain([(RIGHT, BASE)]);
        svg += &format!("<polygon class=\"{class}\" points=\"{}\"/>", places(steps));
    }
    svg += &line(LEFT, BASE, RIGHT, BASE, "axis");
    svg += &ticks(from_s, to_s, &x);
    if beyond > 0.0 {
        let (english, chinese) =
            (format!("{:.1} % longer →", beyond * 100.0), format!("{:.1} % 更长 →", beyond * 100.0));
        svg += &label(RIGHT, BASE - 8.0, "", Anchor::End, &english, &chinese);
    }
    let rows =
        [(takts.human_s, "human", ("people", "人工"), 14.0), (takts.robot_s, "robot", ("robots", "机器人"), 32.0)];
    for (marks, class, (english, chinese), y) in rows {
        svg += &marked(marks, class, english, chinese, y, &x);
    }
    if let Some(ratio) = ratio {
        let percent = |ratio: f64| format!("{:+.1} %", (ratio - 1.0) * 100.0);
        let (found, at_most, asked) = (percent(ratio.found), percent(ratio.at_most), percent(ratio.asked));
        let english = format!("time per good unit {found}, at most {at_most}; {asked} is allowed");
        let chinese = format!("每件合格品用时 {found}，至多 {at_most}；允许 {asked}");
        svg += &label(LEFT, 50.0, "fg", Anchor::Start, &english, &chinese);
    }
    let (english, chinese) = (
        "seconds from good unit to good unit; line: median, dashed: 95 %",
        "合格品之间的秒数；实线：中位数，虚线：95 %",
    );
    svg += &label(LEFT, BASE + 38.0, "", Anchor::Start, english, chinese);
    svg + "</svg>"
}

/// The bins from the first to the last that matter, and the larger share of the two sides that lies above them. A break in the
/// middle of a shift is a takt as well, and must not squeeze all others into a corner.
fn shown(sides: [&Vec<f64>; 2]) -> (Option<(usize, usize)>, f64) {
    const TAIL: f64 = 0.005;
    let (mut ends, mut beyond): (Option<(usize, usize)>, f64) = (None, 0.0);
    let place = |shares: &[f64], part: f64| {
        let mut sum = 0.0;
        shares.iter().position(|share| {
            sum += share;
            sum > part
        })
    };
    for shares in sides {
        let (Some(first), Some(last)) = (place(shares, TAIL), place(shares, 1.0 - TAIL - 1e-9)) else { continue };
        ends = Some(ends.map_or((first, last), |(low, high)| (low.min(first), high.max(last))));
    }
    if let Some((_, last)) = ends {
        for shares in sides {
            beyond = shares.iter().skip(last + 1).sum::<f64>().max(beyond);
        }
    }
    (ends, beyond)
}

/// Median and 95 % quantile: two lines, and a sentence with the colour of its side.
fn marked(
    marks: Option<TaktMarks>,
    class: &str,
    english: &str,
    chinese: &str,
    y: f64,
    x: &dyn Fn(f64) -> f64,
) -> String {
    let Some(marks) = marks else {
        let (english, chinese) = (format!("{english}: nothing measured"), format!("{chinese}：无测量"));
        return label(LEFT + 16.0, y, "", Anchor::Start, &english, &chinese);
    };
    let mut svg = line(x(marks.median), TOP - 6.0, x(marks.median), BASE, &format!("l-{class}"));
    svg += &line(x(marks.q95), TOP - 6.0, x(marks.q95), BASE, &format!("l-{class} dashed"));
    svg += &format!("<rect x=\"{LEFT:.0}\" y=\"{:.1}\" width=\"10\" height=\"10\" class=\"{class}\"/>", y - 9.0);
    let (median, q95) = (seconds(marks.median), seconds(marks.q95));
    let english = format!("{english}: half within {median} s, 95 % within {q95} s");
    let chinese = format!("{chinese}：半数在 {median} s 内，95 % 在 {q95} s 内");
    svg + &label(LEFT + 16.0, y, &format!("t-{class}"), Anchor::Start, &english, &chinese)
}

fn seconds(seconds: f64) -> String {
    if seconds < 100.0 { format!("{seconds:.1}") } else { format!("{seconds:.0}") }
}

/// Round numbers of seconds on an axis of equal ratios.
fn ticks(from_s: f64, to_s: f64, x: &dyn Fn(f64) -> f64) -> String {
    let mut svg = String::new();
    let mut taken = f64::NEG_INFINITY;
    let mut decade = libm::pow(10.0, libm::floor(libm::log10(from_s)));
    while decade <= to_s {
        for digit in [1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0] {
            let (seconds, at) = (decade * digit, x(decade * digit));
            if seconds < from_s || seconds > to_s || at < taken + 46.0 {
                continue;
            }
            taken = at;
            svg += &line(at, BASE, at, BASE + 4.0, "axis");
            let text = if seconds < 1.0 { format!("{seconds:.2}") } else { format!("{seconds}") };
            svg += &plain(at, BASE + 19.0, "", Anchor::Middle, &text);
        }
        decade *= 10.0;
    }
    svg
}

//! The plots of the report, as SVG.

use prairie_verify::verdict::Verdict;

use super::words::of;

/// Shifts that are drawn one by one; more are drawn as the first and the last of them.
const SHIFTS_DRAWN: usize = 120;

/// A text in both languages inside of an SVG.
fn label(x: f64, y: f64, class: &str, anchor: &str, english: &str, chinese: &str) -> String {
    let one = |class2: &str, text: &str| {
        format!("<text x=\"{x:.1}\" y=\"{y:.1}\" class=\"{class} {class2}\" text-anchor=\"{anchor}\">{text}</text>")
    };
    if english == chinese { one("", english) } else { one("en", english) + &one("zh", chinese) }
}

fn plain(x: f64, y: f64, class: &str, anchor: &str, text: &str) -> String {
    label(x, y, class, anchor, text, text)
}

fn line(x1: f64, y1: f64, x2: f64, y2: f64, class: &str) -> String {
    format!("<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" class=\"{class}\"/>")
}

fn rect(x: f64, y: f64, width: f64, height: f64, class: &str, title: &str) -> String {
    let title = if title.is_empty() { String::new() } else { format!("<title>{title}</title>") };
    format!(
        "<rect x=\"{x:.2}\" y=\"{y:.2}\" width=\"{:.2}\" height=\"{:.2}\" class=\"{class}\">{title}</rect>",
        width.max(0.0),
        height.max(0.0)
    )
}

fn nothing() -> String {
    format!("<p class=\"sub\">{}</p>", of("There is nothing to draw.", "没有可绘制的数据。"))
}

/// Cumulative success with its bound, against what is asked.
pub(super) fn evidence(verdict: &Verdict) -> String {
    let points = &verdict.evidence;
    let Some(last) = points.last() else { return nothing() };
    let asked = verdict.endpoints.iter().find(|result| result.endpoint == "success").and_then(|it| it.threshold);
    let low = points.iter().map(|point| point.lower).chain(asked).fold(1.0, f64::min);
    // From the round share below everything of interest, but the bound of the first shifts may fall out of the picture.
    let asked = asked.unwrap_or(1.0);
    let bottom = (low.max(asked - 2.0 * (1.0 - asked).max(0.01)) * 20.0 + 1e-9).floor() / 20.0;
    let (left, right, top, base) = (48.0, 440.0, 14.0, 214.0);
    // OK to cast: numbers of shifts.
    let span = (last.shifts as f64 - 1.0).max(1.0);
    let x = |shifts: u64| left + (right - left) * (shifts as f64 - 1.0) / span;
    let y = |share: f64| base - (base - top) * ((share - bottom) / (1.0 - bottom)).clamp(0.0, 1.0);
    let mut svg =
        String::from("<svg viewBox=\"0 0 560 250\" role=\"img\" aria-label=\"success with lower bound over shifts\">");
    svg += &rect(left, top, right - left, y(asked) - top, "zone", "");
    let steps = ((1.0 - bottom) / 0.05).round().max(1.0);
    let every = (steps / 4.0).ceil() * 0.05;
    let mut share = 1.0;
    while share >= bottom - 1e-9 {
        svg += &line(left, y(share), right, y(share), "grid");
        svg += &plain(left - 6.0, y(share) + 4.0, "", "end", &format!("{:.0} %", share * 100.0));
        share -= every;
    }
    let path = |value: &dyn Fn(usize) -> f64| {
        let places: Vec<String> = points
            .iter()
            .enumerate()
            .map(|(at, point)| format!("{:.1},{:.1}", x(point.shifts), y(value(at))))
            .collect();
        places.join(" ")
    };
    let upper: Vec<String> =
        points.iter().rev().map(|point| format!("{:.1},{:.1}", x(point.shifts), y(point.upper))).collect();
    svg += &format!("<polygon class=\"band\" points=\"{} {}\"/>", path(&|at| points[at].lower), upper.join(" "));
    svg += &format!("<polyline class=\"est\" points=\"{}\"/>", path(&|at| points[at].estimate));
    svg += &format!("<polyline class=\"low\" points=\"{}\"/>", path(&|at| points[at].lower));
    svg += &line(left, y(asked), right, y(asked), "thr");
    let asks = format!("asks {:.0} %", asked * 100.0);
    svg += &label(left + 6.0, y(asked) + 14.0, "", "start", &asks, &format!("要求 {:.0} %", asked * 100.0));
    let above = (y(last.estimate) + 4.0).min(y(last.lower) - 10.0);
    let good = format!("{:.1} %", last.estimate * 100.0);
    svg += &label(right + 8.0, above, "fg", "start", &format!("{good} good"), &format!("合格 {good}"));
    let bound = format!("≥ {:.1} %", last.lower * 100.0);
    svg += &label(
        right + 8.0,
        (y(last.lower) + 4.0).max(above + 14.0),
        "lower",
        "start",
        &format!("{bound} bound"),
        &format!("{bound} 下界"),
    );
    for (at, anchor) in [(points[0].shifts, "start"), (last.shifts, "end")] {
        svg += &plain(x(at), base + 18.0, "", anchor, &at.to_string());
    }
    svg += &label((left + right) / 2.0, base + 18.0, "", "middle", "shifts", "班次");
    svg + "</svg>"
}

/// Robots' and people's seconds per good unit.
pub(super) fn rhythm(verdict: &Verdict) -> String {
    let takts = &verdict.takts;
    let sums = [&takts.robot, &takts.human].map(|counts| counts.iter().sum::<u64>());
    if sums == [0, 0] {
        return nothing();
    }
    // Bins from the first to the last that hold a thousandth of either side.
    let shares = |counts: &[u64], sum: u64| -> Vec<f64> {
        // OK to cast: counts for a picture.
        counts.iter().map(|count| *count as f64 / sum.max(1) as f64).collect()
    };
    let (robot, human) = (shares(&takts.robot, sums[0]), shares(&takts.human, sums[1]));
    let seen: Vec<usize> = (0..robot.len()).filter(|at| robot[*at] > 1e-3 || human[*at] > 1e-3).collect();
    let (Some(first), Some(last)) = (seen.first(), seen.last()) else { return nothing() };
    let (left, right, top, base) = (8.0, 552.0, 40.0, 214.0);
    let bins = last - first + 1;
    let width = (right - left) / bins as f64;
    let most = robot.iter().chain(&human).copied().fold(0.0, f64::max).max(1e-9);
    let mut svg = String::from(
        "<svg viewBox=\"0 0 560 250\" role=\"img\" aria-label=\"seconds per good unit, robots and people\">",
    );
    for (shares, class) in [(&human, "human"), (&robot, "robot")] {
        for (place, share) in shares[*first..=*last].iter().enumerate() {
            let height = (base - top) * share / most;
            svg += &rect(left + width * place as f64, base - height, width, height, class, "");
        }
    }
    svg += &line(left, base, right, base, "grid");
    // A label for every few bins, in seconds.
    let every = bins.div_ceil(6).max(1);
    for at in (*first..=*last).step_by(every) {
        // OK to cast: a place among some hundred bins.
        let seconds = takts.first_s * takts.ratio.powi(at as i32);
        let text = if seconds < 10.0 { format!("{seconds:.1}") } else { format!("{seconds:.0}") };
        svg += &plain(left + width * (at - first) as f64, base + 18.0, "", "middle", &text);
    }
    svg += &label(right, base + 34.0, "", "end", "seconds from good unit to good unit", "合格品之间的秒数");
    let rhythm = verdict.endpoints.iter().find(|result| result.endpoint == "rhythm");
    let number = |name: &str| rhythm.and_then(|result| result.numbers.get(name)).copied();
    if let (Some(human_s), Some(robot_s)) = (number("human_takt_s"), number("robot_takt_s")) {
        let english = format!("people {human_s:.1} s · robots {robot_s:.1} s (geometric mean, lost time charged)");
        let chinese = format!("人 {human_s:.1} s · 机器人 {robot_s:.1} s（几何平均，计入损失时间）");
        svg += &label(left, 20.0, "fg", "start", &english, &chinese);
    }
    svg + "</svg>"
}

/// A row per shift: good and other units as shares of its length, time down, and events as marks.
pub(super) fn shifts(verdict: &Verdict) -> String {
    let lines = &verdict.robot_shifts;
    if lines.is_empty() {
        return nothing();
    }
    let drawn: Vec<usize> = if lines.len() <= SHIFTS_DRAWN {
        (0..lines.len()).collect()
    } else {
        (0..SHIFTS_DRAWN / 2).chain(lines.len() - SHIFTS_DRAWN / 2..lines.len()).collect()
    };
    let (left, right, row) = (150.0, 940.0, 16.0);
    let height = row * drawn.len() as f64 + 8.0;
    let most = lines.iter().map(|line| line.units).max().unwrap_or(1).max(1);
    let mut svg = format!(
        "<div class=\"scroll\"><svg viewBox=\"0 0 1152 {height:.0}\" style=\"min-width:640px\" role=\"img\" aria-label=\"units and events of every shift\">"
    );
    for (place, at) in drawn.iter().enumerate() {
        let shift = &lines[*at];
        let y = row * place as f64 + 4.0;
        // OK to cast: counts for a picture.
        let share = |count: u64| (right - left) * count as f64 / most as f64;
        let name = super::escape(&shift.shift.shift);
        svg += &plain(left - 8.0, y + 10.0, "", "end", &name);
        svg += &rect(left, y, right - left, 11.0, "sched", "");
        let good = share(shift.good);
        svg += &rect(left, y, good, 11.0, "fgood", &format!("{name}: {} of {} units good", shift.good, shift.units));
        svg += &rect(left + good, y, share(shift.units - shift.good.min(shift.units)), 11.0, "fbad", "");
        let scheduled = shift.shift.scheduled_s().max(1.0);
        let down = (right - left) * (shift.down_s / scheduled).min(1.0);
        svg += &rect(right - down, y + 8.0, down, 3.0, "fdown", &format!("{:.0} s down", shift.down_s));
        let events: u64 = shift.events[..4].iter().sum();
        for mark in 0..events.min(20) {
            svg += &rect(right + 6.0 + 5.0 * mark as f64, y, 2.5, 11.0, "fmark", "");
        }
        let text = if shift.units == 0 {
            "0".to_owned()
        } else {
            format!("{} / {} · {:.1} %", shift.good, shift.units, 100.0 * shift.good as f64 / shift.units as f64)
        };
        svg += &plain(1152.0, y + 10.0, "", "end", &text);
    }
    svg + "</svg></div>"
}

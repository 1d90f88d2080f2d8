//! Evidence over looks: cumulative success with its bounds, against what is asked.

use prairie_verify::verdict::Point;

use super::super::svg::{Anchor, ShareAxis, label, line, nothing, open, percent, places, plain, rect};

/// What is drawn.
pub(super) struct Evidence<'a> {
    /// Success after so many shifts.
    pub(super) points: &'a [Point],
    /// What is asked of the lower bound.
    pub(super) asked: Option<f64>,
    /// Shifts of the declared looks.
    pub(super) looks: &'a [u64],
}

pub(super) fn draw(evidence: &Evidence<'_>) -> String {
    let points = evidence.points;
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return nothing() };
    let asked = evidence.asked;
    // The bounds of the first shifts are far down, and may fall out of the picture.
    let low = points.iter().map(|point| point.lower).chain(asked).fold(1.0, f64::min);
    let near = asked.map_or(0.0, |asked| asked - 2.5 * (1.0 - asked).max(0.02)).min(last.lower);
    let (left, right, top, base) = (46.0, 366.0, 14.0, 206.0);
    let axis = ShareAxis::down_to(low.max(near), top, base);
    // Looks that are not far off are on the axis too.
    let end = evidence.looks.iter().copied().filter(|look| *look <= 2 * last.shifts).fold(last.shifts, u64::max);
    // OK to cast: numbers of shifts.
    let span = (end as f64 - 1.0).max(1.0);
    let x = |shifts: u64| left + (right - left) * (shifts as f64 - 1.0).max(0.0) / span;
    let mut svg = open(480.0, 250.0, "success with its bounds over shifts");
    if let Some(asked) = asked {
        svg += &rect(left, top, right - left, axis.y(asked) - top, "zone", "");
    }
    svg += &axis.draw(left, right);
    let upper = points.iter().rev().map(|point| (x(point.shifts), axis.y(point.upper)));
    let lower = points.iter().map(|point| (x(point.shifts), axis.y(point.lower)));
    svg += &format!("<polygon class=\"band\" points=\"{}\"/>", places(lower.clone().chain(upper)));
    let estimate = points.iter().map(|point| (x(point.shifts), axis.y(point.estimate)));
    svg += &format!("<polyline class=\"est\" points=\"{}\"/>", places(estimate));
    svg += &format!("<polyline class=\"low\" points=\"{}\"/>", places(lower));
    if let Some(asked) = asked {
        let y = axis.y(asked);
        svg += &line(left, y, right, y, "thr");
        let text = format!("{:.4}", asked * 100.0).trim_end_matches('0').trim_end_matches('.').to_owned();
        let (english, chinese) = (format!("asks {text} %"), format!("要求 {text} %"));
        // Above the line at its free end, where the bound has not come yet.
        svg += &label(right - 4.0, y + 15.0, "thr-t", Anchor::End, &english, &chinese);
    }
    svg += &ends(last, &axis, right);
    svg += &line(left, base, right, base, "axis");
    for look in evidence.looks.iter().filter(|look| **look <= end) {
        let class = if *look <= last.shifts { "look" } else { "look open" };
        let (at, y) = (x(*look), base);
        svg += &format!(
            "<polygon class=\"{class}\" points=\"{}\"/>",
            places([(at, y + 2.0), (at - 4.5, y + 10.0), (at + 4.5, y + 10.0)])
        );
        svg += &plain(at, base + 24.0, "", Anchor::Middle, &look.to_string());
    }
    if !evidence.looks.contains(&first.shifts) && evidence.looks.iter().all(|look| x(*look) > left + 40.0) {
        svg += &plain(left, base + 24.0, "", Anchor::Start, &first.shifts.to_string());
    }
    let (english, chinese) = ("shifts · ▲ declared looks", "班次 · ▲ 预先声明的查看");
    svg += &label(left, base + 42.0, "", Anchor::Start, english, chinese);
    svg + "</svg>"
}

/// The last numbers, beside their lines.
fn ends(last: &Point, axis: &ShareAxis, right: f64) -> String {
    let above = (axis.y(last.estimate) + 4.0).min(axis.y(last.lower) - 12.0);
    let (good, bound) = (percent(last.estimate), format!("≥ {}", percent(last.lower)));
    let mut svg = label(right + 8.0, above, "fg", Anchor::Start, &format!("{good} good"), &format!("合格 {good}"));
    let below = (axis.y(last.lower) + 4.0).max(above + 17.0);
    svg += &label(right + 8.0, below, "lower", Anchor::Start, &format!("{bound} bound"), &format!("{bound} 下界"));
    svg
}

//! The strokes that plots are made of.

use super::words::of;

/// Which way a text runs from its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// A text in both languages, of which the page shows one.
pub(super) fn label(x: f64, y: f64, class: &str, anchor: Anchor, english: &str, chinese: &str) -> String {
    let anchor = match anchor {
        Anchor::Start => "start",
        Anchor::Middle => "middle",
        Anchor::End => "end",
    };
    let one = |class2: &str, text: &str| {
        let class = format!("{class} {class2}");
        format!("<text x=\"{x:.1}\" y=\"{y:.1}\" class=\"{}\" text-anchor=\"{anchor}\">{text}</text>", class.trim())
    };
    if english == chinese { one("", english) } else { one("en", english) + &one("zh", chinese) }
}

/// A text that is the same in both.
pub(super) fn plain(x: f64, y: f64, class: &str, anchor: Anchor, text: &str) -> String {
    label(x, y, class, anchor, text, text)
}

/// A straight line.
pub(super) fn line(x1: f64, y1: f64, x2: f64, y2: f64, class: &str) -> String {
    format!("<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" class=\"{class}\"/>")
}

fn titled(title: &str) -> String {
    if title.is_empty() { String::new() } else { format!("<title>{title}</title>") }
}

/// A rectangle; whoever points at it reads the title.
pub(super) fn rect(x: f64, y: f64, width: f64, height: f64, class: &str, title: &str) -> String {
    format!(
        "<rect x=\"{x:.2}\" y=\"{y:.2}\" width=\"{:.2}\" height=\"{:.2}\" class=\"{class}\">{}</rect>",
        width.max(0.0),
        height.max(0.0),
        titled(title)
    )
}

/// A dot.
pub(super) fn dot(x: f64, y: f64, radius: f64, class: &str, title: &str) -> String {
    format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\" class=\"{class}\">{}</circle>", titled(title))
}

/// Corners of a line or an area.
pub(super) fn places(points: impl IntoIterator<Item = (f64, f64)>) -> String {
    points.into_iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect::<Vec<_>>().join(" ")
}

/// The beginning of a picture of that size.
pub(super) fn open(width: f64, height: f64, says: &str) -> String {
    format!("<svg viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\" aria-label=\"{says}\">")
}

/// A picture that is too wide for a phone, and is moved there by hand.
pub(super) fn wide(picture: &str) -> String {
    format!("<div class=\"scroll\"><div class=\"wide\">{picture}</div></div>")
}

/// What stands where there is nothing to draw.
pub(super) fn nothing() -> String {
    format!("<p class=\"sub\">{}</p>", of("There is nothing to draw.", "没有可绘制的数据。"))
}

/// A share in percent.
pub(super) fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// An axis of shares from a round one below what matters up to 100 %.
#[derive(Debug, Clone, Copy)]
pub(super) struct ShareAxis {
    bottom: f64,
    top_y: f64,
    base_y: f64,
}

impl ShareAxis {
    /// The axis between two heights of the picture, on which `low` can be seen.
    pub(super) fn down_to(low: f64, top_y: f64, base_y: f64) -> Self {
        let step = if low > 0.9 { 20.0 } else { 10.0 };
        // Room for what lies on the lowest line.
        let bottom = (((low - 0.005) * step).floor() / step).clamp(0.0, 0.95);
        Self { bottom, top_y, base_y }
    }

    /// Where a share is. What is below the axis lies on it.
    pub(super) fn y(&self, share: f64) -> f64 {
        let part = ((share - self.bottom) / (1.0 - self.bottom)).clamp(0.0, 1.0);
        self.base_y - (self.base_y - self.top_y) * part
    }

    /// Lines and labels.
    pub(super) fn draw(&self, left: f64, right: f64) -> String {
        let span = 1.0 - self.bottom;
        let every = [0.01, 0.02, 0.05, 0.1, 0.2].into_iter().find(|every| span / every <= 5.5).unwrap_or(0.25);
        let mut svg = String::new();
        let mut share = 1.0;
        while share >= self.bottom - 1e-9 {
            svg += &line(left, self.y(share), right, self.y(share), "grid");
            svg += &plain(left - 6.0, self.y(share) + 4.0, "", Anchor::End, &format!("{:.0} %", share * 100.0));
            share -= every;
        }
        svg
    }
}

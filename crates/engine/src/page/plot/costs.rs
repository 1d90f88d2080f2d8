//! Costs: from a good unit by people to a good unit by robot, with what was measured and what was assumed told apart.

use super::super::svg::{Anchor, label, line, open, plain, rect};

/// A part of what a good unit by robot costs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    /// Its name among the numbers of the endpoint.
    pub(super) name: &'static str,
    english: &'static str,
    chinese: &'static str,
    /// Whether its amount comes from the log; its price is the task book's in any case.
    measured: bool,
}

/// In the order in which they are drawn.
pub(super) const PARTS: [Part; 4] = [
    Part { name: "capital", english: "capital", chinese: "设备折旧", measured: false },
    Part { name: "running", english: "running", chinese: "运行费用", measured: false },
    Part { name: "people", english: "people's time", chinese: "人工时间", measured: true },
    Part { name: "scrap", english: "scrap", chinese: "废品", measured: true },
];

/// What is drawn. Money per good unit.
pub(super) struct Costs<'a> {
    /// By people.
    pub(super) people: f64,
    /// The parts of the cost by robot.
    pub(super) parts: &'a [(&'static Part, f64)],
    /// ISO 4217.
    pub(super) currency: &'a str,
}

const LEFT: f64 = 124.0;
const RIGHT: f64 = 400.0;
const ROW: f64 = 26.0;

pub(super) fn draw(costs: &Costs<'_>) -> String {
    let total: f64 = costs.parts.iter().map(|(_, amount)| amount).sum();
    let most = costs.people.max(total).max(1e-12);
    let x = |amount: f64| LEFT + (RIGHT - LEFT) * (amount / most).clamp(0.0, 1.0);
    let rows = costs.parts.len() + 2;
    let base = ROW * rows as f64 + 4.0;
    let money = |amount: f64| {
        let digits = if most < 10.0 { 3 } else { 2 };
        super::super::escape(format!("{amount:.digits$} {}", costs.currency).trim_end())
    };
    let mut svg = open(480.0, base + 42.0, "cost of a good unit by people and by robot");
    let mut row = 0.0;
    let mut bar = |svg: &mut String, names: (&str, &str), from: f64, to: f64, class: &str| {
        let y = ROW * row + 4.0;
        *svg += &label(
            LEFT - 10.0,
            y + 14.0,
            if class == "fgood" || class == "fhuman" { "fg" } else { "" },
            Anchor::End,
            names.0,
            names.1,
        );
        *svg += &rect(x(from.min(to)), y + 2.0, (x(to) - x(from)).abs().max(1.0), ROW - 8.0, class, "");
        *svg += &plain(x(from.max(to)) + 6.0, y + 14.0, "fg", Anchor::Start, &money(to - from));
        row += 1.0;
    };
    bar(&mut svg, ("by people", "人工"), 0.0, costs.people, "fhuman");
    let mut so_far = 0.0;
    for (part, amount) in costs.parts {
        let class = if part.measured { "fmeasured" } else { "fassumed" };
        bar(&mut svg, (part.english, part.chinese), so_far, so_far + amount, class);
        so_far += amount;
    }
    bar(&mut svg, ("by robot", "机器人"), 0.0, total, "fgood");
    svg += &line(LEFT, 2.0, LEFT, base, "axis");
    let saved = costs.people - total;
    let (english, chinese) = if saved >= 0.0 {
        (format!("a good unit by robot saves {}", money(saved)), format!("机器人每件合格品节省 {}", money(saved)))
    } else {
        (
            format!("a good unit by robot costs {} more", money(-saved)),
            format!("机器人每件合格品多花 {}", money(-saved)),
        )
    };
    svg += &label(4.0, base + 18.0, "fg", Anchor::Start, &english, &chinese);
    let (english, chinese) = ("filled: amount measured; outlined: assumed", "实心：数量实测；虚框：假设");
    svg += &label(4.0, base + 36.0, "", Anchor::Start, english, chinese);
    svg + "</svg>"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_lead_from_people_to_robot() {
        let parts: Vec<(&'static Part, f64)> = PARTS.iter().zip([0.4, 0.1, 0.15, 0.05]).collect();
        let svg = draw(&Costs { people: 1.0, parts: &parts, currency: "EUR" });
        assert_eq!(svg.matches("<rect").count(), 6);
        assert!(svg.contains("a good unit by robot saves 0.300 EUR"), "{svg}");
        assert!(svg.contains("class=\"fassumed\"") && svg.contains("class=\"fmeasured\""));
        let svg = draw(&Costs { people: 0.5, parts: &parts, currency: "<" });
        assert!(svg.contains("costs 0.200 &lt; more"), "{svg}");
    }
}

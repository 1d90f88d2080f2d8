//! Coverage: how much of the work was done under which conditions, against their share in daily work.

use super::super::svg::percent;
use super::super::words::{self, both, of};
use super::super::{escape, grouped};

/// Conditions with less than this part of their weight are outlined: what was tested is not what is done.
const THIN: f64 = 0.5;

/// One kind of conditions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stratum<'a> {
    /// Its name; empty for conditions that nobody declared.
    pub(super) name: &'a str,
    /// Its share in daily work; `None` for conditions that nobody declared.
    pub(super) weight: Option<f64>,
    /// Units.
    pub(super) units: u64,
    /// Good ones.
    pub(super) good: u64,
    /// The lower bound of its success.
    pub(super) lower: Option<f64>,
}

pub(super) fn draw(strata: &[Stratum<'_>]) -> String {
    let total: u64 = strata.iter().map(|it| it.units).sum();
    // OK to cast: counts for a picture.
    let share = |units: u64| units as f64 / total.max(1) as f64;
    let most = strata.iter().map(|it| share(it.units).max(it.weight.unwrap_or(0.0))).fold(1e-9, f64::max);
    let mut html = String::from("<div class=\"scroll\"><table class=\"cover\"><thead><tr>");
    for word in [&words::CONDITIONS, &words::SHARE_OF_WORK, &words::UNITS, &words::MEASURED, &words::BOUND] {
        let class = if [words::UNITS, words::MEASURED, words::BOUND].contains(word) { " class=\"num\"" } else { "" };
        html += &format!("<th{class}>{}</th>", both(word));
    }
    html += "</tr></thead><tbody>\n";
    for it in strata {
        let (found, weight) = (share(it.units), it.weight);
        let thin = weight.is_some_and(|weight| found < weight * THIN);
        let name = if it.name.is_empty() { both(&words::UNDECLARED) } else { escape(it.name) };
        let beside = match weight {
            Some(weight) => of(
                &format!("{}, in daily work {}", percent(found), percent(weight)),
                &format!("{}，日常作业 {}", percent(found), percent(weight)),
            ),
            None => percent(found),
        };
        // A bar for what was done, a stroke for what is daily.
        let bar = format!(
            "<span class=\"bar{}\"><i style=\"width:{:.1}%\"></i>{}</span>",
            if thin { " thin" } else { "" },
            100.0 * found / most,
            weight.map_or(String::new(), |weight| format!("<b style=\"left:{:.1}%\"></b>", 100.0 * weight / most)),
        );
        let good = if it.units == 0 { both(&words::NO_UNITS) } else { percent(it.good as f64 / it.units as f64) };
        let lower = it.lower.filter(|_| it.units > 0).map_or("—".to_owned(), |lower| format!("≥ {}", percent(lower)));
        html += &format!(
            "<tr><th scope=\"row\">{name}</th><td>{bar}<span class=\"beside\">{beside}</span></td><td class=\"num\">{}</td><td class=\"num\">{good}</td><td class=\"num\">{lower}</td></tr>\n",
            grouped(it.units)
        );
    }
    html + "</tbody></table></div>"
}

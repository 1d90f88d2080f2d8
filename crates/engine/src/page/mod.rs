//! The application verification report as one HTML page that needs nothing else: no script, no font, no network.
//!
//! The page is made from the signed envelope alone, and holds it. So whoever has the page can check the signature, and make
//! the page again to see that its sentences and plots are those of the verdict.

mod phrases;
mod plot;
mod style;
mod svg;
mod words;

use prairie_ledger::{Envelope, VERDICT_TYPE};
use prairie_verify::bound::Side;
use prairie_verify::control::{ControlResult, ControlState};
use prairie_verify::verdict::{Decision, EndpointResult, State, Verdict};

use crate::error::{EngineError, chain};
use words::{Both, both};

/// Where the envelope stands in the page.
const ENVELOPE_BEGIN: &str = "<script type=\"application/json\" id=\"envelope\">";
const ENVELOPE_END: &str = "</script>";

/// The envelope that a page holds; `None` for any other text.
pub(crate) fn envelope_of(page: &str) -> Option<&str> {
    let (_, after) = page.split_once(ENVELOPE_BEGIN)?;
    Some(after.split_once(ENVELOPE_END)?.0)
}

/// The language that a page opens in; it holds both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Chinese.
    Chinese,
}

/// The language that a page opens in.
pub(crate) fn language_of(page: &str) -> Language {
    if page.contains(CHINESE_FIRST) { Language::Chinese } else { Language::English }
}

/// What tells a page that opens in Chinese.
const CHINESE_FIRST: &str = "<html lang=\"zh\">";

/// What a page is made of.
struct Sheet<'a> {
    verdict: &'a Verdict,
    /// The frozen protocol that came with the verdict, as JSON.
    protocol: Option<&'a serde_json::Value>,
}

/// The page of a signed verdict.
///
/// # Errors
///
/// When the text is no envelope of a verdict.
pub fn report_page(envelope: &str, language: Language) -> Result<String, EngineError> {
    let opened = Envelope::from_json(envelope).map_err(|error| EngineError::invalid("the report", chain(&error)))?;
    let payload = opened.payload_of_type(VERDICT_TYPE).map_err(|error| EngineError::invalid("the report", error))?;
    let verdict: Verdict =
        serde_json::from_slice(payload).map_err(|error| EngineError::invalid("the report's payload", error))?;
    let sheet = Sheet { verdict: &verdict, protocol: opened.protocol.as_ref() };
    let mut page = Page { html: String::new() };
    // The sections in the order in which people ask. Another one is a function below and a line here.
    page.head(&sheet, language);
    page.answer(&verdict);
    page.endpoints(&verdict);
    page.two((&words::EVIDENCE, plot::evidence(&sheet)), Some((&words::SHARES, plot::shares(&sheet))));
    page.two((&words::RHYTHM, plot::rhythm(&sheet)), plot::costs(&sheet).map(|costs| (&words::COSTS, costs)));
    page.timeline(&sheet);
    page.shifts(&sheet);
    page.coverage(&sheet);
    page.controls(&verdict);
    page.not_shown(&verdict);
    page.counts(&verdict);
    page.foot(&verdict, &opened, envelope);
    Ok(page.html)
}

/// The envelope in a page, or the text itself, which may be one.
pub fn report_envelope(text: &str) -> &str {
    envelope_of(text).unwrap_or(text)
}

/// A page under construction.
struct Page {
    html: String,
}

/// A text with what HTML would read as markup written otherwise.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A whole number with a thin mark every three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A value in its unit.
fn measured(value: Option<f64>, unit: &str) -> String {
    match (value, unit) {
        (None, _) => "—".to_owned(),
        (Some(value), "share") => format!("{:.1} %", value * 100.0),
        (Some(value), "ratio") => format!("{:+.1} %", (value - 1.0) * 100.0),
        (Some(value), "points") => format!("{:+.1} pp", value * 100.0),
        (Some(value), "h") => format!("{value:.1} h"),
        (Some(value), "s") => format!("{value:.0} s"),
        (Some(value), _) => format!("{value:.0}"),
    }
}

/// The endpoints in the order in which people ask for them.
fn in_order(endpoints: &[EndpointResult]) -> Vec<&EndpointResult> {
    const ORDER: [&str; 24] = [
        "success",
        "trials",
        "drills",
        "completion",
        "missed_defects",
        "false_alarms",
        "quality",
        "previous",
        "rhythm",
        "takt_tail",
        "adherence",
        "steadiness",
        "efficiency",
        "effectiveness",
        "safety",
        "assistance",
        "interventions",
        "software",
        "hardware",
        "availability",
        "economics",
        "sites",
        "transfer",
        "exposure",
    ];
    let mut sorted: Vec<_> = endpoints.iter().collect();
    sorted.sort_by_key(|result| ORDER.iter().position(|name| *name == result.endpoint).unwrap_or(ORDER.len()));
    sorted
}

/// The sign between a value and its limit.
fn sign_of(result: &EndpointResult) -> &'static str {
    if result.side == Side::Upper { "≤" } else { "≥" }
}

/// The end of the interval that decides.
fn bound_of(result: &EndpointResult) -> String {
    let bound = if result.side == Side::Upper { result.upper } else { result.lower };
    match (result.unit.as_str(), bound) {
        ("count", _) => String::new(),
        (_, None) => "—".to_owned(),
        (unit, bound) => format!("{} {}", sign_of(result), measured(bound, unit)),
    }
}

fn asks(result: &EndpointResult) -> String {
    let limit = |threshold| format!("{} {}", sign_of(result), measured(Some(threshold), &result.unit));
    result.threshold.map_or(String::new(), limit)
}

impl Page {
    fn add(&mut self, html: &str) {
        self.html.push_str(html);
        self.html.push('\n');
    }

    fn head(&mut self, sheet: &Sheet<'_>, language: Language) {
        let verdict = sheet.verdict;
        let title = escape(&verdict.scenario);
        let (first, [en, zh]) = match language {
            Language::English => ("<html lang=\"en\">", [" checked", ""]),
            Language::Chinese => (CHINESE_FIRST, ["", " checked"]),
        };
        self.add("<!doctype html>");
        self.add(&format!("{first}<head><meta charset=\"utf-8\">"));
        self.add("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">");
        self.add(
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        );
        self.add(&format!("<title>{title} · Prairie</title><style>{}</style></head><body>", style::STYLE));
        self.add(&format!(
            "<input type=\"radio\" name=\"lang\" id=\"en\"{en}><input type=\"radio\" name=\"lang\" id=\"zh\"{zh}>"
        ));
        self.add("<header><b>Prairie</b><span class=\"r\"><label for=\"en\">English</label> <label for=\"zh\">中文</label></span></header>");
        self.add("<main>");
        if verdict.provenance.simulated {
            self.add(&format!("<p class=\"banner\">{}</p>", both(&words::SIMULATED)));
        }
        if verdict.self_attested {
            self.add(&format!("<p class=\"banner\">{}</p>", both(&words::SELF_ATTESTED)));
        }
        self.add(&format!("<h1>{title}</h1>"));
        self.subtitle(sheet);
        self.stages(&verdict.gate);
    }

    /// Which gate, attempt and look; whose log; frozen when.
    fn subtitle(&mut self, sheet: &Sheet<'_>) {
        let verdict = sheet.verdict;
        let gate = words::stage(&verdict.gate);
        let [look, of] = [verdict.look.number, verdict.look.of].map(|number| number.to_string());
        let attempt = verdict.attempt.to_string();
        let mut english = format!("gate to {}, attempt {attempt}, look {look} of {of}", gate.en);
        let mut chinese = format!("关口：{}，第 {attempt} 次尝试，第 {look}/{of} 次查看", gate.zh);
        let mut add = |en: String, zh: String| {
            english.push_str(&format!(" · {en}"));
            chinese.push_str(&format!(" · {zh}"));
        };
        let text = |place: &str| sheet.protocol.and_then(|it| it.pointer(place)?.as_str());
        if let Some(release) = text("/protocol/scope/release") {
            let release: String = escape(&release.chars().take(24).collect::<String>());
            add(format!("release {release}"), format!("软件版本 {release}"));
        }
        if let Some(frozen) = text("/frozen_ns").and_then(|digits| digits.parse().ok()) {
            let date = plot::date(prairie_model::Nanos(frozen));
            add(format!("protocol frozen {date}"), format!("协议冻结于 {date}"));
        }
        let recorder = words::recorder(verdict.provenance.recorder);
        add(recorder.en.to_owned(), recorder.zh.to_owned());
        self.add(&format!("<p class=\"sub\">{}</p>", words::of(&english, &chinese)));
    }

    fn controls(&mut self, verdict: &Verdict) {
        self.add(&format!("<h2>{} <small>{}</small></h2>", both(&words::CONTROLS), both(&words::CONTROLS_ASK)));
        self.add("<div class=\"scroll\"><table><thead><tr>");
        for word in [&words::CONTROL, &words::ASKED, &words::STATE, &words::FROM] {
            self.add(&format!("<th>{}</th>", both(word)));
        }
        self.add("</tr></thead><tbody>");
        let mut sorted: Vec<&ControlResult> = verdict.controls.iter().collect();
        sorted.sort_by_key(|result| (!result.required, result.state == ControlState::NotRequired));
        for result in sorted {
            let mut reason = words::sentence(&result.reason);
            if let Some(missing) = &result.missing {
                reason.push_str(&format!("<br><em>{}</em>", words::sentence(missing)));
            }
            let asked = if result.required { &words::YES } else { &words::NO };
            let class = match result.state {
                ControlState::Pass => "ok",
                ControlState::Fail => "no",
                ControlState::Unknown | ControlState::NotRequired => "unk",
            };
            self.add(&format!(
                "<tr><th scope=\"row\">{}</th><td>{}</td><td><span class=\"st {class}\">{}</span></td><td class=\"why\">{reason}</td></tr>",
                both(&words::control(&result.control)),
                both(asked),
                both(&words::control_state(result.state)),
            ));
        }
        self.add("</tbody></table></div>");
    }

    /// Where on the way from the laboratory to the sector this gate is.
    fn stages(&mut self, gate: &str) {
        let at = words::STAGES.iter().position(|stage| *stage == gate);
        self.add("<ol class=\"stages\">");
        for (place, stage) in words::STAGES.iter().enumerate() {
            let class = match at {
                Some(at) if place < at => " class=\"done\"",
                Some(at) if place == at => " class=\"now\" aria-current=\"step\"",
                _ => "",
            };
            self.add(&format!("<li{class}>{}</li>", both(&words::stage(stage))));
        }
        self.add("</ol>");
    }

    /// The answer as a sentence with numbers.
    fn answer(&mut self, verdict: &Verdict) {
        let word = words::decision(verdict.decision);
        let class = class_of_decision(verdict.decision);
        let weakest = in_order(&verdict.endpoints).into_iter().find(|result| match verdict.decision {
            // The first in order is what the gate is about: success, trials, drills.
            Decision::Promote => true,
            Decision::Hold => result.state != State::Pass,
            Decision::Reject => result.state == State::Fail,
        });
        let open = verdict.endpoints.iter().filter(|result| result.state != State::Pass).count();
        let total = verdict.endpoints.len();
        let (english, chinese) = match (verdict.decision, weakest) {
            (Decision::Promote, Some(result)) => (
                format!("All {total} endpoints are shown. {}.", escape(&result.reason)),
                format!("全部 {total} 项指标均已证明。{}。", words::chinese(&result.reason)),
            ),
            (_, Some(result)) => (
                format!(
                    "{open} of {total} endpoints are not shown. First: {}. {}.",
                    escape(&result.endpoint),
                    escape(&result.reason)
                ),
                format!(
                    "{total} 项指标中有 {open} 项未证明。首先：{}。{}。",
                    words::endpoint(&result.endpoint).map_or(escape(&result.endpoint), |both| both.zh.to_owned()),
                    words::chinese(&result.reason)
                ),
            ),
            (_, None) => match blocking(verdict) {
                Some(result) => (
                    format!(
                        "All {total} endpoints are shown, and the control {} stops it: {}.",
                        escape(&result.control),
                        escape(&result.reason)
                    ),
                    format!(
                        "全部 {total} 项指标均已证明，但管控项“{}”未通过：{}。",
                        words::control(&result.control).zh,
                        words::chinese(&result.reason)
                    ),
                ),
                None => ("The protocol asks for nothing.".to_owned(), "协议未提出任何要求。".to_owned()),
            },
        };
        let text = words::of(&english, &chinese);
        self.add(&format!("<p class=\"verdict\"><strong class=\"{class}\">{}</strong> {text}</p>", both(&word)));
        let risk = format!("{:.1} %", verdict.risk * 100.0);
        let english = format!(
            "Risk of promoting what does not hold its threshold: at most {risk}, the largest alpha among the endpoints."
        );
        let chinese = format!("未达标却被晋级的风险：至多 {risk}（各指标中最大的 α）。");
        self.add(&format!("<p class=\"sub\">{}</p>", words::of(&english, &chinese)));
    }

    fn endpoints(&mut self, verdict: &Verdict) {
        self.add(&format!("<h2>{} <small>{}</small></h2>", both(&words::ASKS), both(&words::EVERY_LINE)));
        self.add("<div class=\"scroll\"><table class=\"asks\"><thead><tr>");
        for word in [&words::ENDPOINT, &words::MEASURED, &words::BOUND, &words::THRESHOLD, &words::STATE, &words::FROM]
        {
            let class =
                if [words::MEASURED, words::BOUND, words::THRESHOLD].contains(word) { " class=\"num\"" } else { "" };
            self.add(&format!("<th{class}>{}</th>", both(word)));
        }
        self.add("</tr></thead><tbody>");
        for result in in_order(&verdict.endpoints) {
            let state = words::state(result.state);
            let mut reason = words::sentence(&result.reason);
            if let Some(missing) = &result.missing {
                reason.push_str(&format!("<br><em>{}</em>", words::sentence(missing)));
            }
            for note in &result.notes {
                reason.push_str(&format!("<br>{}", words::sentence(note)));
            }
            self.add(&format!(
                "<tr><th scope=\"row\">{}</th><td class=\"num\">{}</td><td class=\"num\">{}</td><td class=\"num\">{}</td><td><span class=\"st {}\">{}</span></td><td class=\"why\">{reason}</td></tr>",
                words::endpoint_name(&result.endpoint),
                measured(result.estimate, &result.unit),
                bound_of(result),
                asks(result),
                class_of(result.state),
                both(&state),
            ));
        }
        self.add("</tbody></table></div>");
    }

    /// One plot, or two beside each other.
    fn two(&mut self, left: (&Both, String), right: Option<(&Both, String)>) {
        self.add("<div class=\"two\">");
        for (title, plot) in [left].into_iter().chain(right) {
            self.add(&format!("<section><h2>{}</h2>", both(title)));
            self.add(&plot);
            self.add("</section>");
        }
        self.add("</div>");
    }

    fn timeline(&mut self, sheet: &Sheet<'_>) {
        self.add(&format!("<section><h2>{}</h2>", both(&words::TIMELINE)));
        self.add(&plot::timeline(sheet));
        self.add("</section>");
    }

    fn shifts(&mut self, sheet: &Sheet<'_>) {
        let verdict = sheet.verdict;
        let units: u64 = verdict.robot_shifts.iter().map(|line| line.units).sum();
        let (count, shifts) = (grouped(units), verdict.robot_shifts.len());
        let (english, chinese) = match verdict.tally.excluded.values().sum::<u64>() {
            0 => (
                format!("{count} units in {shifts} shifts, as scheduled, nothing left out"),
                format!("{shifts} 个班次，{count} 个工作单元，按排班全部计入"),
            ),
            excluded => (
                format!("{count} units in {shifts} shifts, as scheduled; {} left out by rule", grouped(excluded)),
                format!("{shifts} 个班次，{count} 个工作单元，按排班计入；按规则排除 {}", grouped(excluded)),
            ),
        };
        self.add(&format!("<h2>{} <small>{}</small></h2>", both(&words::SHIFTS), words::of(&english, &chinese)));
        self.add(&format!(
            "<p class=\"legend\"><span><i class=\"good\"></i>{}</span><span><i class=\"bad\"></i>{}</span><span><i class=\"down\"></i>{}</span><span><i class=\"mark\"></i>{}</span></p>",
            both(&words::GOOD),
            both(&words::NOT_GOOD),
            both(&words::DOWN),
            both(&words::EVENTS),
        ));
        self.add(&plot::strip(sheet));
    }

    fn coverage(&mut self, sheet: &Sheet<'_>) {
        let Some(table) = plot::coverage(sheet) else { return };
        let small = both(&words::COVERAGE_SMALL);
        self.add(&format!("<section><h2>{} <small>{small}</small></h2>", both(&words::COVERAGE)));
        self.add(&table);
        self.add("</section>");
    }

    fn not_shown(&mut self, verdict: &Verdict) {
        self.add(&format!("<h2>{}</h2>", both(&words::NOT_SHOWN)));
        self.add("<ul class=\"not-shown\">");
        for sentence in &verdict.not_shown {
            self.add(&format!("<li>{}</li>", words::sentence(sentence)));
        }
        self.add("</ul>");
    }

    fn counts(&mut self, verdict: &Verdict) {
        let tally = &verdict.tally;
        self.add(&format!("<h2>{}</h2><table class=\"counts\"><tbody>", both(&words::COUNTS)));
        let mut line = |name: &Both, count: u64| {
            let row =
                format!("<tr><th scope=\"row\">{}</th><td class=\"num\">{}</td></tr>", both(name), grouped(count));
            self.html.push_str(&row);
            self.html.push('\n');
        };
        line(&words::READ, tally.read);
        line(&words::COUNTED, tally.counted);
        line(&words::BASELINE, tally.baseline);
        let others = [
            (&words::UNDECIDED, tally.undecided),
            (&words::PREVIOUS, tally.previous),
            (&words::BEFORE_FREEZE, tally.before_freeze),
            (&words::FUTURE, tally.future),
            (&words::OTHER_RELEASE, tally.other_release),
            (&words::OTHER_ROBOT, tally.other_robot),
            (&words::OTHER_STATION, tally.other_station),
            (&words::UNSCHEDULED, tally.unscheduled),
            (&words::PEOPLE, tally.people),
            (&words::REPEATED, tally.repeated),
            (&words::UNDATED, tally.undated),
        ];
        for (name, count) in others.into_iter().filter(|(_, count)| *count > 0) {
            line(name, count);
        }
        for (name, count) in &tally.excluded {
            let row = format!(
                "<tr><th scope=\"row\">{}: {}</th><td class=\"num\">{}</td></tr>",
                both(&words::EXCLUDED),
                escape(name),
                grouped(*count)
            );
            self.add(&row);
        }
        self.add("</tbody></table>");
    }

    fn foot(&mut self, verdict: &Verdict, opened: &Envelope, envelope: &str) {
        let keys: Vec<String> = opened.signatures.iter().map(|signature| signature.keyid.to_string()).collect();
        let leaf = opened.ledger.as_ref().map_or("—".to_owned(), |place| {
            let [leaf, size] = [place.seq, place.size].map(grouped);
            words::of(&format!("{leaf} of {size}, root "), &format!("{leaf}（共 {size}），根 "))
                + &format!("<code>{}</code>", place.root)
        });
        self.add("<footer>");
        self.add(&format!("<p>{} <code>{}</code></p>", both(&words::PROTOCOL), verdict.protocol));
        for log in &verdict.provenance.logs {
            self.add(&format!("<p>{} <code>{}</code></p>", both(&words::LOG), escape(log)));
        }
        self.add(&format!("<p>{} <code>{}</code></p>", both(&words::VERDICT_HASH), opened.digest()));
        self.add(&format!("<p>{} <code>{}</code></p>", both(&words::SIGNED_BY), escape(&keys.join(", "))));
        self.add(&format!("<p>{} {leaf}</p>", both(&words::LEAF)));
        self.add(&format!(
            "<p>{} <code>prairie report check FILE --key KEY --data DIR</code></p>",
            both(&words::RECOMPUTE)
        ));
        self.add("</footer></main>");
        // OK: an envelope holds base64, hexadecimal digits and escaped texts; `<` in a text would end the element early.
        self.add(&format!("{ENVELOPE_BEGIN}{}{ENVELOPE_END}", envelope.replace('<', "\\u003c")));
        self.add("</body></html>");
    }
}

/// The first required control that stops a promotion, one that fails before one that is unknown.
fn blocking(verdict: &Verdict) -> Option<&ControlResult> {
    let stops = |state| verdict.controls.iter().find(|result| result.required && result.state == state);
    stops(ControlState::Fail).or_else(|| stops(ControlState::Unknown))
}

fn class_of(state: State) -> &'static str {
    match state {
        State::Pass => "ok",
        State::Hold => "hold",
        State::Fail => "no",
        State::Unknown => "unk",
    }
}

fn class_of_decision(decision: Decision) -> &'static str {
    match decision {
        Decision::Promote => "ok",
        Decision::Hold => "hold",
        Decision::Reject => "no",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_texts_escaped() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(escape("<a href='x'>&"), "&lt;a href=&#39;x&#39;&gt;&amp;");
    }

    #[test]
    fn only_a_page_holds_an_envelope() {
        assert_eq!(envelope_of("{}"), None);
        let page = format!("<p>{ENVELOPE_BEGIN}{{}}{ENVELOPE_END}</p>");
        assert_eq!(envelope_of(&page), Some("{}"));
        assert_eq!((report_envelope(&page), report_envelope("{}")), ("{}", "{}"));
    }
}

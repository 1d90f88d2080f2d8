//! The plots of the report, one file each. Each draws plain numbers; where they come from is said here, once.

mod costs;
mod coverage;
mod evidence;
mod rhythm;
mod shares;
mod strip;
mod timeline;

use prairie_verify::verdict::{EndpointResult, Verdict};

use super::Sheet;
pub(super) use timeline::date;

/// The result of an endpoint.
fn endpoint<'a>(verdict: &'a Verdict, name: &str) -> Option<&'a EndpointResult> {
    verdict.endpoints.iter().find(|result| result.endpoint == name)
}

/// A number that an endpoint tells.
fn number(result: Option<&EndpointResult>, name: &str) -> Option<f64> {
    result?.numbers.get(name).copied().filter(|number| number.is_finite())
}

/// Cumulative success with its bound, over the declared looks.
pub(super) fn evidence(sheet: &Sheet<'_>) -> String {
    let verdict = sheet.verdict;
    let declared = sheet.protocol.and_then(|it| it.pointer("/protocol/endpoints/success/looks")?.as_array());
    let declared = declared.into_iter().flatten().filter_map(serde_json::Value::as_u64);
    let mut looks: Vec<u64> = declared.collect();
    if looks.is_empty() {
        let own = (verdict.look.number > 0).then_some(verdict.look.shifts);
        looks = own.into_iter().chain(verdict.look.next).map(u64::from).collect();
    }
    evidence::draw(&evidence::Evidence {
        points: &verdict.evidence,
        asked: endpoint(verdict, "success").and_then(|it| it.threshold),
        looks: &looks,
    })
}

/// Success of each shift.
pub(super) fn shares(sheet: &Sheet<'_>) -> String {
    let shifts = sheet.verdict.robot_shifts.iter();
    let shifts: Vec<_> =
        shifts.map(|it| shares::Share { name: &it.shift.shift, good: it.good, units: it.units }).collect();
    let success = endpoint(sheet.verdict, "success");
    shares::draw(&shifts, success.and_then(|it| it.lower), success.and_then(|it| it.threshold))
}

/// Seconds per good unit of robots and people.
pub(super) fn rhythm(sheet: &Sheet<'_>) -> String {
    let result = endpoint(sheet.verdict, "rhythm");
    let ratio =
        result.and_then(|it| Some(rhythm::Ratio { found: it.estimate?, at_most: it.upper?, asked: it.threshold? }));
    rhythm::draw(&sheet.verdict.takts, ratio)
}

/// What happened, and when.
pub(super) fn timeline(sheet: &Sheet<'_>) -> String {
    let shifts = sheet.verdict.robot_shifts.iter();
    let shifts: Vec<_> = shifts
        .map(|it| timeline::Happened {
            name: &it.shift.shift,
            start: it.shift.span.start,
            events: it.events,
            down: (it.down_s / it.shift.scheduled_s().max(1.0)).min(1.0),
            worked: it.units > 0,
        })
        .collect();
    timeline::draw(&shifts)
}

/// Every shift as a row.
pub(super) fn strip(sheet: &Sheet<'_>) -> String {
    strip::draw(&sheet.verdict.robot_shifts)
}

/// How much of the work was done under which conditions; `None` where the protocol tells none apart.
pub(super) fn coverage(sheet: &Sheet<'_>) -> Option<String> {
    let success = endpoint(sheet.verdict, "success");
    let strata = sheet.verdict.strata.iter();
    let strata: Vec<_> = strata
        .map(|it| coverage::Stratum {
            name: &it.name,
            weight: it.weight,
            units: it.units,
            good: it.good,
            lower: number(success, &format!("stratum.{}.lower", it.name)),
        })
        .collect();
    (!strata.is_empty()).then(|| coverage::draw(&strata))
}

/// From the cost of a good unit by people to that by robot; `None` where nothing is known of money.
pub(super) fn costs(sheet: &Sheet<'_>) -> Option<String> {
    let result = endpoint(sheet.verdict, "economics");
    let parts: Vec<_> = costs::PARTS
        .iter()
        .filter_map(|part| Some((part, number(result, &format!("waterfall.{}", part.name))?)))
        .collect();
    let people = number(result, "cost_human.q50")?;
    let currency = sheet.protocol.and_then(|it| it.pointer("/protocol/prices/currency")?.as_str()).unwrap_or_default();
    (!parts.is_empty()).then(|| costs::draw(&costs::Costs { people, parts: &parts, currency }))
}

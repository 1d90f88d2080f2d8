//! What makes a task book impossible or meaningless.

mod asked;

use super::{Cluster, Endpoints, Family, Protocol, Setting, Success};
use crate::stats::economics::resample::REPLICATES_MAX;

/// Strata and exclusions that a task book may have; each pair of strata is compared.
const RULES_MAX: usize = 200;

/// Looks at the data that a task book may declare.
const LOOKS_MAX: usize = 50;

/// Fewer clusters than this say too little about how shifts differ for any promotion.
pub const SHIFTS_LEAST: u32 = 8;

/// Shifts after which somebody looks at most: ten years of three shifts a day at two stations.
const SHIFTS_MOST: u32 = 20_000;

/// Why a task book cannot be frozen.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ProtocolError {
    /// Not TOML, or not of this form.
    #[error("the task book has not the form of a protocol: {0}")]
    Form(String),
    /// Another version of the form.
    #[error("the task book's schema is `{found}`, and this program reads `{}`", super::PROTOCOL_SCHEMA)]
    OtherSchema {
        /// What it says.
        found: String,
    },
    /// A number that no data can reach, or that any data reaches.
    #[error("`{what}` is {found}, and must be {allowed}")]
    Threshold {
        /// Which number.
        what: String,
        /// Its value.
        found: f64,
        /// What it may be.
        allowed: &'static str,
    },
    /// Two strata that take the same units.
    #[error("the strata `{one}` and `{other}` overlap: a unit can be in both")]
    Overlap {
        /// The first of the two.
        one: String,
        /// The second.
        other: String,
    },
    /// A rule that fits nothing, or everything.
    #[error("the rule of `{name}` fits {fits}")]
    Rule {
        /// The stratum or exclusion.
        name: String,
        /// `no unit` or `every unit`.
        fits: &'static str,
    },
    /// Shares that do not add up.
    #[error("the weights of the strata add up to {found}, and must add up to 1")]
    Weights {
        /// Their sum.
        found: f64,
    },
    /// Something that must be there is not.
    #[error("{0}")]
    Missing(&'static str),
    /// More than anyone needs.
    #[error("there are {found} {what}, and {limit} are allowed")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many.
        found: usize,
        /// How many are allowed.
        limit: usize,
    },
    /// A name that stands twice.
    #[error("the name `{0}` stands twice")]
    Twice(String),
    /// An endpoint that is not there.
    #[error("there is no endpoint `{found}`; there are {}", super::Endpoints::NAMES.join(", "))]
    NoEndpoint {
        /// The name.
        found: String,
    },
    /// A target that says it is shown by something that is not asked for.
    #[error("the target `{target}` is to be shown by `{endpoint}`, which is not asked for")]
    TargetNotShown {
        /// The target.
        target: String,
        /// The endpoint.
        endpoint: String,
    },
    /// An endpoint that means nothing for this work, with the reason.
    #[error("`endpoints.{endpoint}` is refused: {reason}")]
    Refused {
        /// The endpoint.
        endpoint: &'static str,
        /// Why.
        reason: &'static str,
    },
    /// Looks that are not in order.
    #[error(
        "the looks {0:?} must grow, and begin at {SHIFTS_LEAST} shifts or more (laboratory sessions and drills: at 1)"
    )]
    Looks(Vec<u32>),
}

pub(super) fn validate(protocol: &Protocol) -> Result<(), ProtocolError> {
    names(protocol)?;
    strata(protocol)?;
    for exclusion in &protocol.exclusions {
        if exclusion.rule.0.is_empty() {
            return Err(ProtocolError::Rule { name: exclusion.name.clone(), fits: "every unit" });
        }
        if exclusion.rule.0.values().any(super::Range::is_empty) {
            return Err(ProtocolError::Rule { name: exclusion.name.clone(), fits: "no unit" });
        }
    }
    endpoints(&protocol.endpoints)?;
    super::controls::validate(protocol)?;
    asked::validate(&protocol.endpoints)?;
    people(protocol)?;
    families(protocol)?;
    targets(protocol)?;
    sites(protocol)?;
    money(protocol)?;
    if let Some(takt) = protocol.baseline.as_ref().and_then(|baseline| baseline.record_takt_s) {
        within("baseline.record_takt_s", takt, 1e-3, 1e7, "between a millisecond and some months")?;
    }
    Ok(())
}

fn names(protocol: &Protocol) -> Result<(), ProtocolError> {
    let too_many = |what, found, limit| {
        if found > limit { Err(ProtocolError::TooMany { what, found, limit }) } else { Ok(()) }
    };
    too_many("strata", protocol.strata.len(), RULES_MAX)?;
    too_many("exclusions", protocol.exclusions.len(), RULES_MAX)?;
    if protocol.scenario.trim().is_empty() {
        return Err(ProtocolError::Missing("`scenario` is missing"));
    }
    if protocol.scope.stations.is_empty() {
        return Err(ProtocolError::Missing("`scope.stations` is missing: a verdict is about stations"));
    }
    if protocol.success.definition.trim().is_empty() {
        return Err(ProtocolError::Missing("`success.definition` is missing: nobody could say what a good unit is"));
    }
    let reason = protocol.scope.cluster_reason.as_deref().unwrap_or_default();
    if protocol.scope.cluster == Cluster::RobotShift && reason.trim().is_empty() {
        return Err(ProtocolError::Missing(
            "`scope.cluster_reason` is missing: robots of one shift share light, operators and parts, unless there is a reason",
        ));
    }
    let kinds = [
        protocol.strata.iter().map(|stratum| &stratum.name).collect::<Vec<_>>(),
        protocol.exclusions.iter().map(|exclusion| &exclusion.name).collect(),
        protocol.scope.stations.iter().collect(),
    ];
    for mut names in kinds {
        names.sort_unstable();
        if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(ProtocolError::Twice(pair[0].clone()));
        }
    }
    Ok(())
}

fn strata(protocol: &Protocol) -> Result<(), ProtocolError> {
    if protocol.strata.is_empty() {
        return Ok(());
    }
    if protocol.weights_source.as_deref().unwrap_or_default().trim().is_empty() {
        return Err(ProtocolError::Missing(
            "`weights_source` is missing: shares of strata come from an independent record",
        ));
    }
    let mut sum = 0.0;
    for stratum in &protocol.strata {
        within(
            &format!("strata.{}.weight", stratum.name),
            stratum.weight,
            f64::MIN_POSITIVE,
            1.0,
            "above 0 and at most 1",
        )?;
        sum += stratum.weight;
        if stratum.rule.0.is_empty() && protocol.strata.len() > 1 {
            return Err(ProtocolError::Rule { name: stratum.name.clone(), fits: "every unit" });
        }
        if stratum.rule.0.values().any(super::Range::is_empty) {
            return Err(ProtocolError::Rule { name: stratum.name.clone(), fits: "no unit" });
        }
    }
    if (sum - 1.0).abs() > 1e-6 {
        return Err(ProtocolError::Weights { found: sum });
    }
    for (at, one) in protocol.strata.iter().enumerate() {
        if let Some(other) = protocol.strata[at + 1..].iter().find(|other| one.rule.meets(&other.rule)) {
            return Err(ProtocolError::Overlap { one: one.name.clone(), other: other.name.clone() });
        }
    }
    Ok(())
}

/// Every confidence is at least one half: a bound below that is on the wrong side of its estimate.
fn confidences(endpoints: &Endpoints) -> Result<(), ProtocolError> {
    let form = |error: serde_json::Error| ProtocolError::Form(error.to_string());
    let serde_json::Value::Object(all) = serde_json::to_value(endpoints).map_err(form)? else { return Ok(()) };
    for (endpoint, asked) in all {
        let serde_json::Value::Object(asked) = asked else { continue };
        for (key, level) in asked.iter().filter(|(key, _)| key.ends_with("confidence")) {
            if let Some(level) = level.as_f64() {
                let what = format!("endpoints.{endpoint}.{key}");
                within(&what, level, 0.5, 1.0 - 1e-6, "at least 0.5 and below 1")?;
            }
        }
    }
    Ok(())
}

fn endpoints(endpoints: &Endpoints) -> Result<(), ProtocolError> {
    confidences(endpoints)?;
    if let Some(success) = &endpoints.success {
        of_success(success)?;
    }
    if let Some(rhythm) = &endpoints.rhythm {
        within("endpoints.rhythm.margin", rhythm.margin, 0.0, 10.0, "between 0 (as quick as people) and 10")?;
        if rhythm.shifts_min < 2 {
            return Err(ProtocolError::Threshold {
                what: "endpoints.rhythm.shifts_min".to_owned(),
                found: f64::from(rhythm.shifts_min),
                allowed: "at least 2",
            });
        }
    }
    let hours = [
        ("interventions", &endpoints.interventions),
        ("hardware", &endpoints.hardware),
        ("software", &endpoints.software),
        ("safety", &endpoints.safety),
    ];
    for (what, hours) in hours {
        if let Some(hours) = hours {
            within(
                &format!("endpoints.{what}.at_least_h"),
                hours.at_least_h,
                1e-6,
                1e6,
                "above 0 and at most a million hours",
            )?;
        }
    }
    if let Some(share) = &endpoints.availability {
        within("endpoints.availability.at_least", share.at_least, 1e-6, 1.0 - 1e-6, "above 0 and below 1")?;
    }
    Ok(())
}

/// What compares with people needs people.
fn people(protocol: &Protocol) -> Result<(), ProtocolError> {
    let endpoints = &protocol.endpoints;
    if protocol.baseline.as_ref().is_some_and(|baseline| !baseline.stations.is_empty()) {
        return Ok(());
    }
    let own_target = endpoints.adherence.as_ref().is_none_or(|asked| asked.target_s.is_some());
    let calls = [&endpoints.missed_defects, &endpoints.false_alarms];
    let compares = calls.iter().any(|asked| asked.as_ref().is_some_and(|asked| asked.margin.is_some()));
    let rules = [
        (endpoints.rhythm.is_some(), "`endpoints.rhythm` compares with people: `baseline.stations` is missing"),
        (endpoints.takt_tail.is_some(), "`endpoints.takt_tail` compares with people: `baseline.stations` is missing"),
        (endpoints.quality.is_some(), "`endpoints.quality` compares with people: `baseline.stations` is missing"),
        (endpoints.efficiency.is_some(), "`endpoints.efficiency` compares with people: `baseline.stations` is missing"),
        (
            endpoints.economics.is_some(),
            "`endpoints.economics` compares with people: `baseline.stations` is missing, or list it in `without` with a reason",
        ),
        (!own_target, "`endpoints.adherence` takes its target from people: give `target_s` or `baseline.stations`"),
        (compares, "a margin of missed defects or false alarms compares with people: `baseline.stations` is missing"),
        (
            endpoints.sites.as_ref().is_some_and(|asked| asked.rhythm_margin.is_some()),
            "`endpoints.sites.rhythm_margin` compares with people: `baseline.stations` is missing",
        ),
    ];
    rules.iter().find(|(broken, _)| *broken).map_or(Ok(()), |(_, reason)| Err(ProtocolError::Missing(reason)))
}

/// What each family and setting may ask, and needs.
fn families(protocol: &Protocol) -> Result<(), ProtocolError> {
    let endpoints = &protocol.endpoints;
    let refused = |endpoint, reason| Err(ProtocolError::Refused { endpoint, reason });
    if endpoints.trials.is_some() && protocol.scope.setting == Setting::ShopFloor {
        return refused(
            "trials",
            "units of one shift share light, people and parts, so that a test that counts them one by one promotes falsely \
             in up to half of all cases; it is for laboratory trials (`gate = \"lab\"`, or `scope.setting = \"laboratory\"`)",
        );
    }
    if endpoints.drills.is_some() && protocol.family != Family::Mission {
        return refused("drills", "drills belong to missions: `family = \"mission\"`");
    }
    if endpoints.completion.is_some() && protocol.family != Family::Mission {
        return refused("completion", "time to complete belongs to missions: `family = \"mission\"`");
    }
    let by_lot = endpoints.trials.is_some() || endpoints.drills.is_some() || endpoints.completion.is_some();
    let drawn = protocol.lot.as_ref().is_some_and(|lot| !lot.drawn.trim().is_empty());
    if by_lot && !drawn {
        return Err(ProtocolError::Missing(
            "`lot.drawn` is missing: trials and drills are independent only where each begins from a state drawn by lot",
        ));
    }
    let judges = endpoints.missed_defects.is_some() || endpoints.false_alarms.is_some();
    let says = protocol.inspection.as_ref().is_some_and(|it| {
        !it.truth.is_empty() && !it.call.is_empty() && !it.defective.is_empty() && !it.truth_source.trim().is_empty()
    });
    if judges && !says {
        return Err(ProtocolError::Missing(
            "`inspection` is missing or empty: nobody could say what was really there, and who says so",
        ));
    }
    if protocol.family == Family::Care && protocol.success.autonomous {
        return Err(ProtocolError::Missing(
            "care allows help and measures it: say `success.autonomous = false`, or take `family = \"counted\"`",
        ));
    }
    let previous = endpoints.previous.as_ref();
    if protocol.bridges && previous.is_none() {
        return Err(ProtocolError::Missing("a task book that bridges a change asks for `endpoints.previous`"));
    }
    if previous.is_some_and(|asked| protocol.scope.release.as_ref().is_none_or(|release| *release == asked.release)) {
        return Err(ProtocolError::Missing(
            "`endpoints.previous` compares two releases: `scope.release` must name the new one, and not the same",
        ));
    }
    Ok(())
}

/// Targets have a number, and what they say shows them is asked for.
fn targets(protocol: &Protocol) -> Result<(), ProtocolError> {
    for target in &protocol.targets {
        if !target.text.chars().any(|letter| letter.is_ascii_digit()) {
            return Err(ProtocolError::Missing("a target's `text` has no number: nobody could say when it is reached"));
        }
        if let Some(endpoint) = target.shown_by.as_ref().filter(|endpoint| !protocol.endpoints.asks(endpoint)) {
            return Err(ProtocolError::TargetNotShown { target: target.text.clone(), endpoint: endpoint.clone() });
        }
    }
    for without in &protocol.without {
        if without.reason.trim().is_empty() {
            return Err(ProtocolError::Missing("`without` needs a `reason` for each endpoint"));
        }
    }
    Ok(())
}

/// Every station belongs to one site.
fn sites(protocol: &Protocol) -> Result<(), ProtocolError> {
    let mut stations: Vec<&String> = protocol.scope.sites.iter().flat_map(|site| &site.stations).collect();
    stations.sort();
    if let Some(pair) = stations.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(ProtocolError::Twice(pair[0].clone()));
    }
    let complete = protocol.scope.stations.iter().all(|station| stations.contains(&station));
    let named = stations.iter().all(|station| protocol.scope.stations.contains(station));
    let declared = !protocol.scope.sites.is_empty();
    if declared && (!complete || !named) {
        return Err(ProtocolError::Missing(
            "`scope.sites` must hold every station of `scope.stations` once, and no other",
        ));
    }
    Ok(())
}

/// What money needs.
fn money(protocol: &Protocol) -> Result<(), ProtocolError> {
    let Some(asked) = &protocol.endpoints.economics else { return Ok(()) };
    let share = ("endpoints.economics.npv_positive_at_least", asked.npv_positive_at_least);
    within(share.0, share.1, 0.5, 1.0 - 1e-6, "a share of at least 0.5 (more likely than not) and below 1")?;
    within(
        "endpoints.economics.replicates",
        f64::from(asked.replicates),
        1e3,
        f64::from(REPLICATES_MAX),
        "from 1,000 to 1,000,000",
    )?;
    let Some(prices) = &protocol.prices else {
        return Err(ProtocolError::Missing(
            "`prices` is missing: this gate asks what a good unit costs; give prices, or list `economics` in `without` with a reason",
        ));
    };
    within("prices.people", prices.people, 1e-3, 1e3, "from 0.001 to 1,000")?;
    within("prices.supervision", prices.supervision.value(), 0.0, 1e3, "from 0 to 1,000 people")?;
    if prices.supervision.is_measured() && prices.supervision_source.as_deref().unwrap_or_default().trim().is_empty() {
        return Err(ProtocolError::Missing("`prices.supervision_source` is missing: measured by whom, and how?"));
    }
    if asked.measured_only && !prices.supervision.is_measured() {
        return Err(ProtocolError::Missing(
            "`prices.supervision` is assumed, and this gate takes measured people's minutes only: it could never be passed",
        ));
    }
    let form = |error: crate::bound::StatError| ProtocolError::Form(format!("`prices`: {error}"));
    prices.assumptions().check().map_err(form)
}

fn of_success(success: &Success) -> Result<(), ProtocolError> {
    within(
        "endpoints.success.at_least",
        success.at_least,
        0.5,
        1.0 - 1e-6,
        "at least 0.5 (half of all work) and below 1: no finite log proves 1",
    )?;
    if let Some(stratum) = success.stratum_at_least {
        within("endpoints.success.stratum_at_least", stratum, 1e-6, 1.0 - 1e-6, "above 0 and below 1")?;
    }
    looks(&success.looks, SHIFTS_LEAST)
}

/// Looks grow, and begin late enough.
fn looks(looks: &[u32], least: u32) -> Result<(), ProtocolError> {
    if looks.len() > LOOKS_MAX {
        return Err(ProtocolError::TooMany { what: "looks", found: looks.len(), limit: LOOKS_MAX });
    }
    if let Some(last) = looks.last().filter(|last| **last > SHIFTS_MOST) {
        return Err(ProtocolError::Threshold {
            what: "looks".to_owned(),
            found: f64::from(*last),
            allowed: "at most 20,000 shifts",
        });
    }
    let grow = looks.windows(2).all(|pair| pair[0] < pair[1]);
    if !grow || looks.first().is_none_or(|first| *first < least) {
        return Err(ProtocolError::Looks(looks.to_vec()));
    }
    Ok(())
}

pub(super) fn within(what: &str, found: f64, low: f64, high: f64, allowed: &'static str) -> Result<(), ProtocolError> {
    if found >= low && found <= high {
        Ok(())
    } else {
        Err(ProtocolError::Threshold { what: what.to_owned(), found, allowed })
    }
}

//! What makes a task book impossible or meaningless.

use super::{Cluster, Endpoints, Protocol, Success};

/// Strata and exclusions that a task book may have; each pair of strata is compared.
const RULES_MAX: usize = 200;

/// Looks at the data that a task book may declare.
const LOOKS_MAX: usize = 50;

/// Fewer clusters than this say too little about how shifts differ for any promotion.
pub const SHIFTS_LEAST: u32 = 8;

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
    /// Looks that are not in order.
    #[error("the looks {0:?} must grow, and begin at {SHIFTS_LEAST} shifts or more")]
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
    if protocol.endpoints.rhythm.is_some() && protocol.baseline.as_ref().is_none_or(|it| it.stations.is_empty()) {
        return Err(ProtocolError::Missing("`endpoints.rhythm` compares with people: `baseline.stations` is missing"));
    }
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

fn endpoints(endpoints: &Endpoints) -> Result<(), ProtocolError> {
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
    for (what, hours) in [("interventions", &endpoints.interventions), ("hardware", &endpoints.hardware)] {
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

fn of_success(success: &Success) -> Result<(), ProtocolError> {
    within(
        "endpoints.success.at_least",
        success.at_least,
        1e-6,
        1.0 - 1e-6,
        "above 0 and below 1: no finite log proves 1",
    )?;
    if let Some(stratum) = success.stratum_at_least {
        within("endpoints.success.stratum_at_least", stratum, 1e-6, 1.0 - 1e-6, "above 0 and below 1")?;
    }
    if success.looks.len() > LOOKS_MAX {
        return Err(ProtocolError::TooMany { what: "looks", found: success.looks.len(), limit: LOOKS_MAX });
    }
    let grow = success.looks.windows(2).all(|pair| pair[0] < pair[1]);
    if !grow || success.looks.first().is_none_or(|first| *first < SHIFTS_LEAST) {
        return Err(ProtocolError::Looks(success.looks.clone()));
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

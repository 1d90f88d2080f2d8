//! Numbers of endpoints that no data can reach, or that any data reaches.

use super::super::Endpoints;
use super::{ProtocolError, looks, within};
use crate::stats::economics::resample::REPLICATES_MAX;

/// A share that is neither certain nor impossible.
const SHARE: (f64, f64, &str) = (1e-6, 1.0 - 1e-6, "above 0 and below 1");

pub(super) fn validate(endpoints: &Endpoints) -> Result<(), ProtocolError> {
    shares(endpoints)?;
    ratios(endpoints)?;
    if let Some(asked) = endpoints.trials.as_ref() {
        within("endpoints.trials.at_least", asked.at_least, SHARE.0, SHARE.1, SHARE.2)?;
        looks(&asked.looks, 1)?;
    }
    if let Some(asked) = endpoints.drills.as_ref() {
        within("endpoints.drills.at_least", asked.at_least, SHARE.0, SHARE.1, SHARE.2)?;
        looks(&asked.looks, 1)?;
    }
    if let Some(asked) = endpoints.previous.as_ref() {
        looks(&asked.looks, super::SHIFTS_LEAST)?;
    }
    Ok(())
}

fn shares(endpoints: &Endpoints) -> Result<(), ProtocolError> {
    let mut all: Vec<(&str, f64)> = Vec::new();
    all.extend(endpoints.adherence.as_ref().map(|asked| ("adherence.at_least", asked.at_least)));
    all.extend(endpoints.assistance.as_ref().map(|asked| ("assistance.at_most", asked.at_most)));
    all.extend(endpoints.effectiveness.as_ref().map(|asked| ("effectiveness.at_least", asked.at_least)));
    all.extend(endpoints.missed_defects.as_ref().map(|asked| ("missed_defects.at_most", asked.at_most)));
    all.extend(endpoints.false_alarms.as_ref().map(|asked| ("false_alarms.at_most", asked.at_most)));
    all.extend(endpoints.sites.as_ref().map(|asked| ("sites.at_least", asked.at_least)));
    all.extend(endpoints.sites.as_ref().map(|asked| ("sites.share_at_most", asked.share_at_most)));
    all.extend(endpoints.transfer.as_ref().map(|asked| ("transfer.at_least", asked.at_least)));
    all.extend(endpoints.takt_tail.as_ref().map(|asked| ("takt_tail.quantile", asked.quantile)));
    all.extend(endpoints.completion.as_ref().map(|asked| ("completion.quantile", asked.quantile)));
    let mut margins: Vec<(&str, f64)> = Vec::new();
    margins.extend(endpoints.quality.as_ref().map(|asked| ("quality.margin", asked.margin)));
    margins.extend(endpoints.previous.as_ref().map(|asked| ("previous.margin", asked.margin)));
    for (what, margin) in margins {
        within(
            &format!("endpoints.{what}"),
            margin,
            1e-6,
            0.5,
            "above 0 and at most 0.5: more would be no comparison",
        )?;
    }
    for (what, share) in all {
        within(&format!("endpoints.{what}"), share, SHARE.0, SHARE.1, SHARE.2)?;
    }
    Ok(())
}

fn ratios(endpoints: &Endpoints) -> Result<(), ProtocolError> {
    let ratio = (0.1, 100.0, "a ratio from 0.1 to 100");
    if let Some(asked) = &endpoints.takt_tail {
        within("endpoints.takt_tail.at_most", asked.at_most, ratio.0, ratio.1, ratio.2)?;
        within(
            "endpoints.takt_tail.replicates",
            f64::from(asked.replicates),
            1e3,
            f64::from(REPLICATES_MAX),
            "from 1,000 to 1,000,000",
        )?;
    }
    if let Some(asked) = &endpoints.steadiness {
        within("endpoints.steadiness.at_most", asked.at_most, ratio.0, ratio.1, ratio.2)?;
    }
    if let Some(asked) = &endpoints.efficiency {
        within("endpoints.efficiency.at_least", asked.at_least, -0.5, 100.0, "at least -0.5 (half as much as people)")?;
    }
    if let Some(asked) = &endpoints.previous {
        within("endpoints.previous.takt_margin", asked.takt_margin, 0.0, 10.0, "from 0 to 10")?;
    }
    let seconds = (1e-3, 1e7, "between a millisecond and some months");
    for (what, found) in [
        ("endpoints.completion.within_s", endpoints.completion.as_ref().map(|asked| asked.within_s)),
        ("endpoints.effectiveness.planned_s", endpoints.effectiveness.as_ref().map(|asked| asked.planned_s)),
        ("endpoints.adherence.target_s", endpoints.adherence.as_ref().and_then(|asked| asked.target_s)),
    ] {
        if let Some(found) = found {
            within(what, found, seconds.0, seconds.1, seconds.2)?;
        }
    }
    Ok(())
}

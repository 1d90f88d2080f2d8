//! # What it asks
//!
//! Every site by itself: its lower bound of success must reach `at_least`, takts may be at most `rhythm_margin` longer than
//! people's there, no site may hold more than `share_at_most` of all units, and `full_sites_min` sites must have
//! `shifts_min` shifts.
//!
//! # Why
//!
//! Easy sites are tried first. A good mean over five sites can hide one at which nobody would buy the robot again.
//!
//! # Formula and source
//!
//! The bound of `success` at each site; the claim is an intersection, so that no alpha is divided. With `borrow = true` a
//! site may take from the others by the power prior (Ibrahim and Chen, Statistical Science 15, 2000) with weight `max(0.2,
//! 0.8^changed)`, never more than it has of its own, and nothing where its own count contradicts theirs (prior-predictive p
//! < 0.05); at least half of a site's share of the gate's units must be its own.
//!
//! # Example
//!
//! ```text
//! sites   5 sites of 5 with their own bound of at least 95.0 % at 92.1 %; the least is `north` with 95.4 %
//! ```

use super::rhythm::means;
use super::{Case, Endpoint, Level, Measured, float, hold_for, measured, numbers, percent, percent_of, unknown};
use crate::bound::Side;
use crate::endpoint::cells_of;
use crate::evidence::ShiftSums;
use crate::protocol::{Site, Sites as Asked};
use crate::shares::Share;
use crate::stats::rhythm::noninferiority;
use crate::stats::transfer::Site as Counts;
use crate::stats::transfer::borrowing::power_prior;
use crate::verdict::EndpointResult;

/// What one site shows.
struct OfSite<'a> {
    site: &'a Site,
    shifts: Vec<&'a ShiftSums>,
    share: Share,
    /// With what it borrowed, where it may.
    lower: f64,
}

/// Every site by itself.
#[derive(Debug)]
pub(super) struct Sites;

impl Endpoint for Sites {
    fn name(&self) -> &'static str {
        "sites"
    }

    fn judge(&self, case: &Case<'_>) -> Option<EndpointResult> {
        let asked = case.frozen.protocol.endpoints.sites.as_ref()?;
        let level = case.level(asked.confidence);
        let sites = case.frozen.protocol.sites();
        let mut found = Vec::new();
        for site in &sites {
            let shifts = shifts_of(case.robot, &site.stations);
            match cells_of(shifts.iter().copied(), &case.frozen.protocol, level.confidence) {
                Ok(share) => found.push(OfSite { site, shifts, share, lower: share.lower }),
                Err(error) => return Some(unknown(self, "share", format!("site `{}`: {error}", site.name))),
            }
        }
        if asked.borrow {
            borrow(&mut found, case, level);
        }
        let least = found.iter().min_by(|a, b| a.lower.total_cmp(&b.lower))?;
        let above = found.iter().filter(|site| site.lower >= asked.at_least).count();
        let reason = format!(
            "{above} of {} sites with their own bound of at least {} at {}; the least is `{}` with {}",
            found.len(),
            percent(asked.at_least),
            percent_of(level.confidence),
            least.site.name,
            percent(least.lower)
        );
        let upper = found.iter().map(|site| site.share.upper).fold(1.0, f64::min);
        let ends = Measured {
            estimate: Some(found.iter().map(|site| site.share.estimate).fold(1.0, f64::min)),
            lower: least.lower,
            upper,
            threshold: asked.at_least,
            side: Side::Lower,
        };
        let mut result = measured(self, "share", case, level, ends, reason);
        tell(&mut result, &found, asked);
        if let Some(margin) = asked.rhythm_margin {
            rhythm(&mut result, case, &found, margin, level);
        }
        Some(result)
    }

    fn source(&self) -> &'static str {
        include_str!("sites.rs")
    }
}

/// The shifts of some stations.
pub(super) fn shifts_of<'a>(shifts: &'a [ShiftSums], stations: &[String]) -> Vec<&'a ShiftSums> {
    shifts.iter().filter(|sums| stations.contains(&sums.shift.station)).collect()
}

/// Numbers of each site, and what keeps the sites together from being enough.
fn tell(result: &mut EndpointResult, found: &[OfSite<'_>], asked: &Asked) {
    let units: u64 = found.iter().map(|site| site.share.units).sum();
    result.numbers = numbers(&[("sites", float(found.len() as u64)), ("units", float(units))]);
    for site in found {
        let name = &site.site.name;
        result.numbers.insert(format!("site.{name}.lower"), site.lower);
        result.numbers.insert(format!("site.{name}.estimate"), site.share.estimate);
        result.numbers.insert(format!("site.{name}.units"), float(site.share.units));
        result.numbers.insert(format!("site.{name}.shifts"), float(site.shifts.len() as u64));
        let part = float(site.share.units) / float(units.max(1));
        if part > asked.share_at_most {
            let allowed = percent(asked.share_at_most);
            hold_for(result, format!("site `{name}` holds {} of all units, and {allowed} are allowed", percent(part)));
        }
    }
    // OK to compare: a count of shifts.
    let full = found.iter().filter(|site| site.shifts.len() >= asked.shifts_min as usize).count();
    if full < asked.full_sites_min as usize {
        hold_for(result, format!("{full} of {} sites with {} shifts", asked.full_sites_min, asked.shifts_min));
    }
}

/// Lets each site take from the others, at a discount and under a cap.
fn borrow(found: &mut [OfSite<'_>], case: &Case<'_>, level: Level) {
    let whole = |share: &Share| {
        let units = libm::floor(share.effective_units);
        (libm::floor(units * share.estimate + 1e-9), units)
    };
    let floor = case.frozen.protocol.endpoints.exposure.as_ref().map_or(0, |asked| asked.units_min);
    let counts: Vec<(f64, f64)> = found.iter().map(|site| whole(&site.share)).collect();
    let number = found.len() as u64;
    for (at, site) in found.iter_mut().enumerate() {
        // Half of a site's part of the gate's units must be its own.
        if 2 * site.share.units * number < floor {
            continue;
        }
        let others = counts.iter().enumerate().filter(|(other, _)| *other != at);
        let (successes, trials) = others.fold((0.0, 0.0), |sum, (_, it)| (sum.0 + it.0, sum.1 + it.1));
        let changed = u32::try_from(site.site.changed.len()).unwrap_or(u32::MAX);
        // OK to cast: whole numbers from 0 to a number of units.
        let own = (counts[at].0 as u64, counts[at].1 as u64);
        let source = Counts { successes, trials };
        if let Ok(borrowed) = power_prior(own, source, changed, 1.0, level.confidence, Side::Lower) {
            site.lower = borrowed.interval.lower.unwrap_or(site.lower).max(site.lower);
        }
    }
}

/// The rhythm of each site against people there.
fn rhythm(result: &mut EndpointResult, case: &Case<'_>, found: &[OfSite<'_>], margin: f64, level: Level) {
    for site in found {
        let human = means(shifts_of(case.human, &site.site.stations));
        let test = noninferiority(&means(site.shifts.iter().copied()), &human, margin, level.confidence, Side::Upper);
        let name = &site.site.name;
        match test.map(|test| test.interval.upper.unwrap_or(f64::INFINITY)) {
            Ok(upper) => {
                result.numbers.insert(format!("site.{name}.takt_ratio_upper"), upper);
                if upper > 1.0 + margin {
                    hold_for(
                        result,
                        format!(
                            "takts at `{name}` at most {upper:.3} times people's, and {:.3} is asked",
                            1.0 + margin
                        ),
                    );
                }
            }
            Err(error) => hold_for(result, format!("takts at `{name}`: {error}")),
        }
    }
}

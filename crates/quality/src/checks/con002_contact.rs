//! ## What it does
//!
//! Compares tactile sensors with force sensors: a sample of touch is in contact when the mean of its taxels is a fifth of
//! its range above its usual level, and of force when it is `contact_n` above. If they disagree in more than
//! `disagree_share_max` of the samples in which either is in contact, it is reported. A tactile sensor whose contacts do
//! not stand out from its noise is left alone.
//!
//! ## Why it matters
//!
//! Force without touch means that something else carries the load, or a dead sensor; touch without force means crosstalk or
//! a wrong scale. Policies that fuse the two learn to ignore both.
//!
//! ## Example
//!
//! ```text
//! CON002 `/tactile` and `/wrench` disagree in 81 % of the contacts: 0.40 s of force alone, 3.10 s of touch alone (limit 50 %)
//! ```

use prairie_model::{Dimension, Severity, StreamKind};

use super::at_end;
use crate::check::{Check, CheckDoc, Context, Family, Limit, Settings};
use crate::outcome::Outcome;
use crate::track::Track;

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "CON002",
        name: "contact without force",
        family: Family::Con,
        dimension: Dimension::Consistency,
        severity: Severity::Warning,
        needs: &[],
        summary: "touch and force disagree about contact",
        limits: &[
            Limit {
                key: "disagree_share_max",
                default: 0.5,
                unit: "",
                meaning: "share of the contact in which only one of the two is in contact",
            },
            Limit { key: "contact_n", default: 3.0, unit: "N", meaning: "force above the usual that is a contact" },
        ],
        source: include_str!("con002_contact.rs"),
    },
    start: |settings| at_end(settings, judge),
};

fn judge(settings: &Settings, context: &Context<'_>, out: &mut Outcome) {
    let (limit, contact_n) = (settings.limit("disagree_share_max"), settings.limit("contact_n"));
    for (_, force, wrench) in context.scene.tracks(StreamKind::Wrench) {
        let norm = |row: &[f64]| libm::sqrt(row.iter().take(3).map(|f| f * f).sum::<f64>());
        let forces: Vec<f64> = wrench.rows().map(|(_, row)| norm(row)).collect();
        let Some(usual_n) = quantile(&forces, 0.1) else { continue };
        for (_, touch, taxels) in context.scene.tracks(StreamKind::Tactile) {
            let Some((levels, bound)) = contacts(taxels) else { continue };
            let (mut alone, mut by_force, mut by_touch) = (0_u64, 0_u64, 0_u64);
            for ((t, _), level) in taxels.rows().zip(&levels) {
                let Some(at) = wrench.at(t) else { continue };
                match (forces[at] > usual_n + contact_n, *level > bound) {
                    (true, true) => alone += 1,
                    (true, false) => by_force += 1,
                    (false, true) => by_touch += 1,
                    (false, false) => {}
                }
            }
            out.applies();
            let either = alone + by_force + by_touch;
            let share = (by_force + by_touch) as f64 / either.max(1) as f64;
            if share > limit && either >= 10 {
                let seconds = |n: u64| n as f64 * taxels.period_s().unwrap_or_default();
                out.report().stream(&touch.name).measured(share, limit, "").message(format!(
                    "`{}` and `{}` disagree in {:.0} % of the contact: {:.2} s of force alone, {:.2} s of touch alone (limit {:.0} %)",
                    touch.name,
                    force.name,
                    share * 100.0,
                    seconds(by_force),
                    seconds(by_touch),
                    limit * 100.0
                ));
            }
        }
    }
}

/// The mean of the taxels per row, and the level above which it is contact; `None` where no contact stands out.
fn contacts(taxels: &Track) -> Option<(Vec<f64>, f64)> {
    let levels: Vec<f64> = taxels.rows().map(|(_, row)| row.iter().sum::<f64>() / row.len().max(1) as f64).collect();
    let [low, middle, high] = [0.1, 0.5, 0.99].map(|share| quantile(&levels, share));
    let (low, middle, high) = (low?, middle?, high?);
    // Of pure noise the 99th percentile is 2.8 times as far from the tenth as the median is.
    let stands_out = high - low > 5.0 * (middle - low) && high > low;
    stands_out.then_some((levels, low + (high - low) * 0.2))
}

/// The quantile of the values that are numbers, nearest rank.
fn quantile(values: &[f64], share: f64) -> Option<f64> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    // OK to cast: at most the number of values.
    sorted.get(((sorted.len() as f64 * share) as usize).min(sorted.len().saturating_sub(1))).copied()
}

//! # What it asks
//!
//! Whether the work is still done under the conditions that the evidence is about: the stability index of the strata must
//! stay at or below 0.2.
//!
//! # Why
//!
//! What was shown in summer with small parts says little about winter with large ones. Where the mix of conditions has
//! moved, the evidence of the strata expires, and somebody must look again.
//!
//! # Formula and source
//!
//! `PSI = Σ (q − p)·ln(q/p)` over the strata of the task book and the units that fit none, with `p` the shares when
//! promoted and `q` since (Siddiqi, Credit Risk Scorecards, 2006; 0.1 is a small change, 0.2 a large one).
//!
//! # Example
//!
//! ```text
//! drift        stability index 0.041, at most 0.20; `large` went from 30.0 % to 34.1 %
//! ```

use super::{Stream, Watch, Watched};
use crate::evidence::{NO_STRATUM, ShiftSums};
use crate::stats::regularity::population_stability;

/// Above this the mix has changed.
const MOST: f64 = 0.2;

/// The mix of conditions since the promotion.
#[derive(Debug)]
pub(super) struct Drift;

impl Watch for Drift {
    fn name(&self) -> &'static str {
        "drift"
    }

    fn watch(&self, stream: &Stream<'_>) -> Watched {
        let strata = &stream.frozen.protocol.strata;
        if strata.is_empty() {
            return Watched::unknown(
                self,
                "the task book declares no strata: nobody can tell whether conditions moved",
            );
        }
        let (before, since) = (mix(stream.promoted, strata.len()), mix(stream.since, strata.len()));
        if since.iter().sum::<u64>() == 0 {
            return Watched::quiet(self, "no unit since the promotion");
        }
        let index = match population_stability(&before, &since) {
            Ok(index) => index,
            Err(error) => return Watched::unknown(self, error.to_string()),
        };
        let share = |counts: &[u64], at: usize| {
            // OK to cast: counts of units.
            counts[at] as f64 / counts.iter().sum::<u64>().max(1) as f64
        };
        let moved = |at: usize| (share(&since, at) - share(&before, at)).abs();
        let most = (0..before.len()).max_by(|a, b| moved(*a).total_cmp(&moved(*b)).then(b.cmp(a))).unwrap_or(0);
        let name = strata.get(most).map_or("units that fit no stratum", |stratum| stratum.name.as_str());
        let mut watched = Watched::quiet(
            self,
            format!(
                "stability index {index:.3}, at most {MOST:.2}; `{name}` went from {:.1} % to {:.1} %",
                100.0 * share(&before, most),
                100.0 * share(&since, most)
            ),
        );
        watched.tell("psi", index);
        if index > MOST {
            watched.expired = Some(format!(
                "the mix of conditions has moved (stability index {index:.2}): evidence of the strata expires"
            ));
        }
        watched
    }

    fn source(&self) -> &'static str {
        include_str!("drift.rs")
    }
}

/// Units per stratum, and of none.
fn mix(shifts: &[ShiftSums], strata: usize) -> Vec<u64> {
    let mut counts = vec![0; strata + 1];
    for cell in shifts.iter().flat_map(|sums| &sums.cells) {
        let at = if cell.stratum == NO_STRATUM { strata } else { usize::from(cell.stratum).min(strata) };
        counts[at] += cell.units;
    }
    counts
}

//! # What it asks
//!
//! Drills of a mission that were completed: rescue, emergency, disaster. Each begins from a state that was drawn by lot;
//! the share must be at least `at_least` by the exact interval.
//!
//! # Why
//!
//! Missions are rare, and no shift is like another. A drill that its crew has not seen before is the unit here; one that
//! was rehearsed is a show.
//!
//! # Formula and source
//!
//! As of `trials`. With `lot.drawn_shifts_only` only drills of shifts that an auditor drew count. Where people did drills
//! of the same kind, Boschloo's exact test of both shares is told beside it (Statistica Neerlandica 24, 1970).
//!
//! # Example
//!
//! ```text
//! drills   59 of 60 drills good in 12 sessions: 98.3 %, lower bound 90.3 % at 98.8 % (exact)
//! ```

use super::trials::judge_trials;
use super::{Case, Endpoint, float};
use crate::stats::two_proportions::{Alternative, Arms, EXACT_TRIALS_MAX, boschloo};
use crate::verdict::EndpointResult;

/// Drills that were completed.
#[derive(Debug)]
pub(super) struct Drills;

impl Endpoint for Drills {
    fn name(&self) -> &'static str {
        "drills"
    }

    fn judge(&self, case: &Case<'_>) -> Option<EndpointResult> {
        let asked = case.frozen.protocol.endpoints.drills.as_ref()?;
        let mut result = judge_trials(self, case, asked, "drills");
        against_people(&mut result, case);
        Some(result)
    }

    fn source(&self) -> &'static str {
        include_str!("drills.rs")
    }
}

/// Tells how likely so few drills are where people are no better.
fn against_people(result: &mut EndpointResult, case: &Case<'_>) {
    let people: Vec<bool> = case.human.iter().flat_map(|sums| &sums.trials).map(|trial| trial.good).collect();
    let robots = super::trials::trials_of(case);
    let (n1, n2) = (robots.len() as u64, people.len() as u64);
    if n1 == 0 || n2 == 0 || n1.max(n2) > EXACT_TRIALS_MAX {
        return;
    }
    let x1 = robots.iter().filter(|trial| trial.good).count() as u64;
    let x2 = people.iter().filter(|good| **good).count() as u64;
    let Ok(p) = boschloo(Arms { x1, n1, x2, n2 }, Alternative::Less) else { return };
    result.numbers.insert("people_good".to_owned(), float(x2));
    result.numbers.insert("people_drills".to_owned(), float(n2));
    result.numbers.insert("worse_than_people_p".to_owned(), p);
    result
        .notes
        .push(format!("people completed {x2} of {n2} drills; that robots complete fewer has p {p:.3} (Boschloo)"));
}

//! # What it does
//!
//! Counts the protocols that were frozen for some of the same stations and the same gate, under whatever name of a scenario,
//! up to this one. Each is an attempt; the alpha of attempt `j` is `6α/(π²j²)` of what one attempt may spend. Where more
//! attempts were registered than this protocol spends alpha for, the control fails.
//!
//! # What it can show
//!
//! That nobody tried under several names until one passed, as far as the ledger of this store knows.
//!
//! # What it cannot show
//!
//! Attempts in another store, or without any protocol. An independent counter at the station shows that there was work, not
//! what it was for. Two kinds of work at one station look like two attempts at one: a task book may leave the control out.
//!
//! # Example
//!
//! ```text
//! attempts  fail  3 protocols were frozen for these stations and this gate, and this one spends alpha for attempt 1
//! ```

use super::{Control, ControlState, Found};
use crate::endpoint::Case;
use crate::verdict::Decision;

/// The retry ledger.
#[derive(Debug)]
pub(super) struct Attempts;

impl Control for Attempts {
    fn name(&self) -> &'static str {
        "attempts"
    }

    fn summary(&self) -> &'static str {
        "every attempt at this gate spends its own share of alpha"
    }

    fn source(&self) -> &'static str {
        include_str!("attempts.rs")
    }

    fn failing(&self) -> Decision {
        Decision::Hold
    }

    fn look(&self, case: &Case<'_>) -> Found {
        let Some(registered) = &case.evidence.witness.registered else {
            return Found::unknown("nobody looked up what else was frozen for these stations");
        };
        let gate = case.frozen.protocol.gate.name();
        let before = registered
            .iter()
            .filter(|each| each.gate == gate && (each.frozen < case.frozen.frozen || each.hash == case.frozen.hash));
        let attempts = (before.count() as u64).max(1);
        let spent = u64::from(case.frozen.attempt);
        let state = if attempts > spent { ControlState::Fail } else { ControlState::Pass };
        Found::of(
            state,
            match attempts {
                1 => format!("no other protocol was frozen for these stations and this gate: attempt {spent}"),
                _ => format!(
                    "{attempts} protocols were frozen for these stations and this gate, and this one spends alpha for attempt {spent}"
                ),
            },
        )
        .count("registered", attempts)
        .count("attempt", spent)
        .number("alpha", case.look.alpha_of_attempt)
        .missing(format!("a new protocol under the name of the first, which spends alpha for attempt {}", attempts + 1))
    }
}

//! # What it asks
//!
//! Randomised trials in a laboratory: at least 200 of them in 4 sessions on 2 days, and a share of good ones of at least 90 %
//! by the exact interval of Clopper and Pearson at 95 %, over looks after 4, 6 and 8 sessions. The task book says in `[lot]`
//! how the state from which each trial begins is drawn.
//!
//! # Why
//!
//! Only where every trial begins from a state drawn by lot are trials independent, and only then may units be counted one by
//! one. On a shop floor the same test promotes falsely in a quarter of all cases at an ICC of 0.02, and in half at 0.05; so
//! it is refused there.
//!
//! # Formula and source
//!
//! `lower = BetaInv(α; s, n − s + 1)` (Clopper and Pearson, Biometrika 26, 1934), alpha spent over looks by the
//! O'Brien–Fleming form of Lan and DeMets (Biometrika 70, 1983).
//!
//! # Example
//!
//! ```text
//! trials   196 of 200 trials good: 98.0 %, lower bound 95.5 % at 95.0 % (exact)
//! ```

use super::{Gate, GateRules, exposure, trials};
use crate::protocol::{Endpoints, Family};

/// Randomised trials in a laboratory.
#[derive(Debug)]
pub(super) struct Lab;

impl GateRules for Lab {
    fn gate(&self) -> Gate {
        Gate::Lab
    }

    fn defaults(&self, _family: Family) -> Endpoints {
        Endpoints { exposure: exposure(4, 2, 1, 200), trials: trials(0.90, 200, &[4, 6, 8]), ..Endpoints::default() }
    }

    fn source(&self) -> &'static str {
        include_str!("lab.rs")
    }
}

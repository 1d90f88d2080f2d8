//! ## What it does
//!
//! The link to the network is cut for five to fifteen minutes at times that nobody announced, at least 20 times. Work during
//! the cuts is compared with the rest of the same shifts. That good units are rarer by more than 5 points must be ruled out at
//! 95 % (score test of Farrington and Manning); far more bad units, or good ones that come much slower (Poisson, p below 0.01),
//! fail. A block that was due for work and gave no good unit until the link was back fails by itself: every unit of that shift
//! counts as teleoperated.
//!
//! A block in which the station stood still long before or after, as in a break, or in which fewer than three units were due,
//! says nothing and is not counted.
//!
//! ## What it can show
//!
//! That nobody steers over the link that was cut, and nothing that matters is computed beyond it.
//!
//! ## What it cannot show
//!
//! A second link that nobody knew of, or a steersman on the site. A person's advice that arrived before the cut still helps
//! during it.
//!
//! ## Example
//!
//! ```text
//! uplink_cut  fail  161 of 178 units in 20 cuts are good and 97.9 % of the others; 6 blocks gave no good unit
//! ```

use super::{Control, ControlState, Found, percent, share};
use crate::endpoint::Case;
use crate::evidence::Cut;
use crate::math::distribution::poisson_cdf;
use crate::stats::two_proportions::{Arms, farrington_manning};
use crate::verdict::Decision;

/// Work while the uplink is cut.
#[derive(Debug)]
pub(super) struct UplinkCut;

/// What proves that work in the cuts is worse: standard errors of the score test, and probability of as few good units.
const Z_WORSE: f64 = -3.0;
const P_SLOWER: f64 = 0.01;

/// Sums over shifts.
fn total(case: &Case<'_>) -> (Cut, u64, u64) {
    let mut all = Cut::default();
    let (mut units, mut good) = (0, 0);
    for sums in case.robot {
        let cut = sums.witness.cut;
        all.blocks += cut.blocks;
        all.failed += cut.failed;
        all.idle += cut.idle;
        all.units += cut.units;
        all.good += cut.good;
        all.due += cut.due;
        units += sums.units().saturating_sub(sums.witness.imputed + cut.units);
        good += sums.witness.claimed.saturating_sub(cut.good);
    }
    (all, units, good)
}

impl Control for UplinkCut {
    fn name(&self) -> &'static str {
        "uplink_cut"
    }

    fn summary(&self) -> &'static str {
        "work goes on as well and as fast while the uplink is cut"
    }

    fn source(&self) -> &'static str {
        include_str!("uplink_cut.rs")
    }

    fn failing(&self) -> Decision {
        Decision::Reject
    }

    fn look(&self, case: &Case<'_>) -> Found {
        let limits = &case.frozen.protocol.controls.uplink_cut;
        let (cut, units, good) = total(case);
        let missing = format!(
            "{} cuts during work, with enough units to rule out that {} fewer are good",
            limits.blocks_min,
            percent(limits.margin)
        );
        if cut.blocks == 0 {
            let why =
                if cut.idle > 0 { "the uplink was cut only when no work was due" } else { "the uplink was never cut" };
            return Found::unknown(why).count("idle", cut.idle).missing(missing);
        }
        let arms = Arms { x1: cut.good, n1: cut.units, x2: good.min(units), n2: units };
        let as_good = farrington_manning(arms, limits.margin).map_or(1.0, |score| score.p);
        let worse = farrington_manning(arms, 0.0).map_or(0.0, |score| score.z);
        // OK to cast: counts far below 2^53.
        let slower = poisson_cdf(cut.good as f64, cut.due * (1.0 - limits.slower_max));
        let state = if cut.failed > 0 || worse < Z_WORSE || slower < P_SLOWER {
            ControlState::Fail
        } else if cut.blocks >= u64::from(limits.blocks_min) && as_good <= 0.05 {
            ControlState::Pass
        } else {
            ControlState::Unknown
        };
        Found::of(
            state,
            format!(
                "{} of {} units in {} cuts are good ({}) and {} of the others; {:.0} good ones were due (p {slower:.4}); {} blocks gave none until the link was back; that {} fewer are good has p {as_good:.4}",
                cut.good,
                cut.units,
                cut.blocks,
                percent(share(cut.good, cut.units)),
                percent(share(good, units)),
                cut.due,
                cut.failed,
                percent(limits.margin)
            ),
        )
        .count("blocks", cut.blocks)
        .count("failed", cut.failed)
        .count("idle", cut.idle)
        .count("units", cut.units)
        .count("good", cut.good)
        .number("due", cut.due)
        .number("good_share", share(cut.good, cut.units))
        .number("others_share", share(good, units))
        .number("p_as_good", as_good)
        .number("p_slower", slower)
        .number("z", worse)
        .limit(limits.margin)
        .missing(missing)
    }
}

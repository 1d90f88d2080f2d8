//! What a task book may ask, endpoint by endpoint.

use serde::{Deserialize, Serialize};

use crate::bound::Confidence;

/// Declares the endpoints once: their table in task books, how defaults fill it in, and how one is left out.
macro_rules! endpoints {
    ($($(#[$doc:meta])* $name:ident: $asked:ty,)*) => {
        /// What is tested. An endpoint that is `None` is not asked for; the gate's defaults say which are.
        #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct Endpoints {
            $($(#[$doc])* #[serde(default, skip_serializing_if = "Option::is_none")] pub $name: Option<$asked>,)*
        }

        impl Endpoints {
            /// Every endpoint's name.
            pub const NAMES: &[&str] = &[$(stringify!($name)),*];

            /// These, and for those that are not asked for, `defaults`.
            pub fn or(self, defaults: Self) -> Self {
                Self { $($name: self.$name.or(defaults.$name),)* }
            }

            /// Leaves out the endpoint of that name; false where there is none of it.
            pub fn leave_out(&mut self, name: &str) -> bool {
                $(if name == stringify!($name) { self.$name = None; return true; })*
                false
            }

            /// Whether the endpoint of that name is asked for.
            pub fn asks(&self, name: &str) -> bool {
                $(if name == stringify!($name) { return self.$name.is_some(); })*
                false
            }
        }
    };
}

endpoints! {
    /// Takts that are no longer than the target.
    adherence: Adherence,
    /// Units that were done with a person's help.
    assistance: ShareAtMost,
    /// Share of scheduled time in which the station could work.
    availability: Share,
    /// Time to complete a drill.
    completion: Completion,
    /// Drills that were completed.
    drills: Trials,
    /// What a good unit costs, and whether the robot pays.
    economics: Economics,
    /// Overall equipment effectiveness, of autonomous seconds only.
    effectiveness: Effectiveness,
    /// Good units per hour, against people.
    efficiency: Efficiency,
    /// How much there must be to look at.
    exposure: Exposure,
    /// Sound pieces that were called defective.
    false_alarms: Judged,
    /// Hours between failures of the hardware.
    hardware: Hours,
    /// Hours between interventions.
    interventions: Hours,
    /// Defective pieces that were passed.
    missed_defects: Judged,
    /// Good units, against the release before.
    previous: Previous,
    /// Good units, against people.
    quality: Quality,
    /// Seconds from good unit to good unit, against people.
    rhythm: Rhythm,
    /// Hours between safety stops.
    safety: Hours,
    /// Every site by itself.
    sites: Sites,
    /// Hours between failures of the software.
    software: Hours,
    /// Whether the rhythm stays the same over a shift.
    steadiness: Steadiness,
    /// Good units among all.
    success: Success,
    /// The slow end of the rhythm, against people.
    takt_tail: TaktTail,
    /// A site that nobody has seen yet.
    transfer: Transfer,
    /// Randomised trials in a laboratory.
    trials: Trials,
}

impl Endpoints {
    /// The numbers of shifts after which data may be looked at, of the endpoint that declares them.
    pub fn looks(&self) -> Option<&[u32]> {
        let success = self.success.as_ref().map(|asked| asked.looks.as_slice());
        let trials = self.trials.as_ref().or(self.drills.as_ref()).map(|asked| asked.looks.as_slice());
        let previous = self.previous.as_ref().map(|asked| asked.looks.as_slice());
        success.or(trials).or(previous)
    }
}

/// How much there must be to look at.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exposure {
    /// Shifts in which robots were to work.
    pub shifts_min: u32,
    /// Calendar days on which they did.
    pub days_min: u32,
    /// Robots that did.
    pub robots_min: u32,
    /// Units.
    pub units_min: u64,
    /// Sites; several stations may be one.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub sites_min: u32,
    /// Drills in which another robot takes the place of one.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub swaps_min: u32,
    /// Drills in which the software goes back to the release before.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub rollbacks_min: u32,
    /// Seasons of the year: quarters that begin in December, March, June and September.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub seasons_min: u32,
}

// Serde asks for a reference.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// Good units among all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Success {
    /// The bound must be at least this.
    pub at_least: f64,
    /// Confidence of the bound, over all looks together.
    #[serde(default)]
    pub confidence: Confidence,
    /// Every stratum's own bound must be at least this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stratum_at_least: Option<f64>,
    /// Confidence of the bound of a stratum.
    #[serde(default = "eighty")]
    pub stratum_confidence: Confidence,
    /// Whether the last third of the shifts must hold `at_least` by itself, at 80 %: a mean hides what got worse.
    #[serde(default = "yes")]
    pub last_third: bool,
    /// Numbers of shifts after which the data may be looked at. The last is the end.
    pub looks: Vec<u32>,
}

/// Good units, against people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quality {
    /// Robots' share of good units may be lower by this: 0.02 is two percentage points.
    pub margin: f64,
    /// Confidence of the bound on the difference.
    #[serde(default)]
    pub confidence: Confidence,
}

/// This release against another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Previous {
    /// Hash of the other release. Its units count for the comparison only, also those from before the freeze.
    pub release: String,
    /// The share of good units may be lower by this.
    pub margin: f64,
    /// Takts may be longer by this share.
    pub takt_margin: f64,
    /// Confidence of both bounds.
    #[serde(default)]
    pub confidence: Confidence,
    /// Shifts on either side.
    #[serde(default = "ten")]
    pub shifts_min: u32,
    /// Numbers of shifts after which the data may be looked at, where no other endpoint declares them.
    #[serde(default = "bridge_looks")]
    pub looks: Vec<u32>,
}

/// Seconds from good unit to good unit, against people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rhythm {
    /// Robots may be slower by this share: 0.15 is fifteen percent.
    pub margin: f64,
    /// Confidence of the bound on the ratio.
    #[serde(default)]
    pub confidence: Confidence,
    /// Shifts on either side.
    #[serde(default = "ten")]
    pub shifts_min: u32,
}

/// The slow end of the rhythm, against people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaktTail {
    /// The ratio of the quantiles may be this at most.
    pub at_most: f64,
    /// Which quantile.
    #[serde(default = "ninety_five")]
    pub quantile: f64,
    /// Confidence of the bound on the ratio.
    #[serde(default)]
    pub confidence: Confidence,
    /// Replicates of the bootstrap of whole shifts.
    #[serde(default = "replicates")]
    pub replicates: u32,
}

/// Takts that are no longer than the target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Adherence {
    /// The bound must be at least this.
    pub at_least: f64,
    /// Seconds from good unit to good unit that are allowed; left out, those that people keep in 95 of 100 units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_s: Option<f64>,
    /// Confidence of the bound.
    #[serde(default)]
    pub confidence: Confidence,
}

/// Whether the rhythm stays the same over a shift.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Steadiness {
    /// Takts of the last hour by those of the first may be this at most.
    pub at_most: f64,
    /// Confidence of the bound on the ratio.
    #[serde(default)]
    pub confidence: Confidence,
}

/// Good units per hour, against people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Efficiency {
    /// The gain must be at least this: −0.10 is ten percent less than people, 0 as much as they.
    pub at_least: f64,
    /// Confidence of the bound.
    #[serde(default)]
    pub confidence: Confidence,
}

/// Overall equipment effectiveness, of autonomous seconds only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Effectiveness {
    /// The bound must be at least this.
    pub at_least: f64,
    /// Seconds per unit as planned.
    pub planned_s: f64,
    /// Confidence of the bound.
    #[serde(default)]
    pub confidence: Confidence,
}

/// Hours between events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// The bound must be at least this.
    pub at_least_h: f64,
    /// Confidence of the bound.
    #[serde(default)]
    pub confidence: Confidence,
}

/// A share of time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// The bound must be at least this.
    pub at_least: f64,
    /// Confidence of the bound.
    #[serde(default)]
    pub confidence: Confidence,
}

/// A share of units that must be small.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShareAtMost {
    /// The bound must be at most this.
    pub at_most: f64,
    /// Confidence of the bound.
    #[serde(default)]
    pub confidence: Confidence,
}

/// A share of wrong calls, by itself and against people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judged {
    /// The bound must be at most this.
    pub at_most: f64,
    /// The share may be larger than people's by this; left out, people are not compared with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin: Option<f64>,
    /// Confidence of both bounds.
    #[serde(default)]
    pub confidence: Confidence,
    /// Pieces of that kind that must have been judged.
    #[serde(default = "pieces")]
    pub pieces_min: u64,
}

/// Trials that are independent, because each began from a state that was drawn by lot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trials {
    /// The bound must be at least this.
    pub at_least: f64,
    /// Confidence of the bound.
    #[serde(default)]
    pub confidence: Confidence,
    /// How trials are counted.
    #[serde(default)]
    pub method: TrialsMethod,
    /// Trials that there must be.
    #[serde(default)]
    pub trials_min: u64,
    /// Numbers of sessions (shifts) after which the data may be looked at. The last is the end.
    pub looks: Vec<u32>,
}

/// How independent trials are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrialsMethod {
    /// The interval of Clopper and Pearson at each declared look.
    #[default]
    Exact,
    /// A mixture e-process, which may be looked at after every session.
    Sequential,
}

/// Time to complete a drill.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Completion {
    /// This share of drills is to be completed …
    #[serde(default = "ninety")]
    pub quantile: f64,
    /// … within so many seconds. A drill that failed was never completed.
    pub within_s: f64,
    /// Confidence of the bound.
    #[serde(default)]
    pub confidence: Confidence,
}

/// What a good unit costs, and whether the robot pays.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Economics {
    /// The share of replicates whose net present value is above zero must be at least this.
    pub npv_positive_at_least: f64,
    /// In at least 90 of 100 replicates a good unit must be cheaper than by people.
    #[serde(default)]
    pub saving: bool,
    /// In at least 80 of 100 replicates the investment must be paid back after so many months.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payback_months: Option<f64>,
    /// Whether availability, interventions, good units and people's minutes must all be measured.
    #[serde(default = "yes")]
    pub measured_only: bool,
    /// Replicates of the bootstrap of whole shifts.
    #[serde(default = "replicates")]
    pub replicates: u32,
}

/// Every site by itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sites {
    /// Every site's bound of success must be at least this.
    pub at_least: f64,
    /// Confidence of the bound of one site.
    #[serde(default = "ninety_confident")]
    pub confidence: Confidence,
    /// At every site robots may be slower than people by this share; left out, sites' rhythm is not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rhythm_margin: Option<f64>,
    /// No site may hold more than this share of all units.
    #[serde(default = "four_tenths")]
    pub share_at_most: f64,
    /// So many sites must have `shifts_min` shifts.
    #[serde(default = "three")]
    pub full_sites_min: u32,
    /// Shifts of a site that is seen fully.
    #[serde(default = "twenty")]
    pub shifts_min: u32,
    /// Whether a site may borrow from the others, at a discount, and never more than it has of its own.
    #[serde(default)]
    pub borrow: bool,
}

/// A site that nobody has seen yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transfer {
    /// The prediction's lower bound must be at least this.
    pub at_least: f64,
    /// Confidence of the prediction.
    #[serde(default)]
    pub confidence: Confidence,
    /// Sites that there must be: with fewer than five the spread between them is hardly known.
    #[serde(default = "five")]
    pub sites_min: u32,
}

fn yes() -> bool {
    true
}

fn three() -> u32 {
    3
}

fn five() -> u32 {
    5
}

fn ten() -> u32 {
    10
}

fn twenty() -> u32 {
    20
}

fn bridge_looks() -> Vec<u32> {
    vec![10]
}

fn pieces() -> u64 {
    // 29 without an error show 0.90 at 95 %.
    29
}

fn replicates() -> u32 {
    10_000
}

fn four_tenths() -> f64 {
    0.4
}

fn ninety() -> f64 {
    0.90
}

fn ninety_five() -> f64 {
    0.95
}

fn eighty() -> Confidence {
    // OK: 0.80 lies between 0 and 1.
    Confidence::new(0.80).unwrap_or_default()
}

fn ninety_confident() -> Confidence {
    // OK: 0.90 lies between 0 and 1.
    Confidence::new(0.90).unwrap_or_default()
}

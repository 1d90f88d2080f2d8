//! What a protocol asks of the controls against a staged show.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Protocol, ProtocolError};
use crate::control;
use crate::gate::Gate;

/// Which controls must pass, and their limits. Left out: the gate's.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Controls {
    /// Names of the controls without which nothing is promoted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required: Option<Vec<String>>,
    /// Limits of `calendar`.
    pub calendar: Calendar,
    /// Limits of `conditions`.
    pub conditions: Conditions,
    /// Limits of `counter`.
    pub counter: Counter,
    /// Limits of `coverage`.
    pub coverage: Coverage,
    /// Limits of `drawn_shifts`.
    pub drawn_shifts: DrawnShifts,
    /// Limits of `human_baseline`.
    pub human_baseline: HumanBaseline,
    /// Limits of `labels`.
    pub labels: Labels,
    /// Limits of `overlap`.
    pub overlap: Overlap,
    /// Limits of `perturbation`.
    pub perturbation: Perturbation,
    /// Limits of `reexecution`.
    pub reexecution: Reexecution,
    /// Limits of `regularity`.
    pub regularity: Regularity,
    /// Limits of `releases`.
    pub releases: Releases,
    /// Limits of `replay`.
    pub replay: Replay,
    /// Limits of `staffing`.
    pub staffing: Staffing,
    /// Limits of `uplink_cut`.
    pub uplink_cut: UplinkCut,
}

/// Defines limits with their defaults in one place.
macro_rules! limits {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $kind:ty = $default:expr,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $kind,)*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }
    };
}

limits! {
    /// Every scheduled shift counts.
    Calendar {
        /// Units that may pass the counter outside of scheduled shifts, as a share of all.
        unscheduled_max: f64 = 0.02,
        /// Shifts of robots that were agreed per week and station; without it nobody can tell whether one was left out.
        shifts_per_week: Option<f64> = None,
    }
}

limits! {
    /// Conditions as they occur.
    Conditions {
        /// What the shares of strata, seen and declared, must have in common.
        overlap_min: f64 = 0.8,
        /// Kish's effective share of the units that must be left after weighting.
        effective_share_min: f64 = 0.5,
        /// Share of units whose condition an independent sensor sees otherwise, that must be ruled out at 95 %.
        mislabelled_max: f64 = 0.05,
    }
}

limits! {
    /// The log against the independent counter.
    Counter {
        /// Units by which they may differ, as a share, before what is missing counts as bad.
        impute_above: f64 = 0.005,
        /// The same, before the control fails.
        fail_above: f64 = 0.02,
        /// Share of worked shifts for which the counter must have been read at both ends.
        read_min: f64 = 0.95,
    }
}

limits! {
    /// The recorder's heartbeat.
    Coverage {
        /// Share of scheduled time in which it must have arrived.
        at_least: f64 = 0.995,
    }
}

limits! {
    /// Shifts drawn by lot.
    DrawnShifts {
        /// How many must have been drawn.
        shifts_min: u32 = 8,
        /// Share of all shifts that must have been drawn; `None`: 0.3 at the gates to `batch` and `sector`.
        share_min: Option<f64> = None,
    }
}

limits! {
    /// People's rhythm against their record.
    HumanBaseline {
        /// By what share people in the baseline may be slower than the station's record; more must be ruled out at 95 %.
        margin: f64 = 0.05,
    }
}

limits! {
    /// Outcomes looked at again.
    Labels {
        /// Share of false successes that must be ruled out at 95 %; `None`: 0.005 at the gates to `batch` and `sector`, half
        /// of the failures that the gate allows at the others.
        false_max: Option<f64> = None,
    }
}

limits! {
    /// Test against training.
    Overlap {
        /// A distance to the training data below this, by that within it, is a near-copy.
        train_ratio: f64 = 0.1,
        /// Share of near-copies that must be ruled out at 95 %.
        near_max: f64 = 0.05,
        /// Dataset versions that trained the release: `name@1`.
        datasets: Vec<String> = Vec::new(),
    }
}

limits! {
    /// Challenges: something is moved on purpose.
    Perturbation {
        /// How many there must be.
        challenges_min: u32 = 30,
        /// Good units under challenge that must be shown at 95 %.
        at_least: f64 = 0.8,
    }
}

limits! {
    /// Actions computed again by the attested release.
    Reexecution {
        /// Share of steps that must match, of each unit.
        matched_min: f64 = 0.999,
        /// Share of mismatched units that must be ruled out at 95 %.
        mismatched_max: f64 = 0.01,
    }
}

limits! {
    /// Outcomes that are too regular.
    Regularity {
        /// A log whose regularity is less probable than this fails.
        alpha: f64 = 0.001,
    }
}

limits! {
    /// Releases, and changes that nobody declared.
    Releases {
        /// Share of units in the run's shifts by other releases, or by none that is named.
        other_max: f64 = 0.005,
        /// A change between shifts that is less probable than this fails.
        alpha: f64 = 0.001,
    }
}

limits! {
    /// Movements that are repeated.
    Replay {
        /// Share of movements more alike than nature allows, that must be ruled out at 95 %.
        near_max: f64 = 0.05,
        /// Movement must depend on where the object is, with a p-value below this.
        p_max: f64 = 0.01,
    }
}

limits! {
    /// People near the station.
    Staffing {
        /// How many there are at most on average, as the task book says.
        people_max: Option<f64> = None,
    }
}

limits! {
    /// Work while the uplink is cut.
    UplinkCut {
        /// Blocks in which the station was due to work.
        blocks_min: u32 = 20,
        /// By how much good units may be rarer in them; more must be ruled out at 95 %.
        margin: f64 = 0.05,
        /// By what share good units may come slower in them.
        slower_max: f64 = 0.25,
    }
}

impl Controls {
    /// Whether a control must pass.
    pub fn is_required(&self, name: &str) -> bool {
        self.required.as_ref().is_some_and(|required| required.iter().any(|each| each == name))
    }

    /// Fills in what the gate asks for. `bridges`: whether a release is only compared with one that was judged; `lot`: whether
    /// every trial or drill is drawn by lot.
    pub(super) fn complete(
        mut self,
        gate: Gate,
        success_at_least: Option<f64>,
        strata: bool,
        bridges: bool,
        lot: bool,
    ) -> Self {
        let late = matches!(gate, Gate::Batch | Gate::Sector);
        if self.required.is_none() {
            let mut names: BTreeSet<&str> = ["attempts"].into();
            // The claims that a bridge carries over rest on controls of their own verdict.
            if !bridges {
                names.insert("releases");
            }
            names.extend(match gate {
                _ if bridges => &[][..],
                // Trials that are drawn by lot have no shifts to pick and no counter to agree with.
                Gate::Lab => &[],
                Gate::Pilot => &["reexecution"],
                // Drills are too rare for blocks of minutes, and their order is the lot's already.
                Gate::Verified if lot => &["calendar", "counter"],
                Gate::Verified => &["calendar", "counter", "drawn_shifts", "perturbation", "uplink_cut"],
                Gate::Batch | Gate::Sector => {
                    &["calendar", "counter", "coverage", "drawn_shifts", "labels", "perturbation", "uplink_cut"]
                }
            });
            if strata && !bridges {
                names.insert("conditions");
            }
            self.required = Some(names.into_iter().map(str::to_owned).collect());
        }
        self.drawn_shifts.share_min.get_or_insert(if late { 0.3 } else { 0.0 });
        let usual = if late { 0.005 } else { 0.5 * (1.0 - success_at_least.unwrap_or(0.95)) };
        self.labels.false_max.get_or_insert(usual);
        self
    }
}

/// Refuses names of controls that there are not, and limits that nothing or everything meets.
pub(super) fn validate(protocol: &Protocol) -> Result<(), ProtocolError> {
    let controls = &protocol.controls;
    let mut seen = BTreeSet::new();
    for name in controls.required.iter().flatten() {
        if control::find(name).is_none() {
            let known = control::CONTROLS.iter().map(|control| control.name()).collect::<Vec<_>>().join(", ");
            return Err(ProtocolError::Form(format!("there is no control `{name}`; there are {known}")));
        }
        if !seen.insert(name) {
            return Err(ProtocolError::Twice(name.clone()));
        }
    }
    let needs = [
        ("staffing", controls.staffing.people_max.is_none(), "`controls.staffing.people_max` is missing"),
        (
            "human_baseline",
            protocol.baseline.as_ref().and_then(|baseline| baseline.record_takt_s).is_none(),
            "`baseline.record_takt_s` is missing: the control `human_baseline` compares with it",
        ),
    ];
    if let Some((_, _, missing)) = needs.into_iter().find(|(name, lacks, _)| *lacks && controls.is_required(name)) {
        return Err(ProtocolError::Missing(missing));
    }
    limits_of(controls)
}

fn limits_of(controls: &Controls) -> Result<(), ProtocolError> {
    let share = "above 0 and below 1";
    let shares = [
        ("calendar.unscheduled_max", controls.calendar.unscheduled_max),
        ("conditions.overlap_min", controls.conditions.overlap_min),
        ("conditions.effective_share_min", controls.conditions.effective_share_min),
        ("conditions.mislabelled_max", controls.conditions.mislabelled_max),
        ("counter.impute_above", controls.counter.impute_above),
        ("counter.fail_above", controls.counter.fail_above),
        ("counter.read_min", controls.counter.read_min),
        ("coverage.at_least", controls.coverage.at_least),
        ("human_baseline.margin", controls.human_baseline.margin),
        ("labels.false_max", controls.labels.false_max.unwrap_or(0.01)),
        ("overlap.train_ratio", controls.overlap.train_ratio),
        ("overlap.near_max", controls.overlap.near_max),
        ("perturbation.at_least", controls.perturbation.at_least),
        ("reexecution.matched_min", controls.reexecution.matched_min),
        ("reexecution.mismatched_max", controls.reexecution.mismatched_max),
        ("regularity.alpha", controls.regularity.alpha),
        ("releases.other_max", controls.releases.other_max),
        ("releases.alpha", controls.releases.alpha),
        ("replay.near_max", controls.replay.near_max),
        ("replay.p_max", controls.replay.p_max),
        ("uplink_cut.margin", controls.uplink_cut.margin),
        ("uplink_cut.slower_max", controls.uplink_cut.slower_max),
    ];
    let within = |what: &str, found: f64, low: f64, high: f64, allowed| {
        super::validate::within(&format!("controls.{what}"), found, low, high, allowed)
    };
    for (what, found) in shares {
        within(what, found, 1e-9, 1.0 - 1e-9, share)?;
    }
    within("drawn_shifts.share_min", controls.drawn_shifts.share_min.unwrap_or(0.0), 0.0, 1.0, "from 0 to 1")?;
    let (impute, fail) = (controls.counter.impute_above, controls.counter.fail_above);
    within("counter.fail_above", fail, impute, 1.0, "at least `impute_above`")?;
    if let Some(shifts) = controls.calendar.shifts_per_week {
        within("calendar.shifts_per_week", shifts, 1e-3, 200.0, "above 0 and at most 200")?;
    }
    if let Some(people) = controls.staffing.people_max {
        within("staffing.people_max", people, 0.0, 1e3, "from 0 to 1,000")?;
    }
    for (what, least) in [
        ("drawn_shifts.shifts_min", controls.drawn_shifts.shifts_min),
        ("perturbation.challenges_min", controls.perturbation.challenges_min),
        ("uplink_cut.blocks_min", controls.uplink_cut.blocks_min),
    ] {
        within(what, f64::from(least), 1.0, 1e6, "at least 1")?;
    }
    Ok(())
}

//! After a promotion: what is watched, what an alarm leads to, and what a change of the robot voids.
//!
//! ```text
//!   shifts that were promoted ─┐
//!   shifts since ──────────────┼─▶ WATCHES ─▶ alarms, what expired ─▶ standing: stands, hold, demoted, rejected
//!   changes ───────────────────┴─▶ claims: kept, void until bridged
//! ```
//!
//! An alarm holds the stage until five more shifts confirm it; a second one within 30 days demotes the robot by one gate. What
//! is shown to be below the requirement is rejected at once. The head of each file is its page, as for endpoints.

mod age;
mod drift;
mod failures;
mod help;
mod requirement;
mod slower;

use std::collections::BTreeMap;

use prairie_model::{Hash256, Nanos};
use serde::{Deserialize, Serialize};

use crate::change::{self, Change, Claim};
use crate::evidence::{Evidence, ShiftSums};
use crate::gate::Gate;
use crate::protocol::Frozen;
use crate::verdict::Provenance;

/// Version of the form.
pub const MONITOR_SCHEMA: &str = "prairie/monitor/1";

/// Shifts that confirm after an alarm.
pub const CONFIRM_SHIFTS: usize = 5;

/// Days in which a second alarm demotes.
pub const SECOND_ALARM_DAYS: f64 = 30.0;

/// What is watched.
#[derive(Debug, Clone, Copy)]
pub struct Stream<'a> {
    /// The protocol of the promotion.
    pub frozen: &'a Frozen,
    /// Shifts that were promoted, by time.
    pub promoted: &'a [ShiftSums],
    /// Shifts since, by time.
    pub since: &'a [ShiftSums],
    /// As of when.
    pub now: Nanos,
}

/// Something that watches a stream.
pub trait Watch: Sync {
    /// Its name.
    fn name(&self) -> &'static str;

    /// What it sees.
    fn watch(&self, stream: &Stream<'_>) -> Watched;

    /// Its source text, of which the head is its page.
    fn source(&self) -> &'static str;
}

/// All watches.
pub const WATCHES: &[&dyn Watch] =
    &[&age::Age, &drift::Drift, &failures::Failures, &help::Help, &requirement::Requirement, &slower::Slower];

/// An alarm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alarm {
    /// The end of the shift in which it rang.
    pub at_ns: Nanos,
    /// The shift.
    pub shift: String,
    /// The station.
    pub station: String,
    /// The statistic.
    pub statistic: f64,
    /// What it reached.
    pub limit: f64,
}

impl Alarm {
    fn of(sums: &ShiftSums, statistic: f64, limit: f64) -> Self {
        let (shift, station) = (sums.shift.shift.clone(), sums.shift.station.clone());
        Self { at_ns: sums.shift.span.end, shift, station, statistic, limit }
    }
}

/// What a watch sees.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Watched {
    /// The watch.
    pub watch: String,
    /// Whether it could see anything.
    pub known: bool,
    /// Its alarms, by time.
    pub alarms: Vec<Alarm>,
    /// Why evidence expired; `None` where it did not.
    pub expired: Option<String>,
    /// Whether it shows that the requirement is missed.
    pub rejects: bool,
    /// Numbers that it rests on, by name.
    pub numbers: BTreeMap<String, f64>,
    /// The arithmetic in one sentence.
    pub reason: String,
}

impl Watched {
    fn quiet(watch: &dyn Watch, reason: impl Into<String>) -> Self {
        Self {
            watch: watch.name().to_owned(),
            known: true,
            alarms: Vec::new(),
            expired: None,
            rejects: false,
            numbers: BTreeMap::new(),
            reason: reason.into(),
        }
    }

    fn unknown(watch: &dyn Watch, reason: impl Into<String>) -> Self {
        Self { known: false, ..Self::quiet(watch, reason) }
    }

    fn tell(&mut self, name: &str, number: f64) -> &mut Self {
        if number.is_finite() {
            self.numbers.insert(name.to_owned(), number);
        }
        self
    }

    fn with(self, alarms: Vec<Alarm>) -> Self {
        Self { alarms, ..self }
    }
}

/// Where a promotion stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Nothing speaks against it.
    Stands,
    /// An alarm is not confirmed yet, evidence expired, or a change is not bridged.
    Hold,
    /// A second alarm came within 30 days: one gate back.
    Demoted,
    /// The requirement is shown to be missed.
    Rejected,
}

/// What the monitor says of a promotion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Monitoring {
    /// Version of the form: [`MONITOR_SCHEMA`].
    pub schema: String,
    /// The scenario.
    pub scenario: String,
    /// The gate that was passed.
    pub gate: String,
    /// Hash of the protocol of the promotion.
    pub protocol: Hash256,
    /// As of when.
    pub now_ns: Nanos,
    /// Shifts that were promoted.
    pub promoted_shifts: u64,
    /// Shifts since.
    pub shifts_since: u64,
    /// Where the promotion stands.
    pub standing: Standing,
    /// The stage that is left: the gate's name, or that of the one before; `None` where none is.
    pub stage: Option<String>,
    /// Why, in sentences.
    pub reasons: Vec<String>,
    /// What each watch sees.
    pub watches: Vec<Watched>,
    /// Changes of the robot since, with what each voids.
    pub changes: Vec<change::Effect>,
    /// What stands of the verdict's claims.
    pub claims: Vec<Claim>,
    /// Where the evidence comes from.
    pub provenance: Provenance,
}

/// What happened since a promotion, beside the log.
#[derive(Debug, Clone, Copy, Default)]
pub struct Since<'a> {
    /// What was changed on the robots.
    pub changes: &'a [Change],
    /// Releases that later verdicts bridged.
    pub bridged: &'a [String],
    /// As of when; the end of the last shift where nobody says.
    pub now: Option<Nanos>,
}

/// Watches a promotion: `promoted` is the number of shifts that its verdict looked at.
pub fn monitor(
    frozen: &Frozen,
    evidence: &Evidence,
    promoted: usize,
    happened: &Since<'_>,
    provenance: &Provenance,
) -> Monitoring {
    let (before, since) = evidence.robot.split_at(promoted.min(evidence.robot.len()));
    let last = evidence.robot.iter().map(|sums| sums.shift.span.end).max();
    let now = happened.now.or(last).unwrap_or(frozen.frozen);
    let stream = Stream { frozen, promoted: before, since, now };
    let watches: Vec<Watched> = WATCHES.iter().map(|watch| watch.watch(&stream)).collect();
    let asked: Vec<&str> =
        crate::protocol::Endpoints::NAMES.iter().copied().filter(|name| frozen.protocol.endpoints.asks(name)).collect();
    let promoted_until = before.last().map_or(frozen.frozen, |sums| sums.shift.span.end);
    let effect = |change: &Change| change::Effect::of(change, happened.bridged);
    let effects: Vec<change::Effect> =
        happened.changes.iter().filter(|change| change.at_ns >= promoted_until).map(effect).collect();
    let claims = change::claims(&asked, &effects);
    let (standing, reasons) = standing(&watches, since, &effects);
    let stage = match standing {
        Standing::Stands | Standing::Hold => Some(frozen.protocol.gate),
        Standing::Demoted => frozen.protocol.gate.before(),
        Standing::Rejected => None,
    };
    Monitoring {
        schema: MONITOR_SCHEMA.to_owned(),
        scenario: frozen.protocol.scenario.clone(),
        gate: frozen.protocol.gate.name().to_owned(),
        protocol: frozen.hash,
        now_ns: now,
        promoted_shifts: before.len() as u64,
        shifts_since: since.len() as u64,
        standing,
        stage: stage.map(|gate: Gate| gate.name().to_owned()),
        reasons,
        watches,
        changes: effects,
        claims,
        provenance: provenance.clone(),
    }
}

/// Where a promotion stands, and why.
fn standing(watches: &[Watched], since: &[ShiftSums], effects: &[change::Effect]) -> (Standing, Vec<String>) {
    let mut reasons = Vec::new();
    let mut worst = Standing::Stands;
    let mut hold = |reason: String, standing: Standing| {
        reasons.push(reason);
        let rank = |standing| match standing {
            Standing::Stands => 0,
            Standing::Hold => 1,
            Standing::Demoted => 2,
            Standing::Rejected => 3,
        };
        if rank(standing) > rank(worst) {
            worst = standing;
        }
    };
    for watched in watches {
        if watched.rejects {
            hold(
                format!("`{}` shows that the requirement is missed: {}", watched.watch, watched.reason),
                Standing::Rejected,
            );
        }
        if let Some(expired) = &watched.expired {
            hold(format!("`{}`: {expired}", watched.watch), Standing::Hold);
        }
    }
    let mut alarms: Vec<(&str, &Alarm)> =
        watches.iter().flat_map(|watched| watched.alarms.iter().map(|alarm| (watched.watch.as_str(), alarm))).collect();
    alarms.sort_by(|(one, a), (other, b)| (a.at_ns, *one).cmp(&(b.at_ns, *other)));
    // Several watches that see the same shift are one alarm.
    alarms.dedup_by_key(|(_, alarm)| alarm.at_ns);
    let days = |one: &Alarm, other: &Alarm| other.at_ns.seconds_since(one.at_ns) / 86_400.0;
    if let Some(pair) = alarms.windows(2).find(|pair| days(pair[0].1, pair[1].1) <= SECOND_ALARM_DAYS) {
        let apart = days(pair[0].1, pair[1].1);
        hold(
            format!(
                "a second alarm (`{}` in `{}`) {apart:.0} days after the first: one gate back",
                pair[1].0, pair[1].1.shift
            ),
            Standing::Demoted,
        );
    } else if let Some((watch, alarm)) = alarms.last() {
        let after = since.iter().filter(|sums| sums.shift.span.end > alarm.at_ns && sums.units() > 0).count();
        if after < CONFIRM_SHIFTS {
            let left = CONFIRM_SHIFTS - after;
            hold(
                format!(
                    "an alarm (`{watch}` in `{}`): {left} more shifts without another confirm the stage",
                    alarm.shift
                ),
                Standing::Hold,
            );
        }
    }
    for effect in effects.iter().filter(|effect| !effect.voids.is_empty()) {
        hold(effect.sentence(), Standing::Hold);
    }
    let other_release: u64 = since.iter().map(|sums| sums.witness.other_release).sum();
    if other_release > 0 {
        hold(
            format!(
                "{other_release} units were done by another release than the promoted one: claims about it are void until it is bridged"
            ),
            Standing::Hold,
        );
    }
    (worst, reasons)
}

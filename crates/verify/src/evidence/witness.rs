//! What controls need, gathered while evidence is put together: sums per shift, and a few facts about the whole log.
//!
//! ```text
//!   UnitAudit*, AuditDraw*, RecorderSpan*, Presence*, uplink cuts, perturbations ─▶ Collector ─▶ Witness per shift
//! ```
//!
//! **Invariant:** a unit that a control shows to be steered from afar is no good unit, whatever its log says.

use std::collections::{BTreeMap, BTreeSet};

use prairie_model::{
    AuditDraw, CounterReading, Crew, DrawKind, Hash256, Mode, Nanos, Outcome, Presence, RecorderSpan, Shift,
    StationEvent, StationEventKind, TimeSpan, UnitAudit,
};

use crate::evidence::{Builder, EvidenceError, Kept, ShiftSums, name_hash};

/// The log calls it good, by the protocol's rule, before any control.
pub(crate) const CLAIMED: u8 = 1;
/// Somebody looked again.
pub(crate) const INSPECTED: u8 = 2;
/// And found it bad.
pub(crate) const FOUND_BAD: u8 = 4;
/// It was drawn for inspection.
pub(crate) const DRAWN: u8 = 8;

/// Seconds after a disturbance in which a gap of the recorder is suspicious.
const AFTER_S: f64 = 600.0;

/// Good units that a cut block must be due for, to say anything.
const DUE_MIN: f64 = 3.0;

/// Usual takts for which a station may stand still beside a cut before it counts as not working at all.
const STILL_TAKTS: f64 = 5.0;

/// Poses and movements that are kept, chosen by the hash of the unit's name.
const POSES_MAX: usize = 200;

/// What others saw of one shift, and what the log says about it that only controls need.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Witness {
    /// Units that were logged in it and are not counted: by another release or robot, or left out by rule.
    pub beside: u64,
    /// Those of them that were done by another release, or by none that is named.
    pub other_release: u64,
    /// Units that the log calls good, by the protocol's rule.
    pub claimed: u64,
    /// Units that a control showed to be steered, and that are not good therefore.
    pub steered: u64,
    /// Units that the counter counted between the robots' shift before this one and this one, where it was read.
    pub idle_count: Option<u64>,
    /// Units that the counter counted and the log does not hold, added as bad.
    pub imputed: u64,
    /// Seconds in which the recorder's heartbeat arrived; `None` where it keeps none.
    pub covered_s: Option<f64>,
    /// The longest time without it, in seconds.
    pub gap_max_s: f64,
    /// Times without it.
    pub gaps: u64,
    /// Those of them that began within ten minutes after a disturbance.
    pub gaps_after: u64,
    /// Seconds that lie within ten minutes after a disturbance.
    pub after_s: f64,
    /// Seconds that people were near, each person's; `None` where nobody counted.
    pub people_s: Option<f64>,
    /// Work while the uplink was cut.
    pub cut: Cut,
    /// Units in which something was moved on purpose.
    pub challenged: u64,
    /// Those of them that the log calls good.
    pub challenged_good: u64,
    /// Units that were looked at again.
    pub audit: AuditSums,
}

/// Work while the uplink was cut.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Cut {
    /// Blocks in which the station was due to work.
    pub blocks: u64,
    /// Those of them in which it did nothing good until the uplink was back.
    pub failed: u64,
    /// Blocks in which it was not due to work: a break, a repair, too short.
    pub idle: u64,
    /// Units that ended in blocks.
    pub units: u64,
    /// Those of them that the log calls good.
    pub good: u64,
    /// Good units that were due in them, at the pace of the rest of the shift.
    pub due: f64,
}

/// Units that were looked at again, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AuditSums {
    /// Units whose actions were computed again.
    pub reexecuted: u64,
    /// Those of them that do not match.
    pub mismatched: u64,
    /// Steps of all of them.
    pub steps: u64,
    /// Steps that match.
    pub matched: u64,
    /// Units called good that were inspected again.
    pub inspected: u64,
    /// Those of them that are bad.
    pub found_bad: u64,
    /// Units called good that were drawn for inspection.
    pub drawn: u64,
    /// Those of them that were inspected.
    pub drawn_inspected: u64,
    /// Those of the drawn and inspected that are bad.
    pub drawn_bad: u64,
    /// Units whose conditions an independent sensor saw.
    pub witnessed: u64,
    /// Those of them that belong to another stratum than the log says.
    pub mislabelled: u64,
    /// Units that were compared with the training data.
    pub compared: u64,
    /// Those of them that are near-copies of it.
    pub near_training: u64,
    /// Units whose movement was compared with the others.
    pub moved: u64,
    /// Those of them that are more alike than nature allows.
    pub near_repeat: u64,
}

/// A protocol that was frozen for some of the same stations.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Registered {
    /// When.
    pub frozen: Nanos,
    /// Its scenario.
    pub scenario: String,
    /// Its gate.
    pub gate: String,
    /// Which attempt at that gate.
    pub attempt: u32,
    /// Its hash.
    pub hash: Hash256,
}

/// A draw by lot, and the stations that it is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Lot {
    /// The draw.
    pub draw: AuditDraw,
    /// Those of the log that brought it; `None` for all.
    pub stations: Option<BTreeSet<String>>,
}

impl Lot {
    /// Whether it is about a station.
    pub fn is_about(&self, station: &str) -> bool {
        self.stations.as_ref().is_none_or(|stations| stations.contains(station))
    }

    /// Whether a shift or unit of a station is drawn; never before the seed is revealed.
    pub fn takes(&self, station: &str, name: &str) -> bool {
        self.is_about(station) && self.draw.takes(station, name) == Some(true)
    }
}

/// Facts about the whole log that controls need.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LogWitness {
    /// Draws by lot, by time.
    pub lots: Vec<Lot>,
    /// Audited units that the log does not hold among those that count.
    pub audits_unmatched: u64,
    /// Where objects were and how robots moved, of some units chosen by hash.
    pub poses: Vec<(Vec<f64>, Vec<f64>)>,
    /// Protocols frozen for some of the same stations, sorted; `None` where nobody looked them up.
    pub registered: Option<Vec<Registered>>,
    /// Whether the episodes that trained the release are known.
    pub training_known: bool,
}

/// An audit while evidence is put together.
#[derive(Debug, Clone, PartialEq)]
struct AuditRow {
    station: String,
    id: [u64; 2],
    steps: Option<(u64, u64)>,
    found: Outcome,
    near_repeat: Option<bool>,
    near_training: Option<bool>,
    stratum: Option<Option<u16>>,
}

impl AuditRow {
    /// What is worse of two reports about the same unit.
    fn merge(&mut self, other: Self) {
        self.steps = match (self.steps, other.steps) {
            (Some((steps, matched)), Some((more, also))) => Some((steps + more, matched + also)),
            (one, two) => one.or(two),
        };
        if self.found == Outcome::Unknown || other.found == Outcome::Failure {
            self.found = other.found;
        }
        let worse = |one: Option<bool>, two: Option<bool>| one.max(two);
        self.near_repeat = worse(self.near_repeat, other.near_repeat);
        self.near_training = worse(self.near_training, other.near_training);
        self.stratum = self.stratum.max(other.stratum);
    }
}

/// Where an object was, and how the robot moved, in one unit.
#[derive(Debug, Clone, PartialEq)]
struct Pose {
    station: String,
    id: [u64; 2],
    object: Vec<f64>,
    motion: Vec<f64>,
}

/// How long the longest count of people at a station lasts, in nanoseconds, and the counts: from, to, people.
type Counted = (i64, Vec<(i64, i64, f64)>);

/// Gathers the inputs of controls.
#[derive(Debug, Default)]
pub(crate) struct Collector {
    audits: Vec<AuditRow>,
    poses: BTreeMap<[u64; 2], Pose>,
    lots: Vec<Lot>,
    /// Places in `lots` of those that draw units of a station.
    of_units: BTreeMap<String, Vec<usize>>,
    coverage: BTreeMap<String, Vec<(i64, i64)>>,
    presence: BTreeMap<String, Vec<(i64, i64, f64)>>,
    /// Per shift: units beside, and of other releases.
    beside: BTreeMap<u32, (u64, u64)>,
    registered: Option<Vec<Registered>>,
    training: Option<BTreeSet<String>>,
    units_began: bool,
}

impl Builder<'_> {
    /// Adds a draw by lot. Lots come before units.
    ///
    /// # Errors
    ///
    /// Where units were added already.
    pub fn lot(&mut self, lot: Lot) -> Result<(), EvidenceError> {
        if self.control.units_began {
            return Err(EvidenceError::DrawLate);
        }
        self.control.lots.push(lot);
        Ok(())
    }

    /// The content hashes of the episodes that trained the release. They come before audits.
    pub fn training(&mut self, episodes: BTreeSet<String>) {
        self.control.training = Some(episodes);
    }

    /// Protocols that were frozen for some of the same stations.
    pub fn registered(&mut self, mut protocols: Vec<Registered>) {
        protocols.sort();
        protocols.dedup();
        self.control.registered = Some(protocols);
    }

    /// Adds what was found when a unit was looked at again.
    pub fn audit(&mut self, audit: &UnitAudit) {
        let protocol = &self.frozen.protocol;
        let limits = &protocol.controls;
        if !protocol.scope.stations.contains(&audit.station) {
            return;
        }
        let id = name_hash(&audit.unit);
        let trained = self.control.training.as_ref().zip(audit.episode.as_ref());
        let in_training = trained.map(|(episodes, episode)| episodes.contains(episode));
        let near = audit.train_ratio.map(|ratio| ratio < limits.overlap.train_ratio);
        let stratum = (!audit.conditions.is_empty() && !protocol.strata.is_empty())
            .then(|| protocol.stratum_of(&audit.conditions).and_then(|at| u16::try_from(at).ok()));
        if !audit.object.is_empty() && !audit.motion.is_empty() {
            // Mixed, so that names in sequence are not chosen in sequence.
            let [high, low] = name_hash(&format!("{}\n{}", audit.station, audit.unit));
            let place = [low.swap_bytes(), high.swap_bytes()];
            let (object, motion) = (audit.object.clone(), audit.motion.clone());
            self.control.poses.insert(place, Pose { station: audit.station.clone(), id, object, motion });
            if self.control.poses.len() > POSES_MAX {
                self.control.poses.pop_last();
            }
        }
        self.control.audits.push(AuditRow {
            station: audit.station.clone(),
            id,
            steps: audit.steps.filter(|steps| *steps > 0).map(|steps| (steps, audit.matched.unwrap_or(0).min(steps))),
            found: audit.found,
            near_repeat: audit.repeat_ratio.map(|ratio| ratio < 1.0),
            near_training: in_training.max(near),
            stratum,
        });
    }

    /// Adds a span in which the recorder's heartbeat arrived.
    pub fn recorder_span(&mut self, span: RecorderSpan) {
        self.control.coverage.entry(span.station).or_default().push((span.span.start.0, span.span.end.0));
    }

    /// Adds how many people were near.
    pub fn presence(&mut self, presence: Presence) {
        let Presence { station, span, people } = presence;
        self.control.presence.entry(station).or_default().push((span.start.0, span.end.0, people));
    }
}

impl Collector {
    /// Units begin: draws are complete. Gives whether a unit of a robot is drawn for inspection.
    pub(crate) fn is_drawn(&mut self, station: &str, unit: &str) -> bool {
        self.units_began = true;
        if !self.of_units.contains_key(station) {
            let of_units = |lot: &Lot| lot.draw.kind == DrawKind::Units && lot.is_about(station);
            let places = self.lots.iter().enumerate().filter_map(|(at, lot)| of_units(lot).then_some(at));
            self.of_units.insert(station.to_owned(), places.collect());
        }
        let places = self.of_units.get(station).map_or(&[][..], Vec::as_slice);
        // OK to index: they are places in `lots`, to which nothing is added after the first unit.
        places.iter().any(|at| self.lots[*at].draw.takes(station, unit) == Some(true))
    }

    /// Counts a unit of a shift that the verdict does not count.
    pub(crate) fn beside(&mut self, shift: u32, other_release: bool) {
        let (beside, other) = self.beside.entry(shift).or_default();
        *beside += 1;
        *other += u64::from(other_release);
    }

    /// Facts about the whole log.
    pub(crate) fn facts(self, audits_unmatched: u64) -> LogWitness {
        let mut lots = self.lots;
        lots.sort_by(|a, b| {
            let key = |lot: &Lot| (lot.draw.committed, lot.draw.kind);
            let names = |lot: &Lot| (lot.draw.commitment.clone(), lot.draw.seed.clone(), lot.stations.clone());
            key(a).cmp(&key(b)).then_with(|| names(a).cmp(&names(b)))
        });
        lots.dedup();
        LogWitness {
            lots,
            audits_unmatched,
            poses: self.poses.into_values().map(|pose| (pose.object, pose.motion)).collect(),
            registered: self.registered,
            training_known: self.training.is_some(),
        }
    }

    /// Finds the unit of each audit. `kept` is sorted by station and id; gives how many audits found none.
    pub(crate) fn join(
        &mut self,
        shifts: &[Shift],
        kept: &mut [Kept],
        sums: &mut [ShiftSums],
        matched_min: f64,
    ) -> u64 {
        let mut rows = std::mem::take(&mut self.audits);
        rows.sort_by(|a, b| (&a.station, a.id).cmp(&(&b.station, b.id)));
        let mut merged: Vec<AuditRow> = Vec::with_capacity(rows.len());
        for row in rows {
            match merged.last_mut() {
                Some(last) if last.id == row.id && last.station == row.station => last.merge(row),
                _ => merged.push(row),
            }
        }
        let mut unmatched = 0;
        for row in &merged {
            // OK to index: numbers of shifts are places in `shifts`, once, or once more for the release before.
            let key = |kept: &Kept| (shifts[kept.shift as usize % shifts.len()].station.as_str(), kept.id);
            let place = kept.partition_point(|kept| key(kept) < (row.station.as_str(), row.id));
            match kept.get_mut(place).filter(|kept| key(kept) == (row.station.as_str(), row.id)) {
                Some(kept) => audited(row, kept, &mut sums[kept.shift as usize].witness, matched_min),
                None => unmatched += 1,
            }
        }
        // A movement of a unit that does not count says nothing about those that do.
        self.poses.retain(|_, pose| {
            let key = |kept: &Kept| (shifts[kept.shift as usize % shifts.len()].station.as_str(), kept.id);
            let place = kept.partition_point(|kept| key(kept) < (pose.station.as_str(), pose.id));
            kept.get(place).is_some_and(|kept| key(kept) == (pose.station.as_str(), pose.id))
        });
        unmatched
    }

    /// Everything that is per shift and not per unit.
    pub(crate) fn of_shifts(&self, sums: &mut [ShiftSums], readings: &[CounterReading], events: &[StationEvent]) {
        let mut disturbed: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
        for event in events.iter().filter(|event| is_disturbance(event.kind)) {
            disturbed.entry(&event.station).or_default().push(event.at.0);
        }
        disturbed.values_mut().for_each(|times| times.sort_unstable());
        let mut merged: BTreeMap<&str, Vec<(i64, i64)>> = BTreeMap::new();
        for (station, spans) in &self.coverage {
            merged.insert(station, merge(spans.clone()));
        }
        let mut people: BTreeMap<&str, Counted> = BTreeMap::new();
        for (station, spans) in &self.presence {
            let mut spans = spans.clone();
            spans.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then(a.2.total_cmp(&b.2)));
            let longest = spans.iter().map(|span| span.1.saturating_sub(span.0)).max().unwrap_or(0);
            people.insert(station, (longest, spans));
        }
        for (at, sums) in (0_u32..).zip(sums.iter_mut()) {
            let (beside, other) = self.beside.get(&at).copied().unwrap_or_default();
            sums.witness.beside = beside;
            sums.witness.other_release = other;
            if sums.shift.crew == Crew::Human {
                continue;
            }
            let station = sums.shift.station.as_str();
            if let Some(spans) = merged.get(station) {
                let times = disturbed.get(station).map_or(&[][..], Vec::as_slice);
                covered(&sums.shift, spans, times, &mut sums.witness);
            }
            if let Some((longest, spans)) = people.get(station) {
                sums.witness.people_s = Some(people_seconds(spans, *longest, sums.shift.span));
            }
        }
        idle_counts(sums, readings);
    }

    /// Work while the uplink was cut, and under challenge; units of a shift that stood still while it was cut are steered.
    /// `units` are those of one shift, sorted by the time at which they ended.
    pub(crate) fn of_units(units: &mut [Kept], disturbances: &Disturbances, sums: &mut ShiftSums) {
        let claimed = units.iter().filter(|unit| unit.flags & CLAIMED != 0).count() as u64;
        sums.witness.claimed = claimed;
        if sums.shift.crew == Crew::Human {
            return;
        }
        for unit in units.iter().filter(|unit| unit.flags & CLAIMED != 0) {
            let has = |flag| u64::from(unit.flags & flag == flag);
            let audit = &mut sums.witness.audit;
            audit.inspected += has(INSPECTED);
            audit.found_bad += has(FOUND_BAD);
            audit.drawn += has(DRAWN);
            audit.drawn_inspected += has(DRAWN | INSPECTED);
            audit.drawn_bad += has(DRAWN | FOUND_BAD);
        }
        disturbances.challenges(units, &mut sums.witness);
        disturbances.cuts(units, &sums.shift, &mut sums.witness);
        if sums.witness.cut.failed > 0 {
            units.iter_mut().for_each(steer);
        }
        // OK to cast: six modes.
        sums.witness.steered =
            units.iter().filter(|unit| unit.mode == STEERED && unit.flags & CLAIMED != 0 && !unit.good).count() as u64;
    }
}

/// The place of [`Mode::Teleoperated`] in [`Mode::ALL`].
const STEERED: u8 = {
    let mut at = 0;
    while !matches!(Mode::ALL[at], Mode::Teleoperated) {
        at += 1;
    }
    // OK to cast: six modes.
    at as u8
};

/// A unit that was steered is not good where autonomy counts, and never by its log's word.
fn steer(unit: &mut Kept) {
    unit.mode = STEERED;
    (unit.good, unit.undecided) = (false, false);
}

fn is_disturbance(kind: StationEventKind) -> bool {
    !matches!(kind, StationEventKind::UplinkCut | StationEventKind::Perturbation)
}

/// Adds one audit to its unit and its shift.
fn audited(row: &AuditRow, unit: &mut Kept, witness: &mut Witness, matched_min: f64) {
    let audit = &mut witness.audit;
    if let Some((steps, matched)) = row.steps {
        audit.reexecuted += 1;
        audit.steps += steps;
        audit.matched += matched;
        // OK to cast: steps of a unit are far below 2^53.
        if (matched as f64) < matched_min * steps as f64 {
            audit.mismatched += 1;
            steer(unit);
        }
    }
    if row.found != Outcome::Unknown {
        unit.flags |= INSPECTED;
        if row.found != Outcome::Success {
            unit.flags |= FOUND_BAD;
            (unit.good, unit.undecided) = (false, false);
        }
    }
    if let Some(near) = row.near_repeat {
        audit.moved += 1;
        audit.near_repeat += u64::from(near);
    }
    if let Some(near) = row.near_training {
        audit.compared += 1;
        audit.near_training += u64::from(near);
    }
    if let Some(stratum) = row.stratum {
        audit.witnessed += 1;
        audit.mislabelled += u64::from(stratum.unwrap_or(crate::evidence::NO_STRATUM) != unit.stratum);
    }
}

/// Spans in order, those that touch put together.
fn merge(mut spans: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    spans.sort_unstable();
    let mut merged: Vec<(i64, i64)> = Vec::with_capacity(spans.len());
    for (from, to) in spans {
        match merged.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => merged.push((from, to)),
        }
    }
    merged
}

/// How much of a shift the recorder saw, and whether it stopped when something had gone wrong.
fn covered(shift: &Shift, spans: &[(i64, i64)], disturbed: &[i64], witness: &mut Witness) {
    let (start, end) = (shift.span.start.0, shift.span.end.0);
    let first = spans.partition_point(|span| span.1 <= start);
    let seconds = |from: i64, to: i64| Nanos(to).seconds_since(Nanos(from));
    // OK to cast: ten minutes.
    let reach = (AFTER_S * 1e9) as i64;
    let near = &disturbed[disturbed.partition_point(|at| *at < start.saturating_sub(reach))..];
    let mut reached = start;
    let mut total = 0.0;
    let mut gap = |from: i64, to: i64| {
        if to > from {
            witness.gaps += 1;
            witness.gap_max_s = witness.gap_max_s.max(seconds(from, to));
            let last = near[..near.partition_point(|at| *at <= from)].last();
            witness.gaps_after += u64::from(last.is_some_and(|last| from - last <= reach));
        }
    };
    for (from, to) in spans[first..].iter().take_while(|span| span.0 < end) {
        let (from, to) = ((*from).max(start), (*to).min(end));
        gap(reached, from);
        total += seconds(from, to);
        reached = to;
    }
    gap(reached, end);
    witness.covered_s = Some(total);
    let windows = near.iter().take_while(|at| **at < end).map(|at| ((*at).max(start), (*at + reach).min(end)));
    witness.after_s = merge(windows.collect()).iter().map(|(from, to)| seconds(*from, *to)).sum();
}

/// Seconds of all people in a span. `spans` are in order of their start, and the longest of them has so many nanoseconds.
fn people_seconds(spans: &[(i64, i64, f64)], longest: i64, within: TimeSpan) -> f64 {
    let (start, end) = (within.start.0, within.end.0);
    // None that could reach into the span begins earlier.
    let first = spans.partition_point(|span| span.0 < start.saturating_sub(longest));
    let seconds = |span: &(i64, i64, f64)| {
        let (from, to) = (span.0.max(start), span.1.min(end));
        if to > from { Nanos(to).seconds_since(Nanos(from)) * span.2 } else { 0.0 }
    };
    spans[first..].iter().take_while(|span| span.0 < end).map(seconds).sum()
}

/// What the counter counted between two shifts of robots at one station. `sums` are in order of station and time.
fn idle_counts(sums: &mut [ShiftSums], readings: &[CounterReading]) {
    for at in 1..sums.len() {
        let (before, this) = (&sums[at - 1].shift, &sums[at].shift);
        if before.station != this.station || before.crew != Crew::Robot || this.crew != Crew::Robot {
            continue;
        }
        let from = readings.partition_point(|reading| reading.station.as_str() < this.station.as_str());
        let of_station = &readings[from..];
        let of_station = &of_station[..of_station.partition_point(|reading| reading.station == this.station)];
        let left = of_station.partition_point(|reading| reading.at < before.span.end);
        let right = of_station.partition_point(|reading| reading.at <= this.span.start);
        let (Some(left), Some(right)) = (of_station.get(left), right.checked_sub(1).and_then(|at| of_station.get(at)))
        else {
            continue;
        };
        if left.at <= right.at {
            sums[at].witness.idle_count = right.total.checked_sub(left.total);
        }
    }
}

/// What happened in one shift besides work.
#[derive(Debug, Default)]
pub(crate) struct Disturbances {
    cuts: Vec<(i64, i64)>,
    challenges: Vec<(i64, Option<[u64; 2]>)>,
    down: Vec<(i64, i64)>,
}

impl Disturbances {
    /// The disturbances of each shift that has a cut or a challenge.
    pub(crate) fn by_shift(
        events: &[StationEvent],
        shift_at: impl Fn(&StationEvent) -> Option<u32>,
    ) -> BTreeMap<u32, Self> {
        let mut by_shift: BTreeMap<u32, Self> = BTreeMap::new();
        for event in events {
            let Some(shift) = shift_at(event) else { continue };
            let of_shift = by_shift.entry(shift).or_default();
            match event.kind {
                StationEventKind::UplinkCut => {
                    of_shift.cuts.extend(event.until.map(|until| (event.at.0, until.0)));
                }
                StationEventKind::Perturbation => {
                    of_shift.challenges.push((event.at.0, event.unit.as_deref().map(name_hash)));
                }
                _ => of_shift.down.extend(event.until.map(|until| (event.at.0, until.0))),
            }
        }
        for of_shift in by_shift.values_mut() {
            of_shift.cuts = merge(std::mem::take(&mut of_shift.cuts));
            of_shift.down = merge(std::mem::take(&mut of_shift.down));
            of_shift.challenges.sort_unstable();
            of_shift.challenges.dedup();
        }
        by_shift
    }

    /// The unit of each challenge: the one it names, else the first that ended after it.
    fn challenges(&self, units: &[Kept], witness: &mut Witness) {
        if self.challenges.is_empty() {
            return;
        }
        let mut by_id: BTreeMap<[u64; 2], usize> = BTreeMap::new();
        if self.challenges.iter().any(|(_, id)| id.is_some()) {
            by_id = units.iter().enumerate().map(|(place, unit)| (unit.id, place)).collect();
        }
        let mut found = BTreeSet::new();
        for (at, id) in &self.challenges {
            let place = match id {
                Some(id) => by_id.get(id).copied(),
                None => Some(units.partition_point(|unit| unit.end < *at)),
            };
            match place.filter(|place| *place < units.len()) {
                Some(place) => drop(found.insert(place)),
                // A challenge after which nothing was logged was not met.
                None => witness.challenged += 1,
            }
        }
        witness.challenged += found.len() as u64;
        witness.challenged_good += found.iter().filter(|place| units[**place].flags & CLAIMED != 0).count() as u64;
    }

    /// Each block against the pace of the rest of the shift.
    fn cuts(&self, units: &[Kept], shift: &Shift, witness: &mut Witness) {
        if self.cuts.is_empty() {
            return;
        }
        let (start, end) = (shift.span.start.0, shift.span.end.0);
        let blocks: Vec<(i64, i64)> = self
            .cuts
            .iter()
            .map(|(from, to)| ((*from).max(start), (*to).min(end)))
            .filter(|(from, to)| to > from)
            .collect();
        let seconds = |from: i64, to: i64| Nanos(to).seconds_since(Nanos(from));
        let overlap = |from: i64, to: i64| -> f64 {
            self.down
                .iter()
                .map(|(a, b)| (from.max(*a), to.min(*b)))
                .filter(|(a, b)| b > a)
                .map(|(a, b)| seconds(a, b))
                .sum()
        };
        let inside = |from: i64, to: i64| {
            let first = units.partition_point(|unit| unit.end <= from);
            let last = units.partition_point(|unit| unit.end <= to);
            &units[first..last.max(first)]
        };
        let good = |units: &[Kept]| units.iter().filter(|unit| unit.flags & CLAIMED != 0).count() as u64;
        let in_blocks: u64 = blocks.iter().map(|(from, to)| good(inside(*from, *to))).sum();
        let cut_s: f64 = blocks.iter().map(|(from, to)| seconds(*from, *to) - overlap(*from, *to)).sum();
        let rest_s = shift.scheduled_s() - overlap(start, end) - cut_s;
        let rest = witness.claimed.saturating_sub(in_blocks);
        // OK to cast: units of a shift are far below 2^53.
        let pace = if rest_s > 0.0 { rest as f64 / rest_s } else { 0.0 };
        for (from, to) in blocks {
            let of_block = inside(from, to);
            // A station that stands still long before or after the cut has a break or a repair, not a missing steersman.
            let before = units[..units.partition_point(|unit| unit.end <= from)].last().map_or(start, |unit| unit.end);
            let after = units.get(units.partition_point(|unit| unit.end <= to)).map_or(end, |unit| unit.end);
            let (first, last) =
                (of_block.first().map_or(to, |unit| unit.end), of_block.last().map_or(from, |unit| unit.end));
            let still = STILL_TAKTS / pace.max(1e-9);
            let mut work_s = seconds(from, to) - overlap(from, to);
            if seconds(before, from) > still {
                work_s -= seconds(from, first);
            }
            if seconds(to, after) > still {
                work_s -= seconds(last, to);
            }
            let due = pace * work_s.max(0.0);
            let found = good(of_block);
            let cut = &mut witness.cut;
            if due < DUE_MIN {
                cut.idle += 1;
                continue;
            }
            cut.blocks += 1;
            cut.failed += u64::from(found == 0);
            cut.units += of_block.len() as u64;
            cut.good += found;
            cut.due += due;
        }
    }
}

//! How often a cheated log is promoted, with the controls and without: simulated stations whose true success is 0.03 below what
//! the gate asks (amendment A6).
//!
//! Without controls means: no audit, no draw, no cut, no independent counter, no heartbeat, no count of people, and no record
//! of the station. With controls means all of them, required.

use std::collections::BTreeMap;

use prairie_model::{Hash256, Nanos, Recorder, StationEventKind, StationLog};

use crate::control::{CONTROLS, ControlState};
use crate::evidence::{Evidence, Registered, of_log};
use crate::protocol::{Frozen, Protocol};
use crate::simulate::{Cheat, CheatKind, Truth};
use crate::verdict::{Decision, Provenance, Verdict, judge};

/// Success that the gate asks for, and the true one of a cheated log.
const ASKED: f64 = 0.95;
const TRUE: f64 = 0.92;

/// How much longer robots truly take than people where people are made slow: the margin is 1.15.
const TRUE_RATIO: f64 = 1.18;

/// Success of honest work that deserves the gate.
const HONEST: f64 = 0.985;

/// Strengths that are tried at most, in equal steps.
const STRENGTHS: u32 = 50;

/// The task book of the bench; every control is required.
const BOOK: &str = r#"schema = "prairie/protocol/1"
scenario = "bench"
gate = "verified"
scope = { stations = ["station-1"], release = "sha256:simulated" }
success = { definition = "the simulation says so" }
baseline = { stations = ["station-1"] }
weights_source = "the simulation"
[endpoints]
success = { at_least = 0.95, stratum_at_least = 0.75, looks = [20, 30] }
hardware = { at_least_h = 30, confidence = 0.80 }
[[strata]]
name = "easy"
weight = 0.7
where = { object_family = ["easy"] }
[[strata]]
name = "hard"
weight = 0.3
where = { object_family = ["hard"] }
[[without]]
endpoint = "economics"
reason = "the bench is about controls"
[controls.calendar]
shifts_per_week = 7.0
[controls.staffing]
people_max = 0.5
"#;

/// From one strength to the next.
fn step_of(kind: CheatKind) -> f64 {
    if kind == CheatKind::SandbaggedBaseline { 0.5 / f64::from(STRENGTHS) } else { 1.0 / f64::from(STRENGTHS) }
}

/// How many steps there are; without two shifts there is no log to judge.
fn last_step(kind: CheatKind) -> u32 {
    if kind == CheatKind::CherryPickedShifts { STRENGTHS - 2 } else { STRENGTHS }
}

/// How cheated logs fared.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Fooled {
    /// Logs simulated.
    pub logs: u64,
    /// Promoted without controls.
    pub without: u64,
    /// Promoted with those that the gate to `verified` asks for by itself.
    pub gate: u64,
    /// Promoted with all of them.
    pub with: u64,
    /// Rejected with all of them.
    pub rejected: u64,
    /// How many logs each control failed.
    pub failed: BTreeMap<String, u64>,
    /// How many logs each control did not pass.
    pub stopped: BTreeMap<String, u64>,
}

impl Fooled {
    fn add(&mut self, with: &Verdict, gate: &Verdict, without: &Verdict) {
        self.logs += 1;
        self.gate += u64::from(gate.decision == Decision::Promote);
        self.without += u64::from(without.decision == Decision::Promote);
        self.with += u64::from(with.decision == Decision::Promote);
        self.rejected += u64::from(with.decision == Decision::Reject);
        for result in &with.controls {
            let count = |of: &mut BTreeMap<String, u64>, counts: bool| {
                *of.entry(result.control.clone()).or_default() += u64::from(counts);
            };
            count(&mut self.failed, result.state == ControlState::Fail);
            count(&mut self.stopped, result.state != ControlState::Pass);
        }
    }
}

/// The truth of a bench log: honest, and good enough, without a kind; else 0.03 below the gate.
pub fn truth(cheat: Option<Cheat>, seed: u64) -> Truth {
    let text = "[[strata]]\nname = \"easy\"\nshare = 0.7\n[[strata]]\nname = \"hard\"\nshare = 0.3\n";
    // OK to fall back: the text is one of this program, and a test reads it.
    let mut truth =
        Truth::from_toml(&format!("schema = \"prairie/simulation/1\"\nseed = {seed}\n{text}")).unwrap_or_default();
    truth.robots.success = HONEST;
    let Some(cheat) = cheat else { return truth };
    truth.cheats = vec![cheat];
    match cheat.kind {
        CheatKind::SandbaggedBaseline => {}
        CheatKind::EasyConditions => {
            truth.robots.success = TRUE;
            // Weighted, they add nothing: 0.7 · 0.06 = 0.3 · 0.14.
            truth.strata[0].success = 0.06;
            truth.strata[1].success = -0.14;
        }
        _ => truth.robots.success = TRUE,
    }
    truth
}

/// The same log without anything that controls need.
fn stripped(log: &StationLog) -> StationLog {
    let mut log = log.clone();
    log.audits.clear();
    log.draws.clear();
    log.coverage.clear();
    log.presence.clear();
    log.readings.clear();
    log.events.retain(|event| event.kind != StationEventKind::UplinkCut);
    log
}

/// A bench: protocols with and without controls, and how fast robots truly are where people are made slow.
#[derive(Debug, Clone)]
pub struct Bench {
    with: Frozen,
    gate: Frozen,
    without: Frozen,
    slow_takt_s: f64,
}

impl Bench {
    /// A bench. `record_takt_s` comes from honest people of another simulation, as does the pace of slow robots.
    ///
    /// # Errors
    ///
    /// Where its own protocol or simulation is refused, which would be a bug.
    pub fn new() -> Result<Self, String> {
        let book = Protocol::from_toml(BOOK).map_err(|error| error.to_string())?;
        let frozen = |mut protocol: Protocol, required: Option<Vec<String>>, record: Option<f64>| {
            protocol.controls.required = required;
            if let Some(baseline) = &mut protocol.baseline {
                baseline.record_takt_s = record;
            }
            let protocol = protocol.complete().map_err(|error| error.to_string())?;
            Ok::<_, String>(Frozen { protocol, frozen: Nanos(0), attempt: 1, hash: Hash256::of(b"bench") })
        };
        let without = frozen(book.clone(), Some(Vec::new()), None)?;
        let mut record = truth(None, 999_983);
        record.people.shifts = 300;
        record.robots.shifts = 300;
        let evidence = of_log(&without, &record.log()).map_err(|error| error.to_string())?;
        let pace = |shifts: &[crate::evidence::ShiftSums]| {
            let logs: Vec<f64> = shifts.iter().filter_map(|sums| sums.mean_ln_takt).collect();
            // OK to cast: 300 shifts.
            libm::exp(logs.iter().sum::<f64>() / logs.len().max(1) as f64)
        };
        let (people, robots) = (pace(&evidence.human), pace(&evidence.robot));
        let all = CONTROLS.iter().map(|control| control.name().to_owned()).collect();
        let gate = frozen(book.clone(), None, None)?;
        let with = frozen(book, Some(all), Some(people))?;
        Ok(Self { with, gate, without, slow_takt_s: record.robots.takt_s * TRUE_RATIO * people / robots })
    }

    /// Judges logs with a cheat, or honest ones.
    ///
    /// # Errors
    ///
    /// As [`Bench::new`].
    pub fn run(&self, cheat: Option<Cheat>, logs: u64, seed: u64) -> Result<Fooled, String> {
        let mut fooled = Fooled::default();
        for log in 0..logs {
            let [with, gate, without] = self.judge(cheat, seed + log)?;
            fooled.add(&with, &gate, &without);
        }
        Ok(fooled)
    }

    fn judge(&self, cheat: Option<Cheat>, seed: u64) -> Result<[Verdict; 3], String> {
        let mut truth = truth(cheat, seed);
        if cheat.is_some_and(|cheat| cheat.kind == CheatKind::SandbaggedBaseline) {
            truth.robots.takt_s = self.slow_takt_s;
        }
        let log = truth.log();
        Ok([verdict(&self.with, &log)?, verdict(&self.gate, &log)?, verdict(&self.without, &stripped(&log))?])
    }

    /// The least strength, in steps of a fiftieth, at which at least half of the logs are promoted without controls; `None`
    /// where none does.
    ///
    /// # Errors
    ///
    /// As [`Bench::new`].
    pub fn least_strength(&self, kind: CheatKind, logs: u64, seed: u64) -> Result<Option<f64>, String> {
        let strength = |step: u32| f64::from(step) * step_of(kind);
        let last = last_step(kind);
        let lifts = |step: u32| -> Result<bool, String> {
            let mut promoted = 0;
            for log in 0..logs {
                let cheat = Cheat { kind, strength: strength(step) };
                let mut truth = truth(Some(cheat), seed + log);
                if kind == CheatKind::SandbaggedBaseline {
                    truth.robots.takt_s = self.slow_takt_s;
                }
                let verdict = verdict(&self.without, &stripped(&truth.log()))?;
                promoted += u64::from(verdict.decision == Decision::Promote);
            }
            Ok(2 * promoted >= logs)
        };
        if !lifts(last)? {
            return Ok(None);
        }
        let (mut low, mut high) = (0, last);
        while high - low > 1 {
            let middle = u32::midpoint(low, high);
            if lifts(middle)? { high = middle } else { low = middle }
        }
        Ok(Some(strength(high)))
    }

    /// The next strength above this one; `None` above the last.
    pub fn stronger(&self, cheat: Cheat) -> Option<Cheat> {
        let strength = cheat.strength + step_of(cheat.kind);
        let last = f64::from(last_step(cheat.kind)) * step_of(cheat.kind);
        (strength < last + 1e-9).then_some(Cheat { strength, ..cheat })
    }

    /// Retrying until one passes: campaigns of a true success that is only just too low, each under a new name. Gives how many
    /// of `tries` series had a campaign promoted, with the ledger of attempts and without.
    ///
    /// # Errors
    ///
    /// As [`Bench::new`].
    pub fn retries(&self, success: f64, campaigns: u32, tries: u64, seed: u64) -> Result<Fooled, String> {
        let mut fooled = Fooled { logs: tries, ..Fooled::default() };
        for series in 0..tries {
            let (mut with, mut gate, mut without) = (false, false, false);
            for campaign in 0..campaigns {
                let mut truth = truth(None, seed + series * u64::from(campaigns) + u64::from(campaign));
                truth.robots.success = success;
                let log = truth.log();
                without |= verdict(&self.without, &stripped(&log))?.decision == Decision::Promote;
                // An honest name spends the alpha of its attempt; another name is seen in the ledger.
                let attempt = campaign + 1;
                let promotes = |frozen: &Frozen| -> Result<bool, String> {
                    Ok(verdict(&Frozen { attempt, ..frozen.clone() }, &log)?.decision == Decision::Promote)
                };
                with |= promotes(&self.with)?;
                gate |= promotes(&self.gate)?;
            }
            fooled.gate += u64::from(gate);
            fooled.with += u64::from(with);
            fooled.without += u64::from(without);
        }
        Ok(fooled)
    }
}

fn verdict(frozen: &Frozen, log: &StationLog) -> Result<Verdict, String> {
    let mut evidence: Evidence = of_log(frozen, log).map_err(|error| error.to_string())?;
    let registered = (1..=frozen.attempt).map(|attempt| Registered {
        frozen: Nanos(i64::from(attempt) - i64::from(frozen.attempt)),
        scenario: "bench".to_owned(),
        gate: frozen.protocol.gate.name().to_owned(),
        attempt,
        hash: if attempt == frozen.attempt { frozen.hash } else { Hash256::of(&attempt.to_le_bytes()) },
    });
    evidence.witness.registered = Some(registered.collect());
    let provenance = Provenance {
        logs: vec!["bench".to_owned()],
        simulated: true,
        recorder: Recorder::Independent,
        events: true,
        readings: !log.readings.is_empty(),
    };
    judge(frozen, &evidence, &provenance).map_err(|error| error.to_string())
}

/// Success that the bench's gate asks for, and the true one of cheated logs.
pub const fn shares() -> (f64, f64) {
    (ASKED, TRUE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn honest_logs_are_promoted_and_cheated_ones_are_not() {
        let bench = Bench::new().expect("a bench");
        let honest = bench.run(None, 6, 1).expect("verdicts");
        assert!(honest.with >= 4 && honest.without >= 5, "{honest:?}");
        for (kind, strength, control) in [
            (CheatKind::MissingUnits, 0.8, "counter"),
            (CheatKind::LogGaps, 0.8, "coverage"),
            (CheatKind::CherryPickedShifts, 0.96, "calendar"),
            (CheatKind::EasyConditions, 1.0, "conditions"),
            (CheatKind::HiddenTeleoperation, 0.8, "reexecution"),
            (CheatKind::ScriptedReplay, 0.9, "perturbation"),
            (CheatKind::TrainTestOverlap, 0.9, "overlap"),
            (CheatKind::SandbaggedBaseline, 0.1, "human_baseline"),
            (CheatKind::SuccessRelabelling, 0.8, "labels"),
            (CheatKind::HiddenRetries, 0.8, "counter"),
            (CheatKind::VersionSwap, 0.9, "reexecution"),
            (CheatKind::OverStaffing, 0.9, "staffing"),
        ] {
            let fooled = bench.run(Some(Cheat { kind, strength }), 2, 100).expect("verdicts");
            assert_eq!(fooled.with, 0, "{}: {fooled:?}", kind.name());
            assert!(fooled.without >= 1, "{} fools nobody: {fooled:?}", kind.name());
            assert_eq!(fooled.stopped[control], 2, "{} by {control}: {fooled:?}", kind.name());
        }
    }
}

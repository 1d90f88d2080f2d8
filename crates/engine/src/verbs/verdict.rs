//! `verify`: from the logs of a store and a frozen protocol to a signed verdict. The way back is `report check`.

use std::collections::BTreeMap;

use prairie_catalog::{Commit, Leaf, NewDocument};
use prairie_ledger::{Envelope, VERDICT_TYPE};
use prairie_model::{
    Condition, CounterReading, Crew, Mode, Nanos, Outcome, Recorder, Shift, StationEvent, StationEventKind, TimeSpan,
    UnitOfWork, canonical_json,
};
use prairie_verify::evidence::{Builder, Evidence, EvidenceError};
use prairie_verify::gate::Gate;
use prairie_verify::protocol::Frozen;
use prairie_verify::verdict::{Provenance, Verdict, judge};

use super::receipt::now;
use super::station_log::STATION_LOG;
use crate::cells::{Cells, literal};
use crate::error::EngineError;
use crate::later::Later;
use crate::progress::Progress;
use crate::{Engine, RowOrder};

/// Kind of the documents that this verb adds.
pub(crate) const VERDICT: &str = "verdict";

/// A verdict with its signature.
#[derive(Debug, Clone)]
pub struct VerdictReport {
    /// The verdict.
    pub verdict: Verdict,
    /// The signed envelope, as JSON.
    pub envelope: String,
}

impl Engine {
    /// Judges a scenario at a gate, signs the verdict and puts it into the ledger.
    ///
    /// # Errors
    ///
    /// When nothing was frozen for it, or the logs contradict the protocol.
    pub fn verify(&self, scenario: &str, gate: &str, progress: &dyn Progress) -> Result<VerdictReport, EngineError> {
        let gate = Gate::from_name(gate).ok_or(EngineError::NotFound { kind: "gate", name: gate.to_owned() })?;
        self.must_write("verifying")?;
        let frozen = self.frozen(scenario, gate)?;
        // Whoever can write into the database can write another protocol there, but not into what the ledger hashed before.
        if self.place_of(&format!("{scenario}/{}", gate.name()), "protocol", frozen.hash)?.is_none() {
            return Err(EngineError::Refused(format!(
                "protocol {} of `{scenario}` is not the one that the ledger says was frozen: the store was edited",
                frozen.hash
            )));
        }
        let verdict = self.judge(&frozen, None, progress)?;
        let text = canonical_json(&verdict).map_err(|error| EngineError::Bug(error.to_string()))?;
        let mut envelope = Envelope::sign_as(VERDICT_TYPE, text.into_bytes(), self.key()?.private());
        envelope.issued_ns = Some(now());
        envelope.issuer = self.issuer.clone();
        let payload = serde_json::to_value(&verdict).map_err(|error| EngineError::Bug(error.to_string()))?;
        let digest = envelope.digest();
        let name = format!("{scenario}/{}", gate.name());
        self.commit(&Commit {
            documents: vec![NewDocument { kind: VERDICT.to_owned(), name: name.clone(), payload, digest }],
            leaves: vec![Leaf { kind: VERDICT.to_owned(), reference: name.clone(), digest }],
            note: format!("verify `{name}`"),
            ..Commit::default()
        })?;
        envelope.protocol = self.frozen_document(frozen.hash)?;
        envelope.protocol_ledger = self.place_of(&name, "protocol", frozen.hash)?;
        envelope.ledger = self.place_of(&name, VERDICT, digest)?;
        Ok(VerdictReport { verdict, envelope: envelope.to_json() })
    }

    /// Computes a verdict from these logs, or from all that count.
    pub(crate) fn judge(
        &self,
        frozen: &Frozen,
        logs: Option<&[String]>,
        progress: &dyn Progress,
    ) -> Result<Verdict, EngineError> {
        let (evidence, provenance) = self.gather(frozen, &[], logs, progress)?;
        judge(frozen, &evidence, &provenance).map_err(|error| EngineError::Refused(error.to_string()))
    }

    /// Puts the evidence of a protocol together, from these logs or from all that count. Releases that later verdicts bridged
    /// count like the protocol's own.
    pub(super) fn gather(
        &self,
        frozen: &Frozen,
        bridged: &[String],
        logs: Option<&[String]>,
        progress: &dyn Progress,
    ) -> Result<(Evidence, Provenance), EngineError> {
        let mut reports = self.station_logs()?;
        if let Some(logs) = logs {
            if let Some(missing) = logs.iter().find(|log| !reports.iter().any(|report| report.id == **log)) {
                if let Some(reason) = self.erased_because(STATION_LOG, missing)? {
                    return Err(EngineError::Refused(format!(
                        "station log `{missing}`, which the verdict counts, was erased from this store ({reason}): its \
                         numbers cannot be computed again"
                    )));
                }
                return Err(EngineError::NotFound { kind: "station log", name: missing.clone() });
            }
            reports.retain(|report| logs.contains(&report.id));
        }
        let ids: Vec<String> = reports.iter().map(|report| report.id.clone()).collect();
        let snapshot = self.snapshot()?;
        let condition = format!("log_id IN ({})", ids.iter().map(|id| literal(id)).collect::<Vec<_>>().join(", "));
        let query = |table: &str| format!("SELECT * FROM {table} WHERE {condition}");
        // What is dated after its import has not happened: neither work nor shifts that wait for it count.
        let until: BTreeMap<String, Nanos> =
            reports.iter().filter_map(|report| Some((report.id.clone(), report.until()?))).collect();
        let is_future = |cells: &Cells, row: usize, at: Option<Nanos>| {
            !until.is_empty()
                && cells
                    .text("log_id", row)
                    .is_some_and(|log| until.get(&log).zip(at).is_some_and(|(until, at)| at > *until))
        };
        let mut calendar = Vec::new();
        if !ids.is_empty() {
            self.each(&query("shifts"), snapshot, progress, |cells, row| {
                let shift = shift(cells, row);
                calendar.extend(shift.filter(|shift| !is_future(cells, row, Some(shift.span.start))));
                Ok(())
            })?;
        }
        let refused = |error: EvidenceError| EngineError::Refused(error.to_string());
        let mut builder = Builder::new(frozen, &calendar).map_err(refused)?.bridged(bridged);
        if !ids.is_empty() {
            self.witness_before(&mut builder, frozen, &query, snapshot, progress)?;
            let mut later = Later::load(self, &condition, snapshot)?;
            self.each(&query("units"), snapshot, progress, |cells, row| {
                let mut unit = unit(cells, row);
                if is_future(cells, row, unit.end.or(unit.start)) {
                    builder.future_unit();
                    return Ok(());
                }
                later.apply(&mut unit);
                builder.unit(&unit).map_err(refused)
            })?;
            self.each(&query("station_events"), snapshot, progress, |cells, row| {
                let event = event(cells, row).filter(|event| !is_future(cells, row, Some(event.at)));
                event.into_iter().for_each(|event| builder.event(event));
                Ok(())
            })?;
            self.each(&query("counter_readings"), snapshot, progress, |cells, row| {
                let reading = reading(cells, row).filter(|reading| !is_future(cells, row, Some(reading.at)));
                reading.into_iter().for_each(|reading| builder.reading(reading));
                Ok(())
            })?;
        }
        if !ids.is_empty() {
            self.witness_after(&mut builder, &query, snapshot, progress)?;
        }
        let evidence = builder.finish();
        let provenance = Provenance {
            logs: ids,
            simulated: reports.iter().any(|report| report.simulated),
            recorder: reports.iter().map(|report| report.recorder).max().unwrap_or(Recorder::SelfAttested),
            events: reports.iter().any(|report| report.keeps_events),
            readings: reports.iter().any(|report| report.keeps_readings),
        };
        Ok((evidence, provenance))
    }

    /// Calls `take` with each row of a query.
    pub(super) fn each(
        &self,
        sql: &str,
        snapshot: u64,
        progress: &dyn Progress,
        mut take: impl FnMut(&Cells, usize) -> Result<(), EngineError>,
    ) -> Result<(), EngineError> {
        let mut rows = self.stream_sql(sql, Some(snapshot), RowOrder::Any)?;
        while let Some(batch) = rows.next()? {
            if progress.cancelled() {
                return Err(EngineError::Cancelled);
            }
            let cells = Cells::of(&batch)?;
            for row in 0..cells.rows() {
                take(&cells, row)?;
            }
        }
        Ok(())
    }
}

fn time(cells: &Cells, name: &str, row: usize) -> Option<Nanos> {
    cells.integer(name, row).map(Nanos)
}

fn unit(cells: &Cells, row: usize) -> UnitOfWork {
    let text = |name: &str| cells.text(name, row);
    let conditions = text("conditions").and_then(|text| serde_json::from_str(&text).ok());
    UnitOfWork {
        unit: text("unit").unwrap_or_default(),
        station: text("station").unwrap_or_default(),
        shift: text("shift"),
        robot: text("robot"),
        release: text("release"),
        worker: text("worker"),
        start: time(cells, "start_ns", row),
        end: time(cells, "end_ns", row),
        mode: text("mode").and_then(|name| Mode::from_name(&name)).unwrap_or_default(),
        outcome: text("outcome").and_then(|name| Outcome::from_name(&name)).unwrap_or_default(),
        confirmed: text("confirmed").and_then(|name| Outcome::from_name(&name)).unwrap_or_default(),
        attempts: cells.count("attempts", row).and_then(|attempts| u32::try_from(attempts).ok()),
        conditions: conditions.unwrap_or_else(BTreeMap::<String, Condition>::new),
    }
}

fn shift(cells: &Cells, row: usize) -> Option<Shift> {
    Some(Shift {
        shift: cells.text("shift", row)?,
        station: cells.text("station", row)?,
        span: TimeSpan::new(time(cells, "start_ns", row)?, time(cells, "end_ns", row)?),
        break_s: cells.float("break_s", row).unwrap_or(0.0),
        crew: if cells.text("crew", row)? == "human" { Crew::Human } else { Crew::Robot },
        kind: cells.text("kind", row),
        drawn: cells.truth("drawn", row).unwrap_or(false),
    })
}

fn event(cells: &Cells, row: usize) -> Option<StationEvent> {
    Some(StationEvent {
        station: cells.text("station", row)?,
        robot: cells.text("robot", row),
        kind: StationEventKind::from_name(&cells.text("kind", row)?)?,
        at: time(cells, "start_ns", row)?,
        until: time(cells, "end_ns", row),
        unit: cells.text("unit", row),
        detail: cells.text("detail", row),
    })
}

fn reading(cells: &Cells, row: usize) -> Option<CounterReading> {
    Some(CounterReading {
        station: cells.text("station", row)?,
        at: time(cells, "t_ns", row)?,
        total: cells.count("total", row)?,
        good: cells.count("good", row),
    })
}

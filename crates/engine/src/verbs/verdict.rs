//! `verify`: from the logs of a store and a frozen protocol to a signed verdict; `report check`: the way back.

use prairie_catalog::{Commit, Leaf, NewDocument};
use prairie_ledger::{Envelope, VERDICT_TYPE};
use prairie_model::{
    Condition, CounterReading, Crew, Mode, Nanos, Outcome, Recorder, Shift, StationEvent, StationEventKind, TimeSpan,
    UnitOfWork, canonical_json,
};
use prairie_verify::evidence::{Builder, EvidenceError};
use prairie_verify::gate::Gate;
use prairie_verify::verdict::{Provenance, Verdict, judge};
use serde::Serialize;
use serde_json::Value;

use super::receipt::{SignatureCheck, now, signatures};
use crate::cells::{Cells, literal};
use crate::error::{EngineError, chain};
use crate::later::Later;
use crate::progress::Progress;
use crate::{Engine, RowOrder};

/// Kind of the documents that this verb adds.
const VERDICT: &str = "verdict";

/// A verdict with its signature.
#[derive(Debug, Clone)]
pub struct VerdictReport {
    /// The verdict.
    pub verdict: Verdict,
    /// The signed envelope, as JSON.
    pub envelope: String,
}

/// What a check of a report came to.
#[derive(Debug, Clone, Serialize)]
pub struct ReportCheck {
    /// The scenario.
    pub scenario: String,
    /// The gate.
    pub gate: String,
    /// The decision.
    pub decision: prairie_verify::verdict::Decision,
    /// Every signature.
    pub signatures: Vec<SignatureCheck>,
    /// How the page differs from the one that its verdict gives; `None` where it does not, or the report is no page.
    pub page: Option<String>,
    /// What differs between the report and what the data give; `None` when there were no data.
    pub recomputed: Option<Vec<String>>,
}

impl ReportCheck {
    /// Whether at least one trusted signature verifies, none is broken, and nothing differs.
    pub fn holds(&self) -> bool {
        self.signatures.iter().any(|signature| signature.verified)
            && self.signatures.iter().all(|signature| signature.verified || !signature.trusted)
            && self.page.is_none()
            && self.recomputed.as_ref().is_none_or(Vec::is_empty)
    }
}

impl Engine {
    /// Judges a scenario at a gate, signs the verdict and puts it into the ledger.
    ///
    /// # Errors
    ///
    /// When nothing was frozen for it, or the logs contradict the protocol.
    pub fn verify(&self, scenario: &str, gate: &str, progress: &dyn Progress) -> Result<VerdictReport, EngineError> {
        let gate = Gate::from_name(gate).ok_or(EngineError::NotFound { kind: "gate", name: gate.to_owned() })?;
        let verdict = self.judge(scenario, gate, None, progress)?;
        let text = canonical_json(&verdict).map_err(|error| EngineError::Bug(error.to_string()))?;
        let mut envelope = Envelope::sign_as(VERDICT_TYPE, text.into_bytes(), self.key.private());
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
        envelope.ledger = self.place_of(&name)?;
        Ok(VerdictReport { verdict, envelope: envelope.to_json() })
    }

    /// Checks the signatures of a report; with the store's data it computes every number again.
    ///
    /// # Errors
    ///
    /// When the text is no report.
    pub fn check_report(
        &self,
        text: &str,
        keys: &[String],
        progress: &dyn Progress,
    ) -> Result<ReportCheck, EngineError> {
        let own = [self.public_key()];
        let (verdict, mut check) = open_report(text, if keys.is_empty() { &own } else { keys })?;
        let gate = Gate::from_name(&verdict.gate)
            .ok_or_else(|| EngineError::invalid("the report", format!("there is no gate `{}`", verdict.gate)))?;
        let again = self.judge(&verdict.scenario, gate, Some(&verdict.provenance.logs), progress)?;
        // Both in the canonical form, in which floats have twelve digits.
        let json = |verdict: &Verdict| {
            let text = canonical_json(verdict).map_err(|error| EngineError::Bug(error.to_string()))?;
            serde_json::from_str::<Value>(&text).map_err(|error| EngineError::Bug(error.to_string()))
        };
        let mut differences = Vec::new();
        differ("", &json(&verdict)?, &json(&again)?, &mut differences);
        check.recomputed = Some(differences);
        Ok(check)
    }

    /// Where the last leaf about a thing is in the ledger.
    fn place_of(&self, name: &str) -> Result<Option<prairie_ledger::LedgerPlace>, EngineError> {
        let failed = EngineError::catalog("reading the ledger");
        let leaves = self.block(self.catalog().leaves_about(name)).map_err(failed)?;
        let Some(seq) = leaves.last() else { return Ok(None) };
        self.block(self.catalog().ledger_place(*seq, None)).map_err(EngineError::catalog("reading the ledger"))
    }

    /// Computes a verdict from these logs, or from all that count.
    fn judge(
        &self,
        scenario: &str,
        gate: Gate,
        logs: Option<&[String]>,
        progress: &dyn Progress,
    ) -> Result<Verdict, EngineError> {
        let frozen = self.frozen(scenario, gate)?;
        let mut reports = self.station_logs()?;
        if let Some(logs) = logs {
            if let Some(missing) = logs.iter().find(|log| !reports.iter().any(|report| report.id == **log)) {
                return Err(EngineError::NotFound { kind: "station log", name: missing.clone() });
            }
            reports.retain(|report| logs.contains(&report.id));
        }
        let ids: Vec<String> = reports.iter().map(|report| report.id.clone()).collect();
        let snapshot = self.snapshot()?;
        let condition = format!("log_id IN ({})", ids.iter().map(|id| literal(id)).collect::<Vec<_>>().join(", "));
        let query = |table: &str| format!("SELECT * FROM {table} WHERE {condition}");
        let mut calendar = Vec::new();
        if !ids.is_empty() {
            self.each(&query("shifts"), snapshot, progress, |cells, row| {
                calendar.extend(shift(cells, row));
                Ok(())
            })?;
        }
        let refused = |error: EvidenceError| EngineError::Refused(error.to_string());
        let mut builder = Builder::new(&frozen, &calendar).map_err(refused)?;
        if !ids.is_empty() {
            let mut later = Later::load(self, &condition, snapshot)?;
            self.each(&query("units"), snapshot, progress, |cells, row| {
                let mut unit = unit(cells, row);
                later.apply(&mut unit);
                builder.unit(&unit).map_err(refused)
            })?;
            self.each(&query("station_events"), snapshot, progress, |cells, row| {
                event(cells, row).into_iter().for_each(|event| builder.event(event));
                Ok(())
            })?;
            self.each(&query("counter_readings"), snapshot, progress, |cells, row| {
                reading(cells, row).into_iter().for_each(|reading| builder.reading(reading));
                Ok(())
            })?;
        }
        let evidence = builder.finish();
        let provenance = Provenance {
            logs: ids,
            simulated: reports.iter().any(|report| report.simulated),
            recorder: reports.iter().map(|report| report.recorder).max().unwrap_or(Recorder::SelfAttested),
            events: reports.iter().any(|report| report.keeps_events),
            readings: reports.iter().any(|report| report.keeps_readings),
        };
        judge(&frozen, &evidence, &provenance).map_err(|error| EngineError::Refused(error.to_string()))
    }

    /// Calls `take` with each row of a query.
    fn each(
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

/// Verifies the signatures of a report offline against the public keys in `keys`.
///
/// # Errors
///
/// When the text is no report, or a key is no key.
pub fn check_report(text: &str, keys: &[String]) -> Result<ReportCheck, EngineError> {
    Ok(open_report(text, keys)?.1)
}

fn open_report(text: &str, keys: &[String]) -> Result<(Verdict, ReportCheck), EngineError> {
    let inner = crate::page::envelope_of(text);
    let envelope = Envelope::from_json(inner.unwrap_or(text))
        .map_err(|error| EngineError::invalid("the report", chain(&error)))?;
    let payload = envelope.payload_of_type(VERDICT_TYPE).map_err(|error| EngineError::invalid("the report", error))?;
    let verdict: Verdict =
        serde_json::from_slice(payload).map_err(|error| EngineError::invalid("the report's payload", error))?;
    let check = ReportCheck {
        scenario: verdict.scenario.clone(),
        gate: verdict.gate.clone(),
        decision: verdict.decision,
        signatures: signatures(&envelope, keys)?,
        page: inner.map(|inner| page_differs(text, inner)).transpose()?.flatten(),
        recomputed: None,
    };
    Ok((verdict, check))
}

/// The first line at which a page differs from the one that its envelope gives.
fn page_differs(page: &str, envelope: &str) -> Result<Option<String>, EngineError> {
    let made = crate::page::report_page(envelope)?;
    if page == made {
        return Ok(None);
    }
    let place = page.lines().zip(made.lines()).position(|(one, other)| one != other);
    let line = place.map_or_else(|| made.lines().count().min(page.lines().count()) + 1, |place| place + 1);
    Ok(Some(format!(
        "line {line} is not what the signed verdict gives: the page was edited, or made by another version"
    )))
}

/// Names every place at which two values differ.
fn differ(place: &str, stated: &Value, computed: &Value, differences: &mut Vec<String>) {
    let inner = |name: &str| if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") };
    match (stated, computed) {
        (Value::Object(one), Value::Object(other)) => {
            for (name, stated) in one {
                differ(&inner(name), stated, other.get(name).unwrap_or(&Value::Null), differences);
            }
            for (name, computed) in other.iter().filter(|(name, _)| !one.contains_key(*name)) {
                differ(&inner(name), &Value::Null, computed, differences);
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (at, (stated, computed)) in one.iter().zip(other).enumerate() {
                differ(&inner(&at.to_string()), stated, computed, differences);
            }
        }
        _ if stated == computed => {}
        _ => {
            let short = |value: &Value| value.to_string().chars().take(80).collect::<String>();
            differences.push(format!(
                "`{place}` is {} in the report, and {} by the data",
                short(stated),
                short(computed)
            ));
        }
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
        conditions: conditions.unwrap_or_else(std::collections::BTreeMap::<String, Condition>::new),
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

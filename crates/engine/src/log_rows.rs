//! Rows of a station's log on their way into tables.

use arrow::array::RecordBatch;
use prairie_catalog::{
    CatalogError, DataFile, audits_batch, claims_batch, confirmations_batch, coverage_batch, draws_batch, events_batch,
    log_findings_batch, modes_batch, presence_batch, readings_batch, shifts_batch, units_batch,
};
use prairie_model::{
    AuditDraw, Confirmation, CounterReading, LinkClaim, LogFinding, ModeSpan, Presence, RecorderSpan, Shift,
    StationEvent, UnitAudit, UnitOfWork,
};
use prairie_standardize::station::{LogRow, SectionKind};

use crate::Engine;
use crate::error::EngineError;
use crate::writing::Tables;

/// Rows that are written at once.
const BATCH_ROWS: usize = 8192;

/// Rows on their way into tables.
pub(crate) struct LogRows<'a> {
    engine: &'a Engine,
    log: String,
    tables: Tables,
    waiting: usize,
    units: Vec<UnitOfWork>,
    shifts: Vec<Shift>,
    events: Vec<StationEvent>,
    readings: Vec<CounterReading>,
    confirmations: Vec<Confirmation>,
    modes: Vec<ModeSpan>,
    claims: Vec<LinkClaim>,
    audits: Vec<UnitAudit>,
    draws: Vec<AuditDraw>,
    coverage: Vec<RecorderSpan>,
    presence: Vec<Presence>,
    counts: [u64; SectionKind::ALL.len()],
}

impl<'a> LogRows<'a> {
    pub(crate) fn new(engine: &'a Engine, log: &str) -> Self {
        Self {
            engine,
            log: log.to_owned(),
            tables: Tables::new(),
            waiting: 0,
            units: Vec::new(),
            shifts: Vec::new(),
            events: Vec::new(),
            readings: Vec::new(),
            confirmations: Vec::new(),
            modes: Vec::new(),
            claims: Vec::new(),
            audits: Vec::new(),
            draws: Vec::new(),
            coverage: Vec::new(),
            presence: Vec::new(),
            counts: [0; SectionKind::ALL.len()],
        }
    }

    /// Rows of a kind so far.
    pub(crate) fn count(&self, kind: SectionKind) -> u64 {
        SectionKind::ALL.iter().position(|each| *each == kind).map_or(0, |at| self.counts[at])
    }

    /// Takes a row.
    pub(crate) fn add(&mut self, row: LogRow) -> Result<(), EngineError> {
        let kind = match row {
            LogRow::Unit(row) => push(&mut self.units, row, SectionKind::Units),
            LogRow::Shift(row) => push(&mut self.shifts, row, SectionKind::Shifts),
            LogRow::Event(row) => push(&mut self.events, row, SectionKind::Events),
            LogRow::Reading(row) => push(&mut self.readings, row, SectionKind::Readings),
            LogRow::Confirmation(row) => push(&mut self.confirmations, row, SectionKind::Confirmations),
            LogRow::Mode(row) => push(&mut self.modes, row, SectionKind::Modes),
            LogRow::Link(row) => push(&mut self.claims, row, SectionKind::Links),
            LogRow::Audit(row) => push(&mut self.audits, row, SectionKind::Audits),
            LogRow::Draw(row) => push(&mut self.draws, row, SectionKind::Draws),
            LogRow::Coverage(row) => push(&mut self.coverage, row, SectionKind::Coverage),
            LogRow::Presence(row) => push(&mut self.presence, row, SectionKind::Presence),
        };
        if let Some(count) = SectionKind::ALL.iter().position(|each| *each == kind) {
            self.counts[count] += 1;
        }
        self.waiting += 1;
        if self.waiting >= BATCH_ROWS { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), EngineError> {
        let log = self.log.as_str();
        let batches = [
            ("units", units_batch(log, &self.units)),
            ("shifts", shifts_batch(log, &self.shifts)),
            ("station_events", events_batch(log, &self.events)),
            ("counter_readings", readings_batch(log, &self.readings)),
            ("confirmations", confirmations_batch(log, &self.confirmations)),
            ("mode_spans", modes_batch(log, &self.modes)),
            ("link_claims", claims_batch(log, &self.claims)),
            ("unit_audits", audits_batch(log, &self.audits)),
            ("audit_draws", draws_batch(log, &self.draws)),
            ("recorder_coverage", coverage_batch(log, &self.coverage)),
            ("station_presence", presence_batch(log, &self.presence)),
        ];
        for (table, batch) in batches {
            self.tables_append(table, batch)?;
        }
        self.waiting = 0;
        self.units.clear();
        self.shifts.clear();
        self.events.clear();
        self.readings.clear();
        self.confirmations.clear();
        self.modes.clear();
        self.claims.clear();
        self.audits.clear();
        self.draws.clear();
        self.coverage.clear();
        self.presence.clear();
        Ok(())
    }

    fn tables_append(&mut self, table: &str, batch: Result<RecordBatch, CatalogError>) -> Result<(), EngineError> {
        let batch = batch.map_err(EngineError::catalog("writing rows"))?;
        if batch.num_rows() == 0 { Ok(()) } else { self.tables.append(self.engine, table, batch) }
    }

    /// Closes every file.
    pub(crate) fn finish(mut self, findings: &[LogFinding]) -> Result<Vec<DataFile>, EngineError> {
        self.flush()?;
        let batch = log_findings_batch(&self.log, findings);
        self.tables_append("log_findings", batch)?;
        self.tables.finish()
    }
}

/// Adds a row to the others of its kind.
fn push<T>(rows: &mut Vec<T>, row: T, kind: SectionKind) -> SectionKind {
    rows.push(row);
    kind
}

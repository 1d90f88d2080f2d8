//! The tables of station logs: `units`, `shifts`, `station_events`, `counter_readings`, `mode_spans`, `confirmations`,
//! `link_claims` and `log_findings`, and of what others saw: `unit_audits`, `audit_draws`, `recorder_coverage` and
//! `station_presence`. Each row names its log, and no row an episode.

use std::sync::Arc;

use arrow::array::{BooleanArray, Float64Array, RecordBatch, UInt32Array, UInt64Array};
use arrow::datatypes::SchemaRef;
use prairie_model::{
    AuditDraw, Confirmation, CounterReading, Crew, LinkClaim, LogFinding, ModeSpan, Presence, RecorderSpan, Shift,
    StationEvent, UnitAudit, UnitOfWork,
};

use crate::Result;
use crate::columns::{Column, batch_of, schema_of, text, texts, times};

/// The columns of a table of station logs; `None` for any other table.
pub(crate) fn schema(table: &str) -> Option<SchemaRef> {
    let columns = match table {
        "audit_draws" => draw_columns("", &[]),
        "confirmations" => confirmation_columns("", &[]),
        "counter_readings" => reading_columns("", &[]),
        "link_claims" => claim_columns("", &[]),
        "log_findings" => finding_columns("", &[]),
        "mode_spans" => mode_columns("", &[]),
        "recorder_coverage" => coverage_columns("", &[]),
        "shifts" => shift_columns("", &[]),
        "station_events" => event_columns("", &[]),
        "station_presence" => presence_columns("", &[]),
        "unit_audits" => audit_columns("", &[]),
        "units" => unit_columns("", &[]),
        _ => return None,
    };
    Some(schema_of(&columns))
}

/// Units of work as rows of `units`.
pub fn units_batch(log: &str, units: &[UnitOfWork]) -> Result<RecordBatch> {
    batch_of("units", unit_columns(log, units))
}

/// Shifts as rows of `shifts`.
pub fn shifts_batch(log: &str, shifts: &[Shift]) -> Result<RecordBatch> {
    batch_of("shifts", shift_columns(log, shifts))
}

/// Events as rows of `station_events`.
pub fn events_batch(log: &str, events: &[StationEvent]) -> Result<RecordBatch> {
    batch_of("station_events", event_columns(log, events))
}

/// Readings as rows of `counter_readings`.
pub fn readings_batch(log: &str, readings: &[CounterReading]) -> Result<RecordBatch> {
    batch_of("counter_readings", reading_columns(log, readings))
}

/// Audits as rows of `unit_audits`.
pub fn audits_batch(log: &str, audits: &[UnitAudit]) -> Result<RecordBatch> {
    batch_of("unit_audits", audit_columns(log, audits))
}

/// Draws as rows of `audit_draws`.
pub fn draws_batch(log: &str, draws: &[AuditDraw]) -> Result<RecordBatch> {
    batch_of("audit_draws", draw_columns(log, draws))
}

/// Spans as rows of `recorder_coverage`.
pub fn coverage_batch(log: &str, spans: &[RecorderSpan]) -> Result<RecordBatch> {
    batch_of("recorder_coverage", coverage_columns(log, spans))
}

/// People as rows of `station_presence`.
pub fn presence_batch(log: &str, presence: &[Presence]) -> Result<RecordBatch> {
    batch_of("station_presence", presence_columns(log, presence))
}

/// Later looks at units as rows of `confirmations`.
pub fn confirmations_batch(log: &str, looks: &[Confirmation]) -> Result<RecordBatch> {
    batch_of("confirmations", confirmation_columns(log, looks))
}

/// Stretches of time as rows of `mode_spans`.
pub fn modes_batch(log: &str, modes: &[ModeSpan]) -> Result<RecordBatch> {
    batch_of("mode_spans", mode_columns(log, modes))
}

/// What logs say of units and episodes as rows of `link_claims`.
pub fn claims_batch(log: &str, claims: &[LinkClaim]) -> Result<RecordBatch> {
    batch_of("link_claims", claim_columns(log, claims))
}

/// Findings as rows of `log_findings`.
pub fn log_findings_batch(log: &str, findings: &[LogFinding]) -> Result<RecordBatch> {
    batch_of("log_findings", finding_columns(log, findings))
}

fn log_column(log: &str, rows: usize) -> Column {
    text("log_id", std::iter::repeat_n(log, rows))
}

fn unit_columns(log: &str, units: &[UnitOfWork]) -> Vec<Column> {
    let conditions: Vec<String> = units
        .iter()
        .map(|unit| serde_json::to_string(&unit.conditions).expect("numbers and texts always have a JSON form"))
        .collect();
    vec![
        log_column(log, units.len()),
        text("unit", units.iter().map(|unit| unit.unit.as_str())),
        text("station", units.iter().map(|unit| unit.station.as_str())),
        texts("shift", units.iter().map(|unit| unit.shift.as_deref())),
        texts("robot", units.iter().map(|unit| unit.robot.as_deref())),
        texts("release", units.iter().map(|unit| unit.release.as_deref())),
        texts("worker", units.iter().map(|unit| unit.worker.as_deref())),
        times("start_ns", units.iter().map(|unit| unit.start)),
        times("end_ns", units.iter().map(|unit| unit.end)),
        text("mode", units.iter().map(|unit| unit.mode.name())),
        text("outcome", units.iter().map(|unit| unit.outcome.name())),
        text("confirmed", units.iter().map(|unit| unit.confirmed.name())),
        ("attempts", true, Arc::new(units.iter().map(|unit| unit.attempts).collect::<UInt32Array>())),
        text("conditions", conditions.iter().map(String::as_str)),
    ]
}

fn shift_columns(log: &str, shifts: &[Shift]) -> Vec<Column> {
    let crew = |shift: &Shift| match shift.crew {
        Crew::Human => "human",
        Crew::Robot => "robot",
    };
    vec![
        log_column(log, shifts.len()),
        text("shift", shifts.iter().map(|shift| shift.shift.as_str())),
        text("station", shifts.iter().map(|shift| shift.station.as_str())),
        times("start_ns", shifts.iter().map(|shift| Some(shift.span.start))),
        times("end_ns", shifts.iter().map(|shift| Some(shift.span.end))),
        ("break_s", false, Arc::new(Float64Array::from_iter_values(shifts.iter().map(|shift| shift.break_s)))),
        text("crew", shifts.iter().map(crew)),
        texts("kind", shifts.iter().map(|shift| shift.kind.as_deref())),
        ("drawn", false, Arc::new(shifts.iter().map(|shift| Some(shift.drawn)).collect::<BooleanArray>())),
    ]
}

fn event_columns(log: &str, events: &[StationEvent]) -> Vec<Column> {
    vec![
        log_column(log, events.len()),
        text("station", events.iter().map(|event| event.station.as_str())),
        texts("robot", events.iter().map(|event| event.robot.as_deref())),
        text("kind", events.iter().map(|event| event.kind.name())),
        times("start_ns", events.iter().map(|event| Some(event.at))),
        times("end_ns", events.iter().map(|event| event.until)),
        texts("unit", events.iter().map(|event| event.unit.as_deref())),
        texts("detail", events.iter().map(|event| event.detail.as_deref())),
    ]
}

fn reading_columns(log: &str, readings: &[CounterReading]) -> Vec<Column> {
    vec![
        log_column(log, readings.len()),
        text("station", readings.iter().map(|reading| reading.station.as_str())),
        times("t_ns", readings.iter().map(|reading| Some(reading.at))),
        ("total", false, Arc::new(UInt64Array::from_iter_values(readings.iter().map(|reading| reading.total)))),
        ("good", true, Arc::new(readings.iter().map(|reading| reading.good).collect::<UInt64Array>())),
    ]
}

fn audit_columns(log: &str, audits: &[UnitAudit]) -> Vec<Column> {
    let numbers = |values: &[f64]| values.iter().map(f64::to_string).collect::<Vec<_>>().join(" ");
    let conditions: Vec<String> = audits
        .iter()
        .map(|audit| serde_json::to_string(&audit.conditions).expect("numbers and texts always have a JSON form"))
        .collect();
    let floats = |values: Vec<Option<f64>>| Arc::new(Float64Array::from(values));
    vec![
        log_column(log, audits.len()),
        text("unit", audits.iter().map(|audit| audit.unit.as_str())),
        text("station", audits.iter().map(|audit| audit.station.as_str())),
        ("steps", true, Arc::new(audits.iter().map(|audit| audit.steps).collect::<UInt64Array>())),
        ("matched", true, Arc::new(audits.iter().map(|audit| audit.matched).collect::<UInt64Array>())),
        text("found", audits.iter().map(|audit| audit.found.name())),
        ("repeat_ratio", true, floats(audits.iter().map(|audit| audit.repeat_ratio).collect())),
        ("train_ratio", true, floats(audits.iter().map(|audit| audit.train_ratio).collect())),
        texts("episode", audits.iter().map(|audit| audit.episode.as_deref())),
        text("object", audits.iter().map(|audit| numbers(&audit.object))),
        text("motion", audits.iter().map(|audit| numbers(&audit.motion))),
        text("conditions", conditions.iter().map(String::as_str)),
    ]
}

fn draw_columns(log: &str, draws: &[AuditDraw]) -> Vec<Column> {
    vec![
        log_column(log, draws.len()),
        text("kind", draws.iter().map(|draw| draw.kind.name())),
        ("share", false, Arc::new(Float64Array::from_iter_values(draws.iter().map(|draw| draw.share)))),
        text("commitment", draws.iter().map(|draw| draw.commitment.as_str())),
        times("t_ns", draws.iter().map(|draw| Some(draw.committed))),
        texts("seed", draws.iter().map(|draw| draw.seed.as_deref())),
    ]
}

fn coverage_columns(log: &str, spans: &[RecorderSpan]) -> Vec<Column> {
    vec![
        log_column(log, spans.len()),
        text("station", spans.iter().map(|span| span.station.as_str())),
        times("start_ns", spans.iter().map(|span| Some(span.span.start))),
        times("end_ns", spans.iter().map(|span| Some(span.span.end))),
    ]
}

fn presence_columns(log: &str, presence: &[Presence]) -> Vec<Column> {
    vec![
        log_column(log, presence.len()),
        text("station", presence.iter().map(|each| each.station.as_str())),
        times("start_ns", presence.iter().map(|each| Some(each.span.start))),
        times("end_ns", presence.iter().map(|each| Some(each.span.end))),
        ("people", false, Arc::new(Float64Array::from_iter_values(presence.iter().map(|each| each.people)))),
    ]
}

fn confirmation_columns(log: &str, looks: &[Confirmation]) -> Vec<Column> {
    vec![
        log_column(log, looks.len()),
        text("station", looks.iter().map(|look| look.station.as_str())),
        text("unit", looks.iter().map(|look| look.unit.as_str())),
        text("outcome", looks.iter().map(|look| look.outcome.name())),
        times("at_ns", looks.iter().map(|look| look.at)),
        texts("confirmed_by", looks.iter().map(|look| look.by.as_deref())),
        texts("detail", looks.iter().map(|look| look.detail.as_deref())),
    ]
}

fn mode_columns(log: &str, modes: &[ModeSpan]) -> Vec<Column> {
    vec![
        log_column(log, modes.len()),
        text("station", modes.iter().map(|mode| mode.station.as_str())),
        texts("robot", modes.iter().map(|mode| mode.robot.as_deref())),
        times("start_ns", modes.iter().map(|mode| Some(mode.span.start))),
        times("end_ns", modes.iter().map(|mode| Some(mode.span.end))),
        text("mode", modes.iter().map(|mode| mode.mode.name())),
    ]
}

fn claim_columns(log: &str, claims: &[LinkClaim]) -> Vec<Column> {
    vec![
        log_column(log, claims.len()),
        text("station", claims.iter().map(|claim| claim.station.as_str())),
        text("unit", claims.iter().map(|claim| claim.unit.as_str())),
        text("episode", claims.iter().map(|claim| claim.episode.as_str())),
    ]
}

fn finding_columns(log: &str, findings: &[LogFinding]) -> Vec<Column> {
    vec![
        log_column(log, findings.len()),
        text("code", findings.iter().map(|finding| finding.code.as_str())),
        text("severity", findings.iter().map(|finding| finding.severity.name())),
        texts("file", findings.iter().map(|finding| finding.file.as_deref())),
        texts("column_name", findings.iter().map(|finding| finding.column.as_deref())),
        texts("station", findings.iter().map(|finding| finding.station.as_deref())),
        ("row_count", false, Arc::new(UInt64Array::from_iter_values(findings.iter().map(|finding| finding.rows)))),
        ("first_row", true, Arc::new(findings.iter().map(|finding| finding.first_row).collect::<UInt64Array>())),
        times("start_ns", findings.iter().map(|finding| finding.span.map(|span| span.start))),
        times("end_ns", findings.iter().map(|finding| finding.span.map(|span| span.end))),
        text("message", findings.iter().map(|finding| finding.message.as_str())),
    ]
}

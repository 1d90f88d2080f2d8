//! Rows of a station's log to units of work, shifts, events and readings, and what is wrong with them.
//!
//! ```text
//!   LogMapping (TOML) ─▶ SectionReader per file ─ row ─▶ LogRow*, LogNotes
//!   LogRow*, LogNotes ─ LogExaminer (LOG_CHECKS) ─▶ LogFindings
//!   ModeSpan* ─ ModeRecord ─▶ the mode of a unit: that of its least autonomous second
//! ```
//!
//! A log needs no mapping where its columns have the names of the fields; a mapping names the others. What a cell says and
//! nobody understands is unknown and counted, never guessed.

mod calendar;
mod cell;
mod checks;
mod mapping;
mod modes;
mod notes;
mod reader;
mod samples;
mod witness;

use prairie_model::{
    AuditDraw, Confirmation, CounterReading, LinkClaim, ModeSpan, Nanos, Presence, RecorderSpan, Shift, StationEvent,
    UnitAudit, UnitOfWork,
};

pub use checks::{LOG_CHECKS, LogCheck, LogDoc, LogExaminer, Seen, explain_log, log_reference};
pub use mapping::{LogMapping, LogMappingError, STATION_LOG_SCHEMA, Samples, Section, SectionKind};
pub use modes::ModeRecord;
pub use reader::{RowTally, SectionReader};

/// What one row became.
#[derive(Debug, Clone, PartialEq)]
pub enum LogRow {
    /// A unit of work.
    Unit(UnitOfWork),
    /// A shift of the calendar.
    Shift(Shift),
    /// An event.
    Event(StationEvent),
    /// A reading of the counter.
    Reading(CounterReading),
    /// A unit that others looked at again.
    Audit(UnitAudit),
    /// A draw by lot.
    Draw(AuditDraw),
    /// A span of the recorder's heartbeat.
    Coverage(RecorderSpan),
    /// People near the station.
    Presence(Presence),
    /// A later look at a unit.
    Confirmation(Confirmation),
    /// A stretch of time in one mode.
    Mode(ModeSpan),
    /// A unit and an episode that belong together.
    Link(LinkClaim),
}

impl LogRow {
    /// When it happened; the end of what lasts. `None` where it has no time of its own.
    pub fn time(&self) -> Option<Nanos> {
        match self {
            Self::Unit(unit) => unit.end.or(unit.start),
            Self::Shift(shift) => Some(shift.span.end),
            Self::Event(event) => Some(event.at),
            Self::Reading(reading) => Some(reading.at),
            Self::Confirmation(look) => look.at,
            Self::Mode(mode) => Some(mode.span.end),
            Self::Draw(draw) => Some(draw.committed),
            Self::Coverage(span) => Some(span.span.end),
            Self::Presence(presence) => Some(presence.span.end),
            // These name a unit, which has its own times.
            Self::Link(_) | Self::Audit(_) => None,
        }
    }
}

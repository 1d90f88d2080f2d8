//! Rows of a station's log to units of work, shifts, events and readings.
//!
//! ```text
//!   LogMapping (TOML) ─▶ Section per file ─ row ─▶ UnitOfWork | Shift | StationEvent | CounterReading | …, and LogNotes
//! ```
//!
//! A log needs no mapping where its columns have the names of the fields; a mapping names the others. What a cell says and
//! nobody understands is unknown and counted, never guessed.

mod cell;
mod mapping;
mod notes;
mod witness;

use std::collections::BTreeMap;

use prairie_model::{
    AuditDraw, Cell, Condition, CounterReading, Crew, LogNote, LogNoteKind, Mode, Nanos, Outcome, Presence,
    RecorderSpan, Row, Shift, StationEvent, StationEventKind, TimeSpan, UnitAudit, UnitOfWork,
};

pub use mapping::{LogMapping, LogMappingError, STATION_LOG_SCHEMA, Section, SectionKind};

use cell::{Clock, number_of, text_of, whole_of};
use notes::Notes;

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
}

/// Reads the rows of one file by its section of the mapping.
#[derive(Debug)]
pub struct SectionReader<'a> {
    section: &'a Section,
    defaults: &'a BTreeMap<String, String>,
    clock: Clock,
    /// The generation of columns that `places` belongs to.
    generation: Option<u64>,
    places: BTreeMap<&'static str, usize>,
    conditions: Vec<(String, usize)>,
    last_start: Option<Nanos>,
    notes: Notes,
}

impl<'a> SectionReader<'a> {
    /// A reader of a file by one section of a mapping.
    pub fn new(mapping: &'a LogMapping, section: &'a Section, file: &str) -> Self {
        Self {
            section,
            defaults: &mapping.defaults,
            clock: Clock { offset_s: mapping.offset_s(), unit_ns: section.time_unit_ns() },
            generation: None,
            places: BTreeMap::new(),
            conditions: Vec::new(),
            last_start: None,
            notes: Notes::new(file),
        }
    }

    /// What a row says; `None` where it lacks what makes it a row, which is noted.
    pub fn row(&mut self, row: &Row<'_>) -> Option<LogRow> {
        if self.generation != Some(row.generation) {
            self.look_up(row);
        }
        let made = match self.section.kind {
            SectionKind::Units => self.unit(row).map(LogRow::Unit),
            SectionKind::Shifts => self.shift(row).map(LogRow::Shift),
            SectionKind::Events => self.event(row).map(LogRow::Event),
            SectionKind::Readings => self.reading(row).map(LogRow::Reading),
            SectionKind::Audits => self.audit(row).map(LogRow::Audit),
            SectionKind::Draws => self.draw(row).map(LogRow::Draw),
            SectionKind::Coverage => self.coverage(row).map(LogRow::Coverage),
            SectionKind::Presence => self.presence(row).map(LogRow::Presence),
        };
        if made.is_none() {
            self.notes.add(LogNoteKind::RowIncomplete, None, row.number, None);
        }
        made
    }

    /// What was noticed.
    pub fn finish(self) -> Vec<LogNote> {
        self.notes.finish()
    }

    /// Finds the columns of this row's generation.
    fn look_up(&mut self, row: &Row<'_>) {
        self.generation = Some(row.generation);
        self.places.clear();
        self.conditions.clear();
        let place = |name: &str| row.names.iter().position(|each| each == name);
        for field in self.section.kind.fields() {
            match self.section.columns.get(*field) {
                Some(column) => match place(column) {
                    Some(at) => drop(self.places.insert(field, at)),
                    None => self.notes.once(LogNoteKind::ColumnMissing, column),
                },
                None => {
                    if let Some(at) = place(field) {
                        self.places.insert(field, at);
                    }
                }
            }
        }
        for (name, column) in &self.section.conditions {
            match place(column) {
                Some(at) => self.conditions.push((name.clone(), at)),
                None => self.notes.once(LogNoteKind::ColumnMissing, column),
            }
        }
    }

    fn unit(&mut self, row: &Row<'_>) -> Option<UnitOfWork> {
        let (start, end) = (self.time(row, "start"), self.time(row, "end"));
        if start.zip(end).is_some_and(|(start, end)| end < start) {
            self.notes.add(LogNoteKind::TimeReversed, Some("end"), row.number, None);
        }
        if let Some(start) = start {
            if self.last_start.is_some_and(|last| start < last) {
                self.notes.add(LogNoteKind::TimeStep, Some("start"), row.number, None);
            }
            self.last_start = Some(start);
        }
        Some(UnitOfWork {
            unit: self.text(row, "unit")?,
            station: self.text(row, "station")?,
            shift: self.text(row, "shift"),
            robot: self.text(row, "robot"),
            release: self.text(row, "release"),
            worker: self.text(row, "worker"),
            start,
            end,
            mode: self.named(row, "mode", Mode::from_name).unwrap_or_default(),
            outcome: self.named(row, "outcome", Outcome::from_name).unwrap_or_default(),
            confirmed: self.named(row, "confirmed", Outcome::from_name).unwrap_or_default(),
            attempts: self.whole(row, "attempts").and_then(|attempts| u32::try_from(attempts).ok()),
            conditions: self.conditions_of(row),
        })
    }

    fn shift(&mut self, row: &Row<'_>) -> Option<Shift> {
        let (start, end) = (self.time(row, "start")?, self.time(row, "end")?);
        if end <= start {
            self.notes.add(LogNoteKind::TimeReversed, Some("end"), row.number, None);
            return None;
        }
        let crew = |name: &str| match name {
            "human" => Some(Crew::Human),
            "robot" => Some(Crew::Robot),
            _ => None,
        };
        Some(Shift {
            shift: self.text(row, "shift")?,
            station: self.text(row, "station")?,
            span: TimeSpan::new(start, end),
            break_s: self.number(row, "break_s").filter(|seconds| *seconds >= 0.0).unwrap_or(0.0),
            crew: self.named(row, "crew", crew)?,
            kind: self.text(row, "kind"),
            drawn: self.named(row, "drawn", truth).unwrap_or(false),
        })
    }

    fn event(&mut self, row: &Row<'_>) -> Option<StationEvent> {
        Some(StationEvent {
            station: self.text(row, "station")?,
            robot: self.text(row, "robot"),
            kind: self.named(row, "kind", StationEventKind::from_name)?,
            at: self.time(row, "at")?,
            until: self.time(row, "until"),
            unit: self.text(row, "unit"),
            detail: self.text(row, "detail"),
        })
    }

    fn reading(&mut self, row: &Row<'_>) -> Option<CounterReading> {
        Some(CounterReading {
            station: self.text(row, "station")?,
            at: self.time(row, "at")?,
            total: self.whole(row, "total").and_then(|total| u64::try_from(total).ok())?,
            good: self.whole(row, "good").and_then(|good| u64::try_from(good).ok()),
        })
    }

    fn cell<'r>(&self, row: &'r Row<'_>, field: &str) -> Option<&'r Cell> {
        let cell = row.cells.get(*self.places.get(field)?)?;
        (*cell != Cell::Null).then_some(cell)
    }

    /// The text of a field; the mapping's default where the cell is empty.
    fn text(&self, row: &Row<'_>, field: &str) -> Option<String> {
        self.cell(row, field).map(text_of).or_else(|| self.defaults.get(field).cloned())
    }

    /// A value with a name: by the mapping's list of values, else by the name itself.
    fn named<T>(&mut self, row: &Row<'_>, field: &'static str, of_name: impl Fn(&str) -> Option<T>) -> Option<T> {
        let text = self.text(row, field)?;
        let name = self.section.values.get(field).and_then(|values| values.get(&text)).unwrap_or(&text);
        let value = of_name(name).or_else(|| of_name(&name.to_lowercase()));
        if value.is_none() {
            self.notes.add(LogNoteKind::ValueUnknown, Some(field), row.number, Some(&text));
        }
        value
    }

    fn time(&mut self, row: &Row<'_>, field: &'static str) -> Option<Nanos> {
        let cell = self.cell(row, field)?;
        let time = self.clock.time_of(cell);
        if time.is_none() {
            let text = text_of(cell);
            self.notes.add(LogNoteKind::ValueUnknown, Some(field), row.number, Some(&text));
        }
        time
    }

    fn number(&mut self, row: &Row<'_>, field: &'static str) -> Option<f64> {
        let cell = self.cell(row, field)?;
        let number = number_of(cell);
        if number.is_none() {
            let text = text_of(cell);
            self.notes.add(LogNoteKind::ValueUnknown, Some(field), row.number, Some(&text));
        }
        number
    }

    fn whole(&mut self, row: &Row<'_>, field: &'static str) -> Option<i64> {
        let cell = self.cell(row, field)?;
        let whole = whole_of(cell);
        if whole.is_none() {
            let text = text_of(cell);
            self.notes.add(LogNoteKind::ValueUnknown, Some(field), row.number, Some(&text));
        }
        whole
    }

    fn conditions_of(&self, row: &Row<'_>) -> BTreeMap<String, Condition> {
        let condition = |(name, at): &(String, usize)| {
            let cell = row.cells.get(*at).filter(|cell| **cell != Cell::Null)?;
            let condition = number_of(cell).map_or_else(|| Condition::Text(text_of(cell)), Condition::Number);
            Some((name.clone(), condition))
        };
        self.conditions.iter().filter_map(condition).collect()
    }
}

/// Yes or no, as logs write it.
fn truth(text: &str) -> Option<bool> {
    match text {
        "true" | "yes" | "y" | "1" => Some(true),
        "false" | "no" | "n" | "0" => Some(false),
        _ => None,
    }
}

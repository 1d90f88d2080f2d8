//! Reads the rows of one file by its section of the mapping.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use prairie_model::{
    Cell, Condition, Confirmation, CounterReading, Crew, LinkClaim, LogNote, LogNoteKind, Mode, ModeSpan, Nanos,
    Outcome, Row, Shift, StationEvent, StationEventKind, TimeSpan, UnitOfWork,
};

use super::LogRow;
use super::cell::{Clock, number_of, text_of, whole_of};
use super::mapping::{LogMapping, Section, SectionKind};
use super::notes::Notes;
use super::samples::{Run, Sample};

/// A value that means that the row is nothing.
const NOTHING: &str = "-";

/// What became of the rows of a file. `rows = made + merged + nothing + incomplete`, always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RowTally {
    /// Rows that were read.
    pub rows: u64,
    /// Rows that became something, and things that samples became.
    pub made: u64,
    /// Samples that belong to a thing which another sample began.
    pub merged: u64,
    /// Rows that say themselves that they are nothing.
    pub nothing: u64,
    /// Rows that lack what makes them one.
    pub incomplete: u64,
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
    /// The thing that the samples so far belong to.
    run: Option<Run>,
    tally: RowTally,
    pub(super) notes: Notes,
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
            run: None,
            tally: RowTally::default(),
            notes: Notes::new(file),
        }
    }

    /// What a row says. Of samples, the thing that ended before this one; `None` too where the row says nothing, or lacks what
    /// makes it a row, which is noted.
    pub fn row(&mut self, row: &Row<'_>) -> Option<LogRow> {
        self.tally.rows += 1;
        if self.generation != Some(row.generation) {
            self.look_up(row);
        }
        if self.is_nothing(row) {
            self.tally.nothing += 1;
            return self.break_run(row);
        }
        let made = match self.section.kind {
            SectionKind::Units => self.unit(row).map(LogRow::Unit),
            SectionKind::Shifts => self.shift(row).map(LogRow::Shift),
            SectionKind::Events => self.event(row).map(LogRow::Event),
            SectionKind::Readings => self.reading(row).map(LogRow::Reading),
            SectionKind::Confirmations => self.confirmation(row).map(LogRow::Confirmation),
            SectionKind::Modes => self.mode_span(row).map(LogRow::Mode),
            SectionKind::Links => self.link(row).map(LogRow::Link),
            SectionKind::Audits => self.audit(row).map(LogRow::Audit),
            SectionKind::Draws => self.draw(row).map(LogRow::Draw),
            SectionKind::Coverage => self.coverage(row).map(LogRow::Coverage),
            SectionKind::Presence => self.presence(row).map(LogRow::Presence),
        };
        let Some(made) = made else {
            self.notes.add(LogNoteKind::RowIncomplete, None, row.number, None);
            self.tally.incomplete += 1;
            return self.break_run(row);
        };
        let Some(samples) = self.section.samples else {
            self.tally.made += 1;
            return Some(made);
        };
        let Some(sample) = Sample::of(made) else {
            // Samples of units need a time; the section's kind was checked with the mapping.
            self.notes.add(LogNoteKind::RowIncomplete, None, row.number, None);
            self.tally.incomplete += 1;
            return None;
        };
        let (Some(mut run), at) = (self.run.take(), sample.at) else {
            self.tally.made += 1;
            self.run = Some(Run::begin(sample));
            return None;
        };
        if run.is_gap(at, samples) {
            let seconds = format!("{:.1} s after the sample before it", run.since(at));
            self.notes.add(LogNoteKind::SamplesMissing, None, row.number, Some(&seconds));
        }
        if run.takes(&sample, samples) {
            run.extend(sample);
            self.run = Some(run);
            self.tally.merged += 1;
            return None;
        }
        self.tally.made += 1;
        self.run = Some(Run::begin(sample));
        Some(run.end(Some(at), samples))
    }

    /// The thing that the last samples belong to; `None` where rows are no samples.
    pub fn last(&mut self) -> Option<LogRow> {
        Some(self.run.take()?.end(None, self.section.samples?))
    }

    /// What became of the rows, and what was noticed.
    pub fn finish(self) -> (RowTally, Vec<LogNote>) {
        (self.tally, self.notes.finish())
    }

    /// Ends the thing that samples belong to, where one of nothing or of nobody knows what follows.
    fn break_run(&mut self, row: &Row<'_>) -> Option<LogRow> {
        let samples = self.section.samples?;
        if self.section.kind == SectionKind::Units {
            return None;
        }
        let run = self.run.take()?;
        let field = if self.section.kind == SectionKind::Events { "at" } else { "start" };
        let at = self.cell(row, field).and_then(|cell| self.clock.time_of(cell));
        Some(run.end(at, samples))
    }

    /// Whether a value of the row says that it is nothing.
    fn is_nothing(&self, row: &Row<'_>) -> bool {
        self.section.values.iter().any(|(field, values)| {
            values.values().any(|value| value == NOTHING)
                && self.text(row, field).is_some_and(|text| values.get(&text).is_some_and(|value| value == NOTHING))
        })
    }

    /// Finds the columns of this row's generation.
    fn look_up(&mut self, row: &Row<'_>) {
        self.generation = Some(row.generation);
        self.places.clear();
        self.conditions.clear();
        // Blanks around a name are no part of it, in the file or in the mapping.
        let place = |name: &str, notes: &mut Notes| {
            let mut found = row.names.iter().enumerate().filter(|(_, each)| each.trim() == name.trim());
            let first = found.next().map(|(at, _)| at);
            match found.next() {
                None => first,
                // Whoever took one of the two would have chosen the answer.
                Some(_) => {
                    notes.once(LogNoteKind::ColumnTwice, name);
                    None
                }
            }
        };
        for field in self.section.kind.fields() {
            match self.section.columns.get(*field) {
                Some(column) => match place(column, &mut self.notes) {
                    Some(at) => drop(self.places.insert(field, at)),
                    None => self.notes.once(LogNoteKind::ColumnMissing, column),
                },
                None => {
                    if let Some(at) = place(field, &mut self.notes) {
                        self.places.insert(field, at);
                    }
                }
            }
        }
        for (name, column) in &self.section.conditions {
            match place(column, &mut self.notes) {
                Some(at) => self.conditions.push((name.clone(), at)),
                None => self.notes.once(LogNoteKind::ColumnMissing, column),
            }
        }
    }

    fn unit(&mut self, row: &Row<'_>) -> Option<UnitOfWork> {
        let (start, end) = (self.time(row, "start"), self.time(row, "end"));
        // Rows of people have no robot's facts, and those of robots no worker.
        let by_robot = self.cell(row, "worker").is_none();
        for (field, wanted) in
            [("start", true), ("end", true), ("outcome", true), ("mode", by_robot), ("attempts", by_robot)]
        {
            if wanted {
                self.miss(row, field);
            }
        }
        if start.zip(end).is_some_and(|(start, end)| end < start) {
            self.notes.add(LogNoteKind::TimeReversed, Some("end"), row.number, None);
        }
        if let Some(start) = start {
            if self.last_start.is_some_and(|last| start < last) {
                self.notes.add(LogNoteKind::TimeStep, Some("start"), row.number, None);
            }
            self.last_start = Some(start);
        }
        self.miss_conditions(row);
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
            // Nothing is done without being tried.
            attempts: self.within(row, "attempts", 1..=i64::from(u32::MAX)).and_then(|tried| u32::try_from(tried).ok()),
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
            break_s: self.break_s(row),
            crew: self.named(row, "crew", crew)?,
            kind: self.text(row, "kind"),
            drawn: self.named(row, "drawn", truth).unwrap_or(false),
        })
    }

    fn event(&mut self, row: &Row<'_>) -> Option<StationEvent> {
        self.miss(row, "kind");
        self.miss(row, "at");
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
        self.miss(row, "at");
        self.miss(row, "total");
        Some(CounterReading {
            station: self.text(row, "station")?,
            at: self.time(row, "at")?,
            total: self.within(row, "total", 0..=i64::MAX).and_then(|total| u64::try_from(total).ok())?,
            good: self.within(row, "good", 0..=i64::MAX).and_then(|good| u64::try_from(good).ok()),
        })
    }

    fn confirmation(&mut self, row: &Row<'_>) -> Option<Confirmation> {
        self.miss(row, "outcome");
        self.miss(row, "at");
        Some(Confirmation {
            station: self.text(row, "station")?,
            unit: self.text(row, "unit")?,
            // Somebody who could not tell confirmed nothing.
            outcome: self.named(row, "outcome", Outcome::from_name).filter(|outcome| *outcome != Outcome::Unknown)?,
            at: self.time(row, "at"),
            by: self.text(row, "by"),
            detail: self.text(row, "detail"),
        })
    }

    fn mode_span(&mut self, row: &Row<'_>) -> Option<ModeSpan> {
        self.miss(row, "mode");
        self.miss(row, "start");
        let start = self.time(row, "start")?;
        // A sample has no end of its own.
        let end = if self.section.samples.is_some() { start } else { self.time(row, "end")? };
        if end < start {
            self.notes.add(LogNoteKind::TimeReversed, Some("end"), row.number, None);
            return None;
        }
        Some(ModeSpan {
            station: self.text(row, "station")?,
            robot: self.text(row, "robot"),
            span: TimeSpan::new(start, end),
            // A second of which the log does not say the mode is a second of unknown mode, not one that is left out.
            mode: self.named(row, "mode", Mode::from_name).unwrap_or_default(),
        })
    }

    fn link(&mut self, row: &Row<'_>) -> Option<LinkClaim> {
        Some(LinkClaim {
            station: self.text(row, "station")?,
            unit: self.text(row, "unit")?,
            episode: self.text(row, "episode")?,
        })
    }

    /// Notes an empty cell where the file has a column for a fact.
    fn miss(&mut self, row: &Row<'_>, field: &'static str) {
        let is_empty = self.places.get(field).is_some_and(|at| row.cells.get(*at) == Some(&Cell::Null));
        if is_empty && !self.section.fixed.contains_key(field) && !self.defaults.contains_key(field) {
            let column = self.section.columns.get(field).map_or(field, |column| column.trim()).to_owned();
            self.notes.add(LogNoteKind::CellMissing, Some(&column), row.number, None);
        }
    }

    fn miss_conditions(&mut self, row: &Row<'_>) {
        let empty = |(_, at): &&(String, usize)| row.cells.get(*at) == Some(&Cell::Null);
        let names: Vec<String> = self.conditions.iter().filter(empty).map(|(name, _)| name.clone()).collect();
        for name in names {
            self.notes.add(LogNoteKind::CellMissing, Some(&name), row.number, None);
        }
    }

    pub(super) fn cell<'r>(&self, row: &'r Row<'_>, field: &str) -> Option<&'r Cell> {
        let cell = row.cells.get(*self.places.get(field)?)?;
        (*cell != Cell::Null).then_some(cell)
    }

    /// The text of a field; what the mapping says where the cell is empty.
    pub(super) fn text(&self, row: &Row<'_>, field: &str) -> Option<String> {
        let given = || self.section.fixed.get(field).or_else(|| self.defaults.get(field)).cloned();
        self.cell(row, field).map(text_of).or_else(given)
    }

    /// A value with a name: by the mapping's list of values, else by the name itself.
    pub(super) fn named<T>(
        &mut self,
        row: &Row<'_>,
        field: &'static str,
        of_name: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.text(row, field)?;
        let name = self.section.values.get(field).and_then(|values| values.get(&text)).unwrap_or(&text);
        let value = of_name(name).or_else(|| of_name(&name.to_lowercase()));
        if value.is_none() {
            self.notes.add(LogNoteKind::ValueUnknown, Some(field), row.number, Some(&text));
        }
        value
    }

    pub(super) fn time(&mut self, row: &Row<'_>, field: &'static str) -> Option<Nanos> {
        let cell = self.cell(row, field)?;
        let time = self.clock.time_of(cell);
        if time.is_none() {
            let text = text_of(cell);
            self.notes.add(LogNoteKind::ValueUnknown, Some(field), row.number, Some(&text));
        }
        time
    }

    pub(super) fn number(&mut self, row: &Row<'_>, field: &'static str) -> Option<f64> {
        let cell = self.cell(row, field)?;
        let number = number_of(cell);
        if number.is_none() {
            let text = text_of(cell);
            self.notes.add(LogNoteKind::ValueUnknown, Some(field), row.number, Some(&text));
        }
        number
    }

    pub(super) fn whole(&mut self, row: &Row<'_>, field: &'static str) -> Option<i64> {
        let cell = self.cell(row, field)?;
        let whole = whole_of(cell);
        if whole.is_none() {
            let text = text_of(cell);
            self.notes.add(LogNoteKind::ValueUnknown, Some(field), row.number, Some(&text));
        }
        whole
    }

    /// A whole number that lies within what there can be; any other is unknown, and told.
    pub(super) fn within(&mut self, row: &Row<'_>, field: &'static str, allowed: RangeInclusive<i64>) -> Option<i64> {
        let whole = self.whole(row, field)?;
        if allowed.contains(&whole) {
            return Some(whole);
        }
        self.notes.add(LogNoteKind::ValueUnknown, Some(field), row.number, Some(&whole.to_string()));
        None
    }

    /// Seconds of breaks in a shift: none where the log says none, or less.
    fn break_s(&mut self, row: &Row<'_>) -> f64 {
        let Some(seconds) = self.number(row, "break_s") else { return 0.0 };
        if seconds < 0.0 {
            self.notes.add(LogNoteKind::ValueUnknown, Some("break_s"), row.number, Some(&seconds.to_string()));
        }
        seconds.max(0.0)
    }

    pub(super) fn conditions_of(&self, row: &Row<'_>) -> BTreeMap<String, Condition> {
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

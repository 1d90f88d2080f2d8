//! Rows of what others than the vendor saw.

use prairie_model::{AuditDraw, DrawKind, LogNoteKind, Outcome, Presence, RecorderSpan, Row, TimeSpan, UnitAudit};

use super::SectionReader;
use super::cell::text_of;

/// Coordinates of a pose or a movement that are kept.
const COORDINATES_MAX: usize = 64;

impl SectionReader<'_> {
    pub(super) fn audit(&mut self, row: &Row<'_>) -> Option<UnitAudit> {
        let count = |whole: Option<i64>| whole.and_then(|whole| u64::try_from(whole).ok());
        Some(UnitAudit {
            station: self.text(row, "station")?,
            unit: self.text(row, "unit")?,
            steps: count(self.whole(row, "steps")),
            matched: count(self.whole(row, "matched")),
            found: self.named(row, "found", Outcome::from_name).unwrap_or_default(),
            repeat_ratio: self.number(row, "repeat_ratio").filter(|ratio| *ratio >= 0.0),
            train_ratio: self.number(row, "train_ratio").filter(|ratio| *ratio >= 0.0),
            episode: self.text(row, "episode"),
            object: self.coordinates(row, "object"),
            motion: self.coordinates(row, "motion"),
            conditions: self.conditions_of(row),
        })
    }

    pub(super) fn draw(&mut self, row: &Row<'_>) -> Option<AuditDraw> {
        Some(AuditDraw {
            kind: self.named(row, "kind", DrawKind::from_name)?,
            share: self.number(row, "share").filter(|share| *share > 0.0 && *share <= 1.0)?,
            commitment: self.text(row, "commitment")?,
            committed: self.time(row, "committed")?,
            seed: self.text(row, "seed"),
        })
    }

    pub(super) fn coverage(&mut self, row: &Row<'_>) -> Option<RecorderSpan> {
        Some(RecorderSpan { station: self.text(row, "station")?, span: self.span(row)? })
    }

    pub(super) fn presence(&mut self, row: &Row<'_>) -> Option<Presence> {
        Some(Presence {
            station: self.text(row, "station")?,
            span: self.span(row)?,
            people: self.number(row, "people").filter(|people| *people >= 0.0)?,
        })
    }

    fn span(&mut self, row: &Row<'_>) -> Option<TimeSpan> {
        let (start, end) = (self.time(row, "start")?, self.time(row, "end")?);
        if end < start {
            self.notes.add(LogNoteKind::TimeReversed, Some("end"), row.number, None);
            return None;
        }
        Some(TimeSpan::new(start, end))
    }

    /// Numbers with blanks between them; none where one of them is not understood.
    fn coordinates(&mut self, row: &Row<'_>, field: &'static str) -> Vec<f64> {
        let Some(text) = self.cell(row, field).map(text_of) else { return Vec::new() };
        let number = |word: &str| word.parse::<f64>().ok().filter(|number| number.is_finite());
        let numbers: Option<Vec<f64>> = text.split_whitespace().take(COORDINATES_MAX + 1).map(number).collect();
        match numbers {
            Some(numbers) if numbers.len() <= COORDINATES_MAX => numbers,
            _ => {
                self.notes.add(LogNoteKind::ValueUnknown, Some(field), row.number, Some(&text));
                Vec::new()
            }
        }
    }
}

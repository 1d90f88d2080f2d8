//! What one check came to on one episode.

use prairie_model::{DimensionState, Finding, Nanos, Severity, TimeSpan};

use crate::check::Settings;

/// Findings of one check are cut off here: more of the same would tell nobody anything. The last one says so.
const FINDINGS_MAX: usize = 200;

/// What one check came to: not applicable until it says that there was something to look at.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    code: &'static str,
    severity: Severity,
    pub(crate) applies: bool,
    pub(crate) unknown: Option<String>,
    pub(crate) findings: Vec<(Finding, Option<String>)>,
    pub(crate) untold: u64,
}

impl Outcome {
    /// Nothing seen yet.
    pub fn new(settings: &Settings) -> Self {
        Self {
            code: settings.code,
            severity: settings.severity,
            applies: false,
            unknown: None,
            findings: Vec::new(),
            untold: 0,
        }
    }

    /// There was something to look at: without a finding the check passes.
    pub fn applies(&mut self) {
        self.applies = true;
    }

    /// An input is missing: `reason` says which. Unless something fails, the check is unknown.
    pub fn unknown(&mut self, reason: impl Into<String>) {
        self.unknown.get_or_insert_with(|| reason.into());
    }

    /// Starts a finding; it counts when [`Report::message`] ends it.
    pub fn report(&mut self) -> Report<'_> {
        let finding = Finding {
            code: self.code.to_owned(),
            severity: self.severity,
            stream: None,
            span: None,
            measured: None,
            limit: None,
            unit: None,
            file: None,
            offset: None,
            message: String::new(),
        };
        Report { outcome: self, finding, cure: None }
    }

    /// The state that the check puts its dimension in. Only errors fail: a warning or a piece of information leaves a pass.
    pub fn state(&self) -> DimensionState {
        let mut errors = self.findings.iter().filter(|(finding, _)| finding.severity == Severity::Error).peekable();
        if errors.peek().is_some() {
            return if errors.all(|(_, cure)| cure.is_some()) { DimensionState::Repair } else { DimensionState::Fail };
        }
        match (&self.unknown, self.applies || !self.findings.is_empty()) {
            (Some(_), _) => DimensionState::Unknown,
            (None, true) => DimensionState::Pass,
            (None, false) => DimensionState::NotApplicable,
        }
    }

    /// The repairs that would cure its errors.
    pub fn cures(&self) -> impl Iterator<Item = &str> {
        self.findings
            .iter()
            .filter(|(finding, _)| finding.severity == Severity::Error)
            .filter_map(|(_, cure)| cure.as_deref())
    }

    /// Why it is unknown, or which repairs would cure it.
    pub fn reason(&self) -> Option<String> {
        match self.state() {
            DimensionState::Unknown => self.unknown.clone(),
            DimensionState::Repair => {
                let mut cures: Vec<_> = self.cures().collect();
                cures.sort_unstable();
                cures.dedup();
                Some(cures.join(", "))
            }
            _ => None,
        }
    }
}

/// A finding in the making.
#[must_use]
pub struct Report<'a> {
    outcome: &'a mut Outcome,
    finding: Finding,
    cure: Option<String>,
}

impl Report<'_> {
    /// About this stream.
    pub fn stream(mut self, stream: impl Into<String>) -> Self {
        self.finding.stream = Some(stream.into());
        self
    }

    /// Between these times.
    pub fn span(mut self, one_ns: i64, other_ns: i64) -> Self {
        self.finding.span = Some(TimeSpan::new(Nanos(one_ns), Nanos(other_ns)));
        self
    }

    /// Between these times, where they are known.
    pub fn maybe_span(mut self, span: Option<TimeSpan>) -> Self {
        self.finding.span = span;
        self
    }

    /// This was found, and that is what the profile asks for. What is no number is left out, so that the receipt can hold it.
    pub fn measured(mut self, measured: f64, limit: f64, unit: &str) -> Self {
        self.finding.measured = measured.is_finite().then_some(measured);
        self.finding.limit = limit.is_finite().then_some(limit);
        self.finding.unit = (!unit.is_empty()).then(|| unit.to_owned());
        self
    }

    /// This was found; nothing limits it.
    pub fn number(mut self, measured: Option<f64>, limit: Option<f64>) -> Self {
        self.finding.measured = measured.filter(|number| number.is_finite());
        self.finding.limit = limit.filter(|number| number.is_finite());
        self
    }

    /// Where in the recording.
    pub fn place(mut self, file: Option<String>, offset: Option<u64>) -> Self {
        self.finding.file = file;
        self.finding.offset = offset;
        self
    }

    /// Milder than the check's severity.
    pub fn at_most(mut self, severity: Severity) -> Self {
        self.finding.severity = self.finding.severity.min(severity);
        self
    }

    /// This repair would make it good.
    pub fn cure(mut self, repair: impl Into<String>) -> Self {
        self.cure = Some(repair.into());
        self
    }

    /// Ends the finding with its sentence: numbers in it, no full stop.
    pub fn message(mut self, message: impl Into<String>) {
        self.finding.message = message.into();
        if self.outcome.findings.len() < FINDINGS_MAX || self.finding.severity == Severity::Error {
            if self.outcome.findings.len() >= FINDINGS_MAX {
                // An error displaces something milder, or nothing where all are errors already.
                match self.outcome.findings.iter().rposition(|(other, _)| other.severity < Severity::Error) {
                    Some(at) => self.outcome.findings[at] = (self.finding, self.cure),
                    None if self.cure.is_none() => {
                        // OK to index: there are FINDINGS_MAX findings. One without a cure must not get lost.
                        self.outcome.findings[FINDINGS_MAX - 1] = (self.finding, None);
                    }
                    None => {}
                }
                self.outcome.untold += 1;
                return;
            }
            self.outcome.findings.push((self.finding, self.cure));
        } else {
            self.outcome.untold += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Check;

    fn outcome() -> Outcome {
        Outcome::new(&Settings::defaults(&Check::find("TIM003").unwrap().doc))
    }

    #[test]
    fn only_errors_fail_and_unknown_never_passes() {
        let mut out = outcome();
        assert_eq!(out.state(), DimensionState::NotApplicable);
        out.applies();
        assert_eq!(out.state(), DimensionState::Pass);
        out.report().at_most(Severity::Warning).message("a warning");
        assert_eq!(out.state(), DimensionState::Pass);
        out.unknown("there is no input");
        assert_eq!((out.state(), out.reason().as_deref()), (DimensionState::Unknown, Some("there is no input")));
        out.report().cure("drop_stream:/b").message("an error");
        out.report().cure("drop_stream:/a").message("another error");
        assert_eq!(
            (out.state(), out.reason().as_deref()),
            (DimensionState::Repair, Some("drop_stream:/a, drop_stream:/b"))
        );
        out.report().message("an error that nothing cures");
        assert_eq!(out.state(), DimensionState::Fail);
    }

    #[test]
    fn too_many_findings_are_cut_off_but_never_an_error_that_nothing_cures() {
        let mut out = outcome();
        for _ in 0..FINDINGS_MAX * 2 {
            out.report().at_most(Severity::Info).message("a piece of information");
        }
        out.report().cure("drop_stream:/a").message("an error");
        assert_eq!((out.findings.len(), out.state()), (FINDINGS_MAX, DimensionState::Repair));
        for _ in 0..FINDINGS_MAX * 2 {
            out.report().cure("drop_stream:/a").message("an error");
        }
        assert_eq!((out.findings.len(), out.state()), (FINDINGS_MAX, DimensionState::Repair));
        out.report().message("an error that nothing cures");
        assert_eq!((out.findings.len(), out.state()), (FINDINGS_MAX, DimensionState::Fail));
    }

    #[test]
    fn what_is_no_number_stays_out_of_findings() {
        let mut out = outcome();
        out.report().measured(f64::NAN, f64::INFINITY, "").message("a finding");
        let (finding, _) = &out.findings[0];
        assert_eq!((finding.measured, finding.limit, &finding.unit), (None, None, &None));
    }
}

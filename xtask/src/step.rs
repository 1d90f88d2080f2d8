//! One step of a chore, and what became of all of them.

use std::process::{Command, ExitCode};
use std::time::Instant;

/// What became of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It ran and found nothing wrong.
    Passed,
    /// It ran and found something wrong, or could not run to its end.
    Failed,
    /// It could not run; the sentence says why.
    Skipped(String),
}

/// The steps so far.
#[derive(Debug, Default)]
pub(crate) struct Report {
    steps: Vec<(String, Outcome, f64)>,
}

impl Report {
    /// Runs `work` as a step.
    pub(crate) fn step(&mut self, name: &str, work: impl FnOnce() -> Outcome) {
        eprintln!("── {name}");
        let begun = Instant::now();
        let outcome = work();
        let seconds = begun.elapsed().as_secs_f64();
        match &outcome {
            Outcome::Passed => eprintln!("   {name}: ok in {seconds:.1} s"),
            Outcome::Failed => eprintln!("   {name}: FAILED after {seconds:.1} s"),
            Outcome::Skipped(why) => eprintln!("   {name}: skipped ({why})"),
        }
        self.steps.push((name.to_owned(), outcome, seconds));
    }

    /// Runs a command as a step: it passes when it exits with zero.
    pub(crate) fn command(&mut self, name: &str, command: &mut Command) {
        self.step(name, || run(command));
    }

    /// Notes something that was not even tried.
    pub(crate) fn skip(&mut self, name: &str, why: impl Into<String>) {
        self.steps.push((name.to_owned(), Outcome::Skipped(why.into()), 0.0));
    }

    /// Names of the steps that failed.
    pub(crate) fn failed(&self) -> Vec<&str> {
        let failed = |step: &&(String, Outcome, f64)| step.1 == Outcome::Failed;
        self.steps.iter().filter(failed).map(|(name, ..)| name.as_str()).collect()
    }

    /// `name (why)` of what was skipped.
    pub(crate) fn skipped(&self) -> Vec<String> {
        let skipped = |(name, outcome, _): &(String, Outcome, f64)| match outcome {
            Outcome::Skipped(why) => Some(format!("{name} ({why})")),
            Outcome::Passed | Outcome::Failed => None,
        };
        self.steps.iter().filter_map(skipped).collect()
    }

    /// How the steps ended, in one line each kind.
    pub(crate) fn close(&self) -> ExitCode {
        let seconds: Vec<_> = self.steps.iter().filter(|step| step.2 >= 1.0).collect();
        let times: Vec<_> = seconds.iter().map(|(name, _, seconds)| format!("{name} {seconds:.0} s")).collect();
        if !times.is_empty() {
            println!("times: {}", times.join(", "));
        }
        let skipped = self.skipped();
        if !skipped.is_empty() {
            println!("skipped: {}", skipped.join("; "));
        }
        let failed = self.failed();
        if failed.is_empty() {
            ExitCode::SUCCESS
        } else {
            println!("failed: {}", failed.join(", "));
            ExitCode::FAILURE
        }
    }
}

/// Runs a command with the terminal's own output.
pub(crate) fn run(command: &mut Command) -> Outcome {
    match command.status() {
        Ok(status) if status.success() => Outcome::Passed,
        Ok(_) => Outcome::Failed,
        Err(error) => {
            eprintln!("   failed to start `{}`: {error}", command.get_program().display());
            Outcome::Failed
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_step_fails_the_whole_and_a_skipped_one_does_not() {
        let mut report = Report::default();
        report.step("first", || Outcome::Passed);
        report.step("second", || Outcome::Skipped("no network".to_owned()));
        assert_eq!(report.close(), ExitCode::SUCCESS);
        report.command("third", &mut Command::new("false"));
        report.command("fourth", &mut Command::new("there-is-no-such-program"));
        report.skip("fifth", "not asked for");
        assert_eq!(report.failed(), ["third", "fourth"]);
        assert_eq!(report.skipped(), ["second (no network)", "fifth (not asked for)"]);
        assert_eq!(report.close(), ExitCode::FAILURE);
    }
}

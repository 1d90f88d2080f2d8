//! `claim`: what the numbers of a published claim support, and what they leave open. `log show`: the same of a log.

use std::collections::BTreeSet;

use prairie_verify::claim::{Assessment, Claim};
use prairie_verify::inputs::{Input, Need, needs};
use serde::Serialize;

use super::station_log::LogReport;
use crate::Engine;
use crate::cells::{Cells, literal};
use crate::error::EngineError;

/// What one log can show, and what not.
#[derive(Debug, Clone, Serialize)]
pub struct LogShow {
    /// The log.
    pub log: LogReport,
    /// What there is.
    pub inputs: BTreeSet<Input>,
    /// What each endpoint lacks.
    pub endpoints: Vec<Need>,
}

/// Assesses a claim that somebody published.
///
/// # Errors
///
/// When it has not the form of one, or its numbers cannot be.
pub fn assess_claim(text: &str) -> Result<Assessment, EngineError> {
    let claim = Claim::from_toml(text).map_err(|error| EngineError::invalid("the claim", error))?;
    claim.assess().map_err(|error| EngineError::invalid(format!("claim `{}`", claim.claim), error))
}

impl Engine {
    /// A log with what it can show.
    ///
    /// # Errors
    ///
    /// When there is no such log, or the catalog fails.
    pub fn log_show(&self, id: &str) -> Result<LogShow, EngineError> {
        let log = self.log(id)?;
        let mut inputs = BTreeSet::new();
        let of_log = format!("log_id = {}", literal(&log.id));
        // An input that only some units have is there: the endpoint counts the others as unknown.
        let units = format!(
            "SELECT count(*) AS units, count(start_ns) AS starts, count(end_ns) AS ends, count(attempts) AS attempts, \
             count(robot) AS robots, count(release) AS releases, \
             sum(CASE WHEN outcome <> 'unknown' OR confirmed <> 'unknown' THEN 1 ELSE 0 END) AS outcomes, \
             sum(CASE WHEN mode <> 'unknown' THEN 1 ELSE 0 END) AS modes FROM units WHERE {of_log}"
        );
        let shifts = format!(
            "SELECT count(*) AS shifts, sum(CASE WHEN crew = 'human' THEN 1 ELSE 0 END) AS human FROM shifts WHERE {of_log}"
        );
        let counts = |sql: &str, names: &[(&str, &[Input])], inputs: &mut BTreeSet<Input>| -> Result<(), EngineError> {
            for batch in self.run_sql(sql, None)?.1 {
                let cells = Cells::of(&batch)?;
                for (_, of) in names.iter().filter(|(name, _)| cells.rows() > 0 && cells.count(name, 0) > Some(0)) {
                    inputs.extend(of.iter().copied());
                }
            }
            Ok(())
        };
        let of_units: &[(&str, &[Input])] = &[
            ("units", &[Input::Units]),
            ("outcomes", &[Input::Outcomes]),
            ("modes", &[Input::Modes]),
            ("attempts", &[Input::Attempts]),
            ("robots", &[Input::Robots]),
            ("releases", &[Input::Releases]),
        ];
        counts(&units, of_units, &mut inputs)?;
        counts(
            &units.replace("count(start_ns) AS starts", "least(count(start_ns), count(end_ns)) AS times"),
            &[("times", &[Input::Times])],
            &mut inputs,
        )?;
        counts(&shifts, &[("shifts", &[Input::Calendar]), ("human", &[Input::Baseline])], &mut inputs)?;
        let kinds = format!(
            "SELECT sum(CASE WHEN kind = 'intervention' THEN 1 ELSE 0 END) AS interventions, \
             sum(CASE WHEN kind <> 'intervention' THEN 1 ELSE 0 END) AS failures FROM station_events WHERE {of_log}"
        );
        let of_events: &[(&str, &[Input])] =
            &[("interventions", &[Input::Interventions]), ("failures", &[Input::Failures])];
        counts(&kinds, of_events, &mut inputs)?;
        if log.keeps_readings {
            inputs.insert(Input::Counter);
        }
        let documents = self.block(self.catalog().documents("protocol"));
        if !documents.map_err(EngineError::catalog("reading the catalog"))?.is_empty() {
            inputs.insert(Input::Protocol);
        }
        Ok(LogShow { endpoints: needs(&inputs), inputs, log })
    }
}

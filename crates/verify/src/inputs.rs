//! What there must be before an endpoint can be looked at at all, and what of it is missing.
//!
//! The same table serves the log of a station and a claim that somebody published: both are told what they can show, and what
//! not for want of which input. That an input is there decides nothing; only a frozen protocol and its verdict do.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// Something that evidence is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// Every unit of work as a row of its own, good or not.
    Units,
    /// When each unit began and ended.
    Times,
    /// How each unit ended.
    Outcomes,
    /// Who was in command during each unit.
    Modes,
    /// How often each unit was tried.
    Attempts,
    /// The calendar of scheduled shifts, worked or not.
    Calendar,
    /// Which robot did each unit.
    Robots,
    /// What ran on the robots.
    Releases,
    /// People's work at the same station.
    Baseline,
    /// Interventions, with their times.
    Interventions,
    /// Failures and stops, with their times.
    Failures,
    /// A counter that nobody who gains by the verdict can reach.
    Counter,
    /// A test plan that was frozen before the data.
    Protocol,
}

impl Input {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::Units,
        Self::Times,
        Self::Outcomes,
        Self::Modes,
        Self::Attempts,
        Self::Calendar,
        Self::Robots,
        Self::Releases,
        Self::Baseline,
        Self::Interventions,
        Self::Failures,
        Self::Counter,
        Self::Protocol,
    ];

    /// What is missing where it is, in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Units => "every unit of work as a row of its own, good or not",
            Self::Times => "when each unit began and ended",
            Self::Outcomes => "how each unit ended, by a definition of success",
            Self::Modes => "who was in command during each unit",
            Self::Attempts => "how often each unit was tried",
            Self::Calendar => "the calendar of scheduled shifts",
            Self::Robots => "which robot did each unit",
            Self::Releases => "what ran on the robots",
            Self::Baseline => "people's work at the same station for comparison",
            Self::Interventions => "interventions with their times",
            Self::Failures => "failures and stops with their times",
            Self::Counter => "readings of an independent counter",
            Self::Protocol => "a protocol that was frozen before the data",
        }
    }
}

/// What one endpoint needs.
const NEEDS: &[(&str, &[Input])] = &[
    ("availability", &[Input::Calendar, Input::Failures, Input::Interventions, Input::Protocol]),
    ("exposure", &[Input::Units, Input::Calendar, Input::Robots, Input::Protocol]),
    ("hardware", &[Input::Calendar, Input::Failures, Input::Robots, Input::Protocol]),
    ("interventions", &[Input::Calendar, Input::Interventions, Input::Protocol]),
    ("rhythm", &[Input::Units, Input::Times, Input::Outcomes, Input::Calendar, Input::Baseline, Input::Protocol]),
    (
        "success",
        &[
            Input::Units,
            Input::Outcomes,
            Input::Modes,
            Input::Attempts,
            Input::Calendar,
            Input::Releases,
            Input::Counter,
            Input::Protocol,
        ],
    ),
];

/// What an endpoint still needs before it can be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Need {
    /// The endpoint.
    pub endpoint: &'static str,
    /// What is missing; empty where it can be looked at.
    pub missing: Vec<Input>,
}

impl Need {
    /// `not demonstrated; missing: …`, or that it can be looked at.
    pub fn sentence(&self) -> String {
        if self.missing.is_empty() {
            return "can be looked at".to_owned();
        }
        let words: Vec<&str> = self.missing.iter().map(|input| input.words()).collect();
        format!("not demonstrated; missing: {}", words.join("; "))
    }
}

/// What each endpoint needs beyond what there is.
pub fn needs(there: &BTreeSet<Input>) -> Vec<Need> {
    let missing = |inputs: &[Input]| inputs.iter().copied().filter(|input| !there.contains(input)).collect();
    NEEDS.iter().map(|(endpoint, inputs)| Need { endpoint, missing: missing(inputs) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::ENDPOINTS;

    #[test]
    fn every_endpoint_here_is_one_and_needs_a_protocol() {
        for (name, inputs) in NEEDS {
            assert!(ENDPOINTS.iter().any(|endpoint| endpoint.name() == *name), "{name}");
            assert!(inputs.contains(&Input::Protocol), "{name}");
        }
        assert!(needs(&Input::ALL.iter().copied().collect()).iter().all(|need| need.missing.is_empty()));
    }

    #[test]
    fn what_is_missing_is_named() {
        let there = Input::ALL.iter().copied().filter(|input| *input != Input::Baseline).collect();
        let open: Vec<_> = needs(&there).into_iter().filter(|need| !need.missing.is_empty()).collect();
        assert_eq!(open.len(), 1);
        assert_eq!(open[0].sentence(), "not demonstrated; missing: people's work at the same station for comparison");
    }
}

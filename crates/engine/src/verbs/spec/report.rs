//! What a test of tables came to.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::rules::{ANNOTATION, EPISODE, SpecRule};

/// Problems that are listed of one rule: one broken file must neither give a problem per row nor hide the other rules.
const LISTED_MAX: u64 = 100;

/// What a test of a folder came to.
#[derive(Debug, Clone, Serialize)]
pub struct SpecReport {
    /// The specification of episodes and its version.
    pub specification: String,
    /// All specifications that were tested against.
    pub specifications: Vec<String>,
    /// Parquet files that were read.
    pub files: u64,
    /// Rows in them.
    pub rows: u64,
    /// What does not follow the specifications.
    pub problems: Vec<SpecProblem>,
    /// What follows them, and not all that they advise.
    pub warnings: Vec<SpecProblem>,
    /// How many more there are than the lists hold, by the name of the rule.
    pub left_out: BTreeMap<String, u64>,
    #[serde(skip)]
    told: BTreeMap<SpecRule, u64>,
}

/// One place where tables break a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SpecProblem {
    /// The rule.
    pub rule: SpecRule,
    /// Path of the file in the folder; `None` when tables disagree.
    pub file: Option<String>,
    /// Row of the file, from zero; `None` when it is about all of them.
    pub row: Option<u64>,
    /// What is wrong, with its numbers.
    pub text: String,
}

impl fmt::Display for SpecProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.rule.name())?;
        if let Some(file) = &self.file {
            write!(f, "{file}")?;
            if let Some(row) = self.row {
                write!(f, ", row {row}")?;
            }
            write!(f, ": ")?;
        }
        f.write_str(&self.text)
    }
}

impl SpecReport {
    pub(super) fn new() -> Self {
        Self {
            specification: EPISODE.to_owned(),
            specifications: vec![EPISODE.to_owned(), ANNOTATION.to_owned()],
            files: 0,
            rows: 0,
            problems: Vec::new(),
            warnings: Vec::new(),
            left_out: BTreeMap::new(),
            told: BTreeMap::new(),
        }
    }

    /// Whether the tables follow the specifications.
    pub fn holds(&self) -> bool {
        self.problems.is_empty()
    }

    /// Tells what is wrong between tables.
    pub(super) fn tell(&mut self, rule: SpecRule, text: String) {
        self.push(SpecProblem { rule, file: None, row: None, text });
    }

    pub(super) fn push(&mut self, problem: SpecProblem) {
        let told = self.told.entry(problem.rule).or_default();
        *told += 1;
        if *told > LISTED_MAX {
            *self.left_out.entry(problem.rule.name().to_owned()).or_default() += 1;
        } else if problem.rule.is_must() {
            self.problems.push(problem);
        } else {
            self.warnings.push(problem);
        }
    }
}

/// Where rows of one batch of one file tell what is wrong with them.
pub(super) struct Place<'a> {
    pub(super) report: &'a mut SpecReport,
    /// Path of the file in the folder.
    pub(super) file: &'a str,
    /// The file's row that is the batch's first.
    pub(super) first: u64,
}

impl Place<'_> {
    /// Tells what is wrong with a row of the batch.
    pub(super) fn tell(&mut self, rule: SpecRule, row: usize, text: String) {
        let row = self.first + row as u64;
        self.report.push(SpecProblem { rule, file: Some(self.file.to_owned()), row: Some(row), text });
    }
}

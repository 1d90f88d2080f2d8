//! Findings, and what follows from them.

use serde::{Deserialize, Serialize};

use crate::{StreamKind, TimeSpan};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// The episode can be used with care.
    Warning,
    /// The episode cannot be used as it is.
    Error,
}

impl Severity {
    /// The name in tables and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One defect: code, place, numbers, severity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable code of the check: `TIM003`.
    pub code: String,
    /// How bad it is.
    pub severity: Severity,
    /// The stream, or the topic where it became none; `None` when it is about the episode.
    pub stream: Option<String>,
    /// When; `None` when it is about all of it.
    pub span: Option<TimeSpan>,
    /// The number that was found.
    pub measured: Option<f64>,
    /// The number that the profile asks for.
    pub limit: Option<f64>,
    /// Unit of both.
    pub unit: Option<String>,
    /// Where in the recording, where that is known: file and byte offset.
    pub file: Option<String>,
    /// Byte offset in `file`.
    pub offset: Option<u64>,
    /// One sentence with its numbers, without a full stop.
    pub message: String,
}

/// The dimensions of data quality, after YD/T 6771-2026.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    /// 真实性: it is what it says it is.
    Authenticity,
    /// 完整性: nothing that should be there is missing.
    Completeness,
    /// 一致性: its parts agree.
    Consistency,
    /// 多样性: of datasets, not of one episode.
    Diversity,
    /// 可扩展性: it can be joined with other data.
    Extensibility,
    /// 实用性: it serves its task.
    Practicality,
    /// 安全性: it harms nobody's privacy or secrets.
    Security,
    /// 可用性: it can be used for training as it is.
    Usability,
}

impl Dimension {
    /// All of them, in the order of their names.
    pub const ALL: [Self; 8] = [
        Self::Authenticity,
        Self::Completeness,
        Self::Consistency,
        Self::Diversity,
        Self::Extensibility,
        Self::Practicality,
        Self::Security,
        Self::Usability,
    ];

    /// The name in tables and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Authenticity => "authenticity",
            Self::Completeness => "completeness",
            Self::Consistency => "consistency",
            Self::Diversity => "diversity",
            Self::Extensibility => "extensibility",
            Self::Practicality => "practicality",
            Self::Security => "security",
            Self::Usability => "usability",
        }
    }
}

/// What is known of one dimension of one episode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DimensionState {
    /// Every check that applies passed.
    Pass,
    /// A listed repair would cure what failed.
    Repair,
    /// A check failed.
    Fail,
    /// A check lacked its input. Never a pass.
    Unknown,
    /// No check applies.
    NotApplicable,
}

impl DimensionState {
    /// The name in tables and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Repair => "repair",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
            Self::NotApplicable => "not_applicable",
        }
    }
}

/// The decision on an episode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It can be used.
    Accept,
    /// It can be used after a listed repair.
    Repair,
    /// It cannot be used.
    Reject,
    /// The evidence does not suffice. Never an acceptance.
    Unknown,
}

impl Decision {
    /// The name in tables and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Repair => "repair",
            Self::Reject => "reject",
            Self::Unknown => "unknown",
        }
    }

    /// The decision of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Accept, Self::Repair, Self::Reject, Self::Unknown].into_iter().find(|decision| decision.name() == name)
    }
}

/// An answer that may be unknown.
#[derive(Debug, Clone, PartialEq)]
pub enum Tri {
    /// Yes.
    Yes,
    /// No.
    No,
    /// The input for an answer is missing: which.
    Unknown(String),
}

impl Finding {
    /// Orders findings for people and for hashing: by code, stream, time, then words.
    pub fn sort(findings: &mut [Self]) {
        findings.sort_by(|one, other| {
            (&one.code, &one.stream, &one.span, &one.file, one.offset, &one.message).cmp(&(
                &other.code,
                &other.stream,
                &other.span,
                &other.file,
                other.offset,
                &other.message,
            ))
        });
    }
}

/// Kinds that hold pictures which can be looked at.
impl StreamKind {
    /// Whether a picture decoder applies.
    pub const fn is_picture(self) -> bool {
        matches!(self, Self::Image | Self::Depth)
    }
}

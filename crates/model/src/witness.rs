//! What others than the vendor saw at a station: audits of units, draws by lot, the recorder's heartbeat, people near the cell.
//!
//! These are the inputs of the controls against a staged show. Whoever records them must not gain by the verdict.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Condition, Hash256, Nanos, Outcome, TimeSpan};

/// What was found when one unit was looked at again. Everything that was not looked at is unknown.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct UnitAudit {
    /// The station.
    pub station: String,
    /// The unit's name in the log.
    pub unit: String,
    /// Control steps that were computed again from the logged observations by the attested release.
    pub steps: Option<u64>,
    /// Those of them whose action is the logged one, within the protocol's tolerance.
    pub matched: Option<u64>,
    /// How it ended, by an inspector who did not know the log's answer.
    pub found: Outcome,
    /// Distance to the most similar other recorded movement, by the distance below which natural repeats hardly ever are:
    /// below 1 it is more alike than nature allows.
    pub repeat_ratio: Option<f64>,
    /// Distance to the nearest item that the release was trained on, by the median distance of training items to theirs.
    pub train_ratio: Option<f64>,
    /// Content hash of the recorded episode, to be looked for in the datasets that trained the release.
    pub episode: Option<String>,
    /// Where the object was: coordinates in metres and radians.
    pub object: Vec<f64>,
    /// How the robot moved: some coordinates of its path, always the same.
    pub motion: Vec<f64>,
    /// Conditions by sensors that the vendor does not hold.
    pub conditions: BTreeMap<String, Condition>,
}

/// A draw by lot: announced by its hash beforehand, and revealed afterwards.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditDraw {
    /// What was drawn.
    pub kind: DrawKind,
    /// The share that is drawn.
    pub share: f64,
    /// The hash that was published, in hexadecimal digits.
    pub commitment: String,
    /// When it was published.
    pub committed: Nanos,
    /// The seed, once it is revealed.
    pub seed: Option<String>,
}

/// What a draw is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DrawKind {
    /// Shifts in which an auditor is present.
    Shifts,
    /// Units that are inspected again.
    Units,
}

impl DrawKind {
    /// The name in tables and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Shifts => "shifts",
            Self::Units => "units",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Shifts, Self::Units].into_iter().find(|kind| kind.name() == name)
    }
}

impl AuditDraw {
    /// The hash that is published beforehand: SHA-256 of `prairie/draw-commitment/1`, the kind, the share and the seed, a line
    /// each.
    pub fn commitment_of(kind: DrawKind, share: f64, seed: &str) -> Hash256 {
        Hash256::of(format!("prairie/draw-commitment/1\n{}\n{share}\n{seed}", kind.name()).as_bytes())
    }

    /// Whether the revealed seed is the one that was announced; `None` before it is revealed.
    pub fn is_kept(&self) -> Option<bool> {
        let seed = self.seed.as_deref()?;
        let hash = Self::commitment_of(self.kind, self.share, seed).to_string();
        Some(hash == self.commitment.trim().to_ascii_lowercase())
    }

    /// Whether a shift or unit of a station is drawn: the first 64 bits of the SHA-256 of `prairie/draw/1`, the seed, the
    /// station and the name, a line each, as a share of all numbers, are below the share. `None` before the seed is revealed.
    pub fn takes(&self, station: &str, name: &str) -> Option<bool> {
        let seed = self.seed.as_deref()?;
        let hash = Hash256::of(format!("prairie/draw/1\n{seed}\n{station}\n{name}").as_bytes());
        let first = hash.as_bytes().iter().take(8).fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
        // OK to cast: 64 bits as a share of all numbers; rounding changes it by less than 2^-53.
        Some((first as f64) / 18_446_744_073_709_551_616.0 < self.share)
    }
}

/// A span of time in which the recorder's heartbeat arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecorderSpan {
    /// The station.
    pub station: String,
    /// From the first heartbeat to the last, without a pause between.
    pub span: TimeSpan,
}

/// How many people were near a station.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Presence {
    /// The station.
    pub station: String,
    /// From when to when.
    pub span: TimeSpan,
    /// How many, by badges or by pictures.
    pub people: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_keeps_its_word_and_its_share() {
        let seed = "seven dice: 3 1 6 6 2 4 5";
        let mut draw = AuditDraw {
            kind: DrawKind::Shifts,
            share: 0.3,
            commitment: AuditDraw::commitment_of(DrawKind::Shifts, 0.3, seed).to_string(),
            committed: Nanos(0),
            seed: None,
        };
        assert_eq!((draw.is_kept(), draw.takes("s", "1")), (None, None), "nobody knows before it is revealed");
        draw.seed = Some(seed.to_owned());
        assert_eq!(draw.is_kept(), Some(true));
        let drawn = (0..10_000).filter(|name| draw.takes("s", &name.to_string()) == Some(true)).count();
        assert!((2_850..3_150).contains(&drawn), "{drawn}");
        draw.share = 0.2;
        assert_eq!(draw.is_kept(), Some(false), "the share was announced too");
    }
}

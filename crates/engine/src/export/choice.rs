//! What an export may choose about pictures and commands.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use crate::error::EngineError;

/// Sides of pictures that an encoder takes.
const SIDE: std::ops::RangeInclusive<u32> = 16..=8192;

/// The size that all pictures of an export get: `WIDTHxHEIGHT`, both even, as H.264 wants them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PictureSize {
    width: u32,
    height: u32,
}

impl PictureSize {
    /// Pixels per row.
    pub const fn width(self) -> u32 {
        self.width
    }

    /// Rows.
    pub const fn height(self) -> u32 {
        self.height
    }
}

impl fmt::Display for PictureSize {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}x{}", self.width, self.height)
    }
}

impl Serialize for PictureSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromStr for PictureSize {
    type Err = EngineError;

    fn from_str(text: &str) -> Result<Self, EngineError> {
        let invalid = |why: &str| EngineError::invalid(format!("`--size {text}`"), why.to_owned());
        let sides = text.split_once(['x', 'X', '×']);
        let sides = sides.and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
        let (width, height): (u32, u32) = sides.ok_or_else(|| invalid("write it as `--size 320x240`"))?;
        for side in [width, height] {
            if !SIDE.contains(&side) || side % 2 == 1 {
                return Err(invalid(&format!(
                    "{side} is no even number from {} to {}, which H.264 asks for",
                    SIDE.start(),
                    SIDE.end()
                )));
            }
        }
        Ok(Self { width, height })
    }
}

/// What the numbers of `action` are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ActionForm {
    /// As the source has them.
    #[default]
    AsIs,
    /// Positions to go to.
    Absolute,
    /// Positions to go to, less where the joints are at that row.
    Delta,
}

impl ActionForm {
    /// As `--action` and a stream's `representation` have it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::AsIs => "as-is",
            Self::Absolute => "absolute",
            Self::Delta => "delta",
        }
    }
}

impl FromStr for ActionForm {
    type Err = EngineError;

    fn from_str(text: &str) -> Result<Self, EngineError> {
        let all = [Self::AsIs, Self::Absolute, Self::Delta];
        all.into_iter().find(|form| form.name() == text).ok_or_else(|| {
            EngineError::invalid(format!("`--action {text}`"), "it is one of as-is, absolute, delta".to_owned())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_two_even_numbers() {
        let size: PictureSize = "320x240".parse().unwrap();
        assert_eq!((size.width(), size.height(), size.to_string()), (320, 240, "320x240".to_owned()));
        for bad in ["", "320", "320x", "x240", "321x240", "0x0", "8x8", "320x9000", "-320x240", "4294967296x2"] {
            assert!(bad.parse::<PictureSize>().is_err(), "{bad}");
        }
    }

    #[test]
    fn forms_are_named() {
        assert_eq!("delta".parse::<ActionForm>().unwrap(), ActionForm::Delta);
        assert_eq!(serde_json::to_value(ActionForm::AsIs).unwrap(), "as-is");
        assert!("relative".parse::<ActionForm>().is_err());
    }
}

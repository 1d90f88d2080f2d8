//! How the numbers of a feature are stored: truth values and integers as what they are, everything else in 32 bits, as LeRobot
//! does.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float32Array, Int64Array};
use arrow::datatypes::DataType;
use prairie_model::{RecordingId, Stream};

use crate::Engine;
use crate::error::EngineError;
use crate::export::load::StoredEpisode;

/// The largest integer below which every integer is a 64-bit float.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

/// A type of stored numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum NumberType {
    /// Truth values.
    Bool,
    /// Integers.
    Int64,
    /// Everything else.
    #[default]
    Float32,
}

impl NumberType {
    /// As `info.json` calls it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int64 => "int64",
            Self::Float32 => "float32",
        }
    }

    /// As Arrow has it.
    pub(crate) const fn data_type(self) -> DataType {
        match self {
            Self::Bool => DataType::Boolean,
            Self::Int64 => DataType::Int64,
            Self::Float32 => DataType::Float32,
        }
    }

    /// Whether there is nothing between two values.
    pub(crate) const fn is_discrete(self) -> bool {
        !matches!(self, Self::Float32)
    }

    /// The value as it is stored; `None` where it is none of this type.
    pub(crate) fn stored(self, value: f64) -> Option<f64> {
        match self {
            // Rounding to 32 bits is what the form asks for; how much it costs is told.
            Self::Float32 => Some(f64::from(value as f32)),
            Self::Int64 => (value.fract() == 0.0 && value.abs() <= EXACT_MAX).then_some(value),
            Self::Bool => (value == 0.0 || value == 1.0).then_some(value),
        }
    }

    /// Stored values as a column. OK to cast: [`NumberType::stored`] let nothing else through.
    pub(crate) fn column(self, values: &[f64]) -> ArrayRef {
        match self {
            Self::Bool => Arc::new(BooleanArray::from_iter(values.iter().map(|value| Some(*value != 0.0)))),
            Self::Int64 => Arc::new(Int64Array::from_iter_values(values.iter().map(|value| *value as i64))),
            Self::Float32 => Arc::new(Float32Array::from_iter_values(values.iter().map(|value| *value as f32))),
        }
    }

    /// The bytes of a stored value, little-endian. OK to cast, as above.
    pub(crate) fn bytes(self, value: f64, into: &mut Vec<u8>) {
        match self {
            Self::Bool => into.push(u8::from(value != 0.0)),
            Self::Int64 => into.extend((value as i64).to_le_bytes()),
            Self::Float32 => into.extend((value as f32).to_le_bytes()),
        }
    }

    fn of_arrow(kind: &DataType) -> Self {
        match kind {
            DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
                Self::of_arrow(item.data_type())
            }
            DataType::Boolean => Self::Bool,
            kind if kind.is_integer() => Self::Int64,
            _ => Self::Float32,
        }
    }

    /// Of a ROS type of one number, or of an array of numbers.
    fn of_schema(schema: &str) -> Self {
        let name = schema.rsplit('/').next().unwrap_or_default();
        if !schema.starts_with("std_msgs/") && !schema.starts_with("example_interfaces/") {
            return Self::Float32;
        }
        match name.trim_end_matches("MultiArray") {
            "Bool" => Self::Bool,
            "Byte" | "Char" | "Int8" | "Int16" | "Int32" | "Int64" | "UInt8" | "UInt16" | "UInt32" | "UInt64" => {
                Self::Int64
            }
            _ => Self::Float32,
        }
    }
}

/// What the sources of a job's episodes declare: the type of each feature of tables.
#[derive(Debug, Default)]
pub(crate) struct Declared(BTreeMap<(RecordingId, String), NumberType>);

impl Declared {
    /// The type of a stream. One with a unit was measured, and may have been converted: it has no integers.
    pub(crate) fn of(&self, recording: RecordingId, stream: &Stream) -> NumberType {
        if stream.unit.is_some() {
            return NumberType::Float32;
        }
        let declared = self.0.get(&(recording, stream.source.clone()));
        declared.copied().unwrap_or_else(|| NumberType::of_schema(&stream.schema))
    }
}

impl Engine {
    /// Asks the recordings behind `episodes`.
    pub(crate) fn declared_types(&self, episodes: &[StoredEpisode]) -> Result<Declared, EngineError> {
        let mut declared = Declared::default();
        let mut last = None;
        for episode in episodes {
            let known = last.replace(episode.recording) == Some(episode.recording);
            if known || !episode.streams.iter().any(|stream| stream.schema.ends_with(".feature")) {
                continue;
            }
            let source = self.stored_source(episode.recording)?;
            let format = self.recording(episode.recording)?.map(|recording| recording.row.format);
            let name = episode.recording.to_string();
            let (_, plan) = crate::inspect::plan(&name, &source, format.as_deref())?;
            for channel in &plan.channels {
                let first = channel.fields.as_ref().and_then(|fields| fields.first());
                let number = first.map_or(NumberType::Float32, |field| NumberType::of_arrow(field.data_type()));
                declared.0.insert((episode.recording, channel.topic.clone()), number);
            }
        }
        Ok(declared)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_keep_what_they_can_hold() {
        assert_eq!(NumberType::Bool.stored(1.0), Some(1.0));
        assert_eq!(NumberType::Bool.stored(0.5), None);
        assert_eq!(NumberType::Int64.stored(16_777_217.0), Some(16_777_217.0), "32-bit floats would lose it");
        assert_eq!(NumberType::Int64.stored(f64::NAN), None);
        assert_eq!(NumberType::Float32.stored(0.1), Some(f64::from(0.1_f32)));
    }

    #[test]
    fn schemas_say_what_numbers_are() {
        for (schema, number) in [
            ("std_msgs/msg/Bool", NumberType::Bool),
            ("std_msgs/UInt8", NumberType::Int64),
            ("std_msgs/msg/Int32MultiArray", NumberType::Int64),
            ("std_msgs/msg/Float64", NumberType::Float32),
            ("my_msgs/msg/Bool", NumberType::Float32),
        ] {
            assert_eq!(NumberType::of_schema(schema), number, "{schema}");
        }
    }
}

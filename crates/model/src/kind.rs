//! The kinds of streams, and the columns that each keeps. `docs/spec/episode.md` is written from this file.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields};
use serde::{Deserialize, Serialize};

/// What a stream measures. Each kind is one table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StreamKind {
    /// What was commanded: joint targets, end-effector deltas, velocities.
    Action,
    /// Sound, left in the recording.
    Audio,
    /// Depth pictures, left in the recording.
    Depth,
    /// Text at an instant: logs, labels, states of machines.
    Event,
    /// A position on Earth.
    Geo,
    /// A gripper or hand that opens and closes.
    Gripper,
    /// Colour or grey pictures, left in the recording.
    Image,
    /// Inertial measurement.
    Imu,
    /// Positions, velocities and efforts of joints.
    JointState,
    /// Points in space, left in the recording.
    PointCloud,
    /// Position and orientation of one frame in another.
    Pose,
    /// One number.
    Scalar,
    /// A planar range scan, left in the recording.
    Scan,
    /// An array of taxels.
    Tactile,
    /// Linear and angular velocity.
    Twist,
    /// Numbers whose meaning only their names tell.
    Vector,
    /// Force and torque.
    Wrench,
}

/// Columns that every sample starts with, after `episode_id` and `stream`.
///
/// `t_ns` is the canonical axis, `log_time_ns` is when the sample was recorded and `header_time_ns` what its own stamp says,
/// both null where the source has none. All count nanoseconds.
pub const TIME_FIELDS: [&str; 3] = ["t_ns", "log_time_ns", "header_time_ns"];

/// Columns of the frame index, after the times.
pub const FRAME_FIELDS: [&str; 11] = [
    "codec",
    "width",
    "height",
    "key_frame",
    "file",
    "chunk_offset",
    "chunk_length",
    "compression",
    "inner_offset",
    "length",
    "sha256",
];

/// Columns of the frame index that say where a frame lies and what follows from its bytes, and nothing that the frame is: the
/// same frames in a file with other chunks differ in them.
pub const PLACE_FIELDS: [&str; 6] =
    ["chunk_length", "chunk_offset", "compression", "file", "inner_offset", "key_frame"];

impl StreamKind {
    /// All kinds, in the order of their names.
    pub const ALL: [Self; 17] = [
        Self::Action,
        Self::Audio,
        Self::Depth,
        Self::Event,
        Self::Geo,
        Self::Gripper,
        Self::Image,
        Self::Imu,
        Self::JointState,
        Self::PointCloud,
        Self::Pose,
        Self::Scalar,
        Self::Scan,
        Self::Tactile,
        Self::Twist,
        Self::Vector,
        Self::Wrench,
    ];

    /// The name in tables, JSON and SQL.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Action => "action",
            Self::Audio => "audio",
            Self::Depth => "depth",
            Self::Event => "event",
            Self::Geo => "geo",
            Self::Gripper => "gripper",
            Self::Image => "image",
            Self::Imu => "imu",
            Self::JointState => "joint_state",
            Self::PointCloud => "point_cloud",
            Self::Pose => "pose",
            Self::Scalar => "scalar",
            Self::Scan => "scan",
            Self::Tactile => "tactile",
            Self::Twist => "twist",
            Self::Vector => "vector",
            Self::Wrench => "wrench",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether samples stay in the recording and only their place is kept.
    pub const fn is_frames(self) -> bool {
        matches!(self, Self::Audio | Self::Depth | Self::Image | Self::PointCloud | Self::Scan)
    }

    /// The table that holds streams of this kind.
    pub const fn table(self) -> &'static str {
        if self.is_frames() { "frames" } else { self.name() }
    }

    /// The numbers of a sample, as (column, elements per row or `None` for a list, unit). Empty for frames and events.
    ///
    /// Units are SI; an empty unit means that the stream itself says (`Stream::unit`) or that there is none.
    pub const fn numbers(self) -> &'static [(&'static str, bool, &'static str)] {
        // (column, is a list, unit)
        match self {
            Self::Action => &[("value", true, "")],
            Self::Geo => &[("latitude_deg", false, "deg"), ("longitude_deg", false, "deg"), ("altitude_m", false, "m")],
            Self::Gripper => {
                &[("position", false, ""), ("velocity", false, ""), ("effort", false, "N"), ("raw_position", false, "")]
            }
            Self::Imu => &[
                ("ax_mps2", false, "m/s²"),
                ("ay_mps2", false, "m/s²"),
                ("az_mps2", false, "m/s²"),
                ("wx_radps", false, "rad/s"),
                ("wy_radps", false, "rad/s"),
                ("wz_radps", false, "rad/s"),
                ("qx", false, ""),
                ("qy", false, ""),
                ("qz", false, ""),
                ("qw", false, ""),
            ],
            Self::JointState => &[("position", true, "rad"), ("velocity", true, "rad/s"), ("effort", true, "N·m")],
            Self::Pose => &[
                ("x_m", false, "m"),
                ("y_m", false, "m"),
                ("z_m", false, "m"),
                ("qx", false, ""),
                ("qy", false, ""),
                ("qz", false, ""),
                ("qw", false, ""),
            ],
            Self::Scalar => &[("value", false, "")],
            Self::Tactile => &[("value", true, "")],
            Self::Twist => &[
                ("vx_mps", false, "m/s"),
                ("vy_mps", false, "m/s"),
                ("vz_mps", false, "m/s"),
                ("wx_radps", false, "rad/s"),
                ("wy_radps", false, "rad/s"),
                ("wz_radps", false, "rad/s"),
            ],
            Self::Vector => &[("value", true, "")],
            Self::Wrench => &[
                ("fx_n", false, "N"),
                ("fy_n", false, "N"),
                ("fz_n", false, "N"),
                ("tx_nm", false, "N·m"),
                ("ty_nm", false, "N·m"),
                ("tz_nm", false, "N·m"),
            ],
            Self::Audio | Self::Depth | Self::Event | Self::Image | Self::PointCloud | Self::Scan => &[],
        }
    }

    /// The Arrow fields of a sample of this kind: the times, then the kind's own columns.
    pub fn fields(self) -> Fields {
        let mut fields = vec![
            Field::new("t_ns", DataType::Int64, false),
            Field::new("log_time_ns", DataType::Int64, true),
            Field::new("header_time_ns", DataType::Int64, true),
        ];
        if self.is_frames() {
            fields.extend([
                Field::new("codec", DataType::Utf8, false),
                Field::new("width", DataType::UInt32, true),
                Field::new("height", DataType::UInt32, true),
                Field::new("key_frame", DataType::Boolean, true),
                Field::new("file", DataType::UInt32, false),
                Field::new("chunk_offset", DataType::UInt64, false),
                Field::new("chunk_length", DataType::UInt64, false),
                Field::new("compression", DataType::Utf8, false),
                Field::new("inner_offset", DataType::UInt64, false),
                Field::new("length", DataType::UInt64, false),
                Field::new("sha256", DataType::Binary, true),
            ]);
        } else if self == Self::Event {
            fields.extend([Field::new("level", DataType::Utf8, true), Field::new("text", DataType::Utf8, false)]);
        } else {
            for (name, list, _) in self.numbers() {
                let kind = if *list { list_type() } else { DataType::Float64 };
                fields.push(Field::new(*name, kind, true));
            }
        }
        fields.into()
    }
}

/// A list of 64-bit floats.
fn list_type() -> DataType {
    DataType::List(Arc::new(Field::new_list_field(DataType::Float64, true)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_and_are_sorted() {
        for kind in StreamKind::ALL {
            assert_eq!(StreamKind::from_name(kind.name()), Some(kind));
            assert_eq!(serde_json::to_value(kind).expect("a name is JSON"), kind.name());
        }
        assert!(StreamKind::ALL.is_sorted_by_key(|kind| kind.name()));
    }

    #[test]
    fn frame_fields_are_the_columns_of_frames() {
        let fields = StreamKind::Image.fields();
        let names: Vec<_> = fields.iter().map(|field| field.name().as_str()).collect();
        assert_eq!(names, [&TIME_FIELDS[..], &FRAME_FIELDS[..]].concat());
    }
}

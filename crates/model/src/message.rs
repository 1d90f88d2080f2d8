//! What a reader hands over: channels, and batches of their messages as Arrow columns.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use arrow::array::StructArray;
use arrow::datatypes::{DataType, Fields, TimeUnit};
use serde::{Deserialize, Serialize};

use crate::{BlobRef, Nanos, Note, PictureInfo, TimeSpan};

/// How the bytes of a message are laid out.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum MessageEncoding {
    /// ROS 2's Common Data Representation.
    Cdr,
    /// ROS 1's serialization.
    Ros1,
    /// Protocol Buffers, decoded by the descriptor set in the recording.
    Protobuf,
    /// JSON text.
    Json,
    /// A column of a table: a LeRobot feature, for example. Nothing is left to decode.
    Table,
    /// Anything else, by the name that the recording gives it. Such messages are kept and counted, never decoded.
    Other(String),
}

impl fmt::Display for MessageEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cdr => "cdr",
            Self::Ros1 => "ros1",
            Self::Protobuf => "protobuf",
            Self::Json => "json",
            Self::Table => "table",
            Self::Other(name) => name,
        })
    }
}

/// One series of messages of one type: an MCAP channel, a ROS connection, a LeRobot feature.
#[derive(Debug, Clone, PartialEq)]
pub struct Channel {
    /// Index into [`RecordingPlan::channels`], or, for a channel that the plan did not see, the next free one.
    pub id: u32,
    /// Topic or feature name, as the source has it. Several channels may share one.
    pub topic: String,
    /// Name of the message type: `sensor_msgs/msg/JointState`, `foxglove.CompressedImage`, `lerobot.feature`.
    /// ROS 1 names are given as they are (`sensor_msgs/JointState`).
    pub schema_name: String,
    /// How messages are encoded.
    pub encoding: MessageEncoding,
    /// The decoded shape of a message, `None` where the type cannot be decoded. Times are [`time_type`], byte sequences are
    /// [`crate::blob_field`]s unless [`Inline`] asked for their values, enumerations are integers.
    pub fields: Option<Fields>,
    /// Why `fields` is `None`.
    pub undecodable: Option<String>,
    /// Pictures in this channel, where the container itself describes them (an MP4 track, say).
    pub picture: Option<PictureInfo>,
    /// Names of the elements of a vector feature (`left_shoulder_pitch`, ...), empty where the source has none.
    pub names: Vec<String>,
    /// Element counts per axis of a vector or tensor feature, empty where the source does not say.
    pub shape: Vec<u64>,
    /// Nominal rate where the container declares one.
    pub rate_hz: Option<f64>,
    /// What else the container says about the channel.
    pub metadata: BTreeMap<String, String>,
    /// Messages of the channel in the recording, as its index claims; `None` without an index.
    pub claimed_messages: Option<u64>,
}

/// The Arrow type of an instant in a decoded message (a ROS stamp, a Protobuf `Timestamp`).
pub const fn time_type() -> DataType {
    DataType::Timestamp(TimeUnit::Nanosecond, None)
}

/// Consecutive messages of one channel.
#[derive(Debug, Clone)]
pub struct MessageBatch {
    /// The channel.
    pub channel: Arc<Channel>,
    /// The episode of the source that the messages belong to, where the container has episodes: index into
    /// [`RecordingPlan::episodes`].
    pub episode: Option<u32>,
    /// When each message was recorded. As many as there are messages.
    pub log_time: Vec<i64>,
    /// When each was published, where the container says; empty otherwise.
    pub publish_time: Vec<i64>,
    /// The messages.
    pub payload: Payload,
}

impl MessageBatch {
    /// Messages in the batch.
    pub fn len(&self) -> usize {
        self.log_time.len()
    }

    /// Whether it holds no message.
    pub fn is_empty(&self) -> bool {
        self.log_time.is_empty()
    }
}

/// The messages of a batch.
#[derive(Debug, Clone)]
pub enum Payload {
    /// One row per message, of the type [`Channel::fields`].
    Decoded(StructArray),
    /// Not decoded; where each message's bytes lie.
    Opaque(Vec<BlobRef>),
}

/// An episode as the source itself delimits it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SourceEpisode {
    /// The source's name for it, unique in the recording: `episode_000007`.
    pub key: String,
    /// Task text.
    pub task: Option<String>,
    /// Frames or rows that the metadata promises.
    pub claimed_length: Option<u64>,
    /// When it lies, where the container says so before its rows are read.
    pub span: Option<TimeSpan>,
    /// Anything else that the source says about it, by the source's names.
    pub attributes: BTreeMap<String, String>,
}

/// What one recording holds, as its indexes and summaries tell: enough to print, to validate, and to read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RecordingPlan {
    /// Name of the format: `mcap`, `lerobot`.
    pub format: String,
    /// Format version or profile where the container states one: `ros2`, `v2.1`.
    pub profile: Option<String>,
    /// Program that wrote it.
    pub writer: Option<String>,
    /// The channels that are known before reading.
    pub channels: Vec<Arc<Channel>>,
    /// The episodes that the container itself delimits; empty where it does not.
    pub episodes: Vec<SourceEpisode>,
    /// Span of log times that the index claims.
    pub span: Option<TimeSpan>,
    /// Messages that the index claims.
    pub claimed_messages: Option<u64>,
    /// What the container says about the whole recording, by record name and key: `metadata.rosbag2.ROS_DISTRO`,
    /// `info.robot_type`.
    pub attributes: BTreeMap<String, String>,
    /// What is wrong already.
    pub notes: Vec<Note>,
}

/// What a reader reports while it reads, in the order of the recording.
#[derive(Debug, Clone)]
pub enum ReadEvent {
    /// A channel that the plan did not know. Comes before its first batch.
    Channel(Arc<Channel>),
    /// Messages.
    Batch(MessageBatch),
    /// No more messages of this episode of the source will come.
    EpisodeEnd(u32),
    /// A key and value about the recording that the plan did not know.
    Attribute(String, String),
    /// Something is wrong; reading goes on if it can.
    Note(Note),
}

/// Which byte sequences of a message type are wanted as values instead of as [`BlobRef`]s.
///
/// Called with the schema's name and the path of the field (`data`, `cells.values`).
pub type Inline = fn(schema: &str, path: &str) -> bool;

/// How to read.
#[derive(Debug, Clone)]
pub struct ReadOptions {
    /// Byte sequences for which this is true are decoded to lists of `u8`.
    pub inline: Inline,
    /// Only these channels of the plan; all when `None`.
    pub channels: Option<BTreeSet<u32>>,
    /// Only these episodes of the plan; all when `None`.
    pub episodes: Option<BTreeSet<u32>>,
    /// Whether to verify chunk and data checksums where the container has them.
    pub verify: bool,
    /// Whether pictures are hashed as they pass, where hashing is most of the work; ingest needs it.
    pub hashes: bool,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self { inline: |_, _| false, channels: None, episodes: None, verify: true, hashes: true }
    }
}

/// What became of the messages of one channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ChannelTally {
    /// Messages in the recording, up to the first damage.
    pub messages: u64,
    /// Messages whose bytes did not fit their schema.
    pub undecodable: u64,
}

/// What reading came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReadSummary {
    /// Per channel id.
    pub channels: BTreeMap<u32, ChannelTally>,
    /// Whether the container was read to its end without damage.
    pub complete: bool,
    /// Messages that damage took: what the container's own counts say beyond those that were read. `None` where there is
    /// damage, and nothing says what it took.
    pub lost: Option<u64>,
    /// Span of log times that was seen.
    pub span: Option<TimeSpan>,
}

impl ReadSummary {
    /// Counts `messages` of `channel` at `times`.
    pub fn count(&mut self, channel: u32, messages: u64, times: Option<(Nanos, Nanos)>) {
        self.channels.entry(channel).or_default().messages += messages;
        if let Some((first, last)) = times {
            let span = TimeSpan::new(first, last);
            self.span = Some(self.span.map_or(span, |seen| seen.union(span)));
        }
    }
}

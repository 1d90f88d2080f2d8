//! The rules, by name: what the pages of `docs/spec/` state and tables alone can show.
//!
//! **Invariant:** a name never changes its meaning; `conformance/tables/` has a bad case for each.

use serde::{Serialize, Serializer};

/// The page on episodes, streams, samples, findings and receipts.
pub(super) const EPISODE: &str = "prairie.episode/1";
/// The page on segments, outcomes and modes.
pub(super) const ANNOTATION: &str = "prairie.annotation/1";

macro_rules! rules {
    ($($variant:ident = $name:literal, $level:ident, $page:ident, $what:literal;)*) => {
        /// A rule that tables are tested for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum SpecRule {
            $(#[doc = $what] $variant,)*
        }

        impl SpecRule {
            /// All of them, in the order of their names.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The stable name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Whether tables that break it do not follow the specification (a MUST), or only could be better (a SHOULD).
            pub const fn is_must(self) -> bool {
                match self { $(Self::$variant => rules!($level),)* }
            }

            /// The specification that states it.
            pub const fn specification(self) -> &'static str {
                match self { $(Self::$variant => $page,)* }
            }

            /// What it asks for, in one sentence.
            pub const fn what(self) -> &'static str {
                match self { $(Self::$variant => $what,)* }
            }
        }
    };
    (MUST) => { true };
    (SHOULD) => { false };
}

rules! {
    ClockHeader = "clock_header", MUST, EPISODE, "under clock `header`, `t_ns` is the stamp plus the offset, or the log time without a stamp";
    ClockLog = "clock_log", MUST, EPISODE, "under clock `log`, `t_ns` is `log_time_ns`";
    ClockOffset = "clock_offset", MUST, EPISODE, "`clock_offset_ns` is stated for clock `header`, and null for `log` and `row`";
    ClockRow = "clock_row", MUST, EPISODE, "under clock `row`, `log_time_ns` and `header_time_ns` are null";
    ColumnExtra = "column_extra", MUST, EPISODE, "a table of a kind has no further columns";
    ColumnMissing = "column_missing", MUST, EPISODE, "every column of a table is there";
    ColumnType = "column_type", MUST, EPISODE, "every column has its type";
    DecisionDiffers = "decision_differs", MUST, EPISODE, "the decision of an episode is that of its receipt of the same revision";
    EpisodeAttributes = "episode_attributes", MUST, EPISODE, "`attributes` is a JSON object of texts of at most 1 KiB";
    EpisodeCounts = "episode_counts", MUST, EPISODE, "`messages` is `mapped` and `unmapped` and `undecodable` together";
    EpisodeDated = "episode_dated", MUST, EPISODE, "`dated` says whether `start_ns` is in 1990 or later";
    EpisodeDigest = "episode_digest", MUST, EPISODE, "`digest` has 1036 bytes";
    EpisodeDuration = "episode_duration", MUST, EPISODE, "`duration_s` is the time from `start_ns` to `end_ns`";
    EpisodeEndsFirst = "episode_ends_first", MUST, EPISODE, "an episode has a start and an end that is not before it, or neither";
    EpisodeIdDerived = "episode_id_derived", MUST, EPISODE, "`episode_id` is the hash of the derivation and the order";
    EpisodeKeyTwice = "episode_key_twice", MUST, EPISODE, "`key` is unique among the episodes of one derivation";
    EpisodeMissing = "episode_missing", MUST, EPISODE, "every episode that a table speaks of is in `episodes`";
    EpisodeNotes = "episode_notes", MUST, EPISODE, "`notes` is a JSON list of at most 1000";
    EpisodeSamples = "episode_samples", MUST, EPISODE, "`episodes.samples` is the sum of those of its streams";
    EpisodeSpan = "episode_span", MUST, EPISODE, "an episode lasts from the first to the last time of its streams";
    EpisodeTwice = "episode_twice", MUST, EPISODE, "there is one row per episode and revision";
    FindingEndsFirst = "finding_ends_first", MUST, EPISODE, "a finding has a start and an end that is not before it, or neither";
    FindingReceipt = "finding_receipt", MUST, EPISODE, "the receipt that holds a finding is in `receipts`";
    FrameOutside = "frame_outside", MUST, EPISODE, "a frame of a chunk that is not compressed lies within the chunk";
    IdMalformed = "id_malformed", MUST, EPISODE, "ids and hashes are 32 or 64 lower-case hexadecimal digits";
    OwnersMixed = "owners_mixed", MUST, EPISODE, "no file mixes owners";
    QuaternionLength = "quaternion_length", SHOULD, EPISODE, "quaternions have length one, give or take 0.01";
    QuaternionPart = "quaternion_part", MUST, EPISODE, "a quaternion is there or null as a whole";
    ReceiptEnvelope = "receipt_envelope", MUST, EPISODE, "`envelope` is a DSSE envelope of a receipt, as JSON";
    ReceiptHash = "receipt_hash", MUST, EPISODE, "`receipt_hash` is the SHA-256 of the payload";
    ReceiptPayload = "receipt_payload", MUST, EPISODE, "the payload states what the row and its episode state";
    SegmentEndsFirst = "segment_ends_first", MUST, ANNOTATION, "`end_ns` of a segment is never before `start_ns`";
    SegmentName = "segment_name", SHOULD, ANNOTATION, "names of segments are lower-case words joined by `_`";
    SegmentNotException = "segment_not_exception", MUST, ANNOTATION, "`cause` and `recoverable` are null but for exceptions";
    SegmentOutside = "segment_outside", SHOULD, ANNOTATION, "a segment starts between the first and the last sample of its episode";
    SegmentSkillsOverlap = "segment_skills_overlap", SHOULD, ANNOTATION, "segments of label `skill` do not overlap";
    SizeZero = "size_zero", MUST, EPISODE, "an unknown width or height is null, never zero";
    StampNotPositive = "stamp_not_positive", MUST, EPISODE, "`header_time_ns` is null where the stamp says zero or less";
    StreamEndsFirst = "stream_ends_first", MUST, EPISODE, "a stream with samples has a start and an end that is not before it, and one without has neither";
    StreamKindTable = "stream_kind_table", MUST, EPISODE, "samples lie in the table of their stream's kind";
    StreamMissing = "stream_missing", MUST, EPISODE, "every stream that has samples is in `streams`";
    StreamPicture = "stream_picture", MUST, EPISODE, "what describes pictures is null for streams of numbers";
    StreamRate = "stream_rate", MUST, EPISODE, "`rate_hz` is (samples − 1) / (last − first), and null below two samples";
    StreamSamples = "stream_samples", MUST, EPISODE, "a stream has as many rows as `streams.samples` says";
    StreamSpan = "stream_span", MUST, EPISODE, "`start_ns` and `end_ns` of a stream are its first and last `t_ns`";
    StreamTwice = "stream_twice", MUST, EPISODE, "the name of a stream is unique in its episode";
    TextEmpty = "text_empty", MUST, EPISODE, "unknown is null, never an empty text";
    Unreadable = "unreadable", MUST, EPISODE, "tables are Parquet";
    ValueNull = "value_null", MUST, EPISODE, "columns that are never null hold no null";
    WordUnknown = "word_unknown", MUST, EPISODE, "a column that lists its words holds one of them";
}

impl Serialize for SpecRule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_unlike() {
        assert!(SpecRule::ALL.is_sorted_by(|one, other| one.name() < other.name()));
    }
}

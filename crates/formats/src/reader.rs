//! The readers, and how one is found for a recording.

use std::ops::ControlFlow;

use prairie_model::{ReadEvent, ReadOptions, ReadSummary, RecordingPlan, Source};

use crate::FormatError;
use crate::bag::Bag;
use crate::blocks::Blocks;
use crate::columns::Columns;
use crate::hdf5::Hdf5;
use crate::lerobot::LeRobot;
use crate::mcap::Mcap;
use crate::rlds::Rlds;
use crate::rosbag2::Rosbag2;
use crate::ulog::Ulog;
use crate::xr_teleoperate::XrTeleoperate;
use crate::zarr::Zarr;

/// What a reader takes from its format: a page of `docs/reference/formats.md`.
#[derive(Debug, Clone, Copy)]
pub struct FormatPage {
    /// What it is recognised by, in lower case.
    pub recognised: &'static str,
    /// What comes over.
    pub carries: &'static [&'static str],
    /// What does not, and what becomes of it.
    pub limits: &'static [&'static str],
}

/// Reads one format.
pub trait Reader: Sync {
    /// The format's name: `mcap`, `lerobot`.
    fn name(&self) -> &'static str;

    /// What it reads, in one line for `prairie formats`.
    fn describe(&self) -> &'static str;

    /// What it takes from the format, for `prairie formats NAME`.
    fn page(&self) -> &'static FormatPage;

    /// Whether this is the format, by content. Reads at most a few kilobytes; what cannot be read is not claimed.
    fn claims(&self, source: &dyn Source) -> bool;

    /// Describes the recording from its indexes and summaries.
    ///
    /// # Errors
    ///
    /// When nothing of it can be read.
    fn plan(&self, source: &dyn Source, options: &ReadOptions) -> Result<RecordingPlan, FormatError>;

    /// Streams the recording into `sink` until it breaks or the recording ends. Damage is told as a note, and the messages
    /// before it (and after it, where the container allows) are delivered.
    ///
    /// # Errors
    ///
    /// When the source fails, or nothing can be read.
    fn read(
        &self,
        source: &dyn Source,
        plan: &RecordingPlan,
        options: &ReadOptions,
        sink: &mut dyn FnMut(ReadEvent) -> ControlFlow<()>,
    ) -> Result<ReadSummary, FormatError>;
}

/// Every reader, by name.
pub const READERS: &[&dyn Reader] =
    &[&Bag, &Blocks, &Columns, &Hdf5, &LeRobot, &Mcap, &Rlds, &Rosbag2, &Ulog, &XrTeleoperate, &Zarr];

/// The reader whose format this is.
///
/// # Errors
///
/// When no reader claims it, or several do, or its first bytes cannot be read.
pub fn sniff(source: &dyn Source) -> Result<&'static dyn Reader, FormatError> {
    sniff_as(source, None)
}

/// The reader of that name, where it claims the recording; without a name, the only one that does.
///
/// # Errors
///
/// As [`sniff`], and when there is no reader of that name, or it does not claim the recording.
pub fn sniff_as(source: &dyn Source, format: Option<&str>) -> Result<&'static dyn Reader, FormatError> {
    let claims: Vec<_> = READERS.iter().copied().filter(|reader| reader.claims(source)).collect();
    if let Some(format) = format {
        let wanted = claims.iter().find(|reader| reader.name() == format);
        return wanted.copied().ok_or_else(|| FormatError::NotClaimed {
            format: format.to_owned(),
            is_known: READERS.iter().any(|reader| reader.name() == format),
            claims: claims.iter().map(|reader| reader.name()).collect(),
        });
    }
    match claims[..] {
        [reader] => Ok(reader),
        [] => Err(describe(source).map_or_else(|error| error, FormatError::Unrecognized)),
        _ => Err(FormatError::Ambiguous(claims.iter().map(|reader| reader.name()).collect())),
    }
}

/// What an unknown recording looks like, for the error message.
fn describe(source: &dyn Source) -> Result<String, FormatError> {
    let files = source.files();
    let Some(first) = files.first() else { return Ok("there is no file in it".to_owned()) };
    let mut head = [0; 512];
    let n = source.read_at(0, 0, &mut head);
    let n = n.map_err(|source| FormatError::Io { file: first.path.clone(), source })?;
    if first.size == 0 && files.len() == 1 {
        return Ok("the file is empty".to_owned());
    }
    Ok(looks_like(&first.path, &head[..n]))
}

/// What a file looks like that begins with `head`.
fn looks_like(path: &str, head: &[u8]) -> String {
    if let Some((_, what)) = KNOWN.iter().find(|(magic, _)| head.starts_with(magic)) {
        return format!("`{}` is {what}", path);
    }
    if head.get(4..8) == Some(b"ftyp") {
        return format!("`{}` is an MP4 video without the data set that it belongs to", path);
    }
    // A character may be cut at the end.
    let text = match std::str::from_utf8(head) {
        Ok(text) => Some(text),
        Err(error) if error.error_len().is_none() => std::str::from_utf8(&head[..error.valid_up_to()]).ok(),
        Err(_) => None,
    };
    match text {
        Some(text) if !text.contains('\0') => format!("`{}` is text", path),
        _ => {
            let bytes: Vec<_> = head.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
            format!("`{}` begins with {}", path, bytes.join(" "))
        }
    }
}

/// How formats begin that a person may well take for a recording that Prairie reads.
const KNOWN: &[(&[u8], &str)] = &[
    (b"#ROSBAG V1", "a ROS 1 bag of version 1; `rosbag fix` makes one of version 2.0 of it"),
    (b"SQLite format 3\0", "an SQLite database without the tables of a ROS 2 bag"),
    (b"PAR1", "a Parquet file without the data set that it belongs to"),
    (b"ARROW1\0\0", "an Arrow file"),
    (b"\xff\xff\xff\xff", "an Arrow stream that has no episodes of a LeRobot dataset"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd; `zstd -d` unpacks it"),
    (b"\x1f\x8b", "compressed with gzip; `gunzip` unpacks it"),
    (b"PK\x03\x04", "a ZIP archive; unpack it first"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use prairie_model::{MemorySource, SourceFile};

    /// A file that nobody may read.
    struct Locked([SourceFile; 1]);

    impl Source for Locked {
        fn files(&self) -> &[SourceFile] {
            &self.0
        }

        fn read_at(&self, _: usize, _: u64, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::PermissionDenied.into())
        }
    }

    #[test]
    fn what_cannot_be_read_is_of_no_unknown_format() {
        for path in ["run.mcap", "run.bin", "meta/info.json"] {
            let locked = Locked([SourceFile { path: path.to_owned(), size: 100 }]);
            let error = sniff(&locked).err().expect("it cannot be read");
            assert_eq!(error.to_string(), format!("failed to read `{path}`"));
            assert!(
                matches!(error, FormatError::Io { source, .. } if source.kind() == std::io::ErrorKind::PermissionDenied)
            );
        }
    }

    #[test]
    fn a_refusal_says_what_it_is() {
        let said = |bytes: &[u8]| describe(&MemorySource::new([("x".to_owned(), bytes.to_vec())])).expect("memory");
        assert_eq!(said(b""), "the file is empty");
        assert!(said(b"#ROSBAG V1.2\n").contains("rosbag fix"));
        assert!(said(b"SQLite format 3\0\x10").contains("SQLite"));
        assert_eq!(said("# Größe".as_bytes()), "`x` is text");
        assert_eq!(said(&"# Größe".as_bytes()[..5]), "`x` is text", "a cut character is still text");
        assert_eq!(said(b"\0\0\0\x20ftypisom"), "`x` is an MP4 video without the data set that it belongs to");
        assert_eq!(said(b"\x01\x02\xfe\0"), "`x` begins with 01 02 fe 00");
    }
}

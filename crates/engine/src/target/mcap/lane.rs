//! One stream of an episode on its way into messages: when each sample is written, and its bytes.

use arrow::array::{Array, AsArray, Float64Array, Int64Array, ListArray};
use arrow::datatypes::Float64Type;
use prairie_formats::BlobReader;
use prairie_formats::encoding::CdrWriter;
use prairie_model::{Codec, PictureInfo, StreamBatch, StreamKind};
use sha2::{Digest, Sha256};

use super::form::{Form, encoding};
use super::video;
use crate::error::EngineError;
use crate::frames::FrameRows;

/// A stream that is being written.
pub(super) struct Lane {
    pub(super) batch: StreamBatch,
    pub(super) form: Form,
    /// Log time per row, at which its message is written. Never negative.
    log_ns: Vec<i64>,
    /// The row numbers in the order of writing.
    order: Vec<u32>,
    /// How much later than it was recorded a frame is logged at most, so that frames are logged in the order of decoding.
    pub(super) largest_shift_ns: i64,
    /// Numbers that the source lacks, which are NaN in messages.
    pub(super) missing: u64,
    /// Messages so far.
    pub(super) written: u32,
    /// Over the messages so far, unless they are frames.
    pub(super) hash: Sha256,
    /// Bytes of the messages so far, if they are frames.
    pub(super) frame_bytes: u64,
    scratch: Vec<f64>,
}

/// The times of a row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    pub(super) log_ns: u64,
    pub(super) t_ns: u64,
}

impl Lane {
    /// A lane for the samples of a stream, or why they cannot be messages.
    pub(super) fn new(batch: StreamBatch) -> Result<Self, String> {
        let form = Form::of(&batch)?;
        let log_ns: Vec<i64> =
            (0..batch.len()).map(|row| stated(batch.log_time_ns(), row).unwrap_or(batch.t_ns()[row])).collect();
        if u32::try_from(batch.len()).is_err() {
            return Err(format!("{} samples of one stream are too many for a file", batch.len()));
        }
        if let Some(row) = (0..batch.len()).find(|row| log_ns[*row] < 0 || batch.t_ns()[*row] < 0) {
            return Err(format!("sample {row} lies before the zero of its clock, and MCAP counts from zero"));
        }
        // OK to cast: the count was just checked.
        let order = (0..batch.len() as u32).collect();
        let mut lane = Self {
            batch,
            form,
            log_ns,
            order,
            largest_shift_ns: 0,
            missing: 0,
            written: 0,
            hash: Sha256::new(),
            frame_bytes: 0,
            scratch: Vec::new(),
        };
        if lane.form.is_stamped()
            && let Some(row) = (0..lane.batch.len()).find(|row| seconds(lane.stamp_ns(*row)).is_none())
        {
            return Err(format!("the stamp of sample {row}, {} ns, does not fit ROS 2's 32 bits", lane.stamp_ns(row)));
        }
        lane.sort();
        Ok(lane)
    }

    fn sort(&mut self) {
        if matches!(self.form, Form::Video) {
            self.delay_to_decoding_order();
        }
        let log_ns = &self.log_ns;
        self.order.sort_by_key(|row| log_ns[*row as usize]);
    }

    /// A decoder takes frames in the order in which they lie in the recording. Where B-frames make that another order than
    /// that of time, a frame is logged as early as that order allows; its stamp stays.
    fn delay_to_decoding_order(&mut self) {
        let Some(rows) = FrameRows::of(&self.batch.samples) else { return };
        let place = |row: &u32| {
            let blob = rows.blob(*row as usize);
            (blob.file, blob.chunk_offset, blob.inner_offset)
        };
        let mut decoding = self.order.clone();
        decoding.sort_by_key(place);
        if decoding.is_sorted_by_key(|row| self.log_ns[*row as usize]) {
            return;
        }
        let mut earliest = 0;
        for row in decoding {
            let log = &mut self.log_ns[row as usize];
            let late = (*log).max(earliest);
            self.largest_shift_ns = self.largest_shift_ns.max(late - *log);
            *log = late;
            earliest = late.saturating_add(1);
        }
    }

    /// Row number `at` in the order of writing, and its log time.
    pub(super) fn at(&self, at: usize) -> Option<(i64, usize)> {
        let row = *self.order.get(at)? as usize;
        Some((self.log_ns[row], row))
    }

    pub(super) fn times(&self, row: usize) -> Times {
        // OK to cast: `new` saw that none is negative.
        Times { log_ns: self.log_ns[row] as u64, t_ns: self.batch.t_ns()[row] as u64 }
    }

    /// Samples whose stamps messages of this type have no field for.
    pub(super) fn stamps_lost(&self) -> u64 {
        let stamps = self.batch.header_time_ns().map_or(0, |column| column.len() - column.null_count());
        if self.form.is_stamped() { 0 } else { stamps as u64 }
    }

    fn stamp_ns(&self, row: usize) -> i64 {
        stated(self.batch.header_time_ns(), row).unwrap_or(self.batch.t_ns()[row])
    }

    /// Counts a message.
    pub(super) fn count(&mut self, message: &[u8]) {
        if self.form.is_frames() {
            self.frame_bytes += message.len() as u64;
        } else {
            self.hash.update(message);
        }
        self.written += 1;
    }

    /// The message of row `row`.
    pub(super) fn message(&mut self, row: usize, blobs: &mut BlobReader<'_>) -> Result<Vec<u8>, EngineError> {
        let mut out = CdrWriter::new();
        let stamp_ns = self.stamp_ns(row);
        // OK because `new` saw that stamps of stamped forms fit; others write none.
        let (sec, nanosec) = seconds(stamp_ns).unwrap_or_default();
        let stream = self.batch.stream.clone();
        let frame = stream.frame.as_deref().unwrap_or_default();
        let header = |out: &mut CdrWriter| {
            out.time(sec, nanosec);
            out.string(frame);
        };
        let missing = &mut self.missing;
        match &self.form {
            Form::Joints(lists) => {
                header(&mut out);
                out.strings(&stream.names);
                for list in lists {
                    list_into(&mut self.scratch, list.as_ref(), row, missing);
                    out.f64s(&self.scratch);
                }
            }
            Form::Gripper(singles) => {
                header(&mut out);
                let name = stream.names.first().map_or("gripper", String::as_str);
                out.strings(&[name]);
                for single in singles {
                    match single.as_ref().filter(|single| single.is_valid(row)) {
                        Some(single) => out.f64s(&[single.value(row)]),
                        None => out.f64s(&[]),
                    }
                }
            }
            Form::Array(list, axes) => {
                list_into(&mut self.scratch, Some(list), row, missing);
                layout(&mut out, axes);
                out.f64s(&self.scratch);
            }
            Form::Tactile(list, [rows, columns]) => {
                header(&mut out);
                out.u32(*rows);
                out.u32(*columns);
                list_into(&mut self.scratch, Some(list), row, missing);
                // OK to cast: `Form::of` saw that nothing is lost.
                out.f32s(&self.scratch.iter().map(|value| *value as f32).collect::<Vec<_>>());
            }
            Form::Number(single) => out.f64(number(single, row, missing)),
            Form::Text(texts) => out.string(texts.value(row)),
            Form::Log(levels, texts) => {
                out.time(sec, nanosec);
                out.u8(level(levels.is_valid(row).then(|| levels.value(row))));
                out.string("");
                out.string(texts.value(row));
                out.string("");
                out.string("");
                out.u32(0);
            }
            Form::Wrench(singles) | Form::Twist(singles) => {
                header(&mut out);
                singles.iter().for_each(|single| out.f64(number(single, row, missing)));
            }
            Form::Pose(singles) => {
                header(&mut out);
                singles.iter().for_each(|single| out.f64(number(single, row, missing)));
            }
            Form::Transform(singles) | Form::Tree(singles) => {
                if matches!(self.form, Form::Tree(_)) {
                    out.length(1);
                }
                header(&mut out);
                out.string(stream.child_frame.as_deref().unwrap_or_default());
                singles.iter().for_each(|single| out.f64(number(single, row, missing)));
            }
            Form::Imu(singles) => {
                header(&mut out);
                let [ax, ay, az, wx, wy, wz, qx, qy, qz, qw] = singles;
                for group in [&[qx, qy, qz, qw][..], &[wx, wy, wz], &[ax, ay, az]] {
                    measured(&mut out, group, row, missing);
                }
            }
            Form::Geo(singles) => {
                header(&mut out);
                // STATUS_UNKNOWN, no service: the store does not know.
                out.i8(-2);
                out.u16(0);
                singles.iter().for_each(|single| out.f64(number(single, row, missing)));
                (0..9).for_each(|_| out.f64(0.0));
                // COVARIANCE_TYPE_UNKNOWN.
                out.u8(0);
            }
            Form::Compressed | Form::Raw | Form::Video => {
                return picture(&self.batch, row, (sec, nanosec), blobs);
            }
        }
        Ok(out.finish())
    }
}

/// The message of a picture, its bytes copied out of the recording.
fn picture(
    batch: &StreamBatch,
    row: usize,
    (sec, nanosec): (i32, u32),
    blobs: &mut BlobReader<'_>,
) -> Result<Vec<u8>, EngineError> {
    let stream = &batch.stream;
    let rows = FrameRows::of(&batch.samples);
    let rows = rows.ok_or_else(|| EngineError::Bug(format!("`{}` holds no frames", stream.name)))?;
    let (blob, picture) = (rows.blob(row), rows.picture(row, stream));
    let bytes = blobs
        .read(&blob)
        .map_err(|source| EngineError::Read { path: format!("frame {row} of {}", stream.name), source })?;
    let mut out = CdrWriter::new();
    out.time(sec, nanosec);
    out.string(stream.frame.as_deref().unwrap_or_default());
    match picture.codec {
        Codec::Raw(format) => {
            let PictureInfo { width, height, .. } = picture;
            let (width, height) = (width.unwrap_or(0), height.unwrap_or(0));
            out.u32(height);
            out.u32(width);
            out.string(encoding(format, stream.kind));
            out.u8(0);
            // OK to saturate: `Form::of` saw that the pictures have as many bytes as their size says.
            out.u32(width.saturating_mul(u32::try_from(format.bytes()).unwrap_or(u32::MAX)));
            out.byte_sequence(&bytes);
        }
        Codec::H264 | Codec::H265 | Codec::Av1 => {
            let key = blob.key_frame.unwrap_or_else(|| prairie_media::is_key_frame(picture.codec, &bytes));
            let unit = video::frame(picture.codec, &picture.config, bytes, key);
            let unit = unit.ok_or_else(|| {
                EngineError::Refused(format!(
                    "frame {row} of `{}` is no {} that can be taken apart: leave the stream out with `--streams`",
                    stream.name,
                    picture.codec.name()
                ))
            })?;
            out.byte_sequence(&unit);
            out.string(picture.codec.name());
        }
        _ => {
            out.string(still(&picture, stream.kind, &bytes));
            out.byte_sequence(&bytes);
        }
    }
    Ok(out.finish())
}

/// What `CompressedImage` calls a still picture. Depth is told by the layout of its pixels: byte 24 of a PNG is its bit depth.
fn still<'a>(picture: &'a PictureInfo, kind: Option<StreamKind>, bytes: &[u8]) -> &'a str {
    let text = std::str::from_utf8(&picture.config).ok().filter(|text| !text.is_empty());
    match picture.codec {
        // Depth that was quantised keeps the text that says so.
        Codec::Png | Codec::Rvl if text.is_some() => text.unwrap_or_default(),
        Codec::Rvl => "16UC1; compressedDepth rvl",
        Codec::Png if kind == Some(StreamKind::Depth) && bytes.get(24) == Some(&16) => "16UC1; png",
        codec => codec.name(),
    }
}

fn stated(column: Option<&Int64Array>, row: usize) -> Option<i64> {
    column.filter(|column| column.is_valid(row)).map(|column| column.value(row))
}

/// A stamp as ROS 2 has it; `None` before 1901 and after 2038.
pub(super) fn seconds(stamp_ns: i64) -> Option<(i32, u32)> {
    let sec = i32::try_from(stamp_ns.div_euclid(1_000_000_000)).ok()?;
    // OK to cast: a remainder is between zero and a billion.
    Some((sec, stamp_ns.rem_euclid(1_000_000_000) as u32))
}

fn number(column: &Float64Array, row: usize, missing: &mut u64) -> f64 {
    if column.is_valid(row) {
        return column.value(row);
    }
    *missing += 1;
    f64::NAN
}

/// The numbers of row `row`; none where there is no list.
fn list_into(into: &mut Vec<f64>, list: Option<&ListArray>, row: usize, missing: &mut u64) {
    into.clear();
    let Some(list) = list.filter(|list| list.is_valid(row)) else { return };
    let offsets = list.value_offsets();
    // OK because `Form::of` saw numbers in the list; OK to cast: offsets are never negative.
    let values = list.values().as_primitive::<Float64Type>();
    into.extend((offsets[row] as usize..offsets[row + 1] as usize).map(|at| number(values, at, missing)));
}

/// `std_msgs/MultiArrayLayout`.
fn layout(out: &mut CdrWriter, axes: &[(String, u32)]) {
    out.length(axes.len());
    for (at, (label, size)) in axes.iter().enumerate() {
        out.string(label);
        out.u32(*size);
        out.u32(axes[at..].iter().fold(1, |stride: u32, (_, size)| stride.saturating_mul(*size)));
    }
    out.u32(0);
}

/// A quantity and its covariance, of which nothing is known; −1 says that the quantity was not measured.
fn measured(out: &mut CdrWriter, group: &[&Float64Array], row: usize, missing: &mut u64) {
    let there = group.iter().any(|column| column.is_valid(row));
    if there {
        group.iter().for_each(|column| out.f64(number(column, row, missing)));
    } else {
        group.iter().for_each(|_| out.f64(0.0));
    }
    out.f64(if there { 0.0 } else { -1.0 });
    (1..9).for_each(|_| out.f64(0.0));
}

/// The number of a level in `rcl_interfaces/Log`; zero, which is none, where it is unknown.
fn level(name: Option<&str>) -> u8 {
    match name {
        Some("debug") => 10,
        Some("info") => 20,
        Some("warning") => 30,
        Some("error") => 40,
        Some("fatal") => 50,
        _ => 0,
    }
}

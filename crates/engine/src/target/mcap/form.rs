//! Which ROS 2 type the samples of a stream become.

use arrow::array::{Array, AsArray, Float64Array, ListArray, StringArray};
use arrow::datatypes::Float64Type;
use prairie_model::{Codec, PixelFormat, StreamBatch, StreamKind};

use crate::frames::FrameRows;

/// The message that one sample becomes. What it needs of the stream's columns comes with it.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "one per stream of an episode: a few dozen in all")]
pub(super) enum Form {
    /// `sensor_msgs/JointState`: positions, velocities, efforts.
    Joints([Option<ListArray>; 3]),
    /// `sensor_msgs/JointState` of one joint.
    Gripper([Option<Float64Array>; 3]),
    /// `std_msgs/Float64MultiArray`: values, and (label, size) per axis where every sample has as many.
    Array(ListArray, Vec<(String, u32)>),
    /// `prairie_msgs/TactileArray`: pressures, rows, columns.
    Tactile(ListArray, [u32; 2]),
    /// `std_msgs/Float64`.
    Number(Float64Array),
    /// `std_msgs/String`.
    Text(StringArray),
    /// `rcl_interfaces/Log`: levels and texts.
    Log(StringArray, StringArray),
    /// `geometry_msgs/WrenchStamped`.
    Wrench([Float64Array; 6]),
    /// `geometry_msgs/TwistStamped`.
    Twist([Float64Array; 6]),
    /// `geometry_msgs/PoseStamped`.
    Pose([Float64Array; 7]),
    /// `geometry_msgs/TransformStamped`.
    Transform([Float64Array; 7]),
    /// `tf2_msgs/TFMessage` of one transform.
    Tree([Float64Array; 7]),
    /// `sensor_msgs/Imu`.
    Imu([Float64Array; 10]),
    /// `sensor_msgs/NavSatFix`.
    Geo([Float64Array; 3]),
    /// `sensor_msgs/CompressedImage`.
    Compressed,
    /// `sensor_msgs/Image`.
    Raw,
    /// `foxglove_msgs/CompressedVideo`.
    Video,
}

impl Form {
    /// The form of a stream, or why it has none.
    pub(super) fn of(batch: &StreamBatch) -> Result<Self, String> {
        let kind = batch.kind().ok_or("its kind is unknown")?;
        let lost = || format!("its table lacks columns of `{}`", kind.name());
        let single = |name: &str| -> Option<Float64Array> {
            Some(batch.samples.column_by_name(name)?.as_primitive_opt::<Float64Type>()?.clone())
        };
        let text = |name: &str| Some(batch.samples.column_by_name(name)?.as_string_opt::<i32>()?.clone());
        Ok(match kind {
            StreamKind::Image | StreamKind::Depth => return picture(batch),
            StreamKind::Audio | StreamKind::PointCloud | StreamKind::Scan => {
                return Err(format!("{} has no place in this form", kind.name()));
            }
            StreamKind::JointState => {
                Self::Joints(["position", "velocity", "effort"].map(|name| list(batch, name).filter(is_stated)))
            }
            StreamKind::Action => action(batch, list(batch, "value").ok_or_else(lost)?),
            StreamKind::Tactile => tactile(batch, list(batch, "value").ok_or_else(lost)?),
            StreamKind::Vector => array(batch, list(batch, "value").ok_or_else(lost)?),
            StreamKind::Gripper => {
                let stated = |name: &str| single(name).filter(is_stated);
                // What the driver sent, in metres or radians, rather than the share of its range.
                Self::Gripper([
                    stated("raw_position").or_else(|| stated("position")),
                    stated("velocity"),
                    stated("effort"),
                ])
            }
            StreamKind::Scalar => Self::Number(single("value").ok_or_else(lost)?),
            StreamKind::Event => match (text("level").filter(is_stated), text("text").ok_or_else(lost)?) {
                (Some(levels), texts) => Self::Log(levels, texts),
                (None, texts) => Self::Text(texts),
            },
            StreamKind::Wrench => Self::Wrench(singles(batch, kind).ok_or_else(lost)?),
            StreamKind::Twist => Self::Twist(singles(batch, kind).ok_or_else(lost)?),
            StreamKind::Imu => Self::Imu(singles(batch, kind).ok_or_else(lost)?),
            StreamKind::Geo => Self::Geo(singles(batch, kind).ok_or_else(lost)?),
            StreamKind::Pose => {
                let pose = singles(batch, kind).ok_or_else(lost)?;
                match &batch.stream.child_frame {
                    Some(_) if is_in_tree(batch) => Self::Tree(pose),
                    Some(_) => Self::Transform(pose),
                    None => Self::Pose(pose),
                }
            }
        })
    }

    /// The name of the type.
    pub(super) fn schema(&self) -> &'static str {
        match self {
            Self::Joints(_) | Self::Gripper(_) => "sensor_msgs/msg/JointState",
            Self::Array(..) => "std_msgs/msg/Float64MultiArray",
            Self::Tactile(..) => "prairie_msgs/msg/TactileArray",
            Self::Number(_) => "std_msgs/msg/Float64",
            Self::Text(_) => "std_msgs/msg/String",
            Self::Log(..) => "rcl_interfaces/msg/Log",
            Self::Wrench(_) => "geometry_msgs/msg/WrenchStamped",
            Self::Twist(_) => "geometry_msgs/msg/TwistStamped",
            Self::Pose(_) => "geometry_msgs/msg/PoseStamped",
            Self::Transform(_) => "geometry_msgs/msg/TransformStamped",
            Self::Tree(_) => "tf2_msgs/msg/TFMessage",
            Self::Imu(_) => "sensor_msgs/msg/Imu",
            Self::Geo(_) => "sensor_msgs/msg/NavSatFix",
            Self::Compressed => "sensor_msgs/msg/CompressedImage",
            Self::Raw => "sensor_msgs/msg/Image",
            Self::Video => "foxglove_msgs/msg/CompressedVideo",
        }
    }

    /// Whether messages of the type have a stamp.
    pub(super) fn is_stamped(&self) -> bool {
        !matches!(self, Self::Array(..) | Self::Number(_) | Self::Text(_))
    }

    /// Whether messages carry bytes of the recording.
    pub(super) fn is_frames(&self) -> bool {
        matches!(self, Self::Compressed | Self::Raw | Self::Video)
    }

    /// Numbers in the message of the first sample; zero for texts and frames.
    pub(super) fn width(&self) -> usize {
        let first =
            |list: &ListArray| (0..list.len()).find(|row| list.is_valid(*row)).map_or(0, |row| length(list, row));
        match self {
            Self::Joints(lists) => lists.iter().flatten().map(first).sum(),
            Self::Array(list, _) | Self::Tactile(list, _) => first(list),
            Self::Gripper(singles) => singles.iter().flatten().count(),
            Self::Number(_) => 1,
            Self::Geo(_) => 3,
            Self::Wrench(_) | Self::Twist(_) => 6,
            Self::Pose(_) | Self::Transform(_) | Self::Tree(_) => 7,
            Self::Imu(_) => 10,
            Self::Text(_) | Self::Log(..) | Self::Compressed | Self::Raw | Self::Video => 0,
        }
    }
}

/// Whether the column says anything.
fn is_stated(column: &impl Array) -> bool {
    column.null_count() < column.len()
}

fn list(batch: &StreamBatch, name: &str) -> Option<ListArray> {
    let list = batch.samples.column_by_name(name)?.as_list_opt::<i32>()?;
    list.values().as_primitive_opt::<Float64Type>()?;
    Some(list.clone())
}

/// All columns of a kind that has single numbers only.
fn singles<const N: usize>(batch: &StreamBatch, kind: StreamKind) -> Option<[Float64Array; N]> {
    let column = |(name, ..): &(&str, bool, &str)| {
        Some(batch.samples.column_by_name(name)?.as_primitive_opt::<Float64Type>()?.clone())
    };
    kind.numbers().iter().map(column).collect::<Option<Vec<_>>>()?.try_into().ok()
}

/// Items in row `row`.
fn length(list: &ListArray, row: usize) -> usize {
    // OK to cast: the offsets of a ListArray ascend from zero.
    list.value_length(row) as usize
}

/// How many items every row has; `None` where rows differ or lack a list.
fn even_length(list: &ListArray) -> Option<usize> {
    let first = (!list.is_empty()).then(|| length(list, 0))?;
    (0..list.len()).all(|row| list.is_valid(row) && length(list, row) == first).then_some(first)
}

/// Commands with a name for each number are joint targets where they are in the units of joints, unless they are differences, for
/// which joints have no field.
fn action(batch: &StreamBatch, values: ListArray) -> Form {
    let named = even_length(&values).is_some_and(|width| width > 0 && width == batch.stream.names.len());
    match (batch.stream.representation.as_deref(), batch.stream.unit.as_deref()) {
        _ if !named => array(batch, values),
        (Some("velocity"), None | Some("rad/s")) => Form::Joints([None, Some(values), None]),
        (Some("absolute") | None, Some("N·m")) => Form::Joints([None, None, Some(values)]),
        (Some("absolute") | None, None | Some("rad")) => Form::Joints([Some(values), None, None]),
        _ => array(batch, values),
    }
}

/// Pressures on a grid that fit the type's 32 bits keep their stamps; the rest becomes an array.
fn tactile(batch: &StreamBatch, values: ListArray) -> Form {
    let exact = |value: &f64| value.is_nan() || f64::from(*value as f32) == *value;
    if let ([rows, columns], Some(width), Some("Pa")) =
        (&batch.stream.shape[..], even_length(&values), batch.stream.unit.as_deref())
        && rows.checked_mul(*columns) == Some(width as u64)
        && let (Ok(rows), Ok(columns)) = (u32::try_from(*rows), u32::try_from(*columns))
        && values.values().null_count() == 0
        && values.values().as_primitive::<Float64Type>().values().iter().all(exact)
    {
        return Form::Tactile(values, [rows, columns]);
    }
    array(batch, values)
}

fn array(batch: &StreamBatch, values: ListArray) -> Form {
    let stream = &batch.stream;
    let Some(width) = even_length(&values) else { return Form::Array(values, Vec::new()) };
    let label = if stream.names.len() == width { stream.names.join(",") } else { "value".to_owned() };
    let whole = |shape: &&Vec<u64>| {
        shape.len() > 1
            && shape.iter().try_fold(1_u64, |product, size| product.checked_mul(*size)) == Some(width as u64)
    };
    let sizes = Some(&stream.shape).filter(whole).cloned().unwrap_or_else(|| vec![width as u64]);
    let alone = sizes.len() == 1;
    let axis = |(at, size): (usize, u64)| {
        // OK to saturate: the product of the sizes is the length of a list.
        (if alone { label.clone() } else { format!("axis{at}") }, u32::try_from(size).unwrap_or(u32::MAX))
    };
    Form::Array(values, sizes.into_iter().enumerate().map(axis).collect())
}

/// Whether the pose is an edge of the tree of frames, published as such.
fn is_in_tree(batch: &StreamBatch) -> bool {
    let stream = &batch.stream;
    stream.frame.is_some()
        && stream.schema.ends_with("/TFMessage")
        && matches!(stream.source.as_str(), "/tf" | "/tf_static")
}

/// The form of pictures, which all must have the same.
fn picture(batch: &StreamBatch) -> Result<Form, String> {
    let rows = FrameRows::of(&batch.samples).ok_or("its rows are not those of the frame index")?;
    let mut form: Option<Form> = None;
    for row in 0..rows.len() {
        let picture = rows.picture(row, &batch.stream);
        let this = match picture.codec {
            Codec::Jpeg | Codec::JpegXl | Codec::Png | Codec::Rvl => Form::Compressed,
            Codec::H264 | Codec::H265 | Codec::Av1 => Form::Video,
            Codec::Raw(format) => {
                let (Some(width), Some(height)) = (picture.width, picture.height) else {
                    return Err("the size of its raw pictures is unknown".to_owned());
                };
                let bytes = u64::from(width) * u64::from(height) * format.bytes() as u64;
                let length = rows.blob(row).length;
                if bytes != length {
                    return Err(format!(
                        "{width} × {height} pixels of {} are {bytes} bytes, and picture {row} has {length}",
                        format.name()
                    ));
                }
                Form::Raw
            }
            Codec::Other => return Err("the coding of its pictures is not one that can be named here".to_owned()),
        };
        match &form {
            Some(first) if first.schema() != this.schema() => {
                return Err(format!("its pictures change from {} to {}", first.schema(), this.schema()));
            }
            _ => form = Some(this),
        }
    }
    form.ok_or_else(|| "it has no picture".to_owned())
}

/// What ROS calls a pixel format.
pub(super) fn encoding(format: PixelFormat, kind: Option<StreamKind>) -> &'static str {
    let depth = kind == Some(StreamKind::Depth);
    match format {
        PixelFormat::Mono16 if depth => "16UC1",
        PixelFormat::Float32 => "32FC1",
        PixelFormat::Yuyv => "yuv422_yuy2",
        PixelFormat::Uyvy => "yuv422",
        format => format.name(),
    }
}

//! The ROS 2 message types that Prairie writes, as `ros2msg` schemas.
//!
//! The definitions are those of ROS 2's `common_interfaces`, `geometry2` and `rcl_interfaces`, of Foxglove and of Prairie,
//! without their comments and constants.

/// A type and its fields.
struct Definition {
    /// `pkg/msg/Type`.
    name: &'static str,
    fields: &'static str,
    /// The types that its own fields name.
    uses: &'static [&'static str],
}

const HEADER: &str = "std_msgs/msg/Header";
const TIME: &str = "builtin_interfaces/msg/Time";

/// By name.
const TYPES: &[Definition] = &[
    Definition { name: "builtin_interfaces/msg/Duration", fields: "int32 sec\nuint32 nanosec\n", uses: &[] },
    Definition { name: TIME, fields: "int32 sec\nuint32 nanosec\n", uses: &[] },
    Definition {
        name: "foxglove_msgs/msg/CompressedVideo",
        fields: "builtin_interfaces/Time timestamp\nstring frame_id\nuint8[] data\nstring format\n",
        uses: &[TIME],
    },
    Definition { name: "geometry_msgs/msg/Point", fields: "float64 x\nfloat64 y\nfloat64 z\n", uses: &[] },
    Definition {
        name: "geometry_msgs/msg/Pose",
        fields: "geometry_msgs/Point position\ngeometry_msgs/Quaternion orientation\n",
        uses: &["geometry_msgs/msg/Point", "geometry_msgs/msg/Quaternion"],
    },
    Definition {
        name: "geometry_msgs/msg/PoseStamped",
        fields: "std_msgs/Header header\ngeometry_msgs/Pose pose\n",
        uses: &[HEADER, "geometry_msgs/msg/Pose"],
    },
    Definition {
        name: "geometry_msgs/msg/Quaternion",
        fields: "float64 x 0\nfloat64 y 0\nfloat64 z 0\nfloat64 w 1\n",
        uses: &[],
    },
    Definition {
        name: "geometry_msgs/msg/Transform",
        fields: "geometry_msgs/Vector3 translation\ngeometry_msgs/Quaternion rotation\n",
        uses: &["geometry_msgs/msg/Vector3", "geometry_msgs/msg/Quaternion"],
    },
    Definition {
        name: "geometry_msgs/msg/TransformStamped",
        fields: "std_msgs/Header header\nstring child_frame_id\ngeometry_msgs/Transform transform\n",
        uses: &[HEADER, "geometry_msgs/msg/Transform"],
    },
    Definition {
        name: "geometry_msgs/msg/Twist",
        fields: "geometry_msgs/Vector3 linear\ngeometry_msgs/Vector3 angular\n",
        uses: &["geometry_msgs/msg/Vector3"],
    },
    Definition {
        name: "geometry_msgs/msg/TwistStamped",
        fields: "std_msgs/Header header\ngeometry_msgs/Twist twist\n",
        uses: &[HEADER, "geometry_msgs/msg/Twist"],
    },
    Definition { name: "geometry_msgs/msg/Vector3", fields: "float64 x\nfloat64 y\nfloat64 z\n", uses: &[] },
    Definition {
        name: "geometry_msgs/msg/Wrench",
        fields: "geometry_msgs/Vector3 force\ngeometry_msgs/Vector3 torque\n",
        uses: &["geometry_msgs/msg/Vector3"],
    },
    Definition {
        name: "geometry_msgs/msg/WrenchStamped",
        fields: "std_msgs/Header header\ngeometry_msgs/Wrench wrench\n",
        uses: &[HEADER, "geometry_msgs/msg/Wrench"],
    },
    Definition {
        name: "prairie_msgs/msg/Segment",
        fields: "builtin_interfaces/Time start\nbuiltin_interfaces/Time end\nstring label\nstring name\nstring cause\n\
                 bool recoverable\nstring annotator\n",
        uses: &[TIME],
    },
    Definition {
        name: "prairie_msgs/msg/TactileArray",
        fields: "std_msgs/Header header\nuint32 rows\nuint32 cols\nfloat32[] pressure_pa\n",
        uses: &[HEADER],
    },
    Definition {
        name: "rcl_interfaces/msg/Log",
        fields: "builtin_interfaces/Time stamp\nuint8 level\nstring name\nstring msg\nstring file\nstring function\n\
                 uint32 line\n",
        uses: &[TIME],
    },
    Definition {
        name: "sensor_msgs/msg/CompressedImage",
        fields: "std_msgs/Header header\nstring format\nuint8[] data\n",
        uses: &[HEADER],
    },
    Definition {
        name: "sensor_msgs/msg/Image",
        fields: "std_msgs/Header header\nuint32 height\nuint32 width\nstring encoding\nuint8 is_bigendian\nuint32 step\n\
                 uint8[] data\n",
        uses: &[HEADER],
    },
    Definition {
        name: "sensor_msgs/msg/Imu",
        fields: "std_msgs/Header header\ngeometry_msgs/Quaternion orientation\nfloat64[9] orientation_covariance\n\
                 geometry_msgs/Vector3 angular_velocity\nfloat64[9] angular_velocity_covariance\n\
                 geometry_msgs/Vector3 linear_acceleration\nfloat64[9] linear_acceleration_covariance\n",
        uses: &[HEADER, "geometry_msgs/msg/Quaternion", "geometry_msgs/msg/Vector3"],
    },
    Definition {
        name: "sensor_msgs/msg/JointState",
        fields: "std_msgs/Header header\nstring[] name\nfloat64[] position\nfloat64[] velocity\nfloat64[] effort\n",
        uses: &[HEADER],
    },
    Definition {
        name: "sensor_msgs/msg/NavSatFix",
        fields: "std_msgs/Header header\nsensor_msgs/NavSatStatus status\nfloat64 latitude\nfloat64 longitude\n\
                 float64 altitude\nfloat64[9] position_covariance\nuint8 position_covariance_type\n",
        uses: &[HEADER, "sensor_msgs/msg/NavSatStatus"],
    },
    Definition { name: "sensor_msgs/msg/NavSatStatus", fields: "int8 status\nuint16 service\n", uses: &[] },
    Definition { name: "std_msgs/msg/Float64", fields: "float64 data\n", uses: &[] },
    Definition {
        name: "std_msgs/msg/Float64MultiArray",
        fields: "std_msgs/MultiArrayLayout layout\nfloat64[] data\n",
        uses: &["std_msgs/msg/MultiArrayLayout"],
    },
    Definition { name: HEADER, fields: "builtin_interfaces/Time stamp\nstring frame_id\n", uses: &[TIME] },
    Definition {
        name: "std_msgs/msg/MultiArrayDimension",
        fields: "string label\nuint32 size\nuint32 stride\n",
        uses: &[],
    },
    Definition {
        name: "std_msgs/msg/MultiArrayLayout",
        fields: "std_msgs/MultiArrayDimension[] dim\nuint32 data_offset\n",
        uses: &["std_msgs/msg/MultiArrayDimension"],
    },
    Definition { name: "std_msgs/msg/String", fields: "string data\n", uses: &[] },
    Definition {
        name: "tf2_msgs/msg/TFMessage",
        fields: "geometry_msgs/TransformStamped[] transforms\n",
        uses: &["geometry_msgs/msg/TransformStamped"],
    },
];

/// The schema of the type called `name` (`sensor_msgs/msg/JointState`), followed by the types that it needs, in the form that
/// rosbag2 writes into MCAP; `None` for a type that is not known here.
pub fn definition(name: &str) -> Option<String> {
    definition_of(name, |name| {
        let found = find(name)?;
        Some((found.fields, found.uses.iter().map(|used| (*used).to_owned()).collect()))
    })
}

/// The schema of a type out of what `find` gives: the fields of a type, and the types that they name.
pub(crate) fn definition_of(name: &str, find: impl Fn(&str) -> Option<(&'static str, Vec<String>)>) -> Option<String> {
    let (fields, uses) = find(name)?;
    let mut text = fields.to_owned();
    let (mut written, mut open) = (vec![name.to_owned()], std::collections::VecDeque::from(uses));
    // Breadth first.
    while let Some(used) = open.pop_front() {
        let (Some((fields, uses)), false) = (find(&used), written.contains(&used)) else { continue };
        text.push_str(&"=".repeat(80));
        text.push_str("\nMSG: ");
        text.push_str(&used.replacen("/msg/", "/", 1));
        text.push('\n');
        text.push_str(fields);
        written.push(used);
        open.extend(uses);
    }
    Some(text)
}

/// The names of all types that [`definition`] knows, sorted.
pub fn names() -> impl Iterator<Item = &'static str> {
    TYPES.iter().map(|found| found.name)
}

fn find(name: &str) -> Option<&'static Definition> {
    TYPES.iter().find(|found| found.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_listed_once_in_order_with_what_it_uses() {
        assert!(TYPES.is_sorted_by(|one, other| one.name < other.name));
        for found in TYPES {
            for used in found.uses {
                assert!(find(used).is_some(), "`{}` uses `{used}`, which is not listed", found.name);
            }
            for line in found.fields.lines() {
                let kind = line.split([' ', '[']).next().expect("there is a type");
                let named = kind.replacen('/', "/msg/", 1);
                assert!(!kind.contains('/') || found.uses.contains(&named.as_str()), "`{}`: {line}", found.name);
            }
        }
    }

    #[test]
    fn a_definition_holds_each_type_once() {
        let text = definition("geometry_msgs/msg/WrenchStamped").expect("it is listed");
        assert_eq!(text.matches("MSG: geometry_msgs/Vector3\n").count(), 1);
        assert_eq!(text.matches("MSG: ").count(), 4);
        assert_eq!(definition("geometry_msgs/msg/Nothing"), None);
    }
}

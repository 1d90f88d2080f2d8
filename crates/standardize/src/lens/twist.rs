//! Velocities: `geometry_msgs/Twist` in all its forms. Accelerations have no kind of their own and are vectors.

use prairie_model::StreamKind;

use super::{Input, Lens};
use crate::part::{Part, interleave};

/// Linear and angular velocity, or acceleration.
#[derive(Debug)]
pub(crate) struct Twist;

impl Lens for Twist {
    fn name(&self) -> &'static str {
        "twist"
    }

    fn schemas(&self) -> &'static [&'static str] {
        &[
            "geometry_msgs/Accel",
            "geometry_msgs/AccelStamped",
            "geometry_msgs/AccelWithCovariance",
            "geometry_msgs/AccelWithCovarianceStamped",
            "geometry_msgs/Twist",
            "geometry_msgs/TwistStamped",
            "geometry_msgs/TwistWithCovariance",
            "geometry_msgs/TwistWithCovarianceStamped",
        ]
    }

    fn convert(&self, input: &Input<'_>) -> Vec<Part> {
        let is_twist = input.schema.starts_with("geometry_msgs/Twist");
        let field = if is_twist { "twist" } else { "accel" };
        let prefix = match (input.schema.contains("Covariance"), input.schema.ends_with("Stamped")) {
            (false, false) => String::new(),
            (true, true) => format!("{field}.{field}."),
            _ => format!("{field}."),
        };
        let part = if is_twist { twist(input, &prefix) } else { accel(input, &prefix) };
        let mut parts = part.map_or_else(Vec::new, |part| part.by_frame(input.frames().as_ref()));
        let covariance = prefix.strip_suffix(&format!("{field}.")).unwrap_or_default();
        if !parts.is_empty() {
            parts.extend(covariance_part(input, covariance));
        }
        parts
    }
}

/// The twist at `prefix`.
pub(super) fn twist(input: &Input<'_>, prefix: &str) -> Option<Part> {
    let number = |path: &str| input.numbers(&format!("{prefix}{path}"));
    let part = input
        .part(StreamKind::Twist)
        .unit("m/s, rad/s")
        .with("vx_mps", Some(number("linear.x")?))
        .with("vy_mps", Some(number("linear.y")?))
        .with("vz_mps", Some(number("linear.z")?))
        .with("wx_radps", number("angular.x"))
        .with("wy_radps", number("angular.y"))
        .with("wz_radps", number("angular.z"));
    Some(part)
}

fn accel(input: &Input<'_>, prefix: &str) -> Option<Part> {
    let names = ["linear.x", "linear.y", "linear.z", "angular.x", "angular.y", "angular.z"];
    let columns: Vec<_> = names.iter().map(|name| input.numbers(&format!("{prefix}{name}"))).collect::<Option<_>>()?;
    let part = input
        .part(StreamKind::Vector)
        .unit("m/s², rad/s²")
        .names(names.map(str::to_owned).into())
        .with("value", Some(interleave(&columns.iter().collect::<Vec<_>>())));
    Some(part)
}

/// The covariance beside a pose, twist or acceleration, as a stream of its own that repeats nothing.
pub(super) fn covariance_part(input: &Input<'_>, prefix: &str) -> Option<Part> {
    let covariance = input.lists(&format!("{prefix}covariance"))?;
    let mut part = input.part(StreamKind::Vector).suffix("covariance").with("value", Some(covariance));
    part.facts.shape = vec![6, 6];
    part.on_change = true;
    Some(part)
}

#[cfg(test)]
mod tests {
    use crate::testing::lens;
    use serde_json::{Value, json};

    fn twist() -> Value {
        json!({"linear": {"x": 1.0, "y": 2.0, "z": 3.0}, "angular": {"x": 4.0, "y": 5.0, "z": 6.0}})
    }

    #[test]
    fn twists_in_all_forms() {
        let numbers = "vx_mps=1 vy_mps=2 vz_mps=3 wx_radps=4 wy_radps=5 wz_radps=6";
        for (schema, message) in [
            ("geometry_msgs/Twist", twist()),
            ("geometry_msgs/TwistStamped", json!({"twist": twist()})),
            ("geometry_msgs/TwistWithCovariance", json!({"twist": twist()})),
            ("geometry_msgs/TwistWithCovarianceStamped", json!({"twist": {"twist": twist()}})),
        ] {
            let expect = format!("/v twist unit=m/s, rad/s\n  0 {numbers}\n1 = 1 + 0 + 0\n");
            assert_eq!(lens(schema, "/v", json!([message])), expect, "{schema}");
        }
    }

    #[test]
    fn a_covariance_is_told_when_it_changes() {
        let message = |c: f64| json!({"accel": twist(), "covariance": [c, c]});
        assert_eq!(
            lens("geometry_msgs/AccelWithCovariance", "/a", json!([message(1.0), message(1.0), message(2.0)])),
            "/a vector unit=m/s², rad/s² names=linear.x,linear.y,linear.z,angular.x,angular.y,angular.z
  0 value=[1,2,3,4,5,6]
  10 value=[1,2,3,4,5,6]
  20 value=[1,2,3,4,5,6]
/a#covariance vector shape=[6, 6]
  0 value=[1,1]
  20 value=[2,2]
3 = 3 + 0 + 0
"
        );
    }

    #[test]
    fn a_velocity_command_is_an_action() {
        let text = lens("geometry_msgs/msg/Twist", "/cmd_vel", json!([twist()]));
        assert!(text.starts_with("/cmd_vel action unit=m/s, rad/s as=velocity names=vx_mps,"), "{text}");
    }
}

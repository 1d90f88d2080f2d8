//! `sensor_msgs/Imu`.

use arrow::array::{Array, Float64Array, ListArray};
use prairie_model::StreamKind;

use super::{Input, Lens};
use crate::columns::bounds;
use crate::part::Part;

/// Acceleration, angular velocity and orientation. A first covariance of −1 means that the driver does not measure it: null.
#[derive(Debug)]
pub(crate) struct Imu;

impl Lens for Imu {
    fn name(&self) -> &'static str {
        "imu"
    }

    fn schemas(&self) -> &'static [&'static str] {
        &["sensor_msgs/Imu"]
    }

    fn convert(&self, input: &Input<'_>) -> Vec<Part> {
        let column = |group: &str, axis: &str| {
            let values = input.numbers(&format!("{group}.{axis}"))?;
            match input.lists(&format!("{group}_covariance")) {
                Some(covariance) => Some(where_measured(values, &covariance)),
                None => Some(values),
            }
        };
        let Some(ax) = column("linear_acceleration", "x") else { return Vec::new() };
        let part = input
            .part(StreamKind::Imu)
            .unit("m/s², rad/s")
            .with("ax_mps2", Some(ax))
            .with("ay_mps2", column("linear_acceleration", "y"))
            .with("az_mps2", column("linear_acceleration", "z"))
            .with("wx_radps", column("angular_velocity", "x"))
            .with("wy_radps", column("angular_velocity", "y"))
            .with("wz_radps", column("angular_velocity", "z"))
            .with("qx", column("orientation", "x"))
            .with("qy", column("orientation", "y"))
            .with("qz", column("orientation", "z"))
            .with("qw", column("orientation", "w"));
        let mut parts = part.by_frame(input.frames().as_ref());
        for group in ["linear_acceleration", "angular_velocity", "orientation"] {
            let Some(covariance) = input.lists(&format!("{group}_covariance")) else { continue };
            let mut part = input.part(StreamKind::Vector).suffix(format!("{group}_covariance"));
            part = part.with("value", Some(covariance));
            part.facts.shape = vec![3, 3];
            part.on_change = true;
            parts.push(part);
        }
        parts
    }
}

/// Null where the covariance begins with −1.
fn where_measured(values: Float64Array, covariance: &ListArray) -> Float64Array {
    let Some(numbers) = covariance.values().as_any().downcast_ref::<Float64Array>() else { return values };
    let unmeasured = |row: usize| {
        let (from, to) = bounds(covariance, row);
        covariance.is_valid(row) && to > from && numbers.is_valid(from) && numbers.value(from) == -1.0
    };
    if !(0..values.len()).any(unmeasured) {
        return values;
    }
    values.iter().enumerate().map(|(row, value)| value.filter(|_| !unmeasured(row))).collect()
}

#[cfg(test)]
mod tests {
    use crate::testing::lens;
    use serde_json::json;

    #[test]
    fn what_is_not_measured_is_null() {
        let message = json!({"header": {"stamp": {"$t": 1_000_000_000_000_i64}, "frame_id": "imu"},
            "orientation": {"x": 0.0, "y": 0.0, "z": 0.0, "w": 0.0}, "orientation_covariance": [-1.0, 0.0],
            "angular_velocity": {"x": 0.1, "y": 0.2, "z": 0.3},
            "linear_acceleration": {"x": 0.0, "y": 0.0, "z": 9.8}, "linear_acceleration_covariance": [0.0, 0.0]});
        assert_eq!(
            lens("sensor_msgs/Imu", "/imu", json!([message])),
            "/imu imu unit=m/s², rad/s frame=imu
  0 ax_mps2=0 ay_mps2=0 az_mps2=9.8 wx_radps=0.1 wy_radps=0.2 wz_radps=0.3
/imu#linear_acceleration_covariance vector shape=[3, 3]
  0 value=[0,0]
/imu#orientation_covariance vector shape=[3, 3]
  0 value=[-1,0]
1 = 1 + 0 + 0
"
        );
    }
}

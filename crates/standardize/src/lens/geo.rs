//! Positions on Earth: `sensor_msgs/NavSatFix`, `foxglove/LocationFix`.

use prairie_model::StreamKind;

use super::twist::covariance_part;
use super::{Input, Lens};
use crate::part::Part;

/// Latitude, longitude, altitude; the status and the covariance go beside them when they change.
#[derive(Debug)]
pub(crate) struct Geo;

impl Lens for Geo {
    fn name(&self) -> &'static str {
        "geo"
    }

    fn schemas(&self) -> &'static [&'static str] {
        &["foxglove/LocationFix", "sensor_msgs/NavSatFix"]
    }

    fn convert(&self, input: &Input<'_>) -> Vec<Part> {
        let Some(latitude) = input.numbers("latitude") else { return Vec::new() };
        let part = input
            .part(StreamKind::Geo)
            .unit("deg, m")
            .with("latitude_deg", Some(latitude))
            .with("longitude_deg", input.numbers("longitude"))
            .with("altitude_m", input.numbers("altitude"));
        let mut parts = part.by_frame(input.frames().as_ref());
        parts.extend(covariance_part(input, "position_").map(|mut part| {
            part.facts.shape = vec![3, 3];
            part
        }));
        parts.extend(input.numbers("status.status").map(|status| {
            let mut part = input.part(StreamKind::Scalar).suffix("status").with("value", Some(status));
            part.on_change = true;
            part
        }));
        parts
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::lens;
    use serde_json::json;

    #[test]
    fn a_fix_and_its_status() {
        let message = json!({"header": {"frame_id": "gps"}, "status": {"status": 0}, "latitude": 48.1, "longitude": 11.5, "altitude": 520.0});
        assert_eq!(
            lens("sensor_msgs/NavSatFix", "/gps", json!([message, message])),
            "/gps geo unit=deg, m frame=gps
  0 latitude_deg=48.1 longitude_deg=11.5 altitude_m=520
  10 latitude_deg=48.1 longitude_deg=11.5 altitude_m=520
/gps#status scalar
  0 value=0
2 = 2 + 0 + 0
"
        );
    }
}

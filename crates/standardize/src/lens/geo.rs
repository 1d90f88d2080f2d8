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

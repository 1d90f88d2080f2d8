//! `sensor_msgs/LaserScan`, `foxglove/LaserScan`: ranges are numbers, so they are kept as such.

use prairie_model::StreamKind;

use super::{Input, Lens};
use crate::part::{Part, interleave, without_empty};

/// Ranges are the main stream; intensities and the geometry of the scan go beside it.
#[derive(Debug)]
pub(crate) struct LaserScan;

impl Lens for LaserScan {
    fn name(&self) -> &'static str {
        "laser_scan"
    }

    fn schemas(&self) -> &'static [&'static str] {
        &["foxglove/LaserScan", "sensor_msgs/LaserScan"]
    }

    fn convert(&self, input: &Input<'_>) -> Vec<Part> {
        let Some(ranges) = input.lists("ranges") else { return Vec::new() };
        let frame = input.first_frame();
        let mut parts = vec![input.part(StreamKind::Vector).unit("m").frame(frame.clone()).with("value", Some(ranges))];
        parts.extend(input.lists("intensities").and_then(without_empty).map(|intensities| {
            input.part(StreamKind::Vector).suffix("intensities").frame(frame).with("value", Some(intensities))
        }));
        let names = [
            "angle_min",
            "angle_max",
            "angle_increment",
            "time_increment",
            "scan_time",
            "range_min",
            "range_max",
            "start_angle",
            "end_angle",
        ];
        let found: Vec<_> =
            names.into_iter().filter_map(|name| Some((name.to_owned(), input.numbers(name)?))).collect();
        if !found.is_empty() {
            let columns: Vec<_> = found.iter().map(|(_, column)| column).collect();
            let geometry = interleave(&columns);
            let names = found.iter().map(|(name, _)| name.clone()).collect();
            let mut part = input.part(StreamKind::Vector).suffix("geometry").names(names).with("value", Some(geometry));
            part.on_change = true;
            parts.push(part);
        }
        parts
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::lens;
    use serde_json::json;

    #[test]
    fn ranges_and_geometry() {
        let message = json!({"header": {"frame_id": "laser"}, "angle_min": -1.0, "angle_max": 1.0, "ranges": [1.0, 2.0], "intensities": []});
        assert_eq!(
            lens("sensor_msgs/msg/LaserScan", "/scan", json!([message, message])),
            "/scan vector unit=m frame=laser
  0 value=[1,2]
  10 value=[1,2]
/scan#geometry vector names=angle_min,angle_max
  0 value=[-1,1]
2 = 2 + 0 + 0
"
        );
    }
}

//! Sensors with one quantity: `sensor_msgs` temperature, pressure, light, humidity, range, magnetic field.

use prairie_model::StreamKind;

use super::{Input, Lens};
use crate::part::{Part, interleave};

/// The quantity in its unit; how sure the sensor is of it, and its limits, go beside it when they change.
#[derive(Debug)]
pub(crate) struct Measurement;

impl Lens for Measurement {
    fn name(&self) -> &'static str {
        "measurement"
    }

    fn schemas(&self) -> &'static [&'static str] {
        &[
            "sensor_msgs/FluidPressure",
            "sensor_msgs/Illuminance",
            "sensor_msgs/MagneticField",
            "sensor_msgs/Range",
            "sensor_msgs/RelativeHumidity",
            "sensor_msgs/Temperature",
        ]
    }

    fn convert(&self, input: &Input<'_>) -> Vec<Part> {
        let (path, unit) = match input.schema {
            "sensor_msgs/FluidPressure" => ("fluid_pressure", "Pa"),
            "sensor_msgs/Illuminance" => ("illuminance", "lx"),
            "sensor_msgs/Range" => ("range", "m"),
            "sensor_msgs/RelativeHumidity" => ("relative_humidity", "1"),
            "sensor_msgs/Temperature" => ("temperature", "°C"),
            _ => return magnetic(input),
        };
        let Some(value) = input.numbers(path) else { return Vec::new() };
        let mut parts =
            vec![input.part(StreamKind::Scalar).unit(unit).frame(input.first_frame()).with("value", Some(value))];
        let beside = ["variance", "radiation_type", "field_of_view", "min_range", "max_range"];
        parts.extend(beside.into_iter().filter_map(|name| {
            let mut part = input.part(StreamKind::Scalar).suffix(name).with("value", Some(input.numbers(name)?));
            part.on_change = true;
            Some(part)
        }));
        parts
    }
}

fn magnetic(input: &Input<'_>) -> Vec<Part> {
    let axes = ["x", "y", "z"].map(|axis| input.numbers(&format!("magnetic_field.{axis}")));
    let [Some(x), Some(y), Some(z)] = &axes else { return Vec::new() };
    let part = input
        .part(StreamKind::Vector)
        .unit("T")
        .names(["x", "y", "z"].map(str::to_owned).into())
        .frame(input.first_frame())
        .with("value", Some(interleave(&[x, y, z])));
    let mut parts = vec![part];
    parts.extend(input.lists("magnetic_field_covariance").map(|covariance| {
        let mut part = input.part(StreamKind::Vector).suffix("covariance").with("value", Some(covariance));
        part.facts.shape = vec![3, 3];
        part.on_change = true;
        part
    }));
    parts
}

#[cfg(test)]
mod tests {
    use crate::testing::lens;
    use serde_json::json;

    #[test]
    fn quantities_have_units() {
        for (schema, field, unit) in [
            ("sensor_msgs/Temperature", "temperature", "°C"),
            ("sensor_msgs/FluidPressure", "fluid_pressure", "Pa"),
            ("sensor_msgs/Illuminance", "illuminance", "lx"),
            ("sensor_msgs/RelativeHumidity", "relative_humidity", "1"),
            ("sensor_msgs/Range", "range", "m"),
        ] {
            let text = lens(schema, "/x", json!([{ field: 2.0, "variance": 0.5 }]));
            let expect =
                format!("/x scalar unit={unit}\n  0 value=2\n/x#variance scalar\n  0 value=0.5\n1 = 1 + 0 + 0\n");
            assert_eq!(text, expect);
        }
        assert_eq!(
            lens("sensor_msgs/MagneticField", "/m", json!([{"magnetic_field": {"x": 1.0, "y": 2.0, "z": 3.0}}])),
            "/m vector unit=T names=x,y,z\n  0 value=[1,2,3]\n1 = 1 + 0 + 0\n"
        );
    }
}

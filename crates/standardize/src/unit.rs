//! Units that a mapping may name, and what they are in SI.

/// What a number in `unit` is multiplied with, and the unit of the product; `None` for a unit that is not known.
pub(crate) fn to_si(unit: &str) -> Option<(f64, &'static str)> {
    use std::f64::consts::PI;
    const G0: f64 = 9.806_65;
    Some(match unit {
        "rad" => (1.0, "rad"),
        "deg" | "°" => (PI / 180.0, "rad"),
        "turn" | "rev" => (2.0 * PI, "rad"),
        "rad/s" => (1.0, "rad/s"),
        "deg/s" | "°/s" => (PI / 180.0, "rad/s"),
        "rpm" => (2.0 * PI / 60.0, "rad/s"),
        "rad/s2" | "rad/s²" => (1.0, "rad/s²"),
        "deg/s2" | "deg/s²" => (PI / 180.0, "rad/s²"),
        "m" => (1.0, "m"),
        "cm" => (1e-2, "m"),
        "mm" => (1e-3, "m"),
        "um" | "µm" => (1e-6, "m"),
        "m/s" => (1.0, "m/s"),
        "mm/s" => (1e-3, "m/s"),
        "km/h" => (1.0 / 3.6, "m/s"),
        "m/s2" | "m/s²" => (1.0, "m/s²"),
        "mm/s2" | "mm/s²" => (1e-3, "m/s²"),
        "g0" => (G0, "m/s²"),
        "N" => (1.0, "N"),
        "mN" => (1e-3, "N"),
        "kN" => (1e3, "N"),
        "gf" => (G0 * 1e-3, "N"),
        "kgf" => (G0, "N"),
        "lbf" => (4.448_221_615_260_5, "N"),
        "Nm" | "N·m" | "N.m" => (1.0, "N·m"),
        "mNm" | "Nmm" | "N·mm" | "N.mm" => (1e-3, "N·m"),
        "kgf.cm" | "kgf·cm" | "kgfcm" => (G0 * 1e-2, "N·m"),
        "s" => (1.0, "s"),
        "ms" => (1e-3, "s"),
        "us" | "µs" => (1e-6, "s"),
        "ns" => (1e-9, "s"),
        "Pa" => (1.0, "Pa"),
        "hPa" | "mbar" => (1e2, "Pa"),
        "kPa" => (1e3, "Pa"),
        "bar" => (1e5, "Pa"),
        "psi" => (6_894.757_293_168, "Pa"),
        "kg" => (1.0, "kg"),
        "g" => (1e-3, "kg"),
        "A" => (1.0, "A"),
        "mA" => (1e-3, "A"),
        "V" => (1.0, "V"),
        "mV" => (1e-3, "V"),
        "T" => (1.0, "T"),
        "uT" | "µT" => (1e-6, "T"),
        "G" => (1e-4, "T"),
        "%" => (1e-2, "1"),
        "1" => (1.0, "1"),
        "°C" | "degC" => (1.0, "°C"),
        "Hz" => (1.0, "Hz"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_lead_to_si() {
        let (factor, unit) = to_si("deg").unwrap();
        assert_eq!((180.0 * factor, unit), (std::f64::consts::PI, "rad"));
        assert_eq!(to_si("mm"), Some((1e-3, "m")));
        assert_eq!(to_si("kgf").unwrap().0, 9.80665);
        assert_eq!(to_si("furlong"), None);
        // What a conversion gives is itself known, and is not converted again.
        for unit in ["deg", "rpm", "deg/s2", "mm", "km/h", "g0", "kgf", "Nmm", "ms", "bar", "g", "mA", "mV", "G", "%"] {
            let (_, si) = to_si(unit).unwrap();
            assert_eq!(to_si(si), Some((1.0, si)));
        }
    }
}

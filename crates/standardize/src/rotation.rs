//! Rotations as a mapping may find them, and the unit quaternion that each is.

use serde::{Deserialize, Serialize};

use crate::unit::to_si;

/// Where a pose has its rotation, and in which form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rotation {
    pub(crate) form: RotationForm,
    /// Path of a list of its three numbers, or the paths of three.
    pub(crate) path: crate::mapping::ColumnPath,
    /// Unit of the angles: `rad` when absent.
    pub(crate) unit: Option<String>,
}

/// The forms of three numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RotationForm {
    /// Angles about the fixed axes x, y and z, one after the other; the same as about the moving axes z, y and x.
    RollPitchYaw,
    /// The axis, as long as the angle: that of UR, and of UMI.
    RotationVector,
}

impl Rotation {
    pub(crate) fn check(&self) -> Result<(), String> {
        match self.factor() {
            Some(_) => Ok(()),
            None => Err(format!("`{}` is no unit of angles", self.unit.as_deref().unwrap_or_default())),
        }
    }

    /// What the numbers are multiplied with to be radians.
    pub(crate) fn factor(&self) -> Option<f64> {
        let (factor, si) = to_si(self.unit.as_deref().unwrap_or("rad"))?;
        (si == "rad").then_some(factor)
    }

    /// What is told about the conversion.
    pub(crate) fn told(&self) -> String {
        let unit = self.unit.as_deref().unwrap_or("rad");
        match self.form {
            RotationForm::RollPitchYaw => format!("roll, pitch and yaw in {unit} were converted to a unit quaternion"),
            RotationForm::RotationVector => {
                format!("the rotation vector in {unit} was converted to a unit quaternion")
            }
        }
    }
}

impl RotationForm {
    /// The unit quaternion (x, y, z, w) of three numbers in radians.
    ///
    /// With c and s for the cosine and sine of half an angle, roll r, pitch p and yaw y give
    /// `w = cr·cp·cy + sr·sp·sy`, `x = sr·cp·cy − cr·sp·sy`, `y = cr·sp·cy + sr·cp·sy`, `z = cr·cp·sy − sr·sp·cy`.
    pub(crate) fn quaternion(self, [a, b, c]: [f64; 3]) -> [f64; 4] {
        match self {
            Self::RollPitchYaw => {
                let ((sr, cr), (sp, cp), (sy, cy)) =
                    (libm::sincos(a / 2.0), libm::sincos(b / 2.0), libm::sincos(c / 2.0));
                [
                    sr * cp * cy - cr * sp * sy,
                    cr * sp * cy + sr * cp * sy,
                    cr * cp * sy - sr * sp * cy,
                    cr * cp * cy + sr * sp * sy,
                ]
            }
            Self::RotationVector => {
                let angle = libm::sqrt(a * a + b * b + c * c);
                let (sin, cos) = libm::sincos(angle / 2.0);
                // For small angles sin(x/2)/x is 1/2 to the last digit.
                let share = if angle < 1e-9 { 0.5 } else { sin / angle };
                [a * share, b * share, c * share, cos]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::{FRAC_1_SQRT_2, FRAC_PI_2, PI};

    fn near(form: RotationForm, from: [f64; 3], to: [f64; 4]) {
        let found = form.quaternion(from);
        assert!(found.iter().zip(&to).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?} {to:?}");
    }

    #[test]
    fn quarter_turns() {
        for form in [RotationForm::RollPitchYaw, RotationForm::RotationVector] {
            near(form, [0.0; 3], [0.0, 0.0, 0.0, 1.0]);
            near(form, [FRAC_PI_2, 0.0, 0.0], [FRAC_1_SQRT_2, 0.0, 0.0, FRAC_1_SQRT_2]);
            near(form, [0.0, PI, 0.0], [0.0, 1.0, 0.0, 0.0]);
            near(form, [0.0, 0.0, -FRAC_PI_2], [0.0, 0.0, -FRAC_1_SQRT_2, FRAC_1_SQRT_2]);
        }
    }

    #[test]
    fn as_scipy_has_them() {
        // scipy.spatial.transform.Rotation.from_euler('xyz', [0.3, -0.7, 1.1]) and from_rotvec([0.3, -0.7, 1.1]).
        near(
            RotationForm::RollPitchYaw,
            [0.3, -0.7, 1.1],
            [0.296_891_540_058_063_3, -0.215_672_410_090_385, 0.529_169_808_944_496_8, 0.765_062_179_348_450_6],
        );
        near(
            RotationForm::RotationVector,
            [0.3, -0.7, 1.1],
            [0.139_060_169_718_714_1, -0.324_473_729_343_666_25, 0.509_887_288_968_621_8, 0.784_470_535_273_217_5],
        );
    }
}

//! Positions and turns.

/// Where a frame lies in another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pose {
    /// x, y, z in metres.
    pub position: [f64; 3],
    /// A quaternion of length one: x, y, z, w.
    pub orientation: [f64; 4],
}

impl Default for Pose {
    fn default() -> Self {
        Self { position: [0.0; 3], orientation: [0.0, 0.0, 0.0, 1.0] }
    }
}

impl Pose {
    /// `inner`, which is given in this frame, in the frame that this one is given in.
    pub(super) fn then(&self, inner: &Self) -> Self {
        let turned = rotate(self.orientation, inner.position);
        let position = std::array::from_fn(|at| self.position[at] + turned[at]);
        Self {
            position,
            orientation: normal(product(self.orientation, inner.orientation)).unwrap_or([0.0, 0.0, 0.0, 1.0]),
        }
    }
}

/// Length one; `None` for what has no length.
pub(super) fn normal(q: [f64; 4]) -> Option<[f64; 4]> {
    let length = q.iter().map(|part| part * part).sum::<f64>().sqrt();
    (length > 1e-12 && length.is_finite()).then(|| q.map(|part| part / length))
}

/// Hamilton's product: first the right one, then the left one.
pub(super) fn product([ax, ay, az, aw]: [f64; 4], [bx, by, bz, bw]: [f64; 4]) -> [f64; 4] {
    [
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
        aw * bw - ax * bx - ay * by - az * bz,
    ]
}

fn rotate(q: [f64; 4], [x, y, z]: [f64; 3]) -> [f64; 3] {
    let inverse = [-q[0], -q[1], -q[2], q[3]];
    let [x, y, z, _] = product(product(q, [x, y, z, 0.0]), inverse);
    [x, y, z]
}

/// A turn of `angle` radians around an axis; `None` for an axis without length.
pub(super) fn around([x, y, z]: [f64; 3], angle: f64) -> Option<[f64; 4]> {
    let length = (x * x + y * y + z * z).sqrt();
    if !(length > 1e-12 && length.is_finite()) {
        return None;
    }
    let (sine, cosine) = (angle / 2.0).sin_cos();
    Some([x * sine / length, y * sine / length, z * sine / length, cosine])
}

/// Roll, pitch and yaw around fixed axes, as URDF has them.
pub(super) fn of_rpy([roll, pitch, yaw]: [f64; 3]) -> [f64; 4] {
    euler("XYZ", [roll, pitch, yaw]).unwrap_or([0.0, 0.0, 0.0, 1.0])
}

/// Turns around the axes of a sequence: small letters are axes that turn along, capital ones fixed axes.
pub(super) fn euler(sequence: &str, angles: [f64; 3]) -> Option<[f64; 4]> {
    if sequence.chars().count() != 3 {
        return None;
    }
    let mut q = [0.0, 0.0, 0.0, 1.0];
    for (letter, angle) in sequence.chars().zip(angles) {
        let axis = match letter.to_ascii_lowercase() {
            'x' => [1.0, 0.0, 0.0],
            'y' => [0.0, 1.0, 0.0],
            'z' => [0.0, 0.0, 1.0],
            _ => return None,
        };
        let turn = around(axis, angle)?;
        q = if letter.is_ascii_lowercase() { product(q, turn) } else { product(turn, q) };
    }
    normal(q)
}

/// The frame whose x axis is the first vector, and whose y axis is the part of the second across it.
pub(super) fn of_axes(x: [f64; 3], y: [f64; 3]) -> Option<[f64; 4]> {
    let x = unit(x)?;
    let along: f64 = x.iter().zip(y).map(|(x, y)| x * y).sum();
    let y = unit(std::array::from_fn(|at| y[at] - along * x[at]))?;
    let z = cross(x, y);
    // The matrix of columns x, y, z as a quaternion, from the largest of its four squares.
    let (m00, m11, m22) = (x[0], y[1], z[2]);
    let squares = [1.0 + m00 - m11 - m22, 1.0 - m00 + m11 - m22, 1.0 - m00 - m11 + m22, 1.0 + m00 + m11 + m22];
    let (dx, dy, dz) = (y[2] - z[1], z[0] - x[2], x[1] - y[0]);
    let (sx, sy, sz) = (y[2] + z[1], z[0] + x[2], x[1] + y[0]);
    let largest = (0..4).max_by(|one, other| squares[*one].total_cmp(&squares[*other]))?;
    normal(match largest {
        0 => [squares[0], sz, sy, dx],
        1 => [sz, squares[1], sx, dy],
        2 => [sy, sx, squares[2], dz],
        _ => [dx, dy, dz, squares[3]],
    })
}

/// The smallest turn that takes the z axis to a vector.
pub(super) fn of_z(z: [f64; 3]) -> Option<[f64; 4]> {
    let z = unit(z)?;
    // Half way between the axis and the vector; opposite ones have none, and any turn by half a circle does.
    normal([-z[1], z[0], 0.0, 1.0 + z[2]]).or(Some([1.0, 0.0, 0.0, 0.0]))
}

fn unit(v: [f64; 3]) -> Option<[f64; 3]> {
    let length = v.iter().map(|part| part * part).sum::<f64>().sqrt();
    (length > 1e-12 && length.is_finite()).then(|| v.map(|part| part / length))
}

fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::FRAC_PI_2;

    fn near(one: [f64; 4], other: [f64; 4]) -> bool {
        let dot: f64 = one.iter().zip(other).map(|(a, b)| a * b).sum();
        (dot.abs() - 1.0).abs() < 1e-12
    }

    #[test]
    fn turns_are_alike_however_they_are_written() {
        let quarter = around([0.0, 0.0, 2.0], FRAC_PI_2).unwrap();
        assert!(near(quarter, of_rpy([0.0, 0.0, FRAC_PI_2])));
        assert!(near(quarter, of_axes([0.0, 3.0, 0.0], [-1.0, 5.0, 0.0]).unwrap()));
        assert!(near(euler("xyz", [0.1, 0.2, 0.3]).unwrap(), euler("ZYX", [0.3, 0.2, 0.1]).unwrap()));
        let tilted = around([1.0, 0.0, 0.0], FRAC_PI_2).unwrap();
        assert!(near(tilted, of_z([0.0, -1.0, 0.0]).unwrap()));
        assert_eq!((of_z([0.0; 3]), around([0.0; 3], 1.0), euler("xy", [0.0; 3])), (None, None, None));
        let pose = Pose { position: [1.0, 0.0, 0.0], orientation: quarter };
        let inner = Pose { position: [1.0, 0.0, 0.0], ..Pose::default() };
        assert!((pose.then(&inner).position[1] - 1.0).abs() < 1e-12);
    }
}

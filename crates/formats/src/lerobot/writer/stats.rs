//! Statistics of a feature, as LeRobot keeps them per episode and per dataset.

use serde_json::{Map, Value, json};

/// The quantiles that LeRobot keeps.
pub(super) const QUANTILES: [(&str, f64); 5] = [("q01", 0.01), ("q10", 0.1), ("q50", 0.5), ("q90", 0.9), ("q99", 0.99)];

/// Statistics per element of a feature: of a vector per element, of a tensor per element of its last axis, of pictures per
/// colour channel with values from 0 to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureStats {
    /// Smallest values.
    pub min: Vec<f64>,
    /// Largest values.
    pub max: Vec<f64>,
    /// Means.
    pub mean: Vec<f64>,
    /// Standard deviations of the population.
    pub std: Vec<f64>,
    /// Quantiles at 0.01, 0.1, 0.5, 0.9 and 0.99, linear between neighbours.
    pub quantiles: [Vec<f64>; 5],
    /// Rows, or pictures, that were looked at.
    pub count: u64,
}

impl FeatureStats {
    /// The statistics of `rows` rows of values, `width` elements each time. Only finite values count; an element that never is
    /// finite has zeros. Sums run in the order of the rows.
    pub fn of(values: &[f64], width: usize, rows: u64) -> Self {
        let width = width.max(1);
        let mut stats = Self::zeros(width, rows);
        for element in 0..width {
            let mut column: Vec<f64> =
                values.iter().skip(element).step_by(width).copied().filter(|value| value.is_finite()).collect();
            if column.is_empty() {
                continue;
            }
            let n = column.len() as f64;
            let mean = column.iter().sum::<f64>() / n;
            let variance = column.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / n;
            column.sort_unstable_by(f64::total_cmp);
            stats.min[element] = column[0];
            stats.max[element] = column[column.len() - 1];
            stats.mean[element] = mean;
            stats.std[element] = variance.sqrt();
            for (quantile, (_, q)) in stats.quantiles.iter_mut().zip(QUANTILES) {
                quantile[element] = at_quantile(&column, q);
            }
        }
        stats
    }

    fn zeros(width: usize, count: u64) -> Self {
        let zeros = || vec![0.0; width];
        Self {
            min: zeros(),
            max: zeros(),
            mean: zeros(),
            std: zeros(),
            quantiles: [zeros(), zeros(), zeros(), zeros(), zeros()],
            count,
        }
    }

    /// The statistics of both together, by LeRobot's rule: quantiles are means of quantiles, weighted by counts.
    pub(super) fn merge(&mut self, other: &Self) {
        let (own, theirs) = (self.count as f64, other.count as f64);
        let total = own + theirs;
        if total == 0.0 || self.mean.len() != other.mean.len() {
            return;
        }
        for element in 0..self.mean.len() {
            let (one, two) = (self.mean[element], other.mean[element]);
            let mean = (one * own + two * theirs) / total;
            let spread = |std: f64, mean_of_part: f64| std * std + (mean_of_part - mean) * (mean_of_part - mean);
            let variance = (spread(self.std[element], one) * own + spread(other.std[element], two) * theirs) / total;
            self.mean[element] = mean;
            self.std[element] = variance.sqrt();
            self.min[element] = self.min[element].min(other.min[element]);
            self.max[element] = self.max[element].max(other.max[element]);
            for (quantile, other) in self.quantiles.iter_mut().zip(&other.quantiles) {
                quantile[element] = (quantile[element] * own + other[element] * theirs) / total;
            }
        }
        self.count += other.count;
    }

    /// The vectors by LeRobot's names.
    pub(super) fn vectors(&self) -> impl Iterator<Item = (&'static str, &Vec<f64>)> {
        let basic = [("min", &self.min), ("max", &self.max), ("mean", &self.mean), ("std", &self.std)];
        basic.into_iter().chain(QUANTILES.iter().map(|(name, _)| *name).zip(&self.quantiles))
    }

    /// As in `meta/stats.json`; pictures as channels × 1 × 1.
    pub(super) fn json(&self, pictures: bool) -> Value {
        let mut object = Map::new();
        for (name, vector) in self.vectors() {
            let items = vector.iter().map(|value| if pictures { json!([[value]]) } else { json!(value) });
            object.insert(name.to_owned(), items.collect());
        }
        object.insert("count".to_owned(), json!([self.count]));
        Value::Object(object)
    }
}

/// Linear between the neighbours, as numpy's default.
fn at_quantile(sorted: &[f64], q: f64) -> f64 {
    let place = q * (sorted.len() - 1) as f64;
    // OK to cast: `q` is below 1, so that the place lies in the slice.
    let (below, part) = (place.floor() as usize, place.fract());
    let above = sorted.get(below + 1).unwrap_or(&sorted[below]);
    sorted[below] + (above - sorted[below]) * part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_a_small_table() {
        // numpy: np.quantile([1, 2, 3, 4], 0.1) == 1.3; np.std == 1.118…
        let stats = FeatureStats::of(&[1.0, 10.0, 2.0, 10.0, 3.0, 10.0, 4.0, f64::NAN], 2, 4);
        assert_eq!((stats.min[0], stats.max[0], stats.mean[0], stats.count), (1.0, 4.0, 2.5, 4));
        assert!((stats.std[0] - 1.25_f64.sqrt()).abs() < 1e-15);
        assert!((stats.quantiles[1][0] - 1.3).abs() < 1e-15);
        assert_eq!((stats.mean[1], stats.std[1]), (10.0, 0.0));
    }

    #[test]
    fn merging_is_the_whole() {
        let (one, two) = ([1.0, 5.0, 2.0], [7.0, 3.0]);
        let mut merged = FeatureStats::of(&one, 1, 3);
        merged.merge(&FeatureStats::of(&two, 1, 2));
        let whole = FeatureStats::of(&[&one[..], &two[..]].concat(), 1, 5);
        assert_eq!((&merged.min, &merged.max, merged.count), (&whole.min, &whole.max, 5));
        assert!((merged.mean[0] - whole.mean[0]).abs() < 1e-12 && (merged.std[0] - whole.std[0]).abs() < 1e-12);
    }
}

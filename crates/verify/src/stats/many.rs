//! Many comparisons at once.

use crate::bound::{StatError, within};

/// More hypotheses than this are refused.
pub const HYPOTHESES_MAX: usize = 1_000_000;

/// More policies than this get no letters.
pub const LETTERED_MAX: usize = 52;

/// Columns of letters that are kept while they are built; more is refused, because their number can grow exponentially.
const COLUMNS_MAX: usize = 4_096;

/// P-values adjusted for their number by Holm's method (Scandinavian Journal of Statistics 6, 1979), in the order given. A
/// hypothesis is rejected where its adjusted value is at most alpha; the chance of any false rejection is then at most
/// alpha, whatever the dependence.
///
/// # Errors
/// Where there are none, too many, or one is not from 0 to 1.
pub fn holm(p_values: &[f64]) -> Result<Vec<f64>, StatError> {
    if p_values.is_empty() {
        return Err(StatError::TooFew { what: "p-values", found: 0, needed: 1 });
    }
    if p_values.len() > HYPOTHESES_MAX {
        return Err(StatError::Mismatch("there are more than 1,000,000 p-values"));
    }
    for &p in p_values {
        within("p-value", p, 0.0..=1.0, "from 0 to 1")?;
    }
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut adjusted = vec![0.0; p_values.len()];
    // OK: at most `HYPOTHESES_MAX`.
    let (mut left, mut largest) = (p_values.len() as f64, 0.0_f64);
    for index in order {
        largest = largest.max((p_values[index] * left).min(1.0));
        adjusted[index] = largest;
        left -= 1.0;
    }
    Ok(adjusted)
}

/// The compact letter display of `count` policies: two policies share a letter exactly where they are not in `different`.
/// Insert and absorb, after Piepho (Journal of Computational and Graphical Statistics 13, 2004). Letters go by the order
/// of the policies, so give the best first.
///
/// # Errors
/// Where there are no policies or more than [`LETTERED_MAX`], a pair names one that is not there or the same twice, or
/// more letters are needed than the alphabet has.
pub fn compact_letters(count: usize, different: &[(usize, usize)]) -> Result<Vec<String>, StatError> {
    if count == 0 {
        return Err(StatError::TooFew { what: "policies", found: 0, needed: 1 });
    }
    if count > LETTERED_MAX {
        return Err(StatError::Mismatch("there are more than 52 policies"));
    }
    // A column is a set of policies, one bit each.
    let mut columns: Vec<u64> = vec![(1_u64 << count) - 1];
    for &(one, other) in different {
        if one >= count || other >= count || one == other {
            return Err(StatError::Mismatch("a pair names a policy that is not there, or one policy twice"));
        }
        let (one, other) = (1_u64 << one, 1_u64 << other);
        let mut split = Vec::with_capacity(columns.len() + 1);
        for &column in &columns {
            if column & one != 0 && column & other != 0 {
                split.extend([column & !one, column & !other]);
            } else {
                split.push(column);
            }
        }
        columns = absorb(split);
        if columns.len() > COLUMNS_MAX {
            return Err(StatError::NoSolution("the differences need too many letters"));
        }
    }
    // The column of the first policies first: its lowest bits are set.
    columns.sort_unstable_by_key(|column| std::cmp::Reverse(column.reverse_bits()));
    if columns.len() > LETTERED_MAX {
        return Err(StatError::NoSolution("the differences need more letters than the alphabet has"));
    }
    let letters = ('a'..='z').chain('A'..='Z');
    let named: Vec<(u64, char)> = columns.into_iter().zip(letters).collect();
    let of = |policy: usize| {
        named.iter().filter(|(column, _)| column & (1 << policy) != 0).map(|(_, letter)| *letter).collect()
    };
    Ok((0..count).map(of).collect())
}

/// Leaves out columns that are part of another.
fn absorb(mut columns: Vec<u64>) -> Vec<u64> {
    columns.sort_unstable_by_key(|column| std::cmp::Reverse(column.count_ones()));
    let mut kept: Vec<u64> = Vec::with_capacity(columns.len());
    for column in columns {
        if kept.iter().all(|larger| column & !larger != 0) {
            kept.push(column);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holm_steps_down() {
        let found = holm(&[0.01, 0.04, 0.03, 0.005]).unwrap();
        for (found, expected) in found.iter().zip([0.03, 0.06, 0.06, 0.02]) {
            assert!((found - expected).abs() < 1e-15);
        }
        assert_eq!(holm(&[0.7, 0.9]).unwrap(), [1.0, 1.0]);
        assert!(holm(&[]).is_err());
        assert!(holm(&[f64::NAN]).is_err());
    }

    #[test]
    fn letters() {
        assert_eq!(compact_letters(3, &[]).unwrap(), ["a", "a", "a"]);
        assert_eq!(compact_letters(3, &[(0, 2)]).unwrap(), ["a", "ab", "b"]);
        assert_eq!(compact_letters(3, &[(0, 1), (0, 2), (1, 2)]).unwrap(), ["a", "b", "c"]);
        assert_eq!(compact_letters(4, &[(0, 2), (0, 3), (1, 3)]).unwrap(), ["a", "ab", "bc", "c"]);
        assert_eq!(compact_letters(1, &[]).unwrap(), ["a"]);
    }

    #[test]
    fn refuses_odd_pairs() {
        assert!(compact_letters(0, &[]).is_err());
        assert!(compact_letters(53, &[]).is_err());
        assert!(compact_letters(2, &[(0, 2)]).is_err());
        assert!(compact_letters(2, &[(1, 1)]).is_err());
        // 26 pairs that differ, all others alike: 2^26 columns.
        let pairs: Vec<(usize, usize)> = (0..26).map(|i| (2 * i, 2 * i + 1)).collect();
        assert!(compact_letters(52, &pairs).is_err());
    }
}

//! Canonical JSON: the bytes that are hashed and signed.

use serde::Serialize;
use serde_json::Value;

use crate::Hash256;

/// JSON with sorted keys, no white space, integers exact and other numbers at 12 significant digits, so that the same facts
/// give the same bytes on every machine.
///
/// A float is written as `d.ddddddddddde±x`; one that is a whole number below 2^53 is written as that integer. NaN and
/// infinity have no place in JSON and become null.
pub fn canonical_json(value: &impl Serialize) -> Result<String, serde_json::Error> {
    let mut text = String::new();
    write(&serde_json::to_value(value)?, &mut text)?;
    Ok(text)
}

/// The SHA-256 of [`canonical_json`].
pub fn hash_canonical(value: &impl Serialize) -> Result<Hash256, serde_json::Error> {
    Ok(Hash256::of(canonical_json(value)?.as_bytes()))
}

fn write(value: &Value, text: &mut String) -> Result<(), serde_json::Error> {
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() => text.push_str(&canonical_float(float)),
            _ => text.push_str(&number.to_string()),
        },
        Value::Array(items) => {
            text.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                write(item, text)?;
            }
            text.push(']');
        }
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by_key(|(key, _)| key.as_str());
            text.push('{');
            for (at, (key, item)) in sorted.into_iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                text.push_str(&serde_json::to_string(key)?);
                text.push(':');
                write(item, text)?;
            }
            text.push('}');
        }
        Value::Null | Value::Bool(_) | Value::String(_) => text.push_str(&serde_json::to_string(value)?),
    }
    Ok(())
}

fn canonical_float(value: f64) -> String {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() < EXACT {
        // OK to cast: a whole number below 2^53 is an i64. Adding zero turns −0 into 0.
        return ((value + 0.0) as i64).to_string();
    }
    // Round to 12 digits first: the rounded number may be whole.
    let rounded = format!("{value:.11e}");
    match rounded.parse::<f64>() {
        Ok(whole) if whole.fract() == 0.0 && whole.abs() < EXACT => (whole as i64).to_string(),
        _ => rounded,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_are_sorted_and_floats_rounded() {
        let value = json!({"b": [1, 2.5, null, true], "a": {"z": 0.1 + 0.2, "y": "é\n"}});
        assert_eq!(
            canonical_json(&value).expect("it is JSON"),
            r#"{"a":{"y":"é\n","z":3.00000000000e-1},"b":[1,2.50000000000e0,null,true]}"#
        );
    }

    #[test]
    fn noise_below_twelve_digits_disappears() {
        assert_eq!(canonical_float(0.1 + 0.2), canonical_float(0.3));
        assert_eq!(canonical_float(3.000_000_000_000_001), "3");
        assert_eq!(canonical_float(-0.0), "0");
        assert_ne!(canonical_float(0.300_000_000_01), canonical_float(0.3));
    }

    #[test]
    fn large_integers_are_exact() {
        assert_eq!(canonical_json(&json!({ "t": u64::MAX })).expect("it is JSON"), r#"{"t":18446744073709551615}"#);
    }
}

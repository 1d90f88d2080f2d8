//! Money over years.

use libm::{exp, expm1, log, log1p, pow};
use serde::Serialize;

use super::amount;
use crate::bound::{StatError, within};
use crate::math::root;

/// The longest life, in years.
pub const YEARS_MAX: u32 = 1_000;

/// The longest list of cash flows.
pub const FLOWS_MAX: usize = 10_000;

/// A discount rate per year.
pub(super) fn discount(rate: f64) -> Result<f64, StatError> {
    within("rate", rate, 0.0..=10.0, "from 0 to 10")
}

/// A whole number of years.
pub(super) fn life(years: u32) -> Result<f64, StatError> {
    within("years", f64::from(years), 1.0..=f64::from(YEARS_MAX), "from 1 to 1000")
}

/// The share of an investment to be paid back every year: `r (1+r)^n / ((1+r)^n − 1)`, and `1/n` without interest.
///
/// # Errors
/// Where the rate is not from 0 to 10, or the years are not from 1 to 1000.
pub fn capital_recovery(rate: f64, years: u32) -> Result<f64, StatError> {
    let (rate, years) = (discount(rate)?, life(years)?);
    Ok(if rate == 0.0 { 1.0 / years } else { rate / -expm1(-years * log1p(rate)) })
}

/// The share of a final value that equals a payment every year: `r / ((1+r)^n − 1)`.
///
/// # Errors
/// As [`capital_recovery`].
pub fn sinking_fund(rate: f64, years: u32) -> Result<f64, StatError> {
    let (rate, years) = (discount(rate)?, life(years)?);
    Ok(if rate == 0.0 { 1.0 / years } else { rate / expm1(years * log1p(rate)) })
}

/// The factor by which money of the last year is worth less: `(1+r)^−n`.
///
/// # Errors
/// As [`capital_recovery`].
pub fn discount_factor(rate: f64, years: u32) -> Result<f64, StatError> {
    Ok(exp(-life(years)? * log1p(discount(rate)?)))
}

/// Cash flows at the ends of years 0, 1, 2 …, checked.
fn flows(flows: &[f64]) -> Result<&[f64], StatError> {
    if flows.len() < 2 {
        return Err(StatError::TooFew { what: "flows", found: flows.len(), needed: 2 });
    }
    if flows.len() > FLOWS_MAX {
        // OK: a length for a message.
        let found = flows.len() as f64;
        return Err(StatError::OutOfRange { what: "flows", found, allowed: "at most 10000 items" });
    }
    for flow in flows {
        within("flows", *flow, -1e30..=1e30, "from -1e30 to 1e30")?;
    }
    Ok(flows)
}

/// `Σ CFₜ/(1+r)^t`, from the last flow to the first.
fn present(flows: &[f64], rate: f64) -> f64 {
    flows.iter().rev().fold(0.0, |later, flow| later / (1.0 + rate) + flow)
}

/// The net present value of cash flows at the ends of years 0, 1, 2 ….
///
/// # Errors
/// Where there are fewer than two flows, or the rate is not above −1.
pub fn net_present_value(flows_of_years: &[f64], rate: f64) -> Result<f64, StatError> {
    let rate = within("rate", rate, -0.99..=1e3, "from -0.99 to 1000")?;
    let value = present(flows(flows_of_years)?, rate);
    if value.is_finite() { Ok(value) } else { Err(StatError::NoSolution("the value is larger than a number can be")) }
}

/// What a row of cash flows returns.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Return {
    /// The internal rate of return; `None` where the flows change sign more than once, so that it may not be unique.
    pub irr: Option<f64>,
    /// The modified internal rate of return.
    pub mirr: f64,
    /// How often the flows change sign.
    pub sign_changes: u64,
}

/// The internal rate of return, sought between −0.99 and 10, and the modified one, which discounts what is paid at
/// `finance_rate` and lets what is earned grow at `reinvest_rate`: `(FV(earned) / −PV(paid))^(1/n) − 1`.
///
/// Where the flows change sign more than once, several rates may solve the equation, and only the modified one is given.
///
/// # Errors
/// Where the flows do not change sign, or no rate between −0.99 and 10 solves the equation.
pub fn internal_return(flows_of_years: &[f64], finance_rate: f64, reinvest_rate: f64) -> Result<Return, StatError> {
    let flows = flows(flows_of_years)?;
    let (finance, reinvest) = (discount(finance_rate)?, discount(reinvest_rate)?);
    let signs: Vec<bool> = flows.iter().filter(|flow| **flow != 0.0).map(|flow| *flow > 0.0).collect();
    let sign_changes = signs.windows(2).filter(|pair| pair.first() != pair.last()).count();
    if sign_changes == 0 {
        return Err(StatError::NoSolution("the flows do not change sign, so nothing is returned on anything"));
    }
    let irr = if sign_changes == 1 {
        let root = root::bracketed(|rate| present(flows, rate), -0.99, 10.0);
        Some(root.ok_or(StatError::NoSolution("no rate of return between -0.99 and 10"))?)
    } else {
        None
    };
    let paid: Vec<f64> = flows.iter().map(|flow| flow.min(0.0)).collect();
    let earned: Vec<f64> = flows.iter().map(|flow| flow.max(0.0)).collect();
    // OK: at most 10,000.
    let years = flows.len() as f64 - 1.0;
    // The growth of what is earned cancels against the power 1/n, so that its future value cannot overflow.
    let ratio = present(&earned, reinvest) / -present(&paid, finance);
    let mirr = pow(ratio, 1.0 / years) * (1.0 + reinvest) - 1.0;
    Ok(Return { irr, mirr, sign_changes: sign_changes as u64 })
}

/// The years in which a benefit pays an investment back. `None` where it never does.
///
/// # Errors
/// Where the investment is negative, or the benefit is not a number.
pub fn payback(investment: f64, benefit: f64) -> Result<Option<f64>, StatError> {
    let investment = amount("investment", investment)?;
    let benefit = within("benefit", benefit, -1e30..=1e30, "from -1e30 to 1e30")?;
    Ok((benefit > 0.0).then(|| investment / benefit))
}

/// The same with interest: `−ln(1 − r I/B) / ln(1+r)`. `None` where the benefit does not even pay the interest.
///
/// # Errors
/// As [`payback`], and where the rate is not from 0 to 10.
pub fn discounted_payback(investment: f64, benefit: f64, rate: f64) -> Result<Option<f64>, StatError> {
    let rate = discount(rate)?;
    let Some(simple) = payback(investment, benefit)? else { return Ok(None) };
    if rate == 0.0 {
        return Ok(Some(simple));
    }
    Ok((rate * simple < 1.0).then(|| -log1p(-rate * simple) / log(1.0 + rate)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(found: f64, expected: f64, error: f64) {
        assert!((found - expected).abs() <= error, "{found} is not {expected}");
    }

    #[test]
    fn published_return() {
        let flows = [-100.0, 39.0, 59.0, 55.0, 20.0];
        let found = internal_return(&flows, 0.1, 0.12).expect("a return");
        near(found.irr.expect("one rate"), 0.280_948_421_159_961_1, 1e-15);
        near(net_present_value(&flows, 0.281).expect("a value"), -0.008_478_59, 5.1e-9);
    }

    #[test]
    fn capital() {
        near(capital_recovery(0.1, 5).expect("a factor"), 0.263_797_480_8, 5.1e-11);
        near(capital_recovery(0.0, 5).expect("a factor"), 0.2, 1e-16);
        // What is left of the recovery after interest is what a final payment asks for.
        let (recovery, fund) = (capital_recovery(0.07, 9).expect("a factor"), sinking_fund(0.07, 9).expect("a factor"));
        near(recovery - 0.07, fund, 1e-15);
    }

    #[test]
    fn several_rates() {
        // Both 0.25 and 4 solve this.
        let found = internal_return(&[-1.0, 6.25, -6.25], 0.1, 0.1).expect("a return");
        assert_eq!((found.irr, found.sign_changes), (None, 2));
        near(found.mirr, pow(6.25 * 1.1 / (1.0 + 6.25 / 1.21), 0.5) - 1.0, 1e-14);
        assert!(internal_return(&[-1.0, -2.0], 0.1, 0.1).is_err());
        assert!(internal_return(&[-1.0, 1e29], 0.1, 0.1).is_err());
    }

    #[test]
    fn never_paid_back() {
        assert_eq!(payback(100.0, -1.0), Ok(None));
        assert_eq!(discounted_payback(100.0, 9.0, 0.1), Ok(None));
        assert_eq!(discounted_payback(100.0, 50.0, 0.0), Ok(Some(2.0)));
        assert!(payback(f64::NAN, 1.0).is_err());
        assert!(net_present_value(&[1.0, f64::INFINITY], 0.1).is_err());
        assert!(net_present_value(&[1.0, 2.0], -1.0).is_err());
        assert!(capital_recovery(0.1, 0).is_err());
    }
}

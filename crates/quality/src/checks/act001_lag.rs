//! ## What it does
//!
//! Finds the delay at which the changes of the joints correlate best with those of the commands (argmax of the cross-
//! correlation, -0.5 to 1 s), for commands of positions. Above `lag_max_s`, or below `-lead_max_s`, and with a correlation
//! of at least 0.7, it is reported.
//!
//! ## Why it matters
//!
//! A policy learns to pair what it sees with what was commanded. If the robot follows late, the pairs are wrong by that
//! time; if the state comes first, the commands were recorded later than they were given, or are not commands at all.
//!
//! ## Example
//!
//! ```text
//! ACT001 `/joint_states` follows `/command` by 0.420 s (limit 0.300 s, correlation 0.93)
//! ```

use prairie_model::{Dimension, Severity};

use super::at_end;
use crate::check::{Check, CheckDoc, Context, Family, Limit, Settings};
use crate::outcome::Outcome;
use crate::pairing::pairs;

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "ACT001",
        name: "lag",
        family: Family::Act,
        dimension: Dimension::Consistency,
        severity: Severity::Warning,
        needs: &[],
        summary: "the state follows the command too late, or comes before it",
        limits: &[
            Limit { key: "lag_max_s", default: 0.3, unit: "s", meaning: "how late the state may follow" },
            Limit { key: "lead_max_s", default: 0.05, unit: "s", meaning: "how early the state may come" },
        ],
        source: include_str!("act001_lag.rs"),
    },
    start: |settings| at_end(settings, judge),
};

/// Below this the two have too little in common for a delay to mean anything.
const CORRELATION_MIN: f64 = 0.7;

fn judge(settings: &Settings, context: &Context<'_>, out: &mut Outcome) {
    let (lag_max_s, lead_max_s) = (settings.limit("lag_max_s"), settings.limit("lead_max_s"));
    for pair in pairs(context.scene) {
        let Some((steps, correlation, step_s)) = pair.lag() else { continue };
        out.applies();
        let lag_s = steps as f64 * step_s;
        let (limit, what) = if lag_s > 0.0 { (lag_max_s, "follows") } else { (lead_max_s, "comes before") };
        // A step of the grid is the resolution: what is within it of the limit is not beyond.
        if correlation < CORRELATION_MIN || lag_s.abs() <= limit.max(step_s) {
            continue;
        }
        out.report().stream(&pair.state.name).measured(lag_s, limit.copysign(lag_s), "s").message(format!(
            "`{}` {what} `{}` by {:.3} s (limit {limit:.3} s, correlation {correlation:.2})",
            pair.state.name,
            pair.action.name,
            lag_s.abs()
        ));
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::findings;

    #[test]
    fn a_state_that_comes_first_is_reported() {
        let found = |delay_s: f64| {
            findings(
                "ACT001",
                &format!(
                    r#"{{"name": "/command", "kind": "action", "t": {{"rate_hz": 50, "n": 600}},
                    "columns": {{"value": [{{"sum": [{{"sine": {{"hz": 0.31}}}}, {{"sine": {{"hz": 0.83, "amp": 0.4}}}}]}}]}}}},
                    {{"name": "/joints", "kind": "joint_state", "t": {{"rate_hz": 50, "n": 600}}, "columns": {{"position": [
                    {{"sum": [{{"sine": {{"hz": 0.31, "delay_s": {delay_s}}}}}, {{"sine": {{"hz": 0.83, "amp": 0.4, "delay_s": {delay_s}}}}}]}}]}}}}"#
                ),
            )
        };
        let measured = |delay_s: f64| found(delay_s).first().and_then(|finding| finding.measured);
        assert_eq!((measured(0.0), measured(0.28)), (None, None));
        assert!(measured(0.4).is_some_and(|lag_s| (lag_s - 0.4).abs() < 1e-9), "{:?}", measured(0.4));
        assert!(measured(-0.2).is_some_and(|lag_s| (lag_s + 0.2).abs() < 1e-9), "{:?}", measured(-0.2));
    }
}

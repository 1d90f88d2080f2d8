//! ## What it does
//!
//! Looks for intervals between two samples of a stream that are longer than `gap_max_s` and longer than `gap_periods_max` times
//! the stream's usual interval. Events and single numbers, which come when something happens, are left alone.
//!
//! ## Why it matters
//!
//! In a gap the robot acts and nobody sees it. Alignment fills the gap with an old picture or a straight line, and a policy
//! learns that the world stands still or jumps.
//!
//! ## Example
//!
//! ```text
//! TIM003 `/camera/wrist` has no sample for 1.3600 s (limit 0.1667 s)
//!   --> run-0412.mcap, episode 7, 12.30-13.66 s
//!    | /joint_states  ||||||||||||||||||||||||
//!    | /camera/wrist  |||||||||.........||||||
//! ```

use prairie_model::{Dimension, Severity};

use super::at_end;
use crate::check::{Check, CheckDoc, Family, Limit};

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "TIM003",
        name: "gap",
        family: Family::Tim,
        dimension: Dimension::Completeness,
        severity: Severity::Error,
        needs: &[],
        summary: "a stream is silent for too long",
        limits: &[
            Limit { key: "gap_max_s", default: 0.1, unit: "s", meaning: "longest silence of any stream" },
            Limit {
                key: "gap_periods_max",
                default: 5.0,
                unit: "intervals",
                meaning: "longest silence in usual intervals; the longer of the two counts, so that slow streams may be slow",
            },
        ],
        source: include_str!("tim003_gap.rs"),
    },
    start: |settings| {
        at_end(settings, |settings, context, out| {
            for (_, seen) in context.scene.streams().filter(|(_, seen)| seen.is_periodic()) {
                let Some(usual_s) = seen.rate.median_s() else { continue };
                out.applies();
                let limit = settings.limit("gap_max_s").max(settings.limit("gap_periods_max") * usual_s);
                for (gap_s, from, to) in seen.rate.gaps_over(limit) {
                    out.report()
                        .stream(&seen.name)
                        .span(from, to)
                        .measured(gap_s, limit, "s")
                        .message(format!("`{}` has no sample for {gap_s:.4} s (limit {limit:.4} s)", seen.name));
                }
            }
        })
    },
};

#[cfg(test)]
mod tests {
    use crate::testing::findings;

    #[test]
    fn slow_streams_may_be_slow() {
        let stream = |rate_hz: f64, skip: &str| {
            format!(
                r#"{{"name": "/joints", "kind": "joint_state", "t": {{"rate_hz": {rate_hz}, "n": 400, "skip": [{skip}]}},
                "columns": {{"position": [{{"sine": {{}}}}]}}}}"#
            )
        };
        assert_eq!(findings("TIM003", &stream(1.0, "[100, 103]")), [], "4 s at 1 Hz are four intervals");
        let found = findings("TIM003", &stream(1.0, "[100, 106], [200, 209]"));
        let numbers: Vec<_> = found.iter().map(|finding| (finding.measured, finding.limit)).collect();
        assert_eq!(numbers, [(Some(7.0), Some(5.0)), (Some(10.0), Some(5.0))]);
        assert_eq!(findings("TIM003", &stream(100.0, "[100, 109]")), [], "0.1 s is the limit itself");
        assert_eq!(findings("TIM003", &stream(100.0, "[100, 110]")).len(), 1);
    }

    #[test]
    fn what_is_sent_on_change_has_no_gap() {
        let found = findings(
            "TIM003",
            r#"{"name": "/tf#a", "kind": "pose", "t": [0, 1000000, 90000000, 5000000000, 5300000000, 9000000000, 9000700000],
            "columns": {"x_m": 1}}"#,
        );
        assert_eq!(found, []);
    }
}

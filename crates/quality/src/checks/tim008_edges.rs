//! ## What it does
//!
//! Compares the first and last sample of each stream with the median first and last sample of all streams that have a rate.
//! More than `edge_max_s` is a warning; if more than `missing_share_max` of the episode is missing it is an error, which
//! dropping the stream would cure for a camera that is not the only one. A declared stream without a sample is a warning.
//!
//! ## Why it matters
//!
//! A camera that came up late, or died, leaves a part of the episode blind. If that part is cut off silently, the beginning
//! or the end of the task is gone; if not, old pictures are repeated into it.
//!
//! ## Example
//!
//! ```text
//! TIM008 `/camera/wrist` ends 4.20 s early: 31 % of the episode is missing (limit 10 %)
//! ```

use prairie_model::{Dimension, Severity};

use super::{at_end, drop_camera};
use crate::check::{Check, CheckDoc, Context, Family, Limit, Settings};
use crate::outcome::Outcome;

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "TIM008",
        name: "late or early",
        family: Family::Tim,
        dimension: Dimension::Completeness,
        severity: Severity::Error,
        needs: &[],
        summary: "a stream starts late or ends early",
        limits: &[
            Limit {
                key: "edge_max_s",
                default: 0.5,
                unit: "s",
                meaning: "how late a stream may start or how early it may end",
            },
            Limit {
                key: "missing_share_max",
                default: 0.1,
                unit: "",
                meaning: "share of the episode that may be missing at both ends together",
            },
        ],
        source: include_str!("tim008_edges.rs"),
    },
    start: |settings| at_end(settings, judge),
};

fn judge(settings: &Settings, context: &Context<'_>, out: &mut Outcome) {
    let all: Vec<_> = context.scene.streams().filter(|(_, seen)| seen.is_periodic() && seen.rate.samples > 1).collect();
    let mut firsts: Vec<_> = all.iter().filter_map(|(_, seen)| seen.rate.first).collect();
    let mut lasts: Vec<_> = all.iter().filter_map(|(_, seen)| seen.rate.last).collect();
    firsts.sort_unstable();
    lasts.sort_unstable();
    // Of two streams the longer one tells what is missing, so the medians lean outwards.
    let (Some(&start), Some(&end)) = (firsts.get(firsts.len().saturating_sub(1) / 2), lasts.get(lasts.len() / 2))
    else {
        return;
    };
    let duration_s = (i128::from(end) - i128::from(start)).max(0) as f64 / 1e9;
    let (edge_max_s, share_max) = (settings.limit("edge_max_s"), settings.limit("missing_share_max"));
    for (_, seen) in all {
        out.applies();
        let (Some(first), Some(last)) = (seen.rate.first, seen.rate.last) else { continue };
        let late_s = (i128::from(first) - i128::from(start)).max(0) as f64 / 1e9;
        let early_s = (i128::from(end) - i128::from(last)).max(0) as f64 / 1e9;
        let worst = late_s.max(early_s);
        if worst <= edge_max_s {
            continue;
        }
        let share = if duration_s > 0.0 { (late_s + early_s).min(duration_s) / duration_s } else { 0.0 };
        let name = &seen.name;
        let report = out.report().stream(name).measured(worst, edge_max_s, "s");
        let report = if late_s >= early_s { report.span(start, first) } else { report.span(last, end) };
        let report = if share > share_max { report } else { report.at_most(Severity::Warning) };
        let report = match drop_camera(context, name) {
            Some(repair) => report.cure(repair),
            None => report,
        };
        let what = match (late_s > edge_max_s, early_s > edge_max_s) {
            (true, true) => format!("starts {late_s:.2} s late and ends {early_s:.2} s early"),
            (true, false) => format!("starts {late_s:.2} s late"),
            _ => format!("ends {early_s:.2} s early"),
        };
        report.message(format!(
            "`{name}` {what}: {:.0} % of the episode is missing (limit {:.0} %)",
            share * 100.0,
            share_max * 100.0
        ));
    }
    for stream in context.facts.episode.streams.iter().filter(|stream| stream.samples == 0 && stream.kind.is_some()) {
        let report = out.report().stream(&stream.name).at_most(Severity::Warning);
        report.message(format!("`{}` has no sample", stream.name));
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::findings;
    use prairie_model::Severity;

    #[test]
    fn the_only_camera_cannot_be_dropped() {
        let camera = |name: &str, n: usize| {
            format!(r#"{{"name": "{name}", "kind": "image", "t": {{"rate_hz": 30, "n": {n}}}}}"#)
        };
        let joints = r#"{"name": "/joints", "kind": "joint_state", "t": {"rate_hz": 100, "n": 1000},
            "columns": {"position": [{"sine": {}}]}}"#;
        let repairs = |streams: &str| {
            let spec = format!(r#"{{"about": "a camera dies", "streams": [{streams}]}}"#);
            crate::testing::Spec::parse(&spec).examine(&crate::Profile::default()).repairs
        };
        assert_eq!(repairs(&format!("{joints}, {}", camera("/a", 100))), [""; 0]);
        assert_eq!(repairs(&format!("{joints}, {}, {}", camera("/a", 100), camera("/b", 300))), ["drop_stream:/a"]);
    }

    #[test]
    fn half_a_second_is_a_warning() {
        let found = findings(
            "TIM008",
            r#"{"name": "/a", "kind": "joint_state", "t": {"rate_hz": 100, "n": 1000}, "columns": {"position": [1]}},
            {"name": "/b", "kind": "joint_state", "t": {"rate_hz": 100, "n": 930, "start_s": 0.7}, "columns": {"position": [1]}}"#,
        );
        let found: Vec<_> = found.iter().map(|f| (f.stream.as_deref(), f.severity, f.measured)).collect();
        assert_eq!(found, [(Some("/b"), Severity::Warning, Some(0.7))]);
    }
}

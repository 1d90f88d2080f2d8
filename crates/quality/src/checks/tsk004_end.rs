//! ## What it does
//!
//! Compares the outcome with what the episode itself shows at its end: the last value of a stream called `success`, and an
//! exception that was not recoverable. Where neither exists nothing can be derived, and the check does not apply.
//!
//! ## Why it matters
//!
//! A failure that is labelled as a success is worse than one without a label: it is believed. Wrong labels of success are
//! what a success rate is most often inflated by.
//!
//! ## Example
//!
//! ```text
//! TSK004 the outcome is success, and `next.success` ends at 0
//! ```

use prairie_model::{Dimension, Outcome as End, SegmentLabel, Severity, StreamKind};

use super::at_end;
use crate::check::{Check, CheckDoc, Context, Family, Settings};
use crate::outcome::Outcome;

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "TSK004",
        name: "outcome against end",
        family: Family::Tsk,
        dimension: Dimension::Authenticity,
        severity: Severity::Error,
        needs: &[],
        summary: "the label of success contradicts the end of the episode",
        limits: &[],
        source: include_str!("tsk004_end.rs"),
    },
    start: |settings| at_end(settings, judge),
};

fn judge(_: &Settings, context: &Context<'_>, out: &mut Outcome) {
    let outcome = context.facts.episode.episode.outcome;
    let is_success = match outcome {
        End::Success => true,
        End::Failure | End::Aborted => false,
        End::Partial | End::Unknown => return,
    };
    let signals = context.scene.tracks(StreamKind::Scalar).filter(|(_, seen, _)| says_success(&seen.name));
    for (_, seen, track) in signals {
        let Some(last) = track.rows().last().map(|(_, row)| row[0]).filter(|value| value.is_finite()) else { continue };
        out.applies();
        if (last > 0.5) != is_success {
            let report = out.report().stream(&seen.name).number(Some(last), None);
            report.message(format!("the outcome is {}, and `{}` ends at {last}", outcome.name(), seen.name));
        }
    }
    let fatal = context.facts.episode.segments.iter().filter(|segment| segment.label == SegmentLabel::Exception);
    for segment in fatal.filter(|segment| segment.recoverable == Some(false)) {
        out.applies();
        if is_success {
            out.report()
                .span(segment.span.start.0, segment.span.end.0)
                .message(format!("the outcome is success, and the exception `{}` was not recoverable", segment.name));
        }
    }
}

/// `success`, `next.success`, `/task/is_success`.
fn says_success(name: &str) -> bool {
    let last = name.rsplit(['.', '/', '#']).next().unwrap_or_default().to_lowercase();
    matches!(last.as_str(), "success" | "is_success" | "task_success")
}

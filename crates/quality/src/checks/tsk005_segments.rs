//! ## What it does
//!
//! Looks at the labelled parts of an episode: skills that overlap each other, holes of more than `hole_max_s` between
//! skills, segments that reach beyond the episode, and marks without a partner.
//!
//! ## Why it matters
//!
//! Whoever trains a skill from its segments gets the overlap twice and the hole never. A segment outside the episode means
//! that its times are of another clock.
//!
//! ## Example
//!
//! ```text
//! TSK005 the skills `reach` and `grasp` overlap by 0.80 s
//!   --> run-0412.mcap, episode 7, 4.10-4.90 s
//! ```

use prairie_model::{Dimension, NoteKind, SegmentLabel, Severity};

use super::{at_end, report_notes};
use crate::check::{Check, CheckDoc, Context, Family, Limit, Settings};
use crate::outcome::Outcome;

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "TSK005",
        name: "segments",
        family: Family::Tsk,
        dimension: Dimension::Consistency,
        severity: Severity::Warning,
        needs: &[],
        summary: "segments overlap, leave holes, or lie outside the episode",
        limits: &[
            Limit { key: "hole_max_s", default: 1.0, unit: "s", meaning: "longest time between two skills" },
            Limit { key: "overlap_max_s", default: 0.05, unit: "s", meaning: "longest overlap of two skills" },
        ],
        source: include_str!("tsk005_segments.rs"),
    },
    start: |settings| at_end(settings, judge),
};

fn judge(settings: &Settings, context: &Context<'_>, out: &mut Outcome) {
    report_notes(context, &[NoteKind::MarkerUnpaired], out, |_| Severity::Warning);
    let segments = &context.facts.episode.segments;
    if segments.is_empty() {
        return;
    }
    out.applies();
    let (hole_max_s, overlap_max_s) = (settings.limit("hole_max_s"), settings.limit("overlap_max_s"));
    if let Some(span) = context.facts.episode.episode.span {
        for segment in segments {
            let before = span.start.seconds_since(segment.span.start).max(segment.span.end.seconds_since(span.end));
            if before > overlap_max_s {
                let report = out.report().span(segment.span.start.0, segment.span.end.0);
                report
                    .measured(before, overlap_max_s, "s")
                    .message(format!("the segment `{}` reaches {before:.2} s beyond the episode", segment.name));
            }
        }
    }
    let mut skills: Vec<_> = segments.iter().filter(|segment| segment.label == SegmentLabel::Skill).collect();
    skills.sort_by_key(|segment| (segment.span.start, segment.span.end));
    for pair in skills.windows(2) {
        let (one, other) = (pair[0], pair[1]);
        let apart_s = other.span.start.seconds_since(one.span.end);
        let report = out.report().span(one.span.end.0, other.span.start.0);
        if apart_s > hole_max_s {
            report.measured(apart_s, hole_max_s, "s").message(format!(
                "nothing is labelled for {apart_s:.2} s between `{}` and `{}` (limit {hole_max_s:.2} s)",
                one.name, other.name
            ));
        } else if -apart_s > overlap_max_s {
            report
                .measured(-apart_s, overlap_max_s, "s")
                .message(format!("the skills `{}` and `{}` overlap by {:.2} s", one.name, other.name, -apart_s));
        }
    }
}

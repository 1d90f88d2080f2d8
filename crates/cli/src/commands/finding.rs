//! Findings for people: the message, the place, and a picture of when.

use std::io::{self, Write};

use prairie_engine::FindingReport;

/// Prints one finding. `place` names the recording or episode; `duration_s` gives the picture its scale.
pub(crate) fn print(
    out: &mut dyn Write,
    finding: &FindingReport,
    place: &str,
    duration_s: Option<f64>,
) -> io::Result<()> {
    writeln!(out, "{} {}: {}", finding.code, finding.severity, finding.message)?;
    let mut at = place.to_owned();
    if let (Some(from), Some(to)) = (finding.start_s, finding.end_s) {
        at.push_str(&if from == to { format!(", {from:.3} s") } else { format!(", {from:.3}–{to:.3} s") });
    }
    if let Some(file) = &finding.file {
        at.push_str(&format!(", `{file}`"));
    }
    if let Some(offset) = finding.offset {
        at.push_str(&format!(", byte {offset}"));
    }
    writeln!(out, "  --> {at}")?;
    if let (Some(from), Some(to), Some(duration)) = (finding.start_s, finding.end_s, duration_s)
        && duration > 0.0
        && to >= from
        && to - from < 0.95 * duration
    {
        writeln!(out, "   | {}", strip(from / duration, to / duration))?;
    }
    Ok(())
}

/// A line of 60 marks, `^` where the finding lies.
fn strip(from: f64, to: f64) -> String {
    const WIDTH: f64 = 60.0;
    // OK to cast: both are clamped to 0..=59.
    let mark = |share: f64| (share * WIDTH).floor().clamp(0.0, WIDTH - 1.0) as usize;
    let (from, to) = (mark(from), mark(to));
    (0..WIDTH as usize).map(|at| if (from..=to).contains(&at) { '^' } else { '·' }).collect()
}

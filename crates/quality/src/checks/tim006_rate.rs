//! ## What it does
//!
//! Compares the measured rate of a stream with the one that its source declares: more than `rate_tolerance` off is a
//! warning. Where none is declared, a rate below what is usual for its kind (`*_min_hz`) is worth an information.
//!
//! ## Why it matters
//!
//! A stream with the wrong rate was recorded by a machine that could not keep up, or is declared wrongly; then every speed
//! that is computed from row numbers is wrong. Contact is over in milliseconds: what was sampled slowly did not see it.
//!
//! ## Example
//!
//! ```text
//! TIM006 `/camera/wrist` has 24.10 Hz, and 30.00 Hz are declared (20 % off, limit 5 %)
//! ```

use prairie_model::{Dimension, Severity, StreamKind};

use super::at_end;
use crate::check::{Check, CheckDoc, Context, Family, Limit, Settings};
use crate::outcome::Outcome;

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "TIM006",
        name: "rate",
        family: Family::Tim,
        dimension: Dimension::Consistency,
        severity: Severity::Warning,
        needs: &[],
        summary: "a stream does not have the rate that it should",
        limits: &[
            Limit {
                key: "rate_tolerance",
                default: 0.05,
                unit: "",
                meaning: "how far the measured rate may be from the declared or usual one, as a share",
            },
            Limit { key: "camera_min_hz", default: 30.0, unit: "Hz", meaning: "usual rate of cameras" },
            Limit { key: "action_min_hz", default: 50.0, unit: "Hz", meaning: "usual rate of actions" },
            Limit { key: "force_min_hz", default: 500.0, unit: "Hz", meaning: "usual rate of force and torque" },
            Limit { key: "joint_min_hz", default: 1000.0, unit: "Hz", meaning: "usual rate of joint encoders" },
        ],
        source: include_str!("tim006_rate.rs"),
    },
    start: |settings| at_end(settings, judge),
};

fn judge(settings: &Settings, context: &Context<'_>, out: &mut Outcome) {
    let tolerance = settings.limit("rate_tolerance");
    for (_, seen) in context.scene.streams().filter(|(_, seen)| seen.is_periodic()) {
        let Some(rate_hz) = seen.rate.mean_rate_hz().filter(|_| seen.rate.intervals() >= 10) else { continue };
        out.applies();
        let name = &seen.name;
        let declared = seen.stream.nominal_rate_hz.filter(|rate| rate.is_finite() && *rate > 0.0);
        if let Some(declared) = declared {
            let off = (rate_hz / declared - 1.0).abs();
            if off > tolerance {
                out.report().stream(name).measured(rate_hz, declared, "Hz").message(format!(
                    "`{name}` has {rate_hz:.2} Hz, and {declared:.2} Hz are declared ({:.0} % off, limit {:.0} %)",
                    off * 100.0,
                    tolerance * 100.0
                ));
            }
            // The rate that the source declares is what it means to have; what others have is beside the point.
            continue;
        }
        let usual = match seen.kind {
            StreamKind::Image | StreamKind::Depth => settings.limit("camera_min_hz"),
            StreamKind::Action => settings.limit("action_min_hz"),
            StreamKind::Wrench => settings.limit("force_min_hz"),
            StreamKind::JointState => settings.limit("joint_min_hz"),
            _ => continue,
        };
        if rate_hz < usual * (1.0 - tolerance) {
            let report = out.report().stream(name).at_most(Severity::Info).measured(rate_hz, usual, "Hz");
            report.message(format!("`{name}` has {rate_hz:.2} Hz, and {usual:.0} Hz are usual for its kind"));
        }
    }
}

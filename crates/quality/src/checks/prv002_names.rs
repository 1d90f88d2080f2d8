//! ## What it does
//!
//! Looks for host names, user names, network addresses, serial numbers and home folders among the attributes that the
//! recording brings along, by their names and values. Only names of attributes are told, never their values.
//!
//! ## Why it matters
//!
//! Recorders write the machine they run on into every file. Shared with the data it tells others about the inside of a
//! plant.
//!
//! ## Example
//!
//! ```text
//! PRV002 the attribute `metadata.host.hostname` names a machine, and no redaction is recorded
//! ```

use prairie_model::{Dimension, Severity};

use super::at_end;
use crate::check::{Check, CheckDoc, Context, Family, Settings};
use crate::outcome::Outcome;

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "PRV002",
        name: "names of machines",
        family: Family::Prv,
        dimension: Dimension::Security,
        severity: Severity::Info,
        needs: &[],
        summary: "attributes name machines, addresses or people",
        limits: &[],
        source: include_str!("prv002_names.rs"),
    },
    start: |settings| at_end(settings, judge),
};

/// Parts of names of attributes, and what they give away.
const MARKS: [(&str, &str); 8] = [
    ("hostname", "a machine"),
    ("host_name", "a machine"),
    ("username", "a person"),
    ("user_name", "a person"),
    ("ip_address", "an address"),
    ("mac_address", "an address"),
    ("serial_number", "a device"),
    ("email", "a person"),
];

fn judge(_: &Settings, context: &Context<'_>, out: &mut Outcome) {
    let attributes = &context.facts.episode.episode.attributes;
    if attributes.is_empty() {
        return;
    }
    out.applies();
    if attributes.contains_key("redaction") {
        return;
    }
    for (name, value) in attributes {
        let lower = name.to_lowercase();
        let by_name = MARKS.iter().find(|(mark, _)| lower.contains(mark)).map(|(_, what)| *what);
        let by_value =
            ["/home/", "/Users/", "C:\\Users\\"].iter().any(|mark| value.contains(mark)).then_some("a person");
        if let Some(what) = by_name.or(by_value) {
            out.report().message(format!("the attribute `{name}` names {what}, and no redaction is recorded"));
        }
    }
}

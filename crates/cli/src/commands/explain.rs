//! `prairie explain`

use std::io::Write;

use serde_json::json;

use crate::args::Explain;
use crate::context::Context;
use crate::error::Failure;
use crate::table::Table;

pub(crate) fn run(context: &Context, args: &Explain) -> Result<u8, Failure> {
    let mut out = context.out();
    let Some(code) = &args.code else {
        let checks = prairie_engine::checks();
        let subjects = prairie_engine::subjects();
        if context.json() {
            context.print_json(&json!({ "checks": checks, "subjects": subjects }))?;
            return Ok(0);
        }
        let mut table = Table::new(&["code", "name", "dimension", "severity", "what it does"]);
        for check in checks {
            table.row(vec![check.code, check.name, check.dimension, check.severity, check.summary]);
        }
        table.print(&mut out)?;
        writeln!(out)?;
        let mut table = Table::new(&["kind", "name", "what it asks"]);
        for subject in subjects {
            table.row(vec![subject.kind, subject.name, subject.summary]);
        }
        table.print(&mut out)?;
        out.flush()?;
        return Ok(0);
    };
    let page = prairie_engine::explain(code)?;
    // Codes of checks are written in capitals, names of endpoints and gates are not.
    let upper = code.to_uppercase();
    let code = if prairie_engine::checks().iter().any(|check| check.code == upper) { &upper } else { code };
    if context.json() {
        context.print_json(&json!({ "code": code, "markdown": page }))?;
    } else {
        writeln!(out, "{}", page.trim_end())?;
        out.flush()?;
    }
    Ok(0)
}

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
        if context.json() {
            context.print_json(&json!({ "checks": checks, "pages": prairie_engine::pages() }))?;
            return Ok(0);
        }
        let mut table = Table::new(&["code", "name", "dimension", "severity", "what it does"]);
        for check in checks {
            table.row(vec![check.code, check.name, check.dimension, check.severity, check.summary]);
        }
        table.print(&mut out)?;
        writeln!(out)?;
        let mut table = Table::new(&["name", "kind", "what it asks"]);
        for page in prairie_engine::pages() {
            table.row(vec![page.name, page.kind, page.summary]);
        }
        table.print(&mut out)?;
        out.flush()?;
        return Ok(0);
    };
    let page = prairie_engine::explain(code)?;
    if context.json() {
        context.print_json(&json!({ "code": code, "markdown": page }))?;
    } else {
        writeln!(out, "{}", page.trim_end())?;
        out.flush()?;
    }
    Ok(0)
}

//! `prairie formats`

use std::io::Write;

use serde_json::json;

use crate::args::Formats;
use crate::context::Context;
use crate::error::Failure;
use crate::table::Table;

pub(crate) fn run(context: &Context, args: &Formats) -> Result<u8, Failure> {
    let mut out = context.out();
    if let Some(name) = &args.name {
        let page = prairie_engine::format_page(name)?;
        if context.json() {
            context.print_json(&json!({ "format": name, "markdown": page }))?;
        } else {
            writeln!(out, "{}", page.trim_end())?;
            out.flush()?;
        }
        return Ok(0);
    }
    let formats = prairie_engine::formats();
    if context.json() {
        context.print_json(&formats)?;
        return Ok(0);
    }
    let mut table = Table::new(&["format", "direction", "what"]);
    for format in formats {
        table.row(vec![format.name, format.direction, format.what]);
    }
    table.print(&mut out)?;
    out.flush()?;
    Ok(0)
}

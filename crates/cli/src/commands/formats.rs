//! `prairie formats`

use std::io::Write;

use crate::context::Context;
use crate::error::Failure;
use crate::table::Table;

pub(crate) fn run(context: &Context) -> Result<u8, Failure> {
    let formats = prairie_engine::formats();
    if context.json() {
        context.print_json(&formats)?;
        return Ok(0);
    }
    let mut table = Table::new(&["format", "direction", "what"]);
    for format in formats {
        table.row(vec![format.name, format.direction, format.what]);
    }
    let mut out = context.out();
    table.print(&mut out)?;
    out.flush()?;
    Ok(0)
}

//! `prairie query`

use std::fs::{self, File};
use std::io::{BufWriter, Write};

use crate::args::{Query, TableFormat};
use crate::context::Context;
use crate::error::Failure;
use crate::table::count;

pub(crate) fn run(context: &Context, args: &Query) -> Result<u8, Failure> {
    let format = args.format.unwrap_or(match (&args.out, context.json()) {
        (Some(path), _) if path.extension().is_some_and(|ending| ending == "parquet") => TableFormat::Parquet,
        (Some(path), _) if path.extension().is_some_and(|ending| ending == "csv") => TableFormat::Csv,
        (_, true) => TableFormat::Json,
        (Some(_), false) => TableFormat::Json,
        (None, false) => TableFormat::Table,
    });
    if format == TableFormat::Parquet && args.out.is_none() {
        return Err(Failure::new("a Parquet file does not go to stdout").hint("name the file with `--out FILE`"));
    }
    let rows = context.open_store()?.query(&args.sql, args.snapshot)?;
    let mut out: Box<dyn Write + Send> = match &args.out {
        None => Box::new(context.out()),
        Some(path) => Box::new(BufWriter::new(File::create(path).map_err(|error| Failure::Other {
            chain: vec![format!("failed to write `{}`", path.display()), error.to_string()],
            hint: None,
        })?)),
    };
    let written = match format {
        TableFormat::Table => rows.write_table(&mut out),
        TableFormat::Json => rows.write_json(&mut out),
        TableFormat::Csv => rows.write_csv(&mut out),
        TableFormat::Parquet => rows.write_parquet(&mut out),
    };
    let written = match (written, &args.out) {
        (Err(error), Some(path)) => {
            drop(out);
            // Half of an answer looks like a whole one. OK to ignore: the error is what must be told.
            fs::remove_file(path).ok();
            return Err(error.into());
        }
        (written, _) => written?,
    };
    out.flush()?;
    if args.out.is_some() || format == TableFormat::Table {
        context.say(count(written, "row"));
    }
    Ok(0)
}

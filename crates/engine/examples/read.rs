//! Reads a recording through its reader, and says how much there was: what `cargo xtask bench --only readers` times.
//!
//! ```text
//! read PATH
//! ```
//!
//! Every message is decoded and every number summed, one channel after the other; bytes of pictures are read as the reader
//! meets them, and not hashed.

use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Float64Type};
use prairie_formats::sniff;
use prairie_model::{Payload, ReadEvent, ReadOptions};
use prairie_store::PathSource;

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "it is a program for the command line")]
fn main() -> ExitCode {
    let Some(path) = std::env::args().nth(1) else {
        eprintln!("usage: read PATH");
        return ExitCode::from(2);
    };
    match read(Path::new(&path)) {
        Ok((messages, numbers, sum)) => {
            println!("{{\"messages\": {messages}, \"numbers\": {numbers}, \"sum\": {sum:e}}}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Messages, numbers, and their sum.
fn read(path: &Path) -> Result<(u64, u64, f64), Box<dyn std::error::Error>> {
    let source = PathSource::open(path)?;
    let reader = sniff(&source)?;
    let options = ReadOptions { inline: prairie_standardize::inline(), hashes: false, ..ReadOptions::default() };
    let plan = reader.plan(&source, &options)?;
    let (mut messages, mut numbers, mut sum) = (0_u64, 0_u64, 0.0_f64);
    reader.read(&source, &plan, &options, &mut |event| {
        if let ReadEvent::Batch(batch) = event {
            messages += batch.len() as u64;
            if let Payload::Decoded(rows) = &batch.payload {
                rows.columns().iter().for_each(|column| add(column, &mut numbers, &mut sum));
            }
        }
        ControlFlow::Continue(())
    })?;
    Ok((messages, numbers, sum))
}

/// Adds every number of a column, whatever it is nested in.
fn add(column: &ArrayRef, numbers: &mut u64, sum: &mut f64) {
    match column.data_type() {
        DataType::Struct(_) => column.as_struct().columns().iter().for_each(|inner| add(inner, numbers, sum)),
        DataType::List(_) => add(column.as_list::<i32>().values(), numbers, sum),
        DataType::LargeList(_) => add(column.as_list::<i64>().values(), numbers, sum),
        DataType::FixedSizeList(..) => add(column.as_fixed_size_list().values(), numbers, sum),
        kind if kind.is_numeric() => {
            let Ok(floats) = arrow::compute::cast(column, &DataType::Float64) else { return };
            let floats = floats.as_primitive::<Float64Type>();
            *numbers += (floats.len() - floats.null_count()) as u64;
            *sum += floats.iter().flatten().sum::<f64>();
        }
        _ => {}
    }
}

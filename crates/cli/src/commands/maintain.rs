//! `prairie fsck`, `compact`, `gc` and `erase`

use crate::args::{Erase, Fsck, Gc};
use crate::context::Context;
use crate::error::Failure;
use crate::table::{bytes, count, thousands};

pub(crate) fn fsck(context: &Context, args: &Fsck) -> Result<u8, Failure> {
    let report = context.open_store()?.fsck(args.deep)?;
    if context.json() {
        context.print_json(&report)?;
    } else {
        for problem in &report.problems {
            outln!("{problem}");
        }
        context.say(format!(
            "{} {} and {}: {}",
            if args.deep { "Hashed" } else { "Looked at" },
            count(report.objects, "object"),
            count(report.tables, "table file"),
            count(report.problems.len() as u64, "problem")
        ));
    }
    Ok(u8::from(!report.problems.is_empty()))
}

pub(crate) fn compact(context: &Context) -> Result<u8, Failure> {
    let report = context.open_store()?.compact()?;
    if context.json() {
        context.print_json(&report)?;
    } else {
        context.say(format!(
            "Merged {} into {} (snapshot {})",
            count(report.files_before, "file"),
            report.files_after,
            report.snapshot
        ));
    }
    Ok(0)
}

pub(crate) fn gc(context: &Context, args: &Gc) -> Result<u8, Failure> {
    let report = context.open_store()?.gc(args.grace_h)?;
    if context.json() {
        context.print_json(&report)?;
    } else {
        context.say(format!("Deleted {}, {}", count(report.deleted, "object"), bytes(report.bytes)));
    }
    Ok(0)
}

pub(crate) fn erase(context: &Context, args: &Erase) -> Result<u8, Failure> {
    let report = context.open_store()?.erase(&args.id, args.reason.as_deref(), args.dry_run)?;
    if context.json() {
        context.print_json(&report)?;
        return Ok(0);
    }
    let (goes, stays) = if args.dry_run { ("would go", "would stay") } else { ("gone", "kept") };
    let gone = |what: String| outln!("{goes}: {what}");
    if report.objects > 0 {
        gone(format!("{} of the recording, {}", count(report.objects, "file"), bytes(report.bytes)));
    }
    for (table, rows) in &report.rows {
        gone(format!("{} of `{table}`", count(*rows, "row")));
    }
    if report.rows_earlier > 0 {
        gone(format!("{} that only earlier snapshots see", count(report.rows_earlier, "row")));
    }
    if report.table_files > 0 {
        let files = count(report.table_files, "table file");
        gone(format!("{files}, {}; what else was in them is written anew", bytes(report.table_bytes)));
    }
    for log in &report.logs {
        gone(format!("station log {log}"));
    }
    for version in &report.datasets {
        outln!("flagged: dataset version `{version}` held it");
    }
    for verdict in &report.verdicts {
        outln!("flagged: verdict `{verdict}` counts it");
    }
    for standing in &report.standings {
        outln!("flagged: what `monitor` said, `{standing}`, counts it");
    }
    for kept in &report.kept {
        let size = kept.bytes.map_or_else(String::new, |size| format!(", {}", bytes(size)));
        outln!("{stays}: {} {}{size}: {}", thousands(kept.count), kept.what, kept.why);
    }
    let rows: u64 = report.rows.values().sum();
    context.say(format!(
        "{} {}, {} and {}, {}",
        if args.dry_run { "Would erase" } else { "Erased" },
        count(report.episodes.len() as u64, "episode"),
        count(rows, "row"),
        count(report.objects, "file"),
        bytes(report.bytes)
    ));
    Ok(0)
}

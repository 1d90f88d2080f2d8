//! `prairie fsck`, `compact`, `gc` and `erase`

use crate::args::{Erase, Fsck, Gc};
use crate::context::Context;
use crate::error::Failure;
use crate::table::{bytes, count};

pub(crate) fn fsck(context: &Context, args: &Fsck) -> Result<u8, Failure> {
    let report = context.open_store()?.fsck(args.deep)?;
    if context.json() {
        context.print_json(&report)?;
    } else {
        for problem in &report.problems {
            println!("{problem}");
        }
        context.say(format!(
            "Looked at {} and {}: {}",
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
    for version in &report.datasets {
        println!("held by dataset version `{version}`, which is flagged now");
    }
    context.say(format!(
        "{} {} and {}",
        if args.dry_run { "Would erase" } else { "Erased" },
        count(report.episodes.len() as u64, "episode"),
        count(report.objects, "object")
    ));
    Ok(0)
}

//! `prairie dataset`

use std::io::Write;

use prairie_engine::{DatasetRecipe, DatasetReport};
use serde_json::json;

use crate::args::{Dataset, DatasetCommand};
use crate::context::Context;
use crate::error::Failure;
use crate::table::{Table, count, or_unknown};

pub(crate) fn run(context: &Context, args: &Dataset) -> Result<u8, Failure> {
    let engine = context.open_store()?;
    match &args.command {
        DatasetCommand::Create { name, condition, snapshot, split, seed, licence } => {
            let recipe = DatasetRecipe {
                condition: condition.clone(),
                snapshot: *snapshot,
                split: parse_split(split)?,
                seed: *seed,
                licence: licence.clone(),
            };
            let version = engine.create_dataset(name, &recipe)?;
            if context.json() {
                context.print_json(&version)?;
            } else {
                print(context, &version, false)?;
            }
        }
        DatasetCommand::Ls => {
            let datasets = engine.datasets()?;
            if context.json() {
                context.print_json(&json!({ "datasets": datasets }))?;
                return Ok(0);
            }
            let mut table =
                Table::new(&["dataset", ">version", ">episodes", ">raw h", ">accepted h", ">delivered h", "hash"]);
            for dataset in &datasets {
                table.row(vec![
                    dataset.name.clone(),
                    dataset.version.to_string(),
                    dataset.episodes.to_string(),
                    format!("{:.3}", dataset.hours.raw),
                    format!("{:.3}", dataset.hours.accepted),
                    format!("{:.3}", dataset.hours.delivered),
                    dataset.hash.to_string()[..12].to_owned(),
                ]);
            }
            let mut out = context.out();
            table.print(&mut out)?;
            out.flush()?;
        }
        DatasetCommand::Show { name, episodes } => {
            let dataset = engine.dataset(name)?;
            if context.json() {
                context.print_json(&dataset)?;
            } else {
                print(context, &dataset, *episodes)?;
            }
        }
    }
    Ok(0)
}

fn print(context: &Context, dataset: &DatasetReport, list: bool) -> Result<(), Failure> {
    let mut out = context.out();
    writeln!(out, "dataset    {}@{}", dataset.name, dataset.version)?;
    writeln!(out, "episodes   {}", dataset.episodes)?;
    writeln!(
        out,
        "hours      {:.3} raw, {:.3} accepted, {:.3} delivered",
        dataset.hours.raw, dataset.hours.accepted, dataset.hours.delivered
    )?;
    for (name, n) in &dataset.split_counts {
        writeln!(out, "split      {name}: {}", count(*n, "episode"))?;
    }
    writeln!(out, "where      {}", dataset.recipe.condition)?;
    writeln!(out, "snapshot   {}", dataset.snapshot)?;
    writeln!(out, "licence    {}", or_unknown(dataset.recipe.licence.as_deref()))?;
    writeln!(out, "hash       {}", dataset.hash)?;
    if list {
        for member in &dataset.members {
            writeln!(out, "{}  {}", member.episode, member.split)?;
        }
    }
    out.flush()?;
    Ok(())
}

/// `train=0.9,test=0.1`
fn parse_split(text: &str) -> Result<Vec<(String, f64)>, Failure> {
    let invalid = || Failure::new(format!("`{text}` is not a split")).hint("write it as `train=0.9,test=0.1`");
    let mut parts = Vec::new();
    for part in text.split(',').filter(|part| !part.trim().is_empty()) {
        let (name, share) = part.split_once('=').ok_or_else(invalid)?;
        let share: f64 = share.trim().parse().map_err(|_error| invalid())?;
        parts.push((name.trim().to_owned(), share));
    }
    if parts.is_empty() { Err(invalid()) } else { Ok(parts) }
}

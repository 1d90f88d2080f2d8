//! `prairie ledger`

use std::path::{Path, PathBuf};

use prairie_engine::LedgerCheck;

use crate::args::{Ledger, LedgerCommand};
use crate::context::{Context, read_text, write_text};
use crate::error::Failure;

pub(crate) fn run(context: &Context, args: &Ledger) -> Result<u8, Failure> {
    match &args.command {
        LedgerCommand::Export { dir } => export(context, dir),
        LedgerCommand::Checkpoint { out } => {
            write_text(out.as_deref(), &context.open_store()?.ledger_checkpoint()?)?;
            Ok(0)
        }
        LedgerCommand::Prove { leaf, receipt, detached, out } => {
            let store = context.open_store()?;
            let text = match (leaf, receipt) {
                (_, Some(file)) => {
                    let envelope = store.ledger_prove_envelope(&read_text(file)?)?;
                    let proof = envelope.ledger.as_ref().filter(|_| *detached).and_then(|place| place.to_proof());
                    proof.map_or_else(|| envelope.to_json() + "\n", |proof| proof.to_string())
                }
                (Some(leaf), None) => store.ledger_prove(*leaf)?,
                (None, None) => return Err(Failure::new("neither a leaf nor a receipt was named")),
            };
            write_text(out.as_deref(), &text)?;
            Ok(0)
        }
        LedgerCommand::Verify { dir, against, key } => verify(context, dir.as_deref(), against.as_deref(), key),
        LedgerCommand::Key => {
            outln!("{}", context.open_store()?.ledger_key()?);
            Ok(0)
        }
    }
}

fn export(context: &Context, dir: &Path) -> Result<u8, Failure> {
    let report = context.open_store()?.ledger_export(dir)?;
    if context.json() {
        context.print_json(&report)?;
    } else {
        outln!("origin  {}", report.origin);
        outln!("leaves  {}", report.leaves);
        outln!("root    {}", report.root);
        outln!("key     {}", report.key);
    }
    context.say(format!(
        "Exported the ledger to `{}`: {} files written, {} kept as they were",
        dir.display(),
        report.written,
        report.kept
    ));
    Ok(0)
}

fn verify(context: &Context, dir: Option<&Path>, against: Option<&Path>, key: &[PathBuf]) -> Result<u8, Failure> {
    let against = against.map(read_text).transpose()?;
    let mut keys = Vec::new();
    for path in key {
        keys.push(read_text(path)?);
    }
    let check = match dir {
        None => context.open_store()?.ledger_verify(against.as_deref(), &keys)?,
        Some(dir) => {
            if keys.is_empty() {
                let store = context.open_store().map_err(|_error| {
                    Failure::new(
                        "an exported ledger is verified against a key (`--key FILE`) or the store that made it",
                    )
                    .hint("`prairie receipt key` and `prairie ledger key` print the key of a store")
                })?;
                keys.push(store.public_key()?);
            }
            prairie_engine::ledger_verify_files(dir, &keys, against.as_deref())?
        }
    };
    if context.json() {
        context.print_json(&check)?;
    } else {
        print(&check);
    }
    context.say(match &check.wrong {
        None => "The ledger holds".to_owned(),
        Some(what) => format!("The ledger does not hold: {what}"),
    });
    Ok(u8::from(!check.holds()))
}

fn print(check: &LedgerCheck) {
    outln!("origin   {}", check.origin);
    outln!("leaves   {}", check.leaves);
    outln!("root     {}", check.root);
    for (kind, count) in &check.kinds {
        outln!("         {count} {}", if kind.is_empty() { "of no known form" } else { kind });
    }
    if let Some(facts) = check.facts {
        outln!("facts    {facts} compared with their leaves");
    }
    if let Some(size) = check.against {
        outln!("against  the ledger begins with the {size} leaves of the earlier checkpoint");
    }
    if let Some(what) = &check.wrong {
        outln!("wrong    {what}");
    }
}

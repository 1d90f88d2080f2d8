//! `prairie receipt`

use prairie_engine::ReceiptCheck;

use crate::args::{Receipt, ReceiptCommand};
use crate::context::{Context, read_text, write_text};
use crate::error::Failure;

pub(crate) fn run(context: &Context, args: Receipt) -> Result<u8, Failure> {
    match args.command {
        None => {
            let episode = args.episode.ok_or_else(|| Failure::new("no episode was named"))?;
            let receipt = context.open_store()?.receipt(&episode)?;
            write_text(args.out.as_deref(), &receipt)?;
            Ok(0)
        }
        Some(ReceiptCommand::Key) => {
            let key = context.open_store()?.public_key();
            write_text(None, &key)?;
            Ok(0)
        }
        Some(ReceiptCommand::Countersign { file, key, out }) => {
            let key = key.as_deref().map(read_text).transpose()?;
            let receipt = match key {
                Some(key) => prairie_engine::countersign(&read_text(&file)?, &key)?,
                None => context.open_store()?.countersign(&read_text(&file)?)?,
            };
            let target = out.as_deref().unwrap_or(&file);
            write_text(Some(target), &receipt)?;
            context.say(format!("Signed `{}`", target.display()));
            Ok(0)
        }
        Some(ReceiptCommand::Check { file, key, recording, mapping, profile }) => {
            let mut keys = Vec::new();
            for path in &key {
                keys.push(read_text(path)?);
            }
            if keys.is_empty() {
                keys.push(context.open_store()?.public_key());
            }
            let text = |path: &Option<std::path::PathBuf>| path.as_deref().map(read_text).transpose();
            let check = prairie_engine::check_receipt(
                &read_text(&file)?,
                &keys,
                recording.as_deref(),
                text(&mapping)?.as_deref(),
                text(&profile)?.as_deref(),
                context.progress(),
            )?;
            if context.json() {
                context.print_json(&check)?;
            } else {
                print(context, &check);
            }
            Ok(u8::from(!check.holds()))
        }
    }
}

fn print(context: &Context, check: &ReceiptCheck) {
    println!("episode    {}", check.episode);
    println!("decision   {}", check.decision.name());
    for signature in &check.signatures {
        println!("signature  {}: {}", signature.key_id, if signature.verified { "verified" } else { "not verified" });
    }
    match &check.recomputed {
        None => println!("numbers    not recomputed: the recording was not given (`--recording PATH`)"),
        Some(differences) if differences.is_empty() => println!("numbers    recomputed, all equal"),
        Some(differences) => {
            for difference in differences {
                println!("differs    {difference}");
            }
        }
    }
    context.say(if check.holds() { "The receipt holds" } else { "The receipt does not hold" });
}

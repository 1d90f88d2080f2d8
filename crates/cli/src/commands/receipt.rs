//! `prairie receipt`

use prairie_engine::ReceiptCheck;

use crate::args::{Receipt, ReceiptCommand};
use crate::context::{Context, mapping_with_robot, read_text, write_text};
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
            let key = context.open_store()?.public_key()?;
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
        Some(ReceiptCommand::Check { file, key, recording, mapping, robot_model, profile }) => {
            let mut keys = Vec::new();
            for path in &key {
                keys.push(read_text(path)?);
            }
            let mapping = mapping_with_robot(mapping.as_deref(), robot_model.as_deref())?;
            let (receipt, profile) = (read_text(&file)?, profile.as_deref().map(read_text).transpose()?);
            // Who gives keys and no recording needs no store. With one at hand, what it can tell is told.
            let store = match (keys.is_empty(), recording.is_none()) {
                (true, _) => Some(context.open_store()?),
                (false, true) => context.open_store().ok(),
                (false, false) => None,
            };
            let check = match (&recording, store) {
                (None, Some(store)) => store.check_receipt(&receipt, &keys, profile.as_deref())?,
                (path, store) => {
                    // Without its own key the store still tells by the keys that were given.
                    keys.extend(store.and_then(|store| store.public_key().ok()));
                    let (mapping, profile) = (mapping.as_deref(), profile.as_deref());
                    let progress = context.progress();
                    prairie_engine::check_receipt(&receipt, &keys, path.as_deref(), mapping, profile, progress)?
                }
            };
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
    outln!("episode    {}", check.episode);
    outln!("decision   {}", check.decision.name());
    for signature in &check.signatures {
        outln!("signature  {}: {}", signature.key_id, signature.word());
    }
    match check.ledger.as_ref().map(|ledger| (ledger.leaf, &ledger.wrong)) {
        None => {
            outln!("ledger     not shown: the receipt came without its proof (`prairie ledger prove --receipt FILE`)")
        }
        Some((leaf, None)) => outln!("ledger     leaf {leaf}, proved to be under the signed checkpoint"),
        Some((_, Some(why))) => outln!("ledger     {why}"),
    }
    match &check.recomputed {
        None => outln!("numbers    not recomputed: the recording was not given (`--recording PATH`)"),
        Some(differences) if differences.is_empty() => {
            outln!("numbers    recomputed from the {}, all equal", check.recomputed_from.unwrap_or("recording"));
        }
        Some(differences) => {
            for difference in differences {
                outln!("differs    {difference}");
            }
        }
    }
    if !check.not_recomputable.is_empty() {
        outln!(
            "unknown    {}: not recomputed, they compare with what else was in the store; taken as the receipt says",
            check.not_recomputable.join(", ")
        );
    }
    context.say(if check.holds() { "The receipt holds" } else { "The receipt does not hold" });
}

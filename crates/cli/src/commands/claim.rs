//! `prairie claim`

use crate::args::Claim;
use crate::context::{Context, read_text};
use crate::error::Failure;

pub(crate) fn run(context: &Context, args: &Claim) -> Result<u8, Failure> {
    let mut assessed = Vec::new();
    for file in &args.files {
        assessed.push(prairie_engine::assess_claim(&read_text(file)?)?);
    }
    let demonstrated = assessed.iter().all(|claim| claim.demonstrated);
    if context.json() {
        context.print_json(&assessed)?;
    } else {
        for claim in &assessed {
            let word = if claim.demonstrated { "can be looked at" } else { "not demonstrated" };
            outln!("`{}` by {}: {word}", claim.claim, claim.by);
            for need in &claim.endpoints {
                outln!("  {:<14} {}", need.endpoint, need.sentence());
            }
            for line in &claim.arithmetic {
                outln!("  numbers        {line}");
            }
        }
    }
    Ok(u8::from(!demonstrated))
}

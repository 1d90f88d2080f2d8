//! `prairie monitor`

use prairie_engine::{Monitoring, Standing};

use crate::args::Monitor;
use crate::context::{Context, read_text};
use crate::error::Failure;

pub(crate) fn run(context: &Context, args: &Monitor) -> Result<u8, Failure> {
    let changes = args.changes.as_deref().map(read_text).transpose()?;
    let now = args.at.map(prairie_model::Nanos);
    let monitoring = context.open_store()?.monitor(&args.scenario, changes.as_deref(), now, context.progress())?;
    if context.json() {
        context.print_json(&monitoring)?;
    } else {
        print(&monitoring);
    }
    Ok(u8::from(monitoring.standing != Standing::Stands))
}

fn print(monitoring: &Monitoring) {
    if monitoring.provenance.simulated {
        outln!("simulated: nothing here is about a real station");
    }
    let word = match monitoring.standing {
        Standing::Stands => "stands",
        Standing::Hold => "is held",
        Standing::Demoted => "is demoted",
        Standing::Rejected => "is rejected",
    };
    outln!(
        "the promotion of `{}` to {} {word}: {} shifts since the {} that were promoted; stage {}",
        monitoring.scenario,
        monitoring.gate,
        monitoring.shifts_since,
        monitoring.promoted_shifts,
        monitoring.stage.as_deref().unwrap_or("none")
    );
    for reason in &monitoring.reasons {
        outln!("  × {reason}");
    }
    for watched in &monitoring.watches {
        let mark = match (watched.known, watched.alarms.is_empty() && watched.expired.is_none() && !watched.rejects) {
            (false, _) => "?",
            (true, true) => "✓",
            (true, false) => "×",
        };
        outln!("  {mark} {:<14} {}", watched.watch, watched.reason);
    }
    let void: Vec<&str> =
        monitoring.claims.iter().filter(|claim| !claim.stands).map(|claim| claim.endpoint.as_str()).collect();
    if !void.is_empty() {
        outln!("claims that are void: {}", void.join(", "));
    }
}

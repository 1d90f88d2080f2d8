//! `prairie verify`

use prairie_engine::{ControlState, Verdict, VerdictDecision, VerdictState};

use super::paper;
use crate::args::Verify;
use crate::context::Context;
use crate::error::Failure;

pub(crate) fn run(context: &Context, args: &Verify) -> Result<u8, Failure> {
    let report = context.open_store()?.verify(&args.scenario, &args.gate, context.progress())?;
    paper::write(context, &report.envelope, args.out.as_deref(), &args.paper)?;
    if context.json() {
        context.print_json(&report.verdict)?;
    } else {
        print(&report.verdict);
    }
    Ok(u8::from(report.verdict.decision != VerdictDecision::Promote))
}

fn print(verdict: &Verdict) {
    if verdict.provenance.simulated {
        outln!("simulated: nothing here is about a real station");
    }
    if verdict.self_attested {
        outln!("self-attested: the recorder belongs to a party that gains by the verdict");
    }
    let word = match verdict.decision {
        VerdictDecision::Promote => "promoted",
        VerdictDecision::Hold => "held",
        VerdictDecision::Reject => "rejected",
    };
    outln!(
        "`{}` is {word} at the gate to {} (attempt {}, look {} of {})",
        verdict.scenario,
        verdict.gate,
        verdict.attempt,
        verdict.look.number,
        verdict.look.of
    );
    for result in &verdict.endpoints {
        let mark = match result.state {
            VerdictState::Pass => "✓",
            VerdictState::Hold => "·",
            VerdictState::Fail => "×",
            VerdictState::Unknown => "?",
        };
        outln!("  {mark} {:<14} {}", result.endpoint, result.reason);
        for note in &result.notes {
            outln!("                   {note}");
        }
        if let Some(missing) = &result.missing {
            outln!("                   needs {missing}");
        }
    }
    outln!("controls:");
    for result in verdict.controls.iter().filter(|result| result.state != ControlState::NotRequired) {
        let mark = match result.state {
            ControlState::Pass => "✓",
            ControlState::Fail => "×",
            ControlState::Unknown => "?",
            ControlState::NotRequired => "-",
        };
        let asked = if result.required { "" } else { " (not required)" };
        outln!("  {mark} {:<14} {}{asked}", result.control, result.reason);
        if let Some(missing) = &result.missing {
            outln!("                   needs {missing}");
        }
    }
    outln!("not shown:");
    for sentence in &verdict.not_shown {
        outln!("  {sentence}");
    }
}

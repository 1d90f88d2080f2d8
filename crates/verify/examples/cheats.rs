//! Prints how often cheated logs are promoted, with controls and without: `cheats LOGS SEED [KIND,KIND]`. The tables of
//! `docs/calibration.md`.

use std::collections::BTreeMap;
use std::io::Write;

use prairie_verify::calibration::cheats::{Bench, Fooled, shares};
use prairie_verify::simulate::{Cheat, CheatKind};

/// Logs of each step of the search for the least strength.
const SEARCH_LOGS: u64 = 40;

fn main() -> Result<(), String> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |usual: u64| arguments.next().and_then(|text| text.parse().ok()).unwrap_or(usual);
    let (logs, seed) = (number(400), number(5_001));
    let only = arguments.next();
    let wanted = |name: &str| only.as_deref().is_none_or(|only| only.split(',').any(|each| each == name));
    let mut out = std::io::stdout().lock();
    let mut say = |line: String| writeln!(out, "{line}").and_then(|()| out.flush()).map_err(|error| error.to_string());
    let bench = Bench::new()?;
    let (asked, truth) = shares();
    say(format!("# asked {asked}, true {truth}; {logs} logs, seed {seed}"))?;
    say("kind,strength,logs,without,with the gate's,with all,rejected,failed by,not passed by".to_owned())?;
    if wanted("honest") {
        say(line("honest", 0.0, &bench.run(None, logs, seed)?))?;
    }
    for kind in CheatKind::ALL.into_iter().filter(|kind| wanted(kind.name())) {
        match bench.least_strength(kind, SEARCH_LOGS, seed + 1_000_000)? {
            Some(strength) => {
                let mut cheat = Cheat { kind, strength };
                let mut fooled = bench.run(Some(cheat), logs, seed)?;
                // The search saw other logs: of these, half must be lifted too.
                while 2 * fooled.without < logs
                    && let Some(stronger) = bench.stronger(cheat)
                {
                    cheat = stronger;
                    fooled = bench.run(Some(cheat), logs, seed)?;
                }
                say(line(kind.name(), cheat.strength, &fooled))?;
            }
            None => say(format!("{},none lifts it over the gate", kind.name()))?,
        }
    }
    if wanted("retries") {
        for (success, campaigns) in [(truth, 10), (asked, 1), (asked, 5), (asked, 14)] {
            let tries = (logs / 4).max(1);
            say(line(
                &format!("retries of {success}"),
                f64::from(campaigns),
                &bench.retries(success, campaigns, tries, seed)?,
            ))?;
        }
    }
    Ok(())
}

fn line(name: &str, strength: f64, fooled: &Fooled) -> String {
    let counts = |counts: &BTreeMap<String, u64>| {
        let texts = counts.iter().filter(|(_, count)| **count > 0).map(|(name, count)| format!("{name} {count}"));
        texts.collect::<Vec<_>>().join(" ")
    };
    let Fooled { logs, without, gate, with, rejected, failed, stopped } = fooled;
    format!("{name},{strength:.2},{logs},{without},{gate},{with},{rejected},{},{}", counts(failed), counts(stopped))
}

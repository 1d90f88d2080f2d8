//! Prints the tables of `docs/calibration.md`: how often the bounds of success promote falsely, and how often rightly.
//!
//! `cargo run --release -p prairie-verify --example calibration -- TABLE REPLICATES SEED`, where the table is `designs` (every
//! combination, as CSV), `worst` (the designs in which one of the rules was found worst), `beyond` (outside of what the
//! rule was chosen for), `power`, or `looks` (several looks at the same log; its columns are others).

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints tables")]

use std::process::ExitCode;

use prairie_verify::bound::{Confidence, StatError};
use prairie_verify::calibration::{Design, Promotions, Sizes, promotions, promotions_at_looks};

/// A design, the share required of it, and the confidence.
type Row = (Design, f64, f64);

const SIZES: [Sizes; 3] = [Sizes::Equal, Sizes::Unequal, Sizes::Extreme];

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let (table, replicates, seed) = (words.next(), words.next(), words.next());
    let numbers = (replicates.and_then(|word| word.parse().ok()), seed.and_then(|word| word.parse().ok()));
    let (Some(table), (Some(replicates), Some(seed))) = (table, numbers) else {
        eprintln!("usage: calibration designs|worst|beyond|power|looks REPLICATES SEED");
        return ExitCode::from(2);
    };
    if table == "looks" {
        return looks(replicates, seed);
    }
    let rows = match table.as_str() {
        "designs" => designs(),
        "worst" => worst(),
        "beyond" => beyond(),
        "power" => power(),
        other => {
            eprintln!("there is no table `{other}`");
            return ExitCode::from(2);
        }
    };
    println!("sizes,strata,drift,share,required,icc,shifts,units,confidence,decision,amended,uncorrected,independent");
    for row in rows {
        if let Err(error) = print(&row, replicates, seed) {
            eprintln!("{row:?}: {error}");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

/// One line of CSV: the row, and how many of 100 logs each bound promotes.
fn print((design, required, confidence): &Row, replicates: u64, seed: u64) -> Result<(), StatError> {
    let Promotions { replicates, decision, amended, uncorrected, independent } =
        promotions(design, *required, Confidence::new(*confidence)?, replicates, seed)?;
    // OK: counts of a simulation are far below 2^53.
    let percent = |count: u64| format!("{:.2}", 100.0 * count as f64 / replicates as f64);
    println!(
        "{:?},{},{},{},{required},{},{},{},{confidence},{},{},{},{}",
        design.sizes,
        design.strata,
        design.drift,
        design.share,
        design.icc,
        design.shifts,
        design.units,
        percent(decision),
        percent(amended),
        percent(uncorrected),
        percent(independent)
    );
    Ok(())
}

/// Several looks at the same logs, of which none should promote: CSV with the percent of each look.
fn looks(replicates: u64, seed: u64) -> ExitCode {
    println!("sizes,strata,drift,share,icc,units,looks,promoted,at each look");
    for sizes in SIZES {
        for (strata, drift) in [(false, 0.0), (true, 0.0), (false, 0.5), (true, 0.5)] {
            for share in [0.95, 0.97, 0.99, 0.995] {
                for (icc, units) in [(0.0, 100), (0.02, 100), (0.02, 400), (0.05, 100), (0.05, 400)] {
                    for looks in [&[20, 30][..], &[20, 40, 60], &[10, 20, 30, 40, 50, 60]] {
                        let shifts = looks.last().copied().unwrap_or(0);
                        let design = Design { share, icc, shifts, units, sizes, strata, drift };
                        let found = promotions_at_looks(&design, looks, share, Confidence::USUAL, replicates, seed);
                        let counts = match found {
                            Ok(counts) => counts,
                            Err(error) => {
                                eprintln!("{design:?}: {error}");
                                return ExitCode::from(2);
                            }
                        };
                        // OK: counts of a simulation are far below 2^53.
                        let percent = |count: u64| format!("{:.2}", 100.0 * count as f64 / replicates as f64);
                        let each: Vec<String> = counts.iter().map(|count| percent(*count)).collect();
                        println!(
                            "{sizes:?},{strata},{drift},{share},{icc},{units},{},{},{}",
                            looks.iter().map(u64::to_string).collect::<Vec<_>>().join(" "),
                            percent(counts.iter().sum()),
                            each.join(" ")
                        );
                    }
                }
            }
        }
    }
    ExitCode::SUCCESS
}

/// A design without strata and drift of which its own share is required.
fn plain(sizes: Sizes, share: f64, icc: f64, shifts: u64, units: u64) -> Row {
    (Design { share, icc, shifts, units, sizes, strata: false, drift: 0.0 }, share, 0.95)
}

/// Every combination that the rule was chosen for.
fn designs() -> Vec<Row> {
    let mut rows = Vec::new();
    for sizes in SIZES {
        for share in [0.9, 0.95, 0.97, 0.99, 0.995] {
            for icc in [0.0, 0.02, 0.05] {
                for shifts in [8, 10, 20, 40, 60] {
                    rows.extend([20, 100, 400, 1000].map(|units| plain(sizes, share, icc, shifts, units)));
                }
            }
        }
        for (strata, drift) in [(true, 0.0), (false, 0.5), (false, -0.5), (true, 0.5)] {
            for share in [0.95, 0.97, 0.99, 0.995] {
                for icc in [0.02, 0.05] {
                    for shifts in [10, 20, 40, 60] {
                        rows.extend([100, 400, 1000].map(|units| {
                            let (design, required, confidence) = plain(sizes, share, icc, shifts, units);
                            (Design { strata, drift, ..design }, required, confidence)
                        }));
                    }
                }
            }
        }
    }
    rows
}

/// The designs in which one of the rules was found worst, with an ICC of 0.05.
fn worst() -> Vec<Row> {
    let mut rows = Vec::new();
    for (sizes, share, shifts, units, strata, drift) in [
        (Sizes::Equal, 0.99, 60, 1000, false, 0.5),
        (Sizes::Equal, 0.99, 60, 1000, false, 0.0),
        (Sizes::Equal, 0.95, 60, 1000, false, 0.0),
        (Sizes::Equal, 0.97, 60, 100, true, 0.0),
        (Sizes::Equal, 0.97, 60, 1000, false, -0.5),
        (Sizes::Equal, 0.995, 60, 1000, false, 0.0),
        (Sizes::Equal, 0.995, 40, 400, false, 0.0),
        (Sizes::Unequal, 0.97, 60, 1000, false, 0.0),
        (Sizes::Unequal, 0.97, 60, 400, false, 0.5),
        (Sizes::Unequal, 0.97, 60, 1000, true, 0.0),
        (Sizes::Unequal, 0.995, 60, 1000, false, 0.0),
        (Sizes::Extreme, 0.90, 60, 1000, false, 0.0),
        (Sizes::Extreme, 0.99, 60, 1000, false, 0.0),
        (Sizes::Extreme, 0.995, 60, 1000, false, 0.0),
    ] {
        let (design, required, confidence) = plain(sizes, share, 0.05, shifts, units);
        rows.push((Design { strata, drift, ..design }, required, confidence));
    }
    rows
}

/// What the rule was not chosen for: more shifts, a higher ICC, other confidences.
fn beyond() -> Vec<Row> {
    let mut rows = Vec::new();
    for sizes in SIZES {
        for shifts in [120, 200] {
            rows.extend([0.97, 0.99, 0.995, 0.999].map(|share| plain(sizes, share, 0.05, shifts, 400)));
        }
        for shifts in [20, 60] {
            for share in [0.95, 0.97, 0.99] {
                rows.push(plain(sizes, share, 0.1, shifts, 100));
                let (design, required, _) = plain(sizes, share, 0.05, shifts, 100);
                rows.extend([0.8, 0.975, 0.99].map(|confidence| (design, required, confidence)));
            }
        }
    }
    rows
}

/// Shares above the one required.
fn power() -> Vec<Row> {
    let mut rows = Vec::new();
    for sizes in [Sizes::Equal, Sizes::Unequal] {
        for (share, required, icc, shifts, units) in [
            (0.98, 0.95, 0.02, 20, 100),
            (0.985, 0.95, 0.02, 20, 100),
            (0.99, 0.97, 0.02, 20, 200),
            (0.99, 0.97, 0.02, 40, 200),
            (0.99, 0.98, 0.01, 60, 300),
            (0.98, 0.95, 0.0, 20, 100),
            (0.98, 0.95, 0.05, 20, 100),
            (0.98, 0.95, 0.05, 40, 100),
            (0.99, 0.95, 0.02, 10, 100),
            (0.985, 0.97, 0.02, 60, 100),
            (0.995, 0.99, 0.01, 60, 400),
            (0.999, 0.99, 0.01, 40, 100),
        ] {
            let (design, _, confidence) = plain(sizes, share, icc, shifts, units);
            rows.push((design, required, confidence));
        }
    }
    rows
}

//! `prairie prove`

use std::path::Path;

use prairie_engine::{EngineError, ProveOptions, ProveReport, prove};

use crate::args::{Prove, Reading};
use crate::context::{Context, read_text, write_text};
use crate::error::Failure;
use crate::table::{count, thousands};

/// Differences that are printed for people; all that are told are in the JSON.
const PRINTED: usize = 50;

pub(crate) fn run(context: &Context, args: Prove) -> Result<u8, Failure> {
    let usual = ProveOptions::default();
    let options = ProveOptions {
        tolerance: args.tolerance.unwrap_or(usual.tolerance),
        time_tolerance_s: args.time_tolerance_s.unwrap_or(usual.time_tolerance_s),
        psnr_min_db: args.psnr_min_db.unwrap_or(usual.psnr_min_db),
        ssim_min: args.ssim_min.unwrap_or(usual.ssim_min),
        worst_part_min_db: args.worst_part_min_db.unwrap_or(usual.worst_part_min_db),
        subset: args.subset,
    };
    let reading = Reading {
        mapping: args.mapping,
        robot_model: args.robot_model,
        profile: None,
        format: args.format,
        no_video: true,
        facts: args.facts,
    };
    let reading = context.reading(&reading)?;
    let report = prove(&args.source, &args.export, &reading, &options, context.progress())?;
    if context.json() {
        context.print_json(&report)?;
    } else {
        print(&report);
    }
    let signed = args.out.as_deref().map(|out| sign(context, &report, args.key.as_deref(), out)).transpose()?;
    let verdict = if report.equal { "Proved" } else { "Not proved" };
    context.say(format!(
        "{verdict} that `{}` holds what its source holds{}",
        args.export.display(),
        signed.unwrap_or_default()
    ));
    Ok(u8::from(!report.equal))
}

/// Writes the proof, signed where there is a key, and says so.
fn sign(context: &Context, report: &ProveReport, key: Option<&Path>, out: &Path) -> Result<String, Failure> {
    let shown = out.display();
    let envelope = match key {
        Some(key) => Some(report.signed_with(&read_text(key)?)?),
        None => match context.open_store() {
            Ok(store) => Some(store.sign_proof(report)?),
            Err(Failure::Engine(EngineError::NoStore { .. })) => None,
            Err(failure) => return Err(failure),
        },
    };
    match envelope {
        Some(envelope) => {
            write_text(Some(out), &format!("{envelope}\n"))?;
            Ok(format!("; the signed proof is `{shown}`"))
        }
        None => {
            write_text(Some(out), &format!("{}\n", report.payload()?))?;
            Ok(format!("; `{shown}` is not signed: there is no store and no `--key`"))
        }
    }
}

fn print(report: &ProveReport) {
    for difference in report.differences.iter().take(PRINTED) {
        let episode = difference.episode.map_or_else(String::new, |episode| format!("episode {episode}, "));
        outln!("differs: {episode}{}: {}", difference.what, difference.text);
    }
    let more = report.differences_count.saturating_sub(PRINTED as u64);
    if more > 0 {
        outln!("differs: {} more; `--output-format json` tells up to a thousand", thousands(more));
    }
    for (what, n) in &report.left_out {
        match n {
            0 => outln!("left out: {what}"),
            n => outln!("left out: {what}: {}", thousands(*n)),
        }
    }
    for what in &report.added {
        outln!("added: {what}");
    }
    outln!(
        "{}, {} (largest difference {:e}), {}, times within {:.6} s",
        count(report.episodes.len() as u64, "episode"),
        count(report.numbers, "number"),
        report.largest_difference,
        count(report.texts, "text"),
        report.largest_shift_s
    );
    if report.pictures > 0 {
        let likeness = match (report.psnr_least_db, report.ssim_least) {
            (Some(psnr), Some(ssim)) => {
                format!("; others encoded: PSNR at least {psnr:.1} dB, SSIM at least {ssim:.3}")
            }
            _ => String::new(),
        };
        outln!(
            "{}: {} with the same bytes, {} with the same pixels{likeness}",
            count(report.pictures, "picture"),
            thousands(report.pictures_equal),
            thousands(report.pictures_same_pixels)
        );
    }
}

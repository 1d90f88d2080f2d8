//! `prairie export`

use prairie_engine::ExportOptions;

use crate::args::Export;
use crate::context::Context;
use crate::error::Failure;
use crate::table::{count, thousands};

pub(crate) fn run(context: &Context, args: &Export) -> Result<u8, Failure> {
    let options = ExportOptions {
        target: args.to.clone(),
        fps: args.fps,
        align: args.align.parse()?,
        tolerance_s: args.tolerance_s,
        split: args.split.clone(),
        streams: args.streams.clone(),
        encode: args.encode,
        size: args.size.as_deref().map(str::parse).transpose()?,
        action: args.action.parse()?,
    };
    let engine = context.open_store()?;
    let proof = engine.export(&args.name, &args.dir, &options, context.progress())?;
    if let Some(why) = &proof.unrecorded {
        context.say(format!("note: the ledger does not hold this export: {why}"));
    }
    if context.json() {
        context.print_json(&proof)?;
        return Ok(0);
    }
    for camera in &proof.videos {
        let undecodable = match camera.undecodable {
            0 => String::new(),
            n => format!(" ({} undecodable)", thousands(n)),
        };
        outln!(
            "{}: {}, {} of {} source frames exported, {} repeated, {} dropped{undecodable}; largest shift {:.1} ms{}",
            camera.feature,
            camera.how,
            thousands(camera.exported),
            thousands(camera.source_frames),
            thousands(camera.repeated),
            thousands(camera.dropped),
            camera.largest_shift_s * 1e3,
            camera.likeness.map_or_else(String::new, |likeness| format!(
                "; SSIM {:.3}, at least {:.3}",
                likeness.ssim_mean, likeness.ssim_min
            ))
        );
    }
    for dropped in &proof.left_out {
        outln!("left out: {dropped}");
    }
    for filled in &proof.filled {
        outln!("filled in: {filled}");
    }
    context.say(format!(
        "Exported {} ({} rows, {:.1} s) of `{}@{}` to `{}`; the proof is `{}`",
        count(proof.episodes.len() as u64, "episode"),
        thousands(proof.rows),
        proof.duration_s,
        proof.dataset,
        proof.version,
        args.dir.display(),
        proof.path
    ));
    Ok(0)
}

//! `prairie demo`: both roads, on the bundled recordings and on a simulated station.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use prairie_engine::{
    Align, Config, DatasetRecipe, Engine, ExportOptions, IngestOptions, Language, Verdict, VerdictDecision,
    VerdictState,
};
use prairie_model::Decision;
use serde_json::json;

use crate::args::Demo;
use crate::commands::ingest;
use crate::context::{Context, read_text};
use crate::error::Failure;
use crate::table::{bytes, count, seconds, thousands};

pub(crate) fn run(context: &Context, args: &Demo) -> Result<u8, Failure> {
    let started = Instant::now();
    let samples = samples(args)?;
    clear(&args.dir)?;
    let store = args.dir.join("store");
    let engine = Engine::create(&Config::at(&store))?;
    let options = IngestOptions::new(None, None, std::collections::BTreeMap::new(), true)?;
    let say = |line: String| context.say(line);

    say(format!("1/8  ingest   {}", samples.display()));
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(&samples)? {
        let path = entry?.path();
        let is_recording = path.is_dir() && path.join("meta").is_dir();
        if is_recording || path.extension().is_some_and(|ending| ending == "mcap") {
            paths.push(path);
        }
    }
    paths.sort();
    let report = engine.ingest(&paths, &options, context.progress())?;
    for recording in &report.recordings {
        if let Some(error) = &recording.error {
            return Err(Failure::new(format!("the bundled recording `{}` cannot be read: {error}", recording.path)));
        }
        say(format!(
            "     {}: {}, {} messages, {} frames → {}: {}",
            recording.path,
            bytes(recording.bytes),
            thousands(recording.messages.total),
            thousands(recording.frames),
            count(recording.episodes.len() as u64, "episode"),
            ingest::decisions(&recording.decisions)
        ));
    }

    say("2/8  check    every episode has findings and a signed receipt".to_owned());
    let episodes = engine.ls(None, None, None)?;
    let first = episodes.first().ok_or_else(|| Failure::new("the bundled recordings hold no episode"))?;
    for episode in &episodes {
        let shown = engine.show(&episode.id.to_string())?;
        let worst = shown
            .findings
            .iter()
            .find(|one| one.severity == "error")
            .or_else(|| shown.findings.iter().find(|one| one.severity == "warning"));
        say(format!(
            "     {} {:>8}  {:<8} {}",
            &episode.id.to_string()[..12],
            seconds(episode.duration_s),
            episode.decision.name(),
            worst.map_or_else(|| "no finding above info".to_owned(), |one| format!("{} {}", one.code, one.message))
        ));
    }

    say("3/8  receipt  signed by the store, verified offline".to_owned());
    let receipt = engine.receipt(&first.id.to_string())?;
    let file = args.dir.join("receipt.json");
    fs::write(&file, &receipt)?;
    let key = args.dir.join("store-key.pem");
    fs::write(&key, engine.public_key()?)?;
    let check = prairie_engine::check_receipt(&receipt, &[engine.public_key()?], None, None, None, context.progress())?;
    if !check.holds() {
        return Err(Failure::new("the receipt that was just signed does not verify"));
    }
    say(format!("     {} verifies with {}", file.display(), key.display()));

    say("4/8  query    SQL over every stream at its full rate".to_owned());
    let sql = "SELECT stream, count(*) AS samples, round(max(sqrt(fx_n*fx_n + fy_n*fy_n + fz_n*fz_n)), 2) AS force_max_n \
               FROM wrench GROUP BY stream ORDER BY stream";
    let rows = engine.query(sql, None)?;
    let mut text = Vec::new();
    rows.write_table(&mut text)?;
    for line in String::from_utf8_lossy(&text).lines() {
        say(format!("     {line}"));
    }

    say("5/8  dataset  a frozen version with its recipe, split and hash".to_owned());
    let condition = best(&episodes);
    let recipe = DatasetRecipe::new(condition);
    let dataset = engine.create_dataset("demo", &recipe)?;
    say(format!(
        "     {}@{}: {}, where {} ({})",
        dataset.name,
        dataset.version,
        count(dataset.episodes, "episode"),
        short_ids(&dataset.recipe.condition),
        &dataset.hash.to_string()[..12]
    ));

    say("6/8  export   LeRobot v3.0, with a proof".to_owned());
    let out = args.dir.join("lerobot-v3");
    let options = ExportOptions { target: "lerobot-v3".to_owned(), align: Align::Latest, ..ExportOptions::default() };
    let proof = engine.export("demo", &out, &options, context.progress())?;
    for video in &proof.videos {
        say(format!(
            "     {}: {} {}; {} source frames = {} exported + {} repeated + {} dropped",
            video.feature, video.how, video.codec, video.source_frames, video.exported, video.repeated, video.dropped
        ));
    }
    let verdict = proof_road(context, &engine, &samples, &args.dir)?;
    if context.json() {
        context.print_json(&json!({
            "ingest": report, "episodes": episodes, "dataset": dataset, "proof": proof, "verdict": verdict,
        }))?;
    }
    say(format!(
        "\nDone in {:.1} s: {}, {} rows at {} per second.\n\n\
         store    {}\nexport   {}\nproof    {}\nreceipt  {}\nreport   {}\n\n\
         Next:\n  prairie --store {} ls\n  prairie --store {} show {}\n  prairie explain TIM003\n  \
         prairie --store {} query \"SELECT code, count(*) FROM findings GROUP BY code ORDER BY 2 DESC\"\n  \
         prairie ingest YOUR-RECORDING.mcap\n\n\
         (`cargo run --` stands for `prairie` until it is installed: `cargo install --path crates/cli`)",
        started.elapsed().as_secs_f64(),
        count(proof.episodes.len() as u64, "episode"),
        thousands(proof.rows),
        proof.fps.unwrap_or_default(),
        store.display(),
        out.display(),
        proof.path,
        file.display(),
        args.dir.join(REPORT).display(),
        store.display(),
        store.display(),
        &first.id.to_string()[..12],
        store.display(),
    ));
    Ok(0)
}

/// The page of the verification report, in the demo's folder.
const REPORT: &str = "report.html";

/// The second road, on a station that is simulated and says so: a task book is frozen, the station works from tomorrow on, its log
/// is imported and judged.
fn proof_road(context: &Context, engine: &Engine, samples: &Path, dir: &Path) -> Result<Verdict, Failure> {
    let say = |line: String| context.say(line);
    let books = samples.join("task-books");
    say("7/8  protocol a task book, frozen before any work that it will judge".to_owned());
    let frozen = engine.freeze_protocol(&read_text(books.join("counted.toml"))?)?;
    say(format!(
        "     {} at the gate to {}: {}",
        frozen.scenario,
        frozen.gate,
        frozen.plan.first().map_or("nothing asked", String::as_str)
    ));

    say("8/8  verdict  a simulated station's log, judged, signed, checked".to_owned());
    let truth = read_text(books.join("counted-truth.toml"))?;
    // What was done before the freeze does not count: the station begins tomorrow.
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let schema = "schema = \"prairie/simulation/1\"\n";
    let tomorrow = now.as_secs() / 86_400 + 1;
    let truth = truth.replacen(schema, &format!("{schema}first_day = {tomorrow}\n"), 1);
    let log = dir.join("station-log");
    prairie_engine::simulate_station(Some(&truth), &log)?;
    let imported = engine.import_log(&log, None, context.progress())?;
    let judged = engine.verify(&frozen.scenario, &frozen.gate, context.progress())?;
    let page = prairie_engine::report_page(&judged.envelope, Language::English)?;
    fs::write(dir.join(REPORT), &page)?;
    let check = engine.check_report(&page, &[], context.progress())?;
    if !check.holds() {
        return Err(Failure::new("the report that was just signed does not hold"));
    }
    let verdict = judged.verdict;
    let passed = verdict.endpoints.iter().filter(|result| result.state == VerdictState::Pass).count();
    say(format!(
        "     {} simulated units in {}: {}; {} of {} endpoints pass; every number computed again from the log",
        thousands(imported.units),
        count(imported.shifts, "shift"),
        match verdict.decision {
            VerdictDecision::Promote => "promoted",
            VerdictDecision::Hold => "held",
            VerdictDecision::Reject => "rejected",
        },
        passed,
        verdict.endpoints.len(),
    ));
    Ok(verdict)
}

/// The accepted episodes of the recording that has most of them; where none is accepted, those of the next best decision.
///
/// One recording's episodes share their cameras: a mixed selection would keep only what all have.
fn best(episodes: &[prairie_engine::EpisodeSummary]) -> String {
    for decision in [Decision::Accept, Decision::Repair, Decision::Unknown, Decision::Reject] {
        let mut counts = std::collections::BTreeMap::new();
        for episode in episodes.iter().filter(|episode| episode.decision == decision) {
            *counts.entry(episode.recording).or_insert(0) += 1;
        }
        if let Some((recording, _)) = counts.into_iter().max_by_key(|(_, count)| *count) {
            return format!("decision = '{}' AND recording_id = '{recording}'", decision.name());
        }
    }
    "true".to_owned()
}

/// A condition as it is shown: ids of 64 digits by their first twelve, as everywhere else.
fn short_ids(condition: &str) -> String {
    let is_id = |part: &str| part.len() == 64 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let short = |part: &str| if is_id(part) { format!("{}…", &part[..12]) } else { part.to_owned() };
    condition.split('\'').map(short).collect::<Vec<_>>().join("'")
}

fn samples(args: &Demo) -> Result<PathBuf, Failure> {
    let beside_source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples");
    let candidates = [args.samples.clone(), Some(PathBuf::from("samples")), Some(beside_source)];
    candidates.into_iter().flatten().find(|path| path.join("README.md").is_file()).ok_or_else(|| {
        Failure::new("the bundled recordings are not here")
            .hint("run it in the source folder, or name them with `--samples DIR`")
    })
}

/// Removes an earlier demo, and nothing else.
fn clear(dir: &Path) -> Result<(), Failure> {
    if dir.join("store").join("catalog.sqlite").is_file() {
        fs::remove_dir_all(dir)?;
    } else if dir.exists() && fs::read_dir(dir)?.next().is_some() {
        return Err(Failure::new(format!("`{}` holds something else than a demo", dir.display()))
            .hint("name another folder with `--dir DIR`"));
    }
    fs::create_dir_all(dir)?;
    Ok(())
}

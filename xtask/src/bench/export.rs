//! Export against real time, and encoding against LeRobot's own streaming encoder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Context;
use serde_json::Value;

use super::Setup;
use super::measure::{Sample, measure};
use super::report::{Measured, Row, median_s};
use crate::{place, python};

/// An export that copies video must be so many times as fast as the recording lasts.
const AGAINST_REAL_TIME: f64 = 100.0;
/// Encoding must be at least as fast as LeRobot's encoder at the same codec.
const AGAINST_LEROBOT: f64 = 1.0;
/// Copies of the bundled recording's two attempts of 11 s in the long one: 15 minutes.
const COPIES: usize = 40;
/// LeRobot's encoder at the codec of the export, and at its default.
const CODECS: [&str; 2] = ["h264", "libsvtav1"];

/// A dataset of 15 minutes whose video is copied, and the bundled ROS recording, whose video is encoded.
pub(crate) fn export(setup: &Setup) -> anyhow::Result<Vec<Row>> {
    let mut rows = remux(setup)?;
    rows.extend(encode(setup)?);
    Ok(rows)
}

fn row(name: impl Into<String>, result: Measured) -> Row {
    Row { bench: "export", name: name.into(), result }
}

fn prairie(setup: &Setup) -> Command {
    let mut command = Command::new(&setup.prairie);
    command.arg("--store").arg(setup.scratch.join("store")).arg("--quiet");
    command
}

/// A store that holds `recording`, frozen as the dataset `all`.
fn store(setup: &Setup, recording: &Path) -> anyhow::Result<()> {
    measure(prairie(setup).arg("ingest").arg(recording).arg("--no-video"))?;
    measure(prairie(setup).args(["dataset", "create", "all", "--where", "true"]))?;
    Ok(())
}

/// Exports into an empty folder as often as asked, and gives the last proof.
fn exports(setup: &Setup, out: &Path, more: &[&str]) -> anyhow::Result<(Vec<Sample>, Value)> {
    let mut samples = Vec::new();
    for _run in 0..setup.runs {
        remove(out)?;
        measure(&mut Command::new("sync"))?;
        samples.push(measure(prairie(setup).args(["export", "all"]).arg(out).args(more))?);
    }
    let proof = fs::read(out.join("prairie-proof.json")).context("the export has no proof")?;
    Ok((samples, serde_json::from_slice(&proof)?))
}

fn remove(folder: &Path) -> anyhow::Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("failed to remove `{}`", folder.display()))?;
    }
    Ok(())
}

fn empty(folder: &Path) -> anyhow::Result<()> {
    remove(folder)?;
    fs::create_dir_all(folder).with_context(|| format!("failed to make `{}`", folder.display()))
}

fn video_bytes(proof: &Value) -> u64 {
    let videos = proof["videos"].as_array();
    videos.into_iter().flatten().filter_map(|video| video["bytes"].as_u64()).sum()
}

fn remux(setup: &Setup) -> anyhow::Result<Vec<Row>> {
    empty(&setup.scratch)?;
    let recording = lengthen(&place::root().join("samples/contact-lerobot-v21"), &setup.scratch)?;
    store(setup, &recording)?;
    let (samples, proof) = exports(setup, &setup.scratch.join("out"), &[])?;
    let copied = proof["videos"].as_array().is_some_and(|all| all.iter().all(|video| video["how"] == "remuxed"));
    anyhow::ensure!(copied, "the video was not copied: {}", proof["videos"]);
    let duration_s = proof["duration_s"].as_f64().context("the proof has no duration")?;
    let times = duration_s / median_s(&samples);
    Ok(vec![
        row(
            format!("prairie export, {duration_s:.0} s of two copied cameras"),
            Measured::Runs { samples, bytes: video_bytes(&proof) },
        ),
        row("against real time, copied", Measured::Ratio { times, target: AGAINST_REAL_TIME }),
    ])
}

/// The folder with its episodes many times over.
fn lengthen(folder: &Path, scratch: &Path) -> anyhow::Result<PathBuf> {
    let long = scratch.join("long");
    let read = |name: &str| {
        let path = folder.join("meta").join(name);
        fs::read_to_string(&path).with_context(|| format!("failed to read `{}`", path.display()))
    };
    let mut info: Value = serde_json::from_str(&read("info.json")?)?;
    let episodes = info["total_episodes"].as_u64().context("`total_episodes` is no number")?;
    for name in ["total_episodes", "total_frames", "total_videos"] {
        let count = info[name].as_u64().with_context(|| format!("`{name}` is no number"))?;
        info[name] = (count * COPIES as u64).into();
    }
    fs::create_dir_all(long.join("meta"))?;
    fs::write(long.join("meta/info.json"), info.to_string())?;
    fs::write(long.join("meta/tasks.jsonl"), read("tasks.jsonl")?)?;
    for name in ["episodes.jsonl", "episodes_stats.jsonl"] {
        let mut text = String::new();
        for copy in 0..COPIES as u64 {
            for line in read(name)?.lines() {
                let mut line: Value = serde_json::from_str(line)?;
                let index = line["episode_index"].as_u64().context("an episode has no index")?;
                line["episode_index"] = (copy * episodes + index).into();
                text += &format!("{line}\n");
            }
        }
        fs::write(long.join("meta").join(name), text)?;
    }
    let videos = folder.join("videos/chunk-000");
    let mut parts = vec![(PathBuf::from("data/chunk-000"), "parquet")];
    for camera in fs::read_dir(&videos)? {
        parts.push((Path::new("videos/chunk-000").join(camera?.file_name()), "mp4"));
    }
    for (part, ending) in parts {
        fs::create_dir_all(long.join(&part))?;
        for at in 0..episodes * COPIES as u64 {
            let name = |episode: u64| part.join(format!("episode_{episode:06}.{ending}"));
            fs::copy(folder.join(name(at % episodes)), long.join(name(at)))?;
        }
    }
    Ok(long)
}

fn encode(setup: &Setup) -> anyhow::Result<Vec<Row>> {
    empty(&setup.scratch)?;
    store(setup, &place::root().join("samples/contact-cell.mcap"))?;
    let out = setup.scratch.join("out");
    let (samples, proof) = exports(setup, &out, &["--encode"])?;
    let duration_s = proof["duration_s"].as_f64().context("the proof has no duration")?;
    let own_s = median_s(&samples);
    let mut rows = vec![
        row(
            format!("prairie export --encode, {duration_s:.0} s of three cameras"),
            Measured::Runs { samples, bytes: video_bytes(&proof) },
        ),
        row("real time, encoded", Measured::Note(format!("{:.1} × real time", duration_s / own_s))),
    ];
    let limit = Duration::from_secs(1200);
    let pythons = python::READERS.get(limit).and_then(|readers| Ok((readers, python::LEROBOT.get(limit)?)));
    let (readers, lerobot) = match pythons {
        Ok(pythons) => pythons,
        Err(why) => {
            rows.push(row("LeRobot's streaming encoder", Measured::Missing(why)));
            return Ok(rows);
        }
    };
    let (messages, frames) = (setup.scratch.join("messages"), setup.scratch.join("frames"));
    measure(prairie(setup).args(["export", "all", "--to", "mcap"]).arg(&messages))?;
    fs::create_dir_all(&frames)?;
    let script = |name: &str| place::root().join("xtask/src/bench").join(name);
    measure(Command::new(readers).arg(script("mcap_frames.py")).arg(&messages).arg(&frames))?;
    for codec in CODECS {
        let mut peers = Vec::new();
        let mut last = Value::Null;
        for _run in 0..setup.runs {
            let mut command = Command::new(&lerobot);
            command.arg(script("lerobot_encode.py")).arg(&frames).arg(&out).arg(codec);
            last = ask(command.env("HF_HUB_OFFLINE", "1"))?;
            let wall_s = last["wall_s"].as_f64().context("LeRobot's encoder has no time")?;
            peers.push(Sample { wall_s, peak_bytes: None });
        }
        let times = median_s(&peers) / own_s;
        let number = |name: &str| last[name].as_f64().unwrap_or(f64::NAN);
        let note = format!(
            "ours {:.2} MB, SSIM {:.4} (least {:.4}); LeRobot's {:.2} MB, SSIM {:.4} (least {:.4}); size {:.2} ×",
            number("own_bytes") / 1e6,
            number("own_ssim"),
            number("own_ssim_min"),
            number("bytes") / 1e6,
            number("ssim"),
            number("ssim_min"),
            number("own_bytes") / number("bytes"),
        );
        rows.push(row(
            format!("LeRobot's streaming encoder, {codec}"),
            // OK to cast: a size of megabytes.
            Measured::Runs { samples: peers, bytes: number("bytes") as u64 },
        ));
        rows.push(row(format!("against LeRobot, {codec}"), Measured::Ratio { times, target: AGAINST_LEROBOT }));
        rows.push(row(format!("likeness and size, {codec}"), Measured::Note(note)));
    }
    Ok(rows)
}

/// The JSON that a script prints in its last line.
fn ask(command: &mut Command) -> anyhow::Result<Value> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| format!("failed to start `{program}`"))?;
    let errors = String::from_utf8_lossy(&output.stderr);
    let tail: Vec<_> = errors.lines().rev().take(5).collect();
    anyhow::ensure!(output.status.success(), "`{program}` ended with {}: {}", output.status, tail.join(" | "));
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().rev().find(|line| line.starts_with('{')).context("the script printed no JSON")?;
    Ok(serde_json::from_str(line)?)
}

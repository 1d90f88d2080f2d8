//! The bundled LeRobot v2.1 dataset as two of one episode each, with tasks of their own.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

/// The task of each half.
pub(crate) const TASKS: [&str; 2] = ["insert the peg", "pull the peg out"];

/// Copies episode `episode` of the sample into the new folder `to`, and calls its task [`TASKS`]`[episode]`.
pub(crate) fn of_sample(to: &Path, episode: usize) -> PathBuf {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/contact-lerobot-v21");
    let read = |path: &str| fs::read_to_string(from.join(path)).unwrap();
    let write = |path: &str, text: String| {
        let path = to.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let key = format!("episode_{episode:06}");
    for path in [
        format!("data/chunk-000/{key}.parquet"),
        format!("videos/chunk-000/observation.images.front/{key}.mp4"),
        format!("videos/chunk-000/observation.images.wrist/{key}.mp4"),
    ] {
        fs::create_dir_all(to.join(&path).parent().unwrap()).unwrap();
        fs::copy(from.join(&path), to.join(&path)).unwrap();
    }
    let mut info: Value = serde_json::from_str(&read("meta/info.json")).unwrap();
    (info["total_episodes"], info["total_videos"], info["total_frames"]) = (json!(1), json!(2), Value::Null);
    write("meta/info.json", info.to_string());
    write("meta/tasks.jsonl", format!("{}\n", json!({"task_index": 0, "task": TASKS[episode]})));
    let of_episode = |path: &str| -> Value {
        let lines = read(path);
        let mut lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.find(|line| line["episode_index"] == json!(episode)).unwrap()
    };
    let mut facts = of_episode("meta/episodes.jsonl");
    facts["tasks"] = json!([TASKS[episode]]);
    write("meta/episodes.jsonl", format!("{facts}\n"));
    write("meta/episodes_stats.jsonl", format!("{}\n", of_episode("meta/episodes_stats.jsonl")));
    to.to_owned()
}

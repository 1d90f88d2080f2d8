//! Fills a store with generated episodes, and times queries over it. `cargo xtask bench --only query` runs it.
//!
//! ```text
//!   million fill STORE EPISODES     one table file per 100,000 episodes
//!   million time STORE ROUNDS       JSON: milliseconds to open, and of each query in each round, in one process
//! ```

#![expect(clippy::print_stdout, reason = "its result is its output")]
#![expect(clippy::disallowed_methods, reason = "a generated store need not survive a power cut")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use prairie_catalog::{Catalog, Commit, EpisodeRow};
use prairie_model::{
    Decision, DerivationId, Episode, EpisodeId, EpisodeTally, Hash256, Mode, Nanos, Outcome, RecordingId, TimeSpan,
};
use prairie_store::Disk;

type Failure = Box<dyn std::error::Error>;

const FILE_EPISODES: u64 = 100_000;
const BATCH_EPISODES: u64 = 10_000;

/// As long as those of real episodes.
const DIGEST_WORDS: u64 = 130;

/// From a count of everything to what a person asks in the morning.
const QUERIES: [&str; 4] = [
    "SELECT count(*) FROM episodes",
    "SELECT count(*) FROM episodes WHERE decision = 'accept'",
    "SELECT count(*) FROM episodes WHERE decision = 'accept' AND duration_s > 20 AND task = 'task 7'",
    "SELECT task, count(*) FROM episodes WHERE decision = 'accept' GROUP BY task",
];

/// Spreads a counter over all values, so that no column is sorted or constant.
fn scatter(n: u64) -> u64 {
    let mixed = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// One episode of a fleet of 200 robots on 50 tasks, 5 to 45 s long.
fn episode(n: u64) -> EpisodeRow {
    let derivation = DerivationId::from_bytes([2; 32]);
    let random = scatter(n);
    let start_ns = 1_760_000_000_000_000_000 + n as i64 * 30_000_000_000;
    let length_ns = 5_000_000_000 + (random % 40_000) as i64 * 1_000_000;
    EpisodeRow {
        id: EpisodeId::derive(derivation, &n.to_string()),
        recording: RecordingId::from_bytes([(random >> 8) as u8; 32]),
        derivation,
        episode: Episode {
            key: n.to_string(),
            task: Some(format!("task {}", (random >> 16) % 50)),
            robot: Some(format!("robot {}", (random >> 24) % 200)),
            station: Some(format!("station {}", (random >> 24) % 40)),
            mode: Mode::Autonomous,
            outcome: if (random >> 40).is_multiple_of(10) { Outcome::Failure } else { Outcome::Success },
            span: Some(TimeSpan::new(Nanos(start_ns), Nanos(start_ns + length_ns))),
            dated: true,
            ..Episode::default()
        },
        tally: EpisodeTally { messages: 60_000, mapped: 59_000, unmapped: 1000, ..EpisodeTally::default() },
        samples: 59_000,
        content: Hash256::of(&n.to_le_bytes()),
        digest: Some((0..DIGEST_WORDS).flat_map(|word| scatter(n ^ (word << 32)).to_le_bytes()).collect()),
        notes: Vec::new(),
        recording_notes: 0,
        decision: match (random >> 48) % 10 {
            0 => Decision::Reject,
            1 | 2 => Decision::Unknown,
            3 => Decision::Repair,
            _ => Decision::Accept,
        },
        parent: None,
        revision: 0,
    }
}

async fn open(store: &Path) -> Result<Catalog, Failure> {
    Ok(Catalog::open(store, Arc::new(Disk::open(store)?)).await?)
}

async fn fill(store: &Path, episodes: u64) -> Result<(), Failure> {
    std::fs::create_dir_all(store)?;
    let catalog = open(store).await?;
    let mut files = Vec::new();
    let mut next = 0;
    while next < episodes {
        let end = (next + FILE_EPISODES).min(episodes);
        let mut writer = catalog.writer("episodes", None)?;
        while next < end {
            let rows: Vec<_> = (next..(next + BATCH_EPISODES).min(end)).map(episode).collect();
            next += rows.len() as u64;
            writer.append(&EpisodeRow::to_batch(&rows)?)?;
        }
        files.extend(writer.finish()?);
    }
    catalog.commit(&Commit { files, note: format!("generate {episodes} episodes"), ..Commit::default() }).await?;
    Ok(())
}

async fn time(store: &Path, rounds: usize) -> Result<(), Failure> {
    let ms = |begun: Instant| begun.elapsed().as_secs_f64() * 1e3;
    let begun = Instant::now();
    let catalog = open(store).await?;
    let open_ms = ms(begun);
    let mut queries: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for _ in 0..rounds {
        for sql in QUERIES {
            let begun = Instant::now();
            catalog.query(sql, None).await?;
            queries.entry(sql).or_default().push(ms(begun));
        }
    }
    println!("{}", serde_json::json!({ "open_ms": open_ms, "queries_ms": queries }));
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["fill", store, episodes] => fill(store.as_ref(), episodes.parse()?).await,
        ["time", store, rounds] => time(store.as_ref(), rounds.parse()?).await,
        _ => Err("usage: million fill STORE EPISODES | million time STORE ROUNDS".into()),
    }
}

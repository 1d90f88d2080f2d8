//! Times a command and watches its memory.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;

/// One run of a command.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sample {
    /// From start to exit.
    pub(crate) wall_s: f64,
    /// The most memory that any process of its tree held at once, in bytes; `None` where the system does not tell.
    pub(crate) peak_bytes: Option<u64>,
}

/// How often memory is looked at. `VmHWM` is a high-water mark, so that only growth in the last interval can be missed.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Runs a command to its end.
///
/// # Errors
///
/// When it does not start, or fails.
pub(crate) fn measure(command: &mut Command) -> anyhow::Result<Sample> {
    let program = command.get_program().to_string_lossy().into_owned();
    let begun = Instant::now();
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let child = child.with_context(|| format!("failed to start `{program}`"))?;
    let id = child.id();
    // The pipe is drained while waiting: a command that says much must not block on it.
    let waiting = std::thread::spawn(move || (child.wait_with_output(), Instant::now()));
    let mut peak_bytes = None;
    while !waiting.is_finished() {
        peak_bytes = peak_bytes.max(tree_peak(id));
        std::thread::sleep(LOOK_EVERY);
    }
    let (output, ended) = waiting.join().map_err(|_panic| anyhow::anyhow!("waiting for `{program}` panicked"))?;
    let output = output.with_context(|| format!("failed to wait for `{program}`"))?;
    let errors = String::from_utf8_lossy(&output.stderr);
    let last: Vec<_> = errors.lines().rev().take(5).collect();
    anyhow::ensure!(output.status.success(), "`{program}` ended with {}: {}", output.status, last.join(" | "));
    Ok(Sample { wall_s: ended.duration_since(begun).as_secs_f64(), peak_bytes })
}

/// The largest high-water mark of a process and those that it started.
fn tree_peak(id: u32) -> Option<u64> {
    let own = high_water(&fs::read_to_string(format!("/proc/{id}/status")).ok()?);
    let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
    let below = children.split_whitespace().filter_map(|child| child.parse().ok()).filter_map(tree_peak).max();
    own.max(below)
}

fn high_water(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// Runs every command once per round, after `prepare`, so that a slow minute hits all alike.
///
/// # Errors
///
/// When a command fails.
pub(crate) fn rounds<const N: usize>(
    runs: usize,
    mut prepare: impl FnMut() -> anyhow::Result<()>,
    mut run: impl FnMut(usize) -> anyhow::Result<Sample>,
) -> anyhow::Result<[Vec<Sample>; N]> {
    let mut all = [const { Vec::new() }; N];
    for _round in 0..runs {
        for (at, samples) in all.iter_mut().enumerate() {
            prepare()?;
            samples.push(run(at)?);
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_high_water_mark_is_read_in_bytes() {
        assert_eq!(high_water("Name:\tx\nVmHWM:\t  1234 kB\nVmRSS:\t 1 kB\n"), Some(1234 * 1024));
        assert_eq!(high_water("Name:\tx\n"), None);
    }

    #[test]
    fn a_command_that_fails_says_so_with_its_last_words() {
        let error = measure(Command::new("sh").args(["-c", "echo no room >&2; exit 3"])).expect_err("it exits with 3");
        assert!(error.to_string().contains("no room"), "{error}");
    }

    #[test]
    fn memory_of_a_child_is_seen() {
        let script = "x=$(head -c 30000000 /dev/zero | tr '\\0' x); sleep 0.2; echo ${#x}";
        let sample = measure(Command::new("sh").args(["-c", script])).expect("it runs");
        if let Some(peak) = sample.peak_bytes {
            assert!(peak > 20_000_000, "{peak}");
        }
        assert!(sample.wall_s >= 0.2);
    }

    #[test]
    fn rounds_take_turns() {
        let mut order = Vec::new();
        let sample = Sample { wall_s: 1.0, peak_bytes: None };
        let all = rounds::<2>(
            2,
            || Ok(()),
            |at| {
                order.push(at);
                Ok(sample)
            },
        );
        assert_eq!(all.expect("none fails").map(|samples| samples.len()), [2, 2]);
        assert_eq!(order, [0, 1, 0, 1]);
    }
}

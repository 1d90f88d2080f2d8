//! A bar on a terminal, for anything over a second.

use std::collections::BTreeMap;
use std::io::{IsTerminal, stderr};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use prairie_engine::Progress;

/// Draws a bar per thing that is under way, once it has taken a second.
pub(crate) struct Bars {
    all: MultiProgress,
    bars: Mutex<BTreeMap<String, Bar>>,
}

struct Bar {
    since: Instant,
    bar: Option<ProgressBar>,
}

impl Bars {
    /// Bars on a terminal, nothing elsewhere or when `quiet`.
    pub(crate) fn new(quiet: bool) -> Option<Self> {
        (!quiet && stderr().is_terminal())
            .then(|| Self { all: MultiProgress::new(), bars: Mutex::new(BTreeMap::new()) })
    }
}

impl Progress for Bars {
    fn at(&self, what: &str, done: u64, total: u64) {
        // A poisoned lock means that a drawing thread died; there is nothing left to draw then.
        let Ok(mut bars) = self.bars.lock() else { return };
        if !bars.contains_key(what) {
            bars.insert(what.to_owned(), Bar { since: Instant::now(), bar: None });
        }
        let Some(bar) = bars.get_mut(what) else { return };
        if bar.bar.is_none() && bar.since.elapsed() > Duration::from_secs(1) {
            let new = self.all.add(ProgressBar::new(total));
            if let Ok(style) = ProgressStyle::with_template("{wide_msg} {bar:30} {percent:>3} % {eta:>5}") {
                new.set_style(style);
            }
            new.set_message(what.to_owned());
            bar.bar = Some(new);
        }
        if let Some(bar) = &bar.bar {
            bar.set_length(total);
            bar.set_position(done);
        }
    }

    fn finished(&self, what: &str) {
        let Ok(mut bars) = self.bars.lock() else { return };
        if let Some(bar) = bars.remove(what).and_then(|bar| bar.bar) {
            bar.finish_and_clear();
        }
    }
}

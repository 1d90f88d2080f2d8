//! How a verb tells where it is, and hears that it should stop.

/// Told by every verb that may take more than a second. Called from several threads.
pub trait Progress: Sync {
    /// `done` of `total` units (bytes, episodes, frames) of `what` are done.
    fn at(&self, what: &str, done: u64, total: u64) {
        let _ = (what, done, total);
    }

    /// `what` is finished.
    fn finished(&self, what: &str) {
        let _ = what;
    }

    /// Whether the verb should stop at the next safe point. Nothing of it is committed then.
    fn cancelled(&self) -> bool {
        false
    }
}

/// Tells nobody and never stops.
#[derive(Debug, Clone, Copy)]
pub struct Quiet;

impl Progress for Quiet {}

//! A queue between two threads that is bounded by the bytes in it, so that memory does not depend on how large one item is.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

struct State<T> {
    items: VecDeque<(T, usize)>,
    bytes: usize,
    /// Either end is gone.
    closed: bool,
}

struct Shared<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
    bytes_max: usize,
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // Nothing panics while the lock is held, and each step leaves the state whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }
}

/// The end that puts in. Dropping it lets the other end take what is left, and then end.
pub(crate) struct QueueSender<T>(Arc<Shared<T>>);

/// The end that takes out. Dropping it makes every further [`QueueSender::send`] fail.
pub(crate) struct QueueReceiver<T>(Arc<Shared<T>>);

/// The other end is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Closed;

/// A queue that holds at most `bytes_max`, and always room for one item.
pub(crate) fn queue<T>(bytes_max: usize) -> (QueueSender<T>, QueueReceiver<T>) {
    let state = Mutex::new(State { items: VecDeque::new(), bytes: 0, closed: false });
    let shared = Arc::new(Shared { state, changed: Condvar::new(), bytes_max });
    (QueueSender(Arc::clone(&shared)), QueueReceiver(shared))
}

impl<T> QueueSender<T> {
    /// Puts in an item of about `bytes`, and waits while there is no room for it.
    pub(crate) fn send(&self, item: T, bytes: usize) -> Result<(), Closed> {
        let mut state = self.0.lock();
        while !state.closed && !state.items.is_empty() && state.bytes.saturating_add(bytes) > self.0.bytes_max {
            state = self.0.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.closed {
            return Err(Closed);
        }
        state.bytes += bytes;
        state.items.push_back((item, bytes));
        self.0.changed.notify_all();
        Ok(())
    }
}

impl<T> QueueReceiver<T> {
    /// Takes out the oldest item; `None` when the sender is gone and nothing is left.
    pub(crate) fn receive(&self) -> Option<T> {
        let mut state = self.0.lock();
        loop {
            if let Some((item, bytes)) = state.items.pop_front() {
                state.bytes -= bytes;
                self.0.changed.notify_all();
                return Some(item);
            }
            if state.closed {
                return None;
            }
            state = self.0.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl<T> Drop for QueueSender<T> {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl<T> Drop for QueueReceiver<T> {
    fn drop(&mut self) {
        self.0.close();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn order_is_kept_and_bytes_are_bounded() {
        let (sender, receiver) = queue(100);
        let inside = AtomicUsize::new(0);
        thread::scope(|scope| {
            scope.spawn(|| {
                let sender = sender;
                for n in 0..1000 {
                    sender.send(n, 30).unwrap();
                    inside.fetch_add(1, Ordering::SeqCst);
                }
            });
            for expected in 0..1000 {
                // Three fit; one more may have been counted after it was taken.
                assert!(inside.load(Ordering::SeqCst) <= expected + 4);
                assert_eq!(receiver.receive(), Some(expected));
            }
            assert_eq!(receiver.receive(), None, "the sender is gone");
        });
    }

    #[test]
    fn an_item_larger_than_the_bound_passes_alone() {
        let (sender, receiver) = queue(10);
        sender.send('a', 1000).unwrap();
        thread::scope(|scope| {
            scope.spawn(|| sender.send('b', 1).unwrap());
            assert_eq!(receiver.receive(), Some('a'));
            assert_eq!(receiver.receive(), Some('b'));
        });
    }

    #[test]
    fn a_sender_that_waits_is_told_when_nobody_takes_any_more() {
        let (sender, receiver) = queue(10);
        sender.send(1, 10).unwrap();
        thread::scope(|scope| {
            let waiting = scope.spawn(|| sender.send(2, 10));
            drop(receiver);
            assert_eq!(waiting.join().unwrap(), Err(Closed));
        });
    }
}

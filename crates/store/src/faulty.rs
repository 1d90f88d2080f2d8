//! Objects that fail on purpose.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use crate::{ObjectMeta, ObjectReader, ObjectWriter, Objects, Put};

/// What goes wrong, and when. The same plan and the same calls give the same faults.
///
/// Operations are counted from zero: every `create`, `write`, `finish`, `open`, `read_at`, `size`, `list`, `delete` and
/// `sweep`. For writes that are lost with the power see [`crate::LossyVolume`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FaultPlan {
    /// Operations that fail.
    pub fail_at: BTreeSet<u64>,
    /// One in so many operations fails, chosen by `seed`; zero for none.
    pub one_in: u64,
    /// Chooses the failing operations and the lengths of short reads and writes.
    pub seed: u64,
    /// Whether reads and writes do less than they are asked to.
    pub short: bool,
    /// Bytes after which the disk is full.
    pub capacity: Option<u64>,
}

#[derive(Debug, Default)]
struct Progress {
    /// What was done, in order.
    operations: Mutex<Vec<&'static str>>,
    written: AtomicU64,
}

impl Progress {
    fn trace(&self) -> MutexGuard<'_, Vec<&'static str>> {
        self.operations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, Default)]
struct Fate {
    plan: FaultPlan,
    progress: Progress,
}

/// Steele, Lea and Flood's SplitMix64 (OOPSLA 2014): one good 64-bit number per input.
fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Fate {
    /// Counts an operation, and fails it when the plan says so. Gives its number.
    fn step(&self, what: &'static str) -> io::Result<u64> {
        let operation = {
            let mut operations = self.progress.trace();
            operations.push(what);
            operations.len() as u64 - 1
        };
        let by_chance = self.plan.one_in > 0
            && mix(self.plan.seed ^ operation.wrapping_mul(0x2545_f491_4f6c_dd1d)).is_multiple_of(self.plan.one_in);
        if by_chance || self.plan.fail_at.contains(&operation) {
            return Err(io::Error::other(format!("planned fault at operation {operation}: {what}")));
        }
        Ok(operation)
    }

    /// How many of `wanted` bytes this operation does.
    fn portion(&self, operation: u64, wanted: usize) -> usize {
        if !self.plan.short || wanted < 2 {
            return wanted;
        }
        // OK to cast: the remainder is below `wanted`, a usize.
        1 + (mix(self.plan.seed.wrapping_add(operation)) % (wanted as u64 - 1)) as usize
    }
}

/// Objects that fail as planned.
#[derive(Debug)]
pub struct Faulty<O> {
    inner: O,
    fate: Arc<Fate>,
}

impl<O: Objects> Faulty<O> {
    /// `inner`, failing as `plan` says.
    pub fn new(inner: O, plan: FaultPlan) -> Self {
        Self { inner, fate: Arc::new(Fate { plan, progress: Progress::default() }) }
    }

    /// Operations so far.
    pub fn operations(&self) -> u64 {
        self.fate.progress.trace().len() as u64
    }

    /// Operations so far, in order: `create`, `write`, `finish`, `open`, `read`, `size`, `list`, `delete`, `sweep`.
    pub fn trace(&self) -> Vec<&'static str> {
        self.fate.progress.trace().clone()
    }
}

impl<O: Objects> Objects for Faulty<O> {
    fn create(&self) -> io::Result<Box<dyn ObjectWriter>> {
        self.fate.step("create")?;
        Ok(Box::new(FaultyWriter { inner: self.inner.create()?, fate: Arc::clone(&self.fate) }))
    }

    fn open(&self, key: &str) -> io::Result<Box<dyn ObjectReader>> {
        self.fate.step("open")?;
        Ok(Box::new(FaultyReader { inner: self.inner.open(key)?, fate: Arc::clone(&self.fate) }))
    }

    fn size(&self, key: &str) -> io::Result<Option<u64>> {
        self.fate.step("size")?;
        self.inner.size(key)
    }

    fn list(&self, prefix: &str) -> io::Result<Vec<ObjectMeta>> {
        self.fate.step("list")?;
        self.inner.list(prefix)
    }

    fn delete(&self, key: &str) -> io::Result<bool> {
        self.fate.step("delete")?;
        self.inner.delete(key)
    }

    /// None, so that every read comes through here.
    fn local_path(&self, _key: &str) -> Option<PathBuf> {
        None
    }

    fn sweep(&self, before: SystemTime) -> io::Result<u64> {
        self.fate.step("sweep")?;
        self.inner.sweep(before)
    }
}

struct FaultyWriter {
    inner: Box<dyn ObjectWriter>,
    fate: Arc<Fate>,
}

impl Write for FaultyWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let operation = self.fate.step("write")?;
        let n = self.fate.portion(operation, bytes.len());
        let before = self.fate.progress.written.fetch_add(n as u64, Ordering::Relaxed);
        if self.fate.plan.capacity.is_some_and(|capacity| before + n as u64 > capacity) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.inner.write_all(&bytes[..n])?;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl ObjectWriter for FaultyWriter {
    fn finish(self: Box<Self>, key: &str) -> io::Result<Put> {
        self.fate.step("finish")?;
        self.inner.finish(key)
    }
}

struct FaultyReader {
    inner: Box<dyn ObjectReader>,
    fate: Arc<Fate>,
}

impl ObjectReader for FaultyReader {
    fn len(&self) -> u64 {
        self.inner.len()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let operation = self.fate.step("read")?;
        let n = self.fate.portion(operation, buffer.len());
        self.inner.read_at(offset, &mut buffer[..n])
    }
}

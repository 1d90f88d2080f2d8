//! Leases: how a writer tells `gc` in other processes that it is at work.

use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::SqlitePool;
use tokio::task::JoinHandle;

use crate::Result;
use crate::catalog::Catalog;
use crate::database::{doing, now_ns, random};

/// Between two signs of life.
const BEAT: Duration = Duration::from_secs(20);

/// Without a sign of life for so long, the writer is taken for dead.
pub(crate) const LIFE: Duration = Duration::from_secs(300);

/// While it lives, `gc` in any process deletes nothing that was put since it began.
///
/// [`Lease::release`] ends it. One that is dropped, or whose process is killed, runs out after five minutes.
#[derive(Debug)]
pub struct Lease {
    pool: SqlitePool,
    id: [u8; 16],
    heart: JoinHandle<()>,
}

impl Catalog {
    /// Keeps `gc` away from what this process puts from now on. Take it before the first object of a commit is written.
    pub fn lease(&self) -> BoxFuture<'_, Result<Lease>> {
        Box::pin(async move {
            self.must_write()?;
            let id: [u8; 16] = random()?;
            let now = now_ns();
            sqlx::query("INSERT INTO leases (id, process, started_ns, beat_ns) VALUES (?, ?, ?, ?)")
                .bind(id.as_slice())
                .bind(i64::from(std::process::id()))
                .bind(now)
                .bind(now)
                .execute(self.pool())
                .await
                .map_err(doing("take a lease"))?;
            let pool = self.pool().clone();
            let heart = tokio::spawn(async move {
                loop {
                    tokio::time::sleep(BEAT).await;
                    // A beat that is missed is made up by the next: many fit into the life of a lease.
                    sqlx::query("UPDATE leases SET beat_ns = ? WHERE id = ?")
                        .bind(now_ns())
                        .bind(id.as_slice())
                        .execute(&pool)
                        .await
                        .ok();
                }
            });
            Ok(Lease { pool: self.pool().clone(), id, heart })
        })
    }
}

impl Lease {
    /// Gives the lease back.
    pub fn release(self) -> BoxFuture<'static, Result<()>> {
        Box::pin(async move {
            self.heart.abort();
            sqlx::query("DELETE FROM leases WHERE id = ?")
                .bind(self.id.as_slice())
                .execute(&self.pool)
                .await
                .map_err(doing("release a lease"))?;
            Ok(())
        })
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.heart.abort();
    }
}

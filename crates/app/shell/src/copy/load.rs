//! Writes rows: one request for each group, again while failures may pass.
//!
//! # Invariants
//!
//! * **L1** A row is settled once: written, or failed with its reason.
//! * **L2** A row that the server refuses takes none of its group along.

use super::backoff;
use super::may_pass;
use super::reader::ImportRow;
use crate::errors::describe;
use quorate_client::Batch;
use quorate_client::Client;
use quorate_client::ClientError;
use quorate_client::PreparedStatement;
use quorate_client::RequestOptions;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

/// Writes rows of one COPY.
pub(super) struct Loader {
    pub(super) client: Client,
    pub(super) statement: PreparedStatement,
    pub(super) options: RequestOptions,
    pub(super) attempts_max: u32,
    /// How often something was tried again.
    pub(super) retries: AtomicU64,
}

/// What became of a group.
#[derive(Debug, Default)]
pub(super) struct Settled {
    pub(super) written: Vec<u64>,
    pub(super) failed: Vec<(ImportRow, String)>,
}

impl Loader {
    /// Writes the rows of a group.
    pub(super) async fn write(&self, rows: Vec<ImportRow>) -> Settled {
        let mut settled = Settled::default();
        match self.try_write(&rows).await {
            Ok(()) => settled.written.extend(rows.iter().map(|row| row.index)),
            Err(error) if rows.len() == 1 || may_pass(&error) => {
                let why = describe(&error);
                settled
                    .failed
                    .extend(rows.into_iter().map(|row| (row, why.clone())));
            }
            // L2: one of them is wrong; which one shows alone.
            Err(_) => {
                for row in rows {
                    match self.try_write(std::slice::from_ref(&row)).await {
                        Ok(()) => settled.written.push(row.index),
                        Err(error) => settled.failed.push((row, describe(&error))),
                    }
                }
            }
        }
        settled
    }

    async fn try_write(&self, rows: &[ImportRow]) -> Result<(), ClientError> {
        let mut attempt = 0;
        loop {
            let error = match self.request(rows).await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            attempt += 1;
            if !may_pass(&error) || attempt >= self.attempts_max {
                return Err(error);
            }
            self.retries.fetch_add(1, Ordering::Relaxed);
            let seed = rows.first().map_or(0, |row| row.index + u64::from(attempt));
            tokio::time::sleep(backoff(attempt, seed)).await;
        }
    }

    async fn request(&self, rows: &[ImportRow]) -> Result<(), ClientError> {
        let options = self.options.clone();
        if let [row] = rows {
            let values = row.values.clone();
            let sent = self
                .client
                .execute_prepared(&self.statement, values, options);
            return sent.await.map(|_| ());
        }
        let mut batch = Batch::unlogged().options(options);
        for row in rows {
            batch.push_prepared(&self.statement, row.values.clone());
        }
        self.client.batch(batch).await.map(|_| ())
    }
}

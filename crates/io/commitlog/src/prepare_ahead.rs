//! Makes the next segment while the current one fills, so that an append rarely waits.
//!
//! At most one segment is made ahead. Decides when it is asked for twice and what happens to a
//! failure: it is kept until the segment is needed, and given to whoever needs it.

use crate::disk::Disk;
use crate::segment::{PrepareError, PreparedSegment, prepare};
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

type Outcome = Result<PreparedSegment, PrepareError>;

struct Order {
    id: u64,
    spare: Option<u64>,
}

#[derive(Debug)]
pub(crate) struct PrepareAhead {
    disk: Arc<dyn Disk>,
    segment_bytes: u32,
    ready: Option<PreparedSegment>,
    ordered: bool,
    worker: Option<Worker>,
}

#[derive(Debug)]
struct Worker {
    /// `None` only while dropping: the thread ends when its orders do.
    orders: Option<Sender<Order>>,
    outcomes: Receiver<Outcome>,
    thread: Option<JoinHandle<()>>,
}

impl PrepareAhead {
    /// Without a thread of its own, segments are made when they are taken.
    pub(crate) fn new(
        disk: Arc<dyn Disk>,
        segment_bytes: u32,
        own_thread: bool,
        ready: Option<PreparedSegment>,
    ) -> Self {
        let worker = own_thread
            .then(|| Worker::start(Arc::clone(&disk), segment_bytes))
            .flatten();
        Self {
            disk,
            segment_bytes,
            ready,
            ordered: false,
            worker,
        }
    }

    /// Asks for the next segment, unless it is there or asked for.
    pub(crate) fn request(&mut self, next_id: &mut u64, spares: &mut Vec<u64>) {
        if self.ready.is_some() || self.ordered {
            return;
        }
        if let Some(orders) = self
            .worker
            .as_ref()
            .and_then(|worker| worker.orders.as_ref())
        {
            let order = next_order(next_id, spares);
            self.ordered = orders.send(order).is_ok();
        }
    }

    /// The next segment; waits until it is made.
    pub(crate) fn take(&mut self, next_id: &mut u64, spares: &mut Vec<u64>) -> Outcome {
        if let Some(ready) = self.ready.take() {
            return Ok(ready);
        }
        if std::mem::take(&mut self.ordered)
            && let Some(worker) = &self.worker
            && let Ok(outcome) = worker.outcomes.recv()
            && !outcome.as_ref().is_err_and(PrepareError::is_full)
        {
            return outcome;
        }
        // Also after a full disk: that may have been long ago.
        let Order { id, spare } = next_order(next_id, spares);
        prepare(self.disk.as_ref(), id, self.segment_bytes, spare)
    }
}

fn next_order(next_id: &mut u64, spares: &mut Vec<u64>) -> Order {
    let id = *next_id;
    *next_id += 1;
    Order {
        id,
        spare: spares.pop(),
    }
}

impl Worker {
    /// `None` when the operating system gives no thread; the log then makes segments itself.
    fn start(disk: Arc<dyn Disk>, segment_bytes: u32) -> Option<Self> {
        let (orders, inbox) = channel::<Order>();
        let (outbox, outcomes) = channel();
        let make = move || {
            for Order { id, spare } in inbox {
                if outbox
                    .send(prepare(disk.as_ref(), id, segment_bytes, spare))
                    .is_err()
                {
                    return;
                }
            }
        };
        let started: io::Result<_> = thread::Builder::new()
            .name("commit-log-next".to_owned())
            .spawn(make);
        match started {
            Ok(thread) => Some(Self {
                orders: Some(orders),
                outcomes,
                thread: Some(thread),
            }),
            Err(error) => {
                tracing::warn!(%error, "no thread to prepare commit log segments");
                None
            }
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that prepares commit log segments panicked");
        }
    }
}

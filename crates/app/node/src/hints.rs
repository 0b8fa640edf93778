//! Hints: writes kept for replicas that missed them, and their delivery.

use crate::Engine;
use crate::HintMark;
use crate::Node;
use crate::StoredHint;
use crate::World;
use bytes::Bytes;
use futures_util::future::join_all;
use quorate_coordinator::write::WritePlan;
use quorate_data::Mutation;
use quorate_internode::PeerRequest;
use quorate_types::Deadline;
use quorate_types::HostId;
use quorate_types::RequestError;
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::Notify;

/// Bytes of hints sent before their acknowledgements are waited for.
const PAGE_BYTES_MAX: usize = 1 << 20;

/// What a write leaves behind for the replicas that miss it.
#[derive(Debug, Clone)]
pub(crate) struct HintWork {
    pub(crate) mutation: Bytes,
    pub(crate) created_millis: u64,
    pub(crate) gc_grace_secs: u32,
}

/// What is known of kept hints without asking the engine on each write.
#[derive(Debug, Default)]
pub(crate) struct HintBook {
    targets: Mutex<BTreeMap<HostId, Kept>>,
    in_flight: AtomicUsize,
    wanted: Notify,
}

#[derive(Debug, Default, Clone, Copy)]
struct Kept {
    bytes: u64,
    oldest_millis: Option<u64>,
}

impl HintBook {
    // The map is whole between any two statements: a poisoned lock is passed over.
    fn targets(&self) -> MutexGuard<'_, BTreeMap<HostId, Kept>> {
        self.targets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Someone is back: look for hints now.
    pub(crate) fn dispatch_soon(&self) {
        self.wanted.notify_one();
    }
}

impl<W: World> Node<W> {
    /// Refuses a write that would need hints while too many are being written (semantics 3.2).
    pub(crate) fn refuse_when_hints_overflow(&self, plan: &WritePlan) -> Result<(), RequestError> {
        let in_flight = self.inner().hints.in_flight.load(Ordering::Relaxed);
        match plan.down.first() {
            Some(replica) if in_flight > self.config().hints_in_flight_max => {
                Err(RequestError::Overloaded(format!(
                    "Too many in flight hints: {in_flight} destination: {}",
                    replica.host_id
                )))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Stores a hint durably, if the policy says so. Completes with whether it is stored.
    pub(crate) fn keep_hint(
        &self,
        target: HostId,
        work: HintWork,
    ) -> impl Future<Output = bool> + Send + 'static {
        let node = self.clone();
        async move {
            if let Err(refusal) = node.may_hint(target) {
                tracing::debug!(%target, ?refusal, "no hint is kept");
                return false;
            }
            let bytes = work.mutation.len() as u64;
            let hint = StoredHint {
                created_millis: work.created_millis,
                gc_grace_secs: work.gc_grace_secs,
                mutation: work.mutation,
            };
            let book = &node.inner().hints;
            book.in_flight.fetch_add(1, Ordering::Relaxed);
            let stored = node.engine().store_hint(target, hint).await;
            book.in_flight.fetch_sub(1, Ordering::Relaxed);
            match stored {
                Ok(()) => {
                    let mut targets = book.targets();
                    let kept = targets.entry(target).or_default();
                    kept.bytes += bytes;
                    kept.oldest_millis.get_or_insert(work.created_millis);
                    true
                }
                Err(failure) => {
                    tracing::error!(%target, %failure, "a hint could not be stored");
                    false
                }
            }
        }
    }

    fn may_hint(&self, target: HostId) -> Result<(), quorate_coordinator::HintRefusal> {
        let kept = self
            .inner()
            .hints
            .targets()
            .get(&target)
            .copied()
            .unwrap_or_default();
        let age = |oldest| Duration::from_millis(self.unix_millis().saturating_sub(oldest));
        let down_for = self.inner().liveness.down_for(target, self.now());
        self.config()
            .hints
            .check(down_for, kept.oldest_millis.map(age), kept.bytes)
    }

    /// Delivers hints to whoever is up, for ever.
    pub(crate) async fn dispatch_hints(self) {
        loop {
            for backlog in self.refresh_hint_book() {
                if self.is_peer_up(backlog) {
                    self.dispatch_to(backlog).await;
                }
            }
            let wait = Box::pin(self.world().sleep(self.config().hint_dispatch_interval));
            let wanted = Box::pin(self.inner().hints.wanted.notified());
            futures_util::future::select(wait, wanted).await;
        }
    }

    /// Reads the engine's backlog and returns the targets that have one.
    fn refresh_hint_book(&self) -> Vec<HostId> {
        let backlogs = self.engine().hint_summary();
        let mut targets = self.inner().hints.targets();
        targets.clear();
        for backlog in &backlogs {
            let kept = Kept {
                bytes: backlog.bytes,
                oldest_millis: backlog.oldest_millis,
            };
            targets.insert(backlog.target, kept);
        }
        backlogs
            .into_iter()
            .filter(|backlog| backlog.hints > 0)
            .map(|backlog| backlog.target)
            .collect()
    }

    /// Sends page after page until none is left or one is not acknowledged.
    async fn dispatch_to(&self, target: HostId) {
        let mut delivered = 0_u64;
        loop {
            let (page, mark) = match self.engine().hints(target, PAGE_BYTES_MAX).await {
                Ok(page) => page,
                Err(failure) => {
                    tracing::error!(%target, %failure, "hints cannot be read");
                    return;
                }
            };
            if page.is_empty() {
                break;
            }
            let bytes: u64 = page.iter().map(|hint| hint.mutation.len() as u64).sum();
            let count = page.len() as u64;
            if !self.deliver_page(target, page, mark).await {
                return;
            }
            delivered += count;
            let pace = bytes as f64 / self.config().hint_bytes_per_second.max(1) as f64;
            self.world().sleep(Duration::from_secs_f64(pace)).await;
        }
        if delivered > 0 {
            tracing::info!(%target, delivered, "hints were delivered");
        }
        self.refresh_hint_book();
    }

    /// Sends one page; whether all of it was acknowledged and is forgotten here.
    async fn deliver_page(&self, target: HostId, page: Vec<StoredHint>, mark: HintMark) -> bool {
        let deadline = Deadline(self.now().after(self.config().write_timeout));
        let live = page.into_iter().filter(|hint| !self.has_expired(hint));
        let sends = live.map(|hint| {
            let request = PeerRequest::Hint {
                mutation: hint.mutation,
                created_millis: hint.created_millis,
            };
            self.ask_peer(target, request, deadline)
        });
        let outcomes = join_all(sends).await;
        if let Some(failure) = outcomes.into_iter().find_map(Result::err) {
            tracing::warn!(%target, message = failure.message, "hints wait: one was not taken");
            return false;
        }
        match self.engine().hints_delivered(target, mark).await {
            Ok(()) => true,
            Err(failure) => {
                tracing::error!(%target, %failure, "delivered hints cannot be forgotten");
                false
            }
        }
    }

    /// A hint older than its table's gc_grace could bring deleted data back.
    fn has_expired(&self, hint: &StoredHint) -> bool {
        let table = Mutation::peek(&hint.mutation)
            .ok()
            .map(|(table, _, _)| table);
        let metadata = self.current_metadata();
        let current = table
            .and_then(|table| metadata.table_by_id(table))
            .map_or(hint.gc_grace_secs, |table| {
                u32::try_from(table.options.gc_grace_seconds).unwrap_or(0)
            });
        let grace_secs = u64::from(current.min(hint.gc_grace_secs));
        hint.created_millis.saturating_add(grace_secs * 1_000) <= self.unix_millis()
    }
}

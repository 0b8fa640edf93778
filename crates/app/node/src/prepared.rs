//! Prepared statements: finished plans by id. No parsing and no look-up of names when one runs.

use papaya::HashMap;
use quorate_query::Prepared;
use quorate_request::StatementId;
use quorate_types::Epoch;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

/// A plan, and what it was made from, to make it anew when the schema has changed.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) prepared: Prepared,
    pub(crate) text: String,
    pub(crate) keyspace: Option<String>,
    /// The schema it was planned for.
    pub(crate) schema_epoch: Epoch,
    /// Its result columns have changed since somebody prepared it.
    pub(crate) have_columns_changed: bool,
    /// And nobody has prepared it again: clients that keep columns must.
    pub(crate) is_outdated: bool,
}

/// The statements that clients have prepared here.
#[derive(Debug)]
pub(crate) struct PreparedStatements {
    known: HashMap<StatementId, Kept>,
    count_max: usize,
    /// Grows with each statement that is kept: a clock for who was used when, that requests only read.
    generation: AtomicU64,
}

#[derive(Debug)]
struct Kept {
    known: Arc<Known>,
    /// The generation in which it was last used.
    used: AtomicU64,
}

/// When the store is full, one in so many goes, those that were not used for longest.
const EVICTED_SHARE: usize = 16;

impl PreparedStatements {
    pub(crate) fn new(count_max: usize) -> Self {
        Self {
            known: HashMap::new(),
            count_max,
            generation: AtomicU64::new(0),
        }
    }

    pub(crate) fn get(&self, id: &StatementId) -> Option<Arc<Known>> {
        let pinned = self.known.pin();
        let kept = pinned.get(id)?;
        let generation = self.generation.load(Ordering::Relaxed);
        // Written only when it changes: all threads look at it with every request.
        if kept.used.load(Ordering::Relaxed) != generation {
            kept.used.store(generation, Ordering::Relaxed);
        }
        Some(kept.known.clone())
    }

    pub(crate) fn all(&self) -> Vec<Arc<Known>> {
        let pinned = self.known.pin();
        pinned.values().map(|kept| kept.known.clone()).collect()
    }

    /// Keeps a plan. When the store is full, others go: their clients prepare them again.
    pub(crate) fn insert(&self, known: Known) -> Arc<Known> {
        let pinned = self.known.pin();
        let id = known.prepared.id;
        if pinned.len() >= self.count_max && !pinned.contains_key(&id) {
            let used = |kept: &Kept| kept.used.load(Ordering::Relaxed);
            let mut all: Vec<(u64, StatementId)> =
                pinned.iter().map(|(id, kept)| (used(kept), *id)).collect();
            let evicted = all.len().div_ceil(EVICTED_SHARE);
            all.sort_unstable();
            for (_, id) in all.iter().take(evicted) {
                pinned.remove(id);
            }
        }
        let known = Arc::new(known);
        let used = self.generation.fetch_add(1, Ordering::Relaxed) + 1;
        let kept = Kept {
            known: known.clone(),
            used: AtomicU64::new(used),
        };
        pinned.insert(id, kept);
        known
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quorate_cluster::Metadata;
    use quorate_types::Epoch;

    fn statement(number: u16) -> Known {
        let text = format!("LIST ROLES OF r{number}");
        let prepared = quorate_query::prepare(&text, &Metadata::empty("test"), None).unwrap();
        Known {
            prepared,
            text,
            keyspace: None,
            schema_epoch: Epoch::NONE,
            have_columns_changed: false,
            is_outdated: false,
        }
    }

    #[test]
    fn those_that_are_used_stay() {
        let statements = PreparedStatements::new(100);
        let favourites: Vec<StatementId> = (0..10)
            .map(|number| statements.insert(statement(number)).prepared.id)
            .collect();
        for number in 10..5_000 {
            let id = statements.insert(statement(number)).prepared.id;
            assert!(statements.get(&id).is_some(), "a new one is not there");
            for (number, id) in favourites.iter().enumerate() {
                assert!(statements.get(id).is_some(), "favourite {number} is gone");
            }
            assert!(statements.known.len() <= 100);
        }
    }
}
